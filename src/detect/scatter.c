/*
 * scatter.c: see scatter.h.
 */
#include "detect/scatter.h"

static bool is_high(const struct scatter *scatter)
{
	return scatter->now >= SCATTER_FLOOR && scatter->ports >= SCATTER_PORTS_MIN;
}

static void turn(struct scatter *scatter, int64_t start_us)
{
	bool goes_on = is_high(scatter) && start_us - scatter->second_us <= 2 * 1000000;
	scatter->before = goes_on ? scatter->before + scatter->now : 0;
	scatter->is_on = goes_on && scatter->is_on;
	scatter->untold = goes_on ? scatter->untold : 0;
	scatter->second_us = start_us;
	scatter->now = scatter->ports = 0;
	scatter->is_told = false;
}

bool scatter_add(struct scatter *scatter, int64_t start_us, uint64_t count,
		 uint64_t *packets)
{
	if (count > SCATTER_PORT_MOST)
		return false;
	if (start_us != scatter->second_us)
		turn(scatter, start_us);
	scatter->now += count;
	scatter->untold += count;
	scatter->ports++;
	scatter->is_on |= scatter->before + scatter->now >= SCATTER_TOTAL_MIN;
	if (scatter->is_told || !scatter->is_on || !is_high(scatter))
		return false;
	scatter->is_told = true;
	*packets = scatter->untold;
	scatter->untold = 0;
	return true;
}
