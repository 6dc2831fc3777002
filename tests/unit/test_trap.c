/*
 * test_trap.c: ports that nobody should touch, and who does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/port_set.h"
#include "detect_scene.h"

static int begin_traps(void **state)
{
	static const char *const texts[] = { "22", "23", "2323", "5900-5910",
					     "161/udp" };
	struct port_set traps = { 0 };
	begin(state);
	for (size_t i = 0; i < 5; i++) {
		struct port_range range;
		assert_true(port_range_parse(texts[i], &range));
		port_set_add(&traps, &range);
	}
	detect_set_traps(((struct scene *)*state)->detect, &traps);
	return 0;
}

static void touch(struct scene *scene, const char *client, uint32_t port,
		  const char *outcome)
{
	struct contact_record c = contact_of(scene, client, port, outcome);
	detect_contact(scene->detect, &c);
}

/* A whole connection that ended now. */
static void talk(struct scene *scene, const char *client, uint32_t port, uint64_t said)
{
	struct flow_record f = flow_of(scene, client, port);
	f.client_payload_bytes = said;
	detect_flow(scene->detect, &f);
}

static void a_touch_is_a_notice(void **state)
{
	static const char *const outcomes[] = { "refused", "silent", "half_open",
						"stray" };
	struct scene *scene = *state;
	for (size_t i = 0; i < 4; i++) {
		char client[] = "198.51.100.1";
		client[11] += (char)i;
		touch(scene, client, 23, outcomes[i]);
		const struct finding_record *f =
			said_once(scene, "trap_hit", "", "notice", "open");
		assert_string_equal(f->proof, "unsolicited");
		assert_string_equal(f->port_list, "23");
		assert_string_equal(f->detector, "trap");
	}
}

static void a_handshake_is_proof_and_words_are_more(void **state)
{
	struct scene *scene = *state;
	touch(scene, "198.51.100.1", 23, "handshake");
	const struct finding_record *f =
		said_once(scene, "trap_hit", "", "low", "open");
	assert_string_equal(f->proof, "handshake");
	talk(scene, "198.51.100.1", 23, 12);
	f = said_once(scene, "trap_hit", "", "medium", "open");
	assert_string_equal(f->proof, "dialogue");
	assert_int_equal(f->attempts, 1);
	assert_string_equal(f->summary, "198.51.100.1 connected, and talked, to trap "
					"port 23, where nobody has a reason to.");
}

static void who_says_nothing_has_no_dialogue(void **state)
{
	struct scene *scene = *state;
	talk(scene, "198.51.100.1", 23, 0);
	said_nothing(scene);
}

static void one_source_is_one_finding_with_all_its_ports(void **state)
{
	struct scene *scene = *state;
	touch(scene, "198.51.100.1", 5901, "handshake");
	touch(scene, "198.51.100.1", 23, "handshake");
	touch(scene, "198.51.100.1", 5900, "handshake");
	struct contact_record c = contact_of(scene, "198.51.100.1", 161, "silent");
	c.transport = "udp";
	detect_contact(scene->detect, &c);
	assert_int_equal(open_count(scene), 1);
	scene->count = 0;
	pass(scene, 10); /* what grows is said again, but not at once */
	assert_true(scene->count > 0);
	const struct finding_record *f = &scene->said[scene->count - 1];
	assert_string_equal(f->severity, "medium");
	assert_string_equal(f->port_list, "23,5900-5901,U:161");
	assert_int_equal(f->ports, 4);
	assert_int_equal(f->attempts, 4);
	assert_string_equal(f->proof, "handshake");
	scene->count = 0;
	pass(scene, 590);
	said_once(scene, "trap_hit", "", "medium", "closed");
}

/* Somebody touches traps in the name of one who erred once. */
static void forged_touches_make_no_searcher_of_another(void **state)
{
	struct scene *scene = *state;
	touch(scene, "198.51.100.1", 23, "handshake");
	said_once(scene, "trap_hit", "", "low", "open");
	touch(scene, "198.51.100.1", 5900, "silent");
	touch(scene, "198.51.100.1", 5901, "half_open");
	pass(scene, 30);
	assert_true(scene->count > 0);
	for (size_t i = 0; i < scene->count; i++)
		assert_string_equal(scene->said[i].severity, "low");
}

static void other_ports_and_other_hosts_are_no_traps(void **state)
{
	struct scene *scene = *state;
	touch(scene, "198.51.100.1", 24, "handshake");
	struct contact_record c = contact_of(scene, "198.51.100.1", 23, "handshake");
	c.server_ip = addr("203.0.113.80");
	detect_contact(scene->detect, &c);
	c = contact_of(scene, "198.51.100.1", 161, "refused");
	detect_contact(scene->detect, &c);
	c.transport = "icmp";
	c.port = UNKNOWN_U32;
	detect_contact(scene->detect, &c);
	said_nothing(scene);
}

