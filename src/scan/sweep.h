/*
 * sweep.h: how a scan goes over hosts and ports: order, pace, passes, verdicts.
 *
 * All probes are hosts x ports, numbered.  A pass sends those that have no answer yet;
 * further passes find what was lost on the way, and show how much that is.  What is
 * remembered is one bit per probe and one per host.  How a probe is sent and what
 * answers it is a way's business: packets of our own (syn.c), datagrams (udp.c), or
 * the kernel's connections (connect.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "scan/ports.h"
#include "scan/targets.h"

enum {
	SWEEP_BATCH = 64,
	SWEEP_PROBES_MAX = 1 << 30, /* 128 MiB of bits */
	SWEEP_ERROR_MAX = 200,
	PASSES_MAX = 8,
};

enum scan_state {
	SCAN_OPEN,
	SCAN_CLOSED,
	SCAN_FILTERED,
	SCAN_OPEN_FILTERED, /* UDP: silence is either */
	SCAN_STATES
};
extern const char *const scan_state_names[SCAN_STATES]; /* as nmap calls them */

struct scan_answer {
	struct addr addr;
	uint16_t port;
	enum scan_state state;
	const char *reason; /* nmap's word, static */
	int ttl;            /* -1: unknown */
	int64_t rtt_us;     /* -1: unknown */
	int64_t at_us;      /* Unix time */
	struct bytes said;  /* the datagram that answered; else empty */
};

struct sweep_progress {
	unsigned pass; /* from 1 */
	uint64_t probes, sent, answered, open;
	int64_t remaining_us; /* by what was sent and answered so far */
};

struct sweep_plan {
	const struct targets *targets;
	const struct ports *ports;
	const struct catalog *catalog; /* what to say to UDP ports */
	uint8_t transport;
	uint64_t rate; /* packets a second; 0: as fast as they can be sent */
	struct hash_key key;
	void *self;
	/* Each probe's answer, once, as it comes. */
	void (*found)(void *self, const struct scan_answer *answer);
	/* Asked some times a second; false ends the sweep. */
	bool (*goes_on)(void *self, const struct sweep_progress *progress);
};

struct sweep;
struct way;

/* NULL if memory is out. Takes the way, which it closes. */
struct sweep *sweep_new(const struct sweep_plan *plan, struct way *way);
void sweep_free(struct sweep *sweep);

/* 0: all is known that will be; -EINTR: it was ended before; else -errno of the way. */
int sweep_run(struct sweep *sweep);

/* Gives what had no answer to found(), in order; nothing if the sweep was ended. */
void sweep_each_silent(const struct sweep *sweep);

struct sweep_counts {
	uint64_t probes, sent, lost;  /* lost: answered only when asked again */
	uint64_t states[SCAN_STATES]; /* silence counted where it belongs */
	uint64_t unknown;             /* without an answer when the sweep was ended */
	uint64_t unsent;              /* tries that this machine refused to send */
	int unsent_error;             /* the last errno of them */
	unsigned passes;
	uint64_t rate;   /* at the end: halved where answers were lost */
	uint64_t unread; /* answers that the kernel had no room for */
};
void sweep_count(const struct sweep *sweep, struct sweep_counts *out);
