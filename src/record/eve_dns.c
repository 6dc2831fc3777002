/*
 * eve_dns.c: a DNS question and its answer as Suricata's EVE events.
 *
 * Version 2 of them, which schemas of Suricata 7 and 8 accept alike: a "query", and an
 * "answer" if there was one.  Answers are grouped by type; those that need an object
 * of their own (SOA, SRV) are left out, for the record has no more than their text.
 */
#include "record/eve_dns.h"

#include <stdio.h>
#include <string.h>

#include "record/eve.h"
#include "record/object.h"

enum { VERSION = 2, TYPES = 7 };

/* The types whose groups are plain texts. */
enum { A, AAAA, CNAME, MX, NS, PTR, TXT };
static const char *const types[TYPES] = {
	"A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT"
};

static void write_question(struct buf *out, const struct dns_record *dns)
{
	/* The usual one goes without saying; older schemas don't know the member. */
	if (dns->opcode != UNKNOWN_U32 && dns->opcode != 0)
		object_u64(out, "opcode", dns->opcode);
	object_text(out, "rrname", dns->query);
	object_text(out, "rrtype", dns->type);
}

static void write_head(struct buf *out, const char *type, const struct dns_record *dns)
{
	object_open(out, "dns");
	object_u64(out, "version", VERSION);
	object_text(out, "type", type);
	object_u64(out, "id", dns->id == UNKNOWN_U32 ? UNKNOWN_U64 : dns->id);
}

/* RFC 1035, 4.1.1. */
static void write_flags(struct buf *out, uint32_t flags)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} bits[] = { { "qr", 0x8000 }, { "aa", 0x0400 }, { "tc", 0x0200 },
		     { "rd", 0x0100 }, { "ra", 0x0080 }, { "z", 0x0040 } };
	char hex[12];
	snprintf(hex, sizeof(hex), "%x", flags);
	object_text(out, "flags", hex);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if ((flags & bits[i].bit) != 0)
			object_bool(out, bits[i].name, true);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int type_asked(const struct dns_record *dns)
{
	for (int i = 0; dns->type != NULL && i < TYPES; i++)
		if (strcmp(types[i], dns->type) == 0)
			return i;
	return -1;
}

/* Of what type an answer is, by how it looks and what was asked; -1: can't be told. */
static int type_of(const char *answer, int asked)
{
	struct addr addr;
	if (asked == A || asked == AAAA) {
		if (addr_parse(answer, &addr))
			return addr_is_v4(&addr) ? A : AAAA;
		return CNAME;
	}
	/* RFC 2317: an alias leads to the name a provider has delegated. */
	return asked == PTR && ends_with(answer, ".arpa") ? CNAME : asked;
}

/*
 * Takes the next answer off *text; "" at the end.  The last of a text that is full was
 * cut, and half an address looks like a name.
 */
static void next_answer(const char **text, bool is_full, char answer[static 256])
{
	size_t len = strcspn(*text, ",");
	bool is_last = (*text)[len] == '\0';
	snprintf(answer, 256, "%.*s", is_last && is_full ? 0 : (int)len, *text);
	*text += len + ((*text)[len] != '\0');
}

/* Those of one type, as they stand in the record, joined by commas. */
static void pick(const struct dns_record *dns, int asked, int type,
		 char picked[static 512])
{
	char answer[256];
	size_t len = 0;
	bool is_full = strlen(dns->answer) >= sizeof(dns->answer) - 2;
	picked[0] = '\0';
	for (const char *at = dns->answer; *at != '\0';) {
		next_answer(&at, is_full, answer);
		if (answer[0] != '\0' && type_of(answer, asked) == type)
			len += (size_t)snprintf(picked + len, 512 - len, "%s,", answer);
	}
}

static void write_grouped(struct buf *out, const struct dns_record *dns)
{
	char picked[512];
	int asked = type_asked(dns);
	if (asked < 0 || dns->answer[0] == '\0')
		return;
	object_open(out, "grouped");
	for (int type = 0; type < TYPES && asked != TXT; type++) {
		pick(dns, asked, type, picked);
		object_texts(out, types[type], picked, ',');
	}
	if (asked == TXT)
		object_texts(out, types[TXT], dns->answer, '\0');
	object_close(out);
	buf_char(out, ',');
}

static void write_query(struct buf *out, const struct flow_record *flow,
			const struct dns_record *dns)
{
	eve_begin(out, flow, dns->at, "dns");
	write_head(out, "query", dns);
	write_question(out, dns);
	object_close(out);
	object_close(out);
}

static void write_answer(struct buf *out, const struct flow_record *flow,
			 const struct dns_record *dns)
{
	bool is_timed = dns->took_us != UNKNOWN_U64 && dns->took_us < INT32_MAX;
	eve_begin(out, flow, dns->at + (is_timed ? (int64_t)dns->took_us : 0), "dns");
	write_head(out, "answer", dns);
	write_flags(out, dns->flags);
	write_question(out, dns);
	object_text(out, "rcode", dns->rcode);
	write_grouped(out, dns);
	object_close(out);
	object_close(out);
}

void eve_dns(struct buf *out, const struct flow_record *flow,
	     const struct dns_record *dns)
{
	bool is_answered = dns->flags != UNKNOWN_U32;
	/* An answer alone may have come to a question that was not seen. */
	bool is_asked = !is_answered || dns->took_us != UNKNOWN_U64;
	if (is_asked)
		write_query(out, flow, dns);
	if (is_asked && is_answered)
		buf_char(out, '\n');
	if (is_answered)
		write_answer(out, flow, dns);
}
