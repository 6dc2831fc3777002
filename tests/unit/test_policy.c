/*
 * test_policy.c: what a register may say, where it is wrong, and how it judges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW          1800000000000000LL /* 2027-01-15T08:00:00Z */

#define SSH "ports:\n  - {port: 22, transport: tcp, "

static struct policy *parse(const char *text)
{
	struct buf errors = { 0 };
	struct policy *policy = policy_parse(text, strlen(text), "f", &errors);
	if (policy == NULL)
		fail_msg("%s\nwas refused: %s", text, buf_cstr(&errors));
	assert_int_equal(errors.len, 0);
	buf_free(&errors);
	return policy;
}

/* A file, and what must be said of it. */
static const char *const wrong[][2] = {
	{ "", "f:1:1: not a register; allowed is the key ports:" },
	{ "[]", "f:1:1: not a register" },
	{ "a: 1\n", "f:1:1: unknown key \"a\"; allowed is ports, once" },
	{ "ports: []\nports: []\n", "f:2:1: " },
	{ "ports: 3\n", "f:1:8: ports can't be \"3\"; allowed is a list" },
	{ "ports:\n", "f:1:1: ports can't be empty; allowed is a list" },
	{ "ports: []\n---\nports: []\n", "f:2:1: a second document" },
	{ "ports: [22]\n", "f:1:9: an entry can't be \"22\"; allowed are keys" },
	{ "ports:\n  - transport: tcp\n",
	  "f:2:5: an entry without port; allowed is a number from 1 to 65535" },
	{ "ports:\n  - port: 22\n",
	  "f:2:5: an entry without transport; allowed is tcp, udp or sctp" },
	{ SSH "port: 23}", "f:2:32: port is set twice, first in line 2" },
	{ SSH "prot: ssh}",
	  "f:2:32: unknown key \"prot\"; allowed: port, transport, address, "
	  "namespace, exe, unit, package, user, protocol, clients, owner, "
	  "reason, approver, expires" },
	{ "ports:\n  - port: 0\n    transport: tcp\n",
	  "f:2:11: port can't be \"0\"; allowed is a number" },
	{ "ports:\n  - port: 65536\n    transport: tcp\n", "f:2:11: port can't" },
	{ "ports:\n  - port: 9-8\n    transport: tcp\n", "f:2:11: port can't be" },
	{ "ports:\n  - port: 8-\n    transport: tcp\n", "f:2:11: port can't be" },
	{ "ports:\n  - port: [8]\n    transport: tcp\n",
	  "f:2:11: port can't be a list" },
	{ "ports:\n  - port: 1\n    transport: icmp\n",
	  "f:3:16: transport can't be \"icmp\"; allowed is tcp, udp or sctp" },
	{ SSH "address: 10.0.0.0/33}", "f:2:41: address can't be \"10.0.0.0/33\"" },
	{ SSH "address: []}", "f:2:41: address can't be an empty list" },
	{ SSH "address: [any, ::1]}", "f:2:42: address can't be \"any\"; allowed" },
	{ SSH "clients: home}", "f:2:41: clients can't be \"home\"; allowed is any, "
				"loopback, private, an address" },
	{ SSH "clients: }", "clients can't be empty" },
	{ SSH "namespace: 7}", "f:2:43: namespace can't be \"7\"; allowed is own" },
	{ SSH "exe: sshd}", "f:2:37: exe can't be \"sshd\"; allowed is the full path" },
	{ SSH "exe: \"/a\\nb\"}", "f:2:37: exe can't be" },
	{ SSH "user: \"\"}", "f:2:38: user can't be \"\"" },
	{ SSH "user: a23456789012345678901234567890123}",
	  "allowed is a user's name, * for any part, at most 31 bytes" },
	{ SSH "owner: [a]}", "f:2:39: owner can't be a list; allowed is a text" },
	{ SSH "owner: \"a\\x1b[2J\"}", "f:2:39: owner can't be" },
	{ SSH "expires: tomorrow}",
	  "f:2:41: expires can't be \"tomorrow\"; allowed is a day such as" },
	{ SSH "expires: 90d}", "f:2:41: expires can't be \"90d\"" },
	{ SSH "expires: 2027-02-30}", "f:2:41: expires can't be" },
	{ SSH "owner: &a x}", "anchors, aliases and tags are not understood" },
	{ SSH "owner: *a}", "anchors, aliases and tags are not understood" },
	{ SSH "? [a] : b}", "unknown key" },
	{ "ports:\n  - port: 22\n    transport: tcp\n  - port: 22\n    "
	  "transport: "
	  "tcp\n",
	  "f:4:5: 22/tcp repeats or overlaps the entry in line 2; allowed" },
	{ "ports:\n  - {port: 1-9, transport: udp}\n"
	  "  - {port: 5, transport: udp, exe: /x}\n",
	  "f:3:5: 5/udp may be the same program as the entry in line 2" },
	{ "ports:\n  - {port: 53, transport: udp, address: 127.0.0.53}\n"
	  "  - {port: 53, transport: udp, address: loopback}\n",
	  "f:3:5: 53/udp repeats" },
	{ "ports:\n  - {port: 1, transport: tcp, owner: \x01}\n", "byte 0x01" },
};

