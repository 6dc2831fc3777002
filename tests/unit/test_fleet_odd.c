/* One of many alike servers that is not alike, and a certificate in many places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fleet_scene.h"

enum { SENSORS = 40 };

static void listen_at(struct fleet_scene *scene, unsigned sensor, uint32_t port,
		      const char *process, const char *change)
{
	struct listener_record l;
	record_init(RECORD_listener, &l);
	l.at = scene->now_us;
	l.transport = "tcp";
	l.ip = addr("0.0.0.0");
	l.port = port;
	l.reach = "outside";
	l.change = change;
	l.sockets = strcmp(change, "closed") == 0 ? 0 : 1;
	record_text(l.process, sizeof(l.process), process);
	record_text(l.package, sizeof(l.package), process);
	name_sensor(l.sensor, sensor);
	detect_fleet_record(scene->fleet, RECORD_listener, &l);
}

static void be_alike(struct fleet_scene *scene)
{
	join(scene, SENSORS, "paris");
	for (unsigned i = 0; i < SENSORS; i++) {
		listen_at(scene, i, 22, "sshd", "opened");
		listen_at(scene, i, 443, "nginx", "opened");
		/* Another one at each: the kernel gives it out. */
		listen_at(scene, i, 40000 + i, "rpc.statd", "opened");
	}
	for (unsigned i = 0; i < 20; i++)
		pass(scene, MINUTE);
	assert_int_equal(scene->count, 0);
}

static void wait(struct fleet_scene *scene, unsigned minutes)
{
	for (unsigned i = 0; i < minutes; i++)
		pass(scene, MINUTE);
}

static void a_port_of_one_in_forty_is_odd(void **state)
{
	struct fleet_scene *scene = *state;
	be_alike(scene);
	listen_at(scene, 7, 4444, "nc", "opened");
	wait(scene, 9);
	assert_int_equal(scene->count, 0);
	wait(scene, 3);
	const struct finding_record *f = said_of(scene, "new_listener");
	assert_non_null(f);
	assert_string_equal(f->technique, "odd_one_out");
	assert_string_equal(f->sensor, "web-7");
	assert_int_equal(f->port, 4444);
	assert_string_equal(f->sensors, "web-7");
	assert_non_null(strstr(f->evidence, "1 of 40"));
	assert_string_equal(f->state, "open");
	size_t said = scene->count;
	wait(scene, 30);
	assert_int_equal(scene->count, said);
	listen_at(scene, 7, 4444, "nc", "closed");
	wait(scene, 2);
	assert_string_equal(said_of(scene, "new_listener")->state, "closed");
}

/* As after a hole in the streams, in which it closed. */
static void what_is_not_told_anew_has_closed(void **state)
{
	struct fleet_scene *scene = *state;
	be_alike(scene);
	listen_at(scene, 7, 4444, "nc", "opened");
	listen_at(scene, 8, 5555, "nc", "opened");
	wait(scene, 12);
	assert_int_equal(scene->count, 2);
	detect_fleet_forget_listeners(scene->fleet);
	for (unsigned i = 0; i < SENSORS; i++) {
		listen_at(scene, i, 22, "sshd", "opened");
		listen_at(scene, i, 443, "nginx", "opened");
	}
	listen_at(scene, 8, 5555, "nc", "opened");
	wait(scene, 12);
	assert_int_equal(scene->count, 3);
	assert_string_equal(scene->said[2].sensor, "web-7");
	assert_string_equal(scene->said[2].state, "closed");
}

static void a_deployment_that_rolls_is_no_alarm(void **state)
{
	struct fleet_scene *scene = *state;
	be_alike(scene);
	for (unsigned i = 0; i < SENSORS; i++) {
		listen_at(scene, i, 9100, "node_exporter", "opened");
		wait(scene, 5);
	}
	wait(scene, 20);
	assert_int_equal(scene->count, 0);
}

static void what_is_missing_on_one_is_told(void **state)
{
	struct fleet_scene *scene = *state;
	be_alike(scene);
	listen_at(scene, 3, 443, "nginx", "closed");
	wait(scene, 12);
	const struct finding_record *f = said_of(scene, "missing_listener");
	assert_non_null(f);
	assert_string_equal(f->sensor, "web-3");
	assert_int_equal(f->port, 443);
	assert_non_null(strstr(f->evidence, "1 of 40"));
	listen_at(scene, 3, 443, "nginx", "opened");
	wait(scene, 2);
	assert_string_equal(said_of(scene, "missing_listener")->state, "closed");
}

static void a_sensor_that_is_not_heard_of_misses_nothing(void **state)
{
	struct fleet_scene *scene = *state;
	be_alike(scene);
	listen_at(scene, 3, 443, "nginx", "closed");
	heartbeat(scene, 3, "paris", "web", "late");
	wait(scene, 30);
	assert_int_equal(scene->count, 0);
}

/* Each has its own: servers of one site without tags, say. */
static void servers_that_differ_are_no_group(void **state)
{
	struct fleet_scene *scene = *state;
	be_alike(scene);
	for (unsigned i = 0; i < 10; i++)
		listen_at(scene, i, 5000 + i, "app", "opened");
	wait(scene, 30);
	assert_int_equal(scene->count, 0);
}

static void seven_are_too_few(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, 7, "paris");
	for (unsigned i = 0; i < 7; i++)
		listen_at(scene, i, 22, "sshd", "opened");
	listen_at(scene, 2, 4444, "nc", "opened");
	wait(scene, 30);
	assert_int_equal(scene->count, 0);
}

