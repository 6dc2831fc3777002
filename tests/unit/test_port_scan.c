/*
 * test_port_scan.c: when many ports of a host are a scan, and what it is called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "contact_scene.h"

/* count ports from first on, one every gap_ms. */
static void scan(struct scene *scene, uint32_t first, uint32_t count,
		 const char *outcome, int64_t gap_ms)
{
	for (uint32_t i = 0; i < count; i++) {
		meet(scene, first + i, outcome);
		scene->now_us += gap_ms * 1000;
		scene->count = 0;
	}
}

static void five_ports_that_fail_are_worth_knowing(void **state)
{
	struct scene *scene = *state;
	scan(scene, 1000, 4, "refused", 10);
	assert_int_equal(count_open(scene, NULL), 0);
	meet(scene, 1004, "silent");
	const struct finding_record *f =
		said_once(scene, "port_scan", "syn", "notice", "open");
	assert_int_equal(f->ports, 5);
	assert_int_equal(f->attempts, 5);
	assert_string_equal(f->port_list, "1000-1004");
	assert_string_equal(f->proof, "unsolicited");
	assert_string_equal(f->tool, "nmap");
	assert_string_equal(f->summary,
			    "203.0.113.7 tried 5 ports of 192.0.2.1 (syn).");
	assert_int_equal(f->client_prefix, 32);
	assert_true(is_addr(&f->server_ip, TARGET));
}

static void a_thousand_ports_are_one_finding(void **state)
{
	struct scene *scene = *state;
	scan(scene, 1, 1000, "refused", 1);
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_string_equal(f->severity, "low");
	assert_int_equal(f->ports, 1000);
	assert_int_equal(f->attempts, 1000);
	assert_string_equal(f->port_list, "1-1000");
	assert_string_equal(f->mitre, "T1595.001");
}

/* What comes faster is not all told one by one. */
static void a_very_fast_scan_has_as_many_ports_as_were_counted(void **state)
{
	struct scene *scene = *state;
	scan(scene, 1, 500, "refused", 1);
	assert_null(strstr(only_open(scene, "port_scan")->evidence, "so fast"));
	scan(scene, 501, 1500, "refused", 0);
	scene->now_us += 60 * SECOND;
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_non_null(strstr(f->evidence, "so fast that 2000 ports"));
	assert_non_null(strstr(f->summary, "scanned at least 2000 ports"));
	struct contact_record c = contact(scene, 3000, "refused");
	c.ports = 65000;
	give(scene, &c);
	scene->now_us += 60 * SECOND;
	f = only_open(scene, "port_scan");
	assert_int_equal(f->ports, 65000);
	assert_non_null(strstr(f->evidence, "so fast that 2001 ports"));
	assert_non_null(strstr(f->summary, "scanned at least 65000 ports"));
}

/* All ports open: nothing fails, and nothing is used. */
static void a_scan_of_a_host_that_is_all_open_is_found(void **state)
{
	struct scene *scene = *state;
	scan(scene, 1, 20, "half_open", 1);
	assert_string_equal(only_open(scene, "port_scan")->severity, "low");
}

/* nmap -T1 waits 15 seconds, -T0 five minutes between two ports. */
static void slow_scans_are_found(void **state)
{
	struct scene *scene = *state;
	scan(scene, 1, 12, "refused", 15000);
	scan(scene, 100, 4, "half_open", 15000);
	scan(scene, 200, 4, "refused", 15000);
	assert_string_equal(only_open(scene, "port_scan")->severity, "low");
	wait_s(scene, 2 * 24 * 3600);
	assert_int_equal(count_open(scene, NULL), 0);
	scan(scene, 1000, 14, "silent", 300000);
	assert_string_equal(only_open(scene, "port_scan")->severity, "low");
}

static void one_port_an_hour_is_found_within_a_day(void **state)
{
	struct scene *scene = *state;
	scan(scene, 1000, 20, "silent", 3600 * 1000);
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_string_equal(f->severity, "low");
	assert_true(f->ports >= 15);
}

