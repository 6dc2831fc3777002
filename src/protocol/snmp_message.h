/*
 * snmp_message.h: messages of SNMP, all versions: what a reader needs of them.
 */
#pragma once

#include "base/bytes.h"

enum {
	SNMP_V1 = 0,
	SNMP_V2C = 1,
	SNMP_V3 = 3,

	SNMP_GET = 0xa0,
	SNMP_GET_NEXT = 0xa1,
	SNMP_RESPONSE = 0xa2,
	SNMP_SET = 0xa3,
	SNMP_TRAP = 0xa4, /* of version 1 */
	SNMP_GET_BULK = 0xa5,
	SNMP_INFORM = 0xa6,
	SNMP_TRAP_V2 = 0xa7,
	SNMP_REPORT = 0xa8,

	/* flags of version 3 (RFC 3412 6.4) */
	SNMP_AUTH = 1,
	SNMP_PRIV = 2,
};

/* Borrows from the bytes it was read from. */
struct snmp_message {
	unsigned version;
	struct bytes community; /* before version 3 */
	int32_t message_id;     /* of version 3 */
	unsigned flags;
	struct bytes engine, user;
	/* What it is about; 0 if it is encrypted. */
	unsigned pdu;
	int32_t request_id;
	unsigned error;          /* error-status of a response */
	struct bytes oid, value; /* of the first variable, as encoded; empty: none */
	uint8_t value_tag;
};

/*
 * False if it is none.  Of a message that is cut off (is_cut), variables may be
 * missing; else it has to fill the bytes.
 */
bool snmp_message_read(struct bytes bytes, bool is_cut, struct snmp_message *message);

/* "get-request", "response"; NULL for 0. */
const char *snmp_pdu_name(unsigned pdu);

/* "1.3.6.1.2.1.1.1.0"; cut to fit. */
void snmp_oid_text(struct bytes oid, char *out, size_t size);
