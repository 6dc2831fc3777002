/*
 * clock.c: what time does to flows: seconds of services, timers, ends.
 *
 * A flow ends at its deadline, exactly, because every lookup compares; the wheel of
 * timers only makes sure that flows which nobody looks up end as well, at most
 * WHEEL_REACH slots late.  A body stands in one slot's list for as long as it exists;
 * whether it is due is decided when the slot comes.
 */
#include <netinet/in.h>
#include <string.h>

#include "flow/state.h"

const char flows_shutdown[] = "shutdown";

enum {
	REPORT_US = 60 * 1000000, /* how often a long flow reports */
	CONVERSATION_US =
		60 * 1000000,  /* UDP, ICMP and others: silence that ends one */
	DNS_US = 10 * 1000000, /* the same for DNS (Zeek's dns_session_timeout) */
	DNS_PORT = 53,
	SLOT_US = 1 << WHEEL_SHIFT,
	CONTACTS_US =
		10000, /* how late a contact is told at most, while packets come */
	/* After so many without a packet the wheel is empty. */
	SILENCE_SLOTS = FLOWS_SILENCE_US / SLOT_US + 2 * WHEEL_SLOTS,
};

void flows_emit_body(struct flows *f, const struct body *b, const char *reason)
{
	struct flow_record record;
	if (f->sink.flow == NULL)
		return;
	export_body(f, b, reason, &record);
	f->sink.flow(f->sink.self, &record);
}

void flows_emit_aggregate(struct flows *f, const struct aggregate *a)
{
	struct flow_record record;
	if (f->sink.flow == NULL)
		return;
	export_aggregate(f, a, &record);
	f->sink.flow(f->sink.self, &record);
}

static uint64_t body_hash(const struct flows *f, const struct body *b)
{
	return table_hash_key(&f->table, &b->key, b->proto, b->one_way);
}

int64_t flows_deadline(const struct body *b)
{
	if (b->proto == IPPROTO_TCP)
		return tcp_deadline(b);
	bool is_dns = b->proto == IPPROTO_UDP && b->key.port[SERVER] == DNS_PORT;
	return body_last(b) + (is_dns ? DNS_US : CONVERSATION_US);
}

/* The server broke an established connection off: it had not finished on its own. */
static bool is_aborted(const struct body *b)
{
	return b->proto == IPPROTO_TCP && body_is_answered(b) &&
	       b->state1 == ENDPOINT_RESET && b->before1 != ENDPOINT_CLOSED;
}

static bool is_unanswered(const struct body *b)
{
	if (b->proto == IPPROTO_TCP)
		return b->state0 == ENDPOINT_SYN_SENT && b->state1 == ENDPOINT_INACTIVE;
	return b->proto == IPPROTO_UDP && !body_is_answered(b) &&
	       !addr_is_group(&b->key.addr[SERVER]);
}

void flows_count_end(struct flows *f, const struct body *b, bool cut_off)
{
	if (b->service == SERVICE_NONE)
		return;
	struct port_sample *now = &services_at(f->services, b->service)->now;
	now->active--;
	bool rejected = b->rejected, unanswered = !rejected && is_unanswered(b);
	if (unanswered && cut_off)
		return;
	now->ended++;
	now->rejected += rejected;
	now->unanswered += unanswered;
	if (rejected || unanswered)
		networks_add(f, &b->key, (uint8_t)b->proto);
	now->aborted += !rejected && is_aborted(b);
	now->resets += !rejected && b->proto == IPPROTO_TCP && body_is_answered(b) &&
		       (b->state0 == ENDPOINT_RESET || b->state1 == ENDPOINT_RESET);
}

const char *flows_end_reason(const struct body *b)
{
	/* An answer after the error takes it back. */
	bool answered = b->proto != IPPROTO_TCP && body_is_answered(b);
	if (b->rejected && !answered)
		return "rejected";
	if (b->proto == IPPROTO_TCP &&
	    (b->state0 == ENDPOINT_RESET || b->state1 == ENDPOINT_RESET))
		return "reset";
	if (b->ending)
		return "closed";
	return "timeout";
}

/* Its end was clear before it is forgotten. */
static bool is_counted(const struct body *b)
{
	return b->proto == IPPROTO_TCP ? b->ending : b->rejected;
}