static void a_port_that_is_served_is_no_trap(void **state)
{
	struct scene *scene = *state;
	struct port_set served;
	know_sshd(scene);
	scene->count = 0;
	touch(scene, "198.51.100.1", 22, "handshake");
	said_nothing(scene);
	detect_served_traps(scene->detect, &served);
	assert_int_equal(port_set_count(&served), 1);
	assert_true(port_set_holds(&served, false, 22));
	see(scene, sshd(scene, "closed"));
	pass(scene, 3);
	scene->count = 0;
	touch(scene, "198.51.100.1", 22, "refused");
	said_once(scene, "trap_hit", "", "notice", "open");
}

static void friends_and_our_own_probes_may(void **state)
{
	struct scene *scene = *state;
	struct home friends = { .count = 0 };
	struct prefix prefix;
	assert_true(prefix_parse("198.51.100.0/24", &prefix));
	home_add(&friends, &prefix);
	detect_set_friends(scene->detect, &friends);
	touch(scene, "198.51.100.1", 23, "handshake");
	talk(scene, "198.51.100.1", 23, 12);
	struct contact_record c = contact_of(scene, "203.0.113.1", 23, "handshake");
	c.probe = 1;
	detect_contact(scene->detect, &c);
	said_nothing(scene);
}

static void answers_to_forged_packets_are_no_touch(void **state)
{
	enum { SYN = 2, RST = 4, ACK = 16 };
	struct scene *scene = *state;
	struct contact_record c = contact_of(scene, "203.0.113.80", 23, "stray");
	c.tcp_flags = SYN | ACK;
	detect_contact(scene->detect, &c);
	c.tcp_flags = RST | ACK;
	detect_contact(scene->detect, &c);
	said_nothing(scene);
}

static void forged_source(struct scene *scene, unsigned i, const char *outcome)
{
	char client[ADDR_TEXT_MAX];
	snprintf(client, sizeof(client), "203.%u.%u.9", i / 250, i % 250);
	touch(scene, client, 23, outcome);
}

/* Also one that is proven in the midst of it has a finding of its own. */
static void a_flood_of_forged_sources_is_few_findings(void **state)
{
	struct scene *scene = *state;
	touch(scene, "198.51.100.1", 23, "handshake");
	for (unsigned i = 0; i < 10000; i++) {
		forged_source(scene, i, "silent");
		if (scene->count > SAID_MAX / 2)
			fail_msg("%zu findings were said", scene->count);
	}
	assert_int_equal(open_count(scene), 1 + 64 + 1);
	scene->count = 0;
	touch(scene, "198.51.100.2", 23, "handshake");
	said_once(scene, "trap_hit", "", "low", "open");
	touch(scene, "198.51.100.1", 2323, "handshake");
	const struct finding_record *f =
		said_once(scene, "trap_hit", "", "low", "open");
	assert_string_equal(f->port_list, "23,2323");
}

static void a_network_of_ipv6_is_one_source(void **state)
{
	struct scene *scene = *state;
	struct contact_record c = contact_of(scene, "2001:db8:5::1", 23, "silent");
	detect_contact(scene->detect, &c);
	scene->count = 0;
	c.client_ip = addr("2001:db8:5::ffff");
	detect_contact(scene->detect, &c);
	assert_int_equal(open_count(scene), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_touch_is_a_notice, begin_traps, end),
		cmocka_unit_test_setup_teardown(a_handshake_is_proof_and_words_are_more,
						begin_traps, end),
		cmocka_unit_test_setup_teardown(who_says_nothing_has_no_dialogue,
						begin_traps, end),
		cmocka_unit_test_setup_teardown(
			one_source_is_one_finding_with_all_its_ports, begin_traps, end),
		cmocka_unit_test_setup_teardown(
			forged_touches_make_no_searcher_of_another, begin_traps, end),
		cmocka_unit_test_setup_teardown(
			other_ports_and_other_hosts_are_no_traps, begin_traps, end),
		cmocka_unit_test_setup_teardown(a_port_that_is_served_is_no_trap,
						begin_traps, end),
		cmocka_unit_test_setup_teardown(friends_and_our_own_probes_may,
						begin_traps, end),
		cmocka_unit_test_setup_teardown(answers_to_forged_packets_are_no_touch,
						begin_traps, end),
		cmocka_unit_test_setup_teardown(
			a_flood_of_forged_sources_is_few_findings, begin_traps, end),
		cmocka_unit_test_setup_teardown(a_network_of_ipv6_is_one_source,
						begin_traps, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
