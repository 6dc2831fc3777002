/*
 * type_words.c: one word of a closed list, or several of them.
 */
#include "base/words.h"
#include "config/type.h"

static bool word_take(const struct key *key, void *field, const char *text, bool quoted)
{
	const struct key bounds = { .min = 1, .max = CONFIG_TEXT_MAX - 1 };
	return words_hold(key->type->words, text) &&
	       key_type_text.take(&bounds, field, text, quoted);
}

/* "observe or on", "notice, low or critical". */
static void say_words(struct buf *out, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		const char *before = i == 0 ? "" : words[i + 1] != NULL ? ", " : " or ";
		buf_printf(out, "%s%s", before, words[i]);
	}
}

static void word_expect(struct buf *out, const struct key *key)
{
	say_words(out, key->type->words);
}

static void word_schema(struct buf *out, const struct key *key)
{
	const char *const *words = key->type->words;
	buf_text(out, "\"enum\": [");
	for (size_t i = 0; words[i] != NULL; i++)
		buf_printf(out, "%s\"%s\"", i > 0 ? ", " : "", words[i]);
	buf_char(out, ']');
}

static bool kinds_take(const struct key *key, void *field, const char *text,
		       bool quoted)
{
	return words_hold(key->type->words, text) &&
	       key_type_texts.take(key, field, text, quoted);
}

static size_t kinds_count(const void *field)
{
	return key_type_texts.count(field);
}

static void word_write(struct buf *out, const void *field, size_t index)
{
	key_type_text.write(out, field, index);
}

static void kinds_write(struct buf *out, const void *field, size_t index)
{
	key_type_texts.write(out, field, index);
}

static void kinds_expect(struct buf *out, const struct key *key)
{
	buf_printf(out, "a list of at most %u of ", key->max);
	say_words(out, key->type->words);
}

const struct key_type key_type_mode = {
	.size = sizeof(config_mode),
	.words = words_block_modes,
	.take = word_take,
	.write = word_write,
	.expect = word_expect,
	.schema = word_schema,
};

const struct key_type key_type_severity = {
	.size = sizeof(config_severity),
	.words = severity_names,
	.take = word_take,
	.write = word_write,
	.expect = word_expect,
	.schema = word_schema,
};

const struct key_type key_type_role = {
	.size = sizeof(config_role),
	.words = words_roles,
	.take = word_take,
	.write = word_write,
	.expect = word_expect,
	.schema = word_schema,
};

const struct key_type key_type_kinds = {
	.size = sizeof(config_kinds),
	.is_list = true,
	.words = words_finding_kinds,
	.take = kinds_take,
	.count = kinds_count,
	.write = kinds_write,
	.expect = kinds_expect,
	.schema = word_schema,
};
