/*
 * test_scattered.c: hosts of which many ports got a little and answered nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>

#include "base/hash.h"
#include "flow/scattered.h"

static struct port_sample sample(uint8_t host, uint16_t port, uint8_t proto)
{
	const uint8_t address[4] = { 192, 0, 2, host };
	struct port_sample s = { .server = addr_v4(address),
				 .port = port,
				 .proto = proto,
				 .client_packets = 2,
				 .client_bytes = 120,
				 .syns = proto == IPPROTO_TCP ? 2 : 0 };
	return s;
}

static void what_answers_or_gets_much_is_not_scattered(void **state)
{
	(void)state;
	struct port_sample s = sample(1, 1, IPPROTO_UDP);
	assert_true(scattered_is(&s));
	s.client_packets = SCATTERED_PACKETS_MAX + 1;
	assert_false(scattered_is(&s));
	s = sample(1, 1, IPPROTO_UDP);
	s.server_packets = 1;
	assert_false(scattered_is(&s));
	s = sample(1, 1, IPPROTO_TCP);
	s.server_packets = 2; /* refusals */
	assert_true(scattered_is(&s));
	s.data_packets = 1; /* of a connection that is older */
	assert_false(scattered_is(&s));
	s.data_packets = 0;
	s.handshakes = 1;
	assert_false(scattered_is(&s));
}

static void ports_of_a_host_add_up(void **state)
{
	(void)state;
	static struct scattered s;
	for (uint16_t port = 1; port <= 1000; port++) {
		struct port_sample udp = sample(1, port, IPPROTO_UDP);
		struct port_sample tcp = sample(1, port, IPPROTO_TCP);
		scattered_add(&s, &udp, NULL);
		scattered_add(&s, &tcp, NULL);
	}
	assert_int_equal(s.count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(s.host[i].packets, 2000);
		assert_int_equal(s.host[i].ports, 1000);
		assert_int_equal(s.host[i].bytes, 120000);
	}
}

static uint64_t source(uint64_t number)
{
	static const struct hash_key same = { 0, 0 };
	return hash_words(&same, &number, 1);
}

static void sources_are_counted_over_ports(void **state)
{
	(void)state;
	static struct scattered s;
	for (uint16_t port = 1; port <= 1000; port++) {
		struct port_sample udp = sample(1, port, IPPROTO_UDP);
		struct cardinality clients = { .count = 0 };
		/* Four sources share host 1; host 2 gets each from another. */
		cardinality_add(&clients, source(port % 4));
		scattered_add(&s, &udp, &clients);
		udp = sample(2, port, IPPROTO_UDP);
		cardinality_add(&clients, source(port + 4u));
		scattered_add(&s, &udp, &clients);
	}
	assert_int_equal(cardinality_estimate(&s.host[0].sources), 4);
	assert_in_range(cardinality_estimate(&s.host[1].sources), 800, 1200);
}

static void a_sweep_of_hosts_pushes_none_out_that_gets_much(void **state)
{
	(void)state;
	static struct scattered s;
	for (uint16_t port = 1; port <= 200; port++) {
		struct port_sample flooded = sample(1, port, IPPROTO_UDP);
		scattered_add(&s, &flooded, NULL);
		struct port_sample swept = sample((uint8_t)(2 + port), 53, IPPROTO_UDP);
		scattered_add(&s, &swept, NULL);
	}
	assert_int_equal(s.count, SCATTERED_HOSTS);
	assert_int_equal(s.host[0].ports, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_answers_or_gets_much_is_not_scattered),
		cmocka_unit_test(ports_of_a_host_add_up),
		cmocka_unit_test(sources_are_counted_over_ports),
		cmocka_unit_test(a_sweep_of_hosts_pushes_none_out_that_gets_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
