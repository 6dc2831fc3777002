/*
 * host.c: what the watch told: records of listeners, and whose a flow is; see host.h.
 */
#include "host/host.h"

#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/compare.h"
#include "host/connections.h"
#include "host/places.h"
#include "host/rules.h"

enum {
	KEPT_MAX = 65536,
	HEADS = 16384,
	GHOSTS = 256,
	GHOST_US = 120 * 1000000,
	NUMBERS_US = 10 * 1000000,
};

/* A listener, and the last counts of its port. */
struct kept {
	struct kept *next; /* with the same hash */
	struct host_listener listener;
	int64_t at_us;      /* last heard of */
	int64_t numbers_us; /* a change of numbers was last told */
	uint64_t overflows_told;
	bool has_socket;
	struct socket_record socket;
};

/* One that is closed: flows to it end, and want a name, some time after. */
struct ghost {
	int64_t closed_us; /* 0: empty */
	struct host_listener listener;
};

struct host {
	struct host_options options;
	struct host_means means;
	struct host_room room;
	struct rules rules;
	bool is_synced;
	size_t count;
	uint64_t refused;
	struct connections *connections;
	struct places *places;
	int64_t now_us; /* of the last event */
	size_t ghosts;
	struct ghost ghost[GHOSTS];
	struct kept *first[HEADS];
};

size_t host_event_size(enum host_event_kind kind)
{
	const struct host_event *e = NULL;
	size_t start = offsetof(struct host_event, listener);
	switch (kind) {
	case HOST_LISTENER:
	case HOST_CLOSED:
		return start + sizeof(e->listener);
	case HOST_SOCKET:
		return start + sizeof(e->socket);
	case HOST_CONNECTION:
		return start + sizeof(e->connection);
	case HOST_ADDRESS:
		return start + sizeof(e->address);
	case HOST_MEANS:
		return start + sizeof(e->means);
	case HOST_ROOM:
		return start + sizeof(e->room);
	case HOST_RULES:
		return start + sizeof(e->rules);
	case HOST_SYNCED:
		break;
	}
	return start;
}

struct host_room host_room_unknown(void)
{
	return (struct host_room){ .ports = UNKNOWN_U64,
				   .ports_max = UNKNOWN_U64,
				   .to = addr_unset(),
				   .files = UNKNOWN_U64,
				   .files_max = UNKNOWN_U64,
				   .pid = UNKNOWN_U32 };
}

struct host *host_new(const struct host_options *options)
{
	struct host *host = calloc(1, sizeof(*host));
	if (host == NULL)
		return NULL;
	host->options = *options;
	host->room = host_room_unknown();
	host->connections = connections_new();
	host->places = places_new();
	if (host->connections != NULL && host->places != NULL)
		return host;
	host_free(host);
	return NULL;
}

void host_free(struct host *host)
{
	if (host == NULL)
		return;
	for (size_t i = 0; i < HEADS; i++) {
		struct kept *next = NULL;
		for (struct kept *kept = host->first[i]; kept != NULL; kept = next) {
			next = kept->next;
			free(kept);
		}
	}
	connections_free(host->connections);
	places_free(host->places);
	free(host);
}

void host_lose_sight(struct host *host, const char *why)
{
	host->is_synced = false;
	host->means = (struct host_means){ 0 };
	host->room = host_room_unknown();
	snprintf(host->means.reason, sizeof(host->means.reason), "%s", why);
}

bool host_is_synced(const struct host *host)
{
	return host->is_synced;
}

const struct host_room *host_room(const struct host *host)
{
	return &host->room;
}

const struct host_means *host_means(const struct host *host)
{
	return &host->means;
}

size_t host_count(const struct host *host)
{
	return host->count;
}

/* Ports are chosen by who may listen here, not by strangers: no keyed hash. */
static size_t head_of(uint64_t netns, uint8_t proto, uint16_t port)
{
	uint64_t mixed = netns << 24 ^ (uint64_t)proto << 16 ^ port;
	return mixed * 0x9e3779b97f4a7c15 >> 32 & (HEADS - 1);
}

static bool is_same(const struct host_listener *a, const struct host_listener *b)
{
	return a->inode == b->inode && a->port == b->port && a->proto == b->proto &&
	       a->netns == b->netns && addr_equal(&a->addr, &b->addr);
}

/* The place that points to it; *place is NULL if it is not there. */
static struct kept **find(struct host *host, const struct host_listener *l)
{
	struct kept **place = &host->first[head_of(l->netns, l->proto, l->port)];
	while (*place != NULL && !is_same(&(*place)->listener, l))
		place = &(*place)->next;
	return place;
}

