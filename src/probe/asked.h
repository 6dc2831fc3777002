/*
 * asked.h: a probe in flight, and how the files of this room share it; private to it.
 *
 *   prober.c     the loop: descriptors, deadlines, begin and end
 *   resolve.c    a probe's name to its address
 *   names.c      what names stand for, as long as their TTL allows
 *   resolvers.c  whom they are asked of, by c-ares
 *   members.c    a target that stands for several
 *   sockets.c    sockets as a target wants them
 *   blame.c      whose fault an error is; blame.h
 *   kept.c       sockets that are used again
 *   flight.c     what a probe notes in case it fails; failure.h has the files behind it
 *   stream.c     TCP: connect, send, receive, leave
 *   tls.c        TLS in a stream; tls.h
 *   datagram.c   UDP: ask, ask again
 *   connects.c   a burst of TCP handshakes; burst.c: what they come to
 *   echo.c       ICMP echo; echo_packet.c has its bytes
 *   dialogue.c   the protocol's words, and its reader for the facts
 *   recognise.c  which protocol it is: connections one after the other
 *   guess.c      one of them; guess.h
 *   http.c       HTTP, by libcurl; http.h has the files beside it
 *   target.c     what people write; target_options.c: what may be said of every one
 */
#pragma once

#include <openssl/ssl.h>
#include <sys/epoll.h>

#include "base/buf.h"
#include "base/deadlines.h"
#include "probe/blame.h"
#include "probe/dialogue.h"
#include "probe/failure.h"
#include "probe/flight.h"
#include "probe/kept.h"
#include "probe/names.h"
#include "probe/probe.h"
#include "probe/tls.h"

enum phase {
	PHASE_RESOLVE,
	PHASE_CONNECT,
	PHASE_TLS,
	PHASE_TALK,
	PHASE_LEAVE, /* judged; the server may still close */
	PHASE_DONE,
};

struct asked;

/* How one is asked: each calls asked_judge() and asked_end() when it is done. */
struct way {
	void (*begin)(struct asked *a);                  /* a->addr is set */
	void (*event)(struct asked *a, uint32_t events); /* of its descriptor */
	void (*late)(struct asked *a); /* the deadline of its phase has come */
	/* NULL, or: the address that was asked for by resolve_other(); NULL: it is not
	 * known, and that is judged next. */
	void (*found)(struct asked *a, const struct addr *addr);
	/* NULL, or frees a->own at the end, also if it never began. */
	void (*end)(struct asked *a);
};
extern const struct way stream_way, datagram_way, connects_way, echo_way, members_way;

struct asked {
	struct prober *prober;
	const struct target *target;
	probe_done done;
	void *to;
	const struct way *way;
	void *own; /* the way's; NULL until it begins */
	enum phase phase;
	int fd; /* -1: none */
	uint32_t events;
	struct deadline deadline; /* of the phase */
	int64_t give_up_us;       /* of all; monotonic */
	/* Monotonic. */
	int64_t meant_us, begin_us, phase_us, question_us, heard_us;
	uint64_t own_us;   /* that what had come waited for us, until heard_us */
	int64_t offset_us; /* CLOCK_REALTIME by CLOCK_MONOTONIC, at the begin */
	struct addr addr;
	uint16_t port;
	uint8_t transport, tries;
	bool is_judged, has_answer, reset_on_close;
	enum reason reason;
	enum blame blamed;
	struct probe_record record;
	const char *other; /* a host whose address is asked for later; NULL: none */
	/* While a name is being resolved: who else waits for it. */
	struct name *name;
	struct asked *waiting_next, **waiting_at;
	struct dialogue *dialogue;
	struct tls *tls;
	struct flight *flight; /* NULL: nobody records */
	struct buf out;        /* to be sent: what the socket did not take yet */
	int send_error;        /* of the kernel, which tells an error once; 0: none */
	bool is_choked;        /* that was too much */
	struct asked *next;
};

