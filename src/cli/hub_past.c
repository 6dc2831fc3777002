/*
 * hub_past.c: see hub_past.h.
 *
 * The web room gives each function what open() gave it, so a reader here is a
 * connection and where it came from.
 */
#include "cli/hub_past.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "fleet/board.h"
#include "fleet/depot.h"
#include "fleet/lane.h"

enum { KEPT_MOST = 4, READ_MOST = 1000000 };

struct reading {
	struct hub_past *past;
	struct depot *depot;
	bool has_failed; /* it is not used again */
};

struct hub_past {
	const char *where;
	struct board *board;
	pthread_mutex_t lock;
	struct depot *kept[KEPT_MOST]; /* under the lock */
	size_t count;
};

struct hub_past *hub_past_new(const char *where, struct board *board)
{
	struct hub_past *past = calloc(1, sizeof(*past));
	if (past == NULL)
		return NULL;
	past->where = where;
	past->board = board;
	pthread_mutex_init(&past->lock, NULL);
	return past;
}

void hub_past_free(struct hub_past *past)
{
	if (past == NULL)
		return;
	for (size_t i = 0; i < past->count; i++)
		depot_close(past->kept[i]);
	pthread_mutex_destroy(&past->lock);
	free(past);
}

static struct depot *take_kept(struct hub_past *past)
{
	pthread_mutex_lock(&past->lock);
	struct depot *depot = past->count > 0 ? past->kept[--past->count] : NULL;
	pthread_mutex_unlock(&past->lock);
	return depot;
}

static void give_back(struct hub_past *past, struct depot *depot)
{
	pthread_mutex_lock(&past->lock);
	bool is_kept = past->count < KEPT_MOST;
	if (is_kept)
		past->kept[past->count++] = depot;
	pthread_mutex_unlock(&past->lock);
	if (!is_kept)
		depot_close(depot);
}

/*
 * Who makes what is missing waits for whoever writes just now; who only looks does not.
 * What can't be looked into may not be there yet.
 */
static struct depot *look_into(const char *where, char why[static DEPOT_ERROR_MAX])
{
	struct depot *depot = depot_look(where, why);
	return depot != NULL ? depot : depot_open(where, why);
}

/* The web room's folder is the one thing that it gives to open(). */
static struct store_reader *open_reader(const char *folder,
					char error[static STORE_ERROR_MAX], int *status)
{
	struct hub_past *past = (struct hub_past *)(uintptr_t)folder;
	char why[DEPOT_ERROR_MAX] = "";
	struct reading *reading = calloc(1, sizeof(*reading));
	*status = STATUS_UNREACHABLE;
	if (reading == NULL)
		return NULL;
	reading->past = past;
	reading->depot = take_kept(past);
	if (reading->depot == NULL)
		reading->depot = look_into(past->where, why);
	if (reading->depot != NULL)
		return (struct store_reader *)reading;
	snprintf(error, STORE_ERROR_MAX, "%.*s", STORE_ERROR_MAX - 1, why);
	free(reading);
	return NULL;
}

static void close_reader(struct store_reader *reader)
{
	struct reading *reading = (struct reading *)reader;
	if (reading->has_failed)
		depot_close(reading->depot);
	else
		give_back(reading->past, reading->depot);
	free(reading);
}

/*
 * Each sensor has incidents of its own, which are parts of the fleet's: who does not
 * ask for one by its id wants the fleet's.  Of which sensors these are, each says
 * (incident.sensors), and who reads looks at that; it can't be asked of all databases
 * alike.
 */
static bool is_the_fleets(enum record_kind kind, const struct store_filter *filter)
{
	return filter->id == NULL &&
	       (kind == RECORD_incident ||
		(kind == RECORD_timeline && filter->sensor_count == 0));
}

static int out_of_memory(char error[static STORE_ERROR_MAX])
{
	snprintf(error, STORE_ERROR_MAX, "out of memory");
	return -ENOMEM;
}

/* Of the fleet's own alerts some are of a sensor, as of one that is late, and what it
 * found is of those that saw it; who reads looks at that, too. */
static bool is_of_others_too(enum record_kind kind)
{
	return kind == RECORD_alert || kind == RECORD_finding;
}

static const char **with_the_hubs(const struct store_filter *filter)
{
	size_t count = filter->sensor_count;
	const char **sensors = calloc(count + 1, sizeof(*sensors));
	for (size_t i = 0; i < count && sensors != NULL; i++)
		sensors[i] = filter->sensors[i];
	if (sensors != NULL)
		sensors[count] = FLEET_HUB;
	return sensors;
}

int hub_past_read(struct depot *depot, enum record_kind kind,
		  const struct store_filter *filter, store_emit emit, void *to,
		  char error[static STORE_ERROR_MAX])
{
	static const char *const hubs[] = { FLEET_HUB };
	struct store_filter asked = *filter;
	const char **sensors = NULL;
	char why[DEPOT_ERROR_MAX] = "";
	if (is_the_fleets(kind, filter)) {
		asked.sensors = hubs;
		asked.sensor_count = 1;
	} else if (is_of_others_too(kind) && filter->sensor_count > 0) {
		sensors = with_the_hubs(filter);
		if (sensors == NULL)
			return out_of_memory(error);
		asked.sensors = sensors;
		asked.sensor_count++;
	}
	int result = depot_read(depot, kind, &asked, READ_MOST, emit, to, why);
	free(sensors);
	snprintf(error, STORE_ERROR_MAX, "%.*s", STORE_ERROR_MAX - 1, why);
	return result;
}

struct as_joined {
	struct board *board;
	store_emit emit;
	void *to;
};

/*
 * The depot has what a sensor said of itself; at which site it is and of which group,
 * is not its to say: it is chosen by what it was joined as, and shown so.
 */
static bool emit_as_joined(void *to, const void *record)
{
	const struct as_joined *as_joined = to;
	struct sensor_record sensor = *(const struct sensor_record *)record, known;
	if (board_sensor(as_joined->board, sensor.sensor, &known)) {
		memcpy(sensor.site, known.site, sizeof(sensor.site));
		memcpy(sensor.tags, known.tags, sizeof(sensor.tags));
	}
	return as_joined->emit(as_joined->to, &sensor);
}

static int read_records(struct store_reader *reader, enum record_kind kind,
			const struct store_filter *filter, store_emit emit, void *to,
			char error[static STORE_ERROR_MAX])
{
	struct reading *reading = (struct reading *)reader;
	struct as_joined as_joined = { reading->past->board, emit, to };
	bool is_sensor = kind == RECORD_sensor;
	int result = hub_past_read(reading->depot, kind, filter,
				   is_sensor ? emit_as_joined : emit,
				   is_sensor ? &as_joined : to, error);
	reading->has_failed |= result != 0;
	return result;
}

struct web_past hub_web_past(const struct hub_past *past)
{
	return (struct web_past){ .folder = (const char *)past,
				  .open = open_reader,
				  .read = read_records,
				  .close = close_reader };
}
