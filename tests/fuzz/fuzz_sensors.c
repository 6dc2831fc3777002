/*
 * fuzz_sensors.c: sensor=, site= and tag= of a hub, as whoever reaches the port may
 * write them; and names, sites and tags as sensors were joined with.
 *
 * The input is "key=value&key=value": sensor, site and tag are asked for; name, at and
 * words make one more sensor each.  A complaint is one line that ends, and what is
 * chosen is what there is.
 */
#include <stdlib.h>
#include <string.h>

#include "web/sensor_set.h"
#include "web/web.h"

enum { SENSORS_MAX = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sensor_record sensors[SENSORS_MAX];
static size_t count;

static void give(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < count; i++)
		emit(to, &sensors[i]);
}

static const struct web_source hub = { .sensors = give };

static void take(struct sensors_asked *asked, char *pair)
{
	char *value = strchr(pair, '=');
	if (value == NULL)
		return;
	*value++ = '\0';
	if (strcmp(pair, "sensor") == 0)
		asked->names = value;
	else if (strcmp(pair, "site") == 0)
		asked->site = value;
	else if (strcmp(pair, "tag") == 0)
		asked->tag = value;
	else if (strcmp(pair, "name") == 0 && count < SENSORS_MAX) {
		record_init(RECORD_sensor, &sensors[count]);
		record_text(sensors[count++].sensor, sizeof(field_text64), value);
	} else if (count > 0 && strcmp(pair, "at") == 0)
		record_text(sensors[count - 1].site, sizeof(field_text64), value);
	else if (count > 0 && strcmp(pair, "words") == 0)
		record_text(sensors[count - 1].tags, sizeof(field_text256), value);
}

/* Each that is chosen is a sensor, or the hubs; to hear of all again changes nothing.
 */
static void check(struct sensor_set *set)
{
	size_t chosen, again;
	const char *const *names = sensor_set_names(set, &chosen);
	for (size_t i = 0; i < chosen; i++) {
		bool is_known = names[i][0] == '\0' || strcmp(names[i], "hub") == 0;
		for (size_t j = 0; j < count && !is_known; j++)
			is_known = strcmp(sensors[j].sensor, names[i]) == 0;
		if (!is_known ||
		    (names[i][0] != '\0' && !sensor_set_has(set, names[i])))
			abort();
	}
	for (size_t i = 0; i < count; i++)
		sensor_set_hear(set, &sensors[i]);
	sensor_set_names(set, &again);
	if (again > chosen)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sensors_asked asked = { 0 };
	char error[SENSOR_SET_ERROR_MAX] = "";
	char *text = malloc(size + 1);
	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	count = 0;
	for (char *rest = text, *pair; (pair = strsep(&rest, "&")) != NULL;)
		take(&asked, pair);
	struct sensor_set *set = sensor_set_new(&asked, &hub, error);
	if (set == NULL &&
	    (error[0] == '\0' || memchr(error, '\0', sizeof(error)) == NULL))
		abort();
	if (set != NULL)
		check(set);
	sensor_set_free(set);
	free(text);
	return 0;
}
