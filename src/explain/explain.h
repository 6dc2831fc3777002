/*
 * explain.h: why a port is unwell, in words, from the records about it.
 *
 * A pure function of records and of the time: what the command, the page and a test
 * ask is answered by the same code.  Written for who was woken by it: the cause first,
 * then the figures it follows from, then what to look at next.
 *
 * Where the time goes is told apart by where it can be seen:
 *   network      the TCP handshake, which no application takes part in (RFC 9293 3.5)
 *   queue        connections that wait for accept(2), by Little's law: those that wait
 *                over those that come per second (Little, Operations Research 9(3),
 * 1961) application  from the end of what the client said to the first octet of the
 * answer, less the round trip to the server and the wait in the queue
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/home.h"
#include "record/record.h"

/* The worst first: of two that hold, the lower one is told as the cause. */
enum explain_cause {
	EXPLAIN_NOT_LISTENING, /* clients come, nobody listens */
	EXPLAIN_OTHER_ADDRESS, /* listens, but not where the clients go */
	EXPLAIN_FLOODED,       /* it is unwell, and somebody sees to that */
	EXPLAIN_QUEUE_FULL,    /* the process accepts slower than clients come */
	EXPLAIN_BUFFER_FULL,   /* UDP: the process reads slower than datagrams come */
	EXPLAIN_HANGS,        /* the process takes connections or none, and is silent */
	EXPLAIN_UNANSWERED,   /* a socket listens, but SYNs get no answer: filtered */
	EXPLAIN_REFUSES,      /* breaks connections off, or refuses some */
	EXPLAIN_ERRORS,       /* connections are well, answers are errors */
	EXPLAIN_SLOW_NETWORK, /* handshakes take long */
	EXPLAIN_LOSSY_NETWORK,     /* segments are lost or sent again */
	EXPLAIN_SLOW_APPLICATION,  /* answers take long, the network does not */
	EXPLAIN_SLOWER_THAN_USUAL, /* under its limits, far over its own last week */
	EXPLAIN_PROBE_FAILS, /* clients, if any, don't show it, but a probe is down */
	EXPLAIN_WELL,
	EXPLAIN_IDLE,    /* a socket listens, nobody comes */
	EXPLAIN_UNKNOWN, /* nothing is known of this port */
	EXPLAIN_CAUSES
};

/* "slow network" ... */
const char *explain_cause_name(enum explain_cause cause);

/* Everything known; arrays are borrowed, NULL if empty. */
struct explain_facts {
	int64_t now_us;
	uint16_t port;
	double limit_response_us, limit_loss, limit_errors;
	bool packets_seen, sockets_seen; /* false: "no" is then "unknown" */
	const struct home *own;          /* this machine's addresses; not NULL */

	const struct listener_record *listeners; /* on this port, now */
	size_t listener_count;
	const struct listener_record *changes; /* of the past, newest first */
	size_t change_count;
	const struct port_record *now; /* last minute, one per service */
	size_t now_count;
	const struct port_record *past; /* its history, oldest first, any intervals */
	size_t past_count;
	const struct socket_record *sockets; /* the kernel's counts, now */
	size_t socket_count;
	const struct flow_record *flows; /* lately, newest first */
	size_t flow_count;
	const struct finding_record *findings; /* open */
	size_t finding_count;
	const struct alert_record *alerts; /* that fire */
	size_t alert_count;
	const struct probe_record *probes; /* the last of each target on this port */
	size_t probe_count;
	const struct forecast_record
		*forecasts; /* those that may cross, surest first */
	size_t forecast_count;
	const struct anomaly_record *unusual; /* of the last day, newest first; of all
						 ports */
	size_t unusual_count;
	const struct gap_record *gaps; /* of the last week */
	size_t gap_count;
	/* At a hub: the sensor that told all that, as it is heard. */
	const struct sensor_record *sensor;
	size_t sensor_count; /* 0: this machine is it, which sees itself */
};

/* What its clock says when ours says that; its records go by it. */
int64_t explain_sensor_clock(const struct sensor_record *sensor, int64_t now_us);
/*
 * Of a sensor: what can be seen there, and which addresses are its own, added to own,
 * by what it told.
 */
void explain_sensor_sees(struct explain_facts *facts, struct home *own);

/* Durations in us, shares 0..1, counts over the interval; NaN: unknown. */
struct explain_figures {
	double interval_s, flows, errors, error_ratio, rejected, unanswered;
	double failed;                 /* share of the connections that ended */
	double answers, answer_errors; /* of the application */
	double bad_answers;            /* share of the answers */
	double network_us, queue_us, application_us;
	double response_p50_us, response_p95_us, handshake_p50_us, handshake_p95_us;
	double loss, retransmits;
	double backlog;                /* of all TCP listeners */
	double backlog_max, overflows; /* the largest; all */
	int64_t overflow_us;           /* when it last happened; UNKNOWN_TIME: never */
	/* The median answer takes no longer than the network and the queue do: how much
	 * of it is the application's is not known. */
	bool is_within_network;
};

/* Of it, for whoever reads. */
#define EXPLAIN_WITHIN_NETWORK "not told apart from the network: answers take no longer"

struct explain_answer {
	enum explain_cause cause;
	struct explain_figures now;
	/* Medians of the last week, the last hour left out; NaN: no history. */
	double usual_response_us, usual_handshake_us, usual_flows_per_s;
	double history_s; /* time that those medians rest on */
	int64_t worse_us; /* when it got worse; UNKNOWN_TIME: not told, or it is well */
	struct buf speaks; /* the protocol, and how that is known; may be empty */
	struct buf why;    /* the cause, in one or two sentences */
	struct buf change; /* what changed around worse_us, a line each; may be empty */
	struct buf next;   /* what to look at, there, a line each */
	struct buf ask;    /* of a sensor: what only the machine itself knows */
};

/* The facts that count; closing frees what was copied. */
enum { EXPLAIN_COPIES = 7 };
struct explain_scope {
	struct explain_facts facts;
	void *copies[EXPLAIN_COPIES];
	size_t copy_count;
};
void explain_scope_open(const struct explain_facts *facts, struct explain_scope *scope);
void explain_scope_close(struct explain_scope *scope);

/* The answer's texts are the caller's: explain_free(). */
void explain(const struct explain_facts *facts, struct explain_answer *out);
void explain_free(struct explain_answer *answer);
