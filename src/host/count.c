/*
 * count.c: how the connections of each local TCP port do, as the kernel measures them.
 *
 * One pass over all TCP sockets gives each to the listener that took it.  Sockets of
 * our own clients belong to none; they serve to name their processes.
 */
#include "host/watch.h"

#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 256, TRIPS_MAX = 1 << 20 };

/* Of one port: all sockets that listen there, and their connections. */
struct tally {
	uint32_t listener; /* the first of them */
	struct socket_record record;
};

struct round_trip {
	uint32_t tally, rtt_us;
};

struct count_to {
	struct host_watch *watch;
	const struct space *space;
};

/* Room for one more; false without memory. */
static bool make_room(void **at, size_t *size, size_t count, size_t item)
{
	if (count < *size)
		return true;
	size_t grown_size = *size == 0 ? ROOM_MIN : *size * 2;
	void *grown = realloc(*at, grown_size * item);
	if (grown == NULL)
		return false;
	*at = grown;
	*size = grown_size;
	return true;
}

static bool add_tally(struct host_watch *watch, struct watched *w)
{
	void *at = watch->tallies;
	bool has_room = make_room(&at, &watch->tally_size, watch->tally_count,
				  sizeof(*watch->tallies));
	watch->tallies = at;
	if (!has_room)
		return false;
	struct tally *tally = &watch->tallies[watch->tally_count];
	memset(tally, 0, sizeof(*tally));
	tally->listener = (uint32_t)(w - watch->listeners.at);
	struct socket_record *record = &tally->record;
	record_init(RECORD_socket, record);
	record->ip = w->addr;
	record->port = w->port;
	if (w->netns != 0)
		record->netns = w->netns;
	record->listen = record->syn_sent = record->syn_recv = 0;
	record->established = record->fin_wait1 = record->fin_wait2 = 0;
	record->time_wait = record->close_wait = record->last_ack = 0;
	record->closing = 0;
	w->counts = (uint32_t)watch->tally_count++;
	return true;
}

/* Sockets that share a port and an address share a tally: the first one's. */
static void begin_tallies(struct host_watch *watch)
{
	const struct listeners *listeners = &watch->listeners;
	watch->tally_count = watch->trip_count = 0;
	for (size_t i = 0; i < listeners->count; i++)
		listeners->at[i].counts = LISTENER_NONE;
	for (size_t i = 0; i < listeners->count; i++) {
		struct watched *w = &listeners->at[i];
		if (w->proto != IPPROTO_TCP)
			continue;
		struct watched *first =
			listeners_at(listeners, w->netns, w->proto, &w->addr, w->port);
		if (first->counts == LISTENER_NONE && !add_tally(watch, first))
			continue;
		watch->tallies[first->counts].record.listen++;
	}
}

static uint64_t *count_of(struct socket_record *record, uint8_t state)
{
	switch (state) {
	case DIAG_ESTABLISHED:
		return &record->established;
	case DIAG_SYN_SENT:
		return &record->syn_sent;
	case DIAG_SYN_RECV:
	case DIAG_NEW_SYN_RECV:
		return &record->syn_recv;
	case DIAG_FIN_WAIT1:
		return &record->fin_wait1;
	case DIAG_FIN_WAIT2:
		return &record->fin_wait2;
	case DIAG_TIME_WAIT:
		return &record->time_wait;
	case DIAG_CLOSE_WAIT:
		return &record->close_wait;
	case DIAG_LAST_ACK:
		return &record->last_ack;
	case DIAG_CLOSING:
		return &record->closing;
	default:
		return NULL;
	}
}

/* Unknown and something known is what is known. */
static uint64_t sum_of(uint64_t sum, uint64_t value)
{
	if (value == UNKNOWN_U64)
		return sum;
	return (sum == UNKNOWN_U64 ? 0 : sum) + value;
}

static void add_round_trip(struct host_watch *watch, uint32_t tally, uint64_t rtt_us)
{
	void *at = watch->trips;
	if (rtt_us > UINT32_MAX || watch->trip_count >= TRIPS_MAX)
		return;
	bool has_room = make_room(&at, &watch->trip_size, watch->trip_count,
				  sizeof(*watch->trips));
	watch->trips = at;
	if (has_room)
		watch->trips[watch->trip_count++] =
			(struct round_trip){ tally, (uint32_t)rtt_us };
}

