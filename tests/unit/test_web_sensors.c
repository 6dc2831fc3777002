/*
 * test_web_sensors.c: what a hub's HTTP API makes of sensor=, site= and tag=; and what
 * one machine, which knows no sensors, says of them.
 */
#include "web_client.h"

#include "web/seen.h"
#include "web/sensor_set.h"

enum { SENSORS = 4 };

/* Of each one port, 443 on the same address, and one flow. */
static struct made_up {
	const char *name, *site, *tags;
} fleet[SENSORS] = { { "web-1", "berlin", "web,edge" },
		     { "web-2", "paris", "web" },
		     { "db-1", "berlin", "database" },
		     { "db-2", "paris", "database,old" } };
static size_t fleet_count;

static struct sensor_record sensor_of(const struct made_up *made)
{
	struct sensor_record sensor;
	record_init(RECORD_sensor, &sensor);
	record_text(sensor.sensor, sizeof(sensor.sensor), made->name);
	record_text(sensor.site, sizeof(sensor.site), made->site);
	record_text(sensor.tags, sizeof(sensor.tags), made->tags);
	sensor.at = now_us();
	sensor.clock_offset_ms = -250;
	sensor.state = made == &fleet[SENSORS - 1] ? "late" : "up";
	return sensor;
}

static void give_sensors(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < fleet_count; i++) {
		struct sensor_record sensor = sensor_of(&fleet[i]);
		emit(to, &sensor);
	}
}

static struct port_record port_of(const char *name)
{
	struct port_record port;
	fake_port(&port, 442);
	record_text(port.sensor, sizeof(port.sensor), name);
	return port;
}

static void give_ports_of_all(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < fleet_count; i++) {
		struct port_record port = port_of(fleet[i].name);
		emit(to, &port);
	}
	struct port_record hub = port_of("hub");
	emit(to, &hub);
}

/* Incidents are the hubs'; of the last one there are more sensors than fit. */
static void give_incidents(void *self, web_emit emit, void *to)
{
	static const char *const all[][2] = { { "both", "web-2,web-1" },
					      { "paris", "web-2,db-2" },
					      { "many", "web-2,..." } };
	(void)self;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct incident_record incident;
		record_init(RECORD_incident, &incident);
		record_text(incident.id, sizeof(incident.id), all[i][0]);
		record_text(incident.sensors, sizeof(incident.sensors), all[i][1]);
		record_text(incident.sensor, sizeof(incident.sensor), "hub");
		incident.first = now_us();
		incident.state = "firing";
		emit(to, &incident);
	}
}

/* One of the hubs' is of a sensor that is late; the others of what they watch. */
static void give_alerts(void *self, web_emit emit, void *to)
{
	static const char *const all[][3] = { { "late", "hub", "web-1" },
					      { "place", "hub", "https://web-1/" },
					      { "own", "web-1", "https://x/" },
					      { "named", "web-2", "web-1" } };
	(void)self;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct alert_record alert;
		record_init(RECORD_alert, &alert);
		record_text(alert.id, sizeof(alert.id), all[i][0]);
		record_text(alert.sensor, sizeof(alert.sensor), all[i][1]);
		record_text(alert.target, sizeof(alert.target), all[i][2]);
		alert.start = now_us();
		alert.state = "firing";
		emit(to, &alert);
	}
}

/* ---- a past, of which what was asked is kept ---- */

static struct {
	char sensors[256]; /* of the last question, with blanks between */
	size_t count;
	int64_t since_us;
} asked;

static struct store_reader *
open_nothing(const char *path, char error[static STORE_ERROR_MAX], int *status)
{
	(void)path;
	error[0] = '\0';
	*status = 0;
	return (struct store_reader *)&asked;
}

static void close_nothing(struct store_reader *reader)
{
	(void)reader;
}

