/*
 * notify_program.c: a person's program, as a sink that routes can name.
 *
 * The sender may start no program.  The daemon's own process for that does it
 * (cli/programs.h), with the one that `notify.program` names: a path in a URL could be
 * any.
 */
#include <string.h>

#include "alert/notifier.h"

static bool check(const struct sink *sink, struct buf *message)
{
	if (strcmp(sink->url, "program:") == 0)
		return true;
	buf_printf(message, "%s: program: is allowed, and notify.program names it",
		   sink->url);
	return false;
}

static enum notify_outcome send_notice(__attribute__((unused)) struct sink *sink,
				       __attribute__((unused))
				       const struct notice *notice,
				       struct buf *error)
{
	buf_text(error, "another process runs it");
	return NOTIFY_NEVER;
}

const struct notifier notifier_program = {
	.name = "program",
	.schemes = "program",
	.doc = "The program of notify.program, with the message as JSON.",
	.check = check,
	.send = send_notice,
};
