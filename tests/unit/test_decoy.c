/*
 * test_decoy.c: whoever answers on traps: what it says, and where its limits are.
 *
 * Time is an argument; connections are real ones of loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "decoy/decoy.h"

#define SECOND 1000000LL
#define T0     (1000 * SECOND)

enum { WAIT_MS = 5000 };

struct scene {
	struct decoy *decoy;
	uint16_t port;
	int64_t now_us;
};

/* A free port of every address; small ones are not needed for that. */
static uint16_t take_port(struct decoy *decoy)
{
	for (uint16_t port = 20011; port < 29000; port += 7)
		if (decoy_listen(decoy, port) == 0)
			return port;
	fail_msg("no port is free");
	return 0;
}

static int begin(void **state)
{
	static struct scene scene;
	scene = (struct scene){ .decoy = decoy_new(), .now_us = T0 };
	assert_non_null(scene.decoy);
	scene.port = take_port(scene.decoy);
	assert_int_equal(decoy_begin(scene.decoy), 0);
	*state = &scene;
	return 0;
}

static int end(void **state)
{
	decoy_free(((struct scene *)*state)->decoy);
	return 0;
}

/* From 127.0.0.N. */
static int connect_from(const struct scene *scene, unsigned n)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK + n) };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(scene->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static struct decoy_stats stats_of(const struct scene *scene)
{
	struct decoy_stats stats;
	decoy_stats(scene->decoy, scene->now_us, &stats);
	return stats;
}

static void run(struct scene *scene)
{
	struct pollfd waited = { .fd = decoy_fd(scene->decoy), .events = POLLIN };
	for (int i = 0; i < 100 && poll(&waited, 1, i == 0 ? WAIT_MS : 0) > 0; i++)
		decoy_run(scene->decoy, scene->now_us);
	decoy_run(scene->decoy, scene->now_us);
}

/* Until as many have been taken or turned away. */
static void run_until(struct scene *scene, uint64_t count)
{
	struct pollfd waited = { .fd = decoy_fd(scene->decoy), .events = POLLIN };
	while (stats_of(scene).accepted + stats_of(scene).refused < count &&
	       poll(&waited, 1, WAIT_MS) > 0)
		decoy_run(scene->decoy, scene->now_us);
	assert_int_equal(stats_of(scene).accepted + stats_of(scene).refused, count);
}

static size_t hear(int fd, char *text, size_t size)
{
	struct pollfd waited = { .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&waited, 1, WAIT_MS), 1);
	ssize_t got = recv(fd, text, size, 0);
	return got > 0 ? (size_t)got : 0;
}

