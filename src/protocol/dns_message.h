/*
 * dns_message.h: DNS messages (RFC 1035 4), whose bytes may be wrong everywhere.
 *
 * A name is taken apart once, into labels without pointers and in lower case, so that
 * two that mean the same are the same bytes.
 */
#pragma once

#include "base/addr.h"
#include "base/bytes.h"
#include "protocol/protocol.h"

enum {
	DNS_HEADER = 12,
	DNS_NAME_MAX = 255,
	DNS_LABEL_MAX = 63,
	/* A message is judged by its first records: a transfer may bring thousands. */
	DNS_RECORDS_MAX = 64,

	DNS_QR = 0x8000, /* flags: a response */
	DNS_AA = 0x0400,
	DNS_TC = 0x0200, /* cut to fit */
	DNS_RD = 0x0100,
	DNS_RA = 0x0080,
	DNS_Z = 0x0040, /* must be zero */
	DNS_RCODE = 0x000f,

	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_NULL = 10,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_KEY = 25,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_DNAME = 39,
	DNS_OPT = 41,
	DNS_URI = 256,
	DNS_AXFR = 252,
	DNS_PRIVATE = 65280, /* up to 65534: RFC 6895 3.1 */

	DNS_CLASS_IN = 1,
	DNS_CLASS_CH = 3,

	DNS_SERVFAIL = 2,
};

/* What is wrong with a message. */
enum dns_flaw {
	DNS_SOUND,
	DNS_SHORT,   /* it ends within what it announces */
	DNS_COUNTS,  /* so many records can't be in so few bytes */
	DNS_POINTER, /* a name points forward, to itself or round in circles (4.1.4) */
	DNS_LABEL,   /* a label longer than 63 octets, or of a kind unknown */
	DNS_LONG,    /* a name of more than 255 octets (2.3.4) */
};
/* In words: "a name points to itself". */
const char *dns_flaw_text(enum dns_flaw flaw);

struct dns_name {
	uint8_t len; /* the root's zero included; 0: no name */
	uint8_t at[DNS_NAME_MAX];
};

enum { DNS_QUESTIONS, DNS_ANSWERS, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

struct dns_message {
	struct bytes bytes; /* what there is of it */
	size_t len;         /* of all of it */
	uint16_t id, flags, count[DNS_SECTIONS];
	struct dns_name name; /* of the first question, with its type and class */
	uint16_t type, class;
	size_t records_at;
};

/* Header and questions, of a message of len octets; bytes may be its begin only. */
enum dns_flaw dns_message_read(struct bytes bytes, size_t len,
			       struct dns_message *message);

static inline bool dns_is_response(const struct dns_message *message)
{
	return (message->flags & DNS_QR) != 0;
}

static inline unsigned dns_opcode(const struct dns_message *message)
{
	return message->flags >> 11 & 15;
}

/* A resource record. */
struct dns_rr {
	unsigned section;
	uint16_t type, class;
	uint32_t ttl;
	size_t name_at, data_at, data_len; /* offsets in the message */
};

/* Where a walk through the records is; all zero is before the first. */
struct dns_walk {
	size_t at;
	unsigned section, taken, seen;
	enum dns_flaw flaw; /* why it ended early */
};

/* False at the end, at a flaw and after DNS_RECORDS_MAX. */
bool dns_rr_next(const struct dns_message *message, struct dns_walk *walk,
		 struct dns_rr *record);

/* Reads the name at *at and moves behind it. */
enum dns_flaw dns_name_read(struct bytes message, size_t *at, struct dns_name *name);

/*
 * "www.example.com", "." for the root; dots and backslashes within labels and what is
 * not printable as RFC 1035 5.1 escapes them.  Cut to fit; returns the length.
 */
size_t dns_name_text(const struct dns_name *name, char *out, size_t size);

/* "www.example.com", without escapes; a last dot may be.  False: that is no name. */
bool dns_name_parse(const char *text, struct dns_name *name);
/* Is it that name, given as text without escapes? */
bool dns_name_is(const struct dns_name *name, const char *text);

/* The first label of a name from offset at on; empty at the root. */
struct bytes dns_label(const struct dns_name *name, size_t at);

/*
 * What the record's data say: an address, a name, the begin of a text in quotes; for
 * others the type's name.  Cut to fit; returns the length.  *flaw: that of a name in
 * it.
 */
size_t dns_rr_text(const struct dns_message *message, const struct dns_rr *record,
		   char *out, size_t size, enum dns_flaw *flaw);

/* What is wrong with the name in a record's data; nothing if there is none. */
enum dns_flaw dns_rr_flaw(const struct dns_message *message,
			  const struct dns_rr *record);

/* "A", "AAAA"; "PRIVATE" for the private range, "OTHER" for what has no name here. */
const char *dns_type_name(uint16_t type);
/* The other way; 0: no type has that name, in whatever case. */
uint16_t dns_type_number(const char *name);
/* "NOERROR", "NXDOMAIN"; "OTHER" too. */
const char *dns_rcode_name(unsigned rcode);

/* ---- dns_looks.c ---- */

/*
 * Whose words an opening's would be: DNS, multicast DNS, or those of neighbours that
 * say other things in the same form (LLMNR, NetBIOS names).  By addresses and ports,
 * for which these were made.
 */
enum dns_kind { DNS_UNICAST, DNS_MULTICAST, DNS_NEIGHBOUR };
enum dns_kind dns_kind_of(const struct opening *opening);

/* Is it DNS, from either side? */
enum verdict dns_looks(const struct opening *opening);
