/*
 * privileges.h: what this process may still do, who does the rest for it, and what
 * can't be seen therefore.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "config/config.h"
#include "guard/guard.h"
#include "host/logs.h"

struct privileges {
	struct guard *guard; /* NULL: none could be made */
	int guard_error;     /* why not, errno */
	struct sandbox_report sandbox;
	const char *no_packets; /* why packets are not watched; NULL if they are */
};

/* Makes the guard; before any thread. */
void privileges_fork(struct privileges *p, const char *socket_path);

/*
 * Gives up everything but the state folder, the configuration and what is needed to
 * read those logs; config_path may be NULL.
 */
void privileges_drop(struct privileges *p, const struct config *config,
		     const char *config_path, const struct logs_options *logs);

/* Of all threads, this one is first to have the processor; while there is root. */
void privileges_answer_first(void);

/* Packets may not be seen: says so on standard error, and in all that follows. */
void privileges_no_packets(struct privileges *p);

/* True if the guard lives and is confined; text: "pid 123", or what is wrong. */
bool privileges_guard(struct privileges *p, char text[static GUARD_TEXT_MAX]);

/* Members of the status object, each followed by a comma. */
void privileges_json(struct privileges *p, struct buf *out);

void privileges_close(struct privileges *p);
