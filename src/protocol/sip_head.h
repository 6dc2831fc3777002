/*
 * sip_head.h: requests and responses of SIP without their bodies (RFC 3261 7).
 */
#pragma once

#include "protocol/credentials.h"

/* Those of sip_methods[]. */
enum {
	SIP_OTHER,
	SIP_INVITE,
	SIP_ACK,
};

extern const char *const sip_methods[];

/* What a head says; borrowed. */
struct sip_head {
	struct bytes uri, reason, from, software;
	unsigned method;     /* of a request, or of what is answered */
	unsigned code;       /* 0: a request */
	uint32_t call, cseq; /* hashes */
	uint64_t length;
	bool has_proof, goes_on;
	unsigned offers; /* bit per enum scheme */
	struct credentials proof;
};

/* False if it is none; the first line has to be whole. */
bool sip_head_read(struct bytes text, struct sip_head *head);

/* "SIP/2.0 200 OK"; false if it is none. */
bool sip_head_status(struct sip_head *head, struct bytes line);
