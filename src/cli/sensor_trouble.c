/*
 * sensor_trouble.c: see sensor_trouble.h.
 */
#include "cli/sensor_trouble.h"

#include <math.h>
#include <string.h>

#include "cli/json.h"

bool sensor_chain_is_bad(const json_t *sensor)
{
	const char *word = member_text(sensor, "audit_chain");
	return word != NULL && strcmp(word, "holds") != 0 &&
	       strcmp(word, "unsigned") != 0;
}

bool sensor_lags(const json_t *sensor)
{
	return member_number(sensor, "lag_us") > SENSOR_LAG_S * 1e6;
}

bool sensor_clock_is_off(const json_t *sensor)
{
	return fabs(member_number(sensor, "clock_offset_ms")) > SENSOR_OFFSET_MS;
}

bool sensor_has_text(const json_t *sensor, const char *name)
{
	const char *text = member_text(sensor, name);
	return text != NULL && text[0] != '\0';
}

static bool has_lost(const json_t *sensor)
{
	return member_number(sensor, "records_dropped") > 0 ||
	       member_number(sensor, "packets_dropped") > 0;
}

static bool is_in(const json_t *sensor, const char *state)
{
	const char *text = member_text(sensor, "state");
	return text != NULL && strcmp(text, state) == 0;
}

enum sensor_rank sensor_rank(const json_t *sensor)
{
	if (is_in(sensor, "revoked"))
		return SENSOR_REVOKED;
	if (is_in(sensor, "gone"))
		return SENSOR_GONE;
	if (is_in(sensor, "late"))
		return SENSOR_LATE;
	if (sensor_chain_is_bad(sensor))
		return SENSOR_CHAIN;
	if (json_is_true(json_object_get(sensor, "cut_off")))
		return SENSOR_CUT_OFF;
	if (sensor_has_text(sensor, "config_refused"))
		return SENSOR_REFUSED;
	if (sensor_lags(sensor))
		return SENSOR_LAGS;
	if (has_lost(sensor))
		return SENSOR_LOST;
	if (sensor_clock_is_off(sensor))
		return SENSOR_CLOCK;
	return sensor_has_text(sensor, "blind") ? SENSOR_BLIND : SENSOR_WELL;
}
