/*
 * test_reflection.c: answers nobody asked for, services that flood others, and sources
 * that can't be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "detect/amplifiers.h"
#include "detect/way.h"
#include "flood_scene.h"

/* ---- we as victim ---- */

struct unasked {
	const char *transport;
	uint32_t port;
	uint64_t packets, bytes, servers;
};

static void give(struct scene *scene, const struct unasked *is)
{
	struct unsolicited_record u;
	record_init(RECORD_unsolicited, &u);
	u.at = scene->now_us;
	u.ip = addr(SERVER_IP);
	u.transport = is->transport;
	u.port = is->port;
	u.packets = is->packets;
	u.bytes = is->bytes;
	u.sources = is->servers;
	u.client_ip = addr("198.51.100.53");
	detect_unsolicited(scene->detect, &u);
}

static void come(struct scene *scene, struct unasked is, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		give(scene, &is);
		pass(scene, 1);
	}
}

static void answers_from_many_servers_are_a_reflection(void **state)
{
	struct scene *scene = *state;
	/* Small ones, as in captures of real attacks. */
	come(scene, (struct unasked){ "udp", 161, 900, 300 * 900, 400 }, 2);
	said_nothing(scene);
	come(scene, (struct unasked){ "udp", 161, 900, 300 * 900, 400 }, 20);
	assert_int_equal(count_of(scene, "reflection_victim"), 1);
	const struct finding_record *f = last_of(scene, "reflection_victim");
	is_finding(f, "snmp", "medium", "open");
	assert_true(addr_is_unset(&f->client_ip));
	assert_int_equal(f->hosts, 400);
	assert_string_equal(f->mitre, "T1498.002");
	assert_non_null(strstr(f->evidence, "so far: snmp "));
	pass(scene, 61);
	f = last_of(scene, "reflection_victim");
	is_finding(f, "snmp", "medium", "closed");
	assert_int_equal(f->attempts, 20 * 900);
}

static void several_protocols_are_one_attack(void **state)
{
	struct scene *scene = *state;
	static const struct unasked parts[] = { { "udp", 53, 2000, 2000000, 100 },
						{ "udp", 123, 4000, 1800000, 50 },
						{ "udp", 11211, 1000, 1400000, 3 } };
	for (int i = 0; i < 10; i++) {
		for (size_t k = 0; k < 3; k++)
			give(scene, &parts[k]);
		pass(scene, 1);
	}
	pass(scene, 61);
	assert_int_equal(count_of(scene, "reflection_victim"), 1);
	const struct finding_record *f = last_of(scene, "reflection_victim");
	assert_string_equal(f->technique, "dns");
	assert_non_null(strstr(f->evidence, "ntp 32000"));
	assert_non_null(strstr(f->evidence, "dns 18000"));
}

static void one_great_reflector_will_do(void **state)
{
	struct scene *scene = *state;
	come(scene, (struct unasked){ "udp", 11211, 20000, 28000000, 1 }, 2);
	is_finding(last_of(scene, "reflection_victim"), "memcached", "medium", "open");
}

static void replies_to_pings_of_others_are_one(void **state)
{
	struct scene *scene = *state;
	come(scene, (struct unasked){ "icmp", 0, 2000, 168000, 250 }, 3);
	is_finding(last_of(scene, "reflection_victim"), "icmp", "medium", "open");
	assert_int_equal(count_of(scene, "icmp_flood"), 0);
}

static void answers_to_handshakes_of_others_are_one(void **state)
{
	struct scene *scene = *state;
	come(scene, (struct unasked){ "tcp", 0, 300, 12000, 250 }, 10);
	come(scene, (struct unasked){ "tcp", 0, 900, 36000, 5 }, 10);
	said_nothing(scene);
	come(scene, (struct unasked){ "tcp", 0, 900, 36000, 250 }, 3);
	is_finding(last_of(scene, "reflection_victim"), "tcp", "notice", "open");
}

static void late_answers_are_not(void **state)
{
	struct scene *scene = *state;
	/* A resolver's when we begin to look, and the rest of them. */
	come(scene, (struct unasked){ "udp", 53, 4000, 800000, 900 }, 1);
	come(scene, (struct unasked){ "udp", 53, 80, 16000, 60 }, 60);
	/* Devices of a link that answer one question to all. */
	come(scene, (struct unasked){ "udp", 1900, 900, 360000, 40 }, 3);
	/* A network's clients of QUIC, when their address changes; NTP. */
	come(scene, (struct unasked){ "udp", 443, 3000, 1000000, 5 }, 5);
	come(scene, (struct unasked){ "udp", 123, 4, 304, 4 }, 60);
	come(scene, (struct unasked){ "udp", 51820, 9000, 9000000, 1 }, 10);
	said_nothing(scene);
}

