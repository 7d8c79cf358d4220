#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mapping.h"
#include "memfd.h"

static unsigned memfds;

/* dlopen, and where the object is then. */
static int
map(struct object *object, const char *path, const struct image *image,
    char reason[REASON_MAX])
{
	struct link_map *map;

	object->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (object->handle == NULL) {
		const char *error = dlerror();
		explain(reason, "%s", error != NULL ? error : "dlopen failed");
		return -1;
	}
	if (dlinfo(object->handle, RTLD_DI_LINKMAP, &map) == 0) {
		object->base = (uint8_t *)map->l_addr;
		if (memcmp(object->base, image->bytes, image->head) == 0)
			return 0;
	}
	explain(reason, "the linker knows another object as %s", path);
	dlclose(object->handle);
	return -1;
}

static int
map_file(struct object *object, const struct object_wish *wish,
	 const struct image *image, SDTError_t *code, char reason[REASON_MAX])
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	struct store *store;
	int result = -1;

	*code = tmpCreationError;
	store = store_lock(wish->directory, reason);
	if (store == NULL)
		return -1;
	if (store_put(store, wish->provider, image, name, path, reason) == 0) {
		*code = sharedLibraryOpenError;
		object->name = strdup(name);
		object->path = strdup(path);
		if (object->name == NULL || object->path == NULL)
			explain(reason, "out of memory");
		else
			result = map(object, path, image, reason);
		if (result == 0) {
			object->store = store;
		} else {
			store_drop(store, name);
			free(object->name);
			free(object->path);
			object->name = object->path = NULL;
		}
	}
	store_unlock(store);
	return result;
}

/* Descriptors are the application's; we do not take more than a quarter. */
static int
may_open_memfd(char reason[REASON_MAX])
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY && memfds >= limit.rlim_cur / 4) {
		explain(reason,
			"%u memfds are open: more would take the application's "
			"descriptors",
			memfds);
		return 0;
	}
	return 1;
}

/*
 * The linker knows objects by name, and the name of a memfd is a number that
 * may have been another one's, if the application has closed that. Then a name
 * that means the same is tried.
 */
static int
map_descriptor(struct object *object, int fd, const struct image *image,
	       char reason[REASON_MAX])
{
	static const char *const names[] = {
	    "/proc/self/fd/%d",
	    "/proc/self/fd/./%d",
	    "/proc/self/fd/././%d",
	    "/proc/self/fd/./././%d",
	};
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), names[i], fd);
		if (map(object, path, image, reason) == 0)
			return 0;
		if (object->handle == NULL)
			break;
	}
	return -1;
}

static int
map_memfd(struct object *object, const struct object_wish *wish,
	  const struct image *image, SDTError_t *code, char reason[REASON_MAX])
{
	int fd;

	*code = tmpCreationError;
	if (!may_open_memfd(reason))
		return -1;
	fd = memfd_make(wish->provider, image, reason);
	if (fd < 0)
		return -1;
	*code = sharedLibraryOpenError;
	if (map_descriptor(object, fd, image, reason) != 0) {
		close(fd);
		return -1;
	}
	object->memfd = descriptor_of(fd);
	memfds++;
	return 0;
}

int
mapping_begin(struct object *object, const struct object_wish *wish,
	      const struct image *image, SDTError_t *code,
	      char reason[REASON_MAX])
{
	char no_file[REASON_MAX] = "";
	size_t length;

	if (!wish->memfd && map_file(object, wish, image, code, no_file) == 0)
		return 0;
	if (map_memfd(object, wish, image, code, reason) == 0) {
		if (!wish->memfd)
			object->reason = strdup(no_file);
		return 0;
	}
	length = strlen(reason);
	if (!wish->memfd)
		snprintf(reason + length, REASON_MAX - length, "; and %s",
			 no_file);
	return -1;
}

/* Whether the file still has the code that was mapped from it. */
static int
has_code(int fd, const struct object *object)
{
	uint8_t code[SITE_STRIDE];

	for (size_t i = 0; i < object->count; i++) {
		off_t at = (off_t)(object->code + i * SITE_STRIDE);
		if (pread(fd, code, sizeof(code), at) != sizeof(code) ||
		    memcmp(code, object->site->code, sizeof(code)) != 0)
			return 0;
	}
	return 1;
}

void
mapping_renew(struct object *object)
{
	uint8_t *code = object->base + object->code;
	size_t size = object->count * SITE_STRIDE;
	void *mapped = MAP_FAILED;
	int fd;

	if (object->store != NULL)
		fd = open(object->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	else
		fd = descriptor_is_ours(&object->memfd) ? object->memfd.fd : -1;
	if (fd >= 0 && has_code(fd, object))
		mapped = mmap(code, size, PROT_READ | PROT_EXEC,
			      MAP_PRIVATE | MAP_FIXED, fd, (off_t)object->code);
	if (mapped == MAP_FAILED)
		madvise(code, size, MADV_DONTNEED);
	if (fd >= 0 && object->store != NULL)
		close(fd);
}

void
mapping_end(struct object *object)
{
	dlclose(object->handle);
	if (object->store != NULL) {
		store_drop(object->store, object->name);
	} else {
		descriptor_close(&object->memfd);
		memfds--;
	}
}