static int read_nothing(struct store_reader *reader, enum record_kind kind,
			const struct store_filter *filter, store_emit emit, void *to,
			char error[static STORE_ERROR_MAX])
{
	(void)reader;
	(void)kind;
	(void)emit;
	(void)to;
	error[0] = '\0';
	size_t len = 0;
	asked.sensors[0] = '\0';
	asked.count = filter->sensor_count;
	asked.since_us = filter->since_us;
	for (size_t i = 0; i < filter->sensor_count; i++)
		len += (size_t)snprintf(asked.sensors + len,
					sizeof(asked.sensors) - len, "%s ",
					filter->sensors[i]);
	return 0;
}

static const struct web_past nothing = { .folder = "/nowhere",
					 .open = open_nothing,
					 .read = read_nothing,
					 .close = close_nothing };

static int set_up_hub(void **state)
{
	source.sensors = give_sensors;
	source.ports = give_ports_of_all;
	source.incidents = give_incidents;
	source.alerts = give_alerts;
	fleet_count = SENSORS;
	past = &nothing;
	return set_up(state);
}

static int tear_down_hub(void **state)
{
	source.sensors = NULL;
	source.ports = give_ports;
	source.incidents = NULL;
	source.alerts = NULL;
	past = NULL;
	return tear_down(state);
}
#define HUB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_hub, tear_down_hub)

/* Which sensors' records that path gives, with blanks between. */
static void expect_sensors(const char *path, const char *expected)
{
	struct buf answer = get(path);
	char seen[256] = "";
	static const char key[] = "\"sensor\":\"";
	if (code_of(&answer) != 200)
		fail_msg("%s: %s", path, body_of(&answer));
	for (const char *at = body_of(&answer); (at = strstr(at, key)) != NULL; at++) {
		const char *name = at + strlen(key);
		size_t len = strlen(seen);
		snprintf(seen + len, sizeof(seen) - len, "%.*s ",
			 (int)strcspn(name, "\""), name);
	}
	if (strcmp(seen, expected) != 0)
		fail_msg("%s gave \"%s\", not \"%s\"", path, seen, expected);
	buf_free(&answer);
}

static void records_are_those_of_the_sensors_that_are_asked_for(void **state)
{
	(void)state;
	expect_sensors("/api/v1/ports", "web-1 web-2 db-1 db-2 hub ");
	expect_sensors("/api/v1/ports?sensor=db-1", "db-1 ");
	expect_sensors("/api/v1/ports?sensor=web-2,db-1", "web-2 db-1 ");
	expect_sensors("/api/v1/ports?sensor=hub", "hub ");
	expect_sensors("/api/v1/ports?site=berlin", "web-1 db-1 ");
	expect_sensors("/api/v1/ports?tag=database", "db-1 db-2 ");
	expect_sensors("/api/v1/ports?tag=database&site=paris", "db-2 ");
	expect_sensors("/api/v1/ports?sensor=web-1,db-2&site=paris", "db-2 ");
	expect_sensors("/api/v1/ports?sensor=&site=&tag=",
		       "web-1 web-2 db-1 db-2 hub ");
	/* All there is, but nothing in both. */
	expect_sensors("/api/v1/ports?tag=old&site=berlin", "");
	/* "data" is no word of "database". */
	expect("/api/v1/ports?tag=data", 400, "tag: \\\"data\\\" is none of this");
}

static void what_there_is_not_is_told_with_what_there_is(void **state)
{
	(void)state;
	expect("/api/v1/ports?site=bern", 400,
	       "site: \\\"bern\\\" is none of this fleet's; there are berlin, paris\"");
	expect("/api/v1/flows?tag=mail", 400, "there are web, edge, database, old\"");
	expect("/api/v1/flows?sensor=web-1,web3", 400,
	       "sensor: \\\"web3\\\" is none of this fleet's; there are web-1, web-2");
	expect("/api/v1/aggregate?record=port&by=sensor&site=bern", 400, "berlin");
	expect("/api/v1/live?sensor=nobody", 400, "there are web-1");
	expect("/api/v1/ports?colour=red", 400, "allowed: sensor site tag port host");
	fleet_count = 0;
	expect("/api/v1/ports?site=bern", 400, "there are none yet");
}

