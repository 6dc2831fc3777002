/*
 * top_head.c: the first lines of the full screen: is all well, what passes by, which
 * views there are.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/cells.h"
#include "cli/posture.h"
#include "cli/top_screen.h"

enum { LINE_SIZE = 1280, CHART_MAX = 120, CHART_MIN = 10, LEVELS = 8, WIDE = 100 };
#define SECOND_US 1000000

/* ---- posture ---- */

static int put_problem(const struct top *top, int y, int x)
{
	char text[LINE_SIZE], clean[CLIENT_ERROR_MAX];
	text_clean(clean, sizeof(clean), top->problem);
	snprintf(text, sizeof(text), "! Not fine: %s; trying again", clean);
	return screen_put(y, x, screen_attribute(top, TONE_OVER), text);
}

static int put_posture(const struct top *top, int y, int x)
{
	const struct posture_facts facts = {
		.status = top->status,
		.health = top->health,
		.ports = top->ports,
		.busiest = top->port_total > json_array_size(top->ports),
	};
	struct posture posture = posture_of(&facts);
	x = screen_put(y, x, screen_attribute(top, posture.verdict.tone),
		       posture.verdict.text);
	x = screen_put(y, x, A_NORMAL, posture.reasons);
	if (posture.ports.text[0] != '\0')
		x = screen_put(y, x, A_NORMAL, "; ");
	return screen_put(y, x, screen_attribute(top, posture.ports.tone),
			  posture.ports.text);
}

enum { HOUR_SIZE = 16 };

static void hour_text(time_t at, char out[static HOUR_SIZE])
{
	struct tm local;
	localtime_r(&at, &local);
	strftime(out, HOUR_SIZE, "%H:%M:%S", &local);
}

void head_draw_posture(const struct top *top, int y)
{
	char hour[HOUR_SIZE];
	hour_text(time(NULL), hour);
	int x = screen_put(y, 0, A_BOLD, "Breakwater  ");
	x = top->problem[0] != '\0' ? put_problem(top, y, x) : put_posture(top, y, x);
	if (top->paused)
		x = screen_put(y, x + 2, A_REVERSE, " PAUSED ");
	if (top->readonly)
		x = screen_put(y, x + 2, A_DIM, "read-only");
	if (x + 2 + (int)strlen(hour) <= COLS)
		screen_put(y, COLS - (int)strlen(hour), A_DIM, hour);
}

/* ---- throughput ---- */

/* By seconds ago; NaN: nothing is known of that one. */
static double fill_chart(const struct top *top, double chart[static CHART_MAX])
{
	double most = 0;
	int64_t now_us = clock_us(CLOCK_REALTIME), at_us;
	size_t i;
	json_t *second;
	for (i = 0; i < CHART_MAX; i++)
		chart[i] = NAN;
	json_array_foreach(top->seconds, i, second)
	{
		double bytes = member_number(second, "bytes_per_s");
		if (!cell_time_of(second, "at", &at_us) || isnan(bytes))
			continue;
		int64_t ago = (now_us - at_us) / SECOND_US;
		if (ago < 0 || ago >= CHART_MAX)
			continue;
		chart[ago] = bytes;
		most = bytes > most ? bytes : most;
	}
	return most;
}

/* A second of which two records tell leaves the next without one: no gap. */
static double value_at(const double chart[static CHART_MAX], int ago)
{
	bool has_next = ago + 1 < CHART_MAX;
	if (!isnan(chart[ago]) || !has_next)
		return chart[ago];
	bool is_between = ago == 0 || !isnan(chart[ago - 1]);
	return is_between ? chart[ago + 1] : NAN;
}

/* The newest at the right; of what is not known nothing is drawn, not even a zero. */
static void draw_chart(const struct top *top, int y, int x, int width)
{
	static const char *const blocks[LEVELS] = { "▁", "▂", "▃", "▄",
						    "▅", "▆", "▇", "█" };
	static const char *const ascii[LEVELS] = { "_", ".", ":", "-",
						   "=", "+", "*", "#" };
	double chart[CHART_MAX];
	double most = fill_chart(top, chart);
	for (int ago = 0; ago < width; ago++) {
		double value = value_at(chart, ago);
		int level = most > 0 ? (int)(value / most * (LEVELS - 1) + 0.5) : 0;
		if (isnan(value))
			continue;
		attrset(screen_attribute(top, TONE_GOOD));
		mvaddstr(y, x + width - 1 - ago,
			 top->utf8 ? blocks[level] : ascii[level]);
		attrset(A_NORMAL);
	}
}

