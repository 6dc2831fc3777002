/*
 * contacts.h: what came of a source's first words to a port, as evidence for
 * src/detect (record contact); private to the room.
 *
 * Most is plain when it happens: a RST, an ICMP error, a handshake (of SCTP: ABORT,
 * COOKIE ACK).  Silence is not: a SYN (or INIT) has PATIENCE_US to be answered, a
 * datagram a second and a half, a SYN-ACK three seconds. Embryos stand in a ring in
 * order of time already, and a cursor goes over those whose time is up; bodies that
 * wait stand in one queue for each length.  All are bounded: who must go early is
 * judged early, and a SYN is at the end of a capture as well.
 *
 * An established connection that is old and has not asked anything whole is slow, told
 * of about once a minute: its server has said nothing but perhaps a greeting, and its
 * client nothing, or a little in bits.  A question that waits for its answer is not
 * slow, nor is who was answered once (keep-alive, IDLE, websockets).
 *
 * One that is as old and whose client has had no room for more (its window is zero, and
 * what it has acknowledged stands still while its server asks again: RFC 9293 3.8.6.1)
 * is stalled.
 *
 * One whose client ends it without ever having said anything is unused: told of a
 * second time, at once, as who scans by whole connections proves by it where he is.
 *
 * What is no contact, and why:
 *  - A RST or SYN-ACK without a flow: the answer to a packet that somebody sent in our
 *    name (backscatter).
 *  - A segment of a connection that we have not seen, or no longer: data; an ACK or
 *    FIN-ACK with options, of a flow that ended within 15 minutes, to a port that is
 *    known to speak, to an ephemeral port, or answered by anything but a RST.
 *  - Silence after which the client goes on as if it had been answered, of a server of
 *    which no packet was seen: we see one direction only.
 *  - Silent datagrams to groups, in streams (more than a few that go on, or many: RTP,
 *    syslog, NetFlow), from a port that serves others (peers), or to one that has
 *    itself sent lately.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flow/body.h"
#include "flow/knock.h"
#include "flow/recent.h"
#include "flow/sieve.h"

enum contact_outcome {
	CONTACT_REFUSED,
	CONTACT_SILENT,
	CONTACT_HALF_OPEN,
	CONTACT_HANDSHAKE,
	CONTACT_ANSWERED,
	CONTACT_STRAY,
	CONTACT_SLOW,
	CONTACT_STALLED,
	CONTACT_UNUSED,
	CONTACT_OUTCOMES
};

enum wait { WAIT_ANSWER, WAIT_DATAGRAM, WAIT_ACK, WAITS };

struct waiting {
	int64_t due_us;
	uint32_t number, start; /* of a body; low bits of when it began */
};

struct contacts {
	bool is_wanted;
	struct knock *embryos, *bodies;
	uint64_t cursor; /* embryos before this one have been looked at */
	struct waits {
		struct waiting *at;
		uint64_t head, tail;
	} waits[WAITS];
	struct recent ended;    /* hashes of TCP flows */
	struct recent speakers; /* addresses and ports that have sent */
	struct sieve sieve;
};

struct flows;
struct packet;

/* False without memory. */
bool contacts_init(struct contacts *c, const struct flows *f);
void contacts_fini(struct contacts *c, const struct flows *f);
uint64_t contacts_memory(const struct contacts *c, const struct flows *f);

/* All whose time was up by now. */
void contacts_walk(struct flows *f, int64_t now_us);
void contacts_shift(struct flows *f, int64_t by_us);

/* A half-open flow has begun; ends without having got a body, unanswered. */
void contacts_embryo(struct flows *f, uint32_t ref, const struct packet *p);
void contacts_embryo_ends(struct flows *f, uint32_t ref);

/* The body of a flow that began with this packet; or of the embryo. */
void contacts_begin(struct flows *f, uint32_t number, const struct packet *p,
		    unsigned sender, uint64_t hash);
void contacts_promote(struct flows *f, uint32_t ref, uint32_t number, bool is_answered);

/* The first packet of the server. */
void contacts_server_speaks(struct flows *f, uint32_t number, const struct packet *p);
/* Any packet of the server of SCTP. */
void contacts_associates(struct flows *f, uint32_t number, const struct packet *p);
/* A segment that was more than the next data has been taken. */
void contacts_segment(struct flows *f, uint32_t number, int64_t at_us);
/* An ICMP error has rejected it. */
void contacts_rejected(struct flows *f, uint32_t number, int64_t at_us);
/* What became of a body is told, if that is news. */
void contacts_tell(struct flows *f, uint32_t number, enum contact_outcome outcome,
		   int64_t at_us);
/* slow.c: the timers come by, every some seconds. */
void contacts_visit(struct flows *f, uint32_t number, int64_t now_us);
/* It ends soon, and now. cut_off: we stopped looking, which only a SYN ignores. */
void contacts_will_end(const struct flows *f, uint64_t hash);
void contacts_ends(struct flows *f, uint32_t number, uint64_t hash, bool cut_off);
