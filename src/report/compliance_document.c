/*
 * compliance_document.c: files of compliance/documents, by tables of keys.
 */
#include <stdlib.h>
#include <string.h>

#include "report/compliance_reader.h"

/* ---- a section ---- */

TAKE_TEXT(section, title)
TAKE_TEXT(section, text)

static bool take_evidence(struct reader *reader)
{
	struct section *section = reader->section;
	return reader_take_references(reader, section->evidence,
				      &section->evidence_count);
}

static void take_blank(struct reader *reader)
{
	struct section *section = reader->section;
	char **blank = reader_add(reader, &section->blanks, &section->blank_count,
				  sizeof(section->blanks[0]), "blanks");
	if (blank != NULL && !reader_take_text(reader, blank))
		yaml_refuse_value(reader->yaml, "a blank", TEXT_ALLOWED);
}

static bool take_blanks(struct reader *reader)
{
	return reader_take_list(reader, take_blank);
}

static const struct key of_section[] = {
	{ { "title", TEXT_ALLOWED, true }, take_section_title },
	{ { "text", TEXT_ALLOWED, false }, take_section_text },
	{ { "evidence", REFERENCES_ALLOWED, false }, take_evidence },
	{ { "blanks", "a list of what a person has to write there", false },
	  take_blanks },
};

static void take_section(struct reader *reader)
{
	struct framework *document = reader->framework;
	const struct yaml_event *event = yaml_event(reader->yaml);
	size_t line = event->line, column = event->column;
	reader->section =
		reader_add(reader, &document->sections, &document->section_count,
			   sizeof(document->sections[0]), "sections");
	if (reader->section == NULL)
		return;
	reader_take_mapping(reader, of_section,
			    sizeof(of_section) / sizeof(of_section[0]), "a section");
	if (!yaml_failed(reader->yaml) && reader->section->text == NULL &&
	    reader->section->evidence_count == 0 && reader->section->blank_count == 0)
		buf_text(yaml_error(reader->yaml, line, column),
			 "a section with nothing in it; allowed are text, evidence and "
			 "blanks\n");
}

/* ---- a document ---- */

TAKE_NAME(framework, name)
TAKE_TEXT(framework, title)
TAKE_TEXT(framework, purpose)

static const char *subject_at(size_t at)
{
	return subject_name((enum subject)(at + SUBJECT_HOST_OR_USER));
}

static bool take_about(struct reader *reader)
{
	size_t at = reader_choice(reader, subject_at, SUBJECT_INCIDENT);
	reader->framework->subject = at < SUBJECT_INCIDENT
					     ? (enum subject)(at + SUBJECT_HOST_OR_USER)
					     : SUBJECT_ALL;
	return at < SUBJECT_INCIDENT;
}

static bool take_sections(struct reader *reader)
{
	return reader_take_list(reader, take_section);
}

static const struct key of_document[] = {
	{ { "name", NAME_ALLOWED, true }, take_framework_name },
	{ { "title", TEXT_ALLOWED, true }, take_framework_title },
	{ { "purpose", TEXT_ALLOWED, true }, take_framework_purpose },
	{ { "about", SUBJECTS_ALLOWED, false }, take_about },
	{ { "sections", "a list of sections", true }, take_sections },
};

bool compliance_take_document(struct compliance *compliance, const char *name,
			      const char *text, size_t len, struct buf *errors)
{
	struct framework document = { 0 };
	struct reader reader = { .file = name,
				 .compliance = compliance,
				 .framework = &document };
	bool good = reader_take_file(&reader, text, len, of_document,
				     sizeof(of_document) / sizeof(of_document[0]),
				     "a document", errors);
	if (good && document.section_count == 0) {
		buf_json_text(errors, name);
		buf_text(errors, ": a document without sections; allowed is at least "
				 "one\n");
		good = false;
	}
	if (good)
		return compliance_add_framework(compliance, &document, name, text, len,
						errors);
	framework_free(&document);
	return false;
}
