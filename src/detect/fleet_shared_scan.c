/*
 * fleet_shared_scan.c: many sources that share out the hosts of a fleet, each so few
 * that none of them is too many for any sensor.
 *
 * Who shares the work tries no host twice.  Strangers who know nothing of each other
 * do: of 40 tries at 40 hosts made at random, 25 hosts are hit.  So a sequential test
 * (Wald, "Sequential tests of statistical hypotheses", 1945) looks at each port where
 * nothing is: a host that nobody had tried speaks for an agreement, the more the fewer
 * are left; one that another source had tried speaks against it.  It needs no past, and
 * no hurry on the other side: a try an hour is as good as a hundred a second.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "detect/fleet_shared.h"
#include "detect/scan_attempt.h"

enum {
	LANES_MAX = 1024,
	REALMS_MAX = 256,
	EACH_MAX =
		3, /* tries of one source that count: with more it is no small part */
};

/* Who shares the work may forget, or try again, one time in ten. */
#define AGAIN 0.1
/* What makes room for another port speaks for no grid any more. */
static void forget_lane(void *to, const void *entry)
{
	fleet_grid_forget(to, entry);
}

static bool open_scans(struct detect_fleet *fleet, void *state)
{
	struct shared_scans *all = state;
	(void)fleet;
	if (!roster_open(&all->lanes, sizeof(struct shared_lane), LANES_MAX) ||
	    !roster_open(&all->realms, sizeof(struct shared_realm), REALMS_MAX) ||
	    !fleet_grid_open(all))
		return false;
	all->lanes.gone = forget_lane;
	all->lanes.to = all;
	return true;
}

static void close_scans(void *state)
{
	struct shared_scans *all = state;
	roster_close(&all->lanes);
	roster_close(&all->realms);
	roster_close(&all->parts);
}

/* ---- how many hosts there are ---- */

uint64_t shared_realm_of(const struct fleet_sensor *sensor, const struct addr *server)
{
	return !addr_is_global(server) ? sensor->realm : 0;
}

static struct shared_realm *take_realm(struct shared_scans *all, uint64_t realm)
{
	struct roster_key key = { .rest = realm };
	return roster_take(&all->realms, &key);
}

/* The more there are, the less a host tells that was not tried before: at least those
 * that have told something. */
static double hosts_of(const struct shared_realm *realm)
{
	uint64_t hosts = cardinality_estimate(&realm->hosts);
	uint64_t sensors = cardinality_estimate(&realm->sensors);
	return (double)(hosts > sensors ? hosts : sensors);
}

static void take_sensor(struct detect_fleet *fleet, void *state,
			struct fleet_sensor *sensor, uint64_t group_before)
{
	struct shared_scans *all = state;
	(void)fleet;
	if (sensor->group == group_before)
		return;
	cardinality_add(&take_realm(all, 0)->sensors, sensor->head.key.rest);
	cardinality_add(&take_realm(all, sensor->realm)->sensors,
			sensor->head.key.rest);
}

/* ---- what a try says ---- */

/* False: it says nothing more, or there is no room. */
static bool count_source(struct shared_lane *lane, uint32_t source)
{
	uint32_t i = 0;
	while (i < lane->sources && lane->of_source[i].source != source)
		i++;
	if (i == SHARED_HOSTS_MAX)
		return false;
	if (i == lane->sources) {
		lane->of_source[i].source = source;
		lane->of_source[i].tries = 0;
		lane->sources++;
	}
	if (lane->of_source[i].tries == EACH_MAX)
		return false;
	lane->of_source[i].tries++;
	return true;
}

static const struct shared_tried *find_host(const struct shared_lane *lane,
					    uint32_t host)
{
	for (uint32_t i = 0; i < lane->hosts; i++)
		if (lane->tried[i].host == host)
			return &lane->tried[i];
	return NULL;
}

static void note_sensor(const struct detect_fleet *fleet, struct shared_lane *lane,
			const struct fleet_sensor *sensor)
{
	uint32_t number = fleet_sensor_number(fleet, sensor);
	cardinality_add(&lane->all_sensors, sensor->head.key.rest);
	for (uint32_t i = 0; i < lane->sensors; i++)
		if (lane->names[i] == number)
			return;
	if (lane->sensors < SHARED_NAMES_MAX)
		lane->names[lane->sensors++] = number;
}

/* Never below none: an agreement may begin at any time. */
static void add_score(struct shared_lane *lane, double step)
{
	lane->score += step;
	if (lane->score < 0)
		lane->score = 0;
}

static double judge_new(const struct shared_lane *lane, double all)
{
	double left = all - lane->hosts;
	return log((1 - AGAIN) * all / (left > 1 ? left : 1));
}

static double judge_again(const struct shared_lane *lane, double all)
{
	double step = log(AGAIN * all / lane->hosts);
	return step < 0 ? step : 0;
}

/* All hosts were tried, or nobody came for long: what comes now is another round. */
static void begin_round(struct shared_lane *lane)
{
	struct roster_entry head = lane->head;
	double grid = lane->grid;
	memset(lane, 0, sizeof(*lane));
	lane->head = head;
	lane->grid = grid; /* others may not be at the end of theirs */
}

/* *step: what it says. */
static bool take_try(struct shared_lane *lane, double all, uint32_t host,
		     uint32_t source, double *step)
{
	const struct shared_tried *tried = find_host(lane, host);
	if (tried != NULL && tried->source == source)
		return false;
	if (tried == NULL && lane->hosts == SHARED_HOSTS_MAX)
		return false;
	if (!count_source(lane, source))
		return false;
	lane->tries++;
	*step = tried != NULL ? judge_again(lane, all) : judge_new(lane, all);
	add_score(lane, *step);
	if (tried == NULL)
		lane->tried[lane->hosts++] = (struct shared_tried){ host, source };
	return true;
}

