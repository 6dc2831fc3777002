/*
 * pipeline.c: workers, their rings, and records back on one thread; see pipeline.h.
 */
#include "cli/pipeline.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/worker.h"

enum {
	WORKERS_MAX = 64,
	OUT_RING_BYTES = 4 << 20,
	IN_RING_BYTES = 1 << 20,
	WISHES_RING_BYTES = 1 << 16,
	PROGRESS_BATCHES = 512,
	WAIT_MS = 100, /* for a slow pipe */
};

struct listing {
	void (*emit)(void *to, const struct flow_record *flow);
	void *to;
	unsigned ended;
};

struct pipeline {
	struct pipeline_options options;
	struct pipeline_sink sink;
	struct ports *ports;
	struct worker workers[WORKERS_MAX];
	unsigned count, ended;
	struct worker_stats stats[WORKERS_MAX]; /* last heard of each */
	struct decoder *decoder;                /* of a replay */
	struct capture *capture;                /* of a replay; not owned */
	struct listing *listing;
	int wake; /* eventfd; -1: a replay */
	atomic_bool may_wake;
	uint64_t records, rested_at; /* taken from workers; when last looked */
	int64_t first_us, newest_us;
	int64_t ticked_second; /* of a distributed replay: all workers know of it */
	char error[CAPTURE_ERROR_MAX];
};

static void emit_port(void *to, const struct port_record *port,
		      const struct port_detail *detail)
{
	struct pipeline *p = to;
	p->sink.port(p->sink.self, port, detail);
}

/* ---- records of a worker on this thread ---- */

static void inline_flow(void *self, const struct flow_record *flow)
{
	struct pipeline *p = self;
	p->sink.flow(p->sink.self, flow);
}

static void inline_record(void *self, enum record_kind kind, const void *record)
{
	struct pipeline *p = self;
	p->sink.record(p->sink.self, kind, record);
}

static void inline_port(void *self, const struct port_sample *sample,
			const struct port_detail *detail)
{
	struct pipeline *p = self;
	ports_add(p->ports, 0, sample, detail);
}

static void inline_tick(void *self, int64_t at_us)
{
	struct pipeline *p = self;
	ports_tick(p->ports, 0, at_us);
}

/* ---- making and ending ---- */

static const char *iface_name(void *self, uint16_t iface)
{
	return capture_iface(self, iface);
}

static bool worker_open(struct pipeline *p, struct worker *w, struct capture *capture,
			const struct hash_key *key, const struct flow_sink *sink)
{
	const struct pipeline_options *o = &p->options;
	struct flow_options options = {
		.flows_max = o->flows_max / p->count + 1,
		.half_open_max = o->half_open_max / p->count + 1,
		/* Not divided: a source's connections may all be one worker's. */
		.source_share = o->source_share,
		.trail_max = o->trail_max,
		.reads = o->reads,
		.wants = o->wants,
		.catalog = o->catalog,
		.key = *key,
		.iface_name = iface_name,
		.iface_self = capture,
	};
	w->flows = flows_new(&options, sink);
	return w->flows != NULL;
}

static struct pipeline *pipeline_new(const struct pipeline_options *options,
				     const struct pipeline_sink *sink)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->options = *options;
	p->sink = *sink;
	p->count = options->workers > WORKERS_MAX ? WORKERS_MAX : options->workers;
	p->wake = -1;
	p->first_us = p->newest_us = p->ticked_second = INT64_MIN;
	for (unsigned i = 0; i < p->count; i++)
		p->workers[i].stats.newest_us = p->stats[i].newest_us = INT64_MIN;
	p->ports =
		ports_new(p->count > 0 ? p->count : 1, options->window_s,
			  options->catalog, sink->port != NULL ? emit_port : NULL, p);
	if (p->ports == NULL) {
		free(p);
		return NULL;
	}
	if (sink->begin != NULL)
		sink->begin(sink->self, p);
	return p;
}

static struct hash_key table_key(const struct pipeline_options *options)
{
	return options->keyed ? hash_key_random() : (struct hash_key){ 0, 0 };
}

void pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < p->count; i++) {
		struct worker *w = &p->workers[i];
		flows_free(w->flows);
		decoder_free(w->decoder);
		ring_free(w->in);
		ring_free(w->out);
		if (w->capture != NULL)
			capture_close(w->capture);
	}
	decoder_free(p->decoder);
	ports_free(p->ports);
	if (p->wake >= 0)
		close(p->wake);
	free(p);
}

/* ---- from the rings ---- */

