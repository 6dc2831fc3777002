/*
 * test_store.c: what is put is read again.
 */
#include "store_check.h"

/* Fields that the store needs to know where a record belongs. */
static void name_record(enum record_kind kind, union any_record *record,
			unsigned number)
{
	int64_t at_us = START_US + (int64_t)number * 3600 * SECOND;
	switch (kind) {
	case RECORD_flow:
		record->flow.end = at_us;
		record->flow.start = at_us - (int64_t)some(100 * SECOND);
		break;
	case RECORD_self:
		record->self.at = at_us;
		record->self.dropped = record->self.records_dropped = 0;
		break;
	case RECORD_socket:
		record->socket.at = at_us;
		break;
	case RECORD_listener:
		record->listener.at = at_us;
		break;
	case RECORD_finding:
		snprintf(record->finding.id, sizeof(record->finding.id), "f%u", number);
		record->finding.first = record->finding.last = at_us;
		break;
	case RECORD_gap:
		record->gap.start = at_us;
		record->gap.end = at_us + SECOND;
		record->gap.reason = "dropped";
		break;
	default:
		record->audit.at = at_us;
		break;
	}
}

static void put_kind(struct store *store, enum record_kind kind,
		     union any_record *records, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		random_record(kind, &records[i], i == 0);
		name_record(kind, &records[i], i);
		assert_true(store_put(store, kind, &records[i]));
	}
	wait_written(store);
}

/* The writer's own, which says by which key the chain is signed. */
static bool is_of_writer(enum record_kind kind, const union any_record *record)
{
	return kind == RECORD_audit && record->audit.action != NULL &&
	       strcmp(record->audit.action, "key") == 0;
}

static void every_field_of_every_kind_comes_back(void **state)
{
	(void)state;
	enum { COUNT = 40 };
	static const enum record_kind kinds[] = { RECORD_flow,     RECORD_self,
						  RECORD_listener, RECORD_socket,
						  RECORD_finding,  RECORD_gap,
						  RECORD_audit };
	static union any_record put[COUNT];
	struct buf a = { 0 }, b = { 0 };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		enum record_kind kind = kinds[k];
		struct store *store = store_open(folder, &store_no_limits);
		put_kind(store, kind, put, COUNT);
		store_close(store);
		read_well(kind, NULL);
		assert_int_equal(got_count, COUNT + (kind == RECORD_audit));
		unsigned i = 0;
		/* Newest first.  The chain is the writer's, who signs after the first
		 * batch, wherever that ends. */
		for (size_t from = got_count; from-- > 0;) {
			const union any_record *back = &got[from];
			if (is_of_writer(kind, back))
				continue;
			assert_true(i < COUNT);
			if (kind == RECORD_audit) {
				put[i].audit.seq = got_count - from;
				memcpy(put[i].audit.hash, back->audit.hash,
				       sizeof(put[i].audit.hash));
			}
			to_json(kind, &put[i++], &a);
			to_json(kind, back, &b);
			assert_string_equal(buf_cstr(&a), buf_cstr(&b));
		}
		assert_int_equal(i, COUNT);
	}
	buf_free(&a);
	buf_free(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_field_of_every_kind_comes_back),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
