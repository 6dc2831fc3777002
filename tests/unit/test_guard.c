/*
 * test_guard.c: the guard does what it is asked, nothing else, and never outlives the
 * daemon.
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
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/child.h"
#include "guard/guard.h"
#include "guard/message.h"

enum { DEADLINE_MS = 10000, EVENTS = 20000, STEP_MS = 2 };

static char folder[] = "/tmp/test_guard_XXXXXX";
static char socket_path[64];
static struct guard *guard;

static void pause_a_step(void)
{
	struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
	nanosleep(&step, NULL);
}

/* ---- tasks ---- */

/* The read end of a pipe with something in it, and another descriptor. */
static int open_two(void *self, int fds[2])
{
	(void)self;
	int ends[2];
	if (pipe(ends) != 0)
		return -errno;
	if (write(ends[1], "packets", 7) != 7)
		return -EIO;
	fds[0] = ends[0];
	fds[1] = ends[1];
	return 0;
}

static int open_one(void *self, int fds[2])
{
	(void)self;
	fds[0] = dup(STDERR_FILENO);
	return 0;
}

static int open_none(void *self, int fds[2])
{
	(void)self;
	fds[0] = fds[1] = -1;
	return -EPERM;
}

static bool open_never(void *self)
{
	(void)self;
	return false;
}

static int at_once(void *self)
{
	(void)self;
	return 0;
}

/* Events of all lengths; what is in them follows from their number. */
static size_t event_len(uint32_t number)
{
	return sizeof(number) + number * 2654435761U % (GUARD_EVENT_MAX - 3);
}

static void emit_all(void *self)
{
	static bool done;
	(void)self;
	for (uint32_t i = 0; i < EVENTS && !done; i++) {
		uint8_t event[GUARD_EVENT_MAX];
		memset(event, (int)(i % 251), sizeof(event));
		memcpy(event, &i, sizeof(i));
		guard_emit(event, event_len(i));
	}
	done = true;
}

/* Never done, and never waits for the daemon either. */
static void emit_slowly(void *self)
{
	(void)self;
	for (uint32_t i = 0; i < DEADLINE_MS / STEP_MS; i++) {
		guard_emit(&i, sizeof(i));
		pause_a_step();
	}
}

/* Slower than who sends. */
static void take_slowly(void *self, const void *message, size_t len)
{
	(void)self;
	(void)message;
	(void)len;
	pause_a_step();
}

static void emit_one(void *self)
{
	uint32_t word = EVENTS;
	(void)self;
	guard_emit(&word, sizeof(word));
}

/* Until there is no room, and then a word of it. */
static void emit_while_heard(void *self)
{
	uint32_t word = 0;
	while (guard_try_emit(&word, sizeof(word), STEP_MS))
		;
	emit_one(self);
}

static int end_task(void **state)
{
	(void)state;
	guard_close(guard);
	guard = NULL;
	unlink(socket_path);
	return 0;
}

static void begin(struct guard_task task)
{
	task.socket_path = socket_path;
	guard = guard_fork(&task);
	assert_non_null(guard);
}

/* ---- what it is asked ---- */

static void what_the_task_opens_comes_as_descriptors(void **state)
{
	(void)state;
	int fds[2];
	char text[16];
	begin((struct guard_task){ .open_capture = open_two });
	for (int i = 0; i < 3; i++) {
		assert_int_equal(guard_open_capture(guard, fds), 0);
		assert_int_equal(read(fds[0], text, sizeof(text)), 7);
		assert_memory_equal(text, "packets", 7);
		assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
		close(fds[0]);
		close(fds[1]);
	}
}

static void the_second_descriptor_may_be_missing(void **state)
{
	(void)state;
	int fds[2];
	begin((struct guard_task){ .open_capture = open_one });
	assert_int_equal(guard_open_capture(guard, fds), 0);
	assert_true(fds[0] >= 0);
	assert_int_equal(fds[1], -1);
	close(fds[0]);
}

static void what_is_refused_says_why_and_is_no_end(void **state)
{
	(void)state;
	int fds[2];
	begin((struct guard_task){ .open_capture = open_none });
	assert_int_equal(guard_open_capture(guard, fds), -EPERM);
	assert_int_equal(guard_open_capture(guard, fds), -EPERM);
	assert_true(guard_is_alive(guard));
}

static void a_task_that_can_not_open_is_not_run(void **state)
{
	(void)state;
	int fds[2];
	char event[GUARD_EVENT_MAX];
	begin((struct guard_task){ .open = open_never,
				   .open_capture = open_none,
				   .timeout_ms = at_once,
				   .run = emit_all });
	assert_int_equal(guard_open_capture(guard, fds), -EPERM);
	assert_int_equal(guard_next(guard, event, sizeof(event)), 0);
}

