/*
 * test_web.c: the HTTP API as a client sees it, against canned records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "web/web.h"

enum { FAKE_PORTS = 1500, STEPS_MAX = 20000 };

struct fake {
	int ports, flows;
	int64_t self_at_us;
	uint64_t dropped;
	const char *status;
};

static struct fake fake;
static struct web *web;
static char folder[] = "/tmp/test_web_XXXXXX";
static char socket_path[64];

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Port i + 1 of 192.0.2.(i % 250), i bytes. */
static void fake_port(struct port_record *port, int i)
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

static void give_ports(void *self, web_emit emit, void *to)
{
	(void)self;
	for (int i = 0; i < fake.ports; i++) {
		struct port_record port;
		fake_port(&port, i);
		emit(to, &port);
	}
}

static void give_flows(void *self, web_emit emit, void *to)
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

static void give_self(void *self, struct self_record *out)
{
	(void)self;
	record_init(RECORD_self, out);
	out->at = fake.self_at_us;
	out->packets = 12345;
	out->dropped = fake.dropped;
	out->cpu_ratio = 0.25;
}

static void give_status(void *self, struct buf *json)
{
	(void)self;
	buf_text(json, fake.status);
}

static const struct web_source source = { NULL, give_ports, give_flows, give_self,
					  give_status };

static struct web *try_open(const char *listen_at, const char *path,
			    char error[static WEB_ERROR_MAX], int *status)
{
	const struct web_options options = { listen_at, path, "1.2.3", &source };
	return web_open(&options, error, status);
}

static int set_up(void **state)
{
	(void)state;
	char error[WEB_ERROR_MAX];
	int status;
	fake = (struct fake){ .ports = 3,
			      .flows = 3,
			      .self_at_us = now_us(),
			      .status =
				      "{\"interfaces\":[\"eth0\"],\"undecoded\":{\"ip4_"
				      "short\":7},\"uptime_s\":61}" };
	snprintf(socket_path, sizeof(socket_path), "%s/sub/web.sock", folder);
	web = try_open("127.0.0.1:0", socket_path, error, &status);
	assert_non_null(web);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	web_close(web);
	web = NULL;
	return 0;
}

/* One turn of the caller's loop, as the daemon does it. */
static void turn(int wait_ms)
{
	struct pollfd fd = { web_fd(web), POLLIN, 0 };
	int timeout_ms = web_timeout_ms(web);
	if (timeout_ms < 0 || timeout_ms > wait_ms)
		timeout_ms = wait_ms;
	poll(&fd, 1, timeout_ms);
	web_run(web);
}

static int connect_tcp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(web_port(web)) };
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int connect_local(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads until `until` was seen, or (NULL) the server closes. */
static void hear(int fd, const char *until, struct buf *out)
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
static struct buf exchange(int fd, const char *request)
{
	struct buf answer = { 0 };
	say(fd, request);
	hear(fd, NULL, &answer);
	close(fd);
	assert_non_null(buf_cstr(&answer));
	return answer;
}

static struct buf get_with(const char *path, const char *headers)
{
	char request[512];
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
		 path, headers);
	return exchange(connect_tcp(), request);
}

static struct buf get(const char *path)
{
	return get_with(path, "");
}

static int code_of(const struct buf *answer)
{
	assert_true(answer->len > 12);
	return (int)strtol(answer->at + strlen("HTTP/1.1 "), NULL, 10);
}

static const char *body_of(struct buf *answer)
{
	const char *gap = strstr(buf_cstr(answer), "\r\n\r\n");
	assert_non_null(gap);
	return gap + 4;
}

static void assert_has(struct buf *answer, const char *text)
{
	if (strcasestr(buf_cstr(answer), text) == NULL)
		fail_msg("no \"%s\" in: %.2000s", text, buf_cstr(answer));
}

