#include <stdlib.h>
#include <string.h>

#include "bytes.h"

size_t
bytes_reserve(struct bytes *bytes, size_t size)
{
	size_t at = bytes->size;

	if (at + size > bytes->capacity) {
		size_t capacity = 2 * (at + size);
		uint8_t *data = realloc(bytes->data, capacity);
		if (data == NULL) {
			bytes->failed = 1;
			return 0;
		}
		memset(data + bytes->capacity, 0, capacity - bytes->capacity);
		bytes->data = data;
		bytes->capacity = capacity;
	}
	bytes->size = at + size;
	return at;
}

void
bytes_align(struct bytes *bytes, size_t to)
{
	bytes_reserve(bytes, (to - bytes->size % to) % to);
}

size_t
bytes_append(struct bytes *bytes, const void *data, size_t size)
{
	size_t at = bytes_reserve(bytes, size);

	if (!bytes->failed)
		memcpy(bytes->data + at, data, size);
	return at;
}

void
bytes_put(struct bytes *bytes, size_t at, const void *data, size_t size)
{
	if (!bytes->failed)
		memcpy(bytes->data + at, data, size);
}
