/*
 * uuid.h: the same name, the same UUID: version 5 of RFC 9562.  Private to the room.
 */
#pragma once

enum { UUID_TEXT_MAX = 37 };

/* Of a name in Breakwater's own namespace; "" if the library fails. */
void uuid_of(const char *name, char out[static UUID_TEXT_MAX]);
