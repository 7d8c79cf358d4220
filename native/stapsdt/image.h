/*
 * The bytes of the shared object that holds the probes: ELF without libelf.
 */
#ifndef STAPSDT_IMAGE_H
#define STAPSDT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "site.h"

/* Probes of one object, at most. */
#define IMAGE_PROBES_MAX 4096

struct image {
	uint8_t *bytes;
	size_t size;
	/* What is in it, as a number: FNV-1a, 128 bits. Also its build id. */
	uint8_t id[16];
	const struct site *site;
	/* Where the code of probe i is: code + i * SITE_STRIDE; a file offset,
	 * and the address relative to where the object is loaded. */
	uint64_t code;
	/* Bytes at the beginning that are mapped read-only; the id is among
	 * them. */
	size_t head;
	/* The same of its semaphore, semaphores + i * 2; 0: there are none. */
	uint64_t semaphores;
};

/*
 * Makes the image of `count` probes. 0, or -1 without memory. The bytes depend
 * on the arguments alone. To be freed with image_free.
 */
int image_make(struct image *image, const struct site *site,
	       const char *provider, const SDTProbe_t *const *probes,
	       size_t count, int semaphores);

void image_free(struct image *image);

#endif
