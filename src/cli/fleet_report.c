/*
 * fleet_report.c: see fleet_report.h.
 */
#include "cli/fleet_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/report_store.h"
#include "fleet/depot.h"
#include "web/sensor_set.h"

enum {
	SENSORS_MAX = 64, /* each one's records are read and put in order */
	SAID_MAX = 4096,  /* rows of what sensors were joined as, over time */
	INCIDENT_ROWS_MAX = 256,
	LIST_MS = 120000,
	HOST_TEXT_MAX = 512,
	CHOSEN_MAX = 384,
	SCOPES_MAX = 2, /* a site, a tag */
};

/* As it last said, and all the time in which it did. */
struct said {
	struct document_reader as;
	int64_t first_us, last_us;
};

struct fleet_report {
	const struct report_ask *ask;
	const struct fleet_report_place *place;
	struct depot *depot;
	const char *wanted; /* names of sensors; NULL: any */
	struct document_scope scopes[SCOPES_MAX];
	size_t scope_count;
	struct said said[SENSORS_MAX];
	struct report_sensor sensors[SENSORS_MAX]; /* of said */
	size_t count;
	/* Of an incident: who has one of that id. */
	char incident[sizeof(field_text32)];
	char holders[SENSORS_MAX][FLEET_NAME_MAX];
	size_t holder_count;
	int64_t begin_us, end_us;
	bool is_ambiguous;
	int status; /* of what is wrong */
	struct prefix host;
	struct report_fleet fleet;
	struct report_store *open; /* the one that is asked */
	char chosen[CHOSEN_MAX], names[HOST_TEXT_MAX];
};

/* ---- what is chosen ---- */

static bool refuse_name(const char *of, const char *name, size_t len,
			char error[static STORE_ERROR_MAX])
{
	snprintf(error, STORE_ERROR_MAX,
		 "%s: \"%.*s\" is no name of one; allowed are up to %d letters, "
		 "digits, _ and -",
		 of, len > 100 ? 100 : (int)len, name, FLEET_NAME_MAX - 1);
	return false;
}

static void add_chosen(struct fleet_report *fleet, const char *of, const char *names)
{
	size_t at = strlen(fleet->chosen), room = sizeof(fleet->chosen) - at;
	int len = snprintf(fleet->chosen + at, room, "%s%s:%s", at > 0 ? ", " : "", of,
			   names);
	if (len >= (int)room)
		memcpy(fleet->chosen + sizeof(fleet->chosen) - sizeof("..."), "...",
		       sizeof("..."));
}

static bool add_scope(struct fleet_report *fleet, enum scope_of of, const char *name,
		      char error[static STORE_ERROR_MAX])
{
	const char *option = of == SCOPE_SITE ? "site" : "tag";
	struct document_scope *scope = &fleet->scopes[fleet->scope_count];
	if (name == NULL || name[0] == '\0')
		return true;
	if (!fleet_name_is_good(name))
		return refuse_name(option, name, strlen(name), error);
	scope->of = of;
	snprintf(scope->name, sizeof(scope->name), "%s", name);
	fleet->scope_count++;
	add_chosen(fleet, option, name);
	return true;
}

/* The first of those names, and where the next one begins; NULL: it was the last. */
static const char *next_name(const char *names, char name[static FLEET_NAME_MAX],
			     size_t *len)
{
	names += strspn(names, " ");
	*len = strcspn(names, ",");
	snprintf(name, FLEET_NAME_MAX, "%.*s",
		 *len < FLEET_NAME_MAX ? (int)*len : FLEET_NAME_MAX - 1, names);
	return names[*len] == ',' ? names + *len + 1 : NULL;
}

static bool add_sensors(struct fleet_report *fleet, const char *names,
			char error[static STORE_ERROR_MAX])
{
	if (names == NULL || names[0] == '\0')
		return true;
	for (const char *at = names; at != NULL;) {
		char name[FLEET_NAME_MAX];
		size_t len;
		const char *next = next_name(at, name, &len);
		if (len >= FLEET_NAME_MAX || !fleet_name_is_good(name))
			return refuse_name("sensor", at, strcspn(at, ","), error);
		at = next;
	}
	fleet->wanted = names;
	add_chosen(fleet, "sensor", names);
	return true;
}

