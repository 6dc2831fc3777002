/*
 * web_client.h: for tests of the HTTP API: a source of canned records, and a client
 * that takes turns with the server in one thread.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/histogram.h"
#include "web/web.h"

enum { FAKE_PORTS = 1500, STEPS_MAX = 20000 };

struct fake {
	int ports, flows, listeners, findings;
	int64_t memory_since_us;
	int64_t self_at_us;
	uint64_t dropped;
	const char *status;
};

static struct fake fake;
static struct web *web;
static char folder[] = "/tmp/test_web_XXXXXX";
static char socket_path[64];

static inline int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Port i + 1 of 192.0.2.(i % 250), i bytes. */
static inline void fake_port(struct port_record *port, int i)
{
	record_init(RECORD_port, port);
	const uint8_t ip[4] = { 192, 0, 2, (uint8_t)(i % 250) };
	port->server_ip = addr_v4(ip);
	port->start = now_us() - 1000000;
	port->interval_s = 1;
	port->port = (uint16_t)(i + 1);
	port->transport = i % 2 == 0 ? "tcp" : "udp";
	port->flows = 1;
	port->rejected = 0;
	port->server_packets = 1;
	port->client_bytes = (uint64_t)i;
	port->server_bytes = 0;
	port->response_p95_us = 1500;
	record_text(port->service, sizeof(port->service), "we\"ird\\<b>");
}

static inline void give_ports(void *self, web_emit emit, void *to)
{
	(void)self;
	for (int i = 0; i < fake.ports; i++) {
		struct port_record port;
		fake_port(&port, i);
		emit(to, &port);
	}
}

static inline void give_flows(void *self, web_emit emit, void *to)
{
	(void)self;
	for (int i = 0; i < fake.flows; i++) {
		struct flow_record flow;
		record_init(RECORD_flow, &flow);
		const uint8_t client[4] = { 10, 0, 0, (uint8_t)i };
		const uint8_t server[4] = { 192, 0, 2, 1 };
		flow.client_ip = addr_v4(client);
		flow.server_ip = addr_v4(server);
		flow.client_port = (uint16_t)(50000 + i);
		flow.server_port = 443;
		flow.transport = "tcp";
		flow.start = now_us() - (int64_t)i * 60 * 1000000;
		flow.end = flow.start + 1000000;
		emit(to, &flow);
	}
}

static inline void give_self(void *self, struct self_record *out)
{
	(void)self;
	record_init(RECORD_self, out);
	out->at = fake.self_at_us;
	out->packets = 12345;
	out->dropped = fake.dropped;
	out->cpu_ratio = 0.25;
}

static inline void give_status(void *self, struct buf *json)
{
	(void)self;
	buf_text(json, fake.status);
}

/* Port i + 1 on every address, of process "server"; TCP and UDP by turns. */
static inline void give_listeners(void *self, web_emit emit, void *to)
{
	(void)self;
	for (int i = fake.listeners; i-- > 0;) {
		struct listener_record listener;
		record_init(RECORD_listener, &listener);
		listener.at = now_us();
		listener.port = (uint32_t)i + 1;
		listener.transport = i % 2 == 0 ? "tcp" : "udp";
		listener.reach = i % 2 == 0 ? "outside" : "loopback";
		addr_parse(i % 2 == 0 ? "0.0.0.0" : "127.0.0.1", &listener.ip);
		record_text(listener.process, sizeof(listener.process), "server");
		emit(to, &listener);
	}
}

static inline void give_sockets(void *self, web_emit emit, void *to)
{
	struct socket_record socket;
	(void)self;
	record_init(RECORD_socket, &socket);
	socket.at = now_us();
	addr_parse("127.0.0.1", &socket.ip);
	socket.port = 22;
	socket.established = 3;
	emit(to, &socket);
}

