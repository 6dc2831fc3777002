/*
 * ports.c: samples of workers merged into port records; see flow.h.
 *
 * A second waits in `pending` until every worker has finished it, then goes out as
 * records and into the rows, which hold the running window and the one before.  A
 * single worker waits for nobody: its samples are already sums.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "flow/port_record.h"
#include "flow/spoken.h"

enum {
	WORKERS_MAX = 64,
	ROWS_MAX = 65536,
	/* Of these, what was never seen may begin: who is blocked chooses its ports. */
	DROPPED_ROWS_MAX = ROWS_MAX / 4,
	ROW_DETAILS_MAX = 1024, /* 15 KiB each: services with quantiles in a window */
	HEADS = 1 << 16,
};
#define SECOND_US 1000000LL
#define NO_NEWS   UINT32_MAX

/* Sums of one service over some time. */
struct sum {
	struct port_sample sample;
	struct port_detail *detail; /* owned; NULL: no distribution */
	struct port_extremes seconds;
};

struct pending {
	struct sum sum;
	uint32_t chain;
	uint32_t *active; /* owned, by worker; NO_NEWS: as it was before */
};

struct row {
	struct addr server;
	uint16_t port;
	uint8_t proto;
	uint32_t chain;
	struct sum now, before; /* the running window and the one that is over */
	uint64_t last_active;   /* at the end of the last second with a sample */
	uint32_t active[];      /* by worker */
};

struct ports {
	const struct catalog *catalog;
	port_emit emit;
	void *to;
	struct hash_key key;
	unsigned workers;
	bool has_rows;
	int64_t window_us, window_start; /* begin of the running window */
	int64_t ticked[WORKERS_MAX], done;
	struct spoken_services spoken;
	struct pending *pending;
	uint32_t pending_count, pending_size;
	uint32_t pending_heads[HEADS]; /* number + 1 */
	struct row **rows;
	uint32_t row_count, row_size, row_details;
	uint32_t row_heads[HEADS];
};

struct ports *ports_new(unsigned workers, uint32_t window_s,
			const struct catalog *catalog, port_emit emit, void *to)
{
	struct ports *ports = calloc(1, sizeof(*ports));
	if (ports == NULL)
		return NULL;
	ports->catalog = catalog;
	ports->emit = emit;
	ports->to = to;
	ports->key = hash_key_random();
	ports->workers = workers < WORKERS_MAX ? workers : WORKERS_MAX;
	ports->has_rows = window_s != PORTS_NO_WINDOW;
	ports->window_us = ports->has_rows ? window_s * SECOND_US : 0;
	ports->window_start = INT64_MIN;
	ports->done = INT64_MIN;
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		ports->ticked[i] = INT64_MIN;
	return ports;
}

void ports_free(struct ports *ports)
{
	if (ports == NULL)
		return;
	for (uint32_t i = 0; i < ports->pending_count; i++) {
		free(ports->pending[i].sum.detail);
		free(ports->pending[i].active);
	}
	for (uint32_t i = 0; i < ports->row_count; i++) {
		free(ports->rows[i]->now.detail);
		free(ports->rows[i]->before.detail);
		free(ports->rows[i]);
	}
	free(ports->pending);
	free(ports->rows);
	free(ports);
}

static uint32_t place_of(const struct ports *ports, const struct port_sample *s,
			 int64_t second)
{
	uint64_t words[4];
	memcpy(words, s->server.ip6, 16);
	words[2] = (uint64_t)s->port << 8 | s->proto;
	words[3] = (uint64_t)second;
	return (uint32_t)(hash_words(&ports->key, words, 4) % HEADS);
}

static bool is_same_service(const struct port_sample *a, const struct port_sample *b)
{
	return a->port == b->port && a->proto == b->proto &&
	       addr_equal(&a->server, &b->server);
}

static void merge_detail(struct port_detail *into, const struct port_detail *from)
{
	histogram_merge(&into->handshake, &from->handshake);
	histogram_merge(&into->response, &from->response);
	cardinality_merge(&into->clients, &from->clients);
}

static struct port_detail *detail_copy(const struct port_detail *from)
{
	struct port_detail *copy = malloc(sizeof(*copy));
	if (copy != NULL)
		*copy = *from;
	return copy;
}

