/*
 * ruleset_match.c: what a rule compares with what; see ruleset.h.
 *
 * nft leaves out of its output what an expression implies: "tcp dport" is only looked
 * at in TCP packets, "ip saddr" only in those of IPv4.
 */
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include "host/ruleset_reader.h"

enum {
	ETHERTYPE_IP4 = 0x0800,
	ETHERTYPE_IP6 = 0x86dd,
	V4_BITS_BEFORE = 96,
	FAMILY_IP4 = 2,
	FAMILY_IP6 = 10,
	NEITHER = 255, /* a network that no packet of ours is of */
};

struct name {
	const char *text;
	uint32_t number;
};

static const struct name transports[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP },
	{ "dccp", IPPROTO_DCCP },
	{ "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 },
	{ "igmp", IPPROTO_IGMP },
	{ "udplite", IPPROTO_UDPLITE },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "comp", IPPROTO_COMP },
	{ "ipv6-icmp", IPPROTO_ICMPV6 },
	{ "ipcomp", IPPROTO_COMP },
	{ "gre", IPPROTO_GRE },
	{ NULL, 0 },
};

static const struct name networks[] = {
	{ "ipv4", 4 },      { "ip", 4 },         { "ipv6", 6 }, { "ip6", 6 },
	{ "arp", NEITHER }, { "vlan", NEITHER }, { NULL, 0 },
};

static const struct name tracks[] = {
	{ "invalid", TRACK_INVALID },     { "established", TRACK_ESTABLISHED },
	{ "related", TRACK_RELATED },     { "new", TRACK_NEW },
	{ "untracked", TRACK_UNTRACKED }, { NULL, 0 },
};

static const struct name tcp_flags[] = {
	{ "fin", 1 },  { "syn", 2 },  { "rst", 4 },   { "psh", 8 }, { "ack", 16 },
	{ "urg", 32 }, { "ecn", 64 }, { "cwr", 128 }, { NULL, 0 },
};

/* 0: no such name. */
static uint32_t number_of(const struct name *names, const json_t *from)
{
	const char *text = json_string_value(from);
	while (text != NULL && names->text != NULL) {
		if (strcmp(names->text, text) == 0)
			return names->number;
		names++;
	}
	return 0;
}

/* "syn", ["syn", "ack"], {"|": ["syn", "ack"]}; 0: a name among them is not known. */
static uint32_t bits_of(const struct name *names, const json_t *from)
{
	const json_t *list = json_is_object(from) ? json_object_get(from, "|") : from;
	if (!json_is_array(list))
		return number_of(names, from);
	uint32_t bits = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		uint32_t bit = number_of(names, json_array_get(list, i));
		if (bit == 0)
			return 0;
		bits |= bit;
	}
	return bits;
}

/* ---- the left side ---- */

static enum rule_field transport_field(const char *protocol, const char *field)
{
	if (strcmp(field, "dport") == 0)
		return FIELD_PORT;
	if (strcmp(protocol, "tcp") == 0 && strcmp(field, "flags") == 0)
		return FIELD_TCP_FLAGS;
	return FIELD_UNKNOWN;
}

static enum rule_field network_field(const char *field)
{
	static const struct name fields[] = {
		{ "protocol", FIELD_TRANSPORT },
		{ "nexthdr", FIELD_NEXT_HEADER },
		{ "saddr", FIELD_SOURCE },
		{ "daddr", FIELD_DESTINATION },
		{ NULL, 0 },
	};
	const struct name *at = fields;
	while (at->text != NULL && strcmp(at->text, field) != 0)
		at++;
	return at->number;
}

static void read_payload(const json_t *payload, struct rule_match *match)
{
	const json_t *protocol = json_object_get(payload, "protocol");
	const char *name = reader_text(payload, "protocol");
	const char *field = reader_text(payload, "field");
	/* Of a packet within the packet. */
	if (json_object_get(payload, "tunnel") != NULL)
		return;
	if (strcmp(name, "ip") == 0 || strcmp(name, "ip6") == 0) {
		match->network = (uint8_t)number_of(networks, protocol);
		match->field = network_field(field);
		return;
	}
	match->transport = (uint8_t)number_of(transports, protocol);
	if (match->transport != 0 || strcmp(name, "th") == 0)
		match->field = transport_field(name, field);
}

