/*
 * blackbox_value.c: see blackbox_value.h.
 */
#include "probe/blackbox_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/expression.h"

enum {
	KEYS_MAX = 40,
	LIST_MAX = 1000,
	TEXT_MAX = 1022, /* what is longer was cut by the reader of YAML */
	HOUR_MS = 3600000,
};

/* ---- memory ---- */

/* The list of what is owned grows like any other, but owns itself. */
static bool note_owned(struct blackbox *all, void *made)
{
	void **grown =
		realloc(all->owned, (all->owned_count + 1) * sizeof(*all->owned));
	if (grown == NULL)
		return false;
	all->owned = grown;
	all->owned[all->owned_count++] = made;
	return true;
}

void *blackbox_own(struct blackbox_reader *reader, size_t size)
{
	void *made = calloc(1, size);
	if (made != NULL && note_owned(reader->all, made))
		return made;
	free(made);
	reader->out_of_memory = true;
	return NULL;
}

/* Lists double; what they leave behind is freed with the rest. */
void *blackbox_grow(struct blackbox_reader *reader, void **at, size_t *count,
		    size_t size)
{
	bool is_full = (*count & (*count - 1)) == 0; /* 0, 1, 2, 4, 8, ... */
	if (is_full) {
		size_t room = *count == 0 ? 1 : 2 * *count;
		void *grown = blackbox_own(reader, room * size);
		if (grown == NULL)
			return NULL;
		if (*count > 0)
			memcpy(grown, *at, *count * size);
		*at = grown;
	}
	return (char *)*at + size * (*count)++;
}

static const char *keep(struct blackbox_reader *reader, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = blackbox_own(reader, size);
	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

/* ---- single values ---- */

bool blackbox_is_scalar(const struct blackbox_reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	return event->kind == YAML_SCALAR && !event->is_broken &&
	       strlen(event->text) <= TEXT_MAX;
}

/* Of a value that is no text, as YAML 1.1 and 1.2 have it. */
bool blackbox_take_bool(struct blackbox_reader *reader, void *at)
{
	static const char *const words[] = {
		"false", "no", "off", "true", "yes", "on"
	};
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (!blackbox_is_scalar(reader) || event->quoted)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*(bool *)at = i >= 3;
		if (strcasecmp(event->text, words[i]) == 0)
			return true;
	}
	return false;
}

bool blackbox_take_text(struct blackbox_reader *reader, void *at)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (!blackbox_is_scalar(reader))
		return false;
	*(const char **)at = keep(reader, event->is_null ? "" : event->text);
	return true;
}

/* RE2's patterns, but for names of a few classes, are patterns of PCRE2, too. */
bool blackbox_take_regexp(struct blackbox_reader *reader, void *at)
{
	char why[128];
	if (!blackbox_is_scalar(reader))
		return false;
	struct expression *expression =
		expression_new(yaml_event(reader->yaml)->text, why, sizeof(why));
	expression_free(expression);
	return expression != NULL && blackbox_take_text(reader, at);
}

bool blackbox_fits(const char *regexp, struct bytes text)
{
	char why[128];
	struct expression *expression = expression_new(regexp, why, sizeof(why));
	bool yes = expression != NULL &&
		   expression_fit(expression, text) == EXPRESSION_FITS;
	expression_free(expression);
	return yes;
}

static bool take_u64(const char **s, uint64_t *value)
{
	char *end;
	if (!isdigit((unsigned char)**s))
		return false;
	errno = 0;
	*value = strtoull(*s, &end, 10);
	*s = end;
	return errno == 0;
}

bool blackbox_take_u32(struct blackbox_reader *reader, void *at)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	const char *s = event->text;
	uint64_t value;
	if (!blackbox_is_scalar(reader) || event->quoted || !take_u64(&s, &value) ||
	    *s != '\0' || value > UINT32_MAX)
		return false;
	*(uint32_t *)at = (uint32_t)value;
	return true;
}

/* "10MB", "1KiB": of 1024 either way, as that program counts them. */
bool blackbox_take_size(struct blackbox_reader *reader, void *at)
{
	static const char units[] = "KMGTP";
	const char *s = yaml_event(reader->yaml)->text, *unit;
	uint64_t value;
	if (!blackbox_is_scalar(reader) || !take_u64(&s, &value))
		return false;
	if (value == 0 && *s == '\0')
		return true;
	unsigned shift = 0;
	if (*s != '\0' && (unit = strchr(units, *s)) != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		s++;
		s += *s == 'i';
	}
	if (strcmp(s, "B") != 0 || value > UINT64_MAX >> shift)
		return false;
	*(uint64_t *)at = value << shift;
	return true;
}

/* "1m30s", "500ms", as the language Go has them; no sign, no less than milliseconds. */
bool blackbox_take_duration(struct blackbox_reader *reader, void *at)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", HOUR_MS } };
	const char *s = yaml_event(reader->yaml)->text;
	double total_ms = 0;
	if (!blackbox_is_scalar(reader) || *s == '\0')
		return false;
	while (*s != '\0') {
		char *end;
		size_t len, i = 0;
		if (!isdigit((unsigned char)*s))
			return false;
		double value = strtod(s, &end);
		len = strspn(end, "mhs");
		while (i < 4 && (strlen(units[i].name) != len ||
				 strncmp(units[i].name, end, len) != 0))
			i++;
		if (i == 4)
			return false;
		total_ms += value * units[i].ms;
		s = end + len;
	}
	if ((total_ms != 0 && total_ms < 1) || total_ms > HOUR_MS)
		return false;
	*(uint32_t *)at = (uint32_t)total_ms;
	return true;
}

