/*
 * firing.c: see firing.h.  Texts may be a stranger's.
 */
#include "cli/firing.h"

#include <stdio.h>
#include <string.h>

#include "cli/wrapped.h"
#include "fleet/lane.h"

#define SECOND_US 1000000.0

static const char *word(const char *text)
{
	return text != NULL ? text : "?";
}

bool is_firing(const char *state)
{
	return state != NULL && strcmp(state, "firing") == 0;
}

void firing_print(const struct look *look, const struct firing *f)
{
	struct buf head = { 0 };
	bool is_grave =
		is_firing(f->state) && record_severity(f->severity) >= SEVERITY_HIGH;
	buf_printf(&head, "%s%s%s, %s, %s", f->rule, f->target[0] != '\0' ? " " : "",
		   f->target, word(f->severity), word(f->state));
	tone_print(look, is_grave ? TONE_OVER : TONE_STRONG, word(buf_cstr(&head)));
	buf_free(&head);
	printf("\n  ");
	wrapped_print(look, TONE_NORMAL, 2, f->summary);
	putchar('\n');
}

void firing_print_when(const struct look *look, int64_t begin_us, int64_t end_us)
{
	char begin[WHEN_MAX], end[WHEN_MAX], took[CELL_MAX];
	struct buf text = { 0 };
	when_text(begin_us, begin);
	buf_text(&text, begin);
	if (end_us != UNKNOWN_TIME) {
		when_text(end_us, end);
		text_span(took, sizeof(took), (double)(end_us - begin_us) / SECOND_US);
		buf_printf(&text, " to %s (%s)", end, took);
	}
	label_buf(look, "When", &text);
}

void firing_put_explain(struct buf *line, uint32_t port, const char *sensors)
{
	buf_printf(line, "breakwater explain %u", port);
	if (sensors[0] != '\0' && strchr(sensors, ',') == NULL &&
	    strcmp(sensors, FLEET_HUB) != 0)
		buf_printf(line, " --sensor %s", sensors);
}
