/*
 * An object in memory, for where no file can be.
 */
#ifndef STAPSDT_MEMFD_H
#define STAPSDT_MEMFD_H

#include "image.h"
#include "reason.h"

/* Makes a memfd with the image. Its descriptor; or -1 and `reason`. */
int memfd_make(const char *provider, const struct image *image,
	       char reason[REASON_MAX]);

#endif
