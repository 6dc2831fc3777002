/*
 * ntp_ask.c: asking a time server for the time, as RFC 5905 clients do (mode 3).
 *
 * The time we say we ask at is a random number, so that nobody can forge the answer,
 * which repeats it.  Nothing else of our clock is told (RFC 5905 does not need it).
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "protocol/ntp_packet.h"
#include "protocol/protocol.h"
#include "protocol/text.h"

enum { TRANSMIT_AT = 40, TRANSMIT_LEN = 8 };

static void send_question(struct ask *ask)
{
	uint8_t packet[NTP_TIME_LEN] = { 4 << 3 | NTP_MODE_CLIENT };
	memcpy(packet + TRANSMIT_AT, ask->question->nonce, TRANSMIT_LEN);
	ask_send(ask, packet, sizeof(packet));
}

static bool is_answer(const struct ask *ask, const struct ntp_time *packet)
{
	struct bytes ours = bytes_of(ask->question->nonce, TRANSMIT_LEN);
	return packet->mode == NTP_MODE_SERVER && packet->origin == bytes_be64(&ours);
}

/* 7.4: a server of stratum 0 may say why it does not tell the time. */
static bool is_kiss(const struct ntp_time *packet)
{
	return packet->stratum == 0 && packet->reference_id.at[0] >= 'A' &&
	       packet->reference_id.at[0] <= 'Z';
}

static void judge_kiss(struct ask *ask, struct bytes code)
{
	char text[8];
	enum reason reason = REASON_error;
	if (text_is(code, "RATE"))
		reason = REASON_overloaded;
	else if (text_is(code, "DENY") || text_is(code, "RSTR"))
		reason = REASON_denied;
	ask_unwell(ask, reason, ASK_CLOSE, "the server's kiss of death is \"%s\"",
		   ask_quote(text, sizeof(text), code));
}

/* Between the server's clock, when it was asked, and ours, when we began. */
static double offset_s(const struct ask *ask, const struct ntp_time *packet)
{
	const double since_1900 = 2208988800.0, units = 4294967296.0, era = units;
	double server = (double)packet->receive / units - since_1900;
	if (server < 0) /* 2036: seconds begin at 0 again (6) */
		server += era;
	return server - (double)ask->question->at_us / 1e6;
}

/* "?offset=1": both clocks may differ by so many seconds; 0: by any number. */
static double offset_most(const struct question *question)
{
	const char *text = question_option(question, "offset");
	char *end;
	double most = text != NULL ? strtod(text, &end) : 0;
	return text != NULL && (*end != '\0' || !(most > 0)) ? -1 : most;
}

static void judge_time(struct ask *ask, const struct ntp_time *packet)
{
	double offset = offset_s(ask, packet), most = offset_most(ask->question);
	double distance = offset > 0 ? offset : -offset;
	if (most > 0 && distance > most)
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "the server's clock is %.3f s %s ours", distance,
			   offset > 0 ? "ahead of" : "behind");
	else
		ask_well(ask, ASK_CLOSE);
}

static void judge(struct ask *ask, const struct ntp_time *packet)
{
	if (is_kiss(packet))
		judge_kiss(ask, packet->reference_id);
	else if (packet->stratum == 0 || packet->stratum >= NTP_STRATUM_NONE ||
		 packet->leap == NTP_LEAP_ALARM)
		ask_unwell(ask, REASON_error, ASK_CLOSE,
			   "the server's clock is not synchronised (stratum %u)",
			   packet->stratum);
	else
		judge_time(ask, packet);
}

static void ntp_step(struct ask *ask, struct bytes *said)
{
	struct ntp_time packet;
	bool *is_asked = ASK_STATE(ask, bool);
	if (!*is_asked)
		send_question(ask);
	else if (ntp_time_read(*said, &packet) && is_answer(ask, &packet))
		judge(ask, &packet);
	*is_asked = true;
}

static const char *ntp_check(const struct question *question)
{
	return offset_most(question) < 0 ? "offset is a number of seconds" : NULL;
}

static const char *const ntp_options[] = { "offset", NULL };

const struct asking ntp_asking = {
	.transport = IPPROTO_UDP,
	.port = 123,
	.is_harmless = true,
	.options = ntp_options,
	.check = ntp_check,
	.step = ntp_step,
};
