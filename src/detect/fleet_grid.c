/*
 * fleet_grid.c: many sources that share out a grid of hosts and ports (a strobe scan),
 * each so little, and each port at so few hosts, that neither source nor port stands
 * out.
 *
 * What coordinates them is what Gates looks for ("Coordinated scan detection", 2009): a
 * large part of hosts and ports is covered, with little overlap.  At each port the
 * sequential test of fleet_shared_scan.c says how much more likely it is that those who
 * come have shared it out than that they know nothing of each other: its likelihood
 * ratio L.  Which ports are a part of the grid is not known; so each counts as the mean
 * of both, 0.9 + 0.1 L, and their product is a likelihood ratio again (Vovk and Wang,
 * "E-values: calibration, combination and applications", 2021).  Ports that strangers
 * come to by chance, however busy, take ln 0.9 each from it, and hide nothing.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "detect/fleet_shared.h"
#include "detect/scan_attempt.h"

enum {
	PARTS_MAX = 32768,
	PART_HOSTS = 16,
	PORTS_LEAST = 3, /* fewer are said one by one */
	LOOK_S = 60,     /* at all ports: costs some microseconds */
};

/* That a port belongs to a grid, before anything is known of it. */
static const double PART = 0.1;
/* So much is beyond doubt, and e to it a number still. */
static const double SURE = 100;

/* What one source has tried in vain at the whole fleet. */
struct grid_part {
	struct roster_entry head; /* key: fleet_source_of() */
	int64_t last_us;
	uint32_t count;
	uint32_t hosts[PART_HOSTS]; /* hashes */
};

bool fleet_grid_open(struct shared_scans *all)
{
	return roster_open(&all->parts, sizeof(struct grid_part), PARTS_MAX);
}

/* False: it was there before, or tries so much that it is a scan of its own. */
static bool take_host(struct grid_part *part, uint32_t host, uint32_t most)
{
	for (uint32_t i = 0; i < part->count; i++)
		if (part->hosts[i] == host)
			return false;
	if (part->count == PART_HOSTS || part->count >= most)
		return false;
	part->hosts[part->count++] = host;
	return true;
}

/*
 * Each source counts once at a host: who tries the same ports of any host at random
 * would say at each of them the same, and by chance the same of all.  Nor does it if it
 * is one of ours: what machines of one owner try has reasons that we don't know, and is
 * often shared out on purpose.
 */
bool fleet_grid_counts(const struct detect_fleet *fleet, struct shared_scans *all,
		       const struct fleet_sensor *sensor,
		       const struct contact_record *c)
{
	struct roster_key key = { .first = fleet_source_of(sensor, &c->client_ip) };
	if (!addr_is_global(&c->client_ip) || home_holds(&fleet->home, &c->client_ip))
		return false;
	struct grid_part *part = roster_take(&all->parts, &key);
	if (c->at - part->last_us > SHARED_IDLE_S * SECOND_US)
		part->count = 0;
	if (c->at > part->last_us)
		part->last_us = c->at;
	return take_host(part, (uint32_t)fleet_host_of(sensor, &c->server_ip),
			 fleet->limits.scan_ports);
}

/* ---- how much each port says ---- */

static double weight_of(double score)
{
	return log(1 - PART + PART * exp(score < SURE ? score : SURE));
}

static struct shared_realm *realm_of(struct shared_scans *all,
				     const struct shared_lane *lane)
{
	const struct roster_key key = { .rest = lane->head.key.rest };
	return roster_find(&all->realms, &key);
}

/* What speaks against one is left out here: it may be stale (find_grid()). */
static void change_sum(struct shared_scans *all, const struct shared_lane *lane,
		       double score)
{
	struct shared_realm *realm = realm_of(all, lane);
	if (realm != NULL)
		realm->grid +=
			fmax(weight_of(score), 0) - fmax(weight_of(lane->grid), 0);
}

void fleet_grid_add(struct shared_scans *all, struct shared_lane *lane, double step)
{
	change_sum(all, lane, lane->grid + step);
	lane->grid += step;
}

void fleet_grid_forget(struct shared_scans *all, const struct shared_lane *lane)
{
	change_sum(all, lane, 0);
}

/* ---- all of them ---- */

struct grid {
	double score;
	uint32_t ports;
	uint64_t tries, again;
	int64_t first_us;
	struct cardinality hosts, sources, sensors;
	uint32_t names[SHARED_NAMES_MAX], named;
};

static void add_name(struct grid *grid, uint32_t number)
{
	for (uint32_t i = 0; i < grid->named; i++)
		if (grid->names[i] == number)
			return;
	if (grid->named < SHARED_NAMES_MAX)
		grid->names[grid->named++] = number;
}