static enum rule_field meta_field(const char *key)
{
	static const struct name keys[] = {
		{ "l4proto", FIELD_TRANSPORT }, { "nfproto", FIELD_NETWORK },
		{ "protocol", FIELD_NETWORK },  { "iif", FIELD_IFACE },
		{ "iifname", FIELD_IFACE },     { NULL, FIELD_UNKNOWN },
	};
	const struct name *at = keys;
	while (at->text != NULL && strcmp(at->text, key) != 0)
		at++;
	return at->number;
}

static enum rule_field track_field(const json_t *key)
{
	if (json_object_get(key, "dir") != NULL)
		return FIELD_UNKNOWN;
	if (strcmp(reader_text(key, "key"), "state") == 0)
		return FIELD_TRACK;
	return strcmp(reader_text(key, "key"), "status") == 0 ? FIELD_TRANSLATED
							      : FIELD_UNKNOWN;
}

static void read_plain_left(const json_t *left, struct rule_match *match)
{
	const json_t *part = json_object_get(left, "payload");
	if (part != NULL)
		read_payload(part, match);
	else if ((part = json_object_get(left, "meta")) != NULL)
		match->field = meta_field(reader_text(part, "key"));
	else if ((part = json_object_get(left, "ct")) != NULL)
		match->field = track_field(part);
}

/* Only what its parts imply is known of it. */
static void read_concat(const json_t *parts, struct rule_match *match)
{
	for (size_t i = 0; i < json_array_size(parts); i++) {
		struct rule_match one = { 0 };
		read_plain_left(json_array_get(parts, i), &one);
		if (one.transport != 0)
			match->transport = one.transport;
		if (one.network != 0)
			match->network = one.network;
	}
}

static void read_left(const struct ruleset_reader *reader, const json_t *left,
		      struct rule_match *match)
{
	const json_t *masked = json_object_get(left, "&");
	const json_t *concat = json_object_get(left, "concat");
	match->mask = UINT8_MAX;
	read_plain_left(masked != NULL ? json_array_get(masked, 0) : left, match);
	if (masked != NULL && match->field == FIELD_TCP_FLAGS) {
		match->mask = (uint8_t)bits_of(tcp_flags, json_array_get(masked, 1));
		match->is_vague = match->mask == 0;
	} else if (masked != NULL) {
		match->field = FIELD_UNKNOWN;
	}
	if (concat != NULL)
		read_concat(concat, match);
	reader_imply(reader, match);
}

/* In tables of IPv6, "ip6 nexthdr tcp" before a port is left out of the output. */
void reader_imply(const struct ruleset_reader *reader, struct rule_match *match)
{
	match->is_partial = match->transport != 0 && strcmp(reader->family, "ip6") == 0;
}

/* ---- values ---- */

static struct addr number_addr(uint64_t number)
{
	struct addr a = { .ip6 = { 0 } };
	for (int i = 0; i < 8; i++)
		a.ip6[15 - i] = (uint8_t)(number >> 8 * i);
	return a;
}

static bool read_number(const struct name *names, const json_t *from, struct addr *out)
{
	uint32_t named = names == NULL ? 0 : number_of(names, from);
	json_int_t number = json_integer_value(from);
	if (named == 0 && (!json_is_integer(from) || number < 0))
		return false;
	*out = number_addr(named != 0 ? named : (uint64_t)number);
	return true;
}

/* Of meta nfproto as well as meta protocol. */
static bool read_network(const json_t *from, struct addr *out)
{
	json_int_t number = json_integer_value(from);
	if (number == FAMILY_IP4 || number == ETHERTYPE_IP4)
		*out = number_addr(4);
	else if (number == FAMILY_IP6 || number == ETHERTYPE_IP6)
		*out = number_addr(6);
	else
		return read_number(networks, from, out);
	return true;
}

static bool read_one(enum rule_field field, const json_t *from, struct addr *out)
{
	switch (field) {
	case FIELD_TRANSPORT:
	case FIELD_NEXT_HEADER:
		return read_number(transports, from, out);
	case FIELD_NETWORK:
		return read_network(from, out);
	case FIELD_PORT:
		return read_number(NULL, from, out);
	case FIELD_SOURCE:
	case FIELD_DESTINATION:
		return json_is_string(from) && addr_parse(json_string_value(from), out);
	default:
		return false;
	}
}

