/*
 * test_policy_propose.c: a proposed register reads back and allows what it was made
 * from; what is printed from a register is taken by nft and systemd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/home.h"
#include "policy/policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW          1800000000000000LL

enum { ROUNDS = 300, LISTENERS = 60, FLOWS = 200 };

static struct addr addr(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static struct home own_addresses(void)
{
	static const char *const own[] = { "127.0.0.0/8", "::1", "192.0.2.1",
					   "2001:db8::1", "10.0.0.1" };
	struct home home = { .count = 0 };
	for (size_t i = 0; i < COUNT(own); i++) {
		struct prefix prefix;
		assert_true(prefix_parse(own[i], &prefix));
		assert_true(home_add(&home, &prefix));
	}
	return home;
}

static const char *pick(const char *const *from, size_t count)
{
	return from[(size_t)random() % count];
}
#define PICK(array) pick(array, COUNT(array))

static const char *const servers[] = { "0.0.0.0",     "::",      "127.0.0.1",
				       "127.0.0.53",  "::1",     "192.0.2.1",
				       "2001:db8::1", "10.0.0.1" };

static struct listener_record any_listener(void)
{
	static const char *const exes[] = { "",
					    "/usr/sbin/nginx",
					    "/usr/sbin/sshd",
					    "/opt/a b/\"x\": [y]",
					    "/tmp/\x01\xff\n*",
					    "/usr/bin/null (deleted)",
					    "odd" };
	static const char *const units[] = { "", "nginx.service", "session-3.scope",
					     "a@b.service", "null" };
	static const char *const users[] = { "", "root", "www-data", "1000", "~" };
	static const char *const transports[] = { "tcp", "udp", "sctp" };
	struct listener_record l;
	record_init(RECORD_listener, &l);
	l.at = NOW;
	l.transport = PICK(transports);
	l.ip = addr(PICK(servers));
	l.port = 1 + (uint32_t)random() % 12;
	if (random() % 8 == 0)
		l.port = 65535;
	if (random() % 8 == 0)
		l.netns = 4026532000;
	record_text(l.exe, sizeof(l.exe), PICK(exes));
	record_text(l.unit, sizeof(l.unit), PICK(units));
	record_text(l.user, sizeof(l.user), PICK(users));
	record_text(l.package, sizeof(l.package), PICK(units));
	record_text(l.process, sizeof(l.process), PICK(exes));
	return l;
}

static struct addr any_client(void)
{
	static const char *const clients[] = { "10.0.7.1",  "192.168.0.9", "fe80::1",
					       "fd00:1::2", "0.0.0.0",     "::",
					       "127.0.0.1", "::1" };
	struct addr a = addr(PICK(clients));
	if (random() % 2 == 0)
		return a;
	a = addr(random() % 2 ? "203.0.113.0" : "2001:db8:5::");
	a.ip6[15] = (uint8_t)random();
	a.ip6[7] = addr_is_v4(&a) ? 0 : (uint8_t)random();
	return a;
}

/* A connection to one of the listeners. */
static struct flow_record any_flow(const struct listener_record *l)
{
	static const char *const v4[] = { "192.0.2.1", "10.0.0.1", "224.0.0.251" };
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = NOW;
	f.transport = l->transport;
	f.state = "SF";
	f.client_packets = 1;
	f.client_ip = any_client();
	f.server_ip = l->ip;
	f.server_port = l->port;
	struct addr every_v4 = addr("0.0.0.0"), every_v6 = addr("::");
	if (addr_equal(&l->ip, &every_v4))
		f.server_ip = addr(PICK(v4));
	else if (addr_equal(&l->ip, &every_v6))
		f.server_ip = addr("2001:db8::1");
	return f;
}

struct world {
	struct listener_record listeners[LISTENERS];
	struct flow_record flows[FLOWS];
	size_t listener_count, flow_count;
};

static void make_world(struct world *world)
{
	world->listener_count = 1 + (size_t)random() % LISTENERS;
	world->flow_count = 0;
	for (size_t i = 0; i < world->listener_count; i++)
		world->listeners[i] = any_listener();
	size_t wanted = (size_t)random() % FLOWS;
	for (size_t i = 0; i < wanted; i++) {
		size_t number = (size_t)random() % LISTENERS;
		const struct listener_record *l = &world->listeners[number];
		/* Ports of another namespace have no address of ours. */
		if (number < world->listener_count && l->netns == UNKNOWN_U64)
			world->flows[world->flow_count++] = any_flow(l);
	}
}

