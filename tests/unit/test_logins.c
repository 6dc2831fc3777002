/*
 * test_logins.c: whoever sees an attempt to log in, it counts once, and what each of
 * them knows is in one record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detect/logins.h"

enum { SAID_MAX = 8192, HOLD_S = 5 };
enum { WIRE = 0, SSHD = 1, PAM = 2, FILE_COPY = 3 };
#define SECOND_US 1000000LL

static struct login_record said[SAID_MAX];
static size_t said_count, judged_count;
static struct logins *logins;
static int64_t now_us;

static void take(void *self, const struct login_record *login)
{
	(void)self;
	assert_true(said_count < SAID_MAX);
	said[said_count++] = *login;
}

static void judge(void *self, const struct login_record *login)
{
	(void)self;
	(void)login;
	judged_count++;
}

static void open_with(uint32_t hold_s)
{
	const struct logins_sink sink = { .login = take, .attempt = judge };
	logins = logins_new(&sink, hold_s);
	assert_non_null(logins);
	said_count = judged_count = 0;
	now_us = 1700000000 * SECOND_US;
}

static int begin(void **state)
{
	(void)state;
	open_with(HOLD_S);
	return 0;
}

static int end(void **state)
{
	(void)state;
	logins_free(logins);
	return 0;
}

static void pass(double seconds)
{
	now_us += (int64_t)(seconds * 1e6);
	logins_tick(logins, now_us);
}

static struct login_record ssh(const char *client, uint32_t port, const char *outcome)
{
	struct login_record login;
	record_init(RECORD_login, &login);
	login.at = now_us;
	login.transport = "tcp";
	if (client != NULL)
		assert_true(addr_parse(client, &login.client_ip));
	if (port != 0)
		login.client_port = port;
	login.outcome = outcome;
	record_text(login.protocol, sizeof(login.protocol), "ssh");
	return login;
}

static void report(struct login_record *login, uint64_t teller, const char *user)
{
	record_text(login->user, sizeof(login->user), user);
	if (teller == WIRE)
		assert_true(addr_parse("192.0.2.1", &login->server_ip));
	if (teller == WIRE)
		login->server_port = 2222;
	else
		snprintf(login->source, sizeof(login->source), "teller %u",
			 (unsigned)teller);
	login->seen_by = teller == WIRE ? "size" : "log";
	logins_take(logins, &(struct login_report){
				    .login = login, .teller = teller, .count = 1 });
}

#define CLIENT_IP "198.51.100.7"

static void packets_tell(uint32_t port, const char *outcome)
{
	struct login_record login = ssh(CLIENT_IP, port, outcome);
	report(&login, WIRE, "");
}

static void sshd_tells(uint32_t port, const char *user, const char *outcome)
{
	struct login_record login = ssh(CLIENT_IP, port, outcome);
	login.method = "password";
	report(&login, SSHD, user);
}

static void pam_tells(const char *user)
{
	struct login_record login = ssh(CLIENT_IP, 0, "failure");
	report(&login, PAM, user);
}

static void hint(uint32_t port, const char *user)
{
	struct login_record login = ssh(CLIENT_IP, port, "failure");
	record_text(login.user, sizeof(login.user), user);
	login.seen_by = "log";
	logins_take(logins, &(struct login_report){ .login = &login,
						    .teller = SSHD,
						    .count = 1,
						    .is_hint = true });
}

/* ---- what each of them knows ---- */

static void is_whole(const struct login_record *login)
{
	assert_string_equal(login->user, "root");
	assert_int_equal(login->client_port, 40022);
	assert_int_equal(login->server_port, 2222);
	assert_false(addr_is_unset(&login->server_ip));
	assert_string_equal(login->seen_by, "size");
	assert_string_equal(login->method, "password");
	assert_string_equal(login->source, "teller 1");
}

