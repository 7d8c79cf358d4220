#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"

static _Thread_local char init_error[REASON_MAX];

static int
fail(struct provider *provider, SDTError_t code, const char *reason)
{
	/* `reason` may be the provider's own text. */
	if (reason != provider->error)
		snprintf(provider->error, sizeof(provider->error), "%s",
			 reason);
	provider->shown.code = code;
	provider->shown.error = provider->error;
	return -1;
}

static void
succeed(struct provider *provider)
{
	provider->shown.code = noError;
	provider->shown.error = "";
}

/* Why tools could not name it; NULL where they can. */
static const char *
bad_name(const char *name)
{
	size_t length;

	if (name == NULL || name[0] == '\0')
		return "the name is empty";
	length = strnlen(name, SDT_NAME_MAX + 1);
	if (length > SDT_NAME_MAX)
		return "the name is longer than 127 bytes";
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)name[i];
		if (c == ':')
			return "the name has a colon in it, which separates "
			       "names";
		if (c < ' ' || c == 0x7f)
			return "the name has a control character in it";
	}
	return NULL;
}

static int
is_type(int type)
{
	switch (type) {
	case uint8:
	case int8:
	case uint16:
	case int16:
	case uint32:
	case int32:
	case uint64:
	case int64:
		return 1;
	default:
		return 0;
	}
}

const char *
stapsdtError(void)
{
	return init_error;
}

SDTProvider_t *
providerInit(const char *name)
{
	struct provider *provider;
	const char *bad = bad_name(name);

	if (bad != NULL) {
		snprintf(init_error, sizeof(init_error), "%s", bad);
		return NULL;
	}
	provider = calloc(1, sizeof(*provider));
	if (provider != NULL)
		provider->shown.name = strdup(name);
	if (provider == NULL || provider->shown.name == NULL) {
		snprintf(init_error, sizeof(init_error), "out of memory");
		free(provider);
		return NULL;
	}
	provider->last = &provider->shown.probes;
	succeed(provider);
	return &provider->shown;
}

SDTProbe_t *
providerAddProbe(SDTProvider_t *shown, const char *name, int argCount, ...)
{
	ArgType_t types[MAX_ARGUMENTS];
	va_list arguments;

	va_start(arguments, argCount);
	for (int i = 0; i < argCount && i < MAX_ARGUMENTS; i++)
		types[i] = (ArgType_t)va_arg(arguments, int);
	va_end(arguments);
	return providerAddProbeTypes(shown, name, argCount, types);
}

static int
check_probe(struct provider *provider, const char *name, int count,
	    const ArgType_t *types)
{
	const char *bad = bad_name(name);
	const SDTProbeList_t *node;

	if (bad != NULL)
		return fail(provider, invalidArgumentError, bad);
	if (count < 0 || count > MAX_ARGUMENTS)
		return fail(provider, invalidArgumentError,
			    "a probe has 0 to 32 arguments");
	for (int i = 0; i < count; i++) {
		if (!is_type(types[i]))
			return fail(
			    provider, invalidArgumentError,
			    "an argument's type is not 1, 2, 4 or 8 bytes");
	}
	for (node = provider->shown.probes; node != NULL; node = node->next) {
		if (strcmp(node->probe.name, name) == 0)
			return fail(provider, invalidArgumentError,
				    "the provider has a probe of that name");
	}
	return 0;
}

SDTProbe_t *
providerAddProbeTypes(SDTProvider_t *shown, const char *name, int argCount,
		      const ArgType_t *types)
{
	struct provider *provider = of_provider(shown);
	struct probe *probe = NULL;

	objects_lock();
	if (check_probe(provider, name, argCount, types) == 0) {
		probe = calloc(1, sizeof(*probe));
		if (probe != NULL)
			probe->node.probe.name = strdup(name);
		if (probe == NULL || probe->node.probe.name == NULL) {
			fail(provider, outOfMemoryError, "out of memory");
			free(probe);
			probe = NULL;
		}
	}
	if (probe != NULL) {
		probe->node.probe.argCount = argCount;
		if (argCount > 0)
			memcpy(probe->node.probe.argFmt, types,
			       (size_t)argCount * sizeof(*types));
		probe->node.probe.provider = shown;
		*provider->last = &probe->node;
		provider->last = &probe->node.next;
		succeed(provider);
	}
	objects_unlock();
	return probe == NULL ? NULL : &probe->node.probe;
}

int
providerUseMemfd(SDTProvider_t *shown, MemFDOption_t useMemfd)
{
	of_provider(shown)->memfd = useMemfd == memfd_enabled;
	return 0;
}

int
providerUseSemaphores(SDTProvider_t *shown, int useSemaphores)
{
	of_provider(shown)->semaphores = useSemaphores != 0;
	return 0;
}

int
providerUseNop(SDTProvider_t *shown, int length)
{
	struct provider *provider = of_provider(shown);

	if (length != 0 && site_for(site_machine(), length) == NULL)
		return fail(provider, invalidArgumentError,
			    "this machine has no nop of that length");
	provider->nop = length;
	return 0;
}

