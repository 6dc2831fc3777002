/*
 * link_streams.c: the streams, their consumers and the bucket, as hubs make them.
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
};

/* ---- making ---- */

static natsStatus make_stream(jsCtx *js, enum fleet_lane lane,
			      const struct link_streams *streams, jsErrCode *code)
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
	natsStatus status = js_AddStream(NULL, js, &config, NULL, code);
	if (*code == JSStreamNameExistErr)
		status = js_UpdateStream(NULL, js, &config, NULL, code);
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

/* The server's words for it name neither setting. */
static void say_no_room(const struct link_streams *streams, enum fleet_lane lane,
			char error[static LINK_ERROR_MAX])
{
	enum { MB = 1000000 };
	snprintf(error, LINK_ERROR_MAX,
		 "no NATS server has room for the %s lane of %llu MB: hub.stream_size "
		 "is too large for max_file_store of the servers, or their disks",
		 fleet_lane_name(lane),
		 (unsigned long long)(streams->bytes_max[lane] / MB));
}

static bool is_no_room(jsErrCode code)
{
	return code == JSStorageResourcesExceededErr ||
	       code == JSInsufficientResourcesErr;
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
	jsErrCode code = 0;
	int lane = 0;
	for (; lane < FLEET_LANES && status == NATS_OK; lane++) {
		status = make_stream(session->js, lane, streams, &code);
		if (status == NATS_OK)
			status = make_consumer(session->js, lane);
	}
	if (status != NATS_OK && is_no_room(code))
		say_no_room(streams, lane - 1, error);
	else if (status != NATS_OK)
		link_say(status, error);
	link_session_give(link, session);
	return status == NATS_OK ? 0 : -EAGAIN;
}

/* ---- are they there? ---- */

static natsStatus look_at_stream(jsCtx *js, enum fleet_lane lane,
				 struct link_stream *out)
{
	char name[LINK_STREAM_MAX];
	jsStreamInfo *stream = NULL;
	jsConsumerInfo *consumer = NULL;
	link_stream_name(lane, name);
	natsStatus status = js_GetStreamInfo(&stream, js, name, NULL, NULL);
	if (status == NATS_OK)
		status = js_GetConsumerInfo(&consumer, js, name, LINK_CONSUMER, NULL,
					    NULL);
	if (status == NATS_OK)
		*out = (struct link_stream){
			.made_us = stream->Created / LINK_NS_PER_US,
			.waiting =
				consumer->NumPending + (uint64_t)consumer->NumAckPending
		};
	jsConsumerInfo_Destroy(consumer);
	jsStreamInfo_Destroy(stream);
	return status;
}

int link_look_at_streams(struct link *link, struct link_stream out[static FLEET_LANES])
{
	struct link_session *session = link_session_take(link, 0);
	if (session == NULL)
		return -EAGAIN;
	jsStreamInfo *bucket = NULL;
	natsStatus status =
		js_GetStreamInfo(&bucket, session->js, LINK_BUCKET_STREAM, NULL, NULL);
	jsStreamInfo_Destroy(bucket);
	for (int lane = 0; lane < FLEET_LANES && status == NATS_OK; lane++)
		status = look_at_stream(session->js, (enum fleet_lane)lane, &out[lane]);
	link_session_give(link, session);
	return status == NATS_OK ? 0 : status == NATS_NOT_FOUND ? -ENOENT : -EAGAIN;
}
