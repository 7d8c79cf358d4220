/*
 * Putting an object where the linker can map it, and mapping it.
 */
#ifndef STAPSDT_MAPPING_H
#define STAPSDT_MAPPING_H

#include "object.h"

/* From a file, else from a memfd; sets what of the object says where it is.
 * 0; or -1, `code` and `reason`. */
int mapping_begin(struct object *object, const struct object_wish *wish,
		  const struct image *image, SDTError_t *code,
		  char reason[REASON_MAX]);

/*
 * Maps the code anew, in a forked child. Linux 6.18 makes of a nop with a
 * tracer on it a call to code of its own, which a child does not have in its
 * memory: the next firing would be its last. In a fresh mapping the kernel puts
 * the tracer's breakpoints again; where there can be none, they are gone.
 */
void mapping_renew(struct object *object);

void mapping_end(struct object *object);

#endif
