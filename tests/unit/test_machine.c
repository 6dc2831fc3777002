/*
 * test_machine.c: what the wall reads of its machine: made files, made records of
 * logins, and in a network namespace of its own addresses and routes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "guard/machine.h"
#include "guard/machine_inside.h"

#define SECOND_US 1000000LL
#define DAY_US    (86400 * SECOND_US)

enum { PATIENCE_MS = 5000 };

static const struct machine_now now = { 5 * DAY_US, 20000 * DAY_US };
static struct never list;
static struct machine_names names;

static int empty(void **state)
{
	(void)state;
	list.count = 0;
	names.count = 0;
	return 0;
}

/* "" if it may be blocked. */
static const char *reason_in(const struct never *never, const char *text, int64_t at_us)
{
	struct prefix asked;
	assert_true(prefix_parse(text, &asked));
	const struct never_entry *found = never_find(never, &asked, at_us);
	return found != NULL ? never_reason_name(found->reason) : "";
}

static const char *reason(const char *text)
{
	return reason_in(&list, text, now.boot_us);
}

static void parse(const char *text, const char *keyword, enum never_reason reason)
{
	const char *const keywords[] = { keyword, NULL };
	machine_parse(text, strlen(text), keywords, reason, &list, &names);
}

/* ---- files ---- */

static void the_forms_of_all_files_are_read(void **state)
{
	(void)state;
	parse("# nameserver 192.0.2.99\nsearch x\nnameserver 192.0.2.1\n"
	      "nameserver\t2001:db8::53%eth0 # 192.0.2.98\nnameserverx 192.0.2.97",
	      "nameserver", NEVER_resolver);
	parse("[Resolve]\nDNS=192.0.2.2#dns.example 192.0.2.3:53 [2001:db8:1::1]:53\n"
	      "DNSOverTLS=192.0.2.96\r\n",
	      "DNS", NEVER_resolver);
	parse("  server 192.0.2.4 iburst\nserver time.example minpoll 4\npool -4 "
	      "p.example",
	      "server", NEVER_ntp);
	parse("lease {\n  option dhcp-server-identifier 192.0.2.5;\n  option routers "
	      "192.0.2.95;\n}",
	      "option dhcp-server-identifier", NEVER_dhcp);
	parse("SERVER_ADDRESS=192.0.2.6\nADDRESS=192.0.2.94", "SERVER_ADDRESS",
	      NEVER_dhcp);
	static const char *const resolvers[] = { "192.0.2.1", "2001:db8::53",
						 "192.0.2.2", "192.0.2.3",
						 "2001:db8:1::1" };
	for (size_t i = 0; i < sizeof(resolvers) / sizeof(resolvers[0]); i++)
		assert_string_equal(reason(resolvers[i]), "resolver");
	assert_string_equal(reason("192.0.2.4"), "ntp");
	assert_string_equal(reason("192.0.2.5"), "dhcp");
	assert_string_equal(reason("192.0.2.6"), "dhcp");
	for (int i = 94; i <= 99; i++) {
		char other[32];
		snprintf(other, sizeof(other), "192.0.2.%d", i);
		assert_string_equal(reason(other), "");
	}
}

static void a_name_is_looked_for_in_hosts_alone(void **state)
{
	(void)state;
	static const char hosts[] =
		"127.0.0.1 localhost\n192.0.2.7 other TIME.example\n"
		"# 192.0.2.8 time.example\n192.0.2.9 time.example.org";
	parse("server time.example iburst", "server", NEVER_ntp);
	machine_parse_hosts(hosts, sizeof(hosts) - 1, &names, &list);
	assert_string_equal(reason("192.0.2.7"), "ntp");
	assert_string_equal(reason("192.0.2.8"), "");
	assert_string_equal(reason("192.0.2.9"), "");
}

