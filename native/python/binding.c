#include <string.h>

#include "binding.h"
#include "provider.h"

int
idle_byte(void)
{
	const struct site *site = site_for(site_machine(), 0);

	return site == NULL ? -1 : site->code[site->nop];
}

const uint8_t *
probe_byte(const SDTProbe_t *probe)
{
	size_t number;
	const struct object *object = probe_object(probe, &number);

	if (object == NULL)
		return NULL;
	/* Python reads it anew each time: it cannot keep it in a register. */
	return (const uint8_t *)object_nop(object, number);
}

/* What an operand of fewer bytes leaves out is not to be seen in the argument
 * block either. */
static uint64_t
cut(uint64_t word, ArgType_t type)
{
	switch (type) {
	case uint8:
		return (uint8_t)word;
	case int8:
		return (uint64_t)(int8_t)word;
	case uint16:
		return (uint16_t)word;
	case int16:
		return (uint64_t)(int16_t)word;
	case uint32:
		return (uint32_t)word;
	case int32:
		return (uint64_t)(int32_t)word;
	default:
		return word;
	}
}

void
fire_packed(SDTProbe_t *probe, const char *words, const char *text,
	    uint32_t strings)
{
	uint64_t block[MAX_ARGUMENTS] = {0};

	memcpy(block, words, (size_t)probe->argCount * sizeof(*block));
	for (int i = 0; i < probe->argCount; i++) {
		if (strings >> i & 1)
			block[i] += (uint64_t)(uintptr_t)text;
		else
			block[i] = cut(block[i], probe->argFmt[i]);
	}
	probeFireBlock(probe, block);
}
