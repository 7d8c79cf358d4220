/*
 * Every allocation fails once. The linker gives us the library's calls
 * (-Wl,--wrap=malloc, …).
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"

/* Allocations until one fails; negative: none does. */
static long countdown = -1;
static int failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

static int
fails(void)
{
	if (countdown < 0 || countdown-- > 0)
		return 0;
	failed = 1;
	return 1;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* All there is in a life; how far it came without memory. */
static void
live(const char *directory, int memfd)
{
	static const ArgType_t types[] = {uint64, int32, int8};
	SDTProvider_t *provider = providerInit("memory");

	if (provider == NULL) {
		CHECK_CONTAINS(stapsdtError(), "out of memory");
		return;
	}
	if (providerUseDirectory(provider, directory) != 0)
		CHECK_CONTAINS(provider->error, "out of memory");
	providerUseMemfd(provider, memfd ? memfd_enabled : memfd_disabled);
	if (providerAddProbeTypes(provider, "one", 3, types) == NULL)
		CHECK_CONTAINS(provider->error, "out of memory");
	if (providerLoad(provider) != 0)
		CHECK(provider->error[0] != '\0');
	if (providerAddProbeTypes(provider, "two", 0, NULL) == NULL)
		CHECK_CONTAINS(provider->error, "out of memory");
	if (providerLoad(provider) != 0)
		CHECK(provider->error[0] != '\0');
	for (SDTProbeList_t *node = provider->probes; node != NULL;
	     node = node->next)
		probeFire(&node->probe, 1L, 2L, 3L);
	providerDestroy(provider);
}

static void
each_allocation_fails(void)
{
	int descriptors = 0;

	for (int memfd = 0; memfd < 2; memfd++) {
		for (long i = 0;; i++) {
			/* New each time: what is known of a directory is kept.
			 */
			char name[] = "f00";
			const char *directory;
			name[0] = memfd ? 'm' : 'f';
			name[1] = (char)('0' + i / 10 % 10);
			name[2] = (char)('0' + i % 10);
			directory = scratch_directory(name);
			if (memfd && i == 0)
				descriptors = scratch_descriptors();
			failed = 0;
			countdown = i;
			live(directory, memfd);
			countdown = -1;
			CHECK_EQUAL(scratch_maps(directory), 0);
			CHECK_EQUAL(scratch_maps("memfd:memory"), 0);
			if (!failed)
				break;
			if (!CHECK(i < 99))
				break;
		}
	}
	CHECK_EQUAL(scratch_descriptors(), descriptors);
	/* And with memory, everything is as ever. */
	providerDestroy(scratch_loaded("memory", scratch_path("f00")));
}

void
memory(void)
{
	RUN(each_allocation_fails);
}