static int lines_in(const char *text)
{
	int lines = 0;
	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

static void expect(const char *path, int code, const char *text)
{
	struct buf answer = get(path);
	assert_int_equal(code_of(&answer), code);
	assert_has(&answer, text);
	buf_free(&answer);
}

static void ports_come_as_lines_the_busiest_first(void **state)
{
	(void)state;
	struct buf answer = get("/api/v1/ports");
	assert_int_equal(code_of(&answer), 200);
	assert_has(&answer, "Content-Type: application/x-ndjson\r\n");
	assert_has(&answer, "Breakwater-Total: 3\r\n");
	const char *body = body_of(&answer);
	assert_int_equal(lines_in(body), 3);
	json_t *first = json_loads(body, JSON_DISABLE_EOF_CHECK, NULL);
	assert_string_equal(json_string_value(json_object_get(first, "record")),
			    "port");
	assert_int_equal(json_integer_value(json_object_get(first, "port")), 3);
	json_decref(first);
	buf_free(&answer);
}

static void an_array_comes_to_whoever_asks_for_json(void **state)
{
	(void)state;
	struct buf asked[2] = {
		get("/api/v1/ports?format=json"),
		get_with("/api/v1/ports", "Accept: application/json\r\n"),
	};
	for (int i = 0; i < 2; i++) {
		assert_has(&asked[i], "Content-Type: application/json\r\n");
		json_t *array = json_loads(body_of(&asked[i]), 0, NULL);
		assert_int_equal(json_array_size(array), 3);
		json_decref(array);
		buf_free(&asked[i]);
	}
}

static void filters_choose_among_the_ports(void **state)
{
	(void)state;
	static const struct {
		const char *query;
		int rows;
	} cases[] = {
		{ "port=2", 1 },         { "port=9", 0 },
		{ "host=192.0.2.1", 1 }, { "host=192.0.2.0/31", 2 },
		{ "transport=tcp", 2 },  { "transport=udp&port=2", 1 },
		{ "since=1h", 3 },       { "since=2099-01-01T00:00:00Z", 0 },
		{ "until=1h", 0 },       { "limit=2", 2 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[128];
		snprintf(path, sizeof(path), "/api/v1/ports?%s", cases[i].query);
		struct buf answer = get(path);
		assert_int_equal(code_of(&answer), 200);
		if (lines_in(body_of(&answer)) != cases[i].rows)
			fail_msg("%s: %s", path, body_of(&answer));
		buf_free(&answer);
	}
}

static void flows_are_found_by_either_address_and_the_servers_port(void **state)
{
	(void)state;
	struct buf answer = get("/api/v1/flows?host=10.0.0.2&port=443");
	assert_int_equal(lines_in(body_of(&answer)), 1);
	buf_free(&answer);
	answer = get("/api/v1/flows?since=90s");
	assert_int_equal(lines_in(body_of(&answer)), 2);
	buf_free(&answer);
	answer = get("/api/v1/flows?port=50001");
	assert_int_equal(lines_in(body_of(&answer)), 0);
	buf_free(&answer);
}

static void a_limit_keeps_the_first_of_the_order_and_tells_the_total(void **state)
{
	(void)state;
	fake.ports = FAKE_PORTS;
	struct buf answer = get("/api/v1/ports?sort=client_bytes&limit=10&format=json");
	assert_has(&answer, "Breakwater-Total: 1500\r\n");
	json_t *array = json_loads(body_of(&answer), 0, NULL);
	assert_int_equal(json_array_size(array), 10);
	for (size_t i = 0; i < 10; i++) {
		const json_t *bytes =
			json_object_get(json_array_get(array, i), "client_bytes");
		assert_int_equal(json_integer_value(bytes), FAKE_PORTS - 1 - (int)i);
	}
	json_decref(array);
	buf_free(&answer);
	answer = get("/api/v1/ports?sort=client_bytes:asc&limit=1");
	assert_has(&answer, "\"client_bytes\":0,");
	buf_free(&answer);
	answer = get("/api/v1/ports");
	assert_int_equal(lines_in(body_of(&answer)), 1000);
	buf_free(&answer);
}

static void a_bad_parameter_gets_one_line_that_says_what_is_allowed(void **state)
{
	(void)state;
	expect("/api/v1/ports?port=70000", 400,
	       "port: \\\"70000\\\" is not a port number");
	expect("/api/v1/ports?limit=0", 400, "a number from 1 to 100000");
	expect("/api/v1/ports?host=example", 400, "not an address or prefix");
	expect("/api/v1/ports?since=yesterday", 400, "RFC 3339");
	expect("/api/v1/ports?transport=xyz", 400, "tcp, udp");
	expect("/api/v1/ports?sort=nothing", 400, "not a field");
	expect("/api/v1/ports?colour=red", 400, "not a parameter here");
	expect("/api/v1/self?port=1", 400, "not a parameter here");
	expect("/api/v1/ports?format=xml", 400, "json or ndjson");
	expect("/api/v1/live?type=port,nothing", 400, "names of records");
}

static void every_answer_has_the_security_headers(void **state)
{
	(void)state;
	static const char *const paths[] = { "/", "/api/v1/ports", "/nothing",
					     "/metrics" };
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct buf answer = get(paths[i]);
		assert_has(&answer, "Content-Security-Policy: default-src 'none'");
		assert_has(&answer, "X-Content-Type-Options: nosniff");
		assert_has(&answer, "X-Frame-Options: DENY");
		buf_free(&answer);
	}
}

static void a_strangers_host_name_is_refused_on_tcp(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		int code;
	} cases[] = {
		{ "localhost", 200 },
		{ "LocalHost:7070", 200 },
		{ "127.0.0.1:1", 200 },
		{ "[::1]:7070", 200 },
		{ "evil.example", 421 },
		{ "evil.example:7070", 421 },
		{ "127.0.0.1.evil.org", 421 },
		{ "localhost.evil.org", 421 },
		{ "[::1", 200 },
		{ "", 421 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char request[256];
		snprintf(request, sizeof(request),
			 "GET /api/v1/self HTTP/1.1\r\nHost: %s\r\nConnection: "
			 "close\r\n\r\n",
			 cases[i].host);
		struct buf answer = exchange(connect_tcp(), request);
		if (code_of(&answer) != cases[i].code)
			fail_msg("%s: %s", cases[i].host, buf_cstr(&answer));
		buf_free(&answer);
	}
}

static void the_unix_socket_answers_the_same(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(stat(socket_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	struct buf answer =
		exchange(connect_local(), "GET /api/v1/self HTTP/1.1\r\nHost: "
					  "breakwater\r\nConnection: close\r\n\r\n");
	assert_int_equal(code_of(&answer), 200);
	assert_has(&answer, "\"packets\":12345");
	buf_free(&answer);
}

static void only_get_and_head_are_allowed(void **state)
{
	(void)state;
	struct buf answer =
		exchange(connect_tcp(), "POST /api/v1/ports HTTP/1.1\r\nHost: "
					"localhost\r\nConnection: close\r\n"
					"Content-Length: 0\r\n\r\n");
	assert_int_equal(code_of(&answer), 405);
	assert_has(&answer, "Allow: GET, HEAD");
	buf_free(&answer);
	answer = exchange(connect_tcp(), "HEAD /api/v1/ports HTTP/1.1\r\nHost: "
					 "localhost\r\nConnection: close\r\n\r\n");
	assert_int_equal(code_of(&answer), 200);
	assert_string_equal(body_of(&answer), "");
	buf_free(&answer);
}

static void a_connection_serves_more_than_one_request(void **state)
{
	(void)state;
	int fd = connect_tcp();
	struct buf answer = { 0 };
	say(fd, "GET /api/v1/self HTTP/1.1\r\nHost: localhost\r\n\r\n");
	hear(fd, "\"record\":\"self\"", &answer);
	buf_free(&answer);
	answer = exchange(fd, "GET /api/v1/schema HTTP/1.1\r\nHost: localhost\r\n"
			      "Connection: close\r\n\r\n");
	assert_int_equal(code_of(&answer), 200);
	json_t *schema = json_loads(body_of(&answer), 0, NULL);
	assert_true(json_is_object(schema));
	json_decref(schema);
	buf_free(&answer);
}

static void health_is_fine_only_when_a_fresh_measurement_says_so(void **state)
{
	(void)state;
	expect("/health", 200, "{\"status\":\"ok\",\"reasons\":[]}");
	fake.dropped = 5;
	expect("/health", 200,
	       "{\"status\":\"degraded\",\"reasons\":[\"5 packets dropped");
	fake.self_at_us = now_us() - 60 * 1000000;
	expect("/health", 503, "the last measurement is 60 s old");
	fake.self_at_us = UNKNOWN_TIME;
	expect("/health", 503, "no measurement yet");
	fake.self_at_us = now_us();
	fake.status = "{\"interfaces\":[]}";
	expect("/health", 503, "no interface is watched");
	fake.status = "";
	expect("/health", 503, "no status");
}

static void metrics_add_up_what_ports_did(void **state)
{
	(void)state;
	struct port_record port;
	fake_port(&port, 2);
	port.client_bytes = 700;
	web_live(web, RECORD_port, &port);
	web_live(web, RECORD_port, &port);
	struct buf answer = get("/metrics");
	assert_has(&answer, "Content-Type: text/plain; version=0.0.4");
	assert_has(&answer, "# TYPE breakwater_port_client_bytes_total counter\n");
	assert_has(&answer,
		   "\nbreakwater_port_client_bytes_total{port=\"3\",transport=\"tcp\","
		   "service=\"we\\\"ird\\\\<b>\"} 1400\n");
	assert_has(&answer,
		   "\nbreakwater_port_response_p95_seconds{port=\"3\",transport="
		   "\"tcp\",service=\"we\\\"ird\\\\<b>\"} 0.0015\n");
	assert_has(&answer, "\nbreakwater_packets_total 12345\n");
	assert_has(&answer, "\nbreakwater_build_info{version=\"1.2.3\"} 1\n");
	assert_has(&answer,
		   "\nbreakwater_undecoded_by_reason_total{reason=\"ip4_short\"} 7\n");
	assert_has(&answer, "\nbreakwater_uptime_seconds 61\n");
	buf_free(&answer);
	answer = get_with("/metrics",
			  "Accept: application/openmetrics-text;version=1.0.0\r\n");
	assert_has(&answer,
		   "Content-Type: application/openmetrics-text; version=1.0.0");
	assert_has(&answer, "# TYPE breakwater_port_client_bytes counter\n# UNIT "
			    "breakwater_port_client_bytes bytes\n");
	assert_string_equal(answer.at + answer.len - strlen("# EOF\n"), "# EOF\n");
	buf_free(&answer);
}

static void a_port_scan_takes_no_place_in_the_metrics(void **state)
{
	(void)state;
	struct port_record port;
	for (int i = 0; i < 60000; i++) {
		fake_port(&port, i);
		port.rejected = port.flows;
		web_live(web, RECORD_port, &port);
	}
	fake_port(&port, 60001);
	web_live(web, RECORD_port, &port);
	struct buf answer = get("/metrics");
	assert_has(&answer,
		   "breakwater_port_flows_total{port=\"other\",transport=\"other\","
		   "service=\"\"} 60000\n");
	assert_has(&answer, "breakwater_port_flows_total{port=\"60002\",");
	assert_null(strstr(answer.at, "port=\"1\""));
	buf_free(&answer);
}

static int series_of(const char *text, const char *name)
{
	int count = 0;
	for (; (text = strstr(text, name)) != NULL; text += strlen(name))
		count++;
	return count;
}

static void the_number_of_series_has_a_bound(void **state)
{
	(void)state;
	struct port_record port;
	for (int i = 0; i < 5000; i++) {
		fake_port(&port, i);
		web_live(web, RECORD_port, &port);
	}
	struct buf answer = get("/metrics");
	assert_int_equal(series_of(answer.at, "\nbreakwater_port_flows_total{"), 201);
	assert_has(&answer,
		   "breakwater_port_flows_total{port=\"other\",transport=\"other\","
		   "service=\"\"} 3976\n");
	assert_has(&answer, "breakwater_port_flows_total{port=\"1024\",");
	buf_free(&answer);
}

static int listen_live(const char *path, struct buf *answer)
{
	char request[128];
	int fd = connect_tcp();
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
		 path);
	say(fd, request);
	hear(fd, "retry: 2000\n\n", answer);
	return fd;
}

static void live_readers_get_the_kinds_they_asked_for(void **state)
{
	(void)state;
	struct buf all = { 0 }, some = { 0 };
	int reader = listen_live("/api/v1/live", &all);
	int picky = listen_live("/api/v1/live?type=self", &some);
	assert_has(&all, "Content-Type: text/event-stream");
	struct port_record port;
	struct self_record self;
	fake_port(&port, 41);
	give_self(NULL, &self);
	web_live(web, RECORD_port, &port);
	web_live(web, RECORD_self, &self);
	hear(reader, "event: self\ndata: {\"record\":\"self\"", &all);
	hear(picky, "event: self\ndata: {\"record\":\"self\"", &some);
	assert_has(&all, "event: port\ndata: {\"record\":\"port\"");
	assert_null(strstr(some.at, "event: port"));
	close(reader);
	close(picky);
	buf_free(&all);
	buf_free(&some);
}

static void a_slow_reader_loses_events_and_is_told_how_many(void **state)
{
	(void)state;
	enum { SENT = 20000 };
	struct buf answer = { 0 };
	int fd = listen_live("/api/v1/live?type=port", &answer);
	struct port_record port;
	fake_port(&port, 1);
	for (int i = 0; i < SENT; i++) {
		web_live(web, RECORD_port, &port);
		if (i % 100 == 0)
			web_run(web);
	}
	/* Drain, then one more event: the gap is told before it. */
	char part[65536];
	for (int quiet = 0; quiet < 50;) {
		turn(1);
		ssize_t len = recv(fd, part, sizeof(part), MSG_DONTWAIT);
		if (len > 0)
			buf_add(&answer, part, (size_t)len);
		quiet = len > 0 ? 0 : quiet + 1;
	}
	port.port = 54321;
	web_live(web, RECORD_port, &port);
	hear(fd, "\"port\":54321", &answer);
	const char *lost = strstr(answer.at, "event: lost\ndata: {\"lost\":");
	assert_non_null(lost);
	int told = 0;
	for (; lost != NULL; lost = strstr(lost + 1, "event: lost\ndata: {\"lost\":"))
		told += (int)strtol(lost + strlen("event: lost\ndata: {\"lost\":"),
				    NULL, 10);
	int got = series_of(answer.at, "event: port\n");
	assert_int_equal(told + got, SENT + 1);
	close(fd);
	buf_free(&answer);
}

static void readers_are_bounded_and_leaving_makes_room(void **state)
{
	(void)state;
	enum { READERS = 32 };
	int fds[READERS];
	struct buf answer = { 0 };
	for (int i = 0; i < READERS; i++) {
		buf_clear(&answer);
		fds[i] = listen_live("/api/v1/live", &answer);
	}
	expect("/api/v1/live", 503, "too many live readers");
	for (int i = 0; i < READERS; i++)
		close(fds[i]);
	struct self_record self;
	give_self(NULL, &self);
	/* The first write after a close meets a RST, the second fails. */
	for (int i = 0; i < 20; i++) {
		web_live(web, RECORD_self, &self);
		turn(1);
	}
	buf_clear(&answer);
	close(listen_live("/api/v1/live", &answer));
	buf_free(&answer);
}

static void live_readers_see_a_clean_end_when_the_daemon_stops(void **state)
{
	(void)state;
	struct buf answer = { 0 };
	char part[256];
	int fd = listen_live("/api/v1/live", &answer);
	for (int i = 0; i < 10; i++)
		turn(1); /* until the stream waits */
	web_close(web);
	web = NULL;
	buf_clear(&answer);
	for (ssize_t len; (len = recv(fd, part, sizeof(part), 0)) > 0;)
		buf_add(&answer, part, (size_t)len);
	assert_non_null(
		strstr(buf_cstr(&answer), "0\r\n\r\n")); /* RFC 9112 7.1: last chunk */
	close(fd);
	buf_free(&answer);
}

static void the_page_is_whole_and_names_nothing_from_elsewhere(void **state)
{
	(void)state;
	struct buf answer = get("/");
	assert_int_equal(code_of(&answer), 200);
	assert_has(&answer, "<!doctype html>");
	assert_null(strstr(answer.at, "://"));
	buf_free(&answer);
	expect("/page.js", 200, "text/javascript");
	expect("/page.css", 200, "prefers-color-scheme: dark");
	expect("/nothing", 404, "nothing here");
	expect("/api/v1/nothing", 404, "{\"error\":");
}

static void a_second_daemon_is_refused_and_a_dead_ones_socket_replaced(void **state)
{
	(void)state;
	char error[WEB_ERROR_MAX], stale[80];
	int status;
	assert_null(try_open("off", socket_path, error, &status));
	assert_non_null(strstr(error, "already running"));
	assert_int_equal(status, 1);
	assert_int_equal(access(socket_path, F_OK), 0);

	snprintf(stale, sizeof(stale), "%s/stale.sock", folder);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", stale);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	struct web *second = try_open("off", stale, error, &status);
	assert_non_null(second);
	assert_int_equal(web_port(second), 0);
	assert_string_equal(web_address(second), "");
	web_close(second);
	assert_int_equal(access(stale, F_OK), -1);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	(void)state;
	char error[WEB_ERROR_MAX], path[80];
	int status;
	snprintf(path, sizeof(path), "%s/precious", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_null(try_open("off", path, error, &status));
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

static void a_listen_address_that_cannot_be_used_gets_one_line(void **state)
{
	(void)state;
	char error[WEB_ERROR_MAX];
	int status;
	assert_null(try_open(web_address(web), NULL, error, &status));
	assert_non_null(strstr(error, web_address(web)));
	assert_non_null(strstr(error, "in use"));
	assert_non_null(strstr(error, "--listen"));
	assert_null(strchr(error, '\n'));
	assert_int_equal(status, 1);
	assert_null(try_open("192.0.2.77:7070", NULL, error, &status));
	assert_non_null(strstr(error, "does not have that address"));
	static const char *const bad[] = {
		"7070",       "::1:7070:x", "1.2.3:80", "[::1]", "127.0.0.1:99999",
		"127.0.0.1:", ":80",        ""
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(try_open(bad[i], NULL, error, &status));
		assert_non_null(strstr(error, "is not ADDR:PORT"));
		assert_int_equal(status, 2);
	}
}

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(ports_come_as_lines_the_busiest_first),
		TEST(an_array_comes_to_whoever_asks_for_json),
		TEST(filters_choose_among_the_ports),
		TEST(flows_are_found_by_either_address_and_the_servers_port),
		TEST(a_limit_keeps_the_first_of_the_order_and_tells_the_total),
		TEST(a_bad_parameter_gets_one_line_that_says_what_is_allowed),
		TEST(every_answer_has_the_security_headers),
		TEST(a_strangers_host_name_is_refused_on_tcp),
		TEST(the_unix_socket_answers_the_same),
		TEST(only_get_and_head_are_allowed),
		TEST(a_connection_serves_more_than_one_request),
		TEST(health_is_fine_only_when_a_fresh_measurement_says_so),
		TEST(metrics_add_up_what_ports_did),
		TEST(a_port_scan_takes_no_place_in_the_metrics),
		TEST(the_number_of_series_has_a_bound),
		TEST(live_readers_get_the_kinds_they_asked_for),
		TEST(a_slow_reader_loses_events_and_is_told_how_many),
		TEST(readers_are_bounded_and_leaving_makes_room),
		TEST(live_readers_see_a_clean_end_when_the_daemon_stops),
		TEST(the_page_is_whole_and_names_nothing_from_elsewhere),
		TEST(a_second_daemon_is_refused_and_a_dead_ones_socket_replaced),
		TEST(a_file_that_is_no_socket_is_left_alone),
		TEST(a_listen_address_that_cannot_be_used_gets_one_line),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char sub[64];
	snprintf(sub, sizeof(sub), "%s/sub", folder);
	rmdir(sub);
	rmdir(folder);
	return failed;
}
