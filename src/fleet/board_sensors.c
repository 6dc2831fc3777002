/*
 * board_sensors.c: which sensors there are, which of them are heard, and how far their
 * clocks are off; see board_inside.h.
 *
 * Those that are heard are in order of when they were, so who is late is at one end.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/board_inside.h"

enum {
	SENSORS_MOST = 131072,
	QUIET_MOST = 131072,
	JOINED_MOST = SENSORS_MOST + QUIET_MOST,
};
/* A batch that waited so long says nothing of a clock. */
#define WAITED_US UINT64_C(5000000)

static const char *const quiet_words[] = { "late", "gone", "revoked" };

void board_sensors_init(struct board_sensors *sensors)
{
	sensors->up = (struct shelf){ .size = sizeof(struct board_sensor),
				      .most = SENSORS_MOST };
	sensors->quiet = (struct shelf){ .size = sizeof(struct board_sensor),
					 .most = QUIET_MOST };
	sensors->joined = (struct shelf){ .size = sizeof(struct board_joined),
					  .most = JOINED_MOST };
}

void board_sensors_free(struct board_sensors *sensors)
{
	shelf_free(&sensors->up);
	shelf_free(&sensors->quiet);
	shelf_free(&sensors->joined);
	free(sensors->news);
}

static struct board_sensor *sensor_at(struct shelf_row *row)
{
	return row != NULL ? (struct board_sensor *)row->at : NULL;
}

static int quiet_word(const char *state)
{
	for (int i = 0; i < 3; i++)
		if (state != NULL && strcmp(state, quiet_words[i]) == 0)
			return i;
	return -1;
}

/* Without memory it is seen when somebody asks. */
static void note_news(struct board_sensors *sensors, uint64_t name)
{
	if (sensors->news_count == sensors->news_room) {
		size_t room = sensors->news_room > 0 ? 2 * sensors->news_room : 64;
		uint64_t *larger = NULL;
		if (room <= SENSORS_MOST + QUIET_MOST)
			larger = reallocarray(sensors->news, room, sizeof(*larger));
		if (larger == NULL)
			return;
		sensors->news = larger;
		sensors->news_room = room;
	}
	sensors->news[sensors->news_count++] = name;
}

/* From one shelf to the other, or anew. */
static struct board_sensor *place(struct board_sensors *sensors, uint64_t name,
				  bool is_up, struct board_sensor *known)
{
	struct shelf *to = is_up ? &sensors->up : &sensors->quiet;
	struct shelf *from = is_up ? &sensors->quiet : &sensors->up;
	struct shelf_row *other = shelf_find(from, name);
	bool is_new;
	if (other != NULL) {
		*known = *sensor_at(other);
		shelf_remove(from, other);
	}
	struct shelf_row *row = shelf_touch(to, name, &is_new);
	if (row == NULL)
		return NULL;
	if (is_new)
		*sensor_at(row) = *known;
	return sensor_at(row);
}

static void set_state(struct board_sensors *sensors, struct board_sensor *sensor,
		      const char *state, uint64_t name)
{
	const char *before = sensor->record.state;
	int quiet = quiet_word(state);
	sensor->record.state = quiet >= 0 ? quiet_words[quiet] : "up";
	if (before == NULL || strcmp(before, sensor->record.state) != 0)
		note_news(sensors, name);
}

/* ---- clocks ---- */

/*
 * Its clock less the server's, and less the way there, which is never negative: so of
 * several the greatest is nearest.
 */
static void note_offset(struct board_sensor *sensor, const struct board_came *came)
{
	const struct sensor_record *record = &sensor->record;
	double best = -INFINITY;
	bool has_waited = record->lag_us != UNKNOWN_U64 && record->lag_us > WAITED_US;
	if (came->made_us == UNKNOWN_TIME || came->stored_us == UNKNOWN_TIME ||
	    has_waited)
		return;
	sensor->offsets_ms[sensor->offset_count++ % OFFSETS_MAX] =
		(double)(came->made_us - came->stored_us) / 1000;
	for (uint32_t i = 0; i < sensor->offset_count && i < OFFSETS_MAX; i++)
		best = fmax(best, sensor->offsets_ms[i]);
	sensor->record.clock_offset_ms = best;
}

/* ---- as it was joined ---- */

static void put_joined(struct sensor_record *record, const struct shelf_row *row)
{
	if (row == NULL)
		return;
	const struct board_joined *joined = (const struct board_joined *)row->at;
	memcpy(record->site, joined->site, sizeof(record->site));
	memcpy(record->tags, joined->tags, sizeof(record->tags));
}

