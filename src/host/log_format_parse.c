/*
 * log_format_parse.c: YAML events into a format, by tables of keys.
 *
 * Every function that takes a value starts on its first event and stops on its last,
 * right or wrong, so that one reading shows all errors at once.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "host/log_format.h"

enum { SIGNS_MAX = 1 << 16 };

struct reader {
	struct yaml *yaml;
	struct log_format *format;
	struct log_rule *rule; /* the one being read */
};

struct key {
	struct yaml_key key;
	/* False, on the value's first event: it is not allowed. */
	bool (*take)(struct reader *reader);
};

/* ---- single values ---- */

static const char *text_of(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (yaml_event(reader->yaml)->kind != YAML_SCALAR || event->is_null ||
	    event->is_broken)
		return NULL;
	return event->text;
}

static bool is_word(const char *text, size_t size, const char *signs)
{
	size_t len = strlen(text);
	if (len == 0 || len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && strchr(signs, text[i]) == NULL)
			return false;
	return true;
}

static bool take_word(struct reader *reader, char *out, size_t size)
{
	const char *text = text_of(reader);
	if (text == NULL || !is_word(text, size, "-_."))
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool take_yes_no(struct reader *reader, bool *out)
{
	const char *text = text_of(reader);
	if (text == NULL)
		return false;
	*out = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
	return *out || strcmp(text, "no") == 0 || strcmp(text, "false") == 0;
}

/* ---- lists of words ---- */

/* A word, or a list of words; what is wrong in a list is said at its place. */
static bool take_words(struct reader *reader, struct log_words *words,
		       bool (*is_allowed)(const char *text), const char *allowed)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	const char *text = text_of(reader);
	if (text != NULL)
		return is_allowed(text) && log_words_add(words, text);
	if (event->kind != YAML_LIST)
		return false;
	while (yaml_next(reader->yaml)->kind != YAML_LIST_END &&
	       event->kind != YAML_END) {
		if (yaml_refuse_indirection(reader->yaml))
			continue;
		text = text_of(reader);
		if (text != NULL && is_allowed(text) && log_words_add(words, text))
			continue;
		struct buf *out = yaml_error(reader->yaml, event->line, event->column);
		yaml_say_found(out, event);
		buf_printf(out, " can't be in this list; allowed is %s\n", allowed);
		yaml_skip(reader->yaml);
	}
	return true;
}

static bool is_printable(const char *text)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] >= 0x7f)
			return false;
	return len > 0 && len < LOG_WORD_MAX;
}

/* gdm's has a bracket at its end. */
static bool is_identifier(const char *text)
{
	return is_printable(text) && strpbrk(text, " :[") == NULL;
}

static bool is_path(const char *text)
{
	return text[0] == '/' && is_printable(text);
}

/* ---- keys of a pattern ---- */

static void say_allowed_in_pattern(struct buf *out)
{
	buf_text(out, "; allowed is a Perl-compatible regular expression of at most "
		      "1000 bytes for the whole line, with groups named ");
	log_pattern_say_fields(out);
	buf_char(out, '\n');
}

/* Says itself what is wrong, as only the compiler knows. */
static bool take_match(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	const char *text = text_of(reader);
	struct buf wrong = { 0 };
	if (text == NULL || text[0] == '\0' || strlen(text) > LOG_PATTERN_MAX)
		return false;
	log_pattern_free(reader->rule->pattern);
	reader->rule->pattern = log_pattern_new(text, &wrong);
	if (reader->rule->pattern == NULL) {
		struct buf *out = yaml_error(reader->yaml, event->line, event->column);
		buf_printf(out, "match is wrong: %s",
			   buf_ok(&wrong) ? buf_cstr(&wrong) : "");
		say_allowed_in_pattern(out);
	}
	buf_free(&wrong);
	return true;
}

static bool take_outcome(struct reader *reader)
{
	static const char *const outcomes[] = { "success", "failure", "unknown" };
	const char *text = text_of(reader);
	for (size_t i = 0; i < 3 && text != NULL; i++) {
		if (strcmp(outcomes[i], text) != 0)
			continue;
		reader->rule->outcome = outcomes[i];
		return true;
	}
	return false;
}

