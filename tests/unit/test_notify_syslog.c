/*
 * test_notify_syslog.c: what a collector of syslog gets over TCP and UDP: each incident
 * a message of its own, with its length or in a datagram.
 */
#include "notice_scene.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DECIMAL = 10, LINK_LEN = 5000, DATAGRAM_MOST = 2048 /* docs/alerts.md */ };

static struct {
	int fd;
	uint16_t port;
	char text[65536];
	size_t len;
} collector;

static void begin(int type)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	collector.len = 0;
	collector.fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(collector.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(collector.fd, (struct sockaddr *)&at, &len), 0);
	collector.port = ntohs(at.sin_port);
}

static void tell(const char *scheme, const char *query, const struct notice *notice)
{
	char url[128];
	struct buf error = { 0 };
	snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", scheme, collector.port,
		 query);
	struct sink *sink = sink_new("x", url, NULL, &error);
	assert_non_null(sink);
	assert_int_equal(sink->notifier->send(sink, notice, &error), NOTIFY_SENT);
	sink_free(sink);
	buf_free(&error);
}

static void *read_all(void *self)
{
	ssize_t n;
	int fd = accept(collector.fd, NULL, NULL);
	(void)self;
	while ((n = read(fd, collector.text + collector.len,
			 sizeof(collector.text) - 1 - collector.len)) > 0)
		collector.len += (size_t)n;
	collector.text[collector.len] = '\0';
	close(fd);
	return NULL;
}

/* RFC 6587 3.4.1; its text, which is the next one's place. */
static char *take_message(char **at)
{
	char *text;
	size_t len = strtoul(*at, &text, DECIMAL);
	assert_int_equal(*text++, ' ');
	assert_true(len > 0 && text + len <= collector.text + collector.len);
	*at = text + len;
	return strndup(text, len);
}

static void over_tcp_each_incident_is_counted(void **state)
{
	(void)state;
	struct incident_record incidents[] = { made_incident("the first"),
					       made_incident("the second") };
	struct notice notice = notice_of(incidents, 2, "new");
	pthread_t thread;
	begin(SOCK_STREAM);
	assert_int_equal(listen(collector.fd, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_all, NULL), 0);
	tell("syslog+tcp", "?facility=local0", &notice);
	pthread_join(thread, NULL);
	close(collector.fd);
	char *at = collector.text;
	char *first = take_message(&at), *second = take_message(&at);
	assert_ptr_equal(at, collector.text + collector.len);
	assert_memory_equal(first, "<131>1 ", 7); /* local0 (16), error (3) */
	assert_non_null(strstr(first, "the first"));
	assert_null(strstr(first, "the second"));
	assert_memory_equal(second, "<131>1 ", 7);
	assert_non_null(strstr(second, "the second"));
	assert_null(strstr(second, "the first"));
	free(first);
	free(second);
}

static void over_udp_each_is_a_datagram_that_fits(void **state)
{
	(void)state;
	static char link[LINK_LEN];
	struct incident_record incidents[] = { made_incident("one"),
					       made_incident("two") };
	struct notice notice = notice_of(incidents, 2, "new");
	memset(link, 'x', sizeof(link) - 1);
	notice.link = link;
	begin(SOCK_DGRAM);
	tell("syslog", "", &notice);
	for (int i = 0; i < 2; i++) {
		ssize_t len = recv(collector.fd, collector.text, sizeof(collector.text),
				   MSG_DONTWAIT);
		assert_int_equal(len, DATAGRAM_MOST);
		collector.text[len] = '\0';
		assert_non_null(strstr(collector.text, i == 0 ? "one" : "two"));
		assert_memory_equal(collector.text, "<27>1 ", 6); /* daemon (3) */
	}
	close(collector.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_tcp_each_incident_is_counted),
		cmocka_unit_test(over_udp_each_is_a_datagram_that_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
