/*
 * fleet_join.c: breakwater fleet join: this machine becomes a sensor of a fleet.
 *
 * Its key is made here and stays here.  What it then is, is written in an order in
 * which each moment is whole: the credentials, by which all becomes true, last.
 */
#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "fleet/authority.h"
#include "fleet/join_message.h"
#include "fleet/jwt.h"

/* Only while it joins. */
#define FILE_TOKEN_CREDENTIALS "joining.creds"
#define FILE_TOKEN_CA          "joining.pem"
enum {
	ASK_MS = 5000,
	REACH_MS = 20000,
	REFUSED_MS = 3000, /* a server that has just started may not know yet */
	LOOK_MS = 20,
	US_PER_MS = 1000,
};

static void wipe(struct buf *text)
{
	if (text->at != NULL)
		OPENSSL_cleanse(text->at, text->size);
	buf_free(text);
}

/* ---- the token ---- */

/* A terminal in its usual mode takes no more than 4095 bytes of a line, and shows them.
 */
static int read_terminal(struct buf *text)
{
	struct termios usual, raw;
	char c;
	if (tcgetattr(STDIN_FILENO, &usual) != 0)
		return -errno;
	fputs("Token: ", stderr);
	raw = usual;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	while (text->len < TOKEN_TEXT_MAX && read(STDIN_FILENO, &c, 1) == 1 &&
	       c != '\n')
		buf_char(text, c);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
	fputc('\n', stderr);
	return buf_ok(text) ? 0 : -ENOMEM;
}

static int read_input(const char *given, struct buf *text)
{
	if (given != NULL && strcmp(given, "-") != 0 && access(given, F_OK) == 0)
		return file_read(given, 2 * TOKEN_TEXT_MAX, text);
	if (given != NULL && strcmp(given, "-") != 0) {
		buf_text(text, given);
		return buf_ok(text) ? 0 : -ENOMEM;
	}
	if (isatty(STDIN_FILENO))
		return read_terminal(text);
	return file_read_fd(STDIN_FILENO, 2 * TOKEN_TEXT_MAX, text);
}

static int read_token(const char *given, struct token *token)
{
	char error[TOKEN_ERROR_MAX];
	struct buf text = { 0 };
	int status = STATUS_OK, result = read_input(given, &text);
	if (result != 0)
		status = fleet_complain("join", STATUS_USAGE, "%s: %s",
					given != NULL ? given : "standard input",
					strerror(-result));
	else if (!token_read(text.at, text.len, token, error))
		status = fleet_complain("join", STATUS_USAGE, "the token: %s", error);
	wipe(&text);
	return status;
}

/* ---- asking ---- */

struct joiner {
	const struct fleet_options *o;
	config_text state, user;
	char folder[KEYRING_PATH_MAX];
	struct token token;
	struct join_request request;
	struct join_answer answer;
};

/* The machine's own name, as far as a sensor may have it. */
static void usual_name(char out[static FLEET_NAME_MAX])
{
	char host[FLEET_NAME_MAX];
	out[0] = '\0';
	if (gethostname(host, sizeof(host)) != 0)
		return;
	host[sizeof(host) - 1] = '\0';
	host[strcspn(host, ".")] = '\0';
	if (fleet_name_is_good(host) && strcmp(host, FLEET_HUB) != 0)
		memcpy(out, host, strlen(host) + 1);
}

static int prepare(struct joiner *j)
{
	const struct claims_token *said = &j->token.claims;
	if (j->o->name != NULL)
		snprintf(j->request.name, sizeof(j->request.name), "%s", j->o->name);
	else if (said->name[0] == '\0')
		usual_name(j->request.name);
	if (j->o->name != NULL && !fleet_name_is_good(j->o->name))
		return fleet_complain("join", STATUS_USAGE,
				      "--name: allowed is 1 to 63 of A-Z a-z 0-9 _ -");
	if (j->request.name[0] == '\0' && said->name[0] == '\0')
		return fleet_complain("join", STATUS_USAGE,
				      "this machine's own name can't be a sensor's: "
				      "--name is needed");
	memcpy(j->request.id, said->id, sizeof(j->request.id));
	buf_add(&j->request.token, j->token.jwt.at, j->token.jwt.len);
	return nkey_make(NKEY_USER, &j->request.key) && buf_ok(&j->request.token)
		       ? STATUS_OK
		       : fleet_complain("join", STATUS_INCOMPLETE,
					"no memory or randomness");
}

