/*
 * scan_group.c: see scan_group.h.
 */
#include "detect/scan_group.h"

#include <stdlib.h>

enum {
	/* One that tries twice as many ports as any other goes on alone. */
	STANDS_OUT_TIMES = 2,
	STANDS_OUT_PORTS = 15,
	/* What one provider gives to one customer is hardly larger. */
	NETWORK_IP4 = 16,
	NETWORK_IP6 = 32,
	/* Neighbours in so small a network are one. */
	NEIGHBOURS_IP4 = 24,
	NEIGHBOURS_IP6 = 48,
};

struct scan_group *scan_groups_begin(struct scan_groups *groups)
{
	struct scan_group *oldest = &groups->at[0];
	for (int i = 1; i < GROUPS_MAX; i++)
		if (groups->at[i].turn == 0 ||
		    (oldest->turn != 0 && groups->at[i].last_us < oldest->last_us))
			oldest = &groups->at[i];
	*oldest = (struct scan_group){ .turn = ++groups->turns };
	return oldest;
}

struct scan_group *scan_groups_shared(struct scan_groups *groups,
				      const struct addr *server, uint64_t transport,
				      int64_t now_us)
{
	for (int i = 0; i < GROUPS_MAX; i++) {
		struct scan_group *group = &groups->at[i];
		if (group->turn != 0 && group->is_shared &&
		    group->transport == transport &&
		    addr_equal(&group->server, server) &&
		    llabs(now_us - group->last_us) <= SHARED_S * 1000000LL)
			return group;
	}
	return NULL;
}

/* Leading bits that two addresses have in common. */
static unsigned common_bits(const struct addr *a, const struct addr *b)
{
	unsigned bits = 0;
	while (bits < 128 &&
	       ((a->ip6[bits / 8] ^ b->ip6[bits / 8]) >> (7 - bits % 8) & 1) == 0)
		bits++;
	return bits;
}

static struct scan_member *find_member(struct scan_group *group,
				       const struct addr *client)
{
	for (uint32_t i = 0; i < group->named; i++)
		if (addr_equal(&group->members[i].addr, client))
			return &group->members[i];
	return NULL;
}

void scan_group_join(struct scan_group *group, const struct addr *client)
{
	unsigned common =
		group->named > 0 ? common_bits(client, &group->members[0].addr) : 128;
	if (group->count == 0 || common < group->common_bits)
		group->common_bits = common;
	group->count++;
	if (group->named < GROUP_NAMED)
		group->members[group->named++] =
			(struct scan_member){ .addr = *client };
}

/* Who stands out is named before who does not. */
static struct scan_member *unremarkable(struct scan_group *group)
{
	for (uint32_t i = 0; i < group->named; i++)
		if (!group->members[i].resets)
			return &group->members[i];
	return NULL;
}

void scan_group_note(struct scan_group *group, const struct addr *client,
		     uint32_t ports, bool resets)
{
	struct scan_member *member = find_member(group, client);
	if (member == NULL && resets)
		member = unremarkable(group);
	if (member != NULL)
		*member = (struct scan_member){ *client, ports, resets, false };
}

void scan_group_note_real(struct scan_group *group, const struct addr *client)
{
	struct scan_member *member = find_member(group, client);
	group->has_real = true;
	if (member != NULL)
		member->is_real = true;
}

/* The only one that resets. */
static const struct scan_member *resetter(const struct scan_group *group)
{
	const struct scan_member *only = NULL;
	for (uint32_t i = 0; i < group->named; i++) {
		if (!group->members[i].resets)
			continue;
		if (only != NULL)
			return NULL;
		only = &group->members[i];
	}
	return only;
}

/* The only one that goes on where the others have stopped. */
static const struct scan_member *outlasting(const struct scan_group *group)
{
	const struct scan_member *most = &group->members[0];
	for (uint32_t i = 1; i < group->named; i++)
		if (group->members[i].ports > most->ports)
			most = &group->members[i];
	for (uint32_t i = 0; i < group->named; i++)
		if (&group->members[i] != most &&
		    group->members[i].ports * STANDS_OUT_TIMES > most->ports)
			return NULL;
	return most->ports >= STANDS_OUT_PORTS ? most : NULL;
}

const struct addr *scan_group_suspect(const struct scan_group *group)
{
	if (group->is_shared || group->has_real || group->named == 0)
		return NULL;
	const struct scan_member *member = resetter(group);
	if (member == NULL)
		member = outlasting(group);
	return member != NULL ? &member->addr : NULL;
}

const struct addr *scan_group_speaker(const struct scan_group *group)
{
	const struct addr *suspect = scan_group_suspect(group);
	uint32_t i = 0;
	if (suspect != NULL)
		return suspect;
	while (i + 1 < group->named && group->members[i].is_real)
		i++;
	return &group->members[i].addr;
}

bool scan_group_network(const struct scan_group *group, struct scan_network *network)
{
	if (group->common_bits <
	    (addr_is_v4(&group->members[0].addr) ? 96 + NETWORK_IP4 : NETWORK_IP6))
		return false;
	struct addr addr = group->members[0].addr;
	bool is_v4 = addr_is_v4(&addr);
	unsigned most = is_v4 ? 96 + NEIGHBOURS_IP4 : NEIGHBOURS_IP6;
	unsigned len = group->common_bits < most ? group->common_bits : most;
	for (unsigned bit = len; bit < 128; bit++)
		addr.ip6[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	network->addr = addr;
	network->len = (uint16_t)(is_v4 ? len - 96 : len);
	return true;
}

static void list_member(const struct scan_member *member, const char *before,
			struct buf *out)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&member->addr, text);
	buf_printf(out, "%s%s%s", before, text,
		   member->is_real  ? " (completes handshakes)"
		   : member->resets ? " (resets our answers)"
				    : "");
}

/* Who stands out comes first: not all may fit. */
void scan_group_evidence(const struct scan_group *group, struct buf *out)
{
	buf_text(out, group->is_shared ? "Other ports each, from"
				       : "The same ports at the same time, from");
	const char *before = " ";
	for (int resets = 1; resets >= 0; resets--)
		for (uint32_t i = 0; i < group->named; i++) {
			if (group->members[i].resets != (resets == 1))
				continue;
			list_member(&group->members[i], before, out);
			before = ", ";
		}
	if (group->count > group->named)
		buf_printf(out, " and %u more", group->count - group->named);
}
