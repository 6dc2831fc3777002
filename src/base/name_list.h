/*
 * name_list.h: names with commas between, each once, in a text of fixed size; where
 * there are more than it has room for it ends with "...".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define NAME_LIST_MORE "..."

/* Is that name, of so many bytes, one of them? */
bool name_list_has(const char *list, const char *name, size_t len);
/* Are there more than it names? */
bool name_list_has_more(const char *list);
/*
 * At the end, what it does not have yet: one, or several with commas between, of which
 * NAME_LIST_MORE may be the last.  Nothing comes after that.
 */
void name_list_add(char *list, size_t size, const char *names);
