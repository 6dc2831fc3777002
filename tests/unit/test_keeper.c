/*
 * test_keeper.c: a prober that crashes is started again, not too often, and nothing
 * outlives the daemon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "guard/guard.h"
#include "guard/keeper.h"

enum { DEADLINE_MS = 10000, STEP_MS = 5 };

/* What a prober here tells of itself, once it runs. */
struct told {
	uint32_t uid;
	int64_t predecessor_ended_us;
};

static bool tell_and_go_on(void *self)
{
	(void)self;
	struct told told = { .uid = geteuid(),
			     .predecessor_ended_us = guard_predecessor_ended_us() };
	guard_emit(&told, sizeof(told));
	return true;
}

static void do_nothing(void *self)
{
	(void)self;
}

/* In the process: the socket of its events, which was made last. */
static int events_socket(void)
{
	int type, found = -1;
	for (int fd = 3; fd < 64; fd++) {
		socklen_t len = sizeof(type);
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0)
			found = fd;
	}
	return found;
}

static bool say_nothing_often(void *self)
{
	for (int i = 0; i < 8; i++)
		send(events_socket(), "", 0, MSG_NOSIGNAL);
	return tell_and_go_on(self);
}

static bool hear_all(void *self)
{
	socket(AF_INET, SOCK_RAW, IPPROTO_TCP); /* the last that it does */
	return tell_and_go_on(self);
}

static bool end_another(void *self)
{
	syscall(SYS_tgkill, getppid(), getppid(), SIGKILL); /* the same */
	return tell_and_go_on(self);
}

