/*
 * probe.h: asks services whether they are well, many at once, on one thread.
 *
 * A prober never blocks but in prober_turn().  It keeps what a probe was meant to begin
 * at beside when it did, takes round trips from the kernel, and calls its own trouble
 * `unknown`.
 */
#pragma once

#include "probe/target.h"
#include "record/record.h"

struct prober;

/* The answer; borrowed for the call, in which more may be asked. */
typedef void (*probe_done)(void *to, const struct probe_record *record);

/* A socket of a probe: who looks at packets knows its connection by that. */
struct probe_ends {
	struct addr local, remote;
	uint16_t local_port, remote_port;
	uint8_t proto; /* IPPROTO_ */
};

/* NULL without memory or descriptors. */
struct prober *prober_new(void);
/* What is in flight is forgotten without an answer. */
void prober_free(struct prober *prober);

/*
 * Asks; the target must outlive the answer.  meant_us: when it was meant to be asked,
 * by CLOCK_MONOTONIC.  done is called once, from prober_turn().  False without memory.
 */
bool prober_ask(struct prober *prober, const struct target *target, int64_t meant_us,
		probe_done done, void *to);

/* What a record says of its target before anything is asked. */
void probe_record_begin(struct probe_record *record, const struct target *target);

/*
 * Who makes sockets in other network namespaces, as netns_socket() does, which is the
 * usual one: it takes CAP_SYS_ADMIN.
 */
typedef int (*prober_netns_socket)(const char *netns, int family, int type,
				   int protocol);
void prober_set_netns(struct prober *prober, prober_netns_socket make);

struct recorder;
struct failure;

/*
 * From now on what happens to a probe is noted, in case it fails (failure.h).
 * recorder: its packets, borrowed; NULL: without, for that reason.
 */
void prober_record(struct prober *prober, struct recorder *recorder, const char *why);
/*
 * Within a call of probe_done: all that is known of the one that is being told, be it
 * well or not.  Kept until the next such question; NULL if nobody recorded.
 */
struct failure *prober_failure(struct prober *prober);

/* Waits for something to happen, at most that long, and deals with it. */
void prober_turn(struct prober *prober, int timeout_ms);

/* tell is called for each socket that connects, before anything is answered. */
void prober_tell_ends(struct prober *prober,
		      void (*tell)(void *to, const struct probe_ends *ends), void *to);

/* How many have no answer yet. */
unsigned prober_in_flight(const struct prober *prober);

/* To wait for among others: readable when prober_turn() has something to do, but for
 * deadlines, the next of which is that many milliseconds away; -1: none. */
int prober_fd(const struct prober *prober);
int prober_next_ms(const struct prober *prober);