static void what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct buf errors = { 0 };
		const char *text = wrong[i][0];
		if (policy_parse(text, strlen(text), "f", &errors) != NULL)
			fail_msg("was taken:\n%s", text);
		if (strstr(buf_cstr(&errors), wrong[i][1]) == NULL)
			fail_msg("%s\nsays: %swithout: %s", text, buf_cstr(&errors),
				 wrong[i][1]);
		buf_free(&errors);
	}
}

static void one_reading_shows_all_errors(void **state)
{
	(void)state;
	static const char text[] = "ports:\n  - port: x\n    transport: y\n"
				   "  - port: 1\n    transport: tcp\n    z: 1\n";
	struct buf errors = { 0 };
	assert_null(policy_parse(text, strlen(text), "f", &errors));
	buf_cstr(&errors);
	assert_non_null(strstr(errors.at, "f:2:11: "));
	assert_non_null(strstr(errors.at, "f:3:16: "));
	assert_non_null(strstr(errors.at, "f:6:5: "));
	buf_free(&errors);
}

static void entries_may_share_a_port_if_they_differ(void **state)
{
	(void)state;
	struct policy *policy =
		parse("ports:\n"
		      "  - {port: 53, transport: udp, exe: /usr/sbin/named}\n"
		      "  - {port: 53, transport: udp, exe: /usr/sbin/dnsmasq}\n"
		      "  - {port: 53, transport: tcp, address: 10.0.0.0/8}\n"
		      "  - {port: 53, transport: tcp, address: [192.0.2.1, '::/0']}\n"
		      "  - {port: 80, transport: tcp}\n"
		      "  - {port: 80, transport: tcp, namespace: other}\n"
		      "  - {port: 8000-8010, transport: tcp, user: a}\n"
		      "  - {port: 8010-8020, transport: tcp, user: b, exe: /x}\n");
	assert_int_equal(policy_count(policy), 8);
	policy_free(policy);
}

static void a_register_is_at_most_4096_entries(void **state)
{
	(void)state;
	struct buf text = { 0 }, errors = { 0 };
	buf_text(&text, "ports:\n");
	for (int i = 1; i <= 4096; i++)
		buf_printf(&text, "  - port: %d\n    transport: tcp\n    owner: x\n",
			   i);
	struct policy *policy = policy_parse(text.at, text.len, "f", &errors);
	assert_non_null(policy);
	assert_int_equal(policy_count(policy), 4096);
	policy_free(policy);
	buf_text(&text, "  - port: 5000\n    transport: tcp\n");
	assert_null(policy_parse(text.at, text.len, "f", &errors));
	assert_non_null(
		strstr(buf_cstr(&errors), "too many entries; allowed are 4096"));
	buf_free(&text);
	buf_free(&errors);
}

static void an_unreadable_file_is_one_line(void **state)
{
	(void)state;
	struct buf errors = { 0 };
	assert_null(policy_read("/nonexistent/policy.yaml", &errors));
	assert_string_equal(buf_cstr(&errors), "/nonexistent/policy.yaml:1:1: No such "
					       "file or directory\n");
	buf_free(&errors);
}

static struct listener_record listener(const char *ip, uint16_t port, const char *exe)
{
	struct listener_record l;
	record_init(RECORD_listener, &l);
	l.at = NOW;
	l.transport = "tcp";
	assert_true(addr_parse(ip, &l.ip));
	l.port = port;
	record_text(l.exe, sizeof(l.exe), exe);
	if (exe[0] != '\0') {
		record_text(l.user, sizeof(l.user), "root");
		record_text(l.unit, sizeof(l.unit), "ssh.service");
		record_text(l.package, sizeof(l.package), "openssh-server");
	}
	return l;
}

