/*
 * board.c: see board.h.  Sensors are in board_sensors.c, ports in board_ports.c.
 */
#include <stdlib.h>
#include <string.h>

#include "fleet/board_inside.h"
#include "fleet/lane.h"

enum {
	PORTS_MOST = 65536,
	BELONG_MOST = 65536, /* findings and alerts whose incident is known */
};

/* What is kept of each kind: open, and over. */
static const struct kept {
	enum record_kind kind;
	size_t open, over;
} kept[] = {
	{ RECORD_finding, 32768, 2048 }, { RECORD_alert, 32768, 2048 },
	{ RECORD_incident, 4096, 2048 }, { RECORD_block, 65536, 2048 },
	{ RECORD_silence, 1024, 256 },   { RECORD_listener, 262144, 1 },
	{ RECORD_probe, 65536, 1 },      { RECORD_level, 16384, 1 },
	{ RECORD_capacity, 65536, 1 },   { RECORD_forecast, 65536, 1 },
};
enum { KEPT = sizeof(kept) / sizeof(kept[0]) };

struct board *board_new(void)
{
	struct board *board = calloc(1, sizeof(*board));
	if (board == NULL)
		return NULL;
	pthread_mutex_init(&board->lock, NULL);
	board->key = hash_key_random();
	board_sensors_init(&board->sensors);
	board->ports =
		(struct shelf){ .size = sizeof(struct board_port), .most = PORTS_MOST };
	board->incidents =
		(struct shelf){ .size = sizeof(field_text32), .most = BELONG_MOST };
	for (size_t i = 0; i < KEPT; i++) {
		enum record_kind kind = kept[i].kind;
		size_t size = schemas[kind].size;
		board->open[kind] =
			(struct shelf){ .size = size, .most = kept[i].open };
		board->over[kind] =
			(struct shelf){ .size = size, .most = kept[i].over };
	}
	return board;
}

void board_free(struct board *board)
{
	if (board == NULL)
		return;
	board_sensors_free(&board->sensors);
	shelf_free(&board->ports);
	shelf_free(&board->incidents);
	for (size_t i = 0; i < KEPT; i++) {
		shelf_free(&board->open[kept[i].kind]);
		shelf_free(&board->over[kept[i].kind]);
	}
	pthread_mutex_destroy(&board->lock);
	free(board);
}

/* ---- names ---- */

const char *board_sensor_of(enum record_kind kind, const void *record)
{
	const struct field *field = record_field(kind, "sensor");
	return (const char *)record + field->offset;
}

static uint64_t name_place(const struct board *board, uint64_t name,
			   const struct addr *ip, uint32_t port, uint64_t netns,
			   const char *transport)
{
	uint64_t words[4];
	memcpy(words, ip, 2 * sizeof(*words));
	words[2] = port;
	words[3] = netns;
	name = shelf_name_words(&board->key, name, words, 4);
	return shelf_name_text(&board->key, name, transport);
}

static uint64_t name_field(const struct board *board, uint64_t name,
			   enum record_kind kind, const void *record, const char *field)
{
	const struct field *at = record_field(kind, field);
	return at != NULL ? shelf_name_text(&board->key, name,
					    (const char *)record + at->offset)
			  : name;
}

uint64_t board_name(const struct board *board, enum record_kind kind,
		    const void *record)
{
	uint64_t name = shelf_name_text(&board->key, 0, board_sensor_of(kind, record));
	if (kind == RECORD_port) {
		const struct port_record *port = record;
		return name_place(board, name, &port->server_ip, port->port, 0,
				  port->transport);
	}
	if (kind == RECORD_listener) {
		const struct listener_record *listener = record;
		return name_place(board, name, &listener->ip, listener->port,
				  listener->netns, listener->transport);
	}
	if (kind == RECORD_probe)
		return name_field(board, name, kind, record, "target");
	if (kind == RECORD_level)
		return name_field(board, name_field(board, name, kind, record, "name"),
				  kind, record, "target");
	if (kind == RECORD_capacity) {
		const struct capacity_record *capacity = record;
		return name_place(board, name, &capacity->server_ip, capacity->port, 0,
				  capacity->transport);
	}
	if (kind == RECORD_forecast) {
		const struct forecast_record *forecast = record;
		name = shelf_name_text(&board->key, name, forecast->subject);
		return shelf_name_text(&board->key, name, forecast->metric);
	}
	return name_field(board, name, kind, record, "id");
}

