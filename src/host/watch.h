/*
 * watch.h: the watch's parts know each other through this.
 *
 * The kernel's tables are the truth; events only say where to look again.  So a lost
 * event costs time, never a listener.
 */
#pragma once

#include "host/diag.h"
#include "host/host.h"
#include "host/kernel.h"
#include "host/listeners.h"
#include "host/owners.h"
#include "host/process.h"
#include "host/room.h"
#include "host/spaces.h"

enum {
	CHANGES_MAX = 64,
	HINTS_MAX = 256,
	PROCESSES_KEPT = 256,
	COOKIES_KEPT = 16384,
};

/* When a job is due again: no sooner than its cost allows. */
struct pace {
	int64_t due_us;  /* monotonic */
	int64_t cost_us; /* of the last time */
	int64_t ran_us;
	int64_t spent_us; /* since the start */
};

/* A port where something happened. */
struct change {
	uint64_t inode; /* of the namespace */
	uint16_t port;  /* 0: any */
	uint8_t proto, family;
};

/* CPU time that may be spent: it grows with time, up to a burst after a quiet time. */
struct credit {
	int64_t us; /* below 0: overdrawn */
	int64_t earned_us;
	int64_t spent_us; /* since the start */
};

struct kept_process {
	struct process process;
	uint64_t hash;
	int64_t read_us; /* monotonic; 0: empty */
};

/* What is known of the packet filter of our own namespace. */
struct shield {
	int fd;                /* tells of changes; below 0: it can't be watched */
	struct ruleset *rules; /* NULL: not known */
	uint32_t round;        /* of judging */
	bool has_changed, is_judging;
	bool is_legacy; /* rules that can't be read */
	int64_t due_us, legacy_due_us;
	struct credit credit;
	struct host_rules told; /* of what is known */
	int64_t told_us;        /* 0: nothing was */
};

struct ruleset;
struct tally;
struct round_trip;

struct host_watch {
	host_emit emit;
	void *to;
	int epoll;
	bool is_synced;
	int64_t now_us; /* monotonic, of this run */
	struct kernel kernel;
	struct spaces spaces;
	struct listeners listeners;
	struct owners owners;
	bool owners_are_all;      /* nobody's files were closed to the last pass */
	struct owners_pass pass;  /* through /proc, where BPF lists no files */
	struct owners pass_found; /* so far */
	uint32_t scan;
	bool has_sctp;
	struct processes processes;
	struct shield shield;

	struct change changes[CHANGES_MAX];
	size_t change_count;
	bool everything_changed;
	int64_t changed_us; /* when the first of them came; 0: none */
	uint64_t lost_changes;
	/* Owners that events named, by inode. */
	struct owner hints[HINTS_MAX];

	struct pace for_changes, for_tcp, for_udp, for_counts, for_owners, for_spaces,
		for_glance, for_room;
	int64_t look_again_us;      /* at doubtful owners; 0: there are none */
	struct credit for_lists;    /* after a glance */
	struct credit for_searches; /* for owners */

	/* Connections that may be told now, in millionths. */
	int64_t allowance, allowance_us;
	uint64_t unnamed;               /* connections for which there was none */
	uint64_t cookies[COOKIES_KEPT]; /* told already */
	struct kept_process kept[PROCESSES_KEPT];

	struct room room;
	struct tally *tallies;
	size_t tally_count, tally_size;
	struct round_trip *trips;
	size_t trip_count, trip_size;

	struct host_means means;
};

struct host_watch_options {
	bool without_bpf;
	const char *proc; /* NULL: "/proc" */
};
struct host_watch *host_watch_open_with(host_emit emit, void *to,
					const struct host_watch_options *options);

int64_t watch_clock_us(void);
/* CPU time of this thread. */
int64_t watch_cost_us(void);
void watch_send(struct host_watch *watch, struct host_event *event);

/* Sets when it is due: after `least`, and so that it takes at most 1/share of the time.
 */
void pace_set(struct pace *pace, int64_t now_us, int64_t began_cost_us, int64_t least,
	      int share);

/* Adds what 1/share of the time since last asked gives; true if any is left. */
bool credit_has(struct credit *credit, int64_t now_us, int share, int64_t most_us);
/* Takes off what was spent since. */
void credit_pay(struct credit *credit, int64_t began_cost_us);

/* ---- scan.c ---- */

/* Every socket of a protocol in every namespace. */
void scan_all(struct host_watch *watch, uint8_t proto);
/* All protocols in one. */
void scan_one(struct host_watch *watch, struct space *space);
/* Something happened at that port of the namespace with that inode; 0: at some. */
void scan_note(struct host_watch *watch, const struct change *change);
/* The ports that changed, and listeners whose owner is in doubt. */
void scan_changes(struct host_watch *watch);
/* Tells that all listeners of the namespace are gone. */
void scan_forget(struct host_watch *watch, uint64_t netns);

/* ---- tell.c ---- */

/* Finds the owner of a listener; false if it is none, or it is too early to tell. */
bool tell_owner(struct host_watch *watch, struct watched *w);
void tell_listener(struct host_watch *watch, struct watched *w);
void tell_closed(struct host_watch *watch, const struct watched *w);
/* From the kernel's events. */
void tell_connection(struct host_watch *watch, const struct kernel_connection *seen);
/* From a scan; each socket once, if its owner is known. */
void tell_socket_owner(struct host_watch *watch, const struct space *space,
		       const struct diag_socket *socket);
/*
 * Looks through all processes, in pieces where that takes long; then tells of listeners
 * whose owners changed.  False: there is more to look at.
 */
bool tell_owners_again(struct host_watch *watch);
/* Looks for the owners of the listeners from that place on, if they are unknown. */
void search_owners(struct host_watch *watch, size_t from);
/* Looks again for those in doubt, or that have no owner. */
void search_all_owners(struct host_watch *watch);
/* False: searching has cost enough for now. */
bool may_search(struct host_watch *watch);

/* ---- shield.c ---- */

/* False if it can't be waited for. */
bool shield_open(struct host_watch *watch);
void shield_close(struct host_watch *watch);
int64_t shield_due_us(const struct host_watch *watch);
/* Reads the rules if they changed; tells of listeners of which another thing holds now.
 */
void shield_run(struct host_watch *watch);
/* As in struct host_listener. */
uint8_t shield_judge(struct host_watch *watch, struct watched *w);

/* ---- room.c ---- */

/* Looks at the descriptors of who listens, and tells what was the fullest. */
void room_tell(struct host_watch *watch);

/* ---- count.c ---- */

/* Counts all TCP sockets by listener. */
void count_sockets(struct host_watch *watch);
