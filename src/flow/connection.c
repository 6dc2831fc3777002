/*
 * connection.c: what can be said of a TCP connection as it stands: is this SYN another
 * one, when is it over, how much did it carry.
 */
#include "flow/state.h"

enum {
	ATTEMPT_US = 5 * 1000000, /* an unanswered SYN */
	CHECK_US = 6 * 1000000,   /* how often a half-dead one is looked at */
	WAITING_US = 60 * 1000000,
	IDLE_US = FLOWS_SILENCE_US, /* an established one */
};

bool tcp_is_reuse(const struct body *b, const struct packet *p)
{
	bool ack = p->tcp_flags & TCP_ACK;
	if (!(p->tcp_flags & TCP_SYN))
		return false;
	if (ack && body_state(b, CLIENT) != ENDPOINT_INACTIVE)
		return false;
	if (b->closed0 && b->closed1)
		return true;
	return p->seq != b->side[ack ? SERVER : CLIENT].start_seq;
}

static bool is_handshaking(enum endpoint_state state)
{
	return state <= ENDPOINT_SYN_ACK_SENT;
}

int64_t tcp_deadline(const struct body *b)
{
	int64_t last = body_last(b);
	enum endpoint_state client = body_state(b, CLIENT),
			    server = body_state(b, SERVER);
	if (b->ending)
		return last + (int32_t)(b->turn_at - (uint32_t)last);
	if ((client == ENDPOINT_SYN_SENT || client == ENDPOINT_SYN_ACK_SENT) &&
	    server == ENDPOINT_INACTIVE)
		return body_start(b) + ATTEMPT_US;
	bool half_dead = client == ENDPOINT_RESET || server == ENDPOINT_RESET ||
			 client == ENDPOINT_INACTIVE || server == ENDPOINT_INACTIVE;
	if ((b->closed0 || b->closed1) && half_dead) {
		int64_t quiet = (int64_t)b->last_us;
		return body_start(b) + ATTEMPT_US + (quiet / CHECK_US + 1) * CHECK_US;
	}
	return last + (is_handshaking(client) && is_handshaking(server) ? WAITING_US
									: IDLE_US);
}

uint64_t tcp_size(const struct body *b, unsigned side)
{
	const struct side *s = &b->side[side];
	bool none_acked = s->acked - s->start_seq <= 1;
	/* A half-open connection found and aborted: the numbers mean nothing. */
	if (body_before(b, side) == ENDPOINT_SYN_SENT &&
	    body_state(b, side) == ENDPOINT_RESET &&
	    body_state(b, 1 - side) == ENDPOINT_INACTIVE && !none_acked)
		return 0;
	int64_t acked = side_relative(s, s->acked);
	uint64_t size = acked > (int64_t)s->top ? (uint64_t)acked : s->top;
	if (size != 0)
		size--;
	if (size != 0 && body_fin(b, side))
		size--;
	return size;
}
