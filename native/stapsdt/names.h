/*
 * A set of file names, as a text that can stand in a file.
 */
#ifndef STAPSDT_NAMES_H
#define STAPSDT_NAMES_H

#include <stddef.h>

struct names {
	char *text; /* each name with a newline before and after; NULL: none */
	size_t size;
};

int names_have(const struct names *names, const char *name);

/* 0, or -1 without memory. */
int names_add(struct names *names, const char *name);

void names_remove(struct names *names, const char *name);

void names_clear(struct names *names);

#endif
