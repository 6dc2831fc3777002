/*
 * proving.c: see proving.h.
 */
#include "cli/proving.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "detect/detect.h"
#include "respond/respond.h"

#define SECOND_US 1000000LL

enum {
	/* Soon after the start, so that it is known whether blocking works at all. */
	FIRST_WITHIN_S = 60,
	ROUND_US = (SELF_TEST_MS + 3000) * 1000,
	/* Ports are counted by the second, and told after it. */
	COUNTED_US = 3 * SECOND_US,
	BLOCK_S = 60, /* if nobody ends it */
	DRAWS_MAX = 8,
	V4_BITS_BEFORE = 96,
};

/* ---- the process ---- */

/* 0: never, not by hand either, and nobody has the rights that it takes. */
static bool may_be(const struct config *config)
{
	return config->block_self_test > 0;
}

/* By itself. */
static bool is_scheduled(const struct config *config)
{
	return may_be(config) && strcmp(config->block_mode, "on") == 0;
}

void proving_fork(struct proving *p, const struct config *config)
{
	p->config = config;
	p->wants_xdp = config->block_xdp.count > 0;
	if (!may_be(config))
		return;
	const struct guard_task task = self_test_task(config->user);
	p->process = guard_fork(&task);
	if (p->process == NULL)
		snprintf(p->why_not, sizeof(p->why_not), "could not start: %s",
			 strerror(errno));
}

static uint64_t random_number(void)
{
	return hash_key_random().k0;
}

static int64_t interval_us(const struct proving *p)
{
	return (int64_t)p->config->block_self_test * SECOND_US;
}

void proving_open(struct proving *p, const struct proving_sink *sink,
		  const struct home *own)
{
	int64_t within_us = FIRST_WITHIN_S * SECOND_US;
	p->sink = *sink;
	p->own = own;
	if (interval_us(p) < within_us)
		within_us = interval_us(p);
	record_init(RECORD_self_test, &p->last);
	p->begun_us = p->period_us = clock_us(CLOCK_MONOTONIC);
	if (within_us > 0)
		p->next_us =
			p->period_us + (int64_t)(random_number() % (uint64_t)within_us);
}

static void free_judges(struct proving *p)
{
	respond_free(p->respond);
	detect_free(p->detect);
	p->respond = NULL;
	p->detect = NULL;
}

void proving_close(struct proving *p)
{
	free_judges(p);
	guard_close(p->process);
	p->process = NULL;
}

bool proving_is_pid(const struct proving *p, uint32_t pid)
{
	return p->process != NULL && guard_is_pid(p->process, (pid_t)pid);
}

bool proving_describe(struct proving *p, char text[static GUARD_TEXT_MAX])
{
	if (p->process != NULL)
		return guard_describe(p->process, text);
	memcpy(text, p->why_not, sizeof(p->why_not));
	return false;
}

int proving_fd(const struct proving *p)
{
	return p->process != NULL ? guard_fd(p->process) : -1;
}

/* ---- what is found, and answered ---- */

static struct proven_round *round_of(struct proving *p)
{
	return p->round < PROVEN_ROUNDS ? &p->rounds[p->round] : NULL;
}

/* Not of a test before it, whose finding ends. */
static bool is_of_round(const struct proving *p, const struct finding_record *finding)
{
	struct addr source = addr_source(&finding->client_ip);
	struct addr theirs = addr_source(&p->order.theirs);
	return addr_equal(&source, &theirs) && strcmp(finding->state, "closed") != 0;
}

/* The first one that is answered is the one that counts. */
static void take_finding(void *self, const struct finding_record *finding)
{
	struct proving *p = self;
	struct proven_round *round = round_of(p);
	if (round == NULL || round->is_ordered || !is_of_round(p, finding))
		return;
	round->decided_us = finding->last;
	round->detect_us = finding->latency_us;
	respond_finding(p->respond, finding);
}

static int64_t tell_time(void *self)
{
	(void)self;
	return clock_us(CLOCK_REALTIME);
}

static void take_block(void *self, const struct block_record *block)
{
	struct proving *p = self;
	struct proven_round *round = round_of(p);
	if (round != NULL && block->vetoed_by[0] != '\0')
		round->vetoed_by = record_word(block->vetoed_by);
}

