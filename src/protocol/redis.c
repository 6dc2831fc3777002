/*
 * redis.c: RESP2 and RESP3, as Redis, Valkey and their kin speak it, and inline
 * commands.
 *
 * A command is an array of bulk strings, a reply a value of any type; values that hold
 * others say how many.  Commands may be sent ahead of their replies, which come in
 * order: of those waiting, the few whose reply matters are remembered, and how many
 * others are before each of them.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "protocol/line.h"
#include "protocol/protocol.h"
#include "protocol/redis.h"
#include "protocol/text.h"

enum {
	NAME_MAX_LEN = 40,       /* of a command; modules have long ones */
	COUNT_MAX = 1024 * 1024, /* of its arguments, as the server has it */
	WAITING_MAX = 4,
	INFO_ENOUGH = 160,   /* of what INFO says, for its versions */
	LOGIN_ENOUGH = 4096, /* a token may be the password */
};

/* Commands whose reply matters. */
enum kind { PLAIN, LOGIN, HELLO, HELLO_LOGIN, INFO };

struct redis_state {
	uint64_t elements;  /* of the reply that is being read, still to come */
	uint32_t arguments; /* of the command that is being read, still to come */
	uint32_t bulk; /* octets of the string that is next, with its end of line */
	struct {
		uint32_t before; /* plain ones between it and the one before */
		uint8_t kind;
	} waiting[WAITING_MAX];
	uint32_t last; /* plain ones behind all of these */
	uint8_t waiting_count;
	uint8_t reading;      /* kind of the reply that is being read */
	bool version_is_next; /* in a reply to HELLO */
	bool is_valkey, wants_resp3;
	uint8_t user_len;
	char user[USER_MAX];
};

static const struct talk_notice cleartext_password = {
	.kind = "cleartext_login",
	.technique = "redis_auth",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "anyone on the path reads the password, which AUTH carries as it is",
};

/* A number behind its type and its end of line, taken off the front. */
static enum verdict take_header(struct bytes *said, char type, int64_t max,
				int64_t *number)
{
	struct bytes line;
	if (said->len > 0 && said->at[0] != (uint8_t)type)
		return VERDICT_NO;
	for (size_t i = 1; i < said->len && i < 9; i++)
		if ((said->at[i] < '0' || said->at[i] > '9') && said->at[i] != '\r' &&
		    said->at[i] != '\n')
			return VERDICT_NO;
		else if (said->at[i] == '\n')
			break;
	if (!line_take(said, &line))
		return said->len < 12 ? VERDICT_MORE : VERDICT_NO;
	if (!redis_read_number(line, number) || *number < 1 || *number > max)
		return VERDICT_NO;
	return VERDICT_YES;
}

/* A command as array: its count, the length of its name, the name. */
static enum verdict array_verdict(struct bytes said)
{
	int64_t count, len;
	enum verdict verdict = take_header(&said, '*', COUNT_MAX, &count);
	if (verdict == VERDICT_YES)
		verdict = take_header(&said, '$', NAME_MAX_LEN, &len);
	if (verdict != VERDICT_YES)
		return verdict;
	for (size_t i = 0; i < (size_t)len; i++) {
		if (i == said.len)
			return VERDICT_MORE;
		uint8_t c = line_lower(said.at[i]);
		bool is_mark = i > 0 && (c == '.' || c == '-' || c == '_' || c == '|');
		if ((c < 'a' || c > 'z') && !(c >= '0' && c <= '9') && !is_mark)
			return VERDICT_NO;
	}
	bytes_take(&said, (size_t)len);
	return (enum verdict)line_compare(said, "\r\n");
}

/* Commands that people type; the reply tells whether Redis was meant. */
static enum verdict inline_verdict(struct bytes said)
{
	static const char *const commands[] = {
		"ping",  "info",    "auth ",   "hello",   "quit",    "get ",  "set ",
		"keys ", "config ", "command", "client ", "select ", "echo ", "dbsize"
	};
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		size_t len = strlen(commands[i]),
		       have = said.len < len ? said.len : len;
		size_t same = 0;
		while (same < have &&
		       line_lower(said.at[same]) == (uint8_t)commands[i][same])
			same++;
		if (same == have)
			return VERDICT_MORE;
	}
	return VERDICT_NO;
}

