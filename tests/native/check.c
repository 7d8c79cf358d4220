#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int failures;
static const char *skipped;

int
check_that(int fine, const char *what, const char *file, int line)
{
	if (!fine) {
		__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
		printf("# %s:%d: %s\n", file, line, what);
	}
	return fine;
}

int
check_contains(const char *text, const char *part, const char *file, int line)
{
	char what[600];

	if (text != NULL && strstr(text, part) != NULL)
		return 1;
	snprintf(what, sizeof(what), "\"%s\" is not in \"%s\"", part,
		 text == NULL ? "NULL" : text);
	return check_that(0, what, file, line);
}

int
check_equal(long long is, long long expected, const char *what,
	    const char *file, int line)
{
	char text[300];

	snprintf(text, sizeof(text), "%s is %lld, expected was %lld", what, is,
		 expected);
	return check_that(is == expected, text, file, line);
}

void
check_run(const char *name, void (*test)(void))
{
	int before = failures;

	skipped = NULL;
	test();
	if (failures != before)
		printf("not ok %s\n", name);
	else if (skipped != NULL)
		printf("skip %s: %s\n", name, skipped);
	else
		printf("ok %s\n", name);
	fflush(stdout);
}

void
check_in_child(void (*what)(void *), void *data)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		failures = 0;
		what(data);
		fflush(stdout);
		_exit(failures == 0 ? 0 : 1);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK_EQUAL(status, 0);
}

void
check_skip(const char *reason)
{
	skipped = reason;
}

int
check_failures(void)
{
	return failures;
}
