/*
 * template.c: see template.h.
 */
#include "alert/template.h"

#include <jansson.h>
#include <string.h>

#include "alert/notice.h"

enum { TEXT_MAX = 16000 };

typedef void escape(struct buf *out, const char *text);

struct filling {
	const char *begin; /* of the template, for the numbers of lines */
	const struct notice *notice;
	json_t *incidents[NOTICE_INCIDENTS_MAX]; /* their members are the names */
	escape *escape;
	struct buf *out, *error;
};

/* ---- values ---- */

struct name {
	const char *at;
	size_t len;
};

static bool name_is(const struct name *name, const char *word)
{
	return strlen(word) == name->len && memcmp(word, name->at, name->len) == 0;
}

static bool notice_value(const struct notice *notice, const struct name *name,
			 struct buf *text)
{
	if (name_is(name, "title"))
		notice_title(notice, text);
	else if (name_is(name, "text"))
		notice_text(notice, TEXT_MAX, text);
	else if (name_is(name, "reason"))
		buf_text(text, notice->reason);
	else if (name_is(name, "key"))
		buf_text(text, notice->key);
	else if (name_is(name, "host"))
		buf_text(text, notice->host);
	else if (name_is(name, "link"))
		buf_text(text, notice->link);
	else if (name_is(name, "count"))
		buf_u64(text, notice->count);
	else if (name_is(name, "state"))
		buf_text(text, notice_is_over(notice) ? "resolved" : "firing");
	else if (name_is(name, "severity"))
		buf_text(text, severity_names[notice_severity(notice)]);
	else
		return false;
	return true;
}

/* What is not known is "". False: an incident has no such field. */
static bool incident_value(const json_t *incident, const struct name *name,
			   struct buf *text)
{
	const struct schema *schema = &schemas[RECORD_incident];
	size_t i = 0;
	while (i < schema->field_count && !name_is(name, schema->fields[i].name))
		i++;
	if (i == schema->field_count)
		return false;
	const json_t *value = json_object_get(incident, schema->fields[i].name);
	if (json_is_string(value))
		buf_text(text, json_string_value(value));
	else if (json_is_number(value))
		buf_decimal(text, json_number_value(value));
	else if (json_is_boolean(value))
		buf_text(text, json_is_true(value) ? "true" : "false");
	return true;
}

/* ---- errors ---- */

static bool fail(const struct filling *f, const char *at, const char *what,
		 const struct name *name)
{
	size_t line = 1;
	for (const char *c = f->begin; c < at; c++)
		line += *c == '\n' ? 1 : 0;
	buf_printf(f->error, "template: line %zu: %s", line, what);
	if (name == NULL)
		return false;
	struct buf said = { 0 };
	buf_add(&said, name->at, name->len);
	buf_text(f->error, " \"");
	escape_line(f->error, buf_cstr(&said));
	buf_text(f->error, "\"; allowed are title, text, reason, key, host, link, "
			   "count, state, severity and what an incident has");
	buf_free(&said);
	return false;
}

/* ---- the text ---- */

struct tag {
	const char *begin, *end; /* with its braces */
	struct name name;
};

/* The next one; false: there is none, or it has no end (then begin is set). */
static bool next_tag(const char *at, const char *end, struct tag *tag)
{
	tag->begin = memmem(at, (size_t)(end - at), "{{", 2);
	if (tag->begin == NULL)
		return false;
	const char *name = tag->begin + 2;
	const char *stop = memmem(name, (size_t)(end - name), "}}", 2);
	if (stop == NULL)
		return false;
	tag->end = stop + 2;
	while (name < stop && *name == ' ')
		name++;
	while (stop > name && stop[-1] == ' ')
		stop--;
	tag->name = (struct name){ name, (size_t)(stop - name) };
	return true;
}

/* Where the section that begins before `at` ends; NULL: nowhere. */
static const char *section_end(const char *at, const char *end, const char *closing)
{
	return memmem(at, (size_t)(end - at), closing, strlen(closing));
}

static bool fill_part(const struct filling *f, const char *at, const char *end,
		      size_t incident);

static bool fill_incidents(const struct filling *f, const char *at, const char *end)
{
	for (size_t i = 0; i < f->notice->count; i++)
		if (!fill_part(f, at, end, i))
			return false;
	return true;
}

/* Of a tag that opens a section: fills it. NULL: failed; or where it goes on. */
static const char *fill_section(const struct filling *f, const struct tag *tag,
				const char *end, size_t incident)
{
	static const char each[] = "{{/incidents}}", between[] = "{{/last}}";
	bool is_each = name_is(&tag->name, "#incidents");
	const char *closing = is_each ? each : between;
	const char *stop = section_end(tag->end, end, closing);
	bool is_good;
	if (stop == NULL)
		return fail(f, tag->begin, "a section has no end", NULL), NULL;
	if (is_each)
		is_good = fill_incidents(f, tag->end, stop);
	else
		is_good = incident + 1 == f->notice->count ||
			  fill_part(f, tag->end, stop, incident);
	return is_good ? stop + strlen(closing) : NULL;
}

static bool fill_value(const struct filling *f, const struct tag *tag, size_t incident)
{
	struct buf text = { 0 };
	bool is_known = notice_value(f->notice, &tag->name, &text) ||
			incident_value(f->incidents[incident], &tag->name, &text);
	if (is_known)
		f->escape(f->out, buf_cstr(&text));
	buf_free(&text);
	return is_known || fail(f, tag->begin, "no such value:", &tag->name);
}

static bool fill_part(const struct filling *f, const char *at, const char *end,
		      size_t incident)
{
	struct tag tag;
	while (next_tag(at, end, &tag)) {
		buf_add(f->out, at, (size_t)(tag.begin - at));
		at = tag.end;
		bool is_section =
			name_is(&tag.name, "#incidents") || name_is(&tag.name, "^last");
		if (is_section)
			at = fill_section(f, &tag, end, incident);
		else if (!fill_value(f, &tag, incident))
			return false;
		if (at == NULL)
			return false;
	}
	if (tag.begin != NULL)
		return fail(f, tag.begin, "\"{{\" without \"}}\"", NULL);
	buf_add(f->out, at, (size_t)(end - at));
	return true;
}

/* ---- by type ---- */

static escape *escape_of(const char *type)
{
	if (strstr(type, "json") != NULL)
		return buf_json_text;
	if (strstr(type, "html") != NULL || strstr(type, "xml") != NULL)
		return escape_html;
	return strstr(type, "urlencoded") != NULL ? escape_url : escape_line;
}

static json_t *members_of(const struct incident_record *incident)
{
	struct buf text = { 0 };
	record_json(&text, RECORD_incident, incident);
	json_t *members = json_loadb(text.at, text.len, 0, NULL);
	buf_free(&text);
	return members;
}

bool template_fill(const char *text, const char *type, const struct notice *notice,
		   struct buf *out, struct buf *error)
{
	struct filling f = { .begin = text,
			     .notice = notice,
			     .escape = escape_of(type),
			     .out = out,
			     .error = error };
	for (size_t i = 0; i < notice->count; i++)
		f.incidents[i] = members_of(&notice->incidents[i]);
	bool is_good = fill_part(&f, text, text + strlen(text), 0);
	for (size_t i = 0; i < notice->count; i++)
		json_decref(f.incidents[i]);
	return is_good;
}
