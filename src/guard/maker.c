/*
 * maker.c: see maker.h.
 */
#include "guard/maker.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/calls.h"
#include "guard/landlock.h"
#include "guard/message.h"
#include "guard/rights.h"
#include "guard/user.h"

/* ---- what may be asked for ---- */

/* TCP, UDP and ICMP, as the prober speaks them. */
static bool is_kind(int family, int type, int protocol)
{
	int icmp = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	switch (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) {
	case SOCK_STREAM:
		return protocol == 0;
	case SOCK_DGRAM:
		return protocol == 0 || protocol == icmp;
	case SOCK_RAW:
		return protocol == icmp;
	default:
		return false;
	}
}

bool maker_parse(const void *bytes, size_t len, struct maker_request *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return memchr(out->name, '\0', sizeof(out->name)) != NULL &&
	       netns_is_name(out->name) && out->zero == 0 &&
	       (out->family == AF_INET || out->family == AF_INET6) &&
	       is_kind(out->family, out->type, out->protocol);
}

/* ---- the maker ---- */

/* Whatever of it can't be is a reason not to serve. */
static bool confine(const char *name)
{
	const struct rlimit none = { 0, 0 };
	/* ip-netns(8) makes the folder when it is first needed. */
	const char *readable[] = { access("/run/netns", F_OK) == 0 ? "/run/netns"
								   : "/run",
				   NULL };
	static const char *const nothing[] = { NULL };
	const struct landlock_paths paths = { NULL, readable, nothing, true };
	struct user user;
	user_find(name, &user);
	if (user.uid == 0)
		user_find(NULL, &user);
	if (rights_become_maker(user.uid, user.gid) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    setrlimit(RLIMIT_CORE, &none) != 0)
		return false;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* the change of user cleared it */
	landlock_enter(&paths);           /* a kernel may have none */
	return calls_limit_maker() == 0;
}

static int make(const struct maker_request *request)
{
	int error = netns_enter(request->name);
	if (error != 0)
		return error;
	int fd = socket(request->family, request->type, request->protocol);
	return fd >= 0 ? fd : -errno;
}

_Noreturn static void serve(int prober)
{
	while (true) {
		struct maker_request bytes, request;
		int error = message_receive(prober, &bytes, sizeof(bytes), NULL);
		if (error == -EPIPE)
			_exit(EXIT_SUCCESS);
		if (error != 0 || !maker_parse(&bytes, sizeof(bytes), &request))
			_exit(EXIT_FAILURE);
		int fd = make(&request);
		struct maker_answer answer = { .id = request.id,
					       .error = fd < 0 ? fd : 0 };
		error = message_send(prober, &answer, sizeof(answer), &fd, fd >= 0);
		if (fd >= 0)
			close(fd);
		if (error != 0)
			_exit(EXIT_SUCCESS);
	}
}

_Noreturn static void run(int prober, const char *user)
{
	prctl(PR_SET_NAME, "breakwater-nets");
	close_range(STDERR_FILENO + 1, (unsigned)prober - 1, 0);
	close_range((unsigned)prober + 1, UINT_MAX, 0);
	if (!confine(user))
		_exit(EXIT_FAILURE);
	serve(prober);
}

int maker_begin(const char *user)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		run(pair[1], user);
	int error = pid < 0 ? -errno : 0;
	close(pair[1]);
	if (error == 0)
		return pair[0];
	close(pair[0]);
	return error;
}

/* ---- the prober's side ---- */

/* What another prober asked for is not ours. */
static int receive(int maker, uint64_t id, int *fd)
{
	struct maker_answer answer;
	int fds[MESSAGE_FDS_MAX];
	while (true) {
		int error = message_receive(maker, &answer, sizeof(answer), fds);
		if (error != 0)
			return error;
		*fd = fds[0];
		if (answer.id == id)
			return answer.error;
		if (fds[0] >= 0)
			close(fds[0]);
	}
}

int maker_ask(int maker, const char *name, int family, int type, int protocol)
{
	static uint32_t asked;
	struct maker_request request = { .id = (uint64_t)getpid() << 32 | ++asked,
					 .family = family,
					 .type = type,
					 .protocol = protocol };
	int fd = -1, error = -EINVAL;
	if (netns_is_name(name)) {
		strncpy(request.name, name, sizeof(request.name) - 1);
		error = message_send(maker, &request, sizeof(request), NULL, 0);
	}
	if (error == 0)
		error = receive(maker, request.id, &fd);
	/* Without a maker nobody may. */
	errno = error == -EPIPE ? EPERM : -error;
	return error == 0 ? fd : -1;
}
