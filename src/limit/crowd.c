/*
 * crowd.c: marks of a host's series within one window, oldest first.
 */
#include <math.h>
#include <string.h>

#include "limit/crowd.h"

const struct crowd_rule CROWD_RULE = {
	.least = 3,
	.share = 0.1,
	.window_us = INT64_C(600) * 1000 * 1000,
};

/* Series tell of the same second one after the other, not always in order of time. */
static bool is_near(int64_t then_us, const struct crowd_rule *rule, int64_t at_us)
{
	return then_us >= at_us - rule->window_us && then_us <= at_us + rule->window_us;
}

static void forget(struct crowd *crowd, uint32_t index)
{
	crowd->count--;
	memmove(&crowd->marks[index], &crowd->marks[index + 1],
		(crowd->count - index) * sizeof(crowd->marks[0]));
}

/* What is out of the window; what lies that far in the future, a clock was set back. */
static void forget_old(struct crowd *crowd, const struct crowd_rule *rule,
		       int64_t at_us)
{
	for (uint32_t i = crowd->count; i-- > 0;) {
		if (!is_near(crowd->marks[i].at_us, rule, at_us))
			forget(crowd, i);
	}
}

static bool has(const struct crowd *crowd, uint32_t series)
{
	for (uint32_t i = 0; i < crowd->count; i++) {
		if (crowd->marks[i].series == series)
			return true;
	}
	return false;
}

static void note(struct crowd *crowd, uint32_t series, int64_t at_us)
{
	if (has(crowd, series))
		return;
	if (crowd->count == CROWD_MARKS)
		forget(crowd, 0);
	uint32_t place = crowd->count++;
	for (; place > 0 && crowd->marks[place - 1].at_us > at_us; place--)
		crowd->marks[place] = crowd->marks[place - 1];
	crowd->marks[place] = (struct crowd_mark){ .series = series, .at_us = at_us };
}

/* Never more than can be kept: a crowd of those is one, however many there are. */
static uint32_t wanted(const struct crowd_rule *rule, uint32_t of)
{
	double share = ceil(rule->share * of);
	double most = share > rule->least ? share : rule->least;
	return most < CROWD_MARKS ? (uint32_t)most : CROWD_MARKS;
}

static void tell(const struct crowd *crowd, uint32_t of, uint32_t needed,
		 struct crowd_event *out)
{
	*out = (struct crowd_event){
		.first_us = crowd->marks[0].at_us,
		.last_us = crowd->marks[crowd->count - 1].at_us,
		.of = of,
		.wanted = needed,
		.count = crowd->count,
	};
	memcpy(out->marks, crowd->marks, crowd->count * sizeof(crowd->marks[0]));
}

bool crowd_is_open(const struct crowd *crowd, const struct crowd_rule *rule,
		   int64_t at_us)
{
	return crowd->is_open && is_near(crowd->last_crowded_us, rule, at_us);
}

bool crowd_take(struct crowd *crowd, const struct crowd_rule *rule, uint32_t series,
		uint32_t of, int64_t at_us, struct crowd_event *out)
{
	bool was_open = crowd_is_open(crowd, rule, at_us);
	forget_old(crowd, rule, at_us);
	note(crowd, series, at_us);
	crowd->is_open = was_open;
	uint32_t needed = wanted(rule, of);
	if (crowd->count < needed)
		return false;
	crowd->is_open = true;
	crowd->last_crowded_us = at_us;
	if (was_open)
		return false;
	tell(crowd, of, needed, out);
	return true;
}