static void propose(const struct world *world, struct buf *out)
{
	struct home own = own_addresses();
	struct policy_seen *seen = policy_seen_new(&own);
	assert_non_null(seen);
	for (size_t i = 0; i < world->listener_count; i++)
		policy_seen_listener(seen, &world->listeners[i]);
	for (size_t i = 0; i < world->flow_count; i++)
		policy_seen_flow(seen, &world->flows[i]);
	policy_propose(seen, NOW, out);
	policy_seen_free(seen);
	assert_true(buf_ok(out));
}

static void check_allows(const struct policy *policy, const struct world *world,
			 struct buf *text)
{
	struct buf reason = { 0 };
	for (size_t i = 0; i < world->listener_count; i++)
		if (policy_judge_listener(policy, &world->listeners[i], NOW, &reason) !=
		    POLICY_ALLOWED)
			fail_msg("listener %zu: %s\n%s", i, buf_cstr(&reason),
				 buf_cstr(text));
	for (size_t i = 0; i < world->flow_count; i++)
		if (policy_judge_flow(policy, &world->flows[i], NOW, &reason) !=
		    POLICY_ALLOWED)
			fail_msg("flow %zu: %s\n%s", i, buf_cstr(&reason),
				 buf_cstr(text));
	buf_free(&reason);
}

static struct policy *read_back(struct buf *text)
{
	struct buf errors = { 0 };
	struct policy *policy = policy_parse(text->at, text->len, "proposed", &errors);
	if (policy == NULL)
		fail_msg("refused: %s\n%s", buf_cstr(&errors), buf_cstr(text));
	buf_free(&errors);
	return policy;
}

/*
 * Writes the text into a new file and runs the command, given its name last; at most
 * four words before.  The exit status; RUN_MISSING without that program.
 */
enum { RUN_MISSING = -1, WORDS_MAX = 4 };

static int run_on(const struct buf *text, const char *const *words, const char *ending)
{
	char path[64];
	char *argv[WORDS_MAX + 2] = { NULL };
	size_t count = 0;
	snprintf(path, sizeof(path), "/tmp/breakwater-test-XXXXXX%s", ending);
	int fd = mkstemps(path, (int)strlen(ending));
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text->at, text->len), text->len);
	close(fd);
	for (; count < WORDS_MAX && words[count] != NULL; count++)
		argv[count] = (char *)(uintptr_t)words[count];
	argv[count] = path;
	pid_t child;
	int status = 0,
	    error = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);
	if (error == 0)
		assert_int_equal(waitpid(child, &status, 0), child);
	unlink(path);
	return error != 0 ? RUN_MISSING : WEXITSTATUS(status);
}

/* nft asks the kernel even when it only checks, which an ordinary user may not. */
static bool can_check_nft(void)
{
	return geteuid() == 0;
}

static void check_nft(const struct policy *policy)
{
	struct buf out = { 0 };
	policy_nftables(policy, NOW, &out);
	static const char *const nft[] = { "nft", "-c", "-f", NULL };
	int status = run_on(&out, nft, ".nft");
	if (status > 0)
		fail_msg("nft refuses:\n%s", buf_cstr(&out));
	buf_free(&out);
}

static void a_proposal_reads_back_and_allows_what_it_was_made_from(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	struct world *world = malloc(sizeof(*world));
	assert_non_null(world);
	print_message("# seed %u\n", seed);
	srandom(seed);
	for (int round = 0; round < ROUNDS; round++) {
		struct buf text = { 0 };
		make_world(world);
		propose(world, &text);
		struct policy *policy = read_back(&text);
		check_allows(policy, world, &text);
		if (round < 10 && can_check_nft())
			check_nft(policy);
		policy_free(policy);
		buf_free(&text);
	}
	free(world);
}

static const char proposed[] =
	"# The register of authorised ports, as proposed at "
	"2027-01-15T08:00:00Z.\n"
	"# Read every entry: what was there is not what should be.  Fill in\n"
	"# owner, reason and approver; take out what nobody wants to own.\n"
	"\n"
	"ports:\n"
	"  # nginx of nginx, 3 connections seen\n"
	"  - port: 80\n"
	"    transport: tcp\n"
	"    address: any\n"
	"    exe: /usr/sbin/nginx\n"
	"    unit: nginx.service\n"
	"    user: root\n"
	"    clients: [\"10.0.7.0/24\", \"203.0.113.5\"]\n"
	"    owner: \"\"\n"
	"    reason: \"\"\n"
	"    approver: \"\"\n"
	"\n"
	"  # nginx of nginx, 0 connections seen\n"
	"  - port: 631\n"
	"    transport: tcp\n"
	"    address: loopback\n"
	"    exe: /usr/sbin/nginx\n"
	"    unit: nginx.service\n"
	"    user: root\n"
	"    clients: loopback\n"
	"    owner: \"\"\n"
	"    reason: \"\"\n"
	"    approver: \"\"\n";

