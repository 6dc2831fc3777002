/*
 * ndpi.c: openings that no recogniser of ours knows, named by nDPI.
 *
 * nDPI looks at IP packets: an opening becomes two, one for each side.  One flow of its
 * is used again and again, so a conversation costs no memory; the module is made when
 * the first one is offered.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <ndpi/ndpi_api.h>
#pragma GCC diagnostic pop

#include "protocol/line.h"
#include "protocol/room.h"

enum { NAME_MAX_LEN = 31 };

struct stranger {
	struct ndpi_detection_module_struct *module;
	struct ndpi_flow_struct *flow;
	/* Lower case, of each protocol; "": not yet made. */
	char (*names)[NAME_MAX_LEN + 1];
	uint16_t names_count;
};

enum { HEADERS_MAX = sizeof(struct ip6_hdr) + sizeof(struct tcphdr) };

void stranger_free(struct stranger *ndpi)
{
	if (ndpi == NULL)
		return;
	if (ndpi->flow != NULL)
		ndpi_flow_free(ndpi->flow);
	if (ndpi->module != NULL)
		ndpi_exit_detection_module(ndpi->module);
	free(ndpi->names);
	free(ndpi);
}

/* NDPI_DEL_PROTOCOL_FROM_BITMASK, without the conversion it complains of. */
static void ndpi_clear(NDPI_PROTOCOL_BITMASK *mask, uint16_t protocol)
{
	mask->fds_bits[protocol / 32] &= ~(1u << protocol % 32);
}

/* What we recognise ourselves, and have said it is not: most of nDPI's work is these.
 */
static void leave_out_ours(NDPI_PROTOCOL_BITMASK *wanted)
{
	static const uint16_t ours[] = {
		NDPI_PROTOCOL_DNS,       NDPI_PROTOCOL_FTP_CONTROL,
		NDPI_PROTOCOL_HTTP,      NDPI_PROTOCOL_LDAP,
		NDPI_PROTOCOL_MAIL_IMAP, NDPI_PROTOCOL_MAIL_POP,
		NDPI_PROTOCOL_MAIL_SMTP, NDPI_PROTOCOL_MDNS,
		NDPI_PROTOCOL_MEMCACHED, NDPI_PROTOCOL_MQTT,
		NDPI_PROTOCOL_MYSQL,     NDPI_PROTOCOL_NTP,
		NDPI_PROTOCOL_POSTGRES,  NDPI_PROTOCOL_QUIC,
		NDPI_PROTOCOL_RDP,       NDPI_PROTOCOL_REDIS,
		NDPI_PROTOCOL_SIP,       NDPI_PROTOCOL_SMBV1,
		NDPI_PROTOCOL_SMBV23,    NDPI_PROTOCOL_SNMP,
		NDPI_PROTOCOL_SSDP,      NDPI_PROTOCOL_SSH,
		NDPI_PROTOCOL_TELNET,    NDPI_PROTOCOL_TLS,
		NDPI_PROTOCOL_VNC,
	};
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		ndpi_clear(wanted, ours[i]);
}

static struct stranger *stranger_new(void)
{
	struct stranger *ndpi = calloc(1, sizeof(*ndpi));
	NDPI_PROTOCOL_BITMASK all;
	if (ndpi == NULL)
		return NULL;
	/* Its libgcrypt is for QUIC, which we read ourselves. */
	ndpi->module = ndpi_init_detection_module(ndpi_dont_load_tor_hosts |
						  ndpi_dont_init_libgcrypt);
	ndpi->flow = ndpi_flow_malloc(SIZEOF_FLOW_STRUCT);
	if (ndpi->module == NULL || ndpi->flow == NULL) {
		stranger_free(ndpi);
		return NULL;
	}
	ndpi->names_count = (uint16_t)ndpi_get_num_supported_protocols(ndpi->module);
	ndpi->names = calloc(ndpi->names_count, sizeof(ndpi->names[0]));
	if (ndpi->names == NULL) {
		stranger_free(ndpi);
		return NULL;
	}
	memset(ndpi->flow, 0, SIZEOF_FLOW_STRUCT);
	NDPI_BITMASK_SET_ALL(all);
	leave_out_ours(&all);
	ndpi_set_protocol_detection_bitmask2(ndpi->module, &all);
	ndpi_finalize_initialization(ndpi->module);
	return ndpi;
}

