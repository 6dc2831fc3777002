/*
 * link_pull.c: the durable consumer that the hubs share.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/link_inside.h"

struct link_pull {
	struct link_reader reader;
	char stream[LINK_STREAM_MAX];
};

struct link_pull *link_pull_open(struct link *link, enum fleet_lane lane,
				 char error[static LINK_ERROR_MAX])
{
	struct link_pull *pull = calloc(1, sizeof(*pull));
	if (pull == NULL) {
		snprintf(error, LINK_ERROR_MAX, "%s", strerror(ENOMEM));
		return NULL;
	}
	link_reader_open(&pull->reader, link);
	link_stream_name(lane, pull->stream);
	return pull;
}

void link_pull_close(struct link_pull *pull)
{
	if (pull == NULL)
		return;
	link_reader_close(&pull->reader);
	free(pull);
}

static natsStatus bind_if_needed(struct link_pull *pull, int timeout_ms)
{
	struct link_reader *reader = &pull->reader;
	if (reader->session != NULL && !link_reader_is_current(reader))
		link_reader_end(reader);
	natsStatus status = link_reader_begin(reader, timeout_ms);
	if (status != NATS_OK || reader->subscription != NULL)
		return status;
	return link_reader_bind(reader, pull->stream, LINK_CONSUMER, NULL);
}

/* What a fetch brought; a message that is none of a stream is passed over. */
static int take_messages(struct link *link, natsMsgList *list, struct link_message *out)
{
	int count = 0;
	for (int i = 0; i < list->Count; i++) {
		uint64_t consumer = 0;
		if (link_message_read(list->Msgs[i], &out[count], &consumer) != NATS_OK)
			continue;
		out[count].link = link;
		out[count++].held = list->Msgs[i];
		list->Msgs[i] = NULL;
	}
	natsMsgList_Destroy(list);
	return count;
}

int link_pull_fetch(struct link_pull *pull, struct link_message *out, int most,
		    int timeout_ms)
{
	natsStatus status = bind_if_needed(pull, timeout_ms);
	natsMsgList list = { 0 };
	if (status == NATS_OK)
		status = link_reader_fetch(&pull->reader, &list, most, timeout_ms);
	if (status == NATS_OK)
		return take_messages(pull->reader.link, &list, out);
	natsMsgList_Destroy(&list);
	if (status == NATS_TIMEOUT && link_reader_is_current(&pull->reader))
		return 0;
	/* The consumer may have gone with its stream: it is looked for again. */
	link_reader_end(&pull->reader);
	return -EAGAIN;
}

/*
 * An acknowledgement goes to the subject that the message came with, by whatever
 * connection there is now: the consumer is the same.  If it is lost, the message comes
 * again, and is in the store already.
 */
static void answer(struct link_message *message, const char *text)
{
	natsMsg *held = message->held;
	struct link_session *session = link_session_take(message->link, 0);
	if (session != NULL) {
		natsConnection_PublishString(session->connection,
					     natsMsg_GetReply(held), text);
		link_session_give(message->link, session);
	}
	natsMsg_Destroy(held);
	*message = (struct link_message){ 0 };
}

void link_message_done(struct link_message *message)
{
	answer(message, "+ACK");
}

void link_message_again(struct link_message *message)
{
	/* In a second: a store that refuses it would be asked without end. */
	answer(message, "-NAK {\"delay\": 1000000000}");
}

int64_t link_pull_waiting(struct link_pull *pull)
{
	struct link_session *session = link_session_take(pull->reader.link, 0);
	if (session == NULL)
		return -EAGAIN;
	jsConsumerInfo *info = NULL;
	natsStatus status = js_GetConsumerInfo(&info, session->js, pull->stream,
					       LINK_CONSUMER, NULL, NULL);
	link_session_give(pull->reader.link, session);
	if (status != NATS_OK)
		return -EAGAIN;
	int64_t waiting = (int64_t)info->NumPending + info->NumAckPending;
	jsConsumerInfo_Destroy(info);
	return waiting;
}
