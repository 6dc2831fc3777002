/*
 * compliance_parse.c: files of compliance/ into evidence and frameworks, by tables of
 * keys.
 *
 * Every function that takes a value starts on its first event and stops on its last,
 * right or wrong, so that one reading shows all errors at once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "base/yaml.h"
#include "report/compliance.h"
#include "report/digest.h"

enum { SIGNS_MAX = 1 << 16 };
#define SECOND_US 1000000

struct reader {
	struct yaml *yaml;
	const struct compliance *compliance;
	struct evidence *evidence;
	struct framework *framework;
	struct control *control;       /* the one being read */
	struct control_beyond *beyond; /* the same */
};

struct key {
	const char *name, *allowed;
	/* False, on the value's first event: it is not allowed. */
	bool (*take)(struct reader *reader);
	bool is_required;
};

/* ---- single values ---- */

static const char *text_of(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	bool is_text =
		event->kind == YAML_SCALAR && !event->is_null && !event->is_broken;
	return is_text && event->text[0] != '\0' ? event->text : NULL;
}

#define TEXT_ALLOWED "a text of 1 to 1023 bytes"
static bool take_text(struct reader *reader, char **out)
{
	const char *text = text_of(reader);
	if (text == NULL)
		return false;
	free(*out);
	*out = strdup(text);
	return *out != NULL;
}

#define DATE_ALLOWED "a day as 2026-01-31, or a month as 2026-01"
static bool take_date(struct reader *reader, char **out)
{
	char day[] = "2000-01-01";
	int64_t at_us;
	const char *text = text_of(reader);
	size_t len = text != NULL ? strlen(text) : 0;
	if (len != strlen("2026-01") && len != strlen(day))
		return false;
	memcpy(day, text, len);
	return when_parse(day, 0, &at_us) && take_text(reader, out);
}

/* The place of a word in names; count: it is none of them. */
static size_t choice_of(struct reader *reader, const char *(*name)(size_t at),
			size_t count)
{
	const char *text = text_of(reader);
	for (size_t i = 0; i < count && text != NULL; i++)
		if (strcmp(text, name(i)) == 0)
			return i;
	return count;
}

/* ---- mappings and lists ---- */

static void take_value(struct reader *reader, const struct key *key)
{
	if (!yaml_refuse_indirection(reader->yaml) && !key->take(reader))
		yaml_refuse_value(reader->yaml, key->name, key->allowed);
}

/* what: "a control". */
static void take_mapping(struct reader *reader, const struct key *keys, size_t count,
			 const char *what)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	const struct yaml_keys names = { keys, sizeof(keys[0]), count };
	size_t lines[YAML_KEYS_MAX] = { 0 }, line = event->line, column = event->column;
	if (event->kind != YAML_MAPPING) {
		struct buf *out = yaml_error(reader->yaml, line, column);
		buf_printf(out, "%s can't be ", what);
		yaml_say_found(out, event);
		buf_text(out, "; allowed are the keys ");
		yaml_say_keys(out, &names);
		buf_char(out, '\n');
		yaml_skip(reader->yaml);
		return;
	}
	while (yaml_next(reader->yaml)->kind != YAML_MAPPING_END &&
	       event->kind != YAML_END) {
		size_t key = yaml_take_key(reader->yaml, &names, lines);
		yaml_next(reader->yaml);
		if (event->kind == YAML_END)
			return;
		if (key < count)
			take_value(reader, &keys[key]);
		else
			yaml_skip(reader->yaml);
	}
	for (size_t i = 0; i < count; i++)
		if (keys[i].is_required && lines[i] == 0)
			buf_printf(yaml_error(reader->yaml, line, column),
				   "%s without %s; allowed is %s\n", what, keys[i].name,
				   keys[i].allowed);
}

/* Each element by take_one(), which makes room for it. */
static bool take_list(struct reader *reader, void (*take_one)(struct reader *reader))
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

