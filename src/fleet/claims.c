/*
 * claims.c: see claims.h.
 */
#include "fleet/claims.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base32.h"
#include "fleet/batch.h"
#include "fleet/jwt.h"

enum {
	/* Of a user: a courier has an inbox and hears news; more is no sensor's. */
	SENSOR_SUBSCRIPTIONS = 16,
	SENSOR_PAYLOAD = BATCH_BYTES_MAX + 16 * 1024, /* a batch, and its headers */
	JOINER_SUBSCRIPTIONS = 4,
	JOINER_PAYLOAD = 16 * 1024,
	/* The lanes, the bucket, and room for what comes with another version. */
	STREAMS_MAX = 32,
};

bool claims_word_is_good(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789_.:-";
	size_t len = strlen(text);
	return len > 0 && len < CLAIMS_SITE_MAX && strspn(text, allowed) == len;
}

bool claims_tags_are_good(const char *text)
{
	char copy[CLAIMS_TAGS_MAX], *at = copy;
	if (text[0] == '\0')
		return true;
	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	for (char *word; (word = strsep(&at, ",")) != NULL;)
		if (!claims_word_is_good(word))
			return false;
	return true;
}

/* ---- what all have ---- */

/* Takes nats over. */
static json_t *claims_of(const char *type, const char *name, const struct nkey *subject,
			 int64_t issued_s, json_t *nats)
{
	char key[NKEY_TEXT_MAX];
	nkey_public_text(subject, key);
	if (nats == NULL || json_object_set_new(nats, "type", json_string(type)) != 0 ||
	    json_object_set_new(nats, "version", json_integer(2)) != 0) {
		json_decref(nats);
		return NULL;
	}
	return json_pack("{s:s, s:s, s:I, s:o}", "sub", key, "name", name, "iat",
			 (json_int_t)issued_s, "nats", nats);
}

/* Takes the claims over. */
static bool write_claims(json_t *claims, const struct nkey *signer, struct buf *out)
{
	bool is_written = claims != NULL && jwt_write(claims, signer, out);
	json_decref(claims);
	return is_written;
}

bool claims_operator(const char *fleet, const struct nkey *operator_key,
		     const struct nkey *system, int64_t now_s, struct buf *out)
{
	char key[NKEY_TEXT_MAX];
	nkey_public_text(system, key);
	return write_claims(claims_of("operator", fleet, operator_key, now_s,
				      json_pack("{s:s}", "system_account", key)),
			    operator_key, out);
}

/* ---- accounts ---- */

/* -1: no limit; what is missing would be 0. */
static json_t *limits_of(bool has_jetstream)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:b, s:i, s:i, s:i, s:i, s:i, "
			 "s:i}",
			 "subs", -1, "data", -1, "payload", -1, "imports", -1,
			 "exports", -1, "wildcards", 1, "conn", -1, "leaf", 0,
			 "mem_storage", has_jetstream ? -1 : 0, "disk_storage",
			 has_jetstream ? -1 : 0, "streams",
			 has_jetstream ? STREAMS_MAX : 0, "consumer",
			 has_jetstream ? -1 : 0);
}

/* What goes from one account to the other. */
static const struct {
	const char *name, *subject;
	bool is_service; /* and is answered; else it goes to sensors */
} handed[] = {
	{ "records", "bw.r.>", true },
	{ "questions", "bw.q.>", true },
	{ "news", "bw.c.>", false },
};

/* from: NULL: as the account says that gives them. */
static json_t *handed_over(const struct nkey *from)
{
	char key[NKEY_TEXT_MAX];
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof(handed) / sizeof(handed[0]); i++) {
		json_t *one = json_pack("{s:s, s:s, s:s}", "name", handed[i].name,
					"subject", handed[i].subject, "type",
					handed[i].is_service ? "service" : "stream");
		if (from != NULL) {
			nkey_public_text(from, key);
			json_object_set_new(one, "account", json_string(key));
		}
		json_array_append_new(list, one);
	}
	return list;
}

bool claims_system(const struct nkey *system, const struct nkey *operator_key,
		   int64_t now_s, struct buf *out)
{
	json_t *nats = json_pack("{s:o}", "limits", limits_of(false));
	return write_claims(claims_of("account", "system", system, now_s, nats),
			    operator_key, out);
}

bool claims_account(const struct nkey *account, const struct nkey *operator_key,
		    int64_t now_s, struct buf *out)
{
	json_t *nats = json_pack("{s:o, s:o}", "limits", limits_of(true), "exports",
				 handed_over(NULL));
	return write_claims(claims_of("account", "fleet", account, now_s, nats),
			    operator_key, out);
}

bool claims_sensors(const struct nkey *sensors, const struct nkey *account,
		    const struct nkey *operator_key, int64_t issued_s, json_t *revoked,
		    struct buf *out)
{
	json_t *nats = json_pack("{s:o, s:o}", "limits", limits_of(false), "imports",
				 handed_over(account));
	if (nats != NULL && json_object_size(revoked) > 0 &&
	    json_object_set(nats, "revocations", revoked) != 0) {
		json_decref(nats);
		return false;
	}
	return write_claims(claims_of("account", "sensors", sensors, issued_s, nats),
			    operator_key, out);
}

