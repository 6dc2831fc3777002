/*
 * pcap.h: packets that were kept, as a file that tcpdump and Wireshark read
 * (draft-ietf-opsawg-pcap).
 */
#pragma once

#include "base/buf.h"
#include "record/record.h"

/* Link type 101: each packet begins with its IP header. */
void record_pcap_begin(struct buf *out);
void record_pcap_packet(struct buf *out, const struct packet_record *packet);
