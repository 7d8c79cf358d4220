/*
 * What Python needs beside stapsdt.h (native/python/build.py binds both).
 */
#ifndef NODEOBS_BINDING_H
#define NODEOBS_BINDING_H

#include "stapsdt.h"

/* The first byte of a nop that no tracer is attached to; -1 where probes cannot
 * be made on this machine. */
int idle_byte(void);

/* The first byte of the probe's nop, as it is and will be until
 * providerDestroy; NULL before providerLoad. It must not be written to. */
const uint8_t *probe_byte(const SDTProbe_t *probe);

/*
 * Fires the probe, which is enabled. `words` has a uint64_t for each argument,
 * aligned or not. Integers are cut to the argument's type. In place of a
 * string, which bit i of `strings` says that argument i is, there is the
 * offset of its bytes in `text`, with a NUL at their end.
 */
void fire_packed(SDTProbe_t *probe, const char *words, const char *text,
		 uint32_t strings);

#endif
