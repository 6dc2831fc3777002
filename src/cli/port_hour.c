/*
 * port_hour.c: see port_hour.h.
 */
#include "cli/port_hour.h"

#include <math.h>

#include "limit/rules.h"

enum { ALL_BITS = 128 };
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

double port_hour(struct store_reader *reader, const struct port_record *port,
		 const struct field *field, int64_t begin_us, uint32_t time_limit_ms)
{
	struct hour hour = { field, NAN };
	struct store_filter filter;
	char error[STORE_ERROR_MAX];
	store_filter_init(&filter);
	filter.since_us = begin_us;
	filter.until_us = begin_us + HOUR_US - 1;
	filter.has_port = filter.has_host = true;
	filter.port = (uint16_t)port->port;
	filter.host = (struct prefix){ port->server_ip, ALL_BITS };
	filter.transport = port->transport;
	filter.time_limit_ms = time_limit_ms;
	store_read(reader, RECORD_port, &filter, take, &hour, error);
	return hour.value;
}
