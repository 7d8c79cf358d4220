/*
 * A file descriptor that may be taken from us: programs that become daemons
 * close all there are, and then open files of their own under the same
 * numbers.
 */
#ifndef STAPSDT_DESCRIPTOR_H
#define STAPSDT_DESCRIPTOR_H

#include <sys/types.h>

struct descriptor {
	int fd; /* -1: none */
	dev_t device;
	ino_t inode;
};

#define NO_DESCRIPTOR ((struct descriptor){.fd = -1})

/* One that was just opened. */
struct descriptor descriptor_of(int fd);

/* Whether it is still what it was. To be asked before each use. */
int descriptor_is_ours(const struct descriptor *descriptor);

/* Closes it, if it is still ours. */
void descriptor_close(struct descriptor *descriptor);

#endif