/* nginx on every address, and on one of loopback; three clients. */
static void make_nginx(struct world *world)
{
	world->listener_count = 4;
	world->flow_count = 3;
	static const char *const ips[] = { "0.0.0.0", "::", "0.0.0.0", "127.0.0.1" };
	for (size_t i = 0; i < 4; i++) {
		struct listener_record *l = &world->listeners[i];
		record_init(RECORD_listener, l);
		l->transport = "tcp";
		l->ip = addr(ips[i]);
		l->port = i == 3 ? 631 : 80;
		l->pid = 100 + (uint32_t)i;
		record_text(l->exe, sizeof(l->exe), "/usr/sbin/nginx");
		record_text(l->unit, sizeof(l->unit), "nginx.service");
		record_text(l->user, sizeof(l->user), "root");
		record_text(l->process, sizeof(l->process), "nginx");
		record_text(l->package, sizeof(l->package), "nginx");
	}
	static const char *const clients[] = { "10.0.7.1", "10.0.7.200",
					       "203.0.113.5" };
	for (size_t i = 0; i < 3; i++) {
		world->flows[i] = any_flow(&world->listeners[0]);
		world->flows[i].transport = "tcp";
		world->flows[i].client_ip = addr(clients[i]);
		world->flows[i].server_ip = addr("192.0.2.1");
	}
}

static void one_program_on_both_families_is_one_entry(void **state)
{
	(void)state;
	struct world *world = calloc(1, sizeof(*world));
	struct buf text = { 0 };
	assert_non_null(world);
	make_nginx(world);
	propose(world, &text);
	assert_string_equal(buf_cstr(&text), proposed);
	free(world);
	struct policy *policy = read_back(&text);
	buf_clear(&text);
	assert_int_equal(policy_review(policy, NOW, &text), 2);
	policy_free(policy);
	buf_free(&text);
}

static void add_flows(struct policy_seen *seen, const char *net, uint32_t count)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.transport = "tcp";
	f.state = "SF";
	f.server_ip = addr("192.0.2.1");
	f.server_port = 80;
	f.client_ip = addr(net);
	for (uint32_t i = 0; i < count; i++) {
		f.client_ip.ip6[13] = (uint8_t)(i >> 8);
		f.client_ip.ip6[14] = (uint8_t)i;
		policy_seen_flow(seen, &f);
	}
}

static void many_clients_become_a_word(void **state)
{
	(void)state;
	static const struct {
		const char *net;
		uint32_t count;
		const char *clients;
	} cases[] = {
		{ "10.0.0.1", 32, "10.0.31.0/24\"]" },
		{ "10.0.0.1", 33, "clients: [private]" },
		{ "11.0.0.1", 16, "\"11.0.15.1\"]" },
		{ "11.0.0.1", 17, "clients: any\n" },
		{ "11.0.0.1", 0, "clients: [] # nobody was seen" },
	};
	struct home own = own_addresses();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy_seen *seen = policy_seen_new(&own);
		struct listener_record l;
		struct buf out = { 0 };
		record_init(RECORD_listener, &l);
		l.transport = "tcp";
		l.ip = addr("::");
		l.port = 80;
		policy_seen_listener(seen, &l);
		l.ip = addr("0.0.0.0");
		policy_seen_listener(seen, &l);
		add_flows(seen, cases[i].net, cases[i].count);
		policy_propose(seen, NOW, &out);
		if (strstr(buf_cstr(&out), cases[i].clients) == NULL)
			fail_msg("%s\nwithout %s", out.at, cases[i].clients);
		buf_free(&out);
		policy_seen_free(seen);
	}
}

static void ten_thousand_ports_of_a_program_are_a_range(void **state)
{
	(void)state;
	struct home own = own_addresses();
	struct policy_seen *seen = policy_seen_new(&own);
	struct listener_record l;
	struct buf out = { 0 };
	record_init(RECORD_listener, &l);
	l.transport = "tcp";
	l.ip = addr("0.0.0.0");
	record_text(l.exe, sizeof(l.exe), "/usr/bin/many");
	for (l.port = 20000; l.port < 30000; l.port++)
		policy_seen_listener(seen, &l);
	policy_propose(seen, NOW, &out);
	struct policy *policy = read_back(&out);
	assert_int_equal(policy_count(policy), 1);
	assert_non_null(strstr(buf_cstr(&out), "- port: 20000-29999\n"));
	policy_free(policy);
	buf_free(&out);
	policy_seen_free(seen);
}

