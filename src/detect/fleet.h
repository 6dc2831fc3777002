/*
 * fleet.h: what only a fleet can see: records of many sensors in, findings out.
 *
 * Each sensor judges by itself what comes to it.  Here is found what is too little at
 * each of them: scans and guesses spread over hosts, a port that one of many alike
 * servers has, a certificate in many places.  Nothing is said that the finding of one
 * sensor says already.
 *
 * Addresses that are not global (RFC 1918, ...) are somebody else at every site.  Time
 * comes with the records; those of different sensors may come late and in any order.
 * All tables are bounded: strangers fill them.
 */
#pragma once

#include "detect/detect.h"

struct home;
struct detect_fleet;

/* NULL without memory. */
struct detect_fleet *detect_fleet_new(const struct detect_sink *sink);
void detect_fleet_free(struct detect_fleet *fleet);
void detect_fleet_set_limits(struct detect_fleet *fleet,
			     const struct detect_limits *limits);
/* Scanners and monitors that are known: what they try is no attack. */
void detect_fleet_set_friends(struct detect_fleet *fleet, const struct home *friends);
/* The networks that count as ours; those that are not global do at every site. */
void detect_fleet_set_home(struct detect_fleet *fleet, const struct home *home);

/* Kinds of records that are looked at. */
extern const record_bits detect_fleet_kinds;
/*
 * A record of the sensor that its field sensor names; others, and what hubs say, are
 * passed over.  To know what is there after a hub has taken over, it may be given
 * records of before.
 */
void detect_fleet_record(struct detect_fleet *fleet, enum record_kind kind,
			 const void *record);
void detect_fleet_tick(struct detect_fleet *fleet, int64_t now_us);

/*
 * Who listens where is told anew, before the next tick: what is not told of then has
 * closed meanwhile.
 */
void detect_fleet_forget_listeners(struct detect_fleet *fleet);

/* One that was open when another hub led. */
void detect_fleet_restore(struct detect_fleet *fleet,
			  const struct finding_record *finding);
/* Says what has waited to be said: it is the end. */
void detect_fleet_flush(struct detect_fleet *fleet, int64_t now_us);
void detect_fleet_rename_incident(struct detect_fleet *fleet, const char *id,
				  const char *incident);
/* Open findings, in no order. */
void detect_fleet_each(const struct detect_fleet *fleet,
		       void (*emit)(void *to, const struct finding_record *f),
		       void *to);
