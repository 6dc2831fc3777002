/*
 * scan.c: compares the kernel's list of sockets with what is known; see watch.h.
 *
 * The kernel walks its tables in pieces, so a long list may lack a socket that was
 * there all the time: what such a list lacks is looked for by its port before it counts
 * as closed.
 */
#include "host/watch.h"

#include <netinet/in.h>

enum { MISSED_MAX = 2, LOOK_LATER_US = 500000 };

struct scan_to {
	struct host_watch *watch;
	const struct space *space;
};

static bool is_known(uint64_t value)
{
	return value != UNKNOWN_U64;
}

/*
 * The drops of a TCP listener's socket are those for lack of room, and also each
 * handshake that its client breaks off (a scanner's RST).  ListenDrops of the namespace
 * are only the former, of all listeners: no more than that rose are this one's.  It was
 * read first, so that what was dropped since then shows only next time.
 */
static void count_overflows(struct watched *w, const struct space *space,
			    uint64_t drops)
{
	bool has_both = is_known(w->drops) && is_known(drops) && drops >= w->drops;
	uint64_t rise = has_both ? drops - w->drops : 0;
	if (!is_known(space->listen_drops) || !is_known(w->listen_drops)) {
		w->overflows = is_known(drops) ? (has_both ? w->overflows + rise : 0)
					       : UNKNOWN_U64;
	} else {
		uint64_t most = space->listen_drops - w->listen_drops;
		uint64_t wanted = w->uncounted + rise;
		uint64_t counted = wanted < most ? wanted : most;
		w->overflows =
			is_known(w->overflows) ? w->overflows + counted : counted;
		w->uncounted = wanted - counted < rise ? wanted - counted : rise;
	}
	w->drops = drops;
	w->listen_drops = space->listen_drops;
}

static void note_numbers(const struct scan_to *scan, struct watched *w,
			 const struct diag_socket *socket)
{
	bool is_tcp = w->proto != IPPROTO_UDP;
	uint64_t overflows = w->overflows;
	uint64_t backlog = socket->receive_queue;
	uint64_t backlog_max = is_tcp ? socket->send_queue : UNKNOWN_U64;
	if (w->proto == IPPROTO_TCP)
		count_overflows(w, scan->space, socket->drops);
	else
		w->overflows = socket->drops;
	bool is_same = w->backlog == backlog && w->backlog_max == backlog_max &&
		       w->overflows == overflows;
	w->backlog = backlog;
	w->backlog_max = backlog_max;
	if (!is_same && w->is_told)
		tell_listener(scan->watch, w);
}

static void see_socket(void *to, const struct diag_socket *socket)
{
	struct scan_to *scan = to;
	struct host_watch *watch = scan->watch;
	if (socket->local_port == 0)
		return;
	if (socket->proto == IPPROTO_UDP && socket->state == DIAG_ESTABLISHED) {
		tell_socket_owner(watch, scan->space, socket);
		return;
	}
	struct watched *w =
		listeners_find(&watch->listeners, scan->space->netns, socket->proto,
			       socket->local_port, socket->cookie);
	if (w == NULL) {
		struct watched fresh = { .netns = scan->space->netns,
					 .cookie = socket->cookie,
					 .inode = socket->inode,
					 .addr = socket->local,
					 .port = socket->local_port,
					 .family = socket->family,
					 .proto = socket->proto,
					 .dual = socket->dual,
					 .uid = socket->uid,
					 .ifindex = socket->ifindex,
					 .overflows = UNKNOWN_U64,
					 .drops = UNKNOWN_U64,
					 .listen_drops = UNKNOWN_U64,
					 .processes = UNKNOWN_U32 };
		w = listeners_add(&watch->listeners, &fresh);
		if (w == NULL)
			return;
	}
	w->scan = watch->scan;
	w->missed = 0;
	note_numbers(scan, w, socket);
	/* A client's socket that anybody may send to, such as a resolver's. */
	if (w->is_client)
		tell_socket_owner(watch, scan->space, socket);
}

/* Port 0, family 0: all.  False if the list could not be read to its end. */
static bool list_sockets(struct host_watch *watch, struct space *space,
			 const struct change *what)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct scan_to to = { watch, space };
	bool is_udp = what->proto == IPPROTO_UDP;
	uint32_t states =
		is_udp ? 1u << DIAG_CLOSE | 1u << DIAG_ESTABLISHED : 1u << DIAG_LISTEN;
	if (what->proto == IPPROTO_TCP)
		space_look_drops(space);
	for (int i = 0; i < 2; i++) {
		struct diag_filter filter = { .family = families[i],
					      .proto = what->proto,
					      .states = states,
					      .port = what->port,
					      .with_drops = true };
		if (what->family != 0 && what->family != families[i])
			continue;
		int error = diag_dump(space->diag, &filter, see_socket, &to);
		if (error != 0) {
			if (what->proto == IPPROTO_SCTP)
				watch->has_sctp = false;
			return false;
		}
	}
	return true;
}

static void settle(struct host_watch *watch, struct watched *w)
{
	bool was_told = w->is_told;
	uint8_t owner = w->owner;
	if (tell_owner(watch, w) && (!was_told || w->owner != owner))
		tell_listener(watch, w);
	if (w->is_client && was_told) {
		tell_closed(watch, w);
		w->is_told = false;
	}
}

/* Finds the owners of those added since, and tells of them. */
static void settle_fresh(struct host_watch *watch, size_t from)
{
	if (from < watch->listeners.count)
		search_owners(watch, from);
	for (size_t i = from; i < watch->listeners.count; i++)
		settle(watch, &watch->listeners.at[i]);
}

