/*
 * test_host.c: what the host makes of the watch's events, which are made up here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"

enum { SECOND = 1000000 };
static const uint64_t OTHER = 4026532000;

static struct listener_record told[8];
static size_t told_count, socket_count;
static struct socket_record told_socket;

static void on_listener(void *self, const struct listener_record *listener)
{
	(void)self;
	if (told_count < 8)
		told[told_count] = *listener;
	told_count++;
}

static void on_socket(void *self, const struct socket_record *socket)
{
	(void)self;
	told_socket = *socket;
	socket_count++;
}

static const char *service(void *self, uint8_t proto, uint16_t port)
{
	(void)self;
	return proto == IPPROTO_TCP && port == 443 ? "https" : NULL;
}

static const char *class_of(void *self, uint8_t proto, uint16_t port)
{
	(void)self;
	(void)proto;
	return port < 1024 ? "well-known" : "registered";
}

static struct host *make_host(void)
{
	struct host *host = host_new(&(struct host_options){ .service = service,
							     .class_of = class_of,
							     .listener = on_listener,
							     .socket = on_socket });
	assert_non_null(host);
	told_count = socket_count = 0;
	return host;
}

static struct addr address(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

static struct host_event listener(const char *ip, uint16_t port, uint64_t inode)
{
	struct host_event event;
	memset(&event, 0, sizeof(event));
	event.kind = HOST_LISTENER;
	event.at_us = 1000 * (int64_t)SECOND;
	event.listener.inode = inode;
	event.listener.addr = address(ip);
	event.listener.port = port;
	event.listener.proto = IPPROTO_TCP;
	event.listener.firewalled = UNKNOWN_FLAG;
	event.listener.pid = (uint32_t)(1000 + inode);
	event.listener.processes = 1;
	event.listener.backlog_max = 128;
	snprintf(event.listener.process, sizeof(event.listener.process), "server%u",
		 (unsigned)inode);
	snprintf(event.listener.user, sizeof(event.listener.user), "web");
	return event;
}

static struct host_event udp_listener(const char *ip, uint16_t port, uint64_t inode)
{
	struct host_event event = listener(ip, port, inode);
	event.listener.proto = IPPROTO_UDP;
	event.listener.backlog_max = UNKNOWN_U64;
	return event;
}

static struct host_event closed(struct host_event event)
{
	event.kind = HOST_CLOSED;
	return event;
}

static void have_address(struct host *host, const char *ip, uint64_t netns, bool first)
{
	struct host_event event = { .kind = HOST_ADDRESS };
	event.address = (struct host_address){ .netns = netns,
					       .addr = address(ip),
					       .is_first = first };
	host_take(host, &event);
}

static struct flow_record flow_of(const struct host *host, const char *client,
				  uint32_t client_port, const char *server,
				  uint32_t server_port, uint8_t proto)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.client_ip = address(client);
	flow.server_ip = address(server);
	flow.client_port = client_port;
	flow.server_port = server_port;
	flow.ip_proto = proto;
	host_name_flow(host, &flow);
	return flow;
}

static void a_listener_opens_changes_and_closes(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event event = listener("0.0.0.0", 443, 1);
	host_take(host, &event);
	assert_int_equal(told_count, 1);
	assert_string_equal(told[0].change, "opened");
	assert_string_equal(told[0].transport, "tcp");
	assert_string_equal(told[0].service, "https");
	assert_string_equal(told[0].class, "well-known");
	assert_string_equal(told[0].reach, "outside");
	assert_string_equal(told[0].process, "server1");
	assert_int_equal(told[0].netns, UNKNOWN_U64);
	assert_int_equal(told[0].authorized, UNKNOWN_FLAG);
	/* The same again is no news. */
	host_take(host, &event);
	assert_int_equal(told_count, 1);
	event.listener.pid = 77;
	host_take(host, &event);
	assert_int_equal(told_count, 2);
	assert_string_equal(told[1].change, "changed");
	assert_int_equal(host_count(host), 1);
	event = closed(event);
	host_take(host, &event);
	assert_string_equal(told[2].change, "closed");
	assert_int_equal(told[2].pid, 77);
	assert_int_equal(host_count(host), 0);
	host_take(host, &event);
	assert_int_equal(told_count, 3);
	host_free(host);
}