/* ---- events ---- */

static void take_all_events(void)
{
	uint8_t event[GUARD_EVENT_MAX];
	for (uint32_t i = 0; i < EVENTS;) {
		struct pollfd waited = { .fd = guard_fd(guard), .events = POLLIN };
		assert_int_equal(poll(&waited, 1, DEADLINE_MS), 1);
		int len = guard_next(guard, event, sizeof(event));
		uint32_t number;
		assert_true(len >= 0);
		if (len == 0)
			continue;
		memcpy(&number, event, sizeof(number));
		assert_int_equal(number, i);
		assert_int_equal(len, event_len(i));
		for (int at = sizeof(number); at < len; at++)
			assert_int_equal(event[at], i % 251);
		i++;
	}
	assert_int_equal(guard_next(guard, event, sizeof(event)), 0);
}

/* It is far more than the socket holds; the answer comes in between. */
static void no_event_is_lost_while_the_daemon_does_something_else(void **state)
{
	(void)state;
	int fds[2];
	begin((struct guard_task){
		.open_capture = open_one, .timeout_ms = at_once, .run = emit_all });
	struct pollfd waited = { .fd = guard_fd(guard), .events = POLLIN };
	assert_int_equal(poll(&waited, 1, DEADLINE_MS), 1);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(guard_open_capture(guard, fds), 0);
		close(fds[0]);
	}
	take_all_events();
}

