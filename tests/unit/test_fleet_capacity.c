/*
 * test_fleet_capacity.c: what the services of a fleet have left: loads and limits of
 * all sensors together, without one of them, and what is told twice counted once.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/capacity.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define NOW    (INT64_C(1790000000) * SECOND)
#define NEAR   1e-9

enum { ROWS_MAX = 16, HTTPS = 443, SSH = 22, MB = 1000000 };

static struct fleet_capacity *fleet;
static struct fleet_capacity_record rows[ROWS_MAX];
static size_t row_count;

static int begin(void **state)
{
	const struct fleet_capacity_asked asked = { .now_us = NOW };
	(void)state;
	fleet = fleet_capacity_new(&asked);
	return fleet == NULL;
}

static int end(void **state)
{
	(void)state;
	fleet_capacity_free(fleet);
	return 0;
}

static void sensor_at(const char *name, const char *site, const char *word)
{
	struct sensor_record sensor;
	record_init(RECORD_sensor, &sensor);
	record_text(sensor.sensor, sizeof(sensor.sensor), name);
	record_text(sensor.site, sizeof(sensor.site), site);
	sensor.state = word;
	fleet_capacity_take(fleet, RECORD_sensor, &sensor);
}

/* One service of a sensor, as its three records have it. */
struct service {
	const char *sensor, *ip;
	uint32_t port;
	const char *process; /* "": it is another machine's */
	uint64_t in, out;    /* bytes a second */
};

static void put_port(const struct service *s)
{
	enum { MINUTE_S = 60 };
	struct port_record port;
	record_init(RECORD_port, &port);
	record_text(port.sensor, sizeof(port.sensor), s->sensor);
	record_text(port.process, sizeof(port.process), s->process);
	record_text(port.service, sizeof(port.service), "https");
	assert_true(addr_parse(s->ip, &port.server_ip));
	port.port = s->port;
	port.transport = "tcp";
	port.state = "open";
	port.interval_s = MINUTE_S;
	port.client_bytes = s->in * MINUTE_S;
	port.server_bytes = s->out * MINUTE_S;
	port.active = 3;
	fleet_capacity_take(fleet, RECORD_port, &port);
}

static void put_link(const struct service *s, uint64_t link, uint64_t busiest)
{
	struct capacity_record capacity;
	record_init(RECORD_capacity, &capacity);
	record_text(capacity.sensor, sizeof(capacity.sensor), s->sensor);
	record_text(capacity.process, sizeof(capacity.process), s->process);
	assert_true(addr_parse(s->ip, &capacity.server_ip));
	capacity.at = capacity.last_used = NOW - HOUR;
	capacity.port = s->port;
	capacity.transport = "tcp";
	capacity.link_bytes = link;
	capacity.busiest_bytes = busiest;
	fleet_capacity_take(fleet, RECORD_capacity, &capacity);
}

struct foretold {
	const char *metric;
	double now, limit, probability;
	int64_t in_us; /* it crosses its limit; 0: it does not */
};

static void put_forecast(const struct service *s, const struct foretold *told)
{
	struct forecast_record forecast;
	record_init(RECORD_forecast, &forecast);
	record_text(forecast.sensor, sizeof(forecast.sensor), s->sensor);
	assert_true(addr_parse(s->ip, &forecast.server_ip));
	forecast.at = NOW - HOUR;
	forecast.port = s->port;
	forecast.transport = "tcp";
	forecast.metric = told->metric;
	forecast.now = told->now;
	forecast.limit = told->limit;
	forecast.probability = told->probability;
	if (told->in_us != 0)
		forecast.crosses_at = NOW + told->in_us;
	fleet_capacity_take(fleet, RECORD_forecast, &forecast);
}

static void keep(void *to, const void *record)
{
	(void)to;
	assert_true(row_count < ROWS_MAX);
	rows[row_count++] = *(const struct fleet_capacity_record *)record;
}

static void tell(void)
{
	row_count = 0;
	assert_true(fleet_capacity_tell(fleet, keep, NULL));
}

