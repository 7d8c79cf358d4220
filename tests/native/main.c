/*
 * Drives the whole of native/stapsdt.
 *
 *	stapsdt_test --list
 *	stapsdt_test SUITE DIRECTORY [CYCLES]
 *
 * prints a line for each test (check.h), and exits with 1 where one failed.
 * DIRECTORY is empty, and everything is made there. CYCLES says how long to
 * look for growth, where a test does. NODEOBS_TEST_UNTRACED in the environment:
 * nothing is traced, for valgrind cannot be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"

static const struct {
	const char *name;
	void (*run)(void);
} suites[] = {
    {"declarations", declarations},
    {"firing", firing},
    {"storage", storage},
    {"planted", planted},
    {"mounts", mounts},
    {"collection", collection},
    {"threads", threads},
    {"forks", forks},
    {"growth", growth},
    {"fuzz", fuzz},
    {"memory", memory},
    {"images", images},
};

int
main(int argc, char **argv)
{
	const size_t count = sizeof(suites) / sizeof(suites[0]);

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < count; i++)
			puts(suites[i].name);
		return 0;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: %s SUITE DIRECTORY [CYCLES]\n",
			argv[0]);
		return 2;
	}
	scratch_root = argv[2];
	scratch_cycles = argc > 3 ? atoi(argv[3]) : 100;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(suites[i].name, argv[1]) == 0) {
			suites[i].run();
			return check_failures() == 0 ? 0 : 1;
		}
	}
	fprintf(stderr, "%s: no such suite\n", argv[1]);
	return 2;
}
