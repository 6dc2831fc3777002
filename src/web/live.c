/*
 * live.c: one journal of events, and suspended connections that read it; see live.h.
 */
#include "web/live.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "web/batches.h"
#include "web/field.h"
#include "web/journal.h"

struct client {
	struct live *live;
	struct MHD_Connection *connection;
	struct addr reader;
	struct visitor visitor;
	struct sensor_set *sensors; /* owned; NULL: of any and of none */
	bool is_out;                /* may not read any more */
	record_bits wants[JOURNAL_STREAMS];
	bool suspended; /* waits for us, not for the reader */
	uint64_t place; /* of the next event that it may want */
	uint64_t lost;  /* events that went before it could read them */
	struct buf
		rest; /* said before the next event: the rest of one, a word of ours */
	size_t rest_at;
};

struct live {
	uint64_t boot; /* ids of another run are none of ours */
	uint64_t id;   /* of the last event, kept or not */
	struct journal journal;
	struct batches batches;
	struct client *clients[LIVE_CLIENTS_MAX];
	size_t count;
	uint64_t slowest; /* no client's place is before it */
	/* Kinds that are kept, those that only readers wanted who have left, and until
	 * when; and since which id each is. */
	record_bits kept[JOURNAL_STREAMS], left[JOURNAL_STREAMS];
	int64_t left_until_ms;
	uint64_t since[JOURNAL_STREAMS][RECORD_KINDS];
	struct buf event, records; /* kept, so that sending does not allocate */
	int64_t now_ms, pinged_ms, batched_ms, looked_ms;
	bool ended;
};

struct live *live_new(void)
{
	struct live *live = calloc(1, sizeof(struct live));
	if (live != NULL)
		live->boot = hash_key_random().k0 >> 32;
	return live;
}

void live_free(struct live *live)
{
	if (live == NULL)
		return;
	journal_close(&live->journal);
	batches_close(&live->batches);
	buf_free(&live->event);
	buf_free(&live->records);
	free(live);
}

static void wake(struct client *client)
{
	if (!client->suspended)
		return;
	client->suspended = false;
	MHD_resume_connection(client->connection);
}

void live_end(struct live *live)
{
	live->ended = true;
	for (size_t i = 0; i < live->count; i++)
		wake(live->clients[i]);
}

/* ---- which kinds are kept ---- */

/* A kind that is kept from now on was not before. */
static void keep(struct live *live)
{
	for (int stream = 0; stream < JOURNAL_STREAMS; stream++) {
		record_bits before = live->kept[stream], now = live->left[stream];
		for (size_t i = 0; i < live->count; i++)
			now |= live->clients[i]->wants[stream];
		for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
			if ((now & ~before & RECORD_BIT(kind)) != 0)
				live->since[stream][kind] = live->id + 1;
		live->kept[stream] = now;
	}
}

static void forget_those_who_left(struct live *live)
{
	if ((live->left[JOURNAL_EACH] | live->left[JOURNAL_BATCHES]) == 0 ||
	    live->now_ms < live->left_until_ms)
		return;
	live->left[JOURNAL_EACH] = live->left[JOURNAL_BATCHES] = 0;
	keep(live);
}

/* ---- the journal ---- */

/* names: of others of whom it is, too. */
static bool is_of_its_sensors(const struct client *client, uint64_t sensor,
			      const char *names)
{
	return client->sensors == NULL || sensor == JOURNAL_ANY_SENSOR ||
	       sensor_set_has_hash(client->sensors, sensor) ||
	       sensor_set_has_any(client->sensors, names);
}

static bool wants(const struct client *client, const struct journal_event *event,
		  const char *names)
{
	return (client->wants[event->stream] & RECORD_BIT(event->kind)) != 0 &&
	       is_of_its_sensors(client, event->sensor, names);
}

/* The oldest goes: who has not read it yet has lost it. */
static void drop_first(struct live *live)
{
	const uint64_t place = live->journal.first;
	const struct journal_event *event = journal_at(&live->journal, place);
	const char *names = journal_names(&live->journal, event);
	uint64_t slowest = live->journal.end;
	if (place >= live->slowest) {
		for (size_t i = 0; i < live->count; i++) {
			struct client *client = live->clients[i];
			if (client->place == place) {
				client->lost += wants(client, event, names);
				client->place++;
			}
			if (client->place < slowest)
				slowest = client->place;
		}
		live->slowest = slowest;
	}
	journal_drop_first(&live->journal);
}

