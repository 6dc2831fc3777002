/*
 * group.c: see group.h.
 */
#include "probe/group.h"

#include <stdio.h>
#include <string.h>

void group_add(struct group *group, const char *name, enum probe_state state,
	       const char *reason)
{
	char *names = group->names[state];
	size_t len = strlen(names), size = sizeof(group->names[state]);
	group->count[state]++;
	if (group->reason[state] == NULL)
		group->reason[state] = reason;
	/* The others are counted. */
	if (len + strlen(name) + 32 < size)
		snprintf(names + len, size - len, "%s%s%s%s", len > 0 ? ", " : "", name,
			 reason != NULL ? " " : "", reason != NULL ? reason : "");
}

static void say(const struct group *group, enum probe_state state, unsigned all,
		struct probe_record *told)
{
	unsigned count = group->count[state];
	snprintf(told->detail, sizeof(told->detail), "%u of %u %s %s: %s", count, all,
		 count == 1 ? "is" : "are", probe_state_word(state),
		 group->names[state]);
}

static void judge(const struct group *group, enum probe_state of, unsigned all,
		  struct probe_record *told)
{
	told->state = probe_state_word(of);
	told->reason = of == PROBE_up ? NULL : group->reason[of];
	if (of != PROBE_up)
		say(group, of, all, told);
}

void group_judge(const struct group *group, struct probe_record *told)
{
	unsigned up = group->count[PROBE_up], down = group->count[PROBE_down];
	unsigned degraded = group->count[PROBE_degraded];
	unsigned all = up + degraded + down + group->count[PROBE_unknown];
	if (down > 0 && up + degraded > 0) {
		told->state = probe_state_word(PROBE_degraded);
		told->reason = reason_word(REASON_some_down);
		say(group, PROBE_down, all, told);
	} else if (down > 0) {
		judge(group, PROBE_down, all, told);
	} else if (degraded > 0) {
		judge(group, PROBE_degraded, all, told);
	} else if (up > 0) {
		judge(group, PROBE_up, all, told);
		if (group->count[PROBE_unknown] > 0)
			say(group, PROBE_unknown, all, told);
	} else {
		judge(group, PROBE_unknown, all, told);
	}
}
