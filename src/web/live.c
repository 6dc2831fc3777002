/*
 * live.c: bounded queues of events to suspended connections; see live.h.
 */
#include "web/live.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct client {
	struct live *live;
	struct MHD_Connection *connection;
	record_bits kinds;
	bool suspended; /* waits for us, not for the reader */
	size_t begin, len;
	uint64_t lost;
	char queue[LIVE_QUEUE_BYTES];
};

struct live {
	struct client *clients[LIVE_CLIENTS_MAX];
	struct buf event; /* kept, so that sending does not allocate */
	int64_t pinged_ms;
	bool ended;
};

struct live *live_new(void)
{
	return calloc(1, sizeof(struct live));
}

void live_free(struct live *live)
{
	if (live == NULL)
		return;
	buf_free(&live->event);
	free(live);
}

static void wake(struct client *client)
{
	if (!client->suspended)
		return;
	client->suspended = false;
	MHD_resume_connection(client->connection);
}

void live_end(struct live *live)
{
	live->ended = true;
	for (int i = 0; i < LIVE_CLIENTS_MAX; i++)
		if (live->clients[i] != NULL)
			wake(live->clients[i]);
}

static bool put(struct client *client, const char *text, size_t len)
{
	if (len > LIVE_QUEUE_BYTES - client->len)
		return false;
	if (len > LIVE_QUEUE_BYTES - client->begin - client->len) {
		memmove(client->queue, client->queue + client->begin, client->len);
		client->begin = 0;
	}
	memcpy(client->queue + client->begin + client->len, text, len);
	client->len += len;
	return true;
}

/* The gap is told at its place: before the first event after it. */
static bool tell_loss(struct client *client)
{
	char text[64];
	if (client->lost == 0)
		return true;
	int len = snprintf(text, sizeof(text), "event: lost\ndata: {\"lost\":%llu}\n\n",
			   (unsigned long long)client->lost);
	if (!put(client, text, (size_t)len))
		return false;
	client->lost = 0;
	return true;
}

static void send_to(struct client *client, const char *text, size_t len)
{
	if (!tell_loss(client) || !put(client, text, len))
		client->lost++;
	wake(client);
}

void live_send(struct live *live, enum record_kind kind, const void *record)
{
	buf_clear(&live->event);
	for (int i = 0; i < LIVE_CLIENTS_MAX; i++) {
		struct client *client = live->clients[i];
		if (client == NULL || (client->kinds & RECORD_BIT(kind)) == 0)
			continue;
		if (live->event.len == 0) {
			buf_printf(&live->event,
				   "event: %s\ndata: ", schemas[kind].name);
			record_json(&live->event, kind, record);
			buf_text(&live->event, "\n\n");
		}
		if (buf_ok(&live->event))
			send_to(client, live->event.at, live->event.len);
		else
			client->lost++;
	}
}

/* MHD_ContentReaderCallback: what the connection may write now. */
static ssize_t read_queue(void *of, uint64_t position, char *out, size_t size)
{
	(void)position;
	struct client *client = of;
	if (client->len == 0 && client->live->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (client->len == 0) {
		client->suspended = true;
		MHD_suspend_connection(client->connection);
		return 0;
	}
	size_t len = client->len < size ? client->len : size;
	memcpy(out, client->queue + client->begin, len);
	client->begin += len;
	client->len -= len;
	return (ssize_t)len;
}

/* MHD_ContentReaderFreeCallback: the reader has left. */
static void forget(void *of)
{
	struct client *client = of;
	for (int i = 0; i < LIVE_CLIENTS_MAX; i++)
		if (client->live->clients[i] == client)
			client->live->clients[i] = NULL;
	free(client);
}

static struct client **free_place(struct live *live)
{
	for (int i = 0; i < LIVE_CLIENTS_MAX; i++)
		if (live->clients[i] == NULL)
			return &live->clients[i];
	return NULL;
}

struct MHD_Response *live_open(struct live *live, struct MHD_Connection *connection,
			       record_bits kinds, int64_t now_ms)
{
	static const char hello[] = "retry: 2000\n\n";
	enum { BLOCK = 4096 };
	struct client **place = free_place(live);
	struct client *client = place == NULL ? NULL : malloc(sizeof(*client));
	if (client == NULL)
		return NULL;
	/* Not cleared as a whole: pages of the queue are touched when used. */
	client->live = live;
	client->connection = connection;
	client->kinds = kinds;
	client->suspended = false;
	client->begin = client->len = 0;
	client->lost = 0;
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK, read_queue, client, forget);
	if (response == NULL) {
		free(client);
		return NULL;
	}
	if (live_timeout_ms(live, now_ms) < 0)
		live->pinged_ms = now_ms;
	put(client, hello, strlen(hello));
	*place = client;
	return response;
}

int live_timeout_ms(const struct live *live, int64_t now_ms)
{
	for (int i = 0; i < LIVE_CLIENTS_MAX; i++) {
		if (live->clients[i] == NULL)
			continue;
		int64_t left_ms = live->pinged_ms + LIVE_PING_MS - now_ms;
		return left_ms < 0 ? 0 : (int)left_ms;
	}
	return -1;
}

void live_tick(struct live *live, int64_t now_ms)
{
	static const char ping[] = ": still here\n\n";
	if (live_timeout_ms(live, now_ms) != 0)
		return;
	live->pinged_ms = now_ms;
	for (int i = 0; i < LIVE_CLIENTS_MAX; i++)
		if (live->clients[i] != NULL && live->clients[i]->len == 0)
			send_to(live->clients[i], ping, strlen(ping));
}
