/*
 * failure_packets.c: the packets of a probe that failed, and what they say.
 *
 * With a password and no TLS, our own payload is cut from what is kept: no proof that
 * there was a password in it is needed.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe/asked.h"
#include "probe/http.h"

enum { FOUND_MAX = 512, FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct found_packet {
	struct recorded recorded;
	const uint8_t *at;
	uint16_t own_port;
	bool is_ours;
	struct packet_view view;
};

struct found {
	struct found_packet packets[FOUND_MAX];
	size_t count;
	uint16_t own_port;
};

/* ---- finding ---- */

static bool is_ours(const struct found_packet *p)
{
	const struct packet_view *view = &p->view;
	if (view->is_error)
		return false;
	if (view->protocol == IPPROTO_ICMP)
		return view->icmp_type == 8;
	if (view->protocol == IPPROTO_ICMPV6)
		return view->icmp_type == 128;
	/* On loopback all packets leave. */
	return view->src_port == p->own_port &&
	       (view->src_port != view->dst_port || p->recorded.sent);
}

static bool find(void *to, const struct recorded *recorded, const uint8_t *at)
{
	struct found *found = to;
	struct found_packet *p = &found->packets[found->count];
	*p = (struct found_packet){ .recorded = *recorded,
				    .at = at,
				    .own_port = found->own_port };
	if (!packet_look(bytes_of(at, recorded->len), &p->view))
		return true;
	p->is_ours = is_ours(p);
	return ++found->count < FOUND_MAX;
}

static int by_time(const void *a, const void *b)
{
	const struct found_packet *one = a, *other = b;
	return one->recorded.at_us < other->recorded.at_us
		       ? -1
		       : one->recorded.at_us > other->recorded.at_us;
}

/* A packet that passes a bridge or a VLAN is seen on each of their devices. */
static bool is_seen_again(const struct found_packet *p,
			  const struct found_packet *before)
{
	enum { AGAIN_US = 1000 };
	return p->recorded.len == before->recorded.len &&
	       p->recorded.at_us - before->recorded.at_us <= AGAIN_US &&
	       p->is_ours == before->is_ours && p->view.payload <= p->recorded.len &&
	       memcmp(p->at + 12, before->at + 12, p->recorded.len - 12u) == 0;
}

static void drop_repeated(struct found *found)
{
	size_t kept = 0;
	for (size_t i = 0; i < found->count; i++)
		if (kept == 0 ||
		    !is_seen_again(&found->packets[i], &found->packets[kept - 1]))
			found->packets[kept++] = found->packets[i];
	found->count = kept;
}

static void find_all(const struct asked *a, struct found *found)
{
	const struct flight *flight = a->flight;
	const struct recorder_ring *ring = recorder_ring_of(a->prober->flight.recorder);
	found->count = 0;
	for (size_t i = 0; i < flight->ends_count && found->count < FOUND_MAX; i++) {
		found->own_port = flight->own_port[i];
		recorder_ring_each(ring, &flight->ends[i], flight->mark, find, found);
	}
	qsort(found->packets, found->count, sizeof(found->packets[0]), by_time);
	drop_repeated(found);
}

static bool count(void *to, const struct recorded *recorded, const uint8_t *at)
{
	(void)recorded;
	(void)at;
	++*(unsigned *)to;
	return true;
}

static unsigned count_neighbour(const struct asked *a)
{
	const struct addr none = addr_unset();
	struct ends ends;
	unsigned times = 0;
	ends_set(&ends, 0, &a->addr, 1, &none, 0);
	recorder_ring_each(recorder_ring_of(a->prober->flight.recorder), &ends,
			   a->flight->mark, count, &times);
	return times;
}

static bool has_lost(const struct asked *a)
{
	struct recorder *r = a->prober->flight.recorder;
	return recorder_ring_has_lost(recorder_ring_of(r), a->flight->mark) ||
	       recorder_dropped(r) != a->flight->dropped;
}

