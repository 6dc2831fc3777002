/*
 * test_web_whose_port.c: at a hub a port is explained of one sensor, with the records
 * of that one alone.
 */
#include "web_client.h"

#include "web/sensor_set.h"

enum { MANY = 100 };

/* Each has 443; of 22 web-1 tells, of 53 db-1, by who listens. */
static const char *const names[] = { "web-1", "web-2", "db-1" };
static size_t many;

static void give_sensors(void *self, web_emit emit, void *to)
{
	struct sensor_record sensor;
	(void)self;
	record_init(RECORD_sensor, &sensor);
	sensor.state = "up";
	for (size_t i = 0; i < 3; i++) {
		record_text(sensor.sensor, sizeof(sensor.sensor), names[i]);
		record_text(sensor.site, sizeof(sensor.site), i < 2 ? "paris" : "rome");
		emit(to, &sensor);
	}
}

static void give_port_of(const char *sensor, uint16_t number, web_emit emit, void *to)
{
	struct port_record port;
	fake_port(&port, number - 1);
	port.transport = "tcp";
	record_text(port.sensor, sizeof(port.sensor), sensor);
	emit(to, &port);
}

static void give_ports_of_all(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < 3; i++)
		give_port_of(names[i], 443, emit, to);
	give_port_of("hub", 22, emit, to);
	give_port_of("web-1", 22, emit, to);
	for (size_t i = 0; i < many; i++) {
		field_text64 name;
		snprintf(name, sizeof(name), "edge-%zu", i);
		give_port_of(name, 80, emit, to);
	}
}

static void give_listener(void *self, web_emit emit, void *to)
{
	struct listener_record listener;
	(void)self;
	record_init(RECORD_listener, &listener);
	record_text(listener.sensor, sizeof(listener.sensor), "db-1");
	listener.transport = "udp";
	listener.port = 53;
	emit(to, &listener);
}

static void *begin_explaining(void *self)
{
	return self != NULL ? self : &many;
}

static void end_explaining(void *begun, const struct web_port_facts *known,
			   struct buf *json)
{
	(void)begun;
	const struct port_record *ports = known->ports.at;
	buf_printf(json, "{\"of\":\"%s\",\"ports\":\"", known->sensor);
	for (size_t i = 0; i < known->ports.count; i++)
		buf_printf(json, "%s ", ports[i].sensor);
	buf_text(json, "\"}\n");
}

static int set_up_hub(void **state)
{
	source.sensors = give_sensors;
	source.ports = give_ports_of_all;
	source.listeners = give_listener;
	source.explain_begin = begin_explaining;
	source.explain_end = end_explaining;
	many = 0;
	return set_up(state);
}

static void it_is_of_the_sensor_that_is_named(void **state)
{
	(void)state;
	expect("/api/v1/explain?port=443&sensor=web-2", 200,
	       "{\"of\":\"web-2\",\"ports\":\"web-2 \"}");
	/* It may have told of it. */
	expect("/api/v1/explain?port=9&sensor=web-2", 200,
	       "{\"of\":\"web-2\",\"ports\":\"\"}");
	expect("/api/v1/explain?port=443&sensor=web-9", 400, "there are web-1");
}

static void it_is_of_the_only_one_that_has_it(void **state)
{
	(void)state;
	expect("/api/v1/explain?port=22", 200,
	       "{\"of\":\"web-1\",\"ports\":\"web-1 \"}");
	expect("/api/v1/explain?port=53", 200, "{\"of\":\"db-1\",\"ports\":\"\"}");
	expect("/api/v1/explain?port=53&transport=tcp", 400,
	       "none tells of port 53 now");
	expect("/api/v1/explain?port=443&site=rome", 200,
	       "{\"of\":\"db-1\",\"ports\":\"db-1 \"}");
}

static void of_several_one_is_to_be_said(void **state)
{
	(void)state;
	expect("/api/v1/explain?port=443", 400,
	       "those that tell of port 443: web-1,web-2,db-1\"");
	expect("/api/v1/explain?port=443&site=paris", 400, "443: web-1,web-2\"");
	expect("/api/v1/explain?port=443&sensor=hub", 400, "none tells of port 443");
	many = MANY;
	expect("/api/v1/explain?port=80", 400, "edge-0,edge-1,edge-2,");
	expect("/api/v1/explain?port=80", 400, ",...\"");
}

static void one_machine_explains_its_own(void **state)
{
	(void)state;
	source.sensors = NULL;
	expect("/api/v1/explain?port=22", 200,
	       "{\"of\":\"\",\"ports\":\"hub web-1 \"}");
	expect("/api/v1/explain?port=22&sensor=web-1", 400, "this is one machine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define HUB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_hub, tear_down)
		HUB_TEST(it_is_of_the_sensor_that_is_named),
		HUB_TEST(it_is_of_the_only_one_that_has_it),
		HUB_TEST(of_several_one_is_to_be_said),
		HUB_TEST(one_machine_explains_its_own),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
