/*
 * test_approvals.c: each change of the register is told once, with what it was before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/approvals.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)
/* 2026-01-31T00:00:00Z */
#define NOW INT64_C(1769817600000000)

enum { TOLD_MAX = 8, INTERVAL_S = 180 * 86400 };

static struct approvals approvals;
static size_t most_rows = SIZE_MAX; /* for more there is no memory */

/* The C library's, for all that is linked into this program. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): reserved ones */
void *reallocarray(void *at, size_t rows, size_t size)
{
	return rows <= most_rows ? realloc(at, rows * size) : NULL;
}

static struct approval_record told[TOLD_MAX];
static size_t count;

static int nothing_known(void **state)
{
	(void)state;
	approvals = (struct approvals){ .interval_s = INTERVAL_S, .due_us = INT64_MAX };
	return 0;
}

static int forget(void **state)
{
	(void)state;
	approvals_close(&approvals);
	return 0;
}

static void take(void *to, const struct approval_record *now,
		 const struct approval_record *before)
{
	(void)to;
	assert_true(before == NULL || strcmp(before->id, now->id) == 0);
	assert_true(count < TOLD_MAX);
	told[count++] = *now;
}

static void settle_reviewed(const char *text, int64_t at_us,
			    const struct approvals_review *review)
{
	struct buf errors = { 0 };
	struct policy *policy =
		text != NULL ? policy_parse(text, strlen(text), "p", &errors) : NULL;
	if (text != NULL && policy == NULL)
		fail_msg("%s", buf_cstr(&errors));
	count = 0;
	assert_true(approvals_settle(&approvals, policy, review, at_us, take, NULL));
	policy_free(policy);
	buf_free(&errors);
}

static void settle(const char *text, int64_t at_us)
{
	settle_reviewed(text, at_us, NULL);
}

#define SSH(rest) "ports:\n- {port: 22, transport: tcp, owner: a" rest "}\n"

static void what_differs_is_told_once(void **state)
{
	(void)state;
	settle(SSH(""), NOW);
	assert_int_equal(count, 1);
	assert_string_equal(told[0].state, "approved");
	assert_int_equal(told[0].since, NOW);
	assert_int_equal(told[0].review, NOW + 180 * DAY_US);
	settle("# the same\n" SSH(", clients: any"), NOW + 1);
	assert_int_equal(count, 0);
	settle(SSH(", clients: private, reason: b"), NOW + 2);
	assert_int_equal(count, 1);
	assert_string_equal(told[0].state, "changed");
	assert_string_equal(told[0].reason, "b");
	assert_int_equal(told[0].since, NOW);
	/* What may be bound to is another approval. */
	settle(SSH(", address: loopback, reason: b"), NOW + 3);
	assert_int_equal(count, 2);
	assert_string_equal(told[0].state, "approved");
	assert_string_equal(told[1].state, "withdrawn");
	assert_int_equal(told[1].review, UNKNOWN_TIME);
	settle(NULL, NOW + 4);
	assert_int_equal(count, 1);
	assert_string_equal(told[0].state, "withdrawn");
	settle(NULL, NOW + 5);
	assert_int_equal(count, 0);
}

static void an_order_of_addresses_is_no_change(void **state)
{
	(void)state;
	settle(SSH(", address: [10.0.0.1, 10.0.0.2]"), NOW);
	settle(SSH(", address: [10.0.0.2, 10.0.0.1]"), NOW + 1);
	assert_int_equal(count, 1); /* what is shown, of the same entry */
	assert_string_equal(told[0].state, "changed");
}

static void an_end_is_told_when_it_comes(void **state)
{
	(void)state;
	const char *text = SSH(", expires: 2026-02-01");
	settle(text, NOW);
	assert_int_equal(told[0].expires, NOW + 2 * DAY_US);
	assert_int_equal(approvals.due_us, NOW + 2 * DAY_US);
	settle(text, NOW + 2 * DAY_US);
	assert_int_equal(count, 1);
	assert_string_equal(told[0].state, "expired");
	assert_int_equal(told[0].review, UNKNOWN_TIME);
	assert_int_equal(approvals.due_us, INT64_MAX);
	settle(text, NOW + 3 * DAY_US);
	assert_int_equal(count, 0);
	/* A new end is a new approval. */
	settle(SSH(", expires: 2026-03-01"), NOW + 3 * DAY_US);
	assert_int_equal(count, 1);
	assert_string_equal(told[0].state, "approved");
	assert_int_equal(told[0].since, NOW + 3 * DAY_US);
}