/* ---- what belongs to which incident ---- */

/* Whose share of a shelf a row takes: what hubs say themselves is nobody's. */
static uint64_t owner_of(const struct board *board, const char *sensor)
{
	return strcmp(sensor, FLEET_HUB) != 0 ? shelf_name_text(&board->key, 0, sensor)
					      : 0;
}

/* Sensors choose ids, so that one is of its sensor. */
static uint64_t name_member(const struct board *board, const char *sensor,
			    const char *id)
{
	uint64_t name = shelf_name_text(&board->key, 0, sensor);
	return shelf_name_text(&board->key, name, id);
}

/* Whose finding or alert a line is of, which the book puts before what it says. */
static void teller_of(const struct timeline_record *line, field_text64 sensor)
{
	size_t len = strcspn(line->summary, ":");
	if (len >= sizeof(field_text64) || strncmp(line->summary + len, ": ", 2) != 0)
		len = 0;
	memcpy(sensor, line->summary, len);
	sensor[len] = '\0';
	if (!fleet_name_is_good(sensor))
		record_text(sensor, sizeof(field_text64), FLEET_HUB);
}

/*
 * A hub's timeline says of a finding or alert of a sensor to which of the fleet's
 * incidents it belongs; the sensor itself knows its own only.
 */
static void note_incident(struct board *board, const struct timeline_record *line)
{
	bool is_new;
	if (line->about[0] == '\0' || line->kind == NULL ||
	    strcmp(line->sensor, FLEET_HUB) != 0)
		return;
	field_text64 sensor;
	teller_of(line, sensor);
	struct shelf_row *row =
		shelf_touch_of(&board->incidents, owner_of(board, sensor),
			       name_member(board, sensor, line->about), &is_new);
	if (row != NULL)
		memcpy(row->at, line->incident, sizeof(line->incident));
}

static void put_incident(const struct board *board, const char *sensor, const char *id,
			 field_text32 out)
{
	const struct shelf_row *row =
		shelf_find(&board->incidents, name_member(board, sensor, id));
	if (row != NULL)
		memcpy(out, row->at, sizeof(field_text32));
}

/* ---- open, and over ---- */

