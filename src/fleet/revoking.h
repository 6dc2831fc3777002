/*
 * revoking.h: all that comes of it when a person revokes a sensor: its key is noted
 * (revoke.h), its record says so, what it had shared by itself is taken back, and the
 * audit chain is told.
 *
 * Each step may be done again, and what is noted stays open until all are: so whoever
 * began may die at any of them, and a hub ends it.
 */
#pragma once

#include "fleet/bucket.h"
#include "fleet/revoke.h"

/*
 * Notes the key, and that its sensor is revoked; *wish: who, why and when; it is filled
 * in.  Of one that is revoked already, what is noted of that.  0; -ENOENT: there is no
 * such sensor; -EBADMSG: what is kept of it can't be read; -EAGAIN.
 */
int revoking_begin(struct link *link, const char *name, struct revoked *wish);
/*
 * All but to tell servers: 0, also if another one has done it; or -EAGAIN and error.
 * key: the fleet's.
 */
int revoking_end(struct link *link, const struct nkey *key,
		 const struct revoked *revoked, char error[static BUCKET_ERROR_MAX]);
/* Of all that are open; 0, or as of the last that could not be ended. */
int revoking_end_all(struct link *link, const struct nkey *key,
		     char error[static BUCKET_ERROR_MAX]);
