/*
 * test_kept.c: sockets that are used again tell of each target as new ones would.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "probe/asked.h"

enum { AT_ONCE = 20 };

static struct prober *prober;
static unsigned answers, others; /* others: not as wanted */
static const char *wanted;

static int begin(void **state)
{
	(void)state;
	prober = prober_new();
	return prober == NULL ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	prober_free(prober);
	return 0;
}

/* A listener of this machine's, or (backlog 0) a port that nobody listens at. */
static uint16_t port_of(int fd, int backlog)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	if (backlog > 0)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static void answered(void *to, const struct probe_record *record)
{
	(void)to;
	answers++;
	others +=
		strcmp(record->state, "up") == 0
			? strcmp(wanted, "up") != 0
			: record->reason == NULL || strcmp(record->reason, wanted) != 0;
}

/* All have that state or reason. */
static void ask_all(uint16_t port, const char *more, const char *state_or_reason)
{
	char text[96], why[TARGET_WHY_MAX];
	struct target target;
	snprintf(text, sizeof(text), "tcp://127.0.0.1:%u?timeout=5s%s", port, more);
	assert_true(target_parse(&target, text, why));
	answers = others = 0;
	wanted = state_or_reason;
	for (unsigned i = 0; i < AT_ONCE; i++)
		assert_true(prober_ask(prober, &target, clock_us(CLOCK_MONOTONIC),
				       answered, NULL));
	while (answers < AT_ONCE)
		prober_turn(prober, 1000);
	assert_int_equal(others, 0);
	target_free(&target);
}

static void each_probe_is_told_the_truth_whatever_was_before(void **state)
{
	(void)state;
	int open = socket(AF_INET, SOCK_STREAM, 0);
	int closed = socket(AF_INET, SOCK_STREAM, 0);
	uint16_t open_port = port_of(open, 4 * AT_ONCE);
	uint16_t closed_port = port_of(closed, 0);
	ask_all(open_port, "", "up");
	assert_int_equal(prober->kept[0].count, AT_ONCE);
	ask_all(closed_port, "", "refused");
	assert_int_equal(prober->kept[0].count, 0);
	ask_all(open_port, "", "up");
	ask_all(open_port, "", "up");
	assert_int_equal(prober->kept[0].count, AT_ONCE);
	close(open);
	ask_all(open_port, "", "refused");
	close(closed);
}

static void a_probe_with_a_source_has_a_socket_of_its_own(void **state)
{
	(void)state;
	int open = socket(AF_INET, SOCK_STREAM, 0);
	uint16_t port = port_of(open, 2 * AT_ONCE);
	ask_all(port, "&source=127.0.0.9", "up");
	assert_int_equal(prober->kept[0].count, 0);
	ask_all(port, "&interface=lo", "up");
	assert_int_equal(prober->kept[0].count, 0);
	close(open);
}

static void the_server_sees_a_reset_at_once(void **state)
{
	(void)state;
	char byte;
	int open = socket(AF_INET, SOCK_STREAM, 0);
	ask_all(port_of(open, AT_ONCE), "", "up");
	int one = accept(open, NULL, NULL);
	assert_true(one >= 0);
	assert_int_equal(recv(one, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, ECONNRESET);
	close(one);
	close(open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_probe_is_told_the_truth_whatever_was_before, begin, end),
		cmocka_unit_test_setup_teardown(
			a_probe_with_a_source_has_a_socket_of_its_own, begin, end),
		cmocka_unit_test_setup_teardown(the_server_sees_a_reset_at_once, begin,
						end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
