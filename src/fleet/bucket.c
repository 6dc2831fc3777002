/*
 * bucket.c: see bucket.h.
 *
 * A document is put before the plan names it, under a version that nobody has used, so
 * a plan never names what is not there.  Who loses the race for the plan takes his
 * away.
 */
#include "fleet/bucket.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 8 };

static int say(char error[static BUCKET_ERROR_MAX], int code, const char *what)
{
	snprintf(error, BUCKET_ERROR_MAX, "%s", what);
	return code;
}

static int say_away(char error[static BUCKET_ERROR_MAX])
{
	return say(error, -EAGAIN, "the NATS servers do not answer; try again");
}

int bucket_read(struct link *link, struct plan *plan, uint64_t *revision,
		char error[static BUCKET_ERROR_MAX])
{
	struct buf text = { 0 };
	char why[DOCUMENT_WHY_MAX];
	*revision = 0;
	int result = link_get(link, PLAN_KEY, &text, revision);
	bool good = true;
	if (result == 0 || result == -ENOENT)
		good = plan_read(text.at, text.len, plan, why);
	buf_free(&text);
	if (!good)
		return say(error, -EBADMSG, why);
	return result == 0 || result == -ENOENT ? 0 : say_away(error);
}

int bucket_write(struct link *link, const struct plan *plan, uint64_t *revision,
		 char error[static BUCKET_ERROR_MAX])
{
	struct buf text = { 0 };
	plan_write(plan, &text);
	int result = buf_ok(&text) ? link_put(link, PLAN_KEY, text.at, text.len,
					      *revision, revision)
				   : -ENOMEM;
	buf_free(&text);
	if (result == -EEXIST)
		return say(error, -EEXIST,
			   "somebody else has changed the plan; try again");
	return result == 0 ? 0 : say_away(error);
}

int bucket_document(struct link *link, const struct document_scope *scope,
		    enum document_kind kind, uint64_t version, struct buf *bytes)
{
	char key[PLAN_KEY_MAX];
	uint64_t revision;
	plan_key(scope, kind, version, key);
	return link_get(link, key, bytes, &revision);
}

/* Without that plan nothing may name the document: who goes back must not find it. */
static int write_or_remove(const struct bucket_change *change, const struct plan *plan,
			   uint64_t *revision, const struct document *document,
			   char error[static BUCKET_ERROR_MAX])
{
	char key[PLAN_KEY_MAX];
	int result = bucket_write(change->link, plan, revision, error);
	if (result != -EEXIST)
		return result;
	plan_key(&document->scope, document->kind, document->version, key);
	link_remove(change->link, key);
	return result;
}

/* ---- one that is new ---- */

/* Under a version that is free, which is then the plan's last. */
static int put_document(const struct bucket_change *change, struct plan *plan,
			struct document *document, char error[static BUCKET_ERROR_MAX])
{
	int result = -EEXIST;
	document->made_us = change->now_us;
	snprintf(document->by, sizeof(document->by), "%s", change->by);
	for (int i = 0; i < TRIES && result == -EEXIST; i++) {
		char key[PLAN_KEY_MAX];
		struct buf bytes = { 0 };
		uint64_t revision;
		document->version = plan->last_version + (uint64_t)i;
		plan_key(&document->scope, document->kind, document->version, key);
		if (!document_sign(document, change->key, &bytes)) {
			buf_free(&bytes);
			return say(error, -EINVAL,
				   "the document can't be signed: it is longer than "
				   "256 KiB, or the fleet's key is not here");
		}
		result = link_put(change->link, key, bytes.at, bytes.len, 0, &revision);
		buf_free(&bytes);
	}
	plan->last_version = document->version;
	return result == 0 ? 0 : say_away(error);
}

static int begin(const struct bucket_change *change, const struct plan_wish *wish,
		 struct plan *plan, struct document *document,
		 char error[static BUCKET_ERROR_MAX])
{
	char why[PLAN_WHY_MAX];
	if (!plan_begin(plan, wish, change->now_us, why))
		return say(error, -EBUSY, why);
	int result = put_document(change, plan, document, error);
	plan->rollout.coming = plan->last_version;
	return result;
}

