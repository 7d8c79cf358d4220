/*
 * The bytes of objects, for every machine there is code for. They are written
 * to files MACHINE.nop<length>.<plain|semaphores>.so, for tools to look at
 * (tests/system/test_images.py).
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "image.h"
#include "scratch.h"
#include "suites.h"

static const struct {
	const char *name;
	uint16_t machine;
	int length;
} kinds[] = {
    {"x86-64", EM_X86_64, 5},
    {"x86-64", EM_X86_64, 1},
    {"aarch64", EM_AARCH64, 4},
};

static const SDTProbe_t none = {.name = "none"};
static const SDTProbe_t six = {
    .name = "six-kinds",
    .argCount = 6,
    .argFmt = {int8, uint16, int32, uint32, int64, uint64},
};
static const SDTProbe_t most = {
    .name = "most",
    .argCount = MAX_ARGUMENTS,
    .argFmt = {uint8, int8,  uint16, int16,  uint32, int32, uint64, int64,
	       uint8, int16, int32,  uint64, uint8,  uint8, uint8,  uint8,
	       uint8, uint8, uint8,  uint8,  uint8,  uint8, uint8,  uint8,
	       uint8, uint8, uint8,  uint8,  uint8,  uint8, uint8,  uint8},
};
static const SDTProbe_t *const probes[] = {&none, &six, &most};

static struct image
make(const struct site *site, const char *provider, size_t count,
     int semaphores)
{
	struct image image = {0};

	CHECK(image_make(&image, site, provider, probes, count, semaphores) ==
	      0);
	return image;
}

static void
written(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (int semaphores = 0; semaphores < 2; semaphores++) {
			const struct site *site =
			    site_for(kinds[i].machine, kinds[i].length);
			struct image image = make(site, "shop", 3, semaphores);
			char name[64];
			CHECK_EQUAL(site->length, kinds[i].length);
			snprintf(name, sizeof(name), "%s.nop%d.%s.so",
				 kinds[i].name, kinds[i].length,
				 semaphores ? "semaphores" : "plain");
			scratch_write(scratch_path(name), image.bytes,
				      image.size);
			image_free(&image);
		}
	}
}

static int
same(const struct image *one, const struct image *two)
{
	int same_bytes = one->size == two->size &&
			 memcmp(one->bytes, two->bytes, one->size) == 0;

	/* The id is that of the bytes, and of nothing else. */
	CHECK((memcmp(one->id, two->id, sizeof(one->id)) == 0) == same_bytes);
	return same_bytes;
}

static void
what_is_the_same(void)
{
	const struct site *five = site_for(EM_X86_64, 5),
			  *single = site_for(EM_X86_64, 1);
	struct image first = make(five, "shop", 3, 0);
	struct image others[] = {
	    make(five, "shop", 3, 0),   make(five, "shoq", 3, 0),
	    make(five, "shop", 2, 0),   make(five, "shop", 3, 1),
	    make(single, "shop", 3, 0),
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		CHECK_EQUAL(same(&first, &others[i]), i == 0);
		image_free(&others[i]);
	}
	image_free(&first);
}

static void
the_largest(void)
{
	const SDTProbe_t **all = calloc(IMAGE_PROBES_MAX, sizeof(SDTProbe_t *));
	struct image image = {0};

	for (size_t i = 0; i < IMAGE_PROBES_MAX; i++)
		all[i] = &most;
	CHECK(image_make(&image, site_for(EM_AARCH64, 0), "large", all,
			 IMAGE_PROBES_MAX, 1) == 0);
	CHECK(image.code % (64 << 10) == 0);
	CHECK(image.semaphores >
	      image.code + (uint64_t)IMAGE_PROBES_MAX * SITE_STRIDE);
	CHECK(image.size > image.semaphores + 2 * IMAGE_PROBES_MAX);
	image_free(&image);
	free(all);
}

static void
what_there_is_no_code_for(void)
{
	CHECK(site_for(EM_386, 0) == NULL);
	CHECK(site_for(EM_AARCH64, 1) == NULL);
	CHECK(site_for(EM_AARCH64, 5) == NULL);
	CHECK(site_for(EM_X86_64, 4) == NULL);
	CHECK(site_for(site_machine(), 0) != NULL);
}

void
images(void)
{
	RUN(written);
	RUN(what_is_the_same);
	RUN(the_largest);
	RUN(what_there_is_no_code_for);
}
