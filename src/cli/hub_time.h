/*
 * hub_time.h: times that sensors tell, as far as a hub goes by them.
 */
#pragma once

#include <stdint.h>

#include "record/record.h"

enum { HUB_RECORD_MOST = 8192 }; /* room for one of any kind */

/*
 * What is said to have happened later than now has happened now: else a sensor that
 * lies, or whose clock is wrong, would keep silent what others say of the same attack
 * until then.  How long something is to go on (until) stays.
 */
void hub_not_later(enum record_kind kind, void *record, int64_t now_us);
