/*
 * pack.c: see pack.h.
 */
#include "store/pack.h"

#include <stdlib.h>
#include <string.h>

struct packed_field {
	enum field_type type;
	size_t offset;
};

struct packed_kind {
	enum record_kind kind;
	const struct packed_field *fields; /* the first is the time it is about */
	size_t count;
};

#define F(record, type, name)                                                          \
	{                                                                              \
		TYPE_##type, offsetof(struct record##_record, name)                    \
	}
static const struct packed_field contact_fields[] = {
	F(contact, time, at),         F(contact, time, start),
	F(contact, word, transport),  F(contact, addr, client_ip),
	F(contact, u32, client_port), F(contact, addr, server_ip),
	F(contact, u32, port),        F(contact, word, technique),
	F(contact, word, outcome),    F(contact, u16, tcp_flags),
	F(contact, u16, ttl),         F(contact, u32, window),
	F(contact, flag, fragment),   F(contact, u64, payload_bytes),
	F(contact, word, tool),       F(contact, flag, probe),
};
static const struct packed_field flow_fields[] = {
	F(flow, time, end),
	F(flow, time, start),
	F(flow, word, transport),
	F(flow, addr, client_ip),
	F(flow, u32, client_port),
	F(flow, addr, server_ip),
	F(flow, u32, server_port),
	F(flow, text32, protocol),
	F(flow, word, state),
	F(flow, word, end_reason),
	F(flow, u64, handshake_us),
	F(flow, u64, client_payload_bytes),
	F(flow, u64, server_payload_bytes),
	F(flow, u64, responses),
	F(flow, u64, flows),
	F(flow, flag, probe),
};
static const struct packed_field login_fields[] = {
	F(login, time, at),         F(login, time, flow_start),
	F(login, word, transport),  F(login, addr, client_ip),
	F(login, u32, client_port), F(login, addr, server_ip),
	F(login, u32, server_port), F(login, text32, protocol),
	F(login, text64, user),     F(login, word, outcome),
	F(login, word, method),     F(login, word, seen_by),
};
static const struct packed_field port_fields[] = {
	F(port, time, start),         F(port, addr, server_ip),
	F(port, u32, port),           F(port, word, transport),
	F(port, u64, flows),          F(port, u64, active),
	F(port, u64, rejected),       F(port, u64, client_packets),
	F(port, u64, server_packets), F(port, u64, clients),
	F(port, u64, syns),           F(port, u64, handshakes),
};
#undef F

