/*
 * join_message.c: see join_message.h.
 *
 * Both are {"said": TEXT, "signature": BASE64URL}, TEXT being JSON: what is signed is
 * what was written, byte by byte, whatever JSON makes of it.
 */
#include "fleet/join_message.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "fleet/jwt.h"

enum { VERSION = 1 };

void join_request_free(struct join_request *request)
{
	nkey_forget(&request->key);
	buf_free(&request->token);
}

void join_answer_free(struct join_answer *answer)
{
	buf_free(&answer->jwt);
}

static bool complain(char error[static JOIN_ERROR_MAX], const char *why)
{
	snprintf(error, JOIN_ERROR_MAX, "%s", why);
	return false;
}

/* ---- signed words ---- */

/* Takes said over. */
static bool write_signed(json_t *said, const struct nkey *signer, struct buf *out)
{
	uint8_t signature[SIGNATURE_LEN];
	struct buf encoded = { 0 };
	char *text = said != NULL ? json_dumps(said, JSON_COMPACT) : NULL, *all = NULL;
	json_decref(said);
	if (text != NULL && nkey_sign(signer, text, strlen(text), signature)) {
		base64url_encode(bytes_of(signature, SIGNATURE_LEN), &encoded);
		json_t *object = json_pack("{s:s, s:s}", "said", text, "signature",
					   buf_cstr(&encoded));
		all = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
		json_decref(object);
	}
	if (all != NULL)
		buf_text(out, all);
	free(text);
	free(all);
	buf_free(&encoded);
	return all != NULL && buf_ok(out);
}

/* The envelope's two texts; false: they are not there. */
static bool open_envelope(const json_t *envelope, const char **said,
			  struct buf *signature)
{
	const char *encoded = json_string_value(json_object_get(envelope, "signature"));
	*said = json_string_value(json_object_get(envelope, "said"));
	return *said != NULL && encoded != NULL &&
	       base64url_decode(bytes_of(encoded, strlen(encoded)), signature) &&
	       signature->len == SIGNATURE_LEN;
}

static json_t *object_of(const void *text, size_t len)
{
	json_t *object = len <= JOIN_MESSAGE_MAX
				 ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL)
				 : NULL;
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

/* By whom it must be signed: a key, or NULL: by the one that it names itself. */
static json_t *read_signed(const void *bytes, size_t len, const struct nkey *signer,
			   struct nkey *named, char error[static JOIN_ERROR_MAX])
{
	const char *text = NULL;
	struct buf signature = { 0 };
	json_t *envelope = object_of(bytes, len), *said = NULL;
	bool is_signed = false;
	if (open_envelope(envelope, &text, &signature) &&
	    (said = object_of(text, strlen(text))) != NULL) {
		const char *key =
			json_string_value(json_object_get(said, "public_key"));
		is_signed = key != NULL && nkey_parse(key, named) && !named->has_seed &&
			    named->kind == NKEY_USER &&
			    nkey_verify(signer != NULL ? signer : named, text,
					strlen(text), (const uint8_t *)signature.at);
	}
	if (said == NULL)
		complain(error, "it can't be read");
	else if (!is_signed)
		complain(error, signer != NULL ? "it is not signed by the fleet"
					       : "it is not signed with the key that "
						 "it names");
	buf_free(&signature);
	json_decref(envelope);
	if (is_signed)
		return said;
	json_decref(said);
	return NULL;
}

static bool take_text(const json_t *object, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (text == NULL || strlen(text) >= size)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

/* ---- the question ---- */

bool join_request_write(const struct join_request *request, struct buf *out)
{
	char key[NKEY_TEXT_MAX];
	nkey_public_text(&request->key, key);
	return write_signed(json_pack("{s:i, s:s, s:s, s:s, s:s%}", "version", VERSION,
				      "public_key", key, "id", request->id, "name",
				      request->name, "token", request->token.at,
				      request->token.len),
			    &request->key, out);
}

bool join_request_read(const void *bytes, size_t len, struct join_request *out,
		       char error[static JOIN_ERROR_MAX])
{
	*out = (struct join_request){ 0 };
	error[0] = '\0';
	json_t *said = read_signed(bytes, len, NULL, &out->key, error);
	if (said == NULL)
		return false;
	const char *token = json_string_value(json_object_get(said, "token"));
	bool is_read = token != NULL && strlen(token) <= JWT_USER_MAX &&
		       take_text(said, "id", out->id, sizeof(out->id)) &&
		       take_text(said, "name", out->name, sizeof(out->name));
	if (is_read)
		buf_text(&out->token, token);
	else
		complain(error, "something of it is missing");
	json_decref(said);
	if (is_read && buf_ok(&out->token))
		return true;
	join_request_free(out);
	return false;
}

/* ---- the answer ---- */

bool join_answer_write(const struct join_answer *answer,
		       const struct join_request *request, const struct nkey *fleet,
		       struct buf *out)
{
	char key[NKEY_TEXT_MAX];
	nkey_public_text(&request->key, key);
	return write_signed(json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s%}",
				      "version", VERSION, "public_key", key, "id",
				      request->id, "refused", answer->refused, "name",
				      answer->name, "site", answer->site, "tags",
				      answer->tags, "servers", answer->servers, "jwt",
				      answer->jwt.at != NULL ? answer->jwt.at : "",
				      answer->jwt.len),
			    fleet, out);
}

static bool is_for(const json_t *said, const struct nkey *named,
		   const struct join_request *request)
{
	const char *id = json_string_value(json_object_get(said, "id"));
	return id != NULL && strcmp(id, request->id) == 0 &&
	       memcmp(named->public_key, request->key.public_key,
		      sizeof(named->public_key)) == 0;
}

static bool take_answer(const json_t *said, struct join_answer *out)
{
	char error[TOKEN_ERROR_MAX];
	const char *jwt = json_string_value(json_object_get(said, "jwt"));
	if (jwt == NULL || strlen(jwt) > JWT_USER_MAX ||
	    !take_text(said, "refused", out->refused, sizeof(out->refused)) ||
	    !take_text(said, "name", out->name, sizeof(out->name)) ||
	    !take_text(said, "site", out->site, sizeof(out->site)) ||
	    !take_text(said, "tags", out->tags, sizeof(out->tags)) ||
	    !take_text(said, "servers", out->servers, sizeof(out->servers)))
		return false;
	buf_text(&out->jwt, jwt);
	return buf_ok(&out->jwt) &&
	       (out->refused[0] != '\0' ||
		(out->jwt.len > 0 && fleet_name_is_good(out->name) &&
		 (out->site[0] == '\0' || claims_word_is_good(out->site)) &&
		 claims_tags_are_good(out->tags) &&
		 token_servers_are_good(out->servers, error)));
}

bool join_answer_read(const void *bytes, size_t len, const struct join_request *request,
		      const struct nkey *fleet, struct join_answer *out,
		      char error[static JOIN_ERROR_MAX])
{
	struct nkey named;
	*out = (struct join_answer){ 0 };
	error[0] = '\0';
	json_t *said = read_signed(bytes, len, fleet, &named, error);
	if (said == NULL)
		return false;
	bool is_read = is_for(said, &named, request) ||
		       complain(error, "it is an answer to something else");
	if (is_read && !take_answer(said, out))
		is_read = complain(error, "something of it is missing");
	json_decref(said);
	if (!is_read)
		join_answer_free(out);
	return is_read;
}
