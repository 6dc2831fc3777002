/*
 * eve.c: flows and our own health as Suricata's EVE events, and what all events have.
 *
 * Only members that EVE's schema knows, for it allows no others.  ip_v is left out:
 * schemas before Suricata 8 refuse it, and src_ip says the same.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "record/eve.h"
#include "record/identity.h"
#include "record/object.h"

enum { SECOND_US = 1000000 };

static const struct {
	const char *conn_state, *tcp_state, *flow_state;
} states[] = {
	/* Suricata: the server's FIN leads to fin_wait1, the client's to close_wait. */
	{ "S0", "syn_sent", "new" },           { "S1", "established", "established" },
	{ "S2", "close_wait", "established" }, { "S3", "fin_wait1", "established" },
	{ "SF", "closed", "closed" },          { "REJ", "closed", "closed" },
	{ "RSTO", "closed", "closed" },        { "RSTR", "closed", "closed" },
	{ "RSTOS0", "closed", "closed" },      { "RSTRH", "closed", "closed" },
	{ "SH", "syn_sent", "new" },           { "SHR", "syn_recv", "new" },
};

static bool is_answered(const struct flow_record *flow)
{
	return flow->client_packets != UNKNOWN_U64 && flow->client_packets > 0 &&
	       flow->server_packets != UNKNOWN_U64 && flow->server_packets > 0;
}

/* Index into states, or -1 where Suricata has no TCP session (OTH). */
static int state_of(const struct flow_record *flow)
{
	if (flow_protocol(flow) != IPPROTO_TCP || flow->state == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].conn_state, flow->state) == 0)
			return (int)i;
	return -1;
}

static const char *proto_name(int protocol, char number[static 12])
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_ICMP:
		return "ICMP";
	case IPPROTO_ICMPV6:
		return "IPv6-ICMP";
	case IPPROTO_SCTP:
		return "SCTP";
	default:
		if (protocol < 0)
			return NULL;
		snprintf(number, 12, "%03d", protocol);
		return number;
	}
}

static void write_vlan(struct buf *out, const struct flow_record *flow)
{
	if (flow->vlan == UNKNOWN_U16)
		return;
	buf_text(out, "\"vlan\":[");
	buf_u64(out, flow->vlan);
	if (flow->vlan_inner != UNKNOWN_U16) {
		buf_char(out, ',');
		buf_u64(out, flow->vlan_inner);
	}
	buf_text(out, "],");
}

static void write_port(struct buf *out, const char *name, uint32_t port)
{
	object_u64(out, name, port == UNKNOWN_U32 ? UNKNOWN_U64 : port);
}

static void write_endpoints(struct buf *out, const struct flow_record *flow)
{
	char number[12];
	bool has_ports = !flow_is_icmp(flow);
	object_addr(out, "src_ip", &flow->client_ip);
	if (has_ports)
		write_port(out, "src_port", flow->client_port);
	object_addr(out, "dest_ip", &flow->server_ip);
	if (has_ports)
		write_port(out, "dest_port", flow->server_port);
	object_text(out, "proto", proto_name(flow_protocol(flow), number));
}

/* A type with an answer has no codes of interest; the others have theirs as port. */
static void write_icmp(struct buf *out, const struct flow_record *flow)
{
	if (!flow_is_icmp(flow))
		return;
	int counter = icmp_counter_type(flow_protocol(flow), flow->client_port);
	write_port(out, "icmp_type", flow->client_port);
	write_port(out, "icmp_code", counter >= 0 ? 0 : flow->server_port);
	if (counter < 0 || !is_answered(flow))
		return;
	object_u64(out, "response_icmp_type", (uint64_t)counter);
	object_u64(out, "response_icmp_code", 0);
}

static int64_t seconds_of(int64_t us)
{
	return us / SECOND_US - (us % SECOND_US < 0);
}

static const char *flow_state(const struct flow_record *flow)
{
	int state = state_of(flow);
	if (state >= 0)
		return states[state].flow_state;
	return is_answered(flow) ? "established" : "new";
}

/* NULL for a flow that goes on. */
static const char *end_reason(const struct flow_record *flow)
{
	if (flow->end_reason == NULL || strcmp(flow->end_reason, "active") == 0)
		return NULL;
	if (strcmp(flow->end_reason, "shutdown") == 0)
		return "shutdown";
	bool was_forced = strcmp(flow->end_reason, "evicted") == 0 ||
			  strcmp(flow->end_reason, "aggregate") == 0;
	return was_forced ? "forced" : "timeout";
}