/* Replies that nobody else gives. */
static enum verdict reply_verdict(struct bytes said)
{
	static const char *const replies[] = {
		"-NOAUTH ",
		"-WRONGPASS invalid username-password",
		"-DENIED Redis is running in protected mode",
		"-ERR max number of clients reached\r\n",
		"-ERR invalid password\r\n",
		"-ERR unknown command",
		"-LOADING Redis is loading",
		"+PONG\r\n",
		"%7\r\n$6\r\nserver\r\n$",
		"*14\r\n$6\r\nserver\r\n$",
	};
	enum verdict verdict = VERDICT_NO;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		enum verdict one = (enum verdict)line_compare(said, replies[i]);
		if (one > verdict)
			verdict = one;
	}
	/* INFO: its length is not known before. */
	int64_t len;
	if (verdict == VERDICT_NO && said.len > 0 && said.at[0] == '$') {
		verdict = take_header(&said, '$', REDIS_BULK_MAX, &len);
		if (verdict == VERDICT_YES)
			verdict = (enum verdict)line_compare(
				said, "# Server\r\nredis_version:");
	}
	return verdict;
}

static enum verdict redis_recognise(const struct opening *opening)
{
	struct bytes client = opening->said[CLIENT], server = opening->said[SERVER];
	if (client.len > 0 && client.at[0] == '*')
		return array_verdict(client);
	if (client.len > 0 && inline_verdict(client) == VERDICT_NO)
		return VERDICT_NO;
	return reply_verdict(server);
}

static void wait_for(struct redis_state *state, enum kind kind)
{
	if (kind == PLAIN || state->waiting_count == WAITING_MAX) {
		state->last += state->last < UINT32_MAX;
		return;
	}
	state->waiting[state->waiting_count].before = state->last;
	state->waiting[state->waiting_count++].kind = (uint8_t)kind;
	state->last = 0;
}

/* A reply begins: to what kind of command. */
static enum kind next_waiting(struct redis_state *state)
{
	if (state->waiting_count == 0) {
		state->last -= state->last > 0;
		return PLAIN;
	}
	if (state->waiting[0].before > 0) {
		state->waiting[0].before--;
		return PLAIN;
	}
	enum kind kind = (enum kind)state->waiting[0].kind;
	state->waiting_count--;
	memmove(state->waiting, state->waiting + 1,
		state->waiting_count * sizeof(state->waiting[0]));
	return kind;
}

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	struct login_seen login = { .user = bytes_of(state->user, state->user_len),
				    .outcome = outcome,
				    .method = "AUTH",
				    .seen_by = "packets" };
	talk_login(talk, &login, at_us);
}

/* What waits will not be answered, or nobody knows by which reply. */
static void forget_waiting(struct talk *talk, int64_t at_us)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	for (size_t i = 0; i < state->waiting_count; i++)
		if (state->waiting[i].kind == LOGIN ||
		    state->waiting[i].kind == HELLO_LOGIN)
			tell_login(talk, OUTCOME_UNKNOWN, at_us);
	state->waiting_count = 0;
	state->last = 0;
}

static void keep_user(struct talk *talk, struct bytes user, int64_t at_us)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	size_t len = user.len < USER_MAX ? user.len : USER_MAX;
	if (len > 0)
		memcpy(state->user, user.at, len);
	state->user_len = (uint8_t)len;
	talk_notice(talk, &cleartext_password, at_us, "a Redis login without TLS");
}

/* CLIENT SETINFO LIB-NAME redis-py */
static void keep_library(struct talk *talk, const struct redis_command *command)
{
	const struct bytes *word = command->word;
	if (command->count == 4 && line_is_nocase(word[0], "client") &&
	    line_is_nocase(word[1], "setinfo") && line_is_nocase(word[2], "lib-name"))
		facts_text(talk->facts.client_software,
			   sizeof(talk->facts.client_software), word[3]);
}

static void take_command(struct talk *talk, const struct redis_command *command,
			 int64_t at_us)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	struct redis_credentials credentials = redis_read_credentials(command);
	if (redis_ends_order(command)) {
		forget_waiting(talk, at_us);
		talk_done(talk);
		return;
	}
	if (credentials.are_there)
		keep_user(talk, credentials.user, at_us);
	keep_library(talk, command);
	if (line_is_nocase(command->word[0], "hello")) {
		state->wants_resp3 =
			command->count > 1 && text_is(command->word[1], "3");
		wait_for(state, credentials.are_there ? HELLO_LOGIN : HELLO);
	} else if (credentials.are_there) {
		wait_for(state, LOGIN);
	} else {
		wait_for(state,
			 line_is_nocase(command->word[0], "info") ? INFO : PLAIN);
	}
}

