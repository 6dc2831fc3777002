/*
 * member.h: what is kept of each sensor, token and revoked key in the fleet's bucket,
 * as JSON: sensor.NAME, token.ID, revoked.KEY; and notes for the audit chain, audit.ID.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/claims.h"
#include "fleet/lane.h"
#include "fleet/sign.h"

#define MEMBER_KEY  "sensor."
#define TICKET_KEY  "token."
#define REVOKED_KEY "revoked."
#define NOTE_KEY    "audit."
/* The sensors' account as servers were told last: a JWT. */
#define ACCOUNT_KEY "account"
enum { MEMBER_KEY_MAX = 80, MEMBER_WHY_MAX = 256, NOTE_SUBJECT_MAX = 64 };

/* A sensor that joined. */
struct member {
	char name[FLEET_NAME_MAX];
	char public_key[NKEY_TEXT_MAX];
	char site[CLAIMS_SITE_MAX], tags[CLAIMS_TAGS_MAX]; /* "": none */
	int64_t joined_s;
	char by[CLAIMS_WHO_MAX]; /* who made its token */
	char token[CLAIMS_ID_MAX];
	bool is_revoked;
	int64_t revoked_s; /* 0: it is not */
	char revoked_by[CLAIMS_WHO_MAX], why[MEMBER_WHY_MAX];
};

/* A token that was made. */
struct ticket {
	char id[CLAIMS_ID_MAX];
	char name[FLEET_NAME_MAX], site[CLAIMS_SITE_MAX], tags[CLAIMS_TAGS_MAX];
	char by[CLAIMS_WHO_MAX];
	int64_t made_s, until_s;
	char used_by[NKEY_TEXT_MAX]; /* the key that joined with it; "": none yet */
	char used_as[FLEET_NAME_MAX];
	int64_t used_s;
};

/* A key that is not taken any more. */
struct revoked {
	char public_key[NKEY_TEXT_MAX];
	char name[FLEET_NAME_MAX]; /* of the sensor; "": of a token */
	int64_t at_s;
	int64_t until_s; /* when its credential ends by itself; 0: never */
	/* Of a sensor that a person revoked: who, why, and whether something of it is
	 * still to be done (revoking.h). */
	char by[CLAIMS_WHO_MAX], why[MEMBER_WHY_MAX];
	bool is_open;
};

/* What somebody did without a hub's help, for a hub to put into the audit chain. */
struct note {
	int64_t at_us;
	char actor[CLAIMS_WHO_MAX], action[32], subject[NOTE_SUBJECT_MAX];
	char before[256], after[256];
	int64_t taken_s; /* a hub began to; 0: none yet */
};

/*
 * The action as a word of record.def, which lives for ever; NULL: this version does not
 * know it.
 */
const char *note_action(const struct note *note);

/* Each appends JSON. */
bool member_write(const struct member *member, struct buf *out);
bool ticket_write(const struct ticket *ticket, struct buf *out);
bool revoked_write(const struct revoked *revoked, struct buf *out);
bool note_write(const struct note *note, struct buf *out);

/* False of what none of them wrote: then *out is of no use. */
bool member_read(const void *text, size_t len, struct member *out);
bool ticket_read(const void *text, size_t len, struct ticket *out);
bool revoked_read(const void *text, size_t len, struct revoked *out);
bool note_read(const void *text, size_t len, struct note *out);
