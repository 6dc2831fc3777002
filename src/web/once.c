/*
 * once.c: see once.h.
 */
#include "web/once.h"

#include <stdio.h>
#include <string.h>

static void remove_at(struct once_links *links, size_t place)
{
	memmove(&links->at[place], &links->at[place + 1],
		(links->count - place - 1) * sizeof(links->at[0]));
	links->count--;
}

bool once_new(struct once_links *links, const char *user, int64_t now_ms,
	      char text[static SECRET_TEXT_MAX])
{
	struct once_link link = { .until_ms = now_ms + ONCE_S * INT64_C(1000) };
	if (!secret_new(text) || !secret_digest(text, &link.digest))
		return false;
	snprintf(link.user, sizeof(link.user), "%s", user);
	if (links->count == ONCE_MAX)
		remove_at(links, 0);
	links->at[links->count++] = link;
	return true;
}

bool once_take(struct once_links *links, const char *text, int64_t now_ms,
	       char user[static PERSON_NAME_MAX])
{
	struct secret_digest digest;
	if (!secret_digest(text, &digest))
		return false;
	for (size_t i = 0; i < links->count; i++) {
		struct once_link link = links->at[i];
		if (!secret_same(&link.digest, &digest))
			continue;
		remove_at(links, i);
		memcpy(user, link.user, sizeof(link.user));
		return link.until_ms > now_ms;
	}
	return false;
}

void once_end_of(struct once_links *links, const char *user)
{
	for (size_t i = 0; i < links->count;) {
		if (strcmp(links->at[i].user, user) == 0)
			remove_at(links, i);
		else
			i++;
	}
}
