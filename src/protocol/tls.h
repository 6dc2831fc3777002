/*
 * tls.h: handshakes in TLS records, for who speaks TLS inside another protocol.
 */
#pragma once

#include "protocol/handshake.h"

extern const struct protocol protocol_tls;

/* RFC 8446 5.1 */
enum record_type {
	RECORD_CHANGE_CIPHER = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23,
	RECORD_HEARTBEAT = 24,
	RECORD_HEADER_LEN = 5,
};

/* One side's place in its stream. */
struct tls_side {
	uint32_t message_left; /* of a message whose rest is of no interest */
	uint16_t record_left;  /* of the record at hand */
	uint16_t need;         /* unread bytes without which there is nothing to do */
	uint8_t type;          /* of the record at hand */
	bool is_known : 1;     /* a record was read: it is TLS */
	bool is_encrypted : 1; /* after ChangeCipherSpec */
	bool is_lost : 1;      /* the next record was not where it had to be */
	uint8_t sealed;        /* encrypted handshake records */
};

struct tls_state {
	struct handshake handshake;
	struct tls_side side[2];
	uint16_t overread; /* length of a Heartbleed request; 0: none */
};

/*
 * Reads the records of a handshake.  False when it is over and was told: what comes is
 * encrypted, or no TLS.  Each side then stands where its state says, in a record or
 * before one.
 */
bool tls_read(struct talk *talk, struct tls_state *state, struct said *said);

/*
 * Takes the header of the next record, once all of the one before was taken or skipped.
 * False if not all of it is there, or if it is none (side->is_lost).
 */
bool tls_next_record(struct tls_side *side, struct bytes *data);

/* Takes what is there of the record at hand, and skips what will come. */
void tls_skip_record(struct talk *talk, struct tls_side *side, struct said *said);
