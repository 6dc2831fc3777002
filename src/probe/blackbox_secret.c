/*
 * blackbox_secret.c: see blackbox_secret.h.
 */
#include "probe/blackbox_secret.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { SECRET_MAX = 8192 };

static bool is_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

bool blackbox_secret_is_given(const struct blackbox_secret *secret)
{
	return is_text(secret->text) || is_text(secret->file);
}

void blackbox_secret_free(struct blackbox_secret *secret)
{
	if (secret->kept != NULL)
		explicit_bzero(secret->kept, strlen(secret->kept));
	free(secret->kept);
	secret->kept = NULL;
}

static char *trimmed(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	return strndup(text, len);
}

void blackbox_secret_prepare(struct blackbox_secret *secret)
{
	struct buf text = { 0 };
	if (!is_text(secret->file) || file_read(secret->file, SECRET_MAX, &text) != 0)
		return;
	const char *whole = buf_cstr(&text);
	char *read = whole != NULL ? trimmed(whole) : NULL;
	if (read != NULL) {
		blackbox_secret_free(secret);
		secret->kept = read;
	}
	if (text.at != NULL)
		explicit_bzero(text.at, text.len);
	buf_free(&text);
}

const char *blackbox_secret_text(struct blackbox_secret *secret)
{
	if (!is_text(secret->file))
		return secret->text;
	blackbox_secret_prepare(secret);
	return secret->kept;
}
