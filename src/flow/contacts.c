/*
 * contacts.c: see contacts.h.
 */
#include "flow/contacts.h"

#include <netinet/in.h>
#include <string.h>

#include "base/pages.h"
#include "flow/heard.h"
#include "flow/sctp.h"
#include "flow/silence.h"
#include "flow/state.h"

enum {
	PATIENCE_US = 300000, /* a SYN; round the world is less */
	DATAGRAM_US = SILENCE_DATAGRAM_US,
	HANDSHAKE_US = 3000000, /* a SYN-ACK, and one sent again (RFC 6298 2.1) */
	ENDED_S = 900,          /* late segments of CGNAT and sleeping hosts */
	EPHEMERAL_MIN = 32768,  /* Linux; others begin higher */
	WAITS_MAX = 1 << 16,    /* of each kind */
	RECENT_PAIRS = 1 << 16, /* a MiB each */
	RUN = 16,               /* embryos that are judged together */
};

static const int64_t patience_us[WAITS] = {
	[WAIT_ANSWER] = PATIENCE_US,
	[WAIT_DATAGRAM] = DATAGRAM_US,
	[WAIT_ACK] = HANDSHAKE_US,
};

static size_t waits_bytes(void)
{
	return WAITS_MAX * sizeof(struct waiting);
}

static size_t embryos_bytes(const struct flows *f)
{
	return f->table.embryo_max * sizeof(struct knock);
}

static size_t bodies_bytes(const struct flows *f)
{
	return f->table.body_max * sizeof(struct knock);
}

bool contacts_init(struct contacts *c, const struct flows *f)
{
	c->is_wanted = flows_wants(f, RECORD_contact);
	if (!c->is_wanted)
		return true;
	c->embryos = pages_reserve(embryos_bytes(f));
	c->bodies = pages_reserve(bodies_bytes(f));
	bool ok = c->embryos != NULL && c->bodies != NULL;
	for (unsigned i = 0; i < WAITS; i++) {
		c->waits[i].at = pages_reserve(waits_bytes());
		ok = ok && c->waits[i].at != NULL;
	}
	return ok && recent_init(&c->ended, RECENT_PAIRS) &&
	       recent_init(&c->speakers, RECENT_PAIRS) &&
	       sieve_init(&c->sieve, &f->options.key);
}

void contacts_fini(struct contacts *c, const struct flows *f)
{
	pages_release(c->embryos, embryos_bytes(f));
	pages_release(c->bodies, bodies_bytes(f));
	for (unsigned i = 0; i < WAITS; i++)
		pages_release(c->waits[i].at, waits_bytes());
	recent_fini(&c->ended);
	recent_fini(&c->speakers);
	sieve_fini(&c->sieve);
}

uint64_t contacts_memory(const struct contacts *c, const struct flows *f)
{
	if (!c->is_wanted)
		return 0;
	return embryos_bytes(f) + bodies_bytes(f) + WAITS * waits_bytes() +
	       recent_memory(&c->ended) + recent_memory(&c->speakers) +
	       sieve_memory(&c->sieve);
}

/* ---- telling ---- */

/* One that the sieve lets through. */
struct contact {
	uint64_t source_hash;
	const struct flow_key *key;
	const struct knock *knock;
	uint8_t proto;
	uint16_t link;
	int64_t start_us, at_us;
	uint64_t payload_bytes;
};

static struct sieve_contact question(const struct contact *c,
				     enum contact_outcome outcome)
{
	bool is_ping = c->knock->technique == TECHNIQUE_ICMP;
	return (struct sieve_contact){
		.source_hash = c->source_hash,
		.source = &c->key->addr[CLIENT],
		.target = &c->key->addr[SERVER],
		.port = is_ping ? 0 : c->key->port[SERVER],
		.proto = c->proto,
		.outcome = (uint8_t)outcome,
		.is_served =
			outcome == CONTACT_HANDSHAKE || outcome == CONTACT_ANSWERED,
		.client_port = outcome == CONTACT_SLOW || outcome == CONTACT_STALLED
				       ? c->key->port[CLIENT]
				       : 0,
		.at_us = c->at_us,
	};
}