int bucket_apply(const struct bucket_change *change, const struct plan_wish *wish,
		 const char *text, size_t len, uint64_t *version,
		 char error[static BUCKET_ERROR_MAX])
{
	struct plan *plan = malloc(sizeof(*plan));
	int result = plan != NULL ? -EEXIST : -ENOMEM;
	for (int i = 0; i < TRIES && result == -EEXIST; i++) {
		uint64_t revision;
		struct document document = { .scope = wish->scope,
					     .kind = wish->kind,
					     .text = text,
					     .len = len };
		result = bucket_read(change->link, plan, &revision, error);
		if (result == 0)
			result = begin(change, wish, plan, &document, error);
		if (result == 0)
			result = write_or_remove(change, plan, &revision, &document,
						 error);
		*version = document.version;
	}
	free(plan);
	return result;
}

/* ---- back ---- */

/* The text of a version; of 0, that there is none. */
static int read_text(const struct bucket_change *change,
		     const struct document_scope *scope, enum document_kind kind,
		     uint64_t version, struct buf *bytes, struct document *out,
		     char error[static BUCKET_ERROR_MAX])
{
	char why[DOCUMENT_WHY_MAX];
	*out = (struct document){ .scope = *scope, .kind = kind, .text = "" };
	if (version == 0)
		return 0;
	int result = bucket_document(change->link, scope, kind, version, bytes);
	if (result == -ENOENT) {
		snprintf(error, BUCKET_ERROR_MAX,
			 "version %" PRIu64 " of it is not kept; breakwater fleet show "
			 "lists those that are",
			 version);
		return -ENOENT;
	}
	if (result != 0)
		return say_away(error);
	if (document_open(bytes->at, bytes->len, change->key, out, why) == 0)
		return say(error, -EBADMSG, why);
	return 0;
}

int bucket_halt(const struct bucket_change *change, struct plan *plan,
		uint64_t *revision, const char *why, uint64_t *version,
		char error[static BUCKET_ERROR_MAX])
{
	struct plan_rollout *r = &plan->rollout;
	const uint64_t before = r->before;
	struct buf bytes = { 0 };
	struct document document;
	int result =
		read_text(change, &r->scope, r->kind, before, &bytes, &document, error);
	if (result == 0) {
		plan_halt(plan, change->by, why, change->now_us);
		document.returns = before;
		result = put_document(change, plan, &document, error);
		*version = document.version;
	}
	struct plan_entry *entry = plan_find(plan, &r->scope, r->kind);
	if (result == 0 && entry != NULL)
		entry->version = document.version;
	if (result == 0)
		result = write_or_remove(change, plan, revision, &document, error);
	buf_free(&bytes);
	return result;
}

static bool is_that(const struct plan *plan, const struct plan_wish *wish)
{
	const struct plan_rollout *r = &plan->rollout;
	return r->state == PLAN_ROLLING && r->kind == wish->kind &&
	       document_scope_compare(&r->scope, &wish->scope) == 0;
}

/* The one before what is in force: of one that returned, before what it returned to. */
static int version_before(const struct bucket_change *change, struct plan *plan,
			  const struct plan_wish *wish, uint64_t *out,
			  char error[static BUCKET_ERROR_MAX])
{
	uint64_t versions[BUCKET_VERSIONS_MAX] = { 0 }, below;
	const struct plan_entry *entry = plan_find(plan, &wish->scope, wish->kind);
	struct buf bytes = { 0 };
	struct document now;
	if (entry == NULL || entry->version == 0)
		return say(error, -ENOENT, "there is no such document to go back from");
	int result = read_text(change, &wish->scope, wish->kind, entry->version, &bytes,
			       &now, error);
	below = now.returns != 0 ? now.returns : entry->version;
	buf_free(&bytes);
	if (result != 0)
		return result;
	int count = bucket_versions(change->link, &wish->scope, wish->kind, versions);
	if (count < 0)
		return say_away(error);
	*out = 0;
	for (int i = 0; i < count && *out == 0; i++)
		if (versions[i] < below)
			*out = versions[i];
	return 0;
}

