/*
 * spool_take.c: batches out of a spool; see spool.h.
 *
 * Who takes knows nothing but the files.  The name of the last one that was told stays:
 * after a crash its sequence says where to go on.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "fleet/spool.h"
#include "fleet/spool_inside.h"

struct search {
	struct spool_name oldest;
	bool found;
};

static bool find_oldest(void *to, const struct spool_name *name, const char *path)
{
	struct search *search = to;
	(void)path;
	if (!search->found || spool_name_compare(name, &search->oldest) < 0)
		search->oldest = *name;
	search->found = true;
	return true;
}

static int set_aside(const char *folder, enum fleet_lane lane,
		     const struct spool_name *name)
{
	char path[SPOOL_PATH_MAX], aside[SPOOL_PATH_MAX];
	int error = spool_batch_path(folder, lane, name, path);
	if (error == 0)
		error = spool_lane_path(folder, lane, SPOOL_BAD, aside);
	if (error == 0 && rename(path, aside) != 0)
		error = -errno;
	return error == 0 ? -EBADMSG : error;
}

static int take(const char *folder, enum fleet_lane lane, const struct spool_name *name,
		struct batch_id *id, struct buf *bytes)
{
	struct batch_head head;
	int error = spool_read(folder, lane, name, bytes, &head);
	if (error == -EBADMSG)
		return set_aside(folder, lane, name);
	if (error == 0)
		*id = head.id;
	return error;
}

int fleet_spool_oldest(const char *folder, enum fleet_lane lane, struct batch_id *id,
		       struct buf *bytes)
{
	struct search search = { 0 };
	int error = spool_scan(folder, lane, find_oldest, &search);
	if (error != 0)
		return error;
	return search.found ? take(folder, lane, &search.oldest, id, bytes) : -ENOENT;
}

int fleet_spool_after(const char *folder, const struct batch_id *told,
		      struct batch_id *id, struct buf *bytes)
{
	const struct spool_name next = { told->epoch, told->sequence + 1 };
	return take(folder, told->lane, &next, id, bytes);
}

int fleet_spool_done(const char *folder, const struct batch_id *id)
{
	char path[SPOOL_PATH_MAX];
	const struct spool_name name = { id->epoch, id->sequence };
	int error = spool_batch_path(folder, id->lane, &name, path);
	if (error == 0)
		error = spool_write_told(folder, id->lane, &name);
	if (error != 0)
		return error;
	return unlink(path) == 0 ? 0 : -errno;
}
