/*
 * live_sandbox.c: a live capture in a process that has given up all rights, on what
 * another one has opened for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/guard.h"
#include "live_traffic.h"

enum { GROUP = 78 };

static const char *const names[] = { "lo", "wire" };

/* One byte each way is a turn. */
static char hear(int from)
{
	char byte = 0;
	must(read(from, &byte, 1) == 1, "a word from the other process");
	return byte;
}

static void say(int to, char byte)
{
	must(write(to, &byte, 1) == 1, "a word to the other process");
}

static bool has_given_up_all(const struct sandbox_report *report)
{
	for (unsigned i = 0; i < SANDBOX_PARTS; i++)
		if (!report->holds[i])
			return false;
	return true;
}

/* Says 'r' when it is ready for a round, then how many frames it has seen in it. */
_Noreturn static void capture_without_rights(const struct capture_opened *opened,
					     int from, int to)
{
	static struct sandbox_report report;
	const char *const none[] = { NULL };
	char error[CAPTURE_ERROR_MAX] = "";
	int status;
	struct capture_live_options options = { .interfaces = names,
						.interface_count = 2,
						.filter = "udp",
						.fanout_group = GROUP,
						.ring_bytes = RING_BYTES,
						.opened = opened };
	sandbox_enter("nobody", "/nonexistent", none, none, &report);
	struct capture *capture = capture_live(&options, error, &status);
	if (capture == NULL || !has_given_up_all(&report)) {
		fprintf(stderr, "# %s\n", error);
		_exit(1);
	}
	say(to, 'r');
	while (hear(from) == 'g') {
		struct seen seen = { 0 };
		bool is_complete = collect(capture, PORT, &seen);
		say(to, is_complete ? (char)('0' + seen.frames) : '?');
	}
	struct capture_stats stats;
	capture_stats(capture, &stats);
	say(to, stats.frames > 0 && stats.kernel_dropped == 0 ? 's' : '?');
	capture_close(capture);
	_exit(0);
}

static char round_of(int to, int from, const char *peer)
{
	send_from_far(peer, UNTAGGED, PORT);
	send_from_far(peer, UNTAGGED, LAST_PORT);
	say(to, 'g');
	return hear(from);
}

static bool is_promiscuous(const char *name)
{
	char command[128];
	snprintf(command, sizeof(command),
		 "ip -d link show %s | grep -q 'promiscuity [1-9]'", name);
	return system(command) == 0; /* NOLINT(cert-env33-c): our own */
}

static void all_works_without_rights(void)
{
	int there[2], back[2], status;
	begin();
	plug_in("wire", 1);
	plug_in("other", 2);
	must(pipe(there) == 0 && pipe(back) == 0, "pipe");
	struct capture_opened opened = { capture_socket(), capture_steering() };
	must(opened.socket >= 0 && opened.steering >= 0, "socket and program");
	pid_t pid = fork();
	if (pid == 0)
		capture_without_rights(&opened, there[0], back[1]);
	close(back[1]);
	close(opened.socket);
	close(opened.steering);
	check(hear(back[0]) == 'r', "ring, filter and fanout group need no rights");
	check(round_of(there[1], back[0], "plug1") == '1', "frames come");
	check(is_promiscuous("wire") && !is_promiscuous("other"),
	      "a chosen interface is asked for packets to others as well");
	ip("link del wire");
	plug_in("wire", 1);
	/* The news of it is taken in before the next frame, which need not be its. */
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	say(there[1], 'g');
	check(hear(back[0]) == '0', "an interface that goes does not end the capture");
	check(round_of(there[1], back[0], "plug1") == '1',
	      "a chosen interface is heard when it is back");
	check(is_promiscuous("wire"), "and asked for packets to others again");
	send_from_far("plug2", UNTAGGED, PORT);
	check(round_of(there[1], back[0], "plug1") == '1', "others are not heard");
	say(there[1], 'e');
	check(hear(back[0]) == 's', "drops are counted");
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	check(status == 0, "it ends well");
}

int main(void)
{
	setenv("BREAKWATER_SECCOMP", "kill", 1);
	all_works_without_rights();
	return finish();
}