static void who_waits_for_the_daemon_to_read_still_ends_with_it(void **state)
{
	(void)state;
	begin((struct guard_task){ .timeout_ms = at_once, .run = emit_all });
	struct pollfd waited = { .fd = guard_fd(guard), .events = POLLIN };
	assert_int_equal(poll(&waited, 1, DEADLINE_MS), 1);
	pid_t pid = guard_pid(guard);
	guard_close(guard);
	guard = NULL;
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void a_long_look_does_not_keep_the_daemon_waiting(void **state)
{
	(void)state;
	int fds[2];
	uint32_t last = 0;
	begin((struct guard_task){
		.open_capture = open_one, .timeout_ms = at_once, .run = emit_slowly });
	struct pollfd waited = { .fd = guard_fd(guard), .events = POLLIN };
	assert_int_equal(poll(&waited, 1, DEADLINE_MS), 1);
	assert_int_equal(guard_open_capture(guard, fds), 0);
	close(fds[0]);
	/* It is still at its first look: few of its events have come. */
	while (guard_next(guard, &last, sizeof(last)) > 0)
		;
	assert_in_range(last, 0, DEADLINE_MS / STEP_MS / 10);
}

static void an_event_too_long_for_its_reader_is_no_event(void **state)
{
	(void)state;
	char event[8];
	int len = 0;
	begin((struct guard_task){ .timeout_ms = at_once, .run = emit_all });
	for (int waited = 0; len >= 0 && waited < DEADLINE_MS; waited += STEP_MS) {
		len = guard_next(guard, event, sizeof(event));
		if (len == 0)
			pause_a_step();
	}
	assert_int_equal(len, -EPIPE);
}

/* ---- its end ---- */

static void listen_at_path(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

static void the_socket_is_removed_at_the_end(void **state)
{
	(void)state;
	begin((struct guard_task){ .open_capture = open_none });
	assert_int_equal(guard_note_socket(guard), -ENOENT);
	listen_at_path();
	assert_int_equal(guard_note_socket(guard), 0);
	guard_close(guard);
	guard = NULL;
	assert_int_equal(access(socket_path, F_OK), -1);
}

static void a_socket_that_a_later_daemon_has_made_stays(void **state)
{
	(void)state;
	char aside[80];
	snprintf(aside, sizeof(aside), "%s.old", socket_path);
	begin((struct guard_task){ .open_capture = open_none });
	listen_at_path();
	assert_int_equal(guard_note_socket(guard), 0);
	assert_int_equal(rename(socket_path, aside), 0);
	listen_at_path();
	guard_close(guard);
	guard = NULL;
	assert_int_equal(access(socket_path, F_OK), 0);
	unlink(aside);
}

static void a_file_that_is_no_socket_is_never_removed(void **state)
{
	(void)state;
	begin((struct guard_task){ .open_capture = open_none });
	fclose(fopen(socket_path, "w"));
	assert_int_equal(guard_note_socket(guard), -ENOTSOCK);
	guard_close(guard);
	guard = NULL;
	assert_int_equal(access(socket_path, F_OK), 0);
}

/* A daemon of its own, that tells the guard's number and waits to be killed. */
_Noreturn static void be_daemon(int out)
{
	struct guard_task task = { .open_capture = open_none,
				   .socket_path = socket_path };
	struct guard *own = guard_fork(&task);
	pid_t pid = own != NULL ? guard_pid(own) : 0;
	listen_at_path();
	if (own == NULL || guard_note_socket(own) != 0 ||
	    write(out, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	while (true)
		pause();
}

static void the_guard_of_a_daemon_that_is_killed_tidies_up_and_ends(void **state)
{
	(void)state;
	int pair[2], status;
	pid_t orphan;
	/* So that the orphan comes to us and can be waited for. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_int_equal(pipe(pair), 0);
	pid_t daemon = fork();
	if (daemon == 0)
		be_daemon(pair[1]);
	assert_int_equal(read(pair[0], &orphan, sizeof(orphan)), sizeof(orphan));
	assert_int_equal(access(socket_path, F_OK), 0);
	kill(daemon, SIGKILL);
	assert_int_equal(waitpid(daemon, &status, 0), daemon);
	pid_t ended = 0;
	for (int waited = 0; ended == 0 && waited < DEADLINE_MS; waited += STEP_MS) {
		ended = waitpid(orphan, &status, WNOHANG);
		if (ended == 0)
			pause_a_step();
	}
	assert_int_equal(ended, orphan);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(access(socket_path, F_OK), -1);
	close(pair[0]);
	close(pair[1]);
}

static void signals_for_the_whole_group_are_not_for_the_guard(void **state)
{
	(void)state;
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	int fds[2];
	begin((struct guard_task){ .open_capture = open_none });
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		kill(guard_pid(guard), numbers[i]);
		assert_int_equal(guard_open_capture(guard, fds), -EPERM);
	}
	assert_true(guard_is_alive(guard));
}

static void a_guard_that_is_killed_is_told_as_such(void **state)
{
	(void)state;
	int fds[2];
	char text[GUARD_TEXT_MAX], event[GUARD_EVENT_MAX];
	begin((struct guard_task){ .open_capture = open_none });
	assert_true(guard_describe(guard, text));
	assert_true(strstr(text, "pid ") == text);
	kill(guard_pid(guard), SIGKILL);
	struct pollfd waited = { .fd = guard_fd(guard), .events = POLLIN };
	assert_int_equal(poll(&waited, 1, DEADLINE_MS), 1);
	assert_int_equal(guard_next(guard, event, sizeof(event)), -EPIPE);
	assert_int_equal(guard_open_capture(guard, fds), -EPIPE);
	for (int i = 0; i < DEADLINE_MS && guard_is_alive(guard); i += STEP_MS)
		pause_a_step();
	assert_false(guard_describe(guard, text));
	assert_string_equal(text, "ended by signal 9 (Killed)");
}

/* ---- strangers ---- */

/* How the guard ends after a message of these bytes; -1: it answers, and goes on. */
static int end_after(const void *bytes, size_t len, const int *fds, size_t fd_count)
{
	int requests[2], events[2], status;
	struct guard_task task = { .open_capture = open_none };
	struct guard_answer answer;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, requests), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, events), 0);
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		guard_child(&task, requests[1], events[1], parent);
	close(requests[1]);
	close(events[1]);
	assert_int_equal(message_receive(requests[0], &answer, sizeof(answer), NULL),
			 0);
	assert_int_equal(answer.kind, MESSAGE_HELLO);
	assert_int_equal(message_send(requests[0], bytes, len, fds, fd_count), 0);
	int error = message_receive(requests[0], &answer, sizeof(answer), NULL);
	close(requests[0]);
	close(events[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return error == 0 ? -1 : WEXITSTATUS(status);
}

static void a_message_of_another_size_ends_the_guard(void **state)
{
	(void)state;
	static const char bytes[70000] = { MESSAGE_OPEN_CAPTURE };
	static const size_t wrong[] = { 1, 4, 7, 9, 16, 4096, sizeof(bytes) };
	assert_int_equal(end_after(bytes, sizeof(struct guard_request), NULL, 0), -1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(end_after(bytes, wrong[i], NULL, 0), EXIT_FAILURE);
}

static void an_unknown_message_ends_the_guard(void **state)
{
	(void)state;
	static const struct guard_request wrong[] = {
		{ 0, 0 },          { MESSAGE_HELLO, 0 },        { 4, 0 },
		{ UINT32_MAX, 0 }, { MESSAGE_OPEN_CAPTURE, 1 },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(end_after(&wrong[i], sizeof(wrong[i]), NULL, 0),
				 EXIT_FAILURE);
}

static void descriptors_from_the_daemon_end_the_guard(void **state)
{
	(void)state;
	const int fds[2] = { STDERR_FILENO, STDERR_FILENO };
	const struct guard_request right = { .kind = MESSAGE_OPEN_CAPTURE };
	for (size_t count = 1; count <= 2; count++)
		assert_int_equal(end_after(&right, sizeof(right), fds, count),
				 EXIT_FAILURE);
}

/* ---- its rights ---- */

static uint64_t number_of(const char *status, const char *name, int base)
{
	const char *at = strstr(status, name);
	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, base);
}

static void it_keeps_few_rights_and_no_descriptors(void **state)
{
	(void)state;
	const uint64_t kept = 1ULL << 13 | 1ULL << 12 | 1ULL << 21 | 1ULL << 39 |
			      1ULL << 38 | 1ULL << 19 | 1ULL << 2;
	char path[64], status[8192], byte;
	int inherited[2];
	assert_int_equal(pipe(inherited), 0);
	begin((struct guard_task){ .open_capture = open_none });
	close(inherited[1]);
	assert_int_equal(read(inherited[0], &byte, 1), 0); /* nobody else has it */
	close(inherited[0]);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)guard_pid(guard));
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	status[fread(status, 1, sizeof(status) - 1, file)] = '\0';
	fclose(file);
	assert_non_null(strstr(status, "Name:\tbreakwater-guar"));
	assert_int_equal(number_of(status, "NoNewPrivs:", 10), 1);
	assert_int_equal(number_of(status, "Seccomp:", 10), 2);
	assert_int_equal(number_of(status, "CapEff:", 16) & ~kept, 0);
	assert_int_equal(number_of(status, "CapPrm:", 16) & ~kept, 0);
	assert_int_equal(number_of(status, "CapInh:", 16), 0);
	assert_int_equal(number_of(status, "CapAmb:", 16), 0);
	if (geteuid() == 0)
		assert_int_equal(number_of(status, "CapBnd:", 16), 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* The next event's word; 0: none yet. */
static uint32_t next_word(void)
{
	uint32_t word = 0;
	int len = guard_next(guard, &word, sizeof(word));
	assert_true(len == 0 || len == (int)sizeof(word));
	return len > 0 ? word : 0;
}

static void messages_without_end_keep_nothing_from_its_time(void **state)
{
	(void)state;
	const struct guard_task task = { .take = take_slowly,
					 .timeout_ms = at_once,
					 .run = emit_one };
	uint8_t message[64] = { 0 };
	begin(task);
	for (int told = 0; told < DEADLINE_MS / STEP_MS; told++) {
		while (guard_tell(guard, message, sizeof(message)) == 0)
			;
		while (next_word() == EVENTS)
			if (told > 50) /* those of before have been read */
				return;
		pause_a_step();
	}
	fail();
}

static void who_need_not_be_heard_waits_for_no_reader(void **state)
{
	(void)state;
	begin((struct guard_task){ .timeout_ms = at_once, .run = emit_while_heard });
	for (int i = 0; i < 100; i++)
		pause_a_step();
	for (int i = 0; i < 1000 * EVENTS; i++)
		if (next_word() == EVENTS)
			return;
	fail();
}

#define TEST(name) cmocka_unit_test_teardown(name, end_task)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_task_opens_comes_as_descriptors),
		TEST(the_second_descriptor_may_be_missing),
		TEST(what_is_refused_says_why_and_is_no_end),
		TEST(a_task_that_can_not_open_is_not_run),
		TEST(no_event_is_lost_while_the_daemon_does_something_else),
		TEST(who_waits_for_the_daemon_to_read_still_ends_with_it),
		TEST(a_long_look_does_not_keep_the_daemon_waiting),
		TEST(an_event_too_long_for_its_reader_is_no_event),
		TEST(the_socket_is_removed_at_the_end),
		TEST(a_socket_that_a_later_daemon_has_made_stays),
		TEST(a_file_that_is_no_socket_is_never_removed),
		TEST(the_guard_of_a_daemon_that_is_killed_tidies_up_and_ends),
		TEST(signals_for_the_whole_group_are_not_for_the_guard),
		TEST(a_guard_that_is_killed_is_told_as_such),
		TEST(a_message_of_another_size_ends_the_guard),
		TEST(an_unknown_message_ends_the_guard),
		TEST(descriptors_from_the_daemon_end_the_guard),
		TEST(messages_without_end_keep_nothing_from_its_time),
		TEST(who_need_not_be_heard_waits_for_no_reader),
		TEST(it_keeps_few_rights_and_no_descriptors),
	};
	setenv("BREAKWATER_SECCOMP", "kill", 1);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
