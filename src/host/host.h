/*
 * host.h: who listens on this machine, and how its TCP connections do, as the kernel
 * tells.
 *
 * Two halves.  The watch looks: it needs privileges to see other users' processes and
 * other network namespaces, so it runs in the guard (or, without privileges, where its
 * eyes reach).  It sends fixed-size events.  The host keeps what the events said, makes
 * records of it, and answers whose a port or a connection is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/home.h"
#include "record/record.h"

/* ---- the watch ---- */

enum host_event_kind {
	HOST_LISTENER,   /* a listening socket opened, or something about it changed */
	HOST_CLOSED,     /* one closed; only netns, inode and the key fields are set */
	HOST_SOCKET,     /* counts of one local TCP port */
	HOST_CONNECTION, /* a connection of a local process, when it is made */
	HOST_ADDRESS,    /* an address of this machine */
	HOST_SYNCED,     /* everything that was there at the start has been sent */
	HOST_MEANS,      /* how the watch sees, see struct host_means */
	HOST_ROOM,       /* what clients and processes have left, once a minute */
	HOST_RULES,      /* of the packet filter: at first, changed, once a day */
};

/* A listening socket and its process.  Unknown texts are "", numbers as in record.h. */
struct host_listener {
	uint64_t netns, inode; /* netns 0: ours */
	struct addr addr;
	uint16_t port;
	uint8_t proto;      /* IPPROTO_ */
	uint8_t dual;       /* bound to ::, takes IPv4 too */
	uint8_t hidden;     /* 1: the kernel shows it, /proc does not show its process;
			       0xff: whether it does can't be seen */
	uint8_t firewalled; /* 1: no packet from outside gets there; 0xff: unknown */
	uint32_t uid, pid, processes;
	int64_t since_us; /* Unix time */
	uint64_t backlog, backlog_max, overflows;
	int64_t overflow_us; /* when overflows last rose; the host's, not the watch's */
	char iface[16], process[32], user[32], unit[64], container[64], package[64];
	char exe[256], cgroup[256];
};

/*
 * Of a connection whose local end is a process that we know.  A UDP socket that is not
 * connected has no remote (unset, 0), and if it is bound to no address, local is any.
 */
struct host_connection {
	struct addr local, remote;
	uint16_t local_port, remote_port;
	uint8_t proto;
	uint8_t accepted; /* 1: the local end is the server */
	uint32_t uid, pid;
	char process[32], user[32];
};

/*
 * An address of an interface in that namespace.  All of a namespace come in a row when
 * one has changed; the first of them, which may be unset, makes those before void.
 */
struct host_address {
	uint64_t netns;
	struct addr addr;
	uint8_t is_first;
};

/* How the watch sees; every part says why it does not, in few words; "" if it does. */
struct host_means {
	uint8_t by_bpf_events;  /* changes come by tp_btf, cgroup hooks; else by polling
				 */
	uint8_t by_bpf_owners;  /* owners by iter/task_file; else by /proc/PID/fd */
	uint8_t sees_processes; /* of other users */
	uint8_t sees_namespaces;
	uint8_t has_more_namespaces; /* than it can watch */
	uint32_t namespaces;         /* being watched */
	uint64_t lost; /* listeners and connections that there was no room for */
	char reason[160];
};

/*
 * The fullest of the minute; unknown if nothing is known: the destination that takes
 * most ports of clients, and the listening process that is nearest to its limit.
 */
struct host_room {
	uint64_t ports, ports_max;
	struct addr to;
	uint16_t to_port;
	uint64_t files, files_max; /* open descriptors */
	uint32_t pid;
	char process[32];
};
struct host_room host_room_unknown(void);

/* The packet filter's rules as a whole; the rest is only known if they are readable. */
struct host_rules {
	uint8_t is_readable, drops_unnamed;
	uint8_t sha256[32];
	uint32_t tables, chains, rules;
	uint64_t counted_packets, counted_bytes; /* by rules that drop */
};

struct host_event {
	enum host_event_kind kind;
	int64_t at_us;
	union {
		struct host_listener listener;
		struct socket_record socket; /* no pointers inside */
		struct host_connection connection;
		struct host_address address;
		struct host_means means;
		struct host_room room;
		struct host_rules rules;
	};
};

/* How much of it an event of that kind needs: the rest need not be sent. */
size_t host_event_size(enum host_event_kind kind);

typedef void (*host_emit)(void *to, const struct host_event *event);

struct host_watch;
/* Never needs a privilege: it says in its means what it can't see.  NULL: no memory. */
struct host_watch *host_watch_open(host_emit emit, void *to);
/* An epoll descriptor: readable when host_watch_run() has something to do. */
int host_watch_fd(const struct host_watch *watch);
int host_watch_timeout_ms(const struct host_watch *watch);
void host_watch_run(struct host_watch *watch);
void host_watch_close(struct host_watch *watch);

/* ---- the host ---- */

struct host_options {
	void *self;
	/* IANA name and class of a port (catalog); either may return NULL. */
	const char *(*service)(void *self, uint8_t proto, uint16_t port);
	const char *(*class_of)(void *self, uint8_t proto, uint16_t port);
	/* A listener opened, changed or closed; from host_take(). */
	void (*listener)(void *self, const struct listener_record *listener);
	/* Counts of a port. */
	void (*socket)(void *self, const struct socket_record *socket);
	/* The packet filter; NULL: not wanted. */
	void (*ruleset)(void *self, const struct ruleset_record *ruleset);
};

struct host;
struct host *host_new(const struct host_options *options);
void host_free(struct host *host);

void host_take(struct host *host, const struct host_event *event);

/*
 * No more events come, and why, in few words: what is known stays, but what is not
 * known may be there all the same.
 */
void host_lose_sight(struct host *host, const char *why);

/* True once everything that was there at the start is known, and while events come. */
bool host_is_synced(const struct host *host);
const struct host_means *host_means(const struct host *host);
const struct host_room *host_room(const struct host *host);

/* Every listener now; change is "" (NULL). */
void host_each(struct host *host,
	       void (*emit)(void *to, const struct listener_record *l), void *to);
size_t host_count(const struct host *host);

/* The last counts of every port. */
void host_each_socket(struct host *host,
		      void (*emit)(void *to, const struct socket_record *s), void *to);

/*
 * The listener that takes what comes to that address and port in our namespace, the
 * most specific one; NULL if nobody does.  Valid until the next host_take().
 */
const struct host_listener *host_listener_at(const struct host *host, uint8_t proto,
					     const struct addr *addr, uint16_t port);

/*
 * Whose connection the client's end of a flow is; NULL: no local process that is known.
 * Valid until the next host_take().
 */
const struct host_connection *host_client_of(const struct host *host,
					     const struct flow_record *flow);

/* Fills pid, process and user of a flow with a local end; leaves others alone. */
void host_name_flow(const struct host *host, struct flow_record *flow);