static const char listeners_register[] =
	"ports:\n"
	"  - {port: 22, transport: tcp, exe: /usr/sbin/sshd, unit: ssh.service}\n"
	"  - {port: 53, transport: tcp, address: loopback}\n"
	"  - {port: 54, transport: tcp, address: 10.0.0.0/8}\n"
	"  - {port: 55, transport: tcp, address: 0.0.0.0/0}\n"
	"  - {port: 56, transport: tcp, address: 0.0.0.0/8}\n"
	"  - {port: 57, transport: tcp, address: '::/0'}\n"
	"  - {port: 80-89, transport: tcp, exe: /usr/lib/postgresql/*/bin/postgres}\n"
	"  - {port: 90, transport: tcp, expires: 2027-01-14}\n"
	"  - {port: 91, transport: tcp, expires: 2027-01-15}\n"
	"  - {port: 92, transport: tcp, namespace: other}\n"
	"  - {port: 93, transport: tcp, user: www-data, reason: x}\n"
	"  - {port: 94, transport: tcp, unit: 'getty@*.service'}\n"
	"  - {port: 1-65535, transport: udp, address: 10.0.0.0/8}\n"
	"  - {port: 2000, transport: udp, address: 192.0.2.1}\n";

static const struct {
	const char *ip;
	uint16_t port;
	const char *exe;
	enum policy_verdict verdict;
	const char *reason;
} judged[] = {
	{ "0.0.0.0", 22, "/usr/sbin/sshd", POLICY_ALLOWED, "" },
	{ "::", 22, "/usr/sbin/sshd (deleted)", POLICY_ALLOWED, "" },
	{ "::", 22, "/tmp/sshd", POLICY_OTHER_PROGRAM,
	  "the register allows 22/tcp to exe /usr/sbin/sshd, not /tmp/sshd" },
	{ "::", 22, "", POLICY_UNSURE,
	  "the register allows 22/tcp to exe "
	  "/usr/sbin/sshd, and whose it is can't be "
	  "seen" },
	{ "127.0.0.1", 53, "/x", POLICY_ALLOWED, "" },
	{ "::1", 53, "/x", POLICY_ALLOWED, "" },
	{ "0.0.0.0", 53, "/x", POLICY_UNKNOWN_PORT,
	  "the register has no entry for 0.0.0.0:53/tcp" },
	{ "10.1.2.3", 54, "/x", POLICY_ALLOWED, "" },
	{ "11.1.2.3", 54, "/x", POLICY_UNKNOWN_PORT, "the register has no entry" },
	{ "0.0.0.0", 55, "/x", POLICY_ALLOWED, "" },
	{ "::", 55, "/x", POLICY_UNKNOWN_PORT,
	  "the register has no entry for [::]:55/tcp" },
	{ "::1", 55, "/x", POLICY_UNKNOWN_PORT, "" },
	{ "0.0.0.0", 56, "/x", POLICY_UNKNOWN_PORT, "" },
	{ "::", 57, "/x", POLICY_ALLOWED, "" },
	{ "10.0.0.1", 57, "/x", POLICY_UNKNOWN_PORT, "" },
	{ "::", 85, "/usr/lib/postgresql/15/bin/postgres", POLICY_ALLOWED, "" },
	{ "::", 85, "/usr/lib/postgresql/a/b/bin/postgres", POLICY_OTHER_PROGRAM, "" },
	{ "::", 85, "/usr/lib/postgresql/15/bin/postgresx", POLICY_OTHER_PROGRAM, "" },
	{ "::", 90, "/x", POLICY_EXPIRED,
	  "the approval of 90/tcp expired at 2027-01-15T00:00:00Z" },
	{ "::", 91, "/x", POLICY_ALLOWED, "" },
	{ "::", 92, "/x", POLICY_UNKNOWN_PORT, "" },
	{ "::", 93, "/x", POLICY_OTHER_PROGRAM,
	  "the register allows 93/tcp to user www-data, not root" },
	{ "::", 94, "/x", POLICY_OTHER_PROGRAM, "" },
	{ "::", 1, "/x", POLICY_UNKNOWN_PORT, "" },
};

