/*
 * tell.c: whose a socket is, and what the watch tells of it; see watch.h.
 *
 * A socket that nobody holds is looked at twice: between the kernel's list of sockets
 * and that of open files, a process may have ended.
 */
#include "host/watch.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"

enum {
	DOUBT_US = 250000,
	PROCESS_FRESH_US = 5000000,
	CONNECTIONS_PER_S = 1000,
	CONNECTIONS_BURST = 4000,
	SEARCH_SHARE = 500,
	SEARCH_BURST_US = 150000,
	FILES_AT_ONCE = 256, /* of a pass: a millisecond or so */
};

void watch_send(struct host_watch *watch, struct host_event *event)
{
	event->at_us = clock_us(CLOCK_REALTIME);
	watch->emit(watch->to, event);
}

/* FNV-1a: only asks whether something is as it was. */
static uint64_t process_hash(const struct process *process)
{
	const uint8_t *at = (const uint8_t *)process;
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < sizeof(*process); i++)
		hash = (hash ^ at[i]) * 0x100000001b3;
	return hash;
}

/* False if another process has the number now: `owner` is of it, or NULL. */
static bool is_same_process(const struct process *process, const struct owner *owner)
{
	return owner == NULL || owner->started == 0 ||
	       owner->started == process->start_ticks;
}

/* owner: of what it holds, to know it from one that had its number; or NULL.  NULL:
 * /proc does not show it. */
static const struct kept_process *read_process(struct host_watch *watch, uint32_t pid,
					       const struct owner *owner)
{
	struct kept_process *kept = &watch->kept[pid % PROCESSES_KEPT];
	if (kept->read_us != 0 && kept->process.pid == pid &&
	    watch->now_us - kept->read_us < PROCESS_FRESH_US &&
	    is_same_process(&kept->process, owner))
		return kept;
	kept->read_us = 0;
	if (!process_read(&watch->processes, pid, &kept->process))
		return NULL;
	kept->read_us = watch->now_us;
	kept->hash = process_hash(&kept->process);
	return kept;
}

static const struct owner *find_owner(const struct host_watch *watch, uint64_t inode)
{
	const struct owner *owner = owners_find(&watch->owners, inode);
	if (owner != NULL || inode == 0)
		return owner;
	const struct owner *hint = &watch->hints[inode % HINTS_MAX];
	return hint->inode == inode ? hint : NULL;
}

static bool kernel_chose(struct host_watch *watch, const struct watched *w)
{
	for (size_t i = 0; i < watch->spaces.count; i++) {
		const struct space *space = &watch->spaces.at[i];
		if (space->netns == w->netns)
			return w->port >= space->first_chosen &&
			       w->port <= space->last_chosen;
	}
	return false;
}

static void doubt(struct host_watch *watch, struct watched *w)
{
	w->owner = OWNER_DOUBTFUL;
	w->look_again_us = watch->now_us + DOUBT_US;
	if (watch->look_again_us == 0 || watch->look_again_us > w->look_again_us)
		watch->look_again_us = w->look_again_us;
}

/* A second look, or the first? */
static bool is_settled(const struct host_watch *watch, const struct watched *w)
{
	return w->owner == OWNER_DOUBTFUL && w->look_again_us <= watch->now_us;
}

/* Nobody holds it: a socket of the kernel's, or one that came and went meanwhile. */
static bool tell_no_owner(struct host_watch *watch, struct watched *w)
{
	bool is_udp = w->proto == IPPROTO_UDP;
	w->pid = 0;
	w->processes = UNKNOWN_U32;
	if (!watch->owners_are_all) {
		w->owner = OWNER_UNKNOWN;
		w->is_client = is_udp && kernel_chose(watch, w);
		return !w->is_client;
	}
	if (is_settled(watch, w))
		w->owner = OWNER_KERNEL;
	if (w->owner == OWNER_KERNEL)
		return !w->is_client;
	doubt(watch, w);
	/* A client's UDP socket lives for one question; a listener waits. */
	return !is_udp || !kernel_chose(watch, w);
}

/*
 * Only an event named the process, which has ended since and left its socket to the
 * kernel, as rpc.nfsd does: nobody says that it is there, so it is not hidden.
 */
