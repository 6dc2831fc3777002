/*
 * origin.h: which line a value is from.  Private to the room.
 */
#pragma once

#include <stddef.h>

#include "config/config.h"

struct config_text_of {
	const char *text;
	size_t len;
	const char *name; /* of the file */
	bool is_steered;  /* a fleet's: only of keys that it may set (steered.c) */
};

/* As config_parse(); origins may be NULL. */
int config_parse_traced(struct config *config, struct config_origins *origins,
			const struct config_text_of *whole, struct buf *errors);

/* The key is set there. */
void origin_note(struct config_origins *origins, size_t key, const char *file,
		 size_t line);
