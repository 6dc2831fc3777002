/*
 * dialogue.c: the protocol's words; what both sides say is given to its reader, too.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "probe/asked.h"

/* ---- the reader ---- */

/* What the reader does not want to see of that side. */
static void pass_over(struct dialogue *d, unsigned by)
{
	struct buf *untold = &d->untold[by];
	uint64_t skip = d->talk.skip[by];
	size_t passed = skip < untold->len ? (size_t)skip : untold->len;
	if (d->talk.skip_turn[by])
		passed = untold->len;
	else
		d->talk.skip[by] -= passed;
	memmove(untold->at, untold->at + passed, untold->len - passed);
	untold->len -= passed;
}

static void read_side(struct asked *a, unsigned by, const uint8_t *at, size_t len)
{
	struct dialogue *d = a->dialogue;
	struct buf *untold = &d->untold[by];
	if (d->reader_is_done || len == 0)
		return;
	d->talk.skip_turn[1 - by] = false;
	bool begins = untold->len == 0 && d->spoke_last != by;
	d->spoke_last = by;
	buf_add(untold, at, len);
	if (d->talk.protocol == NULL) /* for whose reader it turns out to be */
		return;
	pass_over(d, by);
	if (!buf_ok(untold) || untold->len > TURN_MAX) {
		d->reader_is_done = true;
		return;
	}
	if (untold->len == 0)
		return;
	struct said said = { .by = by,
			     .data = bytes_of(untold->at, untold->len),
			     .fresh = len < untold->len ? len : untold->len,
			     .begins = begins,
			     .ends = a->transport == IPPROTO_UDP,
			     .at_us = clock_us(CLOCK_REALTIME) };
	d->reader_is_done = !talk_read(&d->talk, &said);
	memmove(untold->at, said.data.at, said.data.len);
	untold->len = a->transport == IPPROTO_UDP ? 0 : said.data.len;
	pass_over(d, by);
}

static void begin_reader(struct asked *a)
{
	struct dialogue *d = a->dialogue;
	d->talk.room = a->prober->room;
	d->ends[CLIENT] = d->question.local;
	d->ends[SERVER] = d->question.remote;
	d->ports[CLIENT] = d->question.local_port;
	d->ports[SERVER] = d->question.port;
	d->talk.addr = d->ends;
	d->talk.port = d->ports;
	d->spoke_last = 2;
	d->talk.start_us = a->begin_us + a->offset_us;
	d->talk.transport = a->transport;
	d->reader_is_done =
		a->target->protocol == NULL && a->target->question.guess == NULL;
	if (a->target->protocol != NULL)
		talk_begin(&d->talk, a->target->protocol);
}

/* What is spoken was found out: its reader gets what the server has said so far. */
static void begin_found(struct asked *a)
{
	struct dialogue *d = a->dialogue;
	struct buf greeting = d->untold[SERVER];
	d->untold[SERVER] = (struct buf){ 0 };
	d->spoke_last = 2;
	talk_begin(&d->talk, d->ask.found);
	read_side(a, SERVER, (const uint8_t *)greeting.at, greeting.len);
	buf_free(&greeting);
}

/* ---- the dialogue ---- */

static void step(struct asked *a)
{
	struct dialogue *d = a->dialogue;
	struct bytes said = bytes_of(d->unread.at, d->unread.len);
	const struct asking *asking = a->target->asking;
	if (!d->ask.is_judged && d->ask.is_doubtful)
		asking->doubtful_step(&d->ask, &said);
	else if (!d->ask.is_judged)
		asking->step(&d->ask, &said);
	if (d->ask.found != NULL && d->talk.protocol == NULL)
		begin_found(a);
	if (a->transport == IPPROTO_UDP) {
		buf_clear(&d->unread);
		return;
	}
	if (said.len > 0)
		memmove(d->unread.at, said.at, said.len);
	d->unread.len = said.len;
	if (d->unread.len > ASK_UNREAD_MAX)
		ask_unwell(&d->ask, REASON_wrong_protocol, ASK_CLOSE,
			   "what it says has no end");
}