static bool forget_hint(struct host_watch *watch, uint64_t inode)
{
	if (owners_find(&watch->owners, inode) != NULL)
		return false;
	watch->hints[inode % HINTS_MAX].inode = 0;
	return true;
}

bool tell_owner(struct host_watch *watch, struct watched *w)
{
	const struct owner *owner = find_owner(watch, w->inode);
	if (owner == NULL)
		return tell_no_owner(watch, w);
	w->is_client = w->proto == IPPROTO_UDP &&
		       (owner->chosen_port == 0 ||
			(owner->chosen_port == UINT8_MAX && kernel_chose(watch, w)));
	w->pid = owner->pid;
	w->processes = owner->processes;
	if (w->is_client || read_process(watch, w->pid, owner) != NULL) {
		w->owner = OWNER_FOUND;
	} else if (is_settled(watch, w) && forget_hint(watch, w->inode)) {
		return tell_no_owner(watch, w);
	} else if (w->owner == OWNER_HIDDEN || is_settled(watch, w)) {
		/* /proc was read without finding it, so another source names it. */
		w->owner = watch->kernel.files >= 0 ? OWNER_HIDDEN : OWNER_UNKNOWN;
	} else {
		doubt(watch, w);
	}
	return !w->is_client;
}

/* The name of an interface in the namespace of a netlink socket. */
static void interface_name(const struct host_watch *watch, const struct watched *w,
			   char *out, size_t size)
{
	out[0] = '\0';
	if (w->ifindex == 0)
		return;
	for (size_t i = 0; i < watch->spaces.count; i++) {
		const struct space *space = &watch->spaces.at[i];
		struct ifreq request = { .ifr_ifindex = (int)w->ifindex };
		if (space->netns != w->netns)
			continue;
		if (ioctl(space->diag, SIOCGIFNAME, &request) == 0)
			snprintf(out, size, "%s", request.ifr_name);
	}
}

static void fill_process(struct host_listener *to, const struct process *process)
{
	to->uid = process->uid;
	snprintf(to->process, sizeof(to->process), "%s", process->name);
	snprintf(to->user, sizeof(to->user), "%s", process->user);
	snprintf(to->unit, sizeof(to->unit), "%s", process->unit);
	snprintf(to->container, sizeof(to->container), "%s", process->container);
	snprintf(to->package, sizeof(to->package), "%s", process->package);
	snprintf(to->exe, sizeof(to->exe), "%s", process->exe);
	snprintf(to->cgroup, sizeof(to->cgroup), "%s", process->cgroup);
}

static void fill_owner(struct host_watch *watch, struct watched *w,
		       struct host_listener *to)
{
	const struct owner *owner = find_owner(watch, w->inode);
	const struct kept_process *kept =
		w->pid == 0 ? NULL : read_process(watch, w->pid, owner);
	users_name(&watch->processes.users, w->uid, to->user, sizeof(to->user));
	to->pid = w->pid == 0 ? UNKNOWN_U32 : w->pid;
	if (kept != NULL) {
		fill_process(to, &kept->process);
		w->process_told = kept->hash;
		/* What was there before us began, at the latest, with its process. */
		if (w->since_us == UNKNOWN_TIME)
			w->since_us = kept->process.started_us;
	} else if (w->owner == OWNER_KERNEL) {
		snprintf(to->process, sizeof(to->process), "kernel");
	} else if (owner != NULL) {
		snprintf(to->process, sizeof(to->process), "%.16s", owner->name);
	}
	to->since_us = w->since_us;
	to->hidden = w->owner == OWNER_HIDDEN;
	if (w->owner == OWNER_UNKNOWN || watch->kernel.files < 0)
		to->hidden = UNKNOWN_FLAG;
}

void tell_listener(struct host_watch *watch, struct watched *w)
{
	struct host_event event = { .kind = HOST_LISTENER };
	struct host_listener *to = &event.listener;
	*to = (struct host_listener){
		.netns = w->netns,
		.inode = w->inode,
		.addr = w->addr,
		.port = w->port,
		.proto = w->proto,
		.dual = w->dual,
		.firewalled = shield_judge(watch, w),
		.uid = w->uid,
		.processes = w->processes,
		.backlog = w->backlog,
		.backlog_max = w->backlog_max,
		.overflows = w->overflows,
	};
	if (w->since_us == 0)
		w->since_us =
			watch->is_synced ? clock_us(CLOCK_REALTIME) : UNKNOWN_TIME;
	fill_owner(watch, w, to);
	interface_name(watch, w, to->iface, sizeof(to->iface));
	w->is_told = true;
	watch_send(watch, &event);
}

