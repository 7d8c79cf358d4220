/*
 * Children that were forked, from a process with one thread and from one with
 * several.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"
#include "tracer.h"

static const char *directory;
static SDTProvider_t *inherited;

static void
expect_traceable(SDTProbe_t *probe)
{
	struct tracer *tracer;

	if (!tracer_possible())
		return;
	tracer = tracer_attach(probe);
	CHECK_EQUAL(probeIsEnabled(probe), 1);
	for (int i = 0; i < 100; i++)
		probeFire(probe, i);
	CHECK_EQUAL(tracer_count(tracer), 100);
	tracer_detach(tracer);
	CHECK_EQUAL(probeIsEnabled(probe), 0);
}

/* The child fires what it has inherited, makes something new, and ends the one
 * and the other. */
static void
child_works(void *unused)
{
	SDTProvider_t *own;

	(void)unused;
	expect_traceable(scratch_probe(inherited));
	own = scratch_loaded("born", directory);
	CHECK(probeMemfdReason(scratch_probe(own)) == NULL);
	expect_traceable(scratch_probe(own));
	/* It has a list of its own now, in which is what it has inherited, too.
	 */
	CHECK_EQUAL(scratch_entries(directory, "in-use.", NULL), 2);
	providerDestroy(inherited);
	expect_traceable(scratch_probe(own));
	providerDestroy(own);
}

static void
a_child_works(void)
{
	directory = scratch_directory("child");
	inherited = scratch_loaded("parent", directory);
	check_in_child(child_works, NULL);
	/* The parent has lost nothing. */
	CHECK(scratch_exists(probePath(scratch_probe(inherited))));
	expect_traceable(scratch_probe(inherited));
	providerDestroy(inherited);
}

/* A tracer that is attached goes on in a child. Linux 6.18 makes a call of an
 * instruction that was hit, to code that a child does not have. */
static void
a_child_is_traced(void)
{
	struct tracer *tracer;
	int memfd, hits;

	if (!tracer_possible())
		return;
	directory = scratch_directory("traced");
	for (memfd = 0; memfd < 2; memfd++) {
		for (hits = 0; hits < 20; hits += 10) {
			int status = -1;
			pid_t pid;
			inherited = scratch_provider("traced", directory);
			providerUseMemfd(inherited, memfd ? memfd_enabled
							  : memfd_disabled);
			CHECK_EQUAL(providerLoad(inherited), 0);
			tracer =
			    tracer_attach_everywhere(scratch_probe(inherited));
			for (int i = 0; i < hits; i++)
				probeFire(scratch_probe(inherited), i);
			pid = fork();
			if (pid == 0) {
				for (int i = 0; i < 10; i++)
					probeFire(scratch_probe(inherited), i);
				_exit(0);
			}
			CHECK(waitpid(pid, &status, 0) == pid);
			CHECK_EQUAL(status, 0);
			probeFire(scratch_probe(inherited), 1);
			CHECK_EQUAL(tracer_count(tracer), hits + 11);
			tracer_detach(tracer);
			providerDestroy(inherited);
		}
	}
}

static void
child_uses_memfd(void *unused)
{
	SDTProvider_t *own = scratch_provider("memfd-child", directory);

	(void)unused;
	expect_traceable(scratch_probe(inherited));
	providerUseMemfd(own, memfd_enabled);
	CHECK_EQUAL(providerLoad(own), 0);
	expect_traceable(scratch_probe(own));
	providerDestroy(inherited);
	expect_traceable(scratch_probe(own));
	providerDestroy(own);
}

static void
a_child_with_memfds(void)
{
	directory = scratch_directory("memfds");
	inherited = scratch_provider("memfd-parent", directory);
	providerUseMemfd(inherited, memfd_enabled);
	CHECK_EQUAL(providerLoad(inherited), 0);
	check_in_child(child_uses_memfd, NULL);
	expect_traceable(scratch_probe(inherited));
	providerDestroy(inherited);
}

static atomic_int busy;

static void *
keep_busy(void *data)
{
	char name[32];

	for (int i = 0; atomic_load(&busy); i++) {
		SDTProvider_t *provider;
		snprintf(name, sizeof(name), "busy%ld.%d", (long)(intptr_t)data,
			 i % 10);
		provider = scratch_loaded(name, directory);
		providerDestroy(provider);
	}
	return NULL;
}

/* Says in shared memory that it went well. It is killed in the end: what only
 * threads know that a child has not would look like a leak. */
static void
grow_up(int *fine)
{
	SDTProvider_t *provider = providerInit("grown-up");

	alarm(300); /* a child that hangs fails */
	providerUseDirectory(provider, directory);
	providerAddProbe(provider, "p", 0);
	*fine = providerLoad(provider) == 0;
	providerDestroy(provider);
	kill(getpid(), SIGKILL);
}

/* Whatever the other threads were doing, the child can go on. */
static void
while_threads_load(void)
{
	enum { LOADERS = 3 };
	pthread_t loaders[LOADERS];
	int *fine = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	directory = scratch_directory("busy");
	atomic_store(&busy, 1);
	for (intptr_t i = 0; i < LOADERS; i++)
		CHECK(pthread_create(&loaders[i], NULL, keep_busy, (void *)i) ==
		      0);
	for (int i = 0; i < scratch_cycles / 20 + 5; i++) {
		int status = -1;
		pid_t pid;
		*fine = 0;
		pid = fork();
		if (pid == 0)
			grow_up(fine);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK_EQUAL(status, SIGKILL);
		CHECK(*fine);
	}
	atomic_store(&busy, 0);
	for (int i = 0; i < LOADERS; i++)
		CHECK(pthread_join(loaders[i], NULL) == 0);
	munmap(fine, sizeof(int));
}

void
forks(void)
{
	RUN(a_child_works);
	RUN(a_child_is_traced);
	RUN(a_child_with_memfds);
	RUN(while_threads_load);
}
