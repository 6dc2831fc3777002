/*
 * sweep.c: see sweep.h.
 */
#include "scan/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "scan/order.h"
#include "scan/pace.h"
#include "scan/way.h"

enum {
	RECENT = 4096, /* probes whose time of sending is known */
	/* Who is silent on so many ports is not there, or drops all: no packet was
	   lost. */
	SILENT_PORTS = 16,
	LINGER_LEAST_US = 300000,
	LINGER_USUAL_US = 1000000, /* until a round trip was measured */
	LINGER_MOST_US = 1500000,
	GRAIN_US = 100, /* not woken for less: then several are due at once */
	BUSY_US = 1000,
	TELL_US = 50000,
	STEPS_MAX = 1 << 20, /* passed over before somebody is asked whether to go on */
	RATE_LEAST = 100,
	LOSS_DENOMINATOR = 50, /* slow down if one in so many answers was lost */
};

const char *const scan_state_names[SCAN_STATES] = { "open", "closed", "filtered",
						    "open|filtered" };

struct recent {
	uint64_t index;
	int64_t sent_us; /* Unix time; 0: none */
};

struct pass {
	unsigned number; /* from 0 */
	uint64_t position, sent, news;
	struct pace pace;
	struct probe batch[SWEEP_BATCH];
	int first, count; /* of the batch, not yet sent */
};

struct sweep {
	struct sweep_plan plan;
	struct way *way;
	struct order order;
	uint64_t *answered, *host_heard; /* bits */
	uint64_t hosts_heard;
	uint64_t states[SCAN_STATES];
	uint64_t sent, answers, lost, unsent;
	int unsent_error;
	double rate; /* a second; 0: no limit */
	int64_t slowest_us, last_sent_us, told_us, pass_began_us;
	bool is_ended;
	struct pass pass;
	struct recent recent[RECENT];
};

static bool bit(const uint64_t *bits, uint64_t at)
{
	return bits[at / 64] >> at % 64 & 1;
}

static void set_bit(uint64_t *bits, uint64_t at)
{
	bits[at / 64] |= UINT64_C(1) << at % 64;
}

struct sweep *sweep_new(const struct sweep_plan *plan, struct way *way)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	if (sweep == NULL) {
		way->ops->close(way);
		return NULL;
	}
	uint64_t probes = (uint64_t)plan->targets->hosts * plan->ports->count;
	sweep->plan = *plan;
	sweep->way = way;
	sweep->rate = (double)plan->rate;
	sweep->order = order_of(probes, &plan->key);
	sweep->answered = calloc(probes / 64 + 1, sizeof(uint64_t));
	sweep->host_heard = calloc(plan->targets->hosts / 64 + 1, sizeof(uint64_t));
	way->sweep = sweep;
	if (sweep->answered != NULL && sweep->host_heard != NULL)
		return sweep;
	sweep_free(sweep);
	return NULL;
}

void sweep_free(struct sweep *sweep)
{
	if (sweep == NULL)
		return;
	sweep->way->ops->close(sweep->way);
	free(sweep->answered);
	free(sweep->host_heard);
	free(sweep);
}

const struct sweep_plan *sweep_plan_of(const struct sweep *sweep)
{
	return &sweep->plan;
}

/* ---- what comes ---- */

/* How long it took, if it was sent in this pass and not too long ago; else -1. */
static int64_t round_trip(const struct sweep *sweep, uint64_t index,
			  const struct heard *heard)
{
	const struct recent *sent = &sweep->recent[index % RECENT];
	if (heard->rtt_us >= 0)
		return heard->rtt_us;
	bool is_known = sent->sent_us != 0 && sent->index == index &&
			heard->pass == sweep->pass.number;
	return is_known && heard->at_us >= sent->sent_us ? heard->at_us - sent->sent_us
							 : -1;
}

