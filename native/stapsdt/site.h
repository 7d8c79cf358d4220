/*
 * The machine code of a probe: a function that does nothing, in a frame, so
 * that a stack taken at its nop goes on with the caller's.
 */
#ifndef STAPSDT_SITE_H
#define STAPSDT_SITE_H

#include <stddef.h>
#include <stdint.h>

#include "stapsdt.h"

/* Bytes from one probe's code to the next one's. */
#define SITE_STRIDE 32

/* Arguments that have an operand in the note: libbpf refuses all of a note
 * that has more. */
#define SITE_OPERANDS 12

struct site {
	uint16_t machine; /* of the ELF header */
	uint16_t page;    /* KiB, the largest that this machine's kernels use */
	uint8_t length;   /* of the nop */
	uint8_t nop;      /* its offset */
	uint8_t size;     /* of the code */
	uint8_t code[SITE_STRIDE];
};

/* The kind for a machine and a length of the nop (0: the best for the running
 * kernel); NULL where there is none. */
const struct site *site_for(uint16_t machine, int length);

/* The machine this is compiled for; 0 where it is not one of ours. */
uint16_t site_machine(void);

/* Writes the operand of argument `index` (from 0) as it stands in a note,
 * such as "-4@%edi"; returns its length. */
int site_operand(const struct site *site, int index, ArgType_t type, char *text,
		 size_t size);

/* Calls the code with arguments 1 to 6 in registers, and `block` (of at least
 * six) in the block register. */
void site_call(const void *code, const uint64_t *block);

#endif
