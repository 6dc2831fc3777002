/*
 * syslog.c: messages of RFC 5424; see syslog.h.
 *
 * Structured data has every field of the incident under its own name, but for what the
 * text says.  32473 is RFC 5612's enterprise number for examples, as this project has
 * none of IANA's: names are still told apart by what stands before the "@".
 */
#include "alert/syslog.h"

#include <string.h>

#include "alert/notice.h"

#define STRUCTURED_DATA_ID "breakwater@32473"
#define BYTE_ORDER_MARK    "\xef\xbb\xbf"

enum {
	FACILITY_SHIFT = 3,
	HOST_MAX = 255,    /* RFC 5424 6 */
	WORDS_LEAST = 512, /* of the text that structured data leaves room for */
	CONTINUES = 0x80,
	CONTINUES_MASK = 0xc0, /* a byte of UTF-8 that is no first */
};

/* RFC 5424 6.2.1; the names are syslog(3)'s. */
static const struct {
	const char *name;
	int number;
} facilities[] = {
	{ "kern", 0 },    { "user", 1 },    { "mail", 2 },      { "daemon", 3 },
	{ "auth", 4 },    { "syslog", 5 },  { "lpr", 6 },       { "news", 7 },
	{ "uucp", 8 },    { "cron", 9 },    { "authpriv", 10 }, { "ftp", 11 },
	{ "local0", 16 }, { "local1", 17 }, { "local2", 18 },   { "local3", 19 },
	{ "local4", 20 }, { "local5", 21 }, { "local6", 22 },   { "local7", 23 },
};
enum { FACILITIES = sizeof(facilities) / sizeof(facilities[0]) };

int syslog_facility(const char *name)
{
	for (size_t i = 0; i < FACILITIES; i++)
		if (strcmp(facilities[i].name, name) == 0)
			return facilities[i].number;
	return -1;
}

void syslog_facilities(struct buf *out)
{
	for (size_t i = 0; i < FACILITIES; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", facilities[i].name);
}

int syslog_severity(const struct incident_record *incident)
{
	static const int severities[SEVERITIES] = {
		[SEVERITY_NOTICE] = 6,   /* informational */
		[SEVERITY_LOW] = 5,      /* notice */
		[SEVERITY_MEDIUM] = 4,   /* warning */
		[SEVERITY_HIGH] = 3,     /* error */
		[SEVERITY_CRITICAL] = 2, /* critical */
	};
	int severity = record_severity(incident->severity);
	if (incident->state != NULL && strcmp(incident->state, "resolved") == 0)
		severity = SEVERITY_NOTICE;
	return severities[severity >= 0 ? severity : SEVERITY_MEDIUM];
}

/* ---- text ---- */

void syslog_escape(struct buf *out, const char *text, const char *special)
{
	struct buf line = { 0 };
	escape_line(&line, text);
	for (size_t i = 0; i < line.len; i++) {
		if (strchr(special, line.at[i]) != NULL)
			buf_char(out, '\\');
		buf_char(out, line.at[i]);
	}
	out->failed |= line.failed;
	buf_free(&line);
}

void syslog_cut(struct buf *text, size_t most)
{
	if (text->len <= most)
		return;
	while (most > 0 &&
	       ((unsigned char)text->at[most] & CONTINUES_MASK) == CONTINUES)
		most--;
	text->len = most;
}

void syslog_words(struct buf *out, const struct notice *notice,
		  const struct incident_record *incident)
{
	buf_printf(out, "%s incident, %s: ", notice->reason,
		   incident->severity != NULL ? incident->severity : "medium");
	escape_line(out, incident->summary);
	if (incident->cause[0] != '\0') {
		buf_text(out, " Cause: ");
		escape_line(out, incident->cause);
	}
	if (notice->link[0] != '\0') {
		buf_char(out, ' ');
		escape_line(out, notice->link);
	}
}

/* ---- the message ---- */

/* RFC 5424 6: a name has printable ASCII only; "-" stands for nothing. */
static void put_name(struct buf *out, const char *name)
{
	size_t len = strnlen(name, HOST_MAX);
	for (size_t i = 0; i < len; i++)
		buf_char(out, name[i] > ' ' && name[i] <= '~' ? name[i] : '_');
	buf_text(out, len == 0 ? "- " : " ");
}

static void put_time(struct buf *out, int64_t at_us)
{
	char text[TIME_TEXT_MAX] = "-";
	if (at_us != UNKNOWN_TIME)
		record_time_text(at_us, text);
	buf_printf(out, "%s ", text);
}

/* All of it, or nothing if it is longer than that. */
static void put_parameter(struct buf *out, const char *name, const char *value,
			  size_t most)
{
	struct buf parameter = { 0 };
	buf_printf(&parameter, " %s=\"", name);
	/* 6.3.3: these three, and no others. */
	syslog_escape(&parameter, value, "\"\\]");
	buf_char(&parameter, '"');
	if (out->len + parameter.len <= most)
		buf_add(out, parameter.at, parameter.len);
	out->failed |= parameter.failed;
	buf_free(&parameter);
}

static bool is_in_words(const char *name)
{
	return strcmp(name, "summary") == 0 || strcmp(name, "cause") == 0;
}

static void put_fields(struct buf *out, const struct incident_record *incident,
		       size_t most)
{
	const struct schema *schema = &schemas[RECORD_incident];
	struct buf value = { 0 };
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		buf_clear(&value);
		if (!is_in_words(field->name) && record_value(&value, field, incident))
			put_parameter(out, field->name, buf_cstr(&value), most);
	}
	out->failed |= value.failed;
	buf_free(&value);
}

static void put_structured_data(struct buf *out, const struct notice *notice,
				const struct incident_record *incident, size_t most)
{
	buf_text(out, "[" STRUCTURED_DATA_ID);
	put_parameter(out, "reason", notice->reason, most);
	put_parameter(out, "key", notice->key, most);
	put_fields(out, incident, most);
	buf_text(out, "] ");
}

/* 6.4: UTF-8 says so by its mark; without it, text is what ASCII is. */
static bool needs_mark(const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if ((unsigned char)text->at[i] >= CONTINUES)
			return true;
	return false;
}

static void put_words(struct buf *out, const struct notice *notice,
		      const struct incident_record *incident, size_t end)
{
	struct buf words = { 0 };
	syslog_words(&words, notice, incident);
	if (needs_mark(&words))
		buf_text(out, BYTE_ORDER_MARK);
	syslog_cut(&words, end > out->len ? end - out->len : 0);
	buf_add(out, words.at, words.len);
	out->failed |= words.failed;
	buf_free(&words);
}

void syslog_message(struct buf *out, const struct notice *notice,
		    const struct incident_record *incident,
		    const struct syslog_form *form)
{
	size_t end = out->len + form->most;
	buf_printf(out, "<%d>1 ",
		   form->facility << FACILITY_SHIFT | syslog_severity(incident));
	put_time(out, notice->at_us);
	put_name(out, notice->host);
	/* Our name; no process's number; what kind of message it is. */
	buf_text(out, "breakwater - incident ");
	if (form->is_cef) {
		/* CEF is UTF-8 without a mark: readers look for "CEF:" at its begin. */
		buf_text(out, "- ");
		cef_record(out, notice, incident, end - out->len);
		return;
	}
	put_structured_data(out, notice, incident, end - WORDS_LEAST);
	put_words(out, notice, incident, end);
}