static bool read_choice(struct fleet_report *fleet, const struct fleet_choice *choice,
			char error[static STORE_ERROR_MAX])
{
	if (!add_scope(fleet, SCOPE_SITE, choice->site, error) ||
	    !add_scope(fleet, SCOPE_TAG, choice->tag, error) ||
	    !add_sensors(fleet, choice->sensor, error))
		return false;
	if (fleet->chosen[0] == '\0')
		snprintf(fleet->chosen, sizeof(fleet->chosen), "all sites and tags");
	return true;
}

static bool holds_incident(const struct fleet_report *fleet, const char *sensor)
{
	for (size_t i = 0; i < fleet->holder_count; i++)
		if (strcmp(fleet->holders[i], sensor) == 0)
			return true;
	return false;
}

static bool is_chosen(const struct fleet_report *fleet,
		      const struct document_reader *sensor)
{
	if (fleet->wanted != NULL && !sensor_has_word(fleet->wanted, sensor->sensor))
		return false;
	for (size_t i = 0; i < fleet->scope_count; i++)
		if (!document_is_for(&fleet->scopes[i], sensor))
			return false;
	return fleet->ask->subject.incident == NULL ||
	       holds_incident(fleet, sensor->sensor);
}

/* ---- an incident ---- */

static bool take_incident(void *to, const void *record)
{
	struct fleet_report *fleet = to;
	const struct incident_record *incident = record;
	bool is_first = fleet->holder_count == 0;
	int64_t end_us =
		incident->end != UNKNOWN_TIME ? incident->end : fleet->ask->now_us;
	fleet->is_ambiguous = !is_first && strcmp(fleet->incident, incident->id) != 0;
	if (fleet->is_ambiguous)
		return false;
	memcpy(fleet->incident, incident->id, sizeof(fleet->incident));
	if (is_first || incident->first < fleet->begin_us)
		fleet->begin_us = incident->first;
	if (is_first || end_us > fleet->end_us)
		fleet->end_us = end_us;
	if (!holds_incident(fleet, incident->sensor) &&
	    fleet->holder_count < SENSORS_MAX)
		snprintf(fleet->holders[fleet->holder_count++], FLEET_NAME_MAX, "%.*s",
			 FLEET_NAME_MAX - 1, incident->sensor);
	return true;
}

/* The fleet's is a hub's, and has parts of the same id on sensors. */
static bool find_incident(struct fleet_report *fleet, struct report_ask *ask,
			  char error[static STORE_ERROR_MAX])
{
	struct store_filter filter;
	store_filter_init(&filter);
	filter.time_limit_ms = fleet->place->wait_ms;
	filter.cancel = fleet->place->cancel;
	filter.id = ask->subject.incident;
	filter.id_begins = true;
	if (depot_read(fleet->depot, RECORD_incident, &filter, INCIDENT_ROWS_MAX,
		       take_incident, fleet, error) != 0) {
		fleet->status = STATUS_UNREACHABLE;
		return false;
	}
	if (fleet->is_ambiguous || fleet->holder_count == 0) {
		snprintf(error, STORE_ERROR_MAX, "incident: %s",
			 fleet->is_ambiguous ? "several have an id that begins so; "
					       "give more of it"
					     : "there is none with that id");
		return false;
	}
	if (ask->has_own_time) {
		ask->since_us = fleet->begin_us;
		ask->until_us = fleet->end_us > fleet->begin_us ? fleet->end_us
								: fleet->begin_us + 1;
	}
	ask->has_own_time = false;
	return true;
}

/* ---- which sensors there are ---- */

struct listing {
	struct said *at; /* owned; the newest of each sensor */
	size_t count, rows;
};

static void copy_text(char *to, size_t size, const struct store_value *value)
{
	bool is_text = value->type == STORE_TEXT;
	snprintf(to, size, "%.*s", is_text ? (int)value->len : 0,
		 is_text ? (const char *)value->bytes : "");
}

static struct said *place_of(struct listing *listing, const char *sensor)
{
	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(listing->at[i].as.sensor, sensor) == 0)
			return &listing->at[i];
	return NULL;
}

