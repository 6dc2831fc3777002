/*
 * spaces.c: finds, enters and forgets network namespaces; see spaces.h.
 */
#include "host/spaces.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "host/diag.h"
#include "host/netlink.h"
#include "host/witness.h"
#include "record/record.h"

enum {
	FIRST_CHOSEN = 32768,
	LAST_CHOSEN = 60999,
	DATAGRAM_MAX = 32768,
	NETSTAT_MAX = 32768
};

bool space_parse_ports(const char *text, uint16_t *first, uint16_t *last)
{
	char *low_end = NULL, *high_end = NULL;
	unsigned long low = strtoul(text, &low_end, 10);
	unsigned long high = strtoul(low_end, &high_end, 10);
	if (low_end == text || high_end == low_end || low > high || high > UINT16_MAX)
		return false;
	*first = (uint16_t)low;
	*last = (uint16_t)high;
	return true;
}

/* The thread is in the namespace. */
static void read_ports(struct space *space)
{
	char text[64] = "";
	int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_RDONLY | O_CLOEXEC);
	space->first_chosen = FIRST_CHOSEN;
	space->last_chosen = LAST_CHOSEN;
	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0)
		space_parse_ports(text, &space->first_chosen, &space->last_chosen);
	close(fd);
}

/* The thread is in the namespace, and this file of it stays so. */
static void open_in_use(struct space *space)
{
	space->in_use[0] = open("/proc/thread-self/net/sockstat", O_RDONLY | O_CLOEXEC);
	space->in_use[1] =
		open("/proc/thread-self/net/sockstat6", O_RDONLY | O_CLOEXEC);
	space->netstat = open("/proc/thread-self/net/netstat", O_RDONLY | O_CLOEXEC);
}

void space_look_drops(struct space *space)
{
	char text[NETSTAT_MAX];
	size_t len = 0;
	ssize_t got = -1;
	/* A page at a time, as the kernel gives it. */
	while (space->netstat >= 0 && len < sizeof(text) &&
	       (got = pread(space->netstat, text + len, sizeof(text) - len,
			    (off_t)len)) > 0)
		len += (size_t)got;
	space->listen_drops = UNKNOWN_U64;
	if (len == 0)
		return;
	struct witness_counts counts = { 0 };
	witness_parse(text, len, &counts);
	space->listen_drops = counts.overflows;
}

uint64_t space_parse_in_use(const char *text)
{
	static const char *const names[] = { "TCP: inuse ", "UDP: inuse ",
					     "TCP6: inuse ", "UDP6: inuse " };
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *line = strstr(text, names[i]);
		uint64_t count =
			line == NULL ? 0 : strtoul(line + strlen(names[i]), NULL, 10);
		sum = (sum ^ count) * 0x9e3779b97f4a7c15;
	}
	return sum;
}

bool space_has_changed(struct space *space)
{
	uint64_t sum = 0;
	for (int i = 0; i < 2; i++) {
		char text[1024];
		ssize_t len = space->in_use[i] < 0 ? -1
						   : pread(space->in_use[i], text,
							   sizeof(text) - 1, 0);
		/* Where it can't be read, anything may have happened. */
		if (len < 0 && i == 0)
			return true;
		text[len > 0 ? len : 0] = '\0';
		sum += space_parse_in_use(text) + i;
	}
	bool is_other = sum != space->in_use_sum;
	space->in_use_sum = sum;
	return is_other;
}

static int open_route(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct timeval patience = { .tv_sec = 2 };
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* All that we may have: the usual limit is for programs that call select(2). */
static uint64_t widen_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return UINT64_MAX;
	struct rlimit wide = { limit.rlim_max, limit.rlim_max };
	return setrlimit(RLIMIT_NOFILE, &wide) == 0 ? wide.rlim_cur : limit.rlim_cur;
}

/*
 * The lowest free number is what a new descriptor gets.  Without one, processes could
 * not be read either, and their sockets would be taken for nobody's.
 */
static bool is_near_the_end(const struct spaces *spaces, int fd)
{
	return spaces->count > 0 &&
	       (uint64_t)fd + SPARE_DESCRIPTORS >= spaces->descriptors;
}

/* The thread is in the namespace. */
static struct space *add_here(struct spaces *spaces, uint64_t inode)
{
	if (spaces->count == SPACES_MAX) {
		spaces->has_more = true;
		return NULL;
	}
	struct space *space = &spaces->at[spaces->count];
	*space = (struct space){ .netns = spaces->count == 0 ? 0 : inode,
				 .inode = inode,
				 .diag = diag_open(),
				 .is_seen = true };
	if (space->diag < 0)
		return NULL;
	if (is_near_the_end(spaces, space->diag)) {
		spaces->has_more = true;
		close(space->diag);
		return NULL;
	}
	space->route = open_route();
	read_ports(space);
	open_in_use(space);
	spaces->count++;
	return space;
}

int spaces_open(struct spaces *spaces)
{
	struct stat status = { 0 };
	*spaces = (struct spaces){ .descriptors = widen_descriptors() };
	spaces->ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (spaces->ours >= 0)
		fstat(spaces->ours, &status);
	/* Where we are already is the place to try whether we may go. */
	if (spaces->ours < 0 || setns(spaces->ours, CLONE_NEWNET) != 0)
		spaces->is_denied = true;
	return add_here(spaces, status.st_ino) != NULL ? 0 : -errno;
}

