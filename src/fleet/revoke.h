/*
 * revoke.h: keys that are not taken any more, told to all servers within a second.
 *
 * What is revoked is in the bucket (revoked.KEY); the sensors' account is made from all
 * of it, put into the bucket by whoever is quicker, and pushed to the servers, which
 * end the connections of those keys.  A server that was down asks the others when it
 * comes back, and hubs push it again each minute.  Whoever noted a key may die before
 * the account names it: hubs look for that, too, and end what else he began.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fleet/keyring.h"
#include "fleet/link.h"
#include "fleet/member.h"

enum { REVOKE_ERROR_MAX = 320 };

/* Notes it in the bucket; servers learn it by revoke_push(). 0 or -EAGAIN. */
int revoke_key(struct link *link, const struct revoked *revoked);
/* What is noted of it: 0, -ENOENT, -EBADMSG or -EAGAIN. */
int revoke_read(struct link *link, const char *public_key, struct revoked *out);
/* True if it is noted; -EAGAIN in *error: not known. */
bool revoke_is_noted(struct link *link, const char *public_key, int *error);

/*
 * Makes the sensors' account anew from what is in the bucket.  link: of the fleet's
 * account; 0; or -EAGAIN, or -EMSGSIZE: beyond some ten thousand keys; and error.
 */
int revoke_renew(struct link *link, const struct keyring *keys, int64_t now_s,
		 char error[static REVOKE_ERROR_MAX]);
/*
 * Whether a key is noted that this account does not name, or with more that is to be
 * done (revoking.h): perhaps only for a moment, as somebody is about to.  0 or -EAGAIN:
 * not known.
 */
int revoke_is_behind(struct link *link, int64_t now_s, bool *is_behind);
/*
 * Tells servers what that account is; system: a connection of the system account.  0
 * (also when nothing was ever revoked), or -EAGAIN and error: no server took it.
 */
int revoke_push(struct link *link, struct link *system,
		char error[static REVOKE_ERROR_MAX]);
