/*
 * A growing array of bytes. Without memory it fails once and for all, which is
 * asked at the end.
 */
#ifndef STAPSDT_BYTES_H
#define STAPSDT_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data;
	size_t size;
	size_t capacity;
	int failed;
};

/* Room for `size` zero bytes at the end; where it begins. */
size_t bytes_reserve(struct bytes *bytes, size_t size);

/* Zero bytes up to the next multiple of `to`. */
void bytes_align(struct bytes *bytes, size_t to);

/* Where it begins. */
size_t bytes_append(struct bytes *bytes, const void *data, size_t size);

/* Overwrites what was reserved. */
void bytes_put(struct bytes *bytes, size_t at, const void *data, size_t size);

#endif
