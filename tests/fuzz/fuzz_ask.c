/*
 * fuzz_ask.c: any server, asked in any protocol, that says anything in pieces of any
 * size: no crash, a judgement with a reason that is one, nothing sent after it but a
 * farewell, and an end.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/feed.h"

enum { STEPS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct protocol *choose(uint8_t number)
{
	size_t count, asked = 0;
	const struct protocol *const *all = protocols(&count);
	for (size_t i = 0; i < count; i++)
		asked += all[i]->asking != NULL;
	if (asked == 0)
		return NULL;
	asked = number % asked;
	for (size_t i = 0; i < count; i++)
		if (all[i]->asking != NULL && asked-- == 0)
			return all[i];
	return NULL;
}

/* One call of the dialogue, and what must hold after it. */
static void step(const struct protocol *protocol, struct ask *ask, struct bytes *said)
{
	size_t len = said->len;
	ask->next = ASK_LISTEN;
	protocol->asking->step(ask, said);
	if (said->len > len || ask->out_len > sizeof(ask->out) ||
	    ask->reason >= REASONS || (unsigned)ask->next > ASK_RESET)
		abort();
	if (!ask->is_judged && ask->reason != REASON_NONE)
		abort();
	if (memchr(ask->detail, '\0', sizeof(ask->detail)) == NULL)
		abort();
	ask->out_len = 0;
}

static void talk(const struct protocol *protocol, struct ask *ask, const uint8_t *data,
		 size_t size)
{
	bool is_stream = ask->question->transport == IPPROTO_TCP;
	struct bytes nothing = bytes_of(data, 0), unread = nothing;
	step(protocol, ask, &nothing);
	for (unsigned i = 0; i < STEPS_MAX && size > 0 && !ask->is_judged; i++) {
		size_t piece = 1 + data[0] % 64;
		if (piece > size)
			piece = size;
		/* What was not taken stands before what is new. */
		unread = is_stream ? bytes_of(data - unread.len, unread.len + piece)
				   : bytes_of(data, piece);
		step(protocol, ask, &unread);
		data += piece;
		size -= piece;
		if (ask->next == ASK_START_TLS && !ask->in_tls) {
			ask->in_tls = true;
			unread.len = 0;
			struct bytes begin = bytes_of(data, 0);
			step(protocol, ask, &begin);
		}
	}
	ask->ended = true;
	if (!ask->is_judged)
		step(protocol, ask, &unread);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ask ask;
	struct question question = { .host = "h",
				     .path = "",
				     .user = "",
				     .password = "",
				     .local = addr_v4("\x7f\0\0\1"),
				     .remote = addr_v4("\x7f\0\0\1") };
	if (size < 3)
		return 0;
	const struct protocol *protocol = choose(data[0]);
	if (protocol == NULL)
		return 0;
	const struct asking *asking = protocol->asking;
	question.transport = data[1] & 1 ? IPPROTO_TCP : asking->transport;
	question.port = asking->port;
	question.wants_tls = (data[1] & 2) && asking->has_starttls;
	if ((data[1] & 4) && asking->has_login)
		question.user = question.password = "someone";
	memset(&ask, 0, sizeof(ask));
	ask.question = &question;
	ask.in_tls = data[1] & 8;
	talk(protocol, &ask, data + 2, size - 2);
	return 0;
}
