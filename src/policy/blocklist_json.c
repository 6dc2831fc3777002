/*
 * blocklist_json.c: STIX 2.1 bundles, and other JSON objects with an address each.
 *
 * Of a bundle only one object is in memory at a time: the tree of all would be ten
 * times the file.  An indicator is taken if its pattern can only mean addresses: what
 * must come together with something else (AND, FOLLOWEDBY) is no address to look for.
 */
#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "base/when.h"
#include "policy/blocklist_reader.h"

enum {
	TOKENS_MAX = 4096, /* of a pattern */
	/* Of one value: as a tree it may take thirty times the room. */
	VALUE_BYTES_MAX = 1 << 20,
	TOKEN_BYTES = 16, /* the last one may be cut, too */
};

struct json_reader {
	struct blocklist_reader *to;
	struct word rest;
	bool is_over; /* an error was said */
};

/* ---- the text ---- */

static void skip_space(struct json_reader *r)
{
	while (r->rest.len > 0 && strchr(" \t\r\n", r->rest.at[0]) != NULL &&
	       r->rest.at[0] != '\0') {
		r->to->line += r->rest.at[0] == '\n';
		r->rest.at++;
		r->rest.len--;
	}
}

/* The next character that is no space; '\0': there is none. */
static char peek(struct json_reader *r)
{
	skip_space(r);
	return r->rest.len > 0 ? r->rest.at[0] : '\0';
}

static void say_not_json(struct json_reader *r, const char *why)
{
	struct buf *out = r->is_over ? NULL : list_error(r->to);
	r->is_over = true;
	if (out == NULL)
		return;
	buf_text(out, "not JSON: ");
	buf_json_text(out, why);
	buf_char(out, '\n');
}

static bool take_char(struct json_reader *r, char c)
{
	if (peek(r) != c)
		return false;
	r->rest.at++;
	r->rest.len--;
	return true;
}

/* One value; NULL, and said, if there is none. */
static json_t *take_value(struct json_reader *r)
{
	json_error_t error;
	skip_space(r);
	bool is_cut = r->rest.len > VALUE_BYTES_MAX;
	json_t *value = json_loadb(r->rest.at, is_cut ? VALUE_BYTES_MAX : r->rest.len,
				   JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);
	if (value == NULL) {
		bool is_long = is_cut && error.position > VALUE_BYTES_MAX - TOKEN_BYTES;
		r->to->line += error.line > 0 ? (size_t)error.line - 1 : 0;
		say_not_json(r, is_long ? "one value of more than 1 MiB" : error.text);
		return NULL;
	}
	for (int i = 0; i < error.position; i++)
		r->to->line += r->rest.at[i] == '\n';
	r->rest.at += error.position;
	r->rest.len -= (size_t)error.position;
	return value;
}

/* ---- patterns of STIX ---- */

enum token_kind { TOKEN_END, TOKEN_TEXT, TOKEN_WORD, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	struct word word;
};

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || strchr("_-:.*", c) != NULL;
}

/* 'text': a backslash takes the next character as it is. */
static struct token take_text(struct word *rest)
{
	size_t i = 1;
	while (i < rest->len && rest->at[i] != '\'')
		i += rest->at[i] == '\\' && i + 1 < rest->len ? 2 : 1;
	size_t end = i < rest->len ? i : rest->len;
	struct token token = { TOKEN_TEXT, { rest->at + 1, end - 1 } };
	size_t taken = end < rest->len ? end + 1 : end;
	rest->at += taken;
	rest->len -= taken;
	return token;
}

static struct token take_token(struct word *rest)
{
	while (rest->len > 0 && isspace((unsigned char)rest->at[0])) {
		rest->at++;
		rest->len--;
	}
	if (rest->len == 0)
		return (struct token){ TOKEN_END, { rest->at, 0 } };
	if (rest->at[0] == '\'')
		return take_text(rest);
	struct token token = { TOKEN_SIGN, { rest->at, 1 } };
	if (is_word_char(rest->at[0]) && rest->at[0] != '\0') {
		token.kind = TOKEN_WORD;
		while (token.word.len < rest->len && rest->at[token.word.len] != '\0' &&
		       is_word_char(rest->at[token.word.len]))
			token.word.len++;
	}
	rest->at += token.word.len;
	rest->len -= token.word.len;
	return token;
}

/* Words that may stand between comparisons of addresses. */
static bool is_harmless(const struct token *token)
{
	static const char *const words[] = { "OR", "IN", "ISSUBSET", NULL };
	if (token->kind == TOKEN_SIGN)
		return strchr("[](),=", token->word.at[0]) != NULL;
	for (size_t i = 0; words[i] != NULL; i++)
		if (word_is(token->word, words[i]))
			return true;
	return false;
}

static bool is_path(const struct token *token)
{
	return memchr(token->word.at, ':', token->word.len) != NULL;
}

static bool is_address_path(const struct token *token)
{
	static const char *const paths[] = { "ipv4-addr:value", "ipv6-addr:value",
					     "network-traffic:src_ref.value",
					     "network-traffic:dst_ref.value", NULL };
	for (size_t i = 0; paths[i] != NULL; i++)
		if (word_is(token->word, paths[i]))
			return true;
	return false;
}

