/*
 * cells.c: what stands in a cell; see cells.h.
 */
#include "cli/cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/when.h"

void cell_text(struct cell *out, const char *text)
{
	if (text == NULL || text[0] == '\0') {
		snprintf(out->text, sizeof(out->text), "-");
		out->tone = TONE_QUIET;
		return;
	}
	text_clean(out->text, sizeof(out->text), text);
}

void cell_id(struct cell *out, const json_t *record, const char *name)
{
	enum { DIGITS = 8 };
	cell_text(out, member_text(record, name));
	out->text[DIGITS] = '\0';
	out->tone = TONE_QUIET;
}

void cell_severity(struct cell *out, const json_t *record)
{
	const char *word = member_text(record, "severity");
	int severity = record_severity(word);
	cell_text(out, word);
	if (severity >= SEVERITY_HIGH)
		cell_mark(out);
	if (severity == SEVERITY_NOTICE)
		out->tone = TONE_QUIET;
}

void cell_state(struct cell *out, const json_t *record, const char *lasting)
{
	const char *state = member_text(record, "state");
	cell_text(out, state);
	if (state != NULL && strcmp(state, lasting) != 0)
		out->tone = TONE_QUIET;
}

/* Unknown and nothing step back, so that what matters stands out. */
void cell_quiet_if_nothing(struct cell *out, double value)
{
	if (isnan(value) || value <= 0)
		out->tone = TONE_QUIET;
}

/* The mark stands before the value: colour alone is not for every eye or terminal. */
void cell_mark_if_over(struct cell *out, double value, double limit)
{
	if (isnan(value) || value <= limit)
		return;
	cell_mark(out);
}

void cell_count(struct cell *out, const json_t *record, const char *name)
{
	double value = member_number(record, name);
	text_count(out->text, sizeof(out->text), value);
	cell_quiet_if_nothing(out, value);
}

void cell_ratio(struct cell *out, const json_t *record, const char *name, double limit)
{
	double value = member_number(record, name);
	text_percent(out->text, sizeof(out->text), value);
	cell_quiet_if_nothing(out, value);
	cell_mark_if_over(out, value, limit);
}

void cell_duration(struct cell *out, const json_t *record, const char *name)
{
	double value = member_number(record, name);
	text_duration(out->text, sizeof(out->text), value);
	cell_quiet_if_nothing(out, value);
}

void cell_bytes(struct cell *out, double bytes)
{
	text_bytes(out->text, sizeof(out->text), bytes);
	cell_quiet_if_nothing(out, bytes);
}

bool cell_time_of(const json_t *record, const char *name, int64_t *at_us)
{
	const char *text = member_text(record, name);
	return text != NULL && when_parse(text, 0, at_us);
}

void cell_endpoint(struct cell *out, const json_t *record, const char *ip,
		   const char *port)
{
	char text[CELL_MAX];
	const char *address = member_text(record, ip);
	double number = member_number(record, port);
	bool six = address != NULL && strchr(address, ':') != NULL;
	if (address == NULL)
		address = "?";
	if (isnan(number))
		snprintf(text, sizeof(text), "%.45s", address);
	else
		snprintf(text, sizeof(text), six ? "[%.45s]:%.0f" : "%.45s:%.0f",
			 address, number);
	cell_text(out, text);
}

/* "22/tcp" */
void cell_port(struct cell *out, const json_t *record)
{
	char text[32], transport[16];
	const char *name = member_text(record, "transport");
	double port = member_number(record, "port");
	if (isnan(port)) {
		cell_text(out, NULL);
		return;
	}
	text_clean(transport, sizeof(transport), name == NULL ? "?" : name);
	snprintf(text, sizeof(text), "%.0f/%s", port, transport);
	cell_text(out, text);
}

void cell_protocol(struct cell *out, const json_t *record)
{
	const char *by = member_text(record, "protocol_by");
	cell_text(out, member_text(record, "protocol"));
	if (by == NULL || strcmp(by, "port") != 0 || strcmp(out->text, "-") == 0)
		return;
	size_t len = strlen(out->text);
	snprintf(out->text + len, sizeof(out->text) - len, "?");
	out->tone = TONE_QUIET;
}

/* The clock of whoever looks; the records and --json stay in UTC. */
void cell_when(struct cell *out, const json_t *record, const char *name)
{
	int64_t at_us;
	struct tm local, today;
	time_t now = time(NULL);
	if (!cell_time_of(record, name, &at_us)) {
		cell_text(out, NULL);
		return;
	}
	time_t seconds = (time_t)(at_us / 1000000);
	localtime_r(&seconds, &local);
	localtime_r(&now, &today);
	bool is_today =
		local.tm_year == today.tm_year && local.tm_yday == today.tm_yday;
	strftime(out->text, sizeof(out->text), is_today ? "%H:%M:%S" : "%Y-%m-%d %H:%M",
		 &local);
}

void cell_mark(struct cell *out)
{
	memmove(out->text + 1, out->text, sizeof(out->text) - 1);
	out->text[0] = '!';
	out->text[sizeof(out->text) - 1] = '\0';
	out->tone = TONE_OVER;
}