void flows_end_body(struct flows *f, uint32_t number, const char *reason)
{
	struct body *b = &f->table.bodies[number];
	uint64_t hash = body_hash(f, b);
	/* On its way from memory while the rest is done. */
	__builtin_prefetch(table_bucket(&f->table, hash), 1);
	contacts_will_end(f, hash);
	bool cut_off = strcmp(reason, flows_shutdown) == 0;
	talks_settle(f, number);
	flows_emit_body(f, b, reason);
	contacts_ends(f, number, hash, cut_off);
	talks_forget(f, number);
	if (!is_counted(b))
		flows_count_end(f, b, cut_off);
	sources_give(f->sources, &b->key.addr[CLIENT]);
	if (b->holes)
		holes_drop(f->holes, number);
	table_remove(&f->table, hash, number);
	b->live = 0;
	f->stats.flows_open--;
}

void flows_schedule(struct flows *f, uint32_t number, int64_t slot)
{
	unsigned at = (unsigned)(slot & (WHEEL_SLOTS - 1));
	f->table.bodies[number].next = f->wheel[at];
	f->wheel[at] = number;
}

/* Its next full minute at or after this time. */
static int64_t next_report(const struct body *b, int64_t at_us)
{
	int64_t age = at_us - body_start(b);
	int64_t minutes = age <= 0 ? 1 : (age + REPORT_US - 1) / REPORT_US;
	return body_start(b) + minutes * REPORT_US;
}

static bool is_report_due(const struct body *b, int64_t slot)
{
	return next_report(b, slot * SLOT_US) < (slot + 1) * SLOT_US;
}

/* Next slot in which this body must be looked at. */
static int64_t next_slot(const struct body *b, int64_t slot)
{
	int64_t next = slot + WHEEL_REACH;
	int64_t deadline = flows_deadline(b) >> WHEEL_SHIFT;
	int64_t report = next_report(b, (slot + 1) * SLOT_US) >> WHEEL_SHIFT;
	if (deadline < next)
		next = deadline;
	if (report < next)
		next = report;
	return next <= slot ? slot + 1 : next;
}

static void visit(struct flows *f, uint32_t number, int64_t slot)
{
	struct body *b = &f->table.bodies[number];
	if (!b->live) {
		table_body_free(&f->table, number);
		return;
	}
	/* The whole slot is over, so its end is "now": exact and repeatable. */
	if (flows_deadline(b) <= (slot + 1) * SLOT_US) {
		flows_end_body(f, number, flows_end_reason(b));
		table_body_free(&f->table, number);
		return;
	}
	/* The low 32 bits of a time wrap after 71 minutes: too old to be measured. */
	if (b->turn_open && (uint32_t)f->now_us - b->turn_at > UINT32_MAX / 4 * 3)
		b->turn_open = 0;
	contacts_visit(f, number, (slot + 1) * SLOT_US);
	if (is_report_due(b, slot))
		flows_emit_body(f, b, "active");
	flows_schedule(f, number, next_slot(b, slot));
}

/* Bodies of one slot are scattered: the next is fetched while this one is looked at. */
static void prefetch_body(const struct body *b)
{
	__builtin_prefetch(b, 1);
	__builtin_prefetch((const char *)b + 64, 1);
	__builtin_prefetch((const char *)b + 128, 1);
}

static void run_slot(struct flows *f, int64_t slot)
{
	unsigned at = (unsigned)(slot & (WHEEL_SLOTS - 1));
	uint32_t number = f->wheel[at];
	f->wheel[at] = TABLE_NONE;
	while (number != TABLE_NONE) {
		uint32_t next = f->table.bodies[number].next;
		if (next != TABLE_NONE) {
			prefetch_body(&f->table.bodies[next]);
			/* Flows of one time mostly stand in order: a guess at the one
			 * after. */
			uint32_t guess = next + (next - number);
			if (guess < f->table.body_max)
				prefetch_body(&f->table.bodies[guess]);
		}
		visit(f, number, slot);
		number = next;
	}
}

void flows_end_embryo(struct flows *f, uint32_t ref, const char *reason)
{
	struct embryo *e = table_embryo(&f->table, ref);
	if (reason != NULL && f->sink.flow != NULL) {
		struct flow_record record;
		export_embryo(f, e, reason, &record);
		f->sink.flow(f->sink.self, &record);
	}
	struct port_sample *now = &services_at(f->services, e->service)->now;
	bool cut_off = reason != NULL && strcmp(reason, flows_shutdown) == 0;
	contacts_embryo_ends(f, ref);
	now->active--;
	now->ended += !cut_off;
	now->unanswered += !cut_off;
	if (!cut_off)
		networks_add(f, &e->key, IPPROTO_TCP);
	sources_give(f->sources, &e->key.addr[CLIENT]);
	table_remove(&f->table, table_hash_key(&f->table, &e->key, IPPROTO_TCP, false),
		     ref);
	table_embryo_free(&f->table, ref);
	f->stats.flows_open--;
}

