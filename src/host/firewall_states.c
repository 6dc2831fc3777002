/*
 * firewall_states.c: see firewall_states.h.
 *
 * The kernel answers with one message a rule: table, handle, and a list of expressions,
 * of which those called "match" hold an extension's structure as iptables made it.
 */
#include "host/firewall_states.h"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/ruleset.h"

enum { KEY_MAX = 320, ATTRIBUTES_MAX = 16 };

struct attribute {
	const uint8_t *at; /* NULL: not there */
	size_t len;
};

/* By type; false if they are damaged. */
static bool split(const uint8_t *at, size_t len, struct attribute to[ATTRIBUTES_MAX])
{
	memset(to, 0, ATTRIBUTES_MAX * sizeof(*to));
	while (len >= NLA_HDRLEN) {
		struct nlattr one;
		memcpy(&one, at, sizeof(one));
		if (one.nla_len < NLA_HDRLEN || one.nla_len > len)
			return false;
		uint16_t type = one.nla_type & NLA_TYPE_MASK;
		if (type < ATTRIBUTES_MAX)
			to[type] = (struct attribute){ at + NLA_HDRLEN,
						       one.nla_len - NLA_HDRLEN };
		size_t step = NLA_ALIGN(one.nla_len);
		step = step < len ? step : len;
		at += step;
		len -= step;
	}
	return true;
}

static bool is_text(const struct attribute *attribute, const char *text)
{
	size_t len = strlen(text) + 1;
	return attribute->at != NULL && attribute->len == len &&
	       memcmp(attribute->at, text, len) == 0;
}

/* Names as nft(8) writes them; NULL: it is for more than that, or for something else.
 */
static json_t *names_of(const struct attribute *info, uint32_t revision)
{
	struct xt_conntrack_mtinfo3 wanted;
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ XT_CONNTRACK_STATE_INVALID, "invalid" },
		{ XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED), "established" },
		{ XT_CONNTRACK_STATE_BIT(IP_CT_RELATED), "related" },
		{ XT_CONNTRACK_STATE_BIT(IP_CT_NEW), "new" },
		{ XT_CONNTRACK_STATE_UNTRACKED, "untracked" },
	};
	/* The fields used here are the same in revisions 2 and 3. */
	if (info->at == NULL || info->len < sizeof(struct xt_conntrack_mtinfo2) ||
	    revision < 2 || revision > 3)
		return NULL;
	memset(&wanted, 0, sizeof(wanted));
	memcpy(&wanted, info->at,
	       info->len < sizeof(wanted) ? info->len : sizeof(wanted));
	unsigned left = wanted.state_mask;
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((left & names[i].bit) != 0)
			json_array_append_new(list, json_string(names[i].name));
		left &= ~names[i].bit;
	}
	if (wanted.match_flags == XT_CONNTRACK_STATE && wanted.invert_flags == 0 &&
	    left == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *states_of(const struct attribute *expression)
{
	struct attribute parts[ATTRIBUTES_MAX], data[ATTRIBUTES_MAX];
	uint32_t revision = 0;
	if (!split(expression->at, expression->len, parts) ||
	    !is_text(&parts[NFTA_EXPR_NAME], "match") ||
	    parts[NFTA_EXPR_DATA].at == NULL ||
	    !split(parts[NFTA_EXPR_DATA].at, parts[NFTA_EXPR_DATA].len, data) ||
	    !is_text(&data[NFTA_MATCH_NAME], "conntrack"))
		return NULL;
	if (data[NFTA_MATCH_REV].len == sizeof(revision))
		memcpy(&revision, data[NFTA_MATCH_REV].at, sizeof(revision));
	json_t *names = names_of(&data[NFTA_MATCH_INFO], be32toh(revision));
	return names == NULL ? json_null() : names;
}

/* One entry for each of its extensions of that kind, in order. */
static json_t *read_expressions(const struct attribute *expressions)
{
	const uint8_t *at = expressions->at;
	size_t len = expressions->len;
	json_t *list = json_array();
	while (len >= NLA_HDRLEN) {
		struct nlattr one;
		memcpy(&one, at, sizeof(one));
		if (one.nla_len < NLA_HDRLEN || one.nla_len > len)
			break;
		struct attribute expression = { at + NLA_HDRLEN,
						one.nla_len - NLA_HDRLEN };
		json_t *states = states_of(&expression);
		if (states != NULL)
			json_array_append_new(list, states);
		size_t step = NLA_ALIGN(one.nla_len);
		step = step < len ? step : len;
		at += step;
		len -= step;
	}
	return list;
}

static void make_key(char key[KEY_MAX], const char *family, const char *table,
		     uint64_t handle)
{
	snprintf(key, KEY_MAX, "%s %llu %s", family, (unsigned long long)handle, table);
}

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "inet";
	}
}