static void what_does_not_fit_or_hides_is_left_out_and_said(void **state)
{
	(void)state;
	struct home own = own_addresses();
	struct policy_seen *seen = policy_seen_new(&own);
	struct listener_record l;
	struct buf out = { 0 };
	record_init(RECORD_listener, &l);
	l.transport = "tcp";
	l.ip = addr("0.0.0.0");
	for (l.port = 1; l.port < 10000; l.port += 2)
		policy_seen_listener(seen, &l);
	l.hidden = 1;
	policy_seen_listener(seen, &l);
	policy_propose(seen, NOW, &out);
	struct policy *policy = read_back(&out);
	assert_int_equal(policy_count(policy), 4096);
	assert_non_null(strstr(buf_cstr(&out), "# Left out: 904, as"));
	assert_non_null(strstr(out.at, "# Left out: 1 listeners that are hidden"));
	policy_free(policy);
	buf_free(&out);
	policy_seen_free(seen);
}

static const char printed_register[] =
	"ports:\n"
	"  - {port: 22, transport: tcp, unit: ssh.service,\n"
	"     clients: [10.0.0.0/8, 10.1.0.0/16, 'fd00::/8', 127.0.0.1],\n"
	"     owner: \"Jörg \\\"J\\\" O'Neil\", reason: \"administration $x; \\\\ "
	"ok\"}\n"
	"  - {port: 53, transport: udp, address: [10.0.0.1, '::1'], clients: "
	"[any_net]}\n"
	"  - {port: 80, transport: tcp, unit: nginx.service, reason: LONG}\n"
	"  - {port: 443, transport: tcp, unit: nginx.service, address: 0.0.0.0/0,\n"
	"     clients: ['0.0.0.0/0', '::/0']}\n"
	"  - {port: 8000-8010, transport: sctp, unit: 'a@*.service', clients: "
	"['::/0']}\n"
	"  - {port: 631, transport: tcp, address: loopback, unit: cups.socket,\n"
	"     clients: loopback}\n"
	"  - {port: 99, transport: tcp, unit: old.service, expires: 2020-01-01}\n"
	"  - {port: 98, transport: tcp, namespace: other, unit: 'x*y.service'}\n"
	"  - {port: 97, transport: tcp, unit: init.scope}\n";

/* The register above, with what can't stand in a C text. */
static struct policy *printed_policy(void)
{
	struct buf text = { 0 }, errors = { 0 };
	for (const char *s = printed_register; *s != '\0'; s++)
		if (strncmp(s, "LONG", 4) == 0) {
			for (int i = 0; i < 40; i++)
				buf_text(&text, "wörd");
			s += 3;
		} else if (strncmp(s, "any_net", 7) == 0) {
			buf_text(&text, "10.0.0.0/24");
			s += 6;
		} else {
			buf_char(&text, *s);
		}
	struct policy *policy = policy_parse(text.at, text.len, "f", &errors);
	if (policy == NULL)
		fail_msg("refused: %s", buf_cstr(&errors));
	buf_free(&text);
	buf_free(&errors);
	return policy;
}

static void nftables_opens_what_the_register_allows_and_no_more(void **state)
{
	(void)state;
	struct buf out = { 0 };
	struct policy *policy = printed_policy();
	policy_nftables(policy, NOW, &out);
	static const char *const lines[] = {
		"\t\ttype filter hook input priority filter; policy drop;\n",
		" ip saddr { 10.0.0.0/8 } tcp dport 22 accept comment \"administration",
		" $x; \\ ok; owner: Jörg 'J' O'Neil\"\n",
		"\t\tmeta nfproto ipv6 ip6 saddr { fd00::/8 } tcp dport 22 accept",
		"ipv4 ip daddr { 10.0.0.1 } ip saddr { 10.0.0.0/24 } udp dport 53 acc",
		" dport 53 accept comment \"no reason; owner: nobody\"\n",
		"\t\ttcp dport 80 accept comment \"wörd",
		"\t\tmeta nfproto ipv4 tcp dport 443 accept",
		"\t\tmeta nfproto ipv6 sctp dport 8000-8010 accept",
		"\t\t# 631/tcp: for this machine alone\n",
		"\t\t# 99/tcp: its approval has expired\n",
		"\t\t# 98/tcp: of another network namespace\n",
	};
	static const char *const never[] = {
		"dport 631",   "dport 99",
		"dport 98",    "meta nfproto ipv6 tcp dport 443",
		"10.1.0.0/16", "127.0.0.1"
	};
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(buf_cstr(&out), lines[i]) == NULL)
			fail_msg("%s\nwithout %s", out.at, lines[i]);
	for (size_t i = 0; i < COUNT(never); i++)
		assert_null(strstr(out.at, never[i]));
	buf_free(&out);
	policy_free(policy);
}

