/*
 * levels.c: see levels.h.
 */
#include "limit/levels.h"

#include <stdlib.h>
#include <string.h>

#include "limit/levels_inside.h"

#define SECOND_US 1000000LL
/* What is promised over days need not be judged more often. */
#define JUDGED_EVERY_US (60 * SECOND_US)
/* For the record: of what is promised over weeks. */
#define TOLD_EVERY_US (3600 * SECOND_US)
/* Of what nobody asks or uses any more nothing is told; but if it comes back, what was
 * goes on. */
#define SILENT_US (25 * 3600 * SECOND_US)

enum { RANK_USUAL, RANK_WRITTEN };

/* ---- begin and end ---- */

/* Somebody is pushed out. */
static void note_gone(void *to, const void *entry)
{
	struct levels *levels = to;
	struct standing *standing = (struct standing *)entry;
	levels->left_out++;
	if (standing->severity >= 0)
		level_resolve(levels, levels_level_of(levels, standing), standing,
			      SAID_UNKNOWN, levels->now_us);
}

struct levels *levels_new(const struct limits_sink *sink)
{
	struct levels *levels = calloc(1, sizeof(*levels));
	if (levels == NULL)
		return NULL;
	levels->sink = *sink;
	if (!roster_open(&levels->standings, sizeof(struct standing),
			 LEVELS_STANDINGS)) {
		levels_free(levels);
		return NULL;
	}
	levels->standings.gone = note_gone;
	levels->standings.to = levels;
	return levels;
}

void levels_free(struct levels *levels)
{
	if (levels == NULL)
		return;
	levels_file_close(levels);
	roster_close(&levels->standings);
	free(levels);
}

struct standing *levels_standing(const struct levels *levels, uint32_t number)
{
	/* A roster gives only what must not be changed while others read it; nobody
	 * does. */
	return (struct standing *)roster_at(&levels->standings, number);
}

const struct limit_level *levels_level_of(const struct levels *levels,
					  const struct standing *standing)
{
	size_t count =
		levels->rules != NULL ? limit_rules_level_count(levels->rules) : 0;
	for (size_t i = 0; i < count; i++)
		if (levels->identities[i] == standing->identity)
			return limit_rules_level_at(levels->rules, i);
	return NULL;
}

void levels_set_rules(struct levels *levels, const struct limit_rules *rules,
		      int64_t now_us)
{
	levels->rules = rules;
	levels->now_us = now_us;
	memset(levels->is_wanted, 0, sizeof(levels->is_wanted));
	for (size_t i = 0; i < limit_rules_level_count(rules); i++) {
		const struct limit_level *level = limit_rules_level_at(rules, i);
		levels->identities[i] = level->is_off ? 0 : level_identity(level);
		levels->is_wanted[level->record] |= !level->is_off;
	}
	for (uint32_t i = 0; i < levels->standings.used; i++) {
		struct standing *standing = levels_standing(levels, i);
		const struct limit_level *level = levels_level_of(levels, standing);
		if (standing->severity >= 0 && (level == NULL || level->is_silent))
			level_resolve(levels, NULL, standing, SAID_UNKNOWN, now_us);
		if (level != NULL)
			level_history_fit(&standing->history, level->window_us, now_us);
	}
}

/* ---- a record ---- */

/* An address and port, or a target's text in 128 bits. */
static struct roster_key key_of(const struct limit_subject *subject, uint64_t identity)
{
	static const struct hash_key keys[] = { { 0, 0 }, { 0, 1 } };
	struct roster_key key = { .second = addr_unset() };
	memcpy(&key.second, &identity, sizeof(identity));
	if (subject->target[0] == '\0') {
		key.first = subject->ip;
		memcpy((char *)&key.second + sizeof(identity), &subject->netns,
		       sizeof(subject->netns));
		memcpy(&key.rest, subject->transport, strnlen(subject->transport, 4));
		key.rest = key.rest << 32 | subject->port;
		return key;
	}
	uint64_t words[LIMIT_TARGET_MAX / 8] = { 0 }, sums[2];
	memcpy(words, subject->target, strnlen(subject->target, sizeof(words)));
	for (int i = 0; i < 2; i++)
		sums[i] = hash_words(&keys[i], words, sizeof(words) / 8);
	memcpy(&key.first, sums, sizeof(sums));
	return key;
}

