/*
 * live_traffic.h: what the tests of live capture make of frames.
 *
 * Packets of a test go to UDP ports; that the one to LAST_PORT has been captured
 * proves that all before it were or never will be.
 */
#pragma once

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "capture/capture.h"
#include "live_network.h"

enum {
	PORT = 4001,
	OTHER_PORT = 4002,
	LAST_PORT = 4999,
	SERVER_PORT = 5000,
	DEADLINE_MS = 10000,
	RING_BYTES = 1 << 20,
};

static inline struct capture *open_with(struct capture_live_options options)
{
	char error[CAPTURE_ERROR_MAX];
	int status;
	if (options.ring_bytes == 0)
		options.ring_bytes = RING_BYTES;
	struct capture *capture = capture_live(&options, error, &status);
	if (capture == NULL)
		printf("# %s\n", error);
	must(capture != NULL, "capture_live");
	return capture;
}

#define OPEN(...) open_with((struct capture_live_options){ __VA_ARGS__ })

/* What a frame is to these tests. */
struct seen {
	unsigned frames, vlan_frames, tagged_bytes, raw, partial;
	uint32_t wire_len, len;
	uint16_t vlan, iface;
};

struct ports {
	uint8_t proto;
	uint16_t from, to;
	bool is_fragment, has_tag;
};

static inline uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline struct ports ports_of(const struct frame *frame)
{
	const uint8_t *at = frame->at;
	struct ports ports = { 0 };
	if (frame->len < 42)
		return ports;
	if (frame->link == LINK_ETHERNET) {
		ports.has_tag = be16(at + 12) == ETH_P_8021Q;
		at += ports.has_tag ? 18 : 14;
		if (be16(at - 2) != ETH_P_IP)
			return ports;
	}
	ports.proto = at[9];
	ports.is_fragment = (be16(at + 6) & 0x3fff) != 0;
	ports.from = be16(at + 20);
	ports.to = be16(at + 22);
	return ports;
}

/* Adds what comes for a port, up to the last packet. False if that does not come. */
static inline bool collect(struct capture *capture, uint16_t port, struct seen *seen)
{
	int64_t end = now_ms() + DEADLINE_MS;
	bool is_last = false;
	while (!is_last && now_ms() < end) {
		const struct frame *frames;
		int count = capture_next(capture, &frames, 100);
		for (int i = 0; i < count; i++) {
			const struct frame *frame = &frames[i];
			struct ports ports = ports_of(frame);
			is_last |= ports.proto == IPPROTO_UDP && ports.to == LAST_PORT;
			if (ports.proto != IPPROTO_UDP || ports.to != port)
				continue;
			seen->frames++;
			seen->vlan_frames += (frame->flags & FRAME_VLAN) != 0;
			seen->partial += (frame->flags & FRAME_CSUM_PARTIAL) != 0;
			seen->raw += frame->link == LINK_RAW;
			seen->tagged_bytes += ports.has_tag;
			seen->vlan = frame->vlan;
			seen->iface = frame->iface;
			seen->wire_len = frame->wire_len;
			seen->len = frame->len;
		}
	}
	return is_last;
}

static inline void ask_and_answer(int client, const char *to, uint16_t port, int server)
{
	char byte;
	struct sockaddr_in there = address(to, port);
	must(connect(client, (struct sockaddr *)&there, sizeof(there)) == 0, "connect");
	int accepted = accept(server, NULL, NULL);
	must(write(client, "?", 1) == 1 && read(accepted, &byte, 1) == 1, "question");
	must(write(accepted, "!", 1) == 1 && read(client, &byte, 1) == 1, "answer");
	close(client);
	close(accepted);
}

static inline int listen_at(const char *text, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_in here = address(text, port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0, "bind");
	must(listen(fd, 8) == 0, "listen");
	return fd;
}