/* A rule of this machine may answer in the place of the target: that is not ours. */
static bool count_ours(void *to, const struct recorded *recorded, const uint8_t *at)
{
	struct found *found = to;
	struct found_packet p = { .recorded = *recorded, .own_port = found->own_port };
	found->count +=
		packet_look(bytes_of(at, recorded->len), &p.view) && is_ours(&p);
	return found->count == 0;
}

static bool has_left(const struct asked *a)
{
	static struct found found;
	found.count = 0;
	for (size_t i = 0; i < a->flight->ends_count && found.count == 0; i++) {
		found.own_port = a->flight->own_port[i];
		recorder_ring_each(recorder_ring_of(a->prober->flight.recorder),
				   &a->flight->ends[i], a->flight->mark, count_ours,
				   &found);
	}
	return found.count > 0;
}

/* From its ports, but between other ends than its sockets'. */
static bool is_translated(const struct asked *a)
{
	const struct flight *flight = a->flight;
	bool left = false;
	for (size_t i = 0; i < flight->ends_count; i++)
		left |= recorder_saw_leave(a->prober->flight.recorder,
					   flight->ends[i].protocol,
					   flight->own_port[i], flight->mark);
	return left;
}

bool failure_was_not_sent(struct asked *a)
{
	struct recorder *r = a->prober->flight.recorder;
	if (r == NULL || a->flight == NULL || a->flight->ends_count == 0 ||
	    a->target->netns != NULL)
		return false;
	recorder_drain(r);
	if (has_lost(a) || !recorder_hears(r) || is_translated(a) ||
	    recorder_unread(r) != a->flight->unread)
		return false;
	return !has_left(a) && count_neighbour(a) == 0;
}

/* ---- what they say ---- */

static size_t payload_of(const struct found_packet *p)
{
	size_t header = p->view.payload;
	return p->recorded.wire_len > header ? p->recorded.wire_len - header : 0;
}

static void note_icmp(const struct found_packet *p, struct failure_facts *facts)
{
	facts->icmp = (struct failure_icmp){
		.is_known = true,
		.is_v4 = p->view.protocol == IPPROTO_ICMP,
		.offender = p->view.src,
		.type = p->view.icmp_type,
		.code = p->view.icmp_code,
	};
}

struct telling {
	struct failure_facts *facts;
	int64_t first_sent_us, last_asked_us, last_came_us; /* 0: none */
};

static void note_ours(struct telling *t, const struct found_packet *p)
{
	struct failure_facts *facts = t->facts;
	bool is_syn = p->view.protocol == IPPROTO_TCP && p->view.tcp_flags & SYN;
	facts->sent++;
	facts->sent_bytes += payload_of(p);
	facts->syns += is_syn;
	if (t->first_sent_us == 0)
		t->first_sent_us = p->recorded.at_us;
	if (is_syn || payload_of(p) > 0)
		t->last_asked_us = p->recorded.at_us;
}

static void note_theirs(struct telling *t, const struct found_packet *p)
{
	struct failure_facts *facts = t->facts;
	if (p->view.is_error) {
		note_icmp(p, facts);
		return;
	}
	facts->received++;
	facts->received_bytes += payload_of(p);
	if (facts->answer_us < 0 && t->first_sent_us != 0)
		facts->answer_us = p->recorded.at_us - t->first_sent_us;
	if (p->view.protocol == IPPROTO_TCP && p->view.tcp_flags & RST &&
	    t->last_asked_us != 0)
		facts->rst_us = p->recorded.at_us - t->last_asked_us;
	t->last_came_us = p->recorded.at_us;
}

static void note_all(const struct found *found, int64_t end_us,
		     struct failure_facts *facts)
{
	struct telling t = { .facts = facts };
	for (size_t i = 0; i < found->count; i++)
		if (found->packets[i].is_ours)
			note_ours(&t, &found->packets[i]);
		else
			note_theirs(&t, &found->packets[i]);
	if (t.last_came_us != 0 && end_us > t.last_came_us)
		facts->silence_us = end_us - t.last_came_us;
}

/* ---- keeping ---- */

