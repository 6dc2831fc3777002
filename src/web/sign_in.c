/*
 * sign_in.c: see sign_in.h.
 *
 * A password is compared in a thread (hashing.h): the request is suspended, and comes
 * here again when that is done.  Wrong, and no such user, have one answer and take one
 * time.
 */
#include "web/sign_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/access.h"
#include "web/answer.h"
#include "web/form.h"

static const char json_type[] = "application/json";

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *why)
{
	return answer_error(request->connection, status, request->path, why);
}

static enum MHD_Result busy(const struct request *request)
{
	return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		      "busy: too many passwords at a time; try again");
}

static void tell(const struct request *request, const char *action, const char *actor,
		 const char *subject)
{
	const struct web_source *source = request->web->source;
	if (source->audit != NULL)
		source->audit(source->self, action, actor, subject, "", "");
}

/* ---- who one is ---- */

static bool can_sign_in(const struct request *request)
{
	const struct people *people = &request->web->access->door.people;
	for (size_t i = 0; i < people->user_count; i++)
		if (people->users[i].hash[0] != '\0')
			return true;
	return false;
}

enum MHD_Result answer_me(const struct request *request)
{
	const struct visitor *visitor = &request->exchange->visitor;
	struct buf text = { 0 };
	buf_text(&text, "{\"user\":\"");
	buf_json_text(&text, visitor->name);
	buf_printf(&text,
		   "\",\"role\":\"%s\",\"by\":\"%s\",\"csrf\":\"%s\",\"login\":%s}\n",
		   role_name(visitor->role), door_by_name(visitor->by), visitor->csrf,
		   can_sign_in(request) ? "true" : "false");
	return answer_text(request->connection, MHD_HTTP_OK, json_type, &text);
}

/* ---- the cookie ---- */

/* NULL without memory.  id "": the browser shall forget it. */
static struct MHD_Response *with_cookie(const struct request *request, const char *body,
					const char *id)
{
	enum { COOKIE_MAX = 256 };
	const struct access *access = request->web->access;
	char cookie[COOKIE_MAX];
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);
	snprintf(cookie, sizeof(cookie),
		 "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
		 access->cookie, id, id[0] != '\0' ? SESSION_LONGEST_S : 0,
		 access->is_secure ? "; Secure" : "");
	if (response != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
	secret_forget(cookie, sizeof(cookie));
	return response;
}

/* A new one each time: whoever knew the old one must not be let in with it. */
static bool begin_session(const struct request *request, const char *user,
			  char id[static SECRET_TEXT_MAX])
{
	struct access *access = request->web->access;
	const struct visitor *visitor = &request->exchange->visitor;
	char from[ADDR_TEXT_MAX];
	if (!session_begin(&access->door.sessions, user, web_now_ms(), id))
		return false;
	if (visitor->by == BY_SESSION)
		session_end(&access->door.sessions, &visitor->session);
	addr_text(&request->exchange->client, from);
	tell(request, "sign_in", user[0] != '\0' ? user : NAME_CONSOLE, from);
	return true;
}

/* ---- a link ---- */

enum MHD_Result answer_enter(const struct request *request)
{
	struct access *access = request->web->access;
	char user[PERSON_NAME_MAX], id[SECRET_TEXT_MAX];
	const char *once = MHD_lookup_connection_value(request->connection,
						       MHD_GET_ARGUMENT_KIND, "once");
	if (once == NULL || !once_take(&access->once, once, web_now_ms(), user))
		return refuse(request, MHD_HTTP_FORBIDDEN,
			      "this link was used, or is older than ten minutes; make "
			      "another with \"breakwater user link\"");
	if (!begin_session(request, user, id))
		return MHD_NO;
	struct MHD_Response *response = with_cookie(request, "", id);
	secret_forget(id, sizeof(id));
	if (response != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, "/");
	return answer(request->connection, MHD_HTTP_SEE_OTHER,
		      "text/plain; charset=utf-8", response);
}

/* ---- a password ---- */

/* NULL: without memory. */
static struct hashing_job *new_job(const struct request *request)
{
	struct hashing_job *job = calloc(1, sizeof(*job));
	if (job != NULL)
		job->connection = request->connection;
	request->exchange->job = job;
	return job;
}

/* False: it can't be now. */
static bool compare(const struct request *request, const char *password,
		    const char *hash)
{
	struct hashing_job *job = new_job(request);
	if (job == NULL)
		return false;
	snprintf(job->password, sizeof(job->password), "%s", password);
	snprintf(job->hash, sizeof(job->hash), "%s", hash);
	return hashing_ask(request->web->access->hashing, job);
}

/* It was right, or nobody looked whether it was. */
static void forgive(const struct request *request, const char *name)
{
	attempts_forgive(&request->web->access->attempts, &request->exchange->client,
			 name);
}

static enum MHD_Result not_compared(const struct request *request, const char *name)
{
	forgive(request, name);
	return busy(request);
}

static enum MHD_Result wait_longer(const struct request *request, unsigned wait_s)
{
	static char words[] = "{\"error\":\"too many tries; wait\"}\n";
	char seconds[16];
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(words), words, MHD_RESPMEM_PERSISTENT);
	snprintf(seconds, sizeof(seconds), "%u", wait_s);
	if (response != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
	return answer(request->connection, MHD_HTTP_TOO_MANY_REQUESTS, json_type,
		      response);
}

