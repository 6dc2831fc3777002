/*
 * fuzz_people.c: any bytes as the file of users and tokens, and as the form that
 * changes them: no crash, a message for every refusal, and what is taken is written so
 * that it is read back the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/people_change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct people people, again;
static struct people_notes notes, notes_again;

static void read_again(void)
{
	struct buf text = { 0 }, error = { 0 };
	people_file_write(&people, &notes, &text);
	if (!buf_ok(&text) || people_file_parse(text.at, text.len, "again", &again,
						&notes_again, &error) != 0)
		abort();
	/* NOLINTBEGIN(bugprone-suspicious-memory-comparison,cert-*): both began as
	 * zeros */
	if (memcmp(&again, &people, sizeof(people)) != 0 ||
	    notes_again.count != notes.count)
		abort();
	/* NOLINTEND(bugprone-suspicious-memory-comparison,cert-*) */
	buf_free(&text);
	buf_free(&error);
}

static void change(const uint8_t *data, size_t size)
{
	struct people_asked asked;
	struct people_note note = { 0 };
	struct buf form = { 0 }, message = { 0 };
	char secret[TOKEN_TEXT_MAX];
	buf_add(&form, data, size);
	const char *words = buf_cstr(&form);
	if (words != NULL && people_asked_read(words, &asked) == NULL &&
	    !people_asked_is_link(&asked)) {
		int result = people_change(&people, &asked, 1, &note, &message, secret);
		if (message.len == 0 || (result == 0 && note.action == NULL))
			abort();
	}
	buf_free(&form);
	buf_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char first[] = "breakwater access 1\n";
	struct buf text = { 0 }, error = { 0 };
	memset(&people, 0, sizeof(people));
	memset(&notes, 0, sizeof(notes));
	/* The first line is always the same: what comes behind it is of interest. */
	buf_text(&text, first);
	buf_add(&text, data, size);
	int result =
		people_file_parse(text.at, text.len, "fuzz", &people, &notes, &error);
	if ((result == 0) != (error.len == 0))
		abort();
	change(data, size);
	read_again();
	buf_free(&text);
	buf_free(&error);
	return 0;
}