/* The newest first, "f0", "f1" ... a minute apart. */
static inline void fake_finding(struct finding_record *finding, int i)
{
	record_init(RECORD_finding, finding);
	snprintf(finding->id, sizeof(finding->id), "f%d", i);
	finding->last = now_us() - (int64_t)i * 60 * 1000000;
	finding->at = finding->last;
	finding->first = finding->last - 1000000;
	finding->state = i % 2 == 0 ? "open" : "closed";
	finding->kind = "new_listener";
	finding->severity = i % 4 == 0 ? "low" : "notice";
	finding->port = (uint32_t)(8000 + i);
	const uint8_t client[4] = { 198, 51, 100, 7 };
	finding->client_ip = addr_v4(client);
	snprintf(finding->incident, sizeof(finding->incident), "i%d", i / 4);
}

static inline void give_findings(void *self, web_emit emit, void *to)
{
	(void)self;
	for (int i = 0; i < fake.findings; i++) {
		struct finding_record finding;
		fake_finding(&finding, 2 * i);
		emit(to, &finding);
	}
}

static inline void fake_block(struct block_record *block, const char *block_state,
			      uint64_t packets)
{
	record_init(RECORD_block, block);
	block->action = "drop";
	block->state = block_state;
	block->packets = packets;
	block->bytes = packets * 100;
	block->sessions = 1;
	block->latency_us = 4000;
}

/* One in force, one that would be, and one that is over and was counted then. */
static inline void give_blocks(void *self, web_emit emit, void *to)
{
	struct block_record block;
	(void)self;
	fake_block(&block, "active", 10);
	emit(to, &block);
	fake_block(&block, "observed", UNKNOWN_U64);
	block.bytes = block.sessions = block.latency_us = UNKNOWN_U64;
	emit(to, &block);
	fake_block(&block, "expired", 5);
	emit(to, &block);
}

static inline int64_t memory_since(void *self, enum record_kind kind)
{
	(void)self;
	(void)kind;
	return fake.memory_since_us;
}

static struct buf policy_text;
static char policy_actor[64];

static inline bool give_policy(void *self, struct buf *yaml)
{
	(void)self;
	buf_add(yaml, policy_text.at, policy_text.len);
	return policy_text.len > 0;
}

/* "bad" is wrong, "stuck" can't be kept. */
static inline int take_policy(void *self, const char *text, size_t len,
			      const char *actor, struct buf *message)
{
	(void)self;
	snprintf(policy_actor, sizeof(policy_actor), "%s", actor);
	if (len == 3 && memcmp(text, "bad", 3) == 0) {
		buf_text(message, "policy:1:1: not a register\npolicy:2:1: nor this");
		return -EINVAL;
	}
	if (len == 5 && memcmp(text, "stuck", 5) == 0) {
		buf_text(message, "no space left");
		return -ENOSPC;
	}
	buf_clear(&policy_text);
	buf_add(&policy_text, text, len);
	buf_text(message, "1 entry more");
	return 0;
}

static inline const struct histogram *give_latency(void *self)
{
	static struct histogram latency;
	(void)self;
	histogram_clear(&latency);
	histogram_add(&latency, 40000);
	histogram_add(&latency, 400000);
	return &latency;
}

/* A test may add to it. */
static struct web_source source = {
	.ports = give_ports,
	.flows = give_flows,
	.self_record = give_self,
	.status = give_status,
	.listeners = give_listeners,
	.sockets = give_sockets,
	.findings = give_findings,
	.blocks = give_blocks,
	.latency = give_latency,
	.memory_since_us = memory_since,
	.policy = give_policy,
	.policy_apply = take_policy,
};
static const struct web_past *past; /* NULL: nothing is kept */

static inline struct web *try_open(const char *listen_at, const char *path,
				   char error[static WEB_ERROR_MAX], int *status)
{
	const struct web_options options = { .listen = listen_at,
					     .socket_path = path,
					     .version = "1.2.3",
					     .source = &source,
					     .past = past };
	return web_open(&options, error, status);
}

