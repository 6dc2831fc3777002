/*
 * change.c: see change.h.
 */
#include "cli/change.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/view.h"

static int complain(const char *command, int status, const char *why)
{
	char clean[CLIENT_ERROR_MAX];
	text_clean(clean, sizeof(clean), why);
	fprintf(stderr, "breakwater %s: %s\n", command, clean);
	return status;
}

int change_post(struct client *client, const char *command, const char *path,
		struct buf *form, char message[static CLIENT_ERROR_MAX])
{
	char error[CLIENT_ERROR_MAX] = "out of memory";
	struct buf answer = { 0 };
	int status = STATUS_INCOMPLETE;
	if (buf_ok(form)) {
		/* A form is a query without its '?'. */
		const struct buf body = { .at = form->at + 1, .len = form->len - 1 };
		status = client_post(client, path, &body, &answer, error);
	}
	json_t *object = status == STATUS_OK ? object_parse(&answer) : NULL;
	const char *text = member_text(object, "message");
	text_clean(message, CLIENT_ERROR_MAX, text != NULL ? text : "");
	json_decref(object);
	buf_free(form);
	buf_free(&answer);
	return status == STATUS_OK ? status : complain(command, status, error);
}
