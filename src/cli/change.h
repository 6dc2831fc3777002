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
