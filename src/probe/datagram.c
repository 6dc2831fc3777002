/*
 * datagram.c: UDP: asks, asks again, and calls silence by its name.
 *
 * A connected socket hears the ICMP errors that are about it.  Linux answers only one
 * closed port a second and host so (icmp_ratelimit): silence of a port is not its
 * health.
 */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "probe/asked.h"

enum { TRIES = 3, DATAGRAM_MAX = 65536, READS_AT_ONCE = 64 };

static void any_step(struct ask *ask, struct bytes *said)
{
	bool *has_asked = ASK_STATE(ask, bool);
	(void)said;
	if (*has_asked)
		ask_well(ask, ASK_CLOSE);
	else
		ask_say(ask, "\r\n\r\n");
	*has_asked = true;
}

const struct asking datagram_asking = { .transport = IPPROTO_UDP,
					.may_be_silent = true,
					.step = any_step };

/* ---- sending ---- */

static void send_question(struct asked *a)
{
	a->question_us = clock_us(CLOCK_MONOTONIC);
	a->dialogue->question.at_us = a->question_us + a->offset_us;
	a->tries++;
	a->record.sent = a->tries;
	if (send(a->fd, a->out.at, a->out.len, MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
		asked_failed(a, errno, true);
		asked_end(a);
		return;
	}
	asked_wait(a, a->question_us + (int64_t)a->target->timeout_ms * 1000 / TRIES);
}

/* Sends what the dialogue put out, or does what it wants next. */
static void go_on(struct asked *a)
{
	struct ask *ask = &a->dialogue->ask;
	struct bytes out = dialogue_out(a);
	if (ask->is_judged)
		asked_judge(a, ask->reason, "%s", ask->detail);
	if (out.len > 0) {
		buf_clear(&a->out);
		buf_add(&a->out, out.at, out.len);
		dialogue_sent(a);
		a->tries = 0;
		send_question(a);
	}
	if (a->phase == PHASE_DONE)
		return;
	if (ask->next == ASK_OVER_TCP && !ask->is_judged) {
		asked_close(a);
		dialogue_free(a);
		buf_clear(&a->out);
		a->transport = IPPROTO_TCP;
		a->way = &stream_way;
		a->has_answer = false;
		asked_wait(a, a->give_up_us);
		a->way->begin(a);
	} else if (ask->next != ASK_LISTEN) {
		asked_end(a);
	}
}

static void datagram_begin(struct asked *a)
{
	int stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	a->phase = PHASE_TALK;
	a->phase_us = clock_us(CLOCK_MONOTONIC);
	a->fd = asked_socket(a, SOCK_DGRAM, 0);
	if (a->fd < 0 || !asked_connect(a, a->fd)) {
		asked_end(a);
		return;
	}
	setsockopt(a->fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps));
	asked_watch(a, EPOLLIN);
	if (!dialogue_begin(a, false))
		asked_end(a);
	else
		go_on(a);
}

/* ---- receiving ---- */

static void answered(struct asked *a, const uint8_t *at, size_t len, int64_t came_us)
{
	struct probe_record *r = &a->record;
	dialogue_take(a, at, len);
	if (a->dialogue->ask.next != ASK_LISTEN || a->dialogue->ask.out_len > 0) {
		r->first_byte_us = asked_since(a->question_us, came_us);
		r->rtt_us = r->first_byte_us;
		r->wait_us = asked_since(a->question_us, clock_us(CLOCK_MONOTONIC));
		r->lost = (uint32_t)a->tries - 1;
	}
	go_on(a);
}

static void datagram_event(struct asked *a, uint32_t events)
{
	static _Thread_local uint8_t data[DATAGRAM_MAX];
	(void)events;
	for (int i = 0;
	     i < READS_AT_ONCE && a->phase == PHASE_TALK && a->way == &datagram_way;
	     i++) {
		int64_t came_us = 0;
		ssize_t n = asked_receive(a, data, sizeof(data), &came_us);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			asked_failed(a, errno, true);
			asked_end(a);
		} else {
			answered(a, data, (size_t)n, came_us);
		}
	}
}

static void datagram_late(struct asked *a)
{
	if (clock_us(CLOCK_MONOTONIC) < a->give_up_us && a->tries < TRIES) {
		send_question(a);
		return;
	}
	const struct asking *asking = a->target->asking;
	a->record.lost = a->tries;
	bool is_open = a->target->kind != TARGET_UDP && !asking->may_be_silent;
	asked_judge(a, !is_open ? REASON_open_filtered : REASON_silent,
		    "no answer to %u questions in %u ms%s%s", a->tries,
		    a->target->timeout_ms,
		    dialogue_expects(a)[0] != '\0' ? ": expected " : "",
		    dialogue_expects(a));
	asked_end(a);
}

const struct way datagram_way = {
	.begin = datagram_begin,
	.event = datagram_event,
	.late = datagram_late,
};
