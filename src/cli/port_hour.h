/*
 * port_hour.h: what a value of a service was in an hour of the past, from the store.
 */
#pragma once

#include <stdint.h>

#include "record/record.h"
#include "store/store.h"

/*
 * The mean of that field in the hour that begins then; counts by the second.  NaN: not
 * known, or it took longer than that (0: however long).
 */
double port_hour(struct store_reader *reader, const struct port_record *port,
		 const struct field *field, int64_t begin_us, uint32_t time_limit_ms);
