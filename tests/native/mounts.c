/*
 * Directories on file systems where no object can be made, or none can be run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"
#include "tracer.h"

/* A mount namespace of this process's own: what is mounted there goes with it.
 */
static int
can_mount(void)
{
	static int possible = -1;

	if (possible < 0)
		possible = unshare(CLONE_NEWNS) == 0 &&
			   mount("", "/", "", MS_REC | MS_PRIVATE, NULL) == 0;
	if (!possible)
		check_skip("needs root to mount file systems");
	return possible;
}

/* A directory on a tmpfs of its own. */
static const char *
volume(const char *name, unsigned long flags, const char *options)
{
	const char *path = scratch_directory(name);

	if (!CHECK(mount("none", path, "tmpfs", flags, options) == 0))
		printf("# mount: %s\n", strerror(errno));
	return path;
}

static void
expect_memfd(const char *name, const char *directory, const char *why)
{
	SDTProvider_t *provider = scratch_loaded(name, directory);
	SDTProbe_t *probe = scratch_probe(provider);

	CHECK(strncmp(probePath(probe), "/proc/", 6) == 0);
	CHECK_CONTAINS(probeMemfdReason(probe), why);
	CHECK_EQUAL(scratch_entries(directory, "new.", NULL), 0);
	CHECK_EQUAL(scratch_entries(directory, ".so", NULL), 0);
	if (tracer_possible()) {
		struct tracer *tracer = tracer_attach(probe);
		probeFire(probe, 1);
		CHECK_EQUAL(tracer_count(tracer), 1);
		tracer_detach(tracer);
	}
	providerDestroy(provider);
}

static void
no_execution(void)
{
	if (!can_mount())
		return;
	expect_memfd("noexec", volume("noexec", MS_NOEXEC, "mode=0700"),
		     "noexec");
}

static void
read_only(void)
{
	const char *directory;
	SDTProvider_t *deeper;

	if (!can_mount())
		return;
	directory = volume("read-only", 0, "mode=0700");
	CHECK(mount("", directory, "", MS_REMOUNT | MS_RDONLY, NULL) == 0);
	expect_memfd("read-only", directory, "Read-only file system");
	deeper = scratch_loaded("deeper", scratch_join(directory, "usdt"));
	CHECK_CONTAINS(probeMemfdReason(scratch_probe(deeper)),
		       "Read-only file system");
	providerDestroy(deeper);
}

/* Takes all of its space. */
static void
fill(const char *directory)
{
	FILE *file = fopen(scratch_join(directory, "ballast"), "we");
	char block[4096];

	memset(block, 'x', sizeof(block));
	setbuf(file, NULL);
	while (fwrite(block, 1, sizeof(block), file) > 0)
		continue;
	CHECK_EQUAL(errno, ENOSPC);
	fclose(file);
}

static void
full(void)
{
	const char *directory;
	SDTProvider_t *provider;

	if (!can_mount())
		return;
	/* Not even the list of what is in use. */
	directory = volume("full", 0, "mode=0700,size=64k");
	fill(directory);
	expect_memfd("full", directory, "No space left on device");
	/* The list, but no object. */
	directory = volume("small", 0, "mode=0700,size=8k");
	expect_memfd("small", directory, "No space left on device");
	/* Not even a name. */
	directory = volume("names", 0, "mode=0700,nr_inodes=1");
	expect_memfd("names", directory, "No space left on device");
	/* And when there is space again, a file. */
	CHECK(unlink(scratch_join(scratch_path("full"), "ballast")) == 0);
	provider = scratch_loaded("space", scratch_path("full"));
	CHECK(probeMemfdReason(scratch_probe(provider)) == NULL);
	providerDestroy(provider);
}

void
mounts(void)
{
	RUN(no_execution);
	RUN(read_only);
	RUN(full);
}