/* ---- records ---- */

static const char *transport_name(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return NULL;
	}
}

static void fill_process(const struct host_listener *l, struct listener_record *record)
{
	record->pid = l->pid;
	record->processes = l->processes;
	record_text(record->process, sizeof(record->process), l->process);
	record_text(record->exe, sizeof(record->exe), l->exe);
	record_text(record->package, sizeof(record->package), l->package);
	record_text(record->user, sizeof(record->user), l->user);
	record_text(record->cgroup, sizeof(record->cgroup), l->cgroup);
	record_text(record->unit, sizeof(record->unit), l->unit);
	record_text(record->container, sizeof(record->container), l->container);
}

/* A server may have a socket for each of its workers (SO_REUSEPORT, socket(7)). */
static uint32_t count_sockets(const struct host *host, const struct host_listener *l)
{
	uint32_t count = 0;
	const struct kept *kept = host->first[head_of(l->netns, l->proto, l->port)];
	for (; kept != NULL; kept = kept->next)
		count += listeners_are_twins(&kept->listener, l);
	return count;
}

static void make_record(const struct host *host, const struct host_listener *l,
			int64_t at_us, const char *change,
			struct listener_record *record)
{
	const struct host_options *options = &host->options;
	record_init(RECORD_listener, record);
	record->at = at_us;
	record->transport = transport_name(l->proto);
	record->ip = l->addr;
	record->port = l->port;
	record_text(record->iface, sizeof(record->iface), l->iface);
	if (l->netns != 0)
		record->netns = l->netns;
	fill_process(l, record);
	if (options->class_of != NULL)
		record->class = options->class_of(options->self, l->proto, l->port);
	const char *service =
		options->service == NULL
			? NULL
			: options->service(options->self, l->proto, l->port);
	if (service != NULL)
		record_text(record->service, sizeof(record->service), service);
	record->reach = listener_reach(l);
	record->since = l->since_us;
	record->backlog = l->backlog;
	record->backlog_max = l->backlog_max;
	record->overflows = l->overflows;
	record->overflow_at = l->overflow_us;
	record->hidden = l->hidden;
	record->sockets = count_sockets(host, l);
	record->change = change;
}

static void tell(const struct host *host, const struct host_listener *l, int64_t at_us,
		 const char *change)
{
	struct listener_record record;
	if (host->options.listener == NULL)
		return;
	make_record(host, l, at_us, change, &record);
	host->options.listener(host->options.self, &record);
}

/* ---- events ---- */

static bool has_risen(uint64_t now, uint64_t before)
{
	return now != UNKNOWN_U64 && before != UNKNOWN_U64 && now > before;
}

/*
 * A queue that moves is life, not news.  One that is full or has thrown clients away
 * is, but not every second.
 */
static bool numbers_are_news(struct kept *kept, int64_t at_us)
{
	const struct host_listener *l = &kept->listener;
	bool is_full = l->proto != IPPROTO_UDP && l->backlog != UNKNOWN_U64 &&
		       l->backlog_max != UNKNOWN_U64 && l->backlog > l->backlog_max;
	bool has_overflowed = has_risen(l->overflows, kept->overflows_told);
	if ((!is_full && !has_overflowed) || at_us - kept->numbers_us < NUMBERS_US)
		return false;
	kept->numbers_us = at_us;
	kept->overflows_told = l->overflows;
	return true;
}

static void end_texts(struct host_listener *l)
{
	l->iface[sizeof(l->iface) - 1] = l->process[sizeof(l->process) - 1] = '\0';
	l->user[sizeof(l->user) - 1] = l->unit[sizeof(l->unit) - 1] = '\0';
	l->container[sizeof(l->container) - 1] = '\0';
	l->package[sizeof(l->package) - 1] = l->exe[sizeof(l->exe) - 1] = '\0';
	l->cgroup[sizeof(l->cgroup) - 1] = '\0';
}

static void take_listener(struct host *host, const struct host_event *event)
{
	struct host_listener told = event->listener;
	end_texts(&told);
	struct kept **place = find(host, &told);
	struct kept *kept = *place;
	if (kept != NULL) {
		bool is_news = listeners_differ(&kept->listener, &told);
		told.overflow_us = has_risen(told.overflows, kept->listener.overflows)
					   ? event->at_us
					   : kept->listener.overflow_us;
		kept->listener = told;
		kept->at_us = event->at_us;
		if (numbers_are_news(kept, event->at_us) || is_news)
			tell(host, &told, event->at_us, "changed");
		return;
	}
	if (host->count == KEPT_MAX || (kept = calloc(1, sizeof(*kept))) == NULL) {
		host->refused++;
		return;
	}
	told.overflow_us = UNKNOWN_TIME;
	kept->listener = told;
	kept->at_us = event->at_us;
	kept->numbers_us = INT64_MIN / 2;
	kept->overflows_told = told.overflows;
	*place = kept;
	host->count++;
	tell(host, &told, event->at_us, "opened");
}

