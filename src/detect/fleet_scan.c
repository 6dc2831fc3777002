/*
 * fleet_scan.c: one source that tries a little at each of several sensors.
 *
 * The thresholds are those of port_scan.c and host_sweep.c, applied to the sum: what
 * would be a scan of one host is one of several.  As the accidents of several machines
 * add up, too, the sequential test has to say that the source scans, whichever the
 * time.  It is said only if no sensor saw most of it, or else that sensor says it.
 */
#include <stdio.h>
#include <string.h>

#include "base/port_list.h"
#include "detect/fleet_tries.h"

enum {
	SPREADS_MAX = 2048,
	SENSORS_LEAST = 2,
	/* As many at one sensor are told by that sensor (port_scan.c). */
	PORTS_NOTICE = 5,
	/* Of detect.scan_ports, which is for ten minutes: in an hour (port_scan.c). */
	HOUR_OF = 4,
	HOUR_OF_ALL = 5,
	FAST_S = 600,
	HOUR_S = 3600,
	PORTS_LEAST = 3,    /* fewer are a sweep */
	HOSTS_INSIDE = 250, /* our own machines have reasons that we don't know */
	WATCHED_OF = 2,     /* half of them in round after round: a monitor */
	OWN_OF = 2,         /* half of it is said by one sensor already */
	/* Before automatic answers: one connection without a word may be a friend's. */
	PROOFS = 3,
	HOLD_S = 3600, /* who comes back within an hour is at the same thing */
	HOLD_SLOW_S = 6 * 3600,
};

/* How far a source spreads that several sensors have seen. */
struct fleet_spread {
	struct roster_entry head; /* key: fleet_source_of() */
	struct cardinality hosts, sensors, pairs;
	int64_t begun_us; /* 0: not yet */
};

struct fleet_scans {
	struct roster sources, spreads;
};

static bool open_scans(struct detect_fleet *fleet, void *state)
{
	struct fleet_scans *all = state;
	(void)fleet;
	return fleet_tries_open(&all->sources) &&
	       roster_open(&all->spreads, sizeof(struct fleet_spread), SPREADS_MAX);
}

static void close_scans(void *state)
{
	struct fleet_scans *all = state;
	roster_close(&all->sources);
	roster_close(&all->spreads);
}

/* ---- how far ---- */

static void count_try(struct fleet_spread *spread, const struct fleet_try *at)
{
	static const struct hash_key fixed;
	const uint64_t words[3] = { at->host, at->sensor,
				    (uint64_t)at->transport << 16 | at->port };
	const uint64_t pair[2] = { words[0], words[2] };
	cardinality_add(&spread->hosts, hash_words(&fixed, &words[0], 1));
	cardinality_add(&spread->sensors, hash_words(&fixed, &words[1], 1));
	cardinality_add(&spread->pairs, hash_words(&fixed, pair, 2));
}

static struct fleet_spread *spread_of(struct fleet_scans *all,
				      const struct fleet_news *news)
{
	const struct fleet_source *source = news->source;
	struct fleet_spread *spread = roster_take(&all->spreads, &source->head.key);
	if (spread->begun_us == source->first_us) {
		if (news->attempt != NULL)
			count_try(spread, news->attempt);
		return spread;
	}
	cardinality_reset(&spread->hosts);
	cardinality_reset(&spread->sensors);
	cardinality_reset(&spread->pairs);
	spread->begun_us = source->first_us;
	for (unsigned i = 0; i < source->count; i++)
		if (source->tries[i].kind != ATTEMPT_DONE)
			count_try(spread, &source->tries[i]);
	return spread;
}

/* ---- when it is a scan ---- */

static unsigned at_most_tries(uint32_t threshold)
{
	return threshold < FLEET_TRIES ? threshold : FLEET_TRIES;
}

static bool is_port_scan(const struct detect_fleet *fleet,
			 const struct fleet_source *source,
			 const struct fleet_tally *day, uint64_t pairs)
{
	unsigned fast = at_most_tries(fleet->limits.scan_ports);
	unsigned hour = (fast * HOUR_OF + HOUR_OF_ALL - 1) / HOUR_OF_ALL;
	struct fleet_tally tally;
	if (day->ports < PORTS_LEAST ||
	    pairs < fleet->limits.scan_ports * HOUR_OF / HOUR_OF_ALL)
		return false;
	if (day->pairs >= fast)
		return true;
	fleet_tries_count(source, HOUR_S, &tally);
	return tally.pairs >= hour;
}