static void tell(struct flows *f, const struct contact *c, enum contact_outcome outcome)
{
	static const char *const words[CONTACT_OUTCOMES] = {
		[CONTACT_REFUSED] = "refused",     [CONTACT_SILENT] = "silent",
		[CONTACT_HALF_OPEN] = "half_open", [CONTACT_HANDSHAKE] = "handshake",
		[CONTACT_ANSWERED] = "answered",   [CONTACT_STRAY] = "stray",
		[CONTACT_SLOW] = "slow",           [CONTACT_STALLED] = "stalled",
		[CONTACT_UNUSED] = "unused",
	};
	struct sieve_contact asked = question(c, outcome);
	if (!sieve_take(&f->contacts.sieve, &asked))
		return;
	struct contact_record record;
	knock_fill(c->knock, c->key, c->proto, &record);
	export_iface(f, c->link, record.iface);
	record.start = c->start_us;
	record.at = c->at_us;
	record.outcome = words[outcome];
	record.payload_bytes = c->payload_bytes;
	if (f->contacts.sieve.ports > 0)
		record.ports = f->contacts.sieve.ports;
	f->sink.record(f->sink.self, RECORD_contact, &record);
}

static struct contact contact_of(const struct flows *f, uint32_t number, int64_t at_us)
{
	const struct body *b = &f->table.bodies[number];
	const struct addr *client = &b->key.addr[CLIENT];
	return (struct contact){
		.source_hash = sieve_source_hash(&f->contacts.sieve, client),
		.key = &b->key,
		.knock = &f->contacts.bodies[number],
		.proto = (uint8_t)b->proto,
		.link = b->link,
		.start_us = body_start(b),
		.at_us = at_us,
		.payload_bytes = b->proto == IPPROTO_TCP ? tcp_size(b, CLIENT)
							 : b->side[CLIENT].top,
	};
}

void contacts_tell(struct flows *f, uint32_t number, enum contact_outcome outcome,
		   int64_t at_us)
{
	struct contact c = contact_of(f, number, at_us);
	tell(f, &c, outcome);
}

/* The handshake will most likely be completed. */
static void expect_handshake(const struct flows *f, uint32_t number)
{
	struct contact c = contact_of(f, number, 0);
	struct sieve_contact asked = question(&c, CONTACT_HANDSHAKE);
	sieve_expect(&f->contacts.sieve, &asked);
}

struct due_embryo {
	uint64_t source_hash;
	uint32_t number;
};

static int64_t embryo_due(const struct embryo *e)
{
	return embryo_start(e) + PATIENCE_US;
}

static void tell_embryo(struct flows *f, uint32_t number, uint64_t source_hash)
{
	const struct embryo *e = &f->table.embryos[number];
	int64_t due_us = embryo_due(e);
	const struct contact c = {
		.source_hash = source_hash,
		.key = &e->key,
		.knock = &f->contacts.embryos[number],
		.proto = IPPROTO_TCP,
		.link = e->link,
		.start_us = embryo_start(e),
		.at_us = due_us < f->now_us ? due_us : f->now_us,
	};
	f->contacts.embryos[number].is_told = 1;
	tell(f, &c, CONTACT_SILENT);
}

/* ---- waiting ---- */

static struct waiting *waiting_at(struct waits *w, uint64_t index)
{
	return &w->at[index % WAITS_MAX];
}

/* There is room. */
static void queue(struct flows *f, uint32_t number, enum wait wait,
		  enum expects expects, int64_t since_us)
{
	struct waits *w = &f->contacts.waits[wait];
	*waiting_at(w, w->head++) = (struct waiting){
		.due_us = since_us + patience_us[wait],
		.number = number,
		.start = (uint32_t)f->table.bodies[number].start_us,
	};
	f->contacts.bodies[number].expects = expects & 3;
}

static bool has_room(const struct waits *w)
{
	return w->head - w->tail < WAITS_MAX / 2;
}

