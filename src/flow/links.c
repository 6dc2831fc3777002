/*
 * links.c: numbered ways of packets; see links.h.
 */
#include "flow/links.h"

#include <stdbool.h>

static bool is_same(const struct link *l, const struct packet *p)
{
	return l->iface == p->iface && l->vlan == p->vlan &&
	       l->vlan_inner == p->vlan_inner && l->tunnel == p->tunnel;
}

uint16_t links_find(struct links *links, const struct packet *p)
{
	if (links->last != 0 && is_same(&links->at[links->last], p))
		return links->last;
	/* Only a new way, or a change of way, walks; there are a handful. */
	uint32_t i = 1;
	while (i < links->count && !is_same(&links->at[i], p))
		i++;
	if (i >= LINKS_MAX)
		return 0;
	if (i >= links->count) {
		links->at[i] =
			(struct link){ p->iface, p->vlan, p->vlan_inner, p->tunnel };
		links->count = i + 1;
	}
	links->last = (uint16_t)i;
	return (uint16_t)i;
}
