/*
 * settings.h: configuration and home networks, as run and replay take them.
 */
#pragma once

#include <stdbool.h>

#include "base/home.h"
#include "cli/options.h"
#include "cli/pipeline.h"
#include "config/config.h"
#include "detect/detect.h"

/*
 * Defaults, the file (path NULL: the system's, if there is one) and --home over it.
 * Exit status; all has been said if it is not 0.
 */
int settings_load(struct config *config, const char *path,
		  const struct option_list *home, struct home *out);

/* The configured networks, or the machine's own. */
void settings_home(const struct config *config, struct home *home);

/* Kinds of records that are evidence of attacks, if these are looked for: bits. */
record_bits settings_evidence(const struct config *config);

/* Who is known to scan and monitor. */
void settings_friends(const struct config *config, struct home *friends);

/* Ports that nobody should touch. */
struct port_set;
void settings_traps(const struct config *config, struct port_set *traps);
/* From how many on something is an attack. */
struct detect_limits settings_detect_limits(const struct config *config);
/* Friends and traps, and these. */
struct detect;
void settings_detect(const struct config *config, struct detect *detect);
/* False, with a line in *errors for each, if some of them can't be traps. */
bool settings_check_traps(const struct config *config, struct buf *errors);

/*
 * What a running process takes of a configuration that was read again.  Each is only
 * put into config: who uses it is told by the caller.
 */
void settings_take_alerts(struct config *config, const struct config *fresh);
void settings_take_retention(struct config *config, const struct config *fresh);
void settings_take_web(struct config *config, const struct config *fresh);
void settings_take_detect(struct config *config, const struct config *fresh);

/* What the totals say in a self record; time, CPU and memory are left unknown. */
void settings_self(const struct pipeline_totals *totals, struct self_record *self);
