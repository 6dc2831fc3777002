/*
 * watch.c: what the watch does when; see watch.h.
 *
 * Events make it look at once at the port they name.  Beside that everything is read
 * again now and then, as often as it costs little: numbers change without events, and
 * where the kernel gives none, that is all there is.
 */
#include "host/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	SECOND_US = 1000000,
	COALESCE_US = 20000,
	CHANGES_LATEST_US = 800000,
	GLANCE_US = 400000,
	UDP_US = 10000000,
	SCAN_LATEST_US = 10000000,
	COUNTS_US = 5000000,
	OWNERS_US = 10000000,
	OWNERS_PIECE_US = 100000,
	SPACES_US = 10000000,
	ROOM_US = 60000000,
	/* A job takes at most 1/share of the time; all of them together, 1 %. */
	CHANGES_SHARE = 300,
	SCAN_SHARE = 500,
	LISTS_SHARE = 333,
	LISTS_BURST_US = 50000,
	COUNTS_SHARE = 500,
	OWNERS_SHARE = 1000,
	GLANCE_SHARE = 500,
};

int64_t watch_clock_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t watch_cost_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

void pace_set(struct pace *pace, int64_t now_us, int64_t began_cost_us, int64_t least,
	      int share)
{
	pace->ran_us = now_us;
	pace->cost_us = watch_cost_us() - began_cost_us;
	pace->spent_us += pace->cost_us;
	int64_t wait = pace->cost_us * share;
	pace->due_us = now_us + (wait > least ? wait : least);
}

bool credit_has(struct credit *credit, int64_t now_us, int share, int64_t most_us)
{
	int64_t earned = (now_us - credit->earned_us) / share;
	/* The first time of all, it has been quiet for ever. */
	credit->us += credit->earned_us == 0 ? most_us : earned;
	/* What is too little to count yet counts next time. */
	credit->earned_us =
		credit->earned_us == 0 ? now_us : credit->earned_us + earned * share;
	if (credit->us > most_us)
		credit->us = most_us;
	return credit->us > 0;
}

void credit_pay(struct credit *credit, int64_t began_cost_us)
{
	int64_t cost = watch_cost_us() - began_cost_us;
	credit->us -= cost;
	credit->spent_us += cost;
}

/* ---- the kernel's events ---- */

/* Of a UDP socket more must be known: whether it chose its port. */
static void keep_hint(struct host_watch *watch, const struct kernel_change *change)
{
	if (!change->opened || change->inode == 0 || change->process.pid == 0 ||
	    change->proto == IPPROTO_UDP)
		return;
	struct owner *hint = &watch->hints[change->inode % HINTS_MAX];
	*hint = (struct owner){ .inode = change->inode,
				.started = process_ticks(change->process.started_ns),
				.pid = change->process.pid,
				.processes = 1,
				.chosen_port = 1 };
	memcpy(hint->name, change->process.name, sizeof(hint->name));
}

/* A namespace that we don't know: new, or one whose processes we can't see. */
static void look_for_spaces_soon(struct host_watch *watch)
{
	struct pace *pace = &watch->for_spaces;
	int64_t soon = pace->ran_us + pace->cost_us * SCAN_SHARE;
	if (pace->due_us > soon)
		pace->due_us = soon;
}

static void on_change(void *self, const struct kernel_change *change)
{
	struct host_watch *watch = self;
	keep_hint(watch, change);
	const struct space *space = spaces_enter(&watch->spaces, watch->processes.proc,
						 change->process.pid, change->netns);
	if (space != NULL)
		scan_note(watch, &(struct change){ .inode = space->inode,
						   .port = change->port,
						   .proto = change->proto,
						   .family = change->family });
	else
		look_for_spaces_soon(watch);
}

static void on_connection(void *self, const struct kernel_connection *seen)
{
	tell_connection(self, seen);
}

/* ---- namespaces ---- */

struct addresses {
	struct host_watch *watch;
	const struct space *space;
	uint64_t sum; /* of hashes: whatever the order */
	bool is_first, is_told;
};

static void see_address(void *to, const struct addr *addr)
{
	struct addresses *addresses = to;
	uint64_t words[2];
	memcpy(words, addr, sizeof(words));
	addresses->sum += (words[0] ^ words[1] * 0x9e3779b97f4a7c15) | 1;
	if (!addresses->is_told)
		return;
	struct host_event event = { .kind = HOST_ADDRESS };
	event.address = (struct host_address){ .netns = addresses->space->netns,
					       .addr = *addr,
					       .is_first = addresses->is_first };
	addresses->is_first = false;
	watch_send(addresses->watch, &event);
}

