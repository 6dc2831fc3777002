/*
 * tcp.c: the state machine and the meters of a TCP connection.
 *
 * States, history and sizes mean exactly what Zeek means by them, so that an
 * analyst can read our records with what they know; the order of the steps in
 * take_step() matters for the order of history's letters.  Sequence numbers
 * are kept relative to the initial one and 48 bits wide, so wrap-around needs no
 * thought beyond side_relative().  Most segments bring nothing but the next data or its
 * acknowledgement: is_next() knows them, and take_next() does all that they need.
 */
#include "flow/history.h"
#include "flow/state.h"

/* A jump larger than this in a SYN or RST is noise, not progress (Zeek's bound). */
enum { JUMP_MAX = 1 << 20 };

enum {
	LINGER_US = 5 * 1000000, /* a closed connection, for late segments */
	REORDER_US = 3000,       /* without a round trip: later is a retransmission */
};

/* What a step needs at hand. */
struct segment {
	struct flows *f;
	struct body *b;
	const struct packet *p;
	uint32_t number;
	unsigned side, peer;
	struct side *mine, *theirs;
	uint32_t len, end; /* octets of payload; sequence number after the segment */
	bool syn, fin, rst, ack;
	int64_t seq; /* relative to mine->start_seq */
};

static void set_top(struct side *s, int64_t top)
{
	s->top = (uint64_t)(top < 0 ? 0 : top) & 0xffffffffffff;
}

static void set_state(struct body *b, unsigned side, enum endpoint_state state)
{
	if (body_state(b, side) == state)
		return;
	if (side == CLIENT) {
		b->before0 = b->state0;
		b->state0 = state & 7;
	} else {
		b->before1 = b->state1;
		b->state1 = state & 7;
	}
}

static void start_at(struct side *s, uint32_t start, int64_t top)
{
	s->start_seq = start;
	s->acked = start;
	set_top(s, top);
}

/* Where the sequence numbers of a side begin, decided by its first segment or SYN. */
static void begin_sequence(struct segment *s)
{
	enum endpoint_state state = body_state(s->b, s->side);
	int64_t length = s->end - s->p->seq;
	if (state == ENDPOINT_INACTIVE) {
		if (s->syn)
			start_at(s->mine, s->p->seq, length);
		else
			start_at(s->mine, s->p->seq - 1, 1);
	} else if (s->syn && state != ENDPOINT_CLOSED) {
		bool trusted = state == ENDPOINT_RESET &&
			       body_before(s->b, s->side) != ENDPOINT_INACTIVE;
		bool same =
			s->p->seq == s->mine->start_seq &&
			(state == ENDPOINT_SYN_SENT || state == ENDPOINT_SYN_ACK_SENT);
		if (!trusted && !same)
			start_at(s->mine, s->p->seq, length);
	}
}

static void note_history(struct segment *s)
{
	struct body *b = s->b;
	unsigned side = s->side, bit = 1u << side;
	if (s->syn + s->fin + s->rst > 1) {
		anomaly_note(s->f, ANOMALY_FLAGS, s->p);
		history_once(b, side, s->fin && s->rst ? 'i' : 'q');
	} else if (s->syn) {
		if (!history_has(b, side, 's') && !history_has(b, side, 'h'))
			history_add(b, side, s->ack ? 'h' : 's');
	} else if (s->fin) {
		int64_t end = s->seq + s->len + 1;
		if (!body_fin(b, side) || end != (int64_t)s->mine->top)
			history_add(b, side, 'f');
	} else if (s->rst) {
		if (!history_has(b, side, 'r') || b->mark_seq != s->p->seq)
			history_add(b, side, 'r');
		b->mark = 0;
		b->mark_seq = s->p->seq;
	} else if (s->len > 0) {
		if (!(b->datas & bit))
			history_add(b, side, 'd');
		b->datas |= bit & 3;
	} else if (s->ack) {
		if (!(b->acks & bit))
			history_add(b, side, 'a');
		b->acks |= bit & 3;
	}
}

/* A window of 0 after a reset, or towards one who has finished, says nothing. */
static void note_window(struct segment *s)
{
	if (s->p->window != 0 || s->rst ||
	    body_state(s->b, s->peer) == ENDPOINT_CLOSED ||
	    body_state(s->b, s->side) == ENDPOINT_RESET)
		return;
	SATURATE(s->mine->zero_windows, 1, 16);
	history_scaled(s->b, s->side, 'w', s->mine->zero_windows);
}