static void take_closed(struct host *host, const struct host_event *event)
{
	struct kept **place = find(host, &event->listener);
	struct kept *kept = *place;
	if (kept == NULL)
		return;
	*place = kept->next;
	host->count--;
	tell(host, &kept->listener, event->at_us, "closed");
	host->ghost[host->ghosts++ % GHOSTS] =
		(struct ghost){ event->at_us, kept->listener };
	free(kept);
}

static void take_socket(struct host *host, const struct host_event *event)
{
	struct socket_record record = event->socket;
	uint64_t netns = record.netns == UNKNOWN_U64 ? 0 : record.netns;
	uint16_t port = (uint16_t)record.port;
	struct kept *kept = host->first[head_of(netns, IPPROTO_TCP, port)];
	record.at = event->at_us;
	for (; kept != NULL; kept = kept->next) {
		const struct host_listener *l = &kept->listener;
		if (l->port != port || l->proto != IPPROTO_TCP || l->netns != netns ||
		    !addr_equal(&l->addr, &record.ip))
			continue;
		kept->socket = record;
		kept->has_socket = true;
		break;
	}
	if (host->options.socket != NULL)
		host->options.socket(host->options.self, &record);
}

static void take_connection(struct host *host, const struct host_event *event)
{
	struct host_connection told = event->connection;
	told.process[sizeof(told.process) - 1] = '\0';
	told.user[sizeof(told.user) - 1] = '\0';
	connections_put(host->connections, &told);
}

static void take_rules(struct host *host, const struct host_event *event)
{
	struct ruleset_record record;
	rules_record(&host->rules, event, &record);
	if (host->options.ruleset != NULL)
		host->options.ruleset(host->options.self, &record);
}

void host_take(struct host *host, const struct host_event *event)
{
	host->now_us = event->at_us;
	switch (event->kind) {
	case HOST_LISTENER:
		take_listener(host, event);
		break;
	case HOST_CLOSED:
		take_closed(host, event);
		break;
	case HOST_SOCKET:
		take_socket(host, event);
		break;
	case HOST_CONNECTION:
		take_connection(host, event);
		break;
	case HOST_ADDRESS:
		places_take(host->places, &event->address);
		break;
	case HOST_SYNCED:
		host->is_synced = true;
		break;
	case HOST_MEANS:
		host->means = event->means;
		host->means.reason[sizeof(host->means.reason) - 1] = '\0';
		break;
	case HOST_ROOM:
		host->room = event->room;
		host->room.process[sizeof(host->room.process) - 1] = '\0';
		break;
	case HOST_RULES:
		take_rules(host, event);
		break;
	}
}

/* ---- questions ---- */

void host_each(struct host *host,
	       void (*emit)(void *to, const struct listener_record *l), void *to)
{
	for (size_t i = 0; i < HEADS; i++) {
		const struct kept *kept = host->first[i];
		for (; kept != NULL; kept = kept->next) {
			struct listener_record record;
			make_record(host, &kept->listener, kept->at_us, NULL, &record);
			if (kept->has_socket) {
				record.established = kept->socket.established;
				record.rtt_us = kept->socket.rtt_p50_us;
			}
			emit(to, &record);
		}
	}
}

void host_each_socket(struct host *host,
		      void (*emit)(void *to, const struct socket_record *s), void *to)
{
	for (size_t i = 0; i < HEADS; i++) {
		const struct kept *kept = host->first[i];
		for (; kept != NULL; kept = kept->next)
			if (kept->has_socket)
				emit(to, &kept->socket);
	}
}

/* How well it fits that address: 0 not at all, the more the better. */
static int fit(const struct host_listener *l, const struct addr *addr)
{
	static const struct addr any6 = { .ip6 = { 0 } };
	struct addr any4 = addr_v4((uint8_t[4]){ 0 });
	if (addr_equal(&l->addr, addr))
		return 3;
	if (addr_is_v4(addr))
		return addr_equal(&l->addr, &any4) ? 2 : l->dual;
	return addr_equal(&l->addr, &any6) ? 2 : 0;
}

static bool is_of(const struct host_listener *l, uint64_t netns, uint8_t proto,
		  uint16_t port)
{
	return l->port == port && l->proto == proto && l->netns == netns;
}

