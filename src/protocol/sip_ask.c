/*
 * sip_ask.c: asking a SIP server what it can: OPTIONS (RFC 3261 11), over UDP, TCP or
 * TLS.
 *
 * Any final answer to it says that somebody is there and thinks: also 404, or 401,
 * which wants a login.  What is below 200 is not yet an answer.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "protocol/header.h"
#include "protocol/protocol.h"
#include "protocol/sip_ask.h"
#include "protocol/sip_head.h"

struct sip_asking_state {
	bool is_asked;
	uint32_t call, cseq; /* ours, as sip_head_read() hashes them */
};

enum { HOST_MAX = 256, NONCE_TEXT_MAX = 33 };

/* A host or address, in brackets if it needs them (RFC 3261 19.1.2). */
static void put_host(char out[HOST_MAX], const char *host)
{
	bool is_ip6 = strchr(host, ':') != NULL;
	snprintf(out, HOST_MAX, is_ip6 ? "[%s]" : "%s", host);
}

static void put_nonce(char out[NONCE_TEXT_MAX], const uint8_t *nonce)
{
	for (size_t i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x", nonce[i]);
}

static void send_options(struct ask *ask)
{
	const struct question *question = ask->question;
	char address[ADDR_TEXT_MAX], host[HOST_MAX], local[HOST_MAX];
	char nonce[NONCE_TEXT_MAX];
	const char *transport = ask->in_tls                          ? "TLS"
				: question->transport == IPPROTO_TCP ? "TCP"
								     : "UDP";
	addr_text(&question->local, address);
	put_host(local, address);
	put_host(host, question->host);
	put_nonce(nonce, question->nonce);
	ask_say(ask,
		"OPTIONS sip:%s:%u SIP/2.0\r\n"
		"Via: SIP/2.0/%s %s:%u;branch=z9hG4bK%s;rport\r\n",
		host, question->port, transport, local, question->local_port, nonce);
	ask_say(ask,
		"Max-Forwards: 70\r\n"
		"From: <sip:breakwater@%s>;tag=%.8s\r\n"
		"To: <sip:%s>\r\n"
		"Call-ID: %s\r\n"
		"CSeq: 1 OPTIONS\r\n",
		local, nonce, host, nonce);
	ask_say(ask, "Accept: application/sdp\r\n"
		     "User-Agent: Breakwater\r\n"
		     "Content-Length: 0\r\n\r\n");
}

static void ask_options(struct ask *ask)
{
	struct sip_asking_state *state = ASK_STATE(ask, struct sip_asking_state);
	struct sip_head ours;
	send_options(ask);
	sip_head_read(bytes_of(ask->out, ask->out_len), &ours);
	*state = (struct sip_asking_state){ true, ours.call, ours.cseq };
}

static void judge(struct ask *ask, const struct sip_head *head)
{
	const struct sip_asking_state *state = ASK_STATE(ask, struct sip_asking_state);
	enum { FINAL = 200, SERVER_FAILURE = 500, NO_SERVICE = 503 };
	char words[80];
	if (head->code < FINAL || head->call != state->call ||
	    head->cseq != state->cseq)
		return;
	if (head->code < SERVER_FAILURE)
		ask_well(ask, ASK_CLOSE);
	else
		ask_unwell(ask,
			   head->code == NO_SERVICE ? REASON_overloaded : REASON_error,
			   ASK_CLOSE, "the server says \"%u %s\"", head->code,
			   ask_quote(words, sizeof(words), head->reason));
}

static void not_sip(struct ask *ask)
{
	ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
		   "the answer is no message of SIP");
}

/* True if a message was taken that is not the answer. */
static bool hear_message(struct ask *ask, struct bytes *said)
{
	struct sip_head head;
	header_skip_empty(said);
	size_t len = header_end(*said, 0);
	if (line_compare(*said, "SIP/2.0 ") == 0) {
		not_sip(ask);
		return false;
	}
	if (len == 0)
		return false;
	if (sip_head_read(bytes_of(said->at, len), &head))
		judge(ask, &head);
	else
		not_sip(ask);
	/* 18.3: over a stream it tells where its body ends. */
	if (ask->is_judged || said->len - len < head.length)
		return false;
	bytes_take(said, len + head.length);
	return true;
}

static void sip_step(struct ask *ask, struct bytes *said)
{
	struct sip_head head;
	if (!ASK_STATE(ask, struct sip_asking_state)->is_asked)
		ask_options(ask);
	else if (ask->question->transport == IPPROTO_TCP)
		while (hear_message(ask, said))
			;
	else if (header_end(*said, 0) > 0 && sip_head_read(*said, &head))
		judge(ask, &head);
}

const struct asking sip_asking = {
	.transport = IPPROTO_UDP,
	.port = 5060,
	.secure_scheme = "sips",
	.secure_port = 5061,
	.step = sip_step,
};
