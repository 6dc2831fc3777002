/*
 * whole.h: whether a hub can judge what a sensor tells.  A batch may leave out any
 * field of a record, and have any word and time in it; a sensor is a stranger's machine
 * as soon as somebody has broken into it.
 */
#pragma once

#include "record/record.h"

/* Nothing is missing that judging rests on, and times can be subtracted. */
bool whole_record(enum record_kind kind, const void *record);
