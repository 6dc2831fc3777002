/*
 * whose_port.c: see whose_port.h.
 */
#include "web/whose_port.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 400 };

struct having {
	const struct sensor_set *among; /* NULL: any */
	struct whose_port *whose;
	bool several;
	char names[NAMES_MAX]; /* with commas between; ends with "..." if more do */
};

/* Of the row of a sensor that has the port. */
static void note(struct having *having, const char *sensor)
{
	char *first = having->whose->sensor;
	size_t len = strlen(having->names);
	if (sensor[0] == '\0' || strcmp(sensor, SENSOR_HUB) == 0 ||
	    (having->among != NULL && !sensor_set_has(having->among, sensor)) ||
	    sensor_has_word(having->names, sensor))
		return;
	if (first[0] == '\0')
		record_text(first, sizeof(field_text64), sensor);
	else
		having->several = true;
	/* Room for the name, a comma, and "...". */
	if (len + strlen(sensor) + sizeof(",,...") < sizeof(having->names))
		snprintf(having->names + len, sizeof(having->names) - len, "%s%s",
			 len > 0 ? "," : "", sensor);
	else if (!sensor_has_word(having->names, "..."))
		snprintf(having->names + len, sizeof(having->names) - len, ",...");
}

static bool is_it(const struct having *having, uint32_t port, const char *transport)
{
	const char *wanted = having->whose->transport;
	return port == having->whose->port &&
	       (wanted == NULL ||
		(transport != NULL && strcmp(transport, wanted) == 0));
}

static void take_port(void *to, const void *record)
{
	const struct port_record *port = record;
	if (is_it(to, port->port, port->transport))
		note(to, port->sensor);
}

static void take_listener(void *to, const void *record)
{
	const struct listener_record *listener = record;
	if (is_it(to, listener->port, listener->transport))
		note(to, listener->sensor);
}

/* One that was named needs not tell of it now: it may have. */
static bool is_named(const struct sensor_set *set, struct whose_port *whose)
{
	size_t count = 0;
	const char *const *names = set != NULL ? sensor_set_names(set, &count) : NULL;
	if (count != 1 || !sensor_set_has(set, names[0]) ||
	    strcmp(names[0], SENSOR_HUB) == 0)
		return false;
	record_text(whose->sensor, sizeof(whose->sensor), names[0]);
	return true;
}

static bool refuse(const struct having *having, char error[static SENSOR_SET_ERROR_MAX])
{
	unsigned port = having->whose->port;
	if (having->several)
		snprintf(error, SENSOR_SET_ERROR_MAX,
			 "sensor: name one of those that tell of port %u: %s", port,
			 having->names);
	else
		snprintf(error, SENSOR_SET_ERROR_MAX,
			 "sensor: name one; none tells of port %u now", port);
	return false;
}

bool whose_port_find(const struct request *request, struct whose_port *whose,
		     char error[static SENSOR_SET_ERROR_MAX])
{
	const struct web_source *source = request->web->source;
	struct exchange *exchange = request->exchange;
	struct having having = { .among = exchange->sensors, .whose = whose };
	whose->sensor[0] = '\0';
	if (source->sensors == NULL || is_named(exchange->sensors, whose))
		return true;
	records_give(source, RECORD_port, take_port, &having);
	records_give(source, RECORD_listener, take_listener, &having);
	if (whose->sensor[0] == '\0' || having.several)
		return refuse(&having, error);
	const struct sensors_asked alone = { .names = whose->sensor };
	struct sensor_set *set = sensor_set_new(&alone, source, error);
	if (set == NULL)
		return false;
	sensor_set_free(exchange->sensors);
	exchange->sensors = set;
	return true;
}