static size_t put_transport(uint8_t *at, const struct opening *opening, unsigned by,
			    size_t payload)
{
	uint16_t source = htons(opening->port[by]),
		 target = htons(opening->port[1 - by]);
	if (opening->transport == IPPROTO_UDP) {
		struct udphdr udp = { .source = source, .dest = target };
		udp.len = htons((uint16_t)(sizeof(udp) + payload));
		memcpy(at, &udp, sizeof(udp));
		return sizeof(udp);
	}
	struct tcphdr tcp = { .source = source, .dest = target };
	tcp.doff = sizeof(tcp) / 4;
	tcp.psh = tcp.ack = 1;
	tcp.seq = tcp.ack_seq = htonl(1);
	tcp.window = htons(UINT16_MAX);
	memcpy(at, &tcp, sizeof(tcp));
	return sizeof(tcp);
}

/* A packet of what one side said first; its length. */
static size_t make_packet(uint8_t packet[HEADERS_MAX + OPENING_MAX],
			  const struct opening *opening, unsigned by)
{
	struct bytes said = opening->said[by];
	size_t payload = said.len < OPENING_MAX ? said.len : OPENING_MAX;
	const struct addr *from = &opening->addr[by], *to = &opening->addr[1 - by];
	bool is_v4 = addr_is_v4(from) && addr_is_v4(to);
	size_t ip_len = is_v4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	size_t header = put_transport(packet + ip_len, opening, by, payload);
	if (is_v4) {
		struct iphdr ip = { .version = 4,
				    .ihl = 5,
				    .ttl = 64,
				    .protocol = opening->transport };
		ip.tot_len = htons((uint16_t)(ip_len + header + payload));
		memcpy(&ip.saddr, from->ip6 + 12, 4);
		memcpy(&ip.daddr, to->ip6 + 12, 4);
		memcpy(packet, &ip, sizeof(ip));
	} else {
		struct ip6_hdr ip = { 0 };
		ip.ip6_flow = htonl(6u << 28);
		ip.ip6_plen = htons((uint16_t)(header + payload));
		ip.ip6_nxt = opening->transport;
		ip.ip6_hlim = 64;
		memcpy(&ip.ip6_src, from->ip6, 16);
		memcpy(&ip.ip6_dst, to->ip6, 16);
		memcpy(packet, &ip, sizeof(ip));
	}
	memcpy(packet + ip_len + header, said.at, payload);
	return ip_len + header + payload;
}

static bool is_known(const struct stranger *ndpi)
{
	return ndpi->flow->confidence == NDPI_CONFIDENCE_DPI &&
	       ndpi->flow->detected_protocol_stack[0] != NDPI_PROTOCOL_UNKNOWN;
}

static const char *name_of(struct stranger *ndpi, uint16_t id)
{
	if (id >= ndpi->names_count)
		return NULL;
	const char *text = ndpi_get_proto_name(ndpi->module, id);
	char *name = ndpi->names[id];
	for (size_t i = 0; i < NAME_MAX_LEN && text[i] != '\0'; i++)
		name[i] = (char)line_lower((uint8_t)text[i]);
	return name;
}

static const char *name_found(struct stranger *ndpi)
{
	/* [0] is the more special of the two: "Netflix" over [1] "TLS". */
	uint16_t id = ndpi->flow->detected_protocol_stack[1];
	if (id == NDPI_PROTOCOL_UNKNOWN)
		id = ndpi->flow->detected_protocol_stack[0];
	return is_known(ndpi) ? name_of(ndpi, id) : NULL;
}

const char *ndpi_name_opening(struct talk_room *room, const struct opening *opening,
			      int64_t at_us)
{
	uint8_t packet[HEADERS_MAX + OPENING_MAX];
	if (room->ndpi == NULL)
		room->ndpi = stranger_new();
	if (room->ndpi == NULL ||
	    (opening->transport != IPPROTO_TCP && opening->transport != IPPROTO_UDP))
		return NULL;
	struct stranger *ndpi = room->ndpi;
	/* Not by lists of ports and addresses: by what is said. */
	ndpi->flow->protocol_id_already_guessed = ndpi->flow->host_already_guessed = 1;
	for (unsigned turn = 0; turn < 2; turn++) {
		unsigned by = opening->first ^ turn;
		if (opening->said[by].len == 0)
			continue;
		size_t len = make_packet(packet, opening, by);
		ndpi_detection_process_packet(ndpi->module, ndpi->flow, packet,
					      (unsigned short)len,
					      (uint64_t)at_us / 1000);
	}
	const char *name = name_found(ndpi);
	ndpi_free_flow_data(ndpi->flow);
	memset(ndpi->flow, 0, SIZEOF_FLOW_STRUCT);
	return name;
}
