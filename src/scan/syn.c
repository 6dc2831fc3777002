/*
 * syn.c: half-open: a SYN, and what answers it.
 *
 * The kernel knows of no such connection, so it resets what a SYN-ACK would open: the
 * other side forgets it at once, and its program never hears of it.  That is as polite
 * as a scan can be, and proves only that the port's kernel listens.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scan/ear.h"
#include "scan/endpoint.h"
#include "scan/packet.h"
#include "scan/road.h"
#include "scan/way.h"

enum {
	SEND_BUFFER =
		16 << 20,    /* packets wait in it for neighbours that are not there */
	WAITED_FOR = 4,      /* ranges whose neighbour may take time to find */
	BLOCK_USUAL = 61440, /* of source ports: above the usual range of the kernel */
};

enum outlet { OUTLET_FRAMES, OUTLET_IP4, OUTLET_IP6, OUTLETS };

struct syn {
	struct way way;
	struct hash_key key;
	const struct targets *targets;
	uint16_t block;
	struct ear *ear;
	struct road *roads; /* one for each range */
	int fds[OUTLETS];   /* -1 until one is needed */
	/* The batch, as sendmmsg() takes it. */
	uint8_t room[SWEEP_BATCH][ROAD_FRAME_HEAD + PACKET_SYN_MAX];
	union endpoint ends[SWEEP_BATCH];
	struct sockaddr_ll links[SWEEP_BATCH];
	struct iovec pieces[SWEEP_BATCH];
	struct mmsghdr messages[SWEEP_BATCH];
};

/* ---- sending ---- */

static const struct road *road_to(const struct syn *syn, const struct probe *probe)
{
	return &syn->roads[targets_range(syn->targets, probe->host) - syn->targets->at];
}

static enum outlet outlet_of(const struct syn *syn, const struct probe *probe)
{
	if (road_to(syn, probe)->by_frames)
		return OUTLET_FRAMES;
	return addr_is_v4(&probe->addr) ? OUTLET_IP4 : OUTLET_IP6;
}

