/*
 * detect.h: records in, findings out.
 *
 * One file per detector.  Time comes with the records, so that a replay of stored
 * records finds the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "record/record.h"

struct detect_sink {
	void *self;
	/* A finding is new, has changed, or has ended. */
	void (*finding)(void *self, const struct finding_record *finding);
	/* What time it is, for finding.latency_us; NULL: the past is looked at. */
	int64_t (*clock_us)(void *self);
};

struct detect;
struct detect *detect_new(const struct detect_sink *sink);
void detect_free(struct detect *detect);

/*
 * The machine's own addresses (home_add_addresses()): only flows to them are judged.
 * Again whenever they change.
 */
struct home;
void detect_set_own(struct detect *detect, const struct home *own);
/* The program's own process: that it listens is no news. */
void detect_set_self(struct detect *detect, uint32_t pid);

/* The networks that count as ours: how others set up their servers is but a notice. */
void detect_set_home(struct detect *detect, const struct home *home);

/* Ports that nobody should touch, and those of them where a program of ours listens. */
struct port_set;
void detect_set_traps(struct detect *detect, const struct port_set *traps);
void detect_served_traps(const struct detect *detect, struct port_set *served);

/* Lists of addresses known for attacks, borrowed until this is called again. */
struct blocklist;
void detect_set_blocklists(struct detect *detect, const struct blocklist *const *lists,
			   size_t count);

/*
 * Takes up what is known of sources from that folder, and keeps it there from now on,
 * also at detect_free().  False, with a sentence in why, if what is there can't be
 * used.
 */
struct buf;
bool detect_keep(struct detect *detect, const char *folder, int64_t now_us,
		 struct buf *why);

/*
 * From how many on something is an attack, as config.def says of detect.*.
 */
struct detect_limits {
	uint32_t scan_ports, sweep_hosts, guesses, flood_connections, flood_syns;
};
extern const struct detect_limits detect_usual_limits;
void detect_set_limits(struct detect *detect, const struct detect_limits *limits);

/* Scanners and monitors that are known: what they try is no attack. */
void detect_set_friends(struct detect *detect, const struct home *friends);

/* The register in force, borrowed; NULL: none. Judges all listeners anew. */
void detect_set_policy(struct detect *detect, const struct policy *policy,
		       int64_t now_us);

/* Every change of a listener.  Sets listener->authorized. */
void detect_listener(struct detect *detect, struct listener_record *listener);

/*
 * A listener that was known before this start (from the store, or because it was there
 * at the very first start): it is no news.
 */
void detect_known_listener(struct detect *detect,
			   const struct listener_record *listener);

/*
 * A finding that was open when the program last ended: it goes on, or is closed by
 * detect_settle(), once all listeners of the start have been told.
 */
void detect_restore(struct detect *detect, const struct finding_record *finding);
void detect_settle(struct detect *detect, int64_t now_us);

/*
 * Evidence that the packet path gives (flow_sink.record of kind finding): complete but
 * for identity and state.
 */
void detect_evidence(struct detect *detect, const struct finding_record *evidence);

/* A TLS handshake: is the certificate another than before? */
void detect_tls(struct detect *detect, const struct tls_record *tls);

void detect_flow(struct detect *detect, const struct flow_record *flow);

/* What came of a source's first words to a port. */
void detect_contact(struct detect *detect, const struct contact_record *contact);

/* An attempt to log in, whoever saw it. */
void detect_login(struct detect *detect, const struct login_record *login);

/* What nobody asked for, and what a service's answers amount to. */
void detect_unsolicited(struct detect *detect,
			const struct unsolicited_record *unsolicited);
void detect_amplification(struct detect *detect,
			  const struct amplification_record *amplification);

/*
 * What the machine's kernel counted in the last second; connections to its own
 * addresses only.
 */
