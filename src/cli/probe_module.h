/*
 * probe_module.h: breakwater probe --module: what blackbox_exporter would tell.
 */
#pragma once

#include "probe/blackbox.h"

/* Asks in the way of a module of that file, and prints the metrics.  Exit status. */
int probe_by_module(const char *file, const struct blackbox_request *request);
