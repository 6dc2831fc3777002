/*
 * erasing_note.c: see erasing_note.h.
 */
#include "store/erasing_note.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "store/month_keys.h"

/* As it is in the file. */
struct kept_note {
	char form[8];
	uint8_t addr[16], instead[16];
	char actor[sizeof(field_text64)], why[sizeof(field_text256)];
};
static const char form[8] = "erasing1";

static void note_path(const char *folder, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/privacy/erasing", folder);
}

int erasing_note_write(const char *folder, const struct erasing_note *note)
{
	char path[PATH_MAX];
	struct kept_note kept = { 0 };
	note_path(folder, path);
	memcpy(kept.form, form, sizeof(form));
	memcpy(kept.addr, note->what.addr.ip6, sizeof(kept.addr));
	memcpy(kept.instead, note->instead.ip6, sizeof(kept.instead));
	record_text(kept.actor, sizeof(kept.actor), note->what.actor);
	record_text(kept.why, sizeof(kept.why), note->what.why);
	int error = file_replace_private(path, (const char *)&kept, sizeof(kept));
	OPENSSL_cleanse(&kept, sizeof(kept));
	return error;
}

int erasing_note_read(const char *folder, struct erasing_note *note)
{
	char path[PATH_MAX];
	struct kept_note kept;
	struct buf text = { 0 };
	note_path(folder, path);
	int error = file_read(path, sizeof(kept), &text);
	if (error == 0 &&
	    (text.len != sizeof(kept) || memcmp(text.at, form, sizeof(form)) != 0))
		error = -EINVAL;
	if (error == 0) {
		memcpy(&kept, text.at, sizeof(kept));
		kept.actor[sizeof(kept.actor) - 1] = kept.why[sizeof(kept.why) - 1] =
			'\0';
		memcpy(note->what.addr.ip6, kept.addr, sizeof(kept.addr));
		memcpy(note->instead.ip6, kept.instead, sizeof(kept.instead));
		record_text(note->what.actor, sizeof(note->what.actor), kept.actor);
		record_text(note->what.why, sizeof(note->what.why), kept.why);
		OPENSSL_cleanse(&kept, sizeof(kept));
	}
	if (text.at != NULL)
		OPENSSL_cleanse(text.at, text.size);
	buf_free(&text);
	return error;
}

int erasing_note_destroy(const char *folder)
{
	char path[PATH_MAX];
	note_path(folder, path);
	return private_file_destroy(path, sizeof(struct kept_note));
}
