/*
 * test_web.c: the HTTP API as a client sees it, against canned records.
 */
#include <jansson.h>
#include <sys/stat.h>

#include "web_client.h"

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
	expect("/api/v1/findings?kind=typo", 400, "not one of port_scan, ");
	expect("/api/v1/probes?state=typo", 400,
	       "is not one of up, degraded, down, unknown");
	expect("/api/v1/logins?outcome=typo", 400, "not one of success, failure, ");
	expect("/api/v1/listeners?reach=typo", 400, "not one of loopback, namespace, ");
	expect("/api/v1/ports?format=xml", 400, "json, ndjson or csv");
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

/* RFC 9110, 15.5.6: Allow has what is allowed there, and no more. */
static void who_asks_by_another_method_is_told_which_there_are(void **state)
{
	static const char *const asked[][3] = {
		{ "PUT", "/api/v1/policy", "Allow: GET, HEAD, POST\r\n" },
		{ "DELETE", "/api/v1/blocks", "Allow: GET, HEAD, POST\r\n" },
		{ "GET", "/api/v1/silences/end", "Allow: POST\r\n" },
		{ "PUT", "/api/v1/login", "Allow: POST\r\n" },
		{ "GET", "/api/v1/login", "Allow: POST\r\n" },
		{ "HEAD", "/enter?once=x", "Allow: GET\r\n" },
		{ "HEAD", "/api/v1/report/cis", "Allow: GET\r\n" },
		{ "POST", "/api/v1/status", "Allow: GET, HEAD\r\n" },
		{ "GE", "/api/v1/status", "Allow: GET, HEAD\r\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		char question[256];
		snprintf(question, sizeof(question),
			 "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
			 "Content-Length: 0\r\n\r\n",
			 asked[i][0], asked[i][1]);
		struct buf answer = exchange(connect_tcp(), question);
		assert_int_equal(code_of(&answer), 405);
		assert_has(&answer, asked[i][2]);
		buf_free(&answer);
	}
}

static void only_get_and_head_are_allowed(void **state)
{
	(void)state;
	struct buf answer =
		exchange(connect_tcp(), "POST /api/v1/ports HTTP/1.1\r\nHost: "
					"localhost\r\nConnection: close\r\n"
					"Content-Length: 0\r\n\r\n");
	assert_int_equal(code_of(&answer), 405);
	assert_has(&answer, "Allow: GET, HEAD\r\n");
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

static void filters_are_those_that_the_records_take(void **state)
{
	(void)state;
	expect("/api/v1/filters", 200,
	       "\"finding\":[\"port\",\"host\",\"client_ip\",\"transport\",\"since\","
	       "\"until\",\"at_least\"");
	expect("/api/v1/filters", 200, "\"self\":[\"since\",\"until\"]");
	expect("/api/v1/self?format=csv", 200, "at,packets,bytes,dropped");
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
	fake.dropped = 0;
	fake.status = "{\"interfaces\":[]}";
	expect("/health", 503, "no interface is watched");
	fake.status = "{\"interfaces\":[\"lo\"],\"store\":{\"state\":\"full\","
		      "\"message\":\"no space left\"}}";
	expect("/health", 200,
	       "{\"status\":\"degraded\",\"reasons\":[\"store: no space left\"]}");
	fake.status = "{\"interfaces\":[],\"capture\":{\"holds\":false,"
		      "\"detail\":\"not permitted\"}}";
	expect("/health", 200,
	       "{\"status\":\"degraded\",\"reasons\":[\"packets are not watched: not "
	       "permitted\"]}");
	fake.status = "{\"interfaces\":[\"lo\"],\"privileges\":{\"guard\":{"
		      "\"holds\":false,\"detail\":\"ended\"}}}";
	expect("/health", 200,
	       "{\"status\":\"degraded\",\"reasons\":[\"the guard ended\"]}");
	fake.status = "{\"hub\":{\"servers\":{\"up\":false,\"trouble\":\"Timeout\"}}}";
	expect("/health", 200,
	       "{\"status\":\"degraded\",\"reasons\":[\"NATS servers: "
	       "Timeout\"]}");
	fake.status = "{\"hub\":{\"servers\":{\"up\":true}}}";
	expect("/health", 200, "{\"status\":\"ok\",\"reasons\":[]}");
	fake.status = "";
	expect("/health", 503, "no status");
}

static void what_is_nowhere_is_told_so(void **state)
{
	(void)state;
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

static void what_listens_comes_by_port_and_is_filtered_like_all_else(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		int rows;
	} cases[] = {
		{ "/api/v1/listeners", 4 },
		{ "/api/v1/listeners?transport=tcp", 2 },
		{ "/api/v1/listeners?host=127.0.0.0/8", 2 },
		{ "/api/v1/listeners?port=3", 1 },
		{ "/api/v1/listeners?reach=outside&port=2", 0 },
		{ "/api/v1/listeners?process=server&limit=3", 3 },
		{ "/api/v1/listeners?process=serve", 0 },
		{ "/api/v1/sockets?port=22", 1 },
		{ "/api/v1/sockets?host=192.0.2.1", 0 },
		{ "/api/v1/findings", 2 },
		{ "/api/v1/findings?state=open&kind=new_listener", 2 },
		{ "/api/v1/findings?kind=service_change", 0 },
		{ "/api/v1/findings?port=8002", 1 },
		{ "/api/v1/findings?at_least=notice", 2 },
		{ "/api/v1/findings?at_least=low", 1 },
		{ "/api/v1/findings?at_least=high", 0 },
		{ "/api/v1/findings?severity=notice", 1 },
		{ "/api/v1/findings?client_ip=198.51.100.0/24", 2 },
		{ "/api/v1/findings?client_ip=198.51.100.1", 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf answer = get(cases[i].path);
		if (code_of(&answer) != 200 ||
		    lines_in(body_of(&answer)) != cases[i].rows)
			fail_msg("%s: %s", cases[i].path, buf_cstr(&answer));
		buf_free(&answer);
	}
	struct buf answer = get("/api/v1/listeners?limit=1");
	assert_has(&answer, "\"port\":1,");
	buf_free(&answer);
	answer = get("/api/v1/findings?limit=1");
	assert_has(&answer, "\"id\":\"f0\"");
	buf_free(&answer);
	expect("/api/v1/sockets?transport=tcp", 400, "allowed: port host since until ");
	expect("/api/v1/findings?client_ip=x", 400, "not an address or prefix");
	expect("/api/v1/findings?format=pcap", 400, "not json, ndjson or csv");
	expect("/api/v1/findings?process=", 400, "not a word of this field");
	expect("/api/v1/findings?at_least=bad", 400, "not one of notice, low, medium");
	expect("/api/v1/flows?at_least=low", 400, "not a parameter here");
	expect("/api/v1/ports?step=2h", 400, "not one of 10s, 1m, 1h, 1d");
	expect("/api/v1/flows?step=1h", 400, "not a parameter here");
}

static void without_a_store_the_past_is_refused_and_not_answered_with_less(void **state)
{
	(void)state;
	fake.memory_since_us = now_us() - 60 * 1000000;
	expect("/api/v1/ports?since=30s", 200, "Breakwater-Total");
	expect("/api/v1/ports?since=2h", 503, "there is no store");
	expect("/api/v1/flows?since=2h", 503, "there is no store");
	expect("/api/v1/gaps", 503, "there is no store");
	expect("/api/v1/audit", 503, "there is no store");
	expect("/api/v1/logins?outcome=failure", 503, "there is no store");
	expect("/api/v1/listeners?since=1h", 503, "there is no store");
}

static void a_policy_is_put_in_force_by_who_is_known_only(void **state)
{
	(void)state;
	expect("/api/v1/policy", 404, "no policy is in force");
	struct buf answer = post(connect_tcp(), "/api/v1/policy", "listen: []\n");
	assert_int_equal(code_of(&answer), 401);
	assert_has(&answer, "{\"error\":\"sign in\"}");
	buf_free(&answer);
	assert_int_equal(policy_text.len, 0);
	answer = post(connect_local(), "/api/v1/policy", "listen: []\n");
	assert_int_equal(code_of(&answer), 200);
	assert_has(&answer, "{\"message\":\"1 entry more\"}");
	buf_free(&answer);
	if (geteuid() == 0)
		assert_string_equal(policy_actor, "root");
	expect("/api/v1/policy", 200, "listen: []\n");
	answer = post(connect_local(), "/api/v1/ports", "x");
	assert_int_equal(code_of(&answer), 405);
	buf_free(&answer);
}

static void a_bad_policy_is_refused_with_every_mistake(void **state)
{
	(void)state;
	struct buf answer = post(connect_local(), "/api/v1/policy", "bad");
	assert_int_equal(code_of(&answer), 400);
	assert_has(&answer, "{\"error\":\"policy:1:1: not a register\\u000apolicy:2:1");
	buf_free(&answer);
	answer = post(connect_local(), "/api/v1/policy", "stuck");
	assert_int_equal(code_of(&answer), 500);
	assert_has(&answer, "no space left");
	buf_free(&answer);
}

/* In pieces without a length, so that only counting can tell. */
static struct buf post_chunks(size_t chunks, size_t chunk_len)
{
	int fd = connect_local();
	struct buf answer = { 0 }, chunk = { 0 };
	buf_printf(&chunk, "%zx\r\n", chunk_len);
	for (size_t i = 0; i < chunk_len; i++)
		buf_char(&chunk, ' ');
	buf_text(&chunk, "\r\n");
	say(fd, "POST /api/v1/policy HTTP/1.1\r\nHost: localhost\r\n"
		"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < chunks; i++) {
		say(fd, buf_cstr(&chunk));
		turn(0);
	}
	say(fd, "0\r\n\r\n");
	hear(fd, NULL, &answer);
	close(fd);
	buf_free(&chunk);
	return answer;
}

static void a_policy_has_at_most_a_mebibyte(void **state)
{
	(void)state;
	enum { CHUNK = 16384, CHUNKS = (1 << 20) / CHUNK };
	struct buf answer = post_chunks(CHUNKS, CHUNK);
	assert_int_equal(code_of(&answer), 200);
	assert_int_equal(policy_text.len, 1 << 20);
	buf_free(&answer);
	answer = post_chunks(CHUNKS + 1, CHUNK);
	assert_int_equal(code_of(&answer), 413);
	buf_free(&answer);
	assert_int_equal(policy_text.len, 1 << 20);
	answer = exchange(connect_local(),
			  "POST /api/v1/policy HTTP/1.1\r\nHost: localhost\r\n"
			  "Content-Length: 1048577\r\n\r\n");
	assert_int_equal(code_of(&answer), 413);
	buf_free(&answer);
}

int main(void)
{
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
		TEST(who_asks_by_another_method_is_told_which_there_are),
		TEST(only_get_and_head_are_allowed),
		TEST(a_connection_serves_more_than_one_request),
		TEST(filters_are_those_that_the_records_take),
		TEST(health_is_fine_only_when_a_fresh_measurement_says_so),
		TEST(what_is_nowhere_is_told_so),
		TEST(a_second_daemon_is_refused_and_a_dead_ones_socket_replaced),
		TEST(a_file_that_is_no_socket_is_left_alone),
		TEST(what_listens_comes_by_port_and_is_filtered_like_all_else),
		TEST(without_a_store_the_past_is_refused_and_not_answered_with_less),
		TEST(a_policy_is_put_in_force_by_who_is_known_only),
		TEST(a_bad_policy_is_refused_with_every_mistake),
		TEST(a_policy_has_at_most_a_mebibyte),
		TEST(a_listen_address_that_cannot_be_used_gets_one_line),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
