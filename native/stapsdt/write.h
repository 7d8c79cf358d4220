#ifndef STAPSDT_WRITE_H
#define STAPSDT_WRITE_H

#include <stddef.h>

/* Writes all of it. 0, or -1 and errno. */
int write_all(int fd, const void *data, size_t size);

#endif
