/*
 * export.c: a flow as a record.
 */
#include <netinet/in.h>

#include "catalog/catalog.h"
#include "flow/history.h"
#include "flow/state.h"

/* S, then no answer of either kind, then R: the client gave up (Zeek's RSTOS0). */
static bool is_given_up(const char *history)
{
	if (*history == '^')
		history++;
	if (*history++ != 'S')
		return false;
	while (*history != '\0' && strchr("HAFGIQ", *history) == NULL)
		if (*history++ == 'R')
			return true;
	return false;
}

static const char *tcp_state(const struct body *b, const char *history)
{
	enum endpoint_state c = body_state(b, CLIENT), s = body_state(b, SERVER);
	bool no_client = c == ENDPOINT_INACTIVE || c == ENDPOINT_PARTIAL;
	bool no_server = s == ENDPOINT_INACTIVE || s == ENDPOINT_PARTIAL;
	if (s == ENDPOINT_RESET) {
		if (c == ENDPOINT_SYN_SENT || c == ENDPOINT_SYN_ACK_SENT ||
		    (c == ENDPOINT_RESET && tcp_size(b, CLIENT) == 0 &&
		     tcp_size(b, SERVER) == 0))
			return "REJ";
		return no_client ? "RSTRH" : "RSTR";
	}
	if (c == ENDPOINT_RESET) {
		if (!no_server)
			return "RSTO";
		return is_given_up(history) ? "RSTOS0" : "OTH";
	}
	if (c == ENDPOINT_CLOSED && s == ENDPOINT_CLOSED)
		return "SF";
	if (c == ENDPOINT_CLOSED)
		return no_server ? "SH" : "S2";
	if (s == ENDPOINT_CLOSED)
		return no_client ? "SHR" : "S3";
	if (c == ENDPOINT_SYN_SENT && s == ENDPOINT_INACTIVE)
		return "S0";
	if (c == ENDPOINT_ESTABLISHED && s == ENDPOINT_ESTABLISHED)
		return "S1";
	return "OTH";
}

static const char *conn_state(const struct body *b, const char *history)
{
	if (b->proto == IPPROTO_TCP)
		return tcp_state(b, history);
	if (b->proto != IPPROTO_UDP)
		return "OTH";
	if (b->side[CLIENT].packets > 0)
		return b->side[SERVER].packets > 0 ? "SF" : "S0";
	return b->side[SERVER].packets > 0 ? "SHR" : "OTH";
}

void export_iface(const struct flows *f, uint16_t link, field_text32 out)
{
	if (link != 0 && f->options.iface_name != NULL)
		record_text(out, sizeof(field_text32),
			    f->options.iface_name(f->options.iface_self,
						  f->links.at[link].iface));
}

static void put_link(const struct flows *f, uint16_t number, struct flow_record *out)
{
	const struct link *link = &f->links.at[number];
	if (number == 0)
		return;
	if (link->vlan != 0)
		out->vlan = link->vlan;
	if (link->vlan_inner != 0)
		out->vlan_inner = link->vlan_inner;
	out->tunnel = tunnel_name((enum tunnel)link->tunnel);
	export_iface(f, number, out->iface);
}

static void put_key(const struct flows *f, const struct flow_key *key, uint8_t proto,
		    struct flow_record *out)
{
	out->transport = transport_name(proto);
	out->ip_proto = proto;
	out->client_ip = key->addr[CLIENT];
	out->server_ip = key->addr[SERVER];
	out->client_port = key->port[CLIENT];
	out->server_port = key->port[SERVER];
	const char *protocol =
		catalog_protocol(f->options.catalog, proto, key->port[SERVER]);
	if (protocol != NULL) {
		record_text(out->protocol, sizeof(out->protocol), protocol);
		out->protocol_by = "port";
	}
}

static void put_meters(const struct flows *f, const struct body *b,
		       struct flow_record *out)
{
	if (b->handshaken)
		out->handshake_us = b->handshake_us;
	if (b->srtt1 != 0)
		out->server_rtt_us = b->srtt1;
	if (b->srtt0 != 0)
		out->client_rtt_us = b->srtt0;
	out->responses = b->responses;
	if (b->responses > 0) {
		out->response_mean_us = b->response_sum_us / b->responses;
		out->response_max_us =
			b->talks ? conversation_of(&f->talks, b)->response_max_us
				 : b->response_max_or_conversation;
	}
	if (b->proto != IPPROTO_TCP)
		return;
	out->client_retransmits = b->side[CLIENT].retransmits;
	out->server_retransmits = b->side[SERVER].retransmits;
	out->out_of_order =
		(uint64_t)b->side[CLIENT].out_of_order + b->side[SERVER].out_of_order;
	out->lost_bytes = b->lost_bytes;
	out->zero_windows =
		(uint64_t)b->side[CLIENT].zero_windows + b->side[SERVER].zero_windows;
	out->client_tcp_flags = b->flags0;
	out->server_tcp_flags = b->flags1;
}

void export_body(const struct flows *f, const struct body *b, const char *reason,
		 struct flow_record *out)
{
	bool is_tcp = b->proto == IPPROTO_TCP;
	record_init(RECORD_flow, out);
	put_key(f, &b->key, b->proto, out);
	put_link(f, b->link, out);
	out->start = body_start(b);
	out->end = body_last(b);
	char history[HISTORY_TEXT_MAX];
	history_text(b, history);
	record_text(out->history, sizeof(out->history), history);
	out->state = conn_state(b, history);
	out->end_reason = reason;
	out->client_packets = b->side[CLIENT].packets;
	out->server_packets = b->side[SERVER].packets;
	out->client_bytes = b->side[CLIENT].bytes;
	out->server_bytes = b->side[SERVER].bytes;
	out->client_payload_bytes = is_tcp ? tcp_size(b, CLIENT) : b->side[CLIENT].top;
	out->server_payload_bytes = is_tcp ? tcp_size(b, SERVER) : b->side[SERVER].top;
	put_meters(f, b, out);
	if (b->talks)
		talks_export(f, (uint32_t)(b - f->table.bodies), out);
	if (is_tcp) {
		out->resets = 0;
		for (const char *c = history; *c != '\0'; c++)
			out->resets += *c == 'r' || *c == 'R';
	}
}

void export_embryo(const struct flows *f, const struct embryo *e, const char *reason,
		   struct flow_record *out)
{
	record_init(RECORD_flow, out);
	put_key(f, &e->key, IPPROTO_TCP, out);
	put_link(f, e->link, out);
	out->start = embryo_start(e);
	out->end = embryo_start(e) + e->last_us;
	record_text(out->history, sizeof(out->history), "S");
	out->state = "S0";
	out->end_reason = reason;
	out->client_packets = e->packets;
	out->client_bytes = (uint64_t)e->packets * e->ip_len;
	out->client_tcp_flags = TCP_SYN;
	out->server_packets = out->server_bytes = 0;
	out->client_payload_bytes = out->server_payload_bytes = 0;
	out->responses = out->client_retransmits = out->server_retransmits = 0;
	out->out_of_order = out->lost_bytes = out->zero_windows = out->resets = 0;
}

void export_aggregate(const struct flows *f, const struct aggregate *a,
		      struct flow_record *out)
{
	record_init(RECORD_flow, out);
	out->transport = transport_name(a->proto);
	put_link(f, a->link, out);
	out->start = a->start_us;
	out->end = a->last_us;
	out->client_ip = a->source;
	out->client_packets = a->packets;
	out->client_bytes = a->bytes;
	out->flows = cardinality_estimate(&a->flows);
	out->end_reason = "aggregate";
}
