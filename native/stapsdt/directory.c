#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "directory.h"

#define LOCK_TRIES    20
#define LOCK_PAUSE_NS 1000000

/* The directory above "usdt", by the rule that the agent has for its socket. */
static int
default_parent(char path[PATH_MAX])
{
	const char *own = getenv("NODEOBS_RUNTIME_DIR");
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	char here[PATH_MAX];
	struct stat stat_;
	int length;

	if (own != NULL && own[0] != '\0') {
		if (own[0] == '/')
			length = snprintf(path, PATH_MAX, "%s", own);
		else if (getcwd(here, sizeof(here)) != NULL)
			length = snprintf(path, PATH_MAX, "%s/%s", here, own);
		else
			return -1;
	} else if (xdg != NULL && xdg[0] == '/' && stat(xdg, &stat_) == 0 &&
		   stat_.st_uid == geteuid()) {
		/* su and sudo -E keep the variable of another user. */
		length = snprintf(path, PATH_MAX, "%s/nodeobs", xdg);
	} else {
		length = snprintf(path, PATH_MAX, "/tmp/nodeobs-%lu",
				  (unsigned long)geteuid());
	}
	return length < PATH_MAX ? 0 : -1;
}

/* Makes the directory if it is not there, and insists on its owner and mode.
 * Its descriptor, or -1 and `reason`. */
static int
claim(const char *path, char reason[REASON_MAX])
{
	struct stat stat_;
	int fd;

	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		explain(reason, "cannot make the directory %s: %s", path,
			strerror(errno));
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		explain(reason, "cannot open the directory %s: %s", path,
			errno == ELOOP || errno == ENOTDIR
			    ? "it is a symbolic link, or no directory"
			    : strerror(errno));
		return -1;
	}
	if (fstat(fd, &stat_) != 0) {
		explain(reason, "%s: %s", path, strerror(errno));
	} else if (stat_.st_uid != geteuid()) {
		explain(reason, "%s belongs to uid %lu", path,
			(unsigned long)stat_.st_uid);
	} else if (stat_.st_mode & 077) {
		explain(reason, "%s is open to other users (mode %o)", path,
			(unsigned)stat_.st_mode & 0777);
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

int
directory_lock(int fd, int kind)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, kind | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return -1;
}

int
directory_default(char path[PATH_MAX], char reason[REASON_MAX])
{
	char parent[PATH_MAX];
	int fd;

	if (default_parent(parent) != 0 ||
	    snprintf(path, PATH_MAX, "%s/usdt", parent) >= PATH_MAX) {
		explain(reason, "the runtime directory's path is too long");
		return -1;
	}
	fd = claim(parent, reason);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

int
directory_open(const char *path, char reason[REASON_MAX])
{
	struct statvfs volume;
	int fd = claim(path, reason);

	if (fd >= 0 && fstatvfs(fd, &volume) == 0 &&
	    (volume.f_flag & ST_NOEXEC) != 0) {
		explain(reason, "%s is on a file system mounted noexec", path);
		close(fd);
		return -1;
	}
	return fd;
}
