/*
 * test_store_sensors.c: records of some sensors out of a store that has those of more,
 * and of none.
 */
#include "store_check.h"

static const char *const names[] = { "web-1", "db-1", "", "o'hara" };
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static void fill_store(void)
{
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	for (int i = 0; i < 4 * NAMES; i++) {
		const char *name = names[i % NAMES];
		struct flow_record flow;
		struct login_record login;
		struct port_record port;
		record_init(RECORD_flow, &flow);
		record_init(RECORD_login, &login);
		record_init(RECORD_port, &port);
		flow.start = login.at = port.start = START_US + i * SECOND;
		flow.end = flow.start + SECOND;
		port.interval_s = 1;
		port.port = 22;
		port.transport = "tcp";
		addr_parse("192.0.2.1", &flow.server_ip);
		port.server_ip = login.server_ip = flow.server_ip;
		record_text(flow.sensor, sizeof(flow.sensor), name);
		record_text(login.sensor, sizeof(login.sensor), name);
		assert_true(store_put(store, RECORD_flow, &flow));
		assert_true(store_put(store, RECORD_login, &login));
		assert_true(store_put_port(store, &port, NULL, NULL, NULL));
	}
	store_close(store);
}

static char told[256];

static bool tell(const char *sensor)
{
	size_t len = strlen(told);
	snprintf(told + len, sizeof(told) - len, "%s ", sensor);
	return true;
}

static bool tell_flow(void *to, const void *record)
{
	(void)to;
	return tell(((const struct flow_record *)record)->sensor);
}

static bool tell_login(void *to, const void *record)
{
	(void)to;
	return tell(((const struct login_record *)record)->sensor);
}

static bool tell_port(void *to, const void *record)
{
	(void)to;
	return tell(((const struct port_record *)record)->sensor);
}

/* Whose records are there, each once. */
static void expect(enum record_kind kind, store_emit emit,
		   const struct store_filter *filter, const char *expected)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	told[0] = '\0';
	if (store_read(reader, kind, filter, emit, NULL, error) != 0)
		fail_msg("%s", error);
	store_reader_close(reader);
	assert_string_equal(told, expected);
}

static void only_those_of_the_sensors_are_read(void **state)
{
	(void)state;
	const char *const one[] = { "db-1" }, *const two[] = { "o'hara", "web-1" },
			  *const nobody[] = { "" }, *const other[] = { "') OR ('1" };
	struct store_filter filter;
	fill_store();
	store_filter_init(&filter);
	filter.sensor_count = 1;
	filter.sensors = one;
	expect(RECORD_flow, tell_flow, &filter, "db-1 db-1 db-1 db-1 ");
	expect(RECORD_login, tell_login, &filter, "db-1 db-1 db-1 db-1 ");
	/* Also if that field is not wanted. */
	filter.fields = field_named(RECORD_login, "at");
	expect(RECORD_login, tell_login, &filter, "    ");
	filter.fields = field_named(RECORD_flow, "end");
	expect(RECORD_flow, tell_flow, &filter, "    ");
	filter.fields = 0;
	filter.sensors = nobody;
	expect(RECORD_flow, tell_flow, &filter, "");
	filter.sensors = other;
	expect(RECORD_login, tell_login, &filter, "");
	filter.sensors = two;
	filter.sensor_count = 2;
	expect(RECORD_login, tell_login, &filter,
	       "o'hara web-1 o'hara web-1 o'hara web-1 o'hara web-1 ");
}

static void ports_of_this_machine_are_no_sensors(void **state)
{
	(void)state;
	const char *const one[] = { "db-1" };
	struct store_filter filter;
	fill_store();
	store_filter_init(&filter);
	expect(RECORD_port, tell_port, &filter, " ");
	filter.sensors = one;
	filter.sensor_count = 1;
	expect(RECORD_port, tell_port, &filter, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_those_of_the_sensors_are_read,
						new_folder, remove_folder),
		cmocka_unit_test_setup_teardown(ports_of_this_machine_are_no_sensors,
						new_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
