/*
 * test_store_fields.c: whoever wants some fields of records is told of these the same
 * as whoever wants all, whatever they are made of.
 */
#include "store_check.h"

#define HOUR (3600 * SECOND)

enum { SERVICES = 5, SECONDS = 3000, FLOWS = 500, ROUNDS = 60 };

static void put_port(struct store *store, int64_t at_us)
{
	static struct histogram handshake, response;
	static struct cardinality clients;
	struct port_record port;
	unsigned service = (unsigned)some(SERVICES - 1);
	uint8_t bytes[4] = { 10, 0, 0, (uint8_t)service };
	random_record(RECORD_port, &port, false);
	port.start = at_us;
	port.server_ip = addr_v4(bytes);
	port.port = 80 + service / 2;
	port.transport = service % 2 == 0 ? "tcp" : "udp";
	/* As many as there can be in a second: a sum of them must not run over. */
	uint64_t *counters[] = { &port.client_bytes, &port.server_bytes,
				 &port.ended,        &port.errors,
				 &port.retransmits,  &port.responses,
				 &port.data_packets, &port.lost_bytes,
				 &port.flows };
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (*counters[i] != UNKNOWN_U64)
			*counters[i] %= 1 << 20;
	histogram_reset(&handshake);
	histogram_reset(&response);
	cardinality_reset(&clients);
	for (uint64_t i = some(3); i > 0; i--)
		histogram_add(&handshake, some(5000));
	for (uint64_t i = some(9); i > 0; i--)
		histogram_add(&response, some(1 << some(20)));
	for (uint64_t i = 1 + some(5); i > 0; i--)
		cardinality_add(&clients, random64());
	assert_true(store_put_port(store, &port, &handshake, &response, &clients));
}

/* Four hours of ports, and flows of two days. */
static int fill(void **state)
{
	choose_seed(state);
	new_folder(state);
	struct store *store = store_open(folder, &store_no_limits);
	int64_t at_us = START_US;
	for (int i = 0; i < SECONDS; i++) {
		at_us += (int64_t)some(10) * SECOND;
		put_port(store, at_us);
		if (i % 500 == 0)
			wait_written(store);
	}
	for (int i = 0; i < FLOWS; i++) {
		struct flow_record flow;
		random_record(RECORD_flow, &flow, false);
		flow.end = START_US + i * (2 * DAY / FLOWS);
		flow.start = flow.end - (int64_t)some(HOUR);
		flow.server_port = (uint32_t)some(3);
		assert_true(store_put(store, RECORD_flow, &flow));
	}
	wait_written(store);
	store_close(store);
	return 0;
}

static void random_filter(struct store_filter *filter)
{
	static const uint32_t steps[] = { 0, 10, 60, 3600, 86400 };
	store_filter_init(filter);
	filter->step_s = steps[some(4)];
	if (some(1) == 0)
		filter->since_us = START_US + (int64_t)some(3 * HOUR);
	if (some(1) == 0)
		filter->until_us = START_US + HOUR + (int64_t)some(3 * HOUR);
	filter->has_port = some(2) == 0;
	filter->port = (uint16_t)(some(1) == 0 ? 80 + some(2) : some(3));
	if (some(3) == 0)
		filter->transport = "tcp";
	filter->has_host = some(3) == 0;
	assert_true(prefix_parse("10.0.0.0/31", &filter->host));
}

static void expect_same(enum record_kind kind, const void *all, const void *some_of,
			field_set fields)
{
	struct buf expected = { 0 }, found = { 0 };
	const struct schema *schema = &schemas[kind];
	union any_record left, right;
	record_init(kind, &left);
	record_init(kind, &right);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		size_t end =
			i + 1 < schema->field_count ? field[1].offset : schema->size;
		if ((fields >> i & 1) == 0)
			continue;
		memcpy((char *)&left + field->offset, (const char *)all + field->offset,
		       end - field->offset);
		memcpy((char *)&right + field->offset,
		       (const char *)some_of + field->offset, end - field->offset);
	}
	to_json(kind, &left, &expected);
	to_json(kind, &right, &found);
	assert_string_equal(buf_cstr(&expected), buf_cstr(&found));
	buf_free(&expected);
	buf_free(&found);
}

static void some_fields_are_as_among_all(enum record_kind kind)
{
	struct store_filter filter;
	random_filter(&filter);
	read_well(kind, &filter);
	size_t count = got_count;
	union any_record *all = calloc(count + 1, sizeof(*all));
	assert_non_null(all);
	memcpy(all, got, count * sizeof(*all));
	filter.fields = random64();
	filter.fields &= random64();
	filter.fields &= random64();
	read_well(kind, &filter);
	assert_int_equal(got_count, count);
	for (size_t i = 0; i < count; i++)
		expect_same(kind, &all[i], &got[i], filter.fields);
	free(all);
}

static void ports_of_some_fields_are_the_same(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		some_fields_are_as_among_all(RECORD_port);
}

static void flows_of_some_fields_are_the_same(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		some_fields_are_as_among_all(RECORD_flow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_of_some_fields_are_the_same),
		cmocka_unit_test(flows_of_some_fields_are_the_same),
	};
	return cmocka_run_group_tests(tests, fill, remove_folder);
}
