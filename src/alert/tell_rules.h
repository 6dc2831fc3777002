/*
 * tell_rules.h: who is told what and when, as configured; tell_file.h reads it.
 */
#pragma once

#include "alert/match.h"
#include "alert/notifier.h"
#include "base/window.h"

enum {
	TELL_SINKS_MAX = 64, /* a set of them has 64 bits */
	TELL_ROUTES_MAX = 256,
	TELL_MAINTENANCES_MAX = 64,
	TELL_STEPS_MAX = 4,
	TELL_NAME_MAX = 48,
};

/* Who is told as well if nobody has acknowledged by then. */
struct tell_step {
	int64_t after_us; /* since somebody was told first */
	uint64_t sinks;
};

/*
 * The first route that an incident matches, in its hours, says who is told; and those
 * after it, as long as they say that it goes on.
 */
struct tell_route {
	struct match match;
	int severity;         /* from that one on; SEVERITY_... */
	struct windows hours; /* none: always */
	uint64_t sinks;       /* bit per sink; 0: nobody is told */
	bool goes_on;
	bool tells_end; /* that it is over */
	int64_t wait_us, interval_us;
	int64_t repeat_us; /* 0: never */
	struct tell_step steps[TELL_STEPS_MAX];
	size_t step_count;
};

/* Work that was announced: nobody is told of what it touches. */
struct tell_maintenance {
	char name[TELL_NAME_MAX];
	struct match match;
	struct windows windows;
};

struct tell_rules {
	struct sink *sinks[TELL_SINKS_MAX]; /* owned, as what follows */
	struct tell_route *routes;
	struct tell_maintenance *maintenances;
	size_t sink_count, route_count, maintenance_count;
};
