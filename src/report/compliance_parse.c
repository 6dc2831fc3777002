/*
 * compliance_parse.c: files of compliance/evidence and compliance/frameworks, by tables
 * of keys.
 */
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "report/compliance_reader.h"
#include "report/digest.h"
#include "report/review.h"

#define SECOND_US 1000000

/* ---- a control ---- */

TAKE_TEXT(control, title)
TAKE_TEXT(control, shows)
TAKE_TEXT(control, missing)
TAKE_TEXT(beyond, title)
TAKE_TEXT(beyond, why)

/* Whether a row about it was read already; one without an id is about nothing. */
static bool has_row(const struct framework *framework, const char *id)
{
	for (size_t i = 0; i < framework->control_count; i++)
		if (framework->controls[i].id != NULL &&
		    strcmp(framework->controls[i].id, id) == 0)
			return true;
	for (size_t i = 0; i < framework->beyond_count; i++)
		if (framework->beyond[i].id != NULL &&
		    strcmp(framework->beyond[i].id, id) == 0)
			return true;
	return false;
}

static bool take_row_id(struct reader *reader, char **out)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	const char *text = reader_scalar(reader);
	if (text != NULL && has_row(reader->framework, text)) {
		struct buf *said = yaml_error(reader->yaml, event->line, event->column);
		yaml_say_shown(said, text);
		buf_text(said, " is there twice; allowed is one row per control, in "
			       "controls or in beyond\n");
	}
	return reader_take_text(reader, out);
}

static bool take_control_id(struct reader *reader)
{
	return take_row_id(reader, &reader->control->id);
}

static bool take_beyond_id(struct reader *reader)
{
	return take_row_id(reader, &reader->beyond->id);
}

static const char *strength_at(size_t at)
{
	return strength_name((enum strength)at);
}

static bool take_strength(struct reader *reader)
{
	size_t at = reader_choice(reader, strength_at, STRENGTH_SUPPORTING + 1);
	reader->control->strength = (enum strength)at;
	return at <= STRENGTH_SUPPORTING;
}

static bool take_references(struct reader *reader)
{
	struct control *control = reader->control;
	return reader_take_references(reader, control->evidence,
				      &control->evidence_count);
}

static const struct key of_control[] = {
	{ { "id", TEXT_ALLOWED, true }, take_control_id },
	{ { "title", TEXT_ALLOWED, true }, take_control_title },
	{ { "strength", STRENGTHS_ALLOWED, true }, take_strength },
	{ { "evidence", REFERENCES_ALLOWED, true }, take_references },
	{ { "shows", TEXT_ALLOWED, true }, take_control_shows },
	{ { "missing", TEXT_ALLOWED, true }, take_control_missing },
};

static void take_control(struct reader *reader)
{
	struct framework *framework = reader->framework;
	const struct yaml_event *event = yaml_event(reader->yaml);
	size_t line = event->line, column = event->column;
	reader->control =
		reader_add(reader, &framework->controls, &framework->control_count,
			   sizeof(framework->controls[0]), "controls");
	if (reader->control == NULL)
		return;
	reader_take_mapping(reader, of_control,
			    sizeof(of_control) / sizeof(of_control[0]), "a control");
	if (!yaml_failed(reader->yaml) && reader->control->evidence_count == 0)
		buf_text(yaml_error(reader->yaml, line, column),
			 "a control without evidence; what nothing is seen of stands "
			 "in beyond\n");
}

static const struct key of_beyond[] = {
	{ { "id", TEXT_ALLOWED, true }, take_beyond_id },
	{ { "title", TEXT_ALLOWED, true }, take_beyond_title },
	{ { "why", TEXT_ALLOWED, true }, take_beyond_why },
};

static void take_one_beyond(struct reader *reader)
{
	struct framework *framework = reader->framework;
	reader->beyond =
		reader_add(reader, &framework->beyond, &framework->beyond_count,
			   sizeof(framework->beyond[0]), "rows");
	if (reader->beyond != NULL)
		reader_take_mapping(reader, of_beyond,
				    sizeof(of_beyond) / sizeof(of_beyond[0]), "a row");
}

/* ---- a framework ---- */

TAKE_NAME(framework, name)
TAKE_TEXT(framework, title)
TAKE_TEXT(framework, edition)
TAKE_TEXT(framework, source)
TAKE_TEXT(framework, note)

static bool take_published(struct reader *reader)
{
	return reader_take_date(reader, &reader->framework->published);
}

static bool take_reviewed(struct reader *reader)
{
	return reader_take_date(reader, &reader->framework->reviewed);
}

static bool take_controls(struct reader *reader)
{
	return reader_take_list(reader, take_control);
}

static bool take_beyond(struct reader *reader)
{
	return reader_take_list(reader, take_one_beyond);
}