/* Three alike servers with links of 100, 100 and 200 MB/s. */
static const struct service webs[] = {
	{ "web-1", "192.0.2.1", HTTPS, "nginx", 5 * MB, 60 * MB },
	{ "web-2", "192.0.2.2", HTTPS, "nginx", 5 * MB, 40 * MB },
	{ "web-3", "192.0.2.3", HTTPS, "nginx", 5 * MB, 20 * MB },
};

static void put_webs(void)
{
	for (size_t i = 0; i < 3; i++) {
		sensor_at(webs[i].sensor, "berlin", "up");
		put_port(&webs[i]);
	}
}

static void put_links(void)
{
	put_link(&webs[0], 100 * MB, 70 * MB);
	put_link(&webs[1], 100 * MB, 60 * MB);
	put_link(&webs[2], 200 * MB, 10 * MB);
}

static void loads_and_limits_add_up(void **state)
{
	(void)state;
	put_webs();
	put_links();
	tell();
	assert_int_equal(row_count, 1);
	assert_int_equal(rows[0].port, HTTPS);
	assert_string_equal(rows[0].transport, "tcp");
	assert_string_equal(rows[0].service, "https");
	assert_int_equal(rows[0].sensors, 3);
	assert_int_equal(rows[0].limits_known, 3);
	assert_int_equal(rows[0].active, 9);
	assert_int_equal(rows[0].load_bytes, 120 * MB);
	assert_int_equal(rows[0].limit_bytes, 400 * MB);
	assert_float_equal(rows[0].headroom_ratio, 280.0 / 400, NEAR);
	/* Of the third the load now is more than its busiest hour was. */
	assert_int_equal(rows[0].peak_bytes, 150 * MB);
	assert_float_equal(rows[0].peak_headroom_ratio, 250.0 / 400, NEAR);
	assert_string_equal(rows[0].nearest_sensor, "web-1");
	assert_string_equal(rows[0].nearest_metric, "bytes_per_s");
	assert_float_equal(rows[0].nearest_ratio, 0.6, NEAR);
	assert_int_equal(rows[0].crosses_at, UNKNOWN_TIME);
}

/* The largest takes most with it, though the first is the busiest. */
static void without_one_the_others_carry_it(void **state)
{
	(void)state;
	put_webs();
	put_links();
	tell();
	assert_string_equal(rows[0].lost_sensor, "web-3");
	/* 30 and 40 are left at the others, less the 20 that it carried. */
	assert_float_equal(rows[0].lost_headroom_ratio, 50.0 / 200, NEAR);
}

static void what_the_others_cannot_carry_is_below_nothing(void **state)
{
	(void)state;
	put_webs();
	put_link(&webs[0], 100 * MB, 90 * MB);
	put_link(&webs[1], 100 * MB, 90 * MB);
	put_link(&webs[2], 100 * MB, 90 * MB);
	tell();
	assert_float_equal(rows[0].lost_headroom_ratio, (20.0 - 90) / 200, NEAR);
}

static void one_alone_is_without_another(void **state)
{
	(void)state;
	sensor_at("web-1", "", "up");
	put_port(&webs[0]);
	put_link(&webs[0], 100 * MB, 70 * MB);
	tell();
	assert_int_equal(rows[0].sensors, 1);
	assert_string_equal(rows[0].lost_sensor, "");
	assert_true(isnan(rows[0].lost_headroom_ratio));
}

static void a_limit_that_is_not_known_is_no_room(void **state)
{
	(void)state;
	put_webs();
	tell();
	assert_int_equal(rows[0].limits_known, 0);
	assert_int_equal(rows[0].load_bytes, 120 * MB);
	assert_int_equal(rows[0].limit_bytes, UNKNOWN_U64);
	assert_true(isnan(rows[0].headroom_ratio));
	assert_true(isnan(rows[0].lost_headroom_ratio));
	assert_string_equal(rows[0].nearest_sensor, "");
}

