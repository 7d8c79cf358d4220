/*
 * Checks that go on after a failure, and say where it was.
 */
#ifndef CHECK_H
#define CHECK_H

#define CHECK(condition)                                                       \
	check_that((condition) != 0, #condition, __FILE__, __LINE__)

/* For texts; either may be NULL. */
#define CHECK_CONTAINS(text, part)                                             \
	check_contains(text, part, __FILE__, __LINE__)

/* For numbers that are to be printed if they differ. */
#define CHECK_EQUAL(is, expected)                                              \
	check_equal((long long)(is), (long long)(expected), #is, __FILE__,     \
		    __LINE__)

#define RUN(test) check_run(#test, test)

int check_that(int fine, const char *what, const char *file, int line);
int check_contains(const char *text, const char *part, const char *file,
		   int line);
int check_equal(long long is, long long expected, const char *what,
		const char *file, int line);

/* Runs a test and prints "ok NAME", "not ok NAME" or "skip NAME: REASON". */
void check_run(const char *name, void (*test)(void));

/* The same in a forked child, which `what` ends with _exit or by returning: its
 * checks count. */
void check_in_child(void (*what)(void *), void *data);

/* What the test needs is not there. To be followed by return. */
void check_skip(const char *reason);

/* Failed checks so far. */
int check_failures(void);

#endif