/* After a hub has taken over, it knows of a sensor only what changes. */
static void who_has_told_only_what_changed_is_no_member(void **state)
{
	struct fleet_scene *scene = *state;
	be_alike(scene);
	heartbeat(scene, 50, "paris", "web", "up");
	listen_at(scene, 50, 8081, "java", "opened");
	wait(scene, 30);
	assert_int_equal(scene->count, 0);
}

/* What another hub said comes back with its own name as the teller. */
static void what_another_hub_said_goes_on(void **state)
{
	struct fleet_scene *scene = *state;
	be_alike(scene);
	listen_at(scene, 7, 4444, "nc", "opened");
	wait(scene, 12);
	struct finding_record before = *said_of(scene, "new_listener");
	record_text(before.sensor, sizeof(before.sensor), "hub");
	detect_fleet_free(scene->fleet);
	struct detect_sink sink = { .self = scene, .finding = say };
	scene->fleet = detect_fleet_new(&sink);
	assert_non_null(scene->fleet);
	detect_fleet_restore(scene->fleet, &before);
	scene->count = 0;
	be_alike(scene);
	listen_at(scene, 7, 4444, "nc", "opened");
	wait(scene, 12);
	assert_int_equal(count_of(scene, "new_listener"), 1);
	assert_string_equal(said_of(scene, "new_listener")->id, before.id);
}

/* ---- certificates ---- */

static void show(struct fleet_scene *scene, unsigned sensor, const char *sha256,
		 int64_t days)
{
	struct tls_record t;
	char server[16];
	record_init(RECORD_tls, &t);
	t.at = scene->now_us;
	t.client_ip = addr("198.51.100.1");
	snprintf(server, sizeof(server), "10.0.0.%u", 1 + sensor);
	t.server_ip = addr(server);
	t.server_port = 443;
	t.not_after = scene->now_us + days * 24 * 3600 * SECOND;
	record_text(t.sha256, sizeof(t.sha256), sha256);
	record_text(t.subject, sizeof(t.subject), "CN=*.example.org");
	name_sensor(t.sensor, sensor);
	detect_fleet_record(scene->fleet, RECORD_tls, &t);
}

static void a_certificate_in_ten_places_is_one_finding(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, 10, "paris");
	for (unsigned i = 0; i < 10; i++)
		show(scene, i, "aa11", 30);
	wait(scene, 11);
	const struct finding_record *f = said_of(scene, "weak_protocol");
	assert_non_null(f);
	assert_string_equal(f->technique, "shared_certificate");
	assert_string_equal(f->severity, "notice");
	assert_non_null(strstr(f->summary, "CN=*.example.org is used in 10 places"));
	assert_non_null(strstr(f->evidence, "10.0.0.1 port 443 at web-0"));
	assert_string_equal(f->sensors, "web-0,web-1,web-2,web-3,web-4,web-5,web-6,"
					"web-7,web-8,web-9");
	size_t said = scene->count;
	wait(scene, 60);
	assert_int_equal(scene->count, said);
	pass(scene, 10LL * 24 * 3600 * SECOND);
	assert_string_equal(said_of(scene, "weak_protocol")->severity, "low");
	assert_int_equal(count_of(scene, "weak_protocol"), 1);
	for (unsigned i = 0; i < 9; i++)
		show(scene, i, "bb22", 90);
	wait(scene, 11);
	unsigned closed = 0;
	for (size_t i = said; i < scene->count; i++)
		closed += strcmp(scene->said[i].state, "closed") == 0;
	assert_int_equal(closed, 1);
}

static void a_certificate_of_somebody_elses_server_is_not_ours(void **state)
{
	struct fleet_scene *scene = *state;
	join(scene, 10, "paris");
	for (unsigned i = 0; i < 10; i++) {
		struct tls_record t;
		record_init(RECORD_tls, &t);
		t.at = scene->now_us;
		t.server_ip = host(i);
		t.server_port = 443;
		record_text(t.sha256, sizeof(t.sha256), "aa11");
		name_sensor(t.sensor, i);
		detect_fleet_record(scene->fleet, RECORD_tls, &t);
	}
	wait(scene, 30);
	assert_int_equal(scene->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_port_of_one_in_forty_is_odd, begin,
						end),
		cmocka_unit_test_setup_teardown(what_is_not_told_anew_has_closed, begin,
						end),
		cmocka_unit_test_setup_teardown(a_deployment_that_rolls_is_no_alarm,
						begin, end),
		cmocka_unit_test_setup_teardown(what_is_missing_on_one_is_told, begin,
						end),
		cmocka_unit_test_setup_teardown(
			a_sensor_that_is_not_heard_of_misses_nothing, begin, end),
		cmocka_unit_test_setup_teardown(servers_that_differ_are_no_group, begin,
						end),
		cmocka_unit_test_setup_teardown(seven_are_too_few, begin, end),
		cmocka_unit_test_setup_teardown(
			who_has_told_only_what_changed_is_no_member, begin, end),
		cmocka_unit_test_setup_teardown(what_another_hub_said_goes_on, begin,
						end),
		cmocka_unit_test_setup_teardown(
			a_certificate_in_ten_places_is_one_finding, begin, end),
		cmocka_unit_test_setup_teardown(
			a_certificate_of_somebody_elses_server_is_not_ours, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
