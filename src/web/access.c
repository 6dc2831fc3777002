/*
 * access.c: see access.h.
 */
#include "web/access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "record/record.h"
#include "web/inside.h"
#include "web/tls.h"

enum { LOOK_MS = 1000 };

static bool take_config(struct access *access, const struct config *config,
			char error[static WEB_ERROR_MAX])
{
	static struct config usual;
	if (config == NULL) {
		config_init(&usual);
		config = &usual;
	}
	return tls_is_wanted(config, &access->is_secure, error) &&
	       (!access->is_secure || tls_load(config, error) == 0) &&
	       door_open(&access->door, config);
}

static bool load(struct access *access, char error[static WEB_ERROR_MAX])
{
	struct buf why = { 0 };
	if (access->path[0] == '\0')
		return true;
	access->stamp = file_stamp(access->path);
	int result = people_file_load(access->path, &access->door.people,
				      &access->notes, &why);
	const char *text = buf_cstr(&why);
	if (result != 0)
		snprintf(error, WEB_ERROR_MAX, "%s", text != NULL ? text : "no memory");
	buf_free(&why);
	return result == 0;
}

struct access *access_open(const struct web_options *options,
			   char error[static WEB_ERROR_MAX])
{
	struct access *access = calloc(1, sizeof(*access));
	if (access == NULL)
		return NULL;
	access->source = options->source;
	if (options->access_path != NULL)
		snprintf(access->path, sizeof(access->path), "%s",
			 options->access_path);
	attempts_init(&access->attempts);
	access->hashing = hashing_new();
	if (access->hashing == NULL || !take_config(access, options->config, error) ||
	    !load(access, error)) {
		access_free(access);
		return NULL;
	}
	return access;
}

void access_name_cookie(struct access *access, uint16_t port)
{
	snprintf(access->cookie, sizeof(access->cookie), "%sbreakwater_%u",
		 access->is_secure ? "__Host-" : "", port);
}

/* ---- the audit chain ---- */

static void tell(const struct access *access, const struct people_note *note)
{
	const struct web_source *source = access->source;
	if (source->audit != NULL)
		source->audit(source->self, note->action, note->actor, note->subject,
			      note->before, note->after);
}

/* What was done while nobody could write it down. */
static void tell_late(const struct access *access, const struct people_note *note)
{
	const struct web_source *source = access->source;
	char at[TIME_TEXT_MAX], after[PEOPLE_WORD_MAX + 96];
	record_time_text(note->at_us, at);
	if (strcmp(note->action, PEOPLE_EDITED) == 0)
		snprintf(after, sizeof(after), "not by us: the file was edited");
	else
		snprintf(after, sizeof(after), "%s%s(at %s, while no monitor ran)",
			 note->after, note->after[0] != '\0' ? " " : "", at);
	if (source->audit != NULL)
		source->audit(source->self, note->action, note->actor, note->subject,
			      note->before, after);
}

static void complain(const struct access *access, const char *text)
{
	if (access->source->trouble != NULL)
		access->source->trouble(access->source->self, text);
}

static int save(struct access *access, const struct people *people)
{
	if (access->path[0] == '\0')
		return 0;
	int result = people_file_save(access->path, people, &access->notes);
	if (result == 0)
		access->stamp = file_stamp(access->path);
	return result;
}

/* They are taken out of the file first: told twice would be a change that never was. */
static void tell_notes(struct access *access)
{
	struct people_notes notes = access->notes;
	if (notes.count == 0)
		return;
	access->notes.count = 0;
	if (save(access, &access->door.people) != 0) {
		access->notes = notes;
		return;
	}
	for (size_t i = 0; i < notes.count; i++)
		tell_late(access, &notes.at[i]);
}

/* ---- who could not sign in ---- */

static const char refused_action[] = "sign_in_refused", nobody_known[] = "unknown";

void access_note_refused(struct access *access, const struct user *user,
			 const struct addr *from)
{
	const struct web_source *source = access->source;
	char words[REFUSED_TEXT_MAX];
	if (!refused_add(&access->refused, from, web_now_ms()) || source->audit == NULL)
		return;
	snprintf(words, sizeof(words), "from %s", access->refused.from);
	source->audit(source->self, refused_action, nobody_known,
		      user != NULL ? user->name : "no such user", "", words);
}

