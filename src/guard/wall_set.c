/*
 * wall_set.c: see wall_set.h.  The table and what is in it but elements.
 */
#include "guard/wall_set.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
	IP4_BASE = 96,
	IP6_SOURCE = 64,
	RAW_PRIORITY = -300, /* before connection tracking (NF_IP_PRI_RAW) */
	SADDR4 = 12,         /* of the header, RFC 791 */
	SADDR6 = 8,          /* RFC 8200 */
	DPORT = 2,           /* of TCP and UDP alike */
	/* Where what is looked up is put together: 4 bytes each. */
	FIRST_REGISTER = NFT_REG32_00,
	/* nft(8)'s numbers of types, 6 bits each, for who lists the table. */
	TYPE_IP4 = 7,
	TYPE_IP6 = 8,
	TYPE_PROTO = 12,
	TYPE_PORT = 13,
	TYPE_BITS = 6,
};

/* linux/netfilter/nf_tables.h of Debian 12 knows both, older ones do not. */
#ifndef NFT_TABLE_F_OWNER
#define NFT_TABLE_F_OWNER 2
#endif

/* ---- which ---- */

struct wall_set wall_set_of(const struct wall_key *key)
{
	return (struct wall_set){ .prefix_len = key->prefix_len,
				  .is_v4 = addr_is_v4(&key->address),
				  .limits = key->action == WALL_LIMIT,
				  .has_proto = key->proto != 0,
				  .has_port = key->port != 0 };
}

bool wall_set_equal(const struct wall_set *a, const struct wall_set *b)
{
	return a->prefix_len == b->prefix_len && a->is_v4 == b->is_v4 &&
	       a->limits == b->limits && a->has_proto == b->has_proto &&
	       a->has_port == b->has_port;
}

static unsigned usual_len(const struct wall_set *set)
{
	return set->is_v4 ? 128 : IP6_SOURCE;
}

void wall_set_name(const struct wall_set *set, char name[static WALL_SET_NAME_MAX])
{
	char len[8] = "";
	if (!wall_set_is_usual(set))
		snprintf(len, sizeof(len), "_%d",
			 set->prefix_len - (set->is_v4 ? IP4_BASE : 0));
	snprintf(name, WALL_SET_NAME_MAX, "%s%c%s%s%s", set->limits ? "limit" : "drop",
		 set->is_v4 ? '4' : '6', len, set->has_proto ? "_proto" : "",
		 set->has_port ? "_port" : "");
}

bool wall_set_is_usual(const struct wall_set *set)
{
	return set->prefix_len == usual_len(set);
}

static uint32_t addr_len(const struct wall_set *set)
{
	return set->is_v4 ? 4 : 16;
}

static uint32_t key_len(const struct wall_set *set)
{
	return addr_len(set) + 4U * set->has_proto + 4U * set->has_port;
}

static uint32_t key_type(const struct wall_set *set)
{
	uint32_t type = set->is_v4 ? TYPE_IP4 : TYPE_IP6;
	if (set->has_proto)
		type = type << TYPE_BITS | TYPE_PROTO;
	if (set->has_port)
		type = type << TYPE_BITS | TYPE_PORT;
	return type;
}

/* ---- table and chain ---- */

void wall_put_table(struct nlmsghdr *message, bool is_owned)
{
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, WALL_TABLE_NAME);
	if (is_owned)
		mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_OWNER));
}

void wall_put_chain(struct nlmsghdr *message)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	if (chain == NULL)
		return;
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, WALL_TABLE_NAME);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, WALL_CHAIN_NAME);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_PRE_ROUTING);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, RAW_PRIORITY);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	nftnl_chain_nlmsg_build_payload(message, chain);
	nftnl_chain_free(chain);
}

/* ---- sets ---- */

static void add_state(struct nftnl_set *set, struct nftnl_expr *expression)
{
	if (expression != NULL)
		nftnl_set_add_expr(set, expression);
}

static struct nftnl_expr *limit_of_set(void)
{
	struct nftnl_expr *limit = nftnl_expr_alloc("limit");
	if (limit == NULL)
		return NULL;
	nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_RATE, 1);
	nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_UNIT, 1);
	nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_BURST, 1);
	nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	return limit;
}

/*
 * What each element has, with a rate of its own.  The kernel needs no word of it here,
 * but nft(8) does: without, it could not read again what `nft list ruleset` has
 * written, and who saves all rules so would have none after a restart.
 */
static void declare_state(struct nftnl_set *made, const struct wall_set *set)
{
	if (set->limits)
		add_state(made, limit_of_set());
	add_state(made, nftnl_expr_alloc("counter"));
}

