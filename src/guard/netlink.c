/*
 * netlink.c: see netlink.h.
 *
 * The library's own loop leaves a datagram at the first message that says that the dump
 * was interrupted, and so may never see the end of it.
 */
#include "guard/netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

struct mnl_socket *netlink_open(int bus)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (socket == NULL)
		return NULL;
	/* A dump is answered at once; this is for a kernel that does not. */
	const struct timeval patience = { .tv_sec = 2 };
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0)
		return socket;
	int error = errno;
	mnl_socket_close(socket);
	errno = error;
	return NULL;
}

struct answer {
	uint32_t sequence;
	mnl_cb_t see;
	void *to;
	bool was_interrupted;
};

/* Of NLMSG_ERROR, and of NLMSG_DONE where a dump ended by one. */
static int error_of(const struct nlmsghdr *message)
{
	int error = 0;
	if (mnl_nlmsg_get_payload_len(message) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
	return error < 0 ? error : 0;
}

/* 1: more is to come; 0 or -errno: that was all. */
static int take(const void *datagram, size_t len, struct answer *answer)
{
	const struct nlmsghdr *message = datagram;
	int left = (int)len;
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_seq != answer->sequence)
			continue;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			answer->was_interrupted = true;
		if (message->nlmsg_type == NLMSG_DONE ||
		    message->nlmsg_type == NLMSG_ERROR)
			return error_of(message);
		if (answer->see != NULL)
			answer->see(message, answer->to);
	}
	return 1;
}

int netlink_ask(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t see,
		void *to)
{
	/* What is left of an answer that was given up has another number. */
	static uint32_t sequence;
	char room[NETLINK_ROOM] __attribute__((aligned(8)));
	sequence++;
	struct answer answer = { .sequence = sequence, .see = see, .to = to };
	int more = 1;
	request->nlmsg_seq = answer.sequence;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (more > 0) {
		ssize_t len = mnl_socket_recvfrom(socket, room, sizeof(room));
		if (len >= 0)
			more = take(room, (size_t)len, &answer);
		else if (errno != EINTR)
			more = -errno;
	}
	return more == 0 && answer.was_interrupted ? -EINTR : more;
}