static void note_host(struct sweep *sweep, uint32_t host)
{
	if (bit(sweep->host_heard, host))
		return;
	set_bit(sweep->host_heard, host);
	sweep->hosts_heard++;
}

void sweep_hear(struct sweep *sweep, const struct heard *heard)
{
	uint32_t host, place;
	if (!targets_find(sweep->plan.targets, &heard->addr, &host) ||
	    !ports_find(sweep->plan.ports, heard->port, &place))
		return;
	uint64_t index = (uint64_t)host * sweep->plan.ports->count + place;
	if (bit(sweep->answered, index))
		return;
	set_bit(sweep->answered, index);
	/* An error may be a router's, or ours: the host need not be there. */
	if (heard->state != SCAN_FILTERED)
		note_host(sweep, host);
	int64_t rtt_us = round_trip(sweep, index, heard);
	if (rtt_us > sweep->slowest_us)
		sweep->slowest_us = rtt_us;
	sweep->answers++;
	sweep->states[heard->state]++;
	sweep->lost += heard->pass > 0;
	sweep->pass.news++;
	const struct scan_answer answer = {
		.addr = heard->addr,
		.port = heard->port,
		.state = heard->state,
		.reason = heard->reason,
		.ttl = heard->ttl,
		.rtt_us = rtt_us,
		.at_us = heard->at_us,
		.said = heard->said,
	};
	sweep->plan.found(sweep->plan.self, &answer);
}

void sweep_could_not_send(struct sweep *sweep, int error)
{
	sweep->unsent++;
	sweep->unsent_error = error;
}

/* ---- what is sent ---- */

static bool is_wanted(const struct sweep *sweep, uint64_t index)
{
	if (sweep->pass.number == 0)
		return true;
	return !bit(sweep->answered, index) &&
	       (sweep->plan.ports->count < SILENT_PORTS ||
		bit(sweep->host_heard, index / sweep->plan.ports->count));
}

static void fill_batch(struct sweep *sweep)
{
	struct pass *pass = &sweep->pass;
	const struct sweep_plan *plan = &sweep->plan;
	pass->first = pass->count = 0;
	for (int i = 0; i < STEPS_MAX && pass->count < SWEEP_BATCH &&
			pass->position < sweep->order.size;
	     i++) {
		uint64_t index = order_at(&sweep->order, pass->position++);
		if (!is_wanted(sweep, index))
			continue;
		uint32_t host = (uint32_t)(index / plan->ports->count);
		pass->batch[pass->count++] = (struct probe){
			.index = index,
			.host = host,
			.port = plan->ports->at[index % plan->ports->count],
			.addr = targets_addr(plan->targets, host),
		};
	}
}

static int send_due(struct sweep *sweep, int64_t now_us)
{
	struct pass *pass = &sweep->pass;
	const struct probe *probes = &pass->batch[pass->first];
	int due = pace_due(&pass->pace, now_us, pass->count - pass->first);
	if (due <= 0)
		return 0;
	/* Before they are sent: the answer may be there before we are back. */
	int64_t sent_us = clock_us(CLOCK_REALTIME);
	for (int i = 0; i < due; i++)
		sweep->recent[probes[i].index % RECENT] =
			(struct recent){ probes[i].index, sent_us };
	int sent = sweep->way->ops->send(sweep->way, probes, due, pass->number);
	if (sent <= 0)
		return sent;
	pass->first += sent;
	pass->sent += (uint64_t)sent;
	pass->pace.sent += (uint64_t)sent;
	sweep->sent += (uint64_t)sent;
	sweep->last_sent_us = now_us;
	return sent;
}

/* ---- what is told meanwhile ---- */

/* Of the probes without an answer, the share that further passes would send again. */
static double share_again(const struct sweep *sweep)
{
	if (sweep->plan.ports->count < SILENT_PORTS)
		return 1;
	return (double)sweep->hosts_heard / sweep->plan.targets->hosts;
}

