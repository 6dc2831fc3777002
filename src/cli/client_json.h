/*
 * client_json.h: ask the daemon, and read what it says as JSON.
 */
#pragma once

#include "cli/client.h"
#include "cli/json.h"

/*
 * What stood in *out is freed only if there is something new.  0, or an exit status as
 * of client_get() and one line in error.
 */
int client_object(struct client *client, const char *path, json_t **out,
		  char error[static CLIENT_ERROR_MAX]);

/* Records, as an array; what the answer says of itself in *told, if that is not NULL.
 */
int client_records(struct client *client, const char *path, json_t **out,
		   struct client_told *told, char error[static CLIENT_ERROR_MAX]);
