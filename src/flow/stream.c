/*
 * stream.c: segments of a TCP connection that is read, put in order.
 *
 * At most one piece that came early waits for what is missing before it.  What a reader
 * need not be given need not be in order either.
 */
#include "flow/state.h"
#include "flow/work.h"

enum { LANES = 4 };
#define SUM_FACTOR 0x9e3779b97f4a7c15 /* odd: no bit of a word is lost */

static uint64_t word_at(const uint8_t *at, size_t len)
{
	uint64_t word = 0;
	memcpy(&word, at, len);
	return word;
}

/*
 * A cheap sum to know a segment by when it comes again.  A multiplication has to wait
 * for the one before it: four that need not wait for each other take its time.
 */
static uint32_t sum_of(struct bytes data)
{
	uint64_t sum[LANES] = { data.len, 1, 2, 3 };
	size_t len = data.len;
	const uint8_t *at = data.at;
	for (; len >= sizeof(sum); at += sizeof(sum), len -= sizeof(sum))
		for (size_t i = 0; i < LANES; i++)
			sum[i] = (sum[i] ^ word_at(at + 8 * i, 8)) * SUM_FACTOR;
	for (; len >= 8; at += 8, len -= 8)
		sum[0] = (sum[0] ^ word_at(at, 8)) * SUM_FACTOR;
	if (len > 0)
		sum[0] = (sum[0] ^ word_at(at, len)) * SUM_FACTOR;
	for (size_t i = 1; i < LANES; i++)
		sum[0] = (sum[0] ^ sum[i] >> 32 ^ sum[i]) * SUM_FACTOR;
	return (uint32_t)(sum[0] >> 32);
}

static void note_segment(struct conversation *c, unsigned side, const struct packet *p,
			 uint32_t seq)
{
	struct stream *s = &c->side[side];
	c->seen[side][s->next_segment++ % TALKS_SEGMENTS] = (struct segment_seen){
		.seq = seq, .len = p->payload_len, .sum = sum_of(p->payload)
	};
}

/* RFC 9293 3.10.7.4: who gets two versions of the same bytes keeps one; which? */
static void check_again(struct work *w, unsigned side, const struct packet *p,
			uint32_t seq)
{
	const struct segment_seen *seen = w->c->seen[side];
	for (unsigned i = 0; i < TALKS_SEGMENTS; i++)
		if (seen[i].seq == seq && seen[i].len == p->payload_len &&
		    seen[i].sum != sum_of(p->payload))
			anomaly_note(w->f, ANOMALY_OVERLAP, p);
}

/*
 * A piece that came early, if there is room behind what is kept and no other one waits.
 * False if it can't be kept: the hole before it is then lost.
 */
static bool keep_early(struct work *w, struct stream *s, const struct packet *p,
		       uint32_t ahead)
{
	struct talks *t = &w->f->talks;
	size_t len = p->payload.len, end = (size_t)s->len + ahead + len;
	if (p->payload.len < p->payload_len || ahead > TURN_MAX)
		return false;
	bool extends = s->far_len > 0 && ahead == (uint32_t)s->far_from + s->far_len;
	bool inside = s->far_len > 0 && ahead >= s->far_from &&
		      ahead + len <= (size_t)s->far_from + s->far_len;
	if (inside)
		return true;
	if ((s->far_len > 0 && !extends) || stream_make_room(t, s, end, TURN_MAX) < end)
		return false;
	memcpy(stream_bytes(t, s) + s->len + ahead, p->payload.at, len);
	if (!extends)
		s->far_from = (uint16_t)ahead;
	s->far_len = (uint16_t)(s->far_len + len);
	return true;
}

/* The rest of this turn can't be read: bytes of it are missing. */
static void give_up_turn(struct work *w, unsigned side)
{
	struct talks *t = &w->f->talks;
	struct conversation *c = w->c;
	struct stream *s = &c->side[side];
	if (!work_is_read(w)) {
		s->far_len = 0;
		s->first_over = s->len > 0;
		s->first_cut = 1;
	} else if (s->len > 0) {
		s->far_len = 0;
		work_read(w, side, bytes_of(stream_bytes(t, s), s->len), 0, 0, true);
	} else {
		stream_forget(t, s);
	}
	s->is_dropping = 1;
	if (w->talk != NULL)
		w->talk->skip[side] = 0;
	s->is_lost = 1;
}

