/*
 * capacity.h: how services are used: the part of `breakwater forecast` that tells it,
 * and what a sensor tells its fleet once a day.
 */
#pragma once

#include "cli/forecast_run.h"

/* Of the service whose hours were read last: all but the process. */
void capacity_of_read(const struct foresee *foresee, const struct port_record *service,
		      struct capacity_record *out);

/* Exit status. */
int capacity_print(struct forecast_run *run);
