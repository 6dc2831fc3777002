/*
 * alert_replay.c: see alert_replay.h.
 */
#include "cli/alert_replay.h"

#include <stdlib.h>
#include <string.h>

/*
 * How often time is told between records: for what is absent and what is forgotten
 * this is exact enough, and a quarter of a year is told in a moment.
 */
#define TICK_US (60 * INT64_C(1000000))

/* Fields that a rule goes by: its own, three of others, and its conditions. */
enum { NEEDED_MAX = 4 + RULE_CONDITIONS };

struct needed {
	const struct field *at[NEEDED_MAX];
	uint32_t seen; /* bits: some record had it */
	bool came;     /* some record */
};

struct alert_replay {
	const struct limit_rules *rules;
	struct limits_history history;
	struct limits *limits; /* of this kind; NULL: none yet */
	int64_t now_us;
	struct needed needed[RULES_MAX];
	struct alert_record *alerts;
	size_t count, room;
	struct alert_replay_sum sum;
};

/* ---- what rules need ---- */

static void note_needed(struct needed *needed, const struct limit_rule *rule)
{
	const struct field *const fields[] = { rule->field, rule->share_of,
					       rule->samples_of, rule->interval };
	size_t count = 0;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i] != NULL)
			needed->at[count++] = fields[i];
	for (size_t i = 0; i < rule->where_count; i++)
		needed->at[count++] = rule->where[i].field;
}

static void look_for_needed(struct needed *needed, const void *record)
{
	needed->came = true;
	for (size_t i = 0; i < NEEDED_MAX && needed->at[i] != NULL; i++)
		if (!(needed->seen & 1u << i) && rule_knows(needed->at[i], record))
			needed->seen |= 1u << i;
}

bool alert_replay_misses(const struct alert_replay *replay, size_t rule,
			 const struct field **field)
{
	const struct needed *needed = &replay->needed[rule];
	*field = NULL;
	if (limit_rules_at(replay->rules, rule)->is_off)
		return false;
	if (!needed->came)
		return true;
	for (size_t i = 0; i < NEEDED_MAX && needed->at[i] != NULL; i++)
		if (!(needed->seen & 1u << i)) {
			*field = needed->at[i];
			return true;
		}
	return false;
}

/* ---- what they say ---- */

/* The newest with that id. */
static struct alert_record *alert_of(struct alert_replay *replay, const char *id)
{
	for (size_t i = replay->count; i > 0; i--)
		if (strcmp(replay->alerts[i - 1].id, id) == 0)
			return &replay->alerts[i - 1];
	return NULL;
}

static bool has_room(struct alert_replay *replay)
{
	enum { ROOM_FIRST = 64 };
	if (replay->count < replay->room)
		return true;
	size_t room = replay->room == 0 ? ROOM_FIRST : 2 * replay->room;
	struct alert_record *larger =
		room > REPLAY_ALERTS
			? NULL
			: reallocarray(replay->alerts, room, sizeof(*larger));
	if (larger == NULL)
		return false;
	replay->alerts = larger;
	replay->room = room;
	return true;
}

/* How grave it became is kept, and that it is over, not how well it is now. */
static void take_alert(void *self, const struct alert_record *alert)
{
	struct alert_replay *replay = self;
	struct alert_record *known = alert_of(replay, alert->id);
	if (known == NULL && !has_room(replay)) {
		replay->sum.alerts_left_out += strcmp(alert->state, "firing") == 0;
		return;
	}
	if (known == NULL) {
		replay->alerts[replay->count++] = *alert;
	} else if (strcmp(alert->state, "firing") == 0) {
		*known = *alert;
	} else {
		known->state = alert->state;
		known->at = known->end = alert->end;
	}
}

/* ---- its life ---- */

struct alert_replay *alert_replay_new(const struct limit_rules *rules,
				      const struct limits_history *history)
{
	struct alert_replay *replay = calloc(1, sizeof(*replay));
	if (replay == NULL)
		return NULL;
	replay->rules = rules;
	if (history != NULL)
		replay->history = *history;
	for (size_t i = 0; i < limit_rules_count(rules); i++)
		note_needed(&replay->needed[i], limit_rules_at(rules, i));
	return replay;
}

static void close_limits(struct alert_replay *replay)
{
	if (replay->limits != NULL)
		replay->sum.series_left_out += limits_totals(replay->limits).left_out;
	limits_free(replay->limits);
	replay->limits = NULL;
}

void alert_replay_free(struct alert_replay *replay)
{
	if (replay == NULL)
		return;
	close_limits(replay);
	free(replay->alerts);
	free(replay);
}

bool alert_replay_begin(struct alert_replay *replay, int64_t since_us)
{
	const struct limits_sink sink = { .self = replay, .alert = take_alert };
	close_limits(replay);
	replay->limits = limits_new(&sink, &replay->history);
	replay->now_us = since_us;
	if (replay->limits == NULL)
		return false;
	limits_set_rules(replay->limits, replay->rules, since_us);
	return true;
}

static void tell_time(struct alert_replay *replay, int64_t until_us)
{
	while (until_us - replay->now_us >= TICK_US) {
		/* Nobody waits for anything. */
		if (limits_totals(replay->limits).series == 0) {
			replay->now_us = until_us;
			return;
		}
		replay->now_us += TICK_US;
		limits_tick(replay->limits, replay->now_us);
	}
}

/* Intervals of other lengths end in another order than they began. */
void alert_replay_take(struct alert_replay *replay, enum record_kind kind,
		       const void *record, int64_t at_us)
{
	size_t count;
	const uint16_t *numbers = limit_rules_of(replay->rules, kind, &count);
	tell_time(replay, at_us);
	for (size_t i = 0; i < count; i++)
		look_for_needed(&replay->needed[numbers[i]], record);
	replay->sum.records++;
	if (kind == RECORD_port)
		limits_count(replay->limits, record);
	limits_see(replay->limits, kind, record,
		   at_us > replay->now_us ? at_us : replay->now_us);
}

void alert_replay_end(struct alert_replay *replay, int64_t until_us)
{
	tell_time(replay, until_us);
	close_limits(replay);
}

const struct alert_record *alert_replay_alerts(const struct alert_replay *replay,
					       size_t *count)
{
	*count = replay->count;
	return replay->alerts;
}

struct alert_replay_sum alert_replay_sum(const struct alert_replay *replay)
{
	return replay->sum;
}