static bool read_prefix(const json_t *from, struct rule_range *out)
{
	json_int_t len = json_integer_value(json_object_get(from, "len"));
	if (!addr_parse(reader_text(from, "addr"), &out->first) || len < 0 ||
	    len > CHAR_BIT * (json_int_t)sizeof(struct addr))
		return false;
	if (addr_is_v4(&out->first))
		len += V4_BITS_BEFORE;
	if (len > CHAR_BIT * (json_int_t)sizeof(struct addr))
		return false;
	out->last = out->first;
	for (json_int_t bit = len; bit < CHAR_BIT * (json_int_t)sizeof(struct addr);
	     bit++) {
		uint8_t one = (uint8_t)(0x80 >> bit % CHAR_BIT);
		out->first.ip6[bit / CHAR_BIT] &= (uint8_t)~one;
		out->last.ip6[bit / CHAR_BIT] |= one;
	}
	return true;
}

static bool read_range(enum rule_field field, const json_t *from,
		       struct rule_range *out)
{
	const json_t *ends = json_object_get(from, "range");
	const json_t *prefix = json_object_get(from, "prefix");
	bool is_addr = field == FIELD_SOURCE || field == FIELD_DESTINATION;
	if (prefix != NULL)
		return is_addr && read_prefix(prefix, out);
	if (ends != NULL)
		return read_one(field, json_array_get(ends, 0), &out->first) &&
		       read_one(field, json_array_get(ends, 1), &out->last);
	bool is_known = read_one(field, from, &out->first);
	out->last = out->first;
	return is_known;
}

/* A wildcard such as "l*" is not lo alone, so it may be any. */
static bool read_iface(const json_t *from, struct rule_value *out)
{
	const char *name = json_string_value(from);
	out->is_lo = name != NULL && strcmp(name, "lo") == 0;
	return name != NULL;
}

static bool is_one_bit(uint32_t bits)
{
	return bits != 0 && (bits & (bits - 1)) == 0;
}

static bool read_value(const struct rule_match *match, const json_t *from,
		       struct rule_value *out)
{
	switch (match->field) {
	case FIELD_UNKNOWN:
		return true;
	case FIELD_IFACE:
		return read_iface(from, out);
	case FIELD_TRACK:
		out->bits = bits_of(tracks, from);
		return match->has_any_bit ? out->bits != 0 : is_one_bit(out->bits);
	case FIELD_TRANSLATED:
		return match->has_any_bit && json_is_string(from) &&
		       strcmp(json_string_value(from), "dnat") == 0;
	case FIELD_TCP_FLAGS:
		out->bits = bits_of(tcp_flags, from);
		return out->bits != 0;
	default:
		return read_range(match->field, from, &out->range);
	}
}

/* An element that may expire is wrapped: then the kernel will not tell when it does. */
static const json_t *unwrap(const json_t *from, struct rule_match *match)
{
	const json_t *element = json_object_get(from, "elem");
	if (element == NULL)
		return from;
	if (json_object_get(element, "timeout") != NULL ||
	    json_object_get(element, "expires") != NULL)
		match->is_vague = true;
	return json_object_get(element, "val");
}

static void note_source(struct ruleset *out, const struct addr *source)
{
	if (out->source_count < SOURCES_MAX)
		out->sources[out->source_count++] = *source;
}

static struct rule_value *add_value(struct ruleset_reader *reader, const json_t *from,
				    struct rule_match *match)
{
	uint32_t place = reader_value(reader);
	if (place == UINT32_MAX)
		return NULL;
	struct rule_value *value = &reader->out->values[place];
	const json_t *bare = unwrap(from, match);
	const char *text = json_string_value(bare);
	match->count++;
	value->is_any = text != NULL && strcmp(text, "*") == 0;
	if (!value->is_any && !read_value(match, bare, value))
		match->is_vague = true;
	else if (match->field == FIELD_SOURCE && !value->is_any)
		note_source(reader->out, &value->range.first);
	return value;
}

/* The kernel tells of every change that a person makes to it, and there are no others.
 */
static bool is_fixed(const json_t *set)
{
	const json_t *flags = json_object_get(set, "flags");
	for (size_t i = 0; i < json_array_size(flags); i++) {
		const char *flag = json_string_value(json_array_get(flags, i));
		if (flag == NULL ||
		    (strcmp(flag, "interval") != 0 && strcmp(flag, "constant") != 0))
			return false;
	}
	return (flags == NULL || json_is_array(flags)) &&
	       json_object_get(set, "timeout") == NULL &&
	       json_object_get(set, "filled") == NULL;
}

