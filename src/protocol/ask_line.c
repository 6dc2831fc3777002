/*
 * ask_line.c: see ask_line.h.
 */
#include "protocol/ask_line.h"

#include "base/base64.h"

enum { LINE_MAX_LEN = 4096, QUOTE_MAX = 128 };

void ask_unwell_said(struct ask *ask, enum reason reason, enum ask_next next,
		     struct bytes line)
{
	char quote[QUOTE_MAX];
	ask_unwell(ask, reason, next, "the server says \"%s\"",
		   ask_quote(quote, sizeof(quote), line));
}

bool ask_line(struct ask *ask, struct bytes *said, const char *begins,
	      struct bytes *line)
{
	if (ask->is_judged || ask->next != ASK_LISTEN || said->len == 0)
		return false;
	bool fits = begins == NULL ||
		    (said->at[0] != '\0' && strchr(begins, said->at[0]) != NULL);
	if (fits && line_take(said, line))
		return true;
	if (!fits || said->len > LINE_MAX_LEN)
		ask_unwell_said(ask, REASON_wrong_protocol, ASK_CLOSE, *said);
	return false;
}

void ask_leave(struct ask *ask, const char *goodbye)
{
	ask_say(ask, "%s", goodbye);
	ask_well(ask, ASK_LEAVE);
}

void ask_leave_doubtful(struct ask *ask, struct bytes *said, const char *goodbye)
{
	/* Where TLS was started within the dialogue, it has greeted before. */
	bool has_greeted = ask->question->wants_tls ||
			   (said->len > 0 && memchr(said->at, '\n', said->len) != NULL);
	bytes_take(said, has_greeted ? said->len : 0);
	if (has_greeted && ask->next == ASK_LISTEN)
		ask_leave(ask, goodbye);
}

void ask_leave_unwell(struct ask *ask, const char *goodbye, enum reason reason,
		      struct bytes line)
{
	ask_say(ask, "%s", goodbye);
	ask_unwell_said(ask, reason, ASK_LEAVE, line);
}

void ask_leave_without_tls(struct ask *ask, const char *goodbye, const char *command)
{
	ask_say(ask, "%s", goodbye);
	ask_unwell(ask, REASON_tls_missing, ASK_LEAVE, "the server does not offer %s",
		   command);
}

void ask_leave_without_login(struct ask *ask, const char *goodbye, const char *ways)
{
	ask_say(ask, "%s", goodbye);
	ask_unwell(ask, REASON_login_failed, ASK_LEAVE,
		   "the server offers no login by %s%s", ways,
		   ask->in_tls ? "" : " without TLS");
}

static bool has_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasestr(text, *words) != NULL)
			return true;
	return false;
}

enum reason ask_refusal(struct bytes line)
{
	/* 4.3.2 and 4.4.5: RFC 3463; the codes in brackets: RFC 5530. */
	static const char *const full[] = {
		"too many",  "busy",    "limit", "overload", "load average",
		"resource",  "4.3.2",   "4.4.5", "maximum",  "try again later",
		"try later", "congest", NULL,
	};
	static const char *const barred[] = {
		"denied",      "block",         "reject", "refuse",
		"not allowed", "not permitted", "banned", "not accept",
		"prohibit",    "blacklist",     NULL,
	};
	char text[QUOTE_MAX * 2];
	ask_quote(text, sizeof(text), line);
	if (has_one_of(text, full))
		return REASON_overloaded;
	return has_one_of(text, barred) ? REASON_denied : REASON_error;
}

bool ask_logs_in(const struct ask *ask)
{
	return ask->question->user[0] != '\0';
}

bool ask_would_start_tls(const struct ask *ask)
{
	return !ask->in_tls && (ask->question->wants_tls || ask_logs_in(ask));
}

static bool is_one_line(const char *text)
{
	return strpbrk(text, "\r\n") == NULL;
}

const char *ask_line_check(const struct question *question)
{
	if (!is_one_line(question->user) || !is_one_line(question->password))
		return "a user or password can't contain an end of line";
	for (size_t i = 0; i < question->option_count; i++)
		if (!is_one_line(question->options[i].value))
			return "an option can't contain an end of line";
	return NULL;
}

void ask_say_base64(struct ask *ask, struct bytes text)
{
	char coded[BASE64_LEN(ASK_OUT_MAX) + 1];
	if (text.len > ASK_OUT_MAX)
		text.len = ASK_OUT_MAX; /* whose code is too long to be sent, too */
	base64_encode(text, coded);
	ask_say(ask, "%s\r\n", coded);
}

void ask_say_plain(struct ask *ask)
{
	const char *user = ask->question->user, *password = ask->question->password;
	uint8_t plain[ASK_OUT_MAX];
	size_t user_len = strlen(user), password_len = strlen(password);
	if (user_len > sizeof(plain) / 2 - 1 || password_len > sizeof(plain) / 2 - 1) {
		ask->out_len = 0; /* nor what was to stand before it */
		ask_unwell(ask, REASON_not_sent, ASK_CLOSE,
			   "the user or password is too long");
		return;
	}
	plain[0] = plain[user_len + 1] = '\0';
	memcpy(plain + 1, user, user_len);
	memcpy(plain + user_len + 2, password, password_len);
	ask_say_base64(ask, bytes_of(plain, user_len + password_len + 2));
}
