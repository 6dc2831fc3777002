/*
 * explain_odd.c: see explain_odd.h.
 */
#include "cli/explain_odd.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/forecast_text.h"
#include "cli/view.h"

#define SECOND_US 1000000.0

/* Marks name services and targets, in which ":443/" stands for the port. */
static bool is_of_port(const struct anomaly_record *mark, uint16_t port)
{
	char part[16];
	snprintf(part, sizeof(part), ":%u/", port);
	return strstr(mark->target, part) != NULL;
}

static void say_value(struct buf *out, const struct anomaly_record *mark, double value)
{
	char text[CELL_MAX];
	text_metric(text, sizeof(text), mark->metric, value);
	buf_text(out, text);
}

static void say_mark(struct buf *out, const struct anomaly_record *mark, int64_t now_us)
{
	char ago[CELL_MAX];
	text_span(ago, sizeof(ago), (double)(now_us - mark->at) / SECOND_US);
	buf_printf(out, "%s of %s was ", mark->metric, mark->target);
	say_value(out, mark, mark->value);
	buf_printf(out, " %s ago, usual is ", ago);
	say_value(out, mark, mark->low);
	buf_text(out, " to ");
	say_value(out, mark, mark->high);
}

void explain_odd_say(const struct explain_facts *facts, struct buf *out)
{
	const struct anomaly_record *newest = NULL;
	size_t count = 0;
	for (size_t i = 0; i < facts->unusual_count; i++) {
		const struct anomaly_record *mark = &facts->unusual[i];
		if (!is_of_port(mark, facts->port))
			continue;
		count++;
		if (newest == NULL || mark->at > newest->at)
			newest = mark;
	}
	if (newest == NULL)
		return;
	say_mark(out, newest, facts->now_us);
	if (count > 1)
		buf_printf(out, "; %zu more within a day", count - 1);
}
