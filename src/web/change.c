/*
 * change.c: the register of authorised ports over HTTP, and scans: read by all, changed
 * and given only on the Unix socket, by root and the daemon's own user.
 *
 * Who asks is what the kernel says of the other end (SO_PEERCRED, unix(7)), which no
 * request can forge.
 */
#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web/answer.h"
#include "web/inside.h"

enum { ACTOR_MAX = 64 };

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

/* The user at the other end of a Unix socket. */
static bool peer_uid(const struct request *request, uid_t *uid)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (info == NULL ||
	    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*uid = peer.uid;
	return true;
}

bool change_is_permitted(const struct request *request)
{
	uid_t uid;
	return peer_uid(request, &uid) && (uid == 0 || uid == geteuid());
}

/* Root needs no look into files that the daemon may not read any more. */
static void name_actor(uid_t uid, char out[static ACTOR_MAX])
{
	enum { ENTRY_MAX = 4096 };
	char entry[ENTRY_MAX];
	struct passwd user, *found = NULL;
	if (uid == 0)
		snprintf(out, ACTOR_MAX, "root");
	else if (getpwuid_r(uid, &user, entry, sizeof(entry), &found) == 0 &&
		 found != NULL)
		snprintf(out, ACTOR_MAX, "%s", user.pw_name);
	else
		snprintf(out, ACTOR_MAX, "uid %u", (unsigned)uid);
}

static enum MHD_Result answer_message(const struct request *request, unsigned status,
				      const char *member, struct buf *message)
{
	struct buf text = { 0 };
	const char *words = buf_cstr(message);
	buf_printf(&text, "{\"%s\":\"", member);
	buf_json_text(&text, words != NULL ? words : "out of memory");
	buf_text(&text, "\"}\n");
	return answer_text(request->connection, status, "application/json", &text);
}

typedef int (*change_take)(void *self, const char *text, size_t len, const char *actor,
			   struct buf *message);

static unsigned status_of(int result)
{
	switch (result) {
	case 0:
		return MHD_HTTP_OK;
	case -EINVAL:
	case -EEXIST:
		return MHD_HTTP_BAD_REQUEST;
	case -EPERM:
		return MHD_HTTP_FORBIDDEN;
	case -ENOENT:
		return MHD_HTTP_NOT_FOUND;
	default:
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

/* Whether somebody may make changes is the same for all of them. */
static enum MHD_Result change(const struct request *request, change_take take)
{
	struct exchange *exchange = request->exchange;
	char actor[ACTOR_MAX];
	struct buf message = { 0 };
	uid_t uid;
	if (!change_is_permitted(request) || !peer_uid(request, &uid))
		return refuse(request, MHD_HTTP_FORBIDDEN,
			      "not permitted: only root and the daemon's own user may "
			      "change something here");
	if (exchange->too_large)
		return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE,
			      "a body has at most 1 MiB");
	if (!buf_ok(&exchange->body))
		return MHD_NO;
	if (take == NULL)
		return refuse(request, MHD_HTTP_NOT_IMPLEMENTED,
			      "this daemon takes none");
	name_actor(uid, actor);
	int result = take(request->web->source->self,
			  exchange->body.at == NULL ? "" : exchange->body.at,
			  exchange->body.len, actor, &message);
	unsigned status = status_of(result);
	enum MHD_Result answered = answer_message(
		request, status, result == 0 ? "message" : "error", &message);
	buf_free(&message);
	return answered;
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
	{ "/api/v1/self_tests", RECORD_self_test, TAKER(self_test) },
};

static const struct changeable *changeable_at(const char *path)
{
	for (size_t i = 0; i < sizeof(changeables) / sizeof(changeables[0]); i++)
		if (strcmp(path, changeables[i].path) == 0)
			return &changeables[i];
	return NULL;
}

bool change_is_at(const char *path)
{
	return changeable_at(path) != NULL;
}

enum MHD_Result answer_changeable(const struct request *request)
{
	const struct changeable *changeable = changeable_at(request->path);
	change_take take;
	memcpy(&take, (const char *)request->web->source + changeable->taker,
	       sizeof(take));
	if (request->post)
		return change(request, take);
	if (changeable->kind == RECORD_KINDS)
		return refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "only POST");
	return answer_records(request, changeable->kind);
}