static int apply_again(const struct bucket_change *change, const struct plan_wish *wish,
		       struct plan *plan, uint64_t *revision, uint64_t to,
		       uint64_t *version, char error[static BUCKET_ERROR_MAX])
{
	struct buf bytes = { 0 };
	struct document document;
	int result = read_text(change, &wish->scope, wish->kind, to, &bytes, &document,
			       error);
	document.returns = to;
	if (result == 0)
		result = begin(change, wish, plan, &document, error);
	if (result == 0)
		result = write_or_remove(change, plan, revision, &document, error);
	*version = document.version;
	buf_free(&bytes);
	return result;
}

static int go_back(const struct bucket_change *change, const struct plan_wish *wish,
		   struct plan *plan, uint64_t to, uint64_t *version,
		   char error[static BUCKET_ERROR_MAX])
{
	uint64_t revision;
	int result = bucket_read(change->link, plan, &revision, error);
	if (result != 0)
		return result;
	if (is_that(plan, wish) && (to == 0 || to == plan->rollout.before))
		return bucket_halt(change, plan, &revision, "somebody wanted it so",
				   version, error);
	if (to == 0)
		result = version_before(change, plan, wish, &to, error);
	return result != 0
		       ? result
		       : apply_again(change, wish, plan, &revision, to, version, error);
}

int bucket_back(const struct bucket_change *change, const struct plan_wish *wish,
		uint64_t to, uint64_t *version, char error[static BUCKET_ERROR_MAX])
{
	struct plan *plan = malloc(sizeof(*plan));
	int result = plan != NULL ? -EEXIST : -ENOMEM;
	for (int i = 0; i < TRIES && result == -EEXIST; i++)
		result = go_back(change, wish, plan, to, version, error);
	free(plan);
	return result;
}

/* ---- what is kept ---- */

struct versions {
	uint64_t *at;
	size_t count, size;
};

static void take_version(void *to, const char *key, const void *value, size_t len,
			 uint64_t revision)
{
	struct versions *versions = to;
	const char *dot = strrchr(key, '.');
	uint64_t version = dot != NULL ? strtoull(dot + 1, NULL, 10) : 0;
	(void)value;
	(void)len;
	(void)revision;
	if (versions->count == versions->size) {
		size_t size = versions->size == 0 ? 64 : versions->size * 2;
		uint64_t *grown = realloc(versions->at, size * sizeof(*grown));
		if (grown == NULL)
			return;
		versions->at = grown;
		versions->size = size;
	}
	if (version != 0)
		versions->at[versions->count++] = version;
}

static int newest_first(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;
	return (*one < *other) - (*one > *other);
}

static int list_versions(struct link *link, const struct document_scope *scope,
			 enum document_kind kind, struct versions *out)
{
	char prefix[PLAN_KEY_MAX];
	plan_key(scope, kind, 0, prefix);
	prefix[strlen(prefix) - 1] = '\0'; /* the version */
	int result = link_each(link, prefix, take_version, out);
	if (out->count > 0)
		qsort(out->at, out->count, sizeof(*out->at), newest_first);
	return result;
}

int bucket_versions(struct link *link, const struct document_scope *scope,
		    enum document_kind kind, uint64_t out[static BUCKET_VERSIONS_MAX])
{
	struct versions versions = { 0 };
	int result = list_versions(link, scope, kind, &versions);
	size_t count = versions.count < BUCKET_VERSIONS_MAX ? versions.count
							    : BUCKET_VERSIONS_MAX;
	if (count > 0)
		memcpy(out, versions.at, count * sizeof(*out));
	free(versions.at);
	return result != 0 ? result : (int)count;
}

void bucket_prune(struct link *link, const struct document_scope *scope,
		  enum document_kind kind)
{
	struct versions versions = { 0 };
	if (list_versions(link, scope, kind, &versions) == 0)
		for (size_t i = BUCKET_VERSIONS_MAX; i < versions.count; i++) {
			char key[PLAN_KEY_MAX];
			plan_key(scope, kind, versions.at[i], key);
			link_remove(link, key);
		}
	free(versions.at);
}