static void some_limits_are_those_of_who_knows(void **state)
{
	(void)state;
	put_webs();
	put_link(&webs[1], 100 * MB, 60 * MB);
	tell();
	assert_int_equal(rows[0].limits_known, 1);
	assert_int_equal(rows[0].limit_bytes, 100 * MB);
	assert_float_equal(rows[0].headroom_ratio, 0.6, NEAR);
	/* The one whose room is known can't be spared: of the others there is none. */
	assert_string_equal(rows[0].lost_sensor, "");
}

/* What a link carries besides leaves less of it. */
static void other_services_take_room(void **state)
{
	const struct service backup = { "web-1", "192.0.2.1", SSH, "sshd", 0, 30 * MB };
	(void)state;
	put_webs();
	put_links();
	put_port(&backup);
	tell();
	assert_int_equal(row_count, 2);
	assert_int_equal(rows[0].port, SSH);
	assert_int_equal(rows[0].limit_bytes, 40 * MB);
	assert_int_equal(rows[1].limit_bytes, 370 * MB);
	assert_float_equal(rows[1].nearest_ratio, 0.9, NEAR);
}

static void who_is_not_there_carries_nothing(void **state)
{
	(void)state;
	put_webs();
	put_links();
	sensor_at("web-3", "berlin", "late");
	tell();
	assert_int_equal(rows[0].sensors, 2);
	assert_int_equal(rows[0].limit_bytes, 200 * MB);
	assert_string_equal(rows[0].lost_sensor, "web-1");
	assert_float_equal(rows[0].lost_headroom_ratio, (40.0 - 70) / 100, NEAR);
}

static void silent_now_it_can_carry_something(void **state)
{
	(void)state;
	sensor_at("web-1", "", "up");
	put_link(&webs[0], 100 * MB, 70 * MB);
	tell();
	assert_int_equal(row_count, 1);
	assert_int_equal(rows[0].load_bytes, 0);
	assert_int_equal(rows[0].peak_bytes, 70 * MB);
	assert_float_equal(rows[0].peak_headroom_ratio, 0.3, NEAR);
}

/* Clients in the fleet see the same connections as the server. */
static void what_two_tell_of_one_is_counted_once(void **state)
{
	const struct service seen = {
		"web-2", "192.0.2.1", HTTPS, "", 5 * MB, 60 * MB
	};
	(void)state;
	put_webs();
	put_links();
	put_port(&seen);
	tell();
	assert_int_equal(rows[0].sensors, 3);
	assert_int_equal(rows[0].load_bytes, 120 * MB);
	/* Though it comes in by the link of who asks, beside what that serves. */
	assert_float_equal(rows[0].nearest_ratio, 0.65, NEAR);
	assert_string_equal(rows[0].nearest_sensor, "web-2");
}

static void a_private_address_is_another_at_each_site(void **state)
{
	const struct service at_berlin = { "tap-1", "10.0.0.1", HTTPS, "", 0, MB };
	const struct service at_berlin_too = { "tap-2", "10.0.0.1", HTTPS, "", 0, MB };
	const struct service at_paris = { "tap-3", "10.0.0.1", HTTPS, "", 0, MB };
	(void)state;
	sensor_at("tap-1", "berlin", "up");
	sensor_at("tap-2", "berlin", "up");
	sensor_at("tap-3", "paris", "up");
	put_port(&at_berlin);
	put_port(&at_berlin_too);
	put_port(&at_paris);
	tell();
	assert_int_equal(rows[0].sensors, 2);
	assert_int_equal(rows[0].load_bytes, 2 * MB);
}

static void what_is_foretold_first_counts(void **state)
{
	const struct foretold soon = { "response_p95_us", 85000, 100000, 0.96,
				       5 * 24 * HOUR };
	const struct foretold later = { "error_ratio", 0.001, 0.05, 0.9,
					9 * 24 * HOUR };
	const struct foretold unlikely = { "lost_ratio", 0.001, 0.05, 0.3, HOUR };
	const struct foretold sure = { "certificate_s", 99, 100, 1, HOUR };
	(void)state;
	put_webs();
	put_links();
	put_forecast(&webs[0], &later);
	put_forecast(&webs[1], &soon);
	put_forecast(&webs[2], &unlikely);
	put_forecast(&webs[2], &sure);
	tell();
	assert_int_equal(rows[0].crosses_at, NOW + 5 * 24 * HOUR);
	assert_string_equal(rows[0].crosses_sensor, "web-2");
	assert_string_equal(rows[0].crosses_metric, "response_p95_us");
	assert_float_equal(rows[0].probability, 0.96, NEAR);
	assert_string_equal(rows[0].nearest_sensor, "web-2");
	assert_string_equal(rows[0].nearest_metric, "response_p95_us");
	assert_float_equal(rows[0].nearest_ratio, 0.85, NEAR);
}

