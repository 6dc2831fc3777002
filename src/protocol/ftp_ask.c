/*
 * ftp_ask.c: see ftp_ask.h.
 *
 * The greeting says that it would.  TLS is started by AUTH TLS (RFC 4217 4), which a
 * server that has none refuses.  No data connection is ever opened.
 */
#include "protocol/ftp_ask.h"

#include <netinet/in.h>

#include "protocol/ask_line.h"
#include "protocol/greeting.h"
#include "protocol/replies.h"

enum stage {
	STAGE_GREETING,
	STAGE_TLS,
	STAGE_USER,
	STAGE_PASS,
};

struct ftp_asking_state {
	uint8_t stage;
	uint16_t goes_on; /* the code of a reply of several lines that has begun */
};

static const char quit[] = "QUIT\r\n";

static void go_on(struct ask *ask)
{
	struct ftp_asking_state *state = ASK_STATE(ask, struct ftp_asking_state);
	if (ask_logs_in(ask)) {
		state->stage = STAGE_USER;
		ask_say(ask, "USER %s\r\n", ask->question->user);
	} else {
		ask_leave(ask, quit);
	}
}

static void greeted(struct ask *ask)
{
	struct ftp_asking_state *state = ASK_STATE(ask, struct ftp_asking_state);
	if (ask_would_start_tls(ask)) {
		state->stage = STAGE_TLS;
		ask_say(ask, "AUTH TLS\r\n");
	} else {
		go_on(ask);
	}
}

/* It said that it has no TLS; 431: it has, but not now (RFC 4217 4). */
static void tls_refused(struct ask *ask, const struct reply *reply, struct bytes line)
{
	if (!ask->question->wants_tls)
		go_on(ask);
	else
		ask_leave_unwell(ask, quit,
				 reply->code == 431 ? REASON_tls_failed
						    : REASON_tls_missing,
				 line);
}

static void user_taken(struct ask *ask)
{
	struct ftp_asking_state *state = ASK_STATE(ask, struct ftp_asking_state);
	state->stage = STAGE_PASS;
	ask_say(ask, "PASS %s\r\n", ask->question->password);
}

static void refused(struct ask *ask, const struct reply *reply, struct bytes line)
{
	struct ftp_asking_state *state = ASK_STATE(ask, struct ftp_asking_state);
	/* 430: wrong, as some say it, though their code means that it is temporary. */
	bool is_temporary = reply->code / 100 == 4 && reply->code != 430;
	if (reply->code == 421) /* it closes */
		ask_unwell_said(ask, ask_refusal(line), ASK_LEAVE, line);
	else if (state->stage == STAGE_TLS)
		tls_refused(ask, reply, line);
	else if (state->stage != STAGE_GREETING && !is_temporary)
		ask_leave_unwell(ask, quit, REASON_login_failed, line);
	else
		ask_leave_unwell(ask, quit, ask_refusal(line), line);
}

/* A whole reply, of which this is the last line. */
static void answered(struct ask *ask, const struct reply *reply, struct bytes line)
{
	struct ftp_asking_state *state = ASK_STATE(ask, struct ftp_asking_state);
	unsigned code = reply->code;
	bool logs_in = state->stage >= STAGE_USER;
	if (code < 200)
		return; /* another one follows: "120 in ten minutes" */
	if (state->stage == STAGE_GREETING && greeting_is_mail(reply->text))
		ask_leave_unwell(ask, quit, REASON_wrong_protocol, line);
	else if (state->stage == STAGE_GREETING && code == 220)
		greeted(ask);
	else if (state->stage == STAGE_TLS && code == 234)
		ask->next = ASK_START_TLS;
	else if (logs_in && (code == 230 || code == 232 || code == 202))
		ask_leave(ask, quit);
	else if (state->stage == STAGE_USER && code == 331)
		user_taken(ask);
	else
		refused(ask, reply, line);
}

/* Lines within a reply may be anything (RFC 959 4.2). */
static void line_said(struct ask *ask, struct bytes line)
{
	struct ftp_asking_state *state = ASK_STATE(ask, struct ftp_asking_state);
	struct reply reply;
	bool is_reply = reply_read(line, &reply);
	if (state->goes_on != 0 &&
	    (!is_reply || reply.goes_on || reply.code != state->goes_on))
		return;
	state->goes_on = reply.goes_on ? (uint16_t)reply.code : 0;
	if (!is_reply)
		ask_unwell_said(ask, REASON_wrong_protocol, ASK_CLOSE, line);
	else if (!reply.goes_on)
		answered(ask, &reply, line);
}

static void ftp_step(struct ask *ask, struct bytes *said)
{
	struct ftp_asking_state *state = ASK_STATE(ask, struct ftp_asking_state);
	struct bytes line;
	if (state->stage == STAGE_TLS && ask->in_tls) {
		ask->next = ASK_LISTEN;
		go_on(ask);
	}
	while (ask_line(ask, said, state->goes_on != 0 ? NULL : "12345", &line))
		line_said(ask, line);
}

static void leave_doubtful(struct ask *ask, struct bytes *said)
{
	ask_leave_doubtful(ask, said, quit);
}

const struct asking ftp_asking = {
	.transport = IPPROTO_TCP,
	.port = 21,
	.secure_scheme = "ftps",
	.secure_port = 990,
	.has_starttls = true,
	.has_login = true,
	.is_harmless = true,
	.check = ask_line_check,
	.step = ftp_step,
	.doubtful_step = leave_doubtful,
};
