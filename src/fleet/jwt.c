/*
 * jwt.c: see jwt.h.
 */
#include "fleet/jwt.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base32.h"
#include "base/base64url.h"

static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}";

/*
 * Servers compare it to know whether they have a token already, so it is made of all
 * that is said.
 */
static bool set_id(json_t *claims)
{
	enum { DIGEST_LEN = 32 };
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned made = 0;
	char id[BASE32_LEN(DIGEST_LEN) + 1] = "";
	json_object_del(claims, "jti");
	char *text = json_dumps(claims, JSON_COMPACT | JSON_SORT_KEYS);
	bool is_made = text != NULL &&
		       EVP_Digest(text, strlen(text), digest, &made, EVP_sha512_256(),
				  NULL) == 1 &&
		       made == DIGEST_LEN;
	free(text);
	if (is_made)
		base32_encode(bytes_of(digest, DIGEST_LEN), id);
	return is_made && json_object_set_new(claims, "jti", json_string(id)) == 0;
}

static bool set_issuer(json_t *claims, const struct nkey *signer)
{
	char text[NKEY_TEXT_MAX];
	nkey_public_text(signer, text);
	return json_object_set_new(claims, "iss", json_string(text)) == 0;
}

bool jwt_write(json_t *claims, const struct nkey *signer, struct buf *out)
{
	struct buf token = { 0 };
	uint8_t signature[SIGNATURE_LEN];
	char *text = NULL;
	if (set_issuer(claims, signer) && set_id(claims))
		text = json_dumps(claims, JSON_COMPACT);
	if (text == NULL)
		return false;
	base64url_encode(bytes_of(header, strlen(header)), &token);
	buf_char(&token, '.');
	base64url_encode(bytes_of(text, strlen(text)), &token);
	free(text);
	bool is_signed =
		buf_ok(&token) && nkey_sign(signer, token.at, token.len, signature);
	if (is_signed) {
		buf_char(&token, '.');
		base64url_encode(bytes_of(signature, SIGNATURE_LEN), &token);
		is_signed = buf_ok(&token);
	}
	if (is_signed)
		buf_add(out, token.at, token.len);
	buf_free(&token);
	return is_signed && buf_ok(out);
}

/* ---- reading ---- */

struct parts {
	struct bytes header, claims, signature;
	size_t signed_len;
};

/* Up to the next dot, which is taken too. */
static struct bytes part_of(struct bytes *text)
{
	const uint8_t *dot = text->len > 0 ? memchr(text->at, '.', text->len) : NULL;
	if (dot == NULL)
		return (struct bytes){ .bad = true };
	struct bytes part = bytes_take(text, (size_t)(dot - text->at));
	bytes_take(text, 1);
	return part;
}

static bool split(const char *text, size_t len, struct parts *out)
{
	struct bytes rest = bytes_of(text, len);
	out->header = part_of(&rest);
	out->claims = part_of(&rest);
	out->signature = rest;
	if (out->header.bad || out->claims.bad)
		return false;
	out->signed_len = out->header.len + 1 + out->claims.len;
	return true;
}

/* NULL if it is none. */
static json_t *object_of(struct bytes part)
{
	struct buf text = { 0 };
	json_t *object = NULL;
	if (base64url_decode(part, &text) && text.len > 0)
		object = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
	buf_free(&text);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && strcmp(text, wanted) == 0;
}

static bool is_ours(struct bytes part)
{
	json_t *object = object_of(part);
	bool is_known = object != NULL && is_text(object, "alg", "ed25519-nkey");
	json_decref(object);
	return is_known;
}

static bool is_signed_by(const char *text, const struct parts *parts,
			 const struct nkey *signer)
{
	struct buf signature = { 0 };
	bool is_right = base64url_decode(parts->signature, &signature) &&
			signature.len == SIGNATURE_LEN &&
			nkey_verify(signer, text, parts->signed_len,
				    (const uint8_t *)signature.at);
	buf_free(&signature);
	return is_right;
}

static json_t *read_as(const char *text, size_t len, const struct nkey *signer,
		       char error[static JWT_ERROR_MAX])
{
	struct parts parts;
	char issuer[NKEY_TEXT_MAX];
	error[0] = '\0';
	if (len > JWT_BYTES_MAX || !split(text, len, &parts) ||
	    !is_ours(parts.header)) {
		snprintf(error, JWT_ERROR_MAX, "it is no token of NATS");
		return NULL;
	}
	if (signer != NULL && !is_signed_by(text, &parts, signer)) {
		snprintf(error, JWT_ERROR_MAX, "it is not signed by who may");
		return NULL;
	}
	json_t *claims = object_of(parts.claims);
	if (signer != NULL)
		nkey_public_text(signer, issuer);
	if (claims != NULL && (signer == NULL || is_text(claims, "iss", issuer)))
		return claims;
	snprintf(error, JWT_ERROR_MAX, "its claims can't be read");
	json_decref(claims);
	return NULL;
}

json_t *jwt_read(const char *text, size_t len, const struct nkey *signer,
		 char error[static JWT_ERROR_MAX])
{
	return read_as(text, len, signer, error);
}

json_t *jwt_look(const char *text, size_t len, char error[static JWT_ERROR_MAX])
{
	return read_as(text, len, NULL, error);
}

bool jwt_credentials(const struct buf *token, const struct nkey *user, struct buf *out)
{
	char seed[NKEY_TEXT_MAX];
	nkey_seed_text(user, seed);
	buf_text(out, "-----BEGIN NATS USER JWT-----\n");
	buf_add(out, token->at, token->len);
	buf_printf(out,
		   "\n------END NATS USER JWT------\n\n"
		   "Whoever has what follows is this user: keep it secret.\n\n"
		   "-----BEGIN USER NKEY SEED-----\n%s\n"
		   "------END USER NKEY SEED------\n",
		   seed);
	explicit_bzero(seed, sizeof(seed));
	return user->has_seed && buf_ok(out);
}
