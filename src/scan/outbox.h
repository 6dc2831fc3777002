/*
 * outbox.h: SYNs, a batch at a time, by the socket that leads there.
 */
#pragma once

#include <linux/if_packet.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/endpoint.h"
#include "base/hash.h"
#include "scan/packet.h"
#include "scan/road.h"
#include "scan/way.h"

enum outlet { OUTLET_FRAMES, OUTLET_IP4, OUTLET_IP6, OUTLETS };

/* What does not change while a scan is sent, so that threads may share it. */
struct outlets {
	struct hash_key key;
	uint16_t block; /* of source ports */
	const struct targets *targets;
	struct road *roads; /* one for each range */
	int fds[OUTLETS];   /* -1 if it is not needed */
};

/* The batch, as sendmmsg() takes it. */
struct outbox {
	const struct outlets *outlets;
	uint8_t room[SWEEP_BATCH][ROAD_FRAME_HEAD + PACKET_SYN_MAX];
	union endpoint ends[SWEEP_BATCH];
	struct sockaddr_ll links[SWEEP_BATCH];
	struct iovec pieces[SWEEP_BATCH];
	struct mmsghdr messages[SWEEP_BATCH];
};

/*
 * Sends those in front that leave by the same socket: how many; 0 if there is no room
 * just now; -errno if the first one can't be sent.
 */
int outbox_send(struct outbox *outbox, const struct probe *probes, int count,
		unsigned pass);
