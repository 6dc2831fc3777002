/*
 * status_hub.h: breakwater status of a hub: what sensors tell, and whether it is kept.
 */
#pragma once

#include <stdbool.h>

#include "cli/client_json.h"
#include "cli/posture.h"
#include "cli/table.h"

/* Whether that is a hub's status. */
bool status_is_hub(const json_t *status);
void status_hub_print(const struct posture *posture, const json_t *status,
		      const struct look *look);
