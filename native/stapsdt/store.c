#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"
#include "store.h"
#include "write.h"

/* Files given up by this process, until it looks for what can be removed. */
#define COLLECT_EVERY 64

static struct store *stores;

/* Makes the list of this process, locked. */
static struct descriptor
open_in_use(struct store *store)
{
	for (unsigned i = 0; i < 1000; i++) {
		int fd;
		snprintf(store->in_use_name, sizeof(store->in_use_name),
			 IN_USE_PREFIX "%ld.%u", (long)getpid(), i);
		fd = openat(store->directory.fd, store->in_use_name,
			    O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW |
				O_CLOEXEC,
			    0600);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			return descriptor_of(fd);
		if (fd >= 0)
			close(fd);
		else if (errno != EEXIST)
			break;
	}
	return NO_DESCRIPTOR;
}

/* Whether there is a list of this process, and not its parent's. */
static int
has_in_use(const struct store *store)
{
	return store->owner == getpid() && descriptor_is_ours(&store->in_use);
}

/* The list of what this process uses. A forked child has its parent's open,
 * and with it the parent's lock, until it needs its own. */
static int
own_in_use(struct store *store)
{
	struct descriptor fresh;

	if (has_in_use(store))
		return 0;
	fresh = open_in_use(store);
	if (fresh.fd < 0)
		return -1;
	if (write_all(fresh.fd, store->names.text, store->names.size) != 0) {
		descriptor_close(&fresh);
		return -1;
	}
	descriptor_close(&store->in_use);
	store->in_use = fresh;
	store->owner = getpid();
	return 0;
}

void
store_touch(struct store *store, const struct names *names)
{
	char *text = names->text == NULL ? NULL : strdup(names->text);
	char *rest = text, *name;

	while ((name = strsep(&rest, "\n")) != NULL) {
		if (name[0] != '\0' && strchr(name, '/') == NULL)
			utimensat(store->directory.fd, name, NULL,
				  AT_SYMLINK_NOFOLLOW);
	}
	free(text);
}

void
store_close_all(void)
{
	struct store *store;

	for (store = stores; store != NULL; store = store->next) {
		if (!has_in_use(store) ||
		    !descriptor_is_ours(&store->directory))
			continue;
		store_touch(store, &store->names);
		unlinkat(store->directory.fd, store->in_use_name, 0);
	}
}

static int
mark_in_use(struct store *store, const char *name)
{
	size_t before = store->names.size;

	if (own_in_use(store) != 0)
		return -1;
	names_remove(&store->dropped, name);
	if (names_have(&store->names, name))
		return 0;
	if (names_add(&store->names, name) != 0)
		return -1;
	if (write_all(store->in_use.fd, store->names.text + before,
		      store->names.size - before) == 0)
		return 0;
	names_remove(&store->names, name);
	return -1;
}

static struct store *
open_store(const char *path, char reason[REASON_MAX])
{
	struct store *store;

	for (store = stores; store != NULL; store = store->next) {
		struct stat now;
		if (strcmp(store->path, path) != 0)
			continue;
		if (descriptor_is_ours(&store->directory) &&
		    lstat(path, &now) == 0 &&
		    now.st_ino == store->directory.inode &&
		    now.st_dev == store->directory.device &&
		    (now.st_mode & 077) == 0 && now.st_uid == geteuid())
			return store;
		/* Removed, and perhaps made anew, or opened to others, under
		 * our feet. */
		store->path[0] = '\0';
	}
	store = calloc(1, sizeof(*store));
	if (store == NULL) {
		explain(reason, "out of memory");
		return NULL;
	}
	store->in_use = NO_DESCRIPTOR;
	store->directory = descriptor_of(directory_open(path, reason));
	if (store->directory.fd < 0) {
		free(store);
		return NULL;
	}
	snprintf(store->path, sizeof(store->path), "%s", path);
	store->next = stores;
	stores = store;
	return store;
}

struct store *
store_lock(const char *directory, char reason[REASON_MAX])
{
	char path[PATH_MAX];
	struct store *store;

	if (directory != NULL)
		snprintf(path, sizeof(path), "%s", directory);
	else if (directory_default(path, reason) != 0)
		return NULL;
	store = open_store(path, reason);
	if (store == NULL)
		return NULL;
	if (directory_lock(store->directory.fd, LOCK_SH) != 0) {
		explain(reason, "cannot lock %s: %s", path,
			errno == EWOULDBLOCK ? "another process holds it"
					     : strerror(errno));
		return NULL;
	}
	return store;
}