static int write_text(const struct joiner *j, const char *file, const struct buf *text)
{
	int error = keyring_write_file(j->folder, file, text);
	if (error == 0)
		return STATUS_OK;
	return fleet_complain("join",
			      error == -EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE,
			      "%s/%s: %s", j->folder, file, strerror(-error));
}

static int write_ca(const struct joiner *j, const char *file)
{
	struct buf pem = { 0 };
	int status =
		authority_pem(j->token.ca, j->token.ca_len, &pem)
			? write_text(j, file, &pem)
			: fleet_complain("join", STATUS_INCOMPLETE, "out of memory");
	buf_free(&pem);
	return status;
}

static int write_credentials(const struct joiner *j, const char *file,
			     const struct buf *jwt, const struct nkey *user)
{
	struct buf text = { 0 };
	int status =
		jwt_credentials(jwt, user, &text)
			? write_text(j, file, &text)
			: fleet_complain("join", STATUS_INCOMPLETE, "out of memory");
	wipe(&text);
	return status;
}

static void remove_file(const struct joiner *j, const char *file)
{
	char path[KEYRING_PATH_MAX];
	if (keyring_path(j->state, file, path))
		unlink(path);
}

static struct link *connect_with(const struct joiner *j, const char *servers,
				 const char *credentials, const char *ca,
				 const char *inbox, char why[static LINK_ERROR_MAX])
{
	char files[2][KEYRING_PATH_MAX];
	struct link_options options = { .servers = servers,
					.name = "breakwater fleet join",
					.ca = files[0],
					.credentials = files[1],
					.inbox = inbox };
	if (!keyring_path(j->state, ca, files[0]) ||
	    !keyring_path(j->state, credentials, files[1]))
		return NULL;
	struct link *link = link_open(&options, why);
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	const int64_t refused_us = now_us + (int64_t)REFUSED_MS * US_PER_MS,
		      until_us = now_us + (int64_t)REACH_MS * US_PER_MS;
	while (link != NULL && !link_is_up(link) && now_us < until_us) {
		usleep(LOOK_MS * US_PER_MS);
		link_trouble(link, why);
		now_us = clock_us(CLOCK_MONOTONIC);
		/* What servers say of who they don't know stays so. */
		if (now_us > refused_us && strstr(why, "Authorization") != NULL)
			break;
	}
	if (link == NULL || link_is_up(link))
		return link;
	link_trouble(link, why);
	link_close(link);
	return NULL;
}

/* Until somebody answers, a few times: to ask again is harmless. */
static int ask(struct joiner *j, struct link *link)
{
	enum { TRIES = 4 };
	char subject[FLEET_SUBJECT_MAX], error[JOIN_ERROR_MAX];
	struct buf question = { 0 }, answer = { 0 };
	int status = STATUS_UNREACHABLE, result = -EAGAIN;
	snprintf(subject, sizeof(subject), FLEET_JOIN, j->request.id);
	bool is_written = join_request_write(&j->request, &question);
	for (int i = 0; i < TRIES && is_written && result != 0; i++) {
		result = link_ask(link, subject, question.at, question.len, ASK_MS,
				  &answer);
		if (result != 0)
			usleep(ASK_MS / TRIES * US_PER_MS);
	}
	if (result != 0)
		fleet_complain(
			"join", 0,
			"a server was reached, but no hub answers: does one run?");
	else if (!join_answer_read(answer.at, answer.len, &j->request, &j->token.fleet,
				   &j->answer, error))
		fleet_complain("join", 0, "the answer can't be taken: %s", error);
	else if (j->answer.refused[0] != '\0')
		status = fleet_complain("join", STATUS_NOT_PERMITTED, "refused: %s",
					j->answer.refused);
	else
		status = STATUS_OK;
	wipe(&question);
	buf_free(&answer);
	return status;
}

static int ask_hub(struct joiner *j)
{
	char why[LINK_ERROR_MAX] = "", inbox[FLEET_SUBJECT_MAX];
	snprintf(inbox, sizeof(inbox), FLEET_JOIN_INBOX, j->request.id);
	int status = write_ca(j, FILE_TOKEN_CA);
	if (status == STATUS_OK)
		status = write_credentials(j, FILE_TOKEN_CREDENTIALS, &j->token.jwt,
					   &j->token.claims.user);
	struct link *link = NULL;
	if (status == STATUS_OK) {
		link = connect_with(j, j->token.servers, FILE_TOKEN_CREDENTIALS,
				    FILE_TOKEN_CA, inbox, why);
		status = link != NULL
				 ? ask(j, link)
				 : fleet_complain(
					   "join", STATUS_UNREACHABLE,
					   "no server of %s lets this token in: %s. "
					   "One that was used, or is over, is not "
					   "let in any more",
					   j->token.servers, why);
	}
	if (link != NULL)
		link_close(link);
	remove_file(j, FILE_TOKEN_CREDENTIALS);
	remove_file(j, FILE_TOKEN_CA);
	return status;
}