static void add_measures(struct host_watch *watch, uint32_t tally,
			 const struct diag_socket *socket)
{
	struct socket_record *record = &watch->tallies[tally].record;
	const struct diag_tcp *tcp = &socket->tcp;
	record->unread_bytes = sum_of(record->unread_bytes, socket->receive_queue);
	if (!socket->has_tcp)
		return;
	record->segments = sum_of(record->segments, tcp->segments);
	record->retransmits = sum_of(record->retransmits, tcp->retransmits);
	record->lost = sum_of(record->lost, tcp->lost);
	/* Older kernels tell only what is not acknowledged yet. */
	record->unsent_bytes =
		sum_of(record->unsent_bytes, tcp->unsent_bytes != UNKNOWN_U64
						     ? tcp->unsent_bytes
						     : socket->send_queue);
	if (tcp->min_rtt_us < record->min_rtt_us)
		record->min_rtt_us = tcp->min_rtt_us;
	if (tcp->delivery_rate_bytes != UNKNOWN_U64 &&
	    (record->delivery_rate_bytes == UNKNOWN_U64 ||
	     tcp->delivery_rate_bytes > record->delivery_rate_bytes))
		record->delivery_rate_bytes = tcp->delivery_rate_bytes;
	if (tcp->rtt_us != UNKNOWN_U64)
		add_round_trip(watch, tally, tcp->rtt_us);
}

/* Half open, or waiting for nothing but the clock: nothing is measured of those. */
static bool has_measures(uint8_t state)
{
	return state == DIAG_ESTABLISHED || state == DIAG_FIN_WAIT1 ||
	       state == DIAG_CLOSE_WAIT || state == DIAG_LAST_ACK ||
	       state == DIAG_CLOSING;
}

static void see_socket(void *to, const struct diag_socket *socket)
{
	struct count_to *count = to;
	struct host_watch *watch = count->watch;
	const struct watched *w =
		listeners_at(&watch->listeners, count->space->netns, IPPROTO_TCP,
			     &socket->local, socket->local_port);
	if (w == NULL || watch->tallies == NULL || w->counts >= watch->tally_count) {
		room_see(&watch->room, count->space, socket);
		if (socket->state == DIAG_ESTABLISHED)
			tell_socket_owner(watch, count->space, socket);
		return;
	}
	uint64_t *state = count_of(&watch->tallies[w->counts].record, socket->state);
	if (state != NULL)
		++*state;
	if (has_measures(socket->state))
		add_measures(watch, w->counts, socket);
}

static void list_connections(struct host_watch *watch, const struct space *space)
{
	struct count_to to = { watch, space };
	uint32_t none = 1u << DIAG_LISTEN | 1u << DIAG_CLOSE | 1u;
	for (int i = 0; i < 2; i++) {
		struct diag_filter filter = { .family = i == 0 ? AF_INET : AF_INET6,
					      .proto = IPPROTO_TCP,
					      .states =
						      ((1u << DIAG_STATES) - 1) & ~none,
					      .with_tcp = true };
		diag_dump(space->diag, &filter, see_socket, &to);
	}
}

static int by_tally_and_length(const void *left, const void *right)
{
	const struct round_trip *a = left, *b = right;
	if (a->tally != b->tally)
		return a->tally < b->tally ? -1 : 1;
	return (a->rtt_us > b->rtt_us) - (a->rtt_us < b->rtt_us);
}

/* The smallest that at least this share is not above. */
static uint64_t quantile(const struct round_trip *at, size_t count, double share)
{
	size_t rank = (size_t)ceil(share * (double)count);
	return at[rank > 0 ? rank - 1 : 0].rtt_us;
}

static void set_quantiles(struct host_watch *watch)
{
	const struct round_trip *at = watch->trips;
	if (watch->trip_count == 0)
		return;
	qsort(watch->trips, watch->trip_count, sizeof(*watch->trips),
	      by_tally_and_length);
	for (size_t i = 0, end = 0; i < watch->trip_count; i = end) {
		for (end = i; end < watch->trip_count && at[end].tally == at[i].tally;)
			end++;
		struct socket_record *record = &watch->tallies[at[i].tally].record;
		record->rtt_p50_us = quantile(at + i, end - i, 0.5);
		record->rtt_p95_us = quantile(at + i, end - i, 0.95);
	}
}

/* Never 0; only asks whether something is as it was. */
static uint64_t record_hash(const struct socket_record *record)
{
	const uint8_t *at = (const uint8_t *)record;
	uint64_t hash = 0, word = 0;
	_Static_assert(sizeof(*record) % sizeof(word) == 0, "whole words");
	for (size_t i = 0; i < sizeof(*record); i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	return hash | 1;
}

/* Of ten thousand ports, most have not changed since they were told. */
static void tell_tallies(struct host_watch *watch)
{
	for (size_t i = 0; i < watch->tally_count; i++) {
		const struct tally *tally = &watch->tallies[i];
		struct watched *w = &watch->listeners.at[tally->listener];
		uint64_t hash = record_hash(&tally->record);
		if (!w->is_told || w->told == hash)
			continue;
		w->told = hash;
		struct host_event event = { .kind = HOST_SOCKET };
		event.socket = tally->record;
		watch_send(watch, &event);
	}
}

void count_sockets(struct host_watch *watch)
{
	begin_tallies(watch);
	room_begin(&watch->room);
	for (size_t i = 0; i < watch->spaces.count; i++)
		list_connections(watch, &watch->spaces.at[i]);
	set_quantiles(watch);
	tell_tallies(watch);
}
