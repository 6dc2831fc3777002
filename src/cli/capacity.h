/*
 * capacity.h: the part of `breakwater forecast` that tells how services are used.
 */
#pragma once

#include "cli/forecast_run.h"

/* Exit status. */
int capacity_print(struct forecast_run *run);