static void smooth(struct body *b, unsigned side, uint32_t sample_us)
{
	/* RFC 6298 (2.2) and (2.3): the first sample as it is, then 7/8 old + 1/8 new.
	 */
	uint32_t old = side == CLIENT ? b->srtt0 : b->srtt1;
	uint32_t sample = sample_us == 0 ? 1 : sample_us;
	uint32_t next = old == 0 ? sample : old - old / 8 + sample / 8;
	if (next > 0xffffff)
		next = 0xffffff;
	if (side == CLIENT)
		b->srtt0 = next & 0xffffff;
	else
		b->srtt1 = next & 0xffffff;
}

/* Times the three segments of a handshake; one sent twice times nothing (Karn). */
static void time_handshake(struct segment *s)
{
	struct body *b = s->b;
	uint32_t now = body_now32(b);
	enum endpoint_state client = body_state(b, CLIENT);
	if (s->syn && s->ack && s->side == SERVER && client == ENDPOINT_SYN_SENT &&
	    body_state(b, SERVER) == ENDPOINT_INACTIVE) {
		if (b->side[CLIENT].packets == 1)
			smooth(b, SERVER, now - (uint32_t)b->start_us);
		b->mark_at = now;
	} else if (s->syn && s->ack && s->side == SERVER) {
		b->syn_again = 1;
	} else if (s->side == CLIENT && s->ack && !s->syn && !s->rst &&
		   !b->handshaken && !b->partial &&
		   body_state(b, SERVER) == ENDPOINT_ESTABLISHED &&
		   b->side[CLIENT].packets > 0) {
		b->handshaken = 1;
		b->rejected = 0; /* an ICMP error was but a delay (RFC 5461 4) */
		if (!b->syn_again && b->mark_at != 0)
			smooth(b, CLIENT, now - b->mark_at);
		b->handshake_us =
			b->last_us < UINT32_MAX ? (uint32_t)b->last_us : UINT32_MAX;
		services_handshake(s->f->services, b->service, b->handshake_us);
		if (b->service != SERVICE_NONE)
			services_at(s->f->services, b->service)->now.handshakes++;
	}
}

/* One data segment at a time is timed until its acknowledgement (RFC 6298 (3)). */
static void time_round_trip(struct body *b, const struct packet *p, unsigned side)
{
	if (b->mark && b->mark_side != side &&
	    (p->tcp_flags & (TCP_ACK | TCP_RST)) == TCP_ACK &&
	    (int32_t)(p->ack - b->mark_seq) >= 0) {
		b->mark = 0;
		smooth(b, side, body_now32(b) - b->mark_at);
	}
}

/* end: the sequence number after the data. */
static void mark_round_trip(struct body *b, unsigned side, uint32_t end)
{
	if (b->mark || b->state0 != ENDPOINT_ESTABLISHED ||
	    b->state1 != ENDPOINT_ESTABLISHED)
		return;
	b->mark = 1;
	b->mark_side = side & 1;
	b->mark_seq = end;
	b->mark_at = body_now32(b);
}

static uint32_t absolute(int64_t value)
{
	return (uint32_t)(value < 0 ? -value : value);
}

/* A keep-alive repeats the last octet, or sends none, one before the next (RFC
 * 9293 3.8.4). */
static bool is_keep_alive(const struct segment *s)
{
	return s->len <= 1 && !s->fin && s->p->seq == side_last_seq(s->mine) - 1;
}

/* A segment that brings nothing beyond what came before: sent again, or overtaken? */
static void note_old_data(struct segment *s)
{
	struct body *b = s->b;
	uint64_t seen = (uint64_t)s->mine->retransmits + s->mine->out_of_order;
	if (is_keep_alive(s)) {
		if (seen == 0)
			history_once(b, s->side, 't');
		return;
	}
	int64_t age = -1;
	if ((b->holes >> s->side & 1) && s->seq >= 0) {
		bool left =
			holes_fill(s->f->holes, s->number, s->side, (uint64_t)s->seq,
				   (uint64_t)s->seq + s->len, body_last(b), &age);
		if (!left)
			b->holes &= s->side == CLIENT ? 2 : 1;
	}
	int64_t patience = b->handshake_us != 0 ? b->handshake_us : REORDER_US;
	if (age >= 0 && age < patience) {
		SATURATE(s->mine->out_of_order, 1, 16);
	} else {
		SATURATE(s->mine->retransmits, 1, 24);
		if (b->service != SERVICE_NONE)
			services_at(s->f->services, b->service)->now.retransmits++;
		if (b->mark && b->mark_side == s->side)
			b->mark = 0;
	}
	history_scaled(b, s->side, 't', seen + 1);
}

