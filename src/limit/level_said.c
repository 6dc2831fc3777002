/*
 * level_said.c: how a service level stands, as a record; and its alert in plain words.
 */
#include <math.h>
#include <string.h>

#include "limit/levels_inside.h"

#define SECOND_US 1000000LL
#define HOUR_US   (3600 * SECOND_US)
#define DAY_US    (24 * HOUR_US)

static const double PERCENT = 100;

/* ---- how it stands ---- */

static double reached_in(const struct standing *standing, int64_t now_us, int days)
{
	struct level_amount amount =
		level_history_sum(&standing->history, now_us, days * DAY_US, 0);
	return level_reached(&amount);
}

void level_stands(const struct limit_level *level, const struct standing *standing,
		  int64_t now_us, struct level_record *out)
{
	struct level_amount amount =
		level_history_sum(&standing->history, now_us, level->window_us, 0);
	record_init(RECORD_level, out);
	out->at = now_us;
	level_sum_up(level, level->window_us, &amount, out);
	record_text(out->target, sizeof(out->target), standing->facts.target);
	if (standing->severity >= 0)
		out->severity = severity_names[standing->severity];
	out->burn_1h = level_burn(level, standing, now_us, HOUR_US, 0);
	out->burn_6h = level_burn(level, standing, now_us, 6 * HOUR_US, 0);
	out->burn_3d = level_burn(level, standing, now_us, 3 * DAY_US, 0);
	out->reached_7d = reached_in(standing, now_us, 7);
	out->reached_30d = reached_in(standing, now_us, 30);
	out->reached_90d = reached_in(standing, now_us, 90);
}

void level_stood(const struct limit_level *level, const struct standing *standing,
		 int64_t from_us, int64_t to_us, struct level_record *out)
{
	record_init(RECORD_level, out);
	out->at = to_us;
	level_sum_up(level, to_us - from_us, &standing->total, out);
	record_text(out->target, sizeof(out->target), standing->facts.target);
}

/* ---- its alert ---- */

static void say_promise(struct buf *out, const struct limit_level *level)
{
	buf_printf(out, "level %s, %.6g %% ", level->name, level->objective * PERCENT);
	if (level->measure == MEASURE_AVAILABILITY)
		buf_text(out, "available");
	else if (level->measure == MEASURE_ERRORS)
		buf_text(out, "without errors");
	else
		buf_printf(out, "within %g ms", level->within_us / 1000);
	buf_text(out, " in ");
	rule_say_duration(out, (double)level->window_us / SECOND_US);
}

/* "in the last 1 h 2 min 12 s were bad"; "... 12 of 1240" */
static void say_bad(struct buf *out, const struct limit_level *level,
		    const struct standing *standing, int64_t now_us)
{
	int64_t window_us = level_pair_of(standing->severity)->long_us;
	struct level_amount all =
		level_history_sum(&standing->history, now_us, window_us, 0);
	buf_text(out, " in the last ");
	rule_say_duration(out, (double)window_us / SECOND_US);
	buf_text(out, ", ");
	if (level->record == RECORD_probe) {
		rule_say_duration(out, all.bad);
		buf_text(out, level->measure == MEASURE_AVAILABILITY
				      ? " down"
				      : " too slow or down");
		return;
	}
	buf_printf(out, "%.0f of %.0f %s", all.bad, all.good + all.bad,
		   level->measure == MEASURE_ERRORS ? "failed" : "too slow");
}

static void say_budget(struct buf *out, const struct limit_level *level,
		       const struct standing *standing, int64_t now_us)
{
	struct level_amount amount =
		level_history_sum(&standing->history, now_us, level->window_us, 0);
	double left = level_budget_left(level, level->window_us, &amount);
	buf_printf(out, "; %.0f %% of the budget is left", left * PERCENT);
}

static void say(struct buf *out, const struct limit_level *level,
		const struct standing *standing, enum said_end end, int64_t now_us)
{
	const struct facts *facts = &standing->facts;
	if (level == NULL) {
		buf_printf(out,
			   "Nobody is told any more of level %s, by which %s was "
			   "told of for ",
			   facts->rule, facts->target);
		said_lasted(out, facts, now_us);
		return;
	}
	if (end == SAID_UNKNOWN) {
		buf_printf(out, "Level %s of %s", level->name, facts->target);
		said_unknown(out, facts, now_us);
		return;
	}
	buf_printf(out, "Error budget of %s is ", facts->target);
	if (end == SAID_FIRING) {
		buf_printf(out, "used up %.3g times too fast:", facts->value);
		say_bad(out, level, standing, now_us);
	} else {
		buf_text(out, "not used up too fast any more, after ");
		said_lasted(out, facts, now_us);
	}
	say_budget(out, level, standing, now_us);
	buf_text(out, " (");
	say_promise(out, level);
	buf_char(out, ')');
}

void level_alert(const struct limit_level *level, const struct standing *standing,
		 enum said_end end, int64_t now_us, struct alert_record *out)
{
	struct buf text = { 0 };
	said_facts(&standing->facts, standing->severity, end, now_us, out);
	out->kind = "level";
	if (level != NULL)
		record_text(out->advice, sizeof(out->advice), level->advice);
	if (level != NULL && level->advice[0] == '\0')
		record_text(out->advice, sizeof(out->advice),
			    "breakwater levels says how it stands; breakwater probes "
			    "--since 1h, or breakwater explain PORT, what failed");
	say(&text, level, standing, end, now_us);
	said_summary(&text, out);
}