int
providerUseDirectory(SDTProvider_t *shown, const char *directory)
{
	struct provider *provider = of_provider(shown);
	char *copy;

	if (directory == NULL || directory[0] != '/' ||
	    strlen(directory) >= PATH_MAX)
		return fail(provider, invalidArgumentError,
			    "the directory is no absolute path, or too long");
	copy = strdup(directory);
	if (copy == NULL)
		return fail(provider, outOfMemoryError, "out of memory");
	free(provider->directory);
	provider->directory = copy;
	return 0;
}

/* Makes room for one object more. */
static int
grow(struct provider *provider)
{
	size_t size = (provider->object_count + 1) * sizeof(struct object *);
	struct object **more = realloc(provider->objects, size);

	if (more == NULL)
		return fail(provider, outOfMemoryError, "out of memory");
	provider->objects = more;
	return 0;
}

/* Puts up to IMAGE_PROBES_MAX probes into an object of their own. */
static int
load_probes(struct provider *provider, struct probe **fresh, size_t count)
{
	const SDTProbe_t *shown[IMAGE_PROBES_MAX];
	struct object_wish wish = {
	    .site = site_for(site_machine(), provider->nop),
	    .provider = provider->shown.name,
	    .probes = shown,
	    .count = count,
	    .semaphores = provider->semaphores,
	    .memfd = provider->memfd,
	    .directory = provider->directory,
	};
	struct object *object;
	SDTError_t code = noError;

	if (wish.site == NULL)
		return fail(provider, elfCreationError,
			    "probes can be made on x86-64 and aarch64 only");
	for (size_t i = 0; i < count; i++)
		shown[i] = &fresh[i]->node.probe;
	if (grow(provider) != 0)
		return -1;
	object = object_acquire(&wish, &code, provider->error);
	if (object == NULL)
		return fail(provider, code, provider->error);
	provider->objects[provider->object_count++] = object;
	for (size_t i = 0; i < count; i++) {
		struct probe *probe = fresh[i];
		probe->object = object;
		probe->number = i;
		probe->nop = object->site->code[object->site->nop];
		probe->nop_offset = object->site->nop;
		if (object->semaphores != 0)
			probe->semaphore =
			    (const volatile uint16_t
				 *)(const volatile void *)(object->base +
							   object->semaphores +
							   i * 2);
	}
	return 0;
}

/* Loads the probes that have no object yet. */
static int
load_fresh(struct provider *provider)
{
	struct probe **fresh;
	SDTProbeList_t *node;
	size_t count = 0, from = 0;
	int result = 0;

	for (node = provider->shown.probes; node != NULL; node = node->next)
		count += of_probe(&node->probe)->object == NULL;
	if (count == 0)
		return 0;
	fresh = calloc(count, sizeof(*fresh));
	if (fresh == NULL)
		return fail(provider, outOfMemoryError, "out of memory");
	count = 0;
	for (node = provider->shown.probes; node != NULL; node = node->next) {
		if (of_probe(&node->probe)->object == NULL)
			fresh[count++] = of_probe(&node->probe);
	}
	while (result == 0 && from < count) {
		size_t some = count - from;
		if (some > IMAGE_PROBES_MAX)
			some = IMAGE_PROBES_MAX;
		result = load_probes(provider, fresh + from, some);
		from += some;
	}
	free(fresh);
	return result;
}

/* Opens or closes the probes that have an object. */
static void
set_loaded(struct provider *provider, int loaded)
{
	SDTProbeList_t *node;

	for (node = provider->shown.probes; node != NULL; node = node->next) {
		struct probe *probe = of_probe(&node->probe);
		const uint8_t *site = NULL;
		if (loaded && probe->object != NULL)
			site = probe->object->base + probe->object->code +
			       probe->number * SITE_STRIDE;
		atomic_store_explicit(&probe->site, site, memory_order_release);
	}
}

int
providerLoad(SDTProvider_t *shown)
{
	struct provider *provider = of_provider(shown);
	int result;

	objects_lock();
	result = load_fresh(provider);
	if (result == 0) {
		set_loaded(provider, 1);
		succeed(provider);
	}
	objects_unlock();
	return result;
}

int
providerUnload(SDTProvider_t *shown)
{
	struct provider *provider = of_provider(shown);

	objects_lock();
	set_loaded(provider, 0);
	succeed(provider);
	objects_unlock();
	return 0;
}

void
providerDestroy(SDTProvider_t *shown)
{
	struct provider *provider = of_provider(shown);
	SDTProbeList_t *node, *next;

	if (shown == NULL)
		return;
	objects_lock();
	for (size_t i = 0; i < provider->object_count; i++)
		object_release(provider->objects[i]);
	objects_unlock();
	for (node = shown->probes; node != NULL; node = next) {
		next = node->next;
		free((void *)(uintptr_t)node->probe.name);
		free(of_probe(&node->probe));
	}
	free(provider->objects);
	free(provider->directory);
	free((void *)(uintptr_t)shown->name);
	free(provider);
}