void live_forget(struct live *live)
{
	while (live->journal.first != live->journal.end)
		drop_first(live);
	if (live->journal.bytes != NULL)
		memset(live->journal.bytes, 0, JOURNAL_BYTES);
	for (int stream = 0; stream < JOURNAL_STREAMS; stream++)
		for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
			live->since[stream][kind] = live->id + 1;
}

/* Adds live->event, which begins with so many bytes of names; wakes who wants it. */
static void add_event(struct live *live, enum record_kind kind,
		      enum journal_stream stream, uint64_t sensor, size_t names)
{
	struct buf *text = &live->event;
	struct journal_event event = { .id = live->id,
				       .sensor = sensor,
				       .len = (uint32_t)(text->len - names),
				       .names = (uint32_t)names,
				       .kind = kind,
				       .stream = stream };
	bool is_added = buf_ok(text) && text->len <= JOURNAL_BYTES;
	while (is_added && journal_is_full(&live->journal, text->len))
		drop_first(live);
	is_added = is_added && journal_add(&live->journal, &event, text->at);
	for (size_t i = 0; i < live->count; i++) {
		struct client *client = live->clients[i];
		if (!wants(client, &event, buf_ok(text) && names > 0 ? text->at : ""))
			continue;
		client->lost += !is_added;
		wake(client);
	}
}

static void end_event(struct live *live)
{
	buf_printf(&live->event, "\nid: %08" PRIx64 "-%" PRIu64 "\n\n", live->boot,
		   live->id);
}

static void add_record(struct live *live, enum record_kind kind, const void *record,
		       uint64_t sensor)
{
	const char *names = sensor_names_of(kind, record);
	size_t len = names[0] != '\0' ? strlen(names) + 1 : 0;
	buf_clear(&live->event);
	buf_add(&live->event, names, len);
	buf_printf(&live->event, "event: %s\ndata: ", schemas[kind].name);
	record_json(&live->event, kind, record);
	end_event(live);
	add_event(live, kind, JOURNAL_EACH, sensor, len);
}

/* Whether somebody reads it, or has left and may come back for it. */
static bool is_batch_wanted(const struct live *live, enum record_kind kind,
			    uint64_t sensor)
{
	const record_bits bit = RECORD_BIT(kind);
	if ((live->kept[JOURNAL_BATCHES] & bit) == 0)
		return false;
	if ((live->left[JOURNAL_BATCHES] & bit) != 0)
		return true;
	for (size_t i = 0; i < live->count; i++)
		if ((live->clients[i]->wants[JOURNAL_BATCHES] & bit) != 0 &&
		    is_of_its_sensors(live->clients[i], sensor, ""))
			return true;
	return false;
}

/* It may have joined, or moved to another site. */
static void hear_of_sensor(struct live *live, const struct sensor_record *sensor)
{
	for (size_t i = 0; i < live->count; i++)
		if (live->clients[i]->sensors != NULL)
			sensor_set_hear(live->clients[i]->sensors, sensor);
}

void live_send(struct live *live, enum record_kind kind, const void *record)
{
	const struct field *field = record_field(kind, "sensor");
	uint64_t sensor = sensor_hash(field_text(field, record));
	live->id++;
	if (kind == RECORD_sensor)
		hear_of_sensor(live, record);
	if ((live->kept[JOURNAL_EACH] & RECORD_BIT(kind)) != 0)
		add_record(live, kind, record, sensor);
	if (is_batch_wanted(live, kind, sensor))
		batches_put(&live->batches, kind, record, sensor);
}

static void say_lost(struct buf *out, uint64_t lost)
{
	buf_printf(out, "event: lost\ndata: {\"lost\":%" PRIu64 "}\n\n", lost);
}

static void add_batch(struct live *live, enum record_kind kind, uint64_t sensor)
{
	live->id++;
	buf_clear(&live->event);
	buf_text(&live->event, "event: batch\ndata: ");
	buf_add(&live->event, live->records.at, live->records.len);
	live->event.failed |= !buf_ok(&live->records);
	end_event(live);
	add_event(live, kind, JOURNAL_BATCHES, sensor, 0);
}

/* One for each sensor: of one that holds others', who chose some could read nothing. */
static void add_batches(struct live *live, enum record_kind kind)
{
	uint64_t sensor;
	for (buf_clear(&live->records);
	     batches_take(&live->batches, kind, &sensor, &live->records);
	     buf_clear(&live->records))
		add_batch(live, kind, sensor);
	uint64_t lost = batches_end(&live->batches, kind);
	if (lost == 0)
		return;
	buf_clear(&live->event);
	say_lost(&live->event, lost);
	add_event(live, kind, JOURNAL_BATCHES, JOURNAL_ANY_SENSOR, 0);
}