static void tell_no_addresses(struct host_watch *watch, uint64_t netns)
{
	struct host_event event = { .kind = HOST_ADDRESS };
	event.address = (struct host_address){ .netns = netns,
					       .addr = addr_unset(),
					       .is_first = true };
	watch_send(watch, &event);
}

/* Tells all addresses of a namespace if one of them is new or gone. */
static void look_at_addresses(struct host_watch *watch, struct space *space)
{
	struct addresses addresses = { .watch = watch, .space = space };
	if (space_addresses(space, see_address, &addresses) != 0 ||
	    addresses.sum == space->addresses)
		return;
	space->addresses = addresses.sum;
	addresses.is_told = addresses.is_first = true;
	space_addresses(space, see_address, &addresses);
	if (addresses.is_first)
		tell_no_addresses(watch, space->netns);
}

static void see_task(void *to, const struct kernel_task *task)
{
	struct host_watch *watch = to;
	struct space *space = spaces_enter(&watch->spaces, watch->processes.proc,
					   task->pid, task->netns);
	if (space != NULL)
		space->is_seen = true;
}

static void scan_everywhere(struct host_watch *watch)
{
	scan_all(watch, IPPROTO_TCP);
	scan_all(watch, IPPROTO_UDP);
	if (watch->has_sctp)
		scan_all(watch, IPPROTO_SCTP);
}

/* Enters new namespaces, lets those go that no process is in any more. */
static void look_at_spaces(struct host_watch *watch)
{
	struct spaces *spaces = &watch->spaces;
	for (size_t i = 1; i < spaces->count; i++)
		spaces->at[i].is_seen = false;
	if (kernel_tasks(&watch->kernel, see_task, watch) != 0)
		spaces_scan_proc(spaces, watch->processes.proc);
	for (size_t i = spaces->count; i > 1; i--) {
		if (spaces->at[i - 1].is_seen)
			continue;
		uint64_t netns = spaces->at[i - 1].netns;
		scan_forget(watch, netns);
		tell_no_addresses(watch, netns);
		spaces_drop(spaces, i - 1);
	}
	bool any_new = false;
	for (size_t i = 0; i < spaces->count; i++) {
		any_new = any_new || !spaces->at[i].is_known;
		spaces->at[i].is_known = true;
		look_at_addresses(watch, &spaces->at[i]);
	}
	if (any_new && watch->is_synced)
		scan_everywhere(watch);
}

/* ---- means ---- */

static bool has_all_events(const struct host_watch *watch)
{
	return watch->kernel.tells_tcp && watch->kernel.tells_udp;
}

/* Puts together why something is not seen, in few words. */
static void add_reason(struct host_means *means, bool holds, const char *what)
{
	size_t len = strlen(means->reason);
	if (holds)
		snprintf(means->reason + len, sizeof(means->reason) - len, "%s%s",
			 len > 0 ? "; " : "", what);
}

static bool means_differ(const struct host_means *a, const struct host_means *b)
{
	return a->by_bpf_events != b->by_bpf_events ||
	       a->by_bpf_owners != b->by_bpf_owners ||
	       a->sees_processes != b->sees_processes ||
	       a->sees_namespaces != b->sees_namespaces ||
	       a->has_more_namespaces != b->has_more_namespaces ||
	       a->namespaces != b->namespaces || a->lost != b->lost ||
	       strcmp(a->reason, b->reason) != 0;
}

static void tell_means(struct host_watch *watch)
{
	const struct kernel *kernel = &watch->kernel;
	struct host_means means;
	memset(&means, 0, sizeof(means));
	means.by_bpf_events = has_all_events(watch);
	means.by_bpf_owners = kernel->files >= 0;
	means.sees_processes = watch->owners_are_all;
	means.sees_namespaces = !watch->spaces.is_denied;
	means.has_more_namespaces = watch->spaces.has_more;
	means.namespaces = (uint32_t)watch->spaces.count;
	means.lost = watch->listeners.refused + watch->unnamed +
		     kernel_lost(kernel, KERNEL_LOST_CONNECTIONS);
	add_reason(&means, kernel->reason[0] != '\0', kernel->reason);
	add_reason(&means, !means.sees_processes,
		   "files of some processes can't be read");
	add_reason(&means, !means.sees_namespaces,
		   "other network namespaces can't be entered");
	add_reason(&means, watch->spaces.has_more,
		   "more namespaces than can be watched");
	if (watch->is_synced && !means_differ(&means, &watch->means))
		return;
	watch->means = means;
	struct host_event event = { .kind = HOST_MEANS };
	event.means = means;
	watch_send(watch, &event);
}

