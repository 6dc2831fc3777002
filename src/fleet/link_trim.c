/*
 * link_trim.c: what all hubs have kept is removed from a stream, the oldest first.
 *
 * nats-server before 2.9.15 (Debian 12 has 2.9.10) forgets at each purge what was
 * delivered and is not acknowledged (its pull request 3892): what a hub has in hand
 * when it dies would never come again.  Of a purge by subject it passes over what
 * others have told and nobody has been given yet (3838).  Removing one message does
 * neither, but is a request each.  So a stream is purged only where the server that has
 * its consumer is known to be later: since 2.10 they tell the time with what they tell
 * (4133).
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "fleet/link_inside.h"

enum {
	LOOKED_S = 10,   /* how long what first_since() asks with may stay behind */
	ASKED_MAX = 256, /* removals under way */
	AT_ONCE = 20000, /* of a call; the next one has the rest */
	API_SUBJECT_MAX = 96,
	API_TEXT_MAX = 64,
};

struct kept {
	uint64_t before; /* all that stands before it is acknowledged, by all hubs */
	bool may_purge;
};

static natsStatus read_kept(const char *text, size_t len, struct kept *out)
{
	json_t *told = json_loadb(text, len, 0, NULL);
	const json_t *floor =
		json_object_get(json_object_get(told, "ack_floor"), "stream_seq");
	bool is_told = json_is_integer(floor);
	if (is_told) {
		out->before = (uint64_t)json_integer_value(floor) + 1;
		out->may_purge = json_is_string(json_object_get(told, "ts"));
	}
	json_decref(told);
	return is_told ? NATS_OK : NATS_NOT_FOUND;
}

/* The library leaves out what says how old the server is. */
static natsStatus look_what_is_kept(const struct link_session *session,
				    const char *stream, struct kept *out)
{
	char subject[API_SUBJECT_MAX];
	natsMsg *answer = NULL;
	snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.INFO.%s.%s", stream,
		 LINK_CONSUMER);
	natsStatus status = natsConnection_RequestString(&answer, session->connection,
							 subject, "", LINK_REQUEST_MS);
	if (status == NATS_OK)
		status = read_kept(natsMsg_GetData(answer),
				   (size_t)natsMsg_GetDataLength(answer), out);
	natsMsg_Destroy(answer);
	return status;
}

/*
 * The first message that is not older, and what time it is there.  No call asks for
 * that, but a consumer that is to begin at a time tells which was the last before it,
 * and when it was made.
 */
static natsStatus first_since(jsCtx *js, const char *stream, int64_t since_us,
			      uint64_t *sequence, int64_t *now_us)
{
	jsConsumerConfig config;
	jsConsumerConfig_Init(&config);
	config.DeliverPolicy = js_DeliverByStartTime;
	config.OptStartTime = link_start_ns(since_us);
	config.AckPolicy = js_AckExplicit;
	config.InactiveThreshold = LOOKED_S * LINK_NS_PER_S;
	config.MemoryStorage = true;
	config.Replicas = 1;
	jsConsumerInfo *info = NULL;
	natsStatus status = js_AddConsumer(&info, js, stream, &config, NULL, NULL);
	if (status == NATS_OK) {
		*sequence = info->Delivered.Stream + 1;
		*now_us = info->Created / LINK_NS_PER_US;
		js_DeleteConsumer(js, stream, info->Name, NULL, NULL);
	}
	jsConsumerInfo_Destroy(info);
	return status;
}

/* ---- one by one ---- */

struct removing {
	natsConnection *connection;
	natsInbox *inbox;
	natsSubscription *answers;
	char subject[API_SUBJECT_MAX];
	unsigned open; /* asked for, and not answered */
};

