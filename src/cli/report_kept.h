/*
 * report_kept.h: what a report says of how long records are kept.
 */
#pragma once

#include "config/config.h"
#include "report/report.h"

struct report_retention report_kept(const struct config *config);
