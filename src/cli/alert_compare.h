/*
 * alert_compare.h: which alerts two sets of rules have in common.
 */
#pragma once

#include <stddef.h>

#include "record/record.h"

/*
 * Sets change of all, puts those of in_force that the others lack behind them, and all
 * in order of their begin: new, gone, or same (rule, target, and a time in common;
 * then that of tried stays).  tried has room for both; sorts in_force.  How many
 * there are.
 */
size_t alert_compare(struct alert_record *tried, size_t tried_count,
		     struct alert_record *in_force, size_t in_force_count);
