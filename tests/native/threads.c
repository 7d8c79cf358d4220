/*
 * Several threads that make, fire and destroy probes, with tracers that come
 * and go.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"
#include "tracer.h"

enum { THREADS = 6 };

struct work {
	const char *directory;
	SDTProvider_t *provider; /* of all */
	SDTProbe_t *probe;
	pthread_barrier_t start;
	atomic_int number;
	atomic_int firing;
	int traced;
	atomic_llong fired;
	int rounds;
};

/* Runs all threads, each with `work`. */
static void
run(struct work *work, void *(*body)(void *))
{
	pthread_t threads[THREADS];

	atomic_store(&work->number, 0);
	pthread_barrier_init(&work->start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, body, work) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	pthread_barrier_destroy(&work->start);
}

static void *
make_and_destroy(void *data)
{
	struct work *work = data;
	int number = atomic_fetch_add(&work->number, 1);

	pthread_barrier_wait(&work->start);
	for (int i = 0; i < work->rounds; i++) {
		char name[32];
		SDTProvider_t *provider;
		SDTProbe_t *late;
		/* Every other one is the same in all threads. */
		snprintf(name, sizeof(name), "t%d.%d", i % 2 ? number : 0,
			 i % 7);
		provider = scratch_loaded(name, work->directory);
		probeFire(scratch_probe(provider), i);
		late = providerAddProbe(provider, "late", 1, uint64);
		CHECK(providerLoad(provider) == 0);
		probeFire(late, 1L);
		CHECK(providerInit("a:b") == NULL);
		CHECK_CONTAINS(stapsdtError(), "colon");
		providerDestroy(provider);
	}
	return NULL;
}

static void
providers_of_their_own(void)
{
	struct work work = {.directory = scratch_directory("own"),
			    .rounds = scratch_cycles / 10 + 10};

	run(&work, make_and_destroy);
	CHECK_EQUAL(scratch_maps(work.directory), 0);
}

static void *
fire_shared(void *data)
{
	struct work *work = data;

	pthread_barrier_wait(&work->start);
	for (int i = 0; i < work->rounds; i++)
		probeFire(work->probe, i);
	atomic_fetch_add(&work->fired, work->rounds);
	return NULL;
}

static void
one_probe_exactly(void)
{
	struct work work = {.rounds = 10000};
	struct tracer *tracer = NULL;

	work.provider = scratch_loaded("shared", scratch_directory("shared"));
	work.probe = scratch_probe(work.provider);
	if (tracer_possible())
		tracer = tracer_attach_everywhere(work.probe);
	run(&work, fire_shared);
	if (tracer != NULL) {
		CHECK_EQUAL(tracer_count(tracer), atomic_load(&work.fired));
		tracer_detach(tracer);
	}
	providerDestroy(work.provider);
}

static void *
fire_and_change(void *data)
{
	struct work *work = data;
	int number = atomic_fetch_add(&work->number, 1);

	pthread_barrier_wait(&work->start);
	if (number == 0) {
		/* Its provider is unloaded, loaded and given more probes… */
		for (int i = 0; i < work->rounds; i++) {
			char name[32];
			CHECK(providerUnload(work->provider) == 0);
			if (i % 20 == 0) {
				snprintf(name, sizeof(name), "more%d", i);
				CHECK(providerAddProbe(work->provider, name,
						       0) != NULL);
			}
			CHECK(providerLoad(work->provider) == 0);
		}
		atomic_store(&work->firing, 0);
	} else if (number == 1 && work->traced) {
		/* …and tracers come and go… */
		while (atomic_load(&work->firing))
			tracer_detach(tracer_attach(work->probe));
	} else {
		/* …while the others fire. */
		while (atomic_load(&work->firing))
			probeFire(work->probe, number);
	}
	return NULL;
}

static void
changes_while_others_fire(void)
{
	struct work work = {
	    .rounds = scratch_cycles, .firing = 1, .traced = tracer_possible()};

	work.provider = scratch_loaded("changes", scratch_directory("changes"));
	work.probe = scratch_probe(work.provider);
	run(&work, fire_and_change);
	CHECK_EQUAL(probeIsEnabled(work.probe), 0);
	providerDestroy(work.provider);
}

void
threads(void)
{
	RUN(providers_of_their_own);
	RUN(one_probe_exactly);
	RUN(changes_while_others_fire);
}
