/*
 * test_sessions.c: the sessions of a blocked source end, and nobody else's: who is
 * meant, and in a network namespace of its own real sockets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard/sessions_inside.h"

enum { PORT = 7070, OTHER_PORT = 7071, MANY = 300, PATIENCE_MS = 5000 };

static struct prefix prefix(const char *text)
{
	struct prefix p;
	assert_true(prefix_parse(text, &p));
	return p;
}

static struct addr addr(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

/* ---- who is meant ---- */

static void only_who_is_meant_is_found(void **state)
{
	(void)state;
	struct session_order order = { .at = NULL };
	struct session_target targets[] = {
		{ .prefix = prefix("192.0.2.1") },
		{ .prefix = prefix("198.51.100.0/24"),
		  .port = 22,
		  .proto = IPPROTO_TCP },
		{ .prefix = prefix("2001:db8::/64") },
	};
	static const struct {
		const char *remote;
		uint16_t port;
		uint8_t proto;
		int target; /* -1: nobody */
	} cases[] = {
		{ "192.0.2.1", 80, IPPROTO_TCP, 0 },
		{ "192.0.2.2", 80, IPPROTO_TCP, -1 },
		{ "192.0.2.0", 80, IPPROTO_TCP, -1 },
		{ "198.51.100.9", 22, IPPROTO_TCP, 1 },
		{ "198.51.100.9", 22, IPPROTO_UDP, -1 },
		{ "198.51.100.9", 80, IPPROTO_TCP, -1 },
		{ "198.51.101.9", 22, IPPROTO_TCP, -1 },
		{ "2001:db8::9", 53, IPPROTO_UDP, 2 },
		{ "2001:db8:0:1::9", 53, IPPROTO_UDP, -1 },
	};
	assert_true(session_order_set(&order, targets, 3));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr remote = addr(cases[i].remote);
		const struct session_target *found = session_order_find(
			&order, &remote, cases[i].port, cases[i].proto);
		assert_ptr_equal(
			found, cases[i].target < 0 ? NULL : &targets[cases[i].target]);
	}
	assert_true(session_order_set(&order, targets, 0));
	struct addr remote = addr("192.0.2.1");
	assert_null(session_order_find(&order, &remote, 80, IPPROTO_TCP));
	free(order.at);
}

static void what_holds_ip4_and_ip6_has_no_filter(void **state)
{
	(void)state;
	uint8_t filter[SESSION_FILTER_MAX];
	struct session_order order = { .at = NULL };
	struct session_target targets[9];
	for (size_t i = 0; i < 9; i++)
		targets[i] = (struct session_target){ .prefix = prefix("2001:db8::1") };
	assert_true(session_order_set(&order, targets, 8));
	assert_int_equal(session_filter(&order, filter), 8 * 28 + 7 * 4);
	assert_true(session_order_set(&order, targets, 9));
	assert_int_equal(session_filter(&order, filter), 0);
	targets[0].prefix = prefix("::/0");
	assert_true(session_order_set(&order, targets, 1));
	assert_int_equal(session_filter(&order, filter), 0);
	free(order.at);
}

/* ---- with real sockets ---- */

static bool has_network;

/* Sockets of loopback, whose addresses are all ours, so that anybody can be played. */
static int make_network(void **state)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	(void)state;
	if (unshare(CLONE_NEWNET) != 0)
		return 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	has_network = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
	close(fd);
	return 0;
}

static struct sockaddr_in address(const char *ip, uint16_t port)
{
	struct sockaddr_in out = { .sin_family = AF_INET, .sin_port = htons(port) };
	assert_int_equal(inet_pton(AF_INET, ip, &out.sin_addr), 1);
	return out;
}

/* It takes IPv4 on a socket of IPv6, as most servers do, and listens on all. */
static int listen_at(uint16_t port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(fd, 1024), 0);
	return fd;
}

struct session {
	int client, server;
};