static double rate_again(const struct sweep *sweep, double rate)
{
	int64_t again_us = sweep->way->ops->again_us;
	if (again_us == 0)
		return rate;
	bool all = sweep->plan.ports->count < SILENT_PORTS;
	double hosts = all ? sweep->plan.targets->hosts : (double)sweep->hosts_heard;
	double most = (hosts < 1 ? 1 : hosts) * 1e6 / (double)again_us;
	return rate == 0 || rate > most ? most : rate;
}

static double measured_rate(const struct sweep *sweep, int64_t now_us)
{
	double seconds = (double)(now_us - sweep->pass_began_us) / 1e6;
	return seconds > 0 && sweep->pass.sent > 0 ? (double)sweep->pass.sent / seconds
						   : 1;
}

static double remaining_s(const struct sweep *sweep, int64_t now_us)
{
	const struct pass *pass = &sweep->pass;
	double left = (double)(sweep->order.size - pass->position);
	double rate = measured_rate(sweep, now_us);
	if (pass->number > 0) {
		double silent = (double)(sweep->order.size - sweep->answers);
		return silent * share_again(sweep) * left / (double)sweep->order.size /
			       rate +
		       1;
	}
	double asked = (double)(pass->sent > 0 ? pass->sent : 1);
	double silent = 1 - (double)sweep->answers / asked;
	double again = silent * share_again(sweep) * (double)sweep->order.size;
	return left / rate + (again > 0 ? again / rate_again(sweep, rate) : 0) + 1;
}

static bool goes_on(struct sweep *sweep, int64_t now_us)
{
	if (now_us - sweep->told_us < TELL_US)
		return true;
	sweep->told_us = now_us;
	struct sweep_progress progress = {
		.pass = sweep->pass.number + 1,
		.probes = sweep->order.size,
		.sent = sweep->sent,
		.answered = sweep->answers,
		.open = sweep->states[SCAN_OPEN],
		.remaining_us = (int64_t)(remaining_s(sweep, now_us) * 1e6),
	};
	return sweep->plan.goes_on(sweep->plan.self, &progress);
}

/* ---- passes ---- */

static bool is_complete(const struct sweep *sweep)
{
	return sweep->answers == sweep->order.size;
}

static int listen_and_tell(struct sweep *sweep, int64_t wait_us, int64_t now_us)
{
	int error = sweep->way->ops->listen(sweep->way, wait_us);
	if (error == 0 && !goes_on(sweep, now_us))
		error = -EINTR;
	return error;
}

static int send_pass(struct sweep *sweep)
{
	struct pass *pass = &sweep->pass;
	for (;;) {
		if (pass->first == pass->count)
			fill_batch(sweep);
		if (pass->count == 0 && pass->position == sweep->order.size)
			return 0;
		int64_t now_us = clock_us(CLOCK_MONOTONIC);
		int64_t wait_us = pace_wait_us(&pass->pace, now_us);
		int sent = send_due(sweep, now_us);
		if (sent < 0)
			return sent;
		if (sent > 0)
			wait_us = 0;
		else if (wait_us == 0 && pass->count > 0)
			wait_us = BUSY_US;
		else if (pass->count > 0 && wait_us < GRAIN_US)
			wait_us = GRAIN_US;
		int error = listen_and_tell(sweep, wait_us, now_us);
		if (error != 0)
			return error;
	}
}

static int64_t linger_us(const struct sweep *sweep)
{
	int64_t linger_us = sweep->slowest_us * 4;
	if (linger_us == 0)
		return LINGER_USUAL_US;
	if (linger_us < LINGER_LEAST_US)
		return LINGER_LEAST_US;
	return linger_us < LINGER_MOST_US ? linger_us : LINGER_MOST_US;
}