static void expire_embryos(struct flows *f, int64_t now_us)
{
	uint32_t ref;
	while ((ref = table_embryo_oldest(&f->table)) != TABLE_NONE &&
	       embryo_deadline(table_embryo(&f->table, ref)) <= now_us)
		flows_end_embryo(f, ref, "timeout");
}

void flows_collect_aggregates(struct flows *f, int64_t before_us)
{
	struct aggregate a;
	while (sources_collect(f->sources, before_us, &a))
		flows_emit_aggregate(f, &a);
}

void flows_flush_second(struct flows *f, int64_t now_us)
{
	int64_t end_us = f->second_us + SECOND_US;
	struct scattered *scattered =
		services_flush_telling(f->services, f->second_us, &f->sink);
	scattered_flush(f, scattered, end_us);
	unsolicited_flush(f, end_us);
	networks_flush(f, end_us);
	amplification_flush(f, end_us, now_us);
	services_flush(f->services, f->second_us, &f->sink);
}

/* Ends the running second, and all slots of the wheel that are over. */
static void close_second(struct flows *f, int64_t now_us)
{
	flows_flush_second(f, now_us);
	f->second_us = now_us / SECOND_US * SECOND_US;
	expire_embryos(f, f->second_us);
	flows_collect_aggregates(f, f->second_us - REPORT_US);
	int64_t last = (now_us >> WHEEL_SHIFT) - 1;
	for (unsigned i = 0; i < SILENCE_SLOTS && f->slot < last; i++)
		run_slot(f, ++f->slot);
	if (f->slot < last)
		f->slot = last;
	f->sink.tick(f->sink.self, f->second_us);
}

static void start_clock(struct flows *f, int64_t now_us)
{
	f->now_us = now_us;
	f->second_us = now_us / SECOND_US * SECOND_US;
	f->slot = (now_us >> WHEEL_SHIFT) - 1;
}

/* The end of the second, or earlier, as contacts are to be told soon. */
static void set_due(struct flows *f, int64_t now_us)
{
	f->due_us = f->second_us + SECOND_US;
	if (f->contacts.is_wanted && now_us + CONTACTS_US < f->due_us)
		f->due_us = now_us + CONTACTS_US;
}

void flows_tick(struct flows *f, int64_t now_us)
{
	if (f->now_us == INT64_MIN)
		start_clock(f, now_us);
	if (now_us <= f->now_us)
		return;
	f->now_us = now_us;
	contacts_walk(f, now_us);
	if (now_us >= f->second_us + SECOND_US)
		close_second(f, now_us);
	set_due(f, now_us);
}

/* Lists everything anew: a time that was shifted stands in no right slot. */
static void rebuild_wheel(struct flows *f)
{
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		f->wheel[i] = TABLE_NONE;
	table_free_dead(&f->table);
	for (uint32_t i = 0; i < f->table.body_fresh; i++)
		if (f->table.bodies[i].live)
			flows_schedule(f, i, next_slot(&f->table.bodies[i], f->slot));
}

static void shift_embryo(struct embryo *e, int64_t by_us)
{
	int64_t start_us = embryo_start(e) + by_us;
	e->start_us = TIME56(start_us);
}

void flows_shift(struct flows *f, int64_t by_us)
{
	if (f->now_us == INT64_MIN)
		return;
	flows_flush_second(f, f->now_us);
	for (uint32_t i = 0; i < f->table.body_fresh; i++) {
		struct body *b = &f->table.bodies[i];
		body_set_start(b, body_start(b) + by_us);
		b->turn_at += (uint32_t)by_us;
		b->mark_at += (uint32_t)by_us;
	}
	for (uint64_t i = f->table.embryo_tail; i != f->table.embryo_head; i++)
		shift_embryo(&f->table.embryos[i % f->table.embryo_max], by_us);
	f->now_us += by_us;
	f->second_us = f->now_us / SECOND_US * SECOND_US;
	f->slot = (f->now_us >> WHEEL_SHIFT) - 1;
	contacts_shift(f, by_us);
	set_due(f, f->now_us);
	rebuild_wheel(f);
}
