/*
 * fuzz_guess.c: any server that is asked what it is, and says anything, in pieces, or
 * nothing: no crash, and an end.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/guess.h"

enum { STEPS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void choose(struct guess *guess, uint8_t how)
{
	static const char *const asked[] = { "http", "redis", "ldap", "imap" };
	const struct protocol *protocol = protocol_by_name(asked[how & 3]);
	guess->words = (struct words){ .protocol = protocol,
				       .asking = (how & 3) == 0   ? &web_asking
						 : (how & 3) == 1 ? &redis_info_asking
								  : protocol->asking,
				       .over_tls = (how & 4) != 0 };
	guess->patience_ms = (how & 8) != 0 ? 1000 : 0;
	guess->port = (how & 16) != 0 ? 443 : 7000;
}

static void step(struct ask *ask, struct bytes *said)
{
	size_t len = said->len;
	ask->next = ASK_LISTEN;
	guess_asking.step(ask, said);
	if (said->len > len || ask->out_len > sizeof(ask->out) ||
	    ask->reason >= REASONS || (unsigned)ask->next > ASK_RESET)
		abort();
	ask->out_len = 0;
	if (ask->next == ASK_START_TLS && !ask->in_tls && !ask->is_judged) {
		ask->in_tls = true;
		said->len = 0;
		step(ask, said);
	}
}

static void converse(struct ask *ask, const uint8_t *data, size_t size)
{
	struct bytes unread = bytes_of(data, 0);
	step(ask, &unread);
	for (unsigned i = 0; i < STEPS_MAX && size > 0 && !ask->is_judged; i++) {
		size_t piece = data[0] % 64;
		ask->is_quiet = piece == 0;
		piece = piece > size                       ? size
			: piece == 0 && ask->quiet_ms == 0 ? 1
							   : piece;
		unread = bytes_of(data - unread.len, unread.len + piece);
		step(ask, &unread);
		ask->is_quiet = false;
		data += piece;
		size -= piece;
	}
	ask->ended = true;
	if (unread.len == 0) /* as the prober has it */
		unread.at = NULL;
	if (!ask->is_judged)
		step(ask, &unread);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ask ask;
	struct guess guess = { .port = 0 };
	struct question question = { .host = "h",
				     .path = "",
				     .user = "",
				     .password = "",
				     .transport = IPPROTO_TCP,
				     .guess = &guess };
	/* Its own copy, so that a read behind the end is seen. */
	uint8_t *copy = size > 0 ? malloc(size) : NULL;
	if (copy == NULL)
		return 0;
	memset(&ask, 0, sizeof(ask));
	choose(&guess, data[0]);
	question.port = guess.port;
	ask.question = &question;
	memcpy(copy, data, size);
	converse(&ask, copy + 1, size - 1);
	free(copy);
	return 0;
}