/* Its time is up, or it must go. */
static void judge(struct flows *f, uint32_t number, int64_t at_us)
{
	const struct body *b = &f->table.bodies[number];
	struct knock *k = &f->contacts.bodies[number];
	enum expects expected = (enum expects)k->expects;
	k->expects = EXPECTS_NOTHING;
	if (expected == EXPECTS_ANSWER && silence_is_doubtful(b, at_us) &&
	    has_room(&f->contacts.waits[WAIT_DATAGRAM])) {
		queue(f, number, WAIT_DATAGRAM, EXPECTS_ANSWER, at_us);
		return;
	}
	if (expected == EXPECTS_ANSWER && silence_is_meant(f, b, at_us))
		contacts_tell(f, number, CONTACT_SILENT, at_us);
	if (expected == EXPECTS_RESET && b->side[SERVER].packets == 0 &&
	    !heard_service(f, b, at_us))
		contacts_tell(f, number, CONTACT_STRAY, at_us);
	if (expected == EXPECTS_ACK && !b->handshaken && !k->is_told) {
		k->is_told = 1;
		contacts_tell(f, number, CONTACT_HALF_OPEN, at_us);
	}
}

/* The one at the tail, if it is still that flow and still waits. */
static void judge_waiting(struct flows *f, const struct waiting *w, int64_t at_us)
{
	const struct body *b = &f->table.bodies[w->number];
	if (f->contacts.bodies[w->number].expects == EXPECTS_NOTHING)
		return;
	if (b->live && (uint32_t)b->start_us == w->start)
		judge(f, w->number, at_us);
}

static void wait_for(struct flows *f, uint32_t number, enum wait wait,
		     enum expects expects, int64_t since_us)
{
	struct waits *w = &f->contacts.waits[wait];
	if (w->head - w->tail == WAITS_MAX) {
		const struct waiting *oldest = waiting_at(w, w->tail++);
		judge_waiting(f, oldest, since_us);
	}
	queue(f, number, wait, expects, since_us);
}

static void walk_waits(struct flows *f, struct waits *w, int64_t now_us)
{
	while (w->tail != w->head) {
		const struct waiting *oldest = waiting_at(w, w->tail);
		if (oldest->due_us > now_us)
			return;
		w->tail++;
		judge_waiting(f, oldest, oldest->due_us);
	}
}

/*
 * The next ones, as they were begun, whose time is up by until_us; at most RUN of them,
 * whose sources are on their way from memory together.  How many stand in `run`.
 */
static unsigned take_run(struct flows *f, int64_t until_us, struct due_embryo run[RUN])
{
	struct contacts *c = &f->contacts;
	struct table *t = &f->table;
	unsigned count = 0;
	if (c->cursor < t->embryo_tail)
		c->cursor = t->embryo_tail;
	for (; count < RUN && c->cursor != t->embryo_head; c->cursor++) {
		uint32_t number = (uint32_t)(c->cursor % t->embryo_max);
		const struct embryo *e = &t->embryos[number];
		if (e->packets == 0 || c->embryos[number].is_told)
			continue;
		if (embryo_due(e) > until_us)
			break;
		uint64_t hash = sieve_source_hash(&c->sieve, &e->key.addr[CLIENT]);
		sieve_prefetch(&c->sieve, hash);
		run[count++] = (struct due_embryo){ hash, number };
	}
	return count;
}

static void walk_embryos(struct flows *f, int64_t until_us)
{
	struct due_embryo run[RUN];
	unsigned count;
	do {
		count = take_run(f, until_us, run);
		for (unsigned i = 0; i < count; i++)
			tell_embryo(f, run[i].number, run[i].source_hash);
	} while (count == RUN && until_us != INT64_MAX);
}

void contacts_walk(struct flows *f, int64_t now_us)
{
	if (!f->contacts.is_wanted)
		return;
	walk_embryos(f, now_us);
	for (unsigned i = 0; i < WAITS; i++)
		walk_waits(f, &f->contacts.waits[i], now_us);
}

void contacts_shift(struct flows *f, int64_t by_us)
{
	for (unsigned i = 0; f->contacts.is_wanted && i < WAITS; i++) {
		struct waits *w = &f->contacts.waits[i];
		for (uint64_t k = w->tail; k != w->head; k++) {
			waiting_at(w, k)->due_us += by_us;
			waiting_at(w, k)->start += (uint32_t)by_us;
		}
	}
}

/* ---- half-open flows ---- */

void contacts_embryo(struct flows *f, uint32_t ref, const struct packet *p)
{
	if (f->contacts.is_wanted)
		f->contacts.embryos[ref & ~TABLE_EMBRYO] = knock_of(p);
}