/* ---- when ---- */

static bool is_due(const struct host_watch *watch, const struct pace *pace)
{
	return pace->due_us <= watch->now_us;
}

static void run_scan(struct host_watch *watch, struct pace *pace, uint8_t proto,
		     bool has_events)
{
	int64_t began = watch_cost_us();
	scan_all(watch, proto);
	if (proto == IPPROTO_TCP && watch->has_sctp)
		scan_all(watch, IPPROTO_SCTP);
	bool is_slow = proto == IPPROTO_UDP && has_events;
	pace_set(pace, watch->now_us, began, is_slow ? UDP_US : SECOND_US, SCAN_SHARE);
	if (pace->due_us > watch->now_us + SCAN_LATEST_US)
		pace->due_us = watch->now_us + SCAN_LATEST_US;
}

/*
 * Without events: the kernel counts sockets, which is cheaper to read than their list.
 * One that opens while another closes is found by the next list of all.
 */
static void run_glance(struct host_watch *watch)
{
	int64_t began = watch_cost_us();
	for (size_t i = 0; i < watch->spaces.count; i++)
		if (space_has_changed(&watch->spaces.at[i]))
			watch->spaces.at[i].is_waiting = true;
	pace_set(&watch->for_glance, watch->now_us, began, GLANCE_US, GLANCE_SHARE);
	for (size_t i = 0; i < watch->spaces.count; i++) {
		struct space *space = &watch->spaces.at[i];
		if (!space->is_waiting || !credit_has(&watch->for_lists, watch->now_us,
						      LISTS_SHARE, LISTS_BURST_US))
			continue;
		space->is_waiting = false;
		began = watch_cost_us();
		scan_one(watch, space);
		credit_pay(&watch->for_lists, began);
	}
}

static void run_tcp(struct host_watch *watch)
{
	run_scan(watch, &watch->for_tcp, IPPROTO_TCP, watch->kernel.tells_tcp);
}

static void run_udp(struct host_watch *watch)
{
	run_scan(watch, &watch->for_udp, IPPROTO_UDP, watch->kernel.tells_udp);
}

static void run_owners(struct host_watch *watch)
{
	int64_t began = watch_cost_us();
	bool is_done = tell_owners_again(watch);
	pace_set(&watch->for_owners, watch->now_us, began,
		 is_done ? OWNERS_US : OWNERS_PIECE_US, OWNERS_SHARE);
	if (is_done)
		tell_means(watch);
}

static void run_counts(struct host_watch *watch)
{
	int64_t began = watch_cost_us();
	count_sockets(watch);
	pace_set(&watch->for_counts, watch->now_us, began, COUNTS_US, COUNTS_SHARE);
}

static void run_room(struct host_watch *watch)
{
	int64_t began = watch_cost_us();
	room_tell(watch);
	pace_set(&watch->for_room, watch->now_us, began, ROOM_US, OWNERS_SHARE);
}

static void run_spaces(struct host_watch *watch)
{
	int64_t began = watch_cost_us();
	bool is_told = has_all_events(watch);
	look_at_spaces(watch);
	pace_set(&watch->for_spaces, watch->now_us, began,
		 is_told ? SPACES_US : GLANCE_US,
		 is_told ? OWNERS_SHARE : GLANCE_SHARE);
}

/* Everything that is there at the start. */
static void run_first(struct host_watch *watch)
{
	run_spaces(watch);
	shield_run(watch);
	search_all_owners(watch);
	run_tcp(watch);
	run_udp(watch);
	tell_means(watch);
	run_counts(watch);
	/* Telling all of it was dear; looking at it again is not. */
	watch->for_tcp.due_us = watch->for_udp.due_us = watch->now_us + SECOND_US;
	watch->for_owners.due_us = watch->now_us + OWNERS_US;
	watch->is_synced = true;
	struct host_event event = { .kind = HOST_SYNCED };
	watch_send(watch, &event);
}

/* Changes that wait; INT64_MAX: none. */
static int64_t changes_due_us(const struct host_watch *watch)
{
	int64_t due = INT64_MAX;
	if (watch->changed_us != 0)
		due = watch->changed_us + COALESCE_US;
	if (watch->look_again_us != 0 && watch->look_again_us < due)
		due = watch->look_again_us;
	return due > watch->for_changes.due_us ? due : watch->for_changes.due_us;
}

static void run_changes(struct host_watch *watch)
{
	int64_t began = watch_cost_us();
	scan_changes(watch);
	pace_set(&watch->for_changes, watch->now_us, began, 0, CHANGES_SHARE);
	if (watch->for_changes.due_us > watch->now_us + CHANGES_LATEST_US)
		watch->for_changes.due_us = watch->now_us + CHANGES_LATEST_US;
}

