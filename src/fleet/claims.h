/*
 * claims.h: who may what in a fleet, as NATS servers are told (jwt.h).
 * Hubs are users of the account "fleet", which has the streams, and may all in it.
 * Sensors are users of the account "sensors", which has nothing: what they tell and ask
 * is handed over to the fleet's (a service, in NATS' words), and each may only what is
 * its own.  In one account a permission would not be enough: whoever publishes says
 * where the acknowledgement is to go, and the server would send it there by its own
 * right, also to JetStream's API, which takes it for an order.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/lane.h"
#include "fleet/sign.h"

/* Where who has a token asks, and what it may ask with; %s: the token's id. */
#define FLEET_JOIN       "bw.q.join.%s"
#define FLEET_JOIN_INBOX "_INBOX_join_%s"

enum {
	CLAIMS_ID_MAX = 20,    /* 16 of A-Z 2-7, ended */
	CLAIMS_SITE_MAX = 64,  /* as sensor.site of record.def */
	CLAIMS_TAGS_MAX = 256, /* as sensor.tags, with commas between */
	CLAIMS_WHO_MAX = 64,
};

/* What a one-time token says of who may join with it. */
struct claims_token {
	char id[CLAIMS_ID_MAX];
	char name[FLEET_NAME_MAX]; /* "": who joins chooses one */
	char site[CLAIMS_SITE_MAX], tags[CLAIMS_TAGS_MAX]; /* "": none */
	char by[CLAIMS_WHO_MAX];                           /* who made it */
	int64_t made_s, until_s;
	struct nkey
		user; /* of the token's credential; its public key alone when read */
};

/* A word of A-Z a-z 0-9 _ . : -, as a site and each tag is. */
bool claims_word_is_good(const char *text);
#define CLAIMS_WORD_ALLOWED "1 to 63 of A-Z a-z 0-9 _ . : -"
/* Words with commas between, or "". */
bool claims_tags_are_good(const char *text);

/* Each appends a JWT. */
bool claims_operator(const char *fleet, const struct nkey *operator_key,
		     const struct nkey *system, int64_t now_s, struct buf *out);
/* The system account: in it, hubs tell servers who is revoked. */
bool claims_system(const struct nkey *system, const struct nkey *operator_key,
		   int64_t now_s, struct buf *out);
/* The fleet's account. */
bool claims_account(const struct nkey *account, const struct nkey *operator_key,
		    int64_t now_s, struct buf *out);
/*
 * The sensors' account.  revoked: {"U...": seconds}: no token of that key that was
 * issued until then is taken; borrowed, NULL: none.
 */
bool claims_sensors(const struct nkey *sensors, const struct nkey *account,
		    const struct nkey *operator_key, int64_t issued_s, json_t *revoked,
		    struct buf *out);

bool claims_hub(const char *name, const struct nkey *user, const struct nkey *account,
		int64_t now_s, struct buf *out);
/* Of the system account: may only say what accounts are. */
bool claims_steward(const char *name, const struct nkey *user,
		    const struct nkey *system, int64_t now_s, struct buf *out);
bool claims_sensor(const char *name, const struct nkey *user,
		   const struct nkey *sensors, int64_t now_s, struct buf *out);
bool claims_joiner(const struct claims_token *token, const struct nkey *sensors,
		   struct buf *out);

/* What claims_joiner() said; false: something is missing or wrong. */
bool claims_read_joiner(const json_t *claims, struct claims_token *out);