/* The one recognised last; of several workers' at once, always the same. */
static void take_protocol(struct port_sample *to, const struct port_sample *s)
{
	if (s->protocol == NULL)
		return;
	if (to->protocol == NULL || s->protocol_us > to->protocol_us ||
	    (s->protocol_us == to->protocol_us &&
	     strcmp(s->protocol, to->protocol) > 0)) {
		to->protocol = s->protocol;
		to->protocol_us = s->protocol_us;
	}
}

static void sum_add(struct sum *sum, const struct port_sample *s)
{
	struct port_sample *to = &sum->sample;
	to->flows += s->flows;
	to->ended += s->ended;
	to->rejected += s->rejected;
	to->unanswered += s->unanswered;
	to->resets += s->resets;
	to->aborted += s->aborted;
	to->client_bytes += s->client_bytes;
	to->server_bytes += s->server_bytes;
	to->client_packets += s->client_packets;
	to->server_packets += s->server_packets;
	to->syns += s->syns;
	to->handshakes += s->handshakes;
	to->data_packets += s->data_packets;
	to->retransmits += s->retransmits;
	to->payload_bytes += s->payload_bytes;
	to->lost_bytes += s->lost_bytes;
	to->answers += s->answers;
	to->answer_errors += s->answer_errors;
	to->dropped_packets += s->dropped_packets;
	to->dropped_bytes += s->dropped_bytes;
	take_protocol(to, s);
}

/* ---- one second ---- */

static struct pending *pending_find(const struct ports *ports,
				    const struct port_sample *s, uint32_t head)
{
	for (uint32_t i = head; i != 0; i = ports->pending[i - 1].chain) {
		struct pending *p = &ports->pending[i - 1];
		if (p->sum.sample.start_us == s->start_us &&
		    is_same_service(&p->sum.sample, s))
			return p;
	}
	return NULL;
}

