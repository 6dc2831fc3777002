/*
 * fuzz_courier.c: any bytes as what the daemon and the courier say to each other, and
 * as addresses of servers: no crash, no leak, and nothing longer than it may be.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fleet_courier_wire.h"
#include "config/nats_server.h"
#include "fleet/link_servers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct fleet_pieces *pieces, const struct fleet_piece *piece)
{
	if (fleet_pieces_add(pieces, piece) && pieces->all.len != piece->total)
		abort();
	if (pieces->all.len > COURIER_BYTES_MAX)
		abort();
}

/* What a few kilobytes can say is stretched to messages as long as they are. */
static void take_messages(const uint8_t *data, size_t size)
{
	enum { HEAD = offsetof(struct fleet_event, piece.bytes) };
	struct fleet_pieces questions = { 0 }, answers = { 0 };
	for (; size >= HEAD; data += HEAD, size -= HEAD) {
		struct fleet_event sent = { 0 }, event;
		struct fleet_question question;
		memcpy(&sent, data, HEAD);
		if (fleet_event_parse(&sent, sizeof(sent), &event) &&
		    (event.kind == FLEET_ANSWER || event.kind == FLEET_NEWS))
			take(&answers, &event.piece);
		if (fleet_question_parse(&sent.piece, sizeof(question), &question))
			take(&questions, &question.piece);
	}
	buf_free(&questions.all);
	buf_free(&answers.all);
}

static void take_servers(const uint8_t *data, size_t size)
{
	struct link_servers servers;
	char error[LINK_ERROR_MAX];
	char *text = strndup((const char *)data, size);
	if (text != NULL && link_servers_read(text, &servers, error) &&
	    (servers.count < 1 || servers.count > LINK_SERVERS_MAX))
		abort();
	free(text);
}

/* The same from bytes without an end: nothing behind them is read. */
static void take_server(const uint8_t *data, size_t size)
{
	struct nats_server server;
	char *bytes = malloc(size + (size == 0));
	if (bytes == NULL)
		return;
	memcpy(bytes, data, size);
	if (nats_server_read(bytes, size, &server) &&
	    (server.host[0] == '\0' ||
	     memchr(server.host, '\0', sizeof(server.host)) == NULL))
		abort();
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fleet_event event;
	if (fleet_event_parse(data, size, &event) && event.kind == FLEET_COUNTS &&
	    strlen(event.counts.trouble) >= sizeof(event.counts.trouble))
		abort();
	take_messages(data, size);
	take_servers(data, size);
	take_server(data, size);
	return 0;
}
