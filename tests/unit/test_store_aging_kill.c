/*
 * test_store_aging_kill.c: a writer that is killed while it makes pseudonyms, again and
 * again: afterwards each address has one, and none is a pseudonym of a pseudonym.
 */
#include "store_check.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/month_names.h"
#include "store/privacy.h"

enum { FLOWS = 20000, CLIENTS = 40, KILLS = 12 };

#define NOW (START_US + 60 * DAY)

static void client_text(unsigned client, char out[static ADDR_TEXT_MAX])
{
	snprintf(out, ADDR_TEXT_MAX, "203.0.113.%u", client + 1);
}

static void put_flows(struct store *store)
{
	struct flow_record flow;
	char client[ADDR_TEXT_MAX];
	for (unsigned i = 0; i < FLOWS; i++) {
		record_init(RECORD_flow, &flow);
		client_text(i % CLIENTS, client);
		flow.start = flow.end = START_US + i;
		assert_true(addr_parse(client, &flow.client_ip));
		while (!store_put(store, RECORD_flow, &flow))
			pause_ms(10);
	}
	wait_written(store);
}

static struct store *open_store(uint32_t after_s)
{
	struct store_privacy privacy = { .pseudonyms_after_s = after_s,
					 .keys_kept_s = 3650 * 86400U };
	struct self_record self;
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	store_keep_private(store, &privacy);
	record_init(RECORD_self, &self);
	self.at = NOW;
	store_put(store, RECORD_self, &self);
	return store;
}

static int64_t ask(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t number = -1;
	sqlite3_open_v2(in_folder("flows-2026-01-31.db"), &db, SQLITE_OPEN_READONLY,
			NULL);
	sqlite3_busy_timeout(db, 10000);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}

static int64_t clear_rows(void)
{
	return ask("SELECT count(*)FROM flow WHERE pseudonym IS NULL");
}

/* Killed at some moment after the first rows of this run were changed. */
static void run_and_kill(void)
{
	int64_t before = clear_rows();
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		open_store(30 * 86400);
		for (;;)
			pause();
	}
	for (int i = 0; i < 3000 && clear_rows() == before && before > 0; i++)
		pause_ms(1);
	pause_ms((long)some(8));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void check_clients(void)
{
	static struct month_names names;
	struct addr addr;
	char client[ADDR_TEXT_MAX], sql[160];
	for (unsigned i = 0; i < CLIENTS; i++) {
		client_text(i, client);
		assert_true(addr_parse(client, &addr));
		month_names_init(&names, folder, &addr);
		const struct addr *name = month_name(&names, 202601);
		assert_non_null(name);
		addr_text(name, client);
		snprintf(sql, sizeof(sql),
			 "SELECT count(*)FROM flow WHERE client_ip='%s'", client);
		assert_int_equal(ask(sql), FLOWS / CLIENTS);
	}
}

static void each_address_gets_one_pseudonym_however_often_it_is_killed(void **state)
{
	(void)state;
	struct store *store = open_store(0);
	put_flows(store);
	store_close(store);
	int64_t seen_partly = 0;
	for (int i = 0; i < KILLS && clear_rows() > 0; i++) {
		run_and_kill();
		int64_t left = clear_rows();
		seen_partly += left > 0 && left < FLOWS;
	}
	store = open_store(30 * 86400);
	for (int i = 0; i < 2000 && clear_rows() > 0; i++)
		pause_ms(10);
	store_close(store);
	assert_int_equal(clear_rows(), 0);
	check_clients();
	printf("# killed in between %lld times\n", (long long)seen_partly);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_address_gets_one_pseudonym_however_often_it_is_killed,
			new_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