static void nonsense_adds_nothing(void **state)
{
	(void)state;
	static const char zeros[64];
	static char endless[70000];
	const char *const keywords[] = { "nameserver", NULL };
	memset(endless, 'n', sizeof(endless));
	memcpy(endless, "nameserver ", 11);
	machine_parse(zeros, sizeof(zeros), keywords, NEVER_resolver, &list, &names);
	machine_parse(endless, sizeof(endless), keywords, NEVER_resolver, &list,
		      &names);
	parse("nameserver", "nameserver", NEVER_resolver);
	parse("nameserver 0.0.0.0\nnameserver ::\nnameserver 1.2.3\nnameserver =;,[]",
	      "nameserver", NEVER_resolver);
	assert_int_equal(list.count, 0);
}

/* ---- logins ---- */

static struct utmp login_at(const char *from, int64_t at_us)
{
	struct addr addr;
	struct utmp record = { .ut_type = USER_PROCESS };
	assert_true(addr_parse(from, &addr));
	record.ut_tv.tv_sec = (int32_t)(at_us / SECOND_US);
	if (addr_is_v4(&addr))
		memcpy(record.ut_addr_v6, addr.ip6 + 12, 4);
	else
		memcpy(record.ut_addr_v6, addr.ip6, 16);
	return record;
}

static void who_logged_in_is_spared_for_thirty_days(void **state)
{
	(void)state;
	struct utmp records[] = {
		login_at("192.0.2.1", now.real_us - 29 * DAY_US),
		login_at("192.0.2.2", now.real_us - 31 * DAY_US),
		login_at("2001:db8::7", now.real_us - DAY_US),
		login_at("192.0.2.4",
			 now.real_us + 400 * DAY_US), /* its clock was wrong */
		login_at("192.0.2.5", now.real_us),   /* not yet logged in */
		login_at("0.0.0.0", now.real_us),     /* the console */
	};
	records[4].ut_type = LOGIN_PROCESS;
	/* The last is half written. */
	size_t fresh =
		machine_parse_logins(records, sizeof(records) - 1, false, &now, &list);
	assert_int_equal(fresh, 4);
	assert_int_equal(list.count, 3);
	assert_string_equal(reason("192.0.2.1"), "ssh");
	assert_string_equal(reason("2001:db8::8"), "ssh");
	assert_string_equal(reason("192.0.2.4"), "ssh");
	assert_string_equal(reason_in(&list, "192.0.2.1", now.boot_us + DAY_US), "");
	assert_string_equal(
		reason_in(&list, "192.0.2.4", now.boot_us + 30 * DAY_US + 1), "");
}

static char *made_file(const void *bytes, size_t len)
{
	static char path[] = "/tmp/breakwater-machine-XXXXXX";
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	return path;
}

