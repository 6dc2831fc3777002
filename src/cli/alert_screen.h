/*
 * alert_screen.h: one alert as a screen.
 */
#pragma once

#include "cli/table.h"

void alert_screen(const struct look *look, const struct alert_record *alert);