static void set_destination(struct syn *syn, int i, const struct road *road,
			    const struct addr *to)
{
	struct msghdr *header = &syn->messages[i].msg_hdr;
	if (!road->by_frames) {
		header->msg_name = &syn->ends[i];
		header->msg_namelen =
			endpoint_set(&syn->ends[i], to, 0, road->interface);
		return;
	}
	syn->links[i] = (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_protocol = htons(addr_is_v4(to) ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = road->interface,
		.sll_halen = ETH_ALEN,
	};
	memcpy(syn->links[i].sll_addr, road->frame_head, ETH_ALEN);
	header->msg_name = &syn->links[i];
	header->msg_namelen = sizeof(syn->links[i]);
}

static void put_probe(struct syn *syn, int i, const struct probe *probe, unsigned pass)
{
	const struct road *road = road_to(syn, probe);
	uint8_t *at = syn->room[i];
	size_t head = road->by_frames ? ROAD_FRAME_HEAD : 0;
	memcpy(at, road->frame_head, head);
	struct cookie cookie =
		cookie_of(&syn->key, syn->block, &probe->addr, probe->port, pass);
	size_t len = packet_syn(at + head, &road->source, &probe->addr, probe->port,
				&cookie);
	syn->pieces[i] = (struct iovec){ at, head + len };
	syn->messages[i].msg_hdr =
		(struct msghdr){ .msg_iov = &syn->pieces[i], .msg_iovlen = 1 };
	set_destination(syn, i, road, &probe->addr);
}

static bool has_no_room(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

/* Those in front that leave by the same socket. */
static int syn_send(struct way *way, const struct probe *probes, int count,
		    unsigned pass)
{
	struct syn *syn = (struct syn *)way;
	enum outlet outlet = outlet_of(syn, &probes[0]);
	int alike = 0;
	for (; alike < count && outlet_of(syn, &probes[alike]) == outlet; alike++)
		put_probe(syn, alike, &probes[alike], pass);
	int sent = sendmmsg(syn->fds[outlet], syn->messages, (unsigned)alike,
			    MSG_DONTWAIT);
	if (sent >= 0)
		return sent;
	if (has_no_room(errno))
		return 0;
	/* A network's broadcast address (raw(7)): nobody's, so silence is right. */
	if (errno != EACCES)
		sweep_could_not_send(way->sweep, errno);
	return 1;
}

/* ---- hearing ---- */

static void hear(void *self, struct bytes packet, int64_t at_us)
{
	static const enum scan_state states[] = {
		[SAYS_SYN_ACK] = SCAN_OPEN,
		[SAYS_RESET] = SCAN_CLOSED,
		[SAYS_UNREACHABLE] = SCAN_FILTERED,
	};
	struct syn *syn = self;
	struct packet_answer answer = packet_read(packet);
	if (!packet_is_ours(&answer, &syn->key, syn->block))
		return;
	const struct heard heard = {
		.addr = answer.probed,
		.port = answer.port,
		.pass = cookie_pass(answer.cookie.source_port),
		.state = states[answer.says],
		.reason = answer.reason,
		.ttl = answer.ttl,
		.rtt_us = -1,
		.at_us = at_us,
	};
	sweep_hear(syn->way.sweep, &heard);
}

static int syn_listen(struct way *way, int64_t wait_us)
{
	struct syn *syn = (struct syn *)way;
	return ear_listen(syn->ear, wait_us, hear, syn);
}

static uint64_t syn_unread(struct way *way)
{
	return ear_lost(((struct syn *)way)->ear);
}

/* ---- begin and end ---- */

static void syn_close(struct way *way)
{
	struct syn *syn = (struct syn *)way;
	for (int i = 0; i < OUTLETS; i++)
		if (syn->fds[i] >= 0)
			close(syn->fds[i]);
	ear_close(syn->ear);
	free(syn->roads);
	free(syn);
}

static const struct way_ops ops = {
	.send = syn_send,
	.listen = syn_listen,
	.unread = syn_unread,
	.close = syn_close,
	.silence = SCAN_FILTERED,
};

static int open_outlet(struct syn *syn, enum outlet outlet)
{
	int size = SEND_BUFFER, on = 1;
	if (syn->fds[outlet] >= 0)
		return 0;
	/* Raw: with an IP header of our own (raw(7), ip(7)). */
	int fd = outlet == OUTLET_FRAMES
			 ? socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)
			 : socket(outlet == OUTLET_IP4 ? AF_INET : AF_INET6,
				  SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		return -errno;
	syn->fds[outlet] = fd;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (outlet == OUTLET_FRAMES) /* faster, where the kernel can */
		setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	return 0;
}

/*
 * A block of source ports that the kernel does not give to connections: their packets
 * would come to us, and ours to them.
 */
static uint16_t choose_block(uint64_t random)
{
	unsigned first = 0, last = 0;
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	if (file != NULL) {
		char line[64];
		char *rest = line;
		if (fgets(line, sizeof(line), file) != NULL) {
			first = (unsigned)strtoul(line, &rest, 10);
			last = (unsigned)strtoul(rest, NULL, 10);
		}
		fclose(file);
	}
	unsigned above = last / SOURCE_BLOCK + 1, end = 65536 / SOURCE_BLOCK;
	if (last > 0 && above < end)
		return (uint16_t)((above + random % (end - above)) * SOURCE_BLOCK);
	unsigned low = 10240 / SOURCE_BLOCK, below = first / SOURCE_BLOCK;
	if (below > low)
		return (uint16_t)((low + random % (below - low)) * SOURCE_BLOCK);
	return BLOCK_USUAL;
}

static int find_roads(struct syn *syn, char *error)
{
	for (size_t i = 0; i < syn->targets->count; i++) {
		const struct target_range *range = &syn->targets->at[i];
		struct road *road = &syn->roads[i];
		int failed = road_find(range, i < WAITED_FOR, road);
		if (failed == 0)
			failed = open_outlet(syn, road->by_frames ? OUTLET_FRAMES
						  : addr_is_v4(&range->first)
							  ? OUTLET_IP4
							  : OUTLET_IP6);
		if (failed == 0)
			continue;
		char text[ADDR_TEXT_MAX];
		addr_text(&range->first, text);
		snprintf(error, SWEEP_ERROR_MAX, "%s: %s", text, strerror(-failed));
		return failed;
	}
	return 0;
}

struct way *way_syn(const struct sweep_plan *plan, char error[static SWEEP_ERROR_MAX],
		    int *status)
{
	struct syn *syn = calloc(1, sizeof(*syn));
	snprintf(error, SWEEP_ERROR_MAX, "%s", "out of memory");
	*status = ENOMEM;
	if (syn == NULL)
		return NULL;
	uint64_t salt = 0;
	syn->way.ops = &ops;
	syn->key = plan->key;
	syn->targets = plan->targets;
	syn->block = choose_block(hash_words(&plan->key, &salt, 1));
	for (int i = 0; i < OUTLETS; i++)
		syn->fds[i] = -1;
	syn->roads = calloc(plan->targets->count, sizeof(*syn->roads));
	int failed = syn->roads == NULL ? -ENOMEM : ear_open(syn->block, &syn->ear);
	if (failed != 0 && failed != -ENOMEM)
		snprintf(error, SWEEP_ERROR_MAX, "can't hear packets: %s",
			 strerror(-failed));
	if (failed == 0)
		failed = find_roads(syn, error);
	if (failed == 0)
		return &syn->way;
	*status = -failed;
	syn_close(&syn->way);
	return NULL;
}
