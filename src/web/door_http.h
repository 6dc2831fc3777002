/*
 * door_http.h: the door, for requests as the HTTP library has them.
 */
#pragma once

#include "web/inside.h"

/*
 * Looks who asks, and keeps it in the exchange.  False, and answered, if he may not.
 */
bool door_admits(struct request *request, enum MHD_Result *answered);

/* Whether the name in Host is one of ours. */
bool door_knows_host(const struct web *web, const char *host);
