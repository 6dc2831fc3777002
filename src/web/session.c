/*
 * session.c: see session.h.
 */
#include "web/session.h"

#include <stdio.h>
#include <string.h>

static bool has_ended(const struct session *session, int64_t now_ms)
{
	return now_ms - session->used_ms > SESSION_IDLE_S * INT64_C(1000) ||
	       now_ms - session->begun_ms > SESSION_LONGEST_S * INT64_C(1000);
}

static void end(struct sessions *sessions, struct session *session)
{
	struct session *last = &sessions->at[sessions->count - 1];
	*session = *last;
	secret_forget(last, sizeof(*last));
	sessions->count--;
}

static void end_old(struct sessions *sessions, int64_t now_ms)
{
	for (size_t i = 0; i < sessions->count;) {
		if (has_ended(&sessions->at[i], now_ms))
			end(sessions, &sessions->at[i]);
		else
			i++;
	}
}

/* Of a user, or of all (NULL): how many, and which has not been used the longest. */
static size_t count_of(struct sessions *sessions, const char *user,
		       struct session **oldest)
{
	size_t count = 0;
	*oldest = NULL;
	for (size_t i = 0; i < sessions->count; i++) {
		struct session *session = &sessions->at[i];
		if (user != NULL && strcmp(session->user, user) != 0)
			continue;
		count++;
		if (*oldest == NULL || session->used_ms < (*oldest)->used_ms)
			*oldest = session;
	}
	return count;
}

static void make_room(struct sessions *sessions, const char *user, int64_t now_ms)
{
	struct session *oldest;
	end_old(sessions, now_ms);
	if (count_of(sessions, user, &oldest) >= SESSIONS_EACH)
		end(sessions, oldest);
	if (count_of(sessions, NULL, &oldest) == SESSIONS_MAX)
		end(sessions, oldest);
}

bool session_begin(struct sessions *sessions, const char *user, int64_t now_ms,
		   char id[static SECRET_TEXT_MAX])
{
	struct session session = { .begun_ms = now_ms, .used_ms = now_ms };
	if (!secret_new(id) || !secret_digest(id, &session.id) ||
	    !secret_new(session.csrf))
		return false;
	snprintf(session.user, sizeof(session.user), "%s", user);
	make_room(sessions, user, now_ms);
	sessions->at[sessions->count++] = session;
	return true;
}

struct session *session_find(struct sessions *sessions, const char *id, int64_t now_ms)
{
	struct secret_digest digest;
	if (!secret_digest(id, &digest))
		return NULL;
	for (size_t i = 0; i < sessions->count; i++) {
		struct session *session = &sessions->at[i];
		if (!secret_same(&session->id, &digest))
			continue;
		if (has_ended(session, now_ms)) {
			end(sessions, session);
			return NULL;
		}
		session->used_ms = now_ms;
		return session;
	}
	return NULL;
}

const struct session *session_of(const struct sessions *sessions,
				 const struct secret_digest *id, int64_t now_ms)
{
	for (size_t i = 0; i < sessions->count; i++)
		if (secret_same(&sessions->at[i].id, id))
			return has_ended(&sessions->at[i], now_ms) ? NULL
								   : &sessions->at[i];
	return NULL;
}

void session_end(struct sessions *sessions, const struct secret_digest *id)
{
	for (size_t i = 0; i < sessions->count; i++) {
		if (!secret_same(&sessions->at[i].id, id))
			continue;
		end(sessions, &sessions->at[i]);
		return;
	}
}

void session_end_of(struct sessions *sessions, const char *user,
		    const struct secret_digest *except)
{
	for (size_t i = 0; i < sessions->count;) {
		struct session *session = &sessions->at[i];
		bool is_kept = except != NULL && secret_same(&session->id, except);
		if (!is_kept && strcmp(session->user, user) == 0)
			end(sessions, session);
		else
			i++;
	}
}