/* ---- what it is from now on ---- */

static json_t *list_of(const char *text)
{
	char copy[TOKEN_SERVERS_MAX], *at = copy;
	json_t *list = json_array();
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word; text[0] != '\0' && (word = strsep(&at, ",")) != NULL;)
		json_array_append_new(list, json_string(word));
	return list;
}

static int write_identity(const struct joiner *j)
{
	struct buf text = { 0 };
	const struct join_answer *a = &j->answer;
	json_t *object =
		json_pack("{s:s, s:s, s:o, s:o}", "name", a->name, "site", a->site,
			  "tags", list_of(a->tags), "servers", list_of(a->servers));
	char *dumped = object != NULL ? json_dumps(object, JSON_INDENT(2)) : NULL;
	if (dumped != NULL)
		buf_printf(&text, "%s\n", dumped);
	else
		text.failed = true;
	int status = write_text(j, FLEET_FILE_IDENTITY, &text);
	free(dumped);
	json_decref(object);
	buf_free(&text);
	return status;
}

static int write_public(const struct joiner *j)
{
	char key[NKEY_TEXT_MAX];
	struct buf text = { 0 };
	nkey_public_text(&j->token.fleet, key);
	buf_printf(&text, "%s\n", key);
	int status = write_text(j, FLEET_FILE_PUBLIC, &text);
	buf_free(&text);
	return status;
}

static int become(struct joiner *j)
{
	int status = write_ca(j, FLEET_FILE_CA);
	if (status == STATUS_OK)
		status = write_public(j);
	if (status == STATUS_OK)
		status = write_identity(j);
	if (status == STATUS_OK)
		status = write_credentials(j, FLEET_FILE_SENSOR, &j->answer.jwt,
					   &j->request.key);
	return status;
}

/* With what was written, and as who it is now. */
static int try_it(const struct joiner *j)
{
	char why[LINK_ERROR_MAX] = "", inbox[FLEET_SUBJECT_MAX];
	snprintf(inbox, sizeof(inbox), FLEET_INBOX, j->answer.name);
	struct link *link = connect_with(j, j->answer.servers, FLEET_FILE_SENSOR,
					 FLEET_FILE_CA, inbox, why);
	if (link == NULL)
		return fleet_complain("join", STATUS_UNREACHABLE,
				      "joined as %s, but no server lets it in yet: %s",
				      j->answer.name, why);
	link_close(link);
	return STATUS_OK;
}

static void say_next(const struct joiner *j)
{
	const struct join_answer *a = &j->answer;
	printf("This machine is the sensor %s%s%s%s%s.  What it is lies in %s; its key "
	       "never leaves it.\n"
	       "In the configuration, so that it tells what it sees:\n\n"
	       "fleet:\n  servers: [",
	       a->name, a->site[0] != '\0' ? " at " : "", a->site,
	       a->tags[0] != '\0' ? ", " : "", a->tags, j->folder);
	for (const char *at = a->servers; *at != '\0'; at++)
		if (*at == ',')
			fputs(", ", stdout);
		else
			putchar(*at);
	puts("]\n\nthen restart the daemon (\"breakwater run\").");
}

static int join_it(struct joiner *j)
{
	int status = prepare(j);
	if (status == STATUS_OK)
		status = fleet_make_folder("join", j->state, j->user);
	if (status == STATUS_OK)
		status = ask_hub(j);
	if (status == STATUS_OK)
		status = become(j);
	if (status == STATUS_OK)
		status = try_it(j);
	if (status == STATUS_OK)
		say_next(j);
	return status;
}

int fleet_join(const struct fleet_options *o, const char *given)
{
	static struct joiner j;
	j = (struct joiner){ .o = o };
	int status = fleet_state("join", o, j.state, j.user);
	if (status == STATUS_OK && !keyring_path(j.state, NULL, j.folder))
		status = fleet_complain("join", STATUS_USAGE, "%s: it is too long",
					j.state);
	if (status != STATUS_OK)
		return status;
	status = read_token(given, &j.token);
	if (status == STATUS_OK)
		status = join_it(&j);
	token_free(&j.token);
	join_request_free(&j.request);
	join_answer_free(&j.answer);
	return status;
}
