/*
 * firewall_extension.c: see firewall_extension.h.
 *
 * The kernel answers with one message a rule: table, handle, and a list of expressions,
 * of which those called "match" hold an extension's structure as iptables made it.
 */
#include "host/firewall_extension.h"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/netlink.h"
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

/* Of a structure that the kernel may have made longer or shorter. */
static bool copy(const struct attribute *from, void *to, size_t size, size_t least)
{
	if (from->at == NULL || from->len < least)
		return false;
	memset(to, 0, size);
	memcpy(to, from->at, from->len < size ? from->len : size);
	return true;
}

/* Names as nft(8) writes them; NULL: it is for more than that, or for something else.
 */
static json_t *read_states(const struct attribute *info, uint32_t revision)
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
	if (revision < 2 || revision > 3 ||
	    !copy(info, &wanted, sizeof(wanted), sizeof(struct xt_conntrack_mtinfo2)) ||
	    wanted.match_flags != XT_CONNTRACK_STATE || wanted.invert_flags != 0)
		return NULL;
	unsigned left = wanted.state_mask;
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((left & names[i].bit) != 0)
			json_array_append_new(list, json_string(names[i].name));
		left &= ~names[i].bit;
	}
	if (left == 0)
		return json_pack("{s:o}", "state", list);
	json_decref(list);
	return NULL;
}

/* Destinations; NULL: others, or another revision. */
static json_t *read_ports(const struct attribute *info, uint32_t revision)
{
	struct xt_multiport_v1 wanted;
	if (revision != 1 || !copy(info, &wanted, sizeof(wanted), sizeof(wanted)) ||
	    wanted.flags != XT_MULTIPORT_DESTINATION || wanted.invert != 0 ||
	    wanted.count > XT_MULTI_PORTS)
		return NULL;
	json_t *list = json_array();
	for (int i = 0; i < wanted.count; i++) {
		json_t *port = json_integer(wanted.ports[i]);
		/* The first of a range; the last one comes next. */
		if (wanted.pflags[i] != 0 && i + 1 < wanted.count)
			port = json_pack("{s:[o,i]}", "range", port,
					 (int)wanted.ports[++i]);
		json_array_append_new(list, port);
	}
	return json_pack("{s:o}", "ports", list);
}

/* What is known of an extension, or null; NULL: it is none of these. */
static json_t *read_extension(const struct attribute *expression)
{
	struct attribute parts[ATTRIBUTES_MAX], data[ATTRIBUTES_MAX];
	uint32_t revision = 0;
	if (!split(expression->at, expression->len, parts) ||
	    !is_text(&parts[NFTA_EXPR_NAME], "match") ||
	    parts[NFTA_EXPR_DATA].at == NULL ||
	    !split(parts[NFTA_EXPR_DATA].at, parts[NFTA_EXPR_DATA].len, data))
		return NULL;
	bool has_states = is_text(&data[NFTA_MATCH_NAME], "conntrack");
	if (!has_states && !is_text(&data[NFTA_MATCH_NAME], "multiport"))
		return NULL;
	if (data[NFTA_MATCH_REV].len == sizeof(revision))
		memcpy(&revision, data[NFTA_MATCH_REV].at, sizeof(revision));
	revision = be32toh(revision);
	const struct attribute *info = &data[NFTA_MATCH_INFO];
	json_t *known =
		has_states ? read_states(info, revision) : read_ports(info, revision);
	return known == NULL ? json_null() : known;
}

/* One entry for each of its extensions of these kinds, in order. */
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
		json_t *known = read_extension(&expression);
		if (known != NULL)
			json_array_append_new(list, known);
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

static void read_rule(const uint8_t *at, size_t len, json_t *known)
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
		json_object_set(known, key, list);
	json_decref(list);
}

bool extensions_read(const void *datagram, size_t len, json_t *known)
{
	struct netlink_walk walk = { .at = datagram, .len = len };
	while (netlink_next(&walk)) {
		uint16_t type = walk.header.nlmsg_type;
		if (type == NLMSG_DONE || type == NLMSG_ERROR)
			return false;
		if (type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE))
			read_rule(walk.body, walk.body_len, known);
	}
	return !walk.is_bad;
}

/* ---- the document ---- */

/* The extension in a statement, if it is one of these; else NULL. */
static json_t *extension_of(const json_t *statement)
{
	json_t *extension = json_object_get(statement, "xt");
	const char *type = json_string_value(json_object_get(extension, "type"));
	const char *name = json_string_value(json_object_get(extension, "name"));
	if (type == NULL || name == NULL || strcmp(type, "match") != 0)
		return NULL;
	return strcmp(name, "conntrack") == 0 || strcmp(name, "multiport") == 0
		       ? extension
		       : NULL;
}

/* True if there are any. */
static bool add_to_rule(const json_t *rule, const json_t *known)
{
	char key[KEY_MAX];
	const char *family = json_string_value(json_object_get(rule, "family"));
	const char *table = json_string_value(json_object_get(rule, "table"));
	const json_t *statements = json_object_get(rule, "expr");
	json_int_t handle = json_integer_value(json_object_get(rule, "handle"));
	size_t seen = 0;
	if (family == NULL || table == NULL)
		return false;
	make_key(key, family, table, (uint64_t)handle);
	const json_t *list = json_object_get(known, key);
	for (size_t i = 0; i < json_array_size(statements); i++) {
		json_t *extension = extension_of(json_array_get(statements, i));
		if (extension == NULL)
			continue;
		json_t *more = json_array_get(list, seen++);
		if (json_is_object(more))
			json_object_update(extension, more);
	}
	return seen > 0;
}

static bool add_to_all(const json_t *document, const json_t *known)
{
	bool has_any = false;
	const json_t *items = json_object_get(document, "nftables");
	for (size_t i = 0; i < json_array_size(items); i++)
		if (add_to_rule(json_object_get(json_array_get(items, i), "rule"),
				known))
			has_any = true;
	return has_any;
}

bool extensions_are_in(const json_t *document)
{
	return add_to_all(document, NULL);
}

void extensions_add(json_t *document, const json_t *known)
{
	add_to_all(document, known);
}
