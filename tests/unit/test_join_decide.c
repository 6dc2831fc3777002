/*
 * test_join_decide.c: who takes another one's place in a fleet, while the bucket fails
 * at any of its steps: the key that is replaced is never left valid, and unknown.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/join_decide.h"
#include "fleet/revoke.h"
#include "fleet_bucket.h"

enum { NOW_S = 1795752000, HOUR_S = 3600, STEPS_MAX = 16 };

/* ---- machines that ask ---- */

static struct keyring keys;

static int make_keys(void **state)
{
	static const char servers[] = "tls://nats-1.example.org:4222";
	(void)state;
	memcpy(keys.servers, servers, sizeof(servers));
	memcpy(keys.fleet, "harbour", 8);
	memcpy(keys.disk, "10GB", 5);
	keys.made_s = NOW_S;
	return keyring_make(&keys) ? 0 : -1;
}

static int empty(void **state)
{
	(void)state;
	memset(&bucket, 0, sizeof(bucket));
	return 0;
}

/* With a token of its own for web-1, which the bucket knows. */
static void make_request(const char *id, struct join_request *out)
{
	struct claims_token said = { .name = "web-1",
				     .by = "root",
				     .made_s = NOW_S,
				     .until_s = NOW_S + HOUR_S };
	struct ticket ticket = { .name = "web-1",
				 .by = "root",
				 .made_s = NOW_S,
				 .until_s = NOW_S + HOUR_S };
	struct buf text = { 0 };
	char key[MEMBER_KEY_MAX];
	snprintf(said.id, sizeof(said.id), "%s", id);
	snprintf(ticket.id, sizeof(ticket.id), "%s", id);
	snprintf(key, sizeof(key), TICKET_KEY "%s", id);
	assert_true(ticket_write(&ticket, &text));
	store(key, text.at, text.len);
	buf_free(&text);
	*out = (struct join_request){ .name = "web-1" };
	snprintf(out->id, sizeof(out->id), "%s", id);
	assert_true(nkey_make(NKEY_USER, &said.user));
	assert_true(nkey_make(NKEY_USER, &out->key));
	assert_true(claims_joiner(&said, &keys.sensors, &out->token));
}

/* Whether it was let in. */
static bool ask(const struct join_request *request, struct join_decision *decision)
{
	join_decide(NULL, &keys, request, NOW_S, decision);
	join_answer_free(&decision->answer);
	return decision->answer.refused[0] == '\0';
}

static bool is_revoked(const struct join_request *request)
{
	char text[NKEY_TEXT_MAX];
	int error;
	nkey_public_text(&request->key, text);
	return revoke_is_noted(NULL, text, &error);
}

static bool has_name(const struct join_request *request)
{
	char text[NKEY_TEXT_MAX];
	struct member member;
	const struct row *row = row_of(MEMBER_KEY "web-1");
	nkey_public_text(&request->key, text);
	return row != NULL && member_read(row->value, row->len, &member) &&
	       strcmp(member.public_key, text) == 0;
}

/* One put of those of a second joiner fails: the joiner gives up there, or asks again.
 */
static void lose(int step, bool is_kept, bool asks_again)
{
	struct join_request first, second;
	struct join_decision decision;
	empty(NULL);
	make_request("ABCDEFGHIJKLMNOP", &first);
	make_request("PONMLKJIHGFEDCBA", &second);
	assert_true(ask(&first, &decision));
	bucket.puts = 0;
	bucket.lost = step;
	bucket.is_kept = is_kept;
	bool is_in = ask(&second, &decision);
	assert_true(is_in || decision.is_later);
	if (asks_again && !is_in)
		is_in = ask(&second, &decision);
	assert_true(is_in || !asks_again);
	/* Never is it another one's name, and the key still good. */
	assert_true(is_revoked(&first) || has_name(&first));
	assert_true(!is_in || (is_revoked(&first) && has_name(&second)));
	assert_false(is_revoked(&second));
	join_request_free(&first);
	join_request_free(&second);
}

static void a_key_that_is_replaced_is_revoked_whatever_fails(void **state)
{
	(void)state;
	for (int step = 1; step <= STEPS_MAX; step++)
		for (int i = 0; i < 4; i++)
			lose(step, (i & 1) != 0, (i & 2) != 0);
}

/* What the audit chain was not told of yet, because no answer came of it, is no repeat.
 */
static void who_asks_again_before_it_had_the_name_is_told_of(void **state)
{
	struct join_request request;
	struct join_decision decision;
	(void)state;
	make_request("ABCDEFGHIJKLMNOP", &request);
	bucket.lost = 2; /* the token's is the first, the name's the second */
	assert_false(ask(&request, &decision));
	assert_true(ask(&request, &decision));
	assert_false(decision.is_again);
	assert_true(ask(&request, &decision));
	assert_true(decision.is_again);
	join_request_free(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_key_that_is_replaced_is_revoked_whatever_fails,
				       empty),
		cmocka_unit_test_setup(who_asks_again_before_it_had_the_name_is_told_of,
				       empty),
	};
	return cmocka_run_group_tests(tests, make_keys, NULL);
}