void contacts_embryo_ends(struct flows *f, uint32_t ref)
{
	struct contacts *c = &f->contacts;
	uint32_t number = ref & ~TABLE_EMBRYO;
	if (!c->is_wanted || c->embryos[number].is_told)
		return;
	uint64_t hash = sieve_source_hash(&c->sieve,
					  &f->table.embryos[number].key.addr[CLIENT]);
	tell_embryo(f, number, hash);
	/* Under pressure the next ones must go soon as well: a run costs less. */
	if (f->table.embryo_used == f->table.embryo_max)
		walk_embryos(f, INT64_MAX);
}

/* What made it a body may be anything but an answer. */
void contacts_promote(struct flows *f, uint32_t ref, uint32_t number, bool is_answered)
{
	struct contacts *c = &f->contacts;
	if (!c->is_wanted)
		return;
	struct knock *k = &c->bodies[number];
	*k = c->embryos[ref & ~TABLE_EMBRYO];
	bool was_silent = k->is_told;
	k->is_told = 0;
	if (!was_silent && !is_answered)
		wait_for(f, number, WAIT_ANSWER, EXPECTS_ANSWER,
			 body_start(&f->table.bodies[number]));
}

/* ---- segments that begin nothing ---- */

/* Such as no connection has: told at once. */
static bool is_never_benign(enum technique technique, uint8_t flags)
{
	return technique != TECHNIQUE_SYN && !(flags & TCP_ACK);
}

/* As late ones of a connection may be, but without all that connections have. */
static bool may_be_stray(const struct packet *p, unsigned sender)
{
	return sender == CLIENT && tcp_is_bare(p) && p->dport < EPHEMERAL_MIN;
}

static void begin_stray(struct flows *f, uint32_t number, const struct packet *p,
			unsigned sender, uint64_t hash)
{
	struct knock *k = &f->contacts.bodies[number];
	if (recent_has(&f->contacts.ended, hash, p->at_us, ENDED_S))
		return;
	if (is_never_benign((enum technique)k->technique, p->tcp_flags)) {
		k->is_told = 1;
		contacts_tell(f, number, CONTACT_STRAY, p->at_us);
	} else if (may_be_stray(p, sender)) {
		wait_for(f, number, WAIT_ANSWER, EXPECTS_RESET, p->at_us);
	}
}

/* ---- flows with a body ---- */

void contacts_begin(struct flows *f, uint32_t number, const struct packet *p,
		    unsigned sender, uint64_t hash)
{
	if (!f->contacts.is_wanted)
		return;
	struct knock *k = &f->contacts.bodies[number];
	*k = knock_of(p);
	enum technique technique = (enum technique)k->technique;
	if (p->proto == IPPROTO_UDP)
		heard_datagram(f, &p->src, p->sport, p->at_us);
	if (technique == TECHNIQUE_NONE)
		return;
	if (p->proto == IPPROTO_TCP && technique != TECHNIQUE_SYN)
		begin_stray(f, number, p, sender, hash);
	else if (sender == CLIENT)
		wait_for(f, number,
			 p->proto == IPPROTO_TCP || p->proto == IPPROTO_SCTP
				 ? WAIT_ANSWER
				 : WAIT_DATAGRAM,
			 EXPECTS_ANSWER, p->at_us);
}

/* It began as a connection or a question should, and is not yet settled. */
static bool is_open_contact(const struct knock *k)
{
	return !k->is_told &&
	       (k->technique == TECHNIQUE_SYN || k->technique == TECHNIQUE_UDP ||
		k->technique == TECHNIQUE_ICMP || k->technique == TECHNIQUE_SCTP);
}

/*
 * What the server says to who asks for an association.  A cookie that is echoed proves
 * nothing before the server has taken it.
 */
static void association_goes_on(struct flows *f, uint32_t number,
				const struct packet *p)
{
	struct knock *k = &f->contacts.bodies[number];
	uint8_t chunk = sctp_chunk(p);
	if (chunk == SCTP_INIT_ACK) {
		wait_for(f, number, WAIT_ACK, EXPECTS_ACK, p->at_us);
		return;
	}
	if (chunk != SCTP_ABORT && chunk != SCTP_COOKIE_ACK)
		return;
	k->is_told = 1;
	k->expects = EXPECTS_NOTHING;
	contacts_tell(f, number,
		      chunk == SCTP_ABORT ? CONTACT_REFUSED : CONTACT_HANDSHAKE,
		      p->at_us);
}

