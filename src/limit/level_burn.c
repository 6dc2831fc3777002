/*
 * level_burn.c: when the error budget of a service level burns too fast, and when that
 * is over.
 *
 * What has been told of burns no more: a long window remembers an outage for hours or
 * days after its end, and would tell of it once more, as a lesser trouble.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "limit/levels_inside.h"

#define SECOND_US 1000000LL

/* Of seconds all of the window: what is not known burns nothing. */
double level_burn(const struct limit_level *level, const struct standing *standing,
		  int64_t now_us, int64_t window_us, int64_t since_us)
{
	struct level_amount all =
		level_history_sum(&standing->history, now_us, window_us, 0);
	struct level_amount some =
		level_history_sum(&standing->history, now_us, window_us, since_us);
	double of = level->record == RECORD_probe ? (double)window_us / SECOND_US
						  : all.good + all.bad;
	return of > 0 ? some.bad / of / (1 - level->objective) : 0;
}

static bool burns(const struct limit_level *level, const struct standing *standing,
		  const struct level_pair *pair, int64_t now_us)
{
	int64_t since_us = standing->told_us;
	struct level_amount some =
		level_history_sum(&standing->history, now_us, pair->long_us, since_us);
	return some.failures >= level->failures &&
	       level_burn(level, standing, now_us, pair->long_us, since_us) >=
		       pair->burn &&
	       level_burn(level, standing, now_us, pair->short_us, since_us) >=
		       pair->burn;
}

/* The gravest that has burnt for long enough; NULL: none. */
static const struct level_pair *take_pairs(const struct limit_level *level,
					   struct standing *standing, int64_t now_us)
{
	const struct level_pair *gravest = NULL;
	for (int i = LEVEL_PAIRS - 1; i >= 0; i--) {
		int64_t *since_us = &standing->since_us[i];
		if (!burns(level, standing, &level_pairs[i], now_us)) {
			*since_us = 0;
			continue;
		}
		if (*since_us == 0 || *since_us > now_us)
			*since_us = now_us;
		if (now_us - *since_us >= level->for_us)
			gravest = &level_pairs[i];
	}
	return gravest;
}

/* ---- firing ---- */

static void tell(struct levels *levels, const struct limit_level *level,
		 const struct standing *standing, enum said_end end, int64_t now_us)
{
	struct alert_record alert;
	level_alert(level, standing, end, now_us, &alert);
	levels->sink.alert(levels->sink.self, &alert);
	kept_file_hurry(&levels->file);
}

static void name(struct standing *standing, int64_t now_us)
{
	struct facts *facts = &standing->facts;
	char text[sizeof(standing->head.key) + sizeof(now_us)];
	memcpy(text, &standing->head.key, sizeof(standing->head.key));
	memcpy(text + sizeof(standing->head.key), &now_us, sizeof(now_us));
	snprintf(facts->id, sizeof(facts->id), "%016" PRIx64,
		 hash_sum(text, sizeof(text)));
	facts->start_us = now_us;
}

static void fire(struct levels *levels, const struct limit_level *level,
		 struct standing *standing, const struct level_pair *pair,
		 int64_t now_us)
{
	if (standing->severity < 0) {
		name(standing, now_us);
		levels->firing++;
	}
	standing->severity = pair->severity;
	standing->calm_us = 0;
	standing->facts.limit = pair->burn;
	record_text(standing->facts.metric, sizeof(standing->facts.metric),
		    pair->metric);
	tell(levels, level, standing, SAID_FIRING, now_us);
}

void level_resolve(struct levels *levels, const struct limit_level *level,
		   struct standing *standing, enum said_end end, int64_t now_us)
{
	tell(levels, level, standing, end, now_us);
	levels->firing--;
	standing->severity = -1;
	standing->calm_us = 0;
	standing->told_us = now_us;
	memset(standing->since_us, 0, sizeof(standing->since_us));
}

/* ---- judging ---- */

/* As grave as what fires, or graver. */
static bool still_burns(const struct standing *standing)
{
	for (int i = 0; i < LEVEL_PAIRS; i++)
		if (standing->since_us[i] != 0 &&
		    level_pairs[i].severity >= standing->severity)
			return true;
	return false;
}

/* A short window that nobody watched tells nothing: it begins anew at a restart. */
static bool is_calm(const struct standing *standing, int64_t now_us)
{
	return !still_burns(standing) &&
	       now_us - standing->awake_us >=
		       level_pair_of(standing->severity)->short_us;
}

static enum said_end end_of(const struct standing *standing, int64_t now_us)
{
	struct level_amount last =
		level_history_sum(&standing->history, now_us,
				  level_pair_of(standing->severity)->short_us, 0);
	return last.good + last.bad > 0 ? SAID_RECOVERED : SAID_UNKNOWN;
}

static void judge_firing(struct levels *levels, const struct limit_level *level,
			 struct standing *standing, int64_t now_us)
{
	if (!is_calm(standing, now_us)) {
		standing->calm_us = 0;
		return;
	}
	if (standing->calm_us == 0 || standing->calm_us > now_us)
		standing->calm_us = now_us;
	if (now_us - standing->calm_us >= level->recover_us)
		level_resolve(levels, level, standing, end_of(standing, now_us),
			      now_us);
}

void level_judge(struct levels *levels, const struct limit_level *level,
		 struct standing *standing, int64_t now_us)
{
	if (standing->told_us > now_us) /* the clock was set back */
		standing->told_us = now_us;
	if (standing->awake_us > now_us)
		standing->awake_us = now_us;
	const struct level_pair *pair = take_pairs(level, standing, now_us);
	const struct level_pair *shown = pair;
	if (shown == NULL && standing->severity >= 0)
		shown = level_pair_of(standing->severity);
	if (shown != NULL)
		standing->facts.value = level_burn(level, standing, now_us,
						   shown->long_us, standing->told_us);
	if (pair != NULL && pair->severity > standing->severity)
		fire(levels, level, standing, pair, now_us);
	else if (standing->severity >= 0)
		judge_firing(levels, level, standing, now_us);
}
