/*
 * Where objects are kept: a directory of files named by what is in them, which
 * all processes of a user share.
 */
#ifndef STAPSDT_STORE_H
#define STAPSDT_STORE_H

#include <limits.h>
#include <sys/types.h>

#include "descriptor.h"
#include "image.h"
#include "names.h"
#include "reason.h"

/* Names: PROVIDER.<what is in it>.so, what is not complete, and lists. */
#define OBJECT_SUFFIX    ".so"
#define TEMPORARY_PREFIX "new."
#define IN_USE_PREFIX    "in-use."

/*
 * A directory. There is one struct for each, for as long as the process lives.
 *
 * A process holds a lock on a file of its own in it, in which stand the names
 * of the objects it uses. The lock goes with the process, however it ends;
 * whoever can take it knows that the names do not count any more.
 */
struct store {
	char path[PATH_MAX];
	struct descriptor directory;
	struct descriptor in_use;
	char in_use_name[64];
	pid_t owner;        /* of in_use: a forked child needs its own */
	struct names names; /* in it */
	struct names dropped;
	unsigned drops; /* since the last collection */
	int collected;
	struct store *next;
};

/*
 * Opens the directory, or the default one for NULL (stapsdt.h), and locks it
 * against store_collect of others. NULL, and `reason`, where it cannot be
 * used. To be ended with store_unlock.
 */
struct store *store_lock(const char *directory, char reason[REASON_MAX]);
void store_unlock(struct store *store);

/*
 * Puts the image into its file, if it is not there already, and marks it as in
 * use by this process. Its name (of NAME_MAX + 1 bytes) and path (of PATH_MAX)
 * are given. 0; or -1 and `reason`.
 */
int store_put(struct store *store, const char *provider,
	      const struct image *image, char *name, char *path,
	      char reason[REASON_MAX]);

/* Does not use the file any more. With many of those, store_collect follows. */
void store_drop(struct store *store, const char *name);

/* Says that these files are in use now. */
void store_touch(struct store *store, const struct names *names);

/* At the end of the process: what it used was last used now. */
void store_close_all(void);

/*
 * Removes what no living process uses: files whose last use is more than two
 * days ago, so that a tracer can be attached before the next start of a daily
 * job, and those that this process has dropped. Does nothing if other
 * processes are busy with the directory.
 */
void store_collect(struct store *store);

#endif