static void add_lane(struct grid *grid, const struct shared_lane *lane)
{
	static const struct hash_key fixed;
	grid->ports++;
	grid->tries += lane->tries;
	grid->again += lane->tries - lane->hosts;
	if (grid->first_us == 0 || lane->first_us < grid->first_us)
		grid->first_us = lane->first_us;
	for (uint32_t i = 0; i < lane->hosts; i++) {
		uint64_t host = lane->tried[i].host, source = lane->tried[i].source;
		cardinality_add(&grid->hosts, hash_words(&fixed, &host, 1));
		cardinality_add(&grid->sources, hash_words(&fixed, &source, 1));
	}
	cardinality_merge(&grid->sensors, &lane->all_sensors);
	for (uint32_t i = 0; i < lane->sensors; i++)
		add_name(grid, lane->names[i]);
}

static bool is_part(const struct shared_lane *lane)
{
	return lane->grid > 0;
}

/* Of the ports of that realm that somebody has come to lately. */
static void find_grid(const struct shared_scans *all, uint64_t realm, int64_t now_us,
		      struct grid *grid)
{
	*grid = (struct grid){ 0 };
	for (uint32_t i = 0; i < all->lanes.used; i++) {
		const struct shared_lane *lane = roster_at(&all->lanes, i);
		if (lane->head.key.rest != realm || lane->last_us == 0 ||
		    now_us - lane->last_us > SHARED_IDLE_S * SECOND_US)
			continue;
		grid->score += weight_of(lane->grid);
		if (is_part(lane))
			add_lane(grid, lane);
	}
}

static bool is_shared_out(const struct detect_fleet *fleet, const struct grid *grid)
{
	uint32_t hosts = fleet->limits.sweep_hosts < SHARED_HOSTS_MAX
				 ? fleet->limits.sweep_hosts
				 : SHARED_HOSTS_MAX;
	return grid->score >= SHARED_ALARM && grid->ports >= PORTS_LEAST &&
	       cardinality_estimate(&grid->hosts) >= hosts &&
	       cardinality_estimate(&grid->sources) >= SHARED_SOURCES_LEAST &&
	       cardinality_estimate(&grid->sensors) >= 2;
}

/* ---- how it is said ---- */

static void tell(struct detect_fleet *fleet, const struct grid *grid, bool is_local,
		 const struct contact_record *c)
{
	struct finding_record evidence;
	char names[128];
	uint64_t hosts = cardinality_estimate(&grid->hosts);
	uint64_t sources = cardinality_estimate(&grid->sources);
	detect_attack(&evidence, "distributed_scan", "strobe", c->at);
	evidence.first = grid->first_us;
	evidence.ports = grid->ports;
	evidence.hosts = hosts;
	evidence.detector = "fleet_grid";
	evidence.proof = "unsolicited";
	evidence.confidence = 0.9;
	if (is_local)
		record_text(evidence.sensor, sizeof(evidence.sensor),
			    fleet_sensor_at(fleet, grid->names[0])->name);
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1595.001");
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "%llu sources have shared out %llu hosts and %u ports among them, "
		 "where nothing is.",
		 (unsigned long long)sources, (unsigned long long)hosts, grid->ports);
	fleet_sensor_names(fleet, grid->names, grid->named,
			   cardinality_estimate(&grid->sensors), names, sizeof(names));
	fleet_add_sensors(&evidence, fleet, grid->names, grid->named, &grid->sensors);
	snprintf(evidence.evidence, sizeof(evidence.evidence),
		 "of %llu tries %llu went to a host and port that another source had "
		 "tried; sequential test over all ports %.1f, alarm %.1f; sensors: %s",
		 (unsigned long long)grid->tries, (unsigned long long)grid->again,
		 grid->score, SHARED_ALARM, names);
	record_text(evidence.advice, sizeof(evidence.advice),
		    "No block of single sources ends it, and addresses can be forged. "
		    "Check on all hosts that no port is open that is not meant to be "
		    "reached.");
	findings_take(&fleet->findings, &evidence, SEVERITY_LOW,
		      SHARED_HOLD_S * SECOND_US);
}

bool fleet_grid_look(struct detect_fleet *fleet, struct shared_scans *all,
		     const struct shared_lane *lane, const struct fleet_sensor *sensor,
		     const struct contact_record *c)
{
	static struct grid grid;
	struct shared_realm *realm = realm_of(all, lane);
	/* By the hub's clock: that of a sensor may be wrong. */
	int64_t now_us = fleet->now_us != INT64_MIN ? fleet->now_us : c->at;
	if (realm == NULL)
		return false;
	bool is_due = realm->looked_us == 0 ||
		      now_us - realm->looked_us >= LOOK_S * SECOND_US;
	if (realm->grid >= SHARED_ALARM && is_due) {
		realm->looked_us = now_us;
		find_grid(all, lane->head.key.rest, now_us, &grid);
		if (is_shared_out(fleet, &grid)) {
			realm->told_us = now_us;
			tell(fleet, &grid, shared_realm_of(sensor, &c->server_ip) != 0,
			     c);
		}
	}
	return is_part(lane) && realm->told_us != 0 &&
	       now_us - realm->told_us < SHARED_HOLD_S * SECOND_US;
}
