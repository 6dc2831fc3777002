/*
 * settings_told.h: what of the configuration may change while services are asked, as
 * messages from the daemon to the process that asks: begin, a text each, end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "guard/guard.h"

/* False if not all could be told now: all is to be told again. */
bool settings_tell(struct guard *process, const struct config *config);

enum settings_taken {
	SETTINGS_NONE,  /* that is no such message */
	SETTINGS_PART,  /* more will come */
	SETTINGS_WHOLE, /* *coming has all that may change; the rest of it is as it was
			 */
};
/* In the process.  What is wrong in itself is passed over, with all that belongs to it.
 */
enum settings_taken settings_take(struct config *coming, const void *message,
				  size_t len);
