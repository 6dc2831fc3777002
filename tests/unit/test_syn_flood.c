/*
 * test_syn_flood.c: connections that are asked for and never completed, and crowds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "flood_scene.h"

/* A web server in everyday use. */
static const struct second usual = { .transport = "tcp",
				     .port = 80,
				     .syns = 100,
				     .handshakes = 100,
				     .flows = 100,
				     .client_packets = 1000,
				     .server_packets = 1000,
				     .clients = 60 };

static struct second flooded(uint64_t syns, uint64_t clients)
{
	struct second s = usual;
	s.syns += syns;
	s.flows += syns;
	s.client_packets += syns;
	s.server_packets += syns;
	s.clients += clients;
	return s;
}

static void a_flood_of_forged_sources_is_found_in_its_second(void **state)
{
	struct scene *scene = *state;
	serve(scene, &usual, 30);
	said_nothing(scene);
	struct second flood = flooded(20000, 19000);
	struct port_record p = port_of(scene, &flood);
	detect_port(scene->detect, &p, UNKNOWN_FLAG);
	const struct finding_record *f = last_of(scene, "syn_flood");
	is_finding(f, "syn", "medium", "open");
	assert_int_equal(f->last, scene->now_us + SECOND);
	assert_int_equal(f->attempts, 20100);
	assert_int_equal(f->port, 80);
	assert_true(addr_is_unset(&f->client_ip));
	assert_string_equal(f->proof, "unsolicited");
	assert_non_null(strstr(f->summary, "192.0.2.1:80/tcp"));
	assert_non_null(strstr(f->summary, "forged"));
	assert_non_null(strstr(f->evidence, "20100 SYN in a second, 100 completed"));
}

static void one_flood_is_one_finding_until_a_minute_after_its_end(void **state)
{
	struct scene *scene = *state;
	struct second flood = flooded(5000, 5000);
	serve(scene, &usual, 10);
	serve(scene, &flood, 30);
	/* Some seconds in which little comes do not make two of it. */
	serve(scene, &usual, 20);
	serve(scene, &flood, 10);
	assert_int_equal(count_of(scene, "syn_flood"), 1);
	scene->count = 0;
	serve(scene, &usual, 58);
	const struct finding_record *f = last_of(scene, "syn_flood");
	assert_true(f == NULL || strcmp(f->state, "open") == 0);
	serve(scene, &usual, 3);
	f = last_of(scene, "syn_flood");
	is_finding(f, "syn", "medium", "closed");
	assert_int_equal(f->attempts, 40 * 5100);
}

static void a_small_one_is_found_when_it_lasts(void **state)
{
	struct scene *scene = *state;
	struct second idle = { .transport = "tcp", .port = 22, .clients = 1 };
	idle.syns = idle.flows = idle.client_packets = idle.server_packets = 220;
	serve(scene, &idle, 1);
	said_nothing(scene);
	serve(scene, &idle, 2);
	is_finding(last_of(scene, "syn_flood"), "syn", "medium", "open");
}

static void who_floods_alone_is_named(void **state)
{
	struct scene *scene = *state;
	struct contact_record c = contact_of(scene, "198.51.100.7", 22, "half_open");
	struct second flood = { .transport = "tcp",
				.port = 22,
				.syns = 9000,
				.flows = 3000,
				.client_packets = 9000,
				.server_packets = 9000,
				.clients = 1 };
	detect_contact(scene->detect, &c);
	serve(scene, &flood, 2);
	const struct finding_record *f = last_of(scene, "syn_flood");
	struct addr who = addr("198.51.100.7");
	is_finding(f, "syn", "medium", "open");
	assert_true(addr_equal(&f->client_ip, &who));
	assert_non_null(strstr(f->summary, "by 198.51.100.7"));
	assert_string_equal(f->proof, "unsolicited");
}

