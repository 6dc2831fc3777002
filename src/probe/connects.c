/*
 * connects.c: a burst of TCP handshakes: how many fail, how even the others are.
 *
 * One after the other, each on a socket of its own, which is reset once connected.  One
 * that fails is not yet the answer: only what all of them come to is.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "probe/asked.h"

/* The kernel sends a SYN again after a second: the first is lost then, and counts. */
enum { SYN_LOST_US = 900000 };

struct connects {
	uint32_t begun;
	int64_t first_us;
	enum reason reason; /* of the last that failed */
	char detail[ASK_DETAIL_MAX];
	struct trip trip[BURST_MAX];
};

static void finish(struct asked *a)
{
	struct connects *own = a->own;
	struct probe_record *r = &a->record;
	struct burst_sums sums = burst_sum(own->trip, own->begun);
	r->sent = own->begun;
	r->lost = sums.lost;
	r->rtt_us = r->connect_us = sums.rtt_us;
	r->wait_us = sums.wait_us;
	r->jitter_us = sums.jitter_us;
	if (sums.lost == 0)
		asked_judge(a, REASON_NONE, "%s", "");
	else if (sums.lost == own->begun)
		asked_judge(a, own->reason, "%s", own->detail);
	else
		asked_judge(a, REASON_loss, "%u of %u handshakes failed: %s", sums.lost,
			    own->begun, own->detail);
	asked_end(a);
}

/* Our own trouble ends all of them, the target's this one. */
static void end_attempt(struct asked *a)
{
	struct connects *own = a->own;
	const struct burst *burst = &a->target->burst;
	a->reset_on_close = true;
	asked_close(a);
	if (a->is_judged && reason_state(a->reason) == PROBE_unknown) {
		asked_end(a);
		return;
	}
	if (a->is_judged) {
		own->reason = a->reason;
		record_text(own->detail, sizeof(own->detail), a->record.detail);
		a->is_judged = false;
	}
	if (own->begun == burst->count)
		finish(a);
	else
		asked_wait(a, own->first_us +
				      (int64_t)own->begun * burst->interval_ms * 1000);
}

static void begin_attempt(struct asked *a)
{
	struct connects *own = a->own;
	a->phase_us = clock_us(CLOCK_MONOTONIC);
	own->trip[own->begun++] = (struct trip){ -1, -1 };
	a->fd = asked_socket(a, SOCK_STREAM, 0);
	if (a->fd < 0 || !asked_connect(a, a->fd)) {
		end_attempt(a);
		return;
	}
	asked_watch(a, EPOLLOUT);
	/* All get their share of the time that is left. */
	int64_t share_us = (a->give_up_us - a->phase_us) /
			   (a->target->burst.count - own->begun + 1);
	asked_wait(a, a->phase_us + (share_us < SYN_LOST_US ? share_us : SYN_LOST_US));
}

static void connects_begin(struct asked *a)
{
	struct connects *own = calloc(1, sizeof(*own));
	a->phase = PHASE_CONNECT;
	a->own = own;
	if (own == NULL) {
		asked_judge(a, REASON_no_descriptors, "no memory");
		asked_end(a);
		return;
	}
	own->first_us = clock_us(CLOCK_MONOTONIC);
	begin_attempt(a);
}

static void connects_event(struct asked *a, uint32_t events)
{
	struct connects *own = a->own;
	const struct probe_record *r = &a->record;
	int error = 0;
	socklen_t len = sizeof(error);
	(void)events;
	getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		asked_failed(a, error, false);
	else if (stream_connected(a, a->fd))
		own->trip[own->begun - 1] =
			(struct trip){ (int64_t)r->connect_us, (int64_t)r->wait_us };
	end_attempt(a);
}

static void connects_late(struct asked *a)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (a->fd >= 0) {
		asked_judge(a, REASON_no_handshake, "no answer to the SYN in %u ms",
			    (unsigned)(asked_since(a->phase_us, now_us) / 1000));
		end_attempt(a);
	} else if (now_us < a->give_up_us) {
		begin_attempt(a);
	} else {
		finish(a);
	}
}

static void connects_end(struct asked *a)
{
	free(a->own);
	a->own = NULL;
}

const struct way connects_way = {
	.begin = connects_begin,
	.event = connects_event,
	.late = connects_late,
	.end = connects_end,
};
