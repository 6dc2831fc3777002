/*
 * memcached_ask.c: which version?  Asked in text, over TCP or in a datagram.
 */
#include <netinet/in.h>

#include "protocol/line.h"
#include "protocol/memcached.h"
#include "protocol/text.h"

enum { LINE_MAX_LEN = 1024, FRAME = 8 };

static bool is_datagram(const struct ask *ask)
{
	return ask->question->transport == IPPROTO_UDP;
}

/* Request, number of this datagram, of all, and nothing. */
static void send_question(struct ask *ask)
{
	const uint8_t *id = ask->question->nonce;
	const uint8_t frame[FRAME] = { id[0], id[1], 0, 0, 0, 1, 0, 0 };
	if (is_datagram(ask))
		ask_send(ask, frame, sizeof(frame));
	ask_say(ask, "version\r\n");
}

/* Datagrams need no leave-taking. */
static enum ask_next leave(struct ask *ask)
{
	if (is_datagram(ask))
		return ASK_CLOSE;
	ask_say(ask, "quit\r\n");
	return ASK_LEAVE;
}

static enum reason reason_of(struct bytes line)
{
	if (line_starts(line, "ERROR Too many open connections"))
		return REASON_overloaded;
	/* It asks for a login (-Y), so it lives. */
	if (line_starts(line, "CLIENT_ERROR unauthenticated"))
		return REASON_NONE;
	if (line_starts(line, "ERROR") || line_starts(line, "SERVER_ERROR ") ||
	    line_starts(line, "CLIENT_ERROR "))
		return REASON_error;
	return REASON_wrong_protocol;
}

static void hear_line(struct ask *ask, struct bytes line)
{
	char text[144];
	struct bytes version;
	enum reason reason =
		memcached_is_version(line, &version) ? REASON_NONE : reason_of(line);
	if (reason == REASON_wrong_protocol)
		ask_unwell(ask, reason, ASK_CLOSE,
			   "what came is no reply of memcached");
	else if (reason == REASON_NONE)
		ask_well(ask, leave(ask));
	else
		ask_unwell(ask, reason, leave(ask), "the server says \"%s\"",
			   ask_quote(text, sizeof(text), line));
}

/* As far as a line is here, it begins like a reply. */
static bool may_be_reply(struct bytes said)
{
	static const char *const words[] = { "VERSION ", "ERROR", "SERVER_ERROR ",
					     "CLIENT_ERROR " };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (line_compare(said, words[i]) != 0)
			return said.len < LINE_MAX_LEN;
	return false;
}

static void hear_datagram(struct ask *ask, struct bytes data)
{
	const uint8_t *id = ask->question->nonce;
	struct bytes line;
	unsigned number;
	bool is_ours = data.len > 2 && memcmp(data.at, id, 2) == 0;
	if (is_ours && memcached_take_frame(&data, &number) && number == 0 &&
	    line_take(&data, &line))
		hear_line(ask, line);
}

static void memcached_step(struct ask *ask, struct bytes *said)
{
	struct bytes line;
	if (ask->state[0] == 0) {
		ask->state[0] = 1;
		send_question(ask);
	}
	if (ask->is_judged)
		return;
	if (is_datagram(ask))
		hear_datagram(ask, *said);
	else if (line_take(said, &line))
		hear_line(ask, line);
	else if (!may_be_reply(*said))
		hear_line(ask, *said);
}

const struct asking memcached_asking = {
	.transport = IPPROTO_TCP,
	.port = 11211,
	.is_harmless = true,
	.step = memcached_step,
};
