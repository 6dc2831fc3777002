/*
 * test_batch.c: what goes into a batch comes out of it, of every kind, and what is no
 * batch is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fleet/batch.h"
#include "fleet/batch_inside.h"
#include "fleet/batch_words.h"

enum { ROUNDS = 40, RECORD_MAX = 4096 };

static unsigned seed;

static int choose_seed(void **state)
{
	(void)state;
	const char *given = getenv("SEED");
	seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
			     : (unsigned)time(NULL);
	printf("# seed %u\n", seed);
	srandom(seed);
	return 0;
}

static uint64_t random64(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
}

/* As many digits as it likes. */
static uint64_t some_number(void)
{
	return random64() >> random() % 64;
}

/* ---- records of any values ---- */

static void some_text(char *at, size_t size)
{
	size_t len = (size_t)random() % size;
	static const char *const often[] = { "eth0", "https", "ShADadFf" };
	if (random() % 2 == 0) {
		record_text(at, size, often[random() % 3]);
		return;
	}
	memset(at, 0, size);
	for (size_t i = 0; i < len; i++)
		at[i] = (char)(1 + random() % 255);
}

static const char *some_word(void)
{
	static const char *const words[] = { "tcp", "udp",    "established",
					     "x",   "firing", "resolved" };
	return words[random() % 6];
}

static struct addr some_addr(void)
{
	uint8_t bytes[16];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(random() % 4);
	return random() % 2 == 0 ? addr_v4(bytes) : addr_v6(bytes);
}

static void some_value(enum field_type type, void *at)
{
	double real =
		random() % 2 == 0 ? (double)(random() % 8) / 4 : (double)random64() / 3;
	switch (type) {
	case TYPE_time:
		*(field_time *)at = (int64_t)(some_number() % 250000000000000000);
		break;
	case TYPE_addr: {
		struct addr addr = some_addr();
		memcpy(at, &addr, sizeof(addr));
		break;
	}
	case TYPE_u16:
		*(field_u16 *)at = (field_u16)some_number();
		break;
	case TYPE_u32:
		*(field_u32 *)at = (field_u32)some_number();
		break;
	case TYPE_u64:
		*(field_u64 *)at = some_number();
		break;
	case TYPE_ratio:
	case TYPE_real:
		*(field_real *)at = random() % 2 == 0 ? -real : real;
		break;
	case TYPE_flag:
		*(field_flag *)at = (field_flag)(random() % 2);
		break;
	case TYPE_word:
		*(field_word *)at = some_word();
		break;
	case TYPE_text32:
		some_text(at, sizeof(field_text32));
		break;
	case TYPE_text64:
		some_text(at, sizeof(field_text64));
		break;
	case TYPE_text256:
		some_text(at, sizeof(field_text256));
		break;
	case TYPE_bytes1536: {
		field_bytes1536 *bytes = at;
		bytes->len = (uint16_t)(random() % sizeof(bytes->at));
		for (size_t i = 0; i < bytes->len; i++)
			bytes->at[i] = (uint8_t)random();
		break;
	}
	}
}

/* share: how many of its fields are known, in 4. */
static void some_record(enum record_kind kind, int share, void *record)
{
	record_init(kind, record);
	for (size_t i = 0; i < schemas[kind].field_count; i++)
		if (random() % 4 < share)
			some_value(schemas[kind].fields[i].type,
				   (char *)record + schemas[kind].fields[i].offset);
	const struct field *sensor = record_field(kind, "sensor");
	record_text((char *)record + sensor->offset, sizeof(field_text64), "web-3");
}

/* ---- both ways ---- */

struct expected {
	enum record_kind kind[BATCH_RECORDS_MAX];
	char *json[BATCH_RECORDS_MAX];
	size_t count, seen;
};

static char *json_of(enum record_kind kind, const void *record)
{
	struct buf text = { 0 };
	record_json(&text, kind, record);
	assert_non_null(buf_cstr(&text));
	return text.at;
}

static bool compare(void *to, enum record_kind kind, const void *record)
{
	struct expected *expected = to;
	assert_true(expected->seen < expected->count);
	char *json = json_of(kind, record);
	assert_int_equal(kind, expected->kind[expected->seen]);
	assert_string_equal(json, expected->json[expected->seen]);
	free(json);
	free(expected->json[expected->seen++]);
	return true;
}

