/*
 * pcap.c: see pcap.h.  In our byte order, as the magic number tells.
 */
#include "record/pcap.h"

enum { LINK_RAW = 101, SNAP = 65535 };

void record_pcap_begin(struct buf *out)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap, link;
	} head = { 0xa1b2c3d4, 2, 4, 0, 0, SNAP, LINK_RAW };
	buf_add(out, &head, sizeof(head));
}

void record_pcap_packet(struct buf *out, const struct packet_record *packet)
{
	const uint32_t head[4] = { (uint32_t)(packet->at / 1000000),
				   (uint32_t)(packet->at % 1000000), packet->data.len,
				   packet->wire_bytes };
	buf_add(out, head, sizeof(head));
	buf_add(out, packet->data.at, packet->data.len);
}
