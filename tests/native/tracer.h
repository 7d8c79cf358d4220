/*
 * A kernel tracer without a tool: a perf event that counts a uprobe's hits.
 */
#ifndef TRACER_H
#define TRACER_H

#include <stdint.h>

#include "provider.h"

/* Whether there can be one; else the test is skipped and has to return. Under
 * valgrind, which translates the breakpoint, there is none. */
int tracer_possible(void);

struct tracer;

/* Attaches to a probe, for what this thread fires. */
struct tracer *tracer_attach(const SDTProbe_t *probe);

/* The same, for whatever thread of whatever process. */
struct tracer *tracer_attach_everywhere(const SDTProbe_t *probe);

/* The same, raising the probe's semaphore, as tools do that know of it. */
struct tracer *tracer_attach_raising(const SDTProbe_t *probe);

/* How often the probe was hit. */
long long tracer_count(const struct tracer *tracer);

void tracer_detach(struct tracer *tracer);

/* The probe's semaphore in memory; NULL: it has none. */
volatile uint16_t *tracer_semaphore(const SDTProbe_t *probe);

#endif