/* Only of these more than the name is read. */
static bool is_of_interest(struct bytes name)
{
	return line_is_nocase(name, "auth") || line_is_nocase(name, "hello") ||
	       line_is_nocase(name, "client");
}

/* An array begins here; false if more of it must be here first. */
static bool begin_array(struct talk *talk, struct said *said)
{
	struct bytes data = said->data, line;
	struct redis_command command;
	int64_t count;
	if (!line_take(&data, &line))
		return false;
	if (!redis_read_number(line, &count) || count > COUNT_MAX) {
		talk_skip_turn(talk, CLIENT);
		return false;
	}
	if (count <= 0) {
		bytes_take(&said->data, said->data.len - data.len);
		return true;
	}
	struct bytes words = data;
	redis_take_words(&words, 1, &command);
	if (bytes_ok(&words) && is_of_interest(command.word[0])) {
		words = data;
		redis_take_words(&words, (size_t)count, &command);
	}
	if (!bytes_ok(&words))
		return false;
	bytes_take(&said->data, said->data.len - words.len);
	STATE(talk, struct redis_state)->arguments =
		(uint32_t)((size_t)count - command.count);
	take_command(talk, &command, said->at_us);
	return true;
}

/* An argument that is not looked at. */
static bool pass_argument(struct talk *talk, struct said *said)
{
	struct bytes line;
	int64_t len;
	if (!line_take(&said->data, &line))
		return false;
	if (line.len == 0 || line.at[0] != '$' || !redis_read_number(line, &len) ||
	    len < 0 || len > REDIS_BULK_MAX) {
		talk_skip_turn(talk, CLIENT);
		return false;
	}
	STATE(talk, struct redis_state)->arguments--;
	talk_pass(talk, said, (uint64_t)len + 2);
	return true;
}

static void read_client(struct talk *talk, struct said *said)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	if (said->after_gap) {
		state->arguments = 0;
		forget_waiting(talk, said->at_us);
	}
	while (said->data.len > 0 && !talk->done && !talk->skip_turn[CLIENT]) {
		struct bytes line;
		struct redis_command command;
		if (state->arguments > 0) {
			if (!pass_argument(talk, said))
				return;
		} else if (said->data.at[0] == '*') {
			if (!begin_array(talk, said))
				return;
		} else if (line_take(&said->data, &line)) {
			redis_read_inline(line, &command);
			if (command.count > 0)
				take_command(talk, &command, said->at_us);
		} else {
			return;
		}
	}
}

static void keep_software(struct talk *talk, bool is_valkey, struct bytes version)
{
	char text[32];
	facts_text(text, sizeof(text), line_trim(version));
	snprintf(talk->facts.software, sizeof(talk->facts.software), "%s %s",
		 is_valkey ? "Valkey" : "Redis", text);
}

/* Begin of what INFO says. */
static void read_info(struct talk *talk, struct bytes info)
{
	struct bytes line;
	if (!text_starts(info, "# Server\r\n"))
		return;
	while (line_take(&info, &line)) {
		bool is_valkey = text_starts(line, "valkey_version:");
		if (!is_valkey && !text_starts(line, "redis_version:"))
			continue;
		bytes_take(&line, is_valkey ? 15 : 14);
		keep_software(talk, is_valkey, line);
	}
}

/* A string within the reply to HELLO: names and values by turns. */
static void read_hello(struct talk *talk, struct bytes text)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	if (state->version_is_next)
		keep_software(talk, state->is_valkey, text);
	state->is_valkey |= text_is(text, "valkey");
	state->version_is_next = text_is(text, "version");
}

/* The reply to a command is an error, or it is not. */
static void judge(struct talk *talk, enum kind kind, bool is_error, struct bytes error,
		  int64_t at_us)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	talk_answered(talk, is_error && redis_is_fault(error), UNKNOWN_U64);
	if (kind == LOGIN || kind == HELLO_LOGIN)
		tell_login(talk,
			   !is_error                ? OUTCOME_SUCCESS
			   : redis_is_denial(error) ? OUTCOME_FAILURE
						    : OUTCOME_UNKNOWN,
			   at_us);
	if ((kind == HELLO || kind == HELLO_LOGIN) && !is_error && state->wants_resp3)
		snprintf(talk->facts.version, sizeof(talk->facts.version), "RESP3");
}

