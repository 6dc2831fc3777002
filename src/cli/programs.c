/*
 * programs.c: see programs.h.
 */
#include "cli/programs.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert/notice_json.h"

enum { AT_ONCE = 256 /* who floods us must not keep us for ever */ };

#define TELL_US (10 * 1000000LL) /* of what is left out, at most so often */

static const char *const keys[PROGRAM_KINDS] = {
	[PROGRAM_OF_BLOCKS] = "block.program",
	[PROGRAM_OF_NOTICES] = "notify.program",
};

/* ---- its life ---- */

static const char *user_of(const struct config *config)
{
	return config->block_program_user[0] != '\0' ? config->block_program_user
						     : config->user;
}

static void say_if_not_confined(struct programs *programs)
{
	char text[GUARD_TEXT_MAX];
	if (!programs_describe(programs, text))
		fprintf(stderr, "breakwater: the process that runs programs: %s\n",
			text);
}

/* Whom the process becomes is told by a number; the names are out of reach later. */
static void name_user(struct programs *programs, const char *wanted)
{
	const struct passwd *user =
		geteuid() == 0 ? getpwnam(wanted) : getpwuid(geteuid());
	snprintf(programs->user, sizeof(programs->user), "%s",
		 user != NULL ? user->pw_name : "nobody");
}

void programs_fork(struct programs *programs, const struct config *config)
{
	static char user[CONFIG_TEXT_MAX]; /* that process has a copy, as of the rest */
	if (config->block_program[0] == '\0' && config->notify_program[0] == '\0')
		return;
	memcpy(programs->texts[PROGRAM_OF_BLOCKS], config->block_program,
	       sizeof(config->block_program));
	memcpy(programs->texts[PROGRAM_OF_NOTICES], config->notify_program,
	       sizeof(config->notify_program));
	for (size_t i = 0; i < PROGRAM_KINDS; i++)
		programs->paths[i] = programs->texts[i];
	snprintf(user, sizeof(user), "%s", user_of(config));
	name_user(programs, user);
	/* `user: root` is no wish that programs run as root. */
	bool may_be_root = config->block_program_user[0] != '\0';
	const struct guard_task task = runner_task(
		programs->paths, PROGRAM_KINDS,
		strcmp(user, "root") == 0 && !may_be_root ? "nobody" : user);
	programs->process = guard_fork(&task);
	if (programs->process == NULL)
		snprintf(programs->why_not, sizeof(programs->why_not),
			 "could not start: %s", strerror(errno));
	say_if_not_confined(programs);
}

void programs_close(struct programs *programs)
{
	guard_close(programs->process);
	programs->process = NULL;
}

bool programs_are_wanted(const struct programs *programs)
{
	return programs->process != NULL || programs->why_not[0] != '\0';
}

bool programs_have(const struct programs *programs, enum program program)
{
	return programs->process != NULL && programs->texts[program][0] != '\0';
}

int programs_fd(const struct programs *programs)
{
	return programs->process != NULL ? guard_fd(programs->process) : -1;
}

bool programs_describe(struct programs *programs, char text[static GUARD_TEXT_MAX])
{
	if (programs->process != NULL)
		return guard_describe(programs->process, text);
	memcpy(text, programs->why_not, sizeof(programs->why_not));
	return false;
}

/* ---- running ---- */

static void put_word(struct runner_message *message, const struct program_word *word)
{
	if (word->value == NULL || !runner_value_is_good(word->value) ||
	    message->count == RUNNER_WORDS_MAX)
		return;
	struct runner_word *out = &message->words[message->count++];
	snprintf(out->name, sizeof(out->name), "%s", word->name);
	snprintf(out->value, sizeof(out->value), "%s", word->value);
}

static bool send_input(struct programs *programs, uint64_t id, const struct buf *input)
{
	for (size_t at = 0; at < input->len;) {
		struct runner_message piece = { .kind = RUNNER_INPUT, .id = id };
		size_t left = input->len - at;
		piece.count =
			left < RUNNER_PIECE_MAX ? (uint32_t)left : RUNNER_PIECE_MAX;
		memcpy(piece.input, input->at + at, piece.count);
		if (guard_tell(programs->process, &piece, sizeof(piece)) != 0)
			return false;
		at += piece.count;
	}
	return true;
}

static size_t place_of(uint64_t id)
{
	return id % (RUNNER_WAITING_MAX + RUNNER_AT_ONCE);
}

bool programs_run(struct programs *programs, enum program program, const char *about,
		  const struct program_word *words, size_t count,
		  const struct buf *input)
{
	if (!programs_have(programs, program))
		return false;
	struct runner_message message = { .kind = RUNNER_RUN,
					  .program = program,
					  .id = ++programs->asked,
					  .total = (uint32_t)input->len };
	for (size_t i = 0; i < count; i++)
		put_word(&message, &words[i]);
	size_t place = place_of(message.id);
	programs->recent[place].id = message.id;
	programs->recent[place].program = program;
	record_text(programs->recent[place].about, sizeof(programs->recent[0].about),
		    about);
	bool is_sent = buf_ok(input) && input->len <= RUNNER_INPUT_MAX &&
		       guard_tell(programs->process, &message, sizeof(message)) == 0 &&
		       send_input(programs, message.id, input);
	programs->not_sent += !is_sent;
	return is_sent;
}

