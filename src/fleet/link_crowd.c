/*
 * link_crowd.c: no sensor may take the room of the others, however much it tells.
 *
 * A stream takes a bounded number of messages of each subject, which is a sensor's, and
 * refuses more of that one alone.  So that a busy one seldom comes to its bound, what
 * hubs have kept of it is removed sooner than that of others.
 */
#include "fleet/batch.h"
#include "fleet/link_inside.h"

enum {
	/* Of a stream's room, what one sensor's largest messages may fill. */
	SHARE = 4,
	/* But so many it may always have, or it could not catch up. */
	MESSAGES_MIN = 1024,
	/* Of its bound, from where on what is kept of it is removed. */
	CROWDED = 2,
};

int64_t link_crowd_bound(uint64_t stream_bytes)
{
	uint64_t messages = stream_bytes / SHARE / BATCH_BYTES_MAX;
	return (int64_t)(messages > MESSAGES_MIN ? messages : MESSAGES_MIN);
}

/* A stream that has few messages has few of each: then nobody asks for the list. */
static natsStatus may_be_crowded(jsCtx *js, const char *stream, uint64_t *bound)
{
	jsStreamInfo *info = NULL;
	natsStatus status = js_GetStreamInfo(&info, js, stream, NULL, NULL);
	*bound = 0;
	if (status == NATS_OK && info->Config->MaxMsgsPerSubject > 0 &&
	    info->State.Msgs > (uint64_t)info->Config->MaxMsgsPerSubject / CROWDED)
		*bound = (uint64_t)info->Config->MaxMsgsPerSubject;
	jsStreamInfo_Destroy(info);
	return status;
}

natsStatus link_crowd_trim(jsCtx *js, const char *stream)
{
	uint64_t bound = 0;
	jsStreamInfo *info = NULL;
	jsOptions options;
	natsStatus status = may_be_crowded(js, stream, &bound);
	if (status != NATS_OK || bound == 0)
		return status;
	jsOptions_Init(&options);
	options.Stream.Info.SubjectsFilter = ">";
	status = js_GetStreamInfo(&info, js, stream, &options, NULL);
	const jsStreamStateSubjects *subjects =
		status == NATS_OK ? info->State.Subjects : NULL;
	for (int i = 0; subjects != NULL && i < subjects->Count && status == NATS_OK;
	     i++)
		if (subjects->List[i].Msgs > bound / CROWDED)
			status = link_purge(js, stream, subjects->List[i].Subject,
					    UINT64_MAX);
	jsStreamInfo_Destroy(info);
	return status;
}
