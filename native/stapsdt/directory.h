/*
 * The directory for objects: which one it is, and whether it may be trusted.
 */
#ifndef STAPSDT_DIRECTORY_H
#define STAPSDT_DIRECTORY_H

#include <limits.h>

#include "reason.h"

/*
 * "usdt" in the runtime directory (stapsdt.h), which is made if it is not
 * there. 0, or -1 and `reason`.
 */
int directory_default(char path[PATH_MAX], char reason[REASON_MAX]);

/*
 * Makes the directory if it is not there, and opens it: a real directory of
 * our own that nobody else may enter, where code may be run from. Its
 * descriptor, or -1 and `reason`.
 */
int directory_open(const char *path, char reason[REASON_MAX]);

/* Takes a lock on a directory that others hold for moments only: for 20 ms,
 * in case one of them was stopped in the middle. `kind` as for flock. 0, or -1
 * and errno. */
int directory_lock(int fd, int kind);

#endif