static bool is_sweep(const struct detect_fleet *fleet,
		     const struct fleet_source *source, const struct fleet_tally *day,
		     uint64_t hosts)
{
	uint32_t least = fleet->limits.sweep_hosts;
	if (!source->is_outside && least < HOSTS_INSIDE)
		least = HOSTS_INSIDE;
	return day->top_hosts >= at_most_tries(least) && hosts >= least;
}

/* Each sensor saw so little that it does not say it, or at most half of it. */
static bool is_spread(const struct fleet_source *source, const struct fleet_tally *day,
		      uint64_t pairs)
{
	bool is_thin = day->most_of_sensor < PORTS_NOTICE ||
		       day->most_of_sensor * OWN_OF <= day->pairs;
	bool is_said = source->own_us != 0 &&
		       source->last_us - source->own_us <= HOLD_SLOW_S * SECOND_US &&
		       source->own_extent * OWN_OF >= pairs;
	return day->sensors >= SENSORS_LEAST && is_thin && !is_said;
}

static bool is_watcher(const struct fleet_tally *day)
{
	return day->watched * WATCHED_OF >= day->pairs && day->unused < PROOFS;
}

/* ---- how it is said ---- */

static void describe(const struct detect_fleet *fleet,
		     const struct fleet_sensor *sensor, const struct contact_record *c,
		     const struct fleet_tally *day, uint64_t sensors,
		     struct finding_record *evidence)
{
	char who[FLEET_WHO_MAX], names[128];
	fleet_who(sensor, &c->client_ip, who);
	fleet_sensor_names(fleet, day->names, day->sensors, sensors, names,
			   sizeof(names));
	if (evidence->port != UNKNOWN_U32)
		snprintf(evidence->summary, sizeof(evidence->summary),
			 "%s tried port %u/%s of %llu hosts, few at each of %llu "
			 "sensors.",
			 who, evidence->port, c->transport,
			 (unsigned long long)evidence->hosts,
			 (unsigned long long)sensors);
	else
		snprintf(evidence->summary, sizeof(evidence->summary),
			 "%s scanned %llu hosts for %llu ports, few at each of %llu "
			 "sensors.",
			 who, (unsigned long long)evidence->hosts,
			 (unsigned long long)evidence->ports,
			 (unsigned long long)sensors);
	snprintf(evidence->evidence, sizeof(evidence->evidence),
		 "of the last %u that failed or were not used, no sensor saw more than "
		 "%u; sensors: %s",
		 day->pairs, day->most_of_sensor, names);
}

/* What its open finding is about; false: it has none. */
static bool told_before(const struct fleet_source *source,
			struct finding_record *before)
{
	if (source->kind == NULL ||
	    source->last_us - source->told_us > HOLD_SLOW_S * SECOND_US)
		return false;
	before->kind = source->kind;
	before->technique = source->technique;
	before->port = source->port;
	return true;
}

/*
 * One source is one finding: a sweep of another port is one of several, and with more
 * ports it becomes a scan, which it stays.  True if it goes on.
 */
static bool keep_one(struct detect_fleet *fleet, struct fleet_source *source,
		     struct finding_record *evidence)
{
	struct finding_record before = *evidence;
	bool is_told = told_before(source, &before);
	struct finding *finding =
		is_told ? findings_find(&fleet->findings, &before) : NULL;
	if (finding != NULL) {
		evidence->technique = before.technique;
		if (findings_same_word(before.kind, "port_scan"))
			evidence->kind = before.kind;
		if (evidence->port != before.port)
			evidence->port = UNKNOWN_U32;
		findings_move(&fleet->findings, finding, evidence);
	}
	source->kind = evidence->kind;
	source->technique = evidence->technique;
	source->port = evidence->port;
	source->told_us = source->last_us;
	return finding != NULL;
}

/* A slow one comes back after longer than a fast one. */
static int64_t hold_of(const struct detect_fleet *fleet,
		       const struct fleet_source *source)
{
	struct fleet_tally tally;
	fleet_tries_count(source, FAST_S, &tally);
	bool is_fast = tally.pairs >= at_most_tries(fleet->limits.scan_ports);
	return (is_fast ? HOLD_S : HOLD_SLOW_S) * SECOND_US;
}

