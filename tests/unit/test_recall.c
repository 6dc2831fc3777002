/*
 * test_recall.c: records of a real store in order of time, and a register tried on
 * them.
 */
#include "store_check.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/home.h"
#include "cli/cli.h"
#include "cli/policy.h"
#include "cli/recall.h"

enum { FLOWS = 500 };

/* Nobody answers there: all comes from the store. */
static const struct common_options nobody = { .socket = "/nonexistent/socket" };

static struct flow_record flow_at(int64_t end_us, const char *server, uint32_t port)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.end = end_us;
	flow.start = end_us - SECOND;
	flow.transport = "tcp";
	flow.ip_proto = 6;
	flow.state = "SF";
	flow.end_reason = "closed";
	addr_parse("198.51.100.7", &flow.client_ip);
	addr_parse(server, &flow.server_ip);
	flow.client_port = 40000;
	flow.server_port = port;
	flow.server_packets = flow.client_packets = 5;
	return flow;
}

static struct listener_record listener_at(int64_t at_us, uint32_t port,
					  const char *change)
{
	struct listener_record listener;
	record_init(RECORD_listener, &listener);
	listener.at = at_us;
	listener.transport = "tcp";
	addr_parse("0.0.0.0", &listener.ip);
	listener.port = port;
	listener.reach = "outside";
	listener.change = change;
	record_text(listener.process, sizeof(listener.process), "server");
	record_text(listener.exe, sizeof(listener.exe), "/usr/sbin/server");
	return listener;
}

static int64_t now(void)
{
	return clock_us(CLOCK_REALTIME);
}

/* Flows of three days, written in disorder; sockets on 22 and, for a while, on 8000. */
static void fill_store(void)
{
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	int64_t now_us = now();
	const struct listener_record changes[] = {
		listener_at(now_us - 30 * DAY, 22, "opened"),
		listener_at(now_us - 29 * DAY, 23, "opened"),
		listener_at(now_us - 28 * DAY, 23, "closed"),
		listener_at(now_us - 2 * DAY, 8000, "opened"),
		listener_at(now_us - DAY, 8000, "closed"),
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		assert_true(store_put(store, RECORD_listener, &changes[i]));
	for (int i = 0; i < FLOWS; i++) {
		int64_t at_us = now_us - (int64_t)some(3 * DAY - SECOND);
		struct flow_record flow = flow_at(at_us, "127.0.0.1", 22);
		assert_true(store_put(store, RECORD_flow, &flow));
	}
	store_close(store);
}

struct seen {
	int64_t last_us;
	int count;
	bool in_order;
};

static void see_flow(void *to, const void *record)
{
	struct seen *seen = to;
	const struct flow_record *flow = record;
	seen->in_order = seen->in_order && flow->end >= seen->last_us;
	seen->last_us = flow->end;
	seen->count++;
}

static void flows_of_days_come_once_and_the_oldest_first(void **state)
{
	(void)state;
	fill_store();
	struct recall *recall = recall_open(&nobody, "test", folder);
	struct seen seen = { INT64_MIN, 0, true };
	assert_int_equal(recall_past(recall, RECORD_flow, now() - 4 * DAY, now(),
				     see_flow, &seen),
			 STATUS_OK);
	assert_int_equal(seen.count, FLOWS);
	assert_true(seen.in_order);
	recall_close(recall);
}

static void a_part_of_the_time_and_the_rest_are_the_whole(void **state)
{
	(void)state;
	fill_store();
	struct recall *recall = recall_open(&nobody, "test", folder);
	int64_t begin = now() - 4 * DAY, end = now();
	int64_t middle = begin + (int64_t)some(4 * DAY);
	struct seen seen = { INT64_MIN, 0, true };
	recall_past(recall, RECORD_flow, begin, middle, see_flow, &seen);
	recall_past(recall, RECORD_flow, middle + 1, end, see_flow, &seen);
	assert_int_equal(seen.count, FLOWS);
	assert_true(seen.in_order);
	recall_close(recall);
}

static char ports_seen[256];

static void see_listener(void *to, const void *record)
{
	const struct listener_record *l = record;
	size_t len = strlen(ports_seen);
	(void)to;
	snprintf(ports_seen + len, sizeof(ports_seen) - len, "%u %s, ", l->port,
		 l->change);
}

static void listeners_that_were_there_come_before_what_changed(void **state)
{
	(void)state;
	fill_store();
	struct recall *recall = recall_open(&nobody, "test", folder);
	ports_seen[0] = '\0';
	assert_int_equal(
		policy_listeners(recall, now() - 7 * DAY, now(), see_listener, NULL),
		STATUS_OK);
	assert_string_equal(ports_seen, "22 opened, 8000 opened, 8000 closed, ");
	recall_close(recall);
}

static int try_policy(const char *text, const char *since)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/policy.yaml", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	const struct policy_options options = { .since = since,
						.state = folder,
						.common = nobody };
	return policy_test(&options, path);
}

static void a_register_is_tried_on_what_was(void **state)
{
	(void)state;
	static const char both[] =
		"ports:\n"
		"  - port: 22\n    transport: tcp\n    clients: any\n"
		"  - port: 8000\n    transport: tcp\n    clients: any\n";
	static const char one[] =
		"ports:\n"
		"  - port: 22\n    transport: tcp\n    clients: any\n";
	fill_store();
	assert_int_equal(try_policy(both, "7d"), STATUS_OK);
	assert_int_equal(try_policy(one, "7d"), STATUS_BAD_NEWS);
	assert_int_equal(try_policy(one, "12h"), STATUS_OK);
	assert_int_equal(try_policy("ports: 7\n", "7d"), STATUS_USAGE);
}

static void without_store_and_daemon_it_is_said(void **state)
{
	(void)state;
	struct recall *recall = recall_open(&nobody, "test", "/nonexistent");
	struct seen seen = { 0 };
	assert_int_equal(recall_past(recall, RECORD_flow, 0, now(), see_flow, &seen),
			 STATUS_UNREACHABLE);
	recall_close(recall);
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(flows_of_days_come_once_and_the_oldest_first),
		IN_FOLDER(a_part_of_the_time_and_the_rest_are_the_whole),
		IN_FOLDER(listeners_that_were_there_come_before_what_changed),
		IN_FOLDER(a_register_is_tried_on_what_was),
		IN_FOLDER(without_store_and_daemon_it_is_said),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
