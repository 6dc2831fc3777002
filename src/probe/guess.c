/*
 * guess.c: see guess.h.
 *
 * HTTP is asked in its version 1.0 and without a host: Redis answers that with an
 * error, and takes a line that begins with "Host:" for an attack.
 */
#include "probe/guess.h"

#include <netinet/in.h>
#include <string.h>

#include "protocol/feed.h"
#include "protocol/text.h"

enum {
	ANSWER_MS = 2000,      /* for an answer, and for a handshake of TLS */
	IN_TLS_MS = 300,       /* for who speaks first, within TLS */
	GREETER_TLS_MS = 2500, /* the same, on a port where somebody does */
	HEAD_MAX = 8192,
};

static const char *const greeters[] = { "ssh",  "smtp",  "ftp", "imap",
					"pop3", "mysql", "vnc", "telnet" };

/*
 * Who is only listened to: MariaDB and MySQL log a login that they refuse, and VNC
 * servers count whoever begins one.
 */
static const char *const left_alone[] = { "mysql", "vnc" };

static bool is_among(const struct protocol *protocol, const char *const *names,
		     size_t count)
{
	for (size_t i = 0; protocol != NULL && i < count; i++)
		if (strcmp(protocol->name, names[i]) == 0)
			return true;
	return false;
}

bool guess_is_greeter(const struct protocol *protocol)
{
	return is_among(protocol, greeters, sizeof(greeters) / sizeof(greeters[0]));
}

/* ---- HTTP ---- */

static void web_step(struct ask *ask, struct bytes *said)
{
	if (said->len == 0 && !ask->ended)
		ask_say(ask, "GET / HTTP/1.0\r\nUser-Agent: breakwater\r\n\r\n");
	if (said->len == 0)
		return;
	bool is_web = text_starts(*said, "HTTP/");
	bool is_whole = memmem(said->at, said->len, "\r\n\r\n", 4) != NULL ||
			memmem(said->at, said->len, "\n\n", 2) != NULL;
	/* Who refuses says below the head why. */
	bool is_refusal = said->len > 12 && memcmp(said->at + 9, "400", 3) == 0;
	if (said->len >= 5 && !is_web)
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE, "not HTTP");
	else if (is_web &&
		 ((is_whole && !is_refusal) || said->len > HEAD_MAX || ask->ended))
		ask_well(ask, ASK_CLOSE);
}

const struct asking web_asking = {
	.transport = IPPROTO_TCP,
	.port = 80,
	.step = web_step,
};

/* ---- Redis ---- */

static void redis_info_step(struct ask *ask, struct bytes *said)
{
	static const char info[] = "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n",
			  quit[] = "*1\r\n$4\r\nQUIT\r\n";
	if (said->len == 0 && !ask->ended)
		ask_send(ask, info, sizeof(info) - 1);
	if (said->len == 0)
		return;
	/* A line that says how many octets follow, or why it is not told. */
	const uint8_t *end = memchr(said->at, '\n', said->len);
	if (said->at[0] != '$' && said->at[0] != '-')
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE, "not Redis");
	else if (end != NULL &&
		 (said->at[0] == '-' ||
		  memchr(end + 1, '\n', (size_t)(said->at + said->len - end - 1)) !=
			  NULL)) {
		ask_send(ask, quit, sizeof(quit) - 1);
		ask_well(ask, ASK_LEAVE);
	}
}

const struct asking redis_info_asking = {
	.transport = IPPROTO_TCP,
	.port = 6379,
	.step = redis_info_step,
};

/* ---- who speaks first ---- */

const struct protocol *guess_by_words(uint16_t port, struct bytes said, bool is_over,
				      bool *may_be_more)
{
	const struct addr nobody[2] = { addr_unset(), addr_unset() };
	struct opening opening = { .first = SERVER,
				   .ended = { false, is_over },
				   .transport = IPPROTO_TCP,
				   .port = { 0, port },
				   .addr = nobody };
	opening.said[SERVER] =
		bytes_of(said.at, said.len < OPENING_MAX ? said.len : OPENING_MAX);
	candidates left = candidates_begin(IPPROTO_TCP);
	const struct protocol *is = candidates_ask(&left, &opening);
	*may_be_more = !is_over && said.len < OPENING_MAX && left != 0;
	return is;
}

/* What it says is its protocol's: to be answered in that, if it does not mind. */
static void answer_greeting(struct ask *ask, struct bytes *said)
{
	struct guess *guess = ask->question->guess;
	const struct asking *asking = guess->greeted->asking;
	struct bytes nothing = bytes_of(NULL, 0);
	ask->found = guess->greeted;
	ask->quiet_ms = 0;
	if (asking == NULL || is_among(guess->greeted, left_alone,
				       sizeof(left_alone) / sizeof(left_alone[0]))) {
		ask_well(ask, ASK_CLOSE);
		return;
	}
	guess->speaking = asking;
	asking->step(ask, &nothing);
	if (!ask->is_judged)
		asking->step(ask, said);
}

static void hear_first(struct ask *ask, struct bytes *said)
{
	struct guess *guess = ask->question->guess;
	bool is_over = ask->ended || ask->is_quiet, may_be_more;
	guess->greeted = guess_by_words(guess->port, *said, is_over, &may_be_more);
	if (guess->greeted != NULL)
		answer_greeting(ask, said);
	else if (!may_be_more)
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE, "not known");
}

/* ---- who is silent ---- */

static void speak_first(struct ask *ask)
{
	struct guess *guess = ask->question->guess;
	struct bytes nothing = bytes_of(NULL, 0);
	ask->quiet_ms = ANSWER_MS;
	if (guess->words.over_tls && !ask->in_tls) {
		ask->next = ASK_START_TLS;
	} else if (guess->words.asking == NULL) {
		ask_unwell(ask, REASON_silent, ASK_CLOSE, "no word");
	} else {
		guess->speaking = guess->words.asking;
		ask->found = guess->words.protocol;
		guess->speaking->step(ask, &nothing);
	}
}

static uint32_t patience(const struct ask *ask)
{
	const struct guess *guess = ask->question->guess;
	if (!ask->in_tls)
		return guess->patience_ms;
	return guess->words.asking == NULL || guess_is_greeter(guess->words.protocol)
		       ? GREETER_TLS_MS
		       : IN_TLS_MS;
}

static void begin(struct ask *ask)
{
	ask->quiet_ms = patience(ask);
	if (ask->quiet_ms == 0)
		speak_first(ask);
}

static void guess_step(struct ask *ask, struct bytes *said)
{
	struct guess *guess = ask->question->guess;
	if (guess->speaking != NULL && ask->is_quiet)
		ask_unwell(ask, REASON_silent, ASK_CLOSE, "no answer");
	else if (guess->speaking != NULL)
		guess->speaking->step(ask, said);
	else if (said->len > 0)
		hear_first(ask, said);
	else if (ask->is_quiet)
		speak_first(ask);
	else if (!ask->ended)
		begin(ask);
}

const struct asking guess_asking = {
	.transport = IPPROTO_TCP,
	.step = guess_step,
};
