/*
 * What a provider and a probe may be, and what is said about the others.
 */
#include <string.h>

#include "check.h"
#include "scratch.h"
#include "site.h"
#include "suites.h"

static const char *const bad_names[] = {"",       ":",    "a:b", "tab\t",
					"line\n", "\x7f", "\x01"};
static const char *const good_names[] = {"a",       "route-done", "a b",
					 "\"'\\%s", "\xc3\xa9",   "\xff"};

static char *
name_of_length(char *name, size_t length)
{
	memset(name, 'n', length);
	name[length] = '\0';
	return name;
}

static void
provider_names(void)
{
	char name[SDT_NAME_MAX + 2];

	CHECK(providerInit(NULL) == NULL);
	CHECK_CONTAINS(stapsdtError(), "empty");
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		CHECK(providerInit(bad_names[i]) == NULL);
		CHECK_CONTAINS(stapsdtError(), "the name");
	}
	CHECK(providerInit(name_of_length(name, SDT_NAME_MAX + 1)) == NULL);
	CHECK_CONTAINS(stapsdtError(), "longer than 127");
	name_of_length(name, SDT_NAME_MAX);
	SDTProvider_t *longest = providerInit(name);
	CHECK(longest != NULL && strcmp(longest->name, name) == 0);
	providerDestroy(longest);
	for (size_t i = 0; i < sizeof(good_names) / sizeof(good_names[0]);
	     i++) {
		SDTProvider_t *provider =
		    scratch_loaded(good_names[i], scratch_root);
		CHECK(strcmp(provider->name, good_names[i]) == 0);
		CHECK(probePath(scratch_probe(provider)) != NULL);
		providerDestroy(provider);
	}
}

static void
expect_refusal(SDTProvider_t *provider, const SDTProbe_t *probe,
	       const char *why)
{
	CHECK(probe == NULL);
	CHECK_EQUAL(provider->code, invalidArgumentError);
	CHECK_CONTAINS(provider->error, why);
}

static void
probe_names(void)
{
	char name[SDT_NAME_MAX + 2];
	SDTProvider_t *provider = providerInit("names");

	expect_refusal(provider, providerAddProbe(provider, NULL, 0), "empty");
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++)
		expect_refusal(provider,
			       providerAddProbe(provider, bad_names[i], 0),
			       "the name");
	name_of_length(name, SDT_NAME_MAX + 1);
	expect_refusal(provider, providerAddProbe(provider, name, 0),
		       "longer than 127");
	CHECK(providerAddProbe(provider, name_of_length(name, SDT_NAME_MAX),
			       0) != NULL);
	CHECK_EQUAL(provider->code, noError);
	CHECK(strcmp(provider->error, "") == 0);
	expect_refusal(provider, providerAddProbe(provider, name, 0),
		       "of that name");
	for (size_t i = 0; i < sizeof(good_names) / sizeof(good_names[0]); i++)
		CHECK(providerAddProbe(provider, good_names[i], 0) != NULL);
	providerDestroy(provider);
}

static void
types_and_counts(void)
{
	static const ArgType_t good[] = {uint8,  int8,  uint16, int16,
					 uint32, int32, uint64, int64};
	static const int bad[] = {0, 3,  -3,  5,     7,
				  9, 16, -16, 32767, -2147483647 - 1};
	static const int counts[] = {-1, MAX_ARGUMENTS + 1, 2147483647,
				     -2147483647 - 1};
	SDTProvider_t *provider = providerInit("types");
	ArgType_t types[MAX_ARGUMENTS];
	SDTProbe_t *probe;

	for (int i = 0; i < MAX_ARGUMENTS; i++)
		types[i] = good[i % 8];
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		expect_refusal(
		    provider,
		    providerAddProbeTypes(provider, "p", counts[i], types),
		    "0 to 32");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		types[i] = (ArgType_t)bad[i];
		expect_refusal(
		    provider,
		    providerAddProbeTypes(provider, "p", MAX_ARGUMENTS, types),
		    "type");
		types[i] = good[i % 8];
	}
	probe = providerAddProbeTypes(provider, "all", MAX_ARGUMENTS, types);
	CHECK(probe != NULL && probe->argCount == MAX_ARGUMENTS);
	CHECK(memcmp(probe->argFmt, types, sizeof(types)) == 0);
	probe = providerAddProbe(provider, "some", 3, uint64, int8, int32);
	CHECK(probe != NULL && probe->argCount == 3 &&
	      probe->provider == provider);
	CHECK(probe->argFmt[0] == uint64 && probe->argFmt[1] == int8 &&
	      probe->argFmt[2] == int32 && probe->argFmt[3] == noarg);
	CHECK(providerAddProbeTypes(provider, "none", 0, NULL) != NULL);
	providerDestroy(provider);
}

static void
options(void)
{
	static char too_long[PATH_MAX + 1];
	SDTProvider_t *provider = providerInit("options");

	too_long[0] = '/';
	name_of_length(too_long + 1, PATH_MAX - 1);
	CHECK_EQUAL(providerUseDirectory(provider, NULL), -1);
	CHECK_EQUAL(providerUseDirectory(provider, ""), -1);
	CHECK_EQUAL(providerUseDirectory(provider, "relative"), -1);
	CHECK_EQUAL(provider->code, invalidArgumentError);
	CHECK_EQUAL(providerUseDirectory(provider, too_long), -1);
	CHECK_CONTAINS(provider->error, "directory");
	for (int length = -1; length < 16; length++) {
		int possible =
		    length == 0 ||
		    (length > 0 && site_for(site_machine(), length) != NULL);
		CHECK_EQUAL(providerUseNop(provider, length),
			    possible ? 0 : -1);
	}
	CHECK_CONTAINS(provider->error, "nop");
	CHECK_EQUAL(providerUseMemfd(provider, memfd_enabled), 0);
	CHECK_EQUAL(providerUseSemaphores(provider, 1), 0);
	providerDestroy(provider);
}

static void
before_it_is_loaded(void)
{
	SDTProvider_t *provider =
	    scratch_provider("early", scratch_directory("early"));
	SDTProbe_t *probe = scratch_probe(provider);

	CHECK(probePath(probe) == NULL);
	CHECK_EQUAL(probeOffset(probe), 0);
	CHECK(probeMemfdReason(probe) == NULL);
	CHECK_EQUAL(probeIsEnabled(probe), 0);
	probeFire(probe, 1);
	CHECK_EQUAL(providerUnload(provider), 0);
	providerDestroy(provider);
	providerDestroy(NULL);
	CHECK_EQUAL(scratch_entries(scratch_path("early"), "", NULL), 0);
}

static void
no_probes_at_all(void)
{
	SDTProvider_t *provider = providerInit("bare");

	CHECK_EQUAL(providerUseDirectory(provider, scratch_directory("bare")),
		    0);
	CHECK_EQUAL(providerLoad(provider), 0);
	CHECK_EQUAL(scratch_entries(scratch_path("bare"), "", NULL), 0);
	CHECK(providerAddProbe(provider, "late", 0) != NULL);
	CHECK_EQUAL(providerLoad(provider), 0);
	CHECK(probePath(scratch_probe(provider)) != NULL);
	providerDestroy(provider);
}

void
declarations(void)
{
	RUN(provider_names);
	RUN(probe_names);
	RUN(types_and_counts);
	RUN(options);
	RUN(before_it_is_loaded);
	RUN(no_probes_at_all);
}
