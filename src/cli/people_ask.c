/*
 * people_ask.c: asks the daemon, or changes its file while it does not run; see
 * people.h.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/people.h"
#include "cli/state_folder.h"
#include "web/web.h"

static const char path[] = "/api/v1/users";

/* ---- the daemon ---- */

static int ask_daemon(const struct people_options *o, const struct buf *form,
		      struct buf *answer, char error[static CLIENT_ERROR_MAX])
{
	struct client *client = client_open(&o->common);
	snprintf(error, CLIENT_ERROR_MAX, "out of memory");
	if (client == NULL)
		return STATUS_INCOMPLETE;
	int status = form != NULL ? client_post(client, path, form, answer, error)
				  : client_get(client, path, answer, NULL, NULL, error);
	client_close(client);
	return status;
}

/* ---- the file ---- */

struct by_hand {
	struct people people;
	struct people_notes notes;
	char file[CONFIG_TEXT_MAX + sizeof(WEB_ACCESS_FILE)];
};

static int status_of(int result)
{
	switch (result) {
	case 0:
		return STATUS_OK;
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return STATUS_NOT_PERMITTED;
	case -EINVAL:
	case -EEXIST:
	case -ENOENT:
		return STATUS_USAGE;
	default:
		return STATUS_INCOMPLETE;
	}
}

static int read_file(const struct people_options *o, struct by_hand *by)
{
	struct buf error = { 0 };
	config_text folder;
	int status = state_folder(o->command, o->state, o->config_path, folder);
	if (status != STATUS_OK)
		return status;
	if (access(folder, F_OK) != 0) {
		buf_printf(&error, "no daemon runs, and %s: %s", folder,
			   strerror(errno));
		status = people_complain(o, STATUS_UNREACHABLE, buf_cstr(&error));
		buf_free(&error);
		return status;
	}
	snprintf(by->file, sizeof(by->file), "%s" WEB_ACCESS_FILE, folder);
	int result = people_file_load(by->file, &by->people, &by->notes, &error);
	if (result != 0)
		people_complain(o, STATUS_USAGE, buf_cstr(&error));
	buf_free(&error);
	return status_of(result);
}

/* Who is at the keyboard; a name of more than a word can't be kept. */
static void name_actor(char out[static PEOPLE_WORD_MAX])
{
	const struct passwd *user = getpwuid(getuid());
	bool is_word =
		user != NULL && strcspn(user->pw_name, " \n") == strlen(user->pw_name);
	if (is_word && strlen(user->pw_name) < PEOPLE_WORD_MAX)
		snprintf(out, PEOPLE_WORD_MAX, "%s", user->pw_name);
	else
		snprintf(out, PEOPLE_WORD_MAX, "uid:%u", (unsigned)getuid());
}

static int write_file(struct by_hand *by, struct people_note *note, struct buf *message)
{
	if (by->notes.count == PEOPLE_NOTES_MAX) {
		buf_clear(message);
		buf_text(message, "256 changes wait for the audit chain: start the "
				  "daemon, which writes it");
		return -EINVAL;
	}
	name_actor(note->actor);
	by->notes.at[by->notes.count++] = *note;
	int result = people_file_save(by->file, &by->people, &by->notes);
	if (result != 0) {
		buf_clear(message);
		buf_printf(message, "%s: %s", by->file, strerror(-result));
	}
	return result;
}

static const char *prepare(const char *form, struct people_asked *asked)
{
	const char *why = people_asked_read(form, asked);
	if (why == NULL && people_asked_is_link(asked))
		return "no daemon runs: it makes such links";
	if (why == NULL && asked->password[0] != '\0' &&
	    !password_hash(asked->password, asked->hash))
		return "the password could not be hashed: no memory";
	return why;
}

static int change_file(const struct people_options *o, struct by_hand *by,
		       const char *form, struct buf *answer)
{
	struct people_asked asked;
	struct people_note note = { 0 };
	struct buf message = { 0 };
	char token[TOKEN_TEXT_MAX];
	const char *why = prepare(form, &asked);
	if (why != NULL)
		return people_complain(o,
				       people_asked_is_link(&asked) ? STATUS_UNREACHABLE
								    : STATUS_USAGE,
				       why);
	int result = people_change(&by->people, &asked, clock_us(CLOCK_REALTIME), &note,
				   &message, token);
	if (result == 0)
		result = write_file(by, &note, &message);
	if (result != 0) {
		people_complain(o, STATUS_USAGE, buf_cstr(&message));
	} else {
		buf_text(answer, "{\"message\":\"");
		buf_json_text(answer, buf_cstr(&message));
		buf_printf(answer,
			   " (no daemon runs: the next one knows)\","
			   "\"token\":\"%s\"}",
			   token);
	}
	secret_forget(token, sizeof(token));
	secret_forget(&asked, sizeof(asked));
	buf_free(&message);
	return status_of(result);
}

static int ask_file(const struct people_options *o, const char *form,
		    struct buf *answer)
{
	struct by_hand *by = calloc(1, sizeof(*by));
	if (by == NULL)
		return people_complain(o, STATUS_INCOMPLETE, "out of memory");
	int status = read_file(o, by);
	if (status == STATUS_OK && form != NULL)
		status = change_file(o, by, form, answer);
	else if (status == STATUS_OK)
		people_json(&by->people, clock_us(CLOCK_REALTIME), answer);
	secret_forget(by, sizeof(*by));
	free(by);
	return status;
}

/* ---- either ---- */

json_t *people_ask(const struct people_options *o, struct buf *form, int *status)
{
	char error[CLIENT_ERROR_MAX];
	struct buf answer = { 0 };
	const char *words = NULL;
	/* A form is a query without its '?'. */
	struct buf body = { 0 };
	if (form != NULL && !buf_ok(form)) {
		*status = people_complain(o, STATUS_INCOMPLETE, "out of memory");
		return NULL;
	}
	if (form != NULL)
		body = (struct buf){ .at = form->at + 1, .len = form->len - 1 };
	*status = ask_daemon(o, form != NULL ? &body : NULL, &answer, error);
	if (*status == STATUS_UNREACHABLE) {
		buf_clear(&answer);
		words = form != NULL ? buf_cstr(form) + 1 : NULL;
		*status = ask_file(o, words, &answer);
	} else if (*status != STATUS_OK) {
		people_complain(o, *status, error);
	}
	json_t *object = *status == STATUS_OK ? object_parse(&answer) : NULL;
	if (*status == STATUS_OK && object == NULL)
		*status = people_complain(o, STATUS_INCOMPLETE,
					  "the answer can't be read");
	if (answer.at != NULL)
		secret_forget(answer.at, answer.len);
	buf_free(&answer);
	return object;
}
