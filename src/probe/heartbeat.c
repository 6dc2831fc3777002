/*
 * heartbeat.c: see heartbeat.h.
 */
#include "probe/heartbeat.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

#define SECOND_US 1000000LL

enum { DAY_S = 86400, EVERY_MAX_S = 400 * DAY_S };

const char *const heartbeat_options[] = { "every", "grace", NULL };

/* ---- as people write it ---- */

static bool take_seconds(const struct question *q, const char *name, uint32_t least_s,
			 uint32_t *seconds)
{
	const char *text = question_option(q, name);
	int64_t us;
	if (text == NULL)
		return true;
	if (!duration_parse(text, &us) || us < least_s * SECOND_US ||
	    us > EVERY_MAX_S * SECOND_US)
		return false;
	*seconds = (uint32_t)(us / SECOND_US);
	return true;
}

static bool is_name(const char *name)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyz0123456789._-"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(name);
	return len > 0 && len < HEARTBEAT_NAME_MAX && strspn(name, signs) == len;
}

const char *heartbeat_check(struct target *t)
{
	const struct question *q = &t->question;
	t->grace_s = HEARTBEAT_GRACE_S;
	if (!is_name(q->host))
		return "a heartbeat's name is of letters, digits, '.', '_' and '-', at "
		       "most 63";
	if (q->path[0] != '\0' || t->port != 0)
		return "a heartbeat has a name, and no port or path";
	if (!take_seconds(q, "every", 1, &t->every_s))
		return "every: allowed is a duration from 1s to 400d";
	if (!take_seconds(q, "grace", 0, &t->grace_s))
		return "grace: allowed is a duration from 0s to 400d";
	return q->password[0] != '\0' ? heartbeat_set_token(t, q->password) : NULL;
}

const char *heartbeat_set_token(struct target *t, const char *token)
{
	size_t len = strlen(token);
	if (len < HEARTBEAT_TOKEN_MIN || len >= HEARTBEAT_TOKEN_MAX)
		return "a token has 8 to 128 characters";
	char *copy = strdup(token);
	if (copy == NULL)
		return "no memory";
	free(t->token);
	t->token = copy;
	return NULL;
}

/* ---- what is heard ---- */

static bool is_token(const struct target *t, const char *token)
{
	if (t->token == NULL)
		return false;
	size_t len = strlen(t->token);
	return strlen(token) == len && CRYPTO_memcmp(t->token, token, len) == 0;
}

bool heartbeat_is_meant(const struct target *t, const struct heartbeat_push *push)
{
	bool may = is_token(t, push->token);
	if (push->name[0] == '\0')
		return may;
	return (may || push->is_trusted) && strcmp(t->question.host, push->name) == 0;
}

void heartbeat_hear(struct heartbeat *beat, const struct heartbeat_push *push,
		    int64_t now_us)
{
	beat->heard_us = now_us;
	beat->is_down = push->is_down;
	beat->took_us = push->took_us;
	snprintf(beat->message, sizeof(beat->message), "%s", push->message);
}

/* ---- what that means ---- */

static int64_t patience_us(const struct target *t, int64_t every_us)
{
	return every_us + t->grace_s * SECOND_US;
}

static void say(struct probe_record *told, enum probe_state state, enum reason reason)
{
	told->state = probe_state_word(state);
	told->reason = reason_word(reason);
}

static void judge_word(const struct heartbeat *beat, struct probe_record *told)
{
	told->total_us = told->answer_us = beat->took_us;
	if (beat->is_down)
		say(told, PROBE_down, REASON_no_heartbeat);
	else
		say(told, PROBE_up, REASON_NONE);
	snprintf(told->detail, sizeof(told->detail), "%s%s",
		 beat->is_down && beat->message[0] == '\0' ? "it says that it is down"
							   : "",
		 beat->message);
}

void heartbeat_judge(const struct heartbeat *beat, const struct target *t,
		     int64_t every_us, int64_t now_us, struct probe_record *told)
{
	bool was_heard = beat->heard_us != 0;
	int64_t silent_us = now_us - (was_heard ? beat->heard_us : beat->since_us);
	if (was_heard && silent_us < patience_us(t, every_us)) {
		judge_word(beat, told);
		return;
	}
	if (silent_us < patience_us(t, every_us)) {
		say(told, PROBE_unknown, REASON_no_heartbeat_yet);
		return;
	}
	say(told, PROBE_down, REASON_no_heartbeat);
	snprintf(told->detail, sizeof(told->detail),
		 "%s for %lld s, due every %lld s with a grace of %u s",
		 was_heard ? "not heard" : "never heard",
		 (long long)(silent_us / SECOND_US), (long long)(every_us / SECOND_US),
		 t->grace_s);
}

int64_t heartbeat_due_us(const struct heartbeat *beat, const struct target *t,
			 int64_t every_us, int64_t now_us)
{
	int64_t from_us = beat->heard_us != 0 ? beat->heard_us : beat->since_us;
	int64_t due_us = from_us + patience_us(t, every_us);
	return due_us > now_us ? due_us : 0;
}