static void packets_and_log_are_one_in_either_order(void **state)
{
	(void)state;
	packets_tell(40022, "failure");
	assert_int_equal(said_count, 0);
	pass(0.3);
	sshd_tells(40022, "root", "failure");
	assert_int_equal(said_count, 1); /* nothing more to wait for */
	is_whole(&said[0]);
	pass(400);
	sshd_tells(40022, "root", "failure");
	pass(0.3);
	packets_tell(40022, "failure");
	assert_int_equal(said_count, 2);
	is_whole(&said[1]);
	pass(400);
	assert_int_equal(said_count, 2);
}

static void pam_and_the_daemon_and_packets_are_one(void **state)
{
	(void)state;
	pam_tells("root");
	pass(2.4); /* pam_fail_delay(3) */
	sshd_tells(40022, "root", "failure");
	packets_tell(40022, "failure");
	pass(400);
	assert_int_equal(said_count, 1);
	is_whole(&said[0]);
}

static void pam_does_not_know_users_that_do_not_exist(void **state)
{
	(void)state;
	pam_tells("");
	packets_tell(40022, "failure");
	assert_int_equal(said_count, 0);
	sshd_tells(40022, "admin", "failure");
	assert_int_equal(said_count, 1);
	assert_string_equal(said[0].user, "admin");
}

static void what_only_one_saw_waits_and_is_told(void **state)
{
	(void)state;
	packets_tell(1, "success");
	sshd_tells(2, "bob", "success");
	pass(4.9);
	assert_int_equal(said_count, 0);
	pass(0.2);
	assert_int_equal(said_count, 2);
	assert_string_equal(said[0].seen_by, "size");
	assert_string_equal(said[1].seen_by, "log");
	assert_int_equal(said[1].server_port, UNKNOWN_U32);
}

static void a_late_twin_is_no_attempt_of_its_own(void **state)
{
	(void)state;
	struct logins_stats stats;
	packets_tell(40022, "failure");
	pass(6);
	assert_int_equal(said_count, 1);
	sshd_tells(40022, "root", "failure");
	pass(300);
	assert_int_equal(said_count, 1);
	logins_stats(logins, &stats);
	assert_int_equal(stats.late, 1);
	/* Of another connection, and so long after: who knows. */
	pass(20);
	pam_tells("root");
	pass(20);
	assert_int_equal(said_count, 2);
}

/* ---- what has happened twice ---- */

static void what_one_tells_twice_has_happened_twice(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		packets_tell(40022, "failure");
		pass(0.2);
		sshd_tells(40022, "root", "failure");
		pass(2);
	}
	packets_tell(40022, "success");
	sshd_tells(40022, "root", "success");
	pass(400);
	assert_int_equal(said_count, 4);
	for (size_t i = 0; i < 4; i++)
		is_whole(&said[i]);
	assert_string_equal(said[3].outcome, "success");
}

static void all_of_one_before_all_of_the_other(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		packets_tell(40022, "failure");
	for (int i = 0; i < 5; i++)
		sshd_tells(40022, "root", "failure");
	pass(400);
	assert_int_equal(said_count, 5);
	for (size_t i = 0; i < 5; i++)
		is_whole(&said[i]);
}

static void a_copy_of_the_log_counts_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct login_record copy = ssh(CLIENT_IP, 40022, "failure");
		sshd_tells(40022, "root", "failure");
		report(&copy, FILE_COPY, "root");
	}
	pass(400);
	assert_int_equal(said_count, 3);
}

static void others_are_others(void **state)
{
	(void)state;
	struct login_record other = ssh("198.51.100.8", 40022, "failure");
	packets_tell(40022, "failure");
	packets_tell(40023, "failure");
	sshd_tells(40024, "root", "failure"); /* another port */
	report(&other, SSHD, "root");         /* another client */
	sshd_tells(40022, "root", "success"); /* another outcome */
	other = ssh(CLIENT_IP, 0, "failure");
	record_text(other.protocol, sizeof(other.protocol), "imap");
	report(&other, SSHD, "root"); /* another protocol */
	pass(400);
	assert_int_equal(said_count, 6);
}

static void users_that_differ_are_two(void **state)
{
	(void)state;
	pam_tells("root");
	sshd_tells(40022, "bob", "failure");
	pass(400);
	assert_int_equal(said_count, 2);
}

