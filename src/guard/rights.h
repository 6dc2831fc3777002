/*
 * rights.h: capabilities(7): what the guard keeps, and that nobody else keeps any;
 * private to this room.
 */
#pragma once

#include <stdbool.h>

/* True if this process may open packet sockets. */
bool rights_can_capture(void);

/* Keeps what the guard's tasks need, of what this process has. 0 or -errno. */
int rights_keep_few(void);

/* Empties the bounding set, which needs root still. 0 or -errno. */
int rights_drop_bounding(void);

/* Gives up all capabilities. 0 or -errno. */
int rights_drop_all(void);