static bool is_word(const char *word, const char *const *words)
{
	for (; word != NULL && *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static bool is_over(enum record_kind kind, const void *record)
{
	static const char *const over[] = { "closed", "resolved", "expired", "removed",
					    "failed", "vetoed",   NULL };
	const struct field *state = record_field(kind, "state");
	const char *word;
	if (state == NULL || state->type != TYPE_word || kind == RECORD_probe ||
	    kind == RECORD_level)
		return false;
	memcpy(&word, (const char *)record + state->offset, sizeof(word));
	return is_word(word, over);
}

/* Nobody will hear of it again. */
static bool is_gone(enum record_kind kind, const void *record)
{
	static const char *const closed[] = { "closed", NULL };
	if (kind == RECORD_listener)
		return is_word(((const struct listener_record *)record)->change,
			       closed);
	return kind == RECORD_probe &&
	       ((const struct probe_record *)record)->state == NULL;
}

static int64_t at_of(enum record_kind kind, const void *record)
{
	int64_t at_us;
	memcpy(&at_us, (const char *)record + record_field(kind, "at")->offset,
	       sizeof(at_us));
	return at_us;
}

/* True if it is older than what is known, which is taken from where it is otherwise. */
static bool is_news(struct shelf *shelf, enum record_kind kind, uint64_t name,
		    const void *record, bool is_live, bool removes)
{
	struct shelf_row *row = shelf_find(shelf, name);
	if (row == NULL)
		return true;
	if (!is_live && at_of(kind, row->at) > at_of(kind, record))
		return false;
	if (removes)
		shelf_remove(shelf, row);
	return true;
}

static void take_kept(struct board *board, enum record_kind kind, const void *record,
		      bool is_live)
{
	struct shelf *open = &board->open[kind], *over = &board->over[kind];
	uint64_t name = board_name(board, kind, record);
	bool is_new, ends = is_over(kind, record), goes = is_gone(kind, record);
	if (!is_news(open, kind, name, record, is_live, ends || goes) ||
	    !is_news(over, kind, name, record, is_live, !ends) || goes)
		return;
	struct shelf_row *row = shelf_touch_of(
		ends ? over : open, owner_of(board, board_sensor_of(kind, record)),
		name, &is_new);
	if (row != NULL)
		memcpy(row->at, record, schemas[kind].size);
}

static void take_port(struct board *board, const struct port_record *port,
		      const struct board_came *came)
{
	bool is_new;
	struct shelf_row *row =
		shelf_touch_of(&board->ports, owner_of(board, port->sensor),
			       board_name(board, RECORD_port, port), &is_new);
	if (row == NULL)
		return;
	struct board_port *known = (struct board_port *)row->at;
	known->heard_us = came->now_us;
	board_port_take(known, port);
}

void board_take(struct board *board, enum record_kind kind, const void *record,
		const struct board_came *came)
{
	pthread_mutex_lock(&board->lock);
	if (kind == RECORD_sensor)
		board_take_sensor(board, record, came);
	else if (kind == RECORD_port)
		take_port(board, record, came);
	else if (kind == RECORD_timeline)
		note_incident(board, record);
	else if (board->open[kind].most > 0)
		take_kept(board, kind, record, came->is_live);
	pthread_mutex_unlock(&board->lock);
}

static bool is_older(const struct shelf *shelf, enum record_kind kind, uint64_t name,
		     const void *record)
{
	const struct shelf_row *row = shelf_find(shelf, name);
	return row != NULL && at_of(kind, record) < at_of(kind, row->at);
}

bool board_is_newest(struct board *board, enum record_kind kind, const void *record)
{
	if (board->open[kind].most == 0)
		return true;
	uint64_t name = board_name(board, kind, record);
	pthread_mutex_lock(&board->lock);
	bool is = !is_older(&board->open[kind], kind, name, record) &&
		  !is_older(&board->over[kind], kind, name, record);
	pthread_mutex_unlock(&board->lock);
	return is;
}

/* ---- what is known ---- */

struct giving {
	const struct board *board;
	enum record_kind kind;
	board_emit emit;
	void *to;
};

/* With the fleet's incident, where that is known. */
static void give_row(const struct giving *giving, const void *record)
{
	if (giving->kind == RECORD_finding) {
		struct finding_record finding = *(const struct finding_record *)record;
		put_incident(giving->board, finding.sensor, finding.id,
			     finding.incident);
		giving->emit(giving->to, &finding);
	} else if (giving->kind == RECORD_alert) {
		struct alert_record alert = *(const struct alert_record *)record;
		put_incident(giving->board, alert.sensor, alert.id, alert.incident);
		giving->emit(giving->to, &alert);
	} else if (giving->kind == RECORD_port) {
		struct port_record port;
		board_port_sum((const struct board_port *)record, &port);
		giving->emit(giving->to, &port);
	} else {
		giving->emit(giving->to, record);
	}
}

static void give_shelf(const struct giving *giving, const struct shelf *shelf)
{
	for (struct shelf_row *row = shelf->newest; row != NULL; row = row->older)
		give_row(giving, row->at);
}

void board_each(struct board *board, enum record_kind kind, board_emit emit, void *to)
{
	const struct giving giving = { board, kind, emit, to };
	pthread_mutex_lock(&board->lock);
	if (kind == RECORD_sensor) {
		give_shelf(&giving, &board->sensors.up);
		give_shelf(&giving, &board->sensors.quiet);
	} else if (kind == RECORD_port) {
		give_shelf(&giving, &board->ports);
	} else {
		give_shelf(&giving, &board->open[kind]);
		give_shelf(&giving, &board->over[kind]);
	}
	pthread_mutex_unlock(&board->lock);
}

void board_count(struct board *board, struct board_counts *out)
{
	*out = (struct board_counts){ 0 };
	pthread_mutex_lock(&board->lock);
	board_count_sensors(board, out);
	for (size_t i = 0; i < KEPT; i++) {
		out->open[kept[i].kind] = board->open[kept[i].kind].count;
		out->evicted += board->open[kept[i].kind].evicted;
	}
	out->open[RECORD_port] = board->ports.count;
	out->evicted += board->ports.evicted;
	pthread_mutex_unlock(&board->lock);
}