void contacts_associates(struct flows *f, uint32_t number, const struct packet *p)
{
	const struct knock *k = &f->contacts.bodies[number];
	if (f->contacts.is_wanted && k->expects == EXPECTS_ACK &&
	    sctp_chunk(p) == SCTP_COOKIE_ACK)
		association_goes_on(f, number, p);
}

void contacts_server_speaks(struct flows *f, uint32_t number, const struct packet *p)
{
	struct contacts *c = &f->contacts;
	if (!c->is_wanted)
		return;
	struct body *b = &f->table.bodies[number];
	struct knock *k = &c->bodies[number];
	bool is_tcp = b->proto == IPPROTO_TCP,
	     reset = is_tcp && (p->tcp_flags & TCP_RST);
	contacts_walk(f, p->at_us);
	if (!reset)
		heard_server(f, b, p->at_us);
	if (k->expects == EXPECTS_RESET && reset && !heard_service(f, b, p->at_us))
		contacts_tell(f, number, CONTACT_STRAY, p->at_us);
	k->expects = EXPECTS_NOTHING;
	if (!is_open_contact(k))
		return;
	if (k->technique == TECHNIQUE_SCTP) {
		association_goes_on(f, number, p);
	} else if (is_tcp && (p->tcp_flags & TCP_SYN)) {
		wait_for(f, number, WAIT_ACK, EXPECTS_ACK, p->at_us);
		expect_handshake(f, number);
	} else if (!is_tcp && b->side[CLIENT].packets > 0) {
		k->is_told = 1;
		contacts_tell(f, number, CONTACT_ANSWERED, p->at_us);
	}
}

/* What has become of a connection's beginning by now, if that is clear. */
static enum contact_outcome outcome_of(const struct body *b)
{
	if (b->handshaken)
		return CONTACT_HANDSHAKE;
	if (b->rejected)
		return CONTACT_REFUSED;
	/* The server had answered, and the client wants no connection. */
	if (b->state0 == ENDPOINT_RESET && b->state1 == ENDPOINT_ESTABLISHED)
		return CONTACT_HALF_OPEN;
	return CONTACT_OUTCOMES;
}

/* Each segment from then on says so; the sieve lets the first one through. */
static bool is_unused(const struct body *b)
{
	return b->handshaken &&
	       (b->state0 == ENDPOINT_CLOSED || b->state0 == ENDPOINT_RESET) &&
	       tcp_size(b, CLIENT) == 0;
}

void contacts_segment(struct flows *f, uint32_t number, int64_t at_us)
{
	if (!f->contacts.is_wanted)
		return;
	const struct body *b = &f->table.bodies[number];
	struct knock *k = &f->contacts.bodies[number];
	if (k->technique != TECHNIQUE_SYN)
		return;
	enum contact_outcome outcome = k->is_told ? CONTACT_OUTCOMES : outcome_of(b);
	if (outcome != CONTACT_OUTCOMES) {
		k->is_told = 1;
		k->expects = EXPECTS_NOTHING;
		contacts_tell(f, number, outcome, at_us);
	}
	if (is_unused(b))
		contacts_tell(f, number, CONTACT_UNUSED, at_us);
}

void contacts_rejected(struct flows *f, uint32_t number, int64_t at_us)
{
	if (!f->contacts.is_wanted)
		return;
	struct knock *k = &f->contacts.bodies[number];
	if (!is_open_contact(k))
		return;
	k->is_told = 1;
	k->expects = EXPECTS_NOTHING;
	contacts_tell(f, number, CONTACT_REFUSED, at_us);
}

void contacts_will_end(const struct flows *f, uint64_t hash)
{
	if (f->contacts.is_wanted)
		recent_prefetch(&f->contacts.ended, hash);
}

void contacts_ends(struct flows *f, uint32_t number, uint64_t hash, bool cut_off)
{
	if (!f->contacts.is_wanted)
		return;
	const struct body *b = &f->table.bodies[number];
	const struct knock *k = &f->contacts.bodies[number];
	bool is_syn = k->technique == TECHNIQUE_SYN && k->expects == EXPECTS_ANSWER;
	if (k->expects != EXPECTS_NOTHING && (is_syn || !cut_off))
		judge(f, number, f->now_us);
	if (b->proto == IPPROTO_TCP && body_is_answered(b))
		recent_note(&f->contacts.ended, hash, f->now_us);
}