/* Under the lock. */
static void take_member(struct board *board, const struct board_member *member)
{
	struct board_sensors *sensors = &board->sensors;
	uint64_t name = shelf_name_text(&board->key, 0, member->name);
	bool is_new;
	struct shelf_row *row = shelf_touch(&sensors->joined, name, &is_new);
	if (row == NULL)
		return;
	struct board_joined *joined = (struct board_joined *)row->at;
	if (!is_new && joined->revision > member->revision)
		return;
	joined->revision = member->revision;
	record_text(joined->site, sizeof(joined->site), member->site);
	record_text(joined->tags, sizeof(joined->tags), member->tags);
	struct shelf_row *known = shelf_find(&sensors->up, name);
	if (known == NULL)
		known = shelf_find(&sensors->quiet, name);
	if (known != NULL)
		put_joined(&sensor_at(known)->record, row);
}

void board_member(struct board *board, const struct board_member *member)
{
	pthread_mutex_lock(&board->lock);
	take_member(board, member);
	pthread_mutex_unlock(&board->lock);
}

/* ---- what others say of it ---- */

static void keep_chain(struct sensor_record *record, const struct sensor_record *known)
{
	record->audit_chain = known->audit_chain;
	memcpy(record->audit_fault, known->audit_fault, sizeof(record->audit_fault));
	record->audit_signed = known->audit_signed;
	record->audit_seq = known->audit_seq;
}

bool board_chain(struct board *board, const struct board_chain *chain)
{
	struct board_sensors *sensors = &board->sensors;
	uint64_t name = shelf_name_text(&board->key, 0, chain->name);
	pthread_mutex_lock(&board->lock);
	struct shelf_row *row = shelf_find(&sensors->up, name);
	if (row == NULL)
		row = shelf_find(&sensors->quiet, name);
	if (row != NULL) {
		struct board_sensor *sensor = sensor_at(row);
		sensor->record.audit_chain = chain->word;
		record_text(sensor->record.audit_fault,
			    sizeof(sensor->record.audit_fault), chain->fault);
		sensor->record.audit_signed = chain->signed_us;
		sensor->record.audit_seq = chain->seq;
		if (sensor->told_chain != chain->word)
			note_news(sensors, name);
	}
	pthread_mutex_unlock(&board->lock);
	return row != NULL;
}

/* ---- who tells by its name ---- */

static void note_process(struct board_sensor *sensor, int64_t was_us)
{
	int64_t since_us = sensor->record.since;
	if (was_us == UNKNOWN_TIME || since_us == UNKNOWN_TIME || since_us == was_us)
		return;
	sensor->turns += since_us == sensor->before_us;
	sensor->before_us = was_us;
}

uint32_t board_turns(struct board *board, const char *name)
{
	uint64_t hash = shelf_name_text(&board->key, 0, name);
	uint32_t turns = 0;
	pthread_mutex_lock(&board->lock);
	struct shelf_row *row = shelf_find(&board->sensors.up, hash);
	if (row == NULL)
		row = shelf_find(&board->sensors.quiet, hash);
	if (row != NULL) {
		turns = sensor_at(row)->turns;
		sensor_at(row)->turns = 0;
	}
	pthread_mutex_unlock(&board->lock);
	return turns;
}

/* ---- what it says ---- */

static bool is_older(const struct board_sensor *known,
		     const struct sensor_record *record, const struct board_came *came)
{
	if (known->record.sensor[0] == '\0')
		return false;
	/* Of one that is heard, only its end is news from there. */
	if (came->stored_us == UNKNOWN_TIME && known->heard_us != UNKNOWN_TIME &&
	    quiet_word(known->record.state) < 0 && quiet_word(record->state) < 0)
		return true;
	/* The depot has what was; its own clock may have been set back since. */
	return came->stored_us == UNKNOWN_TIME ? record->at < known->record.at
					       : came->stored_us < known->heard_us;
}

static const char *state_now(const struct sensor_record *record,
			     const struct board_came *came)
{
	if (quiet_word(record->state) >= 0)
		return record->state;
	return came->stored_us == UNKNOWN_TIME ? "late" : "up";
}

