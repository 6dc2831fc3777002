/*
 * depot_parameters.c: statements with parameters; see depot_parameters.h.
 */
#include "fleet/depot_parameters.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Behind a text or a name in quotes; one that stands twice, or behind \, ends nothing.
 */
static size_t quoted(const struct depot_dialect *dialect, const char *text)
{
	size_t len = 1;
	while (text[len] != '\0') {
		if (dialect->has_backslashes && text[len] == '\\' &&
		    text[len + 1] != '\0')
			len += 2;
		else if (text[len++] == text[0])
			break;
	}
	return len;
}

/* "$$...$$" or "$tag$...$tag$"; else the one character. */
static size_t in_dollars(const char *text)
{
	size_t tag = 1;
	while (is_letter(text[tag]))
		tag++;
	if (text[tag++] != '$')
		return 1;
	for (const char *at = text + tag; *at != '\0'; at++)
		if (strncmp(at, text, tag) == 0)
			return (size_t)(at - text) + tag;
	return strlen(text);
}

static size_t comment(const char *text)
{
	const char *end = text[0] == '-' ? strchr(text, '\n') : strstr(text + 2, "*/");
	if (end == NULL)
		return strlen(text);
	return (size_t)(end - text) + (text[0] == '-' ? 1 : 2);
}

/* What is passed as it is: at least one character. */
static size_t passed(const struct depot_dialect *dialect, const char *text)
{
	size_t len = 0;
	if (strchr("'\"`", text[0]) != NULL)
		return quoted(dialect, text);
	if (text[0] == '$')
		return in_dollars(text);
	if (strncmp(text, "--", 2) == 0 || strncmp(text, "/*", 2) == 0)
		return comment(text);
	if (strncmp(text, "::", 2) == 0) /* a cast */
		return 2;
	while (is_letter(text[len]))
		len++;
	return len > 0 ? len : 1;
}

static const struct store_parameter *find(const struct store_sql *to, const char *name,
					  size_t len)
{
	for (size_t i = 0; i < to->parameter_count; i++)
		if (strncmp(to->parameters[i].name, name, len) == 0 &&
		    to->parameters[i].name[len] == '\0')
			return &to->parameters[i];
	return NULL;
}

void depot_parameters(struct buf *out, const struct depot_dialect *dialect,
		      const char *text, const struct store_sql *to,
		      void (*put)(void *self, struct buf *out,
				  const struct store_parameter *parameter),
		      void *self)
{
	while (*text != '\0') {
		size_t len = 1;
		if (text[0] != ':' || !is_letter(text[1]) ||
		    isdigit((unsigned char)text[1])) {
			len = passed(dialect, text);
			buf_add(out, text, len);
		} else {
			while (is_letter(text[len]))
				len++;
			put(self, out, find(to, text, len));
		}
		text += len;
	}
}

bool depot_only_asks(const char *text)
{
	static const char *const words[] = { "SELECT", "WITH", "VALUES",
					     "TABLE",  "SHOW", "EXPLAIN" };
	size_t len = 0;
	while (isspace((unsigned char)*text) || *text == '(' ||
	       strncmp(text, "--", 2) == 0 || strncmp(text, "/*", 2) == 0)
		text += *text == '-' || *text == '/' ? comment(text) : 1;
	while (is_letter(text[len]))
		len++;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && strncasecmp(text, words[i], len) == 0)
			return true;
	return false;
}
