/*
 * join.c: see join.h; what is asked, and the answers.
 */
#include "fleet/join.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/join_decide.h"
#include "fleet/join_inside.h"
#include "fleet/join_message.h"

enum {
	US_PER_S = 1000000,
	/*
	 * A used token's credential is ended too, but not before its answer has come,
	 * also if that has to be asked for again; the key that was replaced, sooner.
	 */
	AFTER_ANSWER_US = 40 * US_PER_S,
	AFTER_REPLACED_US = 2 * US_PER_S,
	REFUSED_EVERY_US = 10 * US_PER_S,
};

/* ---- the audit chain ---- */

bool joining_tell(struct joining *joining, const struct note *note)
{
	pthread_mutex_lock(&joining->auditing);
	bool is_told = joining->o.audit(joining->o.self, note);
	pthread_mutex_unlock(&joining->auditing);
	return is_told;
}

static void tell_joined(struct joining *joining, const struct join_decision *decision)
{
	const struct join_answer *answer = &decision->answer;
	struct note note = { .at_us = clock_us(CLOCK_REALTIME),
			     .action = "fleet_join" };
	memcpy(note.actor, decision->token.by, sizeof(note.actor));
	memcpy(note.subject, answer->name, sizeof(answer->name));
	memcpy(note.before, decision->replaced, sizeof(decision->replaced));
	snprintf(note.after, sizeof(note.after), "%s token %s site %s tags %.90s",
		 decision->key, decision->token.id,
		 answer->site[0] != '\0' ? answer->site : "-",
		 answer->tags[0] != '\0' ? answer->tags : "-");
	joining_tell(joining, &note);
}

/*
 * Whoever has a token can ask again and again: the first refusal of some seconds is
 * told, and how many there were since the one before.
 */
static void tell_refused(struct joining *joining, const struct join_decision *decision)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct note note = { .at_us = now_us, .action = "fleet_join_refused" };
	if (now_us - joining->refused_us < REFUSED_EVERY_US &&
	    now_us >= joining->refused_us) {
		joining->refused_more++;
		return;
	}
	snprintf(note.actor, sizeof(note.actor), "token %s",
		 decision->token.id[0] != '\0' ? decision->token.id : "unknown");
	memcpy(note.subject, decision->key, sizeof(decision->key));
	snprintf(note.after, sizeof(note.after), "%.200s", decision->answer.refused);
	if (joining->refused_more > 0)
		snprintf(note.before, sizeof(note.before),
			 "and %llu more since the last one that is told",
			 (unsigned long long)joining->refused_more);
	joining->refused_us = now_us;
	joining->refused_more = 0;
	joining_tell(joining, &note);
}

/* ---- answers ---- */

static void answer_it(struct joining *joining, const struct join_request *request,
		      struct buf *answer)
{
	struct join_decision decision;
	join_decide(joining->o.link, &joining->keys, request,
		    clock_us(CLOCK_REALTIME) / US_PER_S, &decision);
	bool is_joined = decision.answer.refused[0] == '\0';
	/* Without an answer it asks again, with the same key. */
	if (decision.is_later || !join_answer_write(&decision.answer, request,
						    &joining->keys.fleet_key, answer))
		answer->failed = true;
	if (is_joined && !decision.is_again)
		tell_joined(joining, &decision);
	else if (!is_joined && !decision.is_later)
		tell_refused(joining, &decision);
	if (is_joined)
		joining_renew_in(joining, decision.replaced[0] != '\0'
						  ? AFTER_REPLACED_US
						  : AFTER_ANSWER_US);
	join_answer_free(&decision.answer);
}

static void hear(void *self, const char *subject, const void *bytes, size_t len,
		 struct buf *answer)
{
	static const char prefix[] = "bw.q.join.";
	struct joining *joining = self;
	struct join_request request;
	char error[JOIN_ERROR_MAX];
	if (answer == NULL || strncmp(subject, prefix, sizeof(prefix) - 1) != 0)
		return;
	/* What can't be read gets no answer: there is no key to sign it for. */
	if (!join_request_read(bytes, len, &request, error)) {
		struct join_decision decision = { .is_later = false };
		snprintf(decision.answer.refused, sizeof(decision.answer.refused),
			 "what was asked: %.200s", error);
		snprintf(decision.token.id, sizeof(decision.token.id), "%.16s",
			 subject + sizeof(prefix) - 1);
		tell_refused(joining, &decision);
		answer->failed = true;
		return;
	}
	/* Servers say on which subject it was asked, and by it whose token it is. */
	if (strcmp(subject + sizeof(prefix) - 1, request.id) == 0)
		answer_it(joining, &request, answer);
	else
		answer->failed = true;
	join_request_free(&request);
}

