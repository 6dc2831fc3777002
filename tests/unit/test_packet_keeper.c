/*
 * test_packet_keeper.c: which packets are asked for as evidence, and how many are kept.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cli/packet_keeper.h"
#include "detect_scene.h"

static struct packet_keeper keeper;
static struct home own;
static struct packets_wanted asked;
static size_t asked_count, kept_count;
static struct packet_record kept;

static void ask(void *self, const struct packets_wanted *wanted)
{
	(void)self;
	asked = *wanted;
	asked_count++;
}

static void keep(void *self, const struct packet_record *packet)
{
	(void)self;
	kept = *packet;
	kept_count++;
}

static int open_keeper(void **state)
{
	struct prefix prefix;
	if (begin(state) != 0 || !prefix_parse("192.0.2.1", &prefix))
		return -1;
	own.count = 0;
	home_add(&own, &prefix);
	asked_count = kept_count = 0;
	keeper = (struct packet_keeper){ .ask = ask,
					 .keep = keep,
					 .own = &own,
					 .detect = ((struct scene *)*state)->detect };
	return 0;
}

static struct finding_record scan(unsigned number, int64_t at_us)
{
	struct finding_record f;
	record_init(RECORD_finding, &f);
	f.at = f.first = f.last = T0 + at_us;
	f.kind = "port_scan";
	f.state = "open";
	f.severity = "low";
	f.proof = "unsolicited";
	f.transport = "tcp";
	f.client_ip = addr("198.51.100.7");
	f.client_prefix = 32;
	f.server_ip = addr("192.0.2.1");
	snprintf(f.id, sizeof(f.id), "%016x", number);
	snprintf(f.incident, sizeof(f.incident), "%016x", number);
	return f;
}

static void give(const char *id, int packets, int64_t at_us)
{
	static const uint8_t syn_ack[40] = { 0x45, 0,  0,   40, 0, 0, 0,   0,  64,  6,
					     0,    0,  192, 0,  2, 1, 198, 51, 100, 7,
					     0,    22, 99,  9,  0, 0, 0,   0,  0,   0,
					     0,    0,  80,  18, 0, 0, 0,   0,  0,   0 };
	for (int i = 0; i < packets; i++) {
		struct packet_record p;
		record_init(RECORD_packet, &p);
		p.at = T0 + at_us + i;
		record_text(p.id, sizeof(p.id), id);
		p.data.len = sizeof(syn_ack);
		memcpy(p.data.at, syn_ack, sizeof(syn_ack));
		packet_keeper_take(&keeper, &p);
	}
}

static void
the_first_time_many_are_asked_for_then_fewer_and_never_too_many(void **state)
{
	(void)state;
	struct finding_record f = scan(1, 0);
	packet_keeper_finding(&keeper, &f);
	assert_int_equal(asked_count, 1);
	assert_int_equal(asked.max, 32);
	assert_true(asked.has_source);
	assert_int_equal(asked.source.len, 128);
	assert_int_equal(asked.proto, IPPROTO_TCP);
	assert_false(asked.has_port);
	give(f.id, 32, 0);
	assert_int_equal(kept_count, 32);
	assert_int_equal(kept.number, 32);
	assert_int_equal(kept.sent, 1);
	f.at += SECOND / 2;
	packet_keeper_finding(&keeper, &f);
	assert_int_equal(asked_count, 1);
	f.at += SECOND;
	packet_keeper_finding(&keeper, &f);
	assert_int_equal(asked_count, 2);
	assert_int_equal(asked.max, 16);
	assert_int_equal(asked.since_us, T0 + 32);
	give(f.id, 100, SECOND); /* several workers */
	assert_int_equal(kept_count, 64);
	f.at += SECOND;
	packet_keeper_finding(&keeper, &f);
	assert_int_equal(asked_count, 2);
}

static void only_open_attacks_have_packets(void **state)
{
	(void)state;
	struct finding_record f = scan(1, 0);
	f.state = "closed";
	packet_keeper_finding(&keeper, &f);
	f.state = "open";
	f.incident[0] = '\0';
	packet_keeper_finding(&keeper, &f);
	f = scan(2, 0);
	f.client_ip = f.server_ip = addr_unset();
	packet_keeper_finding(&keeper, &f);
	assert_int_equal(asked_count, 0);
	give("nobody", 1, 0);
	assert_int_equal(kept_count, 0);
}

static void a_network_is_asked_for_as_one(void **state)
{
	(void)state;
	struct finding_record f = scan(1, 0);
	f.client_ip = addr("2001:db8::");
	f.server_ip = addr("::");
	f.port = 53;
	f.transport = "udp";
	packet_keeper_finding(&keeper, &f);
	assert_int_equal(asked.source.len, 64);
	assert_true(addr_is_unset(&asked.target));
	assert_true(asked.has_port);
	assert_int_equal(asked.port, 53);
	assert_int_equal(asked.proto, IPPROTO_UDP);
}

/* Ten thousand sources a second for an hour. */
static void strangers_cannot_fill_the_store(void **state)
{
	(void)state;
	unsigned number = 1;
	for (int second = 0; second < 3600; second++)
		for (int i = 0; i < 20; i++) {
			struct finding_record f = scan(number++, second * SECOND + i);
			size_t before = asked_count;
			packet_keeper_finding(&keeper, &f);
			if (asked_count > before)
				give(f.id, 32, second * SECOND);
		}
	assert_true(asked_count <= 64 + 4 * 3600);
	assert_true(kept_count <= 2048 + 2 * 3600);
	/* And what matters has room of its own. */
	struct finding_record f = scan(number, 3600 * SECOND);
	f.severity = "high";
	packet_keeper_finding(&keeper, &f);
	size_t before = kept_count;
	give(f.id, 32, 3600 * SECOND);
	assert_int_equal(kept_count, before + 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_first_time_many_are_asked_for_then_fewer_and_never_too_many,
			open_keeper, end),
		cmocka_unit_test_setup_teardown(only_open_attacks_have_packets,
						open_keeper, end),
		cmocka_unit_test_setup_teardown(a_network_is_asked_for_as_one,
						open_keeper, end),
		cmocka_unit_test_setup_teardown(strangers_cannot_fill_the_store,
						open_keeper, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