static bool is_all_in_tls(const struct target *t)
{
	return t->tls == TARGET_TLS_FIRST || (t->http != NULL && t->http->is_tls);
}

static bool holds(struct bytes payload, const char *secret)
{
	size_t len = strlen(secret);
	return len > 0 && payload.len > 0 &&
	       memmem(payload.at, payload.len, secret, len) != NULL;
}

/* How much of it may be kept.  What an ICMP error quotes is ours. */
static size_t harmless_len(const struct asked *a, const struct found_packet *p)
{
	enum { QUOTED_HEADERS = 28 };
	size_t len = p->recorded.len, head = p->view.payload;
	if (!flight_has_secret(a) || is_all_in_tls(a->target) || head >= len)
		return len;
	if (p->view.is_error)
		return head + QUOTED_HEADERS < len ? head + QUOTED_HEADERS : len;
	/* Who has logged in to a site is given a cookie. */
	bool may_hold =
		p->is_ours || p->view.protocol == IPPROTO_UDP ||
		a->target->http != NULL ||
		holds(bytes_of(p->at + head, len - head), a->target->question.password);
	return may_hold ? head : len;
}

static void keep(const struct asked *a, const struct found_packet *p,
		 struct failure *failure, bool *is_cut)
{
	struct packet_record *r = &failure->packets[failure->packet_count++];
	size_t len = harmless_len(a, p);
	record_init(RECORD_packet, r);
	r->at = p->recorded.at_us;
	r->of = "failure";
	record_text(r->id, sizeof(r->id), failure->record.id);
	r->number = (uint32_t)failure->packet_count;
	r->sent = p->is_ours;
	r->link = 101; /* LINKTYPE_RAW */
	r->wire_bytes = p->recorded.wire_len;
	r->data.len = (uint16_t)len;
	memcpy(r->data.at, p->at, len);
	*is_cut |= len < p->recorded.len;
}

/* Of too many, the begin and the end. */
static void keep_some(const struct asked *a, const struct found *found,
		      struct failure *failure)
{
	enum { HALF = FAILURE_PACKETS / 2 };
	struct failure_record *r = &failure->record;
	bool is_cut = false;
	size_t left_out = 0;
	for (size_t i = 0; i < found->count; i++)
		if (i < HALF || i + HALF >= found->count)
			keep(a, &found->packets[i], failure, &is_cut);
		else
			left_out++;
	r->packets = (uint32_t)failure->packet_count;
	if (has_lost(a))
		record_text(r->packets_missing, sizeof(r->packets_missing),
			    "some may be lost: more came than there was room for");
	else if (found->count == 0 && is_translated(a))
		record_text(r->packets_missing, sizeof(r->packets_missing),
			    "its packets have other addresses: this machine "
			    "translates them (NAT)");
	else if (left_out > 0)
		snprintf(r->packets_missing, sizeof(r->packets_missing),
			 "%zu in the middle are left out", left_out);
	else if (is_cut)
		record_text(r->packets_missing, sizeof(r->packets_missing),
			    "payload is cut off: it may hold a password");
}

void failure_take_packets(struct asked *a, struct failure *failure,
			  struct failure_facts *facts)
{
	struct prober *p = a->prober;
	bool is_elsewhere = a->target->netns != NULL;
	bool is_heard = p->flight.recorder != NULL && !is_elsewhere;
	struct found *found = is_heard ? malloc(sizeof(*found)) : NULL;
	if (found == NULL) {
		snprintf(failure->record.packets_missing,
			 sizeof(failure->record.packets_missing),
			 "packets are not recorded: %s",
			 is_elsewhere ? "it is in another network namespace"
			 : is_heard   ? "there is not enough memory"
				      : p->flight.why_not);
		return;
	}
	recorder_drain(p->flight.recorder);
	find_all(a, found);
	note_all(found, clock_us(CLOCK_REALTIME), facts);
	facts->asked_neighbour = count_neighbour(a);
	facts->has_packets = !has_lost(a) && a->flight->ends_count > 0 &&
			     (found->count > 0 || !is_translated(a));
	keep_some(a, found, failure);
	free(found);
}
