/*
 * A probe in C that is fired when it is asked to: _fire PROVIDER NOP TYPES
 *
 * NOP is the length of the probe's instruction, 0 for the default. TYPES has a
 * letter for each argument: i for an integer, s for a string. What it prints,
 * and how it is asked, is as with _fire.js.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stapsdt.h"

static double
seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int
refused(const char *reason)
{
	fprintf(stderr, "%s\n", reason);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	ArgType_t types[MAX_ARGUMENTS];
	uint64_t block[MAX_ARGUMENTS] = {0};
	int count = argc == 4 ? (int)strlen(argv[3]) : -1;
	SDTProvider_t *provider;
	SDTProbe_t *probe;
	char line[128];
	long firings;

	if (count < 0 || count > MAX_ARGUMENTS)
		return refused("_fire PROVIDER NOP TYPES");
	for (int i = 0; i < count; i++) {
		int string = argv[3][i] == 's';
		types[i] = string ? uint64 : int64;
		block[i] =
		    string ? (uint64_t)(uintptr_t)"/orders/1234/items" : 1;
	}
	provider = providerInit(argv[1]);
	if (provider == NULL)
		return refused(stapsdtError());
	if (providerUseNop(provider, atoi(argv[2])) != 0)
		return refused(provider->error);
	probe = providerAddProbeTypes(provider, "fire", count, types);
	if (probe == NULL || providerLoad(provider) != 0)
		return refused(provider->error);
	printf("{\"path\": \"%s\", \"offset\": %llu}\n", probePath(probe),
	       (unsigned long long)probeOffset(probe));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL &&
	       sscanf(line, "{\"firings\": %ld}", &firings) == 1) {
		double wall = seconds(CLOCK_MONOTONIC);
		double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
		for (long i = 0; i < firings; i++) {
			if (probeIsEnabled(probe))
				probeFireBlock(probe, block);
		}
		cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		wall = seconds(CLOCK_MONOTONIC) - wall;
		printf(
		    "{\"attached\": %s, \"wall_s\": %.9f, \"cpu_s\": %.9f}\n",
		    probeIsEnabled(probe) ? "true" : "false", wall, cpu);
		fflush(stdout);
	}
	providerDestroy(provider);
	return EXIT_SUCCESS;
}
