/*
 * talks.c: turns out of packets; see talks.h.
 *
 * Until a protocol is recognised the first turn of each side is kept; when it is, they
 * are read, first things first, and whatever follows goes to the reader as it comes.
 * What is lost or overtaken costs a side the rest of its turn and no more.
 */
#include "flow/talks.h"

#include <netinet/in.h>
#include <sys/mman.h>

#include "flow/state.h"

/* ---- memory ---- */

static void *reserve(struct talks *t, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	t->memory_bytes += bytes;
	return at;
}

static bool slab_init(struct talks *t, struct slab *slab, uint32_t size, uint32_t max)
{
	slab->size = size;
	slab->max = max;
	slab->at = reserve(t, (size_t)size * max);
	slab->next = reserve(t, sizeof(slab->next[0]) * (max + 1));
	return slab->at != NULL && slab->next != NULL;
}

static void slab_fini(struct slab *slab)
{
	if (slab->at != NULL)
		munmap(slab->at, (size_t)slab->size * slab->max);
	if (slab->next != NULL)
		munmap(slab->next, sizeof(slab->next[0]) * (slab->max + 1));
}

/* A number from 1 on; 0 when all are in use. */
static uint32_t slab_take(struct slab *slab)
{
	uint32_t number = slab->free;
	if (number != 0)
		slab->free = slab->next[number];
	else if (slab->fresh < slab->max)
		number = ++slab->fresh;
	return number;
}

static void slab_give(struct slab *slab, uint32_t number)
{
	slab->next[number] = slab->free;
	slab->free = number;
}

static uint8_t *slab_at(const struct slab *slab, uint32_t number)
{
	return slab->at + (size_t)(number - 1) * slab->size;
}

bool talks_init(struct talks *t, struct flows *f, uint32_t max)
{
	t->max = max;
	if (max == 0)
		return true;
	t->at = reserve(t, max * sizeof(t->at[0]));
	t->room = talk_room_new();
	t->sink = evidence_sink(f);
	t->ndpi_second = INT64_MIN;
	return t->at != NULL && t->room != NULL &&
	       slab_init(t, &t->talk, sizeof(struct talk), max) &&
	       slab_init(t, &t->small, OPENING_MAX, TALKS_BUFFERS) &&
	       slab_init(t, &t->large, TURN_MAX, TALKS_LARGE);
}

void talks_fini(struct talks *t)
{
	if (t->at != NULL)
		munmap(t->at, t->max * sizeof(t->at[0]));
	slab_fini(&t->talk);
	slab_fini(&t->small);
	slab_fini(&t->large);
	talk_room_free(t->room);
}

/* ---- what is kept of a side ---- */

static struct slab *slab_of(struct talks *t, const struct stream *s)
{
	return s->is_large ? &t->large : &t->small;
}

static uint8_t *kept(struct talks *t, const struct stream *s)
{
	return slab_at(slab_of(t, s), s->buffer);
}

static void forget(struct talks *t, struct stream *s)
{
	if (s->buffer != 0)
		slab_give(slab_of(t, s), s->buffer);
	s->buffer = 0;
	s->is_large = 0;
	s->len = s->far_len = 0;
}

static size_t room_of(const struct stream *s)
{
	if (s->buffer == 0)
		return 0;
	return s->is_large ? TURN_MAX : OPENING_MAX;
}

