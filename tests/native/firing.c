/*
 * Probes with a tracer on them: every firing is counted, and nobody loses the
 * ground under its feet.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"
#include "tracer.h"

static void
fire(SDTProbe_t *probe, int times)
{
	for (int i = 0; i < times; i++)
		probeFire(probe, i);
}

/* Attaches, fires and detaches. */
static void
expect_counted(SDTProbe_t *probe)
{
	struct tracer *tracer;

	CHECK_EQUAL(probeIsEnabled(probe), 0);
	tracer = tracer_attach(probe);
	CHECK_EQUAL(probeIsEnabled(probe), 1);
	fire(probe, 1000);
	CHECK_EQUAL(tracer_count(tracer), 1000);
	tracer_detach(tracer);
	CHECK_EQUAL(probeIsEnabled(probe), 0);
	fire(probe, 10);
}

static void
every_kind_of_site(void)
{
	/* 4: of aarch64 */
	static const int lengths[] = {1, 4, 5};
	const char *directory = scratch_directory("kinds");

	if (!tracer_possible())
		return;
	for (int memfd = 0; memfd < 2; memfd++) {
		for (int semaphores = 0; semaphores < 2; semaphores++) {
			for (size_t i = 0;
			     i < sizeof(lengths) / sizeof(lengths[0]); i++) {
				SDTProvider_t *provider =
				    scratch_provider("kinds", directory);
				if (providerUseNop(provider, lengths[i]) == 0) {
					providerUseMemfd(
					    provider, memfd ? memfd_enabled
							    : memfd_disabled);
					providerUseSemaphores(provider,
							      semaphores);
					CHECK_EQUAL(providerLoad(provider), 0);
					expect_counted(scratch_probe(provider));
				}
				providerDestroy(provider);
			}
		}
	}
	CHECK(scratch_maps(directory) == 0);
}

static void
semaphores(void)
{
	const char *directory = scratch_directory("semaphores");
	SDTProvider_t *provider = scratch_provider("semaphores", directory);
	SDTProbe_t *second = providerAddProbe(provider, "q", 0);
	SDTProbe_t *first = scratch_probe(provider);
	volatile uint16_t *semaphore;
	struct tracer *tracer;

	providerUseSemaphores(provider, 1);
	CHECK_EQUAL(providerLoad(provider), 0);
	semaphore = tracer_semaphore(second);
	CHECK(semaphore != NULL && *semaphore == 0);
	/* As bcc's tools do it, by writing into the process. */
	++*semaphore;
	CHECK_EQUAL(probeIsEnabled(second), 1);
	CHECK_EQUAL(probeIsEnabled(first), 0);
	--*semaphore;
	CHECK_EQUAL(probeIsEnabled(second), 0);
	if (tracer_possible()) {
		tracer = tracer_attach_raising(second);
		CHECK_EQUAL(*semaphore, 1);
		CHECK_EQUAL(*tracer_semaphore(first), 0);
		CHECK_EQUAL(probeIsEnabled(second), 1);
		probeFire(second);
		CHECK_EQUAL(tracer_count(tracer), 1);
		tracer_detach(tracer);
		CHECK_EQUAL(*semaphore, 0);
	}
	providerDestroy(provider);
}

static void
every_count_of_arguments(void)
{
	SDTProvider_t *provider = providerInit("counts");
	SDTProbe_t *probes[MAX_ARGUMENTS + 1];
	ArgType_t types[MAX_ARGUMENTS];
	uint64_t block[MAX_ARGUMENTS] = {0};

	for (int i = 0; i < MAX_ARGUMENTS; i++)
		types[i] = int64;
	providerUseDirectory(provider, scratch_directory("counts"));
	for (int count = 0; count <= MAX_ARGUMENTS; count++) {
		char name[] = "p00";
		name[1] = (char)('0' + count / 10);
		name[2] = (char)('0' + count % 10);
		probes[count] =
		    providerAddProbeTypes(provider, name, count, types);
	}
	CHECK_EQUAL(providerLoad(provider), 0);
	for (int count = 0; count <= MAX_ARGUMENTS; count++) {
		/* Exactly as long as it may be read: a sanitizer would notice
		 * more. */
		size_t size = (size_t)count * sizeof(uint64_t);
		uint64_t *arguments = malloc(size > 0 ? size : 1);
		memcpy(arguments, block, size);
		probeFireBlock(probes[count], arguments);
		/* Attaching takes a while. */
		if ((count < 2 || count == 6 || count == 7 || count == 12 ||
		     count == MAX_ARGUMENTS) &&
		    tracer_possible()) {
			struct tracer *tracer = tracer_attach(probes[count]);
			probeFireBlock(probes[count], arguments);
			probeFire(probes[count], 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L,
				  9L, 10L, 11L, 12L, 13L, 14L, 15L, 16L, 17L,
				  18L, 19L, 20L, 21L, 22L, 23L, 24L, 25L, 26L,
				  27L, 28L, 29L, 30L, 31L, 32L);
			CHECK_EQUAL(tracer_count(tracer), 2);
			tracer_detach(tracer);
		}
		free(arguments);
	}
	providerDestroy(provider);
}

