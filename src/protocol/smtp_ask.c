/*
 * smtp_ask.c: see smtp_ask.h.
 *
 * We wait for the greeting: whoever speaks before it is taken for a sender of spam
 * (RFC 5321 4.3.1).  After the answer to EHLO we leave, or start TLS and introduce
 * ourselves again (RFC 3207 4.2), or log in (RFC 4954).
 */
#include "protocol/smtp_ask.h"

#include <netinet/in.h>

#include "protocol/ask_line.h"
#include "protocol/replies.h"

enum stage {
	STAGE_GREETING,
	STAGE_EHLO,
	STAGE_HELO, /* the server knows no EHLO */
	STAGE_STARTTLS,
	STAGE_PLAIN,
	STAGE_USER, /* of AUTH LOGIN */
	STAGE_PASSWORD,
	STAGE_LOGIN, /* its end */
};

struct smtp_asking_state {
	uint8_t stage;
	bool offers_tls, offers_plain, offers_login;
};

static const char quit[] = "QUIT\r\n";

/* Its address stands for a name (RFC 5321 4.1.3): we have none that is known. */
static void say_hello(struct ask *ask, const char *verb)
{
	const struct question *question = ask->question;
	const char *helo = question_option(question, "helo");
	char local[ADDR_TEXT_MAX];
	addr_text(&question->local, local);
	if (helo != NULL)
		ask_say(ask, "%s %s\r\n", verb, helo);
	else
		ask_say(ask, "%s [%s%s]\r\n", verb,
			strchr(local, ':') != NULL ? "IPv6:" : "", local);
}

static bool is_lmtp(const struct ask *ask)
{
	return question_option(ask->question, "lmtp") != NULL;
}

static void begin_hello(struct ask *ask)
{
	struct smtp_asking_state *state = ASK_STATE(ask, struct smtp_asking_state);
	*state = (struct smtp_asking_state){ .stage = STAGE_EHLO };
	say_hello(ask, is_lmtp(ask) ? "LHLO" : "EHLO");
}

static void log_in(struct ask *ask)
{
	struct smtp_asking_state *state = ASK_STATE(ask, struct smtp_asking_state);
	if (state->offers_plain) {
		state->stage = STAGE_PLAIN;
		ask_say(ask, "AUTH PLAIN ");
		ask_say_plain(ask);
	} else if (state->offers_login) {
		state->stage = STAGE_USER;
		ask_say(ask, "AUTH LOGIN\r\n");
	} else {
		ask_leave_without_login(ask, quit, "AUTH PLAIN or LOGIN");
	}
}

/* It has introduced itself. */
static void go_on(struct ask *ask)
{
	struct smtp_asking_state *state = ASK_STATE(ask, struct smtp_asking_state);
	if (ask_would_start_tls(ask) && state->offers_tls) {
		state->stage = STAGE_STARTTLS;
		ask_say(ask, "STARTTLS\r\n");
	} else if (!ask->in_tls && ask->question->wants_tls) {
		ask_leave_without_tls(ask, quit, "STARTTLS");
	} else if (ask_logs_in(ask)) {
		log_in(ask);
	} else {
		ask_leave(ask, quit);
	}
}

/* "250-AUTH PLAIN LOGIN" */
static void read_offer(struct smtp_asking_state *state, struct bytes offer)
{
	struct bytes word = line_word(&offer);
	state->offers_tls |= line_is_nocase(word, "starttls");
	/* With "=", as before it was a standard. */
	if (!line_is_nocase(word, "auth") && !line_starts_nocase(word, "auth="))
		return;
	if (word.len > strlen("auth="))
		word = bytes_of(word.at + strlen("auth="), word.len - strlen("auth="));
	for (; word.len > 0; word = line_word(&offer)) {
		state->offers_plain |= line_is_nocase(word, "plain");
		state->offers_login |= line_is_nocase(word, "login");
	}
}

