/*
 * findings.h: the findings that are open.  Private to the room.
 *
 * A detector fills a record with one piece of evidence and gives it to findings_take();
 * whether that is news, and when to say it, is decided here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/histogram.h"
#include "base/order.h"
#include "detect/detect.h"
#include "detect/incident.h"

enum { FINDINGS_MAX = 4096, FINDINGS_BUCKETS = 4096 };

/* How long a finding lasts without more evidence. */
#define HOLD_OPEN INT64_MAX /* until somebody ends it */
#define SECOND_US 1000000LL

struct finding {
	struct finding_record record;
	unsigned severity;
	bool is_open;
	bool has_news;           /* not yet said */
	bool is_restored;        /* of the last run, without evidence since */
	int64_t said_us;         /* last time it was said */
	int64_t pause_us;        /* until what grows is said again */
	int64_t due_us;          /* ends then */
	int64_t newest_start_us; /* connections: of the long flows counted */
	uint32_t next_of_key, next_of_port;
};

struct findings {
	const struct detect_sink *sink;
	struct hash_key key;
	struct finding *at;
	struct order_link *links;
	struct order by_use[SEVERITIES], unused;
	/* Those of no port, which may be all, are apart: every port's count goes there.
	 */
	uint32_t of_key[FINDINGS_BUCKETS], of_port[FINDINGS_BUCKETS + 1];
	int64_t next_us; /* nothing is due before */
	uint64_t open, evicted, refused;
	struct incidents incidents;
	struct histogram latency; /* of what was begun, where the time is known */
};

/* Words that may be unknown; two unknown ones are the same. */
bool findings_same_word(const char *a, const char *b);

bool findings_init(struct findings *findings, const struct detect_sink *sink);
void findings_clear(struct findings *findings);

/*
 * The open one of the same kind, technique, client, server, port, transport,
 * namespace and sensor, or NULL.
 */
struct finding *findings_find(struct findings *findings,
			      const struct finding_record *key);

/*
 * Evidence: kind to advice as they are to be said, attempts as many as are new, last
 * the time of what decided, first that of the first of it (unknown: the same).
 * Severity, proof, ports, hosts, users and sensors only grow, texts are the newest that
 * say something.  NULL if worse ones fill the table.
 */
struct finding *findings_take(struct findings *findings,
			      const struct finding_record *evidence, unsigned severity,
			      int64_t hold_us);

/*
 * It turns out to be of another kind, technique, client, server or port, or of none:
 * evidence with that key updates it from now on.  Nothing happens if there is one about
 * that.
 */
void findings_move(struct findings *findings, struct finding *finding,
		   const struct finding_record *key);

/* Takes up one that was open when the program last ended. */
void findings_restore(struct findings *findings, const struct finding_record *record,
		      int64_t hold_us);

/* Lets it end at that time, unless evidence comes before. */
void findings_end_at(struct findings *findings, struct finding *finding,
		     int64_t due_us);
void findings_close(struct findings *findings, struct finding *finding, int64_t now_us);

/*
 * It was a part of what the other one tells: ends, as a notice of the same incident
 * that says so.
 */
void findings_fold(struct findings *findings, struct finding *finding,
		   const struct finding *into, int64_t now_us);

/* It turned out to be no attack: ends, as a notice whose evidence says why. */
void findings_withdraw(struct findings *findings, struct finding *finding,
		       const char *why, int64_t now_us);

/* So many packets are kept as its evidence. */
void findings_kept(struct findings *findings, const char *id, uint64_t packets);

/* That finding belongs to another incident; see incidents_rename(). */
void findings_rename_incident(struct findings *findings, const char *id,
			      const char *incident);

/* Says what has waited, and ends what is due. */
void findings_tick(struct findings *findings, int64_t now_us);

/* Says all that has waited. */
void findings_flush(struct findings *findings, int64_t now_us);

/* Open findings whose port is that: start with *at = findings_port(). */
uint32_t findings_port(const struct findings *findings, uint32_t port);
const struct finding *findings_next_of_port(const struct findings *findings,
					    uint32_t *at, uint32_t port);