static void take_order(void *self, const struct respond_order *order)
{
	struct proving *p = self;
	struct proven_round *round = round_of(p);
	const struct block_record *block = order->block;
	bool is_v4 = addr_is_v4(&block->address);
	if (round == NULL || round->is_ordered || order->kind != RESPOND_ADD)
		return;
	p->asked = (struct wall_order){
		.id = order->id,
		.address = block->address,
		.left_s = BLOCK_S,
		.prefix_len =
			(uint8_t)(block->prefix_len + (is_v4 ? V4_BITS_BEFORE : 0)),
		.action = WALL_DROP,
		.flags = WALL_BY_HAND, /* it is none of the new ones a minute */
	};
	round->is_ordered = true;
	round->vetoed_by = NULL;
	p->sink.order(p->sink.self, WALL_ADD, &p->asked);
}

static void unblock(struct proving *p)
{
	if (p->asked.id == 0)
		return;
	p->sink.order(p->sink.self, WALL_REMOVE, &p->asked);
	p->asked.id = 0;
}

bool proving_told(struct proving *p, const struct wall_told *told)
{
	struct proven_round *round = round_of(p);
	if (!p->runs || round == NULL || p->asked.id == 0 || told->id != p->asked.id)
		return false;
	round->told = *told;
	if (told->outcome == WALL_VETOED)
		round->vetoed_by = never_reason_name(told->reason);
	return true;
}

/* As the configuration has it, but for what would keep a test from being answered. */
static void set_rules(struct proving *p, int64_t now_us)
{
	static struct config rules;
	rules = *p->config;
	snprintf(rules.block_mode, sizeof(rules.block_mode), "on");
	snprintf(rules.block_severity, sizeof(rules.block_severity), "low");
	rules.block_findings.count = 0;
	rules.block_new = UINT32_MAX;
	rules.block_time = BLOCK_S;
	respond_set_rules(p->respond, &rules, now_us);
}

/*
 * They stay: their tables are large and hardly touched, which is so only of memory that
 * is new.
 */
static bool make_judges(struct proving *p)
{
	if (p->respond != NULL)
		return true;
	const struct detect_sink found = { .self = p,
					   .finding = take_finding,
					   .clock_us = tell_time };
	const struct respond_sink answered = { .self = p,
					       .block = take_block,
					       .order = take_order };
	p->detect = detect_new(&found);
	p->respond = respond_new(&answered);
	if (p->detect == NULL || p->respond == NULL) {
		free_judges(p);
		return false;
	}
	return true;
}

/* ---- addresses ---- */

/* Two hosts of a /30 of 198.18.0.0/15 (RFC 2544). */
static void draw_v4(struct self_test_order *order)
{
	uint32_t net = (198U << 24 | 18U << 16) | ((uint32_t)random_number() & 0x1fffc);
	uint32_t ours = htonl(net + 1), theirs = htonl(net + 2);
	order->ours = addr_v4(&ours);
	order->theirs = addr_v4(&theirs);
}

/* Two networks of fd00::/8 (RFC 4193: 40 random bits). */
static void draw_v6(struct self_test_order *order)
{
	uint8_t bytes[16] = { 0xfd };
	uint64_t random = random_number();
	memcpy(bytes + 1, &random, 6);
	bytes[15] = 1;
	bytes[7] = 1;
	order->ours = addr_v6(bytes);
	bytes[7] = 2;
	order->theirs = addr_v6(bytes);
}

static void draw(struct proving *p)
{
	p->order = (struct self_test_order){ .id = random_number() | 1 };
	if (p->round == 0)
		draw_v4(&p->order);
	else
		draw_v6(&p->order);
	p->past[p->drawn++ % PROVING_PAST] = p->order;
}

static bool may_be_drawn(const struct addr *addr)
{
	return addr_is_v4(addr) ? addr->ip6[12] == 198 && (addr->ip6[13] & 0xfe) == 18
				: addr->ip6[0] == 0xfd;
}

bool proving_holds(const struct proving *p, const struct addr *addr)
{
	if (!may_be_drawn(addr))
		return false;
	for (size_t i = 0; i < PROVING_PAST && i < p->drawn; i++)
		if (addr_equal(&p->past[i].ours, addr) ||
		    addr_equal(&p->past[i].theirs, addr))
			return true;
	return false;
}

/* Our end is an address of this machine from now on. */
static void set_own(struct proving *p)
{
	struct home own = *p->own;
	home_add(&own, &(struct prefix){ p->order.ours, 128 });
	detect_set_own(p->detect, &own);
	detect_set_home(p->detect, &own);
}

/* ---- a test ---- */

