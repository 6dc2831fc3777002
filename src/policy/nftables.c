/*
 * nftables.c: the register as a firewall: what no entry allows is dropped.
 *
 * Only printed.  Whose program it is can't be said in a packet filter, so a rule opens
 * the port to whoever listens there.
 */
#include <string.h>

#include "policy/entry.h"

/* Bytes of a comment that the kernel keeps are 128, with the NUL. */
enum { COMMENT_MAX = 120 };

static const char head[] =
	"#!/usr/sbin/nft -f\n"
	"# Written from the register of authorised ports. Load it with a way back, in "
	"case\n"
	"# it locks you out:\n"
	"#   nft -c -f FILE                               only checks it\n"
	"#   systemd-run --unit=breakwater-undo --on-active=3min \\\n"
	"#       nft delete table inet breakwater_register\n"
	"#   nft -f FILE\n"
	"# Then open a NEW connection. If it works:\n"
	"#   systemctl stop breakwater-undo.timer\n"
	"# Tables of others stay as they are, and what they drop stays dropped.\n"
	"table inet breakwater_register\n"
	"delete table inet breakwater_register\n"
	"table inet breakwater_register {\n"
	"\tchain input {\n"
	"\t\ttype filter hook input priority filter; policy drop;\n"
	"\t\tiifname \"lo\" accept\n"
	"\t\tct state established,related accept\n"
	"\t\tct state invalid drop\n"
	"\t\ticmp type { destination-unreachable, time-exceeded, parameter-problem, "
	"echo-request } accept\n"
	"\t\ticmpv6 type { destination-unreachable, packet-too-big, time-exceeded, "
	"parameter-problem, echo-request } accept\n"
	"\t\t# Without neighbours there is no IPv6 (RFC 4890, 4.4.1); none is far "
	"away.\n"
	"\t\tip6 hoplimit 255 icmpv6 type { nd-router-solicit, nd-router-advert, "
	"nd-neighbor-solicit, nd-neighbor-advert } accept\n"
	"\t\t# Switches that ask who is in a multicast group.\n"
	"\t\tip6 saddr fe80::/10 icmpv6 type mld-listener-query accept\n"
	"\t\tip protocol igmp accept\n";

/* Networks of one family, those inside others left out: nft refuses overlaps. */
struct side {
	const struct prefixes *list;
	bool v4;
};

static bool is_needed(const struct side *side, size_t i)
{
	const struct prefix *prefix = &side->list->at[i];
	if (prefix_is_v4(prefix) != side->v4 || prefix_is_loopback(prefix))
		return false;
	for (size_t j = 0; j < side->list->count; j++) {
		const struct prefix *wide = &side->list->at[j];
		if (j != i && prefix_is_v4(wide) == side->v4 &&
		    wide->len < prefix->len && prefix_holds(wide, &prefix->addr))
			return false;
	}
	return true;
}

static size_t count_needed(const struct side *side)
{
	size_t count = 0;
	for (size_t i = 0; i < side->list->count; i++)
		count += is_needed(side, i);
	return count;
}

/* "ip saddr { ... } "; nothing for any address of the family. */
static void put_side(struct buf *out, const struct side *side, const char *which)
{
	size_t put = 0;
	if (side->list->any)
		return;
	for (size_t i = 0; i < side->list->count; i++)
		if (side->list->at[i].len == (side->v4 ? 96 : 0) && is_needed(side, i))
			return;
	buf_printf(out, "%s %s { ", side->v4 ? "ip" : "ip6", which);
	for (size_t i = 0; i < side->list->count; i++) {
		if (!is_needed(side, i))
			continue;
		buf_text(out, put++ > 0 ? ", " : "");
		prefix_say(out, &side->list->at[i]);
	}
	buf_text(out, " } ");
}

/* As many whole characters as fit; nft knows no escape for a quote. */
static void put_comment_text(struct buf *out, const char *text, size_t *room)
{
	for (const char *s = text; *s != '\0';) {
		size_t len = 1;
		while (((unsigned char)s[len] & 0xc0) == 0x80)
			len++;
		if (len > *room) {
			*room = 0;
			return;
		}
		if (*s == '"')
			buf_char(out, '\'');
		else
			buf_add(out, s, len);
		*room -= len;
		s += len;
	}
}

static void put_comment(struct buf *out, const struct entry *entry)
{
	size_t room = COMMENT_MAX;
	const char *reason = entry->texts[TEXT_REASON];
	const char *owner = entry->texts[TEXT_OWNER];
	buf_text(out, "accept comment \"");
	put_comment_text(out, reason != NULL && *reason != '\0' ? reason : "no reason",
			 &room);
	put_comment_text(out, "; owner: ", &room);
	put_comment_text(out, owner != NULL && *owner != '\0' ? owner : "nobody",
			 &room);
	buf_text(out, "\"\n");
}

static void put_port(struct buf *out, const struct entry *entry)
{
	buf_printf(out, "%s dport %u", transport_names[entry->transport], entry->first);
	if (entry->last != entry->first)
		buf_printf(out, "-%u", entry->last);
	buf_char(out, ' ');
}

/* False if the entry allows nobody of the family who is not on this machine. */
static bool put_rule(struct buf *out, const struct entry *entry, bool v4)
{
	struct side addresses = { &entry->addresses, v4 };
	struct side clients = { &entry->clients, v4 };
	if (!entry->addresses.any && count_needed(&addresses) == 0)
		return false;
	if (!entry->clients.any && count_needed(&clients) == 0)
		return false;
	buf_printf(out, "\t\tmeta nfproto %s ", v4 ? "ipv4" : "ipv6");
	put_side(out, &addresses, "daddr");
	put_side(out, &clients, "saddr");
	put_port(out, entry);
	put_comment(out, entry);
	return true;
}

static void say_left_out(struct buf *out, const struct entry *entry, const char *why)
{
	buf_text(out, "\t\t# ");
	entry_say_port(out, entry);
	buf_printf(out, ": %s\n", why);
}

static void put_entry(struct buf *out, const struct entry *entry, int64_t now_us)
{
	if (entry->scope == SCOPE_OTHER) {
		say_left_out(out, entry, "of another network namespace");
	} else if (entry->expires_us <= now_us) {
		say_left_out(out, entry, "its approval has expired");
	} else if (entry->addresses.any && entry->clients.any) {
		buf_text(out, "\t\t");
		put_port(out, entry);
		put_comment(out, entry);
	} else {
		bool v4 = put_rule(out, entry, true), v6 = put_rule(out, entry, false);
		if (!v4 && !v6)
			say_left_out(out, entry, "for this machine alone");
	}
}

void policy_nftables(const struct policy *policy, int64_t now_us, struct buf *out)
{
	buf_text(out, head);
	for (size_t i = 0; i < policy->count; i++)
		put_entry(out, &policy->entries[i], now_us);
	buf_text(out, "\t}\n}\n");
}
