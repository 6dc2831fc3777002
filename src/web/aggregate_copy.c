/*
 * aggregate_copy.c: all that is in an aggregate, once more; see aggregate.h.
 */
#include <stdlib.h>
#include <string.h>

#include "web/aggregate.h"

/* As much room as the other has: more may come. */
static bool copy_part(void *to, const void *from, size_t used, size_t room)
{
	void *copy = room > 0 ? malloc(room) : NULL;
	if (copy == NULL)
		return room == 0;
	if (used > 0)
		memcpy(copy, from, used);
	memcpy(to, &copy, sizeof(copy));
	return true;
}

static bool copy_index(struct aggregate_index *to, const struct aggregate_index *from)
{
	size_t size = from->room * sizeof(from->at[0]);
	to->room = from->room;
	return copy_part(&to->at, from->at, size, size);
}

bool aggregate_copy(struct aggregate *a, const struct aggregate *from)
{
	size_t group = sizeof(a->groups[0]), cell = sizeof(a->cells[0]);
	size_t tally = from->tally_size;
	bool ok = copy_part(&a->groups, from->groups, from->group_count * group,
			    from->group_room * group) &&
		  copy_part(&a->group_tallies, from->group_tallies,
			    from->group_count * tally, from->group_room * tally) &&
		  copy_part(&a->keys, from->keys, from->key_bytes, from->key_room) &&
		  copy_index(&a->by_key, &from->by_key) &&
		  copy_part(&a->cells, from->cells, from->cell_count * cell,
			    from->cell_room * cell) &&
		  copy_part(&a->cell_tallies, from->cell_tallies,
			    from->cell_count * tally, from->cell_room * tally) &&
		  copy_index(&a->by_step, &from->by_step);
	a->failed |= !ok;
	if (!ok)
		return false;
	a->step_s = from->step_s;
	a->secret = from->secret;
	a->group_count = from->group_count;
	a->group_room = from->group_room;
	a->key_bytes = from->key_bytes;
	a->key_room = from->key_room;
	a->cell_count = from->cell_count;
	a->cell_room = from->cell_room;
	memcpy(a->others, from->others, tally);
	*a->hashes = *from->hashes;
	a->merged = from->merged;
	a->short_by = from->short_by;
	return true;
}
