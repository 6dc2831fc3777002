/*
 * fleet_identity.h: who this machine is in a fleet: what `breakwater fleet join` has
 * put into the state folder.
 */
#pragma once

#include <stdbool.h>

#include "config/config.h"
#include "fleet/keyring.h"
#include "fleet/lane.h"
#include "record/record.h"

struct fleet_identity {
	char name[FLEET_NAME_MAX];
	field_text64 site;  /* "": none */
	field_text256 tags; /* with commas between */
};

/*
 * Of STATE/fleet/identity.  0; -ENOENT: this machine has not joined a fleet; -EBADMSG
 * or -errno: and what is wrong with the file.
 */
enum { FLEET_IDENTITY_ERROR_MAX = KEYRING_ERROR_MAX };
int fleet_identity_read(const char *state, struct fleet_identity *out,
			char error[static FLEET_IDENTITY_ERROR_MAX]);
