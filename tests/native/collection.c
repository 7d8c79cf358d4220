/*
 * Files of processes that are no more go; those of the others stay.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"

#define HOUR 3600
#define DAY  (24 * HOUR)

/* A process looks for what can go when it first uses the directory. */
static void
use(void *directory)
{
	providerDestroy(scratch_loaded("visitor", directory));
}

static void
visit(const char *directory)
{
	check_in_child(use, (void *)(uintptr_t)directory);
}

/* A process that uses a provider, until it is told to go. */
struct user {
	pid_t pid;
	int hold;                /* closed: go */
	char name[NAME_MAX + 1]; /* of its object */
	char list[NAME_MAX + 1];
};

static struct user
start_user(const char *directory, const char *provider)
{
	struct user user = {.hold = -1};
	int hold[2], ready[2];
	char byte;

	CHECK(pipe(hold) == 0 && pipe(ready) == 0);
	fflush(stdout);
	user.pid = fork();
	if (user.pid == 0) {
		static SDTProvider_t *volatile used; /* not lost: no leak */
		close(hold[1]);
		used = scratch_loaded(provider, directory);
		CHECK(used != NULL);
		CHECK(write(ready[1], "r", 1) == 1);
		CHECK(read(hold[0], &byte, 1) == 0);
		exit(check_failures() == 0 ? 0 : 1);
	}
	close(hold[0]);
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	user.hold = hold[1];
	snprintf(user.list, sizeof(user.list), "in-use.%ld.0", (long)user.pid);
	CHECK_EQUAL(scratch_entries(directory, provider, user.name), 1);
	CHECK(scratch_exists(scratch_join(directory, user.list)));
	return user;
}

/* Ends with exit, or is killed. */
static void
end_user(struct user *user, int killed)
{
	int status = -1;

	if (killed)
		CHECK(kill(user->pid, SIGKILL) == 0);
	close(user->hold);
	CHECK(waitpid(user->pid, &status, 0) == user->pid);
	CHECK_EQUAL(status, killed ? SIGKILL : 0);
}

static time_t
age(const char *path)
{
	struct stat status = {0};

	CHECK(lstat(path, &status) == 0);
	return time(NULL) - status.st_mtime;
}

static void
by_age(void)
{
	static const struct {
		const char *name;
		time_t age;
		int stays;
	} files[] = {
	    {"a.0.so", -3 * DAY, 0},     {"b.0.so", -DAY, 1},
	    {"new.1.2", -2 * HOUR, 0},   {"new.3.4", 0, 1},
	    {"readme.txt", -9 * DAY, 1}, {".so", -9 * DAY, 1},
	    {"a.so.bak", -9 * DAY, 1},
	};
	const char *directory = scratch_directory("age");

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		scratch_write(scratch_join(directory, files[i].name), "", 0);
		scratch_age(scratch_join(directory, files[i].name),
			    files[i].age);
	}
	CHECK(symlink("b.0.so", scratch_join(directory, "link.so")) == 0);
	scratch_age(scratch_join(directory, "link.so"), -9 * DAY);
	CHECK(mkdir(scratch_join(directory, "directory.so"), 0700) == 0);
	scratch_age(scratch_join(directory, "directory.so"), -9 * DAY);
	visit(directory);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!CHECK_EQUAL(
			scratch_exists(scratch_join(directory, files[i].name)),
			files[i].stays))
			printf("# %s\n", files[i].name);
	}
	CHECK(scratch_exists(scratch_join(directory, "link.so")));
	CHECK(scratch_exists(scratch_join(directory, "directory.so")));
}

static void
of_a_living_process(void)
{
	const char *directory = scratch_directory("living");
	struct user user = start_user(directory, "living");
	const char *object = scratch_join(directory, user.name);

	scratch_age(object, -9 * DAY);
	visit(directory);
	CHECK(scratch_exists(object));
	CHECK(scratch_exists(scratch_join(directory, user.list)));
	end_user(&user, 0);
	/* It said itself when it was used last, and took its list away. */
	CHECK(age(object) < HOUR);
	CHECK(!scratch_exists(scratch_join(directory, user.list)));
	visit(directory);
	CHECK(scratch_exists(object));
	scratch_age(object, -9 * DAY);
	visit(directory);
	CHECK(!scratch_exists(object));
}

