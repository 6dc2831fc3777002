/*
 * captures.h: the captures of a live run, opened by the guard's hand.
 */
#pragma once

#include <stdbool.h>

#include "capture/capture.h"
#include "config/config.h"
#include "guard/guard.h"
#include "web/web.h"

enum { CAPTURES_MAX = 64 };

/*
 * One for each worker.  guard NULL, or one that is not allowed to: tries on its own.
 * Exit status, with one line in error; 4: this machine does not let us see packets.
 */
int captures_open(const struct config *config, struct guard *guard,
		  const struct web *web, struct capture *captures[CAPTURES_MAX],
		  char error[static CAPTURE_ERROR_MAX]);