/* One place more behind *count of them, all zero; NULL and an error said if there are
 * as many as may be. */
static void *add_place(struct reader *reader, void *list, size_t *count, size_t size,
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

/* ---- a control ---- */

#define TAKE_TEXT(section, field)                                                      \
	static bool take_##section##_##field(struct reader *reader)                    \
	{                                                                              \
		return take_text(reader, &reader->section->field);                     \
	}
TAKE_TEXT(control, title)
TAKE_TEXT(control, shows)
TAKE_TEXT(control, missing)
TAKE_TEXT(beyond, id)
TAKE_TEXT(beyond, title)
TAKE_TEXT(beyond, why)

static bool take_control_id(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	const struct framework *framework = reader->framework;
	const char *text = text_of(reader);
	for (size_t i = 0; i + 1 < framework->control_count && text != NULL; i++)
		if (strcmp(framework->controls[i].id, text) == 0) {
			struct buf *out =
				yaml_error(reader->yaml, event->line, event->column);
			yaml_say_shown(out, text);
			buf_text(out, " is there twice; allowed is one row per "
				      "control\n");
			break;
		}
	return take_text(reader, &reader->control->id);
}

static const char *strength_at(size_t at)
{
	return strength_name((enum strength)at);
}

static bool take_strength(struct reader *reader)
{
	size_t at = choice_of(reader, strength_at, STRENGTH_SUPPORTING + 1);
	reader->control->strength = (enum strength)at;
	return at <= STRENGTH_SUPPORTING;
}

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

static bool is_named(const struct control *control, size_t evidence)
{
	for (size_t i = 0; i < control->evidence_count; i++)
		if (control->evidence[i] == evidence)
			return true;
	return false;
}

static void take_reference(struct reader *reader)
{
	struct control *control = reader->control;
	const char *text = text_of(reader);
	const struct evidence *evidence =
		text != NULL ? compliance_evidence(reader->compliance, text) : NULL;
	size_t at = evidence != NULL ? (size_t)(evidence - reader->compliance->evidence)
				     : 0;
	if (evidence == NULL || is_named(control, at) ||
	    control->evidence_count == COMPLIANCE_REFERENCES_MAX)
		refuse_reference(reader);
	else
		control->evidence[control->evidence_count++] = at;
}

static bool take_references(struct reader *reader)
{
	return take_list(reader, take_reference);
}

static const struct key of_control[] = {
	{ "id", TEXT_ALLOWED, take_control_id, true },
	{ "title", TEXT_ALLOWED, take_control_title, true },
	{ "strength", STRENGTHS_ALLOWED, take_strength, true },
	{ "evidence", "a list of evidence, such as [E1, E4]", take_references, true },
	{ "shows", TEXT_ALLOWED, take_control_shows, true },
	{ "missing", TEXT_ALLOWED, take_control_missing, true },
};

static void take_control(struct reader *reader)
{
	struct framework *framework = reader->framework;
	const struct yaml_event *event = yaml_event(reader->yaml);
	size_t line = event->line, column = event->column;
	reader->control =
		add_place(reader, &framework->controls, &framework->control_count,
			  sizeof(framework->controls[0]), "controls");
	if (reader->control == NULL)
		return;
	take_mapping(reader, of_control, sizeof(of_control) / sizeof(of_control[0]),
		     "a control");
	if (!yaml_failed(reader->yaml) && reader->control->evidence_count == 0)
		buf_text(yaml_error(reader->yaml, line, column),
			 "a control without evidence; what nothing is seen of stands "
			 "in beyond\n");
}

static const struct key of_beyond[] = {
	{ "id", TEXT_ALLOWED, take_beyond_id, true },
	{ "title", TEXT_ALLOWED, take_beyond_title, true },
	{ "why", TEXT_ALLOWED, take_beyond_why, true },
};

static void take_one_beyond(struct reader *reader)
{
	struct framework *framework = reader->framework;
	reader->beyond = add_place(reader, &framework->beyond, &framework->beyond_count,
				   sizeof(framework->beyond[0]), "rows");
	if (reader->beyond != NULL)
		take_mapping(reader, of_beyond,
			     sizeof(of_beyond) / sizeof(of_beyond[0]), "a row");
}

/* ---- a framework ---- */

TAKE_TEXT(framework, name)
TAKE_TEXT(framework, title)
TAKE_TEXT(framework, edition)
TAKE_TEXT(framework, source)
TAKE_TEXT(framework, note)

static bool take_published(struct reader *reader)
{
	return take_date(reader, &reader->framework->published);
}

static bool take_reviewed(struct reader *reader)
{
	return take_date(reader, &reader->framework->reviewed);
}

static bool take_controls(struct reader *reader)
{
	return take_list(reader, take_control);
}

static bool take_beyond(struct reader *reader)
{
	return take_list(reader, take_one_beyond);
}

static const struct key of_framework[] = {
	{ "name", TEXT_ALLOWED, take_framework_name, true },
	{ "title", TEXT_ALLOWED, take_framework_title, true },
	{ "edition", TEXT_ALLOWED, take_framework_edition, true },
	{ "published", DATE_ALLOWED, take_published, true },
	{ "reviewed", DATE_ALLOWED, take_reviewed, true },
	{ "source", TEXT_ALLOWED, take_framework_source, true },
	{ "note", TEXT_ALLOWED, take_framework_note, false },
	{ "controls", "a list of controls", take_controls, true },
	{ "beyond", "a list of what can't be shown, and why", take_beyond, true },
};

/* ---- evidence ---- */

TAKE_TEXT(evidence, id)
TAKE_TEXT(evidence, title)
TAKE_TEXT(evidence, question)
TAKE_TEXT(evidence, shows)
TAKE_TEXT(evidence, limits)

static bool take_version(struct reader *reader)
{
	char *end = NULL;
	const char *text = text_of(reader);
	if (text == NULL || strspn(text, "0123456789") != strlen(text) ||
	    strlen(text) > 6)
		return false;
	reader->evidence->version = (uint32_t)strtoul(text, &end, 10);
	return reader->evidence->version > 0;
}

static const char *observer_at(size_t at)
{
	return observer_name((enum observer)at);
}

static bool take_observer(struct reader *reader)
{
	size_t at = choice_of(reader, observer_at, OBSERVER_MONITOR + 1);
	reader->evidence->observer = (enum observer)at;
	return at <= OBSERVER_MONITOR;
}

static const char *kept_at(size_t at)
{
	return kept_name((enum kept)at);
}

static bool take_kept(struct reader *reader)
{
	size_t at = choice_of(reader, kept_at, KEPT_PROBES + 1);
	reader->evidence->kept = (enum kept)at;
	return at <= KEPT_PROBES;
}

static bool take_valid(struct reader *reader)
{
	int64_t us = 0;
	const char *text = text_of(reader);
	bool ok = text != NULL && duration_parse(text, &us) && us >= SECOND_US &&
		  us / SECOND_US <= UINT32_MAX;
	reader->evidence->valid_s = (uint32_t)(us / SECOND_US);
	return ok;
}

static const struct key of_evidence[] = {
	{ "id", TEXT_ALLOWED, take_evidence_id, true },
	{ "version", "a number from 1 to 999999", take_version, true },
	{ "title", TEXT_ALLOWED, take_evidence_title, true },
	{ "question", TEXT_ALLOWED, take_evidence_question, true },
	{ "shows", TEXT_ALLOWED, take_evidence_shows, true },
	{ "limits", TEXT_ALLOWED, take_evidence_limits, true },
	{ "observer", OBSERVERS_ALLOWED, take_observer, true },
	{ "kept", KEPT_ALLOWED, take_kept, true },
	{ "valid", "a duration such as 30d", take_valid, true },
};

/* ---- a file ---- */

static void take_file(struct reader *reader, const struct key *keys, size_t count,
		      const char *what)
{
	const struct yaml_event *event = yaml_next(reader->yaml);
	if (event->kind == YAML_DOCUMENT) {
		event = yaml_next(reader->yaml);
		if (event->kind != YAML_END && !yaml_refuse_indirection(reader->yaml))
			take_mapping(reader, keys, count, what);
		event = yaml_next(reader->yaml);
	} else if (!yaml_failed(reader->yaml)) {
		buf_printf(yaml_error(reader->yaml, 1, 1), "an empty file is not %s\n",
			   what);
	}
	if (event->kind != YAML_END && !yaml_failed(reader->yaml))
		buf_text(yaml_error(reader->yaml, event->line, event->column),
			 "one document is allowed in a file\n");
}

/* True if all of it was right. */
static bool read_file(struct reader *reader, const char *name, const char *text,
		      size_t len, const struct key *keys, size_t count,
		      const char *what, struct buf *errors)
{
	reader->yaml = yaml_open(text, len, name, SIGNS_MAX, errors);
	if (reader->yaml == NULL)
		return false;
	take_file(reader, keys, count, what);
	bool good = !yaml_failed(reader->yaml);
	yaml_close(reader->yaml);
	return good;
}

static bool refuse(struct buf *errors, const char *name, const char *what, int most)
{
	buf_json_text(errors, name);
	buf_printf(errors, ": too many %s; allowed are %d\n", what, most);
	return false;
}

bool compliance_take_evidence(struct compliance *compliance, const char *name,
			      const char *text, size_t len, const char *sql,
			      struct buf *errors)
{
	struct evidence evidence = { 0 };
	struct reader reader = { .compliance = compliance, .evidence = &evidence };
	bool good = read_file(&reader, name, text, len, of_evidence,
			      sizeof(of_evidence) / sizeof(of_evidence[0]), "evidence",
			      errors);
	evidence.text = strndup(text, len);
	evidence.sql = strdup(sql);
	if (!good || evidence.text == NULL || evidence.sql == NULL) {
		evidence_free(&evidence);
		return false;
	}
	digest_of(sql, strlen(sql), evidence.query_sha256);
	size_t at = 0;
	while (at < compliance->evidence_count &&
	       strcmp(compliance->evidence[at].id, evidence.id) != 0)
		at++;
	if (at == COMPLIANCE_EVIDENCE_MAX) {
		evidence_free(&evidence);
		return refuse(errors, name, "pieces of evidence",
			      COMPLIANCE_EVIDENCE_MAX);
	}
	compliance->evidence_count += at == compliance->evidence_count;
	evidence_free(&compliance->evidence[at]);
	compliance->evidence[at] = evidence;
	return true;
}

bool compliance_take_framework(struct compliance *compliance, const char *name,
			       const char *text, size_t len, struct buf *errors)
{
	struct framework framework = { 0 };
	struct reader reader = { .compliance = compliance, .framework = &framework };
	bool good = read_file(&reader, name, text, len, of_framework,
			      sizeof(of_framework) / sizeof(of_framework[0]),
			      "a framework", errors);
	framework.text = strndup(text, len);
	if (!good || framework.text == NULL) {
		framework_free(&framework);
		return false;
	}
	digest_of(framework.text, strlen(framework.text), framework.sha256);
	size_t at = 0;
	while (at < compliance->framework_count &&
	       strcmp(compliance->frameworks[at].name, framework.name) != 0)
		at++;
	if (at == COMPLIANCE_FRAMEWORKS_MAX) {
		framework_free(&framework);
		return refuse(errors, name, "frameworks", COMPLIANCE_FRAMEWORKS_MAX);
	}
	compliance->framework_count += at == compliance->framework_count;
	framework_free(&compliance->frameworks[at]);
	compliance->frameworks[at] = framework;
	return true;
}