static void read_rule(const uint8_t *at, size_t len, json_t *states)
{
	struct attribute parts[ATTRIBUTES_MAX];
	struct nfgenmsg body;
	char key[KEY_MAX], table[256];
	uint64_t handle = 0;
	if (len < NLMSG_ALIGN(sizeof(body)))
		return;
	memcpy(&body, at, sizeof(body));
	size_t start = NLMSG_ALIGN(sizeof(body));
	if (!split(at + start, len - start, parts) ||
	    parts[NFTA_RULE_HANDLE].len != sizeof(handle) ||
	    parts[NFTA_RULE_TABLE].len == 0 ||
	    parts[NFTA_RULE_TABLE].len > sizeof(table) ||
	    parts[NFTA_RULE_EXPRESSIONS].at == NULL)
		return;
	memcpy(&handle, parts[NFTA_RULE_HANDLE].at, sizeof(handle));
	snprintf(table, sizeof(table), "%.*s", (int)parts[NFTA_RULE_TABLE].len,
		 (const char *)parts[NFTA_RULE_TABLE].at);
	json_t *list = read_expressions(&parts[NFTA_RULE_EXPRESSIONS]);
	make_key(key, family_name(body.nfgen_family), table, be64toh(handle));
	if (json_array_size(list) > 0)
		json_object_set(states, key, list);
	json_decref(list);
}

bool firewall_read_states(const void *datagram, size_t len, json_t *states)
{
	const uint8_t *at = datagram;
	while (len >= NLMSG_HDRLEN) {
		struct nlmsghdr header;
		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > len ||
		    header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR)
			return false;
		if (header.nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE))
			read_rule(at + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN,
				  states);
		size_t step = NLMSG_ALIGN(header.nlmsg_len);
		step = step < len ? step : len;
		at += step;
		len -= step;
	}
	return true;
}

/* ---- the document ---- */

/* The extension in a statement, if it is that one; else NULL. */
static json_t *conntrack_of(const json_t *statement)
{
	json_t *extension = json_object_get(statement, "xt");
	const char *name = json_string_value(json_object_get(extension, "name"));
	return name != NULL && strcmp(name, "conntrack") == 0 ? extension : NULL;
}

static void add_to_rule(const json_t *rule, json_t *states, bool *has_any)
{
	char key[KEY_MAX];
	const char *family = json_string_value(json_object_get(rule, "family"));
	const char *table = json_string_value(json_object_get(rule, "table"));
	const json_t *statements = json_object_get(rule, "expr");
	json_int_t handle = json_integer_value(json_object_get(rule, "handle"));
	size_t seen = 0;
	if (family == NULL || table == NULL)
		return;
	make_key(key, family, table, (uint64_t)handle);
	json_t *list = json_object_get(states, key);
	for (size_t i = 0; i < json_array_size(statements); i++) {
		json_t *extension = conntrack_of(json_array_get(statements, i));
		if (extension == NULL)
			continue;
		*has_any = true;
		json_t *state = json_array_get(list, seen++);
		if (state != NULL)
			json_object_set(extension, "state", state);
	}
}

static bool add_to_all(const json_t *document, json_t *states)
{
	bool has_any = false;
	const json_t *items = json_object_get(document, "nftables");
	for (size_t i = 0; i < json_array_size(items); i++)
		add_to_rule(json_object_get(json_array_get(items, i), "rule"), states,
			    &has_any);
	return has_any;
}

bool firewall_has_states(const json_t *document)
{
	return add_to_all(document, NULL);
}

void firewall_add_states(json_t *document, json_t *states)
{
	add_to_all(document, states);
}
