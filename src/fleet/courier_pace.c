/*
 * courier_pace.c: see courier_pace.h.
 */
#include "fleet/courier_pace.h"

enum { BATCH_COST = 16 * 1024 }; /* a small one costs, too: a file, and an answer */

#define SECOND_US 1000000LL

int64_t courier_pace_take_us(struct courier_pace *pace, uint64_t bytes, int64_t now_us)
{
	if (pace->bytes_per_s == 0)
		return 0;
	uint64_t cost = bytes + BATCH_COST;
	if (pace->free_us < now_us - SECOND_US)
		pace->free_us = now_us - SECOND_US;
	pace->free_us += (int64_t)(cost * SECOND_US / pace->bytes_per_s);
	return pace->free_us > now_us ? pace->free_us - now_us : 0;
}
