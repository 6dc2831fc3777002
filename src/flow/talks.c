/*
 * talks.c: turns out of packets; see talks.h.
 *
 * Until a protocol is recognised the first turn of each side is kept; when it is, they
 * are read, first things first, and whatever follows goes to the reader as it comes.
 * What is lost or overtaken costs a side the rest of its turn and no more.
 */
#include "flow/talks.h"

#include <netinet/in.h>

#include "flow/state.h"
#include "flow/work.h"

bool talks_init(struct talks *t, struct flows *f, uint32_t max)
{
	t->max = max;
	if (max == 0)
		return true;
	t->room = talk_room_new(&f->options.key);
	t->sink = evidence_sink(f);
	t->ndpi_second = INT64_MIN;
	return t->room != NULL &&
	       slab_init(&t->conversation, sizeof(struct conversation), max) &&
	       slab_init(&t->talk, sizeof(struct talk), max) &&
	       slab_init(&t->small, OPENING_MAX, TALKS_BUFFERS) &&
	       slab_init(&t->large, TURN_MAX, TALKS_LARGE);
}

uint64_t talks_memory(const struct talks *t)
{
	return slab_memory(&t->conversation) + slab_memory(&t->talk) +
	       slab_memory(&t->small) + slab_memory(&t->large);
}

void talks_fini(struct talks *t)
{
	slab_fini(&t->conversation);
	slab_fini(&t->talk);
	slab_fini(&t->small);
	slab_fini(&t->large);
	talk_room_free(t->room);
}

/* ---- what is kept of a side ---- */

void stream_free(struct talks *t, struct stream *s)
{
	slab_give(s->is_large ? &t->large : &t->small, s->buffer);
	s->buffer = 0;
	s->is_large = 0;
}

size_t stream_room(const struct stream *s)
{
	if (s->buffer == 0)
		return 0;
	return s->is_large ? TURN_MAX : OPENING_MAX;
}

/* Room for `need` bytes of at most `max`; how many there is room for. */
size_t stream_make_room(struct talks *t, struct stream *s, size_t need, size_t max)
{
	if (s->buffer == 0 && (s->buffer = slab_take(&t->small)) == 0) {
		t->unkept++;
		return 0;
	}
	size_t size = stream_room(s);
	if (need > size && max > size && !s->is_large) {
		uint32_t large = slab_take(&t->large);
		if (large != 0) {
			memcpy(slab_at(&t->large, large), slab_at(&t->small, s->buffer),
			       OPENING_MAX);
			slab_give(&t->small, s->buffer);
			s->buffer = large;
			s->is_large = 1;
			size = TURN_MAX;
		} else {
			t->unkept++;
		}
	}
	return size < max ? size : max;
}

size_t work_turn_max(const struct talks *t, const struct conversation *c)
{
	const struct protocol *protocol = talks_spoken(t, c);
	return protocol != NULL && protocol->turn_max != 0 ? protocol->turn_max
							   : OPENING_MAX;
}

/* Appends bytes that follow what is kept; how many fitted. */
size_t stream_keep(struct talks *t, const struct conversation *c, struct stream *s,
		   const uint8_t *at, size_t len)
{
	size_t room = stream_make_room(t, s, s->len + len, work_turn_max(t, c));
	size_t fits = room > s->len ? room - s->len : 0;
	if (fits > len)
		fits = len;
	if (fits > 0)
		memcpy(stream_bytes(t, s) + s->len, at, fits);
	s->len = (uint16_t)(s->len + fits);
	return fits;
}

/* ---- the conversation at work ---- */

static void converse(struct talks *t, struct body *b)
{
	uint32_t number = slab_take(&t->conversation); /* there are as many as flows */
	uint32_t response_max_us = b->response_max_or_conversation;
	b->talks = 1;
	b->response_max_or_conversation = number;
	struct conversation *c = conversation_of(t, b);
	memset(c, 0, sizeof(*c));
	c->response_max_us = response_max_us;
	c->left = candidates_begin((uint8_t)b->proto);
	c->first = c->last = 2;
}

struct work work_of(struct flows *f, uint32_t number, int64_t at_us)
{
	struct body *b = &f->table.bodies[number];
	if (!b->talks)
		converse(&f->talks, b);
	struct conversation *c = conversation_of(&f->talks, b);
	f->talks.current = number;
	struct talk *talk = talk_of(&f->talks, c);
	/* A clock that was set moves the begin of every flow. */
	if (talk != NULL)
		talk->start_us = body_start(b);
	return (struct work){ f, b, c, talk, number, at_us };
}

void talks_forget(struct flows *f, uint32_t number)
{
	struct body *b = &f->table.bodies[number];
	if (!b->talks)
		return;
	struct conversation *c = conversation_of(&f->talks, b);
	if (c->talk != 0)
		slab_give(&f->talks.talk, c->talk);
	slab_give(&f->talks.conversation, b->response_max_or_conversation);
	b->talks = 0;
	b->response_max_or_conversation = c->response_max_us;
}

uint32_t *talks_response_max(const struct flows *f, struct body *b)
{
	return b->talks ? &conversation_of(&f->talks, b)->response_max_us
			: &b->response_max_or_conversation;
}

