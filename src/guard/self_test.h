/*
 * self_test.h: what the process that attacks us for a test is told, and what it tells.
 *
 * It makes a network namespace and a pair of links to ours, sends from there what a
 * scanner sends, and sees whether its packets still arrive: so what is proven is the
 * whole way, from a packet to a firewall that stops the next one.  It is a process of
 * its own (GUARD_SELF_TEST) with CAP_SYS_ADMIN, for the namespace, and CAP_NET_ADMIN,
 * for the links; it takes messages of one size, and only addresses that are nobody's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "guard/guard.h"

/* Our end of the pair of links. */
#define SELF_TEST_LINK "bw-selftest"

enum {
	SELF_TEST_COUNTED =
		200,          /* packets before the scan, to see what capture loses */
	SELF_TEST_PORTS = 40, /* closed ports that it tries */
	SELF_TEST_MS = 10000, /* it takes no longer */
};

/*
 * One test, of one IP version.  Addresses that nobody uses: IPv4 out of 198.18.0.0/15
 * (RFC 2544), IPv6 out of fd00::/8 (RFC 4193), there each in a /64 of its own, as one
 * is blocked whole.
 */
struct self_test_order {
	uint64_t id; /* the caller's; not 0 */
	struct addr ours, theirs;
};

enum self_test_outcome {
	SELF_TEST_WELL = 1,
	SELF_TEST_NO_NETWORK,  /* error; EADDRINUSE: somebody has these addresses */
	SELF_TEST_NO_ANSWER,   /* nothing arrived, or no connection was made */
	SELF_TEST_NOT_STOPPED, /* its packets went on to arrive */
	SELF_TEST_NOT_BACK,    /* and after the end of the block they did not */
};

enum self_test_event_kind {
	SELF_TEST_BEGINS = 1, /* port: where packets are counted */
	SELF_TEST_GOES_ON,    /* several times a second */
	SELF_TEST_STOPPED,    /* the block is to end now */
	SELF_TEST_ENDS,       /* outcome */
};

struct self_test_event {
	uint64_t id;
	uint32_t kind;
	uint32_t outcome;   /* of SELF_TEST_ENDS */
	int64_t stopped_us; /* when the first packet was sent that did not arrive any
			       more; CLOCK_REALTIME; 0: none */
	int32_t error;      /* 0 or -errno */
	uint32_t sent;      /* datagrams to the port where they are counted */
	uint32_t arrived;   /* of them, before the first that did not */
	uint32_t passed;    /* of those sent after it */
	uint16_t port;
	uint8_t session_ended; /* the connection that was there before */
	uint8_t zero[5];
};

/* False if these bytes are no order that a daemon of ours gives. */
bool self_test_order_parse(const void *bytes, size_t len, struct self_test_order *out);
/* The same of an event. */
bool self_test_event_parse(const void *bytes, size_t len, struct self_test_event *out);

/* The task of that process; user: whom it becomes. */
struct guard_task self_test_task(const char *user);
