/*
 * fleet_status.c: see fleet_status.h.
 *
 * The table has what is wrong first: of a thousand sensors nobody reads all.
 */
#include "cli/fleet_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client_json.h"
#include "cli/sensor_trouble.h"
#include "cli/table.h"

enum { SHOWN_MAX = 10 };

static int complain(const char *error, int status)
{
	fprintf(stderr, "breakwater fleet status: %s\n", error);
	return status;
}

/* ---- order ---- */

static const char *text_of(const json_t *sensor, const char *name)
{
	const char *text = member_text(sensor, name);
	return text != NULL ? text : "";
}

static int compare(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int order = (int)sensor_rank(x) - (int)sensor_rank(y);
	return order != 0 ? order
			  : strverscmp(text_of(x, "sensor"), text_of(y, "sensor"));
}

/* The same, what is wrong first; NULL without memory. */
static json_t *sorted(const json_t *sensors)
{
	size_t count = json_array_size(sensors), i;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): it is the pointers we sort */
	json_t **at = calloc(count + 1, sizeof(*at)), *sensor, *out = json_array();
	if (at == NULL || out == NULL) {
		free(at);
		json_decref(out);
		return NULL;
	}
	json_array_foreach(sensors, i, sensor) at[i] = sensor;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression) */
	qsort(at, count, sizeof(*at), compare);
	for (i = 0; i < count; i++)
		json_array_append(out, at[i]);
	free(at);
	return out;
}

/* ---- the headline ---- */

struct counts {
	size_t of[SENSOR_RANKS], all, refused, broken; /* chains that do not hold */
};

/* Who is put out is asked for nothing. */
static bool has_refused(const json_t *sensor)
{
	enum sensor_rank rank = sensor_rank(sensor);
	return rank != SENSOR_REVOKED && rank != SENSOR_GONE &&
	       sensor_has_text(sensor, "config_refused");
}

static bool has_broken(const json_t *sensor)
{
	return sensor_rank(sensor) != SENSOR_REVOKED && sensor_chain_is_bad(sensor);
}

static struct counts count_all(const json_t *sensors)
{
	struct counts counts = { .all = json_array_size(sensors) };
	size_t i;
	json_t *sensor;
	json_array_foreach(sensors, i, sensor)
	{
		counts.of[sensor_rank(sensor)]++;
		counts.refused += has_refused(sensor);
		counts.broken += has_broken(sensor);
	}
	return counts;
}

static void print_headline(const struct look *look, const struct counts *counts)
{
	static const char *const words[SENSOR_RANKS] = {
		[SENSOR_LATE] = "late",
		[SENSOR_CHAIN] = "with an audit chain that does not hold",
		[SENSOR_CUT_OFF] = "cut off",
		[SENSOR_REFUSED] = "refused a configuration",
		[SENSOR_LAGS] = "lagging",
		[SENSOR_LOST] = "lost something",
		[SENSOR_CLOCK] = "with a clock that is off",
		[SENSOR_BLIND] = "up, but can't see everything",
		[SENSOR_WELL] = "well",
		[SENSOR_GONE] = "ended in order",
		[SENSOR_REVOKED] = "revoked",
	};
	char text[64];
	const char *between = ": ";
	snprintf(text, sizeof(text), "%zu sensor%s", counts->all,
		 counts->all == 1 ? "" : "s");
	tone_print(look, TONE_STRONG, text);
	for (size_t i = 0; i < SENSOR_RANKS; i++) {
		if (counts->of[i] == 0)
			continue;
		fputs(between, stdout);
		snprintf(text, sizeof(text), "%zu %s", counts->of[i], words[i]);
		tone_print(look,
			   i <= SENSOR_REFUSED ? TONE_OVER
			   : i == SENSOR_WELL  ? TONE_GOOD
					       : TONE_NORMAL,
			   text);
		between = ", ";
	}
	puts("\n");
}

/* Why is too long for a column, and what somebody has to know to mend it. */
static void print_why(const json_t *sensors, size_t count,
		      bool (*is_one)(const json_t *sensor), const char *words,
		      const char *why)
{
	size_t i, shown = 0;
	json_t *sensor;
	json_array_foreach(sensors, i, sensor)
	{
		char name[CELL_MAX], text[CELL_MAX];
		if (!is_one(sensor) || shown == SHOWN_MAX)
			continue;
		text_clean(name, sizeof(name), text_of(sensor, "sensor"));
		text_clean(text, sizeof(text), text_of(sensor, why));
		printf("%s! %s %s: %s\n", shown == 0 ? "\n" : "", name, words, text);
		shown++;
	}
	if (count > shown)
		printf("! and %zu more\n", count - shown);
}

/* ---- an empty fleet ---- */

