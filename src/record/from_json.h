/*
 * from_json.h: records again from the daemon's answers.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "record/record.h"

/*
 * Fills the record from its object; what is missing or of another type is unknown.
 * False if the object is not of that kind.
 */
bool record_from_json(enum record_kind kind, const json_t *object, void *record);