static void sensors_themselves_are_records(void **state)
{
	(void)state;
	expect_sensors("/api/v1/sensors?sort=sensor", "db-1 db-2 web-1 web-2 ");
	expect_sensors("/api/v1/sensors?state=late", "db-2 ");
	expect_sensors("/api/v1/sensors?site=paris&sort=sensor", "db-2 web-2 ");
	expect_sensors("/api/v1/sensors?tag=edge", "web-1 ");
	expect("/api/v1/filters", 200, "\"sensor\":[\"sensor\",\"site\",\"tag\",");
}

/* Their ids, with blanks between. */
static void expect_ids(const char *path, const char *expected)
{
	struct buf answer = get(path);
	char seen[256] = "";
	static const char key[] = "\"id\":\"";
	if (code_of(&answer) != 200)
		fail_msg("%s: %s", path, body_of(&answer));
	for (const char *at = body_of(&answer); (at = strstr(at, key)) != NULL; at++) {
		const char *id = at + strlen(key);
		size_t len = strlen(seen);
		snprintf(seen + len, sizeof(seen) - len, "%.*s ",
			 (int)strcspn(id, "\""), id);
	}
	if (strcmp(seen, expected) != 0)
		fail_msg("%s gave \"%s\", not \"%s\"", path, seen, expected);
	buf_free(&answer);
}

static void an_incident_is_of_each_sensor_that_it_lists(void **state)
{
	(void)state;
	expect_ids("/api/v1/incidents?sort=id", "both many paris ");
	expect_ids("/api/v1/incidents?sensor=web-1&sort=id", "both many ");
	expect_ids("/api/v1/incidents?site=paris&sort=id", "both many paris ");
	expect_ids("/api/v1/incidents?sensor=db-2&sort=id", "many paris ");
	expect_ids("/api/v1/incidents?since=1h&sensor=web-1&sort=id", "both many ");
	expect_ids("/api/v1/incidents?sensor=hub&sort=id", "both many paris ");
	struct buf answer = get("/api/v1/aggregate?record=incident&by=id&sensor=web-1");
	assert_has(&answer, "\"both\"");
	assert_null(strstr(answer.at, "paris"));
	buf_free(&answer);
}

static void an_alert_of_a_hub_is_of_the_sensor_that_it_is_about(void **state)
{
	(void)state;
	expect_ids("/api/v1/alerts?sensor=web-1&sort=id", "late own ");
	expect_ids("/api/v1/alerts?site=berlin&since=1h&sort=id", "late own ");
	expect_ids("/api/v1/alerts?sensor=web-2&sort=id", "named ");
	expect_ids("/api/v1/alerts?sensor=hub&sort=id", "late place ");
	struct buf answer = get("/api/v1/aggregate?record=alert&by=id&sensor=web-1");
	assert_has(&answer, "\"late\"");
	assert_null(strstr(answer.at, "place"));
	buf_free(&answer);
}

static bool give_capacity(void *self, const struct sensor_set *sensors, web_emit emit,
			  void *to)
{
	struct fleet_capacity_record row;
	(void)self;
	record_init(RECORD_fleet_capacity, &row);
	row.transport = "tcp";
	row.sensors = 0;
	for (size_t i = 0; i < fleet_count; i++)
		row.sensors +=
			sensors == NULL || sensor_set_has(sensors, fleet[i].name);
	for (row.port = 443; row.port < 445; row.port++)
		emit(to, &row);
	return true;
}

static void capacity_is_over_the_sensors_that_are_asked_for(void **state)
{
	(void)state;
	expect("/api/v1/capacity", 404, "forecast --capacity");
	source.capacity = give_capacity;
	expect("/api/v1/capacity?port=443", 200, "Breakwater-Total: 1\r\n");
	expect("/api/v1/capacity?port=443", 200, "\"sensors\":4");
	expect("/api/v1/capacity?site=paris", 200, "\"sensors\":2");
	expect("/api/v1/capacity?sensor=web-1&port=444", 200, "\"sensors\":1");
	expect("/api/v1/capacity?site=bern", 400, "there are berlin, paris");
	expect("/api/v1/capacity?since=1h", 400, "as it is now");
	source.capacity = NULL;
}