/* A ring was full: what it had no room for may be anywhere. */
static void notice_lost_changes(struct host_watch *watch)
{
	uint64_t lost = kernel_lost(&watch->kernel, KERNEL_LOST_CHANGES);
	if (lost == watch->lost_changes)
		return;
	watch->lost_changes = lost;
	watch->everything_changed = true;
	if (watch->changed_us == 0)
		watch->changed_us = watch->now_us;
}

void host_watch_run(struct host_watch *watch)
{
	watch->now_us = watch_clock_us();
	kernel_drain(&watch->kernel);
	if (!watch->is_synced) {
		run_first(watch);
		return;
	}
	notice_lost_changes(watch);
	if (changes_due_us(watch) <= watch->now_us)
		run_changes(watch);
	shield_run(watch);
	if (is_due(watch, &watch->for_spaces))
		run_spaces(watch);
	if (!has_all_events(watch) && is_due(watch, &watch->for_glance))
		run_glance(watch);
	if (is_due(watch, &watch->for_tcp))
		run_tcp(watch);
	if (is_due(watch, &watch->for_udp))
		run_udp(watch);
	if (is_due(watch, &watch->for_owners))
		run_owners(watch);
	if (is_due(watch, &watch->for_counts))
		run_counts(watch);
	if (is_due(watch, &watch->for_room))
		run_room(watch);
}

int host_watch_timeout_ms(const struct host_watch *watch)
{
	const int64_t dues[] = { watch->for_spaces.due_us,
				 watch->for_tcp.due_us,
				 watch->for_udp.due_us,
				 watch->for_owners.due_us,
				 watch->for_counts.due_us,
				 watch->for_room.due_us,
				 changes_due_us(watch),
				 shield_due_us(watch),
				 has_all_events(watch) ? INT64_MAX
						       : watch->for_glance.due_us };
	int64_t now = watch_clock_us();
	/* Names of connections wait in their ring without waking anybody. */
	int64_t first = now + SECOND_US;
	for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++)
		if (dues[i] < first)
			first = dues[i];
	return first <= now ? 0 : (int)((first - now) / 1000 + 1);
}

int host_watch_fd(const struct host_watch *watch)
{
	return watch->epoll;
}

static bool open_events(struct host_watch *watch,
			const struct host_watch_options *options)
{
	const struct kernel_sink sink = { watch, on_change, on_connection };
	watch->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (watch->epoll < 0)
		return false;
	if (options->without_bpf)
		kernel_without(&watch->kernel, "BPF is switched off");
	else
		kernel_open(&watch->kernel, &sink);
	int fd = kernel_fd(&watch->kernel);
	struct epoll_event event = { .events = EPOLLIN };
	if (!shield_open(watch))
		return false;
	return fd < 0 || epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

struct host_watch *host_watch_open_with(host_emit emit, void *to,
					const struct host_watch_options *options)
{
	struct host_watch *watch = calloc(1, sizeof(*watch));
	if (watch == NULL)
		return NULL;
	watch->emit = emit;
	watch->to = to;
	watch->epoll = -1;
	watch->shield.fd = -1;
	watch->has_sctp = true;
	watch->now_us = watch->allowance_us = watch_clock_us();
	watch->processes.proc = options->proc != NULL ? options->proc : "/proc";
	watch->processes.users.path = "/etc/passwd";
	watch->processes.packages = packages_new("/var/lib/dpkg/info");
	/* Without sockets of our own namespace there is nothing; means will say so. */
	spaces_open(&watch->spaces);
	room_open(&watch->room);
	if (!listeners_init(&watch->listeners) || !open_events(watch, options)) {
		host_watch_close(watch);
		return NULL;
	}
	return watch;
}

struct host_watch *host_watch_open(host_emit emit, void *to)
{
	return host_watch_open_with(emit, to, &(struct host_watch_options){ 0 });
}

void host_watch_close(struct host_watch *watch)
{
	if (watch == NULL)
		return;
	kernel_close(&watch->kernel);
	shield_close(watch);
	spaces_close(&watch->spaces);
	listeners_free(&watch->listeners);
	owners_free(&watch->owners);
	owners_free(&watch->pass_found);
	owners_pass_end(&watch->pass);
	packages_free(watch->processes.packages);
	room_close(&watch->room);
	free(watch->tallies);
	free(watch->trips);
	if (watch->epoll >= 0)
		close(watch->epoll);
	free(watch);
}