/* A hub has filters by sensor, though no sensor has joined yet. */
static int ask_whether_hub(struct client *client, bool *is_hub,
			   char error[static CLIENT_ERROR_MAX])
{
	json_t *filters = NULL;
	size_t i;
	json_t *word;
	int status = client_object(client, "/api/v1/filters", &filters, error);
	*is_hub = false;
	json_array_foreach(json_object_get(filters, "sensor"), i, word)
	{
		if (json_is_string(word) &&
		    strcmp(json_string_value(word), "sensor") == 0)
			*is_hub = true;
	}
	json_decref(filters);
	return status;
}

static int tell_empty(const struct common_options *common, struct client *client)
{
	char error[CLIENT_ERROR_MAX];
	bool is_hub;
	int status = ask_whether_hub(client, &is_hub, error);
	if (status != STATUS_OK)
		return complain(error, status);
	if (!is_hub)
		return complain("this daemon watches one machine and knows no fleet; "
				"ask its hub: breakwater fleet status --socket PATH, "
				"or start one: breakwater fleet init, breakwater hub",
				STATUS_USAGE);
	fputs("No sensor has joined this fleet yet. Next, for each machine:\n"
	      "  here   breakwater fleet token\n"
	      "  there  breakwater fleet join, paste what that prints; then breakwater "
	      "run\n",
	      common->json ? stderr : stdout);
	return STATUS_OK;
}

/* ---- all of it ---- */

static void print_json(const json_t *sensors)
{
	size_t i;
	json_t *sensor;
	json_array_foreach(sensors, i, sensor)
	{
		json_dumpf(sensor, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

static void print_all(const struct common_options *common, const json_t *sensors,
		      const struct counts *counts)
{
	struct look look = look_of(common);
	const struct limits limits = limits_of(NULL);
	print_headline(&look, counts);
	table_print(&view_sensors, sensors, &limits, &look);
	print_why(sensors, counts->broken, has_broken,
		  "has an audit chain that does not hold", "audit_fault");
	print_why(sensors, counts->refused, has_refused, "refused its configuration",
		  "config_refused");
}

/*
 * All seem to be late to a hub that hears none: then nothing is wrong with them.  That
 * a hub does not say is no reason not to show what it knows.
 */
static void warn_if_deaf(const struct common_options *common, struct client *client)
{
	char error[CLIENT_ERROR_MAX];
	json_t *status = NULL;
	if (client_object(client, "/api/v1/status", &status, error) == STATUS_OK &&
	    json_is_false(json_object_get(
		    json_object_get(json_object_get(status, "hub"), "servers"), "up")))
		fputs("! This hub reaches no NATS server, so it does not know how they "
		      "are now:\n  breakwater status says why.\n\n",
		      common->json ? stderr : stdout);
	json_decref(status);
}

static int show(const struct common_options *common, const json_t *told)
{
	json_t *sensors = sorted(told);
	if (sensors == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	const struct counts counts = count_all(sensors);
	if (common->json)
		print_json(sensors);
	else
		print_all(common, sensors, &counts);
	json_decref(sensors);
	return counts.of[SENSOR_LATE] > 0 || counts.refused > 0 || counts.broken > 0
		       ? STATUS_BAD_NEWS
		       : STATUS_OK;
}

static bool is_some(const struct sensor_options *wanted)
{
	return wanted->sensor != NULL || wanted->site != NULL || wanted->tag != NULL;
}

static int ask(const struct common_options *common, const struct sensor_options *wanted,
	       struct client *client)
{
	struct buf path = { 0 };
	char error[CLIENT_ERROR_MAX];
	struct client_told told = { 0 };
	json_t *sensors = NULL;
	buf_text(&path, view_sensors.path);
	client_sensors(&path, wanted);
	client_parameter(&path, "limit", "100000");
	int status = client_records(client, buf_cstr(&path), &sensors, &told, error);
	buf_free(&path);
	if (status != STATUS_OK)
		complain(error, status);
	else if (json_array_size(sensors) == 0 && !is_some(wanted))
		status = tell_empty(common, client);
	else if (json_array_size(sensors) == 0)
		fprintf(stderr, "%s\n", view_sensors.nothing);
	else {
		warn_if_deaf(common, client);
		status = show(common, sensors);
	}
	if (json_array_size(sensors) < told.total)
		fprintf(stderr, "%zu of %" PRIu64 " sensors shown\n",
			json_array_size(sensors), told.total);
	json_decref(sensors);
	return status;
}

int fleet_status(const struct common_options *common,
		 const struct sensor_options *wanted)
{
	struct client *client = client_open(common);
	if (client == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	int status = ask(common, wanted, client);
	client_close(client);
	return status;
}
