/*
 * news.c: see news.h.
 */
#include "fleet/news.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void news_ask_write(const struct news_have *have, size_t count, struct buf *out)
{
	char scope[SCOPE_TEXT_MAX];
	buf_text(out, NEWS_ASK);
	for (size_t i = 0; i < count; i++) {
		document_scope_text(&have[i].scope, scope);
		buf_printf(out, "%s %s %" PRIu64 "\n", scope,
			   document_kind_name(have[i].kind), have[i].version);
	}
}

bool news_is_ask(const void *bytes, size_t len)
{
	const size_t magic = strlen(NEWS_ASK);
	return len >= magic && memcmp(bytes, NEWS_ASK, magic) == 0;
}

static bool read_line(const char *line, size_t len, struct news_have *out)
{
	char text[SCOPE_TEXT_MAX + 48], scope[SCOPE_TEXT_MAX], kind[16], *end;
	if (len >= sizeof(text) || memchr(line, '\0', len) != NULL)
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	char *first = strchr(text, ' '), *second = strrchr(text, ' ');
	if (first == NULL || first == second)
		return false;
	*first++ = *second++ = '\0';
	if (snprintf(scope, sizeof(scope), "%s", text) >= (int)sizeof(scope) ||
	    snprintf(kind, sizeof(kind), "%s", first) >= (int)sizeof(kind))
		return false;
	int of = document_kind_of(kind);
	if (kind[0] == '\0' || strchr(kind, ' ') != NULL)
		return false;
	if (!document_scope_parse(scope, &out->scope) || second[0] < '0' ||
	    second[0] > '9' || strlen(second) > 19)
		return false;
	out->kind = of != DOCUMENT_KIND_NONE ? (enum document_kind)of : DOCUMENT_KINDS;
	out->version = strtoull(second, &end, 10);
	return *end == '\0';
}

int news_ask_read(const void *bytes, size_t len,
		  struct news_have out[static NEWS_HAVE_MAX])
{
	const char *at = bytes;
	int count = 0;
	if (!news_is_ask(bytes, len) || len > NEWS_ASK_MAX)
		return -1;
	at += strlen(NEWS_ASK);
	len -= strlen(NEWS_ASK);
	while (len > 0) {
		const char *end = memchr(at, '\n', len);
		size_t part = end != NULL ? (size_t)(end - at) : 0;
		if (end == NULL || count == NEWS_HAVE_MAX ||
		    !read_line(at, part, &out[count]))
			return -1;
		count += out[count].kind != DOCUMENT_KINDS; /* else another version's */
		at += part + 1;
		len -= part + 1;
	}
	return count;
}

uint64_t news_has(const struct news_have *have, size_t count,
		  const struct document_scope *scope, enum document_kind kind)
{
	for (size_t i = 0; i < count; i++)
		if (have[i].kind == kind &&
		    document_scope_compare(&have[i].scope, scope) == 0)
			return have[i].version;
	return 0;
}
