/*
 * test_peer.c: where bytes for a collector go, and that nothing counts as taken that
 * nobody took.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/peer.h"
#include "base/clock.h"

enum {
	POLL_US = 10000,
	SOON_US = 2000000,
	KERNEL_LEAST = 1,
	FITS = 60000,
	MUCH = 16 << 20
};

/* How the other side ends. */
enum ending { READS_ALL, RESETS, STAYS_OPEN };

struct side {
	int fd;
	uint16_t port;
	enum ending ending;
	atomic_bool is_over;
	pthread_t thread;
	size_t got;
	bool is_in_order;
	char text[65536];
};

static int bound(int type, uint16_t *port)
{
	union endpoint end = { .v4 = { .sin_family = AF_INET } };
	socklen_t len = sizeof(end.v4);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	end.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0 && bind(fd, &end.any, len) == 0);
	assert_int_equal(getsockname(fd, &end.any, &len), 0);
	*port = ntohs(end.v4.sin_port);
	return fd;
}

/* Letter after letter, as say() says them. */
static bool is_next(const struct side *side, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (side->text[i] != (char)('a' + (side->got + i) % 26))
			return false;
	return true;
}

static void *serve(void *self)
{
	struct side *side = self;
	struct linger at_once = { 1, 0 };
	ssize_t n;
	int fd = accept(side->fd, NULL, NULL);
	if (side->ending == RESETS) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(fd);
		return NULL;
	}
	while ((n = read(fd, side->text, sizeof(side->text))) > 0) {
		side->is_in_order &= is_next(side, (size_t)n);
		side->got += (size_t)n;
	}
	while (side->ending == STAYS_OPEN && !side->is_over)
		usleep(POLL_US);
	close(fd);
	return NULL;
}

static struct peer begin(struct side *side)
{
	struct peer peer = { .host = "127.0.0.1" };
	side->is_in_order = true;
	side->fd = bound(SOCK_STREAM, &side->port);
	peer.port = side->port;
	assert_int_equal(listen(side->fd, 1), 0);
	assert_int_equal(pthread_create(&side->thread, NULL, serve, side), 0);
	return peer;
}

static void end(struct side *side)
{
	side->is_over = true;
	pthread_join(side->thread, NULL);
	close(side->fd);
}

static bool say(struct side *side, size_t len, struct buf *error)
{
	struct peer peer = begin(side);
	struct buf bytes = { 0 };
	for (size_t i = 0; i < len; i++)
		buf_char(&bytes, (char)('a' + i % 26));
	bool is_sent = peer_send_stream(&peer, NULL, &bytes, error);
	end(side);
	buf_free(&bytes);
	return is_sent;
}

static void what_was_read_to_the_end_is_taken(void **state)
{
	static struct side side;
	struct buf error = { 0 };
	(void)state;
	side.ending = READS_ALL;
	int64_t began_us = clock_us(CLOCK_MONOTONIC);
	assert_true(say(&side, FITS, &error));
	/* Our end is told: nobody waits for more. */
	assert_true(clock_us(CLOCK_MONOTONIC) - began_us < SOON_US);
	assert_int_equal(side.got, FITS);
	assert_true(side.is_in_order);
	side.got = 0;
	assert_true(say(&side, MUCH, &error)); /* piece by piece */
	assert_int_equal(side.got, MUCH);
	assert_true(side.is_in_order);
	buf_free(&error);
}

static void a_side_that_stays_open_has_taken_it(void **state)
{
	static struct side side;
	struct buf error = { 0 };
	(void)state;
	side.ending = STAYS_OPEN;
	assert_true(say(&side, 100, &error));
	assert_int_equal(side.got, 100);
	buf_free(&error);
}

static void a_side_that_resets_has_not(void **state)
{
	static struct side side;
	struct buf error = { 0 };
	(void)state;
	side.ending = RESETS;
	assert_false(say(&side, 100, &error));
	assert_non_null(strstr(buf_cstr(&error), "127.0.0.1 port "));
	buf_free(&error);
}