static void it_is_high_when_the_kernel_or_the_clients_suffer(void **state)
{
	struct scene *scene = *state;
	struct second flood = flooded(5000, 5000);
	const struct detect_witness none = { 0 }, cookies = { .cookies = 4000 };
	serve(scene, &usual, 10);
	detect_set_witness(scene->detect, &none, scene->now_us);
	serve(scene, &flood, 1);
	is_finding(last_of(scene, "syn_flood"), "syn", "medium", "open");
	detect_set_witness(scene->detect, &cookies, scene->now_us);
	serve(scene, &flood, 1);
	const struct finding_record *f = last_of(scene, "syn_flood");
	is_finding(f, "syn", "high", "open");
	assert_non_null(strstr(f->evidence, "4000 SYN cookies"));

	struct second other = usual, starved = flood;
	other.port = starved.port = 443;
	starved.handshakes = 3;
	serve(scene, &other, 10);
	serve(scene, &starved, 1);
	is_finding(last_of(scene, "syn_flood"), "syn", "high", "open");
}

static void a_crowd_completes(void **state)
{
	struct scene *scene = *state;
	struct second crowd = usual, first;
	serve(scene, &usual, 30);
	crowd.syns = crowd.handshakes = crowd.flows = crowd.clients = 10000;
	first = crowd;
	first.handshakes = 8000; /* a fifth of a second is under way */
	serve(scene, &first, 1);
	serve(scene, &crowd, 60);
	said_nothing(scene);
}

static void who_comes_again_to_a_port_that_is_down_floods_nothing(void **state)
{
	struct scene *scene = *state;
	struct second refused = usual, silent = usual, slow = usual;
	serve(scene, &usual, 60);
	refused.syns = refused.flows = refused.rejected = 1500;
	refused.handshakes = 0;
	refused.clients = 900;
	serve(scene, &refused, 30);
	silent.syns = 1500;
	silent.handshakes = silent.server_packets = 0;
	serve(scene, &silent, 30);
	/* It answers some, and those that it does not answer ask again. */
	slow.syns = 800;
	slow.flows = 300;
	serve(scene, &slow, 30);
	/* More come than it can take: some are served, the others ask again. */
	slow.syns = 900;
	slow.flows = 500;
	slow.handshakes = 300;
	serve(scene, &slow, 30);
	/* The last of them wait. */
	slow.syns = 250;
	slow.flows = slow.handshakes = slow.clients = 0;
	serve(scene, &slow, 8);
	said_nothing(scene);
	refused.syns = refused.flows = refused.rejected = refused.clients = 50000;
	serve(scene, &refused, 2);
	is_finding(last_of(scene, "syn_flood"), "syn", "high", "open");
}

static void an_unused_port_is_flooded_by_forged_sources(void **state)
{
	struct scene *scene = *state;
	struct second few = { .transport = "tcp",
			      .port = 81,
			      .syns = 5000,
			      .flows = 5000,
			      .rejected = 5000,
			      .client_packets = 5000,
			      .server_packets = 5000,
			      .clients = 100 };
	struct second forged = few;
	serve(scene, &few, 5);
	said_nothing(scene);
	forged.port = 82;
	forged.clients = 4900;
	serve(scene, &forged, 1);
	is_finding(last_of(scene, "syn_flood"), "syn", "medium", "open");
}

static void others_are_none_of_our_business(void **state)
{
	struct scene *scene = *state;
	struct second flood = flooded(20000, 20000);
	struct port_record p = port_of(scene, &flood);
	p.server_ip = addr("203.0.113.9");
	detect_port(scene->detect, &p, UNKNOWN_FLAG);
	p.server_ip = addr(SERVER_IP);
	p.syns = UNKNOWN_U64;
	detect_port(scene->detect, &p, UNKNOWN_FLAG);
	said_nothing(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(a_flood_of_forged_sources_is_found_in_its_second),
		TEST(one_flood_is_one_finding_until_a_minute_after_its_end),
		TEST(a_small_one_is_found_when_it_lasts),
		TEST(who_floods_alone_is_named),
		TEST(it_is_high_when_the_kernel_or_the_clients_suffer),
		TEST(a_crowd_completes),
		TEST(who_comes_again_to_a_port_that_is_down_floods_nothing),
		TEST(an_unused_port_is_flooded_by_forged_sources),
		TEST(others_are_none_of_our_business),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
