/*
 * answers_settings.h: what the page's settings ask of a running daemon: dashboards,
 * rules, who is told, the configuration.
 */
#pragma once

#include "cli/monitor.h"

/* Fills these parts of it. */
void answers_settings(struct web_source *source);
