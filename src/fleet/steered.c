/*
 * steered.c: see steered.h.
 */
#include "fleet/steered.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { FILE_MAX = 32 << 20 };

struct held {
	struct document document; /* text lies in bytes */
	char *bytes;              /* owned, as it was signed */
	size_t len;
};

struct steered {
	char path[4096];
	struct nkey key;
	struct document_reader me;
	struct held at[STEERED_MAX]; /* in order of scope, then kind */
	size_t count;
	struct news_have refused[STEERED_MAX]; /* newer ones that are not taken */
	size_t refused_count;
	uint64_t refused_version;
	char refused_text[STEERED_REFUSED_MAX];
};

/* ---- what is held ---- */

static int compare(const struct document *a, const struct document *b)
{
	int order = document_scope_compare(&a->scope, &b->scope);
	return order != 0 ? order : (int)a->kind - (int)b->kind;
}

static struct held *find(struct steered *kept, const struct document *document)
{
	for (size_t i = 0; i < kept->count; i++)
		if (compare(&kept->at[i].document, document) == 0)
			return &kept->at[i];
	return NULL;
}

/* A copy; false without memory or room. */
static bool hold(struct steered *kept, const struct document *document,
		 const void *bytes, size_t len)
{
	struct held *held = find(kept, document);
	struct held fresh = { .document = *document, .len = len };
	if (held == NULL && kept->count == STEERED_MAX)
		return false;
	fresh.bytes = malloc(len);
	if (fresh.bytes == NULL)
		return false;
	memcpy(fresh.bytes, bytes, len);
	fresh.document.text = fresh.bytes + (document->text - (const char *)bytes);
	if (held != NULL) {
		free(held->bytes);
		*held = fresh;
		return true;
	}
	size_t at = kept->count++;
	for (; at > 0 && compare(document, &kept->at[at - 1].document) < 0; at--)
		kept->at[at] = kept->at[at - 1];
	kept->at[at] = fresh;
	return true;
}

static int save(const struct steered *kept)
{
	struct buf text = { 0 };
	for (size_t i = 0; i < kept->count; i++)
		buf_add(&text, kept->at[i].bytes, kept->at[i].len);
	int result = !buf_ok(&text) ? -ENOMEM
				    : file_replace_private(kept->path,
							   text.len > 0 ? text.at : "",
							   text.len);
	buf_free(&text);
	return result;
}

/* ---- refused ---- */

static void refuse(struct steered *kept, const struct document *document,
		   const char *why)
{
	struct news_have *entry = NULL;
	for (size_t i = 0; i < kept->refused_count; i++)
		if (kept->refused[i].kind == document->kind &&
		    document_scope_compare(&kept->refused[i].scope, &document->scope) ==
			    0)
			entry = &kept->refused[i];
	if (entry == NULL && kept->refused_count < STEERED_MAX)
		entry = &kept->refused[kept->refused_count++];
	if (entry != NULL)
		*entry = (struct news_have){ document->scope, document->kind,
					     document->version };
	struct buf text = { 0 };
	plan_say_refused(&text, document, why);
	const char *said = buf_cstr(&text);
	kept->refused_version = document->version;
	snprintf(kept->refused_text, sizeof(kept->refused_text), "%s",
		 said != NULL ? said : "no memory");
	buf_free(&text);
}

/* A newer one of that place is in force. */
static void forgive(struct steered *kept, const struct document *document)
{
	for (size_t i = 0; i < kept->refused_count; i++) {
		const struct news_have refused = kept->refused[i];
		if (refused.kind != document->kind ||
		    document_scope_compare(&refused.scope, &document->scope) != 0)
			continue;
		kept->refused[i] = kept->refused[--kept->refused_count];
		if (refused.version == kept->refused_version)
			kept->refused_text[0] = '\0';
		return;
	}
}

void steered_retry(struct steered *kept)
{
	kept->refused_count = 0;
	kept->refused_text[0] = '\0';
}

/* ---- from the disk ---- */

static void take_file(struct steered *kept, const struct buf *text, struct buf *errors)
{
	size_t at = 0;
	while (at < text->len) {
		struct document document;
		char why[DOCUMENT_WHY_MAX];
		size_t len = document_open(text->at + at, text->len - at, &kept->key,
					   &document, why);
		if (len == 0) {
			buf_printf(errors,
				   "%s: %s; what follows it is asked for anew\n",
				   kept->path, why);
			return;
		}
		if (document.kind != DOCUMENT_KINDS &&
		    document_is_for(&document.scope, &kept->me) &&
		    !hold(kept, &document, text->at + at, len))
			buf_printf(errors, "%s: not enough memory\n", kept->path);
		at += len;
	}
}

struct steered *steered_open(const char *folder, const struct nkey *key,
			     const struct document_reader *me, struct buf *errors)
{
	struct steered *kept = calloc(1, sizeof(*kept));
	struct buf text = { 0 };
	if (kept == NULL)
		return NULL;
	kept->key = *key;
	kept->me = *me;
	snprintf(kept->path, sizeof(kept->path), "%s/" STEERED_FILE, folder);
	int error = file_read(kept->path, FILE_MAX, &text);
	if (error == 0)
		take_file(kept, &text, errors);
	else if (error != -ENOENT)
		buf_printf(errors, "%s: %s\n", kept->path, strerror(-error));
	buf_free(&text);
	return kept;
}

