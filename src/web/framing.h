/*
 * framing.h: requests that two readers may take for different ones (request smuggling,
 * RFC 9112 11.2).
 *
 * Where a proxy stands before us, a client could hide a request in what the proxy takes
 * for a body.  RFC 9112 6.1 lets a server choose; we refuse.
 */
#pragma once

#include <microhttpd.h>

/* NULL, or what is doubtful about the headers. */
const char *framing_doubt(struct MHD_Connection *connection);
