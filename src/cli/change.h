/*
 * change.h: a change that a command asks for: a form, and a sentence as the answer.
 */
#pragma once

#include "cli/client.h"

/*
 * Posts a form made with client_parameter(), and frees it.  The sentence, printable, in
 * message.  Exit status; a complaint was made.
 */
int change_post(struct client *client, const char *command, const char *path,
		struct buf *form, char message[static CLIENT_ERROR_MAX]);

/* ---- commands that are nothing else ---- */

enum { CHANGE_FIELDS_MAX = 4 };

/* An option, and the field of the form that it is. */
struct change_field {
	const char *option, *field;
	const char *value; /* what --help calls it; NULL: a flag, "1" in the form */
	const char *doc;
	bool is_condition; /* no field: "field=VALUE" before the operand, or in its
			      place */
};

struct change_command {
	const char *name, *operands, *doc, *examples;
	const char *path;
	const char *operand; /* field of the operand */
	const char *wants;   /* said if there is not one: "one ID" */
	bool is_id;          /* it is the first digits of an id */
	const char *always;  /* a field that is "1"; NULL: none */
	const char *done;    /* said of the id that is the answer; NULL: it is a
				sentence */
	/* Without operand; NULL: one is needed. */
	int (*list)(const struct common_options *common);
	struct change_field fields[CHANGE_FIELDS_MAX];
};

/* Exit status. */
int change_run(const struct change_command *command, int argc, char **argv);