/* Old figures must not look like those of now. */
static int put_age(const struct top *top, int y)
{
	char text[64], hour[HOUR_SIZE];
	hour_text(top->told_at, hour);
	snprintf(text, sizeof(text), "Below stands what was known at %s", hour);
	return screen_put(y, 0, screen_attribute(top, TONE_OVER), text);
}

static int put_rates(const struct top *top, int y)
{
	char line[LINE_SIZE], packets[CELL_MAX], bytes[CELL_MAX], flows[CELL_MAX];
	char lost[CELL_MAX];
	double dropped = posture_lost_packets(top->status);
	text_count(packets, sizeof(packets),
		   member_number(top->status, "packets_per_s"));
	text_bytes(bytes, sizeof(bytes), member_number(top->status, "bytes_per_s"));
	text_count(flows, sizeof(flows), member_number(top->status, "flows"));
	text_count(lost, sizeof(lost), dropped);
	snprintf(line, sizeof(line), "%s packets/s  %s/s  %s open  ", packets, bytes,
		 flows);
	int x = screen_put(y, 0, A_NORMAL, line);
	snprintf(line, sizeof(line), "%s%s lost", dropped > 0 ? "!" : "", lost);
	return screen_put(y, x,
			  screen_attribute(top, dropped > 0 ? TONE_OVER : TONE_NORMAL),
			  line);
}

/* Of a hub, by which no packets pass: whether it hears its sensors. */
static int put_sensors(const struct top *top, const json_t *hub, int y)
{
	char line[LINE_SIZE], up[CELL_MAX], late[CELL_MAX], lag[CELL_MAX];
	const json_t *sensors = json_object_get(hub, "sensors");
	bool is_late = member_number(sensors, "late") > 0;
	text_count(up, sizeof(up), member_number(sensors, "up"));
	text_count(late, sizeof(late), member_number(sensors, "late"));
	text_duration(lag, sizeof(lag), member_number(hub, "lag_us"));
	snprintf(line, sizeof(line), "%s sensors up  ", up);
	int x = screen_put(y, 0, A_NORMAL, line);
	snprintf(line, sizeof(line), "%s%s late", is_late ? "!" : "", late);
	x = screen_put(y, x, screen_attribute(top, is_late ? TONE_OVER : TONE_NORMAL),
		       line);
	snprintf(line, sizeof(line), "  kept after %s", lag);
	return screen_put(y, x, A_NORMAL, line);
}

void head_draw_rates(const struct top *top, int y)
{
	char cpu[CELL_MAX], rss[CELL_MAX], line[LINE_SIZE];
	if (posture_no_packets(top->status) != NULL) {
		screen_put(y, 0, screen_attribute(top, TONE_OVER),
			   "! Packets are not watched");
		return;
	}
	text_percent(cpu, sizeof(cpu), member_number(top->status, "cpu_ratio"));
	text_bytes(rss, sizeof(rss), member_number(top->status, "rss_bytes"));
	snprintf(line, sizeof(line), "  cpu %s  mem %s", cpu, rss);
	bool is_old = top->problem[0] != '\0';
	const json_t *hub = json_object_get(top->status, "hub");
	int x = is_old        ? put_age(top, y)
		: hub != NULL ? put_sensors(top, hub, y)
			      : put_rates(top, y);
	if (COLS >= WIDE && !is_old)
		x = screen_put(y, x, A_DIM, line);
	x += 2;
	int width = COLS - x > CHART_MAX ? CHART_MAX : COLS - x;
	if (width >= CHART_MIN && hub == NULL)
		draw_chart(top, y, COLS - width, width);
}

/* ---- views ---- */

void head_draw_tabs(const struct top *top, int y)
{
	int x = 0;
	for (size_t i = 0; i < TOP_VIEWS; i++) {
		char key[8];
		attr_t attributes = i == top->at ? A_REVERSE | A_BOLD : A_NORMAL;
		snprintf(key, sizeof(key), "%zu", i + 1);
		x = screen_put(y, x, A_DIM, key);
		x = screen_put(y, x, attributes, top_views[i]->tab);
		x = screen_put(y, x, A_NORMAL, " ");
	}
}
