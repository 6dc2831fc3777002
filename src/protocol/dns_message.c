/*
 * dns_message.c: reading DNS messages; see dns_message.h.
 *
 * Work is bounded by the message's length: a pointer must lead to before the labels it
 * was found behind, a name has at most 127 of both, a walk takes DNS_RECORDS_MAX.
 */
#include "protocol/dns_message.h"

#include <stdio.h>

#include "protocol/line.h"

enum {
	HOPS_MAX = 127,      /* as many labels as a name can have */
	QUESTION_MIN = 5,    /* the root, type, class */
	RECORD_MIN = 11,     /* the root, type, class, TTL, no data */
	QUESTIONS_READ = 64, /* DNS asks one, multicast DNS some */
	LABEL_KIND = 0xc0,
};

const char *dns_flaw_text(enum dns_flaw flaw)
{
	static const char *const texts[] = {
		[DNS_SOUND] = "nothing is wrong",
		[DNS_SHORT] = "the message ends within what it announces",
		[DNS_COUNTS] = "more records are announced than can be in the message",
		[DNS_POINTER] = "a name points to what is not before it",
		[DNS_LABEL] = "a label longer than 63 octets or of unknown kind",
		[DNS_LONG] = "a name of more than 255 octets",
	};
	return texts[flaw];
}

/* ---- names ---- */

static enum dns_flaw add_label(struct bytes message, size_t from, size_t len,
			       struct dns_name *name)
{
	if (from + 1 + len > message.len)
		return DNS_SHORT;
	if (name->len + 1 + len > DNS_NAME_MAX)
		return DNS_LONG;
	name->at[name->len++] = (uint8_t)len;
	for (size_t i = 0; i < len; i++)
		name->at[name->len++] = line_lower(message.at[from + 1 + i]);
	return DNS_SOUND;
}

enum dns_flaw dns_name_read(struct bytes message, size_t *at, struct dns_name *name)
{
	size_t from = *at, run = *at; /* the label at hand; where its run began */
	size_t *behind = at;          /* moves until the first pointer */
	name->len = 0;
	for (unsigned hops = 0; hops <= 2 * HOPS_MAX; hops++) {
		if (from >= message.len)
			return DNS_SHORT;
		size_t len = message.at[from];
		if ((len & LABEL_KIND) == LABEL_KIND) {
			if (from + 1 >= message.len)
				return DNS_SHORT;
			if (behind != NULL)
				*behind = from + 2;
			behind = NULL;
			from = (len & ~(size_t)LABEL_KIND) << 8 | message.at[from + 1];
			if (from >= run || from < DNS_HEADER)
				return DNS_POINTER;
			run = from;
			continue;
		}
		if ((len & LABEL_KIND) != 0)
			return DNS_LABEL;
		enum dns_flaw flaw = add_label(message, from, len, name);
		if (flaw != DNS_SOUND)
			return flaw;
		from += 1 + len;
		if (behind != NULL)
			*behind = from;
		if (len == 0)
			return DNS_SOUND;
	}
	return DNS_POINTER;
}

struct bytes dns_label(const struct dns_name *name, size_t at)
{
	if (at >= name->len)
		return bytes_of(name->at, 0);
	return bytes_of(name->at + at + 1, name->at[at]);
}

/* A growing text, always with its NUL; full at the first piece that does not fit. */
struct text {
	char *at;
	size_t size, len;
};

static void put(struct text *text, const char *piece, size_t len)
{
	if (text->len + len >= text->size) {
		text->size = text->len;
		return;
	}
	memcpy(text->at + text->len, piece, len);
	text->len += len;
	text->at[text->len] = '\0';
}

static void put_octet(struct text *text, uint8_t c)
{
	char piece[5] = { (char)c };
	if (c == '.' || c == '\\')
		put(text, (char[]){ '\\', (char)c }, 2);
	else if (c > ' ' && c < 0x7f)
		put(text, piece, 1);
	else
		put(text, piece, (size_t)snprintf(piece, sizeof(piece), "\\%03u", c));
}

static void put_name(struct text *text, const struct dns_name *name)
{
	if (name->len <= 1)
		put(text, ".", 1);
	for (size_t at = 0; at + 1 < name->len; at += 1 + (size_t)name->at[at]) {
		struct bytes label = dns_label(name, at);
		if (at > 0)
			put(text, ".", 1);
		for (size_t i = 0; i < label.len; i++)
			put_octet(text, label.at[i]);
	}
}

size_t dns_name_text(const struct dns_name *name, char *out, size_t size)
{
	struct text text = { .at = out, .size = size };
	out[0] = '\0';
	put_name(&text, name);
	return text.len;
}

bool dns_name_is(const struct dns_name *name, const char *text)
{
	char have[DNS_NAME_MAX + 1];
	dns_name_text(name, have, sizeof(have));
	return strcmp(have, text) == 0;
}

/* ---- messages ---- */

