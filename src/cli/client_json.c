/*
 * client_json.c: see client_json.h.
 */
#include "cli/client_json.h"

#include <stdio.h>

#include "cli/cli.h"

static int ask(struct client *client, const char *path,
	       json_t *(*parse)(const struct buf *), json_t **out,
	       struct client_told *told, char error[static CLIENT_ERROR_MAX])
{
	struct buf body = { 0 };
	int status = client_get(client, path, &body, NULL, told, error);
	json_t *answer = status == STATUS_OK ? parse(&body) : NULL;
	buf_free(&body);
	if (status != STATUS_OK)
		return status;
	if (answer == NULL) {
		snprintf(error, CLIENT_ERROR_MAX,
			 "the daemon's answer to %s can't be read", path);
		return STATUS_UNREACHABLE;
	}
	json_decref(*out);
	*out = answer;
	return STATUS_OK;
}

int client_object(struct client *client, const char *path, json_t **out,
		  char error[static CLIENT_ERROR_MAX])
{
	return ask(client, path, object_parse, out, NULL, error);
}

int client_records(struct client *client, const char *path, json_t **out,
		   struct client_told *told, char error[static CLIENT_ERROR_MAX])
{
	return ask(client, path, lines_parse, out, told, error);
}
