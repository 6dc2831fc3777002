/*
 * calls_reporter.c: the system calls of who makes reports; see calls.h.
 */
#include <stddef.h>
#include <sys/ioctl.h>

#include "guard/calls.h"
#include "guard/calls_inside.h"

/*
 * SQLite reads the store, and says so in a file that it shares with who writes; what is
 * made is written.  No socket is opened.  Who reads YAML asks whether its complaints
 * go to a terminal.
 */
static int fill_more_for_reports(scmp_filter_ctx filter)
{
	static const char *const calls[] = {
		"alarm",     "fadvise64", "fallocate", "fchmod",    "fdatasync",
		"fsync",     "ftruncate", "mkdir",     "mkdirat",   "open",
		"openat",    "pwrite64",  "rename",    "renameat",  "renameat2",
		"setitimer", "unlink",    "unlinkat",  "utimensat", NULL
	};
	const struct scmp_arg_cmp asks_for_terminal = argument_is(1, TCGETS);
	int error = calls_allow(filter, calls);
	return error != 0 ? error
			  : calls_add(filter, SCMP_ACT_ALLOW, "ioctl", 1,
				      &asks_for_terminal);
}

/* Its records come from a database, into a store that lasts while it is made. */
static int fill_more_for_fleets(scmp_filter_ctx filter)
{
	static const char *const calls[] = { "fchown", "flock",           "pwritev",
					     "rmdir",  "sync_file_range", NULL };
	int error = fill_more_for_reports(filter);
	if (error == 0)
		error = calls_allow(filter, calls);
	return error != 0 ? error : calls_allow_network(filter);
}

int calls_limit_fleet_reporter(void)
{
	return calls_limit(calls_fill_common, fill_more_for_fleets);
}

int calls_limit_reporter(void)
{
	return calls_limit(calls_fill_common, fill_more_for_reports);
}
