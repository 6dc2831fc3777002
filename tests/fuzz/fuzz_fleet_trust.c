/*
 * What strangers hand to a hub or a sensor before anybody is trusted: keys, tokens of
 * NATS, one-time tokens, questions and answers of who joins, and what a bucket holds.
 * What is taken is written again as it was.  The first octet says what it is.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "fleet/join_message.h"
#include "fleet/jwt.h"
#include "fleet/member.h"
#include "fleet/server_conf.h"
#include "fleet/sign.h"
#include "fleet/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_key(const char *text)
{
	struct nkey key;
	char again[NKEY_TEXT_MAX];
	if (!nkey_parse(text, &key))
		return;
	if (key.has_seed)
		nkey_seed_text(&key, again);
	else
		nkey_public_text(&key, again);
	if (strcmp(again, text) != 0)
		abort();
}

static void try_jwt(const char *text, size_t len)
{
	static const struct nkey nobody = { .kind = NKEY_ACCOUNT };
	char error[JWT_ERROR_MAX];
	struct claims_token said;
	json_t *claims = jwt_look(text, len, error);
	if (claims != NULL && claims_read_joiner(claims, &said) &&
	    (strlen(said.id) != CLAIMS_ID_MAX - 4 || said.user.has_seed))
		abort();
	json_decref(claims);
	json_decref(jwt_read(text, len, &nobody, error));
}

/* With the check that it should have, so that what is in it is looked at. */
static void try_with_check(const char *text, void (*try)(const char *text, size_t len))
{
	enum { OCTETS = 4 };
	uint8_t digest[EVP_MAX_MD_SIZE];
	char check[2 * OCTETS + 1];
	unsigned made = 0;
	struct buf whole = { 0 };
	const char *last = strrchr(text, '.');
	if (last == NULL || EVP_Digest(text, (size_t)(last - text), digest, &made,
				       EVP_sha256(), NULL) != 1)
		return;
	hex_text(check, digest, OCTETS);
	buf_add(&whole, text, (size_t)(last - text));
	buf_printf(&whole, ".%s", check);
	try(whole.at, whole.len);
	buf_free(&whole);
}

static void try_token(const char *text, size_t len)
{
	char error[TOKEN_ERROR_MAX];
	struct token token;
	if (!token_read(text, len, &token, error))
		return;
	if (token.ca_len == 0 || !token_servers_are_good(token.servers, error))
		abort();
	token_free(&token);
}

static void try_messages(const char *text, size_t len)
{
	char error[JOIN_ERROR_MAX];
	struct join_request request, asked = { .id = "ABCDEFGHIJKLMNOP" };
	struct join_answer answer;
	if (join_request_read(text, len, &request, error)) {
		if (request.key.has_seed || request.token.len > JWT_USER_MAX)
			abort();
		join_request_free(&request);
	}
	if (join_answer_read(text, len, &asked, &asked.key, &answer, error))
		join_answer_free(&answer);
}

static void try_kept(const char *text, size_t len)
{
	struct member member, again;
	struct ticket ticket;
	struct revoked revoked;
	struct note note;
	struct buf written = { 0 }, twice = { 0 };
	if (member_read(text, len, &member) &&
	    (!member_write(&member, &written) ||
	     !member_read(written.at, written.len, &again) ||
	     !member_write(&again, &twice) || twice.len != written.len ||
	     memcmp(twice.at, written.at, twice.len) != 0))
		abort();
	buf_free(&written);
	buf_free(&twice);
	ticket_read(text, len, &ticket);
	revoked_read(text, len, &revoked);
	if (note_read(text, len, &note) && note_action(&note) == NULL)
		abort();
}

static void try_servers(const char *text)
{
	char error[TOKEN_ERROR_MAX];
	struct fleet_server server;
	token_servers_are_good(text, error);
	for (const char *before = text; fleet_server_next(&text, &server);
	     before = text)
		if (text == before || strpbrk(server.name, "/\"\n :") != NULL)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	char *text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 6) {
	case 0:
		try_key(text);
		break;
	case 1:
		try_jwt(text, size - 1);
		break;
	case 2:
		try_token(text, size - 1);
		try_with_check(text, try_token);
		break;
	case 3:
		try_messages(text, size - 1);
		break;
	case 4:
		try_kept(text, size - 1);
		break;
	default:
		try_servers(text);
	}
	free(text);
	return 0;
}