static bool open_all_of_ours(void *self)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM | SOCK_NONBLOCK };
	for (size_t i = 0; i < 2; i++) {
		close(socket(AF_INET, types[i], 0));
		close(socket(AF_INET6, types[i], 0));
	}
	close(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
	close(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	close(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	return tell_and_go_on(self);
}

static bool shut_and_go_on(void *self)
{
	(void)self;
	shutdown(events_socket(), SHUT_RDWR);
	return true;
}

static struct guard *begin_with(const char *user, bool (*open)(void *self))
{
	struct guard_task task = {
		.kind = GUARD_PROBER, .user = user, .open = open, .run = do_nothing
	};
	struct guard *guard = guard_fork(&task);
	assert_non_null(guard);
	return guard;
}

static struct guard *begin(const char *user)
{
	return begin_with(user, tell_and_go_on);
}

/* The next event, or what guard_next() says instead of one. */
static int await_event(struct guard *guard, struct told *out)
{
	struct pollfd waited = { .fd = guard_fd(guard), .events = POLLIN };
	uint8_t event[GUARD_EVENT_MAX];
	int len = 0;
	while (len == 0 && poll(&waited, 1, DEADLINE_MS) > 0)
		len = guard_next(guard, event, sizeof(event));
	if (len > 0)
		memcpy(out, event, sizeof(*out));
	return len;
}

static bool is_gone(pid_t pid)
{
	for (int waited = 0; waited < DEADLINE_MS; waited += STEP_MS) {
		struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
		if (kill(pid, 0) != 0 && errno == ESRCH)
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

static void one_that_crashes_is_started_again(void **state)
{
	(void)state;
	struct told told = { 0 };
	char text[GUARD_TEXT_MAX];
	struct guard *guard = begin("nobody");
	pid_t first = guard_pid(guard);
	assert_int_equal(await_event(guard, &told), sizeof(told));
	assert_int_equal(told.predecessor_ended_us, 0);
	assert_int_equal(kill(first, SIGKILL), 0);

	assert_int_equal(await_event(guard, &told), -ECHILD);
	assert_true(guard_is_alive(guard));
	assert_false(guard_describe(guard, text));
	assert_string_equal(text,
			    "ended by signal 9 (Killed), is started again in 1 s");
	assert_int_equal(guard_tell(guard, "x", 1), -EPIPE);

	assert_int_equal(await_event(guard, &told), sizeof(told));
	assert_int_not_equal(told.predecessor_ended_us, 0);
	assert_int_not_equal(guard_pid(guard), first);
	assert_int_equal(guard_ends(guard), 1);
	guard_describe(guard, text);
	assert_non_null(strstr(text, "started again 1 time"));
	pid_t second = guard_pid(guard);
	guard_close(guard);
	assert_true(is_gone(second));
}

/* A daemon that has much to tell is not held up by it. */
static void one_that_does_not_read_is_told_no_more(void **state)
{
	(void)state;
	enum { MANY = 1000000 };
	static const char message[GUARD_EVENT_MAX];
	struct guard *guard = begin("nobody");
	int error = 0, count = 0;
	assert_int_equal(kill(guard_pid(guard), SIGSTOP), 0);
	for (; count < MANY && error == 0; count++)
		error = guard_tell(guard, message, sizeof(message));
	assert_int_equal(error, -EAGAIN);
	assert_int_equal(kill(guard_pid(guard), SIGCONT), 0);
	guard_close(guard);
}

static void one_that_hangs_ends_with_the_daemon(void **state)
{
	(void)state;
	struct guard *guard = begin("nobody");
	pid_t pid = guard_pid(guard);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	guard_close(guard);
	assert_true(is_gone(pid));
}

/* One that was taken over. */
static void messages_of_nothing_hold_nobody_up(void **state)
{
	(void)state;
	struct told told = { 0 };
	int64_t begun_us = clock_us(CLOCK_MONOTONIC);
	struct guard *guard = begin_with("nobody", say_nothing_often);
	int len = -EPROTO;
	while (len == -EPROTO)
		len = await_event(guard, &told);
	assert_int_equal(len, sizeof(told));
	assert_true(clock_us(CLOCK_MONOTONIC) - begun_us < 2000000);
	guard_close(guard);
}

static void one_that_shuts_its_socket_is_ended(void **state)
{
	(void)state;
	struct told told = { 0 };
	struct guard *guard = begin_with("nobody", shut_and_go_on);
	pid_t pid = guard_pid(guard);
	assert_int_equal(await_event(guard, &told), -EPIPE);
	assert_false(guard_is_alive(guard));
	assert_true(is_gone(pid));
	guard_close(guard);
}

static void ends_by_seccomp(bool (*try)(void *self))
{
	struct told told = { 0 };
	char text[GUARD_TEXT_MAX];
	struct guard *guard = begin_with("nobody", try);
	assert_int_equal(await_event(guard, &told), -ECHILD);
	guard_describe(guard, text);
	assert_non_null(strstr(text, "ended by signal 31"));
	guard_close(guard);
}

static void it_can_hear_and_end_no_others(void **state)
{
	(void)state;
	struct told told = { 0 };
	ends_by_seccomp(hear_all);
	ends_by_seccomp(end_another);
	struct guard *guard = begin_with("nobody", open_all_of_ours);
	assert_int_equal(await_event(guard, &told), sizeof(told));
	guard_close(guard);
}

/* Also where the configuration says so. */
static void it_is_never_root(void **state)
{
	(void)state;
	struct told told = { 0 };
	struct guard *guard = begin("root");
	assert_int_equal(await_event(guard, &told), sizeof(told));
	assert_int_not_equal(told.uid, 0);
	guard_close(guard);
}

static void the_more_crashes_the_longer_it_waits(void **state)
{
	(void)state;
	uint64_t sum_ms = 0;
	unsigned in_an_hour = 0;
	assert_int_equal(keeper_delay_ms(GUARD_PROBER, 0), 1000);
	assert_int_equal(keeper_delay_ms(GUARD_PROBER, 1), 2000);
	assert_int_equal(keeper_delay_ms(GUARD_DECOY, UINT32_MAX),
			 keeper_delay_ms(GUARD_PROBER, 11));
	while ((sum_ms += keeper_delay_ms(GUARD_PROBER, in_an_hour)) < 3600 * 1000)
		in_an_hour++;
	assert_in_range(in_an_hour, 5, 12);
}

static void the_wall_is_soon_there_again_however_often_it_ends(void **state)
{
	(void)state;
	assert_int_equal(keeper_delay_ms(GUARD_WALL, 0), 100);
	assert_int_equal(keeper_delay_ms(GUARD_WALL, 1), 200);
	assert_in_range(keeper_delay_ms(GUARD_WALL, UINT32_MAX), 1000, 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_crashes_is_started_again),
		cmocka_unit_test(one_that_does_not_read_is_told_no_more),
		cmocka_unit_test(one_that_hangs_ends_with_the_daemon),
		cmocka_unit_test(messages_of_nothing_hold_nobody_up),
		cmocka_unit_test(one_that_shuts_its_socket_is_ended),
		cmocka_unit_test(it_can_hear_and_end_no_others),
		cmocka_unit_test(it_is_never_root),
		cmocka_unit_test(the_more_crashes_the_longer_it_waits),
		cmocka_unit_test(the_wall_is_soon_there_again_however_often_it_ends),
	};
	setenv("BREAKWATER_SECCOMP", "kill", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
