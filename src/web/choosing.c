/*
 * choosing.c: which sensors a request is about, from its parameters.
 */
#include "web/inside.h"

static const char *given(const struct request *request, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->connection,
							MHD_GET_ARGUMENT_KIND, name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

bool choose_sensors(const struct request *request,
		    char error[static SENSOR_SET_ERROR_MAX])
{
	struct exchange *exchange = request->exchange;
	const struct sensors_asked asked = { .names = given(request, "sensor"),
					     .site = given(request, "site"),
					     .tag = given(request, "tag") };
	if (asked.names == NULL && asked.site == NULL && asked.tag == NULL)
		return true;
	sensor_set_free(exchange->sensors);
	exchange->sensors = sensor_set_new(&asked, request->web->source, error);
	return exchange->sensors != NULL;
}