/* Nobody reads on; what was read stays until the flow ends. */
void work_stop(struct work *w)
{
	w->b->listens = 0;
	stream_forget(&w->f->talks, &w->c->side[CLIENT]);
	stream_forget(&w->f->talks, &w->c->side[SERVER]);
	/* Nothing was learned. */
	if (w->c->named == NULL && w->c->stranger == NULL) {
		talks_forget(w->f, w->number);
		w->talk = NULL;
	}
}

static void begin_talk(struct work *w)
{
	struct talks *t = &w->f->talks;
	if (w->c->talk == 0) /* there are as many as flows */
		w->c->talk = slab_take(&t->talk);
	w->talk = talk_of(t, w->c);
	memset(w->talk, 0, offsetof(struct talk, state));
	w->talk->facts.cleartext = UNKNOWN_FLAG;
	w->talk->addr = w->b->key.addr;
	w->talk->port = w->b->key.port;
	w->talk->start_us = body_start(w->b);
	w->talk->sink = &t->sink;
	w->talk->room = t->room;
	w->talk->transport = (uint8_t)w->b->proto;
}

void work_name(struct work *w, const struct protocol *protocol)
{
	if (w->c->named == NULL) {
		w->c->named = protocol;
		begin_talk(w);
	}
	talk_begin(w->talk, protocol);
}

/* What a client says to a port is not what the port speaks, until it is answered so. */
static void note_spoken(struct work *w)
{
	const struct protocol *named = w->c->named;
	if (named->is_hidden)
		return;
	w->c->is_answered = 1;
	if (w->b->service != SERVICE_NONE) {
		struct port_sample *now =
			&services_at(w->f->services, w->b->service)->now;
		now->protocol = named->name;
		now->protocol_us = w->at_us;
	}
	evidence_recognised(w->f, w->number, named->name, w->at_us);
}

/* Takes what the reader need not be given off the front. */
void work_skip(struct work *w, unsigned side, struct bytes *data, size_t *beyond)
{
	uint64_t *left = &w->talk->skip[side];
	size_t here = *left < data->len ? (size_t)*left : data->len;
	bytes_take(data, here);
	*left -= here;
	size_t behind = *left < *beyond ? (size_t)*left : *beyond;
	*left -= behind;
	*beyond -= behind;
}

/* Keeps what a reader left for when more comes. */
static void keep_rest(struct work *w, unsigned side, const struct said *said)
{
	struct talks *t = &w->f->talks;
	struct stream *s = &w->c->side[side];
	struct bytes rest = said->data;
	size_t beyond = said->beyond;
	bool over = said->ends && work_is_stream(w);
	if (w->talk->skip_turn[side] || over) {
		w->talk->skip_turn[side] = false;
		w->talk->skip[side] = 0;
		s->is_dropping = work_is_stream(w);
		stream_forget(t, s);
		return;
	}
	if (w->talk->skip[side] > 0)
		work_skip(w, side, &rest, &beyond);
	if (w->talk->skip[side] > 0)
		s->far_len = 0;
	/* What lies behind in the buffer came early: it moves along. */
	size_t far = s->far_len > 0 ? (size_t)s->far_from + s->far_len : 0;
	if (!work_is_stream(w) || rest.len + far == 0) {
		stream_forget(t, s);
	} else if (s->len > 0) {
		memmove(stream_bytes(t, s), rest.at, rest.len + far);
		s->len = (uint16_t)rest.len;
	} else if (stream_keep(t, w->c, s, rest.at, rest.len) < rest.len) {
		s->is_dropping = 1;
		stream_forget(t, s);
	}
}

static void listen_anew(struct work *w)
{
	struct conversation *c = w->c;
	c->left = candidates_begin((uint8_t)w->b->proto);
	c->first = 2;
	for (unsigned side = 0; side < 2; side++) {
		stream_forget(&w->f->talks, &c->side[side]);
		c->side[side].first_over = 0;
		c->side[side].first_cut = 0;
	}
}

/* Lets the reader read.  data: all that is unread; fresh of them are new. */
void work_read(struct work *w, unsigned side, struct bytes data, size_t fresh,
	       size_t beyond, bool ends)
{
	struct conversation *c = w->c;
	struct stream *s = &c->side[side];
	struct said said = { .by = side,
			     .data = data,
			     .fresh = fresh,
			     .beyond = beyond,
			     .begins = s->may_begin && data.len == fresh,
			     .after_gap = s->has_gap,
			     .peer_lost = c->side[1 - side].is_lost,
			     .ends = ends || !work_is_stream(w),
			     .at_us = w->at_us };
	s->may_begin = 0;
	s->has_gap = 0;
	s->is_lost = 0;
	bool goes_on = talk_read(w->talk, &said);
	if (side == SERVER && !c->is_answered && w->talk->protocol != NULL)
		note_spoken(w);
	if (!goes_on) {
		work_stop(w);
		return;
	}
	if (w->talk->protocol != NULL) {
		keep_rest(w, side, &said);
		return;
	}
	/* A tunnel begins here. */
	uint8_t rest[OPENING_MAX];
	size_t len = said.data.len < sizeof(rest) ? said.data.len : sizeof(rest);
	if (len > 0)
		memcpy(rest, said.data.at, len);
	listen_anew(w);
	/* It was not what its client took it for. */
	if (!c->is_answered)
		c->named = NULL;
	if (len > 0)
		opening_add(w, side, bytes_of(rest, len), said.beyond);
}

