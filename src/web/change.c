/*
 * change.c: what can be changed over HTTP, beside who may (users.c): the register of
 * authorised ports, blocks, incidents and the like.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "web/answer.h"
#include "web/inside.h"

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *message)
{
	return answer_error(request->connection, status, request->path, message);
}

static enum MHD_Result show(const struct request *request)
{
	const struct web_source *source = request->web->source;
	struct buf text = { 0 };
	if (source->policy == NULL || !source->policy(source->self, &text)) {
		buf_free(&text);
		return refuse(request, MHD_HTTP_NOT_FOUND, "no policy is in force");
	}
	return answer_text(request->connection, MHD_HTTP_OK, "application/yaml", &text);
}

static unsigned status_of(int result)
{
	switch (result) {
	case 0:
		return MHD_HTTP_OK;
	case -EINVAL:
	case -EEXIST:
		return MHD_HTTP_BAD_REQUEST;
	case -EPERM:
	case -EROFS:
		return MHD_HTTP_FORBIDDEN;
	case -ENOENT:
		return MHD_HTTP_NOT_FOUND;
	case -EAGAIN:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	default:
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

static void write_message(struct buf *text, int result, struct buf *message)
{
	const char *words = buf_cstr(message);
	buf_printf(text, "{\"%s\":\"", result == 0 ? "message" : "error");
	buf_json_text(text, words != NULL ? words : "out of memory");
	buf_text(text, "\"}\n");
	buf_free(message);
}

enum MHD_Result answer_message(const struct request *request, int result,
			       struct buf *message)
{
	struct buf text = { 0 };
	write_message(&text, result, message);
	return answer_text(request->connection, status_of(result), "application/json",
			   &text);
}

/* web_change_answer, of a request that waits. */
static void answer_later(void *to, int result, struct buf *message)
{
	struct buf text = { 0 };
	write_message(&text, result, message);
	probe_waiting_answer(to, status_of(result), "application/json", &text);
}

static enum MHD_Result wait_for_answer(const struct request *request)
{
	const struct web_source *source = request->web->source;
	enum MHD_Result result;
	struct probe_waiting *w = probe_wait(request, WEB_PROBES_MAX, &result);
	if (w != NULL)
		source->change_wait(source->self, answer_later, w);
	return result;
}

/* Whether somebody may make it was decided at the door. */
enum MHD_Result answer_change(const struct request *request, void *self,
			      change_take take)
{
	struct exchange *exchange = request->exchange;
	struct buf message = { 0 };
	if (exchange->probe != NULL)
		return probe_waiting_send(request);
	if (exchange->too_large)
		return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE,
			      "a body has at most 1 MiB");
	if (!buf_ok(&exchange->body))
		return MHD_NO;
	if (take == NULL)
		return refuse(request, MHD_HTTP_NOT_IMPLEMENTED,
			      "this daemon takes none");
	int result = take(self, exchange->body.at == NULL ? "" : exchange->body.at,
			  exchange->body.len, exchange->visitor.name, &message);
	if (result != -EINPROGRESS)
		return answer_message(request, result, &message);
	buf_free(&message);
	return wait_for_answer(request);
}

static enum MHD_Result change(const struct request *request, change_take take)
{
	return answer_change(request, request->web->source->self, take);
}

enum MHD_Result answer_policy(const struct request *request)
{
	return request->post ? change(request, request->web->source->policy_apply)
			     : show(request);
}

enum MHD_Result answer_maintenance(const struct request *request)
{
	const struct web_source *source = request->web->source;
	struct buf text = { 0 };
	if (request->post)
		return change(request, source->maintain);
	if (source->maintenance != NULL)
		source->maintenance(source->self, &text);
	return answer_text(request->connection, MHD_HTTP_OK, "application/x-ndjson",
			   &text);
}

/* ---- records that may be changed ---- */

/* Where a POST goes: a member of web_source. */
#define TAKER(name) offsetof(struct web_source, name)

static const struct changeable {
	const char *path;
	enum record_kind kind; /* what GET gives; RECORD_KINDS: nothing */
	size_t taker;
} changeables[] = {
	{ "/api/v1/scans", RECORD_scan, TAKER(scan_take) },
	{ "/api/v1/blocks", RECORD_block, TAKER(block_change) },
	{ "/api/v1/incidents", RECORD_incident, TAKER(incident_change) },
	{ "/api/v1/deployments", RECORD_deployment, TAKER(deployed) },
	{ "/api/v1/silences", RECORD_silence, TAKER(silence) },
	{ "/api/v1/silences/end", RECORD_KINDS, TAKER(unsilence) },
	{ "/api/v1/policy/approve", RECORD_KINDS, TAKER(policy_approve) },
	{ "/api/v1/policy/withdraw", RECORD_KINDS, TAKER(policy_withdraw) },
	{ "/api/v1/policy/reviewed", RECORD_KINDS, TAKER(policy_reviewed) },
	{ "/api/v1/privacy", RECORD_KINDS, TAKER(privacy) },
	{ "/api/v1/evidence/reviewed", RECORD_KINDS, TAKER(evidence_reviewed) },
	{ "/api/v1/reports_made", RECORD_report_made, TAKER(report_run) },
	{ "/api/v1/self_tests", RECORD_self_test, TAKER(self_test) },
};

static const struct changeable *changeable_at(const char *path)
{
	for (size_t i = 0; i < sizeof(changeables) / sizeof(changeables[0]); i++)
		if (strcmp(path, changeables[i].path) == 0)
			return &changeables[i];
	return NULL;
}

bool change_has_records(enum record_kind kind)
{
	for (size_t i = 0; i < sizeof(changeables) / sizeof(changeables[0]); i++)
		if (changeables[i].kind == kind)
			return true;
	return false;
}

bool change_is_at(const char *path)
{
	return changeable_at(path) != NULL;
}

bool change_has_no_records(const char *path)
{
	const struct changeable *changeable = changeable_at(path);
	return changeable != NULL && changeable->kind == RECORD_KINDS;
}

enum MHD_Result answer_changeable(const struct request *request)
{
	const struct changeable *changeable = changeable_at(request->path);
	change_take take;
	memcpy(&take, (const char *)request->web->source + changeable->taker,
	       sizeof(take));
	if (request->post)
		return change(request, take);
	return answer_records(request, changeable->kind);
}
