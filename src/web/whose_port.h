/*
 * whose_port.h: at a hub, which sensor is meant where a port is asked for.
 */
#pragma once

#include "web/inside.h"

struct whose_port {
	uint16_t port;
	const char *transport; /* NULL: any */
	field_text64 sensor;   /* found; "": this is one machine */
};

/*
 * The sensor that is named, or the one of those chosen that tells of that port; from
 * then on exchange->sensors is that one alone.  False, and one line in error, if there
 * is none, or several.
 */
bool whose_port_find(const struct request *request, struct whose_port *whose,
		     char error[static SENSOR_SET_ERROR_MAX]);