/* ---- we as reflector ---- */

struct served {
	uint32_t port;
	uint64_t asked, asked_bytes, sent, sent_bytes;
};

static void answer(struct scene *scene, const char *client, struct served is, int times)
{
	for (int i = 0; i < times; i++) {
		struct amplification_record a;
		pass(scene, 5);
		record_init(RECORD_amplification, &a);
		a.at = scene->now_us;
		a.interval_s = 5;
		a.server_ip = addr(SERVER_IP);
		a.port = is.port;
		a.client_ip = addr(client);
		a.client_packets = is.asked;
		a.client_bytes = is.asked_bytes;
		a.server_packets = is.sent;
		a.server_bytes = is.sent_bytes;
		detect_amplification(scene->detect, &a);
	}
}

static void a_service_that_answers_much_to_little_is_found(void **state)
{
	struct scene *scene = *state;
	const struct served monlist = { 123, 100, 3600, 10000, 4680000 };
	answer(scene, "198.51.100.7", monlist, 4);
	answer(scene, "198.51.100.8", monlist, 4);
	assert_int_equal(count_of(scene, "reflector"), 1);
	const struct finding_record *f = last_of(scene, "reflector");
	is_finding(f, "ntp", "medium", "open");
	assert_int_equal(f->hosts, 2);
	assert_true(addr_is_unset(&f->client_ip));
	assert_non_null(strstr(f->advice, "monlist"));
	pass(scene, 61);
	f = last_of(scene, "reflector");
	is_finding(f, "ntp", "medium", "closed");
	assert_int_equal(f->attempts, 800);
}

static void an_open_resolver_is_found(void **state)
{
	struct scene *scene = *state;
	answer(scene, "198.51.100.7",
	       (struct served){ 53, 2000, 130000, 4000, 6000000 }, 1);
	const struct finding_record *f = last_of(scene, "reflector");
	is_finding(f, "dns", "medium", "open");
	assert_non_null(strstr(f->advice, "allow-recursion"));
	assert_true(strlen(f->advice) < sizeof(f->advice) - 1);
}

/* Signed denials are eleven times what asks for them; a list of a zone is more. */
static void what_a_resolver_may_get_is_a_notice(void **state)
{
	struct scene *scene = *state;
	answer(scene, "198.51.100.7",
	       (struct served){ 53, 2000, 130000, 4000, 11 * 130000 }, 1);
	is_finding(last_of(scene, "reflector"), "dns", "notice", "open");
	pass(scene, 70);
	scene->count = 0;
	answer(scene, "198.51.100.7",
	       (struct served){ 53, 2000, 130000, 4000, 20 * 130000 }, 1);
	is_finding(last_of(scene, "reflector"), "dns", "medium", "open");
}

static void busy_clients_are_served(void **state)
{
	struct scene *scene = *state;
	/* A client of our own, a manager that walks, a boot over the net, a monitor. */
	answer(scene, "10.0.0.7", (struct served){ 53, 400, 34000, 400, 380000 }, 10);
	answer(scene, "10.0.0.8", (struct served){ 161, 150, 12000, 150, 150000 }, 10);
	answer(scene, "198.51.100.9",
	       (struct served){ 69, 9000, 288000, 9000, 4900000 }, 10);
	answer(scene, "198.51.100.9", (struct served){ 443, 900, 50000, 9000, 9900000 },
	       0);
	answer(scene, "198.51.100.9", (struct served){ 5004, 10, 500, 9000, 9900000 },
	       10);
	answer(scene, "127.0.0.1", (struct served){ 53, 400, 34000, 40000, 3800000 },
	       10);
	assert_null(last_of(scene, "reflector"));
	/* Signed answers to a large resolver. */
	answer(scene, "198.51.100.7", (struct served){ 53, 400, 34000, 400, 380000 },
	       10);
	is_finding(last_of(scene, "reflector"), "dns", "notice", "open");
}

static void no_protocol_is_there_twice_and_advice_fits(void **state)
{
	unsigned count = 0;
	(void)state;
	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		const struct amplifier *a = amplifier_of(port);
		if (a == NULL)
			continue;
		count++;
		assert_int_equal(a->port, port);
		assert_true(strlen("Mend the server: .") + strlen(a->mend) < 256);
		assert_true(a->factor > 1);
	}
	assert_int_equal(count, 33);
}

