/*
 * Records read back from JSON are those that were written.
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

#include "cli/json.h"
#include "cli/record_read.h"

static uint64_t seed;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fill_text(char *at, size_t size)
{
	size_t len = next_random() % size;
	memset(at, 0, size);
	for (size_t i = 0; i < len; i++)
		at[i] = (char)(' ' + next_random() % 95);
}

/* One value in four stays unknown. */
static void fill(const struct field *field, char *at)
{
	static const char *const words[] = { "tcp", "udp", "open", "closed" };
	uint64_t value = next_random();
	if (value % 4 == 0)
		return;
	value >>= 2;
	switch (field->type) {
	case TYPE_time:
		*(field_time *)at = (field_time)(value % 4000000000000000);
		break;
	case TYPE_addr:
		memcpy(at, &value, sizeof(value));
		break;
	case TYPE_u16:
		*(field_u16 *)at = (field_u16)(value % UNKNOWN_U16);
		break;
	case TYPE_u32:
		*(field_u32 *)at = (field_u32)(value % UNKNOWN_U32);
		break;
	case TYPE_u64:
		*(field_u64 *)at = value % (UINT64_C(1) << 53);
		break;
	case TYPE_ratio:
		*(field_ratio *)at = (double)(value % 1000000) / 1e6;
		break;
	case TYPE_flag:
		*(field_flag *)at = value % 2;
		break;
	case TYPE_word:
		*(field_word *)at = words[value % 4];
		break;
	case TYPE_text32:
		fill_text(at, sizeof(field_text32));
		break;
	case TYPE_text64:
		fill_text(at, sizeof(field_text64));
		break;
	case TYPE_text256:
		fill_text(at, sizeof(field_text256));
		break;
	}
}

static void written_and_read_records_are_written_the_same_again(void **state)
{
	(void)state;
	seed = (uint64_t)time(NULL) | 1;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		const struct schema *schema = &schemas[kind];
		char *record = calloc(2, schema->size), *back = record + schema->size;
		assert_non_null(record);
		for (int round = 0; round < 200; round++) {
			struct buf one = { 0 }, two = { 0 };
			record_init(kind, record);
			for (size_t i = 0; i < schema->field_count; i++)
				fill(&schema->fields[i],
				     record + schema->fields[i].offset);
			record_json(&one, kind, record);
			json_t *object = object_parse(&one);
			assert_non_null(object);
			record_read(kind, object, back);
			json_decref(object);
			record_json(&two, kind, back);
			assert_string_equal(buf_cstr(&one), buf_cstr(&two));
			buf_free(&one);
			buf_free(&two);
		}
		free(record);
	}
}

static void members_of_another_type_are_unknown(void **state)
{
	(void)state;
	struct listener_record listener;
	json_t *object = json_loads("{\"port\":\"22\",\"pid\":-1,\"hidden\":1,"
				    "\"ip\":\"nowhere\",\"at\":\"noon\",\"exe\":7}",
				    0, NULL);
	record_read(RECORD_listener, object, &listener);
	json_decref(object);
	assert_int_equal(listener.port, UNKNOWN_U32);
	assert_int_equal(listener.pid, UNKNOWN_U32);
	assert_int_equal(listener.hidden, UNKNOWN_FLAG);
	assert_true(addr_is_unset(&listener.ip));
	assert_true(listener.at == UNKNOWN_TIME);
	assert_string_equal(listener.exe, "");
}

static void words_are_one_and_bounded(void **state)
{
	(void)state;
	char text[40];
	assert_ptr_equal(record_word("tcp"), record_word("tcp"));
	assert_null(record_word(""));
	assert_null(record_word("a word of more than thirty-one bytes"));
	size_t known = 0;
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "word%d", i);
		known += record_word(text) != NULL;
	}
	assert_in_range(known, 400, 512);
	assert_string_equal(record_word("word1"), "word1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read_records_are_written_the_same_again),
		cmocka_unit_test(members_of_another_type_are_unknown),
		cmocka_unit_test(words_are_one_and_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
