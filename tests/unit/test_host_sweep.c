/*
 * test_host_sweep.c: when many hosts are a sweep; and what is no scan at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "contact_scene.h"

static struct contact_record to_host(struct scene *scene, uint32_t n, uint32_t port,
				     const char *outcome)
{
	struct contact_record c = contact(scene, port, outcome);
	uint8_t four[4] = { 198, 51, (uint8_t)(100 + n / 256), (uint8_t)n };
	c.server_ip = addr_v4(four);
	return c;
}

/* Hosts from..from+count-1, one every 10 ms. */
static void sweep(struct scene *scene, const char *client, uint32_t from,
		  uint32_t count, uint32_t port, const char *outcome)
{
	for (uint32_t n = from; n < from + count; n++) {
		struct contact_record c = to_host(scene, n, port, outcome);
		c.client_ip = addr(client);
		give(scene, &c);
		scene->now_us += 10000;
		scene->count = 0;
	}
}

static void nothing_is_found(struct scene *scene)
{
	detect_tick(scene->detect, scene->now_us);
	if (count_open(scene, NULL) > 0)
		fail_msg("%s", scene->count > 0 ? scene->said[0].summary : "a finding");
}

static void twenty_hosts_are_a_sweep(void **state)
{
	struct scene *scene = *state;
	sweep(scene, SCANNER, 0, 19, 445, "silent");
	assert_int_equal(count_open(scene, NULL), 0);
	struct contact_record c = to_host(scene, 19, 445, "refused");
	give(scene, &c);
	const struct finding_record *f =
		said_once(scene, "host_sweep", "syn", "low", "open");
	assert_int_equal(f->hosts, 20);
	assert_string_equal(f->proof, "unsolicited");
	assert_int_equal(f->port, 445);
	assert_true(addr_is_unset(&f->server_ip));
	sweep(scene, SCANNER, 20, 1000, 445, "silent");
	scene->now_us += SECOND;
	assert_in_range(only_open(scene, "host_sweep")->hosts, 950, 1100);
}

/* zmap over hosts that all listen: nothing fails. */
static void hosts_that_all_answer_are_a_sweep(void **state)
{
	struct scene *scene = *state;
	sweep(scene, SCANNER, 0, 60, 80, "half_open");
	assert_string_equal(only_open(scene, "host_sweep")->severity, "low");
}

/* Its browser goes to a thousand sites, and IPv4 is quicker each time. */
static void a_machine_of_ours_without_ipv6_is_no_worm(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 1200; n++) {
		struct contact_record c =
			contact(scene, 443, n % 3 ? "silent" : "half_open");
		char site[ADDR_TEXT_MAX];
		snprintf(site, sizeof(site), "2a02:%x::1", n + 1);
		c.client_ip = addr("2001:db8::1");
		c.server_ip = addr(site);
		give(scene, &c);
		scene->now_us += SECOND;
		scene->count = 0;
	}
	assert_string_equal(only_open(scene, "host_sweep")->severity, "notice");
}

static void two_ports_are_one_finding(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 100; n++) {
		sweep(scene, SCANNER, n, 1, 80, "silent");
		sweep(scene, SCANNER, n, 1, 443, "silent");
	}
	const struct finding_record *f = only_open(scene, "host_sweep");
	assert_string_equal(f->port_list, "80,443");
	assert_true(f->port == UNKNOWN_U32);
}

static void pings_are_a_sweep(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 60; n++) {
		struct contact_record c =
			to_host(scene, n, 0, n % 20 == 0 ? "answered" : "silent");
		c.transport = "icmp";
		c.technique = "icmp";
		c.port = UNKNOWN_U32;
		give(scene, &c);
		scene->count = 0;
	}
	assert_string_equal(only_open(scene, "host_sweep")->technique, "icmp");
}

static void addresses_where_nobody_lives_tell_sooner(void **state)
{
	struct scene *scene = *state;
	struct home home = { .count = 0 };
	struct prefix prefix;
	assert_true(prefix_parse("198.51.0.0/16", &prefix));
	home_add(&home, &prefix);
	detect_set_home(scene->detect, &home);
	sweep(scene, SCANNER, 0, 3, 23, "silent");
	assert_string_equal(only_open(scene, "host_sweep")->severity, "notice");
	sweep(scene, SCANNER, 3, 3, 23, "silent");
	assert_string_equal(only_open(scene, "host_sweep")->severity, "low");
}