static bool counts_fit(const struct dns_message *message)
{
	size_t records = (size_t)message->count[DNS_ANSWERS] +
			 message->count[DNS_AUTHORITY] + message->count[DNS_ADDITIONAL];
	size_t least = DNS_HEADER +
		       QUESTION_MIN * (size_t)message->count[DNS_QUESTIONS] +
		       RECORD_MIN * records;
	return least <= message->len;
}

static uint16_t be16_at(struct bytes bytes, size_t at)
{
	return (uint16_t)(bytes.at[at] << 8 | bytes.at[at + 1]);
}

static enum dns_flaw read_questions(struct dns_message *message)
{
	struct bytes bytes = message->bytes;
	struct dns_name other;
	size_t at = DNS_HEADER;
	for (unsigned i = 0; i < message->count[DNS_QUESTIONS]; i++) {
		if (i == QUESTIONS_READ)
			return DNS_COUNTS;
		enum dns_flaw flaw =
			dns_name_read(bytes, &at, i == 0 ? &message->name : &other);
		if (flaw != DNS_SOUND)
			return flaw;
		if (at + 4 > bytes.len)
			return DNS_SHORT;
		if (i == 0) {
			message->type = be16_at(bytes, at);
			message->class = be16_at(bytes, at + 2);
		}
		at += 4;
	}
	message->records_at = at;
	return DNS_SOUND;
}

enum dns_flaw dns_message_read(struct bytes bytes, size_t len,
			       struct dns_message *message)
{
	struct bytes header = bytes;
	*message = (struct dns_message){ .bytes = bytes, .len = len };
	message->id = bytes_be16(&header);
	message->flags = bytes_be16(&header);
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		message->count[i] = bytes_be16(&header);
	if (!bytes_ok(&header))
		return DNS_SHORT;
	/* Who cuts a message to fit may leave its counts as they were (RFC 2181 9). */
	if (!counts_fit(message) && (message->flags & DNS_TC) == 0)
		return DNS_COUNTS;
	return read_questions(message);
}

static bool skip_empty_sections(const struct dns_message *message,
				struct dns_walk *walk)
{
	if (walk->section == DNS_QUESTIONS) {
		walk->section = DNS_ANSWERS;
		walk->at = message->records_at;
	}
	while (walk->section < DNS_SECTIONS &&
	       walk->taken == message->count[walk->section]) {
		walk->section++;
		walk->taken = 0;
	}
	return walk->section < DNS_SECTIONS;
}

bool dns_rr_next(const struct dns_message *message, struct dns_walk *walk,
		 struct dns_rr *record)
{
	struct dns_name owner;
	if (walk->flaw != DNS_SOUND || walk->seen == DNS_RECORDS_MAX ||
	    !skip_empty_sections(message, walk))
		return false;
	*record = (struct dns_rr){ .section = walk->section, .name_at = walk->at };
	walk->flaw = dns_name_read(message->bytes, &walk->at, &owner);
	if (walk->flaw != DNS_SOUND)
		return false;
	struct bytes rest =
		bytes_of(message->bytes.at + walk->at, message->bytes.len - walk->at);
	record->type = bytes_be16(&rest);
	record->class = bytes_be16(&rest);
	record->ttl = bytes_be32(&rest);
	record->data_len = bytes_be16(&rest);
	record->data_at = message->bytes.len - rest.len;
	bytes_take(&rest, record->data_len);
	if (!bytes_ok(&rest)) {
		walk->flaw = DNS_SHORT;
		return false;
	}
	walk->at = record->data_at + record->data_len;
	walk->taken++;
	walk->seen++;
	return true;
}

/* ---- what records say ---- */

static void put_address(struct text *text, struct bytes data, size_t len)
{
	char address[ADDR_TEXT_MAX];
	if (data.len != len)
		return;
	struct addr addr = len == 4 ? addr_v4(data.at) : addr_v6(data.at);
	put(text, address, addr_text(&addr, address));
}

/* The first of its strings (3.3.14), its begin: enough to know what it is about. */
static void put_string(struct text *text, struct bytes data)
{
	enum { SHOWN = 64 };
	char shown[SHOWN + 1];
	size_t len = bytes_u8(&data);
	struct bytes string = bytes_of(data.at, len < data.len ? len : data.len);
	facts_text(shown, sizeof(shown), string);
	put(text, shown, strlen(shown));
	if (string.len > SHOWN)
		put(text, "...", 3);
}

/* A name behind so many octets of the data. */
static enum dns_flaw put_target(struct text *text, const struct dns_message *message,
				const struct dns_rr *record, size_t behind)
{
	struct dns_name name;
	size_t at = record->data_at + behind;
	if (behind >= record->data_len)
		return DNS_SHORT;
	enum dns_flaw flaw = dns_name_read(message->bytes, &at, &name);
	if (flaw == DNS_SOUND && at > record->data_at + record->data_len)
		flaw = DNS_SHORT;
	if (flaw == DNS_SOUND)
		put_name(text, &name);
	return flaw;
}