static bool take_protocol(struct reader *reader)
{
	return take_word(reader, reader->rule->protocol,
			 sizeof(reader->rule->protocol));
}

static bool take_method(struct reader *reader)
{
	const char *text = text_of(reader);
	if (text == NULL || !is_word(text, 32, "-_./+"))
		return false;
	reader->rule->method = record_word(text);
	return reader->rule->method != NULL;
}

static bool take_server_port(struct reader *reader)
{
	char *end = NULL;
	const char *text = text_of(reader);
	if (text == NULL || !isdigit((unsigned char)text[0]) || strlen(text) > 5)
		return false;
	unsigned long port = strtoul(text, &end, 10);
	reader->rule->server_port = (uint32_t)port;
	return *end == '\0' && port >= 1 && port <= UINT16_MAX;
}

static bool take_hint(struct reader *reader)
{
	return take_yes_no(reader, &reader->rule->is_hint);
}

static bool take_teller(struct reader *reader)
{
	return take_word(reader, reader->rule->teller, sizeof(reader->rule->teller));
}

#define WORD_ALLOWED "a word of at most 31 letters, digits, - _ and ."
static const struct key of_pattern[] = {
	{ { "match", "a regular expression of 1 to 1000 bytes", true }, take_match },
	{ { "outcome", "success, failure or unknown", true }, take_outcome },
	{ { "protocol", WORD_ALLOWED, false }, take_protocol },
	{ { "method", WORD_ALLOWED, false }, take_method },
	{ { "server_port", "a number from 1 to 65535", false }, take_server_port },
	{ { "hint", "yes or no", false }, take_hint },
	{ { "teller", WORD_ALLOWED, false }, take_teller },
};

/* ---- mappings ---- */

struct taking {
	struct reader *reader;
	const struct key *keys;
};

static bool take_value(void *to, size_t key)
{
	const struct taking *taking = to;
	return taking->keys[key].take(taking->reader);
}

/* what: "a format", "a pattern". */
static void take_mapping(struct reader *reader, const struct key *keys, size_t count,
			 const char *what)
{
	const struct yaml_keys names = { keys, sizeof(keys[0]), count };
	struct taking taking = { reader, keys };
	yaml_take_section(reader->yaml, &names, what, take_value, &taking);
}

/* ---- keys of a format ---- */

static bool take_format_name(struct reader *reader)
{
	return take_word(reader, reader->format->name, sizeof(reader->format->name));
}

#define IDENTIFIERS_ALLOWED "at most 32 names of programs as syslog has them"
static bool take_identifiers(struct reader *reader)
{
	return take_words(reader, &reader->format->identifiers, is_identifier,
			  IDENTIFIERS_ALLOWED);
}

#define FILES_ALLOWED "at most 32 files from / on, * and ? for any part of a name"
static bool take_files(struct reader *reader)
{
	return take_words(reader, &reader->format->files, is_path, FILES_ALLOWED);
}

/* systemd.journal-fields(7): capital letters, digits and underscores. */
static bool is_field_name(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	return len > 0 && len < 64 && text[len] == '\0';
}

#define JOURNAL_ALLOWED                                                                \
	"a section of at most 8 fields and their values, such as _UID: [0] or "        \
	"_EXE: [/usr/bin/su]"
static void refuse_condition(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	struct buf *out = yaml_error(reader->yaml, event->line, event->column);
	buf_text(out, "journal can't hold ");
	yaml_say_found(out, event);
	buf_text(out, "; allowed is " JOURNAL_ALLOWED "\n");
	yaml_skip(reader->yaml);
}

/* The condition that the key at the event begins; NULL and an error if it can't. */
static struct log_condition *take_field_name(struct reader *reader)
{
	struct log_format *format = reader->format;
	const char *name = text_of(reader);
	if (yaml_refuse_indirection(reader->yaml))
		return NULL;
	if (name == NULL || !is_field_name(name) ||
	    format->condition_count == LOG_CONDITIONS_MAX) {
		refuse_condition(reader);
		return NULL;
	}
	struct log_condition *condition =
		&format->conditions[format->condition_count++];
	memcpy(condition->field, name, strlen(name) + 1);
	return condition;
}

