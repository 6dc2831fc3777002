/*
 * people_file.c: see people_file.h.
 */
#include "web/people_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hex.h"
#include "web/people_change.h"

enum { FILE_MAX = 1 << 20, FIELDS_MAX = 7, LINE_MAX_BYTES = 512 };

static const char first_line[] = "breakwater access 1";

struct line {
	char text[LINE_MAX_BYTES];
	char *field[FIELDS_MAX];
	size_t count;
};

/* Fields have one space between them.  NULL, or what is wrong. */
static const char *split(struct line *line, const char *text, size_t len)
{
	if (len >= sizeof(line->text) || memchr(text, '\0', len) != NULL)
		return "not a line of this file";
	memcpy(line->text, text, len);
	line->text[len] = '\0';
	line->count = 0;
	for (char *at = line->text; at != NULL;) {
		if (line->count == FIELDS_MAX)
			return "too many fields";
		line->field[line->count++] = at;
		at = strchr(at, ' ');
		if (at != NULL)
			*at++ = '\0';
	}
	return NULL;
}

static bool read_time(const char *text, int64_t *out)
{
	size_t len = strlen(text);
	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

static const char *take_user(struct people *people, const struct line *line)
{
	struct user user = { 0 };
	if (line->count != 5)
		return "a user has name, role, time and hash";
	user.role = role_parse(line->field[2]);
	if (user.role == ROLE_NONE)
		return "allowed as role are " ROLES_ALLOWED;
	if (!read_time(line->field[3], &user.since_us))
		return "not a time in microseconds";
	if (strcmp(line->field[4], "-") != 0 && !password_is_hash(line->field[4]))
		return "allowed as hash are yescrypt's and -";
	if (strlen(line->field[1]) >= sizeof(user.name))
		return "a name has " PERSON_NAME_ALLOWED;
	memcpy(user.name, line->field[1], strlen(line->field[1]) + 1);
	if (password_is_hash(line->field[4]))
		memcpy(user.hash, line->field[4], strlen(line->field[4]) + 1);
	return people_add_user(people, &user);
}

static const char *take_token(struct people *people, const struct line *line)
{
	struct token token = { 0 };
	if (line->count != 6)
		return "a token has name, role, time, end and SHA-256";
	token.role = role_parse(line->field[2]);
	if (token.role == ROLE_NONE)
		return "allowed as role are " ROLES_ALLOWED;
	if (!read_time(line->field[3], &token.since_us) ||
	    !read_time(line->field[4], &token.until_us))
		return "not a time in microseconds";
	if (!hex_read(line->field[5], token.digest.at, sizeof(token.digest.at)))
		return "a SHA-256 is 64 hexadecimal digits";
	if (strlen(line->field[1]) >= sizeof(token.name))
		return "a name has " PERSON_NAME_ALLOWED;
	memcpy(token.name, line->field[1], strlen(line->field[1]) + 1);
	return people_add_token(people, &token);
}

static bool read_word(char out[static PEOPLE_WORD_MAX], const char *field)
{
	size_t len = strlen(field);
	if (len == 0 || len >= PEOPLE_WORD_MAX)
		return false;
	if (strcmp(field, "-") == 0)
		len = 0;
	memcpy(out, field, len);
	out[len] = '\0';
	return true;
}

static const char *take_change(struct people_notes *notes, const struct line *line)
{
	struct people_note note = { 0 };
	if (line->count != 7 || !read_time(line->field[1], &note.at_us) ||
	    !read_word(note.actor, line->field[3]) ||
	    !read_word(note.subject, line->field[4]) ||
	    !read_word(note.before, line->field[5]) ||
	    !read_word(note.after, line->field[6]))
		return "a change has time, action, actor, subject, before and after";
	note.action = people_action_named(line->field[2]);
	if (note.action == NULL)
		return "no such action";
	if (notes->count == PEOPLE_NOTES_MAX)
		return "too many changes";
	notes->at[notes->count++] = note;
	return NULL;
}

/* What is read. */
struct reading {
	struct people people;
	struct people_notes notes;
	struct secret_digest known;
	bool has_known;
};

static const char *take_known(struct reading *r, const struct line *line)
{
	if (line->count != 2 || r->has_known ||
	    !hex_read(line->field[1], r->known.at, sizeof(r->known.at)))
		return "once, a SHA-256: 64 hexadecimal digits";
	r->has_known = true;
	return NULL;
}

static const char *take_line(struct reading *r, const char *text, size_t len)
{
	struct line line;
	const char *why = split(&line, text, len);
	if (why != NULL)
		return why;
	if (strcmp(line.field[0], "user") == 0)
		return take_user(&r->people, &line);
	if (strcmp(line.field[0], "token") == 0)
		return take_token(&r->people, &line);
	if (strcmp(line.field[0], "change") == 0)
		return take_change(&r->notes, &line);
	if (strcmp(line.field[0], "known") == 0)
		return take_known(r, &line);
	return "a line begins with user, token, change or known";
}

static const char *take_all(struct reading *r, const char *text, size_t len,
			    size_t *line)
{
	const char *why = NULL, *end = text + len;
	for (*line = 1; text < end && why == NULL; (*line)++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		/* It was cut: who is missing can't be known. */
		if (stop == NULL)
			return "the line has no end";
		size_t line_len = (size_t)(stop - text);
		if (*line == 1)
			why = line_len == strlen(first_line) &&
					      memcmp(text, first_line, line_len) == 0
				      ? NULL
				      : "the first line is not \"breakwater access "
					"1\"";
		else
			why = take_line(r, text, line_len);
		text = stop + 1;
	}
	(*line)--;
	return why;
}

static const char *word_or_none(const char *word)
{
	return word[0] != '\0' ? word : "-";
}

static void write_people(const struct people *people, struct buf *text)
{
	for (size_t i = 0; i < people->user_count; i++) {
		const struct user *user = &people->users[i];
		buf_printf(text, "user %s %s %lld %s\n", user->name,
			   role_name(user->role), (long long)user->since_us,
			   word_or_none(user->hash));
	}
	for (size_t i = 0; i < people->token_count; i++) {
		const struct token *token = &people->tokens[i];
		char digest[SECRET_TEXT_MAX];
		hex_text(digest, token->digest.at, sizeof(token->digest.at));
		buf_printf(text, "token %s %s %lld %lld %s\n", token->name,
			   role_name(token->role), (long long)token->since_us,
			   (long long)token->until_us, digest);
	}
}

static void write_notes(const struct people_notes *notes, struct buf *text)
{
	for (size_t i = 0; i < notes->count; i++) {
		const struct people_note *note = &notes->at[i];
		buf_printf(text, "change %lld %s %s %s %s %s\n", (long long)note->at_us,
			   note->action, word_or_none(note->actor),
			   word_or_none(note->subject), word_or_none(note->before),
			   word_or_none(note->after));
	}
}

/* False without memory. */
static bool digest_people(const struct people *people, struct secret_digest *out)
{
	struct buf text = { 0 };
	write_people(people, &text);
	bool is_made = buf_ok(&text) &&
		       secret_digest_of(text.at == NULL ? "" : text.at, text.len, out);
	buf_free(&text);
	return is_made;
}

void people_file_write(const struct people *people, const struct people_notes *notes,
		       struct buf *text)
{
	struct secret_digest digest;
	char known[SECRET_TEXT_MAX];
	buf_printf(text, "%s\n", first_line);
	write_people(people, text);
	write_notes(notes, text);
	text->failed |= !digest_people(people, &digest);
	hex_text(known, digest.at, sizeof(digest.at));
	buf_printf(text, "known %s\n", known);
}

/* Nobody needs to have been known before anybody was. */
static const char *note_edits(struct reading *r)
{
	struct secret_digest digest;
	struct people_notes *notes = &r->notes;
	if (!digest_people(&r->people, &digest))
		return "out of memory";
	bool is_known = r->has_known
				? secret_same(&digest, &r->known)
				: r->people.user_count + r->people.token_count == 0;
	if (is_known || notes->count == PEOPLE_NOTES_MAX)
		return NULL;
	notes->at[notes->count++] =
		(struct people_note){ .action = people_action_named(PEOPLE_EDITED),
				      .actor = "unknown",
				      .subject = "web.access" };
	return NULL;
}

int people_file_parse(const char *text, size_t len, const char *name,
		      struct people *people, struct people_notes *notes,
		      struct buf *error)
{
	struct reading *r = calloc(1, sizeof(*r));
	size_t line = 0;
	const char *why = r != NULL ? take_all(r, text, len, &line) : "out of memory";
	if (why == NULL)
		why = note_edits(r);
	if (why == NULL) {
		*people = r->people;
		*notes = r->notes;
	} else {
		buf_printf(error, "%s:%zu: %s", name, line, why);
	}
	free(r);
	return why == NULL ? 0 : -EINVAL;
}

/* Who may write there, may everything. */
static int look_at_owner(const char *path, struct buf *error)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return -errno;
	if ((st.st_mode & (S_IWGRP | S_IWOTH | S_IRWXO)) == 0)
		return 0;
	buf_printf(error,
		   "%s: others than its owner may read or change it; do chmod 600",
		   path);
	return -EPERM;
}

int people_file_load(const char *path, struct people *people,
		     struct people_notes *notes, struct buf *error)
{
	struct buf text = { 0 };
	int result = look_at_owner(path, error);
	if (result == -ENOENT) {
		*people = (struct people){ 0 };
		*notes = (struct people_notes){ 0 };
		return 0;
	}
	if (result == 0)
		result = file_read(path, FILE_MAX, &text);
	if (result == 0)
		result = people_file_parse(text.at == NULL ? "" : text.at, text.len,
					   path, people, notes, error);
	else if (error->len == 0)
		buf_printf(error, "%s: %s", path, strerror(-result));
	buf_free(&text);
	return result;
}

int people_file_save(const char *path, const struct people *people,
		     const struct people_notes *notes)
{
	struct buf text = { 0 };
	people_file_write(people, notes, &text);
	int result =
		buf_ok(&text) ? file_replace_private(path, text.at, text.len) : -ENOMEM;
	buf_free(&text);
	return result;
}
