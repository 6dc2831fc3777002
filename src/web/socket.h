/*
 * socket.h: the sockets we listen on, with errors a person can act on.
 */
#pragma once

#include <stdint.h>

#include "base/addr.h"
#include "web/web.h"

/*
 * TCP: "127.0.0.1:7070", "[::1]:0", "localhost:7070".  The descriptor, or -1 and one
 * line in error; *addr and *port are the real ones; address gets the text with the real
 * port.
 */
enum { SOCKET_ADDRESS_MAX = 64 };
int socket_listen_tcp(const char *listen_at, struct addr *addr, uint16_t *port,
		      char address[static SOCKET_ADDRESS_MAX],
		      char error[static WEB_ERROR_MAX], int *status);

/*
 * Unix, mode 0660, its folder made if missing.  A file left by a dead daemon is
 * replaced, one that is answered is not.
 */
int socket_listen_unix(const char *path, char error[static WEB_ERROR_MAX], int *status);