static void one_of_ours_that_sweeps_is_worse(void **state)
{
	struct scene *scene = *state;
	sweep(scene, TARGET, 0, 236, 445, "silent");
	sweep(scene, TARGET, 236, 4, 445, "refused");
	nothing_is_found(scene);
	sweep(scene, TARGET, 240, 200, 445, "silent");
	assert_string_equal(only_open(scene, "host_sweep")->severity, "medium");
	sweep(scene, TARGET, 440, 990, 445, "silent");
	sweep(scene, TARGET, 1430, 10, 445, "half_open");
	scene->now_us += SECOND;
	const struct finding_record *f = only_open(scene, "host_sweep");
	assert_string_equal(f->severity, "high");
	assert_string_equal(f->mitre, "T1046");
}

/* ---- what is no scan ---- */

static void a_crawler_that_meets_dead_hosts_is_none(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 600; n++)
		sweep(scene, n % 2 == 0 ? TARGET : SCANNER, n, 1, 443,
		      n % 3 == 0 ? "silent" : "handshake");
	nothing_is_found(scene);
}

/* As with an IPv6 that leads nowhere, or a cable that is out. */
static void who_gets_no_answer_at_all_is_cut_off(void **state)
{
	struct scene *scene = *state;
	sweep(scene, TARGET, 0, 2000, 443, "silent");
	nothing_is_found(scene);
}

/* The line was down and is up again; what it served is forgotten after some hours. */
static void who_was_served_before_is_cut_off(void **state)
{
	struct scene *scene = *state;
	sweep(scene, TARGET, 0, 300, 443, "handshake");
	sweep(scene, TARGET, 10000, 800, 443, "silent");
	sweep(scene, TARGET, 11000, 10, 443, "refused");
	nothing_is_found(scene);
	pass(scene, 6 * 3600);
	sweep(scene, TARGET, 20000, 800, 443, "refused");
	assert_string_equal(only_open(scene, "host_sweep")->severity, "medium");
}

static void who_looks_for_peers_is_no_scanner(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 600; n++) {
		struct contact_record c = to_host(scene, n, 1024 + n * 37 % 60000,
						  n % 10 == 0 ? "handshake" : "silent");
		c.technique = n % 2 == 0 ? "syn" : "udp";
		c.transport = n % 2 == 0 ? "tcp" : "udp";
		give(scene, &c);
	}
	nothing_is_found(scene);
}

/* A mail server asks each of its clients who they are. */
static void ident_of_a_client_is_no_sweep(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 400; n++) {
		struct contact_record c = to_host(scene, n, 25, "handshake");
		struct contact_record back = to_host(scene, n, 113, "silent");
		c.client_ip = c.server_ip;
		c.server_ip = addr(TARGET);
		back.client_ip = addr(TARGET);
		give(scene, &c);
		give(scene, &back);
	}
	nothing_is_found(scene);
}

static void active_ftp_is_no_scan(void **state)
{
	struct scene *scene = *state;
	struct contact_record c = contact(scene, 21, "handshake");
	give(scene, &c);
	for (uint32_t port = 50000; port < 50100; port++) {
		struct contact_record back = contact(scene, port, "silent");
		back.client_ip = addr(TARGET);
		back.client_port = 20;
		back.server_ip = addr(SCANNER);
		give(scene, &back);
	}
	nothing_is_found(scene);
}

/* From FTP's port, to a machine that has just fetched something from there. */
static void a_scan_from_port_20_is_no_ftp(void **state)
{
	struct scene *scene = *state;
	struct contact_record c = contact(scene, 80, "handshake");
	c.client_ip = addr(TARGET);
	c.server_ip = addr(SCANNER);
	give(scene, &c);
	for (uint32_t port = 1; port < 30; port++) {
		c = contact(scene, port, "silent");
		c.client_port = 20;
		give(scene, &c);
	}
	assert_string_equal(only_open(scene, "port_scan")->severity, "low");
}

/* Its ports were served before the reboot; then clients find them closed. */
static void a_server_that_restarts_is_not_scanned_by_its_clients(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 1; port <= 40; port++) {
		struct contact_record c = contact(scene, port, "handshake");
		c.client_ip = addr("198.51.100.1");
		give(scene, &c);
	}
	wait_s(scene, 3600);
	for (uint32_t port = 1; port <= 40; port++)
		meet(scene, port, port % 2 == 0 ? "refused" : "silent");
	nothing_is_found(scene);
}

