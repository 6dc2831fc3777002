/*
 * monitor.h: a running monitor: what it knows, where its records go (intake.c), what it
 * answers (answers.c), and what happens to it; run.c starts and stops it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/home.h"
#include "catalog/catalog.h"
#include "cli/alerting.h"
#include "cli/approvals.h"
#include "cli/baseline.h"
#include "cli/blocking.h"
#include "cli/blocklists.h"
#include "cli/countries.h"
#include "cli/dashboard_shelf.h"
#include "cli/decoys.h"
#include "cli/evidence.h"
#include "cli/fleet_member.h"
#include "cli/login_intake.h"
#include "cli/maintain.h"
#include "cli/options.h"
#include "cli/own.h"
#include "cli/packet_keeper.h"
#include "cli/pipeline.h"
#include "cli/policy_file.h"
#include "cli/privileges.h"
#include "cli/probing.h"
#include "cli/programs.h"
#include "cli/proving.h"
#include "cli/reporting.h"
#include "cli/run_report.h"
#include "cli/scan_known.h"
#include "cli/steering.h"
#include "config/config.h"
#include "detect/detect.h"
#include "host/host.h"
#include "host/witness.h"
#include "store/store.h"
#include "web/web.h"

enum {
	RECENT_FLOWS = 4096,
	PORTS_WINDOW_S = 60, /* of what ports did lately */
	TICK_MS = 100,
	HASTE_MS = 20, /* what workers send waits at most so long */
	TICKS_PER_SECOND = 1000 / TICK_MS,
};

/* Flows that ended lately, for `flows`; the oldest goes first. */
struct recent {
	struct flow_record at[RECENT_FLOWS];
	uint64_t count;       /* ever kept */
	int64_t forgotten_us; /* newest end of those that went; INT64_MIN: none did */
};

struct monitor {
	const char *config_path;
	char exe[256]; /* this program's; "" if it can't be known */
	struct config config;
	struct home home;
	bool home_given;     /* by --home, which stands above the configuration */
	struct home own;     /* this machine's addresses */
	struct home friends; /* who is known to scan and monitor */
	struct privileges privileges;
	struct probing probing;
	struct decoys decoys;
	struct blocking blocking;
	struct alerting alerting;
	struct programs programs;
	struct proving proving;
	struct reporting reporting;
	struct fleet_member fleet;
	struct steering steering;
	const struct finding_record *deciding; /* what is decided on now; or NULL */
	uint32_t probing_ends;                 /* as last seen */
	struct own *own_services;              /* NULL: they are not asked */
	struct catalog *catalog;
	struct web *web;
	struct pipeline *pipeline;
	struct host *host;
	struct witness *witness; /* NULL: the kernel does not count */
	struct detect *detect;
	struct evidence evidence;
	struct login_intake logins;
	struct scan_known scans; /* of ours, that go on */
	struct packet_keeper packets;
	struct store *store;
	struct policy_file policy;
	struct matrix *matrix; /* who is served by what; NULL: nobody yet */
	struct approvals approvals;
	struct maintaining maintaining;
	struct dashboard_shelf dashboards;
	struct countries *countries; /* NULL: no database is given */
	struct config as_read; /* from the files alone, and where each key is from */
	struct config_origins origins;
	struct blocklists blocklists;
	struct baseline *baseline;    /* until the sockets of the start are known */
	enum store_state store_state; /* as last said on standard error ... */
	int64_t store_said_us;        /* ... and when */
	struct recent recent;
	struct run_state state;
	struct common_options common;
	bool quiet, ended;
	bool on_terminal; /* at the start */
	bool has_more;    /* that workers have sent */
	int epoll, signals, timer;
	int haste; /* a timer, while records come */
	unsigned ticks;
};

/*
 * Opens sockets' table, detectors, register and store; the state folder is ours. False,
 * with a message on standard error, if the register can't be used, or without memory.
 */
bool monitor_open(struct monitor *m);
/* Keeps what is to be kept; the pipeline has stopped before. */
void monitor_close(struct monitor *m);

