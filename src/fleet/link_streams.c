/*
 * link_streams.c: the streams, their consumers and the bucket, as hubs make and trim
 * them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fleet/link_inside.h"

enum {
	MESSAGE_MAX = 1024 * 1024, /* what nats-server takes by default */
	DUPLICATES_S = 120,
	ACK_WAIT_S = 30,
	ACK_PENDING_MAX = 1024, /* of all hubs together: what one may lose for 30 s */
	HISTORY = 8,
	LOOKED_S = 10, /* how long what link_trim() asks with may stay behind */
};

/* ---- making ---- */

static natsStatus make_stream(jsCtx *js, enum fleet_lane lane,
			      const struct link_streams *streams)
{
	char name[LINK_STREAM_MAX], subject[FLEET_SUBJECT_MAX];
	link_stream_name(lane, name);
	snprintf(subject, sizeof(subject), FLEET_RECORDS, "*", fleet_lane_name(lane));
	const char *subjects[] = { subject };
	jsStreamConfig config;
	jsStreamConfig_Init(&config);
	config.Name = name;
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Retention = js_LimitsPolicy;
	config.Discard = js_DiscardNew;
	config.Storage = js_FileStorage;
	config.Replicas = streams->replicas;
	config.MaxBytes = (int64_t)streams->bytes_max[lane];
	config.MaxMsgsPerSubject = link_crowd_bound(streams->bytes_max[lane]);
	config.DiscardNewPerSubject = true;
	config.MaxMsgSize = MESSAGE_MAX;
	config.Duplicates = DUPLICATES_S * LINK_NS_PER_S;
	config.AllowDirect = true;
	jsErrCode code = 0;
	natsStatus status = js_AddStream(NULL, js, &config, NULL, &code);
	if (code == JSStreamNameExistErr)
		status = js_UpdateStream(NULL, js, &config, NULL, &code);
	return status;
}

static natsStatus make_consumer(jsCtx *js, enum fleet_lane lane)
{
	char name[LINK_STREAM_MAX];
	link_stream_name(lane, name);
	jsConsumerConfig config;
	jsConsumerConfig_Init(&config);
	config.Durable = LINK_CONSUMER;
	config.DeliverPolicy = js_DeliverAll;
	config.AckPolicy = js_AckExplicit;
	config.AckWait = ACK_WAIT_S * LINK_NS_PER_S;
	config.MaxAckPending = ACK_PENDING_MAX;
	return js_AddConsumer(NULL, js, name, &config, NULL, NULL);
}

/* Of a bucket that is there; the library has no call for that. */
static natsStatus set_bucket_replicas(jsCtx *js, int replicas)
{
	jsStreamInfo *info = NULL;
	natsStatus status = js_GetStreamInfo(&info, js, LINK_BUCKET_STREAM, NULL, NULL);
	if (status != NATS_OK || info->Config->Replicas == replicas) {
		jsStreamInfo_Destroy(info);
		return status;
	}
	info->Config->Replicas = replicas;
	status = js_UpdateStream(NULL, js, info->Config, NULL, NULL);
	jsStreamInfo_Destroy(info);
	return status;
}

static natsStatus make_bucket(jsCtx *js, int replicas)
{
	kvStore *bucket = NULL;
	natsStatus status = js_KeyValue(&bucket, js, LINK_BUCKET);
	if (status == NATS_OK)
		status = set_bucket_replicas(js, replicas);
	if (status == NATS_NOT_FOUND) {
		kvConfig config;
		kvConfig_Init(&config);
		config.Bucket = LINK_BUCKET;
		config.History = HISTORY;
		config.Replicas = replicas;
		status = js_CreateKeyValue(&bucket, js, &config);
	}
	kvStore_Destroy(bucket);
	return status;
}

int link_make_streams(struct link *link, const struct link_streams *streams,
		      char error[static LINK_ERROR_MAX])
{
	struct link_session *session = link_session_take(link, 0);
	if (session == NULL) {
		link_say_absent(link, error);
		return -EAGAIN;
	}
	natsStatus status = make_bucket(session->js, streams->replicas);
	for (int lane = 0; lane < FLEET_LANES && status == NATS_OK; lane++) {
		status = make_stream(session->js, lane, streams);
		if (status == NATS_OK)
			status = make_consumer(session->js, lane);
	}
	if (status != NATS_OK)
		link_say(status, error);
	link_session_give(link, session);
	return status == NATS_OK ? 0 : -EAGAIN;
}