bool blackbox_take_family(struct blackbox_reader *reader, void *at)
{
	const char *text = yaml_event(reader->yaml)->text;
	bool is_4 = strcmp(text, "ip4") == 0;
	if (!blackbox_is_scalar(reader) || (!is_4 && strcmp(text, "ip6") != 0))
		return false;
	*(uint8_t *)at = is_4 ? 4 : 6;
	return true;
}

bool blackbox_take_address(struct blackbox_reader *reader, void *at)
{
	return blackbox_is_scalar(reader) &&
	       addr_parse(yaml_event(reader->yaml)->text, at);
}

/* ---- lists and sections ---- */

bool blackbox_next_of_list(struct blackbox_reader *reader)
{
	enum yaml_kind kind = yaml_next(reader->yaml)->kind;
	return kind != YAML_LIST_END && kind != YAML_END && !reader->out_of_memory;
}

/* True for a list, and for nothing, which is an empty one. */
static bool is_list(const struct blackbox_reader *reader)
{
	return yaml_event(reader->yaml)->kind == YAML_LIST;
}

static bool is_nothing(const struct blackbox_reader *reader)
{
	return yaml_event(reader->yaml)->is_null;
}

static void refuse(struct blackbox_reader *reader, const char *name,
		   const char *allowed)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	struct buf *out = yaml_error(reader->yaml, event->line, event->column);
	buf_printf(out, "%s can't be ", name);
	yaml_say_found(out, event);
	buf_printf(out, "; allowed is %s\n", allowed);
	yaml_skip(reader->yaml);
}

/* A list whose elements are taken one by one. */
static bool take_list(struct blackbox_reader *reader, void **at, size_t *count,
		      size_t size, blackbox_take take, const char *allowed)
{
	if (is_nothing(reader))
		return true;
	if (!is_list(reader))
		return false;
	while (blackbox_next_of_list(reader)) {
		if (yaml_refuse_indirection(reader->yaml))
			continue;
		void *place = *count < LIST_MAX ? blackbox_grow(reader, at, count, size)
						: NULL;
		if (place == NULL || !take(reader, place))
			refuse(reader, "an element", allowed);
	}
	return true;
}

bool blackbox_take_texts(struct blackbox_reader *reader, void *at)
{
	struct blackbox_texts *list = at;
	return take_list(reader, (void **)&list->at, &list->count, sizeof(*list->at),
			 blackbox_take_text, "a text");
}

bool blackbox_take_regexps(struct blackbox_reader *reader, void *at)
{
	struct blackbox_texts *list = at;
	return take_list(reader, (void **)&list->at, &list->count, sizeof(*list->at),
			 blackbox_take_regexp, "a regular expression");
}

bool blackbox_take_numbers(struct blackbox_reader *reader, void *at)
{
	struct blackbox_numbers *list = at;
	return take_list(reader, (void **)&list->at, &list->count, sizeof(*list->at),
			 blackbox_take_u32, "a number");
}

static bool take_pair(struct blackbox_reader *reader, struct blackbox_texts *list)
{
	const char **name = blackbox_grow(reader, (void **)&list->at, &list->count,
					  sizeof(*list->at));
	if (name == NULL || !blackbox_take_text(reader, name))
		return false;
	yaml_next(reader->yaml);
	const char **value = blackbox_grow(reader, (void **)&list->at, &list->count,
					   sizeof(*list->at));
	return value != NULL && !yaml_refuse_indirection(reader->yaml) &&
	       blackbox_take_text(reader, value);
}

bool blackbox_take_pairs(struct blackbox_reader *reader, void *at)
{
	struct blackbox_texts *list = at;
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (is_nothing(reader))
		return true;
	if (event->kind != YAML_MAPPING)
		return false;
	while (yaml_next(reader->yaml)->kind != YAML_MAPPING_END &&
	       event->kind != YAML_END && list->count < LIST_MAX)
		if (!take_pair(reader, list))
			refuse(reader, "a header", "a name and a text");
	return true;
}

static void take_value(struct blackbox_reader *reader, const struct blackbox_key *key,
		       void *at)
{
	if (yaml_refuse_indirection(reader->yaml))
		return;
	if (!key->take(reader, (char *)at + key->offset) && !reader->out_of_memory)
		refuse(reader, key->name, key->allowed);
}

bool blackbox_take_section(struct blackbox_reader *reader,
			   const struct blackbox_key *keys, size_t count, void *at)
{
	const struct yaml_keys names = { keys, sizeof(*keys), count };
	const struct yaml_event *event = yaml_event(reader->yaml);
	size_t lines[KEYS_MAX] = { 0 };
	if (is_nothing(reader))
		return true;
	if (event->kind != YAML_MAPPING || count > KEYS_MAX)
		return false;
	while (yaml_next(reader->yaml)->kind != YAML_MAPPING_END &&
	       event->kind != YAML_END) {
		size_t key = yaml_take_key(reader->yaml, &names, lines);
		yaml_next(reader->yaml);
		if (event->kind == YAML_END)
			return true;
		if (key < count)
			take_value(reader, &keys[key], at);
		else
			yaml_skip(reader->yaml);
	}
	return true;
}
