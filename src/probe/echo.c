/*
 * echo.c: ICMP echo, one or a burst: is the host there, how far, what is lost.
 *
 * A round trip is the difference of two stamps of the kernel's: when the packet left
 * for the wire and when its answer came.  A prober that is busy sees both late.  The
 * stamps are of the wall clock, so it must not have been set between them.
 */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* It uses struct timespec, and does not say where that is. */
#include <linux/errqueue.h>

#include "base/clock.h"
#include "probe/asked.h"
#include "probe/echo_packet.h"

struct echo {
	int64_t sent_us;   /* monotonic, by us */
	int64_t stamp_us;  /* wall clock, by the kernel; 0: none yet */
	int64_t offset_us; /* of the wall clock by the monotonic one, when sent */
	bool is_refused;   /* ICMP says that it can't be reached */
};

struct echoes {
	struct echo_packet packet; /* seq: of the first */
	bool is_raw;
	uint32_t sent, answered, refused;
	char refusal[ASK_DETAIL_MAX];
	struct echo echo[BURST_MAX];
	struct trip trip[BURST_MAX];
};

/* ---- clocks ---- */

/* Of the wall clock; measured again if we were interrupted between the two. */
static int64_t wall_offset(void)
{
	enum { TRIES = 3, GOOD_US = 5 };
	int64_t best_us = INT64_MAX, offset_us = 0;
	for (int i = 0; i < TRIES && best_us > GOOD_US; i++) {
		int64_t before_us = clock_us(CLOCK_MONOTONIC);
		int64_t wall_us = clock_us(CLOCK_REALTIME);
		int64_t took_us = clock_us(CLOCK_MONOTONIC) - before_us;
		if (took_us >= best_us)
			continue;
		best_us = took_us;
		offset_us = wall_us - before_us;
	}
	return offset_us;
}

/* Of two stamps; as we saw it where they are none, or the clock was set meanwhile. */
static int64_t round_trip(const struct echo *echo, int64_t came_stamp_us,
			  int64_t wait_us)
{
	enum { SLEW = 1000 }; /* who corrects a clock slowly goes half as fast */
	const int64_t unsure_us = 500 + wait_us / SLEW;
	int64_t rtt_us = came_stamp_us - echo->stamp_us;
	if (came_stamp_us == 0 || echo->stamp_us == 0 || rtt_us < 0 || rtt_us > wait_us)
		return wait_us;
	return llabs(wall_offset() - echo->offset_us) <= unsure_us ? rtt_us : wait_us;
}

/* ---- the end ---- */

static void judge_refused(struct asked *a, const struct echoes *own)
{
	if (!blame_judge_us(a))
		asked_judge(a, REASON_unreachable, "%s", own->refusal);
}

static void finish(struct asked *a)
{
	struct echoes *own = a->own;
	struct probe_record *r = &a->record;
	struct burst_sums sums = burst_sum(own->trip, own->sent);
	r->sent = own->sent;
	r->lost = sums.lost;
	r->rtt_us = sums.rtt_us;
	r->wait_us = sums.wait_us;
	r->jitter_us = sums.jitter_us;
	const char *also = own->refusal[0] != '\0' ? "; " : "";
	if (own->answered == own->sent)
		asked_judge(a, REASON_NONE, "%s", "");
	else if (own->answered > 0)
		asked_judge(a, REASON_loss, "%u of %u echoes had no answer%s%s",
			    sums.lost, own->sent, also, own->refusal);
	else if (own->refused > 0)
		judge_refused(a, own);
	else
		asked_judge(a, REASON_silent, "no answer to %u echo%s in %u ms",
			    own->sent, own->sent == 1 ? "" : "es",
			    a->target->timeout_ms);
	asked_end(a);
}

static void finish_if_all_is_known(struct asked *a)
{
	const struct echoes *own = a->own;
	if (own->sent == a->target->burst.count &&
	    own->answered + own->refused >= own->sent)
		finish(a);
}

/* ---- sending ---- */

/* An ICMP error about one before may be told first. */
static bool send_packet(struct asked *a, const uint8_t *at, size_t len)
{
	for (int tries = 0; tries < 3; tries++) {
		if (send(a->fd, at, len, MSG_NOSIGNAL) == (ssize_t)len)
			return true;
		if (errno != EHOSTUNREACH && errno != ENETUNREACH &&
		    errno != ECONNREFUSED && errno != EINTR)
			return false;
	}
	return false;
}

static void send_next(struct asked *a)
{
	struct echoes *own = a->own;
	const struct burst *burst = &a->target->burst;
	struct echo_packet packet = own->packet;
	struct echo *echo = &own->echo[own->sent];
	static _Thread_local uint8_t bytes[ECHO_LEN_MAX];
	packet.seq = (uint16_t)(packet.seq + own->sent);
	size_t len = echo_write(&packet, bytes);
	echo->offset_us = wall_offset();
	echo->sent_us = clock_us(CLOCK_MONOTONIC);
	own->trip[own->sent] = (struct trip){ -1, -1 };
	if (!send_packet(a, bytes, len)) {
		asked_failed(a, errno, true);
		asked_end(a);
		return;
	}
	own->sent++;
	/* By when the first was meant to be sent: who is late once does not stay it. */
	asked_wait(a, own->sent == burst->count
			      ? a->give_up_us
			      : a->phase_us +
					(int64_t)own->sent * burst->interval_ms * 1000);
}