static void a_listener_of_ours_that_is_gone_is_no_scan(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 7000; port < 7030; port++) {
		struct listener_record l = sshd(scene, "opened");
		l.port = port;
		detect_known_listener(scene->detect, &l);
		see(scene, l);
		l.change = "closed";
		see(scene, l);
	}
	scene->count = 0;
	for (uint32_t port = 7000; port < 7030; port++)
		meet(scene, port, "refused");
	assert_int_equal(count_open(scene, "port_scan"), 0);
}

/* Ten exporters that were never there, asked every 15 seconds for a day. */
static void a_monitor_with_dead_targets_is_no_scan(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 100; n++)
		sweep(scene, SCANNER, n, 1, 9100, "handshake");
	for (int round = 0; round < 4 * 60 * 24; round++) {
		for (uint32_t n = 0; n < 10; n++)
			sweep(scene, SCANNER, 200 + n, 1, 9100, "refused");
		for (uint32_t port = 9100; port < 9104; port++)
			sweep(scene, SCANNER, 5, 1, port, "refused");
		scene->now_us += 15 * SECOND;
	}
	nothing_is_found(scene);
}

static void five_hundred_users_behind_one_address_are_no_scan(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 3000; n++) {
		sweep(scene, SCANNER, n % 300, 1, n % 7 == 0 ? 80 : 443, "handshake");
		if (n % 200 == 0)
			sweep(scene, SCANNER, n % 300, 1, 8000 + n % 11, "silent");
	}
	nothing_is_found(scene);
}

static void late_answers_and_traceroute_are_no_scan(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 40; i++) {
		struct contact_record c = contact(scene, 40000 + i, "refused");
		c.transport = "udp";
		c.technique = "udp";
		c.client_port = 53;
		give(scene, &c);
		c.port = 33434 + i;
		c.client_port = 51000;
		c.ttl = 1;
		give(scene, &c);
	}
	nothing_is_found(scene);
}

/* Old connections of a server, whose segments come when we have just started. */
static void late_segments_to_a_service_are_no_scan(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 1; port <= 40; port++) {
		struct contact_record c = contact(scene, port, "handshake");
		c.client_ip = addr("198.51.100.1");
		give(scene, &c);
		c = contact(scene, port, "stray");
		c.technique = "ack";
		give(scene, &c);
	}
	nothing_is_found(scene);
}

static void happy_eyeballs_is_no_scan(void **state)
{
	struct scene *scene = *state;
	for (uint32_t n = 0; n < 200; n++)
		sweep(scene, SCANNER, n, 1, 443,
		      n % 2 == 0 ? "half_open" : "handshake");
	nothing_is_found(scene);
}

static void friends_and_probes_of_ours_are_not_looked_at(void **state)
{
	struct scene *scene = *state;
	struct home friends = { .count = 0 };
	struct prefix prefix;
	assert_true(prefix_parse(SCANNER, &prefix));
	home_add(&friends, &prefix);
	detect_set_friends(scene->detect, &friends);
	for (uint32_t port = 1; port < 200; port++) {
		meet(scene, port, "refused");
		struct contact_record c = contact(scene, port, "refused");
		c.client_ip = addr("198.51.100.77");
		c.probe = 1;
		give(scene, &c);
	}
	nothing_is_found(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(twenty_hosts_are_a_sweep),
		TEST(hosts_that_all_answer_are_a_sweep),
		TEST(a_machine_of_ours_without_ipv6_is_no_worm),
		TEST(who_was_served_before_is_cut_off),
		TEST(two_ports_are_one_finding),
		TEST(pings_are_a_sweep),
		TEST(addresses_where_nobody_lives_tell_sooner),
		TEST(one_of_ours_that_sweeps_is_worse),
		TEST(a_crawler_that_meets_dead_hosts_is_none),
		TEST(who_gets_no_answer_at_all_is_cut_off),
		TEST(who_looks_for_peers_is_no_scanner),
		TEST(ident_of_a_client_is_no_sweep),
		TEST(active_ftp_is_no_scan),
		TEST(a_scan_from_port_20_is_no_ftp),
		TEST(a_server_that_restarts_is_not_scanned_by_its_clients),
		TEST(a_listener_of_ours_that_is_gone_is_no_scan),
		TEST(a_monitor_with_dead_targets_is_no_scan),
		TEST(five_hundred_users_behind_one_address_are_no_scan),
		TEST(late_answers_and_traceroute_are_no_scan),
		TEST(late_segments_to_a_service_are_no_scan),
		TEST(happy_eyeballs_is_no_scan),
		TEST(friends_and_probes_of_ours_are_not_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