static void take_out(struct pipeline *p, struct worker *w, uint16_t kind,
		     const void *message, size_t len)
{
	static _Thread_local struct port_detail detail;
	int64_t at_us;
	switch ((enum out_message)kind) {
	case OUT_FLOW:
		p->sink.flow(p->sink.self, message);
		break;
	case OUT_LISTED:
		/* Not what an earlier list, given up, is still being sent. */
		if (p->listing != NULL && w->lists_asked - w->lists_ended == 1)
			p->listing->emit(p->listing->to, message);
		break;
	case OUT_LIST_END:
		if (++w->lists_ended == w->lists_asked && p->listing != NULL)
			p->listing->ended++;
		break;
	case OUT_RECORD: {
		const struct out_record *out = message;
		p->records++;
		if (p->sink.record != NULL)
			p->sink.record(p->sink.self, out->kind, out->record);
		break;
	}
	case OUT_PORT: {
		const struct port_sample *sample = worker_port(message, len, &detail);
		ports_add(p->ports, w->number, sample,
			  sample->has_detail ? &detail : NULL);
		break;
	}
	case OUT_TICK:
		memcpy(&at_us, message, sizeof(at_us));
		ports_tick(p->ports, w->number, at_us);
		break;
	case OUT_STATS:
		memcpy(&p->stats[w->number], message, sizeof(p->stats[0]));
		break;
	case OUT_END:
		p->ended++;
		break;
	}
}

/* True if it took as many as it may. */
static bool pump_worker(struct pipeline *p, struct worker *w)
{
	enum { AT_ONCE = 1024 }; /* some milliseconds of work */
	for (unsigned n = 0; n < AT_ONCE; n++) {
		uint16_t kind;
		size_t len;
		const void *message = ring_peek(w->out, &kind, &len);
		if (message == NULL)
			return false;
		take_out(p, w, kind, message, len);
		ring_pop(w->out);
	}
	return true;
}

bool pipeline_pump(struct pipeline *p)
{
	bool more = false;
	for (unsigned i = 0; i < p->count; i++)
		if (p->workers[i].out != NULL)
			more |= pump_worker(p, &p->workers[i]);
	return more;
}

/* What is there now, where nobody else waits. */
static void pump_all(struct pipeline *p)
{
	enum { TIMES = 64 }; /* a worker may be as quick as we are */
	for (int i = 0; i < TIMES && pipeline_pump(p); i++)
		;
}

static bool start_thread(struct worker *w, void *(*run)(void *))
{
	w->started = pthread_create(&w->thread, NULL, run, w) == 0;
	return w->started;
}

static void join_all(struct pipeline *p)
{
	unsigned started = 0;
	for (unsigned i = 0; i < p->count; i++)
		started += p->workers[i].started;
	while (p->ended < started) {
		pump_all(p);
		sched_yield();
	}
	for (unsigned i = 0; i < p->count; i++) {
		if (p->workers[i].started)
			pthread_join(p->workers[i].thread, NULL);
		p->workers[i].started = false;
	}
}

/* ---- replay ---- */

static void note_time(struct pipeline *p, int64_t at_us)
{
	if (p->first_us == INT64_MIN || at_us < p->first_us)
		p->first_us = at_us;
	if (at_us > p->newest_us)
		p->newest_us = at_us;
}

static void put_in(struct pipeline *p, unsigned worker, enum in_message kind,
		   const void *message, size_t len)
{
	while (!ring_put(p->workers[worker].in, (uint16_t)kind, message, len)) {
		pump_all(p);
		sched_yield();
	}
}

/* Both directions, and the fragments, of a flow go to the same worker. */
static unsigned worker_of(const struct pipeline *p, const struct addr *a,
			  const struct addr *b)
{
	static const struct hash_key fixed = { 0, 0 };
	uint64_t words[4], sum[2];
	memcpy(words, a->ip6, 16);
	memcpy(words + 2, b->ip6, 16);
	/* The same for (a, b) and (b, a). */
	sum[0] = (words[0] ^ words[2]) + (words[1] ^ words[3]);
	sum[1] = words[0] + words[2] + (words[1] + words[3]) * 31;
	return (unsigned)((hash_words(&fixed, sum, 2) >> 32) * p->count >> 32);
}

static void put_packet(struct pipeline *p, unsigned worker, enum in_message kind,
		       const struct packet *packet)
{
	static _Thread_local uint8_t whole[IN_PACKET_MAX];
	size_t len = p->options.reads ? packet->payload.len : 0;
	if (len > IN_PAYLOAD_MAX)
		len = IN_PAYLOAD_MAX;
	memcpy(whole, packet, sizeof(*packet));
	if (len > 0)
		memcpy(whole + sizeof(*packet), packet->payload.at, len);
	put_in(p, worker, kind, whole, sizeof(*packet) + len);
}

