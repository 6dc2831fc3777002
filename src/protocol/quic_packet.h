/*
 * quic_packet.h: QUIC's long header packets, and Initial ones opened.
 *
 * Initial packets are encrypted with keys that everybody can derive from the connection
 * id the client made up for the server (RFC 9001 5.2): that keeps middleboxes honest,
 * not secrets.
 */
#pragma once

#include "base/bytes.h"

enum quic_type {
	QUIC_INITIAL,
	QUIC_ZERO_RTT,
	QUIC_HANDSHAKE,
	QUIC_RETRY,
	QUIC_VERSION_NEGOTIATION,
	QUIC_OLD, /* Google's, before the IETF's */
};

enum { QUIC_CID_MAX = 20 };

#define QUIC_V1       UINT32_C(1)
#define QUIC_V2       UINT32_C(0x6b3343cf)
#define QUIC_DRAFT_29 UINT32_C(0xff00001d)

struct quic_packet {
	enum quic_type type;
	bool has_fixed_bit; /* a peer that said it may can do without, RFC 9287 */
	uint32_t version;
	struct bytes to, from; /* connection ids */
	/* From its first octet to its end; and what is before the packet number. */
	struct bytes whole;
	size_t number_at;
};

/* "QUIC v1", "QUIC draft-29", "gQUIC Q046"; false if nobody has that version. */
enum { QUIC_VERSION_TEXT_MAX = 16 };
bool quic_version_text(uint32_t version, char out[QUIC_VERSION_TEXT_MAX]);

/*
 * Takes the next packet with a long header off a datagram.  False if there is none of a
 * version that is known, or it is broken.  One that goes on behind the end, because the
 * datagram was cut short, has its whole bad.
 */
bool quic_take_packet(struct bytes *datagram, struct quic_packet *packet);

/* Ciphers found once, for one thread. */
struct quic_opener;
struct quic_opener *quic_opener_new(void); /* NULL without memory */
void quic_opener_free(struct quic_opener *opener);

/*
 * The frames of an Initial packet; cid is the one whose keys protect it.  Bad if it is
 * not what was sealed with them.  Borrowed until the next one is opened.
 */
struct bytes quic_open(struct quic_opener *opener, const struct quic_packet *packet,
		       struct bytes cid, bool by_server);

/* A number of 1, 2, 4 or 8 octets, RFC 9000 16. */
uint64_t quic_number(struct bytes *data);
