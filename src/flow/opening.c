/*
 * opening.c: the first turns of a conversation: whose protocol is it?
 *
 * Most are known by their first words, which need no copy.  Else both sides' first
 * turns are kept until somebody knows them, and nDPI is asked about those that nobody
 * does.
 */
#include "flow/state.h"
#include "flow/work.h"

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
			opening.said[side] =
				bytes_of(stream_bytes(&w->f->talks, s), s->len);
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
	w->c->stranger = ndpi_name_opening(t->room, &opening, w->at_us);
	bool known = w->c->stranger != NULL;
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
		if (s->len == 0 || !work_is_read(w))
			continue;
		s->may_begin = 1;
		work_read(w, side, bytes_of(stream_bytes(&w->f->talks, s), s->len),
			  s->len, 0, s->first_cut);
	}
}

/* True if the conversation is recognised, or given up. */
bool opening_decide(struct work *w)
{
	struct conversation *c = w->c;
	struct opening opening = opening_of(w);
	const struct protocol *is = candidates_ask(&c->left, &opening);
	if (is != NULL) {
		work_name(w, is);
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
	work_stop(w);
	return true;
}

/* Bytes of a conversation that is not yet recognised. */
void opening_add(struct work *w, unsigned side, struct bytes data, size_t beyond)
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
			work_name(w, is);
			s->may_begin = 1;
			work_read(w, side, data, data.len, beyond, beyond > 0);
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
		if (opening_decide(w) && w->b->listens && work_is_read(w)) {
			s->is_dropping = 0;
			s->has_gap = s->first_cut;
			s->may_begin = 1;
			work_read(w, side, data, data.len, beyond, beyond > 0);
		}
		return;
	}
	size_t fits = stream_keep(&w->f->talks, c, s, data.at, data.len);
	if (fits < data.len || beyond > 0 || !work_is_stream(w)) {
		s->first_over = 1;
		s->first_cut = work_is_stream(w);
		s->is_dropping = work_is_stream(w);
	}
	opening_decide(w);
}