void board_take_sensor(struct board *board, const struct sensor_record *record,
		       const struct board_came *came)
{
	struct board_sensors *sensors = &board->sensors;
	uint64_t name = shelf_name_text(&board->key, 0, record->sensor);
	const char *state = state_now(record, came);
	struct shelf_row *row = shelf_find(&sensors->up, name);
	if (row == NULL)
		row = shelf_find(&sensors->quiet, name);
	struct board_sensor known = { .heard_us = UNKNOWN_TIME };
	record_init(RECORD_sensor, &known.record);
	if (row != NULL)
		known = *sensor_at(row);
	if (record->sensor[0] == '\0' ||
	    (row != NULL && is_older(&known, record, came)))
		return;
	struct board_sensor *sensor =
		place(sensors, name, quiet_word(state) < 0, &known);
	if (sensor == NULL)
		return;
	const char *before = sensor->record.state;
	double offset_ms = row != NULL ? sensor->record.clock_offset_ms : NAN;
	const struct sensor_record was = sensor->record;
	sensor->record = *record;
	keep_chain(&sensor->record, &was);
	put_joined(&sensor->record, shelf_find(&sensors->joined, name));
	sensor->record.state = before;
	sensor->record.clock_offset_ms = offset_ms;
	if (came->stored_us != UNKNOWN_TIME) {
		note_process(sensor, was.since);
		sensor->heard_us = came->stored_us;
	}
	note_offset(sensor, came);
	set_state(sensors, sensor, state, name);
	if (came->stored_us != UNKNOWN_TIME) {
		board->stored_us = came->stored_us;
		board->stored_at_us = came->now_us;
	}
}

/* ---- time goes on ---- */

static void note_late(struct board *board, int64_t now_us)
{
	struct board_sensors *sensors = &board->sensors;
	int64_t server_us = board->stored_us + (now_us - board->stored_at_us);
	struct shelf_row *row;
	while ((row = sensors->up.oldest) != NULL &&
	       server_us - sensor_at(row)->heard_us > BOARD_LATE_US) {
		uint64_t name = row->name;
		struct board_sensor known;
		struct board_sensor *sensor = place(sensors, name, false, &known);
		if (sensor != NULL)
			set_state(sensors, sensor, "late", name);
	}
}

/* Copied: who is told of them may ask the board. */
static struct sensor_record *take_news(struct board_sensors *sensors, size_t *count)
{
	struct sensor_record *all = sensors->news_count > 0
					    ? calloc(sensors->news_count, sizeof(*all))
					    : NULL;
	*count = 0;
	for (size_t i = 0; all != NULL && i < sensors->news_count; i++) {
		struct shelf_row *row = shelf_find(&sensors->up, sensors->news[i]);
		if (row == NULL)
			row = shelf_find(&sensors->quiet, sensors->news[i]);
		struct board_sensor *sensor = sensor_at(row);
		if (sensor == NULL ||
		    (sensor->told == sensor->record.state &&
		     sensor->told_chain == sensor->record.audit_chain))
			continue;
		sensor->told = sensor->record.state;
		sensor->told_chain = sensor->record.audit_chain;
		all[(*count)++] = sensor->record;
	}
	if (all != NULL)
		sensors->news_count = 0;
	return all;
}

void board_tick(struct board *board, int64_t now_us, board_emit emit, void *to)
{
	size_t count;
	pthread_mutex_lock(&board->lock);
	note_late(board, now_us);
	board_expire_ports(board, now_us);
	struct sensor_record *news = take_news(&board->sensors, &count);
	pthread_mutex_unlock(&board->lock);
	for (size_t i = 0; i < count; i++)
		emit(to, &news[i]);
	free(news);
}

bool board_sensor(struct board *board, const char *name, struct sensor_record *out)
{
	uint64_t hash = shelf_name_text(&board->key, 0, name);
	pthread_mutex_lock(&board->lock);
	struct shelf_row *row = shelf_find(&board->sensors.up, hash);
	if (row == NULL)
		row = shelf_find(&board->sensors.quiet, hash);
	if (row != NULL)
		*out = sensor_at(row)->record;
	pthread_mutex_unlock(&board->lock);
	return row != NULL;
}

static void count_row(const struct sensor_record *record, struct board_counts *out)
{
	double offset_ms = fabs(record->clock_offset_ms);
	if (record->lag_us != UNKNOWN_U64 && record->lag_us > out->lag_us)
		out->lag_us = record->lag_us;
	if (!isnan(offset_ms) && offset_ms > (double)out->offset_worst_ms)
		out->offset_worst_ms = (uint64_t)offset_ms;
}

void board_count_sensors(const struct board *board, struct board_counts *out)
{
	const struct board_sensors *sensors = &board->sensors;
	uint64_t *const by[] = { &out->late, &out->gone, &out->revoked };
	out->up = sensors->up.count;
	for (struct shelf_row *row = sensors->quiet.oldest; row != NULL;
	     row = row->newer) {
		int word = quiet_word(sensor_at(row)->record.state);
		if (word >= 0)
			(*by[word])++;
	}
	out->evicted +=
		sensors->up.evicted + sensors->quiet.evicted + sensors->joined.evicted;
	for (struct shelf_row *row = sensors->up.oldest; row != NULL; row = row->newer)
		count_row(&sensor_at(row)->record, out);
}