/* Room for `need` bytes of at most `max`; how many there is room for. */
static size_t make_room(struct talks *t, struct stream *s, size_t need, size_t max)
{
	if (s->buffer == 0 && (s->buffer = slab_take(&t->small)) == 0) {
		t->unkept++;
		return 0;
	}
	size_t size = room_of(s);
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

/* NULL: not yet recognised. */
static struct talk *talk_of(const struct talks *t, const struct conversation *c)
{
	return c->talk != 0 ? (struct talk *)(void *)slab_at(&t->talk, c->talk) : NULL;
}

/* NULL: not yet recognised, or not what a tunnel carries. */
static const struct protocol *spoken(const struct talks *t,
				     const struct conversation *c)
{
	const struct talk *talk = talk_of(t, c);
	return talk != NULL ? talk->protocol : NULL;
}

static size_t turn_max(const struct talks *t, const struct conversation *c)
{
	const struct protocol *protocol = spoken(t, c);
	return protocol != NULL && protocol->turn_max != 0 ? protocol->turn_max
							   : OPENING_MAX;
}

/* Appends bytes that follow what is kept; how many fitted. */
static size_t keep(struct talks *t, const struct conversation *c, struct stream *s,
		   const uint8_t *at, size_t len)
{
	size_t room = make_room(t, s, s->len + len, turn_max(t, c));
	size_t fits = room > s->len ? room - s->len : 0;
	if (fits > len)
		fits = len;
	if (fits > 0)
		memcpy(kept(t, s) + s->len, at, fits);
	s->len = (uint16_t)(s->len + fits);
	return fits;
}

/* ---- the conversation at work ---- */

struct work {
	struct flows *f;
	struct body *b;
	struct conversation *c;
	struct talk *talk; /* NULL: not yet recognised */
	uint32_t number;
	int64_t at_us;
};

/* The flow may have moved since the reader last spoke. */
static void point(struct flows *f, struct body *b, struct talk *talk)
{
	talk->addr = b->key.addr;
	talk->port = b->key.port;
	talk->start_us = body_start(b);
	talk->sink = &f->talks.sink;
	talk->room = f->talks.room;
	talk->transport = (uint8_t)b->proto;
}

static struct work work_of(struct flows *f, uint32_t number, int64_t at_us)
{
	struct body *b = &f->table.bodies[number];
	struct conversation *c = &f->talks.at[number];
	if (!b->talks) {
		b->talks = 1;
		memset(c, 0, sizeof(*c));
		c->left = candidates_begin((uint8_t)b->proto);
		c->first = c->last = 2;
	}
	f->talks.current = number;
	struct talk *talk = talk_of(&f->talks, c);
	if (talk != NULL)
		point(f, b, talk);
	return (struct work){ f, b, c, talk, number, at_us };
}

void talks_forget(struct flows *f, uint32_t number)
{
	struct body *b = &f->table.bodies[number];
	struct conversation *c = &f->talks.at[number];
	if (b->talks && c->talk != 0)
		slab_give(&f->talks.talk, c->talk);
	b->talks = 0;
}

/* Nobody reads on; what was read stays until the flow ends. */
static void stop(struct work *w)
{
	w->b->listens = 0;
	forget(&w->f->talks, &w->c->side[CLIENT]);
	forget(&w->f->talks, &w->c->side[SERVER]);
	/* Nothing was learned. */
	if (w->c->named == NULL && *w->c->stranger == '\0') {
		talks_forget(w->f, w->number);
		w->talk = NULL;
	}
}

static void name(struct work *w, const struct protocol *protocol)
{
	struct talks *t = &w->f->talks;
	if (w->c->named == NULL) {
		w->c->named = protocol;
		if (w->c->talk == 0) /* there are as many as flows */
			w->c->talk = slab_take(&t->talk);
		w->talk = talk_of(t, w->c);
		memset(w->talk, 0, offsetof(struct talk, state));
		w->talk->facts.cleartext = UNKNOWN_FLAG;
		point(w->f, w->b, w->talk);
	}
	talk_begin(w->talk, protocol);
}

/* What a client says to a port is not what the port speaks, until it is answered so. */
static void note_spoken(struct work *w)
{
	const struct protocol *named = w->c->named;
	if (w->c->is_answered || named->is_hidden)
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

static bool is_read(const struct work *w)
{
	return w->talk != NULL && w->talk->protocol != NULL;
}

static bool is_stream(const struct work *w)
{
	return w->b->proto == IPPROTO_TCP;
}

/* Takes what the reader need not be given off the front. */
static void skip(struct work *w, unsigned side, struct bytes *data, size_t *beyond)
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
	bool over = said->ends && is_stream(w);
	if (w->talk->skip_turn[side] || over) {
		w->talk->skip_turn[side] = false;
		w->talk->skip[side] = 0;
		s->is_dropping = is_stream(w);
		forget(t, s);
		return;
	}
	skip(w, side, &rest, &beyond);
	if (w->talk->skip[side] > 0)
		s->far_len = 0;
	/* What lies behind in the buffer came early: it moves along. */
	size_t far = s->far_len > 0 ? (size_t)s->far_from + s->far_len : 0;
	if (!is_stream(w) || rest.len + far == 0) {
		forget(t, s);
	} else if (s->len > 0) {
		memmove(kept(t, s), rest.at, rest.len + far);
		s->len = (uint16_t)rest.len;
	} else if (keep(t, w->c, s, rest.at, rest.len) < rest.len) {
		s->is_dropping = 1;
		forget(t, s);
	}
}

static void listen_anew(struct work *w)
{
	struct conversation *c = w->c;
	c->left = candidates_begin((uint8_t)w->b->proto);
	c->first = 2;
	for (unsigned side = 0; side < 2; side++) {
		forget(&w->f->talks, &c->side[side]);
		c->side[side].first_over = 0;
		c->side[side].first_cut = 0;
	}
}

static void opening_add(struct work *w, unsigned side, struct bytes data,
			size_t beyond);

/* Lets the reader read.  data: all that is unread; fresh of them are new. */
static void read_on(struct work *w, unsigned side, struct bytes data, size_t fresh,
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
			     .ends = ends || !is_stream(w),
			     .at_us = w->at_us };
	s->may_begin = 0;
	s->has_gap = 0;
	s->is_lost = 0;
	bool goes_on = talk_read(w->talk, &said);
	if (side == SERVER && w->talk->protocol != NULL)
		note_spoken(w);
	if (!goes_on) {
		stop(w);
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

/* ---- recognising ---- */

static struct opening opening_of(struct work *w)
{
	struct conversation *c = w->c;
	struct opening opening = { .first = c->first,
				   .transport = (uint8_t)w->b->proto,
				   .port = { w->b->key.port[0], w->b->key.port[1] },
				   .addr = w->b->key.addr };
	for (unsigned side = 0; side < 2; side++) {
		struct stream *s = &c->side[side];
		if (s->len > 0)
			opening.said[side] = bytes_of(kept(&w->f->talks, s), s->len);
		opening.ended[side] = s->first_over;
	}
	return opening;
}

/*
 * A service that nDPI did not know several times in a row is asked about again now and
 * then only: it is ten times as dear as all else that is done for a connection.
 */
static bool is_worth_asking(struct work *w)
{
	enum { OFTEN = 3, SELDOM = 256 };
	if (w->b->service == SERVICE_NONE || w->b->service == SERVICE_OTHER)
		return true;
	struct service *service = services_at(w->f->services, w->b->service);
	uint16_t before = service->strange++;
	return before < OFTEN || before % SELDOM == 0;
}

/* One octet again and again, as load generators send it, is nobody's protocol. */
static bool is_blank(const struct opening *opening)
{
	for (unsigned side = 0; side < 2; side++) {
		struct bytes said = opening->said[side];
		if (said.len > 1 && memcmp(said.at, said.at + 1, said.len - 1) != 0)
			return false;
	}
	return true;
}

/* A flood of strangers must not cost more than their naming is worth. */
static void refill(struct talks *t, int64_t second)
{
	if (second <= t->ndpi_second)
		return;
	int64_t more = t->ndpi_second == INT64_MIN
			       ? NDPI_AT_ONCE
			       : (second - t->ndpi_second) * NDPI_PER_SECOND;
	t->ndpi_second = second;
	t->ndpi_left = more + t->ndpi_left < NDPI_AT_ONCE
			       ? t->ndpi_left + (uint32_t)more
			       : NDPI_AT_ONCE;
}

/* None of ours knows it. */
static void ask_ndpi(struct work *w)
{
	struct talks *t = &w->f->talks;
	struct opening opening = opening_of(w);
	refill(t, w->at_us / SECOND_US);
	if (w->c->named != NULL || t->ndpi_left == 0 || is_blank(&opening) ||
	    !is_worth_asking(w))
		return;
	t->ndpi_left--;
	bool known = ndpi_name_opening(t->room, &opening, w->at_us, w->c->stranger);
	/* What only a client said is not what the port speaks. */
	if (known && opening.said[SERVER].len > 0)
		evidence_recognised(w->f, w->number, w->c->stranger, w->at_us);
	if (known && w->b->service != SERVICE_NONE)
		services_at(w->f->services, w->b->service)->strange = 0;
}

/* Reads the kept first turns, in the order in which they were said. */
static void read_opening(struct work *w)
{
	struct conversation *c = w->c;
	for (unsigned turn = 0; turn < 2 && w->b->listens; turn++) {
		unsigned side = c->first ^ turn;
		struct stream *s = &c->side[side];
		if (s->len == 0 || !is_read(w))
			continue;
		s->may_begin = 1;
		read_on(w, side, bytes_of(kept(&w->f->talks, s), s->len), s->len, 0,
			s->first_cut);
	}
}

/* True if the conversation is recognised, or given up. */
static bool decide(struct work *w)
{
	struct conversation *c = w->c;
	struct opening opening = opening_of(w);
	const struct protocol *is = candidates_ask(&c->left, &opening);
	if (is != NULL) {
		name(w, is);
		read_opening(w);
		return true;
	}
	bool both = opening.ended[CLIENT] && opening.ended[SERVER];
	if (c->left != 0 && !both)
		return false;
	/* nDPI may know it by both turns, where one rules ours out. */
	if (!both && !(opening.said[CLIENT].len > 0 && opening.said[SERVER].len > 0))
		return false;
	ask_ndpi(w);
	stop(w);
	return true;
}

/* Bytes of a conversation that is not yet recognised. */
static void opening_add(struct work *w, unsigned side, struct bytes data, size_t beyond)
{
	struct conversation *c = w->c;
	struct stream *s = &c->side[side];
	struct stream *other = &c->side[1 - side];
	if (c->first == 2)
		c->first = (uint8_t)side;
	if (s->len == 0 && other->len == 0 && !s->first_over) {
		/* Nearly all are known by their first words: these need no copy. */
		struct opening opening = opening_of(w);
		opening.said[side] = data;
		const struct protocol *is = candidates_ask(&c->left, &opening);
		if (is != NULL) {
			name(w, is);
			s->may_begin = 1;
			read_on(w, side, data, data.len, beyond, beyond > 0);
			return;
		}
	}
	if (other->len > 0 && !other->first_over)
		other->first_over = 1;
	if (s->first_over) {
		/* A third turn: the first two decide, and this one follows. */
		if (!other->first_over && other->len == 0 &&
		    ++c->unanswered < UNANSWERED_MAX)
			return;
		other->first_over = 1;
		if (decide(w) && w->b->listens && is_read(w)) {
			s->is_dropping = 0;
			s->has_gap = s->first_cut;
			s->may_begin = 1;
			read_on(w, side, data, data.len, beyond, beyond > 0);
		}
		return;
	}
	size_t fits = keep(&w->f->talks, c, s, data.at, data.len);
	if (fits < data.len || beyond > 0 || !is_stream(w)) {
		s->first_over = 1;
		s->first_cut = is_stream(w);
		s->is_dropping = is_stream(w);
	}
	decide(w);
}

/* ---- bytes in order ---- */

/* As many bytes as fit behind those kept are read with them; false: that was all. */
static bool take_piece(struct work *w, unsigned side, struct bytes *data, size_t beyond)
{
	struct talks *t = &w->f->talks;
	struct stream *s = &w->c->side[side];
	size_t had = s->len, fits = keep(t, w->c, s, data->at, data->len);
	bytes_take(data, fits);
	bool is_last = data->len == 0;
	read_on(w, side, bytes_of(kept(t, s), s->len), fits, is_last ? beyond : 0,
		is_last && beyond > 0);
	if (!w->b->listens || s->is_dropping)
		return false;
	/* Nothing was taken, and no more can be kept: it must do with what there is. */
	bool is_full = !is_last || s->len >= turn_max(t, w->c);
	if (is_read(w) && s->len == had + fits && is_full) {
		read_on(w, side, bytes_of(kept(t, s), s->len), 0, data->len + beyond,
			true);
		return false;
	}
	return !is_last;
}

static void take_bytes(struct work *w, unsigned side, struct bytes data, size_t beyond)
{
	struct stream *s = &w->c->side[side];
	while (is_read(w) && s->len > 0) {
		if (!take_piece(w, side, &data, beyond))
			return;
		skip(w, side, &data, &beyond);
		if (data.len + beyond == 0)
			return;
	}
	if (!is_read(w))
		opening_add(w, side, data, beyond);
	else
		read_on(w, side, data, data.len, beyond, beyond > 0 && is_stream(w));
}

/* The other side speaks: what this one says next is a new turn. */
static void turn_to(struct work *w, unsigned side)
{
	struct conversation *c = w->c;
	struct stream *s = &c->side[side];
	if (c->last == side)
		return;
	c->last = (uint8_t)side;
	s->may_begin = s->len == 0;
	if (s->is_dropping) {
		s->is_dropping = 0;
		s->has_gap = 1;
		s->may_begin = 1;
	}
}

void talks_datagram(struct flows *f, uint32_t number, const struct packet *p,
		    unsigned side)
{
	if (p->payload.len == 0 ||
	    (p->flags & (PACKET_LATER_FRAGMENT | PACKET_UNHEARD)))
		return;
	struct work w = work_of(f, number, p->at_us);
	turn_to(&w, side);
	w.c->side[side].may_begin = 1;
	/* What later fragments bring is not put to it, so more is missing. */
	size_t beyond = p->payload_len - p->payload.len;
	beyond += (p->flags & PACKET_FRAGMENT) != 0;
	take_bytes(&w, side, p->payload, beyond);
}

/* ---- TCP: bytes into order ---- */

/* A cheap sum to know a segment by when it comes again. */
static uint32_t sum_of(struct bytes data)
{
	uint64_t sum = data.len;
	size_t i = 0;
	for (; i + 8 <= data.len; i += 8) {
		uint64_t word;
		memcpy(&word, data.at + i, 8);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15;
	}
	for (; i < data.len; i++)
		sum = (sum ^ data.at[i]) * 0x9e3779b97f4a7c15;
	return (uint32_t)(sum >> 32);
}

static void note_segment(struct stream *s, const struct packet *p, uint32_t seq)
{
	unsigned at = s->next_segment++ % TALKS_SEGMENTS;
	s->segment[at].seq = seq;
	s->segment[at].len = p->payload_len;
	s->segment[at].sum = sum_of(p->payload);
}

/* RFC 9293 3.10.7.4: who gets two versions of the same bytes keeps one; which? */
static void check_again(struct work *w, const struct stream *s, const struct packet *p,
			uint32_t seq)
{
	for (unsigned i = 0; i < TALKS_SEGMENTS; i++)
		if (s->segment[i].seq == seq && s->segment[i].len == p->payload_len &&
		    s->segment[i].sum != sum_of(p->payload))
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
	if ((s->far_len > 0 && !extends) || make_room(t, s, end, TURN_MAX) < end)
		return false;
	memcpy(kept(t, s) + s->len + ahead, p->payload.at, len);
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
	if (!is_read(w)) {
		s->far_len = 0;
		s->first_over = s->len > 0;
		s->first_cut = 1;
	} else if (s->len > 0) {
		s->far_len = 0;
		read_on(w, side, bytes_of(kept(t, s), s->len), 0, 0, true);
	} else {
		forget(t, s);
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
	uint8_t *at = kept(t, s);
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
	if (!is_read(w)) {
		if (w->c->first == 2)
			w->c->first = (uint8_t)side;
		if (w->c->side[1 - side].len > 0)
			w->c->side[1 - side].first_over = 1;
		decide(w);
	} else {
		read_on(w, side, bytes_of(at, s->len), len, 0,
			s->len >= turn_max(&w->f->talks, w->c));
	}
}

/* What this side said and the peer has acknowledged, though we never saw it. */
static void note_lost(struct work *w, unsigned side, uint32_t ack)
{
	struct stream *s = &w->c->side[side];
	int32_t lost = (int32_t)(ack - s->next);
	if (!s->has_begun || lost <= 0)
		return;
	s->next = ack;
	if (w->talk != NULL && w->talk->skip[side] >= (uint64_t)lost) {
		w->talk->skip[side] -= (uint64_t)lost;
		return;
	}
	if (w->talk != NULL)
		w->talk->skip[side] = 0;
	give_up_turn(w, side);
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
	skip(w, side, data, beyond);
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
	int32_t ahead = (int32_t)(seq - s->next);
	if (ahead < 0) {
		size_t old = (size_t) - (int64_t)ahead;
		check_again(&w, s, p, seq);
		if (old >= data.len)
			return;
		bytes_take(&data, old);
		ahead = 0;
	}
	if (p->tcp_flags & TCP_ACK)
		note_lost(&w, 1 - side, p->ack);
	note_segment(s, p, seq);
	turn_to(&w, side);
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
	if (s->far_len > 0 && beyond == 0 && s->len + data.len <= room_of(s)) {
		take_early(&w, s, side, data);
		return;
	}
	s->far_len = 0;
	take_bytes(&w, side, data, beyond);
}

/* ---- the end ---- */

bool talks_times_answers(const struct flows *f, uint32_t number)
{
	const struct protocol *protocol = spoken(&f->talks, &f->talks.at[number]);
	return f->table.bodies[number].talks && protocol != NULL &&
	       protocol->times_answers;
}

void talks_begin(struct flows *f, struct body *b)
{
	b->listens = f->talks.max > 0 &&
		     (b->proto == IPPROTO_TCP || b->proto == IPPROTO_UDP ||
		      b->proto == IPPROTO_ICMP || b->proto == IPPROTO_ICMPV6);
}

void talks_settle(struct flows *f, uint32_t number)
{
	struct body *b = &f->table.bodies[number];
	if (!b->talks || f->talks.at[number].is_settled)
		return;
	struct work w = work_of(f, number, body_last(b));
	if (b->listens && !is_read(&w) && w.c->first != 2) {
		w.c->side[CLIENT].first_over = w.c->side[SERVER].first_over = 1;
		decide(&w);
	}
	w.c->is_settled = 1;
	if (w.talk != NULL)
		talk_end(w.talk, w.at_us);
	stop(&w);
}

static void put_text(char *field, size_t size, const char *text)
{
	if (*text != '\0')
		record_text(field, size, text);
}

void talks_export(const struct flows *f, uint32_t number, struct flow_record *out)
{
	const struct conversation *c = &f->talks.at[number];
	if (c->named == NULL && *c->stranger != '\0') {
		record_text(out->protocol, sizeof(out->protocol), c->stranger);
		out->protocol_by = "ndpi";
	}
	if (c->named == NULL)
		return;
	const struct facts *facts = &talk_of(&f->talks, c)->facts;
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