static struct pending *pending_at(struct ports *ports, const struct port_sample *s)
{
	uint32_t *head = &ports->pending_heads[place_of(ports, s, s->start_us)];
	struct pending *known = pending_find(ports, s, *head);
	if (known != NULL)
		return known;
	if (ports->pending_count == ports->pending_size) {
		uint32_t size = ports->pending_size == 0 ? 64 : ports->pending_size * 2;
		struct pending *grown = realloc(ports->pending, size * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		ports->pending = grown;
		ports->pending_size = size;
	}
	uint32_t *active = malloc(ports->workers * sizeof(*active));
	if (active == NULL)
		return NULL;
	memset(active, 0xff, ports->workers * sizeof(*active));
	struct pending *p = &ports->pending[ports->pending_count++];
	*p = (struct pending){ .chain = *head, .active = active };
	p->sum.sample = (struct port_sample){ .start_us = s->start_us,
					      .server = s->server,
					      .port = s->port,
					      .proto = s->proto };
	*head = ports->pending_count;
	return p;
}

/* ---- windows ---- */

static struct row *row_find(const struct ports *ports, const struct port_sample *s,
			    uint32_t head)
{
	for (uint32_t i = head; i != 0; i = ports->rows[i - 1]->chain) {
		struct row *r = ports->rows[i - 1];
		if (r->port == s->port && r->proto == s->proto &&
		    addr_equal(&r->server, &s->server))
			return r;
	}
	return NULL;
}

static bool rows_grow(struct ports *ports)
{
	if (ports->row_count < ports->row_size)
		return true;
	uint32_t size = ports->row_size == 0 ? 64 : ports->row_size * 2;
	struct row **grown = realloc(ports->rows, size * sizeof(struct row *));
	if (grown == NULL)
		return false;
	ports->rows = grown;
	ports->row_size = size;
	return true;
}

static struct row *row_at(struct ports *ports, const struct port_sample *s)
{
	uint32_t *head = &ports->row_heads[place_of(ports, s, 0)];
	struct row *row = row_find(ports, s, *head);
	if (row != NULL || ports->row_count >= ROWS_MAX || !rows_grow(ports))
		return row;
	row = calloc(1, sizeof(*row) + ports->workers * sizeof(row->active[0]));
	if (row == NULL)
		return NULL;
	row->server = s->server;
	row->port = s->port;
	row->proto = s->proto;
	row->chain = *head;
	ports->rows[ports->row_count++] = row;
	*head = ports->row_count;
	return row;
}

static void sum_clear(struct ports *ports, struct sum *sum)
{
	ports->row_details -= sum->detail != NULL;
	free(sum->detail);
	*sum = (struct sum){ 0 };
}

static uint64_t row_active(const struct ports *ports, const struct row *row)
{
	uint64_t active = 0;
	for (unsigned i = 0; i < ports->workers; i++)
		active += row->active[i];
	return active;
}

static bool is_silent(const struct ports *ports, const struct row *row)
{
	return row_active(ports, row) == 0 && row->now.sample.client_packets == 0 &&
	       row->now.sample.server_packets == 0 &&
	       row->before.sample.client_packets == 0 &&
	       row->before.sample.server_packets == 0 &&
	       row->before.sample.ended == 0 && row->now.sample.dropped_packets == 0 &&
	       row->before.sample.dropped_packets == 0;
}

/* Forgets services that were silent for two windows; builds the chains anew. */
static void drop_silent(struct ports *ports)
{
	uint32_t kept = 0;
	memset(ports->row_heads, 0, sizeof(ports->row_heads));
	for (uint32_t i = 0; i < ports->row_count; i++) {
		struct row *row = ports->rows[i];
		if (is_silent(ports, row)) {
			sum_clear(ports, &row->now);
			sum_clear(ports, &row->before);
			free(row);
			continue;
		}
		struct port_sample s = { .server = row->server,
					 .port = row->port,
					 .proto = row->proto };
		uint32_t *head = &ports->row_heads[place_of(ports, &s, 0)];
		ports->rows[kept++] = row;
		row->chain = *head;
		*head = kept;
	}
	ports->row_count = kept;
}

static void turn_window(struct ports *ports, int64_t second_us)
{
	/* Also when the clock was set back: the window would last until then. */
	if (ports->window_start == INT64_MIN || second_us < ports->window_start)
		ports->window_start = second_us;
	if (ports->window_us == 0 || second_us < ports->window_start + ports->window_us)
		return;
	bool next_one = second_us < ports->window_start + 2 * ports->window_us;
	for (uint32_t i = 0; i < ports->row_count; i++) {
		struct row *row = ports->rows[i];
		sum_clear(ports, &row->before);
		if (next_one)
			row->before = row->now;
		else
			sum_clear(ports, &row->now);
		row->now = (struct sum){ 0 };
	}
	ports->window_start +=
		(second_us - ports->window_start) / ports->window_us * ports->window_us;
	drop_silent(ports);
}

static void add_to_row(struct ports *ports, struct row *row,
		       const struct port_sample *s, const struct port_detail *detail)
{
	if (row->now.sample.start_us == 0) {
		row->now.sample.start_us = s->start_us;
		/* Until now it was as the last sample left it. */
		if (s->start_us > ports->window_start)
			extremes_carry(&row->now.seconds, row->last_active);
	}
	sum_add(&row->now, s);
	extremes_add(&row->now.seconds, s);
	row->last_active = s->active;
	if (detail == NULL)
		return;
	if (row->now.detail != NULL) {
		merge_detail(row->now.detail, detail);
	} else if (ports->row_details < ROW_DETAILS_MAX) {
		row->now.detail = detail_copy(detail);
		ports->row_details += row->now.detail != NULL;
	}
}

/* A second that is complete: into the window, and out as a record. */
static void take_second(struct ports *ports, struct row *row,
			const struct port_sample *sample,
			const struct port_detail *detail)
{
	if (row == NULL && ports->emit == NULL)
		return;
	struct port_record record;
	struct port_sample known = *sample, *s = &known;
	spoken_complete(&ports->spoken, s);
	if (row != NULL)
		add_to_row(ports, row, s, detail);
	if (ports->emit == NULL)
		return;
	port_record_make(ports->catalog, s, detail, 1, &record);
	ports->emit(ports->to, &record, detail);
}

/* ---- what comes in ---- */

/* Of a single worker nothing else is pending: it goes with the sample. */
static void add_dropped(struct ports *ports, struct port_sample *to)
{
	if (ports->pending_count == 0)
		return;
	uint32_t head = ports->pending_heads[place_of(ports, to, to->start_us)];
	struct pending *p = pending_find(ports, to, head);
	if (p == NULL)
		return;
	struct port_sample *dropped = &p->sum.sample;
	to->dropped_packets += dropped->dropped_packets;
	to->dropped_bytes += dropped->dropped_bytes;
	dropped->dropped_packets = dropped->dropped_bytes = 0;
}

static void add_single(struct ports *ports, const struct port_sample *seen,
		       const struct port_detail *detail)
{
	struct row *row = NULL;
	struct port_sample all = *seen, *sample = &all;
	add_dropped(ports, sample);
	if (ports->has_rows) {
		turn_window(ports, sample->start_us);
		row = row_at(ports, sample);
	}
	if (row != NULL)
		row->active[0] = (uint32_t)sample->active;
	take_second(ports, row, sample, detail);
}

void ports_add(struct ports *ports, unsigned worker, const struct port_sample *sample,
	       const struct port_detail *detail)
{
	if (ports->workers == 1) {
		add_single(ports, sample, detail);
		return;
	}
	struct pending *p = pending_at(ports, sample);
	if (p == NULL)
		return;
	p->active[worker] = (uint32_t)sample->active;
	sum_add(&p->sum, sample);
	if (detail == NULL)
		return;
	if (p->sum.detail != NULL)
		merge_detail(p->sum.detail, detail);
	else
		p->sum.detail = detail_copy(detail);
}

static bool has_room_for_dropped(const struct ports *ports, const struct port_sample *s)
{
	return ports->row_count < DROPPED_ROWS_MAX ||
	       row_find(ports, s, ports->row_heads[place_of(ports, s, 0)]) != NULL;
}

void ports_dropped(struct ports *ports, const struct port_sample *sample)
{
	struct port_sample dropped = { .start_us = sample->start_us,
				       .server = addr_unset(),
				       .dropped_packets = sample->dropped_packets,
				       .dropped_bytes = sample->dropped_bytes };
	if (sample->proto != 0 && has_room_for_dropped(ports, sample)) {
		dropped.server = sample->server;
		dropped.port = sample->port;
		dropped.proto = sample->proto;
	}
	struct pending *p = pending_at(ports, &dropped);
	if (p != NULL)
		sum_add(&p->sum, &dropped);
}

/* ---- ticks ---- */

static int by_time_and_service(const void *left, const void *right)
{
	const struct port_sample *a = &((const struct pending *)left)->sum.sample;
	const struct port_sample *b = &((const struct pending *)right)->sum.sample;
	if (a->start_us != b->start_us)
		return a->start_us < b->start_us ? -1 : 1;
	int order = memcmp(a->server.ip6, b->server.ip6, sizeof(a->server.ip6));
	if (order != 0)
		return order;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (int)a->proto - (int)b->proto;
}

/* In order of time, so that workers without news are as they last said. */
static void finish(struct ports *ports, struct pending *p)
{
	struct port_sample *sample = &p->sum.sample;
	/* What was dropped has gone with another sample. */
	if (ports->workers == 1 && sample->dropped_packets == 0) {
		free(p->active);
		return;
	}
	turn_window(ports, sample->start_us);
	struct row *row = row_at(ports, sample);
	for (unsigned i = 0; row != NULL && i < ports->workers; i++)
		if (p->active[i] != NO_NEWS)
			row->active[i] = p->active[i];
	sample->active = row != NULL ? row_active(ports, row) : 0;
	take_second(ports, row, sample, p->sum.detail);
	free(p->sum.detail);
	free(p->active);
}

static void rebuild_pending(struct ports *ports)
{
	memset(ports->pending_heads, 0, sizeof(ports->pending_heads));
	for (uint32_t i = 0; i < ports->pending_count; i++) {
		struct port_sample *s = &ports->pending[i].sum.sample;
		uint32_t *head = &ports->pending_heads[place_of(ports, s, s->start_us)];
		ports->pending[i].chain = *head;
		*head = i + 1;
	}
}

static void finish_until(struct ports *ports, int64_t done)
{
	qsort(ports->pending, ports->pending_count, sizeof(ports->pending[0]),
	      by_time_and_service);
	uint32_t count = 0;
	while (count < ports->pending_count &&
	       ports->pending[count].sum.sample.start_us < done)
		finish(ports, &ports->pending[count++]);
	ports->pending_count -= count;
	memmove(ports->pending, ports->pending + count,
		ports->pending_count * sizeof(ports->pending[0]));
	rebuild_pending(ports);
}

void ports_tick(struct ports *ports, unsigned worker, int64_t at_us)
{
	/* Set back, the clock may take hours to come to what waits: out with it. */
	bool went_back = at_us < ports->ticked[worker];
	ports->ticked[worker] = at_us;
	int64_t done = INT64_MAX;
	for (unsigned i = 0; i < ports->workers && !went_back; i++)
		if (ports->ticked[i] < done)
			done = ports->ticked[i];
	if (done == ports->done)
		return;
	ports->done = done;
	if (ports->pending_count > 0)
		finish_until(ports, done);
	/* Time goes on where nothing is seen, too. */
	if (ports->has_rows && ports->window_us != 0 && done != INT64_MAX)
		turn_window(ports, done);
}

static void add_window(const struct row *row, struct sum *into,
		       struct port_detail *detail)
{
	const struct sum *const parts[] = { &row->before, &row->now };
	for (int i = 0; i < 2; i++) {
		sum_add(into, &parts[i]->sample);
		extremes_merge(&into->seconds, &parts[i]->seconds);
		if (parts[i]->detail == NULL)
			continue;
		if (into->detail == NULL)
			*detail = *parts[i]->detail;
		else
			merge_detail(detail, parts[i]->detail);
		into->detail = detail;
	}
}

static void emit_sum(const struct ports *ports, const struct row *row, struct sum *sum,
		     int64_t length_us, port_emit emit, void *to)
{
	struct port_record record;
	sum->sample.server = row->server;
	sum->sample.port = row->port;
	sum->sample.proto = row->proto;
	sum->sample.active = row_active(ports, row);
	if (sum->seconds.count == 0)
		extremes_carry(&sum->seconds, sum->sample.active);
	port_record_make(ports->catalog, &sum->sample, sum->detail,
			 length_us < SECOND_US ? 1 : (uint32_t)(length_us / SECOND_US),
			 &record);
	extremes_put(&sum->seconds, &record);
	emit(to, &record, sum->detail);
}

void ports_each(struct ports *ports, port_emit emit, void *to)
{
	static _Thread_local struct port_detail detail;
	int64_t newest = ports->window_start;
	for (unsigned i = 0; i < ports->workers; i++)
		if (ports->ticked[i] > newest)
			newest = ports->ticked[i];
	for (uint32_t i = 0; i < ports->row_count; i++) {
		const struct row *row = ports->rows[i];
		struct sum sum = { 0 };
		add_window(row, &sum, &detail);
		sum.sample.start_us = ports->window_start;
		if (row->before.sample.start_us != 0)
			sum.sample.start_us -= ports->window_us;
		emit_sum(ports, row, &sum, newest - sum.sample.start_us, emit, to);
	}
}

/* Rows keep their places until the window turns; new ones are of the next step. */
bool ports_each_whole(struct ports *ports, struct ports_step *at, uint32_t most,
		      port_emit emit, void *to)
{
	if (at->turned_us != ports->window_start)
		*at = (struct ports_step){ ports->window_start, 0 };
	for (; most > 0 && at->next < ports->row_count; most--) {
		const struct row *row = ports->rows[at->next++];
		struct sum sum = row->before;
		bool was_idle = row->now.sample.start_us == 0 && row_active(ports, row);
		if (sum.sample.start_us == 0 && !was_idle)
			continue;
		sum.sample.start_us = at->turned_us - ports->window_us;
		emit_sum(ports, row, &sum, ports->window_us, emit, to);
	}
	return at->next < ports->row_count;
}

size_t ports_count(const struct ports *ports)
{
	return ports->row_count;
}
