/*
 * rollout.c: the steps of a rollout, once a second; see plan.h.  No clock, no I/O.
 *
 * A step is well when all of its sensors that are there report the version, and nothing
 * has happened to them since.  What happens to one after it was told counts against the
 * version, whatever the cause: to stop for nothing costs a person a look, to go on
 * costs a fleet.
 */
#include "fleet/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SECOND_US   1000000LL
#define PATIENCE_US (300 * SECOND_US) /* until all of a step that are up have it */
#define WHOLE       (UINT64_C(1) << 32)

/* Another order of sensors for each version: not always the same ones are first. */
static uint64_t number_of(const char *sensor, uint64_t version)
{
	char text[FLEET_NAME_MAX + 24];
	int len = snprintf(text, sizeof(text), "%" PRIu64 " %s", version, sensor);
	return hash_sum(text, (size_t)len) % WHOLE;
}

bool plan_is_told(const struct plan *plan, const char *sensor)
{
	const struct plan_rollout *r = &plan->rollout;
	return r->state == PLAN_ROLLING && number_of(sensor, r->coming) < r->share;
}

static bool is_of(const struct plan_rollout *r, const struct sensor_record *record)
{
	struct document_reader reader;
	snprintf(reader.sensor, sizeof(reader.sensor), "%s", record->sensor);
	snprintf(reader.site, sizeof(reader.site), "%s", record->site);
	snprintf(reader.tags, sizeof(reader.tags), "%s", record->tags);
	return document_is_for(&r->scope, &reader);
}

static bool is_up(const struct sensor_record *record)
{
	return record->state != NULL && strcmp(record->state, "up") == 0;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;
	return (*one > *other) - (*one < *other);
}

/* ---- a step begins ---- */

/* So large that a share of those who are up have it, one at least. */
static uint64_t share_of(const struct plan_rollout *r, uint64_t *numbers, size_t up)
{
	uint64_t percent = r->steps[r->step], share = WHOLE * percent / 100;
	if (percent == 100 || up == 0)
		return share;
	size_t wanted = (up * percent + 99) / 100;
	qsort(numbers, up, sizeof(*numbers), by_number);
	uint64_t least = numbers[wanted - 1] + 1;
	return least > share ? least : share;
}

/* False: nobody of it is there, whom it could be tried with. */
static bool begin_step(struct plan *plan, const struct plan_sensor *sensors,
		       size_t count, int64_t now_us)
{
	struct plan_rollout *r = &plan->rollout;
	uint64_t *numbers = calloc(count + 1, sizeof(*numbers));
	size_t up = 0, known = 0;
	if (numbers == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct sensor_record *record = sensors[i].record;
		if (!is_of(r, record))
			continue;
		known++;
		if (is_up(record))
			numbers[up++] = number_of(record->sensor, r->coming);
	}
	bool may_begin = up > 0 || known == 0;
	if (may_begin) {
		uint64_t share = share_of(r, numbers, up);
		r->share = share > r->share ? share : r->share;
		r->step_us = now_us;
	}
	free(numbers);
	return may_begin;
}

/* ---- how it is ---- */

/* By the hub's clock, as far as it is known how far the sensor's is off. */
static bool began_anew(const struct plan_rollout *r, const struct sensor_record *record)
{
	if (record->since == UNKNOWN_TIME)
		return false;
	double offset_ms = record->clock_offset_ms;
	int64_t ahead_us = offset_ms > -1e12 && offset_ms < 1e12
				   ? (int64_t)(offset_ms * 1000)
				   : 0; /* unknown is no number */
	return record->since - ahead_us > r->step_us;
}

static bool has_it(const struct plan_rollout *r, const struct sensor_record *record)
{
	return record->config_version != UNKNOWN_U64 &&
	       record->config_version >= r->coming;
}

