/*
 * zeek.c: a flow as a line of Zeek's conn.log, as Zeek writes it in JSON.
 *
 * Zeek leaves fields out that are not set; duration and the payload sizes only
 * are when more than an instant passed.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/home.h"
#include "record/identity.h"
#include "record/object.h"

/* Seconds with the microseconds that count, and one decimal at least. */
static void write_seconds(struct buf *out, const char *name, int64_t us)
{
	uint64_t amount = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
	char decimals[6];
	uint64_t rest = amount % 1000000;
	for (size_t i = sizeof(decimals); i-- > 0; rest /= 10)
		decimals[i] = (char)('0' + rest % 10);
	size_t len = sizeof(decimals);
	while (len > 1 && decimals[len - 1] == '0')
		len--;

	buf_printf(out, "\"%s\":%s", name, us < 0 ? "-" : "");
	buf_u64(out, amount / 1000000);
	buf_char(out, '.');
	buf_add(out, decimals, len);
	buf_char(out, ',');
}

/* "C" and 17 digits to the base 62: the shape of Zeek's own. */
static void write_uid(struct buf *out, const struct flow_record *flow)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz";
	uint64_t identity[2];
	flow_identity(flow, identity);
	char uid[19] = "C";
	for (size_t i = 1; i < sizeof(uid) - 1; i++) {
		uint64_t *half = &identity[i % 2];
		uid[i] = digits[*half % 62];
		*half /= 62;
	}
	object_text(out, "uid", uid);
}

static void write_endpoints(struct buf *out, const struct flow_record *flow)
{
	/* Zeek has port 0 where a protocol has none. */
	bool has_ports = flow->client_port != UNKNOWN_U32;
	object_addr(out, "id.orig_h", &flow->client_ip);
	object_u64(out, "id.orig_p", has_ports ? flow->client_port : 0);
	object_addr(out, "id.resp_h", &flow->server_ip);
	has_ports = flow->server_port != UNKNOWN_U32;
	object_u64(out, "id.resp_p", has_ports ? flow->server_port : 0);
}

static const char *proto_name(int protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "icmp";
	default:
		return "unknown_transport";
	}
}

static void write_duration(struct buf *out, const struct flow_record *flow)
{
	if (flow->start == UNKNOWN_TIME || flow->end == UNKNOWN_TIME ||
	    flow->end <= flow->start)
		return;
	write_seconds(out, "duration", flow->end - flow->start);
	object_u64(out, "orig_bytes", flow->client_payload_bytes);
	object_u64(out, "resp_bytes", flow->server_payload_bytes);
}

static void write_local(struct buf *out, const struct flow_record *flow,
			const struct home *home)
{
	if (home == NULL || home->count == 0)
		return;
	object_bool(out, "local_orig", home_holds(home, &flow->client_ip));
	object_bool(out, "local_resp", home_holds(home, &flow->server_ip));
}

static void write_counts(struct buf *out, const struct flow_record *flow)
{
	uint64_t lost = flow->lost_bytes;
	object_u64(out, "missed_bytes", lost == UNKNOWN_U64 ? 0 : lost);
	object_text(out, "history", flow->history);
	object_u64(out, "orig_pkts", flow->client_packets);
	object_u64(out, "orig_ip_bytes", flow->client_bytes);
	object_u64(out, "resp_pkts", flow->server_packets);
	object_u64(out, "resp_ip_bytes", flow->server_bytes);
}

static uint64_t known_u16(uint16_t value)
{
	return value == UNKNOWN_U16 ? UNKNOWN_U64 : value;
}

void record_zeek_conn(struct buf *out, const struct flow_record *flow,
		      const struct home *home)
{
	int protocol = flow_protocol(flow);
	object_open(out, NULL);
	if (flow->start != UNKNOWN_TIME)
		write_seconds(out, "ts", flow->start);
	write_uid(out, flow);
	write_endpoints(out, flow);
	object_text(out, "proto", proto_name(protocol));
	object_text(out, "service", flow_zeek_service(flow));
	write_duration(out, flow);
	object_text(out, "conn_state", flow->state);
	write_local(out, flow, home);
	write_counts(out, flow);
	object_u64(out, "ip_proto", protocol < 0 ? UNKNOWN_U64 : (uint64_t)protocol);
	object_text(out, "community_id", flow->community_id);
	object_u64(out, "vlan", known_u16(flow->vlan));
	object_u64(out, "inner_vlan", known_u16(flow->vlan_inner));
	object_close(out);
}
