/*
 * link_follow.c: all messages of a stream, in order, each once.
 *
 * What is read through is a consumer of its own, which the servers forget when it is
 * not used.  Whenever that one is gone, has left something out, or the connection is
 * another, a new one begins after the last message that was taken: the stream's own
 * sequence says where that is.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fleet/link_inside.h"

enum {
	FETCH_MAX = 256,
	FETCH_MS = 2000, /* then it is looked whether the consumer is still there */
	RETRY_MS = 500,
	FORGOTTEN_S = 60,  /* the servers forget a consumer that nobody asks */
	FORGET_MS = 250,   /* ... so nobody waits longer for them to do it at once */
	NAME_MAX_LEN = 64, /* of a consumer: the server's choice */
	US_PER_MS = 1000,
};

struct link_follow {
	struct link_reader reader;
	struct link_followed what;
	link_take_raw take;
	void *self;
	pthread_t thread;
	char consumer[NAME_MAX_LEN];
	int64_t stream_made_ns; /* the stream that last is of; 0: none yet */
	bool is_placed;         /* last says where to go on */
	uint64_t last;   /* sequence in it that was taken, or that is before all */
	int64_t last_us; /* when that was stored, or from when on it follows */
	uint64_t consumer_last; /* sequence in the consumer */
	atomic_bool has_begun, has_ended;
	/* Of link_follow(): */
	link_take told;
	void *told_self;
};

/* What comes next is that one. */
static void pass_over(struct link_follow *follow, uint64_t next)
{
	if (follow->what.missed != NULL && next > follow->last + 1)
		follow->what.missed(follow->what.missed_self, follow->last_us);
	if (next > follow->last + 1)
		follow->last = next - 1;
}

/*
 * A stream that was made anew counts from the beginning; what the one before still had
 * is not known.
 */
static void begin_anew(struct link_follow *follow)
{
	follow->last = 0;
	if (follow->what.missed != NULL)
		follow->what.missed(follow->what.missed_self, follow->last_us);
}

static natsStatus look_at_stream(struct link_follow *follow)
{
	jsStreamInfo *info = NULL;
	natsStatus status = js_GetStreamInfo(&info, follow->reader.session->js,
					     follow->what.stream, NULL, NULL);
	if (status != NATS_OK)
		return status;
	if (info->Created != follow->stream_made_ns && follow->is_placed)
		begin_anew(follow);
	else if (follow->is_placed)
		pass_over(follow, info->State.FirstSeq);
	follow->stream_made_ns = info->Created;
	jsStreamInfo_Destroy(info);
	return NATS_OK;
}

static void place_consumer(const struct link_follow *follow, jsConsumerConfig *config)
{
	if (follow->is_placed) {
		config->DeliverPolicy = js_DeliverByStartSequence;
		config->OptStartSeq = follow->last + 1;
	} else if (follow->what.since_us == LINK_FROM_NOW) {
		config->DeliverPolicy = js_DeliverNew;
	} else if (follow->what.since_us > 0) {
		config->DeliverPolicy = js_DeliverByStartTime;
		config->OptStartTime = link_start_ns(follow->what.since_us);
	} else {
		config->DeliverPolicy = js_DeliverAll;
	}
}

static natsStatus make_consumer(struct link_follow *follow)
{
	jsConsumerConfig config;
	jsConsumerConfig_Init(&config);
	config.FilterSubject =
		follow->what.filter[0] != '\0' ? follow->what.filter : NULL;
	place_consumer(follow, &config);
	config.HeadersOnly = follow->what.is_heads;
	config.AckPolicy = js_AckNone;
	config.InactiveThreshold = FORGOTTEN_S * LINK_NS_PER_S;
	config.MemoryStorage = true;
	config.Replicas = 1;
	jsConsumerInfo *info = NULL;
	natsStatus status = js_AddConsumer(&info, follow->reader.session->js,
					   follow->what.stream, &config, NULL, NULL);
	if (status == NATS_OK) {
		snprintf(follow->consumer, sizeof(follow->consumer), "%s", info->Name);
		if (!follow->is_placed)
			follow->last = info->Delivered.Stream;
		follow->is_placed = true;
		atomic_store(&follow->has_begun, true);
	}
	jsConsumerInfo_Destroy(info);
	follow->consumer_last = 0;
	return status;
}

static natsStatus begin(struct link_follow *follow)
{
	natsStatus status = link_reader_begin(&follow->reader, FETCH_MS);
	if (status == NATS_OK)
		status = look_at_stream(follow);
	if (status == NATS_OK)
		status = make_consumer(follow);
	if (status == NATS_OK)
		status = link_reader_bind(&follow->reader, follow->what.stream,
					  follow->consumer, &follow->what);
	return status;
}

/* False: something is missing before it. */
static bool take_one(struct link_follow *follow, natsMsg *message)
{
	struct link_message told;
	uint64_t consumer = 0;
	if (link_message_read(message, &told, &consumer) != NATS_OK)
		return true;
	if (consumer != follow->consumer_last + 1)
		return false;
	follow->consumer_last = consumer;
	if (told.sequence <= follow->last)
		return true;
	pass_over(follow, told.sequence);
	follow->last = told.sequence;
	follow->last_us = told.stored_us;
	follow->take(follow->self, message, &told);
	return true;
}