static void nft_takes_the_rules(void **state)
{
	(void)state;
	if (!can_check_nft())
		skip();
	struct policy *policy = printed_policy();
	check_nft(policy);
	policy_free(policy);
}

static void drop_ins_bind_and_talk_as_the_register_says(void **state)
{
	(void)state;
	struct buf out = { 0 };
	struct policy *policy = printed_policy();
	policy_systemd(policy, NOW, &out);
	static const char *const parts[] = {
		"\n# /etc/systemd/system/ssh.service.d/50-breakwater.conf\n[Service]\n"
		"SocketBindAllow=tcp:22\nSocketBindDeny=any\n"
		"IPAddressAllow=localhost\nIPAddressAllow=10.0.0.0/8\n"
		"IPAddressAllow=10.1.0.0/16\nIPAddressAllow=fd00::/8\n"
		"IPAddressDeny=any\n",
		"\n# "
		"/etc/systemd/system/nginx.service.d/50-breakwater.conf\n[Service]\n"
		"SocketBindAllow=tcp:80\nSocketBindAllow=ipv4:tcp:443\n"
		"SocketBindDeny=any\n# Any client: no IPAddress lines.\n",
		"\n# /etc/systemd/system/a@.service.d/50-breakwater.conf\n[Service]\n"
		"SocketBindAllow=8000-8010\n",
		"\n# /etc/systemd/system/cups.socket.d/50-breakwater.conf\n[Socket]\n"
		"SocketBindAllow=tcp:631\nSocketBindDeny=any\nIPAddressAllow="
		"localhost\n"
		"IPAddressDeny=any\n",
		"\n# /etc/systemd/system/old.service.d/50-breakwater.conf\n[Service]\n"
		"SocketBindDeny=any\n",
		"\n# No drop-in for x*y.service: only for",
		"\n# No drop-in for init.scope: only for",
	};
	for (size_t i = 0; i < COUNT(parts); i++)
		if (strstr(buf_cstr(&out), parts[i]) == NULL)
			fail_msg("%s\nwithout %s", out.at, parts[i]);
	buf_free(&out);
	policy_free(policy);
}

static void systemd_takes_the_drop_ins(void **state)
{
	(void)state;
	static const char *const verify[] = { "systemd-analyze", "verify", "--man=no",
					      "--recursive-errors=no", NULL };
	struct buf out = { 0 }, unit = { 0 };
	struct policy *policy = printed_policy();
	policy_systemd(policy, NOW, &out);
	size_t checked = 0;
	bool is_missing = false;
	for (const char *at = buf_cstr(&out);
	     (at = strstr(at, "\n[Service]\n")) != NULL; checked++) {
		const char *end = strstr(at, "\n\n");
		buf_clear(&unit);
		buf_add(&unit, at, end != NULL ? (size_t)(end - at) : strlen(at));
		buf_text(&unit, "\nExecStart=/bin/true\n");
		int status = run_on(&unit, verify, ".service");
		is_missing |= status == RUN_MISSING;
		if (status > 0)
			fail_msg("systemd refuses:\n%s", buf_cstr(&unit));
		at++;
	}
	assert_int_equal(checked, 4);
	buf_free(&unit);
	buf_free(&out);
	policy_free(policy);
	if (is_missing)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_proposal_reads_back_and_allows_what_it_was_made_from),
		cmocka_unit_test(one_program_on_both_families_is_one_entry),
		cmocka_unit_test(many_clients_become_a_word),
		cmocka_unit_test(ten_thousand_ports_of_a_program_are_a_range),
		cmocka_unit_test(what_does_not_fit_or_hides_is_left_out_and_said),
		cmocka_unit_test(nftables_opens_what_the_register_allows_and_no_more),
		cmocka_unit_test(nft_takes_the_rules),
		cmocka_unit_test(drop_ins_bind_and_talk_as_the_register_says),
		cmocka_unit_test(systemd_takes_the_drop_ins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
