/*
 * users.c: GET and POST of /api/v1/users: who may; docs/web.md.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/access.h"
#include "web/answer.h"
#include "web/sign_in.h"

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *why)
{
	return answer_error(request->connection, status, request->path, why);
}

static enum MHD_Result show(const struct request *request)
{
	struct buf text = { 0 };
	people_json(&request->web->access->door.people, web_now_us(), &text);
	buf_char(&text, '\n');
	return answer_text(request->connection, MHD_HTTP_OK, "application/json", &text);
}

/* The message, and what is shown this once: a token, or a link. */
static enum MHD_Result answer_with(const struct request *request, struct buf *message,
				   const char *member, const char *secret)
{
	struct buf text = { 0 };
	const char *words = buf_cstr(message);
	buf_text(&text, "{\"message\":\"");
	buf_json_text(&text, words != NULL ? words : "");
	buf_printf(&text, "\",\"%s\":\"%s\"}\n", member, secret);
	buf_free(message);
	return answer_text(request->connection, MHD_HTTP_OK, "application/json", &text);
}

static enum MHD_Result give_link(const struct request *request,
				 const struct people_asked *asked)
{
	const struct visitor *visitor = &request->exchange->visitor;
	const struct web_source *source = request->web->source;
	struct buf message = { 0 };
	char link[WEB_LINK_MAX];
	int result = web_link(request->web, asked->name, link);
	if (result == -ENOENT)
		return refuse(request, MHD_HTTP_NOT_FOUND, "there is no such user");
	if (result != 0)
		return refuse(request, MHD_HTTP_CONFLICT,
			      "there is no page: listen is off");
	if (source->audit != NULL)
		source->audit(source->self, asked->action, visitor->name,
			      asked->name[0] != '\0' ? asked->name : NAME_CONSOLE, "",
			      "");
	buf_text(&message, "it lets in once, within ten minutes");
	enum MHD_Result answered = answer_with(request, &message, "link", link);
	secret_forget(link, sizeof(link));
	return answered;
}

static enum MHD_Result make(const struct request *request,
			    const struct people_asked *asked)
{
	struct buf message = { 0 };
	char secret[TOKEN_TEXT_MAX];
	int result = access_change(request->web->access, asked,
				   request->exchange->visitor.name, &message, secret);
	if (result != 0 || secret[0] == '\0')
		return answer_message(request, result, &message);
	enum MHD_Result answered = answer_with(request, &message, "token", secret);
	secret_forget(secret, sizeof(secret));
	return answered;
}

/* The password is hashed elsewhere; the request comes back when that is done. */
static enum MHD_Result ask_for_hash(const struct request *request,
				    const struct people_asked *asked)
{
	struct hashing_job *job = calloc(1, sizeof(*job));
	if (job == NULL)
		return MHD_NO;
	request->exchange->job = job;
	job->connection = request->connection;
	job->makes = true;
	memcpy(job->password, asked->password, sizeof(job->password));
	if (hashing_ask(request->web->access->hashing, job))
		return MHD_YES;
	return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		      "busy: too many passwords at a time; try again");
}

static enum MHD_Result change(const struct request *request, struct people_asked *asked)
{
	const struct hashing_job *job = request->exchange->job;
	if (people_asked_is_link(asked))
		return give_link(request, asked);
	if (asked->password[0] == '\0')
		return make(request, asked);
	if (job == NULL)
		return ask_for_hash(request, asked);
	if (!atomic_load(&job->done) || !job->is_good)
		return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "the password could not be hashed; try again");
	memcpy(asked->hash, job->hash, sizeof(asked->hash));
	return make(request, asked);
}

enum MHD_Result answer_users(const struct request *request)
{
	struct people_asked asked;
	if (!request->post)
		return show(request);
	if (request->exchange->too_large)
		return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE,
			      "a body has at most 4 KiB");
	const char *form = buf_cstr(&request->exchange->body);
	if (form == NULL)
		return MHD_NO;
	const char *why = people_asked_read(form, &asked);
	enum MHD_Result answered = why != NULL
					   ? refuse(request, MHD_HTTP_BAD_REQUEST, why)
					   : change(request, &asked);
	secret_forget(&asked, sizeof(asked));
	return answered;
}