static void send_batches(struct live *live)
{
	live->batched_ms = live->now_ms;
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if ((live->batches.waiting & RECORD_BIT(kind)) != 0)
			add_batches(live, (enum record_kind)kind);
}

/* ---- reading ---- */

static size_t read_rest(struct client *client, char *out, size_t size)
{
	size_t len = client->rest.len - client->rest_at;
	if (len > size)
		len = size;
	if (len > 0)
		memcpy(out, client->rest.at + client->rest_at, len);
	client->rest_at += len;
	if (client->rest_at == client->rest.len) {
		buf_free(&client->rest);
		client->rest = (struct buf){ 0 };
		client->rest_at = 0;
	}
	return len;
}

/* The next that it wants; NULL: it has read all there is. */
static const struct journal_event *next_event(struct client *client)
{
	const struct journal *journal = &client->live->journal;
	for (; client->place < journal->end; client->place++) {
		const struct journal_event *event = journal_at(journal, client->place);
		if (wants(client, event, journal_names(journal, event)))
			return event;
	}
	return NULL;
}

/* What has no room even at the begin of a block is copied: it may be gone when there is
 * more room. */
static size_t read_event(struct client *client, char *out, size_t size, bool is_first)
{
	const struct journal_event *event = next_event(client);
	if (event == NULL || (event->len > size && !is_first))
		return 0;
	const char *text = journal_text(&client->live->journal, event);
	client->place++;
	if (event->len <= size) {
		memcpy(out, text, event->len);
		return event->len;
	}
	buf_add(&client->rest, text, event->len);
	if (!buf_ok(&client->rest)) {
		buf_free(&client->rest);
		client->rest = (struct buf){ 0 };
		client->lost++;
	}
	return read_rest(client, out, size);
}

static size_t read_some(struct client *client, char *out, size_t size, bool is_first)
{
	if (client->rest.len == 0 && client->lost > 0) {
		say_lost(&client->rest, client->lost);
		client->lost = 0;
	}
	return client->rest.len > 0 ? read_rest(client, out, size)
				    : read_event(client, out, size, is_first);
}