struct stalled {
	struct peer peer;
	size_t len;
	bool is_sent;
	struct buf error;
};

static void *say_to_stalled(void *self)
{
	struct stalled *stalled = self;
	struct buf bytes = { 0 };
	buf_printf(&bytes, "%*s", (int)stalled->len, "");
	stalled->is_sent =
		peer_send_stream(&stalled->peer, NULL, &bytes, &stalled->error);
	buf_free(&bytes);
	return NULL;
}

/* Its kernel connects for it, and takes little; ours keeps the rest, or can't. */
static void a_side_that_never_reads_has_not(void **state)
{
	struct stalled all[] = { { .len = FITS }, { .len = MUCH } };
	const char *const words[] = { "does not take all in time", "it takes nothing" };
	pthread_t threads[2];
	int least = KERNEL_LEAST, fds[2];
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		fds[i] = bound(SOCK_STREAM, &all[i].peer.port);
		memcpy(all[i].peer.host, "127.0.0.1", sizeof("127.0.0.1"));
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
		assert_int_equal(listen(fds[i], 1), 0);
		assert_int_equal(
			pthread_create(&threads[i], NULL, say_to_stalled, &all[i]), 0);
	}
	for (size_t i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		close(fds[i]);
		assert_false(all[i].is_sent);
		assert_non_null(strstr(buf_cstr(&all[i].error), words[i]));
		buf_free(&all[i].error);
	}
}

static void nobody_there_is_said(void **state)
{
	struct peer peer = { .host = "127.0.0.1" };
	struct buf bytes = { 0 }, error = { 0 };
	const struct piece piece = { "hello", 5 };
	(void)state;
	close(bound(SOCK_STREAM, &peer.port));
	buf_text(&bytes, "hello");
	assert_false(peer_send_stream(&peer, NULL, &bytes, &error));
	assert_true(error.len > 0);
	buf_clear(&error);
	assert_false(peer_send_datagrams(&peer, &piece, 1, &error));
	assert_non_null(strstr(buf_cstr(&error), "refused"));
	buf_free(&bytes);
	buf_free(&error);
}

static void each_piece_is_a_datagram(void **state)
{
	const struct piece pieces[] = { { "one", 3 }, { "three", 5 } };
	struct peer peer = { .host = "localhost" };
	struct buf error = { 0 };
	char text[16];
	int fd = bound(SOCK_DGRAM, &peer.port);
	(void)state;
	assert_true(peer_send_datagrams(&peer, pieces, 2, &error));
	assert_int_equal(recv(fd, text, sizeof(text), 0), 3);
	assert_int_equal(recv(fd, text, sizeof(text), 0), 5);
	assert_memory_equal(text, "three", 5);
	close(fd);
	buf_free(&error);
}

static void urls_name_a_host_and_a_port(void **state)
{
	struct buf error = { 0 };
	struct peer peer;
	(void)state;
	assert_true(peer_of_url("syslog+tls://[2001:db8::7]", 6514, &peer, &error));
	assert_string_equal(peer.host, "2001:db8::7");
	assert_int_equal(peer.port, 6514);
	assert_true(peer_of_url("snmp://nms.example.org:1162", 162, &peer, &error));
	assert_string_equal(peer.host, "nms.example.org");
	assert_int_equal(peer.port, 1162);
	assert_int_equal(error.len, 0);
	assert_false(peer_of_url("syslog:", 514, &peer, &error));
	assert_false(peer_of_url("syslog://h:99999", 514, &peer, &error));
	assert_false(peer_of_url("syslog://h:0", 514, &peer, &error));
	assert_non_null(strstr(buf_cstr(&error), "scheme://host[:port]"));
	buf_free(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_to_the_end_is_taken),
		cmocka_unit_test(a_side_that_stays_open_has_taken_it),
		cmocka_unit_test(a_side_that_resets_has_not),
		cmocka_unit_test(a_side_that_never_reads_has_not),
		cmocka_unit_test(nobody_there_is_said),
		cmocka_unit_test(each_piece_is_a_datagram),
		cmocka_unit_test(urls_name_a_host_and_a_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
