/*
 * Names, types, counts and directories as nobody would choose them. The same
 * ones every time.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "scratch.h"
#include "suites.h"

static uint64_t state = 20260101;

/* A number below `limit` (xorshift64). */
static unsigned
draw(unsigned limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 32) % limit);
}

/* A text of up to 300 bytes; every other one is of letters. */
static char *
draw_text(char text[301])
{
	unsigned length = draw(8) == 0 ? draw(301) : draw(12);
	int letters = draw(2) == 0;

	for (unsigned i = 0; i < length; i++)
		text[i] = (char)(letters ? 'a' + draw(26) : 1 + draw(255));
	text[length] = '\0';
	return text;
}

static void
expect_reason(const char *reason)
{
	CHECK(reason != NULL && reason[0] != '\0');
	CHECK(reason != NULL && strlen(reason) < 600);
}

static void
draw_probe(SDTProvider_t *provider)
{
	static const int types[] = {1, 2, 4, 8, -1, -2, -4, -8, 0, 3, 64, -128};
	static const int counts[] = {-1, 33, 1 << 20, -(1 << 30)};
	ArgType_t drawn[40];
	char name[301];
	int count =
	    draw(20) == 0 ? counts[draw(4)] : (int)draw(MAX_ARGUMENTS + 1);
	unsigned kinds = draw(4) == 0 ? 12 : 8;

	for (int i = 0; i < 40; i++)
		drawn[i] = (ArgType_t)types[draw(kinds)];
	if (providerAddProbeTypes(provider, draw_text(name), count, drawn) ==
	    NULL) {
		expect_reason(provider->error);
		CHECK(provider->code == invalidArgumentError);
	} else {
		CHECK(provider->code == noError &&
		      strcmp(provider->error, "") == 0);
	}
}

static const char *
draw_directory(void)
{
	static const char *const odd[] = {
	    "",         "/",      "/proc",          "/dev/null", "/dev/null/x",
	    "relative", "/sys/x", "/nonexistent/x", NULL};
	char text[301];

	if (draw(4) > 0)
		return scratch_path("usual");
	if (draw(3) > 0)
		return odd[draw(9)];
	draw_text(text);
	for (char *c = text; *c != '\0'; c++) {
		if (*c == '/' || *c == '.')
			*c = '_';
	}
	return scratch_path(text[0] == '\0' ? "_" : text);
}

static void
draw_provider(void)
{
	uint64_t block[MAX_ARGUMENTS];
	char name[301];
	SDTProvider_t *provider = providerInit(draw_text(name));
	unsigned probes = draw(12);

	if (provider == NULL) {
		expect_reason(stapsdtError());
		return;
	}
	if (providerUseDirectory(provider, draw_directory()) != 0) {
		expect_reason(provider->error);
		CHECK(providerUseDirectory(provider, scratch_path("usual")) ==
		      0);
	}
	providerUseMemfd(provider,
			 draw(3) == 0 ? memfd_enabled : memfd_disabled);
	providerUseSemaphores(provider, draw(2) == 0);
	if (providerUseNop(provider, (int)draw(8) - 1) != 0)
		expect_reason(provider->error);
	memset(block, 0xff, sizeof(block));
	for (unsigned i = 0; i < probes; i++) {
		draw_probe(provider);
		if (draw(4) == 0 && providerLoad(provider) != 0)
			expect_reason(provider->error);
		if (draw(8) == 0)
			providerUnload(provider);
	}
	if (providerLoad(provider) != 0)
		expect_reason(provider->error);
	for (SDTProbeList_t *node = provider->probes; node != NULL;
	     node = node->next) {
		CHECK(probeIsEnabled(&node->probe) == 0);
		probeFireBlock(&node->probe, block);
		CHECK(probePath(&node->probe) != NULL);
		if (probeMemfdReason(&node->probe) != NULL)
			expect_reason(probeMemfdReason(&node->probe));
	}
	providerDestroy(provider);
}

static void
whatever_is_drawn(void)
{
	int before = scratch_maps("");

	scratch_directory("usual");
	for (int i = 0; i < scratch_cycles; i++)
		draw_provider();
	/* Nothing is left of all that. */
	CHECK(scratch_watched() || scratch_maps("") <= before + 5);
}

void
fuzz(void)
{
	RUN(whatever_is_drawn);
}