/* ---- bytes in order ---- */

/* As many bytes as fit behind those kept are read with them; false: that was all. */
static bool take_piece(struct work *w, unsigned side, struct bytes *data, size_t beyond)
{
	struct talks *t = &w->f->talks;
	struct stream *s = &w->c->side[side];
	size_t had = s->len, fits = stream_keep(t, w->c, s, data->at, data->len);
	bytes_take(data, fits);
	bool is_last = data->len == 0;
	work_read(w, side, bytes_of(stream_bytes(t, s), s->len), fits,
		  is_last ? beyond : 0, is_last && beyond > 0);
	if (!w->b->listens || s->is_dropping)
		return false;
	/* Nothing was taken, and no more can be kept: it must do with what there is. */
	bool is_full = !is_last || s->len >= work_turn_max(t, w->c);
	if (work_is_read(w) && s->len == had + fits && is_full) {
		work_read(w, side, bytes_of(stream_bytes(t, s), s->len), 0,
			  data->len + beyond, true);
		return false;
	}
	return !is_last;
}

void work_take(struct work *w, unsigned side, struct bytes data, size_t beyond)
{
	struct stream *s = &w->c->side[side];
	while (work_is_read(w) && s->len > 0) {
		if (!take_piece(w, side, &data, beyond))
			return;
		work_skip(w, side, &data, &beyond);
		if (data.len + beyond == 0)
			return;
	}
	if (!work_is_read(w))
		opening_add(w, side, data, beyond);
	else
		work_read(w, side, data, data.len, beyond,
			  beyond > 0 && work_is_stream(w));
}

void talks_datagram(struct flows *f, uint32_t number, const struct packet *p,
		    unsigned side)
{
	if (p->payload.len == 0 ||
	    (p->flags & (PACKET_LATER_FRAGMENT | PACKET_UNHEARD)))
		return;
	struct work w = work_of(f, number, p->at_us);
	work_turn_to(&w, side);
	w.c->side[side].may_begin = 1;
	/* What later fragments bring is not put to it, so more is missing. */
	size_t beyond = p->payload_len - p->payload.len;
	beyond += (p->flags & PACKET_FRAGMENT) != 0;
	work_take(&w, side, p->payload, beyond);
}

/* ---- the end ---- */

void talks_begin(struct flows *f, struct body *b)
{
	b->listens = f->talks.max > 0 &&
		     (b->proto == IPPROTO_TCP || b->proto == IPPROTO_UDP ||
		      b->proto == IPPROTO_ICMP || b->proto == IPPROTO_ICMPV6);
}

void talks_settle(struct flows *f, uint32_t number)
{
	struct body *b = &f->table.bodies[number];
	if (!b->talks || conversation_of(&f->talks, b)->is_settled)
		return;
	struct work w = work_of(f, number, body_last(b));
	if (b->listens && !work_is_read(&w) && w.c->first != 2) {
		w.c->side[CLIENT].first_over = w.c->side[SERVER].first_over = 1;
		opening_decide(&w);
	}
	w.c->is_settled = 1;
	if (w.talk != NULL)
		talk_end(w.talk, w.at_us);
	work_stop(&w);
}

static void put_text(char *field, size_t size, const char *text)
{
	if (*text != '\0')
		record_text(field, size, text);
}

void talks_export(const struct flows *f, uint32_t number, struct flow_record *out)
{
	const struct conversation *c =
		conversation_of(&f->talks, &f->table.bodies[number]);
	if (c->named == NULL && c->stranger != NULL) {
		record_text(out->protocol, sizeof(out->protocol), c->stranger);
		out->protocol_by = "ndpi";
	}
	if (c->named == NULL)
		return;
	const struct talk *talk = talk_of(&f->talks, c);
	if (talk == NULL)
		return;
	const struct facts *facts = &talk->facts;
	if (!c->named->is_hidden) {
		record_text(out->protocol, sizeof(out->protocol), c->named->name);
		out->protocol_by = "content";
	}
	put_text(out->version, sizeof(out->version), facts->version);
	put_text(out->software, sizeof(out->software), facts->software);
	put_text(out->client_software, sizeof(out->client_software),
		 facts->client_software);
	put_text(out->name, sizeof(out->name), facts->name);
	put_text(out->cipher, sizeof(out->cipher), facts->cipher);
	put_text(out->login_user, sizeof(out->login_user), facts->user);
	out->cleartext = facts->cleartext;
	if (c->answers > 0) {
		out->answers = c->answers;
		out->answer_errors = c->errors;
	}
	if (facts->rtp_packets > 0) {
		out->rtp_packets = facts->rtp_packets;
		out->rtp_lost = facts->rtp_lost;
		out->jitter_us = facts->jitter_us;
	}
}
