/*
 * stream.c: TCP, from the SYN to the way it leaves.
 *
 * How long the peer took is the kernel's to say, where it measured that: by TCP_INFO
 * for the handshake, by the stamp of the packet that brought the first byte.  A prober
 * that is busy sees both late.
 */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/asked.h"

enum { LEAVE_US = 300000, DOUBTFUL_US = 2000000, READ_MAX = 16384, READS_AT_ONCE = 16 };

static void stream_begin(struct asked *a)
{
	a->phase = PHASE_CONNECT;
	a->phase_us = clock_us(CLOCK_MONOTONIC);
	a->fd = asked_socket(a, SOCK_STREAM, 0);
	if (a->fd < 0 || !asked_connect(a, a->fd)) {
		asked_end(a);
		return;
	}
	asked_watch(a, kept_events(a));
}

/* ---- leaving ---- */

static void leave(struct asked *a, enum ask_next next)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	a->phase = PHASE_LEAVE;
	a->reset_on_close = next == ASK_RESET;
	/* Whom we ask to close, close_notify could reach before it has answered:
	 * Postfix takes that for a lost connection. */
	if (a->tls != NULL && next == ASK_CLOSE)
		tls_leave(a);
	stream_flush(a);
	if (a->phase == PHASE_DONE)
		return;
	if (next != ASK_LEAVE || now_us >= a->give_up_us) {
		asked_end(a);
		return;
	}
	/* The server closes first: it has no reason to complain, and keeps TIME_WAIT.
	 */
	asked_watch(a, EPOLLIN | EPOLLRDHUP);
	asked_wait(a, now_us + LEAVE_US);
}

/* ---- the dialogue ---- */

/* Also silence is something that happens. */
static void wait_for_quiet(struct asked *a)
{
	int64_t quiet_us = a->dialogue->ask.quiet_ms * 1000LL;
	asked_wait(a,
		   quiet_us > 0 ? clock_us(CLOCK_MONOTONIC) + quiet_us : a->give_up_us);
}

/* Sends what it put out, and does what it wants next. */
static void go_on(struct asked *a)
{
	struct ask *ask = &a->dialogue->ask;
	struct bytes out = dialogue_out(a);
	if (out.len > 0) {
		if (a->tls != NULL && tls_is_up(a))
			tls_put(a, out.at, out.len);
		else
			asked_put(a, out.at, out.len);
		dialogue_sent(a);
		a->question_us = clock_us(CLOCK_MONOTONIC);
		stream_flush(a);
	}
	if (a->phase == PHASE_DONE)
		return;
	if (a->is_choked) {
		leave(a, ASK_CLOSE);
		return;
	}
	if (ask->is_judged && !a->is_judged) {
		enum reason reason = ask->reason;
		asked_judge(a, reason, "%s", ask->detail);
	}
	if (a->target->question.guess != NULL)
		wait_for_quiet(a);
	if (ask->next == ASK_START_TLS && a->tls == NULL) {
		a->phase = PHASE_TLS;
		a->phase_us = clock_us(CLOCK_MONOTONIC);
		if (!tls_start(a))
			leave(a, ASK_CLOSE);
		else
			stream_flush(a);
	} else if (ask->next != ASK_LISTEN && ask->next != ASK_START_TLS) {
		leave(a, ask->next);
	}
}

static void talk_now(struct asked *a, bool is_doubtful)
{
	a->phase = PHASE_TALK;
	a->question_us = clock_us(CLOCK_MONOTONIC);
	if (!dialogue_begin(a, is_doubtful))
		leave(a, ASK_CLOSE);
	else
		go_on(a);
}

/* With a certificate that is not good all that may follow is the polite way to leave.
 */
static void tls_done(struct asked *a)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	a->record.tls_us = asked_since(a->phase_us, now_us);
	bool is_good = tls_judge(a);
	if (!is_good)
		asked_wait(a, now_us + DOUBTFUL_US);
	if (!is_good && !dialogue_bears_doubt(a)) {
		leave(a, ASK_CLOSE);
	} else if (a->target->kind == TARGET_TLS) {
		asked_judge(a, REASON_NONE, "%s", "");
		leave(a, ASK_CLOSE);
	} else if (a->dialogue != NULL) {
		a->phase = PHASE_TALK;
		dialogue_in_tls(a, !is_good);
		go_on(a);
	} else {
		talk_now(a, !is_good);
	}
}

