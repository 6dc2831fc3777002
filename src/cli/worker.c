/*
 * worker.c: the thread of one worker, and how its records cross to the main loop.
 */
#include "cli/worker.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	POLL_MS = 50,
	LIST_US = 100000,
	OUT_RECORD_MAX = 4096,
	/* Of the ring: a flood of datagrams ends a flow with each, without bound, and
	 * must not take the place of evidence, which has its bounds. */
	BESIDE_UNANSWERED = 2,
	BESIDE_RECORDS = 4,
};
#define CLOCK_STEP_US 2000000LL

static void send(struct worker *w, enum out_message kind, const void *message,
		 size_t len)
{
	while (!ring_put(w->out, (uint16_t)kind, message, len)) {
		if (!w->lossless) {
			w->stats.records_dropped++;
			return;
		}
		sched_yield();
	}
}

/*
 * A list may be longer than the ring, which the asker is emptying: wait for room, but
 * not so long that packets are lost; and never take it from records.
 */
static void send_listed(struct worker *w, const struct flow_record *flow)
{
	while (!ring_put(w->out, OUT_LISTED, flow, sizeof(*flow))) {
		if (clock_us(CLOCK_MONOTONIC) >= w->list_until_us)
			return;
		sched_yield();
	}
}

/* Who reads may be asleep.  Nearly always somebody has woken it already. */
static void wake(struct worker *w)
{
	const uint64_t one = 1;
	if (w->may_wake == NULL ||
	    !atomic_load_explicit(w->may_wake, memory_order_relaxed) ||
	    !atomic_exchange(w->may_wake, false))
		return;
	/* It is non-blocking, and can't be full: one is all that is ever in it. */
	(void)!write(w->wake, &one, sizeof(one));
}

/*
 * What strangers can make many of must not cost ports, time and answered flows their
 * place, for which one in `share` of the ring is left.  False, and counted as lost.
 */
static bool leaves_room(struct worker *w, unsigned share)
{
	if (w->lossless || !ring_is_crowded(w->out, share))
		return true;
	w->stats.records_dropped++;
	return false;
}

static void send_flow(void *self, const struct flow_record *flow)
{
	struct worker *w = self;
	if (w->list_until_us != 0)
		send_listed(w, flow);
	else if (flow->server_packets > 0 || leaves_room(w, BESIDE_UNANSWERED))
		send(w, OUT_FLOW, flow, sizeof(*flow));
}

/* What is summed up by the second tells of a flood what its packets would not. */
static bool is_sum(enum record_kind kind)
{
	return kind == RECORD_unsolicited || kind == RECORD_amplification;
}

static void send_record(void *self, enum record_kind kind, const void *record)
{
	static _Thread_local uint64_t packed[OUT_RECORD_MAX / 8];
	struct worker *w = self;
	if (!is_sum(kind) && !leaves_room(w, BESIDE_RECORDS))
		return;
	struct out_record *out = (struct out_record *)packed;
	out->kind = kind;
	memcpy(out->record, record, schemas[kind].size);
	send(w, OUT_RECORD, out, sizeof(*out) + schemas[kind].size);
	wake(w);
}

static void send_port(void *self, const struct port_sample *sample,
		      const struct port_detail *detail)
{
	static _Thread_local uint8_t packed[OUT_PORT_MAX];
	size_t len = sizeof(*sample);
	memcpy(packed, sample, len);
	if (detail != NULL) {
		len += cardinality_pack(&detail->clients, packed + len,
					sizeof(packed) - len);
		len += histogram_pack(&detail->handshake, packed + len,
				      sizeof(packed) - len);
		len += histogram_pack(&detail->response, packed + len,
				      sizeof(packed) - len);
	}
	send(self, OUT_PORT, packed, len);
}

const struct port_sample *worker_port(const void *message, size_t len,
				      struct port_detail *detail)
{
	const struct port_sample *sample = message;
	const uint8_t *at = (const uint8_t *)message + sizeof(*sample);
	if (!sample->has_detail)
		return sample;
	const uint8_t *end = (const uint8_t *)message + len;
	histogram_clear(&detail->handshake);
	histogram_clear(&detail->response);
	cardinality_reset(&detail->clients);
	at += cardinality_unpack(&detail->clients, at, (size_t)(end - at));
	at += histogram_unpack(&detail->handshake, at, (size_t)(end - at));
	histogram_unpack(&detail->response, at, (size_t)(end - at));
	return sample;
}

static void send_stats(struct worker *w)
{
	flows_stats(w->flows, &w->stats.flow);
	if (w->capture != NULL)
		capture_stats(w->capture, &w->stats.capture);
	if (w->decoder != NULL)
		memcpy(w->stats.decoded, decoder_counts(w->decoder),
		       sizeof(w->stats.decoded));
	send(w, OUT_STATS, &w->stats, sizeof(w->stats));
}

static void send_tick(void *self, int64_t at_us)
{
	struct worker *w = self;
	send(w, OUT_TICK, &at_us, sizeof(at_us));
	send_stats(w);
}