static void write_flow(struct buf *out, const struct flow_record *flow)
{
	object_open(out, "flow");
	object_u64(out, "pkts_toserver", flow->client_packets);
	object_u64(out, "pkts_toclient", flow->server_packets);
	object_u64(out, "bytes_toserver", flow->client_bytes);
	object_u64(out, "bytes_toclient", flow->server_bytes);
	object_time(out, "start", flow->start, EVE_ZONE);
	object_time(out, "end", flow->end, EVE_ZONE);
	if (flow->start != UNKNOWN_TIME && flow->end >= flow->start)
		object_u64(out, "age",
			   (uint64_t)(seconds_of(flow->end) - seconds_of(flow->start)));
	object_text(out, "state", flow_state(flow));
	object_text(out, "reason", end_reason(flow));
	object_bool(out, "alerted", false);
	object_close(out);
	buf_char(out, ',');
}

static void write_flags(struct buf *out, const char *name, uint16_t flags)
{
	char hex[8];
	if (flags == UNKNOWN_U16)
		return;
	snprintf(hex, sizeof(hex), "%02x", flags & 0xffU);
	object_text(out, name, hex);
}

static void write_tcp(struct buf *out, const struct flow_record *flow)
{
	static const char *const names[] = { "fin", "syn", "rst", "psh",
					     "ack", "urg", "ecn", "cwr" };
	uint16_t client = flow->client_tcp_flags, server = flow->server_tcp_flags;
	uint16_t both = (uint16_t)((client == UNKNOWN_U16 ? 0 : client) |
				   (server == UNKNOWN_U16 ? 0 : server));
	int state = state_of(flow);
	if (flow_protocol(flow) != IPPROTO_TCP)
		return;
	object_open(out, "tcp");
	if (client != UNKNOWN_U16 || server != UNKNOWN_U16)
		write_flags(out, "tcp_flags", both);
	write_flags(out, "tcp_flags_ts", client);
	write_flags(out, "tcp_flags_tc", server);
	for (unsigned bit = 0; bit < 8; bit++)
		if ((both & 1U << bit) != 0)
			object_bool(out, names[bit], true);
	object_text(out, "state", state < 0 ? NULL : states[state].tcp_state);
	object_close(out);
	buf_char(out, ',');
}

void eve_begin(struct buf *out, const struct flow_record *flow, int64_t at_us,
	       const char *type)
{
	uint64_t identity[2];
	object_open(out, NULL);
	object_time(out, "timestamp", at_us, EVE_ZONE);
	if (flow->start != UNKNOWN_TIME) {
		flow_identity(flow, identity);
		/* 53 bits: a number that JavaScript keeps. */
		object_u64(out, "flow_id", identity[0] >> 11);
	}
	object_text(out, "in_iface", flow->iface);
	object_text(out, "event_type", type);
	write_vlan(out, flow);
	write_endpoints(out, flow);
	write_icmp(out, flow);
	object_text(out, "community_id", flow->community_id);
}

void record_eve_flow(struct buf *out, const struct flow_record *flow)
{
	eve_begin(out, flow, flow->end, "flow");
	object_text(out, "app_proto", flow_eve_protocol(flow));
	write_flow(out, flow);
	write_tcp(out, flow);
	object_close(out);
}

static uint64_t sum_known(uint64_t a, uint64_t b)
{
	if (a == UNKNOWN_U64 || b == UNKNOWN_U64)
		return a;
	return a + b;
}

void record_eve_stats(struct buf *out, const struct self_record *self, int64_t start_us)
{
	object_open(out, NULL);
	object_time(out, "timestamp", self->at, EVE_ZONE);
	object_text(out, "event_type", "stats");
	object_open(out, "stats");
	if (self->at != UNKNOWN_TIME && self->at >= start_us)
		object_u64(out, "uptime", (uint64_t)(self->at - start_us) / SECOND_US);
	object_open(out, "capture");
	/* Suricata's count has the lost ones in it. */
	object_u64(out, "kernel_packets", sum_known(self->packets, self->dropped));
	object_u64(out, "kernel_drops", self->dropped);
	object_close(out);
	buf_char(out, ',');
	object_open(out, "decoder");
	object_u64(out, "pkts", self->packets);
	object_u64(out, "bytes", self->bytes);
	object_u64(out, "invalid", self->undecoded);
	object_close(out);
	buf_char(out, ',');
	object_open(out, "flow");
	object_u64(out, "active", self->flows);
	object_close(out);
	object_close(out);
	object_close(out);
}
