/*
 * flow.h: packets in, flow and port records out.
 *
 * One `struct flows` belongs to one thread.  Time comes with the packets and with
 * flows_tick(); the same packets and ticks give the same records.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cardinality.h"
#include "base/hash.h"
#include "base/histogram.h"
#include "base/home.h"
#include "flow/packet.h"
#include "record/record.h"

struct catalog;

/* What one worker counted for one service in one second; sums over workers. */
struct port_sample {
	int64_t start_us; /* begin of the second */
	struct addr server;
	uint16_t port;
	uint8_t proto; /* IPPROTO_; port 0 of unset address: what the table had no room
			  for */
	uint8_t has_detail;
	uint64_t flows, active, ended, rejected, unanswered, resets;
	uint64_t aborted; /* of resets: by the server, which had not finished */
	uint64_t client_bytes, server_bytes, client_packets, server_packets;
	uint64_t syns, handshakes; /* TCP: SYNs that came, handshakes completed */
	uint64_t data_packets, retransmits; /* segments with payload */
	uint64_t payload_bytes, lost_bytes;
	uint64_t answers, answer_errors; /* of the application; see record.def */
	uint64_t dropped_packets, dropped_bytes; /* never seen; see ports_dropped() */
	const char *protocol; /* recognised last in this second, static; NULL: none */
	int64_t protocol_us;
};

/* Distributions of that second; only services with samples have one. */
struct port_detail {
	struct histogram handshake, response;
	struct cardinality clients;
};

/* Where records go. Called from the thread that feeds the flows; arguments borrowed. */
struct flow_sink {
	void *self;
	/* NULL: nobody reads records of flows, so none are written */
	void (*flow)(void *self, const struct flow_record *flow);
	/*
	 * What was said: login, http, dns, tls ..., and `finding` for evidence of what
	 * is wrong, which is not yet a finding.  NULL: nobody reads them.
	 */
	void (*record)(void *self, enum record_kind kind, const void *record);
	/* detail is NULL unless sample->has_detail */
	void (*port)(void *self, const struct port_sample *sample,
		     const struct port_detail *detail);
	/* every sample of seconds before this time has been given */
	void (*tick)(void *self, int64_t at_us);
};

struct flow_options {
	uint32_t flows_max, half_open_max, source_share;
	uint32_t trail_max; /* packets kept for flows_packets() */
	bool reads;         /* what is said is read; false: protocols go by port */
	record_bits wants;  /* bit per record kind that sink.record is given */
	const struct catalog *catalog; /* borrowed, must outlive */
	struct hash_key key;
	/* Name of packet.iface, borrowed for the call; the function may be NULL. */
	const char *(*iface_name)(void *iface_self, uint16_t iface);
	void *iface_self;
};

struct flow_stats {
	uint64_t packets, bytes;
	uint64_t flows_open, half_open, services, sources;
	uint64_t flows_started, flows_evicted, flows_refused;
	uint64_t turns_cut;         /* not read to their end for lack of buffers */
	uint64_t contacts_left_out; /* not told, as there were too many a second */
	uint64_t memory_bytes;
};

struct flows;
struct flows *flows_new(const struct flow_options *options,
			const struct flow_sink *sink);
void flows_free(struct flows *flows);

/* A batch in order of arrival; at most FLOWS_BATCH. */
enum { FLOWS_BATCH = 64 };
void flows_take(struct flows *flows, const struct packet *packets, size_t count);

/* A flow that the packet quotes was refused; for packets that another worker takes. */
void flows_quoted(struct flows *flows, const struct packet *packet);

/* A fragment that deceives; see decoder_odd_fragment(). */
void flows_odd_fragment(struct flows *flows, const struct packet *packet,
			enum decode_reason reason);

/* Tells the time when no packet does. Going back is ignored. */
void flows_tick(struct flows *flows, int64_t now_us);

/* The wall clock was set by this much while flows were open: they move with it. */
void flows_shift(struct flows *flows, int64_t by_us);

/* Emits a record of every open flow, end_reason "active", and goes on. */
void flows_list(struct flows *flows);

/* Which packets of the last seconds somebody wants as evidence. */
struct packets_wanted {
	char id[32]; /* of the finding they are for */
	bool has_source, has_port;
	struct prefix source; /* one end; the other is the target, if one is set */
	struct addr target;
	uint16_t port; /* of the target */
	uint8_t proto; /* 0: any */
	int64_t since_us;
	uint32_t max; /* the newest so many; 64 at most */
};
enum { PACKETS_LINK_RAW = 101 }; /* a link type of pcap: IP header first */
typedef void (*packets_emit)(void *to, const struct packet_record *packet);

/* Gives them in order of time, without number and sent; how many there were. */
size_t flows_packets(const struct flows *flows, const struct packets_wanted *wanted,
		     packets_emit emit, void *to);

/* Ends every flow (end_reason "shutdown") and gives the last samples. */
void flows_finish(struct flows *flows);

void flows_stats(const struct flows *flows, struct flow_stats *stats);

/*
 * Samples of all workers become port records: one per service and second, and
 * at any time one per service over a window.
 */
struct ports;

/* detail: the distributions the record was made of; NULL: none. Both borrowed. */
typedef void (*port_emit)(void *to, const struct port_record *port,
			  const struct port_detail *detail);

/*
 * window_s: how far back ports_each() looks, in steps of that length (the running one
 * and the one before); 0: to the beginning; PORTS_NO_WINDOW: nobody will ask, which
 * only a single worker can make use of.  emit is given every record of a second.
 */
#define PORTS_NO_WINDOW UINT32_MAX
struct ports *ports_new(unsigned workers, uint32_t window_s,
			const struct catalog *catalog, port_emit emit, void *to);
void ports_free(struct ports *ports);

/* What a worker's sink was given. */
void ports_add(struct ports *ports, unsigned worker, const struct port_sample *sample,
	       const struct port_detail *detail);

/*
 * In that second, so many more packets of a service were stopped before any capture saw
 * them: only dropped_packets and dropped_bytes of the sample count.
 */
void ports_dropped(struct ports *ports, const struct port_sample *sample);

/*
 * The worker has given every sample before at_us.  Seconds that all workers have
 * finished are emitted, in order of time.
 */
void ports_tick(struct ports *ports, unsigned worker, int64_t at_us);

/* One record per service that was seen within the window, in no order. */
void ports_each(struct ports *ports, port_emit emit, void *to);

/* A place among the services of a step; begin with PORTS_STEP_NONE. */
struct ports_step {
	int64_t turned_us; /* when that step was over */
	uint32_t next;
};
#define PORTS_STEP_NONE ((struct ports_step){ INT64_MIN, 0 })
/*
 * The same of the step that is over alone, each service once: at most so many of them,
 * from that place on, which moves on.  False: that was all until the next step is over.
 */
bool ports_each_whole(struct ports *ports, struct ports_step *at, uint32_t most,
		      port_emit emit, void *to);
size_t ports_count(const struct ports *ports);