/* Where records come in. */
record_bits monitor_wants(const struct monitor *m); /* bit per kind of what is said */
struct pipeline_sink monitor_sink(struct monitor *m);
void monitor_take_event(struct monitor *m, const struct host_event *event);
/* What was blocked is again, before anything is seen.  False, and said why. */
bool monitor_open_blocking(struct monitor *m);
/* The self-test, whose records and orders go to the monitor's. */
void monitor_open_proving(struct monitor *m);
/* What the process that runs programs has to tell. */
void monitor_take_programs(struct monitor *m);
/* What the process that asks has to tell. */
void monitor_take_probes(struct monitor *m);
/* The self record of this second, and what is due each second. */
void monitor_take_second(struct monitor *m);
/* What the machine's clients and processes have left. */
void monitor_put_room(const struct monitor *m, struct self_record *self);
/* Whether its clock is right. */
void monitor_put_clock(struct self_record *self);
/* What the kernel has counted, to the detectors. */
void monitor_tell_witness(struct monitor *m, int64_t at_us);
/* Tells the store how long to keep what, when that has changed. */
void monitor_limit_store(struct monitor *m);
/* A port as it is known: its process, state, findings. 1: a socket listens. */
uint8_t monitor_describe_port(const struct monitor *m, struct port_record *port);

/* Whose a flow is, and whether it is a probe of ours. */
void monitor_name_flow(const struct monitor *m, struct flow_record *flow);

/* ---- monitor_alerting.c ---- */

/* Reads what is watched and who is told.  False, and said why. */
bool monitor_prepare_alerting(struct monitor *m);
/* When the store is open. */
void monitor_begin_alerting(struct monitor *m);
/* Other rules, which become its own. */
void monitor_take_alert_rules(struct monitor *m, struct alert_rules *rules);
/* What is due each second. */
void monitor_watch_limits(struct monitor *m, int64_t now_us);
/* What the process that tells people has to say; false: it is there no more. */
bool monitor_take_sent(struct monitor *m);

/* To whoever looks on. */
void monitor_show(struct monitor *m, enum record_kind kind, const void *record);
/* Into the store, and to whoever looks on; but not to the limits. */
void monitor_keep_quietly(struct monitor *m, enum record_kind kind, const void *record);
/* Into the store, and to whoever looks on. */
void monitor_keep(struct monitor *m, enum record_kind kind, const void *record);
/* What somebody has changed, into the audit chain. */
void monitor_audit(struct monitor *m, const char *action, const char *actor,
		   const char *subject, const char *before, const char *after);
/* A scan that somebody made; as web_source.scan_take. */
int monitor_take_scan(struct monitor *m, const char *text, size_t len,
		      const char *actor, struct buf *message);

struct web_source monitor_source(struct monitor *m);

/* As maintaining_take(). */
int monitor_maintain(struct monitor *m, const char *form, const char *actor,
		     struct buf *message);
/* ---- intake_sockets.c ---- */

/* Of struct host_options. */
void monitor_take_listener(void *self, const struct listener_record *listener);
void monitor_take_socket(void *self, const struct socket_record *socket);
/* The sockets of the start are known: what did not come has closed. */
void monitor_end_baseline(struct monitor *m);

/* ---- monitor_policy.c ---- */

/* Puts a register in force; see policy_file_apply(). */
struct policy_change {
	const char *action, *subject; /* as the audit chain has them */
	const char *text;
	size_t len;
	const struct approvals_review *review; /* NULL: it is none */
};
int monitor_apply_policy(struct monitor *m, const struct policy_change *change,
			 const char *actor, struct buf *message);

/* What was told of the register; and what the store does not know, when it is open. */
bool monitor_read_register(struct monitor *m);
void monitor_begin_register(struct monitor *m);
/* What expires, and reviews that become due; once a second. */
void monitor_watch_register(struct monitor *m, int64_t now_us);

/* The machine's addresses, and the home networks if they are not given. */
void monitor_read_addresses(struct monitor *m);
/* Friends, traps, and from how many on something is an attack. */
void monitor_read_rules(struct monitor *m);

/* If blocking is on: what it would have done while it only observed. */
void monitor_tell_observed(const struct monitor *m);

/* Those lists of addresses that are in force; says what is wrong with them. */
void monitor_read_blocklists(struct monitor *m);
void monitor_second(struct monitor *m); /* once in it */
/* SIGHUP: a bad file changes nothing; a good one what can change while running. */
void monitor_reload(struct monitor *m);
