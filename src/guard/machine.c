/*
 * machine.c: see machine.h.
 *
 * Each part is kept by itself, and the whole is put together anew when one changes, in
 * the order of how much they may be trusted: when there is no room, it is what the
 * daemon asked to spare that is left out.
 */
#include "guard/machine.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/nats_server.h"
#include "guard/machine_inside.h"

enum {
	SECOND_US = 1000000,
	SPARED_MAX = 4096, /* entries that the daemon may add */
	NEWS_AT_ONCE = 4096,
	TRIES = 3, /* of a table that changes while it is read */
	REST = 20, /* a twentieth of the time goes into reading tables */
};

#define FILES_US (10LL * SECOND_US)
/* A session goes on: so long after its end it is still known as one of now. */
#define PEOPLE_US (3600LL * SECOND_US)
/* A time server that was asked; some are asked once in a day. */
#define TIME_PEER_US (2LL * 86400 * SECOND_US)

struct machine {
	struct mnl_socket *news, *routes, *sockets;
	/* Parts, then the whole, and the one before it. */
	struct never tables, files, config, people, spared, all, before;
	struct machine_log logs[2];
	uint64_t files_stamp;
	int64_t tables_due_us, files_due_us, people_due_us; /* CLOCK_BOOTTIME */
	int64_t tables_rest_until_us;
};

void machine_add(struct never *list, const struct addr *addr, enum never_reason reason)
{
	const struct never_entry entry = { { *addr, 128 }, reason, INT64_MAX };
	if (!addr_is_unspecified(addr))
		never_add(list, &entry);
}

const char *const *machine_paths(void)
{
	return machine_file_paths;
}

const struct never *machine_never(const struct machine *machine)
{
	return &machine->all;
}

/* ---- the parts ---- */

/* Empty: loopback and groups are in the whole already. */
static void empty(struct never *list)
{
	list->count = 0;
	list->left_out = 0;
}

/*
 * What a table says while it changes may lack something.  A router with all of the
 * Internet's routes must not spend its time on this.
 */
static void read_tables(struct machine *m, int64_t now_us)
{
	int error = -EINTR;
	for (int i = 0; i < TRIES && error == -EINTR; i++) {
		empty(&m->tables);
		error = machine_read_routes(m->routes, &m->tables);
	}
	int64_t end_us = clock_us(CLOCK_BOOTTIME);
	m->tables_rest_until_us = end_us + REST * (end_us - now_us);
	m->tables_due_us = error == 0 ? INT64_MAX : end_us + SECOND_US;
}

static void read_people(struct machine *m, int64_t now_us)
{
	static const char *const paths[] = { "/var/log/wtmp", "/var/log/wtmp.1" };
	const struct machine_now now = { now_us, clock_us(CLOCK_REALTIME) };
	never_fade(&m->people, now_us);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		machine_follow_logins(paths[i], &m->logs[i], &now, &m->people);
	if (now_us >= m->people_due_us) {
		machine_read_logins_now(&now, &m->people);
		m->people_due_us = now_us + PEOPLE_US;
	}
}

static void read_files(struct machine *m)
{
	uint64_t stamp = machine_files_stamp();
	if (stamp == m->files_stamp)
		return;
	m->files_stamp = stamp;
	empty(&m->files);
	machine_read_files(&m->files);
}

/* Of a name only who resolves it knows what it means: the daemon asks to spare that. */
static void take_fleet(struct machine *m, const struct config_texts *servers)
{
	struct addr addr;
	for (size_t i = 0; i < servers->count; i++)
		if (nats_server_addr(servers->at[i], &addr))
			machine_add(&m->config, &addr, NEVER_fleet);
}

static void take_config(struct machine *m, const struct config *config)
{
	const config_prefixes *never = &config->block_never;
	for (size_t i = 0; i < never->count; i++) {
		const struct never_entry entry = { never->at[i], NEVER_never,
						   INT64_MAX };
		never_add(&m->config, &entry);
	}
	take_fleet(m, &config->fleet_servers);
}

/* ---- the whole ---- */

static void add_all(struct never *to, const struct never *part)
{
	for (size_t i = 0; i < part->count; i++)
		never_add(to, &part->at[i]);
	to->left_out += part->left_out;
}

/* Pushes nobody out. */
static void add_yielding(struct never *to, const struct never_entry *entry)
{
	if (to->count < NEVER_MAX)
		never_add(to, entry);
	else
		to->left_out++;
}

static void add_spared(struct never *to, const struct never *spared)
{
	for (size_t i = 0; i < spared->count; i++)
		add_yielding(to, &spared->at[i]);
	to->left_out += spared->left_out;
}

static bool are_equal(const struct never *a, const struct never *b)
{
	if (a->count != b->count || a->left_out != b->left_out)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct never_entry *one = &a->at[i], *other = &b->at[i];
		if (one->reason != other->reason || one->until_us != other->until_us ||
		    one->prefix.len != other->prefix.len ||
		    !addr_equal(&one->prefix.addr, &other->prefix.addr))
			return false;
	}
	return true;
}

/* True if it is another one now. */
static bool put_together(struct machine *m)
{
	m->before = m->all;
	never_init(&m->all);
	add_all(&m->all, &m->tables);
	add_all(&m->all, &m->files);
	add_all(&m->all, &m->config);
	add_all(&m->all, &m->people);
	add_spared(&m->all, &m->spared);
	return !are_equal(&m->all, &m->before);
}

