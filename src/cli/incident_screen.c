/*
 * incident_screen.c: see incident_screen.h.
 *
 * The cause comes first, for who reads no further.  Texts may be a stranger's.
 */
#include "cli/incident_screen.h"

#include <stdio.h>
#include <string.h>

#include "cli/firing.h"
#include "cli/wrapped.h"

enum { KIND_WIDTH = 14, LINE_INDENT = 2 };

static const char *word(const char *text)
{
	return text != NULL ? text : "?";
}

static void add_count(struct buf *text, uint32_t count, const char *one)
{
	if (count != UNKNOWN_U32 && count > 0)
		buf_printf(text, "%s%u %s%s", text->len > 0 ? ", " : "", count, one,
			   count == 1 ? "" : "s");
}

static void print_extent(const struct look *look, const struct incident_record *i)
{
	struct buf text = { 0 };
	add_count(&text, i->alerts, "alert");
	add_count(&text, i->findings, "finding");
	add_count(&text, i->targets, "target");
	label_buf(look, "Extent", &text);
}

/* "web-1, web-2": of a fleet, whose alerts and findings they are. */
static void print_sensors(const struct look *look, const struct incident_record *i)
{
	struct buf text = { 0 };
	for (const char *at = i->sensors; *at != '\0'; at++)
		buf_printf(&text, "%c%s", *at, *at == ',' ? " " : "");
	label_buf(look, "Sensors", &text);
}

/* ---- people ---- */

static void print_people(const struct look *look, const struct incident_record *i)
{
	struct buf text = { 0 };
	char when[WHEN_MAX];
	label_text(look, "Owner", i->owner);
	if (i->acknowledged != UNKNOWN_TIME) {
		when_text(i->acknowledged, when);
		buf_printf(&text, "%s, by %s", when, i->acknowledged_by);
		label_buf(look, "Acknowledged", &text);
	}
	if (i->closed_by[0] != '\0') {
		buf_printf(&text, "by %s%s%s%s", i->closed_by,
			   i->false_positive == 1 ? ", as a false positive" : "",
			   i->close_reason[0] != '\0' ? ": " : "", i->close_reason);
		label_buf(look, "Closed", &text);
	}
	label_text(look, "Not told", i->suppressed_by);
}

/* ---- what happened ---- */

static void print_line(const struct look *look, const struct timeline_record *line)
{
	char when[WHEN_MAX];
	struct buf text = { 0 };
	when_text(line->at, when);
	printf("%*s%s  %-*.*s", LINE_INDENT, "", when, KIND_WIDTH, KIND_WIDTH,
	       word(line->kind));
	if (line->severity != NULL)
		buf_printf(&text, "%s: ", line->severity);
	bool is_said = line->actor[0] != '\0' && strcmp(line->actor, "breakwater") != 0;
	if (is_said && strcmp(line->actor, line->summary) != 0)
		buf_printf(&text, "%s: ", line->actor);
	buf_text(&text, line->summary);
	wrapped_print(look, TONE_NORMAL,
		      LINE_INDENT + (int)strlen(when) + 2 + KIND_WIDTH,
		      word(buf_cstr(&text)));
	buf_free(&text);
}

static size_t shown_lines(const struct incident_facts *facts)
{
	return facts->line_count < INCIDENT_LINES ? facts->line_count : INCIDENT_LINES;
}

static void print_timeline(const struct look *look, const struct incident_facts *facts)
{
	size_t shown = shown_lines(facts);
	if (shown == 0)
		return;
	tone_print(look, TONE_STRONG, "Timeline");
	putchar('\n');
	if (facts->line_count > shown)
		printf("%*s%zu lines before these: --json, or breakwater query\n",
		       LINE_INDENT, "", facts->line_count - shown);
	for (size_t i = shown; i > 0; i--)
		print_line(look, &facts->lines[i - 1]);
}

/* ---- what to type ---- */

static void print_next(const struct look *look, const struct incident_facts *facts)
{
	const struct incident_record *i = &facts->incident;
	const char *label = "Next";
	struct buf text = { 0 };
	if (is_firing(i->state) && i->acknowledged == UNKNOWN_TIME) {
		buf_printf(&text, "breakwater ack %.*s", ID_SHOWN, i->id);
		label_buf(look, label, &text);
		label = "";
	}
	if (i->findings != UNKNOWN_U32 && i->findings > 0 &&
	    !addr_is_unset(&i->client_ip)) {
		buf_printf(&text, "breakwater findings --incident %s", i->id);
		label_buf(look, label, &text);
		label = "";
	}
	if (i->port != UNKNOWN_U32) {
		firing_put_explain(&text, i->port, i->sensors);
		label_buf(look, label, &text);
		label = "";
	}
	if (is_firing(i->state))
		buf_printf(&text, "breakwater close %.*s --why TEXT", ID_SHOWN, i->id);
	label_buf(look, label, &text);
}

void incident_screen(const struct look *look, const struct incident_facts *facts)
{
	const struct incident_record *i = &facts->incident;
	const struct firing firing = { i->rule, i->target, i->severity, i->state,
				       i->summary };
	firing_print(look, &firing);
	label_text(look, "Cause", i->cause);
	firing_print_when(look, i->first, i->end);
	print_extent(look, i);
	print_sensors(look, i);
	print_people(look, i);
	print_next(look, facts);
	label_text(look, "Id", i->id);
	print_timeline(look, facts);
}

void incident_json(const struct incident_facts *facts)
{
	record_print(RECORD_incident, &facts->incident);
	for (size_t i = shown_lines(facts); i > 0; i--)
		record_print(RECORD_timeline, &facts->lines[i - 1]);
}
