/*
 * test_query.c: breakwater query over a real store, as it is called.
 */
#include "store_check.h"

#include <jansson.h>
#include <signal.h>
#include <sys/time.h>

#include "cli/cli.h"
#include "cli/past_reader.h"
#include "fleet/depot.h"

enum { FLOWS = 300 };

static char printed[1 << 16], said[4096];

static void fill_store(void)
{
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	for (int i = 0; i < FLOWS; i++) {
		struct flow_record flow;
		record_init(RECORD_flow, &flow);
		flow.start = START_US + i * SECOND;
		flow.end = flow.start + SECOND / 2;
		flow.transport = "tcp";
		flow.end_reason = "closed";
		addr_parse(i % 3 == 0 ? "192.0.2.9" : "2001:db8::9", &flow.client_ip);
		addr_parse("192.0.2.1", &flow.server_ip);
		flow.client_port = 40000 + (uint32_t)i;
		flow.server_port = i % 2 == 0 ? 443 : 22;
		flow.client_bytes = (uint64_t)i;
		assert_true(store_put(store, RECORD_flow, &flow));
	}
	store_close(store);
}

static int into(FILE *file, FILE *stream)
{
	fflush(stream);
	int saved = dup(fileno(stream));
	dup2(fileno(file), fileno(stream));
	return saved;
}

