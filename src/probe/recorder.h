/*
 * recorder.h: the flight recorder's ear: the last packets of our own probes.
 *
 * It listens always, as a failure can't be foreseen; a filter in the kernel lets only
 * our own packets through.  Opening takes CAP_NET_RAW and what loading a program into
 * the kernel takes (CAP_BPF); afterwards no right is needed.
 */
#pragma once

#include "probe/recorder_ring.h"
#include "probe/recorder_wire.h"

enum { RECORDER_WHY_MAX = 128 };

struct recorder;

/* NULL, and why in a clause, if there can't be one. */
struct recorder *recorder_open(char why[static RECORDER_WHY_MAX]);
void recorder_close(struct recorder *recorder);

/* Has the packets of a socket be recorded. */
void recorder_mark_socket(int fd);

/* What has come since goes into memory. */
void recorder_drain(struct recorder *recorder);
const struct recorder_ring *recorder_ring_of(const struct recorder *recorder);
/* Packets that the kernel had no room for, since the start. */
uint64_t recorder_dropped(const struct recorder *recorder);
/* Packets of ours that left and can't be told whose they are: by IPsec, fragments. */
uint64_t recorder_unread(const struct recorder *recorder);
/*
 * Whether one of ours left from that port since that place of the ring, to whomever:
 * behind address translation its ends are others than its socket's.
 */
bool recorder_saw_leave(const struct recorder *recorder, uint8_t protocol,
			uint16_t port, uint64_t mark);
/* Whether it has ever heard a packet of ours: only then hearing none means something.
 */
bool recorder_hears(const struct recorder *recorder);

/* The compiled program (recorder_object.c). */
extern const uint8_t recorder_object[], recorder_object_end[];