static void who_stops_is_closed(void **state)
{
	struct scene *scene = *state;
	scan(scene, 1, 100, "refused", 1);
	assert_int_equal(count_open(scene, "port_scan"), 1);
	wait_s(scene, 1000);
	assert_int_equal(count_open(scene, "port_scan"), 0);
}

/* ---- techniques ---- */

static void check_technique(struct scene *scene, const char *technique,
			    const char *outcome, const char *said)
{
	for (uint32_t port = 1; port <= 30; port++) {
		struct contact_record c = contact(scene, port, outcome);
		c.technique = technique;
		c.transport = strcmp(technique, "udp") == 0 ? "udp" : "tcp";
		c.tool = NULL;
		give(scene, &c);
	}
	assert_string_equal(only_open(scene, "port_scan")->technique, said);
	wait_s(scene, 2 * 24 * 3600);
}

static void each_technique_has_its_name(void **state)
{
	struct scene *scene = *state;
	static const char *const strays[] = { "fin", "null", "xmas", "ack", "other" };
	for (size_t i = 0; i < 5; i++)
		check_technique(scene, strays[i], "stray", strays[i]);
	check_technique(scene, "udp", "silent", "udp");
	check_technique(scene, "syn", "refused", "syn");
}

static void give_usual(struct scene *scene, uint32_t port, const char *outcome,
		       struct contact_record *out)
{
	*out = contact(scene, port, outcome);
	out->window = 64240;
	out->tool = NULL;
	give(scene, out);
}

/* nmap -sT of twenty ports, of which eight are open. */
static void whole_connections_that_are_not_used_are_a_connect_scan(void **state)
{
	struct scene *scene = *state;
	struct contact_record c;
	for (uint32_t port = 1; port <= 20; port++) {
		bool is_open = port % 5 == 0 || port % 5 == 3;
		give_usual(scene, port, is_open ? "handshake" : "refused", &c);
		scene->now_us += 400000;
		if (is_open)
			connection_ends(scene, &c, 0);
	}
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_string_equal(f->technique, "connect");
	assert_string_equal(f->severity, "low");
	assert_string_equal(f->proof, "handshake");
}

/* Connections end when the whole scan is over: each is remembered until then. */
static void open_ports_of_a_fast_connect_scan_are_proof(void **state)
{
	struct scene *scene = *state;
	struct contact_record c[150];
	for (uint32_t i = 0; i < 150; i++) {
		bool is_open = i % 40 == 1;
		give_usual(scene, 1 + i, is_open ? "handshake" : "refused", &c[i]);
		scene->now_us += 1000;
	}
	for (uint32_t i = 1; i < 150; i += 40)
		connection_ends(scene, &c[i], 0);
	scene->now_us += SECOND;
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_string_equal(f->severity, "medium");
	assert_string_equal(f->proof, "handshake");
	assert_int_equal(f->ports, 150);
}

static const struct finding_record *said_last(const struct scene *scene)
{
	assert_true(scene->count > 0);
	return &scene->said[scene->count - 1];
}

static void leave_unused(struct scene *scene, uint32_t port)
{
	struct contact_record c;
	give_usual(scene, port, "handshake", &c);
	c.outcome = "unused";
	give(scene, &c);
}

/* It is said with the packet that decides, not when the second or the flow is over. */
static void an_unused_connection_is_proof_at_once(void **state)
{
	struct scene *scene = *state;
	struct contact_record c;
	for (uint32_t port = 1; port <= 120; port++)
		give_usual(scene, port, "refused", &c);
	leave_unused(scene, 443);
	assert_string_equal(said_last(scene)->proof, "handshake");
	assert_string_equal(said_last(scene)->severity, "medium");
}

static void an_open_port_that_comes_first_is_proof_as_well(void **state)
{
	struct scene *scene = *state;
	struct contact_record c;
	leave_unused(scene, 22);
	for (uint32_t port = 101; port <= 199; port++)
		give_usual(scene, port, "refused", &c);
	assert_string_equal(said_last(scene)->severity, "medium");
	assert_string_equal(said_last(scene)->proof, "handshake");
	assert_int_equal(said_last(scene)->ports, 100);
}

