/*
 * worker.h: one worker of a pipeline; private to pipeline.c and worker.c.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/ring.h"
#include "cli/pipeline.h"

/* What goes from a worker to the pipeline. */
enum out_message {
	OUT_FLOW,   /* struct flow_record */
	OUT_LISTED, /* the same, asked for by pipeline_list() */
	OUT_LIST_END,
	OUT_RECORD, /* struct out_record */
	OUT_PORT,  /* struct port_sample, then a packed struct port_detail if it has one
		    */
	OUT_TICK,  /* int64_t */
	OUT_STATS, /* struct worker_stats */
	OUT_END,
};

/* What goes to a worker: of a replay but for IN_WANTED. */
enum in_message {
	IN_PACKET,  /* struct packet, then its payload */
	IN_TINY,    /* the same, for flows_odd_fragment(): FRAG_BAD ... */
	IN_OVERLAP, /* ... and FRAG_OVERLAP */
	IN_QUOTED,  /* the same: only what it quotes concerns this worker */
	IN_TICK,    /* int64_t */
	IN_WANTED,  /* struct packets_wanted; to a live one */
	IN_END,
};

struct worker_stats {
	struct capture_stats capture;
	struct flow_stats flow;
	uint64_t decoded[DECODE_REASON_COUNT];
	uint64_t records_dropped;
	int64_t newest_us;
};

void totals_add(struct pipeline_totals *totals, const struct worker_stats *stats);

struct worker {
	unsigned number;
	bool lossless;           /* wait for room in the ring instead of dropping */
	struct capture *capture; /* live */
	struct decoder *decoder; /* live */
	struct flows *flows;
	struct ring *in;
	struct ring *out;
	struct worker_stats stats;
	int64_t list_until_us; /* monotonic; 0: not listing */
	bool list_end_due;
	unsigned lists_asked, lists_ended; /* the pipeline's */
	atomic_bool stop, want_list;
	atomic_bool *may_wake; /* the pipeline's; NULL: nobody sleeps */
	int wake;              /* eventfd */
	atomic_int error;      /* a capture's errno */
	pthread_t thread;
	bool started;
};

/* A record of what was said; as long as its kind is. */
struct out_record {
	enum record_kind kind;
	_Alignas(8) uint8_t record[];
};

enum { IN_PAYLOAD_MAX = 65536, IN_PACKET_MAX = sizeof(struct packet) + IN_PAYLOAD_MAX };

/* Threads' functions: struct worker *. */
void *worker_live(void *worker);
void *worker_replay(void *worker);

/* Sink that writes to worker->out. */
struct flow_sink worker_sink(struct worker *w);

/* Room for what OUT_PORT carries, and back; detail is filled if there is one. */
enum {
	OUT_PORT_MAX = sizeof(struct port_sample) + sizeof(struct cardinality) +
		       2 * HISTOGRAM_PACKED_MAX
};
const struct port_sample *worker_port(const void *message, size_t len,
				      struct port_detail *detail);
