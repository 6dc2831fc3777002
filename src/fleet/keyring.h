/*
 * keyring.h: what is in a fleet's folder, STATE/fleet: on a hub the keys that say who
 * may what, on a sensor its own and what it believes.
 *
 * A machine may be both.  What is private has mode 0600 and is the state folder's
 * owner's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/claims.h"
#include "fleet/sign.h"
#include "fleet/token.h"

#define FLEET_FOLDER "fleet"
/* Of both: the authority's certificate, and the key that signs what sensors are told.
 */
#define FLEET_FILE_CA     "ca.pem"
#define FLEET_FILE_PUBLIC "fleet.pub"
/* Of a sensor; identity: {"name","site","tags":[...],"servers":[...]}. */
#define FLEET_FILE_SENSOR   "sensor.creds"
#define FLEET_FILE_IDENTITY "identity"
/* Of a hub: its credentials in the fleet's account and in the system account. */
#define FLEET_FILE_HUB    "hub.creds"
#define FLEET_FILE_SYSTEM "system.creds"
#define FLEET_FILE_ABOUT  "fleet.json"
#define FLEET_FILE_KEYS   "hub.keys"
/* Of the hub where the fleet was made. */
#define FLEET_FILE_CA_KEY "ca.key"

enum { KEYRING_ERROR_MAX = 320, KEYRING_PATH_MAX = 512, KEYRING_FILE_MAX = 64 * 1024 };

/* What a hub knows of its fleet. */
struct keyring {
	char folder[KEYRING_PATH_MAX];
	char fleet[CLAIMS_SITE_MAX]; /* its name */
	char hub[FLEET_NAME_MAX];    /* this one's */
	char servers[TOKEN_SERVERS_MAX];
	char made_by[CLAIMS_WHO_MAX];
	char disk[16]; /* of each server, for records: "20GB" */
	int64_t made_s;
	/* With their seeds; fleet_key: signs what sensors are to do. */
	struct nkey operator_key, system, account, sensors, fleet_key;
};

/* "STATE/fleet/FILE"; file: NULL: the folder. False: it is too long. */
bool keyring_path(const char *state, const char *file,
		  char out[static KEYRING_PATH_MAX]);

/* All keys anew. False without randomness. */
bool keyring_make(struct keyring *keys);
/*
 * Of STATE/fleet.  0; -ENOENT: there is none; or -errno, -EBADMSG; and one line in
 * error.
 */
int keyring_read(const char *state, struct keyring *out,
		 char error[static KEYRING_ERROR_MAX]);
/* Both its files, into keys->folder. 0 or -errno. */
int keyring_write(const struct keyring *keys);
void keyring_forget(struct keyring *keys);

/* The fleet's public key of such a folder, with which a sensor verifies. 0 or as above.
 */
int keyring_read_public(const char *state, struct nkey *out,
			char error[static KEYRING_ERROR_MAX]);

/* One file of the folder as text. 0 or as above. */
int keyring_read_file(const char *state, const char *file, struct buf *out,
		      char error[static KEYRING_ERROR_MAX]);
/* 0600, and the owner's of the folder. 0 or -errno. */
int keyring_write_file(const char *folder, const char *file, const struct buf *text);