static void large_and_proven_is_worse(void **state)
{
	struct scene *scene = *state;
	struct contact_record c;
	for (uint32_t port = 1; port <= 60; port++)
		give_usual(scene, port, "refused", &c);
	give_usual(scene, 443, "handshake", &c);
	connection_ends(scene, &c, 0);
	scene->now_us += SECOND;
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_string_equal(f->proof, "handshake");
	assert_string_equal(f->severity, "low");
	for (uint32_t port = 61; port <= 120; port++)
		give_usual(scene, port, "refused", &c);
	scene->now_us += SECOND;
	assert_string_equal(only_open(scene, "port_scan")->severity, "medium");
}

/* The address is also a client of ours: its connections are no part of the scan. */
static void what_a_client_says_proves_no_scan_in_its_name(void **state)
{
	struct scene *scene = *state;
	struct contact_record c;
	give_usual(scene, 443, "handshake", &c);
	connection_ends(scene, &c, 500);
	scan(scene, 1, 200, "refused", 1);
	give_usual(scene, 8443, "handshake", &c);
	c.ttl = 57;
	connection_ends(scene, &c, 500);
	struct contact_record other = contact(scene, 9443, "handshake");
	other.ttl = 112; /* idle, but from elsewhere */
	give(scene, &other);
	connection_ends(scene, &other, 0);
	scene->now_us += SECOND;
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_string_equal(f->proof, "unsolicited");
	assert_string_equal(f->severity, "low");
}

/* A balancer connects to see whether we live; somebody scans us in its name. */
static void a_health_check_proves_no_scan_in_its_name(void **state)
{
	struct scene *scene = *state;
	struct contact_record c;
	give_usual(scene, 443, "handshake", &c);
	connection_ends(scene, &c, 0);
	wait_s(scene, 3600);
	scan(scene, 1, 200, "refused", 1);
	for (uint32_t port = 8443; port <= 8444; port++) {
		scene->now_us += SECOND;
		give_usual(scene, port, "handshake", &c);
		connection_ends(scene, &c, 0);
		connection_ends(scene, &c, 0);
	}
	scene->now_us += SECOND;
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_string_equal(f->proof, "unsolicited");
	assert_string_equal(f->severity, "low");
	give_usual(scene, 8445, "handshake", &c);
	connection_ends(scene, &c, 0);
	scene->now_us += SECOND;
	assert_string_equal(only_open(scene, "port_scan")->severity, "medium");
}

static void one_of_ours_that_scans_is_worse(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 1; port <= 120; port++) {
		struct contact_record c = contact(scene, port, "refused");
		c.client_ip = addr("192.0.2.1");
		c.server_ip = addr("198.51.100.9");
		give(scene, &c);
	}
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_string_equal(f->severity, "medium");
	assert_string_equal(f->mitre, "T1046");
}

static void fragments_are_told(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 1; port <= 30; port++) {
		struct contact_record c = contact(scene, port, "refused");
		c.fragment = 1;
		give(scene, &c);
	}
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_string_equal(f->technique, "syn");
	assert_non_null(strstr(f->evidence, "in fragments"));
}

/* ---- many sources, many hosts ---- */

/* nmap -D RND:10: each packet also from ten others; one of the ports is open. */
static void decoyed_scan(struct scene *scene, bool resets)
{
	for (uint32_t port = 1; port <= 200; port++)
		for (uint32_t n = 0; n < 11; n++) {
			bool is_open = port == 80;
			struct contact_record c =
				contact(scene, port, is_open ? "half_open" : "refused");
			if (n != 6)
				c.client_ip = stranger(n * 7919);
			if (is_open && (n != 6 || !resets))
				c.start = c.at - 3 * SECOND;
			give(scene, &c);
			scene->count = 0;
			scene->now_us += 1000;
		}
}

