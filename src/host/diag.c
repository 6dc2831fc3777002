/*
 * diag.c: asks the kernel for its sockets; see diag.h.
 */
#include "host/diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "host/netlink.h"
#include "record/record.h"

/* The kernel fills as much of the reader's buffer as it can, up to this. */
enum { DATAGRAM_MAX = 32768 };

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

int diag_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	/* A dump is answered at once; this is for a kernel that does not. */
	struct timeval patience = { .tv_sec = 2 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static bool has_field(size_t info_len, size_t offset, size_t size)
{
	return info_len >= offset + size;
}

#define INFO(info, len, field)                                                         \
	(has_field(len, offsetof(struct tcp_info, field), sizeof((info).field))        \
		 ? (uint64_t)(info).field                                              \
		 : UNKNOWN_U64)

/* The structure grows with every kernel; ours may be longer or shorter. */
static void read_tcp_info(const uint8_t *at, size_t len, struct diag_socket *socket)
{
	struct tcp_info info = { 0 };
	memcpy(&info, at, len < sizeof(info) ? len : sizeof(info));
	socket->has_tcp = true;
	socket->tcp = (struct diag_tcp){
		.rtt_us = INFO(info, len, tcpi_rtt),
		.min_rtt_us = INFO(info, len, tcpi_min_rtt),
		.segments = INFO(info, len, tcpi_data_segs_out),
		.retransmits = INFO(info, len, tcpi_total_retrans),
		.lost = INFO(info, len, tcpi_lost),
		.unsent_bytes = INFO(info, len, tcpi_notsent_bytes),
		.delivery_rate_bytes = INFO(info, len, tcpi_delivery_rate),
	};
	/* Not measured yet: the kernel's "infinite" and zero. */
	if (socket->tcp.min_rtt_us == UINT32_MAX)
		socket->tcp.min_rtt_us = UNKNOWN_U64;
	if (socket->tcp.rtt_us == 0)
		socket->tcp.rtt_us = UNKNOWN_U64;
}

static void read_attribute(uint16_t type, const uint8_t *at, size_t len,
			   struct diag_socket *socket)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	switch (type) {
	case INET_DIAG_INFO:
		if (socket->proto == IPPROTO_TCP)
			read_tcp_info(at, len, socket);
		break;
	case INET_DIAG_SKMEMINFO:
		memcpy(memory, at, len < sizeof(memory) ? len : sizeof(memory));
		if (has_field(len, SK_MEMINFO_DROPS * sizeof(*memory), sizeof(*memory)))
			socket->drops = memory[SK_MEMINFO_DROPS];
		break;
	case INET_DIAG_SKV6ONLY:
		if (len >= 1 && at[0] != 0)
			socket->dual = false;
		break;
	default:
		break;
	}
}

static bool read_attributes(const uint8_t *at, size_t len, struct diag_socket *socket)
{
	while (len >= NLA_HDRLEN) {
		struct nlattr attribute;
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > len)
			return false;
		read_attribute(attribute.nla_type & NLA_TYPE_MASK, at + NLA_HDRLEN,
			       attribute.nla_len - NLA_HDRLEN, socket);
		size_t step = NLA_ALIGN(attribute.nla_len);
		if (step >= len)
			return true;
		at += step;
		len -= step;
	}
	return len == 0;
}

static struct addr read_addr(uint8_t family, const void *words)
{
	return family == AF_INET ? addr_v4(words) : addr_v6(words);
}

static bool read_socket(const uint8_t *at, size_t len, uint8_t proto,
			struct diag_socket *out)
{
	struct inet_diag_msg message;
	if (len < sizeof(message))
		return false;
	memcpy(&message, at, sizeof(message));
	uint8_t family = message.idiag_family;
	if (family != AF_INET && family != AF_INET6)
		return false;
	const struct inet_diag_sockid *id = &message.id;
	*out = (struct diag_socket){
		.family = family,
		.proto = proto,
		.state = message.idiag_state,
		.local = read_addr(family, id->idiag_src),
		.remote = read_addr(family, id->idiag_dst),
		.local_port = ntohs(id->idiag_sport),
		.remote_port = ntohs(id->idiag_dport),
		.uid = message.idiag_uid,
		.ifindex = id->idiag_if,
		.inode = message.idiag_inode,
		.cookie = (uint64_t)id->idiag_cookie[1] << 32 | id->idiag_cookie[0],
		.receive_queue = message.idiag_rqueue,
		.send_queue = message.idiag_wqueue,
		.drops = UNKNOWN_U64,
	};
	static const struct addr any = { .ip6 = { 0 } };
	out->dual = family == AF_INET6 && addr_equal(&out->local, &any);
	size_t start = NLMSG_ALIGN(sizeof(message));
	return len <= start || read_attributes(at + start, len - start, out);
}

static int read_error(const uint8_t *at, size_t len)
{
	int32_t error = 0;
	if (len < sizeof(error))
		return -EBADMSG;
	memcpy(&error, at, sizeof(error));
	return error < 0 ? error : 0;
}

int diag_read(const void *datagram, size_t len, uint8_t proto, diag_see see, void *to)
{
	struct netlink_walk walk = { .at = datagram, .len = len };
	while (netlink_next(&walk)) {
		struct diag_socket socket;
		/* The end may carry the error that ended it. */
		if (walk.header.nlmsg_type == NLMSG_DONE)
			return walk.body_len >= sizeof(int32_t)
				       ? read_error(walk.body, walk.body_len)
				       : 0;
		if (walk.header.nlmsg_type == NLMSG_ERROR)
			return read_error(walk.body, walk.body_len);
		if (walk.header.nlmsg_type == SOCK_DIAG_BY_FAMILY) {
			if (!read_socket(walk.body, walk.body_len, proto, &socket))
				return -EBADMSG;
			see(to, &socket);
		}
	}
	return walk.is_bad ? -EBADMSG : 1;
}

static int ask(int fd, const struct diag_filter *filter)
{
	uint8_t with = 0;
	if (filter->with_tcp)
		with |= 1 << (INET_DIAG_INFO - 1);
	if (filter->with_drops)
		with |= 1 << (INET_DIAG_SKMEMINFO - 1);
	struct request request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = filter->family,
			  .sdiag_protocol = filter->proto,
			  .idiag_ext = with,
			  .idiag_states = filter->states,
			  .id = { .idiag_sport = htons(filter->port),
				  .idiag_cookie = { INET_DIAG_NOCOOKIE,
						    INET_DIAG_NOCOOKIE } } },
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent = sendto(fd, &request, sizeof(request), 0,
			      (struct sockaddr *)&kernel, sizeof(kernel));
	return sent < 0 ? -errno : 0;
}

/* Answers to a dump that was given up earlier would be taken for those of the next. */
static void drain(int fd)
{
	uint8_t rest[64];
	while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
}

int diag_dump(int fd, const struct diag_filter *filter, diag_see see, void *to)
{
	uint8_t datagram[DATAGRAM_MAX] __attribute__((aligned(8)));
	drain(fd);
	int more = ask(fd, filter);
	if (more < 0)
		return more;
	do {
		ssize_t len = recv(fd, datagram, sizeof(datagram), 0);
		if (len < 0 && errno == EINTR)
			more = 1;
		else if (len < 0)
			return -errno;
		else
			more = diag_read(datagram, (size_t)len, filter->proto, see, to);
	} while (more > 0);
	return more;
}