void
store_unlock(struct store *store)
{
	flock(store->directory.fd, LOCK_UN);
	if (!store->collected) {
		store->collected = 1;
		store_collect(store);
	}
}

static int
same_bytes(int fd, const struct image *image)
{
	uint8_t buffer[16384];
	size_t at = 0;

	while (at < image->size) {
		ssize_t size = pread(fd, buffer, sizeof(buffer), (off_t)at);
		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0 || (size_t)size > image->size - at ||
		    memcmp(buffer, image->bytes + at, (size_t)size) != 0)
			return 0;
		at += (size_t)size;
	}
	return pread(fd, buffer, 1, (off_t)at) == 0;
}

/* 1: the file is there and right; 0: it is not there, or is what a crash left
 * of one of ours; -1, and `reason`: something is there that is not ours. */
static int
check_file(struct store *store, const char *name, const struct image *image,
	   char reason[REASON_MAX])
{
	struct stat stat_;
	int fd, right;

	/* Not to hang on a fifo. */
	fd = openat(store->directory.fd, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0) {
		explain(reason, "%s/%s cannot be used: %s", store->path, name,
			errno == ELOOP ? "it is a symbolic link"
				       : strerror(errno));
		return -1;
	}
	if (fstat(fd, &stat_) != 0 || !S_ISREG(stat_.st_mode) ||
	    stat_.st_uid != geteuid() || (stat_.st_mode & 022) != 0) {
		explain(reason,
			"%s/%s cannot be used: it is not a file of "
			"uid %lu that only it can write",
			store->path, name, (unsigned long)geteuid());
		close(fd);
		return -1;
	}
	right = same_bytes(fd, image);
	if (right)
		futimens(fd, NULL);
	close(fd);
	return right;
}

static int
write_file(struct store *store, const char *name, const struct image *image,
	   char reason[REASON_MAX])
{
	static unsigned counter;
	char temporary[64];
	int fd, saved;

	snprintf(temporary, sizeof(temporary), TEMPORARY_PREFIX "%ld.%u",
		 (long)getpid(), counter++);
	unlinkat(store->directory.fd, temporary, 0);
	fd = openat(store->directory.fd, temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd >= 0) {
		int failed = write_all(fd, image->bytes, image->size) != 0;
		saved = errno;
		failed |= close(fd) != 0;
		if (!failed && renameat(store->directory.fd, temporary,
					store->directory.fd, name) == 0)
			return 0;
		if (!failed)
			saved = errno;
		unlinkat(store->directory.fd, temporary, 0);
		errno = saved;
	}
	explain(reason, "cannot write into %s: %s", store->path,
		strerror(errno));
	return -1;
}

static void
forget(struct store *store, const char *name)
{
	names_remove(&store->names, name);
	if (has_in_use(store) && ftruncate(store->in_use.fd, 0) == 0)
		write_all(store->in_use.fd, store->names.text,
			  store->names.size);
}

int
store_put(struct store *store, const char *provider, const struct image *image,
	  char *name, char *path, char reason[REASON_MAX])
{
	char readable[65];
	size_t length;
	int state;

	for (length = 0; length < 64 && provider[length] != '\0'; length++) {
		char c = provider[length];
		int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '-';
		readable[length] = plain ? c : '_';
	}
	readable[length] = '\0';
	length = (size_t)snprintf(name, NAME_MAX + 1, "%s.", readable);
	for (size_t i = 0; i < sizeof(image->id); i++)
		length += (size_t)snprintf(name + length, NAME_MAX + 1 - length,
					   "%02x", image->id[i]);
	snprintf(name + length, NAME_MAX + 1 - length, OBJECT_SUFFIX);
	if (snprintf(path, PATH_MAX, "%s/%s", store->path, name) >= PATH_MAX) {
		explain(reason, "the path of %s is too long", store->path);
		return -1;
	}
	if (mark_in_use(store, name) != 0) {
		explain(reason, "cannot write into %s: %s", store->path,
			strerror(errno));
		return -1;
	}
	state = check_file(store, name, image, reason);
	if (state == 0)
		state = write_file(store, name, image, reason);
	if (state < 0)
		forget(store, name); /* not to be collected: it is not ours */
	return state < 0 ? -1 : 0;
}

void
store_drop(struct store *store, const char *name)
{
	if (!names_have(&store->names, name))
		return;
	forget(store, name);
	names_add(&store->dropped, name);
	if (++store->drops >= COLLECT_EVERY)
		store_collect(store);
}