void wall_put_set(struct nlmsghdr *message, const struct wall_set *set, uint32_t id)
{
	char name[WALL_SET_NAME_MAX];
	struct nftnl_set *made = nftnl_set_alloc();
	if (made == NULL)
		return;
	wall_set_name(set, name);
	nftnl_set_set_str(made, NFTNL_SET_TABLE, WALL_TABLE_NAME);
	nftnl_set_set_str(made, NFTNL_SET_NAME, name);
	nftnl_set_set_u32(made, NFTNL_SET_ID, id);
	/* NFT_SET_EXPR: more than one expression (Linux 5.11). */
	nftnl_set_set_u32(made, NFTNL_SET_FLAGS,
			  NFT_SET_TIMEOUT | (set->limits ? NFT_SET_EXPR : 0));
	nftnl_set_set_u32(made, NFTNL_SET_KEY_TYPE, key_type(set));
	nftnl_set_set_u32(made, NFTNL_SET_KEY_LEN, key_len(set));
	nftnl_set_set_u32(made, NFTNL_SET_DESC_SIZE, WALL_BLOCKS_MAX);
	declare_state(made, set);
	nftnl_set_nlmsg_build_payload(message, made);
	nftnl_set_free(made);
}

/* ---- the rule of a set ---- */

static void add_expression(struct nftnl_rule *rule, struct nftnl_expr *expression)
{
	if (expression != NULL)
		nftnl_rule_add_expr(rule, expression);
}

static void load_meta(struct nftnl_rule *rule, uint32_t key, uint32_t into)
{
	struct nftnl_expr *meta = nftnl_expr_alloc("meta");
	if (meta != NULL) {
		nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, key);
		nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, into);
	}
	add_expression(rule, meta);
}

static void compare_byte(struct nftnl_rule *rule, uint32_t in, uint8_t value)
{
	struct nftnl_expr *compare = nftnl_expr_alloc("cmp");
	if (compare != NULL) {
		nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_SREG, in);
		nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
		nftnl_expr_set(compare, NFTNL_EXPR_CMP_DATA, &value, sizeof(value));
	}
	add_expression(rule, compare);
}

static void load_payload(struct nftnl_rule *rule, uint32_t base, uint32_t offset,
			 uint32_t len, uint32_t into)
{
	struct nftnl_expr *payload = nftnl_expr_alloc("payload");
	if (payload != NULL) {
		nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_BASE, base);
		nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
		nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_LEN, len);
		nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_DREG, into);
	}
	add_expression(rule, payload);
}

static void mask_source(struct nftnl_rule *rule, const struct wall_set *set)
{
	uint8_t mask[16] = { 0 }, none[16] = { 0 };
	unsigned bits = set->prefix_len - (set->is_v4 ? IP4_BASE : 0U);
	if (set->prefix_len == 128)
		return;
	for (unsigned bit = 0; bit < bits; bit++)
		mask[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
	struct nftnl_expr *bitwise = nftnl_expr_alloc("bitwise");
	if (bitwise != NULL) {
		nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_SREG, FIRST_REGISTER);
		nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_DREG, FIRST_REGISTER);
		nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_LEN, addr_len(set));
		nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_MASK, mask, addr_len(set));
		nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_XOR, none, addr_len(set));
	}
	add_expression(rule, bitwise);
}

static void look_up(struct nftnl_rule *rule, const struct wall_set *set, uint32_t id)
{
	char name[WALL_SET_NAME_MAX];
	struct nftnl_expr *lookup = nftnl_expr_alloc("lookup");
	wall_set_name(set, name);
	if (lookup != NULL) {
		nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, FIRST_REGISTER);
		nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, name);
		nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SET_ID, id);
	}
	add_expression(rule, lookup);
}

static void drop(struct nftnl_rule *rule)
{
	struct nftnl_expr *verdict = nftnl_expr_alloc("immediate");
	if (verdict != NULL) {
		nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
	}
	add_expression(rule, verdict);
}

static void put_together(struct nftnl_rule *rule, const struct wall_set *set,
			 uint8_t only_proto)
{
	uint32_t next = FIRST_REGISTER + addr_len(set) / 4;
	load_meta(rule, NFT_META_NFPROTO, FIRST_REGISTER);
	compare_byte(rule, FIRST_REGISTER, set->is_v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	if (only_proto != 0) {
		load_meta(rule, NFT_META_L4PROTO, FIRST_REGISTER);
		compare_byte(rule, FIRST_REGISTER, only_proto);
	}
	load_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, set->is_v4 ? SADDR4 : SADDR6,
		     addr_len(set), FIRST_REGISTER);
	mask_source(rule, set);
	if (set->has_proto)
		load_meta(rule, NFT_META_L4PROTO, next++);
	if (set->has_port)
		load_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, DPORT, 2, next);
}

void wall_put_rule(struct nlmsghdr *message, const struct wall_set *set, uint32_t id,
		   uint8_t only_proto)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	if (rule == NULL)
		return;
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, WALL_TABLE_NAME);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, WALL_CHAIN_NAME);
	put_together(rule, set, only_proto);
	look_up(rule, set, id);
	drop(rule);
	nftnl_rule_nlmsg_build_payload(message, rule);
	nftnl_rule_free(rule);
}
