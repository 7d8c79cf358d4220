/*
 * The objects mapped into this process. What has the same probes is the same
 * object, however many providers and threads have it.
 */
#ifndef STAPSDT_OBJECT_H
#define STAPSDT_OBJECT_H

#include "descriptor.h"
#include "image.h"
#include "store.h"

struct object {
	uint8_t id[16];
	void *handle; /* of dlopen */
	uint8_t *base;
	const struct site *site;
	uint64_t code; /* as in struct image, relative to base */
	uint64_t semaphores;
	size_t count;
	struct descriptor memfd; /* none: there is a file */
	struct store *store;
	char *name; /* in the store */
	char *path;
	char memfd_path[32];
	char *reason; /* why there is no file, or NULL */
	unsigned references;
	struct object *next;
};

struct object_wish {
	const struct site *site;
	const char *provider;
	const SDTProbe_t *const *probes;
	size_t count;
	int semaphores;
	int memfd;
	const char *directory; /* NULL: the default */
};

/* Everything below is to be called between these. */
void objects_lock(void);
void objects_unlock(void);

/* The object with these probes, mapped; NULL, `code` and `reason`. */
struct object *object_acquire(const struct object_wish *wish, SDTError_t *code,
			      char reason[REASON_MAX]);

struct object *object_hold(struct object *object);

/* Gives back what object_acquire or object_hold gave. The last one unmaps it,
 * as soon as no tracer is attached to it. */
void object_release(struct object *object);

/* The path a tracer can attach to. */
const char *object_path(struct object *object);

/* The first byte of the nop of probe i: another value than the site's own
 * means that a tracer is attached. It must not be written to. */
static inline const volatile uint8_t *
object_nop(const struct object *object, size_t i)
{
	return object->base + object->code + i * SITE_STRIDE +
	       object->site->nop;
}

#endif
