/*
 * forecast_record.h: forecasts as records.
 */
#pragma once

#include "limit/forecast.h"
#include "record/record.h"

/*
 * What was made of the question, at the end of its history; the record's names and
 * metric are the caller's.
 */
void forecast_tell(const struct forecast *forecast,
		   const struct forecast_question *question, int64_t at_us,
		   struct forecast_record *out);

/*
 * An end that is known, such as a certificate's: it is told for certain.  Within
 * limit_s of it, it is too late.
 */
void forecast_tell_end(int64_t end_us, uint32_t limit_s, int64_t at_us,
		       uint32_t horizon_s, struct forecast_record *out);

/* A crossing that is less likely than this is no more than head-room. */
bool forecast_is_likely(const struct forecast_record *forecast);

/* It crosses within its time, rather than not. */
bool forecast_is_bad(const struct forecast_record *forecast);