static void refused(struct ask *ask, const struct reply *reply, struct bytes line)
{
	/* LHLO, or even HELO; and a login comes before that only in FTP (RFC 4954 6).
	 */
	bool is_unknown =
		reply->code == 500 || reply->code == 502 || reply->code == 530;
	if (reply->code == 421) /* it closes */
		ask_unwell_said(ask, ask_refusal(line), ASK_LEAVE, line);
	else if (is_unknown)
		ask_leave_unwell(ask, quit, REASON_wrong_protocol, line);
	else if (reply->code >= 500)
		ask_leave_unwell(ask, quit, REASON_denied, line);
	else if (reply->code >= 400)
		ask_leave_unwell(ask, quit, ask_refusal(line), line);
	else
		ask_leave_unwell(ask, quit, REASON_wrong_answer, line);
}

static void tls_answered(struct ask *ask, const struct reply *reply, struct bytes line)
{
	if (reply->code == 220)
		ask->next = ASK_START_TLS;
	else if (reply->code >= 500)
		ask_leave_unwell(ask, quit, REASON_tls_missing, line);
	else
		ask_leave_unwell(ask, quit, REASON_tls_failed, line);
}

/* RFC 4954 6: what is temporary is the server's fault. */
static void login_answered(struct ask *ask, const struct reply *reply,
			   struct bytes line)
{
	struct smtp_asking_state *state = ASK_STATE(ask, struct smtp_asking_state);
	const struct question *question = ask->question;
	if (reply->code == 235) {
		ask_leave(ask, quit);
	} else if (reply->code == 334 && state->stage == STAGE_USER) {
		state->stage = STAGE_PASSWORD;
		ask_say_base64(ask, bytes_of(question->user, strlen(question->user)));
	} else if (reply->code == 334 && state->stage == STAGE_PASSWORD) {
		state->stage = STAGE_LOGIN;
		ask_say_base64(
			ask, bytes_of(question->password, strlen(question->password)));
	} else if (reply->code >= 500) {
		ask_leave_unwell(ask, quit, REASON_login_failed, line);
	} else {
		refused(ask, reply, line);
	}
}

/* The last line of a reply. */
static void answered(struct ask *ask, const struct reply *reply, struct bytes line)
{
	struct smtp_asking_state *state = ASK_STATE(ask, struct smtp_asking_state);
	if (state->stage == STAGE_GREETING && reply->code == 220) {
		begin_hello(ask);
	} else if (state->stage == STAGE_EHLO && !is_lmtp(ask) &&
		   (reply->code == 500 || reply->code == 502)) {
		state->stage = STAGE_HELO;
		say_hello(ask, "HELO");
	} else if (state->stage == STAGE_STARTTLS) {
		tls_answered(ask, reply, line);
	} else if (state->stage > STAGE_STARTTLS) {
		login_answered(ask, reply, line);
	} else if (state->stage != STAGE_GREETING && reply->code == 250) {
		go_on(ask);
	} else {
		refused(ask, reply, line);
	}
}

static void smtp_step(struct ask *ask, struct bytes *said)
{
	struct smtp_asking_state *state = ASK_STATE(ask, struct smtp_asking_state);
	struct reply reply;
	struct bytes line;
	if (state->stage == STAGE_STARTTLS && ask->in_tls) {
		ask->next = ASK_LISTEN;
		begin_hello(ask);
	}
	while (ask_line(ask, said, "12345", &line)) {
		if (!reply_read(line, &reply)) {
			ask_unwell_said(ask, REASON_wrong_protocol, ASK_CLOSE, line);
			return;
		}
		if (state->stage == STAGE_EHLO)
			read_offer(state, reply.text);
		if (!reply.goes_on)
			answered(ask, &reply, line);
	}
}

static const char *const smtp_options[] = { "helo", "lmtp", NULL };

static void leave_doubtful(struct ask *ask, struct bytes *said)
{
	ask_leave_doubtful(ask, said, quit);
}

const struct asking smtp_asking = {
	.transport = IPPROTO_TCP,
	.port = 25,
	.secure_scheme = "smtps",
	.secure_port = 465,
	.has_starttls = true,
	.has_login = true,
	.is_harmless = true,
	.options = smtp_options,
	.check = ask_line_check,
	.step = smtp_step,
	.doubtful_step = leave_doubtful,
};
