#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "scratch.h"

const char *scratch_root;
int scratch_cycles;

/* Kept until the end: reachable, so that no leak is seen in it. */
struct path {
	struct path *next;
	char text[];
};

static struct path *paths;

const char *
scratch_join(const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	struct path *path = malloc(sizeof(*path) + size);

	snprintf(path->text, size, "%s/%s", directory, name);
	path->next = paths;
	paths = path;
	return path->text;
}

const char *
scratch_path(const char *name)
{
	return scratch_join(scratch_root, name);
}

const char *
scratch_directory(const char *name)
{
	const char *path = scratch_path(name);

	CHECK(mkdir(path, 0700) == 0);
	return path;
}

SDTProvider_t *
scratch_provider(const char *name, const char *directory)
{
	SDTProvider_t *provider = providerInit(name);

	CHECK(provider != NULL);
	CHECK(providerUseDirectory(provider, directory) == 0);
	CHECK(providerAddProbe(provider, "p", 1, int32) != NULL);
	return provider;
}

SDTProvider_t *
scratch_loaded(const char *name, const char *directory)
{
	SDTProvider_t *provider = scratch_provider(name, directory);

	if (!CHECK(providerLoad(provider) == 0))
		printf("# %s\n", provider->error);
	return provider;
}

SDTProbe_t *
scratch_probe(const SDTProvider_t *provider)
{
	return &provider->probes->probe;
}

void
scratch_write(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

void *
scratch_read(const char *path, size_t *size)
{
	struct stat status = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data;

	CHECK(fd >= 0 && fstat(fd, &status) == 0);
	*size = (size_t)status.st_size;
	data = malloc(*size + 1);
	CHECK(read(fd, data, *size) == (ssize_t)*size);
	data[*size] = '\0';
	close(fd);
	return data;
}

int
scratch_exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

void
scratch_age(const char *path, time_t seconds)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
				    {.tv_sec = time(NULL) + seconds}};

	CHECK(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0);
}

int
scratch_entries(const char *directory, const char *part,
		char found[NAME_MAX + 1])
{
	DIR *entries = opendir(directory);
	struct dirent *entry;
	int count = 0;

	if (!CHECK(entries != NULL))
		return 0;
	while ((entry = readdir(entries)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    strstr(entry->d_name, part) == NULL)
			continue;
		count++;
		if (found != NULL)
			memcpy(found, entry->d_name, strlen(entry->d_name) + 1);
	}
	closedir(entries);
	return count;
}

int
scratch_watched(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 1;
#else
	return 0;
#endif
}

int
scratch_maps(const char *part)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 200];
	int count = 0;

	if (!CHECK(maps != NULL))
		return 0;
	while (fgets(line, sizeof(line), maps) != NULL)
		count += strstr(line, part) != NULL;
	fclose(maps);
	return count;
}

int
scratch_descriptors(void)
{
	return scratch_entries("/proc/self/fd", "", NULL);
}