static void
unload_and_load(void)
{
	SDTProvider_t *provider =
	    scratch_loaded("unload", scratch_directory("unload"));
	SDTProbe_t *probe = scratch_probe(provider);
	char *path = strdup(probePath(probe));
	struct tracer *tracer = NULL;

	if (tracer_possible())
		tracer = tracer_attach(probe);
	CHECK_EQUAL(providerUnload(provider), 0);
	CHECK_EQUAL(probeIsEnabled(probe), 0);
	fire(probe, 10);
	CHECK_EQUAL(providerUnload(provider), 0);
	CHECK_EQUAL(providerLoad(provider), 0);
	CHECK(strcmp(probePath(probe), path) == 0);
	fire(probe, 10);
	if (tracer != NULL) {
		CHECK_EQUAL(probeIsEnabled(probe), 1);
		CHECK_EQUAL(tracer_count(tracer), 10);
		tracer_detach(tracer);
	}
	free(path);
	providerDestroy(provider);
}

static void
probes_added_later(void)
{
	SDTProvider_t *provider =
	    scratch_loaded("later", scratch_directory("later"));
	SDTProbe_t *first = scratch_probe(provider);
	SDTProbe_t *second = providerAddProbe(provider, "q", 1, uint64);
	char *path = strdup(probePath(first));

	CHECK(probePath(second) == NULL);
	probeFire(second, 1L);
	CHECK_EQUAL(providerLoad(provider), 0);
	CHECK(strcmp(probePath(first), path) == 0);
	CHECK(probePath(second) != NULL &&
	      strcmp(probePath(second), path) != 0);
	if (tracer_possible()) {
		expect_counted(first);
		expect_counted(second);
	}
	free(path);
	providerDestroy(provider);
}

static void
two_with_the_same_probes(void)
{
	const char *directory = scratch_directory("same");
	SDTProvider_t *one = scratch_loaded("same", directory);
	SDTProvider_t *two = scratch_loaded("same", directory);
	struct tracer *tracer = NULL;

	CHECK(strcmp(probePath(scratch_probe(one)),
		     probePath(scratch_probe(two))) == 0);
	CHECK_EQUAL(scratch_entries(directory, ".so", NULL), 1);
	CHECK_EQUAL(scratch_maps(directory), 3);
	if (tracer_possible())
		tracer = tracer_attach(scratch_probe(one));
	fire(scratch_probe(one), 10);
	fire(scratch_probe(two), 5);
	providerDestroy(one);
	fire(scratch_probe(two), 5);
	if (tracer != NULL) {
		CHECK_EQUAL(probeIsEnabled(scratch_probe(two)), 1);
		CHECK_EQUAL(tracer_count(tracer), 20);
		tracer_detach(tracer);
	}
	CHECK_EQUAL(scratch_maps(directory), 3);
	providerDestroy(two);
	CHECK_EQUAL(scratch_maps(directory), 0);
}

static void
destroyed_under_a_tracer(void)
{
	if (!tracer_possible())
		return;
	for (int memfd = 0; memfd < 2; memfd++) {
		const char *directory =
		    scratch_directory(memfd ? "under-memfd" : "under-file");
		const char *mark = memfd ? "memfd:under" : directory;
		int descriptors = scratch_descriptors();
		struct tracer *tracer;
		SDTProvider_t *provider = scratch_provider("under", directory);
		SDTProvider_t *again;

		providerUseMemfd(provider,
				 memfd ? memfd_enabled : memfd_disabled);
		CHECK_EQUAL(providerLoad(provider), 0);
		tracer = tracer_attach(scratch_probe(provider));
		fire(scratch_probe(provider), 10);
		providerDestroy(provider);
		CHECK_EQUAL(scratch_maps(mark), 3);
		/* Who makes the same probes again is traced from the start. */
		again = scratch_provider("under", directory);
		providerUseMemfd(again, memfd ? memfd_enabled : memfd_disabled);
		CHECK_EQUAL(providerLoad(again), 0);
		CHECK_EQUAL(scratch_maps(mark), 3);
		CHECK_EQUAL(probeIsEnabled(scratch_probe(again)), 1);
		fire(scratch_probe(again), 10);
		CHECK_EQUAL(tracer_count(tracer), 20);
		providerDestroy(again);
		CHECK_EQUAL(scratch_maps(mark), 3);
		tracer_detach(tracer);
		/* What comes next clears up. */
		providerDestroy(scratch_loaded("next", scratch_path("next")));
		CHECK_EQUAL(scratch_maps(mark), 0);
		if (memfd)
			CHECK_EQUAL(scratch_descriptors(), descriptors);
	}
}

static uint64_t seen[7];

/* A site that looks at what it is called with. */
__attribute__((noinline)) static void
witness(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	uint64_t block;

#if defined(__x86_64__)
	__asm__ volatile("movq %%r10, %0" : "=r"(block));
#else
	__asm__ volatile("mov %0, x9" : "=r"(block));
#endif
	seen[0] = a;
	seen[1] = b;
	seen[2] = c;
	seen[3] = d;
	seen[4] = e;
	seen[5] = f;
	seen[6] = block;
}

static void
registers(void)
{
	const uint64_t block[6] = {UINT64_MAX, 2, 3, 4, 5, (uint64_t)INT64_MIN};

	site_call((const void *)(uintptr_t)witness, block);
	CHECK(memcmp(seen, block, sizeof(block)) == 0);
	CHECK(seen[6] == (uint64_t)(uintptr_t)block);
}

void
firing(void)
{
	RUN(registers);
	RUN(every_kind_of_site);
	RUN(every_count_of_arguments);
	RUN(semaphores);
	RUN(unload_and_load);
	RUN(probes_added_later);
	RUN(two_with_the_same_probes);
	RUN(destroyed_under_a_tracer);
}
