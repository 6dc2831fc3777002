/*
 * telnet_ask.c: a terminal is asked whether it would let somebody log in.
 *
 * The server speaks first, in options or in text; either is all that can be expected
 * of it, as the text is for people, unless it is others' greeting.  Options are
 * refused, so that it need not wait.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/greeting.h"
#include "protocol/telnet.h"

/* WILL and DO are refused; WONT and DONT need no answer (RFC 854). */
static void refuse(struct ask *ask, uint8_t command, uint8_t option)
{
	uint8_t answer[] = { TELNET_IAC, 0, option };
	if (command == TELNET_WILL)
		answer[1] = TELNET_DONT;
	else if (command == TELNET_DO)
		answer[1] = TELNET_WONT;
	else
		return;
	ask_send(ask, answer, sizeof(answer));
}

/* Takes a command, as far as it has come. */
static void command_said(struct ask *ask, struct bytes *said)
{
	struct bytes rest = *said;
	bytes_u8(&rest);
	uint8_t command = bytes_u8(&rest);
	bool has_option = command >= TELNET_SB && command <= TELNET_DONT;
	uint8_t option = has_option ? bytes_u8(&rest) : 0;
	if (!bytes_ok(&rest))
		return;
	*said = rest;
	if (command < TELNET_SE || command == TELNET_IAC) {
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "the server says octet %u as a command of Telnet", command);
		return;
	}
	refuse(ask, command, option);
	ask_well(ask, ASK_CLOSE);
}

/* Text is in ASCII or in what the server's people speak, with few controls. */
static bool is_text(uint8_t c)
{
	static const char controls[] = "\a\b\t\n\v\f\r\033";
	return c >= ' ' || (c != '\0' && strchr(controls, c) != NULL);
}

/* Nobody who is another; of a text that has an end, no more is waited for. */
static void judge_text(struct ask *ask, struct bytes text)
{
	enum { ENOUGH = 64, PATIENCE_MS = 500 };
	const char *whose = greeting_whose(text);
	size_t len = text.len < ENOUGH ? text.len : ENOUGH;
	for (size_t i = 0; i < len && text.at[i] != TELNET_IAC; i++)
		if (!is_text(text.at[i]))
			ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
				   "the server says octet %u, which is no text",
				   text.at[i]);
	if (whose != NULL)
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "the server greets as one of %s", whose);
	else if (text.len >= ENOUGH || ask->is_quiet)
		ask_well(ask, ASK_CLOSE);
	else
		ask->quiet_ms = PATIENCE_MS;
}

static void telnet_step(struct ask *ask, struct bytes *said)
{
	while (said->len > 0 && said->at[0] == TELNET_IAC &&
	       ask->reason == REASON_NONE) {
		size_t before = said->len;
		command_said(ask, said);
		if (said->len == before)
			return;
	}
	if (said->len == 0 || ask->is_judged)
		return;
	judge_text(ask, *said);
	if (ask->is_judged)
		bytes_take(said, said->len);
}

const struct asking telnet_asking = {
	.transport = IPPROTO_TCP,
	.port = 23,
	.secure_scheme = "telnets",
	.secure_port = 992,
	.step = telnet_step,
};
