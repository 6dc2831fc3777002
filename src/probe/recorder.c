/*
 * recorder.c: see recorder.h.
 *
 * A packet socket without a ring shared with the kernel: a packet that has come can be
 * read at once, and a failure wants the one that ended it.
 */
#include "probe/recorder.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	RING_BYTES = 4 << 20,
	WAITING_BYTES = 4 << 20, /* of the kernel, until we read; it counts twice */
	BATCH = 32,
	CONTROL_BYTES = 128,
	DRAINS = 256, /* batches at a time: who floods us must not keep us for ever */
};

struct recorder {
	int fd;
	struct recorder_ring *ring;
	uint64_t dropped;
	uint64_t unread;
	/* Behind which place in the ring the last packet left from there; 0: none. */
	uint64_t left[2][UINT16_MAX + 1]; /* of TCP, of UDP, by source port */
	bool hears;
	/* One batch; what does not change is set once. */
	struct mmsghdr messages[BATCH];
	struct iovec into[BATCH];
	struct sockaddr_ll from[BATCH];
	_Alignas(struct cmsghdr) char control[BATCH][CONTROL_BYTES];
	uint8_t packets[BATCH][RECORDER_SNAP];
};

/* ---- opening ---- */

/* Errors are told by whoever loads; libbpf would write pages of them. */
static int say_nothing(enum libbpf_print_level level, const char *format, va_list list)
{
	(void)level;
	(void)format;
	(void)list;
	return 0;
}

/*
 * 0 or -errno.  The program lives as long as the socket, and can't be taken off any
 * more: who reads strangers' bytes must not hear all that this machine says.
 */
static int attach_filter(int fd)
{
	int on = 1;
	struct bpf_object_open_opts options = { .sz = sizeof(options),
						.object_name = "breakwater" };
	size_t size =
		(size_t)((uintptr_t)recorder_object_end - (uintptr_t)recorder_object);
	libbpf_print_fn_t before = libbpf_set_print(say_nothing);
	struct bpf_object *object =
		bpf_object__open_mem(recorder_object, size, &options);
	int error = object == NULL ? -errno : bpf_object__load(object);
	libbpf_set_print(before);
	if (error == 0) {
		int program = bpf_program__fd(
			bpf_object__find_program_by_name(object, "ours_only"));
		if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program,
			       sizeof(program)) != 0 ||
		    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) != 0)
			error = -errno;
	}
	bpf_object__close(object);
	return error;
}

static int set_options(int fd)
{
	int on = 1, bytes = WAITING_BYTES;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) != 0)
		return -errno;
	return 0;
}

/* Hears nothing until all is set. */
static int open_socket(char why[static RECORDER_WHY_MAX])
{
	const struct sockaddr_ll all = { .sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		snprintf(why, RECORDER_WHY_MAX, "a packet socket is denied: %s",
			 strerror(errno));
		return -1;
	}
	int error = attach_filter(fd);
	if (error == 0)
		error = set_options(fd);
	if (error == 0 && bind(fd, (const struct sockaddr *)&all, sizeof(all)) != 0)
		error = -errno;
	if (error == 0)
		return fd;
	snprintf(why, RECORDER_WHY_MAX, "a filter in the kernel (BPF) is denied: %s",
		 strerror(-error));
	close(fd);
	return -1;
}

static void prepare_batch(struct recorder *r)
{
	for (size_t i = 0; i < BATCH; i++) {
		r->into[i] = (struct iovec){ r->packets[i], RECORDER_SNAP };
		r->messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &r->into[i],
			.msg_iovlen = 1,
			.msg_name = &r->from[i],
			.msg_control = r->control[i],
		};
	}
}

/* A datagram to itself: if that can't be heard, silence of others says nothing. */
static void try_hearing(struct recorder *r)
{
	struct sockaddr_in self = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(self);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	recorder_mark_socket(fd);
	if (bind(fd, (struct sockaddr *)&self, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&self, &len) == 0)
		sendto(fd, "", 1, MSG_NOSIGNAL, (struct sockaddr *)&self, len);
	close(fd);
	recorder_drain(r);
}