static struct batch_head head_of(const char *sensor, enum fleet_lane lane)
{
	struct batch_head head = {
		.id = { .lane = lane, .epoch = 0xfedcba9876543210, .sequence = 17 },
		.made_us = 1790000000123456,
		.lost_us = UNKNOWN_TIME
	};
	record_text(head.id.sensor, sizeof(head.id.sensor), sensor);
	return head;
}

static void finish(struct batch *batch, struct buf *message)
{
	struct batch_head head = head_of("web-3", LANE_EVENT);
	assert_true(batch_finish(batch, &head, message));
}

static void every_kind_with_any_values_comes_out_as_it_went_in(void **state)
{
	static struct expected expected;
	struct batch *batch = batch_new();
	max_align_t record[RECORD_MAX / sizeof(max_align_t)];
	char error[BATCH_ERROR_MAX];
	struct buf message = { 0 };
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		expected.count = expected.seen = 0;
		for (;;) {
			enum record_kind kind =
				(enum record_kind)(random() % RECORD_KINDS);
			assert_true(schemas[kind].size <= sizeof(record));
			some_record(kind, round % 5, record);
			if (!batch_add(batch, kind, record))
				break;
			expected.kind[expected.count] = kind;
			expected.json[expected.count++] = json_of(kind, record);
		}
		assert_true(expected.count > 100);
		assert_int_equal(batch_records(batch), expected.count);
		buf_clear(&message);
		finish(batch, &message);
		assert_int_equal(batch_records(batch), 0);
		assert_true(message.len <= BATCH_BYTES_MAX);
		assert_true(
			batch_read(message.at, message.len, compare, &expected, error));
		assert_int_equal(expected.seen, expected.count);
	}
	buf_free(&message);
	batch_free(batch);
}

static void a_head_comes_out_as_it_went_in(void **state)
{
	struct batch *batch = batch_new();
	struct batch_head head = head_of("db_1-A", LANE_FLOW), read;
	struct buf message = { 0 };
	char error[BATCH_ERROR_MAX], id[BATCH_MSGID_MAX];
	(void)state;
	head.lost = 12345678901;
	head.lost_us = -1;
	assert_true(batch_finish(batch, &head, &message));
	assert_true(batch_read_head(message.at, message.len, &read, error));
	assert_string_equal(read.id.sensor, "db_1-A");
	assert_int_equal(read.id.lane, LANE_FLOW);
	assert_true(read.id.epoch == 0xfedcba9876543210 && read.id.sequence == 17);
	assert_true(read.made_us == 1790000000123456 && read.lost == 12345678901);
	assert_true(read.lost_us == -1 && read.records == 0);
	batch_msgid(&read.id, id);
	assert_string_equal(id, "db_1-A.flow.fedcba9876543210.17");
	buf_free(&message);
	batch_free(batch);
}

static bool ignore(void *to, enum record_kind kind, const void *record)
{
	(void)to;
	(void)kind;
	(void)record;
	return true;
}

static void a_message_stays_readable_after_it_could_not_be_kept(void **state)
{
	static struct expected expected;
	struct batch *batch = batch_new();
	struct batch_head head = head_of("web-3", LANE_EVENT);
	struct flow_record flow;
	struct buf first = { 0 }, second = { 0 };
	char error[BATCH_ERROR_MAX];
	(void)state;
	expected.count = expected.seen = 0;
	for (int i = 0; i < 2; i++) {
		some_record(RECORD_flow, 4, &flow);
		assert_true(batch_add(batch, RECORD_flow, &flow));
		expected.kind[expected.count] = RECORD_flow;
		expected.json[expected.count++] = json_of(RECORD_flow, &flow);
		assert_true(batch_message(batch, &head, i == 0 ? &first : &second));
		assert_int_equal(head.records, i + 1);
	}
	assert_true(batch_read(second.at, second.len, compare, &expected, error));
	assert_int_equal(expected.seen, 2);
	buf_free(&first);
	buf_free(&second);
	batch_free(batch);
}

static bool keep_flow(void *to, enum record_kind kind, const void *record)
{
	assert_int_equal(kind, RECORD_flow);
	*(struct flow_record *)to = *(const struct flow_record *)record;
	return true;
}