void steered_close(struct steered *kept)
{
	if (kept == NULL)
		return;
	for (size_t i = 0; i < kept->count; i++)
		free(kept->at[i].bytes);
	free(kept);
}

/* ---- with hubs ---- */

/* What was refused is not sent again: it would be refused again. */
void steered_ask(const struct steered *kept, struct buf *out)
{
	struct news_have have[NEWS_HAVE_MAX];
	size_t count = 0;
	for (size_t i = 0; i < kept->count && count < NEWS_HAVE_MAX; i++) {
		const struct document *document = &kept->at[i].document;
		if (news_has(kept->refused, kept->refused_count, &document->scope,
			     document->kind) == 0)
			have[count++] =
				(struct news_have){ document->scope, document->kind,
						    document->version };
	}
	for (size_t i = 0; i < kept->refused_count && count < NEWS_HAVE_MAX; i++)
		have[count++] = kept->refused[i];
	news_ask_write(have, count, out);
}

/* 1: it is in force; 0: it is not news, or is refused. */
static int take_one(struct steered *kept, const struct document *document,
		    const void *bytes, size_t len, steered_take take, void *self)
{
	const struct held *held = find(kept, document);
	struct buf why = { 0 };
	uint64_t refused = news_has(kept->refused, kept->refused_count,
				    &document->scope, document->kind);
	if (document->kind == DOCUMENT_KINDS ||
	    !document_is_for(&document->scope, &kept->me) ||
	    (held != NULL && document->version <= held->document.version) ||
	    document->version <= refused)
		return 0;
	bool is_taken = false;
	if (held == NULL && kept->count == STEERED_MAX)
		buf_printf(&why, "%d documents are in force, as many as may be",
			   STEERED_MAX);
	else
		is_taken = take(self, document, &why);
	if (!is_taken)
		refuse(kept, document, buf_cstr(&why) != NULL ? why.at : "no memory");
	else if (hold(kept, document, bytes, len))
		forgive(kept, document);
	buf_free(&why);
	return is_taken;
}

int steered_answer(struct steered *kept, const void *bytes, size_t len,
		   steered_take take, void *self, char error[static STEERED_ERROR_MAX])
{
	const size_t magic = strlen(NEWS_ANSWER);
	int taken = 0, bad = 0;
	if (len < magic || memcmp(bytes, NEWS_ANSWER, magic) != 0) {
		snprintf(error, STEERED_ERROR_MAX, "what a hub answered is no answer");
		return -EBADMSG;
	}
	for (size_t at = magic; at < len && bad == 0;) {
		struct document document;
		char why[DOCUMENT_WHY_MAX];
		const char *one = (const char *)bytes + at;
		size_t used = document_open(one, len - at, &kept->key, &document, why);
		if (used == 0) {
			snprintf(error, STEERED_ERROR_MAX, "a hub sent %s", why);
			bad = -EBADMSG;
		} else {
			taken += take_one(kept, &document, one, used, take, self);
		}
		at += used;
	}
	int saved = taken > 0 ? save(kept) : 0;
	if (saved != 0)
		snprintf(error, STEERED_ERROR_MAX,
			 "%.200s: %s; it is in force until the end", kept->path,
			 strerror(-saved));
	return bad != 0 ? bad : saved != 0 ? saved : taken;
}

/* ---- what is in force ---- */

void steered_each(const struct steered *kept,
		  void (*take)(void *to, const struct document *document), void *to)
{
	for (size_t i = 0; i < kept->count; i++)
		take(to, &kept->at[i].document);
}

void steered_again(struct steered *kept, steered_take take, void *self)
{
	for (size_t i = 0; i < kept->count; i++) {
		struct buf why = { 0 };
		const struct document *document = &kept->at[i].document;
		if (!take(self, document, &why))
			refuse(kept, document,
			       buf_cstr(&why) != NULL ? why.at : "no memory");
		buf_free(&why);
	}
}

bool steered_is_narrowest(const struct steered *kept, const struct document *document)
{
	for (size_t i = 0; i < kept->count; i++) {
		const struct document *other = &kept->at[i].document;
		if (other->kind == document->kind && other->len > 0 &&
		    document_scope_compare(&other->scope, &document->scope) > 0)
			return false;
	}
	return true;
}

uint64_t steered_version(const struct steered *kept)
{
	uint64_t version = 0;
	for (size_t i = 0; i < kept->count; i++) {
		const struct document *document = &kept->at[i].document;
		bool counts =
			document->kind != DOCUMENT_SHARED &&
			news_has(kept->refused, kept->refused_count, &document->scope,
				 document->kind) != document->version;
		if (counts && document->version > version)
			version = document->version;
	}
	return version;
}

const char *steered_refused(const struct steered *kept)
{
	return kept->refused_text;
}
