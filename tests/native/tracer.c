#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "tracer.h"

#define PMU "/sys/bus/event_source/devices/uprobe/type"
/* Where in attr.config the kernel expects the semaphore's file offset
 * (Linux 4.20). */
#define SEMAPHORE_SHIFT 32

static int
pmu_type(void)
{
	FILE *file = fopen(PMU, "re");
	int type = -1;

	if (file == NULL)
		return -1;
	if (fscanf(file, "%d", &type) != 1)
		type = -1;
	fclose(file);
	return type;
}

int
tracer_possible(void)
{
	if (getenv("NODEOBS_TEST_UNTRACED") != NULL)
		return 0;
	if (pmu_type() < 0) {
		check_skip("needs uprobes as perf events");
		return 0;
	}
	if (geteuid() != 0) {
		check_skip("needs root to trace with the kernel");
		return 0;
	}
	return 1;
}

/* One event for this thread, or one for each processor, whatever runs there.
 * (An event that new threads inherit does not do: the kernel reads its path in
 * the new one's memory.) */
struct tracer {
	int count;
	int events[];
};

static struct tracer *
attach(const SDTProbe_t *probe, uint64_t semaphore, int everywhere)
{
	int processors = everywhere ? (int)sysconf(_SC_NPROCESSORS_ONLN) : 1;
	struct tracer *tracer =
	    malloc(sizeof(*tracer) + (size_t)processors * sizeof(int));
	struct perf_event_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.size = sizeof(attributes);
	attributes.type = (uint32_t)pmu_type();
	attributes.config = semaphore << SEMAPHORE_SHIFT;
	attributes.uprobe_path = (uint64_t)(uintptr_t)probePath(probe);
	attributes.probe_offset = probeOffset(probe);
	tracer->count = processors;
	for (int i = 0; i < processors; i++) {
		tracer->events[i] = (int)syscall(
		    SYS_perf_event_open, &attributes, everywhere ? -1 : 0,
		    everywhere ? i : -1, -1, PERF_FLAG_FD_CLOEXEC);
		if (!CHECK(tracer->events[i] >= 0))
			printf("# perf_event_open: %s\n", strerror(errno));
	}
	return tracer;
}

struct tracer *
tracer_attach(const SDTProbe_t *probe)
{
	return attach(probe, 0, 0);
}

struct tracer *
tracer_attach_everywhere(const SDTProbe_t *probe)
{
	return attach(probe, 0, 1);
}

struct tracer *
tracer_attach_raising(const SDTProbe_t *probe)
{
	size_t number;
	const struct object *object = probe_object(probe, &number);

	return attach(probe, object->semaphores + number * sizeof(uint16_t), 0);
}

long long
tracer_count(const struct tracer *tracer)
{
	long long sum = 0;

	for (int i = 0; i < tracer->count; i++) {
		uint64_t count = 0;
		CHECK(read(tracer->events[i], &count, sizeof(count)) ==
		      (ssize_t)sizeof(count));
		sum += (long long)count;
	}
	return sum;
}

void
tracer_detach(struct tracer *tracer)
{
	for (int i = 0; i < tracer->count; i++)
		close(tracer->events[i]);
	free(tracer);
}

volatile uint16_t *
tracer_semaphore(const SDTProbe_t *probe)
{
	size_t number;
	const struct object *object = probe_object(probe, &number);

	if (object->semaphores == 0)
		return NULL;
	return (volatile uint16_t *)(volatile void *)(object->base +
						      object->semaphores) +
	       number;
}
