/*
 * health.c: see health.h.
 */
#include "probe/health.h"

#include <string.h>

static unsigned count_of(const struct health *h, unsigned among, enum probe_state worst,
			 enum probe_state best)
{
	unsigned count = 0;
	for (unsigned i = 0; i < among && i < h->count; i++)
		count += h->last[i] >= (uint8_t)best && h->last[i] <= (uint8_t)worst;
	return count;
}

static bool has_recovered(const struct health *h, const struct health_rules *rules)
{
	return count_of(h, rules->recovers, PROBE_up, PROBE_up) == rules->recovers;
}

/* What the last few results say together; the same as before if they don't. */
static enum probe_state judge(const struct health *h, const struct health_rules *rules)
{
	bool is_new = h->since_us == 0;
	if (has_recovered(h, rules) || (is_new && h->last[0] == PROBE_up))
		return PROBE_up;
	if (count_of(h, rules->of, PROBE_down, PROBE_down) >= rules->fails)
		return PROBE_down;
	if (count_of(h, rules->of, PROBE_down, PROBE_degraded) >= rules->fails)
		return PROBE_degraded;
	if (count_of(h, rules->of, PROBE_unknown, PROBE_unknown) >= rules->fails)
		return PROBE_unknown;
	return h->hard;
}

/*
 * Changes among the last results, the newer the heavier: from 0.8 to 1.2, as in Nagios'
 * and Naemon's "Detection and Handling of State Flapping".  Percent.
 */
static unsigned flapping(const struct health *h)
{
	double sum = 0;
	for (unsigned i = 0; i + 1 < h->count; i++)
		if (h->last[i] != h->last[i + 1])
			sum += 1.2 - 0.4 * i / (HEALTH_MEMORY - 2);
	return (unsigned)(sum * 100 / (HEALTH_MEMORY - 1));
}

bool health_take(struct health *h, const struct health_rules *rules,
		 enum probe_state state, int64_t at_us)
{
	memmove(h->last + 1, h->last, sizeof(h->last) - 1);
	h->last[0] = (uint8_t)state;
	if (h->count < HEALTH_MEMORY)
		h->count++;
	unsigned percent = flapping(h);
	bool flaps = h->is_flapping ? percent >= HEALTH_FLAP_LOW
				    : percent >= HEALTH_FLAP_HIGH;
	enum probe_state hard = judge(h, rules);
	bool changed = hard != h->hard || h->since_us == 0;
	bool turned = flaps != h->is_flapping;
	h->is_flapping = flaps;
	if (changed)
		h->since_us = at_us;
	h->hard = hard;
	return changed || turned;
}

bool health_is_soft(const struct health *h)
{
	return h->count > 0 && h->last[0] != (uint8_t)h->hard;
}