/* Its addresses; of other things joined by OR they are left out.  False: not one. */
static bool take_pattern(struct json_reader *r, struct word pattern, struct word note,
			 bool takes)
{
	bool of_address = false, any = false;
	for (int i = 0; i < TOKENS_MAX; i++) {
		struct token token = take_token(&pattern);
		if (token.kind == TOKEN_END)
			return any;
		if (token.kind == TOKEN_WORD && is_path(&token))
			of_address = is_address_path(&token);
		else if (token.kind == TOKEN_TEXT && of_address)
			any |= !takes || list_take(r->to, token.word, note);
		else if (token.kind != TOKEN_TEXT && !is_harmless(&token))
			return false;
	}
	return false;
}

/* ---- objects ---- */

static struct word member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_string(value) ? (struct word){ json_string_value(value),
						      json_string_length(value) }
				     : (struct word){ "", 0 };
}

static bool is_valid(struct json_reader *r, const json_t *object)
{
	int64_t until_us;
	struct word until = member(object, "valid_until");
	if (json_is_true(json_object_get(object, "revoked")))
		return false;
	if (until.len == 0 || !time_parse(until.at, &until_us))
		return true;
	if (until_us <= r->to->source->now_us)
		return false;
	list_note_expiry(r->to, until_us);
	return true;
}

static bool take_indicator(struct json_reader *r, const json_t *object)
{
	struct word type = member(object, "pattern_type");
	struct word pattern = member(object, "pattern");
	if ((type.len > 0 && !word_is(type, "stix")) ||
	    !take_pattern(r, pattern, type, false))
		return false;
	return take_pattern(r, pattern, member(object, "name"), true);
}

/* Of a bundle. */
static void take_object(struct json_reader *r, const json_t *object)
{
	struct word type = member(object, "type");
	bool taken = false;
	if (!is_valid(r, object))
		taken = false;
	else if (word_is(type, "indicator"))
		taken = take_indicator(r, object);
	else if (word_is(type, "ipv4-addr") || word_is(type, "ipv6-addr"))
		taken = list_take(r->to, member(object, "value"),
				  (struct word){ "", 0 });
	else
		return; /* who wrote it, what it is about */
	if (!taken)
		list_leave_out(r->to);
}

/* { "cidr": "192.0.2.0/24", "sblid": "SBL1" }, as Spamhaus writes one per line. */
static bool take_plain_object(struct json_reader *r, const json_t *object)
{
	struct word address = { "", 0 }, note = { "", 0 };
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)object, name, value)
	{
		struct word called = { name, strlen(name) };
		if (address.len == 0 && list_is_address_name(called))
			address = member(object, name);
		else if (note.len == 0 && list_is_note_name(called))
			note = member(object, name);
	}
	return list_take(r->to, address, note);
}

/* What is wrong with it is said of its begin.  False: there is none. */
static bool take_next_object(struct json_reader *r)
{
	skip_space(r);
	size_t first = r->to->line;
	json_t *object = take_value(r);
	size_t last = r->to->line;
	if (object == NULL)
		return false;
	r->to->line = first;
	take_object(r, object);
	r->to->line = last;
	json_decref(object);
	return true;
}

static void take_objects(struct json_reader *r)
{
	if (!take_char(r, '[')) {
		say_not_json(r, "objects is no list");
		return;
	}
	if (take_char(r, ']'))
		return;
	while (take_next_object(r) && take_char(r, ','))
		;
	if (!r->is_over && !take_char(r, ']'))
		say_not_json(r, "a list does not end");
}

/* What may have an address or a note; all else would but take room. */
static void keep_member(json_t *rest, const char *name, json_t *value)
{
	struct word called = { name, strlen(name) };
	if (json_is_string(value) &&
	    (list_is_address_name(called) || list_is_note_name(called)))
		json_object_set(rest, name, value);
	json_decref(value);
}

/* "name": value; of a bundle's objects each by itself, all else into *rest. */
static bool take_member(struct json_reader *r, json_t *rest, bool *is_bundle)
{
	json_t *name = take_value(r);
	bool good = json_is_string(name) && take_char(r, ':');
	if (!good)
		say_not_json(r, "a member without a name");
	else if (strcmp(json_string_value(name), "objects") == 0) {
		*is_bundle = true;
		take_objects(r);
	} else {
		keep_member(rest, json_string_value(name), take_value(r));
	}
	json_decref(name);
	return !r->is_over;
}

static void take_top(struct json_reader *r)
{
	bool is_bundle = false;
	json_t *rest = json_object();
	take_char(r, '{');
	if (!take_char(r, '}')) {
		while (take_member(r, rest, &is_bundle) && take_char(r, ','))
			;
		if (!take_char(r, '}'))
			say_not_json(r, "an object does not end");
	}
	if (!r->is_over && !is_bundle && !take_plain_object(r, rest))
		list_leave_out(r->to);
	json_decref(rest);
}

void list_json(struct blocklist_reader *reader, struct word text)
{
	struct json_reader r = { .to = reader, .rest = text };
	reader->line = 1;
	while (!r.is_over && peek(&r) == '{')
		take_top(&r);
	if (!r.is_over && peek(&r) != '\0')
		say_not_json(&r, "something stands behind the last object");
	if (!r.is_over && blocklist_count(reader->list) == 0 &&
	    blocklist_left_out(reader->list) == 0)
		say_not_json(&r, "no indicator, and no object with an address");
}
