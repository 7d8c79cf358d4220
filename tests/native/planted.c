/*
 * What is at the path of an object already, and directories that cannot be
 * trusted.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"
#include "tracer.h"

#define NOBODY 65534

/* The object of `scratch_provider("planted", …)` as it should be. */
static uint8_t *good;
static size_t good_size;
static char good_name[NAME_MAX + 1];

static void
make_good(void)
{
	const char *directory = scratch_directory("good");
	SDTProvider_t *provider = scratch_loaded("planted", directory);

	CHECK_EQUAL(scratch_entries(directory, ".so", good_name), 1);
	good = scratch_read(probePath(scratch_probe(provider)), &good_size);
	providerDestroy(provider);
}

/* Loads where something is in the way; there is the right file then. */
static void
expect_replaced(const char *directory)
{
	SDTProvider_t *provider = scratch_loaded("planted", directory);
	const char *path = scratch_join(directory, good_name);
	size_t size;
	uint8_t *bytes;

	CHECK(strcmp(probePath(scratch_probe(provider)), path) == 0);
	CHECK(probeMemfdReason(scratch_probe(provider)) == NULL);
	bytes = scratch_read(path, &size);
	CHECK(size == good_size && memcmp(bytes, good, size) == 0);
	free(bytes);
	CHECK_EQUAL(scratch_entries(directory, "new.", NULL), 0);
	providerDestroy(provider);
}

/* Loads where something is in the way; it is not touched, and there is a memfd
 * then. */
static void
expect_refused(const char *directory, const char *why)
{
	SDTProvider_t *provider = scratch_loaded("planted", directory);

	CHECK(strncmp(probePath(scratch_probe(provider)), "/proc/", 6) == 0);
	CHECK_CONTAINS(probeMemfdReason(scratch_probe(provider)), why);
	CHECK_EQUAL(scratch_maps(good_name), 0);
	providerDestroy(provider);
}

static void
what_a_crash_leaves(void)
{
	const char *directory = scratch_directory("crash");
	const char *path = scratch_join(directory, good_name);
	uint8_t *bytes = malloc(good_size + 1);
	static const size_t flips[] = {0, 18, 0x1004};

	scratch_write(path, "", 0);
	expect_replaced(directory);
	CHECK(unlink(path) == 0);
	scratch_write(path, good, good_size / 2);
	expect_replaced(directory);
	memcpy(bytes, good, good_size);
	bytes[good_size] = 0;
	CHECK(unlink(path) == 0);
	scratch_write(path, bytes, good_size + 1);
	expect_replaced(directory);
	for (size_t i = 0; i < sizeof(flips) / sizeof(flips[0]); i++) {
		memcpy(bytes, good, good_size);
		bytes[flips[i]] ^= 1;
		CHECK(unlink(path) == 0);
		scratch_write(path, bytes, good_size);
		expect_replaced(directory);
	}
	free(bytes);
}

static void
what_an_earlier_run_left(void)
{
	const char *directory = scratch_directory("earlier");
	const char *path = scratch_join(directory, good_name);
	struct stat before, after;

	scratch_write(path, good, good_size);
	CHECK(chmod(path, 0400) == 0);
	scratch_age(path, -24 * 3600);
	CHECK(stat(path, &before) == 0);
	expect_replaced(directory);
	CHECK(stat(path, &after) == 0);
	/* The same file, which a tracer may be attached to, used now. */
	CHECK(before.st_ino == after.st_ino);
	CHECK(after.st_mtime > before.st_mtime + 23 * 3600);
}

static void
links(void)
{
	const char *directory = scratch_directory("links");
	const char *path = scratch_join(directory, good_name);
	const char *target = scratch_path("target");

	scratch_write(target, good, good_size);
	CHECK(symlink(target, path) == 0);
	expect_refused(directory, "symbolic link");
	CHECK(unlink(path) == 0);
	CHECK(symlink("/nonexistent", path) == 0);
	expect_refused(directory, "symbolic link");
	CHECK(!scratch_exists("/nonexistent"));
	CHECK(unlink(path) == 0);
}