/* Whose are they? Nobody's: the next draw may be lucky. */
static void begin_round(struct proving *p)
{
	struct proven_round *round = &p->rounds[p->round];
	*round = (struct proven_round){ .detect_us = UNKNOWN_U64,
					.wants_xdp = p->wants_xdp };
	draw(p);
	round->ours = p->order.ours;
	set_own(p);
	p->until_us = clock_us(CLOCK_MONOTONIC) + ROUND_US;
	if (guard_tell(p->process, &p->order, sizeof(p->order)) != 0)
		p->until_us = 0;
}

static void next_round(struct proving *p)
{
	unblock(p);
	p->draws = 0;
	p->round++;
	if (p->round < PROVEN_ROUNDS)
		begin_round(p);
	else
		p->until_us = clock_us(CLOCK_MONOTONIC) + COUNTED_US;
}

static const char *why_not_now(const struct proving *p)
{
	if (p->process != NULL)
		return NULL;
	return may_be(p->config) ? "the process that tests is not there"
				 : "block.self_test is 0: no tests are made";
}

int proving_begin(struct proving *p, const char *actor, struct buf *message)
{
	const char *why = why_not_now(p);
	if (p->runs) {
		buf_text(message, "a self-test is going on");
		return 0;
	}
	if (why == NULL && !make_judges(p))
		why = "out of memory";
	if (why != NULL) {
		buf_text(message, why);
		return -EINVAL;
	}
	set_rules(p, clock_us(CLOCK_REALTIME));
	snprintf(p->actor, sizeof(p->actor), "%s", actor);
	p->runs = true;
	p->round = 0;
	p->draws = 0;
	begin_round(p);
	buf_text(message, "a self-test has begun");
	return 0;
}

static void end_test(struct proving *p)
{
	p->runs = false;
	proven_judge(p->rounds, &p->last);
	p->last.at = clock_us(CLOCK_REALTIME);
	p->last_us = clock_us(CLOCK_MONOTONIC);
	if (strcmp(p->last.result, "passed") == 0)
		p->passed_us = p->last_us;
	p->sink.record(p->sink.self, &p->last, p->actor);
}

/* In each interval one test, at a time that nobody knows before. */
static void set_next(struct proving *p)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	int64_t every_us = interval_us(p);
	while (p->period_us <= now_us)
		p->period_us += every_us;
	p->next_us = p->period_us + (int64_t)(random_number() % (uint64_t)every_us);
}

static void begin_if_due(struct proving *p, int64_t now_us)
{
	struct buf unsaid = { 0 };
	if (!is_scheduled(p->config) || now_us < p->next_us || p->process == NULL)
		return;
	set_next(p);
	proving_begin(p, "breakwater", &unsaid);
	buf_free(&unsaid);
}

static bool is_counted(const struct proving *p)
{
	for (size_t i = 0; i < PROVEN_ROUNDS; i++)
		if (p->rounds[i].seen < p->rounds[i].ends.sent)
			return false;
	return true;
}

void proving_second(struct proving *p)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (!p->runs) {
		begin_if_due(p, now_us);
		return;
	}
	detect_tick(p->detect, clock_us(CLOCK_REALTIME));
	respond_tick(p->respond, clock_us(CLOCK_REALTIME));
	bool is_late = now_us >= p->until_us;
	if (p->round < PROVEN_ROUNDS && is_late)
		next_round(p);
	else if (p->round == PROVEN_ROUNDS && (is_late || is_counted(p)))
		end_test(p);
}

/* ---- what the process tells ---- */

static void take_end(struct proving *p, const struct self_test_event *event)
{
	bool is_taken =
		event->outcome == SELF_TEST_NO_NETWORK && event->error == -EADDRINUSE;
	if (is_taken && ++p->draws < DRAWS_MAX) {
		begin_round(p);
		return;
	}
	p->rounds[p->round].ends = *event;
	p->rounds[p->round].has_ended = true;
	next_round(p);
}

static void take_event(struct proving *p, const struct self_test_event *event)
{
	if (!p->runs || p->round == PROVEN_ROUNDS || event->id != p->order.id)
		return;
	if (event->kind == SELF_TEST_BEGINS)
		p->rounds[p->round].ends = *event;
	else if (event->kind == SELF_TEST_STOPPED)
		unblock(p);
	else if (event->kind == SELF_TEST_ENDS)
		take_end(p, event);
}

