/*
 * dashboard_check.h: can that be asked?  Private to the room.
 */
#pragma once

#include "base/yaml.h"
#include "web/dashboard.h"

/* Says what is wrong with a panel whose keys were all read. */
void dashboard_check(struct yaml *yaml, const struct dashboard_panel *panel);