static void back(int saved, FILE *file, FILE *stream, char *out, size_t size)
{
	fflush(stream);
	dup2(saved, fileno(stream));
	close(saved);
	rewind(file);
	out[fread(out, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* Runs the command; what it prints is in printed and said. */
static int query(const char *statement, const char *option, const char *value)
{
	char words[3][512];
	snprintf(words[0], sizeof(words[0]), "%s", statement);
	snprintf(words[1], sizeof(words[1]), "%s", option);
	snprintf(words[2], sizeof(words[2]), "%s", value);
	char *argv[] = { (char[]){ "query" },
			 (char[]){ "--state" },
			 folder,
			 words[0],
			 words[1],
			 words[2],
			 NULL };
	int argc = *option == '\0' ? 4 : *value == '\0' ? 5 : 6;
	argv[argc] = NULL;
	FILE *out = tmpfile(), *err = tmpfile();
	assert_true(out != NULL && err != NULL);
	int saved_out = into(out, stdout), saved_err = into(err, stderr);
	int status = command_query(argc, argv);
	back(saved_out, out, stdout, printed, sizeof(printed));
	back(saved_err, err, stderr, said, sizeof(said));
	return status;
}

static void assert_one_line(const char *text, const char *what)
{
	const char *newline = strchr(text, '\n');
	if (newline == NULL || newline[1] != '\0' || strstr(text, what) == NULL)
		fail_msg("not one line with \"%s\": %s", what, text);
}

static void rows_are_a_table_for_people_and_typed_for_programs(void **state)
{
	(void)state;
	fill_store();
	static const char statement[] =
		"SELECT server_port, count(*) AS n, avg(client_bytes) AS mean, "
		"max(vlan) AS vlan FROM flow GROUP BY 1 ORDER BY 1";
	assert_int_equal(query(statement, "", ""), STATUS_OK);
	assert_string_equal(printed, "server_port    n  mean  vlan\n"
				     "         22  150   150     -\n"
				     "        443  150   149     -\n");
	assert_int_equal(query(statement, "--json", ""), STATUS_OK);
	assert_string_equal(
		printed,
		"{\"server_port\":22,\"n\":150,\"mean\":150.0,\"vlan\":null}\n"
		"{\"server_port\":443,\"n\":150,\"mean\":149.0,\"vlan\":null}\n");
	assert_int_equal(query(statement, "--csv", ""), STATUS_OK);
	assert_string_equal(printed, "server_port,n,mean,vlan\r\n"
				     "22,150,150.0,\r\n443,150,149.0,\r\n");
	assert_string_equal(said, "");
}

static void times_and_networks_have_functions(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(query("SELECT count(*) AS n FROM flow WHERE "
			       "in_net(client_ip, '2001:db8::/32') AND "
			       "start < time_us('2026-01-31T00:01:00Z')",
			       "--json", ""),
			 STATUS_OK);
	assert_string_equal(printed, "{\"n\":40}\n");
	assert_int_equal(
		query("SELECT time_text(min(start)) AS t FROM flow", "--json", ""),
		STATUS_OK);
	assert_string_equal(printed, "{\"t\":\"2026-01-31T00:00:00.000000Z\"}\n");
}

/* At a hub, whose depot has tables and no rows yet. */
static void be_a_hub(void)
{
	char where[PAST_DEPOT_MAX], error[DEPOT_ERROR_MAX];
	snprintf(where, sizeof(where), "sqlite:%s/fleet.db", folder);
	struct depot *depot = depot_open(where, error);
	assert_non_null(depot);
	depot_close(depot);
	assert_int_equal(past_mark_hub(folder, where), 0);
}

static void at_a_hub_it_is_the_depot_that_is_asked(void **state)
{
	(void)state;
	static const char count[] = "SELECT count(*) AS n, count(kept_at) AS m "
				    "FROM flow";
	fill_store();
	be_a_hub();
	assert_int_equal(query(count, "--json", ""), STATUS_OK);
	assert_string_equal(printed, "{\"n\":0,\"m\":0}\n");
	assert_int_equal(query("DELETE FROM flow", "", ""), STATUS_USAGE);
	assert_int_equal(query("SELECT count(*) AS n FROM flow", "--own", ""),
			 STATUS_OK);
	assert_string_equal(printed, "  n\n300\n");
	assert_int_equal(query("", "--tables", ""), STATUS_OK);
	assert_non_null(strstr(printed, "\nsensor  "));
	assert_null(strstr(printed, "port_1h"));
	assert_int_equal(query("", "--schema", ""), STATUS_OK);
	assert_non_null(strstr(printed, "\n  batch_row "));
}

static void another_hubs_configuration_is_refused(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(past_mark_hub(folder, "postgresql://db/fleet"), 0);
	assert_int_equal(query("SELECT 1", "", ""), STATUS_USAGE);
	assert_one_line(said, "keeps its fleet's records in postgresql, but hub.store "
			      "of the configuration says sqlite");
	assert_int_equal(query("SELECT 1 AS n", "--own", ""), STATUS_OK);
}

static void a_mistake_is_one_line_and_status_2(void **state)
{
	(void)state;
	fill_store();
	static const char *const statements[] = {
		"SELECT nothing FROM flow",
		"SELEC 1",
		"",
		"SELECT 1; SELECT 2",
		"DELETE FROM flow",
		"DROP TABLE flow",
		"PRAGMA user_version = 7",
		"ATTACH '/tmp/x.db' AS x",
		"CREATE TABLE x (y)",
	};
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		int status = query(statements[i], "", "");
		if (status != STATUS_USAGE)
			fail_msg("%s: status %d", statements[i], status);
		assert_one_line(said, "breakwater query: ");
		assert_string_equal(printed, "");
	}
	assert_int_equal(query("SELECT 1", "--limit-time", "0s"), STATUS_USAGE);
	assert_int_equal(query("SELECT 1", "SELECT 2", ""), STATUS_USAGE);
}

static const char endless[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
			      "FROM n) SELECT count(*) FROM n";

static void a_limit_of_time_ends_with_status_5(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(query(endless, "--limit-time", "1s"), STATUS_INCOMPLETE);
	assert_one_line(said, "1");
}

static void interrupt(int signal)
{
	(void)signal;
	raise(SIGINT);
}

static void an_interrupt_ends_it_at_once_with_what_there_is(void **state)
{
	(void)state;
	fill_store();
	const struct itimerval soon = { .it_value.tv_usec = 200000 };
	signal(SIGALRM, interrupt);
	time_t begin = time(NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(query(endless, "--limit-time", "1h"), STATUS_INCOMPLETE);
	assert_true(time(NULL) - begin <= 5);
	assert_one_line(said, "ended after 0 rows");
}

static void every_table_and_column_it_lists_is_there(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(query("SELECT 1", "--schema", ""), STATUS_OK);
	assert_non_null(strstr(printed, "  client_ip "));
	char *listed;
	assert_int_equal(query("SELECT 1", "--tables", ""), STATUS_OK);
	listed = strdup(printed);
	for (char *line = listed, *end; (end = strchr(line, '\n')) != NULL;
	     line = end + 1) {
		char statement[64];
		snprintf(statement, sizeof(statement), "SELECT * FROM %.*s LIMIT 1",
			 (int)strcspn(line, " "), line);
		if (query(statement, "", "") != STATUS_OK)
			fail_msg("%s: %s", statement, said);
	}
	free(listed);
}

static void a_folder_without_a_store_is_status_2(void **state)
{
	(void)state;
	assert_int_equal(query("SELECT 1", "", ""), STATUS_USAGE);
	assert_one_line(said, folder);
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(rows_are_a_table_for_people_and_typed_for_programs),
		IN_FOLDER(times_and_networks_have_functions),
		IN_FOLDER(at_a_hub_it_is_the_depot_that_is_asked),
		IN_FOLDER(another_hubs_configuration_is_refused),
		IN_FOLDER(a_mistake_is_one_line_and_status_2),
		IN_FOLDER(a_limit_of_time_ends_with_status_5),
		IN_FOLDER(an_interrupt_ends_it_at_once_with_what_there_is),
		IN_FOLDER(every_table_and_column_it_lists_is_there),
		IN_FOLDER(a_folder_without_a_store_is_status_2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