/*
 * The top moved: opens a hole if what moved it does not follow on.  A FIN or a
 * bare ACK ahead of its data tells of a hole as well.
 */
static void note_hole(struct segment *s, uint64_t seen)
{
	struct body *b = s->b;
	unsigned bit = 1u << s->side;
	int64_t from = s->seq + s->syn, to = from + s->len;
	int64_t acked = side_relative(s->mine, s->mine->acked);
	if (s->rst || from < 0 || to < acked)
		return;
	if (acked > (int64_t)seen)
		seen = (uint64_t)acked;
	if (b->holes & bit) {
		int64_t age;
		if (!holes_fill(s->f->holes, s->number, s->side, (uint64_t)from,
				(uint64_t)to, body_last(b), &age))
			b->holes &= ~bit & 3;
	} else if (from > (int64_t)seen) {
		if (holes_open(s->f->holes, s->number, s->side, seen, (uint64_t)from,
			       (uint64_t)to, body_last(b)))
			b->holes |= bit & 3;
	}
}

/* Moves the top of the stream; true if it moved. */
static bool advance(struct segment *s)
{
	struct side *mine = s->mine;
	int32_t delta = (int32_t)(s->end - side_last_seq(mine));
	if ((s->syn || s->rst) && absolute(delta) > JUMP_MAX)
		return false;
	if (s->fin && mine->top == 1) {
		set_top(mine, (uint32_t)(s->end - mine->start_seq));
		return true;
	}
	if (body_state(s->b, s->side) == ENDPOINT_RESET)
		return false;
	if (delta > 0) {
		set_top(mine, (int64_t)mine->top + delta);
		return true;
	}
	if (s->len > 0)
		note_old_data(s);
	return false;
}

static bool is_clean(const struct body *b, unsigned side)
{
	return body_state(b, side) == ENDPOINT_ESTABLISHED ||
	       (body_state(b, side) == ENDPOINT_CLOSED &&
		body_before(b, side) == ENDPOINT_ESTABLISHED);
}

/*
 * The sender acknowledged its peer's octets below `ack`: those of them that we never
 * saw are lost to us.  Before a clean begin or after a reset, gaps are guesses.
 */
static void note_gap(struct segment *s, int64_t ack, int64_t acked_before)
{
	struct body *b = s->b;
	unsigned peer = s->peer, bit = 1u << peer;
	int64_t fin = body_fin(b, peer);
	int64_t seen = (int64_t)s->theirs->top - fin;
	if (fin && ack > seen)
		ack = seen;
	uint64_t lost = 0;
	uint32_t gaps = 0;
	if (b->holes & bit) {
		if (!holes_acked(s->f->holes, s->number, peer, (uint64_t)ack, &lost,
				 &gaps))
			b->holes &= ~bit & 3;
	} else {
		int64_t known = seen > acked_before ? seen : acked_before;
		if (ack > known && !(b->partial && ack <= 2)) {
			lost = (uint64_t)(ack - known);
			gaps = 1;
		}
	}
	if (lost == 0 || !is_clean(b, s->side) || !is_clean(b, peer))
		return;
	b->lost_bytes = (uint32_t)saturated(b->lost_bytes, lost, UINT32_MAX);
	if (b->service != SERVICE_NONE)
		services_at(s->f->services, b->service)->now.lost_bytes += lost;
	for (uint32_t i = 0; i < gaps; i++) {
		uint64_t count = peer == CLIENT ? b->gaps0 : b->gaps1;
		history_scaled(b, peer, 'g', count + 1);
		if (peer == CLIENT)
			SATURATE(b->gaps0, 1, 7);
		else
			SATURATE(b->gaps1, 1, 7);
	}
}

