/*
 * wall_element.c: elements of our sets, written and read as the kernel has them; see
 * wall_set.h.  Without libnftnl, which makes an object of each of 100,000.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "guard/wall_set.h"

enum {
	IP4_BASE = 12, /* bytes of what an IPv4 address is mapped by */
	PART = 4,      /* each part of a key has whole registers */
	/* The wall itself ends a block to the millisecond; this is for when it can't,
	 * and late enough never to come between. */
	SLACK_MS = 5000,
};

static size_t write_key(const struct wall_set *set, const struct wall_key *key,
			uint8_t out[static WALL_KEY_BYTES_MAX])
{
	size_t skipped = set->is_v4 ? IP4_BASE : 0,
	       len = sizeof(key->address) - skipped;
	uint16_t port = htons(key->port);
	memset(out, 0, WALL_KEY_BYTES_MAX);
	memcpy(out, key->address.ip6 + skipped, len);
	if (set->has_proto) {
		out[len] = key->proto;
		len += PART;
	}
	if (set->has_port) {
		memcpy(out + len, &port, sizeof(port));
		len += PART;
	}
	return len;
}

/* False if it has another length. */
static bool read_key(const struct wall_set *set, const uint8_t *at, size_t len,
		     struct wall_key *out)
{
	size_t own = set->is_v4 ? PART : sizeof(struct addr);
	uint16_t port;
	if (len != own + PART * (size_t)(set->has_proto + set->has_port))
		return false;
	*out = (struct wall_key){ .address = set->is_v4 ? addr_v4(at) : addr_v6(at),
				  .prefix_len = set->prefix_len,
				  .action = set->limits ? WALL_LIMIT : WALL_DROP };
	at += own;
	if (set->has_proto) {
		out->proto = *at;
		at += PART;
	}
	if (set->has_port) {
		memcpy(&port, at, sizeof(port));
		out->port = ntohs(port);
	}
	return true;
}

/* ---- writing ---- */

static void put_counter(struct nlmsghdr *message, uint16_t as)
{
	struct nlattr *counter = mnl_attr_nest_start(message, as);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, "counter");
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, counter);
}

/* True of what is beyond the rate. */
static void put_limit(struct nlmsghdr *message, uint32_t rate)
{
	struct nlattr *limit = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, "limit");
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	mnl_attr_put_u64(message, NFTA_LIMIT_RATE, htobe64(rate));
	mnl_attr_put_u64(message, NFTA_LIMIT_UNIT, htobe64(1));
	mnl_attr_put_u32(message, NFTA_LIMIT_BURST, htonl(rate));
	mnl_attr_put_u32(message, NFTA_LIMIT_TYPE, htonl(NFT_LIMIT_PKTS));
	mnl_attr_put_u32(message, NFTA_LIMIT_FLAGS, htonl(NFT_LIMIT_F_INV));
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, limit);
}

/* Packets are counted when they are beyond it: the first that says no ends the rule. */
static void put_expressions(struct nlmsghdr *message, const struct wall_change *change)
{
	if (change->key.action != WALL_LIMIT) {
		put_counter(message, NFTA_SET_ELEM_EXPR);
		return;
	}
	struct nlattr *both = mnl_attr_nest_start(message, NFTA_SET_ELEM_EXPRESSIONS);
	put_limit(message, change->rate);
	put_counter(message, NFTA_LIST_ELEM);
	mnl_attr_nest_end(message, both);
}

struct nlattr *wall_put_elements(struct nlmsghdr *message, const struct wall_set *set)
{
	char name[WALL_SET_NAME_MAX];
	wall_set_name(set, name);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, WALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, name);
	return mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
}

