/*
 * link_reader.c: what pulls and followers share; see link_inside.h.
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/link_inside.h"

enum { REFUSED_US = 20000 };

/*
 * The library (3.4.1) passes no time of 0 on, and writes the fraction of a second
 * without the zeros that it begins with: .032 s as .32 s.
 */
int64_t link_start_ns(int64_t us)
{
	enum { SECOND_US = 1000000, TENTH_US = SECOND_US / 10 };
	if (us < SECOND_US)
		return 1;
	int64_t fraction_us = us % SECOND_US;
	return (fraction_us < TENTH_US ? us - fraction_us : us) * LINK_NS_PER_US;
}

void link_reader_open(struct link_reader *reader, struct link *link)
{
	*reader = (struct link_reader){ .link = link };
	pthread_mutex_init(&reader->lock, NULL);
}

natsStatus link_reader_begin(struct link_reader *reader, int timeout_ms)
{
	if (reader->session == NULL)
		reader->session = link_session_take(reader->link, timeout_ms);
	return reader->session != NULL ? NATS_OK : NATS_TIMEOUT;
}

natsStatus link_reader_bind(struct link_reader *reader, const char *stream,
			    const char *consumer, const struct link_followed *own)
{
	jsSubOptions options;
	jsSubOptions_Init(&options);
	options.Stream = stream;
	options.Consumer = consumer;
	options.ManualAck = true;
	/* The library refuses to bind to one that is otherwise than this says. */
	options.Config.MemoryStorage = own != NULL;
	options.Config.HeadersOnly = own != NULL && own->is_heads;
	natsSubscription *subscription = NULL;
	natsStatus status = js_PullSubscribe(&subscription, reader->session->js, NULL,
					     NULL, NULL, &options, NULL);
	pthread_mutex_lock(&reader->lock);
	reader->subscription = subscription;
	pthread_mutex_unlock(&reader->lock);
	return status;
}

void link_reader_end(struct link_reader *reader)
{
	pthread_mutex_lock(&reader->lock);
	natsSubscription *subscription = reader->subscription;
	reader->subscription = NULL;
	pthread_mutex_unlock(&reader->lock);
	natsSubscription_Destroy(subscription);
	if (reader->session != NULL)
		link_session_give(reader->link, reader->session);
	reader->session = NULL;
}

bool link_reader_is_current(struct link_reader *reader)
{
	struct link *link = reader->link;
	pthread_mutex_lock(&link->lock);
	bool is = reader->session != NULL && link->session == reader->session &&
		  !reader->session->is_closed;
	pthread_mutex_unlock(&link->lock);
	return is;
}

/*
 * The server's way to have what is there at once, or else the first that comes within a
 * time, is no_wait together with expires.  It refuses at once while it has fewer
 * messages than others have asked for: then we let them, and ask again.
 */
natsStatus link_reader_fetch(struct link_reader *reader, natsMsgList *list, int most,
			     int timeout_ms)
{
	jsFetchRequest request;
	jsFetchRequest_Init(&request);
	request.Batch = most;
	request.NoWait = true;
	request.Expires = (int64_t)timeout_ms * LINK_NS_PER_MS;
	*list = (natsMsgList){ 0 };
	int64_t began_us = clock_us(CLOCK_MONOTONIC);
	natsStatus status =
		natsSubscription_FetchRequest(list, reader->subscription, &request);
	bool is_early = clock_us(CLOCK_MONOTONIC) - began_us < REFUSED_US;
	if (status == NATS_TIMEOUT && is_early)
		usleep(REFUSED_US);
	return status;
}

void link_reader_stop(struct link_reader *reader)
{
	pthread_mutex_lock(&reader->lock);
	reader->stops = true;
	natsSubscription_Unsubscribe(reader->subscription);
	pthread_mutex_unlock(&reader->lock);
}

bool link_reader_stops(struct link_reader *reader)
{
	pthread_mutex_lock(&reader->lock);
	bool stops = reader->stops;
	pthread_mutex_unlock(&reader->lock);
	return stops;
}

void link_reader_close(struct link_reader *reader)
{
	link_reader_end(reader);
	pthread_mutex_destroy(&reader->lock);
}

natsStatus link_message_read(natsMsg *message, struct link_message *out,
			     uint64_t *consumer)
{
	jsMsgMetaData *meta = NULL;
	natsStatus status = natsMsg_GetMetaData(&meta, message);
	if (status != NATS_OK)
		return status;
	*out = (struct link_message){
		.subject = natsMsg_GetSubject(message),
		.bytes = natsMsg_GetData(message),
		.len = (size_t)natsMsg_GetDataLength(message),
		.stored_us = meta->Timestamp / LINK_NS_PER_US,
		.sequence = meta->Sequence.Stream,
		.delivered = meta->NumDelivered,
	};
	*consumer = meta->Sequence.Consumer;
	jsMsgMetaData_Destroy(meta);
	return NATS_OK;
}