static void know(const struct levels *levels, const struct limit_level *level,
		 const struct limit_subject *subject, struct facts *facts)
{
	facts->ip = subject->ip;
	facts->port = subject->port;
	limit_subject_text(subject, facts->target);
	record_text(facts->rule, sizeof(facts->rule), level->name);
	record_text(facts->transport, sizeof(facts->transport), subject->transport);
	record_text(facts->service, sizeof(facts->service),
		    subject->service[0] != '\0' ? subject->service : subject->protocol);
	limit_tags_text(limit_rules_world(levels->rules), subject, facts->tags,
			sizeof(facts->tags));
}

/* A level that is asked, on its way through a record. */
struct look {
	struct levels *levels;
	const struct limit_level *level;
	uint64_t identity;
	struct limit_subject subject;
	int64_t now_us;
};

/*
 * Who is there stays, or with one target too many all would push out each other and
 * nobody had a history: room is made by what is silent, and by usual ones for those
 * that somebody wrote.
 */
static bool has_room(const struct look *look)
{
	const struct roster *standings = &look->levels->standings;
	uint32_t usual = standings->by_use[RANK_USUAL].oldest;
	uint32_t oldest =
		usual != ORDER_NONE ? usual : standings->by_use[RANK_WRITTEN].oldest;
	if (standings->used < standings->size)
		return true;
	if (usual != ORDER_NONE && !look->level->is_usual)
		return true;
	return look->now_us - levels_standing(look->levels, oldest)->seen_us >
	       SILENT_US;
}

/* NULL: there is no room. */
static struct standing *standing_of(const struct look *look)
{
	struct levels *levels = look->levels;
	const struct limit_level *level = look->level;
	const struct roster_key key = key_of(&look->subject, look->identity);
	struct standing *standing = roster_find(&levels->standings, &key);
	if (standing == NULL && !has_room(look)) {
		levels->left_out++;
		return NULL;
	}
	if (standing == NULL)
		standing = roster_take(&levels->standings, &key);
	standing->seen_us = look->now_us;
	if (standing->identity != 0)
		return standing;
	standing->identity = look->identity;
	standing->severity = -1;
	standing->awake_us = look->now_us;
	level_history_begin(&standing->history, level->window_us);
	know(levels, level, &look->subject, &standing->facts);
	roster_rank(&levels->standings, standing,
		    level->is_usual ? RANK_USUAL : RANK_WRITTEN);
	return standing;
}

static void add(struct standing *standing, const struct level_piece *piece)
{
	standing->total.good += piece->amount.good;
	standing->total.bad += piece->amount.bad;
	level_history_add(&standing->history, piece->from_us, piece->to_us,
			  &piece->amount);
}

static void pass(struct standing *standing, int64_t now_us)
{
	struct level_piece piece;
	if (level_tally_pass(&standing->tally, now_us, &piece))
		add(standing, &piece);
}

static void see_probe(const struct look *look, const struct probe_record *probe)
{
	int64_t now_us = look->now_us;
	const struct level_piece failure = { now_us, now_us, { .failures = 1 } };
	struct standing *standing = standing_of(look);
	enum level_state state = level_probe_state(look->level, probe);
	if (standing == NULL)
		return;
	pass(standing, now_us);
	level_tally_note(&standing->tally, state, now_us);
	if (state == LEVEL_BAD)
		add(standing, &failure);
}

/* A service that nobody uses takes no room. */
static void see_port(const struct look *look, const struct port_record *port)
{
	struct level_piece piece;
	struct level_tally none = { 0 };
	bool is_one = !addr_is_unset(&port->server_ip); /* not many, summed up */
	if (!is_one || !level_tally_port(&none, look->level, port, &piece))
		return;
	struct standing *standing = standing_of(look);
	if (standing != NULL &&
	    level_tally_port(&standing->tally, look->level, port, &piece))
		add(standing, &piece);
}

void levels_see(struct levels *levels, enum record_kind kind, const void *record,
		int64_t now_us)
{
	struct look look = { .levels = levels, .now_us = now_us };
	if (levels->rules == NULL || !levels->is_wanted[kind])
		return;
	levels->now_us = now_us;
	const struct limit_world *world = limit_rules_world(levels->rules);
	limit_subject_of(limit_rules_places(levels->rules, kind), record,
			 &look.subject);
	for (size_t i = 0; i < limit_rules_level_count(levels->rules); i++) {
		look.level = limit_rules_level_at(levels->rules, i);
		look.identity = levels->identities[i];
		if (look.level->is_off || look.level->record != kind ||
		    !limit_selection_holds(&look.level->selection, world,
					   &look.subject))
			continue;
		if (kind == RECORD_probe)
			see_probe(&look, record);
		else
			see_port(&look, record);
	}
}

/* ---- time ---- */