/* The first segment of a side, which may establish the connection. */
static void first_of_side(struct segment *s)
{
	struct body *b = s->b;
	unsigned side = s->side, peer = s->peer;
	enum endpoint_state other = body_state(b, peer);
	if (s->syn && side == CLIENT) {
		set_state(b, CLIENT,
			  s->ack ? ENDPOINT_SYN_ACK_SENT : ENDPOINT_SYN_SENT);
	} else if (s->syn) {
		if (body_state(b, peer) == ENDPOINT_SYN_SENT)
			set_state(b, peer, ENDPOINT_ESTABLISHED);
		set_state(b, side, ENDPOINT_ESTABLISHED);
	}
	if (s->fin)
		set_state(b, side, ENDPOINT_CLOSED);
	if (s->rst) {
		if (side == SERVER &&
		    (other == ENDPOINT_SYN_SENT || other == ENDPOINT_SYN_ACK_SENT))
			b->rejected = 1;
		set_state(b, side, ENDPOINT_RESET);
	}
	if (body_state(b, side) != ENDPOINT_INACTIVE)
		return;
	/* Some servers acknowledge a SYN before they answer it. */
	if (side == SERVER && s->len == 0 && body_state(b, CLIENT) == ENDPOINT_SYN_SENT)
		return;
	if (s->ack && other == ENDPOINT_ESTABLISHED) {
		/* We missed only the SYN. */
		set_state(b, side, ENDPOINT_ESTABLISHED);
		b->partial = 0;
	} else {
		set_state(b, side, ENDPOINT_PARTIAL);
	}
}

static void established(struct segment *s)
{
	struct body *b = s->b;
	unsigned side = s->side, peer = s->peer;
	if (s->syn && !s->ack && body_state(b, side) == ENDPOINT_PARTIAL &&
	    body_state(b, peer) == ENDPOINT_INACTIVE)
		set_state(b, side, ENDPOINT_SYN_SENT);
	if (s->fin && !s->rst) {
		set_state(b, side, ENDPOINT_CLOSED);
		/* FIN, then RST, and now the other's FIN: that was a normal end. */
		if (body_state(b, peer) == ENDPOINT_RESET &&
		    body_before(b, peer) == ENDPOINT_CLOSED)
			set_state(b, peer, ENDPOINT_CLOSED);
	}
	if (s->rst)
		set_state(b, side, ENDPOINT_RESET);
}

static void move_state(struct segment *s)
{
	struct body *b = s->b;
	switch (body_state(b, s->side)) {
	case ENDPOINT_INACTIVE:
		first_of_side(s);
		break;
	case ENDPOINT_SYN_SENT:
	case ENDPOINT_SYN_ACK_SENT:
		if (s->fin)
			set_state(b, s->side, ENDPOINT_CLOSED);
		if (s->rst)
			set_state(b, s->side, ENDPOINT_RESET);
		break;
	case ENDPOINT_ESTABLISHED:
	case ENDPOINT_PARTIAL:
		established(s);
		break;
	case ENDPOINT_CLOSED:
		if (s->rst && body_state(b, s->peer) != ENDPOINT_CLOSED)
			set_state(b, s->side, ENDPOINT_RESET);
		break;
	case ENDPOINT_RESET:
		break;
	}
}

/* A side that has finished, all of whose data we saw, is closed; then the whole. */
static void close_sides(struct flows *f, struct body *b)
{
	for (unsigned side = 0; side < 2; side++) {
		enum endpoint_state state = body_state(b, side);
		if (state < ENDPOINT_CLOSED || body_closed(b, side) ||
		    (b->holes >> side & 1))
			continue;
		if (side == CLIENT)
			b->closed0 = 1;
		else
			b->closed1 = 1;
		bool complete = state == ENDPOINT_RESET || body_closed(b, 1 - side) ||
				body_state(b, 1 - side) == ENDPOINT_INACTIVE;
		if (complete && !b->ending) {
			b->ending = 1;
			b->turn_open = 0;
			b->turn_at = (uint32_t)(body_last(b) + LINGER_US);
			talks_settle(f, (uint32_t)(b - f->table.bodies));
			flows_count_end(f, b, false);
		}
	}
}

static void note_turns(struct flows *f, struct body *b, unsigned side)
{
	if (b->listens && talks_times_answers(&f->talks, b))
		b->turn_open = 0;
	else if (side == CLIENT && !b->ending)
		body_asked(b);
	else if (side == SERVER && b->turn_open)
		body_answered(f, b);
}

static void take_ack(struct segment *s, int64_t *ack, int64_t *acked_before)
{
	struct side *theirs = s->theirs;
	*ack = -1;
	if (body_state(s->b, s->peer) == ENDPOINT_INACTIVE) {
		start_at(theirs, s->p->ack - 1, 0);
		return;
	}
	int64_t rel = side_relative(theirs, s->p->ack);
	if (rel < 0 || s->rst)
		return;
	*ack = rel;
	*acked_before = side_relative(theirs, theirs->acked);
	int32_t delta = (int32_t)(s->p->ack - theirs->acked);
	if (delta > 0 && !(s->p->ack == 0 && delta > JUMP_MAX))
		theirs->acked = s->p->ack;
}

