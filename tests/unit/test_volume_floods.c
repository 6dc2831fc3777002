/*
 * test_volume_floods.c: floods of datagrams and of ICMP, and what only looks like one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "flood_scene.h"

static struct second udp(uint32_t port, uint64_t in, uint64_t out, uint64_t clients)
{
	return (struct second){ .transport = "udp",
				.port = port,
				.flows = clients,
				.client_packets = in,
				.server_packets = out,
				.clients = clients };
}

/* Before it began, something else was seen. */
static void live_for_a_while(struct scene *scene)
{
	struct second quiet = udp(123, 10, 10, 2);
	serve(scene, &quiet, 3);
}

static void forged_datagrams_are_found_at_once(void **state)
{
	struct scene *scene = *state;
	struct second flood = udp(53, 50000, 100, 48000);
	struct second weaker = udp(161, 3000, 0, 2900);
	live_for_a_while(scene);
	serve(scene, &weaker, 2);
	said_nothing(scene);
	serve(scene, &weaker, 1);
	is_finding(last_of(scene, "udp_flood"), "port", "medium", "open");
	pass(scene, 61);
	scene->count = 0;
	serve(scene, &flood, 1);
	const struct finding_record *f = last_of(scene, "udp_flood");
	is_finding(f, "port", "medium", "open");
	assert_non_null(strstr(f->summary, "192.0.2.1:53/udp"));
	assert_string_equal(f->mitre, "T1498.001");
	serve(scene, &flood, 60);
	assert_int_equal(count_of(scene, "udp_flood"), 1);
	scene->count = 0;
	pass(scene, 61);
	is_finding(last_of(scene, "udp_flood"), "port", "medium", "closed");
}

static void one_source_floods_as_well(void **state)
{
	struct scene *scene = *state;
	struct second flood = udp(9999, 100000, 0, 1);
	flood.flows = 4096; /* from another port each, up to its share */
	serve(scene, &flood, 3);
	is_finding(last_of(scene, "udp_flood"), "port", "medium", "open");
	flood.port = 9998;
	flood.flows = 0;
	flood.active = 4096; /* later nothing more begins */
	serve(scene, &flood, 1);
	is_finding(last_of(scene, "udp_flood"), "port", "medium", "open");
}

/* A test of the line, a feed of metrics, a video. */
static void a_stream_is_no_flood_where_it_is_taken(void **state)
{
	struct scene *scene = *state;
	struct second early = udp(5000, 60000, 0, 1), late = udp(5001, 60000, 0, 1),
		      lost = udp(5002, 60000, 0, 2);
	early.active = late.active = lost.active = 1;
	serve(scene, &early, 60);
	said_nothing(scene);
	serve(scene, &late, 3);
	is_finding(last_of(scene, "udp_flood"), "port", "notice", "open");
	pass(scene, 61);
	scene->count = 0;
	late.client_packets = 19000;
	late.port = 5003;
	serve(scene, &late, 60);
	said_nothing(scene);
	struct detect_witness kernel = { .datagrams_dropped = 500 };
	detect_set_witness(scene->detect, &kernel, scene->now_us);
	serve(scene, &lost, 3);
	is_finding(last_of(scene, "udp_flood"), "port", "medium", "open");
}

/* As many, and hardly a new one among them: each sends a line a second. */
static void senders_that_stay_are_not_forged(void **state)
{
	struct scene *scene = *state;
	struct second logs = udp(514, 9000, 0, 9000);
	logs.flows = 50;
	logs.active = 9000;
	serve(scene, &logs, 300);
	said_nothing(scene);
}

static void a_port_that_refuses_has_no_use_for_it(void **state)
{
	struct scene *scene = *state;
	struct second open = udp(9999, 5500, 0, 1), closed = udp(9998, 5500, 0, 1);
	struct contact_record c = contact_of(scene, "198.51.100.7", 9998, "refused");
	closed.active = 1;
	c.transport = c.technique = "udp";
	detect_contact(scene->detect, &c);
	serve(scene, &open, 6);
	said_nothing(scene);
	serve(scene, &closed, 3);
	const struct finding_record *f = last_of(scene, "udp_flood");
	is_finding(f, "port", "medium", "open");
	assert_int_equal(f->port, 9998);
}