/* ---- its life ---- */

void joining_renew_in(struct joining *joining, int64_t delay_us)
{
	int64_t at_us = clock_us(CLOCK_MONOTONIC) + delay_us;
	pthread_mutex_lock(&joining->lock);
	if (joining->renew_at_us == 0 || at_us < joining->renew_at_us)
		joining->renew_at_us = at_us;
	pthread_cond_signal(&joining->changed);
	pthread_mutex_unlock(&joining->lock);
}

static struct link *open_system(const struct joining *joining,
				char error[static JOINING_ERROR_MAX])
{
	char why[LINK_ERROR_MAX], ca[KEYRING_PATH_MAX], credentials[KEYRING_PATH_MAX];
	struct link_options options = { .servers = joining->keys.servers,
					.name = joining->keys.hub,
					.ca = ca,
					.credentials = credentials };
	struct link *link = NULL;
	snprintf(why, sizeof(why), "the path of the state folder is too long");
	if (keyring_path(joining->o.state, FLEET_FILE_CA, ca) &&
	    keyring_path(joining->o.state, FLEET_FILE_SYSTEM, credentials))
		link = link_open(&options, why);
	if (link == NULL)
		snprintf(error, JOINING_ERROR_MAX, "the system account: %s", why);
	return link;
}

static void init_locks(struct joining *joining)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&joining->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&joining->lock, NULL);
	pthread_mutex_init(&joining->auditing, NULL);
}

static void joining_free(struct joining *joining)
{
	if (joining->system != NULL)
		link_close(joining->system);
	keyring_forget(&joining->keys);
	pthread_cond_destroy(&joining->changed);
	pthread_mutex_destroy(&joining->lock);
	pthread_mutex_destroy(&joining->auditing);
	free(joining);
}

static bool start(struct joining *joining, char error[static JOINING_ERROR_MAX])
{
	char why[LINK_ERROR_MAX];
	joining->system = open_system(joining, error);
	if (joining->system == NULL)
		return false;
	int failed = pthread_create(&joining->thread, NULL, joining_work, joining);
	if (failed != 0) {
		snprintf(error, JOINING_ERROR_MAX, "no thread: %s", strerror(failed));
		return false;
	}
	joining->listen =
		link_listen(joining->o.link, "bw.q.join.*", "hub", hear, joining, why);
	if (joining->listen == NULL)
		snprintf(error, JOINING_ERROR_MAX, "%s", why);
	return true;
}

struct joining *joining_open(const struct joining_options *options,
			     char error[static JOINING_ERROR_MAX])
{
	struct joining *joining = calloc(1, sizeof(*joining));
	if (joining == NULL) {
		snprintf(error, JOINING_ERROR_MAX, "%s", strerror(ENOMEM));
		return NULL;
	}
	joining->o = *options;
	init_locks(joining);
	if (keyring_read(options->state, &joining->keys, error) != 0 ||
	    !start(joining, error)) {
		joining_free(joining);
		return NULL;
	}
	if (joining->listen != NULL)
		return joining;
	joining_close(joining);
	return NULL;
}

void joining_close(struct joining *joining)
{
	if (joining->listen != NULL)
		link_listen_close(joining->listen);
	pthread_mutex_lock(&joining->lock);
	joining->ends = true;
	pthread_cond_signal(&joining->changed);
	pthread_mutex_unlock(&joining->lock);
	pthread_join(joining->thread, NULL);
	joining_free(joining);
}

void joining_trouble(struct joining *joining, char error[static JOINING_ERROR_MAX])
{
	pthread_mutex_lock(&joining->lock);
	memcpy(error, joining->trouble, JOINING_ERROR_MAX);
	pthread_mutex_unlock(&joining->lock);
}