/* ---- how it is said ---- */

static void tell(struct detect_fleet *fleet, struct shared_lane *lane,
		 const struct fleet_sensor *sensor, const struct contact_record *c)
{
	struct finding_record evidence;
	char names[128];
	uint64_t sensors = cardinality_estimate(&lane->all_sensors);
	detect_attack(&evidence, "distributed_scan", c->technique, lane->last_us);
	evidence.first = lane->first_us;
	evidence.transport = c->transport;
	evidence.port = c->port;
	evidence.ports = 1;
	evidence.hosts = lane->hosts;
	evidence.detector = "fleet_shared_scan";
	evidence.proof = "unsolicited";
	evidence.confidence = 0.9;
	if (shared_realm_of(sensor, &c->server_ip) != 0)
		record_text(evidence.sensor, sizeof(evidence.sensor),
			    fleet_sensor_at(fleet, lane->names[0])->name);
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1595.001");
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "%u sources have shared out %u hosts among them and tried port %u/%s, "
		 "where nothing is.",
		 lane->sources, lane->hosts, c->port, c->transport);
	fleet_sensor_names(fleet, lane->names, lane->sensors, sensors, names,
			   sizeof(names));
	fleet_add_sensors(&evidence, fleet, lane->names, lane->sensors,
			  &lane->all_sensors);
	snprintf(evidence.evidence, sizeof(evidence.evidence),
		 "of %llu tries %llu went to a host that another source had tried; "
		 "sequential test %.1f, alarm %.1f; sensors: %s",
		 (unsigned long long)lane->tries,
		 (unsigned long long)(lane->tries - lane->hosts), lane->score,
		 SHARED_ALARM, names);
	record_text(evidence.advice, sizeof(evidence.advice),
		    "No block of single sources ends it, and addresses can be forged. "
		    "Check on all hosts that the port is not meant to be reached.");
	findings_take(&fleet->findings, &evidence, SEVERITY_LOW,
		      SHARED_HOLD_S * SECOND_US);
}

static bool is_shared_out(const struct detect_fleet *fleet,
			  const struct shared_lane *lane)
{
	uint32_t hosts = fleet->limits.sweep_hosts < SHARED_HOSTS_MAX
				 ? fleet->limits.sweep_hosts
				 : SHARED_HOSTS_MAX;
	return lane->score >= SHARED_ALARM && lane->hosts >= hosts &&
	       lane->sources >= SHARED_SOURCES_LEAST && lane->sensors >= 2;
}

/* ---- contacts ---- */

static struct shared_lane *lane_of(struct shared_scans *all,
				   const struct fleet_sensor *sensor,
				   const struct contact_record *c,
				   const struct attempt *attempt, double hosts)
{
	struct roster_key key = { .first = { { attempt->transport,
					       (uint8_t)(attempt->port >> 8),
					       (uint8_t)attempt->port } },
				  .rest = shared_realm_of(sensor, &c->server_ip) };
	struct shared_lane *lane = roster_take(&all->lanes, &key);
	bool is_idle =
		lane->last_us != 0 && c->at - lane->last_us > SHARED_IDLE_S * SECOND_US;
	if (is_idle) {
		fleet_grid_forget(all, lane);
		lane->grid = 0;
	}
	if (is_idle || (lane->hosts > 0 && lane->hosts >= hosts))
		begin_round(lane);
	if (lane->last_us == 0)
		lane->first_us = lane->last_us = c->at;
	if (c->at > lane->last_us)
		lane->last_us = c->at;
	return lane;
}

/* A try of a port where nobody of the fleet has a service that it could mean. */
static bool is_in_vain(const struct detect_fleet *fleet, const struct contact_record *c,
		       struct attempt *attempt)
{
	attempt->is_back = 1;
	return attempt->kind == ATTEMPT_FAILED && attempt->transport != ATTEMPT_ICMP &&
	       !scan_attempt_is_no_try(c, attempt) &&
	       !fleet_was_open(fleet, fleet_place(0, attempt->transport, c->port),
			       c->at);
}

static void take_contact(struct detect_fleet *fleet, void *state,
			 struct fleet_sensor *sensor, const struct contact_record *c)
{
	static const struct hash_key fixed;
	struct shared_scans *all = state;
	struct attempt attempt;
	uint64_t words[2], host = fleet_host_of(sensor, &c->server_ip);
	struct shared_realm *realm =
		take_realm(all, shared_realm_of(sensor, &c->server_ip));
	cardinality_add(&realm->hosts, host);
	if (!scan_attempt_read(c, (uint32_t)host, &attempt) ||
	    !is_in_vain(fleet, c, &attempt))
		return;
	double hosts = hosts_of(realm);
	struct shared_lane *lane = lane_of(all, sensor, c, &attempt, hosts);
	struct addr source = fleet_source_of(sensor, &c->client_ip);
	memcpy(words, source.ip6, sizeof(words));
	uint32_t who = (uint32_t)hash_words(&fixed, words, 2);
	double step;
	if (!take_try(lane, hosts, (uint32_t)host, who, &step))
		return;
	note_sensor(fleet, lane, sensor);
	if (fleet_grid_counts(fleet, all, sensor, c))
		fleet_grid_add(all, lane, step);
	bool is_told = fleet_grid_look(fleet, all, lane, sensor, c);
	if (!is_told && is_shared_out(fleet, lane))
		tell(fleet, lane, sensor, c);
}

const struct fleet_detector fleet_detector_shared_scan = {
	.state_size = sizeof(struct shared_scans),
	.open = open_scans,
	.close = close_scans,
	.contact = take_contact,
	.sensor = take_sensor,
};