/* MHD_ContentReaderCallback: what the connection may write now. */
static ssize_t read_events(void *of, uint64_t position, char *out, size_t size)
{
	(void)position;
	struct client *client = of;
	size_t len = 0, more;
	if (client->is_out)
		return MHD_CONTENT_READER_END_OF_STREAM;
	while (len < size &&
	       (more = read_some(client, out + len, size - len, len == 0)) > 0)
		len += more;
	if (len > 0)
		return (ssize_t)len;
	if (client->live->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	client->suspended = true;
	MHD_suspend_connection(client->connection);
	return 0;
}

/* ---- coming and going ---- */

static void client_free(struct client *client)
{
	sensor_set_free(client->sensors);
	buf_free(&client->rest);
	free(client);
}

/* MHD_ContentReaderFreeCallback: the reader has left, and may come back. */
static void forget(void *of)
{
	struct client *client = of;
	struct live *live = client->live;
	for (size_t i = 0; i < live->count; i++)
		if (live->clients[i] == client)
			live->clients[i] = live->clients[--live->count];
	for (int stream = 0; stream < JOURNAL_STREAMS; stream++)
		live->left[stream] |= client->wants[stream];
	live->left_until_ms = live->now_ms + LIVE_KEEP_MS;
	client_free(client);
}

static bool is_one_too_many(const struct live *live, const struct addr *reader)
{
	size_t same = 0;
	for (size_t i = 0; i < live->count; i++)
		same += addr_equal(&live->clients[i]->reader, reader);
	return live->count == LIVE_CLIENTS_MAX ||
	       (same >= LIVE_ADDRESS_MAX && !addr_is_unset(reader) &&
		!addr_is_loopback(reader));
}

/* The first id from which on all that it wants was kept. */
static uint64_t kept_since(const struct live *live, const struct client *client)
{
	uint64_t since = 0;
	for (int stream = 0; stream < JOURNAL_STREAMS; stream++)
		for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
			if ((client->wants[stream] & RECORD_BIT(kind)) != 0 &&
			    live->since[stream][kind] > since)
				since = live->since[stream][kind];
	const struct journal *journal = &live->journal;
	if (journal->first > 0 && journal->first < journal->end &&
	    journal_at(journal, journal->first)->id > since)
		since = journal_at(journal, journal->first)->id;
	return since;
}

/* "1f3a-17": which run of the daemon, and its event. */
static bool read_id(const char *text, uint64_t *boot, uint64_t *id)
{
	char *end;
	if (!isxdigit((unsigned char)text[0]))
		return false;
	*boot = strtoull(text, &end, 16);
	if (*end != '-' || !isdigit((unsigned char)end[1]))
		return false;
	errno = 0;
	*id = strtoull(end + 1, &end, 10);
	return *end == '\0' && errno == 0;
}

/*
 * Goes on behind the event of that id.  What is not there any more is lost: how much,
 * is known of this run of the daemon only; of another, it is at least one.
 */
static void go_on(struct client *client, const char *after)
{
	const struct live *live = client->live;
	uint64_t boot, id;
	if (!read_id(after, &boot, &id) || boot != live->boot || id > live->id) {
		client->lost = 1;
		return;
	}
	uint64_t since = kept_since(live, client);
	client->place = journal_find(&live->journal, id + 1);
	if (since > id + 1)
		client->lost = since - (id + 1);
}

static struct client *client_new(struct live *live, struct MHD_Connection *connection,
				 const struct live_asked *asked)
{
	struct client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return NULL;
	client->live = live;
	client->connection = connection;
	client->reader = asked->reader;
	client->visitor = *asked->visitor;
	record_bits batched = asked->is_batched ? BATCHED_KINDS : 0;
	client->wants[JOURNAL_EACH] = asked->kinds & ~batched;
	client->wants[JOURNAL_BATCHES] = asked->kinds & batched;
	client->place = live->journal.end;
	buf_text(&client->rest, "retry: 2000\n\n");
	return client;
}

struct MHD_Response *live_open(struct live *live, struct MHD_Connection *connection,
			       const struct live_asked *asked, int64_t now_ms)
{
	enum { BLOCK = 16384 };
	if (is_one_too_many(live, &asked->reader))
		return NULL;
	struct client *client = client_new(live, connection, asked);
	if (client == NULL)
		return NULL;
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK, read_events, client, forget);
	if (response == NULL) {
		client_free(client);
		return NULL;
	}
	client->sensors = asked->sensors;
	live->now_ms = now_ms;
	if (live->count == 0)
		live->pinged_ms = live->batched_ms = now_ms;
	live->clients[live->count++] = client;
	keep(live);
	if (asked->after != NULL)
		go_on(client, asked->after);
	if (client->place < live->slowest)
		live->slowest = client->place;
	return response;
}

/* ---- time ---- */

static int left_ms(int64_t since_ms, int64_t length_ms, int64_t now_ms)
{
	int64_t left = since_ms + length_ms - now_ms;
	return left < 0 ? 0 : (int)left;
}

static int sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int live_timeout_ms(const struct live *live, int64_t now_ms)
{
	int due_ms = -1;
	if (live->count > 0)
		due_ms = left_ms(live->pinged_ms, LIVE_PING_MS, now_ms);
	if (live->batches.waiting != 0)
		due_ms = sooner(due_ms,
				left_ms(live->batched_ms, LIVE_BATCH_MS, now_ms));
	if ((live->left[JOURNAL_EACH] | live->left[JOURNAL_BATCHES]) != 0)
		due_ms = sooner(due_ms, left_ms(live->left_until_ms, 0, now_ms));
	return due_ms;
}

static void ping(struct live *live)
{
	live->pinged_ms = live->now_ms;
	for (size_t i = 0; i < live->count; i++) {
		struct client *client = live->clients[i];
		if (!client->suspended)
			continue; /* it has something to read */
		buf_text(&client->rest, ": still here\n\n");
		wake(client);
	}
}

void live_turn_out(struct live *live, struct door *door, int64_t now_us, int64_t now_ms)
{
	if (left_ms(live->looked_ms, LIVE_LOOK_MS, now_ms) > 0)
		return;
	live->looked_ms = now_ms;
	for (size_t i = 0; i < live->count; i++) {
		struct client *client = live->clients[i];
		if (door_still_admits(door, &client->visitor, now_us, now_ms))
			continue;
		client->is_out = true;
		wake(client);
	}
}

void live_tick(struct live *live, int64_t now_ms)
{
	live->now_ms = now_ms;
	forget_those_who_left(live);
	if (live->batches.waiting != 0 &&
	    left_ms(live->batched_ms, LIVE_BATCH_MS, now_ms) == 0)
		send_batches(live);
	if (live->count > 0 && left_ms(live->pinged_ms, LIVE_PING_MS, now_ms) == 0)
		ping(live);
}
