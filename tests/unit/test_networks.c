/*
 * test_networks.c: attempts that came to nothing, by network.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>

#include "flow/state.h"

struct told {
	struct unsolicited_record last;
	unsigned count;
};

static void take(void *self, enum record_kind kind, const void *record)
{
	struct told *told = self;
	assert_int_equal(kind, RECORD_unsolicited);
	told->last = *(const struct unsolicited_record *)record;
	told->count++;
}

static struct flows *begin(struct told *told)
{
	struct flows *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	*told = (struct told){ .count = 0 };
	f->sink.self = told;
	f->sink.record = take;
	f->options.wants = RECORD_BIT(RECORD_unsolicited);
	return f;
}

/* From a source of its own each. */
static void attempt(struct flows *f, unsigned network, unsigned host, unsigned source)
{
	const uint8_t client[4] = { 198, 18, (uint8_t)(source >> 8), (uint8_t)source };
	const uint8_t server[4] = { 10, (uint8_t)network, (uint8_t)(host >> 8),
				    (uint8_t)host };
	struct flow_key key = { .addr = { addr_v4(client), addr_v4(server) } };
	networks_add(f, &key, IPPROTO_TCP);
}

static void what_goes_to_all_of_a_network_is_told(void **state)
{
	(void)state;
	struct told told;
	struct flows *f = begin(&told);
	for (unsigned i = 0; i < 2000; i++) {
		attempt(f, 97, i % 1000, i);
		if (i % 20 == 0) /* too little of these */
			attempt(f, i / 20 % 97, 1, i);
	}
	networks_flush(f, 5000000);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.last.packets, 2000);
	assert_int_equal(told.last.network, 16);
	assert_string_equal(told.last.transport, "tcp");
	assert_int_equal(told.last.at, 5000000);
	assert_in_range(told.last.hosts, 850, 1150);
	assert_in_range(told.last.sources, 1700, 2300);
	networks_flush(f, 6000000);
	assert_int_equal(told.count, 1);
	free(f);
}

static void what_goes_to_one_host_is_not(void **state)
{
	(void)state;
	struct told told;
	struct flows *f = begin(&told);
	for (unsigned i = 0; i < 2000; i++)
		attempt(f, 97, i % 3 == 0 ? i : 7, i);
	networks_flush(f, 5000000);
	assert_int_equal(told.count, 0);
	free(f);
}

static void others_do_not_push_a_busy_network_out(void **state)
{
	(void)state;
	struct told told;
	struct flows *f = begin(&told);
	for (unsigned i = 0; i < 6000; i++) {
		attempt(f, 97, i, i);
		attempt(f, i % 96, i, i);
	}
	networks_flush(f, 5000000);
	assert_int_equal(told.count, 1);
	assert_in_range(told.last.packets, 5990, 6000);
	assert_int_equal(told.last.ip.ip6[13], 97);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_to_all_of_a_network_is_told),
		cmocka_unit_test(what_goes_to_one_host_is_not),
		cmocka_unit_test(others_do_not_push_a_busy_network_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