/* The early piece now follows what came: both are read as one. */
static void take_early(struct work *w, struct stream *s, unsigned side,
		       struct bytes data)
{
	struct talks *t = &w->f->talks;
	uint8_t *at = stream_bytes(t, s);
	size_t len = data.len;
	memcpy(at + s->len, data.at, len);
	if (len < s->far_from) {
		s->far_from = (uint16_t)(s->far_from - len);
	} else {
		size_t end = (size_t)s->far_from + s->far_len;
		s->next += end > len ? (uint32_t)(end - len) : 0;
		len = end > len ? end : len;
		s->far_len = 0;
	}
	s->len = (uint16_t)(s->len + len);
	if (!work_is_read(w)) {
		if (w->c->first == 2)
			w->c->first = (uint8_t)side;
		if (w->c->side[1 - side].len > 0)
			w->c->side[1 - side].first_over = 1;
		opening_decide(w);
	} else {
		work_read(w, side, bytes_of(at, s->len), len, 0,
			  s->len >= work_turn_max(&w->f->talks, w->c));
	}
}

/* What this side said and the peer has acknowledged, though we never saw it. */
static void note_lost(struct work *w, unsigned side, uint32_t ack)
{
	struct stream *s = &w->c->side[side];
	int32_t lost = (int32_t)(ack - s->next);
	if (!s->has_begun || lost <= 0)
		return;
	w->c->before[side] = s->next;
	unsigned bit = 1u << side;
	w->c->is_doubted |= bit & 3;
	s->next = ack;
	if (w->talk != NULL && w->talk->skip[side] >= (uint64_t)lost) {
		w->talk->skip[side] -= (uint64_t)lost;
		return;
	}
	if (w->talk != NULL)
		w->talk->skip[side] = 0;
	give_up_turn(w, side);
}

/*
 * The peer acknowledged what was never said, to hide what is said now: who is told so
 * goes on where it was (RFC 9293 3.10.7.4), and we with it.
 */
static void check_acked(struct conversation *c, unsigned side, uint32_t seq)
{
	unsigned bit = 1u << side;
	if ((c->is_doubted & bit) && seq == c->before[side]) {
		c->side[side].next = seq;
		c->side[side].has_gap = 1;
	}
	c->is_doubted &= ~bit & 3;
}

/* Bytes that need not be in order, because nobody is given them. */
static bool take_unread(struct work *w, unsigned side, struct bytes *data,
			uint32_t ahead, size_t *beyond)
{
	struct stream *s = &w->c->side[side];
	if (s->is_dropping) {
		s->next += ahead + (uint32_t)(data->len + *beyond);
		return true;
	}
	if (w->talk == NULL || w->talk->skip[side] == 0 || w->talk->skip[side] < ahead)
		return false;
	w->talk->skip[side] -= ahead;
	s->next += ahead;
	size_t all = data->len + *beyond;
	work_skip(w, side, data, beyond);
	s->next += (uint32_t)(all - data->len - *beyond);
	return data->len + *beyond == 0;
}

void talks_segment(struct flows *f, uint32_t number, const struct packet *p,
		   unsigned side)
{
	if (p->payload.len == 0 || (p->flags & PACKET_UNHEARD))
		return;
	struct work w = work_of(f, number, p->at_us);
	struct stream *s = &w.c->side[side];
	struct bytes data = p->payload;
	size_t beyond = p->payload_len - data.len;
	uint32_t seq = p->seq + ((p->tcp_flags & TCP_SYN) != 0);
	if (!s->has_begun) {
		s->has_begun = 1;
		/* Data may come before what is first, but not by much. */
		uint32_t begin = w.b->side[side].start_seq + 1;
		s->next = seq - begin <= TURN_MAX ? begin : seq;
	}
	check_acked(w.c, side, seq);
	int32_t ahead = (int32_t)(seq - s->next);
	if (ahead < 0) {
		size_t old = (size_t) - (int64_t)ahead;
		check_again(&w, side, p, seq);
		if (old >= data.len)
			return;
		bytes_take(&data, old);
		ahead = 0;
	}
	if (p->tcp_flags & TCP_ACK)
		note_lost(&w, 1 - side, p->ack);
	note_segment(w.c, side, p, seq);
	work_turn_to(&w, side);
	if (take_unread(&w, side, &data, (uint32_t)ahead, &beyond))
		return;
	ahead = (int32_t)(seq + p->payload_len - (uint32_t)(data.len + beyond) -
			  s->next);
	if (ahead > 0) {
		if (!keep_early(&w, s, p, (uint32_t)ahead)) {
			give_up_turn(&w, side);
			s->next = seq + p->payload_len;
		}
		return;
	}
	s->next += (uint32_t)(data.len + beyond);
	if (s->far_len > 0 && beyond == 0 && s->len + data.len <= stream_room(s)) {
		take_early(&w, s, side, data);
		return;
	}
	s->far_len = 0;
	work_take(&w, side, data, beyond);
}
