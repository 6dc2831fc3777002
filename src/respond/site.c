/*
 * site.c: how much of an IPv6 /48 is blocked by itself.
 *
 * A /48 is what one customer gets (RFC 6177), and 65,536 sources: who hops from one to
 * the next must not use up the bounds that are for all.
 */
#include "respond/site.h"

enum { SITE_BYTES = 6 };
#define MINUTE_US 60000000LL

static struct roster_key key_of_site(const struct addr *address)
{
	struct roster_key key = { .first = *address };
	for (size_t i = SITE_BYTES; i < sizeof(key.first.ip6); i++)
		key.first.ip6[i] = 0;
	return key;
}

static void turn(struct site *site, int64_t now_us)
{
	int64_t minute = now_us / MINUTE_US;
	if (site->minute == minute)
		return;
	site->before = site->minute + 1 == minute ? site->begun : 0;
	site->begun = 0;
	site->minute = minute;
}

struct site *site_take(struct roster *sites, const struct addr *address, int64_t now_us)
{
	const struct roster_key key = key_of_site(address);
	struct site *site = roster_take(sites, &key);
	turn(site, now_us);
	return site;
}

void site_hold(struct roster *sites, const struct addr *address)
{
	const struct roster_key key = key_of_site(address);
	if (addr_is_v4(address))
		return;
	struct site *site = roster_take(sites, &key);
	site->in_force++;
	roster_rank(sites, site, 1);
}

void site_let_go(struct roster *sites, const struct addr *address)
{
	const struct roster_key key = key_of_site(address);
	struct site *site = addr_is_v4(address) ? NULL : roster_find(sites, &key);
	if (site == NULL || site->in_force == 0)
		return;
	site->in_force--;
	roster_rank(sites, site, site->in_force > 0);
}

struct site_use site_use(struct roster *sites, const struct addr *address,
			 int64_t now_us)
{
	const struct roster_key key = key_of_site(address);
	struct site *site = addr_is_v4(address) ? NULL : roster_find(sites, &key);
	if (site == NULL)
		return (struct site_use){ .begun = 0 };
	turn(site, now_us);
	return (struct site_use){ site->begun + site->before, site->in_force };
}
