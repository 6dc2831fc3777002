/*
 * alert_screen.c: see alert_screen.h.
 */
#include "cli/alert_screen.h"

#include <math.h>
#include <stdio.h>

#include "cli/firing.h"
#include "cli/wrapped.h"

/* In the unit of the field, as rules and the API have it. */
static void print_value(const struct look *look, const struct alert_record *a)
{
	struct buf line = { 0 };
	buf_text(&line, a->metric);
	if (!isnan(a->value))
		buf_printf(&line, ": %.10g", a->value);
	if (!isnan(a->limit))
		buf_printf(&line, ", limit %.10g", a->limit);
	label_buf(look, "Metric", &line);
}

static void print_next(const struct look *look, const struct alert_record *a)
{
	const char *label = "Next";
	struct buf line = { 0 };
	if (a->incident[0] != '\0') {
		buf_printf(&line, "breakwater incidents %.*s", ID_SHOWN, a->incident);
		label_buf(look, label, &line);
		label = "";
	}
	if (a->port != UNKNOWN_U32) {
		firing_put_explain(&line, a->port, a->sensor);
		label_buf(look, label, &line);
		label = "";
	}
	if (is_firing(a->state) && a->suppressed_by[0] == '\0')
		buf_printf(&line, "breakwater silence rule=%s --for 2h --why TEXT",
			   a->rule);
	label_buf(look, label, &line);
}

void alert_screen(const struct look *look, const struct alert_record *a)
{
	const struct firing firing = { a->rule, a->target, a->severity, a->state,
				       a->summary };
	firing_print(look, &firing);
	firing_print_when(look, a->start, a->end);
	label_text(look, "Advice", a->advice);
	print_value(look, a);
	label_text(look, "Service", a->service);
	label_text(look, "Tags", a->tags);
	label_text(look, "Incident", a->incident);
	label_text(look, "Not told", a->suppressed_by);
	print_next(look, a);
	label_text(look, "Id", a->id);
}