static void what_is_usual_is_no_flood(void **state)
{
	struct scene *scene = *state;
	const struct second busy[] = {
		udp(53, 6000, 6000, 400),    /* a resolver */
		udp(443, 30000, 3000, 200),  /* QUIC: uploads, acknowledged */
		udp(51820, 80000, 40000, 2), /* WireGuard */
		udp(16384, 5000, 5000, 100), /* calls */
		udp(5004, 5000, 0, 2),       /* a camera */
		udp(123, 5000, 5000, 4900),  /* a server of the NTP pool */
		udp(514, 8000, 0, 800),      /* a collector of logs */
	};
	for (int i = 0; i < 120; i++) {
		for (size_t k = 0; k < sizeof(busy) / sizeof(busy[0]); k++) {
			struct port_record p = port_of(scene, &busy[k]);
			detect_port(scene->detect, &p, UNKNOWN_FLAG);
		}
		pass(scene, 1);
	}
	said_nothing(scene);
	/* A tunnel that was idle, a failover, and twice the logs. */
	const struct second grown[] = { udp(51821, 90000, 5000, 1),
					udp(5353, 9000, 9000, 700),
					udp(514, 16000, 0, 800) };
	for (size_t k = 0; k < sizeof(grown) / sizeof(grown[0]); k++)
		serve(scene, &grown[k], 10);
	said_nothing(scene);
}

static void many_sources_are_judged_by_what_was(void **state)
{
	struct scene *scene = *state;
	struct second flood = udp(514, 6000, 0, 600), before = udp(514, 600, 0, 60);
	serve(scene, &before, 60);
	serve(scene, &flood, 3);
	is_finding(last_of(scene, "udp_flood"), "port", "medium", "open");
}

static void a_service_in_demand_is_a_notice(void **state)
{
	struct scene *scene = *state;
	struct second before = udp(53, 1000, 1000, 100),
		      demand = udp(53, 40000, 39000, 20000);
	serve(scene, &before, 400);
	serve(scene, &demand, 5);
	is_finding(last_of(scene, "udp_flood"), "port", "notice", "open");
}

/* So many ports of the host get a little in one second. */
static void scatter(struct scene *scene, const char *transport, uint64_t ports,
		    uint64_t packets, uint64_t sources)
{
	struct unsolicited_record u;
	pass(scene, 1);
	record_init(RECORD_unsolicited, &u);
	u.at = scene->now_us;
	u.ip = addr(SERVER_IP);
	u.transport = transport;
	u.packets = packets;
	u.bytes = packets * 60;
	u.ports = ports;
	u.sources = sources;
	detect_unsolicited(scene->detect, &u);
}

static void all_ports_at_once_are_a_flood_of_the_host(void **state)
{
	struct scene *scene = *state;
	scatter(scene, "udp", 65535, 65535, 1); /* a scan */
	scatter(scene, "udp", 65535, 65535, 1); /* that tries again */
	scatter(scene, "udp", 1000, 1000, 1);
	said_nothing(scene);
	for (int i = 0; i < 5; i++)
		scatter(scene, "udp", 60000, 100000, 50);
	assert_int_equal(count_of(scene, "udp_flood"), 1);
	pass(scene, 61);
	const struct finding_record *f = last_of(scene, "udp_flood");
	is_finding(f, "host", "medium", "closed");
	assert_int_equal(f->port, UNKNOWN_U32);
	assert_int_equal(f->ports, 60000);
	assert_int_equal(f->attempts, 500000);
	for (int i = 0; i < 6; i++)
		scatter(scene, "tcp", 50000, 50000, 128);
	is_finding(last_of(scene, "syn_flood"), "host", "medium", "open");
}

static void all_ports_in_many_names_need_but_a_second(void **state)
{
	struct scene *scene = *state;
	scatter(scene, "udp", 4000, 4000, 1000); /* noise */
	said_nothing(scene);
	pass(scene, 5);
	scatter(scene, "udp", 6000, 6000, 900);
	const struct finding_record *f = last_of(scene, "udp_flood");
	is_finding(f, "host", "medium", "open");
	assert_int_equal(f->attempts, 6000);
}

/* So many attempts at that many hosts of a network in one second. */
static void strew(struct scene *scene, const char *server, uint64_t attempts,
		  uint64_t hosts, uint64_t sources)
{
	struct unsolicited_record u;
	record_init(RECORD_unsolicited, &u);
	u.at = scene->now_us;
	u.ip = addr(server);
	u.transport = "tcp";
	u.packets = attempts;
	u.network = 16;
	u.hosts = hosts;
	u.sources = sources;
	detect_unsolicited(scene->detect, &u);
}

