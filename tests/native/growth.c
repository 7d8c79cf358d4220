/*
 * Nothing grows, however often it is done.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"

struct size {
	int maps;
	int descriptors;
	int files;
	long resident; /* pages */
};

static struct size
size_now(const char *directory)
{
	struct size size = {
	    .maps = scratch_maps(""),
	    .descriptors = scratch_descriptors(),
	    .files = scratch_entries(directory, "", NULL),
	};
	FILE *file = fopen("/proc/self/statm", "re");

	CHECK(fscanf(file, "%*d %ld", &size.resident) == 1);
	fclose(file);
	return size;
}

/* Does it a tenth of the time to get going, and then until the end: as large as
 * before. */
static void
expect_no_growth(const char *directory,
		 void (*once)(const char *directory, int i))
{
	struct size before, after;
	int i = 0;

	for (; i < scratch_cycles / 10 + 70; i++)
		once(directory, i);
	before = size_now(directory);
	for (; i < scratch_cycles; i++)
		once(directory, i);
	after = size_now(directory);
	printf("# %d times: maps %d to %d, descriptors %d to %d, files %d to "
	       "%d, resident %ld to %ld KiB\n",
	       i, before.maps, after.maps, before.descriptors,
	       after.descriptors, before.files, after.files,
	       before.resident * 4, after.resident * 4);
	CHECK_EQUAL(after.descriptors, before.descriptors);
	CHECK(after.files <= 70);
	if (scratch_watched())
		return;
	/* malloc may take and give back an arena or two. */
	CHECK(after.maps <= before.maps + 5);
	CHECK(after.resident <= before.resident + (4 << 20) / 4096);
}

static SDTProvider_t *cycled;

static void
cycle(const char *directory, int i)
{
	(void)directory;
	CHECK(providerUnload(cycled) == 0);
	CHECK(providerLoad(cycled) == 0);
	probeFire(scratch_probe(cycled), i);
}

static void
unload_and_load(void)
{
	const char *directory = scratch_directory("unload");

	cycled = scratch_loaded("cycled", directory);
	expect_no_growth(directory, cycle);
	CHECK_EQUAL(scratch_maps(directory), 3);
	providerDestroy(cycled);
	CHECK_EQUAL(scratch_maps(directory), 0);
}

static void
make_the_same(const char *directory, int i)
{
	SDTProvider_t *provider = scratch_loaded("same", directory);

	probeFire(scratch_probe(provider), i);
	providerDestroy(provider);
}

static void
the_same_again_and_again(void)
{
	const char *directory = scratch_directory("same");

	expect_no_growth(directory, make_the_same);
	CHECK_EQUAL(scratch_entries(directory, ".so", NULL), 1);
	CHECK_EQUAL(scratch_maps(directory), 0);
}

static void
make_another(const char *directory, int i)
{
	char name[32];
	SDTProvider_t *provider;

	snprintf(name, sizeof(name), "another%d", i);
	provider = scratch_loaded(name, directory);
	probeFire(scratch_probe(provider), i);
	providerDestroy(provider);
}

static void
another_every_time(void)
{
	const char *directory = scratch_directory("another");

	expect_no_growth(directory, make_another);
	CHECK_EQUAL(scratch_maps(directory), 0);
}

static void
make_a_memfd(const char *directory, int i)
{
	char name[32];
	SDTProvider_t *provider;

	snprintf(name, sizeof(name), "memory%d", i);
	provider = scratch_provider(name, directory);
	providerUseMemfd(provider, memfd_enabled);
	CHECK(providerLoad(provider) == 0);
	providerDestroy(provider);
}

static void
memfds(void)
{
	const char *directory = scratch_directory("memfds");

	expect_no_growth(directory, make_a_memfd);
	CHECK_EQUAL(scratch_maps("memfd:memory"), 0);
}

static void
fail_to_load(const char *directory, int i)
{
	SDTProvider_t *provider = scratch_provider("bad", directory);

	(void)i;
	CHECK(providerLoad(provider) == 0);
	CHECK(probeMemfdReason(scratch_probe(provider)) != NULL);
	providerDestroy(provider);
}

static void
bad_directories(void)
{
	const char *directory = scratch_directory("bad");

	CHECK(chmod(directory, 0755) == 0);
	expect_no_growth(directory, fail_to_load);
	CHECK_EQUAL(scratch_entries(directory, "", NULL), 0);
}

void
growth(void)
{
	RUN(unload_and_load);
	RUN(the_same_again_and_again);
	RUN(another_every_time);
	RUN(memfds);
	RUN(bad_directories);
}
