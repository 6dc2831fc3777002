/*
 * name_list.c: see name_list.h.
 */
#include "base/name_list.h"

#include <stdio.h>
#include <string.h>

static const char more[] = NAME_LIST_MORE;

bool name_list_has(const char *list, const char *name, size_t len)
{
	for (const char *at = list; *at != '\0'; at += *at == ',') {
		size_t other = strcspn(at, ",");
		if (other == len && memcmp(at, name, len) == 0)
			return true;
		at += other;
	}
	return false;
}

bool name_list_has_more(const char *list)
{
	return name_list_has(list, more, sizeof(more) - 1);
}

/* What has no room leaves room for the dots. */
static void add(char *list, size_t size, const char *name, size_t len)
{
	size_t used = strlen(list);
	if (len == 0 || name_list_has(list, name, len) || name_list_has_more(list))
		return;
	bool fits = used + 1 + len + sizeof(more) < size;
	snprintf(list + used, size - used, "%s%.*s", used > 0 ? "," : "",
		 fits ? (int)len : (int)sizeof(more) - 1, fits ? name : more);
}

void name_list_add(char *list, size_t size, const char *names)
{
	for (const char *at = names; *at != '\0'; at += *at == ',') {
		size_t len = strcspn(at, ",");
		add(list, size, at, len);
		at += len;
	}
}