static void what_is_old_is_nothing(void **state)
{
	struct capacity_record old;
	(void)state;
	put_webs();
	record_init(RECORD_capacity, &old);
	record_text(old.sensor, sizeof(old.sensor), "web-1");
	old.at = NOW - FLEET_CAPACITY_US - SECOND;
	old.link_bytes = 100 * MB;
	fleet_capacity_take(fleet, RECORD_capacity, &old);
	tell();
	assert_int_equal(rows[0].limits_known, 0);
}

/* A scan of a fleet makes a record of each port that it tries. */
static void ports_where_nobody_listens_are_no_services(void **state)
{
	struct port_record port;
	(void)state;
	sensor_at("web-1", "", "up");
	record_init(RECORD_port, &port);
	record_text(port.sensor, sizeof(port.sensor), "web-1");
	assert_true(addr_parse("192.0.2.1", &port.server_ip));
	port.port = SSH;
	port.transport = "tcp";
	port.interval_s = 60;
	port.client_bytes = 60;
	port.state = "closed";
	fleet_capacity_take(fleet, RECORD_port, &port);
	tell();
	assert_int_equal(row_count, 0);
}

/* A sensor that was taken over tells what it likes. */
static void absurd_numbers_make_none(void **state)
{
	struct service s = webs[0];
	const struct foretold absurd = { "error_ratio", INFINITY, 1e-320, NAN, HOUR };
	(void)state;
	sensor_at("web-1", "", "up");
	s.in = s.out = UINT64_MAX / 60 - 1;
	put_port(&s);
	put_link(&s, UINT64_MAX - 1, UINT64_MAX - 1);
	put_forecast(&s, &absurd);
	tell();
	assert_int_equal(row_count, 1);
	assert_int_equal(rows[0].peak_bytes, UNKNOWN_U64);
	assert_int_equal(rows[0].crosses_at, UNKNOWN_TIME);
	assert_false(isinf(rows[0].nearest_ratio));
}

static bool is_second(const void *of, const char *sensor)
{
	return strcmp(sensor, of) == 0;
}

/* Whose own a service is, is known all the same. */
static void some_sensors_are_asked_for(void **state)
{
	const struct fleet_capacity_asked asked = { .now_us = NOW,
						    .wants = is_second,
						    .of = "web-2" };
	const struct service seen = {
		"web-2", "192.0.2.1", HTTPS, "", 5 * MB, 60 * MB
	};
	(void)state;
	fleet_capacity_free(fleet);
	fleet = fleet_capacity_new(&asked);
	assert_non_null(fleet);
	put_webs();
	put_links();
	put_port(&seen);
	tell();
	assert_int_equal(row_count, 1);
	assert_int_equal(rows[0].sensors, 1);
	assert_int_equal(rows[0].load_bytes, 40 * MB);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(loads_and_limits_add_up),
		TEST(without_one_the_others_carry_it),
		TEST(what_the_others_cannot_carry_is_below_nothing),
		TEST(one_alone_is_without_another),
		TEST(a_limit_that_is_not_known_is_no_room),
		TEST(some_limits_are_those_of_who_knows),
		TEST(other_services_take_room),
		TEST(who_is_not_there_carries_nothing),
		TEST(silent_now_it_can_carry_something),
		TEST(what_two_tell_of_one_is_counted_once),
		TEST(a_private_address_is_another_at_each_site),
		TEST(what_is_foretold_first_counts),
		TEST(what_is_old_is_nothing),
		TEST(ports_where_nobody_listens_are_no_services),
		TEST(absurd_numbers_make_none),
		TEST(some_sensors_are_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
