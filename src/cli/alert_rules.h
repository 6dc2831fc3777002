/*
 * alert_rules.h: what is watched (limits.*) and who is told (notify.*), from the
 * configuration and the files that it names.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "alert/tell_rules.h"
#include "base/home.h"
#include "config/config.h"
#include "limit/rules.h"

struct alert_rules {
	struct limit_rules *limits;
	struct tell_rules *tell;
	uint64_t stamp; /* of the files when they were read */
};

/*
 * home: our networks; borrowed for good.  False after any error, which is in errors
 * with its place, a line each.
 */
bool alert_rules_load(struct alert_rules *rules, const struct config *config,
		      const struct home *home, struct buf *errors);
/* Those of limits alone; NULL only without memory.  Errors as above. */
struct limit_rules *alert_rules_limits(const struct config *config,
				       const struct home *home, struct buf *errors);
void alert_rules_free(struct alert_rules *rules);

/* Another number whenever a file is another one. */
uint64_t alert_rules_stamp(const struct config *config);

/* Kinds of records that a limit watches, or a level of which somebody is told. */
record_bits alert_rules_kinds(const struct alert_rules *rules);