/* ---- what wakes it ---- */

/* Only that something came: the tables are read as a whole. */
static bool take_news(const struct machine *m)
{
	char some[64];
	bool came = false;
	int fd = mnl_socket_get_fd(m->news);
	for (int i = 0; i < NEWS_AT_ONCE; i++) {
		ssize_t len = recv(fd, some, sizeof(some), MSG_DONTWAIT);
		/* ENOBUFS: more than there was room for. */
		if (len < 0 && errno != ENOBUFS && errno != EINTR)
			break;
		came = true;
	}
	return came;
}

int machine_fd(const struct machine *m)
{
	return mnl_socket_get_fd(m->news);
}

int machine_timeout_ms(const struct machine *m)
{
	int64_t due_us =
		m->tables_due_us < m->files_due_us ? m->tables_due_us : m->files_due_us;
	int64_t left_us = due_us - clock_us(CLOCK_BOOTTIME);
	return left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
}

/* By the hour: a list that changes with each look would be told each time. */
static int64_t time_peers_until_us(int64_t now_us)
{
	return (now_us / PEOPLE_US) * PEOPLE_US + TIME_PEER_US;
}

static void read_due(struct machine *m, int64_t now_us)
{
	if (now_us >= m->tables_due_us)
		read_tables(m, now_us);
	if (now_us < m->files_due_us)
		return;
	m->files_due_us = now_us + FILES_US;
	read_files(m);
	read_people(m, now_us);
	never_fade(&m->spared, now_us);
	if (m->sockets != NULL)
		machine_read_time_peers(m->sockets, time_peers_until_us(now_us),
					&m->people);
}

bool machine_run(struct machine *m)
{
	int64_t now_us = clock_us(CLOCK_BOOTTIME);
	if (take_news(m) && m->tables_due_us > now_us)
		m->tables_due_us = m->tables_rest_until_us;
	if (now_us < m->tables_due_us && now_us < m->files_due_us)
		return false;
	read_due(m, now_us);
	return put_together(m);
}

/* ---- what the daemon adds ---- */

static enum never_reason reason_of(const struct wall_order *order)
{
	switch (order->rate) {
	case NEVER_dashboard:
	case NEVER_ssh:
	case NEVER_ntp:
	case NEVER_resolver:
	case NEVER_fleet:
		return (enum never_reason)order->rate;
	default:
		return NEVER_never;
	}
}

bool machine_spare(struct machine *m, const struct wall_order *order)
{
	uint32_t left_s =
		order->left_s < WALL_SECONDS_MAX ? order->left_s : WALL_SECONDS_MAX;
	const struct never_entry entry = {
		.prefix = { order->address, order->prefix_len },
		.reason = reason_of(order),
		.until_us = clock_us(CLOCK_BOOTTIME) + (int64_t)left_s * SECOND_US,
	};
	size_t before = m->all.count;
	if (m->spared.count >= SPARED_MAX) {
		m->spared.left_out++;
		m->all.left_out++;
		return false;
	}
	never_add(&m->spared, &entry);
	add_yielding(&m->all, &entry);
	return m->all.count > before;
}

/* ---- what is told ---- */

static uint32_t left_s(int64_t until_us, int64_t now_us)
{
	if (until_us == INT64_MAX)
		return UINT32_MAX;
	return until_us > now_us ? (uint32_t)((until_us - now_us) / SECOND_US) : 0;
}

bool machine_tell(const struct machine *m, size_t *at, struct wall_event *out)
{
	int64_t now_us = clock_us(CLOCK_BOOTTIME);
	*out = (struct wall_event){ .kind = WALL_NEVER };
	for (; *at < m->all.count && out->count < WALL_TOLD; (*at)++) {
		const struct never_entry *entry = &m->all.at[*at];
		out->never[out->count++] = (struct wall_never){
			.address = entry->prefix.addr,
			.left_s = left_s(entry->until_us, now_us),
			.reason = (uint16_t)entry->reason,
			.prefix_len = entry->prefix.len,
			.is_first = *at == 0,
		};
	}
	return out->count > 0;
}

/* ---- its life ---- */

/* NULL and errno. */
static struct mnl_socket *subscribe(void)
{
	struct mnl_socket *socket =
		mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	const unsigned groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
				RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
	int nexthops = RTNLGRP_NEXTHOP;
	if (socket == NULL)
		return NULL;
	if (mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) != 0) {
		int error = errno;
		mnl_socket_close(socket);
		errno = error;
		return NULL;
	}
	/* Older kernels have no such group. */
	mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &nexthops,
			      sizeof(nexthops));
	return socket;
}

struct machine *machine_open(const struct config *config)
{
	struct machine *m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->news = subscribe();
	m->routes = netlink_open(NETLINK_ROUTE);
	m->sockets = netlink_open(NETLINK_SOCK_DIAG);
	if (m->news == NULL || m->routes == NULL) {
		int error = errno;
		machine_close(m);
		errno = error;
		return NULL;
	}
	take_config(m, config);
	read_due(m, clock_us(CLOCK_BOOTTIME));
	put_together(m);
	return m;
}

void machine_close(struct machine *m)
{
	struct mnl_socket *sockets[] = { m->news, m->routes, m->sockets };
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
		if (sockets[i] != NULL)
			mnl_socket_close(sockets[i]);
	free(m);
}
