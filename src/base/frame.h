/*
 * frame.h: one captured link-layer frame, as every source of packets hands it on.
 *
 * The bytes are borrowed from the source and stay valid until its next batch.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* LINKTYPE_ values of the pcap and pcapng formats that we decode. */
enum linktype {
	LINK_NULL = 0, /* BSD loopback, family in the writer's byte order */
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_PPP_HDLC = 50,
	LINK_RAW_BSD = 12, /* DLT_RAW of most systems, as it stands in old files */
	LINK_RAW_OPENBSD = 14,
	LINK_RAW = 101, /* IPv4 or IPv6, by the version nibble */
	LINK_80211 = 105,
	LINK_LOOP = 108, /* OpenBSD loopback, family in network order */
	LINK_SLL = 113,
	LINK_RADIOTAP = 127,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
	LINK_SLL2 = 276,
};

enum frame_flag {
	FRAME_CSUM_PARTIAL =
		1,         /* the card fills the checksum in (TP_STATUS_CSUMNOTREADY) */
	FRAME_VLAN = 2,    /* vlan holds a tag that the kernel took off the frame */
	FRAME_SWAPPED = 4, /* the file was written in the other byte order */
};

struct frame {
	const uint8_t *at;
	uint32_t len;      /* captured */
	uint32_t wire_len; /* on the wire, >= len in a sane file */
	int64_t at_us;     /* Unix time */
	uint16_t link;     /* enum linktype */
	uint16_t iface;    /* index into the capture's interface names */
	uint16_t vlan;     /* VLAN identifier, 12 bits, if FRAME_VLAN */
	uint16_t flags;    /* enum frame_flag */
};
