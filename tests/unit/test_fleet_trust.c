/*
 * test_fleet_trust.c: what a fleet's trust is written in, read and hostile: tokens of
 * NATS and one-time tokens, questions and answers of who joins, and what is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/authority.h"
#include "fleet/join_decide.h"
#include "fleet/join_message.h"
#include "fleet/jwt.h"
#include "fleet/member.h"
#include "fleet/server_conf.h"
#include "fleet/token.h"

enum { NOW_S = 1795752000, HOUR_S = 3600 };

static struct keyring keys;

static int make_keys(void **state)
{
	(void)state;
	memcpy(keys.servers, "tls://nats-1.example.org:4222,tls://[2001:db8::1]:4222",
	       55);
	memcpy(keys.fleet, "harbour", 8);
	memcpy(keys.disk, "10GB", 5);
	keys.made_s = NOW_S;
	return keyring_make(&keys) ? 0 : -1;
}

static struct claims_token said_of(const char *name)
{
	struct claims_token said = { .id = "ABCDEFGHIJKLMNOP",
				     .site = "berlin",
				     .tags = "web,db",
				     .by = "root",
				     .made_s = NOW_S,
				     .until_s = NOW_S + HOUR_S };
	snprintf(said.name, sizeof(said.name), "%s", name);
	assert_true(nkey_make(NKEY_USER, &said.user));
	return said;
}

static void make_token(const char *name, struct token *token, struct buf *line)
{
	struct buf certificate = { 0 }, key = { 0 };
	*token = (struct token){ .claims = said_of(name), .fleet = keys.fleet_key };
	memcpy(token->servers, keys.servers, sizeof(token->servers));
	assert_true(authority_make("harbour", &certificate, &key));
	token->ca_len =
		authority_der(buf_cstr(&certificate), token->ca, sizeof(token->ca));
	assert_true(token->ca_len > 0);
	buf_free(&certificate);
	buf_free(&key);
	assert_true(token_write(token, &keys.sensors, line));
}

/* ---- JWT ---- */

static void a_jwt_is_read_by_whose_it_is(void **state)
{
	char error[JWT_ERROR_MAX];
	struct nkey user;
	struct buf jwt = { 0 };
	(void)state;
	assert_true(nkey_make(NKEY_USER, &user));
	assert_true(claims_sensor("web-1", &user, &keys.sensors, NOW_S, &jwt));
	json_t *claims = jwt_read(jwt.at, jwt.len, &keys.sensors, error);
	assert_non_null(claims);
	char text[NKEY_TEXT_MAX];
	nkey_public_text(&user, text);
	assert_string_equal(json_string_value(json_object_get(claims, "sub")), text);
	json_decref(claims);
	assert_null(jwt_read(jwt.at, jwt.len, &keys.account, error));
	assert_string_equal(error, "it is not signed by who may");
	buf_free(&jwt);
}

/* Every bit of it is signed, or makes it unreadable. */
static void a_jwt_that_was_changed_is_none(void **state)
{
	char error[JWT_ERROR_MAX];
	struct buf jwt = { 0 };
	(void)state;
	assert_true(claims_account(&keys.account, &keys.operator_key, NOW_S, &jwt));
	for (size_t i = 0; i < jwt.len; i++) {
		jwt.at[i] ^= 1;
		assert_null(jwt_read(jwt.at, jwt.len, &keys.operator_key, error));
		jwt.at[i] ^= 1;
		assert_null(jwt_read(jwt.at, i, &keys.operator_key, error));
	}
	json_t *claims = jwt_read(jwt.at, jwt.len, &keys.operator_key, error);
	assert_non_null(claims);
	json_decref(claims);
	buf_free(&jwt);
}

/* ---- one-time tokens ---- */

