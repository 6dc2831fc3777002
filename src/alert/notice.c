/*
 * notice.c: see notice.h.
 */
#include "alert/notice.h"

#include <stdio.h>
#include <string.h>

enum {
	SECOND_LEN = 19,      /* "2026-01-31T12:00:00" */
	ROOM_OF_THE_END = 64, /* for "... and 15 more" */
};

int notice_severity(const struct notice *notice)
{
	int gravest = -1;
	for (size_t i = 0; i < notice->count; i++) {
		int severity = record_severity(notice->incidents[i].severity);
		gravest = severity > gravest ? severity : gravest;
	}
	return gravest < 0 ? SEVERITY_MEDIUM : gravest;
}

bool notice_is_over(const struct notice *notice)
{
	for (size_t i = 0; i < notice->count; i++) {
		const char *state = notice->incidents[i].state;
		if (state == NULL || strcmp(state, "resolved") != 0)
			return false;
	}
	return notice->count > 0;
}

static bool is_test(const struct notice *notice)
{
	return strcmp(notice->reason, "test") == 0;
}

/* Fifteen of sixteen digits fit. */
void notice_others(const struct notice *notice, field_text256 out)
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 1; i < notice->count; i++) {
		const char *id = notice->incidents[i].id;
		if (len + strlen(id) + 2 > sizeof(field_text256))
			return;
		len += (size_t)snprintf(out + len, sizeof(field_text256) - len, "%s%s",
					i > 1 ? "," : "", id);
	}
}

void notice_title(const struct notice *notice, struct buf *out)
{
	if (notice->report != NULL) {
		buf_text(out, "[report] ");
		escape_line(out, notice->host);
		buf_text(out, ": ");
		escape_line(out, notice->report->title);
		return;
	}
	const char *mark = is_test(notice) ? "test"
			   : notice_is_over(notice)
				   ? "resolved"
				   : severity_names[notice_severity(notice)];
	buf_printf(out, "[%s] ", mark);
	escape_line(out, notice->host);
	buf_text(out, ": ");
	escape_line(out, notice->incidents[0].summary);
	if (notice->count > 1)
		buf_printf(out, " and %zu more", notice->count - 1);
}

/* ---- text ---- */

void notice_time(int64_t at_us, struct buf *out)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	buf_add(out, text, SECOND_LEN);
	buf_char(out, 'Z');
}

static void add_line(struct buf *out, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	buf_printf(out, "  %s: ", name);
	escape_line(out, text);
	buf_char(out, '\n');
}

static void add_times(struct buf *out, const struct incident_record *incident)
{
	buf_printf(out, "  %s, %s",
		   incident->severity != NULL ? incident->severity : "medium",
		   incident->state != NULL ? incident->state : "firing");
	if (incident->first != UNKNOWN_TIME) {
		buf_text(out, ", since ");
		notice_time(incident->first, out);
	}
	if (incident->end != UNKNOWN_TIME) {
		buf_text(out, ", until ");
		notice_time(incident->end, out);
	}
	buf_char(out, '\n');
}

static void add_incident(struct buf *out, const struct incident_record *incident)
{
	escape_line(out, incident->summary);
	buf_char(out, '\n');
	add_times(out, incident);
	add_line(out, "target", incident->target);
	add_line(out, "cause", incident->cause);
	add_line(out, "acknowledged by", incident->acknowledged_by);
	add_line(out, "owner", incident->owner);
	add_line(out, "closed by", incident->closed_by);
	add_line(out, "because", incident->close_reason);
	add_line(out, "incident", incident->id);
}

/* Its lines stay lines. */
static void add_report(struct buf *out, const struct notice_report *report, size_t most)
{
	const size_t begin = out->len;
	struct buf line = { 0 };
	for (const char *at = report->text; *at != '\0' && out->len - begin < most;) {
		size_t len = strcspn(at, "\n");
		buf_clear(&line);
		buf_add(&line, at, len);
		escape_line(out, buf_cstr(&line));
		buf_char(out, '\n');
		at += len;
		at += *at == '\n' ? 1 : 0;
	}
	buf_free(&line);
}

void notice_text(const struct notice *notice, size_t most, struct buf *out)
{
	const size_t begin = out->len;
	if (notice->report != NULL)
		add_report(out, notice->report, most);
	for (size_t i = 0; i < notice->count; i++) {
		struct buf one = { 0 };
		add_incident(&one, &notice->incidents[i]);
		bool fits = out->len - begin + one.len + ROOM_OF_THE_END +
				    strlen(notice->link) <=
			    most;
		if (fits || i == 0)
			buf_add(out, one.at, one.len);
		else
			buf_printf(out, "... and %zu more\n", notice->count - i);
		buf_free(&one);
		if (!fits)
			break;
	}
	if (notice->link[0] != '\0') {
		escape_line(out, notice->link);
		buf_char(out, '\n');
	}
}

void notice_cut(struct buf *text, size_t most)
{
	if (text->len <= most)
		return;
	while (most > 0 && ((unsigned char)text->at[most] & 0xc0) == 0x80)
		most--;
	text->len = most;
}

/* ---- what is safe where ---- */

/* Bytes of a character of UTF-8 without overlong forms and surrogates (RFC 3629 4); 0:
 * it is none. */
static size_t character(const unsigned char *at, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = at[0] < 0x80   ? 1
		     : at[0] < 0xc2 ? 0
		     : at[0] < 0xe0 ? 2
		     : at[0] < 0xf0 ? 3
		     : at[0] < 0xf5 ? 4
				    : 0;
	*code = len <= 1 ? at[0] : at[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3f);
	}
	bool is_surrogate = *code >= 0xd800 && *code <= 0xdfff;
	return len == 0 || *code < least[len] || *code > 0x10ffff || is_surrogate ? 0
										  : len;
}

/* They turn what follows round, so that a name seems to be another. */
static bool is_direction(uint32_t code)
{
	return code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void escape_line(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)(text != NULL ? text : "");
	while (*at != '\0') {
		uint32_t code;
		size_t len = character(at, &code);
		if (len == 0 || is_direction(code))
			buf_char(out, '?');
		else if (code < ' ' || (code >= 0x7f && code < 0xa0) ||
			 code == 0x2028 || code == 0x2029)
			buf_char(out, ' ');
		else
			buf_add(out, at, len);
		at += len == 0 ? 1 : len;
	}
}

void escape_html(struct buf *out, const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		switch (*text) {
		case '&':
			buf_text(out, "&amp;");
			break;
		case '<':
			buf_text(out, "&lt;");
			break;
		case '>':
			buf_text(out, "&gt;");
			break;
		case '"':
			buf_text(out, "&quot;");
			break;
		case '\'':
			buf_text(out, "&#39;");
			break;
		default:
			buf_char(out, *text);
		}
}

void escape_url(struct buf *out, const char *text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "abcdefghijklmnopqrstuvwxyz0123456789-._~";
	for (; text != NULL && *text != '\0'; text++)
		if (strchr(unreserved, *text) != NULL)
			buf_char(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
}
