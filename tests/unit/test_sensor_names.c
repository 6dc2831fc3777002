/*
 * test_sensor_names.c: which sensors a record of a hub's own is of, where sensor=,
 * site= and tag= choose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/query.h"
#include "web/sensor_set.h"
#include "web/web.h"

static void give_sensors(void *self, web_emit emit, void *to)
{
	static const char *const all[][2] = { { "web-1", "berlin" },
					      { "db-1", "berlin" },
					      { "web-2", "paris" } };
	(void)self;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct sensor_record sensor;
		record_init(RECORD_sensor, &sensor);
		record_text(sensor.sensor, sizeof(sensor.sensor), all[i][0]);
		record_text(sensor.site, sizeof(sensor.site), all[i][1]);
		sensor.state = "up";
		emit(to, &sensor);
	}
}

static const struct web_source source = { .sensors = give_sensors };

static bool is_of(const char *site, enum record_kind kind, const void *record)
{
	const struct sensors_asked asked = { .site = site };
	char error[SENSOR_SET_ERROR_MAX];
	struct query query;
	struct sensor_set *set = sensor_set_new(&asked, &source, error);
	assert_non_null(set);
	query_init(&query, kind);
	query.sensors = set;
	bool is = query_wants(&query, record);
	sensor_set_free(set);
	return is;
}

static bool finding_is_of(const char *site, const char *sensor, const char *sensors)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	record_text(finding.sensor, sizeof(finding.sensor), sensor);
	record_text(finding.sensors, sizeof(finding.sensors), sensors);
	return is_of(site, RECORD_finding, &finding);
}

static void what_a_hub_found_is_of_those_who_saw_it(void **state)
{
	(void)state;
	assert_true(finding_is_of("berlin", "hub", "web-1,web-2"));
	assert_true(finding_is_of("paris", "hub", "web-1,web-2"));
	assert_true(finding_is_of("berlin", "hub", "db-1"));
	assert_false(finding_is_of("paris", "hub", "db-1,web-1"));
	assert_true(finding_is_of("paris", "hub", "db-1,web-1,..."));
	assert_false(finding_is_of("paris", "hub", ""));
}

static void what_a_sensor_found_is_its_own(void **state)
{
	(void)state;
	assert_true(finding_is_of("berlin", "web-1", ""));
	assert_true(finding_is_of("berlin", "web-1", "web-2"));
	assert_false(finding_is_of("paris", "web-1", "web-2"));
	assert_false(finding_is_of("paris", "web-1", "..."));
}

static void what_lists_no_sensors_is_of_who_told_it(void **state)
{
	struct port_record port;
	(void)state;
	record_init(RECORD_port, &port);
	record_text(port.sensor, sizeof(port.sensor), "web-2");
	assert_true(is_of("paris", RECORD_port, &port));
	assert_false(is_of("berlin", RECORD_port, &port));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_hub_found_is_of_those_who_saw_it),
		cmocka_unit_test(what_a_sensor_found_is_its_own),
		cmocka_unit_test(what_lists_no_sensors_is_of_who_told_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
