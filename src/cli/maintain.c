/*
 * maintain.c: see maintain.h.
 *
 * The file is what GET /api/v1/maintenance says, an object a line.
 */
#include "cli/maintain.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/when.h"
#include "cli/json.h"
#include "web/form.h"

enum { FILE_BYTES_MAX = 1 << 20 };
#define SECOND_US 1000000LL
#define ALL       "all"

/* ---- in words ---- */

static void write_member(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":\"", name);
	buf_json_text(out, text);
	buf_char(out, '"');
}

static void write_note(const struct maintenance_note *note, struct buf *out)
{
	char until[TIME_TEXT_MAX];
	record_time_text(note->until_us, until);
	buf_text(out, "{\"target\":\"");
	buf_json_text(out, note->target);
	buf_char(out, '"');
	write_member(out, "until", until);
	write_member(out, "actor", note->actor);
	write_member(out, "why", note->why);
	buf_text(out, "}\n");
}

void maintaining_write(const struct maintaining *m, int64_t now_us, struct buf *out)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->at[i].until_us > now_us)
			write_note(&m->at[i], out);
}

/* ---- the file ---- */

static void copy(char *field, size_t size, const char *text)
{
	snprintf(field, size, "%s", text != NULL ? text : "");
}

static void read_note(struct maintaining *m, const char *line, size_t len,
		      int64_t now_us)
{
	struct maintenance_note note = { 0 };
	json_t *object = json_loadb(line, len, 0, NULL);
	const char *until = member_text(object, "until");
	copy(note.target, sizeof(note.target), member_text(object, "target"));
	copy(note.actor, sizeof(note.actor), member_text(object, "actor"));
	copy(note.why, sizeof(note.why), member_text(object, "why"));
	bool is_good = until != NULL && time_parse(until, &note.until_us) &&
		       note.target[0] != '\0';
	json_decref(object);
	if (is_good && note.until_us > now_us && m->count < MAINTAINED_MAX)
		m->at[m->count++] = note;
}

void maintaining_open(struct maintaining *m, const char *folder, int64_t now_us)
{
	struct buf text = { 0 };
	*m = (struct maintaining){ 0 };
	snprintf(m->path, sizeof(m->path), "%s/maintenance.json", folder);
	if (file_read(m->path, FILE_BYTES_MAX, &text) == 0)
		for (size_t at = 0; at < text.len;) {
			const char *line = text.at + at;
			const char *end = memchr(line, '\n', text.len - at);
			size_t len = end != NULL ? (size_t)(end - line) : text.len - at;
			read_note(m, line, len, now_us);
			at += len + 1;
		}
	buf_free(&text);
}

static int keep(const struct maintaining *m, int64_t now_us, struct buf *message)
{
	struct buf text = { 0 };
	maintaining_write(m, now_us, &text);
	int error = buf_ok(&text) ? file_replace(m->path, text.at, text.len) : -ENOMEM;
	if (error != 0)
		buf_printf(message, "%s: %s", m->path, strerror(-error));
	buf_free(&text);
	return error;
}

/* ---- changes ---- */

static int refuse(struct buf *message, const char *why)
{
	buf_text(message, why);
	return -EINVAL;
}

static bool take_duration(const char *text, int64_t *us)
{
	return duration_parse(text, us) && *us >= SECOND_US &&
	       *us <= MAINTAIN_DAYS_MAX * 86400 * SECOND_US;
}

static int read_form(const char *form, const char *actor, int64_t now_us,
		     struct maintenance_note *note, struct buf *message)
{
	char value[FORM_VALUE_MAX];
	int64_t us;
	*note = (struct maintenance_note){ 0 };
	copy(note->actor, sizeof(note->actor), actor);
	if (!form_value(form, "target", value) || value[0] == '\0' ||
	    strlen(value) >= sizeof(note->target))
		return refuse(message, "target: allowed is a target as `probes` shows "
				       "it, or all");
	copy(note->target, sizeof(note->target), value);
	form_value(form, "why", value);
	copy(note->why, sizeof(note->why), value);
	if (form_value(form, "end", value))
		return 0;
	form_value(form, "for", value);
	if (!take_duration(value, &us))
		return refuse(message, "for: allowed is a duration from 1s to 31d, as "
				       "maintenance always has an end");
	note->until_us = now_us + us;
	return 0;
}

/* Without those that have ended, and without that target. */
static bool drop(struct maintaining *m, const char *target, int64_t now_us)
{
	size_t kept = 0;
	bool was_there = false;
	for (size_t i = 0; i < m->count; i++) {
		bool is_it = strcmp(m->at[i].target, target) == 0;
		bool is_over = m->at[i].until_us <= now_us;
		was_there |= is_it && !is_over;
		if (!is_it && !is_over)
			m->at[kept++] = m->at[i];
	}
	m->count = kept;
	return was_there;
}

static int apply(struct maintaining *m, const struct maintenance_note *note,
		 int64_t now_us, struct buf *message)
{
	bool ends = note->until_us == 0, was_there = drop(m, note->target, now_us);
	if (ends && !was_there)
		return refuse(message, "it is not in maintenance by command; windows "
				       "of files and the configuration end by "
				       "themselves");
	if (!ends && m->count == MAINTAINED_MAX)
		return refuse(message, "too many are in maintenance by command");
	if (!ends)
		m->at[m->count++] = *note;
	return keep(m, now_us, message);
}

int maintaining_take(struct maintaining *m, const struct maintenance_asked *asked,
		     struct maintenance_note *note, struct buf *message)
{
	int64_t now_us = asked->now_us;
	int error = read_form(asked->form, asked->actor, now_us, note, message);
	struct maintaining changed = *m;
	/* A slip of the pen would have nothing in maintenance. */
	if (error == 0 && note->until_us != 0 && strcmp(note->target, ALL) != 0 &&
	    !probing_knows(asked->probing, note->target))
		error = refuse(message, "nothing is known of that target; `breakwater "
					"probes` has all that are asked");
	if (error == 0)
		error = apply(&changed, note, now_us, message);
	if (error != 0)
		return error;
	*m = changed;
	m->is_told = false;
	char until[TIME_TEXT_MAX];
	record_time_text(note->until_us, until);
	if (note->until_us == 0)
		buf_printf(message, "%s: maintenance has ended", note->target);
	else
		buf_printf(message, "%s: in maintenance until %s", note->target, until);
	return 0;
}

/* ---- telling ---- */

const char *maintaining_target(const struct maintenance_note *note)
{
	return strcmp(note->target, ALL) == 0 ? "" : note->target;
}

/* The message with that number; without any there is one that says so. */
static bool tell(const struct maintaining *m, const struct probing *probing, size_t i)
{
	struct probe_maintained told;
	memset(&told, 0, sizeof(told)); /* padding, too: it leaves the process */
	told.kind = PROBE_TOLD_MAINTENANCE;
	told.is_first = i == 0;
	told.is_last = i + 1 >= m->count;
	told.is_none = m->count == 0;
	if (!told.is_none) {
		told.until_us = m->at[i].until_us;
		snprintf(told.target, sizeof(told.target), "%s",
			 maintaining_target(&m->at[i]));
	}
	return probing_tell_maintained(probing, &told);
}

void maintaining_tell(struct maintaining *m, const struct probing *probing)
{
	size_t messages = m->count > 0 ? m->count : 1;
	for (size_t i = 0; i < messages && !m->is_told; i++) {
		if (!tell(m, probing, i))
			return; /* all of it is told again */
		m->is_told = i + 1 == messages;
	}
}