/* ---- users ---- */

/* NULL or lists, which are taken over; -1: no limit. */
static json_t *user_of(json_t *publish, json_t *subscribe, int subscriptions,
		       int payload)
{
	json_t *nats = json_pack("{s:i, s:i, s:i}", "subs", subscriptions, "data", -1,
				 "payload", payload);
	bool is_made = nats != NULL;
	if (publish != NULL)
		is_made &=
			json_object_set_new(nats, "pub",
					    json_pack("{s:o}", "allow", publish)) == 0;
	if (subscribe != NULL)
		is_made &= json_object_set_new(
				   nats, "sub",
				   json_pack("{s:o}", "allow", subscribe)) == 0;
	if (is_made)
		return nats;
	json_decref(nats);
	return NULL;
}

__attribute__((format(printf, 1, 2))) static json_t *subject(const char *format, ...)
{
	char text[FLEET_SUBJECT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return json_string(text);
}

bool claims_hub(const char *name, const struct nkey *user, const struct nkey *account,
		int64_t now_s, struct buf *out)
{
	json_t *nats = user_of(NULL, NULL, -1, -1);
	return write_claims(claims_of("user", name, user, now_s, nats), account, out);
}

bool claims_steward(const char *name, const struct nkey *user,
		    const struct nkey *system, int64_t now_s, struct buf *out)
{
	json_t *nats = user_of(json_pack("[s]", "$SYS.REQ.CLAIMS.UPDATE"),
			       json_pack("[s]", "_INBOX.>"), JOINER_SUBSCRIPTIONS, -1);
	return write_claims(claims_of("user", name, user, now_s, nats), system, out);
}

bool claims_sensor(const char *name, const struct nkey *user,
		   const struct nkey *sensors, int64_t now_s, struct buf *out)
{
	json_t *publish = json_pack("[o, o]", subject(FLEET_RECORDS, name, ">"),
				    subject(FLEET_ASK, name));
	json_t *subscribe = json_pack("[o, o]", subject(FLEET_TOLD, name),
				      subject(FLEET_INBOX ".>", name));
	json_t *nats =
		user_of(publish, subscribe, SENSOR_SUBSCRIPTIONS, SENSOR_PAYLOAD);
	return write_claims(claims_of("user", name, user, now_s, nats), sensors, out);
}

/* ---- who shows a token ---- */

bool claims_joiner(const struct claims_token *token, const struct nkey *sensors,
		   struct buf *out)
{
	json_t *nats =
		user_of(json_pack("[o]", subject(FLEET_JOIN, token->id)),
			json_pack("[o]", subject(FLEET_JOIN_INBOX ".>", token->id)),
			JOINER_SUBSCRIPTIONS, JOINER_PAYLOAD);
	char name[CLAIMS_ID_MAX + 8];
	snprintf(name, sizeof(name), "token %s", token->id);
	json_t *claims = claims_of("user", name, &token->user, token->made_s, nats);
	json_t *said = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", token->id, "name",
				 token->name, "site", token->site, "tags", token->tags,
				 "by", token->by);
	if (json_object_set_new(claims, "exp", json_integer(token->until_s)) != 0 ||
	    json_object_set_new(claims, "breakwater", said) != 0) {
		json_decref(claims);
		return false;
	}
	return write_claims(claims, sensors, out);
}

/* False: it is missing or too long. */
static bool take_text(const json_t *object, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (text == NULL || strlen(text) >= size)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool id_is_good(const char *id)
{
	enum { ID_OCTETS = 10 };
	uint8_t octets[ID_OCTETS];
	return base32_decode(bytes_of(id, strlen(id)), octets, ID_OCTETS);
}

bool claims_read_joiner(const json_t *claims, struct claims_token *out)
{
	const json_t *said = json_object_get(claims, "breakwater");
	const char *key = json_string_value(json_object_get(claims, "sub"));
	*out = (struct claims_token){ 0 };
	if (!take_text(said, "id", out->id, sizeof(out->id)) ||
	    !take_text(said, "name", out->name, sizeof(out->name)) ||
	    !take_text(said, "site", out->site, sizeof(out->site)) ||
	    !take_text(said, "tags", out->tags, sizeof(out->tags)) ||
	    !take_text(said, "by", out->by, sizeof(out->by)))
		return false;
	out->made_s = json_integer_value(json_object_get(claims, "iat"));
	out->until_s = json_integer_value(json_object_get(claims, "exp"));
	return key != NULL && nkey_parse(key, &out->user) && !out->user.has_seed &&
	       out->user.kind == NKEY_USER && out->until_s > 0 && id_is_good(out->id) &&
	       (out->name[0] == '\0' || fleet_name_is_good(out->name)) &&
	       (out->site[0] == '\0' || claims_word_is_good(out->site)) &&
	       claims_tags_are_good(out->tags);
}
