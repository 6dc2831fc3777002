/*
 * child.c: the life of the guard: it confines itself, then serves until the daemon's
 * end of the socket closes, which also happens when the daemon is killed.
 *
 * Whatever comes from the daemon is judged as from a stranger: once it is taken over,
 * it is one.  A message that no daemon of ours sends ends the guard.
 */
#include "guard/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "guard/calls.h"
#include "guard/keeper.h"
#include "guard/landlock.h"
#include "guard/maker.h"
#include "guard/message.h"
#include "guard/rights.h"
#include "guard/user.h"

enum { EVENTS_BYTES = 1 << 20, ANSWER_S = 5, GATHER_US = 20000 };

/* One thread, one task: guard_emit() and a signal find it here. */
static struct {
	const struct guard_task *task;
	int requests, events;
	int maker;               /* of sockets in other networks; negative: nobody */
	struct keeper_life life; /* of a prober */
	struct guard_confined confined;
	bool has_socket; /* the daemon's, with these numbers */
	dev_t device;
	ino_t inode;
} guard;

/* ---- the end ---- */

static void remove_socket(void)
{
	struct stat st;
	if (guard.has_socket && lstat(guard.task->socket_path, &st) == 0 &&
	    st.st_dev == guard.device && st.st_ino == guard.inode)
		unlink(guard.task->socket_path);
}

_Noreturn static void leave(int status)
{
	remove_socket();
	_exit(status);
}

/*
 * The second net, for when run() never comes back.  The signal is sent with the rights
 * of the dying daemon, so it comes only if that runs as the same user.
 */
static void parent_died(int number)
{
	(void)number;
	leave(EXIT_SUCCESS);
}

/* ---- confinement ---- */

/* What a terminal or a service manager sends to the whole group is for the daemon. */
static void set_signals(pid_t parent)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction end = { .sa_handler = parent_died };
	sigset_t none;
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sigaction(ignored[i], &ignore, NULL);
	sigaction(SIGUSR1, &end, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	if (getppid() != parent)
		leave(EXIT_SUCCESS);
}

static void close_between(int after, int before)
{
	if (before - after > 1)
		close_range((unsigned)after + 1, (unsigned)before - 1, 0);
}

/*
 * Keeps standard error, for a message of last resort; who waits for the end of the
 * daemon's output must not wait for us.
 */
static void close_inherited(void)
{
	int low = guard.requests < guard.events ? guard.requests : guard.events;
	int high = guard.requests < guard.events ? guard.events : guard.requests;
	close_between(STDERR_FILENO, low);
	close_between(low, high);
	close_range((unsigned)high + 1, UINT_MAX, 0);
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nothing < 0)
		return;
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	close(nothing);
}