static const struct key of_framework[] = {
	{ { "name", NAME_ALLOWED, true }, take_framework_name },
	{ { "title", TEXT_ALLOWED, true }, take_framework_title },
	{ { "edition", TEXT_ALLOWED, true }, take_framework_edition },
	{ { "published", DATE_ALLOWED, true }, take_published },
	{ { "reviewed", DATE_ALLOWED, true }, take_reviewed },
	{ { "source", TEXT_ALLOWED, true }, take_framework_source },
	{ { "note", TEXT_ALLOWED, false }, take_framework_note },
	{ { "controls", "a list of controls", true }, take_controls },
	{ { "beyond", "a list of what can't be shown, and why", true }, take_beyond },
};

/* ---- evidence ---- */

/* One that a review and a bundle can name, too. */
static bool take_evidence_id(struct reader *reader)
{
	const char *text = reader_scalar(reader);
	return text != NULL && review_is_id(text) &&
	       reader_take_name(reader, &reader->evidence->id);
}
TAKE_TEXT(evidence, title)
TAKE_TEXT(evidence, question)
TAKE_TEXT(evidence, shows)
TAKE_TEXT(evidence, limits)

static bool take_version(struct reader *reader)
{
	char *end = NULL;
	const char *text = reader_scalar(reader);
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
	size_t at = reader_choice(reader, observer_at, OBSERVER_MONITOR + 1);
	reader->evidence->observer = (enum observer)at;
	return at <= OBSERVER_MONITOR;
}

static const char *kept_at(size_t at)
{
	return kept_name((enum kept)at);
}

static bool take_kept(struct reader *reader)
{
	size_t at = reader_choice(reader, kept_at, KEPT_PROBES + 1);
	reader->evidence->kept = (enum kept)at;
	return at <= KEPT_PROBES;
}

static bool take_valid(struct reader *reader)
{
	int64_t us = 0;
	const char *text = reader_scalar(reader);
	bool ok = text != NULL && duration_parse(text, &us) && us >= SECOND_US &&
		  us / SECOND_US <= UINT32_MAX;
	reader->evidence->valid_s = (uint32_t)(us / SECOND_US);
	return ok;
}

/* What no rows at all mean. */
#define EMPTY_ALLOWED "clear or unknown"
static bool take_empty(struct reader *reader)
{
	const char *text = reader_scalar(reader);
	if (text == NULL)
		return false;
	reader->evidence->needs_rows = strcmp(text, "unknown") == 0;
	return reader->evidence->needs_rows || strcmp(text, "clear") == 0;
}

static const struct key of_evidence[] = {
	{ { "id", NAME_ALLOWED ": at most 39 letters, digits, - _ and .", true },
	  take_evidence_id },
	{ { "version", "a number from 1 to 999999", true }, take_version },
	{ { "title", TEXT_ALLOWED, true }, take_evidence_title },
	{ { "question", TEXT_ALLOWED, true }, take_evidence_question },
	{ { "shows", TEXT_ALLOWED, true }, take_evidence_shows },
	{ { "limits", TEXT_ALLOWED, true }, take_evidence_limits },
	{ { "observer", OBSERVERS_ALLOWED, true }, take_observer },
	{ { "kept", KEPT_ALLOWED, true }, take_kept },
	{ { "valid", "a duration such as 30d", true }, take_valid },
	{ { "empty", EMPTY_ALLOWED, false }, take_empty },
};

/* ---- a file ---- */

bool compliance_take_evidence(struct compliance *compliance, const char *name,
			      const char *text, size_t len, const char *sql,
			      struct buf *errors)
{
	struct evidence evidence = { 0 };
	struct reader reader = { .file = name,
				 .compliance = compliance,
				 .evidence = &evidence };
	bool good = reader_take_file(&reader, text, len, of_evidence,
				     sizeof(of_evidence) / sizeof(of_evidence[0]),
				     "evidence", errors);
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
		return compliance_refuse(errors, name, "pieces of evidence",
					 COMPLIANCE_EVIDENCE_MAX);
	}
	compliance->evidence_count += at == compliance->evidence_count;
	evidence.replaced = compliance->evidence[at].version;
	evidence_free(&compliance->evidence[at]);
	compliance->evidence[at] = evidence;
	return true;
}

bool compliance_take_framework(struct compliance *compliance, const char *name,
			       const char *text, size_t len, struct buf *errors)
{
	struct framework framework = { 0 };
	struct reader reader = { .file = name,
				 .compliance = compliance,
				 .framework = &framework };
	bool good = reader_take_file(&reader, text, len, of_framework,
				     sizeof(of_framework) / sizeof(of_framework[0]),
				     "a framework", errors);
	if (good)
		return compliance_add_framework(compliance, &framework, name, text, len,
						errors);
	framework_free(&framework);
	return false;
}