/* One for each sensor, site and tags: what it said last counts. */
static bool take_said(void *self, const struct store_value *values, size_t count)
{
	struct listing *listing = self;
	struct said said = { 0 };
	if (count != 5 || values[3].type != STORE_INTEGER ||
	    values[4].type != STORE_INTEGER || ++listing->rows > SAID_MAX)
		return listing->rows <= SAID_MAX;
	copy_text(said.as.sensor, sizeof(said.as.sensor), &values[0]);
	copy_text(said.as.site, sizeof(said.as.site), &values[1]);
	copy_text(said.as.tags, sizeof(said.as.tags), &values[2]);
	said.first_us = values[3].integer;
	said.last_us = values[4].integer;
	struct said *known = place_of(listing, said.as.sensor);
	if (known == NULL) {
		listing->at[listing->count++] = said;
		return true;
	}
	if (known->first_us < said.first_us)
		said.first_us = known->first_us;
	if (known->last_us > said.last_us) {
		said.last_us = known->last_us;
		said.as = known->as;
	}
	*known = said;
	return true;
}

static int by_name(const void *left, const void *right)
{
	const struct said *a = left, *b = right;
	return strcmp(a->as.sensor, b->as.sensor);
}

static bool list(struct fleet_report *fleet, struct listing *listing,
		 char error[static STORE_ERROR_MAX])
{
	const struct store_sql to = { .self = listing, .row = take_said };
	char text[256];
	snprintf(text, sizeof(text),
		 "SELECT sensor,site,tags,min(at),max(at) FROM sensor WHERE at<=%lld "
		 "GROUP BY sensor,site,tags ORDER BY sensor,site,tags",
		 (long long)fleet->ask->until_us);
	uint32_t wait_ms = fleet->place->wait_ms > 0 ? fleet->place->wait_ms : LIST_MS;
	if (depot_sql(fleet->depot, text, wait_ms, &to, error) != 0) {
		fleet->status = STATUS_UNREACHABLE;
		return false;
	}
	snprintf(error, STORE_ERROR_MAX,
		 "sensors of this fleet have had more than %d sites and tags",
		 SAID_MAX);
	if (listing->count > 0)
		qsort(listing->at, listing->count, sizeof(listing->at[0]), by_name);
	return listing->rows <= SAID_MAX;
}

static void add_sensor(struct fleet_report *fleet, const struct said *said)
{
	if (fleet->count < SENSORS_MAX)
		fleet->said[fleet->count] = *said;
	fleet->count++;
}

/* Hubs say nothing of how they are: their part of an incident is of its time. */
static void add_hub(struct fleet_report *fleet)
{
	struct said hub = { .first_us = fleet->begin_us,
			    .last_us = fleet->ask->until_us };
	snprintf(hub.as.sensor, sizeof(hub.as.sensor), FLEET_HUB);
	if (fleet->ask->subject.incident != NULL && is_chosen(fleet, &hub.as))
		add_sensor(fleet, &hub);
}

/* Of several names one may be mistyped: it would not be missed. */
static bool all_are_there(const struct fleet_report *fleet, struct listing *listing,
			  char error[static STORE_ERROR_MAX])
{
	for (const char *at = fleet->wanted; at != NULL;) {
		char name[FLEET_NAME_MAX];
		size_t len;
		at = next_name(at, name, &len);
		if (place_of(listing, name) == NULL && strcmp(name, FLEET_HUB) != 0) {
			snprintf(error, STORE_ERROR_MAX,
				 "sensor: no sensor of the name \"%s\" has told "
				 "anything of itself here by then",
				 name);
			return false;
		}
	}
	return true;
}

static bool choose(struct fleet_report *fleet, char error[static STORE_ERROR_MAX])
{
	struct listing listing = { 0 };
	snprintf(error, STORE_ERROR_MAX, "not enough memory");
	listing.at = calloc(SAID_MAX, sizeof(listing.at[0]));
	bool is_listed = listing.at != NULL && list(fleet, &listing, error) &&
			 all_are_there(fleet, &listing, error);
	for (size_t i = 0; is_listed && i < listing.count; i++)
		if (listing.at[i].last_us >= fleet->ask->since_us &&
		    is_chosen(fleet, &listing.at[i].as))
			add_sensor(fleet, &listing.at[i]);
	free(listing.at);
	if (!is_listed)
		return false;
	add_hub(fleet);
	if (fleet->count == 0)
		snprintf(error, STORE_ERROR_MAX,
			 "no sensor of %s told anything of itself in this time",
			 fleet->chosen);
	else if (fleet->count > SENSORS_MAX)
		snprintf(error, STORE_ERROR_MAX,
			 "of %s there are %zu sensors, and a report is of at most %d: "
			 "choose by site, tag or sensor",
			 fleet->chosen, fleet->count, SENSORS_MAX);
	return fleet->count > 0 && fleet->count <= SENSORS_MAX;
}