/* vsftpd writes '?', we '.', and sshd escapes once or twice. */
static void a_name_that_nobody_can_print_is_one(void **state)
{
	(void)state;
	sshd_tells(40022, "\\342\\200evil", "failure");
	hint(40022, "\\\\342\\\\200evil");
	pam_tells("?342.200evil");
	pass(400);
	assert_int_equal(said_count, 1);
	assert_string_equal(said[0].user, "\\342\\200evil");
}

/* "Invalid user root" comes before the line that says how he tried. */
static void a_hint_is_not_all_that_is_to_come(void **state)
{
	(void)state;
	packets_tell(40022, "failure");
	hint(40022, "root");
	assert_int_equal(said_count, 0);
	sshd_tells(40022, "root", "failure");
	assert_int_equal(said_count, 1);
}

static void of_two_connections_the_own_one_is_meant(void **state)
{
	(void)state;
	packets_tell(1001, "failure");
	packets_tell(1002, "failure");
	sshd_tells(1002, "bob", "failure");
	sshd_tells(1001, "root", "failure");
	assert_int_equal(said_count, 2);
	assert_int_equal(said[0].client_port, 1002);
	assert_string_equal(said[0].user, "bob");
	assert_int_equal(said[1].client_port, 1001);
	assert_string_equal(said[1].user, "root");
}

/* ---- lines of many kinds ---- */

static void a_hint_counts_only_if_it_is_alone(void **state)
{
	(void)state;
	hint(40022, "admin");
	pass(8); /* who types has time */
	sshd_tells(40022, "admin", "failure");
	packets_tell(40022, "failure");
	sshd_tells(40022, "admin", "failure");
	packets_tell(40022, "failure");
	hint(40022, "admin");
	pass(400);
	assert_int_equal(said_count, 2);
	hint(40023, "admin");
	pass(400);
	assert_int_equal(said_count, 3);
	assert_string_equal(said[2].user, "admin");
}

static void one_line_may_tell_of_several(void **state)
{
	(void)state;
	struct login_record line;
	for (int i = 0; i < 3; i++) {
		packets_tell(40022, "failure");
		pass(6);
	}
	line = ssh(CLIENT_IP, 0, "failure");
	line.seen_by = "log";
	logins_take(logins,
		    &(struct login_report){
			    .login = &line, .teller = SSHD, .count = 3, .span_s = 20 });
	pass(400);
	assert_int_equal(said_count, 3);
	/* Alone, it is what there is. */
	line.at = now_us;
	logins_take(logins, &(struct login_report){
				    .login = &line, .teller = SSHD, .count = 3 });
	pass(400);
	assert_int_equal(said_count, 6);
}

static void repeated_lines_of_a_connection_may_come_late(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		packets_tell(40022, "failure");
	sshd_tells(40022, "root", "failure");
	pass(60);
	sshd_tells(40022, "root", "failure");
	sshd_tells(40022, "root", "failure");
	pass(400);
	assert_int_equal(said_count, 3);
}

static void a_log_without_clients_is_matched_by_the_rest(void **state)
{
	(void)state;
	struct login_record line = ssh(NULL, 0, "failure");
	struct login_record packets = ssh(CLIENT_IP, 40022, "failure");
	report(&line, SSHD, "bob");
	report(&packets, WIRE, "bob");
	assert_int_equal(said_count, 1);
	assert_int_equal(said[0].client_port, 40022);
	assert_string_equal(said[0].seen_by, "size");
	/* And in the other order. */
	report(&packets, WIRE, "bob");
	report(&line, SSHD, "bob");
	assert_int_equal(said_count, 2);
	/* The client is known by now: its next line finds the attempt. */
	pam_tells("bob");
	pass(400);
	assert_int_equal(said_count, 2);
}

static void unknown_outcomes_take_what_is_known(void **state)
{
	(void)state;
	packets_tell(40022, "unknown");
	sshd_tells(40022, "root", "success");
	assert_int_equal(said_count, 1);
	assert_string_equal(said[0].outcome, "success");
}

/* ---- bounds ---- */

