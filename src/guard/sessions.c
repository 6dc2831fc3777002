/*
 * sessions.c: see sessions.h.
 *
 * Each socket is looked up among those who are meant, and ended by its cookie: what has
 * taken its ports since then is another.
 */
#include "guard/sessions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "guard/sessions_inside.h"
#include "guard/sockets.h"

enum {
	/* net/tcp_states.h: TIME_WAIT has nothing to say any more, CLOSE is a UDP
	 * socket that is connected to nobody, listeners are everybody's. */
	TIME_WAIT = 6,
	CLOSE = 7,
	LISTEN = 10,
	STATES = 13,
	AT_ONCE = 64, /* sockets to end, in a datagram */
	ENDINGS_MAX = 1 << 18,
};

struct ending {
	struct inet_diag_req_v2 socket;
	struct session_target *target;
};

struct sessions {
	struct mnl_socket *sockets;
	struct tracked *tracked;
	int socket_error, tracking_error;
	struct session_order order;
	struct ending *endings; /* of one dump */
	size_t count, size;
	uint8_t proto; /* of that dump */
	int lost;      /* 0 or -errno: some were not noted */
};

/* ---- which sockets ---- */

static bool has_room(struct sessions *s)
{
	if (s->count < s->size)
		return true;
	size_t size = s->size == 0 ? 256 : 2 * s->size;
	void *grown = size <= ENDINGS_MAX
			      ? realloc(s->endings, size * sizeof(*s->endings))
			      : NULL;
	if (grown == NULL) {
		s->lost = -ENOBUFS;
		return false;
	}
	s->endings = grown;
	s->size = size;
	return true;
}

static void see_socket(void *to, const struct inet_diag_msg *socket)
{
	struct sessions *s = to;
	struct addr remote = sockets_remote(socket);
	struct session_target *target = session_order_find(
		&s->order, &remote, ntohs(socket->id.idiag_sport), s->proto);
	if (target == NULL || !has_room(s))
		return;
	s->endings[s->count++] = (struct ending){
		.socket = { .sdiag_family = socket->idiag_family,
			    .sdiag_protocol = s->proto,
			    .idiag_states = 1u << socket->idiag_state,
			    .id = socket->id },
		.target = target,
	};
}

static int find_sockets(struct sessions *s, uint8_t family, uint8_t proto)
{
	uint8_t filter[SESSION_FILTER_MAX];
	size_t len = session_filter(&s->order, filter);
	const struct inet_diag_req_v2 what = {
		.sdiag_family = family,
		.sdiag_protocol = proto,
		.idiag_states = ((1u << STATES) - 1) &
				~(1u << TIME_WAIT | 1u << CLOSE | 1u << LISTEN),
	};
	s->count = 0;
	s->proto = proto;
	int error = sockets_each(s->sockets, &what, filter, len, see_socket, s);
	/* No module for that: nobody has such a socket. */
	return error == -ENOENT ? 0 : error;
}

/* ---- their end ---- */

static size_t put_ending(char *room, const struct ending *ending, uint32_t sequence)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(room);
	request->nlmsg_type = SOCK_DESTROY;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = sequence;
	*(struct inet_diag_req_v2 *)mnl_nlmsg_put_extra_header(
		request, sizeof(ending->socket)) = ending->socket;
	return request->nlmsg_len;
}

struct outcomes {
	const struct ending *endings;
	size_t count;
	int error;
};

/* One that has ended by itself meanwhile is none of ours. */
static void see_outcome(const struct nlmsghdr *message, struct outcomes *outcomes)
{
	int error = -EBADMSG;
	if (message->nlmsg_type != NLMSG_ERROR ||
	    message->nlmsg_seq >= outcomes->count ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(error))
		return;
	memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
	if (error == 0)
		outcomes->endings[message->nlmsg_seq].target->sockets++;
	else if (error != -ENOENT)
		outcomes->error = error;
}

