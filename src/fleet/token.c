/*
 * token.c: see token.h.
 *
 * bwj1.INFO.CA.SEED.HEADER.CLAIMS.SIGNATURE.CHECK: INFO is JSON in base64url, CA the
 * certificate in it, SEED the credential's, then come the three parts of its JWT, and
 * the begin of a SHA-256 of all before, so that a line that was cut off is known as
 * that.
 */
#include "fleet/token.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/hex.h"
#include "config/nats_server.h"
#include "fleet/jwt.h"

#define VERSION "bwj1"
enum { CHECK_OCTETS = 4, CHECK_LEN = 2 * CHECK_OCTETS, SERVERS_MOST = 16 };

void token_free(struct token *token)
{
	nkey_forget(&token->claims.user);
	if (token->jwt.at != NULL)
		OPENSSL_cleanse(token->jwt.at, token->jwt.size);
	buf_free(&token->jwt);
}

static bool complain(char error[static TOKEN_ERROR_MAX], const char *why)
{
	snprintf(error, TOKEN_ERROR_MAX, "%s", why);
	return false;
}

/* ---- where servers are ---- */

static bool server_is_good(const char *text)
{
	struct nats_server server;
	return nats_server_read(text, strlen(text), &server) && server.is_tls &&
	       server.port != 0;
}

bool token_servers_are_good(const char *servers, char error[static TOKEN_ERROR_MAX])
{
	char copy[TOKEN_SERVERS_MAX], *at = copy;
	int count = 0;
	if (strlen(servers) >= sizeof(copy))
		return complain(error, "too many servers");
	memcpy(copy, servers, strlen(servers) + 1);
	for (char *server; (server = strsep(&at, ",")) != NULL; count++)
		if (count == SERVERS_MOST || !server_is_good(server)) {
			snprintf(error, TOKEN_ERROR_MAX,
				 "server \"%.60s\": allowed is tls://HOST:PORT, up to "
				 "16 with commas between",
				 server);
			return false;
		}
	return true;
}

/* ---- writing ---- */

static bool check_of(const char *text, size_t len, char out[static CHECK_LEN + 1])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned made = 0;
	if (EVP_Digest(text, len, digest, &made, EVP_sha256(), NULL) != 1)
		return false;
	hex_text(out, digest, CHECK_OCTETS);
	return true;
}

static void add_info(const struct token *token, struct buf *out)
{
	char fleet[NKEY_TEXT_MAX];
	nkey_public_text(&token->fleet, fleet);
	json_t *info =
		json_pack("{s:s, s:s}", "servers", token->servers, "fleet", fleet);
	char *text = json_dumps(info, JSON_COMPACT);
	if (text != NULL)
		base64url_encode(bytes_of(text, strlen(text)), out);
	else
		out->failed = true;
	free(text);
	json_decref(info);
}

bool token_write(struct token *token, const struct nkey *sensors, struct buf *out)
{
	char seed[NKEY_TEXT_MAX], check[CHECK_LEN + 1];
	struct buf line = { 0 };
	buf_clear(&token->jwt);
	if (!claims_joiner(&token->claims, sensors, &token->jwt))
		return false;
	nkey_seed_text(&token->claims.user, seed);
	buf_text(&line, VERSION ".");
	add_info(token, &line);
	buf_char(&line, '.');
	base64url_encode(bytes_of(token->ca, token->ca_len), &line);
	buf_printf(&line, ".%s.", seed);
	OPENSSL_cleanse(seed, sizeof(seed));
	buf_add(&line, token->jwt.at, token->jwt.len);
	bool is_written = buf_ok(&line) && check_of(line.at, line.len, check);
	if (is_written) {
		buf_add(out, line.at, line.len);
		buf_printf(out, ".%s", check);
	}
	if (line.at != NULL)
		OPENSSL_cleanse(line.at, line.size);
	buf_free(&line);
	return is_written && buf_ok(out);
}

/* ---- reading ---- */

/* Without what is white. */
static bool squeeze(const char *text, size_t len, struct buf *out)
{
	if (len > 2 * TOKEN_TEXT_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isspace((unsigned char)text[i]))
			buf_char(out, text[i]);
	return buf_ok(out) && out->len > 0 && out->len <= TOKEN_TEXT_MAX &&
	       strlen(buf_cstr(out)) == out->len;
}