static void a_listener_is_judged_by_the_register(void **state)
{
	(void)state;
	struct policy *policy = parse(listeners_register);
	for (size_t i = 0; i < COUNT(judged); i++) {
		struct buf reason = { 0 };
		struct listener_record l =
			listener(judged[i].ip, judged[i].port, judged[i].exe);
		enum policy_verdict verdict =
			policy_judge_listener(policy, &l, NOW, &reason);
		const char *said = buf_cstr(&reason);
		if (verdict != judged[i].verdict ||
		    strstr(said, judged[i].reason) == NULL)
			fail_msg("%s:%u %s: verdict %d: %s", judged[i].ip,
				 judged[i].port, judged[i].exe, (int)verdict, said);
		assert_int_equal(reason.len == 0, verdict == POLICY_ALLOWED);
		/* What can't be seen is unknown to a record, not refused. */
		policy_mark(policy, &l, NOW, &reason);
		assert_int_equal(l.authorized, verdict == POLICY_UNSURE
						       ? UNKNOWN_FLAG
						       : verdict == POLICY_ALLOWED);
		assert_int_equal(l.approval[0] != '\0',
				 verdict == POLICY_ALLOWED ||
					 verdict == POLICY_EXPIRED);
		buf_free(&reason);
	}
	policy_free(policy);
}

static void the_entries_behind_a_wide_range_are_found(void **state)
{
	(void)state;
	struct policy *policy = parse(listeners_register);
	struct buf reason = { 0 };
	struct listener_record l = listener("10.9.9.9", 65535, "/x");
	l.transport = "udp";
	assert_int_equal(policy_judge_listener(policy, &l, NOW, &reason),
			 POLICY_ALLOWED);
	l = listener("192.0.2.1", 2000, "/x");
	l.transport = "udp";
	assert_int_equal(policy_judge_listener(policy, &l, NOW, &reason),
			 POLICY_ALLOWED);
	l.port = 2001;
	assert_int_equal(policy_judge_listener(policy, &l, NOW, &reason),
			 POLICY_UNKNOWN_PORT);
	l = listener("::", 92, "/x");
	l.netns = 4026532000;
	assert_int_equal(policy_judge_listener(policy, &l, NOW, &reason),
			 POLICY_ALLOWED);
	l.transport = NULL;
	assert_int_equal(policy_judge_listener(policy, &l, NOW, &reason),
			 POLICY_UNKNOWN_PORT);
	buf_free(&reason);
	policy_free(policy);
}

static struct flow_record flow(const char *client, const char *server, uint16_t port)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = NOW;
	f.transport = "tcp";
	f.state = "SF";
	f.client_port = 50000;
	f.server_port = port;
	assert_true(addr_parse(client, &f.client_ip));
	assert_true(addr_parse(server, &f.server_ip));
	return f;
}

static void a_client_is_judged_by_the_entry_of_its_port(void **state)
{
	(void)state;
	static const struct {
		const char *client, *server;
		uint16_t port;
		enum policy_verdict verdict;
		const char *reason;
	} cases[] = {
		{ "10.1.1.1", "192.0.2.1", 22, POLICY_ALLOWED, "" },
		{ "11.1.1.1", "192.0.2.1", 22, POLICY_CLIENT,
		  "the register does not list 11.1.1.1 among the clients of 22/tcp" },
		{ "2001:db8::7", "2001:db8::1", 22, POLICY_CLIENT, "" },
		{ "fd00::7", "2001:db8::1", 23, POLICY_ALLOWED, "" },
		{ "192.168.3.4", "192.0.2.1", 23, POLICY_ALLOWED, "" },
		{ "8.8.8.8", "192.0.2.1", 23, POLICY_CLIENT, "" },
		{ "8.8.8.8", "192.0.2.1", 24, POLICY_ALLOWED, "" },
		{ "8.8.8.8", "192.0.2.1", 25, POLICY_CLIENT, "" },
		{ "127.0.0.1", "127.0.0.1", 25, POLICY_ALLOWED, "" },
		{ "192.0.2.1", "192.0.2.1", 25, POLICY_ALLOWED, "" },
		{ "8.8.8.8", "192.0.2.1", 26, POLICY_EXPIRED, "expired" },
		{ "8.8.8.8", "192.0.2.1", 27, POLICY_UNKNOWN_PORT, "no entry" },
		{ "8.8.8.8", "192.0.2.2", 28, POLICY_UNKNOWN_PORT, "no entry" },
		{ "8.8.8.8", "224.0.0.251", 28, POLICY_ALLOWED, "" },
		{ "8.8.8.8", "192.0.2.1", 29, POLICY_UNKNOWN_PORT, "" },
	};
	struct policy *policy =
		parse("ports:\n"
		      "  - {port: 22, transport: tcp, clients: [10.0.0.0/8]}\n"
		      "  - {port: 23, transport: tcp, clients: private}\n"
		      "  - {port: 24, transport: tcp}\n"
		      "  - {port: 25, transport: tcp, clients: []}\n"
		      "  - {port: 26, transport: tcp, expires: 2020-01-01}\n"
		      "  - {port: 28, transport: tcp, address: 192.0.2.1}\n"
		      "  - {port: 29, transport: tcp, namespace: other}\n");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf reason = { 0 };
		struct flow_record f =
			flow(cases[i].client, cases[i].server, cases[i].port);
		enum policy_verdict verdict =
			policy_judge_flow(policy, &f, NOW, &reason);
		if (verdict != cases[i].verdict ||
		    strstr(buf_cstr(&reason), cases[i].reason) == NULL)
			fail_msg("%s to %u: verdict %d: %s", cases[i].client,
				 cases[i].port, (int)verdict, buf_cstr(&reason));
		buf_free(&reason);
	}
	policy_free(policy);
}