static void a_community_id_costs_nothing_and_any_other_text_stays(void **state)
{
	struct batch *batch = batch_new();
	struct flow_record flow, read;
	struct buf with = { 0 }, without = { 0 }, other = { 0 };
	char error[BATCH_ERROR_MAX], id[64];
	(void)state;
	record_init(RECORD_flow, &flow);
	flow.transport = "tcp";
	flow.client_ip = addr_v4("abcd");
	flow.server_ip = addr_v4("efgh");
	flow.client_port = 1234;
	flow.server_port = 443;
	batch_add(batch, RECORD_flow, &flow);
	finish(batch, &without);
	record_community_id(&flow, 0);
	record_text(id, sizeof(id), flow.community_id);
	assert_int_equal(strlen(id), 30);
	batch_add(batch, RECORD_flow, &flow);
	finish(batch, &with);
	assert_true(batch_read(with.at, with.len, keep_flow, &read, error));
	assert_string_equal(read.community_id, id);
	record_community_id(&flow, 7);
	assert_string_not_equal(flow.community_id, id);
	batch_add(batch, RECORD_flow, &flow);
	finish(batch, &other);
	assert_true(batch_read(other.at, other.len, keep_flow, &read, error));
	assert_string_equal(read.community_id, flow.community_id);
	assert_true(with.len < without.len + 8 && with.len + 20 < other.len);
	buf_free(&with);
	buf_free(&without);
	buf_free(&other);
	batch_free(batch);
}

/* ---- what is none ---- */

static void every_changed_byte_and_every_cut_is_refused(void **state)
{
	struct batch *batch = batch_new();
	struct buf message = { 0 };
	struct batch_head head;
	char error[BATCH_ERROR_MAX];
	struct flow_record flow;
	(void)state;
	for (int i = 0; i < 20; i++) {
		some_record(RECORD_flow, 2, &flow);
		batch_add(batch, RECORD_flow, &flow);
	}
	finish(batch, &message);
	for (size_t i = 0; i < message.len; i++) {
		char was = message.at[i];
		message.at[i] = (char)(was ^ (1 + random() % 255));
		assert_false(batch_read(message.at, message.len, ignore, NULL, error));
		message.at[i] = was;
		assert_false(batch_read_head(message.at, i, &head, error));
	}
	assert_true(batch_read(message.at, message.len, ignore, NULL, error));
	buf_free(&message);
	batch_free(batch);
}

static void one_that_says_it_is_huge_is_not_unpacked(void **state)
{
	struct batch_head head = head_of("web-3", LANE_EVENT);
	struct buf message = { 0 };
	char error[BATCH_ERROR_MAX];
	(void)state;
	batch_put_head(&message, &head, (uint64_t)1 << 40);
	batch_put_sum(&message, 0);
	assert_false(batch_read(message.at, message.len, ignore, NULL, error));
	assert_non_null(strstr(error, "at most 16384 in 4194304"));
	buf_free(&message);
}

static void a_name_that_is_no_sensors_is_refused(void **state)
{
	static const char *const names[] = { "",    "a.b", "*",       ">",
					     "a b", "a\n", "\xc3\xa4" };
	char longest[FLEET_NAME_MAX + 1];
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(fleet_name_is_good(names[i]));
	memset(longest, 'a', sizeof(longest));
	longest[FLEET_NAME_MAX] = '\0';
	assert_false(fleet_name_is_good(longest));
	longest[FLEET_NAME_MAX - 1] = '\0';
	assert_true(fleet_name_is_good(longest));
	for (int kind = 0; kind < RECORD_KINDS; kind++)
		assert_true(fleet_lane_of((enum record_kind)kind) < FLEET_LANES);
	for (int lane = 0; lane < FLEET_LANES; lane++)
		assert_int_equal(
			fleet_lane_named(fleet_lane_name((enum fleet_lane)lane)), lane);
}

static void one_sensor_cannot_use_up_the_words_of_others(void **state)
{
	char text[32];
	int known = 0;
	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "invented-%d", i);
		known += batch_word("liar", text) != NULL;
	}
	assert_int_equal(known, BATCH_WORDS_EACH);
	assert_non_null(batch_word("liar", "invented-0"));
	assert_non_null(batch_word("honest", "a-new-word"));
	assert_ptr_equal(batch_word("liar", "a-new-word"),
			 batch_word("honest", "a-new-word"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_with_any_values_comes_out_as_it_went_in),
		cmocka_unit_test(a_head_comes_out_as_it_went_in),
		cmocka_unit_test(a_message_stays_readable_after_it_could_not_be_kept),
		cmocka_unit_test(a_community_id_costs_nothing_and_any_other_text_stays),
		cmocka_unit_test(every_changed_byte_and_every_cut_is_refused),
		cmocka_unit_test(one_that_says_it_is_huge_is_not_unpacked),
		cmocka_unit_test(a_name_that_is_no_sensors_is_refused),
		cmocka_unit_test(one_sensor_cannot_use_up_the_words_of_others),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