static bool is_whole(char *line, char error[static TOKEN_ERROR_MAX])
{
	char check[CHECK_LEN + 1];
	if (strncmp(line, VERSION ".", sizeof(VERSION)) != 0) {
		bool is_newer = strncmp(line, "bwj", 3) == 0;
		return complain(error, is_newer ? "it is of a newer version: this "
						  "program is too old for it"
						: "it is no token: one begins with "
						  "\"" VERSION ".\"");
	}
	char *last = strrchr(line, '.');
	if (!check_of(line, (size_t)(last - line), check) ||
	    strcmp(check, last + 1) != 0)
		return complain(error,
				"something of it is missing or was changed: take "
				"the whole line");
	*last = '\0';
	return true;
}

static bool read_info(const char *part, struct token *out,
		      char error[static TOKEN_ERROR_MAX])
{
	struct buf text = { 0 };
	json_t *info = NULL;
	if (base64url_decode(bytes_of(part, strlen(part)), &text) && text.len > 0)
		info = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
	buf_free(&text);
	const char *servers = json_string_value(json_object_get(info, "servers"));
	const char *fleet = json_string_value(json_object_get(info, "fleet"));
	bool is_read = servers != NULL && fleet != NULL &&
		       nkey_parse(fleet, &out->fleet) && !out->fleet.has_seed;
	if (!is_read)
		complain(error, "what it says of the fleet can't be read");
	else if ((is_read = token_servers_are_good(servers, error)))
		snprintf(out->servers, sizeof(out->servers), "%s", servers);
	json_decref(info);
	return is_read;
}

static bool read_ca(const char *part, struct token *out)
{
	struct buf der = { 0 };
	bool is_read = base64url_decode(bytes_of(part, strlen(part)), &der) &&
		       der.len > 0 && der.len <= TOKEN_CA_MAX;
	if (is_read) {
		const unsigned char *at = (const unsigned char *)der.at;
		X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
		is_read =
			certificate != NULL && at == (unsigned char *)der.at + der.len;
		X509_free(certificate);
		memcpy(out->ca, der.at, der.len);
		out->ca_len = der.len;
	}
	buf_free(&der);
	return is_read;
}

static bool read_credential(const char *seed, const char *jwt, struct token *out)
{
	char why[JWT_ERROR_MAX];
	struct nkey user;
	json_t *claims = jwt_look(jwt, strlen(jwt), why);
	bool is_read = claims != NULL && claims_read_joiner(claims, &out->claims) &&
		       nkey_parse(seed, &user) && user.has_seed &&
		       user.kind == NKEY_USER &&
		       memcmp(user.public_key, out->claims.user.public_key,
			      sizeof(user.public_key)) == 0;
	json_decref(claims);
	if (is_read)
		out->claims.user = user;
	nkey_forget(&user);
	return is_read && (buf_text(&out->jwt, jwt), buf_ok(&out->jwt));
}

static bool read_parts(char *line, struct token *out,
		       char error[static TOKEN_ERROR_MAX])
{
	char *at = line;
	strsep(&at, ".");
	const char *info = strsep(&at, "."), *ca = strsep(&at, "."),
		   *seed = strsep(&at, ".");
	if (at == NULL)
		return complain(error, "parts of it are missing");
	if (!read_info(info, out, error))
		return false;
	if (!read_ca(ca, out))
		return complain(error, "its certificate can't be read");
	return read_credential(seed, at, out) ||
	       complain(error, "its credential can't be read");
}

bool token_read(const char *text, size_t len, struct token *out,
		char error[static TOKEN_ERROR_MAX])
{
	struct buf line = { 0 };
	*out = (struct token){ 0 };
	error[0] = '\0';
	bool is_read = squeeze(text, len, &line) ||
		       complain(error, "it is no token: that is one line of letters "
				       "and digits");
	is_read =
		is_read && is_whole(line.at, error) && read_parts(line.at, out, error);
	if (line.at != NULL)
		OPENSSL_cleanse(line.at, line.size);
	buf_free(&line);
	if (!is_read)
		token_free(out);
	return is_read;
}