/* ---- the socket ---- */

/* Sockets for echo alone, if anybody may have them, or raw ones; -1: neither. */
static int socket_type(const struct asked *a, int protocol)
{
	static const int types[] = { SOCK_DGRAM, SOCK_RAW };
	for (size_t i = 0; i < 2; i++) {
		int fd = asked_make_socket(a, types[i] | SOCK_CLOEXEC, protocol);
		if (fd >= 0)
			close(fd);
		else if (errno == EACCES || errno == EPERM)
			continue;
		return types[i];
	}
	/* Or it may not even go there: asked_socket() says why. */
	return a->target->netns != NULL ? types[0] : -1;
}

/* How far it may go, and whether in pieces: as the target wants, or the kernel. */
static void set_hops(struct asked *a)
{
	const struct target *t = a->target;
	bool is_v4 = addr_is_v4(&a->addr);
	int hops = t->hop_limit, whole = IP_PMTUDISC_PROBE;
	if (hops > 0)
		setsockopt(a->fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
			   is_v4 ? IP_TTL : IPV6_UNICAST_HOPS, &hops, sizeof(hops));
	if (t->dont_fragment && is_v4)
		setsockopt(a->fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof(whole));
}

static void set_up(struct asked *a)
{
	const struct echoes *own = a->own;
	int on = 1, stamps = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
			     SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
			     SOF_TIMESTAMPING_OPT_CMSG | SOF_TIMESTAMPING_OPT_TSONLY;
	struct sock_filter filter[ECHO_FILTER];
	struct sock_fprog program = { ECHO_FILTER, filter };
	setsockopt(a->fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps));
	if (own->packet.is_v4) {
		setsockopt(a->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
		setsockopt(a->fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
	} else {
		setsockopt(a->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
		setsockopt(a->fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on));
	}
	set_hops(a);
	if (!own->is_raw)
		return;
	echo_filter(&own->packet, filter);
	setsockopt(a->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static bool open_socket(struct asked *a)
{
	struct echoes *own = a->own;
	bool is_v4 = own->packet.is_v4;
	int protocol = is_v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int type = socket_type(a, protocol);
	if (type < 0) {
		asked_judge(a, REASON_not_permitted,
			    "echo takes CAP_NET_RAW, or this group in "
			    "net.ipv4.ping_group_range");
		return false;
	}
	own->is_raw = type == SOCK_RAW;
	a->fd = asked_socket(a, type, protocol);
	if (a->fd < 0)
		return false;
	set_up(a);
	if (!asked_connect(a, a->fd))
		return false;
	flight_note_echo(a, own->packet.id);
	return true;
}

static void choose_packet(struct asked *a, struct echo_packet *packet)
{
	struct {
		uint8_t nonce[ECHO_NONCE];
		uint16_t id, seq;
	} random;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		memcpy(&random, &a->begin_us, sizeof(a->begin_us));
	packet->is_v4 = addr_is_v4(&a->addr);
	packet->data_len = a->target->echo_data > 0 ? a->target->echo_data : ECHO_NONCE;
	packet->id = random.id;
	packet->seq = random.seq;
	memcpy(packet->nonce, random.nonce, ECHO_NONCE);
}

static void echo_begin(struct asked *a)
{
	struct echoes *own = calloc(1, sizeof(*own));
	a->phase = PHASE_TALK;
	a->phase_us = clock_us(CLOCK_MONOTONIC);
	a->own = own;
	if (own == NULL) {
		asked_judge(a, REASON_no_descriptors, "no memory");
		asked_end(a);
		return;
	}
	choose_packet(a, &own->packet);
	if (!open_socket(a)) {
		asked_end(a);
		return;
	}
	asked_watch(a, EPOLLIN);
	send_next(a);
}

/* ---- receiving ---- */

/* What the kernel says beside a packet. */
struct beside {
	int64_t stamp_us; /* 0: none */
	int hop_limit;    /* -1: none */
	struct sock_extended_err error;
	struct sockaddr_storage offender; /* of the error, if there is one */
};

static void take_sent_error(struct cmsghdr *c, struct beside *beside)
{
	size_t len = c->cmsg_len - CMSG_LEN(sizeof(beside->error));
	memcpy(&beside->error, CMSG_DATA(c), sizeof(beside->error));
	if (len <= sizeof(beside->offender))
		memcpy(&beside->offender, CMSG_DATA(c) + sizeof(beside->error), len);
}

static void take_beside(struct msghdr *message, struct beside *beside)
{
	struct scm_timestamping stamps;
	*beside = (struct beside){ .hop_limit = -1 };
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL;
	     c = CMSG_NXTHDR(message, c)) {
		bool is_v4 = c->cmsg_level == IPPROTO_IP;
		bool is_v6 = c->cmsg_level == IPPROTO_IPV6;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
			beside->stamp_us = (int64_t)stamps.ts[0].tv_sec * 1000000 +
					   stamps.ts[0].tv_nsec / 1000;
		} else if ((is_v4 && c->cmsg_type == IP_TTL) ||
			   (is_v6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			memcpy(&beside->hop_limit, CMSG_DATA(c), sizeof(int));
		} else if ((is_v4 && c->cmsg_type == IP_RECVERR) ||
			   (is_v6 && c->cmsg_type == IPV6_RECVERR)) {
			take_sent_error(c, beside);
		}
	}
}

static ssize_t receive(struct asked *a, int flags, void *at, size_t size,
		       struct beside *beside)
{
	union {
		struct cmsghdr align;
		char at[512];
	} control;
	struct iovec into = { .iov_base = at, .iov_len = size };
	struct msghdr message = { .msg_iov = &into,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(a->fd, &message, flags);
	if (n >= 0)
		take_beside(&message, beside);
	return n;
}

/* Which of ours that is; NULL: none that was sent. */
static struct echo *echo_of(struct echoes *own, int seq)
{
	uint16_t i = (uint16_t)(seq - own->packet.seq);
	return seq >= 0 && i < own->sent ? &own->echo[i] : NULL;
}

static void take_error(struct asked *a, const struct beside *beside, struct bytes quote)
{
	struct echoes *own = a->own;
	const struct sock_extended_err *error = &beside->error;
	bool is_v4 = own->packet.is_v4;
	if (error->ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
		if (error->ee_data < own->sent)
			own->echo[error->ee_data].stamp_us = beside->stamp_us;
		return;
	}
	const char *text = echo_error_text(is_v4, error->ee_type, error->ee_code);
	int seq = echo_quoted(&own->packet, own->is_raw, quote);
	struct echo *echo = echo_of(own, seq);
	if (error->ee_origin != (is_v4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6) ||
	    text == NULL || echo == NULL || echo->is_refused ||
	    own->trip[echo - own->echo].rtt_us >= 0)
		return;
	echo->is_refused = true;
	own->refused++;
	a->blamed = blame_of(a, a->fd, (int)error->ee_errno,
			     (const struct sockaddr *)&beside->offender);
	snprintf(own->refusal, sizeof(own->refusal), "ICMP says: %s", text);
}

/* Errors, and when packets left. */
static void read_errors(struct asked *a)
{
	uint8_t data[64]; /* of what is quoted, the header will do */
	struct beside beside;
	ssize_t n;
	while ((n = receive(a, MSG_ERRQUEUE, data, sizeof(data), &beside)) >= 0 ||
	       errno == EINTR)
		if (n >= 0)
			take_error(a, &beside, bytes_of(data, (size_t)n));
}

static void take_answer(struct asked *a, const struct beside *beside,
			struct bytes packet)
{
	struct echoes *own = a->own;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (own->is_raw && own->packet.is_v4)
		packet = echo_behind_ip(packet);
	struct echo *echo =
		echo_of(own, echo_answer(&own->packet, own->is_raw, packet));
	if (echo == NULL)
		return;
	struct trip *trip = &own->trip[echo - own->echo];
	if (trip->rtt_us >= 0 || echo->is_refused)
		return; /* a copy, or it changed its mind */
	if (echo->stamp_us == 0)
		read_errors(a);
	trip->wait_us = now_us - echo->sent_us;
	trip->rtt_us = round_trip(echo, beside->stamp_us, trip->wait_us);
	own->answered++;
	if (beside->hop_limit >= 0)
		a->record.hop_limit = (uint32_t)beside->hop_limit;
}

static void echo_event(struct asked *a, uint32_t events)
{
	enum { IP_HEADER_MAX = 60 };
	static _Thread_local uint8_t data[IP_HEADER_MAX + ECHO_LEN_MAX + 1];
	struct beside beside;
	if (events & EPOLLERR)
		read_errors(a);
	for (unsigned errors = 0; errors < BURST_MAX;) {
		ssize_t n = receive(a, 0, data, sizeof(data), &beside);
		if (n >= 0)
			take_answer(a, &beside, bytes_of(data, (size_t)n));
		else if (errno == EAGAIN)
			break;
		else
			errors++; /* told once each; the queue says of which echo */
	}
	finish_if_all_is_known(a);
}

static void echo_late(struct asked *a)
{
	const struct echoes *own = a->own;
	bool is_over = clock_us(CLOCK_MONOTONIC) >= a->give_up_us;
	if (own->sent < a->target->burst.count && !is_over)
		send_next(a);
	else
		finish(a);
}

static void echo_end(struct asked *a)
{
	free(a->own);
	a->own = NULL;
}

const struct way echo_way = {
	.begin = echo_begin,
	.event = echo_event,
	.late = echo_late,
	.end = echo_end,
};
