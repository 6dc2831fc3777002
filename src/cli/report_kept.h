/*
 * report_kept.h: what a report says of how long records are kept.
 */
#pragma once

#include "config/config.h"
#include "report/report.h"

struct report_retention report_kept(const struct config *config);
/* Of the file (NULL: the usual one); the defaults, if it can't be read from here. */
struct report_retention report_kept_by(const char *config_path);
