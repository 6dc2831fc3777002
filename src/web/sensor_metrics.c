/*
 * sensor_metrics.c: see sensor_metrics.h.
 */
#include "web/sensor_metrics.h"

#include <math.h>
#include <string.h>

enum { MS_IN_US = 1000 };

struct writing {
	struct family *family;
	long double (*value)(const struct field *field,
			     const struct sensor_record *sensor);
	const struct field *field;
	unsigned count;
};

static long double number_of(const struct field *field,
			     const struct sensor_record *sensor)
{
	return family_number(field, sensor);
}

static long double is_up(const struct field *field, const struct sensor_record *sensor)
{
	(void)field;
	if (sensor->state == NULL)
		return (long double)NAN;
	return (long double)(strcmp(sensor->state, "up") == 0);
}

/* In the base unit, as all times. */
static long double offset_us(const struct field *field,
			     const struct sensor_record *sensor)
{
	(void)field;
	return (long double)sensor->clock_offset_ms * MS_IN_US;
}

/* web_emit */
static void write_one(void *to, const void *record)
{
	struct writing *writing = to;
	const struct sensor_record *sensor = record;
	struct buf *out = writing->family->out;
	long double value = writing->value(writing->field, sensor);
	if (isnan(value) || writing->count == SENSORS_SHOWN)
		return;
	writing->count++;
	family_sample(writing->family);
	family_sensor(out, "{", sensor->sensor);
	buf_text(out, ",site=\"");
	family_label(out, sensor->site);
	buf_text(out, "\"}");
	family_value(writing->family, value);
}

void sensor_metrics_write(const struct web_source *source, struct family *family)
{
	const struct schema *schema = &schemas[RECORD_sensor];
	struct writing up = { .family = family, .value = is_up };
	struct writing offset = { .family = family, .value = offset_us };
	if (source->sensors == NULL)
		return;
	family_named(family, "sensor_up", "", "gauge",
		     "1 if the sensor was heard within 30 s, 0 if it is late, gone or "
		     "revoked.");
	source->sensors(source->self, write_one, &up);
	family_named(family, "sensor_clock_offset_seconds", "seconds", "gauge",
		     family_field(RECORD_sensor, "clock_offset_ms")->doc);
	source->sensors(source->self, write_one, &offset);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		struct writing one = { .family = family,
				       .value = number_of,
				       .field = field };
		if (family_type(field) == NULL ||
		    strcmp(field->name, "clock_offset_ms") == 0)
			continue;
		family_of(family, RECORD_sensor, field);
		family_begin(family, family_type(field), field->doc);
		source->sensors(source->self, write_one, &one);
	}
}
