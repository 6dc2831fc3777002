/*
 * heartbeat.h: somebody's job says over HTTP that it lives: in our own words, and in
 * those of Uptime Kuma and gatus, whose clients need no change; private to the room.
 *
 * A token says who may, also over TCP; on the Unix socket root and the daemon's own
 * user need none.  Whose token it is, or that a name is one, a wrong token is not told.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>

struct request;

enum { HEARTBEAT_BODY_MAX = 4096 };

/* Is it one of its paths, and asked in a way that is for it? */
bool heartbeat_takes(const char *path, const char *method);

enum MHD_Result answer_heartbeat(const struct request *request);