static void append(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void a_log_is_followed_from_where_it_was(void **state)
{
	(void)state;
	struct machine_log log = { 0, 0, 0 };
	struct utmp first = login_at("192.0.2.1", now.real_us),
		    second = login_at("192.0.2.2", now.real_us);
	const char *path = made_file(&first, sizeof(first));
	machine_follow_logins(path, &log, &now, &list);
	assert_string_equal(reason("192.0.2.1"), "ssh");
	append(path, &second, 100);
	machine_follow_logins(path, &log, &now, &list);
	assert_string_equal(reason("192.0.2.2"), "");
	append(path, (char *)&second + 100, sizeof(second) - 100);
	empty(NULL);
	machine_follow_logins(path, &log, &now, &list);
	assert_string_equal(reason("192.0.2.2"), "ssh");
	assert_string_equal(reason("192.0.2.1"), "");
	unlink(path);
}

static void of_a_log_without_end_only_the_newest_is_read(void **state)
{
	(void)state;
	struct machine_log log = { 0, 0, 0 };
	struct utmp last = login_at("192.0.2.1", now.real_us);
	const char *path = made_file("", 0);
	/* A hole of a gigabyte, of records from 1970. */
	assert_int_equal(truncate(path, 2800000 * (off_t)sizeof(last)), 0);
	append(path, &last, sizeof(last));
	machine_follow_logins(path, &log, &now, &list);
	assert_string_equal(reason("192.0.2.1"), "ssh");
	unlink(path);
}

static void a_pipe_in_place_of_a_file_keeps_nobody_waiting(void **state)
{
	(void)state;
	struct machine_log log = { 0, 0, 0 };
	char some[16];
	const char *path = made_file("", 0);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(machine_read(path, 0, some, sizeof(some)), -1);
	machine_follow_logins(path, &log, &now, &list);
	assert_int_equal(machine_read("/tmp", 0, some, sizeof(some)), -1);
	assert_int_equal(machine_read("/nowhere", 0, some, sizeof(some)), -1);
	unlink(path);
}

/* ---- the whole, in a network of its own ---- */

static struct config config;

static struct machine *open_machine(void)
{
	if (unshare(CLONE_NEWNET) != 0)
		skip();
	assert_true(prefix_parse("203.0.113.0/24", &config.block_never.at[0]));
	config.block_never.count = 1;
	struct machine *machine = machine_open(&config);
	assert_non_null(machine);
	return machine;
}

static void shell(const char *command)
{
	/* NOLINTNEXTLINE(cert-env33-c): texts of this file */
	assert_int_equal(system(command), 0);
}

static const char *spared(const struct machine *machine, const char *text)
{
	return reason_in(machine_never(machine), text, 0);
}

/* As the wall does, until it is so. */
static void wait_until(struct machine *machine, const char *text, const char *reason)
{
	for (int i = 0; i < 100 && strcmp(spared(machine, text), reason) != 0; i++) {
		struct pollfd wait = { .fd = machine_fd(machine), .events = POLLIN };
		int ms = machine_timeout_ms(machine);
		poll(&wait, 1, ms < PATIENCE_MS ? ms : PATIENCE_MS);
		machine_run(machine);
	}
	assert_string_equal(spared(machine, text), reason);
}

static void set_servers(const char *const *servers)
{
	config_texts *to = &config.fleet_servers;
	for (to->count = 0; servers[to->count] != NULL; to->count++)
		snprintf(to->at[to->count], sizeof(to->at[0]), "%s",
			 servers[to->count]);
}

static void servers_of_the_fleet_are_spared(void **state)
{
	(void)state;
	static const char *const servers[] = { "tls://198.51.100.1:4222",
					       "nats://[2001:db8:9::1]",
					       "tls://nats.example.org:4222",
					       "198.51.100.2", NULL };
	set_servers(servers);
	struct machine *machine = open_machine();
	config.fleet_servers.count = 0;
	assert_string_equal(spared(machine, "198.51.100.1"), "fleet");
	assert_string_equal(spared(machine, "2001:db8:9::7"), "fleet");
	assert_string_equal(spared(machine, "198.51.100.0/24"), "fleet");
	assert_string_equal(spared(machine, "198.51.100.2"), "");
	machine_close(machine);
}

static void addresses_and_gateways_come_and_go(void **state)
{
	(void)state;
	struct machine *machine = open_machine();
	assert_string_equal(spared(machine, "203.0.113.9"), "never");
	assert_string_equal(spared(machine, "192.0.2.5"), "");
	shell("ip link set lo up; ip link add nv0 type veth peer name nv1;"
	      "ip link set nv0 up; ip link set nv1 up;"
	      "ip addr add 192.0.2.5/24 dev nv0; ip addr add 2001:db8:5::1/64 dev nv0;"
	      "ip addr add 10.9.0.1 peer 10.9.0.2/32 dev nv0");
	wait_until(machine, "192.0.2.5", "own");
	wait_until(machine, "2001:db8:5::1", "own");
	wait_until(machine, "10.9.0.1", "own");
	wait_until(machine, "10.9.0.2", "gateway");
	assert_string_equal(spared(machine, "192.0.2.6"), "");
	shell("ip route add default via 192.0.2.1;"
	      "ip route add 10.1.0.0/16 table 77 nexthop via 192.0.2.2 nexthop via "
	      "192.0.2.3;"
	      "ip route add 10.2.0.0/16 via inet6 2001:db8:5:0::9 dev nv0;"
	      "ip nexthop add id 9 via 192.0.2.4 dev nv0");
	wait_until(machine, "192.0.2.1", "gateway");
	wait_until(machine, "192.0.2.2", "gateway");
	wait_until(machine, "192.0.2.3", "gateway");
	wait_until(machine, "192.0.2.4", "gateway");
	shell("ip route del default; ip addr del 10.9.0.1 peer 10.9.0.2/32 dev nv0");
	wait_until(machine, "192.0.2.1", "");
	wait_until(machine, "10.9.0.2", "");
	machine_close(machine);
}

static struct wall_order spare_order(uint32_t number, uint32_t reason)
{
	const uint32_t at = htonl(0x0a000000 + number);
	return (struct wall_order){ .id = 1,
				    .address = addr_v4(&at),
				    .prefix_len = 128,
				    .rate = reason,
				    .left_s = UINT32_MAX };
}

static void what_the_daemon_adds_has_bounds(void **state)
{
	(void)state;
	struct machine *machine = open_machine();
	size_t before = machine_never(machine)->count;
	struct wall_order one = spare_order(1, NEVER_dashboard);
	assert_true(machine_spare(machine, &one));
	assert_false(machine_spare(machine, &one));
	assert_string_equal(spared(machine, "10.0.0.1"), "dashboard");
	/* What a server's name stands for. */
	one = spare_order(3, NEVER_fleet);
	assert_true(machine_spare(machine, &one));
	assert_string_equal(spared(machine, "10.0.0.3"), "fleet");
	/* It can't say that somebody is the gateway. */
	one = spare_order(2, NEVER_gateway);
	machine_spare(machine, &one);
	assert_string_equal(spared(machine, "10.0.0.2"), "never");
	for (uint32_t i = 0; i < 10000; i++) {
		one = spare_order(i, 77);
		machine_spare(machine, &one);
	}
	assert_in_range(machine_never(machine)->count, before + 1000, before + 4096);
	assert_true(machine_never(machine)->left_out > 0);
	assert_string_equal(
		reason_in(machine_never(machine), "10.0.0.1", INT64_MAX - 1), "");
	assert_string_equal(
		reason_in(machine_never(machine), "203.0.113.1", INT64_MAX - 1),
		"never");
	machine_close(machine);
}

static void all_of_it_is_told(void **state)
{
	(void)state;
	struct machine *machine = open_machine();
	struct wall_event event;
	size_t at = 0, told = 0, firsts = 0;
	for (uint32_t i = 0; i < 100; i++) {
		struct wall_order one = spare_order(i, NEVER_ssh);
		machine_spare(machine, &one);
	}
	while (machine_tell(machine, &at, &event)) {
		assert_int_equal(event.kind, WALL_NEVER);
		assert_in_range(event.count, 1, WALL_TOLD);
		for (uint32_t i = 0; i < event.count; i++)
			firsts += event.never[i].is_first;
		assert_int_equal(event.never[0].is_first, told == 0);
		told += event.count;
	}
	assert_int_equal(told, machine_never(machine)->count);
	assert_int_equal(firsts, 1);
	machine_close(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_forms_of_all_files_are_read, empty),
		cmocka_unit_test_setup(a_name_is_looked_for_in_hosts_alone, empty),
		cmocka_unit_test_setup(nonsense_adds_nothing, empty),
		cmocka_unit_test_setup(who_logged_in_is_spared_for_thirty_days, empty),
		cmocka_unit_test_setup(a_log_is_followed_from_where_it_was, empty),
		cmocka_unit_test_setup(of_a_log_without_end_only_the_newest_is_read,
				       empty),
		cmocka_unit_test_setup(a_pipe_in_place_of_a_file_keeps_nobody_waiting,
				       empty),
		cmocka_unit_test(servers_of_the_fleet_are_spared),
		cmocka_unit_test(addresses_and_gateways_come_and_go),
		cmocka_unit_test(what_the_daemon_adds_has_bounds),
		cmocka_unit_test(all_of_it_is_told),
	};
	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