/* With a RST. */
static bool was_reset(int fd)
{
	char byte;
	struct pollfd waited = { .fd = fd, .events = POLLIN };
	poll(&waited, 1, WAIT_MS);
	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

static void a_line_of_nonsense_comes_every_ten_seconds(void **state)
{
	struct scene *scene = *state;
	char line[256];
	int fd = connect_from(scene, 0);
	run_until(scene, 1);
	assert_int_equal(decoy_timeout_ms(scene->decoy, scene->now_us), 10001);
	for (int i = 0; i < 5; i++) {
		scene->now_us += 10 * SECOND;
		assert_int_equal(decoy_timeout_ms(scene->decoy, scene->now_us), 0);
		decoy_run(scene->decoy, scene->now_us);
		size_t len = hear(fd, line, sizeof(line));
		assert_in_range(len, 5, DECOY_LINE_MAX);
		assert_memory_equal(line + len - 2, "\r\n", 2);
		assert_int_not_equal(memcmp(line, "SSH-", 4), 0);
		for (size_t j = 0; j < len - 2; j++)
			assert_in_range(line[j], ' ', '~');
	}
	close(fd);
}

static void what_is_said_is_thrown_away_up_to_a_limit(void **state)
{
	struct scene *scene = *state;
	char much[2048] = { 'x' };
	int fd = connect_from(scene, 0);
	run_until(scene, 1);
	for (int i = 0; i < 200 && stats_of(scene).clients == 1; i++) {
		if (send(fd, much, sizeof(much), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
		    errno != EAGAIN)
			break;
		run(scene);
	}
	assert_int_equal(stats_of(scene).clients, 0);
	assert_true(was_reset(fd));
	close(fd);
}

static void who_leaves_is_forgotten(void **state)
{
	struct scene *scene = *state;
	int fd = connect_from(scene, 0);
	run_until(scene, 1);
	assert_int_equal(stats_of(scene).clients, 1);
	close(fd);
	run(scene);
	assert_int_equal(stats_of(scene).clients, 0);
	assert_int_equal(decoy_timeout_ms(scene->decoy, scene->now_us), -1);
}

static void nobody_stays_longer_than_his_time(void **state)
{
	struct scene *scene = *state;
	int fd = connect_from(scene, 0);
	run_until(scene, 1);
	scene->now_us += (DECOY_LIFE_S - 1) * SECOND;
	decoy_run(scene->decoy, scene->now_us);
	assert_int_equal(stats_of(scene).clients, 1);
	scene->now_us += SECOND;
	decoy_run(scene->decoy, scene->now_us);
	assert_int_equal(stats_of(scene).clients, 0);
	char line[64];
	hear(fd, line, sizeof(line));
	assert_true(was_reset(fd));
	close(fd);
}

static void one_source_has_its_share(void **state)
{
	struct scene *scene = *state;
	int fds[DECOY_PER_SOURCE + 1];
	for (unsigned i = 0; i <= DECOY_PER_SOURCE; i++) {
		fds[i] = connect_from(scene, 0);
		run_until(scene, i + 1);
	}
	assert_int_equal(stats_of(scene).clients, DECOY_PER_SOURCE);
	assert_int_equal(stats_of(scene).refused, 1);
	assert_true(was_reset(fds[DECOY_PER_SOURCE]));
	int other = connect_from(scene, 1);
	run_until(scene, DECOY_PER_SOURCE + 2);
	assert_int_equal(stats_of(scene).clients, DECOY_PER_SOURCE + 1);
	close(other);
	for (unsigned i = 0; i <= DECOY_PER_SOURCE; i++)
		close(fds[i]);
}

static void all_together_have_a_limit(void **state)
{
	struct scene *scene = *state;
	static int fds[DECOY_CLIENTS_MAX + 1];
	for (unsigned i = 0; i <= DECOY_CLIENTS_MAX; i++) {
		fds[i] = connect_from(scene, i / DECOY_PER_SOURCE);
		run_until(scene, i + 1);
		scene->now_us += SECOND / 100; /* not too many in a second */
	}
	assert_int_equal(stats_of(scene).clients, DECOY_CLIENTS_MAX);
	assert_int_equal(stats_of(scene).refused, 1);
	assert_int_equal(stats_of(scene).rests, 0);
	for (unsigned i = 0; i <= DECOY_CLIENTS_MAX; i++)
		close(fds[i]);
}

static bool is_answered(const struct scene *scene)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(scene->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool answered = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
	close(fd);
	return answered;
}

/* It does not even wait for what comes. */
static void too_many_in_a_second_are_answered_no_more_for_a_while(void **state)
{
	struct scene *scene = *state;
	for (unsigned i = 0; i <= DECOY_CONNECTS_MAX; i++) {
		close(connect_from(scene, i));
		run(scene);
	}
	assert_int_equal(stats_of(scene).rests, 1);
	assert_int_equal(stats_of(scene).clients, 0);
	assert_in_range(stats_of(scene).rests_s, 1, DECOY_REST_S + 1);
	assert_false(is_answered(scene));
	struct pollfd waited = { .fd = decoy_fd(scene->decoy), .events = POLLIN };
	assert_int_equal(poll(&waited, 1, 0), 0);
	scene->now_us += DECOY_REST_S * SECOND;
	assert_int_equal(decoy_timeout_ms(scene->decoy, scene->now_us), 0);
	decoy_run(scene->decoy, scene->now_us);
	assert_int_equal(stats_of(scene).rests_s, 0);
	assert_true(is_answered(scene));
}

/* Who is started again begins anew, also if the one before rested. */
static void it_begins_again_on_the_same_sockets(void **state)
{
	struct scene *scene = *state;
	close(decoy_fd(scene->decoy));
	assert_int_equal(decoy_begin(scene->decoy), 0);
	int fd = connect_from(scene, 0);
	run_until(scene, 1);
	close(fd);
}

static void a_port_that_is_served_is_told(void **state)
{
	struct scene *scene = *state;
	struct decoy *other = decoy_new();
	assert_int_equal(decoy_listen(other, scene->port), -EADDRINUSE);
	decoy_free(other);
}

static void usual_greetings_are_said(void **state)
{
	(void)state;
	assert_string_equal(decoy_greeting(21), "220 FTP server ready.\r\n");
	assert_string_equal(decoy_greeting(5905), "RFB 003.008\n");
	assert_null(decoy_greeting(22));
	assert_null(decoy_greeting(80));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_of_nonsense_comes_every_ten_seconds),
		TEST(what_is_said_is_thrown_away_up_to_a_limit),
		TEST(who_leaves_is_forgotten),
		TEST(nobody_stays_longer_than_his_time),
		TEST(one_source_has_its_share),
		TEST(all_together_have_a_limit),
		TEST(too_many_in_a_second_are_answered_no_more_for_a_while),
		TEST(it_begins_again_on_the_same_sockets),
		TEST(a_port_that_is_served_is_told),
		cmocka_unit_test(usual_greetings_are_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
