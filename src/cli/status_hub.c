/*
 * status_hub.c: see status_hub.h.
 */
#include "cli/status_hub.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"
#include "cli/wrapped.h"

bool status_is_hub(const json_t *status)
{
	return json_is_object(json_object_get(status, "hub"));
}

static double count_of(const json_t *object, const char *name)
{
	double count = member_number(object, name);
	return isnan(count) ? 0 : count;
}

static void print_count(const json_t *object, const char *name, const char *what)
{
	char text[CELL_MAX];
	text_count(text, sizeof(text), count_of(object, name));
	printf("%s %s", text, what);
}

static void print_name(const char *format, const char *name)
{
	char text[CELL_MAX];
	text_clean(text, sizeof(text), name != NULL ? name : "?");
	printf(format, text);
}

static void print_lead(const json_t *hub, const struct look *look)
{
	const char *leader = member_text(hub, "leader"),
		   *name = member_text(hub, "name");
	const json_t *servers = json_object_get(hub, "servers");
	/* What it leads by, it holds no longer. */
	bool is_stale = leader != NULL && name != NULL && strcmp(leader, name) == 0;
	label_print(look, "Hub");
	print_name("%s", name);
	if (json_is_true(json_object_get(hub, "leads"))) {
		puts(", leads: it judges what all sensors tell, and tells people");
	} else if (!json_is_true(json_object_get(servers, "up"))) {
		puts("; without a NATS server it is not known which hub leads");
	} else if (leader != NULL && !is_stale) {
		print_name("; %s leads\n", leader);
	} else {
		fputs("; ", stdout);
		tone_print(look, TONE_OVER, "! no hub leads");
		putchar('\n');
	}
}

static void print_namesake(const json_t *hub, const struct look *look)
{
	const char *host = member_text(hub, "namesake");
	if (host == NULL)
		return;
	label_print(look, "");
	tone_print(look, TONE_OVER, "! ");
	print_name("another hub, on %s, has the same name: set hub.name\n", host);
}

static void print_sensors(const json_t *hub, const struct look *look)
{
	char text[CELL_MAX];
	const json_t *sensors = json_object_get(hub, "sensors");
	label_print(look, "Sensors");
	print_count(sensors, "up", "up, ");
	if (count_of(sensors, "late") > 0)
		tone_print(look, TONE_OVER, "! ");
	print_count(sensors, "late", "late, ");
	print_count(sensors, "gone", "gone");
	if (count_of(sensors, "lag_us") > 0) {
		text_span(text, sizeof(text), count_of(sensors, "lag_us") / 1e6);
		printf("; the furthest behind is %s", text);
	}
	printf("; breakwater fleet status\n");
}

/* "! " and why, of what is not up. */
static void print_up(const json_t *part, const char *up, const struct look *look)
{
	char text[CLIENT_ERROR_MAX];
	const char *trouble = member_text(part, "trouble");
	if (json_is_true(json_object_get(part, "up"))) {
		fputs(up, stdout);
		return;
	}
	text_clean(text, sizeof(text), trouble != NULL ? trouble : "not reached yet");
	tone_print(look, TONE_OVER, "! ");
	fputs(text, stdout);
}

static void print_kept(const json_t *hub, const struct look *look)
{
	char lag[CELL_MAX], kept[CELL_MAX * 2];
	const json_t *depot = json_object_get(hub, "depot");
	text_span(lag, sizeof(lag), count_of(hub, "lag_us") / 1e6);
	snprintf(kept, sizeof(kept), "it keeps what comes, %s after it came", lag);
	label_print(look, "Depot");
	print_name("%s: ", member_text(depot, "kind"));
	print_up(depot, kept, look);
	printf("; ");
	bool is_one = count_of(hub, "waiting") == 1;
	/* How many they are is asked only by who can take them. */
	if (!json_is_true(json_object_get(depot, "up")))
		puts("what sensors tell waits in the NATS servers");
	else
		print_count(hub, "waiting",
			    is_one ? "batch waits\n" : "batches wait\n");
	if (count_of(hub, "refused") == 0)
		return;
	label_print(look, "");
	tone_print(look, TONE_OVER, "! ");
	print_count(hub, "refused", "batches refused: breakwater findings\n");
}

static void print_servers(const json_t *hub, const struct look *look)
{
	label_print(look, "NATS");
	print_up(json_object_get(hub, "servers"), "connected", look);
	putchar('\n');
}

static void print_incidents(const json_t *status, const struct look *look)
{
	const json_t *incidents = json_object_get(status, "incidents");
	label_print(look, "Incidents");
	print_count(incidents, "firing", "firing, ");
	print_count(incidents, "unacknowledged",
		    "of them not acknowledged: breakwater incidents\n");
}

static void print_cost(const json_t *status, const struct look *look)
{
	char cpu[CELL_MAX], rss[CELL_MAX];
	text_percent(cpu, sizeof(cpu), member_number(status, "cpu_ratio"));
	text_bytes(rss, sizeof(rss), member_number(status, "rss_bytes"));
	label_print(look, "Cost");
	printf("%s of a core, %s of memory\n", cpu, rss);
}

void status_hub_print(const struct posture *posture, const json_t *status,
		      const struct look *look)
{
	const json_t *hub = json_object_get(status, "hub");
	tone_print(look, posture->verdict.tone, posture->verdict.text);
	printf("%s\n\n", posture->reasons);
	print_lead(hub, look);
	print_namesake(hub, look);
	print_sensors(hub, look);
	print_kept(hub, look);
	print_servers(hub, look);
	print_incidents(status, look);
	print_cost(status, look);
}