bool dialogue_begin(struct asked *a, bool is_doubtful)
{
	struct dialogue *d = calloc(1, sizeof(*d));
	if (d == NULL) {
		asked_judge(a, REASON_no_descriptors, "no memory");
		return false;
	}
	a->dialogue = d;
	d->question = a->target->question;
	d->question.remote = a->addr;
	d->question.transport = a->transport;
	d->question.at_us = a->begin_us + a->offset_us;
	if (!asked_own_end(a->fd, &d->question.local, &d->question.local_port))
		d->question.local = addr_unset();
	if (getrandom(d->question.nonce, sizeof(d->question.nonce), GRND_NONBLOCK) < 0)
		memcpy(d->question.nonce, &a->begin_us, sizeof(a->begin_us));
	d->ask.question = &d->question;
	d->ask.in_tls = a->tls != NULL;
	d->ask.is_doubtful = is_doubtful;
	begin_reader(a);
	step(a);
	return true;
}

void dialogue_take(struct asked *a, const uint8_t *at, size_t len)
{
	struct dialogue *d = a->dialogue;
	if (at == NULL)
		d->ask.ended = true;
	else if (a->target->onlooker != NULL)
		a->target->onlooker->heard(a->target->onlooker_self, bytes_of(at, len));
	flight_said(a, BY_SERVER, bytes_of(at, len));
	buf_add(&d->unread, at, len);
	read_side(a, SERVER, at, len);
	d->ask.next = ASK_LISTEN;
	step(a);
}

void dialogue_quiet(struct asked *a)
{
	struct ask *ask = &a->dialogue->ask;
	ask->is_quiet = true;
	ask->next = ASK_LISTEN;
	step(a);
	ask->is_quiet = false;
}

bool dialogue_bears_doubt(const struct asked *a)
{
	const struct asking *asking = a->target->asking;
	bool is_judged = a->dialogue != NULL && a->dialogue->ask.is_judged;
	return !is_judged && asking != NULL && asking->doubtful_step != NULL;
}

void dialogue_in_tls(struct asked *a, bool is_doubtful)
{
	struct dialogue *d = a->dialogue;
	d->ask.is_doubtful = is_doubtful;
	/* Said before TLS, read as if said in it: an attacker's (CVE-2011-0411). */
	buf_clear(&d->unread);
	d->ask.in_tls = true;
	d->ask.next = d->ask.is_judged ? ASK_CLOSE : ASK_LISTEN;
	step(a);
}

struct bytes dialogue_out(struct asked *a)
{
	return bytes_of(a->dialogue->ask.out, a->dialogue->ask.out_len);
}

const char *dialogue_expects(const struct asked *a)
{
	return a->dialogue != NULL ? a->dialogue->ask.expects : "";
}

void dialogue_sent(struct asked *a)
{
	struct ask *ask = &a->dialogue->ask;
	flight_said(a, BY_CLIENT, bytes_of(ask->out, ask->out_len));
	read_side(a, CLIENT, ask->out, ask->out_len);
	/* A password may have been in it. */
	explicit_bzero(ask->out, ask->out_len);
	ask->out_len = 0;
}

/* What the reader made of it. */
static void take_facts(struct asked *a)
{
	const struct facts *facts = &a->dialogue->talk.facts;
	struct probe_record *r = &a->record;
	record_text(r->software, sizeof(r->software), facts->software);
	record_text(r->version, sizeof(r->version), facts->version);
	if (r->cipher[0] == '\0')
		record_text(r->cipher, sizeof(r->cipher), facts->cipher);
}

void dialogue_free(struct asked *a)
{
	struct dialogue *d = a->dialogue;
	if (d == NULL)
		return;
	buf_free(&d->unread);
	buf_free(&d->untold[CLIENT]);
	buf_free(&d->untold[SERVER]);
	free(d);
	a->dialogue = NULL;
}

void dialogue_end(struct asked *a)
{
	if (a->dialogue == NULL)
		return;
	if (!a->dialogue->reader_is_done && a->dialogue->talk.protocol != NULL)
		talk_end(&a->dialogue->talk, clock_us(CLOCK_REALTIME));
	take_facts(a);
}