static bool take_all(struct link_follow *follow, natsMsgList *list)
{
	bool is_whole = true;
	for (int i = 0; i < list->Count && is_whole; i++)
		is_whole = !link_reader_stops(&follow->reader) &&
			   take_one(follow, list->Msgs[i]);
	natsMsgList_Destroy(list);
	return is_whole;
}

/* Nothing came: because there is nothing, or because nobody listens any more? */
static bool is_still_there(struct link_follow *follow)
{
	jsConsumerInfo *info = NULL;
	natsStatus status =
		js_GetConsumerInfo(&info, follow->reader.session->js,
				   follow->what.stream, follow->consumer, NULL, NULL);
	bool is =
		status == NATS_OK && info->Delivered.Consumer == follow->consumer_last;
	jsConsumerInfo_Destroy(info);
	return is && look_at_stream(follow) == NATS_OK;
}

/* Until something is wrong with the consumer or the connection, or it stops. */
static void read_through(struct link_follow *follow)
{
	struct link_reader *reader = &follow->reader;
	while (!link_reader_stops(reader) && link_reader_is_current(reader)) {
		natsMsgList list = { 0 };
		natsStatus status =
			link_reader_fetch(reader, &list, FETCH_MAX, FETCH_MS);
		if (status == NATS_OK && !take_all(follow, &list))
			return;
		if (status != NATS_OK)
			natsMsgList_Destroy(&list);
		if (status == NATS_TIMEOUT && is_still_there(follow))
			continue;
		if (status != NATS_OK)
			return;
	}
}

static void pause_unless_stopped(struct link_reader *reader)
{
	if (!link_reader_stops(reader))
		usleep(RETRY_MS * US_PER_MS);
}

/* The servers have no more to do for it. */
static void delete_consumer(const struct link_follow *follow)
{
	jsOptions options;
	jsOptions_Init(&options);
	options.Wait = FORGET_MS;
	js_DeleteConsumer(follow->reader.session->js, follow->what.stream,
			  follow->consumer, &options, NULL);
}

static void *follow_on(void *self)
{
	struct link_follow *follow = self;
	while (!link_reader_stops(&follow->reader)) {
		bool began = begin(follow) == NATS_OK;
		if (began)
			read_through(follow);
		if (began && link_reader_is_current(&follow->reader))
			delete_consumer(follow);
		link_reader_end(&follow->reader);
		if (!began)
			pause_unless_stopped(&follow->reader);
	}
	nats_ReleaseThreadMemory();
	atomic_store(&follow->has_ended, true);
	return NULL;
}

static struct link_follow *follow_new(struct link *link,
				      const struct link_followed *what)
{
	struct link_follow *follow = calloc(1, sizeof(*follow));
	if (follow == NULL)
		return NULL;
	link_reader_open(&follow->reader, link);
	follow->what = *what;
	follow->last_us = what->since_us;
	return follow;
}

static struct link_follow *start(struct link_follow *follow)
{
	if (pthread_create(&follow->thread, NULL, follow_on, follow) == 0)
		return follow;
	link_reader_close(&follow->reader);
	free(follow);
	return NULL;
}

struct link_follow *link_follow_raw(struct link *link, const struct link_followed *what,
				    link_take_raw take, void *self)
{
	struct link_follow *follow = follow_new(link, what);
	if (follow == NULL)
		return NULL;
	follow->take = take;
	follow->self = self;
	return start(follow);
}

static void tell(void *self, natsMsg *message, const struct link_message *told)
{
	(void)message;
	struct link_follow *follow = self;
	follow->told(follow->told_self, told);
}

struct link_follow *link_follow(struct link *link, enum fleet_lane lane,
				int64_t since_us, link_take take, link_missed missed,
				void *self, char error[static LINK_ERROR_MAX])
{
	struct link_followed what = { .since_us = since_us,
				      .missed = missed,
				      .missed_self = self };
	link_stream_name(lane, what.stream);
	struct link_follow *follow = follow_new(link, &what);
	if (follow != NULL) {
		follow->take = tell;
		follow->self = follow;
		follow->told = take;
		follow->told_self = self;
		follow = start(follow);
	}
	if (follow == NULL)
		snprintf(error, LINK_ERROR_MAX, "no memory, or no thread");
	return follow;
}

void link_follow_stop(struct link_follow *follow)
{
	if (follow != NULL)
		link_reader_stop(&follow->reader);
}

bool link_follow_has_begun(const struct link_follow *follow)
{
	return atomic_load(&follow->has_begun);
}

bool link_follow_has_ended(const struct link_follow *follow)
{
	return atomic_load(&follow->has_ended);
}

void link_follow_close(struct link_follow *follow)
{
	if (follow == NULL)
		return;
	link_reader_stop(&follow->reader);
	pthread_join(follow->thread, NULL);
	link_reader_close(&follow->reader);
	free(follow);
}