static bool is_there(const struct standing *standing, int64_t now_us)
{
	return now_us - standing->seen_us <= SILENT_US;
}

static void judge_all(struct levels *levels, int64_t now_us)
{
	for (uint32_t i = 0; i < levels->standings.used; i++) {
		struct standing *standing = levels_standing(levels, i);
		const struct limit_level *level = levels_level_of(levels, standing);
		if (level == NULL)
			continue;
		if (level->record == RECORD_probe)
			pass(standing, now_us);
		if (!level->is_silent)
			level_judge(levels, level, standing, now_us);
	}
}

/* Also when the clock was set back. */
static bool is_due(int64_t *last_us, int64_t every_us, int64_t now_us)
{
	int64_t ago_us = now_us - *last_us;
	if (ago_us >= 0 && ago_us < every_us)
		return false;
	*last_us = now_us;
	return true;
}

void levels_tick(struct levels *levels, int64_t now_us)
{
	levels->now_us = now_us;
	if (is_due(&levels->judged_us, JUDGED_EVERY_US, now_us))
		judge_all(levels, now_us);
	if (levels->sink.level != NULL &&
	    is_due(&levels->told_us, TOLD_EVERY_US, now_us))
		levels_each(levels, now_us, levels->sink.level, levels->sink.self);
	levels_file_tick(levels, now_us);
}

/* ---- what is known ---- */

void levels_each(const struct levels *levels, int64_t now_us,
		 void (*take)(void *to, const struct level_record *level), void *to)
{
	for (uint32_t i = 0; i < levels->standings.used; i++) {
		const struct standing *standing = levels_standing(levels, i);
		const struct limit_level *level = levels_level_of(levels, standing);
		struct level_record record;
		if (level == NULL || !is_there(standing, now_us))
			continue;
		level_stands(level, standing, now_us, &record);
		take(to, &record);
	}
}

static const struct standing *availability_of(const struct levels *levels,
					      const char *target)
{
	for (uint32_t i = 0; i < levels->standings.used; i++) {
		const struct standing *standing = levels_standing(levels, i);
		const struct limit_level *level = levels_level_of(levels, standing);
		if (level != NULL && level->measure == MEASURE_AVAILABILITY &&
		    strcmp(standing->facts.target, target) == 0)
			return standing;
	}
	return NULL;
}

bool levels_target_days(const struct levels *levels, const char *target, int64_t now_us,
			struct limits_day days[static LIMITS_DAYS])
{
	static const int64_t day_us = 86400 * 1000000LL;
	const struct standing *standing = availability_of(levels, target);
	int64_t begin_us = now_us / day_us * day_us;
	for (int i = 0; i < LIMITS_DAYS && standing != NULL; i++) {
		struct level_amount amount = level_history_between(
			&standing->history, begin_us, begin_us + day_us);
		days[i] = (struct limits_day){ amount.good, amount.bad };
		begin_us -= day_us;
	}
	return standing != NULL;
}

void levels_each_alert(const struct levels *levels,
		       void (*take)(void *to, const struct alert_record *alert),
		       void *to)
{
	for (uint32_t i = 0; i < levels->standings.used; i++) {
		const struct standing *standing = levels_standing(levels, i);
		struct alert_record alert;
		if (standing->severity < 0)
			continue;
		level_alert(levels_level_of(levels, standing), standing, SAID_FIRING,
			    levels->now_us, &alert);
		take(to, &alert);
	}
}

void levels_each_total(const struct levels *levels, int64_t from_us, int64_t to_us,
		       void (*take)(void *to, const struct level_record *level),
		       void *to)
{
	for (uint32_t i = 0; i < levels->standings.used; i++) {
		const struct standing *standing = levels_standing(levels, i);
		const struct limit_level *level = levels_level_of(levels, standing);
		struct level_record record;
		if (level == NULL)
			continue;
		level_stood(level, standing, from_us, to_us, &record);
		take(to, &record);
	}
}

void levels_unwatched(struct levels *levels, int64_t from_us, int64_t to_us)
{
	for (uint32_t i = 0; i < levels->standings.used; i++) {
		struct standing *standing = levels_standing(levels, i);
		const struct limit_level *level = levels_level_of(levels, standing);
		if (level == NULL || level->record != RECORD_probe)
			continue;
		pass(standing, from_us);
		level_tally_forget(&standing->tally, to_us);
		standing->awake_us = to_us;
	}
}

struct limits_totals levels_totals(const struct levels *levels)
{
	return (struct limits_totals){ .series = levels->standings.used,
				       .firing = levels->firing,
				       .left_out = levels->left_out };
}
