#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mapping.h"
#include "object.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct object *objects;
/* Objects without references that a tracer keeps mapped. */
static unsigned lingering;

/* A child must not inherit a lock that a thread holds which it has not. */
static void
before_fork(void)
{
	pthread_mutex_lock(&mutex);
}

static void
after_fork(void)
{
	pthread_mutex_unlock(&mutex);
}

static int is_traced(const struct object *object);

static void
after_fork_in_child(void)
{
	struct object *object;

	for (object = objects; object != NULL; object = object->next) {
		if (is_traced(object))
			mapping_renew(object);
	}
	after_fork();
}

static void
watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

void
objects_lock(void)
{
	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&mutex);
}

void
objects_unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

/* Other threads may still be at it, and nothing is lost if they are: somebody
 * else will find that this process is gone. */
static void __attribute__((destructor))
at_exit(void)
{
	if (pthread_mutex_trylock(&mutex) != 0)
		return;
	store_close_all();
	pthread_mutex_unlock(&mutex);
}

static int
is_traced(const struct object *object)
{
	for (size_t i = 0; i < object->count; i++) {
		const uint8_t *code = object->site->code;
		if (*object_nop(object, i) != code[object->site->nop])
			return 1;
	}
	return 0;
}

static void
unmap(struct object *object)
{
	struct object **link;

	for (link = &objects; *link != object; link = &(*link)->next)
		;
	*link = object->next;
	mapping_end(object);
	free(object->name);
	free(object->path);
	free(object->reason);
	free(object);
}

/* Unmaps what tracers have left. */
static void
sweep(void)
{
	struct object *object, *next;

	for (object = objects; lingering > 0 && object != NULL; object = next) {
		next = object->next;
		if (object->references == 0 && !is_traced(object)) {
			lingering--;
			unmap(object);
		}
	}
}

const char *
object_path(struct object *object)
{
	if (object->store != NULL)
		return object->path;
	/* Anew each time: a forked child has another pid. */
	snprintf(object->memfd_path, sizeof(object->memfd_path),
		 "/proc/%ld/fd/%d", (long)getpid(), object->memfd.fd);
	return object->memfd_path;
}

static int
same_place(const struct object *object, const struct object_wish *wish)
{
	if (wish->memfd)
		return object->store == NULL;
	return object->store != NULL || object->reason != NULL;
}

static struct object *
find(const struct object_wish *wish, const struct image *image)
{
	struct object *object;

	for (object = objects; object != NULL; object = object->next) {
		if (memcmp(object->id, image->id, sizeof(image->id)) == 0 &&
		    same_place(object, wish))
			return object;
	}
	return NULL;
}

static struct object *
load(const struct object_wish *wish, const struct image *image,
     SDTError_t *code, char reason[REASON_MAX])
{
	struct object *object = calloc(1, sizeof(*object));

	if (object == NULL) {
		*code = outOfMemoryError;
		explain(reason, "out of memory");
		return NULL;
	}
	memcpy(object->id, image->id, sizeof(object->id));
	object->site = wish->site;
	object->code = image->code;
	object->semaphores = image->semaphores;
	object->count = wish->count;
	object->memfd = NO_DESCRIPTOR;
	if (mapping_begin(object, wish, image, code, reason) != 0) {
		free(object);
		return NULL;
	}
	object->next = objects;
	objects = object;
	return object;
}

struct object *
object_acquire(const struct object_wish *wish, SDTError_t *code,
	       char reason[REASON_MAX])
{
	struct object *object;
	struct image image;

	sweep();
	if (image_make(&image, wish->site, wish->provider, wish->probes,
		       wish->count, wish->semaphores) != 0) {
		*code = elfCreationError;
		explain(reason, "out of memory");
		return NULL;
	}
	object = find(wish, &image);
	if (object == NULL)
		object = load(wish, &image, code, reason);
	else if (object->references == 0)
		lingering--;
	image_free(&image);
	if (object != NULL)
		object->references++;
	return object;
}

struct object *
object_hold(struct object *object)
{
	object->references++;
	return object;
}

void
object_release(struct object *object)
{
	object->references--;
	if (object->references == 0) {
		if (is_traced(object))
			lingering++;
		else
			unmap(object);
	}
	sweep();
}