static void distribute(struct pipeline *p, struct packet *packet)
{
	int64_t second = packet->at_us / 1000000;
	if (second > p->ticked_second) {
		p->ticked_second = second;
		for (unsigned i = 0; i < p->count; i++)
			put_in(p, i, IN_TICK, &packet->at_us, sizeof(packet->at_us));
	}
	unsigned worker = worker_of(p, &packet->src, &packet->dst);
	put_packet(p, worker, IN_PACKET, packet);
	if (!(packet->flags & PACKET_QUOTES))
		return;
	unsigned quoted = worker_of(p, &packet->quoted_src, &packet->quoted_dst);
	if (quoted != worker)
		put_in(p, quoted, IN_QUOTED, packet, sizeof(*packet));
}

/* The packets so far, and what was odd about a fragment behind them. */
static void take_odd(struct pipeline *p, const struct packet *packets, size_t *have,
		     enum decode_reason odd, const struct packet *fragment)
{
	if (*have > 0)
		flows_take(p->workers[0].flows, packets, *have);
	*have = 0;
	flows_odd_fragment(p->workers[0].flows, fragment, odd);
}

static void take_inline(struct pipeline *p, const struct frame *frames, int count)
{
	struct packet packets[PACKETS_PER_FRAME + FLOWS_BATCH], fragment;
	size_t have = 0;
	for (int i = 0; i < count; i++) {
		have += decode(p->decoder, &frames[i], packets + have);
		if (have >= FLOWS_BATCH) {
			flows_take(p->workers[0].flows, packets, FLOWS_BATCH);
			have -= FLOWS_BATCH;
			memmove(packets, packets + FLOWS_BATCH,
				have * sizeof(packets[0]));
		}
		/* At once, whatever else came with it: the file alone decides. */
		enum decode_reason odd = decoder_odd_fragment(p->decoder, &fragment);
		if (odd != DECODE_OK)
			take_odd(p, packets, &have, odd, &fragment);
	}
	if (have > 0)
		flows_take(p->workers[0].flows, packets, have);
}

static void take_distributed(struct pipeline *p, const struct frame *frames, int count)
{
	struct packet packets[PACKETS_PER_FRAME];
	for (int i = 0; i < count; i++) {
		size_t have = decode(p->decoder, &frames[i], packets);
		for (size_t k = 0; k < have; k++)
			distribute(p, &packets[k]);
		enum decode_reason odd = decoder_odd_fragment(p->decoder, packets);
		if (odd != DECODE_OK)
			put_packet(p, 0,
				   odd == DECODE_FRAG_OVERLAP ? IN_OVERLAP : IN_TINY,
				   packets);
	}
	pump_all(p);
}

static bool open_replay(struct pipeline *p, struct capture *capture)
{
	struct hash_key key = table_key(&p->options);
	p->capture = capture;
	p->decoder = decoder_new();
	if (p->decoder == NULL)
		return false;
	if (p->count == 1) {
		struct flow_sink sink = {
			.self = p,
			.flow = p->sink.flow != NULL ? inline_flow : NULL,
			.record = p->sink.record != NULL ? inline_record : NULL,
			.port = inline_port,
			.tick = inline_tick
		};
		return worker_open(p, &p->workers[0], capture, &key, &sink);
	}
	for (unsigned i = 0; i < p->count; i++) {
		struct worker *w = &p->workers[i];
		struct flow_sink sink = worker_sink(w);
		if (p->sink.flow == NULL)
			sink.flow = NULL;
		if (p->sink.record == NULL)
			sink.record = NULL;
		w->number = i;
		w->lossless = true;
		w->in = ring_new(IN_RING_BYTES);
		w->out = ring_new(OUT_RING_BYTES);
		if (w->in == NULL || w->out == NULL ||
		    !worker_open(p, w, capture, &key, &sink))
			return false;
	}
	for (unsigned i = 0; i < p->count; i++)
		if (!start_thread(&p->workers[i], worker_replay))
			return false;
	return true;
}

static void finish_replay(struct pipeline *p)
{
	if (p->count == 1) {
		if (p->workers[0].flows != NULL)
			flows_finish(p->workers[0].flows);
		return;
	}
	for (unsigned i = 0; i < p->count; i++)
		if (p->workers[i].started)
			put_in(p, i, IN_END, NULL, 0);
	join_all(p);
}

