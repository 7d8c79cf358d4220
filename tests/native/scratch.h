/*
 * Directories and files for a test, and how much of what there is.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <limits.h>
#include <stddef.h>
#include <time.h>

#include "stapsdt.h"

/* What main.c was given. */
extern const char *scratch_root;
extern int scratch_cycles;

/* A path below the root, and below any directory: not for threads. The text
 * stays. */
const char *scratch_path(const char *name);
const char *scratch_join(const char *directory, const char *name);

/* A new directory of mode 0700 below the root. */
const char *scratch_directory(const char *name);

/* A provider with one probe "p" of one int, kept in the directory, and loaded
 * or not. */
SDTProvider_t *scratch_provider(const char *name, const char *directory);
SDTProvider_t *scratch_loaded(const char *name, const char *directory);
SDTProbe_t *scratch_probe(const SDTProvider_t *provider);

void scratch_write(const char *path, const void *data, size_t size);
/* The file's bytes, to be freed. */
void *scratch_read(const char *path, size_t *size);
int scratch_exists(const char *path);

/* Sets the time of the last change, in seconds from now. */
void scratch_age(const char *path, time_t seconds);

/* Entries of a directory whose name contains a text; the last one's name is in
 * `found`. */
int scratch_entries(const char *directory, const char *part,
		    char found[NAME_MAX + 1]);

/* Whether memory is watched by a tool that takes some for itself. */
int scratch_watched(void);

/* Lines of /proc/self/maps that contain a text, and open descriptors. */
int scratch_maps(const char *part);
int scratch_descriptors(void);

#endif
