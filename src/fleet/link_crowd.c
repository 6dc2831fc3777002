/*
 * link_crowd.c: no sensor may take the room of the others, however much it tells.
 *
 * A stream takes a bounded number of messages of each subject, which is a sensor's, and
 * refuses more of that one alone.  So that a busy one seldom comes to its bound, what
 * hubs have kept is removed sooner while there is one: the newest stays all the same,
 * so that who follows the stream and is cut off for a moment misses nothing.
 */
#include "fleet/batch.h"
#include "fleet/link_inside.h"

enum {
	/* Of a stream's room, what one sensor's largest messages may fill. */
	SHARE = 4,
	/* But so many it may always have, or it could not catch up. */
	MESSAGES_MIN = 1024,
};

/* How full a sensor's share is, in quarters, and what is left of the stream then. */
static const struct crowded {
	uint64_t quarters;
	int64_t keep_us;
} crowded[] = { { 3, 1000000 }, { 2, 60000000 } };
enum { QUARTERS = 4, CROWDED = sizeof(crowded) / sizeof(crowded[0]) };

int64_t link_crowd_bound(uint64_t stream_bytes)
{
	uint64_t messages = stream_bytes / SHARE / BATCH_BYTES_MAX;
	return (int64_t)(messages > MESSAGES_MIN ? messages : MESSAGES_MIN);
}

int64_t link_crowd_keep_us(uint64_t messages, uint64_t bound)
{
	for (int i = 0; i < CROWDED; i++)
		if (messages > bound / QUARTERS * crowded[i].quarters)
			return crowded[i].keep_us;
	return INT64_MAX;
}

static uint64_t most_of_one(const jsStreamStateSubjects *subjects)
{
	uint64_t most = 0;
	for (int i = 0; subjects != NULL && i < subjects->Count; i++)
		if (subjects->List[i].Msgs > most)
			most = subjects->List[i].Msgs;
	return most;
}

/* A stream that has few messages has few of each: then nobody asks for the list. */
natsStatus link_crowd_look(jsCtx *js, const char *stream, int64_t *keep_us)
{
	jsStreamInfo *info = NULL;
	jsOptions options;
	natsStatus status = js_GetStreamInfo(&info, js, stream, NULL, NULL);
	int64_t bound = status == NATS_OK ? info->Config->MaxMsgsPerSubject : 0;
	bool may_be = bound > 0 && link_crowd_keep_us(info->State.Msgs,
						      (uint64_t)bound) != INT64_MAX;
	jsStreamInfo_Destroy(info);
	*keep_us = INT64_MAX;
	if (!may_be)
		return status;
	jsOptions_Init(&options);
	options.Stream.Info.SubjectsFilter = ">";
	status = js_GetStreamInfo(&info, js, stream, &options, NULL);
	if (status != NATS_OK)
		return status;
	*keep_us =
		link_crowd_keep_us(most_of_one(info->State.Subjects), (uint64_t)bound);
	jsStreamInfo_Destroy(info);
	return NATS_OK;
}