/* The kernel has answered each before send() comes back. */
static void take_outcomes(struct sessions *s, struct outcomes *outcomes)
{
	char room[NETLINK_ROOM] __attribute__((aligned(8)));
	int fd = mnl_socket_get_fd(s->sockets);
	ssize_t len;
	while ((len = recv(fd, room, sizeof(room), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *message = (const void *)room;
		int left = (int)len;
		for (; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			see_outcome(message, outcomes);
	}
}

static int end_some(struct sessions *s, const struct ending *endings, size_t count)
{
	char room[AT_ONCE * MNL_ALIGN(NLMSG_HDRLEN + sizeof(struct inet_diag_req_v2))]
		__attribute__((aligned(8)));
	struct outcomes outcomes = { endings, count, 0 };
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += put_ending(room + len, &endings[i], (uint32_t)i);
	if (mnl_socket_sendto(s->sockets, room, len) < 0)
		return -errno;
	take_outcomes(s, &outcomes);
	return outcomes.error;
}

static int end_found(struct sessions *s)
{
	int error = 0;
	for (size_t i = 0; i < s->count; i += AT_ONCE) {
		size_t left = s->count - i;
		int one = end_some(s, &s->endings[i], left < AT_ONCE ? left : AT_ONCE);
		error = error != 0 ? error : one;
	}
	return error;
}

static int end_sockets(struct sessions *s)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	int error = 0;
	s->lost = 0;
	for (size_t i = 0; i < 4; i++) {
		int found = find_sockets(s, families[i / 2], protos[i % 2]);
		int ended = end_found(s);
		error = error != 0 ? error : found != 0 ? found : ended;
	}
	return error != 0 ? error : s->lost;
}

/* ---- all of it ---- */

int sessions_end(struct sessions *s, struct session_target *targets, size_t count)
{
	if (!session_order_set(&s->order, targets, count))
		return -ENOMEM;
	int of_sockets = s->socket_error == 0 ? end_sockets(s) : 0;
	int of_tracked = s->tracked != NULL ? tracked_end(s->tracked, &s->order) : 0;
	for (size_t i = 0; i < count; i++)
		targets[i].ended = targets[i].sockets > targets[i].tracked
					   ? targets[i].sockets
					   : targets[i].tracked;
	return of_sockets != 0 ? of_sockets : of_tracked;
}

int sessions_socket_error(const struct sessions *s)
{
	return s->socket_error;
}

int sessions_tracking_error(const struct sessions *s)
{
	return s->tracking_error;
}

/*
 * Ends a connection that can't be: from port 0 of nobody to itself.  A kernel that has
 * it does not find that; without CONFIG_INET_DIAG_DESTROY it does not know the
 * question.
 */
static int try_to_end(struct mnl_socket *sockets)
{
	char room[128] __attribute__((aligned(8)));
	const struct ending nobody = {
		.socket = { .sdiag_family = AF_INET,
			    .sdiag_protocol = IPPROTO_TCP,
			    .idiag_states = 1,
			    .id = { .idiag_cookie = { INET_DIAG_NOCOOKIE - 1, 0 } } },
	};
	put_ending(room, &nobody, 0);
	int error = netlink_ask(sockets, (struct nlmsghdr *)(void *)room, NULL, NULL);
	return error == -ENOENT ? 0 : error;
}

struct sessions *sessions_open(void)
{
	struct sessions *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->sockets = netlink_open(NETLINK_SOCK_DIAG);
	s->socket_error = s->sockets == NULL ? -errno : try_to_end(s->sockets);
	s->tracked = tracked_open();
	s->tracking_error = s->tracked == NULL ? -errno : 0;
	return s;
}

void sessions_close(struct sessions *s)
{
	if (s == NULL)
		return;
	if (s->sockets != NULL)
		mnl_socket_close(s->sockets);
	tracked_close(s->tracked);
	free(s->order.at);
	free(s->endings);
	free(s);
}