/* The elements of an anonymous set, or of a named one. */
static const json_t *elements_of(struct ruleset_reader *reader, const json_t *from,
				 struct rule_match *match, bool *is_there)
{
	const char *name = json_string_value(from);
	const json_t *set = json_object_get(from, "set");
	*is_there = true;
	if (set != NULL)
		return set;
	if (name == NULL || name[0] != '@')
		return NULL;
	set = reader_find(reader, reader->sets, name + 1);
	*is_there = set != NULL;
	match->is_vague = match->is_vague || !is_fixed(set);
	return json_object_get(set, "elem");
}

static void read_right(struct ruleset_reader *reader, const json_t *right,
		       struct rule_match *match)
{
	bool is_there = true;
	const char *name = json_string_value(right);
	const json_t *elements = elements_of(reader, right, match, &is_there);
	bool is_set = (name != NULL && name[0] == '@') || elements != NULL;
	match->is_vague = match->is_vague || !is_there;
	if (!is_set)
		add_value(reader, right, match);
	for (size_t i = 0; is_set && i < json_array_size(elements); i++)
		if (add_value(reader, json_array_get(elements, i), match) == NULL)
			return;
}

/* "<" and the like are ranges. */
static void read_order(struct ruleset_reader *reader, const char *op,
		       const json_t *right, struct rule_match *match)
{
	json_int_t number = json_integer_value(right);
	uint64_t first = 0, last = UINT16_MAX;
	if (match->field != FIELD_PORT || !json_is_integer(right) || number < 0 ||
	    number > UINT16_MAX) {
		match->is_vague = true;
		return;
	}
	bool is_strict = op[1] == '\0';
	if (op[0] == '>')
		first = (uint64_t)number + is_strict;
	else
		last = (uint64_t)number - is_strict;
	if (op[0] == '<' && is_strict && number == 0)
		return; /* nothing is less */
	uint32_t place = reader_value(reader);
	if (place == UINT32_MAX)
		return;
	reader->out->values[place].range =
		(struct rule_range){ number_addr(first), number_addr(last) };
	match->count = 1;
}

void reader_match(struct ruleset_reader *reader, const json_t *from,
		  struct rule_match *match)
{
	const char *op = reader_text(from, "op");
	const json_t *right = json_object_get(from, "right");
	*match = (struct rule_match){ .values = (uint32_t)reader->out->value_count };
	read_left(reader, json_object_get(from, "left"), match);
	bool has_bits = match->field == FIELD_TRACK ||
			match->field == FIELD_TRANSLATED ||
			match->field == FIELD_TCP_FLAGS;
	if (op[0] == '<' || op[0] == '>') {
		read_order(reader, op, right, match);
		return;
	}
	bool is_in = strcmp(op, "in") == 0;
	bool is_none_of = strcmp(op, "!") == 0;
	match->is_negated = is_none_of || strcmp(op, "!=") == 0;
	match->has_any_bit = has_bits && (is_in || is_none_of);
	if (!is_in && !match->is_negated && strcmp(op, "==") != 0)
		match->is_vague = true;
	read_right(reader, right, match);
}

bool reader_map(struct ruleset_reader *reader, const json_t *from,
		struct rule_match *match)
{
	*match = (struct rule_match){ .values = (uint32_t)reader->out->value_count };
	read_left(reader, json_object_get(from, "key"), match);
	bool is_there = false;
	const json_t *elements =
		elements_of(reader, json_object_get(from, "data"), match, &is_there);
	for (size_t i = 0; i < json_array_size(elements); i++) {
		const json_t *pair = json_array_get(elements, i);
		uint32_t chain = 0;
		enum rule_verdict verdict =
			reader_verdict(reader, json_array_get(pair, 1), &chain);
		if (verdict == VERDICT_NONE)
			return false;
		struct rule_value *value =
			add_value(reader, json_array_get(pair, 0), match);
		if (value == NULL)
			return false;
		value->verdict = (uint8_t)verdict;
		value->chain = chain;
	}
	return is_there;
}

bool reader_extension(struct ruleset_reader *reader, const json_t *from,
		      struct rule_match *match)
{
	const json_t *state = json_object_get(from, "state");
	const json_t *ports = json_object_get(from, "ports");
	*match = (struct rule_match){ .field = FIELD_TRACK,
				      .has_any_bit = true,
				      .values = (uint32_t)reader->out->value_count };
	if (state != NULL)
		return add_value(reader, state, match) != NULL;
	match->field = FIELD_PORT;
	match->has_any_bit = false;
	for (size_t i = 0; i < json_array_size(ports); i++)
		if (add_value(reader, json_array_get(ports, i), match) == NULL)
			return false;
	return ports != NULL;
}
