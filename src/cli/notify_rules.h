/*
 * notify_rules.h: who is told what, from the configuration: notify.to, and the files of
 * notify.files.
 */
#pragma once

#include "alert/tell_file.h"
#include "config/config.h"

/* NULL after any error, which is in errors, with its place, a line each. */
struct tell_rules *notify_rules_load(const struct config *config, struct buf *errors);