/*
 * True if nothing but numbers can change: an established connection, the next data or a
 * bare acknowledgement, of what we have seen, and no letter of history that is new.
 */
static bool is_next(const struct body *b, const struct packet *p, unsigned side)
{
	const struct side *mine = &b->side[side], *theirs = &b->side[1 - side];
	const unsigned control = TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK;
	unsigned letters = p->payload_len > 0 ? b->datas : b->acks;
	return (p->tcp_flags & control) == TCP_ACK && b->handshaken &&
	       b->state0 == ENDPOINT_ESTABLISHED && b->state1 == ENDPOINT_ESTABLISHED &&
	       !b->holes && (letters >> side & 1) && p->window != 0 &&
	       p->seq == side_last_seq(mine) &&
	       (int32_t)(side_last_seq(theirs) - p->ack) >= 0 &&
	       (int32_t)(p->ack - theirs->acked) >= 0;
}

static void take_next(struct flows *f, uint32_t number, const struct packet *p,
		      unsigned side)
{
	struct body *b = &f->table.bodies[number];
	struct side *mine = &b->side[side];
	body_touch(b, p->at_us);
	b->side[1 - side].acked = p->ack;
	time_round_trip(b, p, side);
	if (p->payload_len == 0)
		return;
	set_top(mine, (int64_t)mine->top + p->payload_len);
	mark_round_trip(b, side, p->seq + p->payload_len);
	if (b->listens)
		talks_segment(f, number, p, side);
	note_turns(f, b, side);
}

static struct segment segment_of(struct flows *f, uint32_t number,
				 const struct packet *p, unsigned side)
{
	struct body *b = &f->table.bodies[number];
	struct segment s = {
		.f = f,
		.b = b,
		.p = p,
		.number = number,
		.side = side,
		.peer = 1 - side,
		.mine = &b->side[side],
		.theirs = &b->side[1 - side],
		.len = p->payload_len,
		.syn = p->tcp_flags & TCP_SYN,
		.fin = p->tcp_flags & TCP_FIN,
		.rst = p->tcp_flags & TCP_RST,
		.ack = p->tcp_flags & TCP_ACK,
	};
	/* Data in a RST is an explanation for people, not part of the stream. */
	s.end = p->seq + (s.rst ? 0 : s.len) + s.syn + s.fin;
	return s;
}

/* Any segment. */
static void take_step(struct flows *f, uint32_t number, const struct packet *p,
		      unsigned side)
{
	struct segment s = segment_of(f, number, p, side);
	struct body *b = s.b;
	if (side == CLIENT && s.mine->packets == 1)
		b->partial = !s.syn || s.ack;
	else if (side == SERVER && s.mine->packets == 1 && !b->partial)
		b->partial = !s.syn;

	if ((p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == 0)
		anomaly_note(f, ANOMALY_FLAGS, p);
	if (s.syn && s.len > 0 && !(p->flags & PACKET_FAST_OPEN))
		anomaly_note(f, ANOMALY_SYN_DATA, p);
	begin_sequence(&s);
	s.seq = side_relative(s.mine, p->seq);
	note_history(&s);
	note_window(&s);
	if (!b->closed0 || !b->closed1)
		body_touch(b, p->at_us);
	if (s.fin) {
		if (side == CLIENT)
			b->fin0 = 1;
		else
			b->fin1 = 1;
	}
	int64_t ack = -1, acked_before = 0;
	if (s.ack)
		take_ack(&s, &ack, &acked_before);
	time_handshake(&s);
	time_round_trip(b, p, side);
	uint64_t seen = s.mine->top;
	bool moved = advance(&s);
	move_state(&s);
	if (ack >= 0)
		note_gap(&s, ack, acked_before);
	if (moved)
		note_hole(&s, seen);
	if (b->listens && s.len > 0 && !s.rst)
		talks_segment(f, number, p, side);
	if (moved && s.len > 0) {
		mark_round_trip(b, side, s.end);
		note_turns(f, b, side);
	}
	close_sides(f, b);
	contacts_segment(f, number, p->at_us);
}

void tcp_segment(struct flows *f, uint32_t number, const struct packet *p,
		 unsigned side)
{
	if (is_next(&f->table.bodies[number], p, side))
		take_next(f, number, p, side);
	else
		take_step(f, number, p, side);
}