/* ---- connecting ---- */

/*
 * A connect to a port of our own in the range that connects choose from may meet itself
 * (simultaneous open, RFC 9293 3.5): nobody listens there.
 */
static bool is_self(const struct asked *a, int fd)
{
	struct addr addr;
	uint16_t port;
	return asked_own_end(fd, &addr, &port) && port == a->port &&
	       addr_equal(&addr, &a->addr);
}

static void take_times(struct asked *a, int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	struct probe_record *r = &a->record;
	r->wait_us = asked_since(a->phase_us, clock_us(CLOCK_MONOTONIC));
	r->connect_us = r->wait_us;
	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
	    info.tcpi_rtt == 0)
		return;
	r->rtt_us = info.tcpi_rtt;
	/* A SYN sent again was waited for: that is the path's loss, not our delay. */
	if (info.tcpi_total_retrans == 0 && r->rtt_us < r->wait_us)
		r->connect_us = r->rtt_us;
	if (info.tcpi_total_retrans > 0)
		r->lost = info.tcpi_total_retrans;
}

bool stream_connected(struct asked *a, int fd)
{
	take_times(a, fd);
	a->own_us += a->record.wait_us - a->record.connect_us;
	if (is_self(a, fd))
		asked_judge(
			a, REASON_self_connect,
			"the kernel connected this socket to itself: the port has no "
			"listener, or had none for a moment");
	return !a->is_judged;
}

static void judge_reset_in_tls(struct asked *a)
{
	asked_judge(a, REASON_tls_failed, "reset during the TLS handshake");
}

/* A reset comes after a handshake, also where we see both at once; EPIPE: and a FIN. */
static void not_connected(struct asked *a, int error)
{
	bool is_reset = error == ECONNRESET || error == EPIPE;
	if (is_reset && a->target->kind == TARGET_TCP)
		asked_judge(a, REASON_NONE, "%s", "");
	else if (is_reset && a->target->tls == TARGET_TLS_FIRST)
		judge_reset_in_tls(a);
	else
		asked_failed(a, error, false);
}

static void connected(struct asked *a, uint32_t events)
{
	int error = 0,
	    stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	socklen_t len = sizeof(error);
	if (events & EPOLLERR)
		getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		not_connected(a, error);
		asked_end(a);
		return;
	}
	if (!stream_connected(a, a->fd)) {
		asked_end(a);
		return;
	}
	if (a->target->kind == TARGET_TCP) {
		asked_judge(a, REASON_NONE, "%s", "");
		a->reset_on_close = true; /* or a second of probing takes all ports */
		asked_end(a);
		return;
	}
	blame_end(a, a->fd);
	setsockopt(a->fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps));
	asked_watch(a, EPOLLIN | EPOLLRDHUP);
	if (a->target->tls != TARGET_TLS_FIRST) {
		talk_now(a, false);
		return;
	}
	a->phase = PHASE_TLS;
	a->phase_us = clock_us(CLOCK_MONOTONIC);
	if (!tls_start(a))
		leave(a, ASK_CLOSE);
	else
		stream_flush(a);
}

/* ---- sending and receiving ---- */

void stream_flush(struct asked *a)
{
	size_t sent = 0;
	while (sent < a->out.len) {
		ssize_t n =
			send(a->fd, a->out.at + sent, a->out.len - sent, MSG_NOSIGNAL);
		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN) {
			/* What it said before may still be read. */
			a->send_error = errno;
			a->out.len = 0;
			return;
		}
		break;
	}
	if (sent > 0)
		memmove(a->out.at, a->out.at + sent, a->out.len - sent);
	a->out.len -= sent;
	if (a->phase != PHASE_DONE)
		asked_watch(a, EPOLLIN | EPOLLRDHUP | (a->out.len > 0 ? EPOLLOUT : 0u));
}

/* Plain bytes of the server; the first of them end the wait for an answer. */
static void take_plain(struct asked *a, const uint8_t *at, size_t len, int64_t came_us)
{
	if (a->phase != PHASE_TALK || len == 0)
		return;
	if (!a->has_answer) {
		a->has_answer = true;
		a->record.first_byte_us = asked_since(a->question_us, came_us);
	}
	dialogue_take(a, at, len);
	go_on(a);
}