static void tell(struct detect_fleet *fleet, const struct fleet_sensor *sensor,
		 const struct contact_record *c, struct fleet_source *source,
		 const struct fleet_tally *day, const struct fleet_spread *spread,
		 bool is_scan)
{
	struct finding_record evidence;
	bool is_proven = day->unused >= PROOFS;
	detect_attack(&evidence, is_scan ? "port_scan" : "host_sweep", c->technique,
		      source->last_us);
	fleet_set_client(&evidence, fleet_sensor_at(fleet, source->sensor),
			 &c->client_ip);
	evidence.first = source->first_us;
	evidence.transport = c->transport;
	evidence.port = is_scan ? UNKNOWN_U32 : day->top_port;
	evidence.ports = day->ports;
	evidence.hosts = cardinality_estimate(&spread->hosts);
	evidence.detector = "fleet_scan";
	evidence.proof = is_proven ? "handshake" : "unsolicited";
	evidence.confidence = 0.9;
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1595.001");
	port_list_text(day->port_list, day->ports, evidence.port_list,
		       sizeof(evidence.port_list));
	record_text(evidence.advice, sizeof(evidence.advice),
		    is_proven ? "Block it on all hosts, and check that each open port "
				"is meant to be reached."
			      : "An address can be forged: do not block on this alone. "
				"Check that each open port is meant to be reached.");
	/* Of what goes on, those that saw it before are known. */
	bool goes_on = keep_one(fleet, source, &evidence);
	fleet_add_sensors(&evidence, fleet, day->names, day->sensors,
			  goes_on ? NULL : &spread->sensors);
	describe(fleet, sensor, c, day, cardinality_estimate(&spread->sensors),
		 &evidence);
	bool is_ours = !source->is_outside;
	findings_take(&fleet->findings, &evidence,
		      is_proven || is_ours ? SEVERITY_MEDIUM : SEVERITY_LOW,
		      hold_of(fleet, source));
}

/* It was no scan: a monitor whose targets are dead asks for the same ones again. */
static void take_back(struct detect_fleet *fleet, const struct contact_record *c,
		      struct fleet_source *source)
{
	struct finding_record key;
	detect_attack(&key, source->kind, source->technique, source->last_us);
	fleet_set_client(&key, fleet_sensor_at(fleet, source->sensor), &c->client_ip);
	key.port = source->port;
	key.transport = c->transport;
	struct finding *finding = findings_find(&fleet->findings, &key);
	if (finding != NULL)
		findings_withdraw(&fleet->findings, finding,
				  "it asks for the same ports in round after round, as "
				  "monitors do",
				  source->last_us);
	source->kind = NULL;
}

/* ---- contacts ---- */

static void take_contact(struct detect_fleet *fleet, void *state,
			 struct fleet_sensor *sensor, const struct contact_record *c)
{
	struct fleet_scans *all = state;
	struct fleet_news news;
	struct fleet_tally day;
	fleet_tries_take(fleet, &all->sources, sensor, c, &news);
	struct fleet_source *source = news.source;
	if (source == NULL || news.attempt == NULL ||
	    news.attempt->kind == ATTEMPT_DONE)
		return;
	if (!news.is_new && source->kind == NULL)
		return;
	fleet_tries_count(source, FLEET_DAY_S, &day);
	if (is_watcher(&day)) {
		if (source->kind != NULL)
			take_back(fleet, c, source);
		return;
	}
	if (!news.is_new || day.sensors < SENSORS_LEAST || !fleet_tries_scans(source))
		return;
	struct fleet_spread *spread = spread_of(all, &news);
	uint64_t pairs = cardinality_estimate(&spread->pairs);
	uint64_t hosts = cardinality_estimate(&spread->hosts);
	if (!is_spread(source, &day, pairs))
		return;
	bool is_scan = is_port_scan(fleet, source, &day, pairs);
	if (is_scan || is_sweep(fleet, source, &day, hosts))
		tell(fleet, sensor, c, source, &day, spread, is_scan);
}

/* What a sensor says of that source itself. */
static void take_finding(struct detect_fleet *fleet, void *state,
			 struct fleet_sensor *sensor, const struct finding_record *f)
{
	struct fleet_scans *all = state;
	bool is_scan = findings_same_word(f->kind, "port_scan") ||
		       findings_same_word(f->kind, "host_sweep");
	(void)fleet;
	if (!is_scan || addr_is_unset(&f->client_ip))
		return;
	/* It may come before the evidence, which has a lane of its own. */
	struct roster_key key = { .first = fleet_source_of(sensor, &f->client_ip) };
	struct fleet_source *source = roster_take(&all->sources, &key);
	uint64_t ports = f->ports != UNKNOWN_U64 ? f->ports : 0;
	uint64_t hosts = f->hosts != UNKNOWN_U64 ? f->hosts : 0;
	uint64_t extent = ports > hosts ? ports : hosts;
	if (extent > source->own_extent)
		source->own_extent = extent;
	if (f->last > source->own_us)
		source->own_us = f->last;
}

const struct fleet_detector fleet_detector_scan = {
	.state_size = sizeof(struct fleet_scans),
	.open = open_scans,
	.close = close_scans,
	.contact = take_contact,
	.finding = take_finding,
};