static void groups_may_be_of_some_sensors_and_by_sensor(void **state)
{
	(void)state;
	struct buf answer =
		get("/api/v1/aggregate?record=port&by=sensor&sum=bytes&site=berlin");
	assert_has(&answer, "\"sensor\":\"web-1\"");
	assert_has(&answer, "\"sensor\":\"db-1\"");
	assert_null(strstr(answer.at, "web-2"));
	assert_null(strstr(answer.at, "hub"));
	buf_free(&answer);
}

static void the_past_is_asked_for_those_sensors(void **state)
{
	(void)state;
	fake.memory_since_us = INT64_MAX;
	expect("/api/v1/flows?since=1h&site=berlin", 200, "Breakwater-Total: ");
	assert_string_equal(asked.sensors, "web-1 db-1 ");
	expect("/api/v1/aggregate?record=login&since=1h&sensor=db-2", 200, "groups");
	assert_string_equal(asked.sensors, "db-2 ");
	expect("/api/v1/incidents?since=1h&sensor=web-1", 200, "Breakwater-Total: ");
	assert_string_equal(asked.sensors, "web-1 ");
	/* What happened in one incident is of all whose it is. */
	expect("/api/v1/timelines?incident=a1&sensor=web-1", 200, "Total: 0");
	assert_int_equal(asked.count, 0);
	expect("/api/v1/timelines?since=1h&sensor=web-1", 200, "Total: 0");
	assert_string_equal(asked.sensors, "web-1 ");
	/* Of nobody is not of all. */
	expect("/api/v1/logins?since=1h&tag=old&site=berlin", 200, "Total: 0");
	assert_int_equal(asked.count, 1);
	assert_string_equal(asked.sensors, " ");
	expect("/api/v1/logins?since=1h", 200, "Breakwater-Total: 0");
	assert_int_equal(asked.count, 0);
	expect("/api/v1/listeners?at=1h", 400, "known on the machine itself");
}

/* A hub has none in memory. */
static void connections_are_those_of_the_last_hour(void **state)
{
	(void)state;
	const int64_t hour_us = INT64_C(3600000000);
	fake.memory_since_us = INT64_MAX;
	int64_t before_us = now_us();
	expect("/api/v1/flows?sensor=web-1", 200, "Breakwater-Since: 20");
	assert_in_range(asked.since_us, before_us - hour_us, now_us() - hour_us);
	assert_string_equal(asked.sensors, "web-1 ");
	struct buf answer = get("/api/v1/flows?since=7d");
	assert_null(strstr(answer.at, "Breakwater-Since"));
	assert_true(asked.since_us < before_us - 100 * hour_us);
	buf_free(&answer);
	/* Where memory has some, those are asked for. */
	fake.memory_since_us = before_us - hour_us;
	answer = get("/api/v1/flows");
	assert_null(strstr(answer.at, "Breakwater-Since"));
	buf_free(&answer);
}

static void csv_says_whose_each_row_is(void **state)
{
	(void)state;
	struct buf answer = get("/api/v1/ports?format=csv&sensor=db-1");
	const char *body = body_of(&answer);
	const char *end = strchr(body, '\n');
	assert_non_null(end);
	/* It is the last column. */
	assert_memory_equal(end - strlen(",sensor\r"), ",sensor\r",
			    strlen(",sensor\r"));
	assert_non_null(strstr(end, ",db-1\r\n"));
	buf_free(&answer);
}

