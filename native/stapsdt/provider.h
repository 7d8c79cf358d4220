/*
 * What is behind the structs of stapsdt.h.
 */
#ifndef STAPSDT_PROVIDER_H
#define STAPSDT_PROVIDER_H

#include <stdatomic.h>

#include "object.h"

struct probe {
	SDTProbeList_t node;
	/* Where to fire; NULL while the provider is not loaded. The one thing
	 * that is read without the lock. */
	_Atomic(const uint8_t *) site;
	/* What the site's object is; set by the first providerLoad. */
	struct object *object;
	size_t number;
	uint8_t nop; /* the byte that means: nobody */
	uint8_t nop_offset;
	const volatile uint16_t *semaphore;
};

struct provider {
	SDTProvider_t shown;
	SDTProbeList_t **last;
	struct object **objects;
	size_t object_count;
	int memfd;
	int semaphores;
	int nop;
	char *directory; /* NULL: the default */
	char error[REASON_MAX];
};

static inline struct provider *
of_provider(SDTProvider_t *shown)
{
	return (struct provider *)(void *)shown;
}

static inline struct probe *
of_probe(const SDTProbe_t *shown)
{
	return (struct probe *)(void *)(uintptr_t)shown;
}

/* The object a probe is in, and its number there; NULL before providerLoad.
 * The object stays until providerDestroy, or as long as it is held. */
struct object *probe_object(const SDTProbe_t *probe, size_t *number);

#endif
