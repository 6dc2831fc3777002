/*
 * rounds_group.c: targets that stand for several, and their members.
 *
 * A member is watched like every other target, as long as a group holds it.
 */
#include <stdlib.h>

#include "probe/group.h"
#include "probe/members.h"
#include "probe/watched.h"

/* ---- who they are ---- */

struct gathering {
	struct watched *group;
	struct watched **at;
	uint32_t count, size;
};

static bool has_room(struct gathering *g)
{
	if (g->count < g->size)
		return true;
	uint32_t size = g->size == 0 ? 4 : g->size * 2;
	struct watched **grown = realloc(g->at, size * sizeof(struct watched *));
	if (grown == NULL)
		return false;
	g->at = grown;
	g->size = size;
	return true;
}

static struct watched *add_member(struct rounds *rounds, struct target *member,
				  const struct round_rules *rules)
{
	struct watched *w = watched_add(rounds, member, rules);
	if (w != NULL)
		w->is_wanted = false;
	return w;
}

/* What is configured, too, has rules of its own. */
static void gather(void *self, struct target *member)
{
	struct gathering *g = self;
	struct rounds *rounds = g->group->rounds;
	struct watched *w = watched_find(rounds, member->text);
	if (!has_room(g) || (w != NULL && w->is_wanted))
		target_free(member);
	else if (w != NULL)
		watched_renew(w, member);
	else
		w = add_member(rounds, member, &g->group->rules);
	if (w == NULL || g->count == g->size)
		return;
	if (w->group == NULL)
		w->group = g->group;
	if (!w->is_wanted)
		w->rules = g->group->rules;
	w->held++;
	g->at[g->count++] = w;
}

/* Those that are members no more go, unless somebody else wants them. */
static void set_members(struct watched *group, struct watched **at, uint32_t count)
{
	for (uint32_t i = 0; i < group->member_count; i++) {
		struct watched *w = group->members[i];
		w->held--;
		if (w->group == group)
			w->group = NULL;
		group->rounds->has_unwanted |= w->held == 0 && !w->is_wanted;
	}
	for (uint32_t i = 0; i < count; i++)
		if (at[i]->group == NULL)
			at[i]->group = group;
	free(group->members);
	group->members = at;
	group->member_count = count;
}

void groups_release(struct rounds *rounds)
{
	for (bool again = true; again;) {
		again = false;
		for (uint32_t i = 0; i < rounds->count; i++) {
			struct watched *w = rounds->all[i];
			if (w->member_count == 0 || watched_is_kept(w))
				continue;
			set_members(w, NULL, 0);
			again = true;
		}
	}
}

void group_renew(struct watched *group, bool has_members)
{
	struct gathering g = { .group = group };
	if (has_members)
		prober_members(group->rounds->prober, &group->target, gather, &g);
	set_members(group, g.at, g.count);
}

/* ---- what they come to ---- */

/* False: some have not been asked yet. */
static bool count_members(const struct watched *group, struct group *sum)
{
	char name[GROUP_NAME_MAX];
	for (uint32_t i = 0; i < group->member_count; i++) {
		const struct watched *w = group->members[i];
		if (w->health.count == 0)
			return false;
		member_name(&group->target, &w->target, name, sizeof(name));
		group_add(sum, name, w->health.hard,
			  w->health.hard == PROBE_up ? NULL : w->reason);
	}
	return group->member_count > 0;
}

bool group_sum(const struct watched *group, struct probe_record *told)
{
	struct group sum = { 0 };
	if (!count_members(group, &sum))
		return false;
	group_judge(&sum, told);
	return true;
}
