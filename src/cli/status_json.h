/*
 * status_json.h: members of /api/v1/status that come from the rooms of the machine: its
 * store, its sockets, findings and policy.
 *
 * Each appends "name":{...} without a comma.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cardinality.h"
#include "base/histogram.h"
#include "base/port_set.h"
#include "cli/blocklists.h"
#include "decoy/decoy.h"
#include "guard/wall.h"
#include "host/host.h"
#include "record/reason.h"
#include "respond/respond.h"
#include "store/store.h"

/* "store" */
void status_json_store(struct buf *out, const struct store_status *store);

/*
 * "sockets"; outside: how many listeners can be reached from outside; watched: false if
 * what is known of them is what once was.
 */
void status_json_sockets(struct buf *out, uint64_t listening, uint64_t outside,
			 bool watched, const struct host_means *means);

/* "findings": the open ones, notices left out. */
struct status_findings {
	uint64_t open, high;         /* high: of high and critical severity */
	uint64_t attacks;            /* of them: what is in an incident */
	struct cardinality sources;  /* of these */
	struct finding_record worst; /* of these, the newest; no kind: there is none */
	const struct histogram *latency; /* of all that began; NULL: not known */
};
void status_json_findings(struct buf *out, const struct status_findings *findings);

/* "prober": who asks services; holds: it is there and confined; detail: or why not. */
struct status_probes {
	uint64_t targets, by_state[PROBE_down + 1]; /* hard states */
	uint64_t own;          /* of them: services of this machine that nobody named */
	uint64_t own_left_out; /* that are not asked, as they are too many */
	uint64_t ends;         /* of who asks, unasked */
	const char *unrecorded; /* why failures have no packets; "": they have */
};
void status_json_prober(struct buf *out, bool holds, const char *detail,
			const struct status_probes *probes);

/* "traps"; answers: by a process; holds: it is there and confined; detail: or why not.
 */
struct status_traps {
	uint64_t ports;
	const struct port_set *served; /* by programs: these are none */
	const struct port_set *taken;  /* not answered, as they could not be had */
	bool answers, holds;
	const char *detail;
	struct decoy_stats stats;
};
void status_json_traps(struct buf *out, const struct status_traps *traps);

/* "firewall"; holds: the kernel holds what is believed; detail: who keeps it, or why
 * not. */
struct status_firewall {
	const char *mode;
	bool holds;
	const char *detail;
	struct respond_state answers;
	struct wall_state wall;
	uint64_t waiting; /* orders, for room */
};
void status_json_firewall(struct buf *out, const struct status_firewall *firewall);

/* "blocklists" */
void status_json_blocklists(struct buf *out, const struct blocklists_counts *counts);

/* "policy"; path NULL: none is in force. */
void status_json_policy(struct buf *out, const char *path, uint64_t entries,
			uint64_t expired);