static void scans_and_refusals_are_no_connections(void **state)
{
	(void)state;
	static const struct {
		const char *transport, *state;
		uint64_t client_payload, server_payload;
		bool is_connection;
	} cases[] = {
		{ "tcp", "S0", 0, 0, false },   { "tcp", "REJ", 0, 0, false },
		{ "tcp", "SF", 1, 1, true },    { "tcp", "S1", 0, 0, true },
		{ "tcp", "RSTO", 0, 0, true },  { "tcp", "OTH", 5, 0, false },
		{ "tcp", "OTH", 5, 5, true },   { "tcp", NULL, UNKNOWN_U64, 5, false },
		{ "udp", "S0", 5, 0, true },    { "sctp", "OTH", 0, 0, true },
		{ "icmp", "OTH", 5, 5, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct flow_record f = flow("10.0.0.1", "10.0.0.2", 1);
		f.transport = cases[i].transport;
		f.state = cases[i].state;
		f.client_packets = 1;
		f.client_payload_bytes = cases[i].client_payload;
		f.server_payload_bytes = cases[i].server_payload;
		if (policy_is_connection(&f) != cases[i].is_connection)
			fail_msg("case %zu", i);
	}
}

static void the_protocol_is_that_of_the_listeners_entry(void **state)
{
	(void)state;
	struct policy *policy =
		parse("ports:\n"
		      "  - {port: 22, transport: tcp, exe: /a, protocol: ssh}\n"
		      "  - {port: 22, transport: tcp, exe: /b, protocol: http}\n"
		      "  - {port: 23, transport: tcp}\n");
	struct listener_record l = listener("::", 22, "/b");
	assert_string_equal(policy_protocol(policy, &l), "http");
	l.port = 23;
	assert_null(policy_protocol(policy, &l));
	l.port = 24;
	assert_null(policy_protocol(policy, &l));
	policy_free(policy);
}

static void a_reviewer_is_told_what_is_missing(void **state)
{
	(void)state;
	struct policy *policy = parse(
		"ports:\n"
		"  - {port: 1, transport: tcp, owner: a, reason: b, approver: c}\n"
		"  - {port: 2, transport: tcp, owner: '', reason: , approver: c}\n"
		"  - {port: 3-4, transport: tcp, owner: a, reason: b, approver: c,"
		" expires: 2027-01-01T01:00:00+01:00}\n");
	struct buf out = { 0 };
	assert_int_equal(policy_review(policy, NOW, &out), 2);
	assert_string_equal(
		buf_cstr(&out),
		"f:3:5: 2/tcp has no owner, no reason\n"
		"f:4:5: 3-4/tcp has expired at 2027-01-01T00:00:00.000000Z\n");
	buf_free(&out);
	int64_t expiry = 1798761600000000LL;
	assert_int_equal(policy_next_expiry(policy, expiry - 1), expiry);
	assert_int_equal(policy_next_expiry(policy, expiry), INT64_MAX);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(one_reading_shows_all_errors),
		cmocka_unit_test(entries_may_share_a_port_if_they_differ),
		cmocka_unit_test(a_register_is_at_most_4096_entries),
		cmocka_unit_test(an_unreadable_file_is_one_line),
		cmocka_unit_test(a_listener_is_judged_by_the_register),
		cmocka_unit_test(the_entries_behind_a_wide_range_are_found),
		cmocka_unit_test(a_client_is_judged_by_the_entry_of_its_port),
		cmocka_unit_test(scans_and_refusals_are_no_connections),
		cmocka_unit_test(the_protocol_is_that_of_the_listeners_entry),
		cmocka_unit_test(a_reviewer_is_told_what_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