static const struct host_listener *listener_in(const struct host *host, uint64_t netns,
					       uint8_t proto, const struct addr *addr,
					       uint16_t port)
{
	const struct host_listener *best = NULL;
	int best_fit = 0;
	const struct kept *kept = host->first[head_of(netns, proto, port)];
	for (; kept != NULL; kept = kept->next) {
		if (!is_of(&kept->listener, netns, proto, port))
			continue;
		int how_well = fit(&kept->listener, addr);
		if (how_well > best_fit) {
			best_fit = how_well;
			best = &kept->listener;
		}
	}
	return best;
}

const struct host_listener *host_listener_at(const struct host *host, uint8_t proto,
					     const struct addr *addr, uint16_t port)
{
	return listener_in(host, 0, proto, addr, port);
}

/* One that was there not long ago. */
static const struct host_listener *ghost_in(const struct host *host, uint64_t netns,
					    uint8_t proto, const struct addr *addr,
					    uint16_t port)
{
	const struct ghost *best = NULL;
	for (size_t i = 0; i < GHOSTS && i < host->ghosts; i++) {
		const struct ghost *ghost = &host->ghost[i];
		if (is_of(&ghost->listener, netns, proto, port) &&
		    fit(&ghost->listener, addr) > 0 &&
		    host->now_us - ghost->closed_us < GHOST_US &&
		    (best == NULL || best->closed_us < ghost->closed_us))
			best = ghost;
	}
	return best == NULL ? NULL : &best->listener;
}

static bool name(struct flow_record *flow, uint32_t pid, const char *process,
		 const char *user)
{
	if (pid == UNKNOWN_U32 && process[0] == '\0')
		return false;
	flow->pid = pid;
	record_text(flow->process, sizeof(flow->process), process);
	record_text(flow->user, sizeof(flow->user), user);
	return true;
}

/* By who listens at that end, if the address is one of ours. */
static bool name_by_listener(const struct host *host, uint8_t proto,
			     const struct addr *addr, uint32_t port,
			     struct flow_record *flow)
{
	uint64_t netns = 0;
	if (!places_at(host->places, addr, &netns))
		return false;
	const struct host_listener *l =
		listener_in(host, netns, proto, addr, (uint16_t)port);
	if (l == NULL)
		l = ghost_in(host, netns, proto, addr, (uint16_t)port);
	return l != NULL && name(flow, l->pid, l->process, l->user);
}

static bool name_by_connection(const struct host *host,
			       const struct host_connection *wanted,
			       struct flow_record *flow)
{
	const struct host_connection *c = connections_find(host->connections, wanted);
	return c != NULL && name(flow, c->pid, c->process, c->user);
}

/* A UDP socket that is not connected may be bound to no address either. */
static bool name_by_open_socket(const struct host *host, struct host_connection wanted,
				struct flow_record *flow)
{
	static const struct addr any6 = { .ip6 = { 0 } };
	uint64_t netns = 0;
	wanted.remote = addr_unset();
	wanted.remote_port = 0;
	if (name_by_connection(host, &wanted, flow))
		return true;
	if (!places_at(host->places, &wanted.local, &netns) || netns != 0)
		return false;
	bool is_v4 = addr_is_v4(&wanted.local);
	wanted.local = is_v4 ? addr_v4((uint8_t[4]){ 0 }) : any6;
	if (name_by_connection(host, &wanted, flow))
		return true;
	wanted.local = any6;
	return is_v4 && name_by_connection(host, &wanted, flow);
}

static struct host_connection client_end(const struct flow_record *flow)
{
	return (struct host_connection){ .local = flow->client_ip,
					 .remote = flow->server_ip,
					 .local_port = (uint16_t)flow->client_port,
					 .remote_port = (uint16_t)flow->server_port,
					 .proto = (uint8_t)flow->ip_proto };
}

const struct host_connection *host_client_of(const struct host *host,
					     const struct flow_record *flow)
{
	const struct host_connection wanted = client_end(flow);
	return connections_find(host->connections, &wanted);
}

void host_name_flow(const struct host *host, struct flow_record *flow)
{
	uint8_t proto = (uint8_t)flow->ip_proto;
	bool has_ports = transport_name(proto) != NULL && flow->ip_proto < 256;
	if (!has_ports ||
	    name_by_listener(host, proto, &flow->server_ip, flow->server_port, flow))
		return;
	struct host_connection wanted = client_end(flow);
	if (name_by_connection(host, &wanted, flow) || proto != IPPROTO_UDP)
		return;
	if (!name_by_listener(host, proto, &flow->client_ip, flow->client_port, flow))
		name_by_open_socket(host, wanted, flow);
}
