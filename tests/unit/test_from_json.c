/*
 * test_from_json.c: records survive the way through the daemon's answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/from_json.h"

/* A value of each field that tells it from its neighbours. */
static void fill(enum record_kind kind, void *record)
{
	const struct schema *schema = &schemas[kind];
	record_init(kind, record);
	for (size_t i = 0; i < schema->field_count; i++) {
		char *at = (char *)record + schema->fields[i].offset;
		const char *word = i % 2 == 0 ? "tcp" : "udp";
		char text[32];
		snprintf(text, sizeof(text), "value %zu\n\"", i);
		double ratio = 0.25 * (double)(i % 4);
		uint64_t number = UINT32_MAX + UINT64_C(7) * i;
		switch (schema->fields[i].type) {
		case TYPE_time:
			*(field_time *)at = 1700000000000001 + (int64_t)i;
			break;
		case TYPE_addr:
			addr_parse(i % 2 == 0 ? "192.0.2.1" : "2001:db8::7",
				   (struct addr *)at);
			break;
		case TYPE_u16:
			*(field_u16 *)at = (uint16_t)(i + 60000);
			break;
		case TYPE_u32:
			*(field_u32 *)at = (uint32_t)(i + 70000);
			break;
		case TYPE_u64:
			memcpy(at, &number, sizeof(number));
			break;
		case TYPE_ratio:
		case TYPE_real:
			memcpy(at, &ratio, sizeof(ratio));
			break;
		case TYPE_flag:
			*(field_flag *)at = i % 2;
			break;
		case TYPE_word:
			memcpy(at, &word, sizeof(word));
			break;
		case TYPE_text32:
			record_text(at, sizeof(field_text32), text);
			break;
		case TYPE_text64:
			record_text(at, sizeof(field_text64), text);
			break;
		case TYPE_text256:
			record_text(at, sizeof(field_text256), text);
			break;
		case TYPE_bytes1536:
			*(field_bytes1536 *)at =
				(field_bytes1536){ (uint16_t)(i + 1), { 7, 0, 255 } };
			break;
		}
	}
}

/* As text: words are other pointers to the same. */
static void assert_comes_back(enum record_kind kind, const void *record)
{
	void *again = calloc(1, schemas[kind].size);
	struct buf sent = { 0 }, got = { 0 };
	record_json(&sent, kind, record);
	json_t *object = json_loads(buf_cstr(&sent), 0, NULL);
	assert_true(record_from_json(kind, object, again));
	record_json(&got, kind, again);
	assert_string_equal(buf_cstr(&got), buf_cstr(&sent));
	json_decref(object);
	buf_free(&sent);
	buf_free(&got);
	free(again);
}

static void every_record_comes_back_the_same(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		void *record = calloc(1, schemas[kind].size);
		fill((enum record_kind)kind, record);
		assert_comes_back((enum record_kind)kind, record);
		record_init((enum record_kind)kind, record);
		assert_comes_back((enum record_kind)kind, record);
		free(record);
	}
}

static void what_is_of_another_type_is_unknown(void **state)
{
	(void)state;
	struct flow_record flow, unknown;
	json_t *object = json_loads(
		"{\"record\":\"flow\",\"start\":1,\"client_ip\":\"no address\","
		"\"client_port\":-1,\"server_port\":4294967296,\"transport\":7,"
		"\"iface\":[],\"flows\":\"5\",\"more\":1}",
		0, NULL);
	assert_true(record_from_json(RECORD_flow, object, &flow));
	record_init(RECORD_flow, &unknown);
	assert_memory_equal(&flow, &unknown, sizeof(flow));
	assert_false(record_from_json(RECORD_port, object, &flow));
	json_decref(object);
	assert_false(record_from_json(RECORD_flow, NULL, &flow));
}

static void words_are_one_and_bounded(void **state)
{
	(void)state;
	char text[40];
	assert_ptr_equal(record_word("tcp"), record_word("tcp"));
	assert_null(record_word(""));
	assert_null(record_word("a word of more than thirty-one bytes"));
	size_t known = 0;
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "word%d", i);
		known += record_word(text) != NULL;
	}
	assert_in_range(known, 8000, 8192);
	assert_string_equal(record_word("word1"), "word1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_comes_back_the_same),
		cmocka_unit_test(what_is_of_another_type_is_unknown),
		cmocka_unit_test(words_are_one_and_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