struct recorder *recorder_open(char why[static RECORDER_WHY_MAX])
{
	struct recorder *r = calloc(1, sizeof(*r));
	int fd = r != NULL ? open_socket(why) : -1;
	if (r == NULL)
		snprintf(why, RECORDER_WHY_MAX, "there is not enough memory");
	if (fd < 0) {
		free(r);
		return NULL;
	}
	r->fd = fd;
	r->ring = recorder_ring_new(RING_BYTES);
	prepare_batch(r);
	if (r->ring != NULL) {
		try_hearing(r);
		return r;
	}
	recorder_close(r);
	snprintf(why, RECORDER_WHY_MAX, "there is not enough memory");
	return NULL;
}

void recorder_close(struct recorder *r)
{
	if (r == NULL)
		return;
	close(r->fd);
	recorder_ring_free(r->ring);
	free(r);
}

void recorder_mark_socket(int fd)
{
	int priority = RECORDER_PRIORITY;
	setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
}

/* ---- reading ---- */

static void take_beside(struct msghdr *message, struct recorded *recorded)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL;
	     c = CMSG_NXTHDR(message, c)) {
		struct timespec at;
		struct tpacket_auxdata beside;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			memcpy(&at, CMSG_DATA(c), sizeof(at));
			recorded->at_us =
				(int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
		} else if (c->cmsg_level == SOL_PACKET &&
			   c->cmsg_type == PACKET_AUXDATA) {
			memcpy(&beside, CMSG_DATA(c), sizeof(beside));
			recorded->wire_len = beside.tp_len;
		}
	}
}

static void keep(struct recorder *r, const struct packet_view *view,
		 const struct recorded *recorded, const uint8_t *at)
{
	/* Of echoes, their identifier is at both ends. */
	uint16_t from = view->src_port != 0 ? view->src_port : view->ends.port[0];
	r->hears = true;
	recorder_ring_put(r->ring, &view->ends, recorded, at);
	if (recorded->sent && !view->is_error)
		r->left[view->protocol == IPPROTO_UDP][from] =
			recorder_ring_mark(r->ring);
}

static void take(struct recorder *r, size_t i)
{
	struct msghdr *message = &r->messages[i].msg_hdr;
	struct recorded recorded = {
		.len = (uint16_t)r->messages[i].msg_len,
		.wire_len = r->messages[i].msg_len,
		.sent = r->from[i].sll_pkttype == PACKET_OUTGOING,
	};
	struct bytes packet = bytes_of(r->packets[i], recorded.len);
	struct packet_view view;
	struct ends neighbour;
	take_beside(message, &recorded);
	if (packet_asks_neighbour(packet, &neighbour)) {
		recorder_ring_put(r->ring, &neighbour, &recorded, packet.at);
	} else if (packet_look(packet, &view)) {
		keep(r, &view, &recorded, packet.at);
	} else {
		r->unread += recorded.sent;
	}
}

static void count_dropped(struct recorder *r)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);
	/* They begin at 0 again when they were read. */
	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		r->dropped += stats.tp_drops;
}

void recorder_drain(struct recorder *r)
{
	int count = BATCH;
	for (int drains = 0; count == BATCH && drains < DRAINS; drains++) {
		for (size_t i = 0; i < BATCH; i++) {
			r->messages[i].msg_hdr.msg_namelen = sizeof(r->from[i]);
			r->messages[i].msg_hdr.msg_controllen = CONTROL_BYTES;
		}
		count = recvmmsg(r->fd, r->messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < count; i++)
			take(r, (size_t)i);
	}
	count_dropped(r);
}

const struct recorder_ring *recorder_ring_of(const struct recorder *r)
{
	return r->ring;
}

uint64_t recorder_dropped(const struct recorder *r)
{
	return r->dropped;
}

bool recorder_hears(const struct recorder *r)
{
	return r->hears;
}

uint64_t recorder_unread(const struct recorder *r)
{
	return r->unread;
}

bool recorder_saw_leave(const struct recorder *r, uint8_t protocol, uint16_t port,
			uint64_t mark)
{
	return r->left[protocol == IPPROTO_UDP][port] > mark;
}