static void a_token_says_all_that_is_needed(void **state)
{
	char error[TOKEN_ERROR_MAX];
	struct token made, read;
	struct buf line = { 0 }, folded = { 0 };
	(void)state;
	make_token("web-1", &made, &line);
	for (size_t i = 0; i < line.len; i += 70) { /* as mail folds lines */
		buf_text(&folded, "  ");
		buf_add(&folded, line.at + i, line.len - i < 70 ? line.len - i : 70);
		buf_text(&folded, "\r\n");
	}
	assert_true(token_read(folded.at, folded.len, &read, error));
	assert_string_equal(read.servers, made.servers);
	assert_string_equal(read.claims.name, "web-1");
	assert_string_equal(read.claims.site, "berlin");
	assert_string_equal(read.claims.tags, "web,db");
	assert_int_equal(read.claims.until_s, NOW_S + HOUR_S);
	assert_memory_equal(read.claims.user.seed, made.claims.user.seed, 32);
	assert_memory_equal(read.fleet.public_key, keys.fleet_key.public_key, 32);
	assert_int_equal(read.ca_len, made.ca_len);
	assert_memory_equal(read.ca, made.ca, made.ca_len);
	token_free(&read);
	token_free(&made);
	buf_free(&line);
	buf_free(&folded);
}

static void a_token_that_was_cut_or_changed_is_none(void **state)
{
	char error[TOKEN_ERROR_MAX];
	struct token token, read;
	struct buf line = { 0 };
	(void)state;
	make_token("", &token, &line);
	for (size_t i = 0; i < line.len; i++) {
		assert_false(token_read(line.at, i, &read, error));
		assert_true(error[0] != '\0');
		line.at[i] ^= 2;
		assert_false(token_read(line.at, line.len, &read, error));
		line.at[i] ^= 2;
	}
	token_free(&token);
	buf_free(&line);
}