/* What speaks against it; false: nothing. */
static bool is_bad(const struct plan_rollout *r, const struct plan_sensor *sensor,
		   int64_t now_us, char why[static PLAN_WHY_MAX])
{
	const struct sensor_record *record = sensor->record;
	bool is_late = record->state != NULL && strcmp(record->state, "late") == 0;
	if (plan_refused_version(record->config_refused) == r->coming)
		snprintf(why, PLAN_WHY_MAX, "%s refused it: %.150s", record->sensor,
			 record->config_refused);
	else if (is_late && sensor->heard_us > r->step_us)
		snprintf(why, PLAN_WHY_MAX, "%s is not heard of since it was told",
			 record->sensor);
	else if (is_up(record) && began_anew(r, record))
		snprintf(why, PLAN_WHY_MAX, "%s began anew after it was told",
			 record->sensor);
	else if (is_up(record) && !has_it(r, record) &&
		 now_us - r->step_us > PATIENCE_US)
		snprintf(why, PLAN_WHY_MAX, "%s is up, and has not taken it in %lld s",
			 record->sensor, (long long)(PATIENCE_US / SECOND_US));
	else
		return false;
	return true;
}

/* False, and why, if one of the step is not well. */
static bool look(const struct plan *plan, struct plan_watch *watch,
		 const struct plan_sensor *sensors, size_t count, int64_t now_us,
		 char why[static PLAN_WHY_MAX])
{
	const struct plan_rollout *r = &plan->rollout;
	watch->told = watch->have = watch->up = 0;
	for (size_t i = 0; i < count; i++) {
		const struct sensor_record *record = sensors[i].record;
		if (!is_of(r, record) || !plan_is_told(plan, record->sensor))
			continue;
		if (is_bad(r, &sensors[i], now_us, why))
			return false;
		watch->told++;
		watch->up += is_up(record);
		watch->have += is_up(record) && has_it(r, record);
	}
	return true;
}

static void go_on(struct plan *plan, int64_t now_us)
{
	struct plan_rollout *r = &plan->rollout;
	if (r->step + 1 < r->step_count) {
		r->step++;
		r->step_us = 0;
		return;
	}
	struct plan_entry *entry = plan_find(plan, &r->scope, r->kind);
	if (entry != NULL)
		entry->version = r->coming;
	r->state = PLAN_DONE;
	r->ended_us = now_us;
}

enum plan_news plan_second(struct plan *plan, struct plan_watch *watch,
			   const struct plan_sensor *sensors, size_t count,
			   int64_t now_us, char why[static PLAN_WHY_MAX])
{
	const struct plan_rollout *r = &plan->rollout;
	why[0] = '\0';
	if (r->state != PLAN_ROLLING)
		return PLAN_SAME;
	if (r->step_us == 0)
		return begin_step(plan, sensors, count, now_us) ? PLAN_STEPPED
								: PLAN_SAME;
	if (watch->version != r->coming || watch->step != r->step)
		*watch = (struct plan_watch){ .version = r->coming, .step = r->step };
	if (!look(plan, watch, sensors, count, now_us, why))
		return PLAN_BROKEN;
	if (watch->have < watch->up) {
		watch->well_us = 0;
		return PLAN_SAME;
	}
	if (watch->well_us == 0)
		watch->well_us = now_us;
	if (now_us - watch->well_us < r->wait_s * SECOND_US && watch->told > 0)
		return PLAN_SAME;
	go_on(plan, now_us);
	return PLAN_STEPPED;
}

/* ---- refusals ---- */

void plan_say_refused(struct buf *out, const struct document *document, const char *why)
{
	char scope[SCOPE_TEXT_MAX];
	document_scope_text(&document->scope, scope);
	buf_printf(out, "version %" PRIu64 ", %s for %s: %.*s", document->version,
		   document_kind_name(document->kind), scope, (int)strcspn(why, "\n"),
		   why);
}

uint64_t plan_refused_version(const char *refused)
{
	static const char before[] = "version ";
	if (strncmp(refused, before, sizeof(before) - 1) != 0)
		return 0;
	return strtoull(refused + sizeof(before) - 1, NULL, 10);
}
