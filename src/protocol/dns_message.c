/*
 * dns_message.c: reading DNS messages; see dns_message.h.
 *
 * Work is bounded by the message's length: a pointer must lead to before the labels it
 * was found behind, a name has at most 127 of both, a walk takes DNS_RECORDS_MAX.
 */
#include "protocol/dns_message.h"

#include <stdio.h>
#include <strings.h>

#include "protocol/line.h"

enum {
	HOPS_MAX = 127,                /* as many labels as a name can have */
	QUESTION_MIN = 5,              /* the root, type, class */
	RECORD_FIXED = 10,             /* type, class, TTL, length of data */
	RECORD_MIN = 1 + RECORD_FIXED, /* the root, and no data */
	QUESTIONS_READ = 64,           /* DNS asks one, multicast DNS some */
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

/* The last word overlaps the one before, which changes nothing any more. */
static void copy_lower(uint8_t *to, const uint8_t *from, size_t len)
{
	uint64_t word;
	for (size_t i = 0; len >= sizeof(word); i += sizeof(word)) {
		if (i + sizeof(word) > len)
			i = len - sizeof(word);
		memcpy(&word, from + i, sizeof(word));
		word = line_lower_word(word);
		memcpy(to + i, &word, sizeof(word));
		if (i + sizeof(word) == len)
			return;
	}
	for (size_t i = 0; i < len; i++)
		to[i] = line_lower(from[i]);
}

static void take_label(struct dns_name *name, const uint8_t *label, size_t len)
{
	name->at[name->len] = (uint8_t)len;
	copy_lower(name->at + name->len + 1, label + 1, len);
	name->len = (uint8_t)(name->len + 1 + len);
}

/* What is wrong with a label of that length, if the name has so many octets before it.
 */
static enum dns_flaw judge_label(struct bytes message, size_t from, size_t label,
				 size_t before)
{
	if (from + 1 + label > message.len)
		return DNS_SHORT;
	return before + 1 + label > DNS_NAME_MAX ? DNS_LONG : DNS_SOUND;
}

/* name: NULL to move behind it and no more. */
static inline enum dns_flaw walk_name(struct bytes message, size_t *at,
				      struct dns_name *name)
{
	size_t from = *at, run = *at; /* the label at hand; where its run began */
	bool has_jumped = false;      /* *at moves until the first pointer */
	size_t len = 0;
	for (unsigned hops = 0; hops <= 2 * HOPS_MAX; hops++) {
		if (from >= message.len)
			return DNS_SHORT;
		size_t label = message.at[from];
		if ((label & LABEL_KIND) == LABEL_KIND) {
			if (from + 1 >= message.len)
				return DNS_SHORT;
			if (!has_jumped)
				*at = from + 2;
			has_jumped = true;
			from = (label & ~(size_t)LABEL_KIND) << 8 |
			       message.at[from + 1];
			if (from >= run || from < DNS_HEADER)
				return DNS_POINTER;
			run = from;
			continue;
		}
		if ((label & LABEL_KIND) != 0)
			return DNS_LABEL;
		enum dns_flaw flaw = judge_label(message, from, label, len);
		if (flaw != DNS_SOUND)
			return flaw;
		if (name != NULL)
			take_label(name, message.at + from, label);
		len += 1 + label;
		from += 1 + label;
		if (!has_jumped)
			*at = from;
		if (label == 0)
			return DNS_SOUND;
	}
	return DNS_POINTER;
}

enum dns_flaw dns_name_read(struct bytes message, size_t *at, struct dns_name *name)
{
	name->len = 0;
	return walk_name(message, at, name);
}

/* Nearly all owners are a pointer to the question, whose name was read. */
static enum dns_flaw pass_name(const struct dns_message *message, size_t *at)
{
	static const uint8_t question[] = { LABEL_KIND, DNS_HEADER };
	struct bytes bytes = message->bytes;
	if (message->name.len > 0 && *at + sizeof(question) <= bytes.len &&
	    memcmp(bytes.at + *at, question, sizeof(question)) == 0) {
		*at += sizeof(question);
		return DNS_SOUND;
	}
	return walk_name(bytes, at, NULL);
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

bool dns_name_parse(const char *text, struct dns_name *name)
{
	size_t at = 0;
	while (*text != '\0') {
		size_t len = strcspn(text, ".");
		if (len == 0 || len > DNS_LABEL_MAX || at + 1 + len + 1 > DNS_NAME_MAX)
			return false;
		name->at[at++] = (uint8_t)len;
		for (size_t i = 0; i < len; i++)
			name->at[at++] = line_lower((uint8_t)text[i]);
		text += len + (text[len] == '.');
	}
	name->at[at++] = 0;
	name->len = (uint8_t)at;
	return true;
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
	size_t at = DNS_HEADER;
	for (unsigned i = 0; i < message->count[DNS_QUESTIONS]; i++) {
		if (i == QUESTIONS_READ)
			return DNS_COUNTS;
		enum dns_flaw flaw = i == 0 ? dns_name_read(bytes, &at, &message->name)
					    : walk_name(bytes, &at, NULL);
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

/* Of one that is too short, what there is. */
static void read_header(struct dns_message *message)
{
	uint8_t header[DNS_HEADER] = { 0 };
	size_t len = message->bytes.len < DNS_HEADER ? message->bytes.len / 2 * 2
						     : DNS_HEADER;
	struct bytes fields = bytes_of(header, sizeof(header));
	if (len > 0)
		memcpy(header, message->bytes.at, len);
	message->id = be16_at(fields, 0);
	message->flags = be16_at(fields, 2);
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		message->count[i] = be16_at(fields, 4 + 2 * (size_t)i);
}

enum dns_flaw dns_message_read(struct bytes bytes, size_t len,
			       struct dns_message *message)
{
	/* Field by field: to clear the name costs as much as to read it. */
	message->bytes = bytes;
	message->len = len;
	message->name.len = 0;
	message->type = message->class = 0;
	message->records_at = 0;
	read_header(message);
	if (bytes.len < DNS_HEADER)
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
	if (walk->flaw != DNS_SOUND || walk->seen == DNS_RECORDS_MAX ||
	    !skip_empty_sections(message, walk))
		return false;
	*record = (struct dns_rr){ .section = walk->section, .name_at = walk->at };
	walk->flaw = pass_name(message, &walk->at);
	if (walk->flaw != DNS_SOUND)
		return false;
	struct bytes bytes = message->bytes;
	size_t at = walk->at;
	if (bytes.len - at < RECORD_FIXED) {
		walk->flaw = DNS_SHORT;
		return false;
	}
	record->type = be16_at(bytes, at);
	record->class = be16_at(bytes, at + 2);
	record->ttl = (uint32_t)be16_at(bytes, at + 4) << 16 | be16_at(bytes, at + 6);
	record->data_len = be16_at(bytes, at + 8);
	record->data_at = at + RECORD_FIXED;
	if (record->data_len > bytes.len - record->data_at) {
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

/* How far into their data the name in such records is; SIZE_MAX: there is none. */
static size_t target_at(uint16_t type)
{
	switch (type) {
	case DNS_NS:
	case DNS_CNAME:
	case DNS_SOA:
	case DNS_PTR:
	case DNS_DNAME:
		return 0;
	case DNS_MX:
		return 2;
	case DNS_SRV:
		return 6;
	default:
		return SIZE_MAX;
	}
}

/* name: NULL if only its flaw is asked for. */
static enum dns_flaw read_target(const struct dns_message *message,
				 const struct dns_rr *record, struct dns_name *name)
{
	size_t at = record->data_at + target_at(record->type);
	if (target_at(record->type) >= record->data_len)
		return DNS_SHORT;
	enum dns_flaw flaw = name != NULL ? dns_name_read(message->bytes, &at, name)
					  : walk_name(message->bytes, &at, NULL);
	if (flaw == DNS_SOUND && at > record->data_at + record->data_len)
		flaw = DNS_SHORT;
	return flaw;
}

enum dns_flaw dns_rr_flaw(const struct dns_message *message,
			  const struct dns_rr *record)
{
	bool has_name = target_at(record->type) != SIZE_MAX;
	return has_name ? read_target(message, record, NULL) : DNS_SOUND;
}

size_t dns_rr_text(const struct dns_message *message, const struct dns_rr *record,
		   char *out, size_t size, enum dns_flaw *flaw)
{
	struct text text = { .at = out, .size = size };
	struct bytes data =
		bytes_of(message->bytes.at + record->data_at, record->data_len);
	const char *type;
	struct dns_name target;
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
	case DNS_MX:
	case DNS_SRV:
		*flaw = read_target(message, record, &target);
		if (*flaw == DNS_SOUND)
			put_name(&text, &target);
		break;
	case DNS_TXT:
		put_string(&text, data);
		break;
	default:
		type = dns_type_name(record->type);
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

uint16_t dns_type_number(const char *name)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
		if (strcasecmp(type_names[i].name, name) == 0)
			return type_names[i].type;
	return 0;
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