static void close_listener(struct host_watch *watch, size_t i)
{
	tell_closed(watch, &watch->listeners.at[i]);
	listeners_remove(&watch->listeners, i);
}

void scan_note(struct host_watch *watch, const struct change *change)
{
	for (size_t i = 0; i < watch->change_count; i++) {
		const struct change *other = &watch->changes[i];
		if (other->inode == change->inode && other->proto == change->proto &&
		    other->port == change->port && other->family == change->family)
			return;
	}
	if (watch->changed_us == 0)
		watch->changed_us = watch->now_us;
	if (watch->change_count == CHANGES_MAX) {
		watch->everything_changed = true;
		return;
	}
	watch->changes[watch->change_count++] = *change;
}

static void note_again(struct host_watch *watch, const struct watched *w)
{
	scan_note(watch,
		  &(struct change){ .inode = w->netns == 0 ? watch->spaces.at[0].inode
							   : w->netns,
				    .port = w->port,
				    .proto = w->proto,
				    .family = w->family });
}

/* What a full list of the namespace did not show. */
static void sweep(struct host_watch *watch, const struct space *space, uint8_t proto)
{
	for (size_t i = watch->listeners.count; i > 0; i--) {
		struct watched *w = &watch->listeners.at[i - 1];
		if (w->netns != space->netns || w->proto != proto ||
		    w->scan == watch->scan)
			continue;
		if (++w->missed >= MISSED_MAX)
			close_listener(watch, i - 1);
		else
			note_again(watch, w);
	}
}

/* What the list of one port did not show: it is short, and so it is right. */
static void sweep_port(struct host_watch *watch, const struct space *space,
		       const struct change *what)
{
	const struct listeners *all = &watch->listeners;
	uint32_t i = listeners_first(all, space->netns, what->proto, what->port);
	while (i != LISTENER_NONE) {
		const struct watched *w = &all->at[i];
		bool is_listed = what->family == 0 || what->family == w->family;
		if (listener_is_of(w, space->netns, what->proto, what->port) &&
		    is_listed && w->scan != watch->scan) {
			close_listener(watch, i);
			/* Another may have moved here. */
			i = listeners_first(all, space->netns, what->proto, what->port);
		} else {
			i = w->next;
		}
	}
}

static void scan_space(struct host_watch *watch, struct space *space, uint8_t proto)
{
	size_t from = watch->listeners.count;
	if (!list_sockets(watch, space, &(struct change){ .proto = proto }))
		return;
	settle_fresh(watch, from);
	sweep(watch, space, proto);
}

void scan_all(struct host_watch *watch, uint8_t proto)
{
	watch->scan++;
	for (size_t i = 0; i < watch->spaces.count; i++)
		scan_space(watch, &watch->spaces.at[i], proto);
}

void scan_one(struct host_watch *watch, struct space *space)
{
	watch->scan++;
	scan_space(watch, space, IPPROTO_TCP);
	scan_space(watch, space, IPPROTO_UDP);
	if (watch->has_sctp)
		scan_space(watch, space, IPPROTO_SCTP);
}

static void scan_port(struct host_watch *watch, const struct change *change)
{
	struct space *space = spaces_find(&watch->spaces, change->inode);
	if (space == NULL)
		return;
	watch->scan++;
	if (change->port == 0) {
		scan_space(watch, space, change->proto);
		return;
	}
	size_t from = watch->listeners.count;
	if (!list_sockets(watch, space, change))
		return;
	settle_fresh(watch, from);
	sweep_port(watch, space, change);
}

/* Looks for sockets in doubt as if they had changed, and for their owners. */
static void add_doubtful(struct host_watch *watch)
{
	if (watch->look_again_us == 0 || watch->look_again_us > watch->now_us)
		return;
	for (size_t i = 0; i < watch->listeners.count; i++) {
		const struct watched *w = &watch->listeners.at[i];
		if (w->owner == OWNER_DOUBTFUL && w->look_again_us <= watch->now_us)
			note_again(watch, w);
	}
}

static void settle_doubtful(struct host_watch *watch)
{
	if (watch->look_again_us == 0 || watch->look_again_us > watch->now_us)
		return;
	if (!may_search(watch)) {
		watch->look_again_us = watch->now_us + LOOK_LATER_US;
		return;
	}
	watch->look_again_us = 0;
	search_all_owners(watch);
	for (size_t i = 0; i < watch->listeners.count; i++) {
		struct watched *w = &watch->listeners.at[i];
		if (w->owner != OWNER_DOUBTFUL)
			continue;
		if (w->look_again_us <= watch->now_us)
			settle(watch, w);
		else if (watch->look_again_us == 0 ||
			 watch->look_again_us > w->look_again_us)
			watch->look_again_us = w->look_again_us;
	}
}

void scan_changes(struct host_watch *watch)
{
	struct change changes[CHANGES_MAX];
	add_doubtful(watch);
	size_t count = watch->change_count;
	for (size_t i = 0; i < count; i++)
		changes[i] = watch->changes[i];
	bool everything = watch->everything_changed;
	watch->change_count = 0;
	watch->changed_us = 0;
	watch->everything_changed = false;
	if (everything) {
		scan_all(watch, IPPROTO_TCP);
		scan_all(watch, IPPROTO_UDP);
		if (watch->has_sctp)
			scan_all(watch, IPPROTO_SCTP);
	}
	for (size_t i = 0; i < count && !everything; i++)
		scan_port(watch, &changes[i]);
	settle_doubtful(watch);
}

void scan_forget(struct host_watch *watch, uint64_t netns)
{
	for (size_t i = watch->listeners.count; i > 0; i--)
		if (watch->listeners.at[i - 1].netns == netns)
			close_listener(watch, i - 1);
}
