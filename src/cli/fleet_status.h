/*
 * fleet_status.h: breakwater fleet status: how each sensor is, as a hub knows it.
 */
#pragma once

#include "cli/options.h"

/*
 * Exit status: STATUS_BAD_NEWS if any is late, refused its configuration, or has an
 * audit chain that does not hold.
 */
int fleet_status(const struct common_options *common,
		 const struct sensor_options *wanted);
