/*
 * forecast_text.h: values and times of forecasts in words.
 */
#pragma once

#include <stddef.h>

#include "record/record.h"

/* "42.0 ms", "0.3%", "1.2 GB", "19 d": the metric's name carries its unit. */
void text_metric(char *out, size_t size, const char *metric, double value);

/* "in 9 d (5 d..16 d)", "now"; "-" if unknown. */
void text_crossing(char *out, size_t size, double in_s, double low_s, double high_s);

/* "response_p95_us of 192.0.2.1:443/tcp will cross 100 ms in 9 d (5 d..16 d),
 * probability 0.70" */
void text_forecast(const struct forecast_record *forecast, char *out, size_t size);
