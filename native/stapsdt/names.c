#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

static char *
find_name(const struct names *names, const char *name)
{
	char line[NAME_MAX + 3];

	snprintf(line, sizeof(line), "\n%s\n", name);
	return names->text == NULL ? NULL : strstr(names->text, line);
}

int
names_have(const struct names *names, const char *name)
{
	return find_name(names, name) != NULL;
}

int
names_add(struct names *names, const char *name)
{
	size_t length = strlen(name);
	char *text = realloc(names->text, names->size + length + 3);

	if (text == NULL)
		return -1;
	if (names->size == 0)
		text[names->size++] = '\n';
	memcpy(text + names->size, name, length);
	memcpy(text + names->size + length, "\n", 2);
	names->text = text;
	names->size += length + 1;
	return 0;
}

void
names_remove(struct names *names, const char *name)
{
	char *found = find_name(names, name);
	size_t length = strlen(name) + 1;

	if (found == NULL)
		return;
	/* With the NUL at the end. */
	memmove(found + 1, found + 1 + length,
		names->size - (size_t)(found - names->text) - length);
	names->size -= length;
}

void
names_clear(struct names *names)
{
	free(names->text);
	*names = (struct names){0};
}