struct detect_witness {
	uint64_t cookies;           /* SYN cookies sent, as the backlog was full */
	uint64_t requests_dropped;  /* for that reason, without cookies */
	uint64_t overflows;         /* connections that found no room to be accepted */
	uint64_t datagrams_dropped; /* sockets of UDP had no room for */
};
void detect_set_witness(struct detect *detect, const struct detect_witness *witness,
			int64_t at_us);

/*
 * What a probe says, or that its target has gone (no state).  Adds to the detail of one
 * that is down that clients are served, where they are.
 */
void detect_probe(struct detect *detect, struct probe_record *answer);

/* What its clients' connections say of a probed target. */
struct detect_proof {
	const char *target;
	uint64_t connect_us, first_byte_us; /* of the last that went well */
	bool is_well;                       /* one did, since that was last told */
	bool fails;                         /* of the last minute's, too many did not */
};
/* False: it could not be taken; it is told again. */
typedef bool (*detect_emit_proof)(void *to, const struct detect_proof *proof);
/* Of each target of which there is news since this was last called. */
void detect_each_proof(struct detect *detect, detect_emit_proof emit, void *to);

/*
 * Traffic of one service in one second, and whether a socket listens there: 1, 0, or
 * UNKNOWN_FLAG if the server is not this machine or the sockets are not known.
 */
void detect_port(struct detect *detect, const struct port_record *port,
		 uint8_t listens);

/*
 * What a scan saw of one port, for an address that the register is about.  listens: a
 * socket of ours is known there, of which the register has judged already.
 */
void detect_scan(struct detect *detect, const struct scan_record *scan,
		 uint8_t listens);

void detect_tick(struct detect *detect, int64_t now_us);

/* So many packets are kept as evidence of that finding. */
void detect_kept(struct detect *detect, const char *id, uint64_t packets);
/* That finding begins that incident: a person has closed the one it was of. */
void detect_rename_incident(struct detect *detect, const char *id,
			    const char *incident);

/* Says what has waited to be said: it is the end. */
void detect_flush(struct detect *detect, int64_t now_us);

/* Something listens there, or has listened, in our own network namespace. */
bool detect_knows_service(struct detect *detect, const char *transport,
			  const struct addr *ip, uint32_t port);

/* Open findings, in no order. */
void detect_each(const struct detect *detect,
		 void (*emit)(void *to, const struct finding_record *f), void *to);

/* How many are open about that port, notices left out; of a listener or of traffic. */
uint64_t detect_count(const struct detect *detect, const char *transport,
		      const struct addr *ip, uint32_t port);

struct detect_stats {
	uint64_t open;    /* findings */
	uint64_t evicted; /* ended early for lack of room */
	uint64_t refused; /* not taken, as worse ones filled the table */
	uint64_t listeners, listeners_forgotten, listeners_refused;
	uint64_t of_friends; /* contacts and logins of friends, not looked at */
};
void detect_stats(const struct detect *detect, struct detect_stats *stats);

/* finding.latency_us of all findings that began; borrowed. */
struct histogram;
const struct histogram *detect_latency(const struct detect *detect);

/* ---- what a register would have raised ---- */

enum { DETECT_TRIAL_MAX = 8192 };

struct detect_trial_sum {
	int64_t until_us;
	uint64_t records, listeners, flows; /* that were tried */
	uint64_t findings, refused_listeners, refused_connections;
	uint64_t left_out; /* findings beyond DETECT_TRIAL_MAX */
};

/*
 * Give it listeners and flows in order of time (a flow's is its end), first the
 * listeners that were there when the time begins.
 */
struct detect_trial;
struct detect_trial *detect_trial_new(const struct policy *policy,
				      const struct home *own);
void detect_trial_listener(struct detect_trial *trial, const struct listener_record *l);
void detect_trial_flow(struct detect_trial *trial, const struct flow_record *flow);
/* Emits each finding as it was last, in order of first evidence. */
void detect_trial_finish(struct detect_trial *trial, struct detect_trial_sum *sum,
			 void (*emit)(void *to, const struct finding_record *f),
			 void *to);
void detect_trial_free(struct detect_trial *trial);