/* "192.0.2.1"; "" if unknown. */
static void write_addr(const struct addr *addr, char out[static ADDR_TEXT_MAX])
{
	out[0] = '\0';
	if (!addr_is_unset(addr))
		addr_text(addr, out);
}

static void write_port(uint32_t port, char out[static 16])
{
	out[0] = '\0';
	if (port != UNKNOWN_U32)
		snprintf(out, 16, "%u", (unsigned)port);
}

void programs_block(struct programs *programs, const struct finding_record *finding,
		    const struct block_record *block)
{
	char client[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX], blocked[ADDR_TEXT_MAX + 8];
	char port[16], until[TIME_TEXT_MAX];
	struct buf input = { 0 };
	if (!programs_have(programs, PROGRAM_OF_BLOCKS))
		return;
	write_addr(&finding->client_ip, client);
	write_addr(&finding->server_ip, server);
	write_addr(&block->address, blocked);
	size_t len = strlen(blocked);
	snprintf(blocked + len, sizeof(blocked) - len, "/%u", block->prefix_len);
	write_port(block->port, port);
	record_time_text(block->until, until);
	const struct program_word words[] = {
		{ "FINDING_ID", finding->id },
		{ "KIND", finding->kind },
		{ "SEVERITY", finding->severity },
		{ "PROOF", block->proof },
		{ "CLIENT_IP", client },
		{ "SERVER_IP", server },
		{ "BLOCK_ID", block->id },
		{ "BLOCK", blocked },
		{ "PORT", port },
		{ "TRANSPORT", block->transport },
		{ "ACTION", block->action },
		{ "STATE", block->state },
		{ "UNTIL", until },
	};
	record_json(&input, RECORD_finding, finding);
	buf_char(&input, '\n');
	programs_run(programs, PROGRAM_OF_BLOCKS, finding->id, words,
		     sizeof(words) / sizeof(words[0]), &input);
	buf_free(&input);
}

bool programs_notice(struct programs *programs, const struct notice *notice)
{
	const struct incident_record *first = &notice->incidents[0];
	char client[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX], port[16], count[16];
	struct buf input = { 0 };
	if (!programs_have(programs, PROGRAM_OF_NOTICES))
		return false;
	write_addr(&first->client_ip, client);
	write_addr(&first->server_ip, server);
	write_port(first->port, port);
	write_port((uint32_t)notice->count, count);
	const struct program_word words[] = {
		{ "REASON", notice->reason },
		{ "KEY", notice->key },
		{ "INCIDENTS", count },
		{ "INCIDENT_ID", first->id },
		{ "STATE", first->state },
		{ "SEVERITY", first->severity },
		{ "RULE", first->rule },
		{ "TARGET", first->target },
		{ "SERVICE", first->service },
		{ "CLIENT_IP", client },
		{ "SERVER_IP", server },
		{ "PORT", port },
		{ "TRANSPORT", first->transport },
	};
	notice_json(notice, &input);
	buf_char(&input, '\n');
	bool is_passed_on = programs_run(programs, PROGRAM_OF_NOTICES, first->id, words,
					 sizeof(words) / sizeof(words[0]), &input);
	buf_free(&input);
	return is_passed_on;
}

/* ---- what came of it ---- */

/* "exit status 1 after 12 ms: no route to host" */
static void write_outcome(const struct runner_event *event, char *out, size_t size)
{
	int len;
	if (event->kind == RUNNER_REFUSED)
		len = snprintf(out, size, "not run");
	else if (event->is_late)
		len = snprintf(out, size, "ended after %d s",
			       RUNNER_DEADLINE_MS / 1000);
	else if (WIFSIGNALED(event->status))
		len = snprintf(out, size, "ended by signal %d after %u ms",
			       WTERMSIG(event->status), event->took_ms);
	else
		len = snprintf(out, size, "exit status %d after %u ms",
			       WEXITSTATUS(event->status), event->took_ms);
	if (event->said_len > 0)
		snprintf(out + len, size - (size_t)len, ": %.*s", (int)event->said_len,
			 (const char *)event->said);
}

static void audit(const struct programs *programs, enum program program,
		  const char *about, const char *outcome, int64_t now_us,
		  const struct programs_sink *sink)
{
	struct audit_record record;
	record_init(RECORD_audit, &record);
	record.at = now_us;
	record.action = "program";
	record_text(record.actor, sizeof(record.actor), "breakwater");
	record_text(record.subject, sizeof(record.subject), programs->texts[program]);
	record_text(record.before, sizeof(record.before), about);
	record_text(record.after, sizeof(record.after), outcome);
	sink->audit(sink->self, &record);
}

