/*
 * maintenance.c: see maintenance.h.
 */
#include "probe/maintenance.h"

#include <stdio.h>
#include <string.h>

static void drop_ended(struct maintenance *m, const char *target, int64_t now_us)
{
	size_t kept = 0;
	for (size_t i = 0; i < m->count; i++)
		if (m->at[i].until_us > now_us && strcmp(m->at[i].target, target) != 0)
			m->at[kept++] = m->at[i];
	m->count = kept;
}

bool maintenance_set(struct maintenance *m, const char *target, int64_t until_us,
		     int64_t now_us)
{
	drop_ended(m, target, now_us);
	if (until_us <= now_us)
		return true;
	if (m->count == MAINTAINED_MAX)
		return false;
	struct maintained *one = &m->at[m->count++];
	snprintf(one->target, sizeof(one->target), "%s", target);
	one->until_us = until_us;
	return true;
}

bool maintenance_holds(const struct maintenance *m, const char *target, int64_t at_us)
{
	for (size_t i = 0; i < m->count; i++)
		if (at_us < m->at[i].until_us && (m->at[i].target[0] == '\0' ||
						  strcmp(m->at[i].target, target) == 0))
			return true;
	return false;
}
