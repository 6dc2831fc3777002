/*
 * recorder_wire.h: what the recorder and its filter in the kernel (bpf/probe.bpf.c)
 * have to agree on.
 */
#pragma once

enum {
	/*
	 * TC_PRIO_INTERACTIVE_BULK: in the band of ordinary packets with every
	 * scheduler that looks at it, and nobody else's.  Anybody may set it.
	 */
	RECORDER_PRIORITY = 4,
	RECORDER_SNAP = 1536,    /* of a packet, so much is kept */
	RECORDER_TUPLES = 32768, /* connections known at a time; the oldest go first */
};