/* ---- sources that can't be ---- */

static struct contact_record contact(struct scene *scene, const char *client,
				     const char *outcome)
{
	struct contact_record c = contact_of(scene, client, 80, outcome);
	c.ttl = 54;
	record_text(c.iface, sizeof(c.iface), "eth0");
	return c;
}

static void forge(struct scene *scene, const char *client)
{
	struct contact_record c = contact(scene, client, "silent");
	detect_contact(scene->detect, &c);
}

/* Until it is clear that they are no flood, they wait. */
static const struct finding_record *forged(struct scene *scene)
{
	pass(scene, 4);
	return last_of(scene, "spoofed_source");
}

/* One attack is one finding. */
static void a_flood_tells_of_its_forged_sources(void **state)
{
	struct scene *scene = *state;
	struct second quiet = { .transport = "udp", .port = 123, .client_packets = 1 };
	struct second flood = { .transport = "udp",
				.port = 9999,
				.flows = 50000,
				.client_packets = 50000,
				.clients = 48000 };
	serve(scene, &quiet, 2);
	for (int i = 0; i < 10; i++)
		forge(scene, "240.1.2.3");
	serve(scene, &flood, 5);
	for (int i = 0; i < 10; i++)
		forge(scene, "240.1.2.3");
	pass(scene, 10);
	assert_int_equal(count_of(scene, "spoofed_source"), 0);
	const struct finding_record *f = last_of(scene, "udp_flood");
	is_finding(f, "port", "medium", "open");
	assert_non_null(strstr(f->evidence, "sources look forged: addresses that "
					    "nobody can have, the last 240.1.2.3"));
	assert_true(f->confidence >= 0.95);
}

static void sources_that_nobody_has_are_told_once(void **state)
{
	struct scene *scene = *state;
	char client[32];
	for (int i = 0; i < 4; i++)
		forge(scene, "240.1.2.3");
	assert_null(last_of(scene, "spoofed_source"));
	forge(scene, "127.1.2.3");
	const struct finding_record *f = forged(scene);
	is_finding(f, "bogon", "notice", "open");
	assert_non_null(strstr(f->evidence, "127.0.0.0/8 (RFC 1122"));
	for (int i = 0; i < 200; i++) {
		snprintf(client, sizeof(client), "241.0.0.%d", i);
		forge(scene, client);
	}
	pass(scene, 1);
	assert_int_equal(count_of(scene, "spoofed_source"), 1);
	f = last_of(scene, "spoofed_source");
	is_finding(f, "bogon", "notice", "open");
	assert_true(addr_is_unset(&f->client_ip));
	assert_string_equal(f->proof, "unsolicited");
}

static void groups_send_nothing(void **state)
{
	struct scene *scene = *state;
	struct unsolicited_record u;
	record_init(RECORD_unsolicited, &u);
	u.at = scene->now_us;
	u.ip = u.client_ip = addr("ff02::1");
	u.transport = "icmp6";
	u.port = 128;
	u.packets = 1000;
	u.sources = 1;
	detect_unsolicited(scene->detect, &u);
	const struct finding_record *f = forged(scene);
	is_finding(f, "bogon", "notice", "open");
	assert_non_null(strstr(f->evidence, "ff00::/8"));
	u.client_ip = addr("fe80::1");
	pass(scene, 70);
	scene->count = 0;
	detect_unsolicited(scene->detect, &u);
	said_nothing(scene);
}

static void our_own_address_from_outside_is_told(void **state)
{
	struct scene *scene = *state;
	struct contact_record c = contact(scene, SERVER_IP, "silent");
	record_text(c.iface, sizeof(c.iface), "lo");
	detect_contact(scene->detect, &c);
	assert_null(last_of(scene, "spoofed_source"));
	forge(scene, SERVER_IP);
	is_finding(forged(scene), "own_address", "notice", "open");
}

static void names_of_real_clients_from_elsewhere_are_told(void **state)
{
	struct scene *scene = *state;
	char client[32];
	for (int i = 0; i < 6; i++) {
		snprintf(client, sizeof(client), "198.18.7.%d", i);
		struct contact_record c = contact(scene, client, "handshake");
		detect_contact(scene->detect, &c);
		forge(scene, client); /* the same way: a client that gives up */
	}
	assert_null(last_of(scene, "spoofed_source"));
	for (int i = 0; i < 6; i++) {
		snprintf(client, sizeof(client), "198.18.7.%d", i);
		struct contact_record c = contact(scene, client, "half_open");
		c.ttl = 41;
		detect_contact(scene->detect, &c);
	}
	is_finding(forged(scene), "ttl", "notice", "open");
}