static const char *form_of(const struct request *request)
{
	struct buf *body = &request->exchange->body;
	const char *form = buf_cstr(body);
	return form != NULL ? form : "";
}

static enum MHD_Result try_password(const struct request *request, const char *name,
				    const char *field)
{
	struct access *access = request->web->access;
	const struct addr *client = &request->exchange->client;
	char password[FORM_VALUE_MAX];
	unsigned wait_s;
	const struct user *user = people_user(&access->door.people, name);
	if (!attempts_take(&access->attempts, client, name, web_now_ms(), &wait_s)) {
		access_note_refused(access, user, client);
		return wait_longer(request, wait_s);
	}
	form_value(form_of(request), field, password);
	bool is_asked = compare(request, password, user != NULL ? user->hash : "");
	secret_forget(password, sizeof(password));
	return is_asked ? MHD_YES : not_compared(request, name);
}

static enum MHD_Result let_in(const struct request *request, const char *name)
{
	struct access *access = request->web->access;
	const struct hashing_job *job = request->exchange->job;
	const struct user *user = people_user(&access->door.people, name);
	char id[SECRET_TEXT_MAX];
	if (!atomic_load(&job->done))
		return not_compared(request, name);
	/* It may have changed while we hashed. */
	if (!job->is_good || user == NULL || strcmp(user->hash, job->hash) != 0) {
		access_note_refused(access, user, &request->exchange->client);
		return refuse(request, MHD_HTTP_UNAUTHORIZED,
			      "user or password is wrong");
	}
	forgive(request, name);
	if (!begin_session(request, user->name, id))
		return MHD_NO;
	struct MHD_Response *response =
		with_cookie(request, "{\"message\":\"signed in\"}\n", id);
	secret_forget(id, sizeof(id));
	return answer(request->connection, MHD_HTTP_OK, json_type, response);
}

enum MHD_Result answer_login(const struct request *request)
{
	char name[FORM_VALUE_MAX];
	if (request->exchange->too_large)
		return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE,
			      "a body has at most 4 KiB");
	form_value(form_of(request), "user", name);
	if (request->exchange->job != NULL)
		return let_in(request, name);
	return try_password(request, name, "password");
}

/* ---- another password of one's own ---- */

static enum MHD_Result change_password(const struct request *request, const char *name)
{
	struct access *access = request->web->access;
	struct hashing_job *job = request->exchange->job;
	struct people_asked asked = { .action = people_action_named("user_password") };
	struct buf message = { 0 };
	char secret[TOKEN_TEXT_MAX];
	/* A user's, who is one. */
	memcpy(asked.name, name, strnlen(name, sizeof(asked.name) - 1));
	snprintf(asked.hash, sizeof(asked.hash), "%s", job->hash);
	int result = access_change(access, &asked, name, &message, secret);
	return answer_message(request, result, &message);
}

static enum MHD_Result make_hash(const struct request *request)
{
	struct hashing_job *job = request->exchange->job;
	char password[FORM_VALUE_MAX];
	form_value(form_of(request), "password", password);
	snprintf(job->password, sizeof(job->password), "%s", password);
	secret_forget(password, sizeof(password));
	job->makes = true;
	job->is_good = false;
	atomic_store(&job->done, false);
	return hashing_ask(request->web->access->hashing, job) ? MHD_YES
							       : busy(request);
}

/* Whoever found a browser signed in may guess here, too. */
static enum MHD_Result wrong_old(const struct request *request, const char *name)
{
	struct access *access = request->web->access;
	access_note_refused(access, people_user(&access->door.people, name),
			    &request->exchange->client);
	return refuse(request, MHD_HTTP_FORBIDDEN, "the old password is wrong");
}

static enum MHD_Result go_on(const struct request *request, const char *name)
{
	const struct hashing_job *job = request->exchange->job;
	if (!atomic_load(&job->done))
		return job->makes ? busy(request) : not_compared(request, name);
	if (!job->is_good)
		return job->makes ? MHD_NO : wrong_old(request, name);
	if (job->makes)
		return change_password(request, name);
	forgive(request, name);
	return make_hash(request);
}

enum MHD_Result answer_password(const struct request *request)
{
	const struct visitor *visitor = &request->exchange->visitor;
	char password[FORM_VALUE_MAX];
	if (request->exchange->too_large)
		return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE,
			      "a body has at most 4 KiB");
	if (visitor->by != BY_SESSION || strcmp(visitor->name, NAME_CONSOLE) == 0)
		return refuse(request, MHD_HTTP_FORBIDDEN,
			      "only who has signed in with a name has a password here");
	if (request->exchange->job != NULL)
		return go_on(request, visitor->name);
	form_value(form_of(request), "password", password);
	const char *why = password_refusal(password);
	secret_forget(password, sizeof(password));
	if (why != NULL)
		return refuse(request, MHD_HTTP_BAD_REQUEST, why);
	return try_password(request, visitor->name, "old");
}

/* ---- out ---- */

enum MHD_Result answer_logout(const struct request *request)
{
	const struct visitor *visitor = &request->exchange->visitor;
	if (visitor->by == BY_SESSION)
		session_end(&request->web->access->door.sessions, &visitor->session);
	return answer(request->connection, MHD_HTTP_OK, json_type,
		      with_cookie(request, "{\"message\":\"signed out\"}\n", ""));
}
