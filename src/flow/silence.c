/*
 * silence.c: see silence.h.
 */
#include "flow/silence.h"

#include <netinet/in.h>

#include "flow/heard.h"
#include "flow/state.h"

enum {
	FEW = 3,    /* nmap and unicornscan send one to three */
	BURST = 16, /* ... for each of some payloads, again and again */
	OVER_US = 1000000,
};

static bool is_burst(const struct body *b)
{
	uint64_t count = b->side[CLIENT].packets;
	return count > FEW && count <= BURST;
}

static bool has_stopped(const struct body *b, int64_t at_us)
{
	return at_us - body_last(b) >= OVER_US;
}

static bool is_no_stream(const struct body *b, int64_t at_us)
{
	return b->side[CLIENT].packets <= FEW || (is_burst(b) && has_stopped(b, at_us));
}

bool silence_is_doubtful(const struct body *b, int64_t at_us)
{
	return b->proto == IPPROTO_UDP && is_burst(b) && !has_stopped(b, at_us) &&
	       at_us < body_start(b) + 2 * SILENCE_DATAGRAM_US;
}

bool silence_is_meant(const struct flows *f, const struct body *b, int64_t at_us)
{
	if (b->side[SERVER].packets > 0 || b->rejected)
		return false;
	if (b->proto == IPPROTO_TCP)
		return !(b->flags0 & TCP_ACK) || heard_address(f, b, at_us);
	if (b->proto == IPPROTO_UDP)
		return is_no_stream(b, at_us) && !heard_service(f, b, at_us) &&
		       !heard_peer(f, b, at_us);
	/* It goes on as if it had been answered (INITs again come seconds apart). */
	if (b->proto == IPPROTO_SCTP)
		return b->side[CLIENT].packets == 1 || heard_address(f, b, at_us);
	return true;
}