static void private_and_honest_sources_are_not(void **state)
{
	struct scene *scene = *state;
	static const char *const honest[] = { "10.1.2.3",   "192.168.7.8",
					      "100.64.1.1", "169.254.3.4",
					      "8.8.8.8",    "172.16.1.1" };
	for (int k = 0; k < 10; k++)
		for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++)
			forge(scene, honest[i]);
	/* Who lives in a laboratory, and who asks for an address. */
	for (int i = 0; i < 10; i++) {
		forge(scene, "203.0.113.5");
		struct contact_record c = contact(scene, "0.0.0.0", "silent");
		c.transport = "udp";
		detect_contact(scene->detect, &c);
		c = contact(scene, "240.0.0.1", "handshake");
		detect_contact(scene->detect, &c);
	}
	assert_null(last_of(scene, "spoofed_source"));
}

/* Who is where: what begins with 10.1. is behind eth1; to 10.2. leads nothing. */
static enum detect_way tell_way(void *self, const struct contact_record *contact,
				char by[static DETECT_IFACE_MAX])
{
	unsigned *asked = self;
	char text[ADDR_TEXT_MAX];
	addr_text(&contact->client_ip, text);
	(*asked)++;
	if (strncmp(text, "10.2.", 5) == 0)
		return DETECT_WAY_NONE;
	if (strncmp(text, "10.1.", 5) != 0)
		return DETECT_WAY_UNKNOWN;
	snprintf(by, DETECT_IFACE_MAX, "eth1");
	return strcmp(contact->iface, "eth1") == 0 ? DETECT_WAY_SAME : DETECT_WAY_OTHER;
}

static void sources_whose_way_back_is_another_are_told(void **state)
{
	struct scene *scene = *state;
	unsigned asked = 0;
	detect_set_ways(scene->detect, tell_way, &asked);
	for (int i = 0; i < 5; i++) {
		forge(scene, "8.8.8.8");
		struct contact_record c = contact(scene, "10.1.0.7", "refused");
		record_text(c.iface, sizeof(c.iface), "eth1");
		detect_contact(scene->detect, &c);
	}
	assert_null(last_of(scene, "spoofed_source"));
	for (int i = 0; i < 5; i++)
		forge(scene, "10.1.0.8");
	const struct finding_record *f = forged(scene);
	is_finding(f, "reverse_path", "notice", "open");
	assert_true(addr_is_unset(&f->client_ip));
	assert_non_null(strstr(f->evidence, "over eth0; the way back is by eth1"));
	forge(scene, "10.2.0.1");
	pass(scene, 1);
	assert_int_equal(count_of(scene, "spoofed_source"), 1);
	f = last_of(scene, "spoofed_source");
	assert_non_null(
		strstr(f->evidence, "10.2.0.1, over eth0; there is no way back"));
	asked = 0;
	for (int i = 0; i < 1000; i++)
		forge(scene, "10.1.0.9");
	assert_true(asked <= 32);
}

static void a_detour_that_clients_come_by_is_none(void **state)
{
	struct scene *scene = *state;
	unsigned asked = 0;
	detect_set_ways(scene->detect, tell_way, &asked);
	struct contact_record c = contact(scene, "10.1.0.7", "handshake");
	detect_contact(scene->detect, &c);
	for (int i = 0; i < 10; i++)
		forge(scene, "10.1.0.8");
	assert_int_equal(asked, 11);
	assert_null(last_of(scene, "spoofed_source"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(answers_from_many_servers_are_a_reflection),
		TEST(several_protocols_are_one_attack),
		TEST(one_great_reflector_will_do),
		TEST(replies_to_pings_of_others_are_one),
		TEST(answers_to_handshakes_of_others_are_one),
		TEST(late_answers_are_not),
		TEST(a_service_that_answers_much_to_little_is_found),
		TEST(an_open_resolver_is_found),
		TEST(what_a_resolver_may_get_is_a_notice),
		TEST(busy_clients_are_served),
		TEST(no_protocol_is_there_twice_and_advice_fits),
		TEST(a_flood_tells_of_its_forged_sources),
		TEST(sources_that_nobody_has_are_told_once),
		TEST(groups_send_nothing),
		TEST(our_own_address_from_outside_is_told),
		TEST(names_of_real_clients_from_elsewhere_are_told),
		TEST(private_and_honest_sources_are_not),
		TEST(sources_whose_way_back_is_another_are_told),
		TEST(a_detour_that_clients_come_by_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