static void reach_follows_address_device_namespace_and_firewall(void **state)
{
	(void)state;
	static const struct {
		const char *ip, *iface;
		uint64_t netns;
		uint8_t firewalled;
		const char *reach;
	} known[] = {
		{ "0.0.0.0", "", 0, UNKNOWN_FLAG, "outside" },
		{ "0.0.0.0", "", 0, 0, "outside" },
		{ "0.0.0.0", "", 0, 1, "firewalled" },
		{ "127.0.0.53", "", 0, 1, "loopback" },
		{ "::1", "", 0, 0, "loopback" },
		{ "::", "lo", 0, 0, "loopback" },
		{ "::", "", OTHER, 0, "namespace" },
		{ "127.0.0.1", "", OTHER, 0, "loopback" },
	};
	struct host *host = make_host();
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct host_event event = listener(known[i].ip, 80, 100 + i);
		event.listener.netns = known[i].netns;
		event.listener.firewalled = known[i].firewalled;
		snprintf(event.listener.iface, sizeof(event.listener.iface), "%s",
			 known[i].iface);
		told_count = 0;
		host_take(host, &event);
		assert_string_equal(told[0].reach, known[i].reach);
	}
	host_free(host);
}

static void a_queue_is_news_when_it_is_full_but_not_every_second(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event event = listener("0.0.0.0", 443, 1);
	host_take(host, &event);
	event.listener.backlog = 5;
	host_take(host, &event);
	assert_int_equal(told_count, 1);
	event.listener.backlog = 129;
	host_take(host, &event);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[1].backlog, 129);
	event.listener.overflows = 3;
	event.at_us += SECOND;
	host_take(host, &event);
	assert_int_equal(told_count, 2);
	/* What was held back is told when the time has come. */
	event.listener.backlog = 0;
	event.at_us += 10 * SECOND;
	host_take(host, &event);
	assert_int_equal(told_count, 3);
	assert_int_equal(told[2].overflows, 3);
	event.at_us += 10 * (int64_t)SECOND;
	host_take(host, &event);
	assert_int_equal(told_count, 3);
	host_free(host);
}

static void the_most_specific_listener_takes_what_comes(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event events[] = {
		listener("::", 80, 1),       listener("0.0.0.0", 80, 2),
		listener("10.0.0.1", 80, 3), listener("::", 81, 4),
		listener("::", 82, 5),       listener("10.0.0.1", 83, 6)
	};
	events[3].listener.dual = 1;
	events[5].listener.netns = OTHER;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		host_take(host, &events[i]);
	static const struct {
		const char *ip;
		uint16_t port;
		uint64_t inode; /* 0: nobody */
	} known[] = {
		{ "10.0.0.1", 80, 3 }, { "10.0.0.2", 80, 2 }, { "fd00::1", 80, 1 },
		{ "10.0.0.2", 81, 4 }, { "fd00::1", 81, 4 },  { "10.0.0.2", 82, 0 },
		{ "10.0.0.1", 83, 0 }, { "10.0.0.1", 84, 0 },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct addr addr = address(known[i].ip);
		const struct host_listener *l =
			host_listener_at(host, IPPROTO_TCP, &addr, known[i].port);
		assert_int_equal(l == NULL ? 0 : l->inode, known[i].inode);
	}
	struct addr addr = address("10.0.0.1");
	assert_null(host_listener_at(host, IPPROTO_UDP, &addr, 80));
	host_free(host);
}

static void a_flow_has_the_name_of_its_local_server(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event ours = listener("0.0.0.0", 443, 1);
	struct host_event theirs = listener("0.0.0.0", 443, 2);
	theirs.listener.netns = OTHER;
	host_take(host, &ours);
	host_take(host, &theirs);
	have_address(host, "10.0.0.1", 0, true);
	have_address(host, "172.17.0.2", OTHER, true);
	struct flow_record flow =
		flow_of(host, "192.0.2.9", 4000, "10.0.0.1", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, 1001);
	assert_string_equal(flow.process, "server1");
	assert_string_equal(flow.user, "web");
	flow = flow_of(host, "192.0.2.9", 4000, "172.17.0.2", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, 1002);
	flow = flow_of(host, "127.0.0.1", 4000, "127.0.0.1", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, 1001);
	/* An address that two namespaces have is ours first, whichever came first. */
	have_address(host, "10.0.0.1", OTHER, false);
	flow = flow_of(host, "192.0.2.9", 4000, "10.0.0.1", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, 1001);
	/* The same port of somebody else is not ours. */
	flow = flow_of(host, "10.0.0.1", 4000, "192.0.2.9", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, UNKNOWN_U32);
	assert_string_equal(flow.process, "");
	/* An address that has gone is nobody's. */
	have_address(host, "10.0.0.5", 0, true);
	have_address(host, "172.17.0.2", OTHER, true);
	flow = flow_of(host, "192.0.2.9", 4000, "10.0.0.1", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, UNKNOWN_U32);
	host_free(host);
}

