#include <stdarg.h>

#include "provider.h"

int
probeIsEnabled(const SDTProbe_t *shown)
{
	struct probe *probe = of_probe(shown);
	const volatile uint8_t *site =
	    atomic_load_explicit(&probe->site, memory_order_acquire);

	if (site == NULL)
		return 0;
	return site[probe->nop_offset] != probe->nop ||
	       (probe->semaphore != NULL && *probe->semaphore != 0);
}

void
probeFireBlock(SDTProbe_t *shown, const uint64_t *arguments)
{
	struct probe *probe = of_probe(shown);
	const uint8_t *site =
	    atomic_load_explicit(&probe->site, memory_order_acquire);
	uint64_t six[6] = {0};

	if (site == NULL)
		return;
	if (shown->argCount < 6) {
		for (int i = 0; i < shown->argCount; i++)
			six[i] = arguments[i];
		arguments = six;
	}
	site_call(site, arguments);
}

void
probeFire(SDTProbe_t *shown, ...)
{
	uint64_t block[MAX_ARGUMENTS] = {0};
	va_list arguments;

	if (!probeIsEnabled(shown))
		return;
	va_start(arguments, shown);
	for (int i = 0; i < shown->argCount; i++)
		block[i] = va_arg(arguments, uint64_t);
	va_end(arguments);
	probeFireBlock(shown, block);
}

struct object *
probe_object(const SDTProbe_t *shown, size_t *number)
{
	struct probe *probe = of_probe(shown);

	*number = probe->number;
	return probe->object;
}

const char *
probePath(const SDTProbe_t *shown)
{
	struct object *object = of_probe(shown)->object;
	const char *path;

	if (object == NULL)
		return NULL;
	objects_lock();
	path = object_path(object);
	objects_unlock();
	return path;
}

uint64_t
probeOffset(const SDTProbe_t *shown)
{
	struct probe *probe = of_probe(shown);

	if (probe->object == NULL)
		return 0;
	return probe->object->code + probe->number * SITE_STRIDE +
	       probe->nop_offset;
}

const char *
probeMemfdReason(const SDTProbe_t *shown)
{
	struct object *object = of_probe(shown)->object;

	return object == NULL ? NULL : object->reason;
}
