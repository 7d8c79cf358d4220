/*
 * Where objects are kept: files, memfds, and which directory by default.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"
#include "tracer.h"

static void
a_file(void)
{
	const char *directory = scratch_directory("file");
	SDTProvider_t *provider = scratch_loaded("a file/\xc3\xa9", directory);
	const char *path = probePath(scratch_probe(provider));
	char name[NAME_MAX + 1], list[NAME_MAX + 1], *text;
	struct stat status;
	size_t size;

	/* Its name is made of what a file's name may have, and what is in it.
	 */
	CHECK_EQUAL(scratch_entries(directory, ".so", name), 1);
	CHECK(strcmp(path, scratch_join(directory, name)) == 0);
	CHECK(strncmp(name, "a_file___.", 10) == 0);
	CHECK_EQUAL(strlen(name), 10 + 32 + 3);
	CHECK(stat(path, &status) == 0 && status.st_uid == geteuid());
	CHECK_EQUAL(status.st_mode & 07777, 0400);
	CHECK(probeMemfdReason(scratch_probe(provider)) == NULL);
	CHECK_EQUAL(scratch_maps(path), 3);
	/* It stands in the list of what this process uses, and nothing else is
	 * there. */
	CHECK_EQUAL(scratch_entries(directory, "in-use.", list), 1);
	text = scratch_read(scratch_join(directory, list), &size);
	CHECK_CONTAINS(text, name);
	CHECK_EQUAL(scratch_entries(directory, "", NULL), 2);
	free(text);
	providerDestroy(provider);
	text = scratch_read(scratch_join(directory, list), &size);
	CHECK(strstr(text, name) == NULL);
	free(text);
	CHECK_EQUAL(scratch_maps(directory), 0);
	/* It stays, so that a tracer can attach before the next one comes. */
	CHECK(scratch_exists(scratch_join(directory, name)));
}

static void
a_memfd(void)
{
	const char *directory = scratch_directory("memfd");
	int before = scratch_descriptors();
	SDTProvider_t *provider = scratch_provider("a memfd", directory);
	const char *path;
	char expected[64], name[64] = "";

	providerUseMemfd(provider, memfd_enabled);
	CHECK_EQUAL(providerLoad(provider), 0);
	path = probePath(scratch_probe(provider));
	snprintf(expected, sizeof(expected), "/proc/%ld/fd/", (long)getpid());
	CHECK(strncmp(path, expected, strlen(expected)) == 0);
	CHECK(readlink(path, name, sizeof(name) - 1) > 0);
	CHECK_CONTAINS(name, "memfd:a memfd");
	CHECK(probeMemfdReason(scratch_probe(provider)) == NULL);
	CHECK_EQUAL(scratch_descriptors(), before + 1);
	CHECK_EQUAL(scratch_entries(directory, "", NULL), 0);
	/* It does not go on into a program that is started. */
	CHECK((fcntl(atoi(path + strlen(expected)), F_GETFD) & FD_CLOEXEC) !=
	      0);
	providerDestroy(provider);
	CHECK_EQUAL(scratch_descriptors(), before);
	CHECK_EQUAL(scratch_maps("memfd:a memfd"), 0);
}

/* glibc knows objects by name: one that comes with the descriptor of another
 * must not be that. */
static void
memfds_with_the_same_descriptor(void)
{
	uint64_t offset = 0;

	for (int i = 0; i < 10; i++) {
		char name[] = "memfd0";
		SDTProvider_t *provider;
		name[5] = (char)('0' + i);
		provider = scratch_provider(name, scratch_root);
		for (int probes = 0; probes < i; probes++) {
			char probe[] = "more0";
			probe[4] = (char)('0' + probes);
			CHECK(providerAddProbe(provider, probe, 0) != NULL);
		}
		providerUseMemfd(provider, memfd_enabled);
		CHECK_EQUAL(providerLoad(provider), 0);
		CHECK_EQUAL(scratch_maps(name), 3);
		for (const SDTProbeList_t *node = provider->probes;
		     node != NULL; node = node->next) {
			size_t number;
			const struct object *object =
			    probe_object(&node->probe, &number);
			CHECK(*object_nop(object, number) ==
			      object->site->code[object->site->nop]);
			offset += probeOffset(&node->probe);
		}
		providerDestroy(provider);
	}
	CHECK(offset > 0);
}

