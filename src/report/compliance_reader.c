/*
 * compliance_reader.c: see compliance_reader.h.
 */
#include "report/compliance_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"

enum {
	SIGNS_MAX = 1 << 16,
	TEXT_BYTES_MAX = 1022, /* one more may have been cut, see base/yaml.h */
};

/* ---- single values ---- */

const char *reader_scalar(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	bool is_text =
		event->kind == YAML_SCALAR && !event->is_null && !event->is_broken;
	return is_text && event->text[0] != '\0' ? event->text : NULL;
}

bool reader_take_text(struct reader *reader, char **out)
{
	const char *text = reader_scalar(reader);
	if (text == NULL || strlen(text) > TEXT_BYTES_MAX)
		return false;
	free(*out);
	*out = strdup(text);
	return *out != NULL;
}

bool reader_take_name(struct reader *reader, char **out)
{
	const char *text = reader_scalar(reader), *slash = strrchr(reader->file, '/');
	const char *file = slash != NULL ? slash + 1 : reader->file;
	size_t len = text != NULL ? strlen(text) : 0;
	return len > 0 && strncmp(file, text, len) == 0 &&
	       strcmp(file + len, ".yaml") == 0 && reader_take_text(reader, out);
}

bool reader_take_date(struct reader *reader, char **out)
{
	char day[] = "2000-01-01";
	int64_t at_us;
	const char *text = reader_scalar(reader);
	size_t len = text != NULL ? strlen(text) : 0;
	if (len != strlen("2026-01") && len != strlen(day))
		return false;
	memcpy(day, text, len);
	return when_parse(day, 0, &at_us) && reader_take_text(reader, out);
}

size_t reader_choice(struct reader *reader, const char *(*name)(size_t at),
		     size_t count)
{
	const char *text = reader_scalar(reader);
	for (size_t i = 0; i < count && text != NULL; i++)
		if (strcmp(text, name(i)) == 0)
			return i;
	return count;
}

/* ---- mappings and lists ---- */

struct taking {
	struct reader *reader;
	const struct key *keys;
};

static bool take_value(void *to, size_t key)
{
	const struct taking *taking = to;
	return taking->keys[key].take(taking->reader);
}

void reader_take_mapping(struct reader *reader, const struct key *keys, size_t count,
			 const char *what)
{
	const struct yaml_keys names = { keys, sizeof(keys[0]), count };
	struct taking taking = { reader, keys };
	yaml_take_section(reader->yaml, &names, what, take_value, &taking);
}

bool reader_take_list(struct reader *reader, void (*take_one)(struct reader *reader))
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (event->kind != YAML_LIST)
		return false;
	while (yaml_next(reader->yaml)->kind != YAML_LIST_END &&
	       event->kind != YAML_END)
		if (!yaml_refuse_indirection(reader->yaml))
			take_one(reader);
	return true;
}

void *reader_add(struct reader *reader, void *list, size_t *count, size_t size,
		 const char *what)
{
	void *at;
	const struct yaml_event *event = yaml_event(reader->yaml);
	memcpy(&at, list, sizeof(at));
	void *grown = *count == COMPLIANCE_CONTROLS_MAX
			      ? NULL
			      : reallocarray(at, *count + 1, size);
	if (grown == NULL) {
		buf_printf(yaml_error(reader->yaml, event->line, event->column),
			   "too many %s; allowed are %d\n", what,
			   COMPLIANCE_CONTROLS_MAX);
		yaml_skip(reader->yaml);
		return NULL;
	}
	memcpy(list, &grown, sizeof(grown));
	return memset((char *)grown + (*count)++ * size, 0, size);
}

/* ---- references to evidence ---- */

static void refuse_reference(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	struct buf *out = yaml_error(reader->yaml, event->line, event->column);
	yaml_say_found(out, event);
	buf_text(out, " is no evidence; allowed are ");
	for (size_t i = 0; i < reader->compliance->evidence_count; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "",
			   reader->compliance->evidence[i].id);
	buf_text(out, ", each once\n");
	yaml_skip(reader->yaml);
}

static bool is_named(const struct reader *reader, size_t evidence)
{
	for (size_t i = 0; i < *reader->reference_count; i++)
		if (reader->references[i] == evidence)
			return true;
	return false;
}

static void take_reference(struct reader *reader)
{
	const char *text = reader_scalar(reader);
	const struct evidence *evidence =
		text != NULL ? compliance_evidence(reader->compliance, text) : NULL;
	size_t at = evidence != NULL ? (size_t)(evidence - reader->compliance->evidence)
				     : 0;
	if (evidence == NULL || is_named(reader, at) ||
	    *reader->reference_count == COMPLIANCE_REFERENCES_MAX)
		refuse_reference(reader);
	else
		reader->references[(*reader->reference_count)++] = at;
}

bool reader_take_references(struct reader *reader, size_t *references, size_t *count)
{
	reader->references = references;
	reader->reference_count = count;
	return reader_take_list(reader, take_reference);
}

/* ---- a file ---- */

static void take_file(struct reader *reader, const struct key *keys, size_t count,
		      const char *what)
{
	const struct yaml_event *event = yaml_next(reader->yaml);
	if (event->kind == YAML_DOCUMENT) {
		event = yaml_next(reader->yaml);
		if (event->kind != YAML_END && !yaml_refuse_indirection(reader->yaml))
			reader_take_mapping(reader, keys, count, what);
		event = yaml_next(reader->yaml);
	} else if (!yaml_failed(reader->yaml)) {
		buf_printf(yaml_error(reader->yaml, 1, 1), "an empty file is not %s\n",
			   what);
	}
	if (event->kind != YAML_END && !yaml_failed(reader->yaml))
		buf_text(yaml_error(reader->yaml, event->line, event->column),
			 "one document is allowed in a file\n");
}

bool reader_take_file(struct reader *reader, const char *text, size_t len,
		      const struct key *keys, size_t count, const char *what,
		      struct buf *errors)
{
	reader->yaml = yaml_open(text, len, reader->file, SIGNS_MAX, errors);
	if (reader->yaml == NULL)
		return false;
	take_file(reader, keys, count, what);
	bool good = !yaml_failed(reader->yaml);
	yaml_close(reader->yaml);
	return good;
}