void tell_closed(struct host_watch *watch, const struct watched *w)
{
	struct host_event event = { .kind = HOST_CLOSED };
	if (!w->is_told)
		return;
	event.listener.netns = w->netns;
	event.listener.inode = w->inode;
	event.listener.addr = w->addr;
	event.listener.port = w->port;
	event.listener.proto = w->proto;
	watch_send(watch, &event);
}

/* Names are a help, not the truth: a flood of connections must not cost us the CPU. */
static bool is_allowed(struct host_watch *watch)
{
	int64_t most = (int64_t)CONNECTIONS_BURST * 1000000;
	watch->allowance += (watch->now_us - watch->allowance_us) * CONNECTIONS_PER_S;
	watch->allowance_us = watch->now_us;
	if (watch->allowance > most)
		watch->allowance = most;
	if (watch->allowance < 1000000) {
		watch->unnamed++;
		return false;
	}
	watch->allowance -= 1000000;
	return true;
}

/* 127.0.0.1 of another namespace is not ours, nor is its "any". */
static bool means_the_same_here(const struct space *space, const struct addr *local)
{
	static const struct addr any6 = { .ip6 = { 0 } };
	static const struct addr loopback6 = { .ip6 = { [15] = 1 } };
	if (space->netns == 0)
		return true;
	if (addr_is_v4(local))
		return local->ip6[12] != 127 && local->ip6[12] != 0;
	return !addr_equal(local, &any6) && !addr_equal(local, &loopback6);
}

static struct addr kernel_addr(const struct kernel_connection *seen,
			       const uint8_t bytes[16])
{
	return seen->is_v4 ? addr_v4(bytes) : addr_v6(bytes);
}

static void set_remote(struct host_connection *to, const struct addr *addr,
		       uint16_t port)
{
	to->remote = port != 0 ? *addr : addr_unset();
	to->remote_port = port;
}

void tell_connection(struct host_watch *watch, const struct kernel_connection *seen)
{
	struct host_event event = { .kind = HOST_CONNECTION };
	struct host_connection *to = &event.connection;
	const struct space *space = spaces_find(&watch->spaces, seen->netns);
	struct addr remote = kernel_addr(seen, seen->remote);
	to->local = kernel_addr(seen, seen->local);
	if (space == NULL || seen->process.pid == 0 ||
	    !means_the_same_here(space, &to->local) || !is_allowed(watch))
		return;
	set_remote(to, &remote, seen->remote_port);
	to->local_port = seen->local_port;
	to->proto = seen->proto;
	to->pid = seen->process.pid;
	to->uid = seen->process.uid;
	snprintf(to->process, sizeof(to->process), "%.16s", seen->process.name);
	users_name(&watch->processes.users, to->uid, to->user, sizeof(to->user));
	watch_send(watch, &event);
}

void tell_socket_owner(struct host_watch *watch, const struct space *space,
		       const struct diag_socket *socket)
{
	uint64_t *cookie = &watch->cookies[socket->cookie % COOKIES_KEPT];
	const struct owner *owner = find_owner(watch, socket->inode);
	if (*cookie == socket->cookie || owner == NULL ||
	    !means_the_same_here(space, &socket->local))
		return;
	const struct kept_process *kept = read_process(watch, owner->pid, owner);
	if (kept == NULL || !is_allowed(watch))
		return;
	const struct process *process = &kept->process;
	*cookie = socket->cookie;
	struct host_event event = { .kind = HOST_CONNECTION };
	struct host_connection *to = &event.connection;
	to->local = socket->local;
	to->local_port = socket->local_port;
	set_remote(to, &socket->remote, socket->remote_port);
	to->proto = socket->proto;
	to->pid = owner->pid;
	to->uid = process->uid;
	snprintf(to->process, sizeof(to->process), "%s", process->name);
	snprintf(to->user, sizeof(to->user), "%s", process->user);
	watch_send(watch, &event);
}