static void take_bytes(struct asked *a, const uint8_t *at, size_t len, int64_t came_us)
{
	if (a->tls == NULL) {
		take_plain(a, at, len, came_us);
		return;
	}
	struct buf plain = { 0 };
	bool was_up = tls_is_up(a);
	if (!tls_take(a, at, len, &plain)) {
		buf_free(&plain);
		leave(a, ASK_CLOSE);
		return;
	}
	stream_flush(a);
	if (!was_up && tls_is_up(a))
		tls_done(a);
	if (a->phase == PHASE_TALK)
		take_plain(a, (const uint8_t *)plain.at, plain.len, came_us);
	buf_free(&plain);
}

/* The server says no more: an error of the socket, or 0 for a FIN. */
static void server_ended(struct asked *a, int error)
{
	if (error == 0 && a->send_error == ECONNRESET)
		error = ECONNRESET;
	if (a->phase == PHASE_TLS && error != 0)
		judge_reset_in_tls(a);
	else if (a->phase == PHASE_TLS)
		asked_judge(a, REASON_tls_failed, "closed during the TLS handshake");
	if (a->phase == PHASE_TALK) {
		dialogue_take(a, NULL, 0);
		struct ask *ask = &a->dialogue->ask;
		if (ask->is_judged)
			asked_judge(a, ask->reason, "%s", ask->detail);
		else if (error != 0)
			asked_failed(a, error, true);
		else
			asked_judge(a, REASON_closed, "the server closed %s",
				    a->has_answer ? "in the middle of its answer"
						  : "without a word");
	}
	asked_end(a);
}

/*
 * At once: a server that sends in small pieces waits for it (Nagle), and its time would
 * hold the 40 ms that our kernel waits for words of ours to send it with.
 */
static void acknowledge(struct asked *a)
{
	int on = 1;
	setsockopt(a->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

/* Not all that comes: who never stops talking must not keep us from all others. */
static void read_some(struct asked *a)
{
	uint8_t data[READ_MAX];
	for (int i = 0; i < READS_AT_ONCE && a->phase != PHASE_DONE; i++) {
		int64_t came_us = 0;
		ssize_t n = asked_receive(a, data, sizeof(data), &came_us);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			acknowledge(a);
			return;
		}
		if (n <= 0)
			server_ended(a, n < 0 ? errno : 0);
		else if (a->phase != PHASE_LEAVE)
			take_bytes(a, data, (size_t)n, came_us);
	}
}

static void stream_event(struct asked *a, uint32_t events)
{
	if (a->phase == PHASE_CONNECT) {
		connected(a, events);
		return;
	}
	if ((events & EPOLLOUT) && a->out.len > 0)
		stream_flush(a);
	if (events & ~(uint32_t)EPOLLOUT)
		read_some(a);
}

static void stream_late(struct asked *a)
{
	unsigned ms = a->target->timeout_ms;
	if (a->phase == PHASE_TALK && clock_us(CLOCK_MONOTONIC) < a->give_up_us) {
		dialogue_quiet(a);
		go_on(a);
		return;
	}
	if (a->phase == PHASE_CONNECT)
		asked_judge(a, REASON_no_handshake, "no answer to the SYN in %u ms",
			    ms);
	else if (a->phase == PHASE_TLS)
		asked_judge(a, REASON_silent, "no end of the TLS handshake in %u ms",
			    ms);
	else if (a->phase == PHASE_TALK)
		asked_judge(a, REASON_silent, "%s in %u ms%s%s",
			    a->has_answer ? "not all of an answer" : "no answer", ms,
			    dialogue_expects(a)[0] != '\0' ? ": expected " : "",
			    dialogue_expects(a));
	a->reset_on_close = a->phase != PHASE_LEAVE;
	if (a->phase == PHASE_LEAVE && a->tls != NULL) {
		tls_leave(a);
		stream_flush(a);
	}
	asked_end(a);
}

const struct way stream_way = {
	.begin = stream_begin,
	.event = stream_event,
	.late = stream_late,
};
