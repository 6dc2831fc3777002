/*
 * port_scan_company.c: who scans with whom.
 */
#include "detect/port_scan.h"

enum {
	/* Decoys come with each packet of the scanner. */
	DECOYS_S = 60,
	SHARERS = 4,
	ALIKE_PERCENT = 60, /* answers and losses differ from source to source */
};

static uint32_t count_common(const uint64_t *a, const uint64_t *b)
{
	uint32_t common = 0;
	for (int i = 0; i < 1024; i++)
		common += (uint32_t)__builtin_popcountll(a[i] & b[i]);
	return common;
}

static bool is_within(int64_t a_us, int64_t b_us, int64_t most_s)
{
	int64_t apart_us = a_us > b_us ? a_us - b_us : b_us - a_us;
	return apart_us <= most_s * SECOND_US;
}

static bool is_alike(const struct port_scan *scan, const uint64_t *ports)
{
	return count_common(scan->ports, ports) * 100 >=
	       scan->port_count * ALIKE_PERCENT;
}

static void join(struct port_scan *scan, struct scan_group *group)
{
	scan->group = group;
	scan->group_turn = group->turn;
	scan_group_join(group, &scan->client);
}

void port_scan_note_group(struct port_scan *scan, const struct attempt *attempt)
{
	struct scan_group *group = scan->group;
	group->last_us = scan->last_us;
	port_bits_add(group->ports, attempt->port);
	scan_group_note(group, &scan->client, scan->port_count, scan->resets);
}

/* A group that tries the same ports of the same host. */
static struct scan_group *alike_group(struct port_scans *all,
				      const struct port_scan *scan)
{
	for (int i = 0; i < GROUPS_MAX; i++) {
		struct scan_group *group = &all->groups.at[i];
		if (group->turn != 0 && !group->is_shared &&
		    group->transport == scan->head.key.rest &&
		    addr_equal(&group->server, &scan->server) &&
		    is_within(scan->first_us, group->first_us, DECOYS_S) &&
		    is_alike(scan, group->ports))
			return group;
	}
	return NULL;
}

/*
 * No decoy completes a handshake.  A client of ours whose name is used does, but then
 * the rest of the scan is not made by an operating system's connect(), as all of his
 * is.
 */
static bool is_real(const struct port_scan *scan)
{
	return port_scan_has_proof(scan) && port_scan_is_connect(scan);
}

/* The one that this scan belongs to; one that is real is nobody's decoy. */
static struct scan_group *group_for(struct port_scans *all,
				    const struct port_scan *scan)
{
	struct scan_group *shared = scan_groups_shared(
		&all->groups, &scan->server, scan->head.key.rest, scan->last_us);
	if (shared != NULL || is_real(scan))
		return shared;
	return alike_group(all, scan);
}

static struct scan_group *begin_group(struct port_scans *all,
				      const struct port_scan *scan, bool is_shared)
{
	struct scan_group *group = scan_groups_begin(&all->groups);
	group->is_shared = is_shared;
	group->server = scan->server;
	group->transport = scan->head.key.rest;
	group->first_us = scan->first_us;
	group->last_us = scan->last_us;
	return group;
}

/* The finding of the first becomes the group's, those of others were parts of it. */
static void merge_finding(struct detect *detect, struct port_scan *scan,
			  struct scan_group *group)
{
	struct finding *finding = port_scan_finding(detect, scan, &scan->key);
	const struct finding *whole = port_scan_finding(detect, scan, &group->key);
	if (whole == NULL)
		group->key = scan->key;
	else if (finding != NULL)
		findings_fold(&detect->findings, finding, whole, detect->now_us);
	scan->key = (struct scan_key){ .kind = NULL };
}

static void bring_in(struct detect *detect, struct port_scan *scan,
		     struct scan_group *group)
{
	merge_finding(detect, scan, group);
	join(scan, group);
	for (int i = 0; i < 1024; i++)
		group->ports[i] |= scan->ports[i];
	scan_group_note(group, &scan->client, scan->port_count, scan->resets);
	scan->is_dirty = true;
}

/*
 * Who is real is told by himself, and takes along what was said of him and his decoys.
 * Of those who share a scan out only who has scanned much is: the rest is one finding.
 */
void port_scan_leave_company(struct port_scan *scan)
{
	struct scan_group *group = scan->group;
	if (group == NULL || !is_real(scan) ||
	    (group->is_shared && !port_scan_is_large(scan)))
		return;
	scan->group = NULL;
	if (group->is_shared)
		return;
	scan_group_note_real(group, &scan->client);
	scan->key = group->key;
	group->key = (struct scan_key){ .kind = NULL };
}

/* One that is grave is told by itself, whoever comes beside it. */
static bool is_beside(const struct port_scan *scan, const struct port_scan *other)
{
	return other != scan && other->told != TOLD_NOTHING && !other->is_wide &&
	       other->group == NULL && !port_scan_is_grave(other) &&
	       other->head.key.rest == scan->head.key.rest &&
	       addr_equal(&other->server, &scan->server) &&
	       is_within(scan->first_us, other->last_us, SHARED_S);
}

/* Another one that has just begun with the same ports. */
static struct port_scan *twin_of(const struct port_scans *all,
				 const struct port_scan *scan)
{
	for (uint32_t i = 0; i < all->scans.used; i++) {
		struct port_scan *other = port_scan_at(all, i);
		if (is_beside(scan, other) && !is_real(other) &&
		    is_within(scan->first_us, other->first_us, DECOYS_S) &&
		    is_alike(scan, other->ports))
			return other;
	}
	return NULL;
}

static uint32_t count_sharers(const struct port_scans *all,
			      const struct port_scan *scan)
{
	uint32_t count = 1;
	for (uint32_t i = 0; i < all->scans.used; i++) {
		const struct port_scan *other = port_scan_at(all, i);
		count += is_beside(scan, other) && !is_alike(scan, other->ports);
	}
	return count;
}

/* The finding about strangers who try a few ports of that host each, if there is one.
 */
static bool is_crowded(struct detect *detect, const struct port_scan *scan,
		       struct scan_key *key)
{
	*key = (struct scan_key){ .kind = "distributed_scan",
				  .technique = scan->head.key.rest == ATTEMPT_UDP
						       ? "udp"
						       : "syn",
				  .client = addr_unset(),
				  .server = scan->server };
	return port_scan_finding(detect, scan, key) != NULL;
}

static void share(struct detect *detect, struct port_scans *all, struct port_scan *scan)
{
	struct scan_group *group = begin_group(all, scan, true);
	struct scan_key crowd;
	if (is_crowded(detect, scan, &crowd))
		group->key = crowd;
	for (uint32_t i = 0; i < all->scans.used; i++) {
		struct port_scan *other = port_scan_at(all, i);
		if (is_beside(scan, other))
			bring_in(detect, other, group);
	}
	bring_in(detect, scan, group);
}

void port_scan_find_company(struct detect *detect, struct port_scans *all,
			    struct port_scan *scan)
{
	struct scan_group *group = group_for(all, scan);
	struct scan_key crowd;
	struct port_scan *twin =
		group == NULL && !is_real(scan) ? twin_of(all, scan) : NULL;
	if (twin != NULL) {
		group = begin_group(all, twin, false);
		bring_in(detect, twin, group);
	}
	if (group != NULL)
		bring_in(detect, scan, group);
	else if (is_crowded(detect, scan, &crowd) ||
		 count_sharers(all, scan) >= SHARERS)
		share(detect, all, scan);
}