/* The round that goes on is lost; the next one may find another process. */
static bool take_end_of_process(struct proving *p, bool is_over,
				char text[static GUARD_TEXT_MAX])
{
	proving_describe(p, text);
	if (p->runs && p->round < PROVEN_ROUNDS)
		p->until_us = 0;
	if (!is_over)
		return true;
	memcpy(p->why_not, text, sizeof(p->why_not));
	guard_close(p->process);
	p->process = NULL;
	return true;
}

bool proving_take(struct proving *p, char text[static GUARD_TEXT_MAX])
{
	enum { AT_ONCE = 64 };
	_Alignas(8) uint8_t bytes[GUARD_EVENT_MAX];
	struct self_test_event event;
	for (int i = 0; i < AT_ONCE && p->process != NULL; i++) {
		int len = guard_next(p->process, bytes, sizeof(bytes));
		if (len == 0)
			break;
		if (len == -ECHILD || len == -EPIPE)
			return take_end_of_process(p, len == -EPIPE, text);
		if (len > 0 && self_test_event_parse(bytes, (size_t)len, &event))
			take_event(p, &event);
	}
	return false;
}

/* ---- records ---- */

static struct proven_round *round_with(struct proving *p, const struct addr *client)
{
	struct proven_round *round = round_of(p);
	return p->runs && round != NULL && addr_equal(client, &p->order.theirs) ? round
										: NULL;
}

bool proving_contact(struct proving *p, const struct contact_record *contact)
{
	if (!proving_holds(p, &contact->client_ip) &&
	    !proving_holds(p, &contact->server_ip))
		return false;
	struct proven_round *round = round_with(p, &contact->client_ip);
	if (round == NULL)
		return true;
	round->is_known = true;
	/* What proves where it is comes before what it did. */
	respond_contact(p->respond, contact);
	detect_contact(p->detect, contact);
	return true;
}

bool proving_holds_flow(const struct proving *p, const struct flow_record *flow)
{
	return proving_holds(p, &flow->client_ip) ||
	       proving_holds(p, &flow->server_ip) ||
	       strcmp(flow->iface, SELF_TEST_LINK) == 0;
}

bool proving_flow(struct proving *p, const struct flow_record *flow)
{
	if (!proving_holds_flow(p, flow))
		return false;
	struct proven_round *round = round_with(p, &flow->client_ip);
	if (round == NULL)
		return true;
	round->is_known = true;
	respond_flow(p->respond, flow);
	detect_flow(p->detect, flow);
	return true;
}

bool proving_evidence(const struct proving *p, const struct finding_record *evidence)
{
	return proving_holds(p, &evidence->client_ip) ||
	       proving_holds(p, &evidence->server_ip);
}

bool proving_unsolicited(const struct proving *p,
			 const struct unsolicited_record *unsolicited)
{
	return proving_holds(p, &unsolicited->ip);
}

/* ---- what is known ---- */

bool proving_is_stale(const struct proving *p)
{
	/* While it did not run it could not test. */
	int64_t since_us = p->passed_us > p->begun_us ? p->passed_us : p->begun_us;
	return is_scheduled(p->config) &&
	       clock_us(CLOCK_MONOTONIC) - since_us > PROVING_STALE * interval_us(p);
}

static void put_ago(struct buf *out, const char *name, int64_t at_us)
{
	if (at_us != 0)
		buf_printf(
			out, ",\"%s\":%lld", name,
			(long long)((clock_us(CLOCK_MONOTONIC) - at_us) / SECOND_US));
}

static void put_flag(struct buf *out, const char *name, bool value)
{
	buf_printf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

void proving_json(struct proving *p, struct buf *out)
{
	char detail[GUARD_TEXT_MAX];
	struct buf words = { 0 };
	if (!may_be(p->config))
		return;
	bool holds = proving_describe(p, detail);
	buf_printf(out, "\"self_test\":{\"holds\":%s,\"detail\":\"",
		   holds ? "true" : "false");
	buf_json_text(out, detail);
	buf_char(out, '"');
	put_flag(out, "runs", p->runs);
	put_flag(out, "is_due", is_scheduled(p->config));
	put_flag(out, "stale", proving_is_stale(p));
	put_ago(out, "ended_s_ago", p->last_us);
	put_ago(out, "proven_s_ago", p->passed_us);
	if (p->last.result != NULL) {
		proven_words(&p->last, &words);
		buf_text(out, ",\"words\":\"");
		buf_json_text(out, buf_cstr(&words) != NULL ? buf_cstr(&words) : "");
		buf_text(out, "\",\"last\":");
		record_json(out, RECORD_self_test, &p->last);
	}
	buf_text(out, "},");
	buf_free(&words);
}
