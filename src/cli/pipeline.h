/*
 * pipeline.h: capture, decode and flow joined, for a replay and for a live run.
 *
 * Records always come out on the caller's thread. One worker of a replay works on that
 * thread too; more of them, and all live ones, are threads that share nothing and
 * send what they find through rings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/capture.h"
#include "catalog/catalog.h"
#include "flow/flow.h"

enum { TRAIL_PACKETS = 16384 }; /* usual trail_max: 3 MB */

struct pipeline_options {
	unsigned workers;
	uint32_t flows_max, half_open_max, source_share; /* over all workers */
	uint32_t window_s;  /* of ports_each(); 0: everything */
	bool keyed;         /* hash with a secret key; false: repeatable */
	bool reads;         /* what is said is read */
	uint32_t trail_max; /* packets each worker keeps for pipeline_packets() */
	record_bits wants;  /* bit per record kind that sink.record is given */
	const struct catalog *catalog;
};

/* A function may be NULL: nobody reads these records. */
struct pipeline;
struct pipeline_sink {
	void *self;
	/* Before any record: who may be asked. */
	void (*begin)(void *self, struct pipeline *pipeline);
	void (*flow)(void *self, const struct flow_record *flow);
	/* What was said, and evidence for findings; see flow.h. */
	void (*record)(void *self, enum record_kind kind, const void *record);
	/* detail: the distributions of that second; NULL: none */
	void (*port)(void *self, const struct port_record *port,
		     const struct port_detail *detail);
};

/* Sums over workers. */
struct pipeline_totals {
	struct capture_stats capture;
	struct flow_stats flow;
	uint64_t decoded[DECODE_REASON_COUNT];
	uint64_t records_dropped;
	int64_t first_us, newest_us; /* times of packets; INT64_MIN: none */
};

/*
 * Takes everything the capture has.  progress is called now and then; it
 * returns false to stop early.  NULL without memory.
 */
struct pipeline *
pipeline_replay(struct capture *capture, const struct pipeline_options *options,
		const struct pipeline_sink *sink,
		bool (*progress)(void *self, const struct capture_stats *now),
		void *progress_self);

/*
 * One thread per capture, of which there are options->workers; with none, nothing ever
 * comes.  The pipeline owns the captures from now on.  NULL without memory or threads.
 */
struct pipeline *pipeline_start(struct capture **captures,
				const struct pipeline_options *options,
				const struct pipeline_sink *sink);

/*
 * Takes what the workers have sent, for some milliseconds; the sink is called from
 * here. True: there is more, and under a flood always is; whoever asks, is answered
 * between.
 */
bool pipeline_pump(struct pipeline *p);

/*
 * Readable when a worker has sent a record (of what was said, or evidence); then not
 * again until pipeline_rests(): so that they cost one wake-up, however many they are.
 */
int pipeline_fd(const struct pipeline *p);
/* True if none came since it was last called: from now on the next one wakes again. */
bool pipeline_rests(struct pipeline *p);

/* Every open flow, asked of the workers; waits for them at most wait_ms. */
void pipeline_list(struct pipeline *p, int wait_ms,
		   void (*emit)(void *to, const struct flow_record *flow), void *to);

/*
 * Packets of the last seconds, from each worker that keeps some; they come as records
 * (kind packet) to the sink: live ones later, those of a replay before this returns.
 */
void pipeline_packets(struct pipeline *p, const struct packets_wanted *wanted);

/* Ends all flows and threads; the last records go to the sink. Live pipelines only. */
void pipeline_stop(struct pipeline *p);

void pipeline_totals(const struct pipeline *p, struct pipeline_totals *totals);
struct ports *pipeline_ports(struct pipeline *p);

/* First error of a capture that broke; "" if none. */
const char *pipeline_error(const struct pipeline *p);
void pipeline_free(struct pipeline *p);

/* Frames that could not be decoded: all but OK, no IP, and used despite a checksum. */
uint64_t totals_undecoded(const struct pipeline_totals *totals);