static void note_file(void *to, const struct kernel_file *file)
{
	struct owner seen = { .inode = file->inode,
			      .started = process_ticks(file->started_ns),
			      .pid = file->pid,
			      .chosen_port = file->chosen_port };
	memcpy(seen.name, file->name, sizeof(seen.name));
	if (seen.inode != 0 && seen.pid != 0)
		owners_note(to, &seen);
}

/* False if the kernel does not list them. */
static bool list_owners(struct host_watch *watch)
{
	if (watch->kernel.files < 0)
		return false;
	owners_clear(&watch->owners);
	if (kernel_files(&watch->kernel, note_file, &watch->owners) != 0)
		return false;
	watch->owners_are_all = true;
	return true;
}

/* wanted: /proc is only read until these are found; or NULL. */
static void find_owners(struct host_watch *watch, const struct wanted_inodes *wanted)
{
	if (list_owners(watch))
		return;
	owners_clear(&watch->owners);
	owners_scan_proc(&watch->owners, watch->processes.proc, wanted,
			 &watch->owners_are_all);
}

static void search(struct host_watch *watch, const struct wanted_inodes *wanted)
{
	int64_t began = watch_cost_us();
	find_owners(watch, wanted);
	credit_pay(&watch->for_searches, began);
}

bool may_search(struct host_watch *watch)
{
	return credit_has(&watch->for_searches, watch->now_us, SEARCH_SHARE,
			  SEARCH_BURST_US);
}

/* Those of listeners from a place on that are not found, as far as there is room. */
static size_t list_wanted(const struct host_watch *watch, size_t from,
			  struct wanted_inodes *wanted)
{
	size_t missing = 0;
	wanted->count = 0;
	for (size_t i = from; i < watch->listeners.count; i++) {
		const struct watched *w = &watch->listeners.at[i];
		/* Of the kernel's own, it is known that nobody has them. */
		if (w->owner == OWNER_KERNEL || find_owner(watch, w->inode) != NULL)
			continue;
		if (missing++ < sizeof(wanted->inode) / sizeof(wanted->inode[0]))
			wanted->inode[wanted->count++] = w->inode;
	}
	return missing;
}

void search_owners(struct host_watch *watch, size_t from)
{
	struct wanted_inodes wanted;
	size_t missing = list_wanted(watch, from, &wanted);
	if (missing > 0 && may_search(watch))
		search(watch, missing == wanted.count ? &wanted : NULL);
}

void search_all_owners(struct host_watch *watch)
{
	struct wanted_inodes wanted;
	size_t missing = list_wanted(watch, 0, &wanted);
	bool is_enough = watch->is_synced && missing == wanted.count;
	search(watch, is_enough ? &wanted : NULL);
}

/* True if what was told of its owner is no longer so. */
static bool owner_differs(struct host_watch *watch, struct watched *w)
{
	struct watched before = *w;
	bool is_listener = tell_owner(watch, w);
	/* It may have opened, or changed hands, behind the pass: what was told of it
	 * holds until it is looked at again. */
	if (w->owner == OWNER_DOUBTFUL) {
		w->pid = before.pid;
		w->processes = before.processes;
		return false;
	}
	if (!is_listener)
		return false;
	if (w->owner != before.owner || w->pid != before.pid ||
	    w->processes != before.processes)
		return true;
	const struct kept_process *kept =
		w->pid == 0 ? NULL
			    : read_process(watch, w->pid, find_owner(watch, w->inode));
	return kept != NULL && kept->hash != w->process_told;
}

/* A piece of a pass; true at its end. */
static bool go_on_finding(struct host_watch *watch)
{
	struct owners_pass *pass = &watch->pass;
	if (pass->proc == NULL) {
		owners_clear(&watch->pass_found);
		owners_pass_begin(pass, watch->processes.proc);
	}
	if (!owners_pass_run(pass, &watch->pass_found, FILES_AT_ONCE))
		return false;
	struct owners older = watch->owners;
	watch->owners = watch->pass_found;
	watch->pass_found = older;
	watch->owners_are_all = pass->all_readable;
	owners_pass_end(pass);
	return true;
}

bool tell_owners_again(struct host_watch *watch)
{
	if (!list_owners(watch) && !go_on_finding(watch))
		return false;
	for (size_t i = 0; i < watch->listeners.count; i++) {
		struct watched *w = &watch->listeners.at[i];
		if (!w->is_client && owner_differs(watch, w))
			tell_listener(watch, w);
	}
	return true;
}