/* More than the usual limit, if we may: fewer wake-ups for many events. */
static void widen_events(void)
{
	int bytes = EVENTS_BYTES;
	if (setsockopt(guard.events, SOL_SOCKET, SO_SNDBUFFORCE, &bytes,
		       sizeof(bytes)) != 0)
		setsockopt(guard.events, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

/* Who asks and does not take the answer is no daemon of ours, and is not waited for. */
static void bound_answers(void)
{
	const struct timeval patience = { .tv_sec = ANSWER_S };
	setsockopt(guard.requests, SOL_SOCKET, SO_SNDTIMEO, &patience,
		   sizeof(patience));
}

/* A list that ends with NULL. */
struct folders {
	const char **at;
	size_t count;
};

static bool has_folder(const struct folders *folders, const char *folder)
{
	for (size_t i = 0; i < folders->count; i++)
		if (strcmp(folders->at[i], folder) == 0)
			return true;
	return false;
}

/* That of a path, before the first wildcard.  Those that can't be kept are left out. */
static void add_folder(struct folders *folders, const char *path)
{
	size_t len = strcspn(path, "*?[");
	while (len > 0 && path[len - 1] != '/')
		len--;
	char *folder = len > 0 ? strndup(path, len) : strdup(".");
	if (folder != NULL && !has_folder(folders, folder))
		folders->at[folders->count++] = folder;
	else
		free(folder);
}

/*
 * Where it is, and where it leads: Landlock looks at the end of links.  What ends with
 * a slash is the folder itself, and not the one above it.
 */
static void add_readable(struct folders *folders, const char *path)
{
	char whole[PATH_MAX + 1];
	char *real = realpath(path, NULL);
	size_t len = strlen(path);
	add_folder(folders, path);
	if (real != NULL) {
		snprintf(whole, sizeof(whole), "%s%s", real,
			 len > 0 && path[len - 1] == '/' ? "/" : "");
		add_folder(folders, whole);
	}
	free(real);
}

/*
 * What names and certificates take to be resolved and judged, and the task's own.  A
 * rule is a file's, not its name's, and who writes resolv.conf puts a new one in its
 * place: so it is all of /etc, as far as an ordinary user may read it.
 */
static const char **list_readable(void)
{
	static const char *const usual[] = {
		"/etc",
		"/usr/lib/ssl",
		"/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates",
		/* Where resolv.conf may lead. */
		"/run/systemd/resolve",
		"/run/NetworkManager",
		"/run/resolvconf",
		"/run/connman",
	};
	const struct guard_task *task = guard.task;
	struct folders all = { .count = sizeof(usual) / sizeof(usual[0]) };
	all.at = calloc(all.count + 2 * task->readable_count + 1, sizeof(*all.at));
	if (all.at == NULL)
		return NULL;
	memcpy(all.at, usual, sizeof(usual));
	for (size_t i = 0; i < task->readable_count; i++)
		add_readable(&all, task->readable[i]);
	return all.at;
}

/* The list is needed no longer than this, and this is done once. */
static int enter_landlock(bool connects)
{
	static const char *const devices[] = { "/dev/null", "/dev/urandom", NULL };
	const char **readable = list_readable();
	if (readable == NULL)
		return -ENOMEM;
	const struct landlock_paths paths = { guard.task->writable, readable, devices,
					      connects };
	int version = landlock_enter(&paths);
	return version < 0 ? version : 0;
}

/* Each that is asked has one; as many as we may have, and no select(2) is here. */
static void raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* It is never root, also where the daemon is. */
static void find_user(struct user *user)
{
	user_find(guard.task->user, user);
	if (user->uid == 0)
		user_find(NULL, user);
}

/* The first that does not hold is told; the rest is done all the same. */
static void note(enum sandbox_part part, int error)
{
	if (guard.confined.error != 0 || error == 0)
		return;
	guard.confined.error = error;
	guard.confined.part = part;
}

static void gain_nothing(void)
{
	const struct rlimit none = { 0, 0 };
	note(SANDBOX_NO_NEW_PRIVS,
	     prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno);
	note(SANDBOX_CAPABILITIES, setrlimit(RLIMIT_CORE, &none) == 0 ? 0 : -errno);
}

static int become_wall(uid_t uid, gid_t gid)
{
	return rights_become_wall(uid, gid, guard.task->needs_bpf);
}

static void become_ordinary(int (*become)(uid_t uid, gid_t gid))
{
	struct user user;
	find_user(&user);
	note(SANDBOX_USER, become(user.uid, user.gid));
	note(SANDBOX_CAPABILITIES, guard.life.error);
	gain_nothing();
	/* The change of user cleared it. */
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
}

static void confine_prober(void)
{
	raise_descriptors();
	become_ordinary(rights_become_prober);
	note(SANDBOX_LANDLOCK, enter_landlock(true));
	note(SANDBOX_SECCOMP, calls_limit_prober());
}

static void confine_sender(void)
{
	become_ordinary(rights_become_nobody);
	note(SANDBOX_LANDLOCK, enter_landlock(true));
	note(SANDBOX_SECCOMP, calls_limit_sender());
}

static void confine_reporter(void)
{
	become_ordinary(rights_become_nobody);
	note(SANDBOX_LANDLOCK, enter_landlock(false));
	note(SANDBOX_SECCOMP, calls_limit_reporter());
}

static void confine_fleet_reporter(void)
{
	become_ordinary(rights_become_nobody);
	note(SANDBOX_LANDLOCK, enter_landlock(true));
	note(SANDBOX_SECCOMP, calls_limit_fleet_reporter());
}

static void confine_courier(void)
{
	become_ordinary(rights_become_nobody);
	note(SANDBOX_LANDLOCK, enter_landlock(true));
	note(SANDBOX_SECCOMP, calls_limit_courier());
}

static void confine_decoy(void)
{
	static const char *const none[] = { NULL };
	const struct landlock_paths nothing = { NULL, none, none, false };
	become_ordinary(rights_become_nobody);
	int version = landlock_enter(&nothing);
	note(SANDBOX_LANDLOCK, version < 0 ? version : 0);
	note(SANDBOX_SECCOMP, calls_limit_decoy());
}

static void confine_wall(void)
{
	become_ordinary(become_wall);
	note(SANDBOX_LANDLOCK, enter_landlock(false));
	note(SANDBOX_SECCOMP, calls_limit_wall(guard.task->needs_bpf));
}

static void confine_self_test(void)
{
	static const char *const none[] = { NULL };
	/* TCP is free: it listens, and connects. */
	const struct landlock_paths nothing = { NULL, none, none, true };
	become_ordinary(rights_become_self_test);
	int version = landlock_enter(&nothing);
	note(SANDBOX_LANDLOCK, version < 0 ? version : 0);
	note(SANDBOX_SECCOMP, calls_limit_self_test());
}

/* Its programs read and write what their user may: no Landlock. */
static void confine_runner(void)
{
	if (guard.task->stays_root) {
		gain_nothing();
		return;
	}
	become_ordinary(rights_become_nobody);
	note(SANDBOX_SECCOMP, calls_limit_runner());
}

static void confine_guard(void)
{
	note(SANDBOX_CAPABILITIES, rights_keep_few());
	gain_nothing();
	note(SANDBOX_SECCOMP, calls_limit_guard());
}

/* What differs between the kinds. */
static const struct {
	const char *process; /* its name, as of prctl(2) */
	void (*confine)(void);
} kinds[] = {
	[GUARD_PRIVILEGED] = { "breakwater-guar", confine_guard },
	[GUARD_PROBER] = { "breakwater-prob", confine_prober },
	[GUARD_DECOY] = { "breakwater-trap", confine_decoy },
	[GUARD_WALL] = { "breakwater-wall", confine_wall },
	[GUARD_SELF_TEST] = { "breakwater-self", confine_self_test },
	[GUARD_RUNNER] = { "breakwater-runn", confine_runner },
	[GUARD_SENDER] = { "breakwater-send", confine_sender },
	[GUARD_REPORTER] = { "breakwater-repo", confine_reporter },
	[GUARD_FLEET_REPORTER] = { "breakwater-repo", confine_fleet_reporter },
	[GUARD_COURIER] = { "breakwater-cour", confine_courier },
};

/* ---- requests ---- */

static int open_capture(int fds[2])
{
	if (guard.task->open_capture == NULL)
		return -EOPNOTSUPP;
	return guard.task->open_capture(guard.task->self, fds);
}

static int note_socket(void)
{
	struct stat st;
	if (guard.task->socket_path == NULL)
		return -EINVAL;
	if (lstat(guard.task->socket_path, &st) != 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	guard.has_socket = true;
	guard.device = st.st_dev;
	guard.inode = st.st_ino;
	return 0;
}

static void take_request(void)
{
	struct guard_request bytes, request;
	int fds[2] = { -1, -1 };
	int error = message_receive(guard.requests, &bytes, sizeof(bytes), NULL);
	if (error == -EPIPE)
		leave(EXIT_SUCCESS);
	if (error != 0 || !message_parse_request(&bytes, sizeof(bytes), &request))
		leave(EXIT_FAILURE);
	struct guard_answer answer = { .kind = request.kind };
	if (request.kind == MESSAGE_OPEN_CAPTURE)
		answer.error = open_capture(fds);
	else
		answer.error = note_socket();
	size_t count = 0;
	while (count < MESSAGE_FDS_MAX && answer.error == 0 && fds[count] >= 0)
		count++;
	error = message_send(guard.requests, &answer, sizeof(answer), fds, count);
	for (size_t i = 0; i < MESSAGE_FDS_MAX; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (error != 0)
		leave(EXIT_SUCCESS);
}

/* ---- events ---- */

/* The daemon may ask something first, and read its events only then.  False: nothing
 * has come about in that time. */
static bool wait_for_room(int timeout_ms)
{
	struct pollfd waited[2] = {
		{ .fd = guard.requests, .events = POLLIN },
		{ .fd = guard.events, .events = POLLOUT },
	};
	int ready = poll(waited, 2, timeout_ms);
	if (ready > 0 && waited[0].revents != 0)
		take_request();
	return ready != 0;
}

/* A look at everything takes long, and the daemon waits for its answer only so long. */
static void take_request_meanwhile(void)
{
	struct pollfd waited = { .fd = guard.requests, .events = POLLIN };
	if (poll(&waited, 1, 0) > 0)
		take_request();
}

bool guard_try_emit(const void *event, size_t len, int patience_ms)
{
	if (len == 0 || len > GUARD_EVENT_MAX)
		leave(EXIT_FAILURE);
	take_request_meanwhile();
	while (send(guard.events, event, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			leave(EXIT_SUCCESS);
		if (!wait_for_room(patience_ms))
			return false;
	}
	return true;
}

void guard_emit(const void *event, size_t len)
{
	guard_try_emit(event, len, -1);
}

int guard_netns_socket(const char *netns, int family, int type, int protocol)
{
	if (guard.maker >= 0)
		return maker_ask(guard.maker, netns, family, type, protocol);
	errno = EPERM;
	return -1;
}

/* ---- serving ---- */

static void take_message(const struct guard_task *task)
{
	uint8_t message[GUARD_EVENT_MAX];
	ssize_t len = recv(guard.events, message, sizeof(message), MSG_DONTWAIT);
	if (len > 0)
		task->take(task->self, message, (size_t)len);
	else if (len == 0)
		leave(EXIT_SUCCESS);
}

/* As root nobody reads what strangers send, unless a person wants it so. */
static bool may_work(const struct guard_task *task)
{
	return task->run != NULL &&
	       (!guard_is_kept(task) || geteuid() != 0 || task->stays_root);
}

int64_t guard_predecessor_ended_us(void)
{
	return guard.life.ended_us;
}

/*
 * A daemon that never stops sending must not keep it from what has its time; but who is
 * sent much gathers it, so that is asked only now and then.
 */
static bool is_due(const struct guard_task *task, int64_t ran_us)
{
	return task->timeout_ms != NULL &&
	       clock_us(CLOCK_MONOTONIC) - ran_us >= GATHER_US &&
	       task->timeout_ms(task->self) == 0;
}

static int64_t run(const struct guard_task *task)
{
	task->run(task->self);
	return clock_us(CLOCK_MONOTONIC);
}

static void serve(void)
{
	const struct guard_task *task = guard.task;
	bool works = may_work(task) && (task->open == NULL || task->open(task->self));
	int64_t ran_us = 0;
	while (true) {
		struct pollfd waited[3] = {
			{ .fd = guard.requests, .events = POLLIN },
			{ .fd = works && task->fd != NULL ? task->fd(task->self) : -1,
			  .events = POLLIN },
			{ .fd = works && task->take != NULL ? guard.events : -1,
			  .events = POLLIN },
		};
		int timeout = works && task->timeout_ms != NULL
				      ? task->timeout_ms(task->self)
				      : -1;
		int ready = poll(waited, 3, timeout);
		if (ready < 0)
			continue;
		if (waited[0].revents != 0)
			take_request();
		if (task->take != NULL && waited[2].revents != 0)
			take_message(task);
		if (works &&
		    (ready == 0 || waited[1].revents != 0 || is_due(task, ran_us)))
			ran_us = run(task);
	}
}

/* It was for the one before, and is told again: what is old may not end a beginning. */
static void pass_over_old_messages(void)
{
	enum { AT_MOST = 4096 }; /* who never stops sending is no daemon of ours */
	uint8_t message[GUARD_EVENT_MAX];
	for (int i = 0; i < AT_MOST; i++)
		if (recv(guard.events, message, sizeof(message), MSG_DONTWAIT) <= 0)
			return;
}

/* The first one is waited for. */
static void say_hello(void)
{
	const struct guard_answer hello = { .kind = MESSAGE_HELLO,
					    .confined = guard.confined,
					    .pid = getpid() };
	const struct guard_news news = { .mark = MESSAGE_NEWS,
					 .confined = guard.confined,
					 .pid = getpid() };
	if (guard.life.ended > 0)
		guard_emit(&news, sizeof(news));
	else if (message_send(guard.requests, &hello, sizeof(hello), NULL, 0) != 0)
		leave(EXIT_SUCCESS);
}

_Noreturn void guard_child(const struct guard_task *task, int requests, int events,
			   pid_t parent)
{
	guard.task = task;
	guard.requests = requests;
	guard.events = events;
	set_signals(parent);
	close_inherited();
	widen_events();
	bound_answers();
	guard.maker = task->needs_netns ? maker_begin(task->user) : -EPERM;
	if (task->prepare != NULL)
		task->prepare(task->self);
	if (guard_is_kept(task)) {
		keeper_begin(task, requests, events, &guard.life);
		set_signals(guard.life.keeper);
	}
	if (task->begin_life != NULL)
		task->begin_life(task->self);
	prctl(PR_SET_NAME, kinds[task->kind].process);
	kinds[task->kind].confine();
	if (task->kind == GUARD_WALL && guard.life.ended > 0)
		pass_over_old_messages();
	say_hello();
	serve();
	leave(EXIT_SUCCESS);
}