static void count(struct program_counts *counts, const struct runner_event *event)
{
	bool has_ended = event->kind == RUNNER_ENDED;
	counts->refused += !has_ended;
	counts->ended += has_ended;
	counts->late += has_ended && event->is_late;
	counts->failed += has_ended && event->status != 0;
}

static void take_outcome(struct programs *programs, const struct runner_event *event,
			 int64_t now_us, const struct programs_sink *sink,
			 struct buf *text)
{
	char outcome[256];
	if (event->program >= PROGRAM_KINDS)
		return;
	struct program_counts *counts = &programs->counts[event->program];
	write_outcome(event, outcome, sizeof(outcome));
	bool is_new = strcmp(counts->last, outcome) != 0;
	record_text(counts->last, sizeof(counts->last), outcome);
	if (event->kind == RUNNER_REFUSED && is_new)
		buf_printf(text, "breakwater: %s: %s\n", keys[event->program],
			   counts->last);
	if (event->id == 0)
		return;
	count(counts, event);
	size_t place = place_of(event->id);
	bool is_known = programs->recent[place].id == event->id;
	audit(programs, event->program, is_known ? programs->recent[place].about : "",
	      outcome, now_us, sink);
}

/* One of the chain's records for many of them. */
static void audit_left_out(struct programs *programs, int64_t now_us,
			   const struct programs_sink *sink)
{
	char outcome[96];
	uint64_t left_out = programs->left_out + programs->not_sent;
	if (left_out == programs->told_left_out || now_us - programs->told_us < TELL_US)
		return;
	snprintf(outcome, sizeof(outcome),
		 "left out %llu times, as more than %d were waiting",
		 (unsigned long long)(left_out - programs->told_left_out),
		 RUNNER_WAITING_MAX);
	programs->told_left_out = left_out;
	programs->told_us = now_us;
	audit(programs, PROGRAM_OF_BLOCKS, "", outcome, now_us, sink);
}

/* Those of the one that has ended are gone. */
static void take_end(struct programs *programs, bool is_over, struct buf *text)
{
	char why[GUARD_TEXT_MAX];
	programs_describe(programs, why);
	programs->running = programs->waiting = 0;
	buf_printf(text, "breakwater: the process that runs programs %s\n", why);
	if (!is_over)
		return;
	memcpy(programs->why_not, why, sizeof(why));
	programs_close(programs);
}

static void take_event(struct programs *programs, const struct runner_event *event,
		       int64_t now_us, const struct programs_sink *sink,
		       struct buf *text)
{
	programs->running = event->running;
	programs->waiting = event->waiting;
	programs->left_out += event->kind == RUNNER_LEFT_OUT;
	if (event->uid == 0)
		snprintf(programs->user, sizeof(programs->user), "root");
	if (event->kind == RUNNER_ENDED || event->kind == RUNNER_REFUSED)
		take_outcome(programs, event, now_us, sink, text);
}

void programs_take(struct programs *programs, int64_t now_us,
		   const struct programs_sink *sink, struct buf *text)
{
	_Alignas(8) uint8_t bytes[GUARD_EVENT_MAX];
	struct runner_event event;
	for (int i = 0; i < AT_ONCE && programs->process != NULL; i++) {
		int len = guard_next(programs->process, bytes, sizeof(bytes));
		if (len == 0)
			break;
		if (len == -ECHILD || len == -EPIPE)
			take_end(programs, len == -EPIPE, text);
		else if (len > 0 && runner_event_parse(bytes, (size_t)len, &event))
			take_event(programs, &event, now_us, sink, text);
	}
	audit_left_out(programs, now_us, sink);
}

/* ---- status ---- */

static void put_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":\"", name);
	buf_json_text(out, text);
	buf_char(out, '"');
}

static void put_counts(struct buf *out, const struct programs *programs,
		       enum program program)
{
	const struct program_counts *counts = &programs->counts[program];
	put_text(out, "path", programs->texts[program]);
	put_text(out, "last", counts->last);
	buf_printf(
		out, ",\"ended\":%llu,\"failed\":%llu,\"late\":%llu,\"refused\":%llu",
		(unsigned long long)counts->ended, (unsigned long long)counts->failed,
		(unsigned long long)counts->late, (unsigned long long)counts->refused);
}

void programs_json(struct programs *programs, struct buf *out)
{
	char detail[GUARD_TEXT_MAX];
	bool holds = programs_describe(programs, detail);
	unsigned long long left_out = programs->left_out + programs->not_sent;
	buf_printf(out, "\"program\":{\"holds\":%s", holds ? "true" : "false");
	put_text(out, "detail", detail);
	put_text(out, "user", programs->user);
	put_counts(out, programs, PROGRAM_OF_BLOCKS);
	buf_printf(out, ",\"running\":%u,\"waiting\":%u,\"left_out\":%llu",
		   programs->running, programs->waiting, left_out);
	if (programs->texts[PROGRAM_OF_NOTICES][0] != '\0') {
		buf_printf(out, ",\"notices\":{\"holds\":%s", holds ? "true" : "false");
		put_counts(out, programs, PROGRAM_OF_NOTICES);
		buf_char(out, '}');
	}
	buf_char(out, '}');
}