/* ---- trimming ---- */

/* Up to which all is acknowledged, by all hubs; false: some are under way. */
static natsStatus look_what_is_kept(jsCtx *js, const char *stream, uint64_t *sequence,
				    bool *is_quiet)
{
	jsConsumerInfo *info = NULL;
	natsStatus status =
		js_GetConsumerInfo(&info, js, stream, LINK_CONSUMER, NULL, NULL);
	if (status == NATS_OK) {
		*sequence = info->AckFloor.Stream + 1;
		*is_quiet = info->NumAckPending == 0;
	}
	jsConsumerInfo_Destroy(info);
	return status;
}

/*
 * nats-server before 2.9.15 (Debian 12 has 2.9.10) forgets at each purge which messages
 * were delivered and are not acknowledged (its pull request 3892): if who has them
 * dies, or gives them back, they never come again.  So nothing is removed but while
 * there are none, and not for nothing.  Of sequence 0 the server would remove
 * everything.
 */
natsStatus link_purge(jsCtx *js, const char *stream, const char *subject,
		      uint64_t before)
{
	uint64_t kept = 0, first = 0;
	bool is_quiet = false;
	jsStreamInfo *info = NULL;
	jsOptions options;
	natsStatus status = js_GetStreamInfo(&info, js, stream, NULL, NULL);
	if (status == NATS_OK)
		first = info->State.FirstSeq;
	jsStreamInfo_Destroy(info);
	if (status == NATS_OK)
		status = look_what_is_kept(js, stream, &kept, &is_quiet);
	if (before > kept)
		before = kept;
	if (status != NATS_OK || before <= first || before <= 1)
		return status;
	if (!is_quiet)
		return NATS_NOT_PERMITTED; /* not now */
	jsOptions_Init(&options);
	options.Stream.Purge.Subject = subject;
	options.Stream.Purge.Sequence = before;
	return js_PurgeStream(js, stream, &options, NULL);
}

/*
 * The first message that is not older.  No call asks for that, but a consumer that is
 * to begin at a time tells which was the last before it.
 */
static natsStatus first_since(jsCtx *js, const char *stream, int64_t since_us,
			      uint64_t *sequence)
{
	jsConsumerConfig config;
	jsConsumerConfig_Init(&config);
	config.DeliverPolicy = js_DeliverByStartTime;
	/* The library passes no time of 0 on. */
	config.OptStartTime = (since_us > 0 ? since_us : 1) * LINK_NS_PER_US;
	config.AckPolicy = js_AckExplicit;
	config.InactiveThreshold = LOOKED_S * LINK_NS_PER_S;
	config.MemoryStorage = true;
	config.Replicas = 1;
	jsConsumerInfo *info = NULL;
	natsStatus status = js_AddConsumer(&info, js, stream, &config, NULL, NULL);
	if (status == NATS_OK) {
		*sequence = info->Delivered.Stream + 1;
		js_DeleteConsumer(js, stream, info->Name, NULL, NULL);
	}
	jsConsumerInfo_Destroy(info);
	return status;
}

int link_trim(struct link *link, enum fleet_lane lane, int64_t older_than_us)
{
	struct link_session *session = link_session_take(link, 0);
	if (session == NULL)
		return -EAGAIN;
	char stream[LINK_STREAM_MAX];
	link_stream_name(lane, stream);
	uint64_t young = 0, kept = 0;
	bool is_quiet = false;
	natsStatus status = look_what_is_kept(session->js, stream, &kept, &is_quiet);
	if (status == NATS_OK && !is_quiet)
		status = NATS_NOT_PERMITTED; /* see link_purge() */
	if (status == NATS_OK)
		status = first_since(session->js, stream, older_than_us, &young);
	if (status == NATS_OK)
		status = link_purge(session->js, stream, NULL, young);
	if (status == NATS_OK)
		status = link_crowd_trim(session->js, stream);
	link_session_give(link, session);
	return status == NATS_OK ? 0 : -EAGAIN;
}
