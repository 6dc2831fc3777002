/*
 * sensor_trouble.h: what is wrong with a sensor of a fleet, by its record.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

enum {
	SENSOR_LAG_S = 60, /* what waits longer: it does not get away */
	SENSOR_OFFSET_MS =
		1000, /* its clock; times of two machines no longer compare */
};

/*
 * The gravest first: 0 is nothing heard of it.  What is well comes after all that is
 * not, and who left in order, or was put out, at last.
 */
enum sensor_rank {
	SENSOR_LATE,
	SENSOR_CHAIN, /* what was told of its audit chain does not hold */
	SENSOR_CUT_OFF,
	SENSOR_REFUSED, /* a configuration */
	SENSOR_LAGS,
	SENSOR_LOST, /* records or packets */
	SENSOR_CLOCK,
	SENSOR_BLIND,
	SENSOR_WELL,
	SENSOR_GONE,
	SENSOR_REVOKED,
	SENSOR_RANKS
};
enum sensor_rank sensor_rank(const json_t *sensor);

bool sensor_chain_is_bad(const json_t *sensor);
bool sensor_lags(const json_t *sensor);
bool sensor_clock_is_off(const json_t *sensor);
/* "" or NULL: none. */
bool sensor_has_text(const json_t *sensor, const char *name);
