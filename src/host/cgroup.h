/*
 * cgroup.h: what the path of a control group says of who runs a process.
 *
 * systemd names the groups of units, container engines those of containers after
 * themselves; there is no other register of both that all of them keep.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The path in the text of /proc/PID/cgroup: of the one hierarchy of version 2; where
 * that is empty ("hybrid"), of systemd's, else of the first that is not "/".
 */
void cgroup_path(const char *text, char *out, size_t size);

/* "nginx.service": the innermost unit on the path; "" if none. */
void cgroup_unit(const char *path, char *out, size_t size);

/*
 * The container on the path: the first 12 digits of its identifier, as engines show
 * it, or its name where it has only that (LXC, systemd-nspawn); "" if none.
 */
void cgroup_container(const char *path, char *out, size_t size);
