/*
 * write_html_sensors.c: of a report of a fleet: whose records it is made of, and what
 * can't be told where it is made.
 */
#include <string.h>

#include "report/words.h"
#include "report/write_html.h"

static size_t gaps_of(const struct observed *observed, const char *sensor)
{
	size_t count = 0;
	for (size_t i = 0; i < observed->gap_count; i++)
		count += strcmp(observed->gaps[i].sensor, sensor) == 0;
	return count;
}

static void put_sensor(struct buf *out, const struct report *report,
		       const struct report_sensor *sensor)
{
	buf_text(out, "<tr><th scope=\"row\">");
	buf_html_text(out, sensor->name);
	buf_text(out, "</th>");
	html_element(out, "td", NULL, sensor->site);
	html_element(out, "td", NULL, sensor->tags);
	buf_text(out, "<td>");
	html_time(out, sensor->first_us);
	buf_text(out, "</td><td>");
	html_time(out, sensor->last_us);
	buf_printf(out, "</td><td class=\"number\">%zu</td></tr>\n",
		   gaps_of(&report->observed, sensor->name));
}

void page_sensors(struct buf *out, const struct report *report)
{
	static const char *const heads[] = { "Sensor",    "Site",  "Tags",
					     "Told from", "until", "Gaps and losses" };
	const struct report_fleet *fleet = report->ask.fleet;
	if (fleet == NULL)
		return;
	page_section(out, "sensors", "Whose records these are");
	buf_text(out, "<p>");
	words_count(out, fleet->count, "sensor", "sensors");
	buf_text(out, " of a fleet, of ");
	buf_html_text(out, fleet->chosen);
	buf_text(out, "; who told nothing of itself in this time is not among them. ");
	buf_html_text(out, report_fleet_limits);
	buf_text(out, "</p>\n");
	html_scroll_open(out, "Whose records these are");
	html_table_open(out, "rows", NULL);
	html_heads(out, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < fleet->count; i++)
		put_sensor(out, report, &fleet->sensors[i]);
	html_table_close(out);
	html_close(out, "div");
	html_close(out, "section");
}