static void
what_is_no_file(void)
{
	const char *directory = scratch_directory("special");
	const char *path = scratch_join(directory, good_name);
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "s"};
	int fd;

	CHECK(mkfifo(path, 0600) == 0);
	expect_refused(directory, "it is not a file");
	CHECK(unlink(path) == 0);
	CHECK(mkdir(path, 0700) == 0);
	expect_refused(directory, "it is not a file");
	CHECK(rmdir(path) == 0);
	/* A socket's address is shorter than the path. */
	CHECK(chdir(directory) == 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(fd, (const struct sockaddr *)&address, sizeof(address)) ==
	      0);
	CHECK(rename("s", path) == 0);
	expect_refused(directory, good_name);
	close(fd);
	CHECK(chdir("/") == 0);
}

static void
what_others_can_write(void)
{
	const char *directory = scratch_directory("others");
	const char *path = scratch_join(directory, good_name);

	scratch_write(path, good, good_size);
	CHECK(chmod(path, 0620) == 0);
	expect_refused(directory, "that only it can write");
	CHECK(chmod(path, 0602) == 0);
	expect_refused(directory, "that only it can write");
	CHECK(chmod(path, 0600) == 0);
	if (geteuid() != 0) {
		check_skip("needs root to make a file of another user");
		return;
	}
	CHECK(chown(path, NOBODY, NOBODY) == 0);
	expect_refused(directory, "it is not a file of uid 0");
}

static void
temporary_names(void)
{
	const char *directory = scratch_directory("temporary");
	char name[64];
	SDTProvider_t *provider;

	/* More than this process has made so far. */
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "new.%ld.%d", (long)getpid(), i);
		if (i % 2 == 0)
			scratch_write(scratch_join(directory, name), "x", 1);
		else
			CHECK(symlink(scratch_path("elsewhere"),
				      scratch_join(directory, name)) == 0);
		snprintf(name, sizeof(name), "in-use.%ld.%d", (long)getpid(),
			 i);
		CHECK(symlink(scratch_path("elsewhere"),
			      scratch_join(directory, name)) == 0);
	}
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "temporary%d", i);
		provider = scratch_loaded(name, directory);
		CHECK(probeMemfdReason(scratch_probe(provider)) == NULL);
		providerDestroy(provider);
	}
	CHECK(!scratch_exists(scratch_path("elsewhere")));
}

static void
directories(void)
{
	const char *path;

	path = scratch_directory("real");
	CHECK(symlink(path, scratch_path("link")) == 0);
	expect_refused(scratch_path("link"), "symbolic link");
	CHECK_EQUAL(scratch_entries(path, "", NULL), 0);
	scratch_write(scratch_path("regular"), "", 0);
	expect_refused(scratch_path("regular"), "no directory");
	expect_refused(scratch_path("missing/deeper"),
		       "cannot make the directory");
	path = scratch_directory("open");
	for (unsigned i = 0; i < 6; i++) {
		CHECK(chmod(path, 0700 | 1u << i) == 0);
		expect_refused(path, "is open to other users");
	}
	CHECK_EQUAL(scratch_entries(path, "", NULL), 0);
	/* Trusted at first, and not any more. */
	path = scratch_directory("opened");
	expect_replaced(path);
	CHECK(unlink(scratch_join(path, good_name)) == 0);
	CHECK(chmod(path, 0770) == 0);
	expect_refused(path, "is open to other users");
	if (geteuid() != 0) {
		check_skip("needs root to make a directory of another user");
		return;
	}
	path = scratch_directory("foreign");
	CHECK(chown(path, NOBODY, NOBODY) == 0);
	expect_refused(path, "belongs to uid 65534");
	CHECK_EQUAL(scratch_entries(path, "", NULL), 0);
}

static void
traced_all_the_same(void)
{
	const char *directory = scratch_directory("traced");
	const char *path = scratch_join(directory, good_name);

	if (!tracer_possible())
		return;
	for (int i = 0; i < 2; i++) {
		SDTProvider_t *provider;
		struct tracer *tracer;
		if (i == 0)
			scratch_write(path, good, good_size / 2);
		else
			CHECK(unlink(path) == 0 && symlink("/", path) == 0);
		provider = scratch_loaded("planted", directory);
		tracer = tracer_attach(scratch_probe(provider));
		probeFire(scratch_probe(provider), 1);
		CHECK_EQUAL(tracer_count(tracer), 1);
		tracer_detach(tracer);
		providerDestroy(provider);
	}
}

void
planted(void)
{
	make_good();
	RUN(what_a_crash_leaves);
	RUN(what_an_earlier_run_left);
	RUN(links);
	RUN(what_is_no_file);
	RUN(what_others_can_write);
	RUN(temporary_names);
	RUN(directories);
	RUN(traced_all_the_same);
	free(good);
}
