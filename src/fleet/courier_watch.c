/*
 * courier_watch.c: hears of files that are new in the spool (inotify(7)), as a finding
 * should be with the hubs in less than a second.  Where that can't be had, each lane
 * looks every two seconds.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "fleet/courier_inside.h"

enum { EVENTS_BYTES = 4096 };

int courier_watch_open(struct courier *courier)
{
	for (int lane = 0; lane < FLEET_LANES; lane++)
		courier->watched[lane] = -1;
	courier->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (courier->inotify < 0)
		return -errno;
	courier_watch_again(courier);
	return 0;
}

/* A batch is written beside and renamed, so it is whole when it has its name. */
static int watch(struct courier *courier, enum fleet_lane lane)
{
	char path[COURIER_PATH_MAX + LINK_ERROR_MAX];
	snprintf(path, sizeof(path), "%s/%s", courier->spool, fleet_lane_name(lane));
	return inotify_add_watch(courier->inotify, path,
				 IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
					 IN_ONLYDIR);
}

void courier_watch_again(struct courier *courier)
{
	bool is_new = false;
	for (int lane = 0; lane < FLEET_LANES; lane++) {
		if (courier->watched[lane] >= 0)
			continue;
		courier->watched[lane] = watch(courier, lane);
		is_new = is_new || courier->watched[lane] >= 0;
	}
	/* What was put there before it was watched. */
	if (is_new)
		courier_wake_lanes(courier, false);
}

/* Its folder is another one, or none: courier_watch_again() looks. */
static void forget(struct courier *courier, const struct inotify_event *event)
{
	if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) == 0)
		return;
	for (int lane = 0; lane < FLEET_LANES; lane++)
		if (courier->watched[lane] == event->wd)
			courier->watched[lane] = -1;
	inotify_rm_watch(courier->inotify, event->wd);
}

void courier_watch_read(struct courier *courier)
{
	_Alignas(struct inotify_event) char bytes[EVENTS_BYTES];
	ssize_t len;
	bool is_any = false;
	while ((len = read(courier->inotify, bytes, sizeof(bytes))) > 0) {
		const char *at = bytes;
		while (at < bytes + len) {
			const struct inotify_event *event = (const void *)at;
			forget(courier, event);
			at += sizeof(*event) + event->len;
		}
		is_any = true;
	}
	if (is_any)
		courier_wake_lanes(courier, false);
}
