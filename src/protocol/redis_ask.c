/*
 * redis_ask.c: PING, which Redis refuses whenever it would refuse anything else; before
 * it AUTH, if there is a password; then QUIT.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/line.h"
#include "protocol/redis.h"
#include "protocol/text.h"

enum { LINE_MAX_LEN = 1024 };
enum phase { BEGIN, LOGIN, PINGED };

static bool has_password(const struct question *question)
{
	return question->password[0] != '\0';
}

/* An array of strings, which may hold any octet. */
static void send_command(struct ask *ask, const char *const words[], size_t count)
{
	ask_say(ask, "*%zu\r\n", count);
	for (size_t i = 0; i < count; i++) {
		ask_say(ask, "$%zu\r\n", strlen(words[i]));
		ask_send(ask, words[i], strlen(words[i]));
		ask_say(ask, "\r\n");
	}
}

static void send_ping(struct ask *ask)
{
	send_command(ask, (const char *const[]){ "PING" }, 1);
	ask->state[0] = PINGED;
}

static void send_quit(struct ask *ask)
{
	send_command(ask, (const char *const[]){ "QUIT" }, 1);
}

/* Without a name it is that of the user "default"; Redis before 6 knows no other. */
static void send_login(struct ask *ask)
{
	const struct question *question = ask->question;
	const char *const both[] = { "AUTH", question->user, question->password };
	const char *const password[] = { "AUTH", question->password };
	if (question->user[0] != '\0')
		send_command(ask, both, 3);
	else
		send_command(ask, password, 2);
	ask->state[0] = LOGIN;
}

static enum reason reason_of(const struct ask *ask, struct bytes error)
{
	if (redis_is_overload(error))
		return REASON_overloaded;
	if (line_starts(error, "DENIED "))
		return REASON_denied;
	if (redis_is_fault(error))
		return REASON_error;
	if (ask->state[0] == LOGIN)
		return REASON_login_failed;
	/* It wants a login, or lets its user do less than this: it lives. */
	return line_starts(error, "NOAUTH ") || line_starts(error, "NOPERM ")
		       ? REASON_NONE
		       : REASON_error;
}

static void judge_error(struct ask *ask, struct bytes error)
{
	char text[144];
	enum reason reason = reason_of(ask, error);
	if (reason == REASON_NONE)
		ask_well(ask, ASK_LEAVE);
	else
		ask_unwell(ask, reason, ASK_LEAVE, "the server says \"%s\"",
			   ask_quote(text, sizeof(text), error));
	send_quit(ask);
}

static void hear_reply(struct ask *ask, struct bytes line)
{
	uint8_t type = bytes_u8(&line);
	if (type == '-' && line.len > 0) {
		judge_error(ask, line);
	} else if (ask->state[0] == LOGIN && type == '+' && text_is(line, "OK")) {
		send_ping(ask);
	} else if (ask->state[0] == PINGED && type == '+' && text_is(line, "PONG")) {
		ask_well(ask, ASK_LEAVE);
		send_quit(ask);
	} else {
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "what came is no reply of Redis");
	}
}

/* Of what is here, all may still become a reply. */
static bool may_be_reply(struct bytes said)
{
	return said.len == 0 ||
	       ((said.at[0] == '+' || said.at[0] == '-') && said.len < LINE_MAX_LEN);
}

static void redis_step(struct ask *ask, struct bytes *said)
{
	struct bytes line;
	if (ask->state[0] == BEGIN)
		(has_password(ask->question) ? send_login : send_ping)(ask);
	while (!ask->is_judged && line_take(said, &line))
		hear_reply(ask, line);
	if (!ask->is_judged && !may_be_reply(*said))
		hear_reply(ask, (struct bytes){ 0 });
}

static const char *redis_check(const struct question *question)
{
	return question->user[0] != '\0' && !has_password(question)
		       ? "AUTH needs a password with the user"
		       : NULL;
}

const struct asking redis_asking = {
	.transport = IPPROTO_TCP,
	.port = 6379,
	.secure_scheme = "rediss",
	.secure_port = 6380,
	.has_login = true,
	.is_harmless = true,
	.check = redis_check,
	.step = redis_step,
};