/* For answers still on their way. */
static int linger(struct sweep *sweep)
{
	const struct way_ops *ops = sweep->way->ops;
	while (!is_complete(sweep)) {
		int64_t now_us = clock_us(CLOCK_MONOTONIC);
		int64_t left_us = sweep->last_sent_us + linger_us(sweep) - now_us;
		bool is_over =
			ops->is_idle != NULL ? ops->is_idle(sweep->way) : left_us <= 0;
		if (is_over)
			return 0;
		bool is_long = ops->is_idle != NULL || left_us > TELL_US;
		int error = listen_and_tell(sweep, is_long ? TELL_US : left_us, now_us);
		if (error != 0)
			return error;
	}
	return 0;
}

static void begin_pass(struct sweep *sweep, unsigned number)
{
	struct pass *pass = &sweep->pass;
	double rate = number > 0 ? rate_again(sweep, sweep->rate) : sweep->rate;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	/* The distance to the last pass counts, too. */
	int64_t begin_us = now_us + (number > 0 ? sweep->way->ops->again_us : 0);
	*pass = (struct pass){ .number = number, .pace = pace_begin(rate, begin_us) };
	sweep->pass_began_us = sweep->last_sent_us = now_us;
}

/* Answers that came only now were lost before: on a way that is too narrow, or noise.
 */
static void slow_down(struct sweep *sweep, double sent_rate)
{
	if (sweep->pass.number == 0 ||
	    sweep->pass.news * LOSS_DENOMINATOR <= sweep->answers)
		return;
	double rate = sweep->rate > 0 ? sweep->rate : sent_rate;
	sweep->rate = rate / 2 > RATE_LEAST ? rate / 2 : RATE_LEAST;
}

/* A second pass always; then as long as the last one brought something. */
static bool wants_another(const struct sweep *sweep)
{
	const struct pass *pass = &sweep->pass;
	if (is_complete(sweep) || pass->sent == 0 || pass->number + 1 == PASSES_MAX)
		return false;
	return pass->number == 0 || pass->news > 0;
}

int sweep_run(struct sweep *sweep)
{
	unsigned number = 0;
	do {
		begin_pass(sweep, number++);
		int error = send_pass(sweep);
		double sent_rate = measured_rate(sweep, sweep->last_sent_us);
		if (error == 0)
			error = linger(sweep);
		if (error != 0) {
			sweep->is_ended = true;
			return error;
		}
		slow_down(sweep, sent_rate);
	} while (wants_another(sweep));
	return 0;
}

/* ---- what became of it ---- */

void sweep_each_silent(const struct sweep *sweep)
{
	const struct sweep_plan *plan = &sweep->plan;
	int64_t now_us = clock_us(CLOCK_REALTIME);
	for (uint64_t index = 0; index < sweep->order.size && !sweep->is_ended;
	     index++) {
		if (bit(sweep->answered, index))
			continue;
		uint32_t host = (uint32_t)(index / plan->ports->count);
		const struct scan_answer silence = {
			.addr = targets_addr(plan->targets, host),
			.port = plan->ports->at[index % plan->ports->count],
			.state = sweep->way->ops->silence,
			.reason = "no-response",
			.ttl = -1,
			.rtt_us = -1,
			.at_us = now_us,
		};
		plan->found(plan->self, &silence);
	}
}

void sweep_count(const struct sweep *sweep, struct sweep_counts *out)
{
	const struct way_ops *ops = sweep->way->ops;
	uint64_t silent = sweep->order.size - sweep->answers;
	*out = (struct sweep_counts){
		.probes = sweep->order.size,
		.sent = sweep->sent,
		.lost = sweep->lost,
		.unsent = sweep->unsent,
		.unsent_error = sweep->unsent_error,
		.passes = sweep->pass.number + 1,
		.rate = (uint64_t)sweep->rate,
		.unknown = sweep->is_ended ? silent : 0,
		.unread = ops->unread != NULL ? ops->unread(sweep->way) : 0,
	};
	memcpy(out->states, sweep->states, sizeof(out->states));
	if (!sweep->is_ended)
		out->states[ops->silence] += silent;
}
