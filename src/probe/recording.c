/*
 * recording.c: see recording.h.
 */
#include "probe/recording.h"

#define AGAIN_US 600000000LL
#define COST_US  500000LL
#define AT_ONCE  20

bool recording_wants(struct recording *recording, struct recording_budget *budget,
		     enum reason reason, int64_t now_us)
{
	bool is_known =
		reason == recording->reason && now_us - recording->at_us < AGAIN_US;
	if (reason == REASON_NONE || is_known)
		return false;
	int64_t spent_us =
		budget->spent_until_us > now_us ? budget->spent_until_us : now_us;
	if (spent_us - now_us > (AT_ONCE - 1) * COST_US)
		return false;
	budget->spent_until_us = spent_us + COST_US;
	recording->reason = reason;
	recording->at_us = now_us;
	return true;
}

void recording_is_up(struct recording *recording, const struct probe_record *record)
{
	recording->reason = REASON_NONE;
	remember(&recording->last_up, record);
}
