/*
 * fleet_story.c: breakwater fleet story: what one address did at each sensor, in order.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/port_list.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "cli/gather.h"
#include "cli/view.h"
#include "cli/wrapped.h"
#include "fleet/story.h"

enum { RECORDS_MAX = 10000, DAY_S = 24 * 3600 };

struct telling {
	struct story *story;
	enum record_kind kind;
	bool is_full;
};

static bool take(void *to, const void *record)
{
	struct telling *telling = to;
	telling->is_full |= !story_add(telling->story, telling->kind, record);
	return !telling->is_full;
}

/* All that hubs have of it; a block is about a host, and has no client. */
static int look(struct gather *gather, const char *address, const struct addr *who,
		const struct gather_about *time, struct telling *telling)
{
	static const enum record_kind kinds[] = { RECORD_flow, RECORD_login,
						  RECORD_finding, RECORD_block };
	int status = STATUS_OK;
	for (size_t i = 0; i < 4 && status == STATUS_OK; i++) {
		bool is_block = kinds[i] == RECORD_block;
		struct gather_about about = *time;
		about.ip = is_block ? who : NULL;
		const struct gather_wanted wanted = { .kind = kinds[i],
						      .name = is_block ? NULL
								       : "client_ip",
						      .value = address,
						      .limit = RECORDS_MAX,
						      .about = &about };
		telling->kind = kinds[i];
		status = gather_each(gather, &wanted, take, telling);
	}
	return status;
}

/* ---- printing ---- */

static void print_json(const struct story_line *line)
{
	struct buf out = { 0 };
	char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX], ports[256];
	record_time_text(line->first_us, first);
	record_time_text(line->last_us, last);
	port_list_text(line->ports, line->port_count, ports, sizeof(ports));
	buf_printf(&out, "{\"first\":\"%s\",\"last\":\"%s\",\"sensor\":\"", first,
		   last);
	buf_json_text(&out, line->sensor);
	buf_text(&out, "\",\"what\":\"");
	buf_json_text(&out, line->what);
	buf_printf(&out, "\",\"count\":%llu", (unsigned long long)line->count);
	if (ports[0] != '\0')
		buf_printf(&out, ",\"ports\":\"%s\"", ports);
	if (line->severity != NULL)
		buf_printf(&out, ",\"severity\":\"%s\"", line->severity);
	buf_char(&out, '}');
	puts(buf_cstr(&out) != NULL ? buf_cstr(&out) : "{}");
	buf_free(&out);
}

/* As wide as the longest name, so that what is narrow stays readable. */
static int sensor_width(const struct telling *telling, uint32_t lines)
{
	int width = (int)strlen("SENSOR");
	for (uint32_t i = 0; i < lines; i++) {
		int length = (int)strlen(story_at(telling->story, i)->sensor);
		width = length > width ? length : width;
	}
	return width;
}

static void print_line(const struct look *look, const struct story_line *line,
		       int width)
{
	char when[WHEN_MAX], sensor[64], ports[128] = "";
	struct buf text = { 0 };
	when_text(line->first_us, when);
	text_clean(sensor, sizeof(sensor), line->sensor);
	port_list_text(line->ports, line->port_count, ports, sizeof(ports));
	if (line->severity != NULL)
		buf_printf(&text, "%s: ", line->severity);
	buf_text(&text, line->what);
	if (ports[0] != '\0')
		buf_printf(&text, ", port%s %s", line->port_count > 1 ? "s" : "",
			   ports);
	if (line->count > 1)
		buf_printf(&text, ", %llu times", (unsigned long long)line->count);
	printf("%s  %-*s  ", when, width, sensor);
	/* Users' names are strangers' words. */
	wrapped_print(look, TONE_NORMAL, (int)strlen(when) + 2 + width + 2,
		      buf_cstr(&text) != NULL ? buf_cstr(&text) : "");
	buf_free(&text);
}

static void print_lines(const struct look *look, const struct telling *telling,
			uint32_t lines)
{
	enum { WHEN_WIDTH = sizeof("2026-01-01 00:00:00") - 1 };
	int width = sensor_width(telling, lines);
	uint32_t seen = story_sensors(telling->story);
	printf("%-*s  %-*s  WHAT\n", WHEN_WIDTH, "SINCE", width, "SENSOR");
	for (uint32_t i = 0; i < lines; i++)
		print_line(look, story_at(telling->story, i), width);
	printf("\n%u sensor%s seen it.\n", seen, seen == 1 ? " has" : "s have");
}

static int print_story(const struct fleet_options *o, struct telling *telling,
		       const char *address)
{
	struct look look = look_of(&o->common);
	uint32_t lines = story_finish(telling->story);
	for (uint32_t i = 0; o->common.json && i < lines; i++)
		print_json(story_at(telling->story, i));
	if (!o->common.json && lines == 0)
		printf("Nothing is known of %s in that time.\n", address);
	else if (!o->common.json)
		print_lines(&look, telling, lines);
	bool is_cut = telling->is_full || lines == STORY_LINES_MAX;
	return is_cut ? fleet_complain("story", STATUS_INCOMPLETE,
				       "there is more; a later --since shows the rest")
		      : STATUS_OK;
}

/* False: all has been said. */
static bool read_time(const struct fleet_options *o, struct gather_about *about)
{
	about->until_us = clock_us(CLOCK_REALTIME);
	about->since_us = about->until_us - DAY_S * INT64_C(1000000);
	if (o->since == NULL || when_parse(o->since, about->until_us, &about->since_us))
		return true;
	fleet_complain("story", STATUS_USAGE, "--since: allowed is " WHEN_ALLOWED);
	return false;
}

int fleet_story(const struct fleet_options *o, const char *address)
{
	struct gather_about about = { .port = UNKNOWN_U32 };
	struct telling telling = { 0 };
	struct addr who;
	int status;
	if (!addr_parse(address, &who))
		return fleet_complain("story", STATUS_USAGE,
				      "%s: allowed is an address, such as 192.0.2.7",
				      address);
	if (!read_time(o, &about))
		return STATUS_USAGE;
	telling.story = story_new(&who);
	struct gather *gather = gather_open(&o->common, "fleet story", NULL, &status);
	if (telling.story != NULL && gather != NULL)
		status = look(gather, address, &who, &about, &telling);
	if (telling.story != NULL && gather != NULL && status == STATUS_OK)
		status = print_story(o, &telling, address);
	if (gather != NULL)
		gather_close(gather);
	story_free(telling.story);
	return status;
}