size_t dns_rr_text(const struct dns_message *message, const struct dns_rr *record,
		   char *out, size_t size, enum dns_flaw *flaw)
{
	struct text text = { .at = out, .size = size };
	struct bytes data =
		bytes_of(message->bytes.at + record->data_at, record->data_len);
	const char *type = dns_type_name(record->type);
	out[0] = '\0';
	*flaw = DNS_SOUND;
	switch (record->type) {
	case DNS_A:
		put_address(&text, data, 4);
		break;
	case DNS_AAAA:
		put_address(&text, data, 16);
		break;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_SOA:
	case DNS_PTR:
	case DNS_DNAME:
		*flaw = put_target(&text, message, record, 0);
		break;
	case DNS_MX:
		*flaw = put_target(&text, message, record, 2);
		break;
	case DNS_SRV:
		*flaw = put_target(&text, message, record, 6);
		break;
	case DNS_TXT:
		put_string(&text, data);
		break;
	default:
		put(&text, type, strlen(type));
	}
	return text.len;
}

struct type_name {
	uint16_t type;
	const char *name;
};

/* IANA, "Resource Record (RR) TYPEs". */
static const struct type_name type_names[] = {
	{ DNS_A, "A" },
	{ DNS_NS, "NS" },
	{ 3, "MD" },
	{ 4, "MF" },
	{ DNS_CNAME, "CNAME" },
	{ DNS_SOA, "SOA" },
	{ 7, "MB" },
	{ 8, "MG" },
	{ 9, "MR" },
	{ DNS_NULL, "NULL" },
	{ 11, "WKS" },
	{ DNS_PTR, "PTR" },
	{ 13, "HINFO" },
	{ 14, "MINFO" },
	{ DNS_MX, "MX" },
	{ DNS_TXT, "TXT" },
	{ 17, "RP" },
	{ 18, "AFSDB" },
	{ 19, "X25" },
	{ 20, "ISDN" },
	{ 21, "RT" },
	{ 24, "SIG" },
	{ DNS_KEY, "KEY" },
	{ 26, "PX" },
	{ DNS_AAAA, "AAAA" },
	{ 29, "LOC" },
	{ 30, "NXT" },
	{ DNS_SRV, "SRV" },
	{ 35, "NAPTR" },
	{ 36, "KX" },
	{ 37, "CERT" },
	{ 38, "A6" },
	{ DNS_DNAME, "DNAME" },
	{ DNS_OPT, "OPT" },
	{ 42, "APL" },
	{ 43, "DS" },
	{ 44, "SSHFP" },
	{ 45, "IPSECKEY" },
	{ 46, "RRSIG" },
	{ 47, "NSEC" },
	{ 48, "DNSKEY" },
	{ 49, "DHCID" },
	{ 50, "NSEC3" },
	{ 51, "NSEC3PARAM" },
	{ 52, "TLSA" },
	{ 53, "SMIMEA" },
	{ 55, "HIP" },
	{ 59, "CDS" },
	{ 60, "CDNSKEY" },
	{ 61, "OPENPGPKEY" },
	{ 62, "CSYNC" },
	{ 63, "ZONEMD" },
	{ 64, "SVCB" },
	{ 65, "HTTPS" },
	{ 99, "SPF" },
	{ 108, "EUI48" },
	{ 109, "EUI64" },
	{ 249, "TKEY" },
	{ 250, "TSIG" },
	{ 251, "IXFR" },
	{ DNS_AXFR, "AXFR" },
	{ 253, "MAILB" },
	{ 254, "MAILA" },
	{ 255, "ANY" },
	{ DNS_URI, "URI" },
	{ 257, "CAA" },
	{ 32768, "TA" },
	{ 32769, "DLV" },
};

const char *dns_type_name(uint16_t type)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
		if (type_names[i].type == type)
			return type_names[i].name;
	return type >= DNS_PRIVATE && type < UINT16_MAX ? "PRIVATE" : "OTHER";
}

const char *dns_rcode_name(unsigned rcode)
{
	/* IANA, "DNS RCODEs"; 16 is BADVERS in an OPT record (RFC 6891 9). */
	static const char *const names[] = {
		[0] = "NOERROR",   [1] = "FORMERR",    [2] = "SERVFAIL",
		[3] = "NXDOMAIN",  [4] = "NOTIMP",     [5] = "REFUSED",
		[6] = "YXDOMAIN",  [7] = "YXRRSET",    [8] = "NXRRSET",
		[9] = "NOTAUTH",   [10] = "NOTZONE",   [11] = "DSOTYPENI",
		[16] = "BADVERS",  [17] = "BADKEY",    [18] = "BADTIME",
		[19] = "BADMODE",  [20] = "BADNAME",   [21] = "BADALG",
		[22] = "BADTRUNC", [23] = "BADCOOKIE",
	};
	bool is_known =
		rcode < sizeof(names) / sizeof(names[0]) && names[rcode] != NULL;
	return is_known ? names[rcode] : "OTHER";
}