/* Series of two sensors have names of their own; those of one machine as ever. */
static void metrics_say_whose_they_are(void **state)
{
	(void)state;
	struct port_record port = port_of("web-1");
	port.client_bytes = 700;
	web_live(web, RECORD_port, &port);
	record_text(port.sensor, sizeof(port.sensor), "web-2");
	port.client_bytes = 30;
	web_live(web, RECORD_port, &port);
	port.sensor[0] = '\0';
	port.client_bytes = 2;
	web_live(web, RECORD_port, &port);
	struct buf answer = get("/metrics");
	assert_has(&answer, "home=\"no\",sensor=\"web-1\"} 700\n");
	assert_has(&answer, "home=\"no\",sensor=\"web-2\"} 30\n");
	assert_has(&answer, "home=\"no\"} 2\n");
	assert_has(&answer,
		   "breakwater_sensor_up{sensor=\"web-1\",site=\"berlin\"} 1\n");
	assert_has(&answer, "breakwater_sensor_up{sensor=\"db-2\",site=\"paris\"} 0\n");
	assert_has(&answer, "breakwater_sensor_clock_offset_seconds{sensor=\"web-1\","
			    "site=\"berlin\"} -0.25\n");
	assert_has(&answer, "# TYPE breakwater_sensor_lag_seconds gauge\n");
	buf_free(&answer);
}

static int listen_live(const char *parameters, struct buf *answer)
{
	char request[256];
	int fd = connect_tcp();
	snprintf(request, sizeof(request),
		 "GET /api/v1/live?%s HTTP/1.1\r\nHost: localhost\r\n\r\n", parameters);
	say(fd, request);
	hear(fd, "retry:", answer);
	return fd;
}

static void send_port(const char *name)
{
	struct port_record port = port_of(name);
	web_live(web, RECORD_port, &port);
}

static void send_incident(void *to, const void *record)
{
	(void)to;
	web_live(web, RECORD_incident, record);
}

static void live_readers_get_the_sensors_they_asked_for(void **state)
{
	(void)state;
	struct buf each = { 0 }, batched = { 0 };
	int fd = listen_live("type=port&site=berlin", &each);
	int other = listen_live("type=port&site=berlin&coalesce=1s", &batched);
	send_port("web-2");
	send_port("hub");
	send_port("web-1");
	send_port("db-1");
	hear(fd, "\"sensor\":\"db-1\"", &each);
	assert_has(&each, "\"sensor\":\"web-1\"");
	assert_null(strstr(each.at, "web-2"));
	assert_null(strstr(each.at, "hub"));
	hear(other, "\"sensor\":\"db-1\"", &batched);
	assert_has(&batched, "\"sensor\":\"web-1\"");
	assert_null(strstr(batched.at, "web-2"));
	close(fd);
	close(other);
	buf_free(&each);
	buf_free(&batched);
}

static void an_incident_is_live_for_each_sensor_that_it_lists(void **state)
{
	(void)state;
	struct buf answer = { 0 }, other = { 0 };
	int fd = listen_live("type=incident&site=berlin", &answer);
	int second = listen_live("type=incident&sensor=web-1", &other);
	give_incidents(NULL, send_incident, NULL);
	hear(fd, "\"many\"", &answer);
	hear(second, "\"many\"", &other);
	assert_has(&answer, "\"both\"");
	assert_null(strstr(answer.at, "\"paris\""));
	assert_null(strstr(answer.at, "web-1\n"));
	assert_has(&other,
		   "event: incident\ndata: {\"record\":\"incident\",\"id\":\"both\"");
	close(fd);
	close(second);
	buf_free(&answer);
	buf_free(&other);
}

static void who_joins_or_moves_is_live_where_it_is(void **state)
{
	(void)state;
	struct buf answer = { 0 };
	int fd = listen_live("type=port&site=berlin", &answer);
	const struct made_up moves[] = { { "web-3", "berlin", "web" },
					 { "db-1", "paris", "database" } };
	for (size_t i = 0; i < 2; i++) {
		struct sensor_record sensor = sensor_of(&moves[i]);
		web_live(web, RECORD_sensor, &sensor);
	}
	send_port("db-1");
	send_port("web-3");
	send_port("web-1");
	hear(fd, "\"sensor\":\"web-1\"", &answer);
	assert_has(&answer, "\"sensor\":\"web-3\"");
	assert_null(strstr(answer.at, "db-1"));
	close(fd);
	buf_free(&answer);
}