static natsStatus ask_for(struct removing *removing, uint64_t sequence)
{
	char text[API_TEXT_MAX];
	snprintf(text, sizeof(text), "{\"seq\":%llu,\"no_erase\":true}",
		 (unsigned long long)sequence);
	removing->open++;
	return natsConnection_PublishRequestString(
		removing->connection, removing->subject, removing->inbox, text);
}

/* What it says is of no account: one that is not there any more is no failure. */
static natsStatus hear_until(struct removing *removing, unsigned open)
{
	natsStatus status = NATS_OK;
	while (status == NATS_OK && removing->open > open) {
		natsMsg *answer = NULL;
		status = natsSubscription_NextMsg(&answer, removing->answers,
						  LINK_REQUEST_MS);
		natsMsg_Destroy(answer);
		removing->open--;
	}
	return status;
}

static natsStatus remove_each(const struct link_session *session, const char *stream,
			      uint64_t first, uint64_t before)
{
	struct removing removing = { .connection = session->connection };
	snprintf(removing.subject, sizeof(removing.subject),
		 "$JS.API.STREAM.MSG.DELETE.%s", stream);
	natsStatus status = natsInbox_Create(&removing.inbox);
	if (status == NATS_OK)
		status = natsConnection_SubscribeSync(
			&removing.answers, session->connection, removing.inbox);
	for (uint64_t i = first; status == NATS_OK && i < before; i++) {
		status = ask_for(&removing, i);
		if (status == NATS_OK)
			status = hear_until(&removing, ASKED_MAX - 1);
	}
	if (status == NATS_OK)
		status = hear_until(&removing, 0);
	natsSubscription_Destroy(removing.answers);
	natsInbox_Destroy(removing.inbox);
	return status;
}

/* ---- all of it ---- */

/* NATS_NOT_PERMITTED: there is more, to be removed at the next call. */
static natsStatus remove_before(const struct link_session *session, const char *stream,
				const struct kept *kept, uint64_t before)
{
	uint64_t first = 0;
	jsStreamInfo *info = NULL;
	jsOptions options;
	natsStatus status = js_GetStreamInfo(&info, session->js, stream, NULL, NULL);
	if (status == NATS_OK)
		first = info->State.FirstSeq;
	jsStreamInfo_Destroy(info);
	/* Of sequence 0 the server would remove everything. */
	if (status != NATS_OK || before <= first || before <= 1)
		return status;
	if (kept->may_purge) {
		jsOptions_Init(&options);
		options.Stream.Purge.Sequence = before;
		return js_PurgeStream(session->js, stream, &options, NULL);
	}
	uint64_t end = before - first > AT_ONCE ? first + AT_ONCE : before;
	status = remove_each(session, stream, first, end);
	return status == NATS_OK && end < before ? NATS_NOT_PERMITTED : status;
}

static natsStatus trim(const struct link_session *session, const char *stream,
		       int64_t older_than_us)
{
	struct kept kept = { 0 };
	uint64_t before = 0;
	int64_t keep_us = INT64_MAX, now_us = 0;
	natsStatus status = look_what_is_kept(session, stream, &kept);
	if (status == NATS_OK)
		status = first_since(session->js, stream, older_than_us, &before,
				     &now_us);
	if (status == NATS_OK)
		status = link_crowd_look(session->js, stream, &keep_us);
	if (status == NATS_OK && keep_us < now_us - older_than_us)
		status = first_since(session->js, stream, now_us - keep_us, &before,
				     &now_us);
	if (status == NATS_OK)
		status = remove_before(session, stream, &kept,
				       before < kept.before ? before : kept.before);
	return status;
}

int link_trim(struct link *link, enum fleet_lane lane, int64_t older_than_us)
{
	struct link_session *session = link_session_take(link, 0);
	if (session == NULL)
		return -EAGAIN;
	char stream[LINK_STREAM_MAX];
	link_stream_name(lane, stream);
	natsStatus status = trim(session, stream, older_than_us);
	link_session_give(link, session);
	return status == NATS_OK ? 0 : -EAGAIN;
}