void wall_put_element(struct nlmsghdr *message, const struct wall_set *set,
		      const struct wall_change *change)
{
	uint8_t bytes[WALL_KEY_BYTES_MAX];
	size_t len = write_key(set, &change->key, bytes);
	struct nlattr *element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	struct nlattr *key = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
	mnl_attr_put(message, NFTA_DATA_VALUE, len, bytes);
	mnl_attr_nest_end(message, key);
	if (change->op != WALL_OP_REMOVE) {
		uint64_t ms = (uint64_t)change->left_us / 1000 + SLACK_MS;
		mnl_attr_put_u64(message, NFTA_SET_ELEM_TIMEOUT, htobe64(ms));
		put_expressions(message, change);
	}
	mnl_attr_nest_end(message, element);
}

/* ---- reading ---- */

/* As mnl_attr_for_each_nested(), which narrows a difference of pointers unsaid. */
static bool is_within(const struct nlattr *at, const struct nlattr *whole)
{
	const char *end = (const char *)mnl_attr_get_payload(whole) +
			  mnl_attr_get_payload_len(whole);
	return mnl_attr_ok(at, (int)(end - (const char *)at));
}

#define EACH_NESTED(attr, nest)                                                        \
	for ((attr) = mnl_attr_get_payload(nest); is_within(attr, nest);               \
	     (attr) = mnl_attr_next(attr))

static uint64_t read_u64(const struct nlattr *attr)
{
	uint64_t value = 0;
	if (mnl_attr_get_payload_len(attr) == sizeof(value))
		memcpy(&value, mnl_attr_get_payload(attr), sizeof(value));
	return be64toh(value);
}

static void read_counter(const struct nlattr *data, struct wall_element *out)
{
	const struct nlattr *attr;
	EACH_NESTED(attr, data)
	{
		if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS)
			out->packets = read_u64(attr);
		else if (mnl_attr_get_type(attr) == NFTA_COUNTER_BYTES)
			out->bytes = read_u64(attr);
	}
}

static void read_expression(const struct nlattr *expression, struct wall_element *out)
{
	static const char counter[] = "counter";
	bool is_counter = false;
	const struct nlattr *attr;
	EACH_NESTED(attr, expression)
	{
		if (mnl_attr_get_type(attr) == NFTA_EXPR_NAME)
			is_counter =
				mnl_attr_get_payload_len(attr) == sizeof(counter) &&
				memcmp(mnl_attr_get_payload(attr), counter,
				       sizeof(counter)) == 0;
		else if (mnl_attr_get_type(attr) == NFTA_EXPR_DATA && is_counter)
			read_counter(attr, out);
	}
}

static bool read_value(const struct nlattr *data, const struct wall_set *set,
		       struct wall_key *out)
{
	const struct nlattr *attr;
	EACH_NESTED(attr, data)
	if (mnl_attr_get_type(attr) == NFTA_DATA_VALUE)
		return read_key(set, mnl_attr_get_payload(attr),
				mnl_attr_get_payload_len(attr), out);
	return false;
}

static bool read_element(const struct nlattr *element, const struct wall_set *set,
			 struct wall_element *out)
{
	bool has_key = false;
	const struct nlattr *attr, *inner;
	*out = (struct wall_element){ 0 };
	EACH_NESTED(attr, element)
	{
		uint16_t type = mnl_attr_get_type(attr);
		if (type == NFTA_SET_ELEM_KEY)
			has_key = read_value(attr, set, &out->key);
		else if (type == NFTA_SET_ELEM_EXPR)
			read_expression(attr, out);
		else if (type == NFTA_SET_ELEM_EXPRESSIONS)
			EACH_NESTED(inner, attr)
		read_expression(inner, out);
	}
	return has_key;
}

void wall_each_element(const struct nlmsghdr *message, const struct wall_set *set,
		       void (*take)(void *to, const struct wall_element *element),
		       void *to)
{
	const struct nlattr *attr =
		mnl_nlmsg_get_payload_offset(message, sizeof(struct nfgenmsg));
	const char *end = mnl_nlmsg_get_payload_tail(message);
	const struct nlattr *element;
	struct wall_element one;
	for (; mnl_attr_ok(attr, (int)(end - (const char *)attr));
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		EACH_NESTED(element, attr)
		if (read_element(element, set, &one))
			take(to, &one);
	}
}