static bool take_journal(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (event->kind != YAML_MAPPING)
		return false;
	while (yaml_next(reader->yaml)->kind != YAML_MAPPING_END &&
	       event->kind != YAML_END) {
		struct log_condition *condition = take_field_name(reader);
		yaml_next(reader->yaml);
		if (condition == NULL)
			yaml_skip(reader->yaml);
		else if (!yaml_refuse_indirection(reader->yaml) &&
			 !take_words(reader, &condition->values, is_printable,
				     "at most 32 values"))
			refuse_condition(reader);
	}
	return true;
}

static void take_pattern(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	struct log_format *format = reader->format;
	if (yaml_refuse_indirection(reader->yaml))
		return;
	if (format->rule_count == LOG_RULES_MAX) {
		buf_printf(yaml_error(reader->yaml, event->line, event->column),
			   "too many patterns; allowed are %d\n", LOG_RULES_MAX);
		yaml_skip(reader->yaml);
		return;
	}
	reader->rule = &format->rules[format->rule_count++];
	reader->rule->server_port = UNKNOWN_U32;
	take_mapping(reader, of_pattern, sizeof(of_pattern) / sizeof(of_pattern[0]),
		     "a pattern");
}

static bool take_patterns(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (event->kind != YAML_LIST)
		return false;
	while (yaml_next(reader->yaml)->kind != YAML_LIST_END &&
	       event->kind != YAML_END)
		take_pattern(reader);
	return true;
}

static const struct key of_format[] = {
	{ { "name", WORD_ALLOWED, true }, take_format_name },
	{ { "identifiers", IDENTIFIERS_ALLOWED, false }, take_identifiers },
	{ { "journal", JOURNAL_ALLOWED, false }, take_journal },
	{ { "files", FILES_ALLOWED, false }, take_files },
	{ { "patterns", "a list of at most 64 sections with match and outcome", true },
	  take_patterns },
};

/* ---- a file ---- */

static void check_purpose(struct reader *reader, size_t line, size_t column)
{
	const struct log_format *format = reader->format;
	if (format->identifiers.count == 0 && format->files.count == 0)
		buf_text(yaml_error(reader->yaml, line, column),
			 "a format without identifiers and files is about nothing; "
			 "allowed is one of them, or both\n");
}

static void take_file(struct reader *reader)
{
	const struct yaml_event *event = yaml_next(reader->yaml);
	size_t line = event->line, column = event->column;
	if (event->kind == YAML_DOCUMENT) {
		event = yaml_next(reader->yaml);
		if (event->kind != YAML_END && !yaml_refuse_indirection(reader->yaml))
			take_mapping(reader, of_format,
				     sizeof(of_format) / sizeof(of_format[0]),
				     "a format");
		if (!yaml_failed(reader->yaml))
			check_purpose(reader, line, column);
		event = yaml_next(reader->yaml);
	} else if (!yaml_failed(reader->yaml)) {
		buf_text(yaml_error(reader->yaml, 1, 1),
			 "an empty file is no format\n");
	}
	if (event->kind != YAML_END)
		buf_text(yaml_error(reader->yaml, event->line, event->column),
			 "a second document; allowed is one in a file\n");
}

struct log_format *log_format_parse(const char *text, size_t len, const char *name,
				    struct buf *errors)
{
	struct reader reader = { .format = calloc(1, sizeof(*reader.format)) };
	if (reader.format != NULL)
		reader.yaml = yaml_open(text, len, name, SIGNS_MAX, errors);
	if (reader.yaml == NULL) {
		buf_text(errors, errors->len == 0 ? "not enough memory\n" : "");
		free(reader.format);
		return NULL;
	}
	take_file(&reader);
	bool failed = yaml_failed(reader.yaml) || reader.format->name[0] == '\0';
	yaml_close(reader.yaml);
	if (!failed)
		return reader.format;
	log_format_free(reader.format);
	return NULL;
}