struct flow_sink worker_sink(struct worker *w)
{
	return (struct flow_sink){
		.self = w,
		.flow = send_flow,
		.record = send_record,
		.port = send_port,
		.tick = send_tick,
	};
}

static void list(struct worker *w)
{
	w->list_until_us = clock_us(CLOCK_MONOTONIC) + LIST_US;
	flows_list(w->flows);
	w->list_until_us = 0;
	w->list_end_due = true;
}

/* Frames stamped before the clock was set back come after it: they are of now. */
static size_t decode_live(struct worker *w, const struct frame *frame, int64_t now_us,
			  struct packet *packets)
{
	size_t count = decode(w->decoder, frame, packets);
	for (size_t i = 0; i < count && frame->at_us > now_us + CLOCK_STEP_US; i++)
		packets[i].at_us = now_us;
	return count;
}

static void take_frames(struct worker *w, const struct frame *frames, int count,
			int64_t now_us)
{
	struct packet packets[PACKETS_PER_FRAME + FLOWS_BATCH];
	size_t have = 0;
	for (int i = 0; i < count; i++) {
		have += decode_live(w, &frames[i], now_us, packets + have);
		if (have >= FLOWS_BATCH) {
			flows_take(w->flows, packets, FLOWS_BATCH);
			have -= FLOWS_BATCH;
			memmove(packets, packets + FLOWS_BATCH,
				have * sizeof(packets[0]));
		}
	}
	if (have > 0)
		flows_take(w->flows, packets, have);
	enum decode_reason odd = decoder_odd_fragment(w->decoder, packets);
	if (odd != DECODE_OK)
		flows_odd_fragment(w->flows, packets, odd);
	w->stats.newest_us = frames[count - 1].at_us;
}

/* Gives packets that somebody wants as evidence, as records. */
static void send_packet(void *self, const struct packet_record *packet)
{
	send_record(self, RECORD_packet, packet);
}

static void take_wishes(struct worker *w)
{
	uint16_t kind;
	size_t len;
	const void *wanted;
	while ((wanted = ring_peek(w->in, &kind, &len)) != NULL) {
		flows_packets(w->flows, wanted, send_packet, w);
		ring_pop(w->in);
	}
}

/* The last records must not be lost to a full ring: the reader is emptying it. */
static void *end_live(struct worker *w)
{
	w->lossless = true;
	flows_finish(w->flows);
	send_stats(w);
	send(w, OUT_END, NULL, 0);
	return NULL;
}

void *worker_live(void *worker)
{
	struct worker *w = worker;
	int64_t offset = clock_us(CLOCK_REALTIME) - clock_us(CLOCK_MONOTONIC);
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		const struct frame *frames;
		int count = capture_next(w->capture, &frames, POLL_MS);
		if (count < 0) {
			atomic_store(&w->error, -count);
			break;
		}
		int64_t now = clock_us(CLOCK_REALTIME);
		int64_t step = now - clock_us(CLOCK_MONOTONIC) - offset;
		if (step > CLOCK_STEP_US || step < -CLOCK_STEP_US) {
			flows_shift(w->flows, step);
			offset += step;
		}
		if (count > 0)
			take_frames(w, frames, count, now);
		/* Frames may wait in the ring: time is not yet what the clock says. */
		else
			flows_tick(w->flows, now);
		take_wishes(w);
		/* The asker counts the ends: none may be lost to a full ring. */
		if (!w->list_end_due && atomic_exchange(&w->want_list, false))
			list(w);
		if (w->list_end_due && ring_put(w->out, OUT_LIST_END, NULL, 0))
			w->list_end_due = false;
	}
	return end_live(w);
}

/* The payload came behind the packet, not where it was. */
static void take_packet(struct worker *w, const uint8_t *message, size_t len)
{
	struct packet packet;
	memcpy(&packet, message, sizeof(packet));
	packet.ip = NULL;
	packet.ip_captured = 0;
	packet.payload = bytes_of(message + sizeof(packet), len - sizeof(packet));
	flows_take(w->flows, &packet, 1);
}

static bool take_in(struct worker *w, uint16_t kind, const void *message, size_t len)
{
	int64_t at_us;
	switch (kind) {
	case IN_PACKET:
		take_packet(w, message, len);
		return true;
	case IN_TINY:
		flows_odd_fragment(w->flows, message, DECODE_FRAG_BAD);
		return true;
	case IN_OVERLAP:
		flows_odd_fragment(w->flows, message, DECODE_FRAG_OVERLAP);
		return true;
	case IN_QUOTED:
		flows_quoted(w->flows, message);
		return true;
	case IN_TICK:
		memcpy(&at_us, message, sizeof(at_us));
		flows_tick(w->flows, at_us);
		return true;
	default:
		return false;
	}
}

void *worker_replay(void *worker)
{
	struct worker *w = worker;
	bool more = true;
	while (more) {
		uint16_t kind;
		size_t len;
		const void *message = ring_peek(w->in, &kind, &len);
		if (message == NULL) {
			sched_yield();
			continue;
		}
		more = take_in(w, kind, message, len);
		ring_pop(w->in);
	}
	return end_live(w);
}