static void decoys_are_one_finding_that_names_who_resets(void **state)
{
	struct scene *scene = *state;
	decoyed_scan(scene, true);
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_true(is_addr(&f->client_ip, SCANNER));
	assert_string_equal(f->severity, "low");
	assert_string_equal(f->proof, "unsolicited");
	assert_int_equal(f->ports, 200);
	assert_non_null(strstr(f->summary, "behind 10 decoys"));
	assert_non_null(strstr(f->evidence, SCANNER " (resets our answers)"));
}

static void decoys_that_nothing_tells_apart_are_one_finding_about_nobody(void **state)
{
	struct scene *scene = *state;
	decoyed_scan(scene, false);
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_true(addr_is_unset(&f->client_ip));
	assert_string_equal(f->severity, "low");
	assert_string_equal(f->proof, "unsolicited");
	assert_int_equal(f->ports, 200);
	assert_non_null(strstr(f->summary, "One of 11 sources"));
	assert_non_null(strstr(f->evidence, "The same ports at the same time"));
}

/* What was said last of each finding: of how many with severity low or more. */
static unsigned loud_in_the_end(const struct scene *scene)
{
	unsigned count = 0;
	for (size_t i = 0; i < scene->count; i++) {
		bool is_last = true;
		for (size_t k = i + 1; k < scene->count; k++)
			is_last &= strcmp(scene->said[k].id, scene->said[i].id) != 0;
		count += is_last && strcmp(scene->said[i].severity, "notice") != 0;
	}
	return count;
}

/* nmap -D with hosts that exist: they reset SYN-ACKs that they did not ask for. */
static void decoys_that_live_are_not_accused(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 1; port <= 40; port++)
		for (uint32_t n = 0; n < 5; n++) {
			struct contact_record c = contact(
				scene, port, port == 9 ? "half_open" : "refused");
			if (n != 2)
				c.client_ip = stranger(n * 7919);
			give(scene, &c);
			scene->now_us += 1000;
		}
	detect_tick(scene->detect, scene->now_us);
	assert_int_equal(loud_in_the_end(scene), 1);
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_true(addr_is_unset(&f->client_ip));
	assert_non_null(strstr(f->evidence, SCANNER " (resets our answers)"));
}

/* Also when it is large, and an address is of ours. */
static void decoys_are_never_more_than_low(void **state)
{
	struct scene *scene = *state;
	struct home home = { .count = 0 };
	struct prefix prefix;
	assert_true(prefix_parse("192.0.2.0/24", &prefix));
	home_add(&home, &prefix);
	detect_set_home(scene->detect, &home);
	for (uint32_t port = 1; port <= 300; port++)
		for (uint32_t n = 0; n < 4; n++) {
			struct contact_record c = contact(scene, port, "refused");
			uint8_t four[4] = { 192, 0, 2, (uint8_t)(n + 10) };
			c.client_ip = addr_v4(four);
			give(scene, &c);
			scene->count = 0;
		}
	static struct found found;
	found = (struct found){ .kind = NULL };
	detect_each(scene->detect, find_one, &found);
	for (size_t i = 0; i < found.count; i++)
		assert_string_equal(found.findings[i].severity, "low");
}

/* Each has found all of its ports before the next one begins. */
static void what_was_said_of_sharers_is_taken_back(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 200; i++) {
		struct contact_record c = contact(scene, 1 + i, "refused");
		c.client_ip = stranger(i / 20 * 800);
		give(scene, &c);
		scene->now_us += 10000;
	}
	detect_tick(scene->detect, scene->now_us);
	assert_int_equal(loud_in_the_end(scene), 1);
	char incident[32], id[32];
	const struct finding_record *f = only_open(scene, "distributed_scan");
	snprintf(incident, sizeof(incident), "%s", f->incident);
	snprintf(id, sizeof(id), "part of %.8s", f->id);
	for (size_t i = 0; i < scene->count; i++) {
		if (strcmp(scene->said[i].state, "closed") != 0)
			continue;
		assert_string_equal(scene->said[i].severity, "notice");
		assert_string_equal(scene->said[i].incident, incident);
		assert_non_null(strstr(scene->said[i].evidence, id));
	}
}