static void a_flow_of_a_local_client_has_its_name(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event event = { .kind = HOST_CONNECTION };
	event.connection = (struct host_connection){ .local = address("10.0.0.1"),
						     .remote = address("192.0.2.9"),
						     .local_port = 4000,
						     .remote_port = 443,
						     .proto = IPPROTO_TCP,
						     .pid = 55 };
	snprintf(event.connection.process, sizeof(event.connection.process), "curl");
	have_address(host, "10.0.0.1", 0, true);
	host_take(host, &event);
	struct flow_record flow =
		flow_of(host, "10.0.0.1", 4000, "192.0.2.9", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, 55);
	assert_string_equal(flow.process, "curl");
	flow = flow_of(host, "10.0.0.1", 4001, "192.0.2.9", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, UNKNOWN_U32);
	/* A later connection from the same port is the later process's. */
	event.connection.pid = 56;
	host_take(host, &event);
	flow = flow_of(host, "10.0.0.1", 4000, "192.0.2.9", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, 56);
	host_free(host);
}

static void a_udp_flow_has_the_name_of_the_socket_it_left(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event any = { .kind = HOST_CONNECTION };
	any.connection = (struct host_connection){ .local = address("0.0.0.0"),
						   .remote = addr_unset(),
						   .local_port = 40000,
						   .proto = IPPROTO_UDP,
						   .pid = 60 };
	struct host_event ntp = udp_listener("0.0.0.0", 123, 7);
	have_address(host, "10.0.0.1", 0, true);
	host_take(host, &any);
	host_take(host, &ntp);
	struct flow_record flow =
		flow_of(host, "10.0.0.1", 40000, "192.0.2.53", 53, IPPROTO_UDP);
	assert_int_equal(flow.pid, 60);
	flow = flow_of(host, "10.0.0.1", 123, "192.0.2.9", 123, IPPROTO_UDP);
	assert_int_equal(flow.pid, 1007);
	/* Others may use that port as well. */
	flow = flow_of(host, "192.0.2.1", 40000, "192.0.2.53", 53, IPPROTO_UDP);
	assert_int_equal(flow.pid, UNKNOWN_U32);
	flow = flow_of(host, "10.0.0.1", 40000, "192.0.2.53", 53, IPPROTO_TCP);
	assert_int_equal(flow.pid, UNKNOWN_U32);
	host_free(host);
}

static void a_flow_is_named_after_its_server_for_two_minutes(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event event = listener("0.0.0.0", 443, 1);
	have_address(host, "10.0.0.1", 0, true);
	host_take(host, &event);
	event = closed(event);
	host_take(host, &event);
	struct flow_record flow =
		flow_of(host, "192.0.2.9", 4000, "10.0.0.1", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, 1001);
	struct host_event synced = { .kind = HOST_SYNCED,
				     .at_us = event.at_us + 121 * (int64_t)SECOND };
	host_take(host, &synced);
	assert_true(host_is_synced(host));
	flow = flow_of(host, "192.0.2.9", 4000, "10.0.0.1", 443, IPPROTO_TCP);
	assert_int_equal(flow.pid, UNKNOWN_U32);
	host_free(host);
}

static void count_socket(void *to, const struct socket_record *socket)
{
	(void)socket;
	++*(size_t *)to;
}

