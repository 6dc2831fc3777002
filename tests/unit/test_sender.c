/*
 * test_sender.c: the sender with a real server at the other end of the loopback, and a
 * clock of its own.
 */
#include "notice_scene.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alert/notice_json.h"
#include "alert/sender.h"

#define SECOND_US 1000000LL

enum { PATIENCE_MS = 10000 };

/* ---- the other side ---- */

static struct {
	int fd;
	uint16_t port;
	const char *_Atomic head; /* of its answer */
	_Atomic unsigned asked;
	pthread_t thread;
} server;

/* All of a request has come when its body, an object, has. */
static void read_request(int fd)
{
	char text[65536];
	for (size_t len = 0; len < sizeof(text);) {
		ssize_t got = read(fd, text + len, sizeof(text) - len);
		if (got <= 0 || text[len + (size_t)got - 1] == '}')
			return;
		len += (size_t)got;
	}
}

static void *serve(void *self)
{
	int fd;
	(void)self;
	while ((fd = accept(server.fd, NULL, NULL)) >= 0) {
		char answer[256];
		read_request(fd);
		int len = snprintf(answer, sizeof(answer),
				   "HTTP/1.1 %s\r\nContent-Length: 0\r\n"
				   "Connection: close\r\n\r\n",
				   server.head);
		ssize_t ignored = write(fd, answer, (size_t)len);
		(void)ignored;
		server.asked++;
		close(fd);
	}
	return NULL;
}

static void begin_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server.fd, 8), 0);
	getsockname(server.fd, (struct sockaddr *)&at, &len);
	server.port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void end_server(void)
{
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.fd);
}

/* ---- the sender ---- */

static char folder[32];
static struct sender *sender;
static struct notification_record last;
static unsigned results;

static void take_result(void *self, const struct notification_record *notification,
			uint64_t id)
{
	(void)self;
	(void)id;
	last = *notification;
	results++;
}

static int begin(void **state)
{
	const struct sender_output output = { NULL, take_result };
	struct buf why = { 0 };
	char url[64];
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sender-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	begin_server();
	const struct sender_folders folders = { folder, folder };
	sender = sender_open(&folders, 1 << 20, &output, &why);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook", server.port);
	struct sink *sink = sink_new("hook", url, NULL, &why);
	if (sender == NULL || sink == NULL)
		return -1;
	sender_set_sinks(sender, &sink, 1);
	buf_free(&why);
	return 0;
}

static int end(void **state)
{
	char command[64];
	(void)state;
	sender_close(sender);
	end_server();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command); /* NOLINT(cert-env33-c): of this test's own folder */
}

static void put(uint64_t id, int64_t now_us, size_t count)
{
	struct incident_record incidents[NOTICE_INCIDENTS_MAX];
	struct notice notice = notice_of(incidents, count, "new");
	struct buf json = { 0 };
	for (size_t i = 0; i < count; i++) {
		incidents[i] = made_incident("down");
		snprintf(incidents[i].id, sizeof(incidents[i].id), "%016zx", i);
	}
	notice.id = id;
	notice_json(&notice, &json);
	assert_int_equal(sender_put(sender, "hook", json.at, json.len, now_us),
			 SPOOL_TAKEN);
	buf_free(&json);
}

/* What is tried by then has been. */
static void try_at(int64_t now_us)
{
	unsigned before = results;
	struct pollfd done = { .fd = sender_fd(sender), .events = POLLIN };
	sender_run(sender, now_us);
	if (poll(&done, 1, PATIENCE_MS) > 0)
		sender_run(sender, now_us);
	assert_int_equal(results, before + 1);
}

/* Under way, it would wake up once a second only. */
static void nothing_is_tried_before(int64_t due_us)
{
	int64_t now_us = due_us - SECOND_US / 2;
	sender_run(sender, now_us);
	assert_int_equal(sender_timeout_ms(sender, now_us), 500);
}

/* ---- the tests ---- */

static void who_has_no_time_says_when_he_has(void **state)
{
	int64_t now_us = BEGAN_US;
	(void)state;
	server.head = "429 Too Many Requests\r\nRetry-After: 90";
	put(1, now_us, 1);
	try_at(now_us);
	assert_string_equal(last.state, "failed");
	assert_string_equal(last.error, "answers 429");
	assert_string_equal(last.others, "");
	now_us += 90 * SECOND_US;
	nothing_is_tried_before(now_us);
	server.head = "503 Service Unavailable\r\nRetry-After: 99999999999";
	try_at(now_us);
	now_us += 600 * SECOND_US;
	nothing_is_tried_before(now_us);
	server.head = "503 Service Unavailable\r\nRetry-After: soon";
	try_at(now_us);
	now_us += 30 * SECOND_US; /* as if it had asked for nothing: 20 s */
	server.head = "200 OK";
	try_at(now_us);
	assert_string_equal(last.state, "sent");
	assert_int_equal(last.tries, 4);
	assert_int_equal(server.asked, 4);
}

/* As many as fit into one. */
static void what_became_of_a_message_is_known_of_all_it_tells_of(void **state)
{
	(void)state;
	server.head = "200 OK";
	put(1, BEGAN_US, NOTICE_INCIDENTS_MAX);
	try_at(BEGAN_US);
	assert_string_equal(last.state, "sent");
	assert_string_equal(last.incident, "0000000000000000");
	assert_int_equal(last.incidents, 16);
	assert_int_equal(strlen(last.others), 15 * 16 + 14);
	assert_memory_equal(last.others, "0000000000000001,", 17);
	assert_string_equal(last.others + 14 * 17, "000000000000000f");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_has_no_time_says_when_he_has, begin,
						end),
		cmocka_unit_test_setup_teardown(
			what_became_of_a_message_is_known_of_all_it_tells_of, begin,
			end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