/* Descriptors are the application's. */
static void
not_all_descriptors(void)
{
	enum { COUNT = 64 };
	SDTProvider_t *providers[COUNT];
	struct rlimit limit;
	int files = 0, memfds = 0, refused = 0;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 128;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (int i = 0; i < COUNT; i++) {
		char name[] = "many00";
		name[4] = (char)('0' + i / 10);
		name[5] = (char)('0' + i % 10);
		providers[i] = scratch_provider(name, scratch_root);
		providerUseMemfd(providers[i], memfd_enabled);
		if (providerLoad(providers[i]) != 0) {
			CHECK_EQUAL(providers[i]->code, tmpCreationError);
			CHECK_CONTAINS(providers[i]->error, "descriptors");
			CHECK_EQUAL(probeIsEnabled(scratch_probe(providers[i])),
				    0);
			probeFire(scratch_probe(providers[i]), 1);
			refused++;
		} else if (strncmp(probePath(scratch_probe(providers[i])),
				   "/proc/", 6) == 0) {
			memfds++;
		} else {
			files++;
		}
	}
	CHECK_EQUAL(memfds, 32);
	CHECK_EQUAL(refused, COUNT - 32);
	CHECK_EQUAL(files, 0);
	for (int i = 0; i < COUNT; i++)
		providerDestroy(providers[i]);
}

static void
expect_default(const char *expected)
{
	SDTProvider_t *provider = providerInit("default");
	SDTProbe_t *probe = providerAddProbe(provider, "p", 0);

	CHECK_EQUAL(providerLoad(provider), 0);
	CHECK(strncmp(probePath(probe), expected, strlen(expected)) == 0);
	if (probeMemfdReason(probe) != NULL)
		CHECK_CONTAINS("", probeMemfdReason(probe));
	providerDestroy(provider);
}

static void
default_directories(void)
{
	const char *runtime = scratch_directory("runtime");
	const char *xdg = scratch_directory("xdg");

	CHECK(chmod(xdg, 0755) ==
	      0); /* it is not ours to judge; "nodeobs" in it is */
	setenv("XDG_RUNTIME_DIR", xdg, 1);
	setenv("NODEOBS_RUNTIME_DIR", runtime, 1);
	expect_default(scratch_join(runtime, "usdt/"));
	CHECK(chdir(scratch_root) == 0);
	setenv("NODEOBS_RUNTIME_DIR", "runtime", 1);
	expect_default(scratch_join(runtime, "usdt/"));
	setenv("NODEOBS_RUNTIME_DIR", "", 1);
	expect_default(scratch_join(xdg, "nodeobs/usdt/"));
	unsetenv("NODEOBS_RUNTIME_DIR");
	expect_default(scratch_join(xdg, "nodeobs/usdt/"));
}

static void
removed_under_our_feet(void)
{
	const char *directory = scratch_directory("removed");
	SDTProvider_t *one = scratch_loaded("one", directory);
	SDTProvider_t *two;
	char command[PATH_MAX + 20];

	snprintf(command, sizeof(command), "rm -r %s", directory);
	CHECK_EQUAL(system(command), 0);
	/* The first is mapped and works, the second makes the directory anew.
	 */
	two = scratch_loaded("two", directory);
	CHECK(probeMemfdReason(scratch_probe(two)) == NULL);
	CHECK(scratch_exists(probePath(scratch_probe(two))));
	probeFire(scratch_probe(one), 1);
	providerDestroy(one);
	providerDestroy(two);
}

void
storage(void)
{
	RUN(a_file);
	RUN(a_memfd);
	RUN(memfds_with_the_same_descriptor);
	RUN(default_directories);
	RUN(removed_under_our_feet);
	RUN(not_all_descriptors);
}