/* ---- for the report ---- */

static struct store_reader *open_store(void *self, size_t sensor, record_bits *cut,
				       char error[static STORE_ERROR_MAX])
{
	struct fleet_report *fleet = self;
	const struct report_ask *ask = fleet->ask;
	char why[STORE_ERROR_MAX];
	const struct report_store_ask wanted = {
		.state = fleet->place->folder,
		.sensor = fleet->sensors[sensor].name,
		.since_us = ask->since_us,
		.until_us = ask->until_us,
		.host = ask->subject.host != NULL ? &fleet->host : NULL,
		.wait_ms = fleet->place->wait_ms,
		.cancel = fleet->place->cancel,
		.goes_on = ask->goes_on,
		.self = ask->self,
	};
	*cut = 0;
	fleet->open = report_store_open(fleet->depot, &wanted, cut, why);
	if (fleet->open != NULL)
		return report_store_reader(fleet->open);
	snprintf(error, STORE_ERROR_MAX, "%.64s: %.400s", wanted.sensor, why);
	return NULL;
}

static void close_store(void *self, struct store_reader *reader)
{
	struct fleet_report *fleet = self;
	(void)reader; /* the store's */
	report_store_close(fleet->open);
	fleet->open = NULL;
}

static void name_sensors(struct fleet_report *fleet)
{
	size_t at = 0, size = sizeof(fleet->names);
	for (size_t i = 0; i < fleet->count; i++) {
		const struct said *said = &fleet->said[i];
		fleet->sensors[i] =
			(struct report_sensor){ said->as.sensor, said->as.site,
						said->as.tags, said->first_us,
						said->last_us };
		if (at + FLEET_NAME_MAX + 32 < size)
			at += (size_t)snprintf(fleet->names + at, size - at, "%s%s",
					       i > 0 ? ", " : "", said->as.sensor);
		else if (i + 1 == fleet->count)
			snprintf(fleet->names + at, size - at, " ... (%zu in all)",
				 fleet->count);
	}
}

static void fill_ask(struct fleet_report *fleet, struct report_ask *ask)
{
	name_sensors(fleet);
	fleet->fleet = (struct report_fleet){ .chosen = fleet->chosen,
					      .sensors = fleet->sensors,
					      .count = fleet->count,
					      .lacks = report_store_lacks(),
					      .open = open_store,
					      .close = close_store,
					      .self = fleet };
	ask->fleet = &fleet->fleet;
	ask->host = fleet->names;
	/* Each store is one sensor's, and its chain stays there. */
	ask->folder = NULL;
	/* Depots keep ports as one sort. */
	ask->retention.ports_1h_s = ask->retention.ports_1m_s;
	ask->retention.ports_1d_s = ask->retention.ports_1m_s;
}

struct fleet_report *fleet_report_open(const struct fleet_report_place *place,
				       const struct fleet_choice *choice,
				       struct report_ask *ask, int *status,
				       char error[static STORE_ERROR_MAX])
{
	struct fleet_report *fleet = calloc(1, sizeof(*fleet));
	*status = STATUS_INCOMPLETE;
	snprintf(error, STORE_ERROR_MAX, "not enough memory");
	if (fleet == NULL)
		return NULL;
	fleet->ask = ask;
	fleet->place = place;
	fleet->status = STATUS_USAGE;
	if (!read_choice(fleet, choice, error))
		goto fail;
	if (ask->subject.host != NULL)
		prefix_parse(ask->subject.host, &fleet->host); /* the report says */
	fleet->depot = depot_look(place->depot, error);
	if (fleet->depot == NULL)
		fleet->status = STATUS_UNREACHABLE;
	if (fleet->depot == NULL ||
	    (ask->subject.incident != NULL && !find_incident(fleet, ask, error)) ||
	    !choose(fleet, error))
		goto fail;
	report_store_tidy(place->folder);
	fill_ask(fleet, ask);
	*status = STATUS_OK;
	return fleet;
fail:
	*status = fleet->status;
	fleet_report_close(fleet);
	return NULL;
}

void fleet_report_close(struct fleet_report *fleet)
{
	depot_close(fleet->depot);
	free(fleet);
}
