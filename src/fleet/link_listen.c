/*
 * link_listen.c: questions, answers and news, which no stream keeps.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/link_inside.h"

enum { LOOK_MS = 1000 }; /* how often it is looked whether the connection is another */

struct link_listen {
	struct link_reader reader;
	char subject[FLEET_SUBJECT_MAX], queue[FLEET_NAME_MAX];
	link_hear hear;
	void *self;
	pthread_t thread;
	atomic_bool has_ended;
};

int link_ask(struct link *link, const char *subject, const void *bytes, size_t len,
	     int timeout_ms, struct buf *answer)
{
	struct link_session *session = link_session_take(link, 0);
	if (session == NULL)
		return -EAGAIN;
	natsMsg *message = NULL;
	natsStatus status = natsConnection_Request(
		&message, session->connection, subject, bytes, (int)len, timeout_ms);
	link_session_give(link, session);
	if (status != NATS_OK)
		return -EAGAIN;
	buf_add(answer, natsMsg_GetData(message),
		(size_t)natsMsg_GetDataLength(message));
	natsMsg_Destroy(message);
	return buf_ok(answer) ? 0 : -ENOMEM;
}

int link_tell(struct link *link, const char *subject, const void *bytes, size_t len)
{
	struct link_session *session = link_session_take(link, 0);
	if (session == NULL)
		return -EAGAIN;
	natsStatus status =
		natsConnection_Publish(session->connection, subject, bytes, (int)len);
	link_session_give(link, session);
	return status == NATS_OK ? 0 : -EAGAIN;
}

/* ---- listening ---- */

static natsStatus begin(struct link_listen *listen)
{
	struct link_reader *reader = &listen->reader;
	natsStatus status = link_reader_begin(reader, LOOK_MS);
	if (status != NATS_OK)
		return status;
	natsSubscription *subscription = NULL;
	natsConnection *connection = reader->session->connection;
	if (listen->queue[0] != '\0')
		status = natsConnection_QueueSubscribeSync(
			&subscription, connection, listen->subject, listen->queue);
	else
		status = natsConnection_SubscribeSync(&subscription, connection,
						      listen->subject);
	pthread_mutex_lock(&reader->lock);
	reader->subscription = subscription;
	pthread_mutex_unlock(&reader->lock);
	return status;
}

static void hear_one(struct link_listen *listen, natsMsg *message)
{
	const char *reply = natsMsg_GetReply(message);
	struct buf answer = { 0 };
	listen->hear(listen->self, natsMsg_GetSubject(message),
		     natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message),
		     reply != NULL ? &answer : NULL);
	if (reply != NULL && buf_ok(&answer))
		natsConnection_Publish(listen->reader.session->connection, reply,
				       answer.at, (int)answer.len);
	buf_free(&answer);
	natsMsg_Destroy(message);
}

static void hear_all(struct link_listen *listen)
{
	struct link_reader *reader = &listen->reader;
	natsStatus status = NATS_OK;
	while ((status == NATS_OK || status == NATS_TIMEOUT) &&
	       !link_reader_stops(reader) && link_reader_is_current(reader)) {
		natsMsg *message = NULL;
		status = natsSubscription_NextMsg(&message, reader->subscription,
						  LOOK_MS);
		if (status == NATS_OK)
			hear_one(listen, message);
	}
}

static void *listen_on(void *self)
{
	struct link_listen *listen = self;
	while (!link_reader_stops(&listen->reader)) {
		if (begin(listen) == NATS_OK)
			hear_all(listen);
		link_reader_end(&listen->reader);
	}
	nats_ReleaseThreadMemory();
	atomic_store(&listen->has_ended, true);
	return NULL;
}

static void listen_free(struct link_listen *listen)
{
	link_reader_close(&listen->reader);
	free(listen);
}

struct link_listen *link_listen(struct link *link, const char *subject,
				const char *queue, link_hear hear, void *self,
				char error[static LINK_ERROR_MAX])
{
	struct link_listen *listen = calloc(1, sizeof(*listen));
	if (listen == NULL) {
		snprintf(error, LINK_ERROR_MAX, "%s", strerror(ENOMEM));
		return NULL;
	}
	link_reader_open(&listen->reader, link);
	snprintf(listen->subject, sizeof(listen->subject), "%s", subject);
	snprintf(listen->queue, sizeof(listen->queue), "%s",
		 queue != NULL ? queue : "");
	listen->hear = hear;
	listen->self = self;
	int failed = pthread_create(&listen->thread, NULL, listen_on, listen);
	if (failed == 0)
		return listen;
	snprintf(error, LINK_ERROR_MAX, "no thread: %s", strerror(failed));
	listen_free(listen);
	return NULL;
}

void link_listen_stop(struct link_listen *listen)
{
	link_reader_stop(&listen->reader);
}

bool link_listen_has_ended(const struct link_listen *listen)
{
	return atomic_load(&listen->has_ended);
}

void link_listen_close(struct link_listen *listen)
{
	if (listen == NULL)
		return;
	link_reader_stop(&listen->reader);
	pthread_join(listen->thread, NULL);
	listen_free(listen);
}