static void close_space(struct space *space)
{
	close(space->diag);
	const int others[] = { space->route, space->in_use[0], space->in_use[1],
			       space->netstat };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i] >= 0)
			close(others[i]);
}

void spaces_close(struct spaces *spaces)
{
	for (size_t i = 0; i < spaces->count; i++)
		close_space(&spaces->at[i]);
	if (spaces->ours >= 0)
		close(spaces->ours);
	spaces->count = 0;
	spaces->ours = -1;
}

void spaces_drop(struct spaces *spaces, size_t i)
{
	close_space(&spaces->at[i]);
	spaces->at[i] = spaces->at[--spaces->count];
	spaces->has_more = false;
}

struct space *spaces_find(struct spaces *spaces, uint64_t inode)
{
	for (size_t i = 0; i < spaces->count; i++)
		if (spaces->at[i].inode == inode)
			return &spaces->at[i];
	return NULL;
}

static struct space *enter(struct spaces *spaces, int fd, uint64_t inode)
{
	if (setns(fd, CLONE_NEWNET) != 0) {
		spaces->is_denied = true;
		return NULL;
	}
	struct space *space = add_here(spaces, inode);
	/* In the wrong namespace, everything that we do next would be wrong. */
	if (setns(spaces->ours, CLONE_NEWNET) != 0)
		abort();
	return space;
}

struct space *spaces_enter(struct spaces *spaces, const char *proc, uint32_t pid,
			   uint64_t inode)
{
	struct space *known = spaces_find(spaces, inode);
	if (known != NULL || spaces->ours < 0)
		return known;
	char path[64];
	snprintf(path, sizeof(path), "%s/%u/ns/net", proc, pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct stat status;
	struct space *space = NULL;
	if (fstat(fd, &status) == 0 && status.st_ino == inode)
		space = enter(spaces, fd, inode);
	close(fd);
	return space;
}

void spaces_scan_proc(struct spaces *spaces, const char *proc)
{
	DIR *folder = opendir(proc);
	struct dirent *entry = NULL;
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char path[64];
		struct stat status;
		unsigned long pid = strtoul(entry->d_name, NULL, 10);
		if (pid == 0 || pid > UINT32_MAX)
			continue;
		snprintf(path, sizeof(path), "%s/%lu/ns/net", proc, pid);
		if (stat(path, &status) != 0) {
			/* Of another user: whether it has a namespace of its own? */
			spaces->is_denied |= errno == EACCES;
			continue;
		}
		struct space *space =
			spaces_enter(spaces, proc, (uint32_t)pid, status.st_ino);
		if (space != NULL)
			space->is_seen = true;
	}
	if (folder != NULL)
		closedir(folder);
}

static void read_address(const uint8_t *at, size_t len,
			 void (*see)(void *to, const struct addr *addr), void *to)
{
	struct ifaddrmsg message;
	if (len < sizeof(message))
		return;
	memcpy(&message, at, sizeof(message));
	at += NLMSG_ALIGN(sizeof(message));
	len -= NLMSG_ALIGN(sizeof(message));
	size_t size = message.ifa_family == AF_INET ? 4 : 16;
	/* IFA_ADDRESS is the other end of a point-to-point link, if IFA_LOCAL is there.
	 */
	const uint8_t *local = NULL, *other = NULL;
	while (len >= NLA_HDRLEN) {
		struct nlattr attribute;
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > len)
			return;
		if (attribute.nla_len == NLA_HDRLEN + size) {
			if (attribute.nla_type == IFA_LOCAL)
				local = at + NLA_HDRLEN;
			if (attribute.nla_type == IFA_ADDRESS)
				other = at + NLA_HDRLEN;
		}
		size_t step = NLA_ALIGN(attribute.nla_len);
		if (step >= len)
			break;
		at += step;
		len -= step;
	}
	const uint8_t *bytes = local != NULL ? local : other;
	if (bytes == NULL ||
	    (message.ifa_family != AF_INET && message.ifa_family != AF_INET6))
		return;
	struct addr addr = size == 4 ? addr_v4(bytes) : addr_v6(bytes);
	see(to, &addr);
}

int space_read_addresses(const void *datagram, size_t len,
			 void (*see)(void *to, const struct addr *addr), void *to)
{
	struct netlink_walk walk = { .at = datagram, .len = len };
	while (netlink_next(&walk)) {
		uint16_t type = walk.header.nlmsg_type;
		if (type == NLMSG_DONE || type == NLMSG_ERROR)
			return 0;
		if (type == RTM_NEWADDR)
			read_address(walk.body, walk.body_len, see, to);
	}
	return walk.is_bad ? -EBADMSG : 1;
}

int space_addresses(const struct space *space,
		    void (*see)(void *to, const struct addr *addr), void *to)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETADDR,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	uint8_t datagram[DATAGRAM_MAX] __attribute__((aligned(8)));
	int more = 1;
	if (space->route < 0 || send(space->route, &request, sizeof(request), 0) < 0)
		return -EBADF;
	while (more > 0) {
		ssize_t len = recv(space->route, datagram, sizeof(datagram), 0);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		more = space_read_addresses(datagram, (size_t)len, see, to);
	}
	return more;
}
