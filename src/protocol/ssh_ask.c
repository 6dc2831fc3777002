/*
 * ssh_ask.c: asking an SSH server: its version, ours, its KEXINIT, DISCONNECT.
 *
 * It is well once it has said which algorithms it can.  OpenSSH then logs two lines of
 * information, which say that it was us; to whoever goes without our version it logs an
 * error.  Since 9.8 it holds a second against all who did not log in, and turns away
 * who has gathered fifteen (PerSourcePenalties): not who asks less than once a second.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "protocol/greeting.h"
#include "protocol/line.h"
#include "protocol/protocol.h"
#include "protocol/ssh.h"
#include "protocol/ssh_kex.h"

static const char our_version[] = "SSH-2.0-breakwater_probe\r\n";

struct ssh_asking_state {
	bool has_version;
	uint8_t lines; /* before the version; the last one: */
	char words[64];
};

/* RFC 4253 6 and 11.1. */
static void send_disconnect(struct ask *ask)
{
	static const char packet[] = "\0\0\0\x24" /* its length without this */
				     "\x06"       /* of the padding */
				     "\x01"       /* SSH_DISCONNECT */
				     "\0\0\0\x0b" /* by application */
				     "\0\0\0\x10"
				     "breakwater probe"
				     "\0\0\0\0" /* in no language */
				     "\0\0\0\0\0\0";
	ask_send(ask, packet, sizeof(packet) - 1);
}

/* What OpenSSH says in place of its version, before it closes. */
static void judge_words(struct ask *ask, struct bytes line)
{
	const char *words = ASK_STATE(ask, struct ssh_asking_state)->words;
	if (line_starts(line, "Exceeded MaxStartups"))
		ask_unwell(ask, REASON_overloaded, ASK_LEAVE, "the server says \"%s\"",
			   words);
	else if (line_starts(line, "Not allowed at this time"))
		ask_unwell(ask, REASON_denied, ASK_LEAVE, "the server says \"%s\"",
			   words);
}

static void hear_version(struct ask *ask, struct bytes line)
{
	/* 5.1: 1.99 is 2.0, too.  Who only speaks the first one has answered. */
	bool is_old = line_starts(line, "SSH-1.") && !line_starts(line, "SSH-1.99-");
	ASK_STATE(ask, struct ssh_asking_state)->has_version = true;
	if (is_old)
		ask_well(ask, ASK_CLOSE);
	else
		ask_send(ask, our_version, sizeof(our_version) - 1);
}

static bool is_others(struct bytes line)
{
	return !line_starts(line, "SSH-") && greeting_whose(line) != NULL;
}

/* 4.2: a server may say other things before its version. */
static void hear_other(struct ask *ask, struct bytes line)
{
	struct ssh_asking_state *state = ASK_STATE(ask, struct ssh_asking_state);
	ask_quote(state->words, sizeof(state->words), line);
	if (line.len > SSH_LINE_MAX || state->lines > SSH_LINES_MAX ||
	    !ssh_is_text(line) || is_others(line))
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "\"%s\" is no version of SSH", state->words);
	else
		judge_words(ask, line);
	snprintf(ask->expects, sizeof(ask->expects), "a version of SSH after \"%s\"",
		 state->words);
}

static void hear_lines(struct ask *ask, struct bytes *said)
{
	struct ssh_asking_state *state = ASK_STATE(ask, struct ssh_asking_state);
	struct bytes line;
	while (!state->has_version && !ask->is_judged && line_take(said, &line)) {
		if (line_starts(line, "SSH-")) {
			hear_version(ask, line);
		} else {
			state->lines++;
			hear_other(ask, line);
		}
	}
	if (!state->has_version && !ask->is_judged && said->len > 0)
		hear_other(ask, *said);
	if (ask->ended && !ask->is_judged && state->words[0] != '\0')
		ask_unwell(ask, REASON_closed, ASK_CLOSE,
			   "the server says \"%s\" and closes", state->words);
}

static void hear_kexinit(struct ask *ask, struct bytes content)
{
	struct ssh_kexinit kexinit;
	if (ssh_kexinit_read(content, &kexinit)) {
		send_disconnect(ask);
		ask_well(ask, ASK_LEAVE);
	} else {
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "its KEXINIT has not the lists of RFC 4253 7.1");
	}
}

static void hear_disconnect(struct ask *ask, struct bytes content)
{
	enum { HOST_NOT_ALLOWED = 1, TOO_MANY_CONNECTIONS = 12 }; /* 11.1 */
	uint32_t why = bytes_be32(&content);
	char words[64];
	ask_quote(words, sizeof(words), bytes_take(&content, bytes_be32(&content)));
	ask_unwell(ask,
		   why == TOO_MANY_CONNECTIONS ? REASON_overloaded
		   : why == HOST_NOT_ALLOWED   ? REASON_denied
					       : REASON_error,
		   ASK_LEAVE, "the server disconnects: \"%s\"", words);
}

/* The first one is KEXINIT (7.1). */
static void hear_packet(struct ask *ask, struct bytes *said)
{
	struct bytes data = *said;
	uint32_t len = bytes_be32(&data);
	uint8_t padding = bytes_u8(&data), message = bytes_u8(&data);
	if (!bytes_ok(&data))
		return;
	if (len < 2u + padding || len > SSH_PACKET_MAX ||
	    (message != SSH_KEXINIT && message != SSH_DISCONNECT)) {
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "no KEXINIT follows its version");
		return;
	}
	if (said->len < 4u + len)
		return;
	struct bytes content = bytes_take(&data, len - 2u - padding);
	bytes_take(said, 4u + len);
	if (message == SSH_KEXINIT)
		hear_kexinit(ask, content);
	else
		hear_disconnect(ask, content);
}

static void ssh_step(struct ask *ask, struct bytes *said)
{
	if (!ASK_STATE(ask, struct ssh_asking_state)->has_version)
		hear_lines(ask, said);
	if (ASK_STATE(ask, struct ssh_asking_state)->has_version && !ask->is_judged)
		hear_packet(ask, said);
}

const struct asking ssh_asking = {
	.transport = IPPROTO_TCP,
	.port = 22,
	.is_harmless = true,
	.step = ssh_step,
};