static void a_review_begins_the_interval_again(void **state)
{
	(void)state;
	settle(SSH(""), NOW);
	field_text32 id;
	memcpy(id, told[0].id, sizeof(id));
	const struct approvals_review review = { (const field_text32 *)&id, 1, "b",
						 "fine" };
	settle_reviewed(SSH(""), NOW + 7 * DAY_US, &review);
	assert_int_equal(count, 1);
	assert_string_equal(told[0].state, "reviewed");
	assert_string_equal(told[0].reviewer, "b");
	assert_string_equal(told[0].comment, "fine");
	assert_int_equal(told[0].review, NOW + 187 * DAY_US);
	assert_int_equal(told[0].since, NOW);
	settle(SSH(""), NOW + 8 * DAY_US);
	assert_int_equal(count, 0);
	/* A date of its own stands above the interval. */
	settle(SSH(", review: 2026-02-28"), NOW + 9 * DAY_US);
	assert_string_equal(told[0].state, "changed");
	assert_int_equal(told[0].review, NOW + 29 * DAY_US);
	approvals.interval_s = 0;
	settle(SSH(""), NOW + 10 * DAY_US);
	assert_int_equal(told[0].review, UNKNOWN_TIME);
}

static void what_two_entries_are_about_is_not_the_same(void **state)
{
	(void)state;
	settle("ports:\n"
	       "- {port: 80, transport: tcp, exe: /a, unit: u.service}\n"
	       "- {port: 80, transport: tcp, exe: /b, unit: u.service}\n"
	       "- {port: 80, transport: udp, address: 10.0.0.1}\n"
	       "- {port: 80, transport: udp, address: 10.0.0.2}\n"
	       "- {port: 81, transport: udp, namespace: own}\n"
	       "- {port: 81, transport: udp, namespace: other}\n",
	       NOW);
	assert_int_equal(count, 6);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(told[i].id, told[j].id);
			assert_string_not_equal(told[i].target, told[j].target);
		}
}

/* What can't be read is not an empty past: nothing begins anew. */
static void what_cannot_be_read_is_not_none(void **state)
{
	(void)state;
	char folder[] = "/tmp/approvals-test-XXXXXX", path[64], error[STORE_ERROR_MAX];
	assert_non_null(mkdtemp(folder));
	assert_true(approvals_open(&approvals, folder, error));
	assert_false(approvals.is_unread);
	snprintf(path, sizeof(path), "%s/breakwater.db", folder);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database. ", file);
	fclose(file);
	assert_true(approvals_open(&approvals, folder, error));
	assert_true(approvals.is_unread);
	assert_non_null(strstr(error, "breakwater.db"));
	assert_int_equal(unlink(path), 0);
	assert_true(approvals_open(&approvals, folder, error));
	assert_false(approvals.is_unread);
	assert_int_equal(rmdir(folder), 0);
}

/* Those that were read before memory was short are not all there were. */
static void what_is_read_in_part_is_not_read(void **state)
{
	enum { ENTRIES = 100, WRITE_MS = 10000 };
	char folder[] = "/tmp/approvals-test-XXXXXX", command[64],
	     error[STORE_ERROR_MAX];
	(void)state;
	assert_non_null(mkdtemp(folder));
	struct store *store = store_open(folder, &store_no_limits);
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct approval_record entry;
		record_init(RECORD_approval, &entry);
		entry.at = NOW + i;
		entry.state = "approved";
		snprintf(entry.id, sizeof(entry.id), "%u", i);
		assert_true(store_put(store, RECORD_approval, &entry));
	}
	assert_true(store_wait_written(store, WRITE_MS));
	store_close(store);
	most_rows = 64;
	assert_false(approvals_open(&approvals, folder, error));
	assert_true(approvals.is_unread);
	assert_int_equal(approvals.count, 0);
	assert_string_equal(error, "not enough memory");
	most_rows = SIZE_MAX;
	assert_true(approvals_open(&approvals, folder, error));
	assert_false(approvals.is_unread);
	assert_int_equal(approvals.count, ENTRIES);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): its own folder */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_differs_is_told_once,
						nothing_known, forget),
		cmocka_unit_test_setup_teardown(an_order_of_addresses_is_no_change,
						nothing_known, forget),
		cmocka_unit_test_setup_teardown(an_end_is_told_when_it_comes,
						nothing_known, forget),
		cmocka_unit_test_setup_teardown(a_review_begins_the_interval_again,
						nothing_known, forget),
		cmocka_unit_test_setup_teardown(
			what_two_entries_are_about_is_not_the_same, nothing_known,
			forget),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_not_none,
						nothing_known, forget),
		cmocka_unit_test_setup_teardown(what_is_read_in_part_is_not_read,
						nothing_known, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