static void servers_are_addresses_with_tls(void **state)
{
	static const char *const good[] = { "tls://a:1", "tls://nats.example.org:4222",
					    "tls://[2001:db8::1]:4222",
					    "tls://192.0.2.1:4222,tls://b:65535" };
	static const char *const bad[] = { "",
					   "a:1",
					   "nats://a:1",
					   "tls://",
					   "tls://:1",
					   "tls://a",
					   "tls://a:",
					   "tls://a:0",
					   "tls://a:65536",
					   "tls://a: 1",
					   "tls://a:1x",
					   "tls://a:1,",
					   "tls://a\"b:1",
					   "tls://a/b:1",
					   "tls://u@a:1",
					   "tls://[::1:1",
					   "tls://[]:1",
					   "tls://[a b]:1" };
	char error[TOKEN_ERROR_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(token_servers_are_good(good[i], error));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(token_servers_are_good(bad[i], error));
}

/* ---- who asks ---- */

static void ask_with(const struct claims_token *said, const struct nkey *signer,
		     const char *name, struct join_request *out)
{
	*out = (struct join_request){ .token = { 0 } };
	memcpy(out->id, said->id, sizeof(out->id));
	snprintf(out->name, sizeof(out->name), "%s", name);
	assert_true(nkey_make(NKEY_USER, &out->key));
	assert_true(claims_joiner(said, signer, &out->token));
}

static void a_question_is_signed_by_the_key_that_asks(void **state)
{
	char error[JOIN_ERROR_MAX];
	struct join_request request, read;
	struct claims_token said = said_of("");
	struct buf text = { 0 }, other = { 0 };
	(void)state;
	ask_with(&said, &keys.sensors, "web-1", &request);
	assert_true(join_request_write(&request, &text));
	assert_true(join_request_read(text.at, text.len, &read, error));
	assert_string_equal(read.name, "web-1");
	assert_memory_equal(read.key.public_key, request.key.public_key, 32);
	assert_false(read.key.has_seed);
	join_request_free(&read);
	/* With another's public key: its signature is not ours to make. */
	struct nkey mine = request.key;
	assert_true(nkey_make(NKEY_USER, &request.key));
	memcpy(request.key.public_key, mine.public_key, 32);
	assert_true(join_request_write(&request, &other));
	assert_false(join_request_read(other.at, other.len, &read, error));
	for (size_t i = 0; i < text.len; i++)
		assert_false(join_request_read(text.at, i, &read, error));
	join_request_free(&request);
	buf_free(&text);
	buf_free(&other);
}

static void an_answer_is_the_fleets_and_for_who_asked(void **state)
{
	char error[JOIN_ERROR_MAX];
	struct join_request request, another;
	struct claims_token said = said_of("");
	struct join_answer answer = { .name = "web-1", .site = "berlin" }, read;
	struct buf text = { 0 };
	(void)state;
	memcpy(answer.servers, keys.servers, sizeof(answer.servers));
	ask_with(&said, &keys.sensors, "web-1", &request);
	ask_with(&said, &keys.sensors, "web-1", &another);
	buf_text(&answer.jwt, "a.b.c");
	assert_true(join_answer_write(&answer, &request, &keys.fleet_key, &text));
	assert_true(join_answer_read(text.at, text.len, &request, &keys.fleet_key,
				     &read, error));
	assert_string_equal(read.name, "web-1");
	assert_int_equal(read.jwt.len, 5);
	join_answer_free(&read);
	assert_false(join_answer_read(text.at, text.len, &another, &keys.fleet_key,
				      &read, error));
	assert_false(join_answer_read(text.at, text.len, &request, &keys.account, &read,
				      error));
	join_request_free(&request);
	join_request_free(&another);
	join_answer_free(&answer);
	buf_free(&text);
}

/* What is refused before anything is looked up: there is no connection here. */
static void refuse_it(const struct claims_token *said, const struct nkey *signer,
		      const char *id, const char *name, const char *why)
{
	struct join_request request;
	struct join_decision decision;
	ask_with(said, signer, name, &request);
	snprintf(request.id, sizeof(request.id), "%s", id);
	join_decide(NULL, &keys, &request, NOW_S, &decision);
	assert_non_null(strstr(decision.answer.refused, why));
	assert_false(decision.is_later);
	join_request_free(&request);
	join_answer_free(&decision.answer);
}

static void who_is_not_let_in(void **state)
{
	struct claims_token said = said_of(""), named = said_of("web-1"),
			    over = said_of("");
	struct nkey other;
	(void)state;
	over.until_s = NOW_S;
	assert_true(nkey_make(NKEY_ACCOUNT, &other));
	refuse_it(&said, &other, said.id, "web-1", "not made by this fleet");
	refuse_it(&said, &keys.account, said.id, "web-1", "not made by this fleet");
	refuse_it(&said, &keys.sensors, "PONMLKJIHGFEDCBA", "web-1", "another one's");
	refuse_it(&over, &keys.sensors, said.id, "web-1", "is over");
	refuse_it(&named, &keys.sensors, said.id, "web-2", "is for web-1");
	refuse_it(&said, &keys.sensors, said.id, "", "allowed is 1 to 63");
	refuse_it(&said, &keys.sensors, said.id, "a.b", "allowed is 1 to 63");
	refuse_it(&said, &keys.sensors, said.id, "hub", "allowed is 1 to 63");
}

/* A sensor's credential is signed by the same key, and is no token. */
static void a_sensors_credential_lets_nobody_join(void **state)
{
	struct join_request request = { .name = "web-2", .id = "ABCDEFGHIJKLMNOP" };
	struct join_decision decision;
	(void)state;
	assert_true(nkey_make(NKEY_USER, &request.key));
	assert_true(claims_sensor("web-1", &request.key, &keys.sensors, NOW_S,
				  &request.token));
	join_decide(NULL, &keys, &request, NOW_S, &decision);
	assert_non_null(strstr(decision.answer.refused, "not made by this fleet"));
	join_request_free(&request);
	join_answer_free(&decision.answer);
}

/* ---- what is kept ---- */

static void what_is_kept_is_read_as_it_was(void **state)
{
	struct member member = { .name = "web-1",
				 .public_key = "UABC",
				 .site = "berlin",
				 .tags = "web,db",
				 .joined_s = NOW_S,
				 .by = "root",
				 .is_revoked = true,
				 .revoked_s = NOW_S + 1,
				 .why = "\"stolen\"\n" },
		      read;
	struct ticket ticket = { .id = "ABC", .used_by = "UABC", .until_s = 7 },
		      ticket2;
	struct note note = { .actor = "root", .action = "fleet_join" }, note2;
	struct buf text = { 0 };
	(void)state;
	assert_true(member_write(&member, &text));
	assert_true(member_read(text.at, text.len, &read));
	assert_memory_equal(&read, &member, sizeof(member));
	for (size_t i = 0; i < text.len; i++)
		assert_false(member_read(text.at, i, &read));
	buf_clear(&text);
	assert_true(ticket_write(&ticket, &text));
	assert_true(ticket_read(text.at, text.len, &ticket2));
	assert_memory_equal(&ticket2, &ticket, sizeof(ticket));
	assert_false(member_read(text.at, text.len, &read)); /* it is a ticket */
	buf_clear(&text);
	assert_true(note_write(&note, &text));
	assert_true(note_read(text.at, text.len, &note2));
	assert_string_equal(note_action(&note2), "fleet_join");
	memcpy(note.action, "fleet_sink", 11);
	buf_clear(&text);
	assert_true(note_write(&note, &text));
	assert_false(note_read(text.at, text.len, &note2)); /* of a newer version */
	buf_free(&text);
}

/* ---- servers ---- */

static void servers_are_told_of_each_other(void **state)
{
	const char *at = keys.servers;
	struct fleet_server one, two, none;
	struct buf conf = { 0 };
	(void)state;
	assert_true(fleet_server_next(&at, &one));
	assert_true(fleet_server_next(&at, &two));
	assert_false(fleet_server_next(&at, &none));
	assert_string_equal(one.name, "nats-1.example.org-4222");
	assert_false(one.is_address);
	assert_string_equal(two.host, "2001:db8::1");
	assert_string_equal(two.name, "2001-db8--1-4222");
	assert_true(two.is_address);
	assert_true(fleet_server_conf(&keys, &two, &conf));
	const char *text = buf_cstr(&conf);
	assert_non_null(strstr(text, "listen: \"[2001:db8::1]:4222\""));
	assert_non_null(strstr(text, "listen: \"[2001:db8::1]:6222\""));
	assert_non_null(strstr(text, "http: \"127.0.0.1:8222\""));
	assert_non_null(strstr(text, "\"tls://nats-1.example.org:6222\""));
	assert_null(strstr(text, "\"tls://[2001:db8::1]:6222\"")); /* not to itself */
	assert_non_null(strstr(text, "verify: true"));
	buf_free(&conf);
}

static void certificates_are_of_the_authority(void **state)
{
	struct buf ca = { 0 }, ca_key = { 0 }, other = { 0 }, other_key = { 0 },
		   certificate = { 0 }, key = { 0 };
	unsigned char der[TOKEN_CA_MAX], small[16];
	(void)state;
	assert_true(authority_make("harbour", &ca, &ca_key));
	assert_true(authority_make("other", &other, &other_key));
	assert_true(authority_sign(buf_cstr(&ca), buf_cstr(&ca_key), "192.0.2.1",
				   &certificate, &key));
	assert_false(authority_sign(buf_cstr(&ca), buf_cstr(&other_key), "192.0.2.1",
				    &certificate, &key));
	assert_false(authority_sign("", buf_cstr(&ca_key), "a", &certificate, &key));
	size_t len = authority_der(ca.at, der, sizeof(der));
	assert_true(len > 0);
	assert_int_equal(authority_der(ca.at, small, sizeof(small)), 0);
	buf_clear(&other);
	assert_true(authority_pem(der, len, &other));
	assert_string_equal(buf_cstr(&other), ca.at);
	assert_true(authority_end_s(ca.at) > authority_end_s(buf_cstr(&certificate)));
	assert_int_equal(authority_end_s("no certificate"), 0);
	buf_free(&ca);
	buf_free(&ca_key);
	buf_free(&other);
	buf_free(&other_key);
	buf_free(&certificate);
	buf_free(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jwt_is_read_by_whose_it_is),
		cmocka_unit_test(a_jwt_that_was_changed_is_none),
		cmocka_unit_test(a_token_says_all_that_is_needed),
		cmocka_unit_test(a_token_that_was_cut_or_changed_is_none),
		cmocka_unit_test(servers_are_addresses_with_tls),
		cmocka_unit_test(a_question_is_signed_by_the_key_that_asks),
		cmocka_unit_test(an_answer_is_the_fleets_and_for_who_asked),
		cmocka_unit_test(who_is_not_let_in),
		cmocka_unit_test(a_sensors_credential_lets_nobody_join),
		cmocka_unit_test(what_is_kept_is_read_as_it_was),
		cmocka_unit_test(servers_are_told_of_each_other),
		cmocka_unit_test(certificates_are_of_the_authority),
	};
	return cmocka_run_group_tests(tests, make_keys, NULL);
}