struct prober {
	int epoll;
	struct asked **by_fd; /* who watches that descriptor; NULL: nobody's here */
	size_t by_fd_count;
	struct kept kept[2]; /* of IPv4, of IPv6 */
	unsigned in_flight;
	struct resolver *resolvers; /* the first is the machine's */
	struct names names;
	prober_netns_socket netns_socket;
	SSL_CTX *ssl;
	struct talk_room *room;
	struct http_room *http;
	struct deadlines deadlines;
	struct asked *ended; /* to be told and freed after the turn's events */
	void (*tell_ends)(void *to, const struct probe_ends *ends); /* NULL: nobody */
	void *tell_ends_to;
	struct flight_recorder flight;
};

static inline uint64_t asked_since(int64_t from_us, int64_t to_us)
{
	return to_us > from_us ? (uint64_t)(to_us - from_us) : 0;
}

/* ---- prober.c ---- */

/* Adds to what is to be sent; judged if that is more than a peer may leave unread. */
void asked_put(struct asked *a, const void *at, size_t len);
/* Waits for events of its descriptor (EPOLLIN ...). */
void asked_watch(struct asked *a, uint32_t events);
/* When asked_late() is to be called next; never later than give_up_us. */
void asked_wait(struct asked *a, int64_t deadline_us);
/* The answer is known; the first judgement stands.  detail: a clause, may be "". */
__attribute__((format(printf, 3, 4))) void
asked_judge(struct asked *a, enum reason reason, const char *format, ...);
/* Judged and left: it is told at the end of the turn.  Do not touch it any more. */
void asked_end(struct asked *a);
/* Gives up its socket, to begin again. */
void asked_close(struct asked *a);
/* A place for whoever will watch that descriptor; false without memory. */
bool prober_has_place(struct prober *p, int fd);

/* For libraries that keep their own sockets: events 0 forgets it. */
void epoll_keep(int epoll, int fd, uint32_t events);

/* ---- target_options.c ---- */

struct target_option;
/* NULL: none that every target takes. */
const struct target_option *target_option_find(const char *name);
bool target_option_take(struct target *t, const struct target_option *option,
			const char *value, char why[TARGET_WHY_MAX]);

/* ---- resolve.c ---- */

/* Asks for the target's address; asked_found() follows, perhaps at once. */
void resolve(struct asked *a);
/* Asks for that of another host, whose name stays; a->way->found() follows. */
void resolve_other(struct asked *a, const char *host);
/* The probe ends: whatever its name is, it does not wait for it. */
void resolve_forget(struct asked *a);
/* It has waited long enough. */
void resolve_late(struct asked *a);
/* What the name stands for is known, or why it is not. */
void resolve_answered(struct name *name);

/* ---- prober.c, again: a->addr is set ---- */
void asked_found(struct asked *a);
/* May a->addr be asked?  False: judged. */
bool asked_allows(struct asked *a);

/* ---- sockets.c ---- */

/* As socket(2), in the target's network; -1 and errno. */
int asked_make_socket(const struct asked *a, int type, int protocol);
/* A socket with the target's source, interface and family; -1: it is judged. */
int asked_socket(struct asked *a, int type, int protocol);
/* Connects to a->addr; false: it is judged.  Of TCP, true may mean "in progress". */
bool asked_connect(struct asked *a, int fd);

/* The own end of a socket; false: it has none. */
bool asked_own_end(int fd, struct addr *addr, uint16_t *port);
/* It connects: tells whoever looks at packets. */
void asked_tell_ends(struct asked *a, int fd);
/* As recv(2); *came_us: when the packet came, by the kernel's stamp (CLOCK_MONOTONIC).
 */
ssize_t asked_receive(struct asked *a, void *at, size_t size, int64_t *came_us);

/* ---- stream.c ---- */

/* Sends what is in a->out, as far as the socket takes it. */
void stream_flush(struct asked *a);
/* Connected since a->phase_us: takes the times; false: judged, it met itself. */
bool stream_connected(struct asked *a, int fd);

/* ---- datagram.c ---- */

/* Any words, for a port that no protocol of ours has: any answer is one. */
extern const struct asking datagram_asking;
