/*
 * status_fleet.c: the line of the status screen about the fleet that this machine is a
 * sensor of; see status_lines.h.
 */
#include <stdio.h>

#include "cli/cells.h"
#include "cli/status_lines.h"
#include "cli/wrapped.h"

static void warn_line(const struct look *look, const char *text)
{
	char line[CELL_MAX + 4];
	snprintf(line, sizeof(line), "! %.240s", text);
	label_print(look, "");
	tone_print(look, TONE_OVER, line);
	putchar('\n');
}

static const char *text_of(const json_t *fleet, const char *name,
			   char out[static CELL_MAX])
{
	const char *text = member_text(fleet, name);
	text_clean(out, CELL_MAX, text == NULL ? "" : text);
	return out;
}

/* "; 12 batches wait (1.2 MB), the oldest for 3 min" */
static void print_waiting(const json_t *fleet)
{
	char count[CELL_MAX], bytes[CELL_MAX], span[CELL_MAX];
	double waiting = member_number(fleet, "waiting_batches");
	if (!(waiting > 0)) {
		fputs(", none waits", stdout);
		return;
	}
	text_count(count, sizeof(count), waiting);
	text_bytes(bytes, sizeof(bytes), member_number(fleet, "waiting_bytes"));
	text_span(span, sizeof(span), member_number(fleet, "lag_us") / 1e6);
	printf(", %s wait%s (%s), the oldest for %s", count, waiting == 1 ? "s" : "",
	       bytes, span);
}

static void print_told(const json_t *fleet)
{
	char text[CELL_MAX];
	printf("as %.63s", text_of(fleet, "name", text));
	if (text_of(fleet, "site", text)[0] != '\0')
		printf(" at %.63s", text);
	printf("; %s, ", json_is_true(json_object_get(fleet, "connected"))
				 ? "connected"
				 : "not connected");
	text_count(text, sizeof(text), member_number(fleet, "told_batches"));
	printf("%s batch%s told", text,
	       member_number(fleet, "told_batches") == 1 ? "" : "es");
	print_waiting(fleet);
}

void status_line_fleet(const json_t *fleet, const struct look *look)
{
	char text[CELL_MAX], line[CELL_MAX + 64];
	double dropped = member_number(fleet, "dropped_records");
	label_print(look, "Fleet");
	if (text_of(fleet, "name", text)[0] != '\0')
		print_told(fleet);
	else
		fputs("is told nothing: this machine watches alone", stdout);
	putchar('\n');
	if (dropped > 0) {
		text_count(text, sizeof(text), dropped);
		snprintf(line, sizeof(line),
			 "%.64s records found no room to wait (fleet.spool)", text);
		warn_line(look, line);
	}
	if (text_of(fleet, "trouble", text)[0] != '\0')
		warn_line(look, text);
}
