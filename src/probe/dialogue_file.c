/*
 * dialogue_file.c: see dialogue_file.h.
 */
#include "probe/dialogue_file.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 1000,                   /* shorter than what yaml.h cuts */
	TEXTS_MAX = 6 * DIALOGUE_STEPS_MAX /* a step has each of its keys once */
};

#define TEXT_ALLOWED "a text of 1 to 1000 bytes"
#define HEX_ALLOWED  "octets such as \"00 1f ff\", at most 300"

struct reader {
	struct yaml *yaml;
	size_t count;
	struct dialogue_words words[DIALOGUE_STEPS_MAX];
	/* Owned copies of what the words point to. */
	char *texts[TEXTS_MAX];
	size_t text_count;
};

static const char *own(struct reader *r, const char *text)
{
	char *copy = strdup(text);
	r->texts[r->text_count++] = copy;
	return copy;
}

/* ---- values ---- */

static bool take_pattern(struct reader *r, const char **field, const char *text)
{
	*field = own(r, text);
	return *field != NULL;
}

static bool take_bytes(struct reader *r, struct bytes *field, const char *text)
{
	const char *copy = own(r, text);
	*field = bytes_of(copy, strlen(text));
	return copy != NULL;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at;
	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c != '\0' ? strchr(digits, c) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* In place: what is read is shorter than how it is written. */
static bool take_hex(struct reader *r, struct bytes *field, const char *text)
{
	char *copy = (char *)own(r, text);
	size_t len = 0;
	for (const char *s = text; copy != NULL && *s != '\0';) {
		int high = digit(s[0]), low = high >= 0 ? digit(s[1]) : -1;
		if (low < 0)
			return false;
		copy[len++] = (char)(high << 4 | low);
		s += 2;
		s += *s == ' ' && s[1] != '\0';
	}
	*field = bytes_of(copy, len);
	return copy != NULL && len > 0;
}

static bool take_expect(struct reader *r, struct dialogue_words *w, const char *text)
{
	return take_pattern(r, &w->expect, text);
}

static bool take_fails_if(struct reader *r, struct dialogue_words *w, const char *text)
{
	return take_pattern(r, &w->fails_if, text);
}

static bool take_expect_hex(struct reader *r, struct dialogue_words *w,
			    const char *text)
{
	return take_hex(r, &w->expect_bytes, text);
}

static bool take_send(struct reader *r, struct dialogue_words *w, const char *text)
{
	return take_bytes(r, &w->send, text);
}

static bool take_send_hex(struct reader *r, struct dialogue_words *w, const char *text)
{
	return take_hex(r, &w->send, text);
}

static bool take_starttls(struct reader *r, struct dialogue_words *w, const char *text)
{
	(void)r;
	w->starts_tls = true;
	return strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
}

static const struct key {
	const char *name, *allowed;
	bool (*take)(struct reader *r, struct dialogue_words *words, const char *text);
} keys[] = {
	{ "expect", TEXT_ALLOWED ", a regular expression", take_expect },
	{ "fails_if", TEXT_ALLOWED ", a regular expression", take_fails_if },
	{ "expect_hex", HEX_ALLOWED, take_expect_hex },
	{ "send", TEXT_ALLOWED, take_send },
	{ "send_hex", HEX_ALLOWED, take_send_hex },
	{ "starttls", "yes", take_starttls },
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };
_Static_assert((int)KEY_COUNT <= (int)YAML_KEYS_MAX &&
		       KEY_COUNT * DIALOGUE_STEPS_MAX <= TEXTS_MAX,
	       "room for all of them");
static const struct yaml_keys key_names = { keys, sizeof(keys[0]), KEY_COUNT };

static void take_value(void *to, size_t number)
{
	struct reader *r = to;
	const struct key *key = &keys[number];
	const struct yaml_event *event = yaml_event(r->yaml);
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_SCALAR || event->is_broken || event->is_null ||
	    event->text[0] == '\0' || strlen(event->text) > TEXT_MAX ||
	    !key->take(r, &r->words[r->count - 1], event->text))
		yaml_refuse_value(r->yaml, key->name, key->allowed);
}

/* ---- steps ---- */

static bool is_one(const struct dialogue_words *w)
{
	unsigned count = (w->expect != NULL) + (w->expect_bytes.len > 0) +
			 (w->send.len > 0) + w->starts_tls;
	return count == 1 && (w->fails_if == NULL || w->expect != NULL);
}

/* Its patterns are tried here, where their place is known. */
static void check_step(struct reader *r, const struct dialogue_words *words,
		       size_t line, size_t column)
{
	char why[DIALOGUE_WHY_MAX];
	if (!is_one(words)) {
		buf_text(
			yaml_error(r->yaml, line, column),
			"not one thing to do; allowed is one of expect (and fails_if "
			"beside it), expect_hex, send, send_hex, starttls in a step\n");
		return;
	}
	struct dialogue_steps *step = dialogue_steps_new(words, 1, why);
	if (step == NULL)
		buf_printf(yaml_error(r->yaml, line, column), "%s\n", why);
	dialogue_steps_free(step);
}

static void take_step(struct reader *r)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	size_t line = event->line, column = event->column;
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_MAPPING || r->count == DIALOGUE_STEPS_MAX) {
		struct buf *out = yaml_error(r->yaml, line, column);
		buf_text(out, "a step can't be ");
		yaml_say_found(out, event);
		buf_printf(out,
			   "; allowed are at most %d such as \"- send: PING\" and \"- "
			   "expect: ^PONG\"\n",
			   DIALOGUE_STEPS_MAX);
		yaml_skip(r->yaml);
		return;
	}
	struct dialogue_words *words = &r->words[r->count++];
	yaml_take_mapping(r->yaml, &key_names, take_value, r);
	if (!yaml_failed(r->yaml))
		check_step(r, words, line, column);
}

static struct dialogue_steps *take_steps(struct reader *r)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	size_t line = event->line, column = event->column;
	char why[DIALOGUE_WHY_MAX] = "no steps; allowed is a list of them";
	if (event->kind == YAML_LIST)
		while (yaml_next(r->yaml)->kind != YAML_LIST_END &&
		       event->kind != YAML_END)
			take_step(r);
	else
		yaml_skip(r->yaml);
	if (yaml_failed(r->yaml))
		return NULL;
	struct dialogue_steps *steps =
		r->count > 0 ? dialogue_steps_new(r->words, r->count, why) : NULL;
	if (steps == NULL)
		buf_printf(yaml_error(r->yaml, line, column), "dialogue: %s\n", why);
	return steps;
}

struct dialogue_steps *dialogue_file_take(struct yaml *yaml)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct dialogue_steps *steps = NULL;
	if (r == NULL || yaml_refuse_indirection(yaml)) {
		free(r);
		return NULL;
	}
	r->yaml = yaml;
	steps = take_steps(r);
	for (size_t i = 0; i < r->text_count; i++)
		free(r->texts[i]);
	free(r);
	return steps;
}