static void a_full_table_gives_out_the_oldest(void **state)
{
	(void)state;
	struct logins_stats stats;
	for (uint32_t i = 0; i < LOGINS_MAX + 10; i++) {
		char client[32];
		snprintf(client, sizeof(client), "10.0.%u.%u", i >> 8, i & 255);
		struct login_record login = ssh(client, i + 1, "failure");
		report(&login, WIRE, "");
	}
	assert_int_equal(said_count, 10);
	assert_int_equal(said[9].client_port, 10);
	logins_stats(logins, &stats);
	assert_int_equal(stats.evicted, 10);
	logins_flush(logins);
	assert_int_equal(said_count, LOGINS_MAX + 10);
	pass(400);
	assert_int_equal(said_count, LOGINS_MAX + 10);
}

static void a_clock_set_back_holds_nothing(void **state)
{
	(void)state;
	packets_tell(40022, "failure");
	now_us -= 3600 * SECOND_US;
	logins_tick(logins, now_us);
	assert_int_equal(said_count, 1);
}

static void who_must_know_soon_is_told_once_and_not_of_hints(void **state)
{
	(void)state;
	packets_tell(40022, "failure");
	packets_tell(40023, "unknown"); /* nothing to judge by */
	hint(40024, "admin");
	pass(0.3);
	assert_int_equal(judged_count, 0);
	pass(0.3);
	assert_int_equal(judged_count, 1);
	assert_int_equal(said_count, 0);
	sshd_tells(40022, "root", "failure"); /* is whole, and said */
	assert_int_equal(said_count, 1);
	assert_int_equal(judged_count, 1);
	pass(400);
	assert_int_equal(said_count, 3);
	assert_int_equal(judged_count, 3);
}

static void without_logs_nothing_waits(void **state)
{
	(void)state;
	logins_free(logins);
	open_with(0);
	packets_tell(40022, "failure");
	packets_tell(40022, "failure");
	assert_int_equal(said_count, 2);
	assert_string_equal(said[0].seen_by, "size");
}

/* Whatever comes in whatever order, as many are said as the busiest teller told. */
static void any_order_gives_the_same_count(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int round = 0; round < 200; round++) {
		unsigned left[2] = { (unsigned)random() % 20, (unsigned)random() % 20 };
		size_t most = left[0] > left[1] ? left[0] : left[1];
		logins_free(logins);
		open_with(HOLD_S);
		while (left[0] + left[1] > 0) {
			unsigned teller = (unsigned)random() % 2;
			if (left[teller] == 0)
				teller = 1 - teller;
			left[teller]--;
			if (teller == 0)
				packets_tell(40022, "failure");
			else
				sshd_tells(40022, "root", "failure");
			pass((double)(random() % 100) / 100);
		}
		logins_flush(logins);
		assert_int_equal(said_count, most);
	}
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(packets_and_log_are_one_in_either_order),
		WITH(pam_and_the_daemon_and_packets_are_one),
		WITH(pam_does_not_know_users_that_do_not_exist),
		WITH(what_only_one_saw_waits_and_is_told),
		WITH(a_late_twin_is_no_attempt_of_its_own),
		WITH(what_one_tells_twice_has_happened_twice),
		WITH(all_of_one_before_all_of_the_other),
		WITH(a_copy_of_the_log_counts_nothing),
		WITH(others_are_others),
		WITH(users_that_differ_are_two),
		WITH(a_name_that_nobody_can_print_is_one),
		WITH(a_hint_is_not_all_that_is_to_come),
		WITH(of_two_connections_the_own_one_is_meant),
		WITH(a_hint_counts_only_if_it_is_alone),
		WITH(one_line_may_tell_of_several),
		WITH(repeated_lines_of_a_connection_may_come_late),
		WITH(a_log_without_clients_is_matched_by_the_rest),
		WITH(unknown_outcomes_take_what_is_known),
		WITH(a_full_table_gives_out_the_oldest),
		WITH(a_clock_set_back_holds_nothing),
		WITH(who_must_know_soon_is_told_once_and_not_of_hints),
		WITH(without_logs_nothing_waits),
		WITH(any_order_gives_the_same_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
