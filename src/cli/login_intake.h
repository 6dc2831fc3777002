/*
 * login_intake.h: attempts to log in, from packets and from logs, each once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "detect/logins.h"
#include "host/logs.h"

struct login_intake {
	const char *files[CONFIG_PATHS_MAX];
	struct logs_options options;
	struct log_formats *formats;
	struct logs *logs;     /* NULL: none are read */
	struct logins *logins; /* NULL until login_intake_open() */
	bool has_said;         /* what can't be read */
};

/*
 * Reads the formats, while every file can still be read.  False, with messages on
 * standard error, if one is wrong.  config is borrowed.
 */
bool login_intake_prepare(struct login_intake *intake, const struct config *config);

/* Starts reading the logs, after rights are given up.  False without memory. */
bool login_intake_open(struct login_intake *intake, const struct logins_sink *sink);
/* Gives out what waits; the sink must still be there. */
void login_intake_close(struct login_intake *intake);

/* What packets tell. */
void login_intake_take(struct login_intake *intake, const struct login_record *login);
/* What logs have told since, and what has waited long enough; some times a second. */
void login_intake_tick(struct login_intake *intake, int64_t now_us);

/* "logs":{...} of the status. */
void login_intake_json(struct login_intake *intake, struct buf *out);
