/*
 * alerting_history.c: what a value was a week ago, from the store, for limits of a
 * change; see alerting.h.
 *
 * The loop has other things to do: a few are answered each second, and the rest is
 * asked again.
 */
#include <math.h>

#include "cli/alerting_inside.h"
#include "cli/store_look.h"
#include "limit/rule.h"

enum { READ_MS = 50, ASKED_MOST = 4 /* a second */, ALL_BITS = 128 };
#define HOUR_US INT64_C(3600000000)

struct hour {
	const struct field *field;
	double value;
};

static bool take(void *to, const void *record)
{
	struct hour *hour = to;
	const struct port_record *port = record;
	double value = rule_number(hour->field, port, 0);
	hour->value =
		hour->field->role == ROLE_COUNTER ? value / port->interval_s : value;
	return false;
}

double alerting_hour(void *self, enum record_kind kind, const void *record,
		     const struct field *field, int64_t begin_us)
{
	struct alerting *a = self;
	const struct port_record *port = record;
	struct hour hour = { field, NAN };
	if (kind != RECORD_port || a->asked >= ASKED_MOST)
		return NAN;
	a->asked++;
	struct store_filter filter;
	store_filter_init(&filter);
	filter.since_us = begin_us;
	filter.until_us = begin_us + HOUR_US - 1;
	filter.has_port = filter.has_host = true;
	filter.port = (uint16_t)port->port;
	filter.host = (struct prefix){ port->server_ip, ALL_BITS };
	filter.transport = port->transport;
	filter.time_limit_ms = READ_MS;
	store_look(a->setup.config->state, RECORD_port, &filter, take, &hour);
	return hour.value;
}