static struct session begin(int listener, const char *from, uint16_t port)
{
	struct sockaddr_in own = address(from, 0), to = address("127.0.0.1", port);
	struct session session = { .client = socket(AF_INET, SOCK_STREAM, 0) };
	assert_int_equal(bind(session.client, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(session.client, (struct sockaddr *)&to, sizeof(to)),
			 0);
	session.server = accept(listener, NULL, NULL);
	assert_true(session.server >= 0);
	return session;
}

static void finish(struct session session)
{
	close(session.client);
	close(session.server);
}

/* What the client sees: 0: it goes on; ECONNRESET. */
static int error_of(int client)
{
	char byte;
	if (recv(client, &byte, 1, MSG_DONTWAIT) >= 0)
		return EPIPE;
	return errno == EAGAIN ? 0 : errno;
}

static int reset_of(int client)
{
	struct pollfd wait = { .fd = client, .events = POLLIN };
	poll(&wait, 1, PATIENCE_MS);
	return error_of(client);
}

/* A byte still passes in both directions. */
static bool goes_on(struct session session)
{
	char byte = 'x';
	return send(session.client, &byte, 1, MSG_NOSIGNAL) == 1 &&
	       recv(session.server, &byte, 1, 0) == 1 &&
	       send(session.server, &byte, 1, MSG_NOSIGNAL) == 1 &&
	       recv(session.client, &byte, 1, 0) == 1;
}

static struct sessions *open_sessions(void)
{
	if (!has_network)
		skip();
	struct sessions *sessions = sessions_open();
	assert_non_null(sessions);
	assert_int_equal(sessions_socket_error(sessions), 0);
	return sessions;
}

static void the_blocked_ones_end_and_a_bystanders_goes_on(void **state)
{
	(void)state;
	struct sessions *sessions = open_sessions();
	int listener = listen_at(PORT);
	struct session bad = begin(listener, "127.0.0.66", PORT);
	struct session good = begin(listener, "127.0.0.67", PORT);
	/* Its own end is at 127.0.0.1, and has the blocked one's neighbour as remote.
	 */
	struct session_target targets[] = { { .prefix = prefix("192.0.2.1") },
					    { .prefix = prefix("127.0.0.66") },
					    { .prefix = prefix("2001:db8::/64") } };
	assert_int_equal(sessions_end(sessions, targets, 3), 0);
	assert_int_equal(targets[0].sockets + targets[2].sockets, 0);
	assert_int_equal(targets[1].sockets, 1);
	assert_int_equal(reset_of(bad.client), ECONNRESET);
	assert_true(goes_on(good));
	/* The listener is nobody's session. */
	struct session again = begin(listener, "127.0.0.66", PORT);
	assert_true(goes_on(again));
	finish(again);
	finish(bad);
	finish(good);
	close(listener);
	sessions_close(sessions);
}

static void only_the_port_that_is_named(void **state)
{
	(void)state;
	struct sessions *sessions = open_sessions();
	int listener = listen_at(PORT), other = listen_at(OTHER_PORT);
	struct session meant = begin(listener, "127.0.0.66", PORT);
	struct session spared = begin(other, "127.0.0.66", OTHER_PORT);
	struct session_target target = { .prefix = prefix("127.0.0.66"),
					 .port = PORT,
					 .proto = IPPROTO_TCP };
	assert_int_equal(sessions_end(sessions, &target, 1), 0);
	assert_int_equal(target.sockets, 1);
	assert_int_equal(reset_of(meant.client), ECONNRESET);
	assert_true(goes_on(spared));
	finish(meant);
	finish(spared);
	close(listener);
	close(other);
	sessions_close(sessions);
}

static void a_connected_udp_socket_ends(void **state)
{
	(void)state;
	struct sessions *sessions = open_sessions();
	struct sockaddr_in bad = address("127.0.0.66", 5000),
			   good = address("127.0.0.67", 5000);
	int to_bad = socket(AF_INET, SOCK_DGRAM, 0),
	    to_good = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(connect(to_bad, (struct sockaddr *)&bad, sizeof(bad)), 0);
	assert_int_equal(connect(to_good, (struct sockaddr *)&good, sizeof(good)), 0);
	struct session_target target = { .prefix = prefix("127.0.0.66") };
	assert_int_equal(sessions_end(sessions, &target, 1), 0);
	assert_int_equal(target.sockets, 1);
	assert_int_equal(reset_of(to_bad), ECONNABORTED);
	assert_int_equal(error_of(to_good), 0);
	close(to_bad);
	close(to_good);
	sessions_close(sessions);
}

/* More than a filter holds, and than go into one datagram. */
static void many_sources_cost_one_pass(void **state)
{
	(void)state;
	static struct session bad[MANY];
	static struct session_target targets[MANY];
	struct sessions *sessions = open_sessions();
	int listener = listen_at(PORT);
	struct session good = begin(listener, "127.0.9.9", PORT);
	for (int i = 0; i < MANY; i++) {
		char from[32];
		snprintf(from, sizeof(from), "127.1.%d.%d", i / 100, i % 100 + 1);
		bad[i] = begin(listener, from, PORT);
		targets[i] = (struct session_target){ .prefix = prefix(from) };
	}
	assert_int_equal(sessions_end(sessions, targets, MANY), 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(targets[i].sockets, 1);
		assert_int_equal(reset_of(bad[i].client), ECONNRESET);
		finish(bad[i]);
	}
	assert_true(goes_on(good));
	finish(good);
	close(listener);
	sessions_close(sessions);
}

/* How many tracked connections of that source were forgotten. */
static uint32_t forget(struct tracked *tracked, const char *source, uint16_t port)
{
	struct session_order order = { .at = NULL };
	struct session_target target = { .prefix = prefix(source), .port = port };
	assert_true(session_order_set(&order, &target, 1));
	assert_int_equal(tracked_end(tracked, &order), 0);
	free(order.at);
	return target.tracked;
}

static void tracked_connections_of_others_are_left_alone(void **state)
{
	(void)state;
	if (!has_network)
		skip();
	/* NOLINTNEXTLINE(cert-env33-c): tracking begins with the first rule for it */
	if (system("nft 'table inet t { chain c { type filter hook input priority 0; "
		   "ct state established accept; }; }'") != 0)
		skip();
	struct tracked *tracked = tracked_open();
	assert_non_null(tracked);
	int listener = listen_at(PORT);
	struct session bad = begin(listener, "127.0.0.66", PORT);
	struct session good = begin(listener, "127.0.0.67", PORT);
	assert_int_equal(forget(tracked, "192.0.2.0/24", 0), 0);
	assert_int_equal(forget(tracked, "127.0.0.66", OTHER_PORT), 0);
	assert_int_equal(forget(tracked, "127.0.0.66", PORT), 1);
	assert_int_equal(forget(tracked, "127.0.0.66", PORT), 0);
	/* It was still there. */
	assert_int_equal(forget(tracked, "127.0.0.67", 0), 1);
	finish(bad);
	finish(good);
	close(listener);
	tracked_close(tracked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_who_is_meant_is_found),
		cmocka_unit_test(what_holds_ip4_and_ip6_has_no_filter),
		cmocka_unit_test(the_blocked_ones_end_and_a_bystanders_goes_on),
		cmocka_unit_test(only_the_port_that_is_named),
		cmocka_unit_test(a_connected_udp_socket_ends),
		cmocka_unit_test(many_sources_cost_one_pass),
		cmocka_unit_test(tracked_connections_of_others_are_left_alone),
	};
	return cmocka_run_group_tests_name("sessions", tests, make_network, NULL);
}