struct pipeline *
pipeline_replay(struct capture *capture, const struct pipeline_options *options,
		const struct pipeline_sink *sink,
		bool (*progress)(void *self, const struct capture_stats *now),
		void *progress_self)
{
	struct pipeline *p = pipeline_new(options, sink);
	if (p == NULL)
		return NULL;
	bool goes_on = open_replay(p, capture);
	bool opened = goes_on;
	for (uint64_t batch = 1; goes_on; batch++) {
		const struct frame *frames;
		int count = capture_next(capture, &frames, WAIT_MS);
		if (count < 0 || (count == 0 && capture_ended(capture)))
			break;
		if (count > 0) {
			note_time(p, frames[0].at_us);
			note_time(p, frames[count - 1].at_us);
		}
		if (count > 0 && p->count == 1)
			take_inline(p, frames, count);
		else if (count > 0)
			take_distributed(p, frames, count);
		if (count == 0 || batch % PROGRESS_BATCHES == 0) {
			struct capture_stats now;
			capture_stats(capture, &now);
			goes_on = progress(progress_self, &now);
		}
	}
	finish_replay(p);
	if (!opened) {
		pipeline_free(p);
		return NULL;
	}
	snprintf(p->error, sizeof(p->error), "%s", capture_error(capture));
	return p;
}

/* ---- live ---- */

struct pipeline *pipeline_start(struct capture **captures,
				const struct pipeline_options *options,
				const struct pipeline_sink *sink)
{
	struct pipeline *p = pipeline_new(options, sink);
	if (p == NULL)
		return NULL;
	struct hash_key key = table_key(options);
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	atomic_init(&p->may_wake, true);
	bool ok = p->wake >= 0;
	for (unsigned i = 0; i < p->count; i++)
		p->workers[i].capture = captures[i];
	for (unsigned i = 0; i < p->count && ok; i++) {
		struct worker *w = &p->workers[i];
		struct flow_sink to_ring = worker_sink(w);
		w->number = i;
		w->may_wake = &p->may_wake;
		w->wake = p->wake;
		w->out = ring_new(OUT_RING_BYTES);
		w->in = ring_new(WISHES_RING_BYTES);
		w->decoder = decoder_new();
		ok = w->out != NULL && w->in != NULL && w->decoder != NULL &&
		     worker_open(p, w, captures[i], &key, &to_ring);
	}
	for (unsigned i = 0; i < p->count && ok; i++)
		ok = start_thread(&p->workers[i], worker_live);
	if (ok)
		return p;
	pipeline_stop(p);
	pipeline_free(p);
	return NULL;
}

void pipeline_list(struct pipeline *p, int wait_ms,
		   void (*emit)(void *to, const struct flow_record *flow), void *to)
{
	struct listing listing = { .emit = emit, .to = to };
	p->listing = &listing;
	for (unsigned i = 0; i < p->count; i++) {
		p->workers[i].lists_asked +=
			!atomic_exchange(&p->workers[i].want_list, true);
		if (p->workers[i].capture != NULL)
			capture_wake(p->workers[i].capture);
	}
	for (int waited = 0; waited < wait_ms && listing.ended < p->count; waited++) {
		pump_all(p);
		struct timespec millisecond = { .tv_nsec = 1000000 };
		if (listing.ended < p->count)
			nanosleep(&millisecond, NULL);
	}
	p->listing = NULL;
}

int pipeline_fd(const struct pipeline *p)
{
	return p->wake;
}

bool pipeline_rests(struct pipeline *p)
{
	bool rests = p->records == p->rested_at;
	p->rested_at = p->records;
	if (rests)
		atomic_store(&p->may_wake, true);
	return rests;
}

static void inline_packet(void *self, const struct packet_record *packet)
{
	inline_record(self, RECORD_packet, packet);
}

void pipeline_packets(struct pipeline *p, const struct packets_wanted *wanted)
{
	if (p->decoder != NULL) {
		flows_packets(p->workers[0].flows, wanted, inline_packet, p);
		return;
	}
	/* Who does not look for long has more to do than to give evidence. */
	for (unsigned i = 0; i < p->count; i++)
		ring_put(p->workers[i].in, IN_WANTED, wanted, sizeof(*wanted));
}

void pipeline_stop(struct pipeline *p)
{
	for (unsigned i = 0; i < p->count; i++)
		atomic_store(&p->workers[i].stop, true);
	join_all(p);
}

/* ---- what it knows ---- */

void pipeline_totals(const struct pipeline *p, struct pipeline_totals *totals)
{
	*totals = (struct pipeline_totals){ .first_us = p->first_us,
					    .newest_us = p->newest_us };
	if (p->decoder == NULL || p->count > 1)
		for (unsigned i = 0; i < p->count; i++)
			totals_add(totals, &p->stats[i]);
	else
		flows_stats(p->workers[0].flows, &totals->flow);
	if (p->decoder == NULL)
		return;
	memcpy(totals->decoded, decoder_counts(p->decoder), sizeof(totals->decoded));
	capture_stats(p->capture, &totals->capture);
}

struct ports *pipeline_ports(struct pipeline *p)
{
	return p->ports;
}

const char *pipeline_error(const struct pipeline *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (atomic_load(&p->workers[i].error) != 0)
			return capture_error(p->workers[i].capture);
	return p->error;
}
