/*
 * sockets.c: see sockets.h.
 */
#include "guard/sockets.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

enum { FILTER_MAX = 512 };

struct addr sockets_remote(const struct inet_diag_msg *socket)
{
	return socket->idiag_family == AF_INET ? addr_v4(socket->id.idiag_dst)
					       : addr_v6(socket->id.idiag_dst);
}

struct seeing {
	sockets_see see;
	void *to;
};

static int see_message(const struct nlmsghdr *message, void *to)
{
	const struct seeing *seeing = to;
	if (message->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
	    mnl_nlmsg_get_payload_len(message) >= sizeof(struct inet_diag_msg))
		seeing->see(seeing->to, mnl_nlmsg_get_payload(message));
	return MNL_CB_OK;
}

int sockets_each(struct mnl_socket *netlink, const struct inet_diag_req_v2 *what,
		 const void *filter, size_t filter_len, sockets_see see, void *to)
{
	char room[FILTER_MAX] __attribute__((aligned(8)));
	struct seeing seeing = { see, to };
	struct nlmsghdr *request = mnl_nlmsg_put_header(room);
	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	*(struct inet_diag_req_v2 *)mnl_nlmsg_put_extra_header(request, sizeof(*what)) =
		*what;
	if (filter_len > 0 &&
	    !mnl_attr_put_check(request, sizeof(room), INET_DIAG_REQ_BYTECODE,
				filter_len, filter))
		return -EMSGSIZE;
	return netlink_ask(netlink, request, see_message, &seeing);
}
