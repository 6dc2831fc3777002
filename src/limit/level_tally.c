/*
 * level_tally.c: see level_tally.h.
 */
#include "limit/level_tally.h"

#include <math.h>
#include <string.h>

#define SECOND_US 1000000LL
/* So long a state holds without a word, at least; of what is asked seldom, three of its
 * intervals, and never much more than a day. */
#define HOLD_LEAST_US (900 * SECOND_US)
#define HOLD_MOST_US  (25 * 3600 * SECOND_US)
enum { HOLD_STEPS = 3 };

static const double PERCENT_1 = 0.01, PERCENT_5 = 0.05, HALF = 0.5;

/* ---- seconds ---- */

static int64_t hold_us(const struct level_tally *tally)
{
	int64_t longest_us = 0;
	for (int i = 0; i < TALLY_STEPS; i++)
		if (tally->step_us[i] > longest_us)
			longest_us = tally->step_us[i];
	if (longest_us >= HOLD_MOST_US / HOLD_STEPS)
		return HOLD_MOST_US;
	return longest_us * HOLD_STEPS > HOLD_LEAST_US ? longest_us * HOLD_STEPS
						       : HOLD_LEAST_US;
}

/* What was thought to be in the future was by a clock that was wrong. */
static void heal(struct level_tally *tally, int64_t now_us)
{
	if (tally->until_us > now_us)
		tally->until_us = now_us;
	if (tally->at_us > now_us)
		tally->at_us = now_us;
}

bool level_tally_pass(struct level_tally *tally, int64_t now_us,
		      struct level_piece *out)
{
	heal(tally, now_us);
	int64_t end_us = tally->at_us + hold_us(tally);
	if (end_us > now_us)
		end_us = now_us;
	int64_t begin_us = tally->until_us;
	tally->until_us = now_us;
	if (tally->at_us == 0 || tally->state == LEVEL_UNKNOWN || begin_us >= end_us)
		return false;
	double seconds = (double)(end_us - begin_us) / SECOND_US;
	*out = (struct level_piece){ .from_us = begin_us, .to_us = end_us };
	if (tally->state == LEVEL_GOOD)
		out->amount.good = seconds;
	else
		out->amount.bad = seconds;
	return true;
}

void level_tally_note(struct level_tally *tally, enum level_state state, int64_t now_us)
{
	if (tally->at_us != 0) {
		memmove(tally->step_us + 1, tally->step_us,
			sizeof(tally->step_us) - sizeof(tally->step_us[0]));
		tally->step_us[0] = now_us - tally->at_us;
	}
	tally->at_us = now_us;
	tally->state = state;
}

void level_tally_forget(struct level_tally *tally, int64_t now_us)
{
	*tally = (struct level_tally){ .until_us = now_us };
}

enum level_state level_probe_state(const struct limit_level *level,
				   const struct probe_record *probe)
{
	const char *hard = probe->hard_state;
	if (hard == NULL || probe->maintenance == 1 || strcmp(hard, "unknown") == 0)
		return LEVEL_UNKNOWN;
	if (strcmp(hard, "down") == 0)
		return LEVEL_BAD;
	if (level->measure == MEASURE_AVAILABILITY)
		return LEVEL_GOOD;
	if (probe->total_us == UNKNOWN_U64)
		return LEVEL_UNKNOWN;
	return (double)probe->total_us > level->within_us ? LEVEL_BAD : LEVEL_GOOD;
}

/* ---- events ---- */

static double known(uint64_t count)
{
	return count != UNKNOWN_U64 ? (double)count : 0;
}

static struct level_amount errors_of(const struct port_record *port)
{
	double all = known(port->ended) + known(port->answers);
	double bad = known(port->errors) + known(port->answer_errors);
	if (port->unused == 1)
		return (struct level_amount){ 0 };
	return (struct level_amount){ .good = fmax(all - bad, 0), .bad = bad };
}

static bool is_beyond(uint64_t us, double within_us)
{
	return us != UNKNOWN_U64 && (double)us > within_us;
}

/* How many answers took too long, at least: a record has no more than percentiles. */
static double slow_answers(const struct port_record *port, double within_us)
{
	double count = (double)port->responses;
	if (is_beyond(port->response_min_us, within_us))
		return count;
	if (is_beyond(port->response_p50_us, within_us))
		return fmax(count * HALF, 1);
	if (is_beyond(port->response_p95_us, within_us))
		return fmax(count * PERCENT_5, 1);
	if (is_beyond(port->response_p99_us, within_us))
		return fmax(count * PERCENT_1, 1);
	return is_beyond(port->response_max_us, within_us) ? 1 : 0;
}

static struct level_amount responses_of(const struct port_record *port,
					double within_us)
{
	if (port->responses == UNKNOWN_U64 || port->responses == 0)
		return (struct level_amount){ 0 };
	double bad = slow_answers(port, within_us);
	return (struct level_amount){ .good = (double)port->responses - bad,
				      .bad = bad };
}

/* The part of the record's time that is new; false: none. */
static bool take_time(struct level_tally *tally, const struct port_record *port,
		      struct level_piece *out, double *share)
{
	int64_t len_us = port->interval_s * SECOND_US;
	int64_t begin_us = port->start, end_us = begin_us + len_us;
	if (len_us <= 0)
		return false;
	if (tally->until_us > end_us + len_us) /* the clock was set back */
		tally->until_us = begin_us;
	out->from_us = tally->until_us > begin_us ? tally->until_us : begin_us;
	out->to_us = end_us;
	if (out->from_us >= end_us)
		return false;
	tally->until_us = end_us;
	*share = (double)(end_us - out->from_us) / (double)len_us;
	return true;
}

bool level_tally_port(struct level_tally *tally, const struct limit_level *level,
		      const struct port_record *port, struct level_piece *out)
{
	double share;
	struct level_amount all = level->measure == MEASURE_ERRORS
					  ? errors_of(port)
					  : responses_of(port, level->within_us);
	if (all.good + all.bad <= 0 || !take_time(tally, port, out, &share))
		return false;
	tally->at_us = out->to_us;
	out->amount = (struct level_amount){ all.good * share, all.bad * share,
					     all.bad * share };
	return true;
}

/* ---- sums ---- */

static bool is_by_time(const struct limit_level *level)
{
	return level->record == RECORD_probe;
}

double level_reached(const struct level_amount *amount)
{
	double known = amount->good + amount->bad;
	return known > 0 ? amount->good / known : NAN;
}

double level_budget_left(const struct limit_level *level, int64_t window_us,
			 const struct level_amount *amount)
{
	double of = is_by_time(level) ? (double)window_us / SECOND_US
				      : amount->good + amount->bad;
	double left = 1 - amount->bad / (of * (1 - level->objective));
	return of > 0 ? fmax(left, 0) : NAN;
}

void level_sum_up(const struct limit_level *level, int64_t window_us,
		  const struct level_amount *amount, struct level_record *out)
{
	double window_s = (double)window_us / SECOND_US;
	double unknown = fmax(window_s - amount->good - amount->bad, 0);
	record_text(out->name, sizeof(out->name), level->name);
	out->measure = level_measures[level->measure];
	out->unit = is_by_time(level) ? "seconds" : "events";
	out->objective = level->objective;
	out->window_s = (uint64_t)window_s;
	out->reached = level_reached(amount);
	out->good = (uint64_t)llround(amount->good);
	out->bad = (uint64_t)llround(amount->bad);
	if (is_by_time(level))
		out->unknown = (uint64_t)llround(unknown);
	out->budget_left = level_budget_left(level, window_us, amount);
}