static void of_two_sensors_the_same_port_is_two_in_a_batch(void **state)
{
	(void)state;
	struct buf answer = { 0 };
	int fd = listen_live("type=port&coalesce=1s", &answer);
	send_port("web-1");
	send_port("web-2");
	send_port("web-1");
	hear(fd, "\"sensor\":\"web-2\"", &answer);
	const char *first = strstr(answer.at, "\"sensor\":\"web-1\"");
	assert_non_null(first);
	assert_null(strstr(first + 1, "\"sensor\":\"web-1\""));
	close(fd);
	buf_free(&answer);
}

static void the_same_record_of_two_sensors_is_two(void **state)
{
	(void)state;
	struct seen seen;
	struct port_record one = port_of("web-1"), other = port_of("web-2");
	other.start = one.start;
	seen_init(&seen, &schemas[RECORD_port]);
	seen_add(&seen, &one);
	assert_true(seen_has(&seen, &one));
	assert_false(seen_has(&seen, &other));
	seen_free(&seen);
}

static void one_machine_knows_no_sensors(void **state)
{
	(void)state;
	expect("/api/v1/ports?sensor=web-1", 400,
	       "sensor: this is one machine and knows no sensors; a hub");
	expect("/api/v1/live?site=berlin", 400, "site: this is one machine");
	expect("/api/v1/sensors", 200, "Breakwater-Total: 0");
	struct buf answer = get("/api/v1/filters");
	assert_null(strstr(answer.at, "\"site\""));
	buf_free(&answer);
}

static void many_sensors_are_found_and_forgotten_again(void **state)
{
	(void)state;
	static const struct web_source none = { .sensors = give_sensors };
	const struct sensors_asked berlin = { .site = "berlin" };
	char error[SENSOR_SET_ERROR_MAX], name[16];
	struct sensor_set *set = sensor_set_new(&berlin, &none, error);
	assert_non_null(set);
	struct made_up made = { name, "berlin", "" };
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		struct sensor_record sensor = sensor_of(&made);
		sensor_set_hear(set, &sensor);
		sensor_set_hear(set, &sensor);
	}
	size_t count;
	sensor_set_names(set, &count);
	assert_int_equal(count, 3002);
	made.site = "paris";
	for (int i = 0; i < 3000; i += 2) {
		snprintf(name, sizeof(name), "s%d", i);
		struct sensor_record sensor = sensor_of(&made);
		sensor_set_hear(set, &sensor);
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		assert_int_equal(sensor_set_has(set, name), i % 2 == 1);
	}
	assert_false(sensor_set_has(set, ""));
	sensor_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HUB_TEST(records_are_those_of_the_sensors_that_are_asked_for),
		HUB_TEST(what_there_is_not_is_told_with_what_there_is),
		HUB_TEST(sensors_themselves_are_records),
		HUB_TEST(an_incident_is_of_each_sensor_that_it_lists),
		HUB_TEST(an_alert_of_a_hub_is_of_the_sensor_that_it_is_about),
		HUB_TEST(capacity_is_over_the_sensors_that_are_asked_for),
		HUB_TEST(groups_may_be_of_some_sensors_and_by_sensor),
		HUB_TEST(the_past_is_asked_for_those_sensors),
		HUB_TEST(connections_are_those_of_the_last_hour),
		HUB_TEST(csv_says_whose_each_row_is),
		HUB_TEST(metrics_say_whose_they_are),
		HUB_TEST(live_readers_get_the_sensors_they_asked_for),
		HUB_TEST(an_incident_is_live_for_each_sensor_that_it_lists),
		HUB_TEST(who_joins_or_moves_is_live_where_it_is),
		HUB_TEST(of_two_sensors_the_same_port_is_two_in_a_batch),
		HUB_TEST(many_sensors_are_found_and_forgotten_again),
		cmocka_unit_test(the_same_record_of_two_sensors_is_two),
		TEST(one_machine_knows_no_sensors),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
