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
#include "scan/outbox.h"
#include "scan/sender.h"

enum {
	SEND_BUFFER =
		16 << 20,    /* packets wait in it for neighbours that are not there */
	WAITED_FOR = 4,      /* ranges whose neighbour may take time to find */
	BLOCK_USUAL = 61440, /* of source ports: above the usual range of the kernel */
};

struct syn {
	struct way way;
	struct outlets outlets;
	struct ear *ear;
	struct sender *sender; /* or NULL */
	struct outbox outbox;
};

/* ---- sending ---- */

static void note_unsent(struct syn *syn, uint64_t count, int error)
{
	for (; count > 0; count--)
		sweep_could_not_send(syn->way.sweep, error);
}

/* By the second sender, if there is one and it has little to do. */
static int syn_send(struct way *way, const struct probe *probes, int count,
		    unsigned pass)
{
	struct syn *syn = (struct syn *)way;
	if (syn->sender != NULL && sender_give(syn->sender, probes, count, pass))
		return count;
	int sent = outbox_send(&syn->outbox, probes, count, pass);
	if (sent >= 0)
		return sent;
	note_unsent(syn, 1, -sent);
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
	if (!packet_is_ours(&answer, &syn->outlets.key, syn->outlets.block))
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
	int error = 0;
	uint64_t unsent = syn->sender != NULL ? sender_unsent(syn->sender, &error) : 0;
	note_unsent(syn, unsent, error);
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
	sender_free(syn->sender);
	for (int i = 0; i < OUTLETS; i++)
		if (syn->outlets.fds[i] >= 0)
			close(syn->outlets.fds[i]);
	ear_close(syn->ear);
	free(syn->outlets.roads);
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
	if (syn->outlets.fds[outlet] >= 0)
		return 0;
	/* Raw: with an IP header of our own (raw(7), ip(7)). */
	int fd = outlet == OUTLET_FRAMES
			 ? socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)
			 : socket(outlet == OUTLET_IP4 ? AF_INET : AF_INET6,
				  SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		return -errno;
	syn->outlets.fds[outlet] = fd;
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
	for (size_t i = 0; i < syn->outlets.targets->count; i++) {
		const struct target_range *range = &syn->outlets.targets->at[i];
		struct road *road = &syn->outlets.roads[i];
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
	syn->outbox.outlets = &syn->outlets;
	syn->outlets.key = plan->key;
	syn->outlets.targets = plan->targets;
	syn->outlets.block = choose_block(hash_words(&plan->key, &salt, 1));
	for (int i = 0; i < OUTLETS; i++)
		syn->outlets.fds[i] = -1;
	syn->outlets.roads = calloc(plan->targets->count, sizeof(*syn->outlets.roads));
	int failed = syn->outlets.roads == NULL
			     ? -ENOMEM
			     : ear_open(syn->outlets.block, &syn->ear);
	if (failed != 0 && failed != -ENOMEM)
		snprintf(error, SWEEP_ERROR_MAX, "can't hear packets: %s",
			 strerror(-failed));
	if (failed == 0)
		failed = find_roads(syn, error);
	if (failed == 0 && plan->rate == 0)
		syn->sender = sender_new(&syn->outlets);
	if (failed == 0)
		return &syn->way;
	*status = -failed;
	syn_close(&syn->way);
	return NULL;
}