static void tell_refused(struct access *access, int64_t now_ms, bool at_end)
{
	const struct web_source *source = access->source;
	char words[REFUSED_TEXT_MAX];
	if (refused_take(&access->refused, now_ms, at_end, words) &&
	    source->audit != NULL)
		source->audit(source->self, refused_action, nobody_known, "", "",
			      words);
}

void access_free(struct access *access)
{
	if (access == NULL)
		return;
	tell_refused(access, web_now_ms(), true);
	hashing_free(access->hashing);
	tls_unload();
	secret_forget(access, sizeof(*access));
	free(access);
}

/* ---- now and then ---- */

static void sign_out(struct access *access, const char *name)
{
	session_end_of(&access->door.sessions, name, NULL);
	once_end_of(&access->once, name);
}

/* As if they had been changed by us: a user of the same name may be somebody else. */
static void sign_out_changed(struct access *access, const struct people *before)
{
	for (size_t i = 0; i < before->user_count; i++) {
		const struct user *was = &before->users[i];
		const struct user *is = people_user(&access->door.people, was->name);
		if (is == NULL || is->since_us != was->since_us ||
		    strcmp(is->hash, was->hash) != 0)
			sign_out(access, was->name);
	}
}

/* Who has edited it by hand, or with another daemon's socket. */
static void look_at_file(struct access *access)
{
	char error[WEB_ERROR_MAX], line[WEB_ERROR_MAX + 64];
	if (access->path[0] == '\0' || file_stamp(access->path) == access->stamp)
		return;
	struct people *before = malloc(sizeof(*before));
	if (before == NULL)
		return; /* at the next look */
	*before = access->door.people;
	bool is_read = load(access, error);
	if (is_read)
		sign_out_changed(access, before);
	secret_forget(before, sizeof(*before));
	free(before);
	if (is_read)
		return;
	snprintf(line, sizeof(line), "%s; users and tokens stay as they were", error);
	complain(access, line);
}

/* Each day anew, as nobody reads the log of last week. */
static void look_at_certificate(struct access *access, int64_t now_ms)
{
	enum { WARN_MS = 86400000 };
	char line[WEB_ERROR_MAX];
	if (access->warned_ms != 0 && now_ms - access->warned_ms < WARN_MS)
		return;
	if (!tls_warning(tls_until_us(), web_now_us(), line))
		return;
	access->warned_ms = now_ms;
	complain(access, line);
}

void access_tick(struct access *access, int64_t now_ms)
{
	hashing_tick(access->hashing);
	if (now_ms - access->looked_ms < LOOK_MS)
		return;
	access->looked_ms = now_ms;
	look_at_file(access);
	tell_notes(access);
	tell_refused(access, now_ms, false);
	look_at_certificate(access, now_ms);
}

bool access_has_people(const struct access *access)
{
	const struct config *config = access->door.config;
	return access->door.people.user_count > 0 ||
	       access->door.people.token_count > 0 ||
	       (config->web_proxy.count > 0 &&
		config->web_proxy_user_header[0] != '\0');
}

/* ---- changes ---- */

/* Who is no user any more, or has another password, is out. */
static void end_what_was(struct access *access, const struct people_asked *asked)
{
	bool is_removed = people_user(&access->door.people, asked->name) == NULL;
	if (!is_removed && asked->hash[0] == '\0')
		return;
	sign_out(access, asked->name);
}

int access_change(struct access *access, const struct people_asked *asked,
		  const char *actor, struct buf *message,
		  char secret[static TOKEN_TEXT_MAX])
{
	struct people_note note = { 0 };
	struct people *people = malloc(sizeof(*people));
	if (people == NULL)
		return -ENOMEM;
	*people = access->door.people;
	int result = people_change(people, asked, web_now_us(), &note, message, secret);
	int kept = result == 0 ? save(access, people) : 0;
	if (kept != 0) {
		buf_clear(message);
		buf_printf(message, "%s: %s; nothing was changed", access->path,
			   strerror(-kept));
		result = kept;
	}
	if (result == 0) {
		access->door.people = *people;
		snprintf(note.actor, sizeof(note.actor), "%s", actor);
		tell(access, &note);
		end_what_was(access, asked);
	}
	secret_forget(people, sizeof(*people));
	free(people);
	return result;
}