#define KIND(name)                                                                     \
	{                                                                              \
		RECORD_##name, name##_fields,                                          \
			sizeof(name##_fields) / sizeof((name##_fields)[0])             \
	}
/* Their places are in files: add at the end. */
static const struct packed_kind kinds[] = { KIND(contact), KIND(flow), KIND(login),
					    KIND(port) };
#undef KIND
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Before what is told by its place among those remembered. */
enum { CODE_NONE, CODE_NEW, CODE_NEW_V4, CODES };

static size_t place_of(enum record_kind kind)
{
	size_t i = 0;
	while (i < KINDS && kinds[i].kind != kind)
		i++;
	return i;
}

bool pack_takes(enum record_kind kind)
{
	return place_of(kind) < KINDS;
}

static uint64_t mix(uint64_t sum)
{
	return (sum ^ sum >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Strangers who make places collide make blocks longer, no more. */
static size_t addr_place(const struct addr *addr)
{
	uint64_t words[2];
	memcpy(words, addr->ip6, sizeof(words));
	return (mix(mix(words[0]) ^ words[1]) >> 32) % PACK_ADDRS;
}

static size_t text_place(const char *text, size_t len)
{
	uint64_t sum = len;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	return (mix(sum) >> 32) % PACK_TEXTS;
}

/* ---- writing ---- */

static void put_number(struct buf *out, uint64_t value)
{
	uint8_t bytes[10];
	size_t len = 0;
	for (; value >= 0x80; value >>= 7)
		bytes[len++] = (uint8_t)(value | 0x80);
	bytes[len++] = (uint8_t)value;
	buf_add(out, bytes, len);
}

/* 0: unknown. */
static void put_time(struct buf *out, int64_t at_us, int64_t base_us)
{
	int64_t apart_us;
	if (at_us == UNKNOWN_TIME ||
	    __builtin_sub_overflow(at_us, base_us, &apart_us)) {
		put_number(out, 0);
		return;
	}
	uint64_t folded = (uint64_t)apart_us << 1 ^ (apart_us < 0 ? UINT64_MAX : 0);
	put_number(out, folded + 1);
}

static void put_addr(struct buf *out, struct pack_memory *memory,
		     const struct addr *addr)
{
	size_t place = addr_place(addr);
	bool is_v4 = addr_is_v4(addr);
	if (addr_is_unset(addr)) {
		put_number(out, CODE_NONE);
	} else if (addr_equal(&memory->addrs[place], addr)) {
		put_number(out, CODES + place);
	} else {
		put_number(out, is_v4 ? CODE_NEW_V4 : CODE_NEW);
		buf_add(out, addr->ip6 + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
		memory->addrs[place] = *addr;
	}
}

static void remember_text(struct pack_text *at, const char *text, size_t len)
{
	memcpy(at->text, text, len);
	at->text[len] = '\0';
	at->word = NULL;
}

static void put_text(struct buf *out, struct pack_memory *memory, const char *text)
{
	size_t len =
		text != NULL ? strnlen(text, sizeof(memory->texts[0].text) - 1) : 0;
	if (len == 0) {
		put_number(out, CODE_NONE);
		return;
	}
	size_t place = text_place(text, len);
	struct pack_text *at = &memory->texts[place];
	if (strncmp(at->text, text, len) == 0 && at->text[len] == '\0') {
		put_number(out, CODES + place);
		return;
	}
	put_number(out, CODE_NEW);
	put_number(out, len);
	buf_add(out, text, len);
	remember_text(at, text, len);
}

static void put_field(struct pack *pack, const struct packed_field *field,
		      const void *record)
{
	const void *value = (const char *)record + field->offset;
	struct buf *out = &pack->bytes;
	switch (field->type) {
	case TYPE_time:
		put_time(out, *(const field_time *)value, pack->memory.at_us);
		break;
	case TYPE_addr:
		put_addr(out, &pack->memory, value);
		break;
	case TYPE_u16: /* what is unknown is all ones, which becomes 0 */
		put_number(out, (uint16_t)(*(const field_u16 *)value + 1));
		break;
	case TYPE_u32:
		put_number(out, (uint32_t)(*(const field_u32 *)value + 1));
		break;
	case TYPE_u64:
		put_number(out, *(const field_u64 *)value + 1);
		break;
	case TYPE_flag:
		put_number(out, (uint8_t)(*(const field_flag *)value + 1));
		break;
	case TYPE_word:
		put_text(out, &pack->memory, *(const field_word *)value);
		break;
	default:
		put_text(out, &pack->memory, value);
		break;
	}
}

void pack_begin(struct pack *pack)
{
	struct buf bytes = pack->bytes;
	buf_clear(&bytes);
	*pack = (struct pack){ .bytes = bytes,
			       .first_us = INT64_MAX,
			       .last_us = INT64_MIN };
	buf_char(&pack->bytes, PACK_VERSION);
}

void pack_add(struct pack *pack, enum record_kind kind, const void *record)
{
	const struct packed_kind *of = &kinds[place_of(kind)];
	int64_t at_us = *(const int64_t *)((const char *)record + of->fields[0].offset);
	buf_char(&pack->bytes, (char)(of - kinds));
	for (size_t i = 0; i < of->count; i++) {
		put_field(pack, &of->fields[i], record);
		if (i == 0 && at_us != UNKNOWN_TIME)
			pack->memory.at_us = at_us;
	}
	pack->count++;
	if (at_us == UNKNOWN_TIME)
		return;
	pack->first_us = at_us < pack->first_us ? at_us : pack->first_us;
	pack->last_us = at_us > pack->last_us ? at_us : pack->last_us;
}

bool pack_is_full(const struct pack *pack)
{
	return pack->bytes.len >= PACK_BYTES;
}

void pack_free(struct pack *pack)
{
	buf_free(&pack->bytes);
}

/* ---- reading ---- */

static uint64_t take_number(struct bytes *in)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = bytes_u8(in);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	in->bad = true;
	return 0;
}

static int64_t take_time(struct bytes *in, int64_t base_us)
{
	uint64_t folded = take_number(in);
	int64_t at_us;
	if (folded-- == 0)
		return UNKNOWN_TIME;
	int64_t apart_us = (int64_t)(folded >> 1) ^ -(int64_t)(folded & 1);
	if (__builtin_add_overflow(base_us, apart_us, &at_us))
		in->bad = true;
	return in->bad ? UNKNOWN_TIME : at_us;
}

static struct addr take_addr(struct bytes *in, struct pack_memory *memory)
{
	uint64_t code = take_number(in);
	struct addr addr = addr_unset();
	if (code >= CODES && code < CODES + PACK_ADDRS)
		return memory->addrs[code - CODES];
	struct bytes raw = { 0 };
	if (code == CODE_NEW)
		raw = bytes_take(in, 16);
	else if (code == CODE_NEW_V4)
		raw = bytes_take(in, 4);
	else if (code != CODE_NONE)
		in->bad = true;
	if (in->bad || code == CODE_NONE)
		return addr;
	if (code == CODE_NEW)
		memcpy(addr.ip6, raw.at, sizeof(addr.ip6));
	else
		addr = addr_v4(raw.at);
	memory->addrs[addr_place(&addr)] = addr;
	return addr;
}

/* NULL: none. */
static struct pack_text *take_text(struct bytes *in, struct pack_memory *memory)
{
	uint64_t code = take_number(in);
	if (code >= CODES && code < CODES + PACK_TEXTS)
		return &memory->texts[code - CODES];
	if (code != CODE_NEW) {
		in->bad = in->bad || code != CODE_NONE;
		return NULL;
	}
	uint64_t len = take_number(in);
	if (len >= sizeof(memory->texts[0].text))
		in->bad = true;
	struct bytes raw = bytes_take(in, (size_t)len);
	if (in->bad)
		return NULL;
	struct pack_text *at =
		&memory->texts[text_place((const char *)raw.at, raw.len)];
	remember_text(at, (const char *)raw.at, raw.len);
	return at;
}

static const char *word_of(struct pack_text *text)
{
	if (text == NULL)
		return NULL;
	if (text->word == NULL)
		text->word = record_word(text->text);
	return text->word;
}

static void take_field(struct bytes *in, struct pack_memory *memory,
		       const struct packed_field *field, void *record)
{
	void *value = (char *)record + field->offset;
	struct pack_text *text;
	switch (field->type) {
	case TYPE_time:
		*(field_time *)value = take_time(in, memory->at_us);
		break;
	case TYPE_addr:
		*(field_addr *)value = take_addr(in, memory);
		break;
	case TYPE_u16:
		*(field_u16 *)value = (field_u16)(take_number(in) - 1);
		break;
	case TYPE_u32:
		*(field_u32 *)value = (field_u32)(take_number(in) - 1);
		break;
	case TYPE_u64:
		*(field_u64 *)value = take_number(in) - 1;
		break;
	case TYPE_flag:
		*(field_flag *)value = (field_flag)(take_number(in) - 1);
		break;
	case TYPE_word:
		*(field_word *)value = word_of(take_text(in, memory));
		break;
	default:
		text = take_text(in, memory);
		record_text(value,
			    field->type == TYPE_text32 ? sizeof(field_text32)
						       : sizeof(field_text64),
			    text != NULL ? text->text : "");
		break;
	}
}

/* One record of each kind: each sets all fields that any does. */
struct unpacked {
	struct pack_memory memory;
	struct contact_record contact;
	struct flow_record flow;
	struct login_record login;
	struct port_record port;
};

static void *record_of(struct unpacked *u, enum record_kind kind)
{
	switch (kind) {
	case RECORD_contact:
		return &u->contact;
	case RECORD_flow:
		return &u->flow;
	case RECORD_login:
		return &u->login;
	default:
		return &u->port;
	}
}

static void *take_record(struct bytes *in, struct unpacked *u,
			 const struct packed_kind *kind)
{
	char *record = record_of(u, kind->kind);
	for (size_t i = 0; i < kind->count && bytes_ok(in); i++) {
		take_field(in, &u->memory, &kind->fields[i], record);
		if (i > 0)
			continue;
		int64_t at_us = *(int64_t *)(void *)(record + kind->fields[0].offset);
		if (at_us != UNKNOWN_TIME)
			u->memory.at_us = at_us;
	}
	return record;
}

bool pack_read(struct bytes block, pack_emit emit, void *to)
{
	if (bytes_u8(&block) != PACK_VERSION || !bytes_ok(&block))
		return false;
	struct unpacked *u = calloc(1, sizeof(*u));
	if (u == NULL)
		return false;
	for (size_t i = 0; i < KINDS; i++)
		record_init(kinds[i].kind, record_of(u, kinds[i].kind));
	bool goes_on = true;
	while (block.len > 0 && goes_on) {
		uint8_t kind = bytes_u8(&block);
		if (kind >= KINDS) {
			block.bad = true;
			break;
		}
		const void *record = take_record(&block, u, &kinds[kind]);
		if (!bytes_ok(&block))
			break;
		goes_on = emit(to, kinds[kind].kind, record);
	}
	free(u);
	return bytes_ok(&block);
}