static void who_shares_a_scan_out_is_one_finding(void **state)
{
	struct scene *scene = *state;
	for (uint32_t i = 0; i < 20; i++)
		for (uint32_t n = 0; n < 50; n++) {
			struct contact_record c =
				contact(scene, 1 + n * 20 + i, "refused");
			c.client_ip = stranger(n * 800);
			give(scene, &c);
			scene->count = 0;
			scene->now_us += 10000;
		}
	const struct finding_record *f = only_open(scene, "distributed_scan");
	assert_int_equal(f->ports, 1000);
	assert_true(is_addr(&f->client_ip, "11.0.0.0"));
	assert_int_equal(f->client_prefix, 16);
	assert_string_equal(f->severity, "low");
	assert_non_null(strstr(f->summary, "50 sources together scanned 1000 ports"));
}

static void a_scan_over_hosts_and_ports_is_one_finding(void **state)
{
	struct scene *scene = *state;
	uint32_t step = 0;
	for (uint32_t i = 0; i < 100 * 64; i++) {
		step = (step + 2741) % (100 * 64); /* in no order */
		uint8_t four[4] = { 192, 0, 2, (uint8_t)(step % 64) };
		struct contact_record c = contact(scene, 1 + step / 64, "refused");
		c.server_ip = addr_v4(four);
		give(scene, &c);
		scene->count = 0;
	}
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_true(addr_is_unset(&f->server_ip));
	assert_in_range(f->hosts, 58, 70);
	assert_int_equal(f->ports, 100);
}

static void one_host_after_another_is_one_finding(void **state)
{
	struct scene *scene = *state;
	for (uint32_t host = 1; host <= 5; host++)
		for (uint32_t port = 1; port <= 300; port++) {
			uint8_t four[4] = { 192, 0, 2, (uint8_t)host };
			struct contact_record c = contact(scene, port, "refused");
			c.server_ip = addr_v4(four);
			give(scene, &c);
			scene->count = 0;
		}
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_int_equal(f->hosts, 5);
	assert_int_equal(f->ports, 300);
}

static void a_network_of_ipv6_is_one_source(void **state)
{
	struct scene *scene = *state;
	for (uint32_t port = 1; port <= 30; port++) {
		struct contact_record c = contact(scene, port, "refused");
		c.client_ip = addr("2001:db8:5::");
		c.client_ip.ip6[15] = (uint8_t)port;
		c.server_ip = addr("2001:db8::1");
		give(scene, &c);
		scene->count = 0;
	}
	const struct finding_record *f = only_open(scene, "port_scan");
	assert_int_equal(f->client_prefix, 64);
	assert_int_equal(f->ports, 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(five_ports_that_fail_are_worth_knowing),
		TEST(a_thousand_ports_are_one_finding),
		TEST(a_very_fast_scan_has_as_many_ports_as_were_counted),
		TEST(a_scan_of_a_host_that_is_all_open_is_found),
		TEST(slow_scans_are_found),
		TEST(one_port_an_hour_is_found_within_a_day),
		TEST(who_stops_is_closed),
		TEST(each_technique_has_its_name),
		TEST(whole_connections_that_are_not_used_are_a_connect_scan),
		TEST(open_ports_of_a_fast_connect_scan_are_proof),
		TEST(an_unused_connection_is_proof_at_once),
		TEST(an_open_port_that_comes_first_is_proof_as_well),
		TEST(large_and_proven_is_worse),
		TEST(what_a_client_says_proves_no_scan_in_its_name),
		TEST(a_health_check_proves_no_scan_in_its_name),
		TEST(one_of_ours_that_scans_is_worse),
		TEST(fragments_are_told),
		TEST(decoys_are_one_finding_that_names_who_resets),
		TEST(decoys_that_nothing_tells_apart_are_one_finding_about_nobody),
		TEST(decoys_that_live_are_not_accused),
		TEST(decoys_are_never_more_than_low),
		TEST(who_shares_a_scan_out_is_one_finding),
		TEST(what_was_said_of_sharers_is_taken_back),
		TEST(a_scan_over_hosts_and_ports_is_one_finding),
		TEST(one_host_after_another_is_one_finding),
		TEST(a_network_of_ipv6_is_one_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