/* What a string says, where that matters; false if more of it must be here first. */
static bool take_bulk(struct talk *talk, struct said *said)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	struct bytes data = said->data;
	bool is_hello = state->reading == HELLO || state->reading == HELLO_LOGIN;
	size_t enough = state->reading == INFO ? INFO_ENOUGH : is_hello ? 32 : 0;
	size_t len = (size_t)state->bulk - 2, want = len < enough ? len : enough;
	if (data.len < want && !said->ends)
		return false;
	struct bytes text = bytes_of(data.at, data.len < want ? data.len : want);
	if (state->reading == INFO)
		read_info(talk, text);
	else if (is_hello)
		read_hello(talk, text);
	talk_pass(talk, said, state->bulk);
	state->bulk = 0;
	return true;
}

/* How many values follow that belong to this one; -1: it is no value. */
static int64_t values_within(struct bytes line)
{
	int64_t count = 0;
	switch (line.at[0]) {
	case '+':
	case '-':
	case ':':
	case '_':
	case ',':
	case '#':
	case '(':
		return 0;
	case '$':
	case '!':
	case '=':
		return redis_read_number(line, &count) && count <= REDIS_BULK_MAX ? 0
										  : -1;
	case '*':
	case '~':
	case '>':
		return !redis_read_number(line, &count) ? -1 : count > 0 ? count : 0;
	case '%':
	case '|':
		return !redis_read_number(line, &count) ? -1
		       : count > 0                      ? 2 * count
							: 0;
	default:
		return -1;
	}
}

/* The line a reply begins with: what it answers, and whether it is an error. */
static void begin_reply(struct talk *talk, struct bytes line, int64_t at_us)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	state->elements = 1;
	state->version_is_next = false;
	state->reading = PLAIN;
	/* Said unasked, and attributes before a reply, are none themselves. */
	if (line.at[0] == '>' || line.at[0] == '|')
		return;
	state->reading = (uint8_t)next_waiting(state);
	bool is_error = line.at[0] == '-' || line.at[0] == '!';
	bytes_take(&line, 1);
	judge(talk, (enum kind)state->reading, is_error, line, at_us);
}

/* One value, or the begin of one that holds others. */
static bool read_value(struct talk *talk, struct said *said)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	struct bytes line;
	int64_t len;
	if (!line_take(&said->data, &line))
		return false;
	int64_t within = line.len > 0 ? values_within(line) : -1;
	if (within < 0) {
		talk_skip_turn(talk, SERVER);
		return false;
	}
	if (state->elements == 0)
		begin_reply(talk, line, said->at_us);
	state->elements += (uint64_t)within - 1;
	bool is_bulk = line.at[0] == '$' || line.at[0] == '!' || line.at[0] == '=';
	if (is_bulk && redis_read_number(line, &len) && len >= 0)
		state->bulk = (uint32_t)len + 2;
	return true;
}

static void read_server(struct talk *talk, struct said *said)
{
	struct redis_state *state = STATE(talk, struct redis_state);
	if (said->after_gap) {
		state->elements = state->bulk = 0;
		forget_waiting(talk, said->at_us);
	}
	while (said->data.len > 0)
		if (!(state->bulk > 0 ? take_bulk : read_value)(talk, said))
			return;
}

static void redis_read(struct talk *talk, struct said *said)
{
	talk->facts.cleartext = 1;
	if (*talk->facts.version == '\0')
		snprintf(talk->facts.version, sizeof(talk->facts.version), "RESP2");
	if (said->by == CLIENT)
		read_client(talk, said);
	else
		read_server(talk, said);
}

static void redis_end(struct talk *talk, int64_t at_us)
{
	forget_waiting(talk, at_us);
}

const struct protocol protocol_redis = {
	.name = "redis",
	.doc = "Redis serialization protocol (RESP2, RESP3)",
	.transports = { IPPROTO_TCP },
	.ports = { 6379, 6380, 26379 },
	.turn_max = LOGIN_ENOUGH,
	.state_size = sizeof(struct redis_state),
	.recognise = redis_recognise,
	.read = redis_read,
	.end = redis_end,
	.asking = &redis_asking,
};
_Static_assert(sizeof(struct redis_state) <= TALK_STATE_MAX, "state fits");