static void all_hosts_at_once_are_a_flood_of_the_network(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 10; i++, pass(scene, 1)) {
		strew(scene, "192.0.2.1", 100000, 60000, 3);       /* a fast sweep */
		strew(scene, "192.0.2.1", 100000, 10, 60000);      /* floods of hosts */
		strew(scene, "198.51.100.1", 90000, 60000, 60000); /* not ours */
		pass(scene, 1);
		strew(scene, "192.0.2.1", 9000, 8000, 9000); /* noise */
	}
	said_nothing(scene);
	pass(scene, 10);
	for (int i = 0; i < 6; i++, pass(scene, 1)) {
		strew(scene, "192.0.2.1", 27500, 55000, 60000);
		strew(scene, "192.0.2.1", 20000, 56000, 60000); /* another worker */
		assert_true((scene->count > 0) == (i >= 2));
	}
	pass(scene, 61);
	assert_int_equal(count_of(scene, "syn_flood"), 1);
	const struct finding_record *f = last_of(scene, "syn_flood");
	is_finding(f, "network", "medium", "closed");
	assert_non_null(strstr(f->summary, "192.0.0.0/16"));
	assert_int_equal(f->hosts, 56000);
	assert_int_equal(f->attempts, 6 * 47500);
	assert_true(addr_is_unset(&f->client_ip));
}

static void one_second_far_above_the_limit_is_enough(void **state)
{
	struct scene *scene = *state;
	pass(scene, 1);
	strew(scene, "192.0.2.1", 300000, 55000, 60000);
	is_finding(last_of(scene, "syn_flood"), "network", "medium", "open");
}

/* ---- ICMP ---- */

static void ping(struct scene *scene, const char *transport, uint32_t type,
		 uint64_t packets, uint64_t sources)
{
	struct unsolicited_record u;
	pass(scene, 1);
	record_init(RECORD_unsolicited, &u);
	u.at = scene->now_us;
	u.ip = addr(strcmp(transport, "icmp6") == 0 ? "2001:db8::1" : SERVER_IP);
	u.transport = transport;
	u.port = type;
	u.packets = packets;
	u.bytes = packets * 84;
	u.sources = sources;
	u.client_ip = addr("198.51.100.9");
	detect_unsolicited(scene->detect, &u);
}

static void pings_by_the_thousand_are_a_flood(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 5; i++)
		ping(scene, "icmp", 8, 400, 200); /* monitors */
	ping(scene, "icmp", 8, 1900, 1500);
	said_nothing(scene);
	ping(scene, "icmp", 8, 1900, 1500);
	const struct finding_record *f = last_of(scene, "icmp_flood");
	is_finding(f, "echo", "medium", "open");
	assert_int_equal(f->attempts, 3800);
	pass(scene, 120);
	scene->count = 0;
	ping(scene, "icmp", 8, 20000, 19000);
	is_finding(last_of(scene, "icmp_flood"), "echo", "medium", "open");
	ping(scene, "icmp6", 128, 20000, 1);
	ping(scene, "icmp6", 128, 20000, 1);
	is_finding(last_of(scene, "icmp_flood"), "echo", "medium", "open");
	ping(scene, "icmp", 3, 30000, 1);
	ping(scene, "icmp", 3, 30000, 1);
	is_finding(last_of(scene, "icmp_flood"), "other", "medium", "open");
}

static void errors_that_answer_a_scan_of_ours_are_none(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < 20; i++)
		ping(scene, "icmp", 3, 5000, 1000);
	said_nothing(scene);
}

static void a_friend_may_ping(void **state)
{
	struct scene *scene = *state;
	struct home friends = { .count = 0 };
	struct prefix friend;
	assert_true(prefix_parse("198.51.100.9", &friend));
	assert_true(home_add(&friends, &friend));
	detect_set_friends(scene->detect, &friends);
	for (int i = 0; i < 5; i++)
		ping(scene, "icmp", 8, 20000, 1);
	said_nothing(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(forged_datagrams_are_found_at_once),
		TEST(one_source_floods_as_well),
		TEST(a_stream_is_no_flood_where_it_is_taken),
		TEST(senders_that_stay_are_not_forged),
		TEST(a_port_that_refuses_has_no_use_for_it),
		TEST(what_is_usual_is_no_flood),
		TEST(many_sources_are_judged_by_what_was),
		TEST(a_service_in_demand_is_a_notice),
		TEST(all_ports_at_once_are_a_flood_of_the_host),
		TEST(all_ports_in_many_names_need_but_a_second),
		TEST(all_hosts_at_once_are_a_flood_of_the_network),
		TEST(one_second_far_above_the_limit_is_enough),
		TEST(pings_by_the_thousand_are_a_flood),
		TEST(errors_that_answer_a_scan_of_ours_are_none),
		TEST(a_friend_may_ping),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