static inline int set_up(void **state)
{
	(void)state;
	char error[WEB_ERROR_MAX];
	int status;
	fake = (struct fake){ .ports = 3,
			      .flows = 3,
			      .listeners = 4,
			      .findings = 2,
			      .memory_since_us = INT64_MIN,
			      .self_at_us = now_us(),
			      .status =
				      "{\"interfaces\":[\"eth0\"],\"undecoded\":{\"ip4_"
				      "short\":7},\"uptime_s\":61}" };
	snprintf(socket_path, sizeof(socket_path), "%s/sub/web.sock", folder);
	web = try_open("127.0.0.1:0", socket_path, error, &status);
	assert_non_null(web);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	web_close(web);
	web = NULL;
	buf_free(&policy_text);
	return 0;
}

/* One turn of the caller's loop, as the daemon does it. */
static inline void turn(int wait_ms)
{
	struct pollfd fd = { web_fd(web), POLLIN, 0 };
	int timeout_ms = web_timeout_ms(web);
	if (timeout_ms < 0 || timeout_ms > wait_ms)
		timeout_ms = wait_ms;
	poll(&fd, 1, timeout_ms);
	web_run(web);
}

static inline int connect_tcp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(web_port(web)) };
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static inline int connect_local(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static inline void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads until `until` was seen, or (NULL) the server closes. */
static inline void hear(int fd, const char *until, struct buf *out)
{
	char part[16384];
	for (int step = 0; step < STEPS_MAX; step++) {
		turn(1);
		ssize_t len = recv(fd, part, sizeof(part), MSG_DONTWAIT);
		if (len > 0)
			buf_add(out, part, (size_t)len);
		if (until != NULL && strstr(buf_cstr(out), until) != NULL)
			return;
		if (len == 0)
			return;
	}
	fail_msg("the server is silent after: %.300s", buf_cstr(out));
}

/* Whole answer to a request, headers included. */
static inline struct buf exchange(int fd, const char *request)
{
	struct buf answer = { 0 };
	say(fd, request);
	hear(fd, NULL, &answer);
	close(fd);
	assert_non_null(buf_cstr(&answer));
	return answer;
}

static inline struct buf post(int fd, const char *path, const char *body)
{
	struct buf request = { 0 };
	buf_printf(&request,
		   "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		   "Content-Length: %zu\r\n\r\n%s",
		   path, strlen(body), body);
	struct buf answer = exchange(fd, buf_cstr(&request));
	buf_free(&request);
	return answer;
}

static inline struct buf get_with(const char *path, const char *headers)
{
	char request[512];
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
		 path, headers);
	return exchange(connect_tcp(), request);
}

static inline struct buf get(const char *path)
{
	return get_with(path, "");
}

static inline int code_of(const struct buf *answer)
{
	assert_true(answer->len > 12);
	return (int)strtol(answer->at + strlen("HTTP/1.1 "), NULL, 10);
}

static inline const char *body_of(struct buf *answer)
{
	const char *gap = strstr(buf_cstr(answer), "\r\n\r\n");
	assert_non_null(gap);
	return gap + 4;
}

static inline void assert_has(struct buf *answer, const char *text)
{
	if (strcasestr(buf_cstr(answer), text) == NULL)
		fail_msg("no \"%s\" in: %.2000s", text, buf_cstr(answer));
}

static inline int lines_in(const char *text)
{
	int lines = 0;
	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

static inline void expect(const char *path, int code, const char *text)
{
	struct buf answer = get(path);
	assert_int_equal(code_of(&answer), code);
	assert_has(&answer, text);
	buf_free(&answer);
}

/* Runs the tests, each with a server of its own. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static inline int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static inline int remove_folder(void **state)
{
	(void)state;
	char sub[64];
	snprintf(sub, sizeof(sub), "%s/sub", folder);
	rmdir(sub);
	rmdir(folder);
	return 0;
}
