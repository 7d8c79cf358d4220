#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store.h"

/* How long a file outlives its last process, and an unfinished one. Seconds. */
#define KEEP_OBJECT    (2 * 24 * 3600)
#define KEEP_TEMPORARY 60

/* What another process uses, in bytes of names: more is not ours. */
#define IN_USE_MAX (4 << 20)

/* Appends the text of a file to `all`. 0, or -1. */
static int
read_names(int fd, struct names *all)
{
	struct stat stat_;
	ssize_t got;
	char *text;

	if (fstat(fd, &stat_) != 0 || stat_.st_size > IN_USE_MAX)
		return -1;
	text = realloc(all->text, all->size + (size_t)stat_.st_size + 1);
	if (text == NULL)
		return -1;
	all->text = text;
	got = pread(fd, text + all->size, (size_t)stat_.st_size, 0);
	if (got > 0)
		all->size += (size_t)got;
	text[all->size] = '\0';
	return got < 0 ? -1 : 0;
}

/* What a process used that is no more was last used now, or a bit earlier. */
static void
bury(struct store *store, const char *list, int fd)
{
	struct names used = {0};

	if (read_names(fd, &used) == 0)
		store_touch(store, &used);
	names_clear(&used);
	unlinkat(store->directory.fd, list, 0);
}

/* The list of another process: its names, appended to `all`, while it lives.
 * 0; -1 where the list cannot be read. */
static int
read_in_use(struct store *store, const char *list, struct names *all)
{
	int fd, result = -1;

	fd = openat(store->directory.fd, list,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		bury(store, list, fd);
		result = 0;
	} else if (errno == EWOULDBLOCK) {
		result = read_names(fd, all);
	}
	close(fd);
	return result;
}

static int
has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static int
is_object(const char *name)
{
	size_t length = strlen(name), suffix = strlen(OBJECT_SUFFIX);

	return length > suffix &&
	       strcmp(name + length - suffix, OBJECT_SUFFIX) == 0;
}

static void
remove_if_old(struct store *store, const char *name, time_t keep)
{
	struct stat stat_;

	if (fstatat(store->directory.fd, name, &stat_, AT_SYMLINK_NOFOLLOW) ==
		0 &&
	    S_ISREG(stat_.st_mode) && stat_.st_mtime + keep < time(NULL))
		unlinkat(store->directory.fd, name, 0);
}

static void
collect_object(struct store *store, const char *name,
	       const struct names *others)
{
	if (names_have(others, name) || names_have(&store->names, name))
		return;
	remove_if_old(store, name,
		      names_have(&store->dropped, name) ? -1 : KEEP_OBJECT);
}

static void
collect(struct store *store, DIR *entries)
{
	struct dirent *entry;
	struct names others = {0};
	int complete = 1;

	while ((entry = readdir(entries)) != NULL) {
		if (has_prefix(entry->d_name, IN_USE_PREFIX) &&
		    strcmp(entry->d_name, store->in_use_name) != 0 &&
		    read_in_use(store, entry->d_name, &others) != 0)
			complete = 0;
	}
	rewinddir(entries);
	while (complete && (entry = readdir(entries)) != NULL) {
		if (has_prefix(entry->d_name, TEMPORARY_PREFIX))
			remove_if_old(store, entry->d_name, KEEP_TEMPORARY);
		else if (is_object(entry->d_name))
			collect_object(store, entry->d_name, &others);
	}
	names_clear(&others);
	if (complete)
		names_clear(&store->dropped);
}

void
store_collect(struct store *store)
{
	DIR *entries;
	int fd;

	store->drops = 0;
	if (!descriptor_is_ours(&store->directory))
		return;
	if (flock(store->directory.fd, LOCK_EX | LOCK_NB) != 0)
		return;
	fd = openat(store->directory.fd, ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	entries = fd < 0 ? NULL : fdopendir(fd);
	if (entries != NULL) {
		collect(store, entries);
		closedir(entries);
	} else if (fd >= 0) {
		close(fd);
	}
	flock(store->directory.fd, LOCK_UN);
}