static void
of_a_killed_process(void)
{
	const char *directory = scratch_directory("killed");
	struct user user = start_user(directory, "killed");
	const char *object = scratch_join(directory, user.name);

	scratch_age(object, -9 * DAY);
	end_user(&user, 1);
	CHECK(scratch_exists(scratch_join(directory, user.list)));
	/* Whoever finds the list knows that it was in use until a moment ago.
	 */
	visit(directory);
	CHECK(!scratch_exists(scratch_join(directory, user.list)));
	CHECK(scratch_exists(object));
	CHECK(age(object) < HOUR);
	scratch_age(object, -9 * DAY);
	visit(directory);
	CHECK(!scratch_exists(object));
}

/* The object is in use as long as one of them lives. */
static void
of_several_processes(void)
{
	const char *directory = scratch_directory("several");
	struct user one = start_user(directory, "several");
	struct user two = start_user(directory, "several");
	const char *object = scratch_join(directory, one.name);

	CHECK(strcmp(one.name, two.name) == 0);
	end_user(&one, 1);
	visit(directory);
	CHECK(!scratch_exists(scratch_join(directory, one.list)));
	scratch_age(object, -9 * DAY);
	visit(directory);
	CHECK(scratch_exists(object));
	end_user(&two, 0);
}

/* The names in a list are not trusted. */
static void
by_a_forged_list(void)
{
	const char *directory = scratch_directory("forged");
	const char *outside = scratch_path("outside.so");
	static const char list[] =
	    "\n../outside.so\n.\n..\n\n/etc/hostname\nx.so\n";

	scratch_write(outside, "", 0);
	scratch_age(outside, -9 * DAY);
	scratch_write(scratch_join(directory, "in-use.1.0"), list,
		      sizeof(list) - 1);
	CHECK(symlink(outside, scratch_join(directory, "in-use.2.0")) == 0);
	CHECK(mkfifo(scratch_join(directory, "in-use.3.0"), 0600) == 0);
	visit(directory);
	CHECK(age(outside) > 8 * DAY);
	CHECK(!scratch_exists(scratch_join(directory, "in-use.1.0")));
	CHECK(scratch_exists(outside));
}

/* A living process's list that cannot be read may have any name in it. */
static void
with_a_list_too_long(void)
{
	const char *directory = scratch_directory("long");
	const char *list = scratch_join(directory, "in-use.1.0");
	const char *object = scratch_join(directory, "old.so");
	FILE *file = fopen(list, "we");

	CHECK(ftruncate(fileno(file), 8 << 20) == 0);
	CHECK(flock(fileno(file), LOCK_EX) == 0);
	scratch_write(object, "", 0);
	scratch_age(object, -9 * DAY);
	visit(directory);
	CHECK(scratch_exists(object));
	CHECK(scratch_exists(list));
	fclose(file);
}

static void
while_it_is_locked(void)
{
	const char *directory = scratch_directory("locked");
	const char *object = scratch_join(directory, "old.so");
	FILE *entries = fopen(directory, "re");
	SDTProvider_t *provider;

	scratch_write(object, "", 0);
	scratch_age(object, -9 * DAY);
	/* Others use it: what is there stays, and files are made. */
	CHECK(flock(fileno(entries), LOCK_SH) == 0);
	visit(directory);
	CHECK(scratch_exists(object));
	CHECK_EQUAL(scratch_entries(directory, "visitor.", NULL), 1);
	/* Somebody holds it and does not let go: nobody waits for long. */
	CHECK(flock(fileno(entries), LOCK_EX) == 0);
	provider = scratch_loaded("locked", directory);
	CHECK_CONTAINS(probeMemfdReason(scratch_probe(provider)),
		       "another process holds it");
	providerDestroy(provider);
	fclose(entries);
	visit(directory);
	CHECK(!scratch_exists(object));
}

/* What a process itself makes and gives up does not pile up. */
static void
of_this_process(void)
{
	const char *directory = scratch_directory("own");
	SDTProvider_t *kept = scratch_loaded("kept", directory);

	for (int i = 0; i < 300; i++) {
		char name[32];
		snprintf(name, sizeof(name), "own%d", i);
		providerDestroy(scratch_loaded(name, directory));
		CHECK(scratch_entries(directory, "own", NULL) <= 64);
	}
	CHECK(scratch_exists(probePath(scratch_probe(kept))));
	CHECK_EQUAL(scratch_entries(directory, "in-use.", NULL), 1);
	providerDestroy(kept);
}

void
collection(void)
{
	RUN(by_age);
	RUN(of_a_living_process);
	RUN(of_a_killed_process);
	RUN(of_several_processes);
	RUN(by_a_forged_list);
	RUN(with_a_list_too_long);
	RUN(while_it_is_locked);
	RUN(of_this_process);
}