static void counts_of_a_port_are_kept_with_it(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event opened = listener("0.0.0.0", 443, 1);
	struct host_event counts = { .kind = HOST_SOCKET, .at_us = 5 * SECOND };
	record_init(RECORD_socket, &counts.socket);
	counts.socket.ip = address("0.0.0.0");
	counts.socket.port = 443;
	counts.socket.established = 12;
	host_take(host, &opened);
	host_take(host, &counts);
	assert_int_equal(socket_count, 1);
	assert_int_equal(told_socket.established, 12);
	assert_int_equal(told_socket.at, 5 * SECOND);
	size_t count = 0;
	host_each_socket(host, count_socket, &count);
	assert_int_equal(count, 1);
	opened = closed(opened);
	host_take(host, &opened);
	count = 0;
	host_each_socket(host, count_socket, &count);
	assert_int_equal(count, 0);
	host_free(host);
}

static void count_listener(void *to, const struct listener_record *listener)
{
	assert_null(listener->change);
	++*(size_t *)to;
}

static void texts_without_an_end_and_too_many_listeners_do_no_harm(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event event = listener("0.0.0.0", 1, 0);
	memset(event.listener.process, 'x', sizeof(event.listener.process));
	memset(event.listener.exe, 'x', sizeof(event.listener.exe));
	memset(event.listener.cgroup, 'x', sizeof(event.listener.cgroup));
	for (uint64_t i = 0; i < 65536 + 10; i++) {
		event.listener.inode = i;
		event.listener.port = (uint16_t)(i + 1);
		host_take(host, &event);
	}
	assert_int_equal(host_count(host), 65536);
	size_t count = 0;
	host_each(host, count_listener, &count);
	assert_int_equal(count, 65536);
	host_free(host);
}

static void many_connections_push_out_the_oldest(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event event = { .kind = HOST_CONNECTION };
	event.connection.proto = IPPROTO_TCP;
	event.connection.local = address("10.0.0.1");
	event.connection.remote = address("192.0.2.9");
	for (uint32_t i = 0; i < 200000; i++) {
		event.connection.local_port = (uint16_t)i;
		event.connection.remote_port = (uint16_t)(i >> 16);
		event.connection.pid = i + 1;
		host_take(host, &event);
	}
	struct flow_record flow = flow_of(host, "10.0.0.1", (uint16_t)199999,
					  "192.0.2.9", 199999 >> 16, IPPROTO_TCP);
	assert_int_equal(flow.pid, 200000);
	flow = flow_of(host, "10.0.0.1", 0, "192.0.2.9", 0, IPPROTO_TCP);
	assert_int_equal(flow.pid, UNKNOWN_U32);
	host_free(host);
}

/* As servers that take SO_REUSEPORT have, one for each worker. */
static void one_of_two_sockets_may_close_while_the_port_is_open(void **state)
{
	(void)state;
	struct host *host = make_host();
	struct host_event first = listener("0.0.0.0", 443, 1);
	struct host_event second = listener("0.0.0.0", 443, 2);
	struct host_event other = listener("0.0.0.0", 80, 3);
	host_take(host, &first);
	host_take(host, &other);
	host_take(host, &second);
	assert_int_equal(told[0].sockets, 1);
	assert_int_equal(told[2].sockets, 2);
	first = closed(first);
	host_take(host, &first);
	assert_string_equal(told[3].change, "closed");
	assert_int_equal(told[3].sockets, 1);
	second = closed(second);
	host_take(host, &second);
	assert_int_equal(told[4].sockets, 0);
	host_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_opens_changes_and_closes),
		cmocka_unit_test(one_of_two_sockets_may_close_while_the_port_is_open),
		cmocka_unit_test(reach_follows_address_device_namespace_and_firewall),
		cmocka_unit_test(a_queue_is_news_when_it_is_full_but_not_every_second),
		cmocka_unit_test(the_most_specific_listener_takes_what_comes),
		cmocka_unit_test(a_flow_has_the_name_of_its_local_server),
		cmocka_unit_test(a_flow_of_a_local_client_has_its_name),
		cmocka_unit_test(a_udp_flow_has_the_name_of_the_socket_it_left),
		cmocka_unit_test(a_flow_is_named_after_its_server_for_two_minutes),
		cmocka_unit_test(counts_of_a_port_are_kept_with_it),
		cmocka_unit_test(
			texts_without_an_end_and_too_many_listeners_do_no_harm),
		cmocka_unit_test(many_connections_push_out_the_oldest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
