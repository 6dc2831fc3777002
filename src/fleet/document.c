/*
 * document.c: see document.h.
 *
 * Lines of a head in a fixed order, the text, and the signature over all before it.
 * What comes is a stranger's until its signature is right: nothing else is looked at
 * but how long it is.
 */
#include "fleet/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/claims.h"

#define MAGIC "breakwater document 1\n"

static const char *const kind_names[DOCUMENT_KINDS] = {
	"config", "register", "limits", "notify", "silences", "targets", "shared",
};
static const char *const scope_names[SCOPES] = { "all", "site", "tag", "sensor" };

const char *document_kind_name(enum document_kind kind)
{
	return kind_names[kind];
}

int document_kind_of(const char *name)
{
	for (int i = 0; i < DOCUMENT_KINDS; i++)
		if (strcmp(name, kind_names[i]) == 0)
			return i;
	return DOCUMENT_KIND_NONE;
}

void document_say_kinds(struct buf *out)
{
	for (int i = 0; i < DOCUMENT_KINDS; i++) {
		bool is_last = i == DOCUMENT_KINDS - 1;
		buf_text(out, i == 0 ? "" : is_last ? " or " : ", ");
		buf_text(out, kind_names[i]);
	}
}

/* ---- scopes ---- */

bool document_scope_parse(const char *text, struct document_scope *out)
{
	*out = (struct document_scope){ .of = SCOPE_ALL };
	if (strcmp(text, scope_names[SCOPE_ALL]) == 0)
		return true;
	for (unsigned of = SCOPE_SITE; of < SCOPES; of++) {
		size_t len = strlen(scope_names[of]);
		if (strncmp(text, scope_names[of], len) != 0 || text[len] != ':')
			continue;
		const char *name = text + len + 1;
		bool is_good = of == SCOPE_SENSOR ? fleet_name_is_good(name)
						  : claims_word_is_good(name);
		if (!is_good)
			return false;
		out->of = (enum scope_of)of;
		snprintf(out->name, sizeof(out->name), "%s", name);
		return true;
	}
	return false;
}

void document_scope_text(const struct document_scope *scope,
			 char out[static SCOPE_TEXT_MAX])
{
	snprintf(out, SCOPE_TEXT_MAX, "%s%s%s", scope_names[scope->of],
		 scope->of == SCOPE_ALL ? "" : ":", scope->name);
}

int document_scope_compare(const struct document_scope *a,
			   const struct document_scope *b)
{
	if (a->of != b->of)
		return a->of < b->of ? -1 : 1;
	return strcmp(a->name, b->name);
}

static bool has_tag(const char *tags, const char *name)
{
	size_t len = strlen(name);
	while (*tags != '\0') {
		size_t part = strcspn(tags, ",");
		if (part == len && strncmp(tags, name, len) == 0)
			return true;
		tags += part;
		tags += *tags == ',';
	}
	return false;
}

bool document_is_for(const struct document_scope *scope,
		     const struct document_reader *reader)
{
	switch (scope->of) {
	case SCOPE_ALL:
		return true;
	case SCOPE_SITE:
		return strcmp(scope->name, reader->site) == 0;
	case SCOPE_TAG:
		return has_tag(reader->tags, scope->name);
	default:
		return strcmp(scope->name, reader->sensor) == 0;
	}
}

/* ---- written ---- */

/* One line that shows as it is. */
static bool is_plain(const char *text)
{
	size_t len = 0;
	for (; text[len] != '\0'; len++)
		if ((unsigned char)text[len] < ' ' || text[len] == 127)
			return false;
	return len > 0 && len < DOCUMENT_BY_MAX;
}

bool document_sign(const struct document *document, const struct nkey *key,
		   struct buf *out)
{
	char scope[SCOPE_TEXT_MAX];
	uint8_t signature[SIGNATURE_LEN];
	if (document->len > DOCUMENT_TEXT_MAX || document->version == 0 ||
	    !is_plain(document->by))
		return false;
	size_t from = out->len;
	document_scope_text(&document->scope, scope);
	buf_printf(out,
		   MAGIC "scope %s\nkind %s\nversion %" PRIu64 "\nmade %" PRId64
			 "\nby %s\nreturns %" PRIu64 "\ntext %zu\n",
		   scope, document_kind_name(document->kind), document->version,
		   document->made_us, document->by, document->returns, document->len);
	if (document->len > 0)
		buf_add(out, document->text, document->len);
	if (!buf_ok(out) || !nkey_sign(key, out->at + from, out->len - from, signature))
		return false;
	buf_add(out, signature, sizeof(signature));
	return buf_ok(out);
}

/* ---- read ---- */

struct head {
	const char *at;
	size_t len;
};

/* The value of the next line, "NAME VALUE\n"; false: that is not what comes. */
static bool take_line(struct head *head, const char *name, char *value, size_t size)
{
	size_t name_len = strlen(name);
	const char *end = memchr(head->at, '\n', head->len);
	if (end == NULL)
		return false;
	size_t len = (size_t)(end - head->at);
	if (len <= name_len || memcmp(head->at, name, name_len) != 0 ||
	    head->at[name_len] != ' ' || len - name_len - 1 >= size ||
	    memchr(head->at, '\0', len) != NULL)
		return false;
	memcpy(value, head->at + name_len + 1, len - name_len - 1);
	value[len - name_len - 1] = '\0';
	head->at += len + 1;
	head->len -= len + 1;
	return true;
}

static bool take_number(struct head *head, const char *name, uint64_t *out)
{
	char value[24], *end;
	if (!take_line(head, name, value, sizeof(value)) || value[0] < '0' ||
	    value[0] > '9' || strlen(value) > 19)
		return false;
	*out = strtoull(value, &end, 10);
	return *end == '\0' && *out <= INT64_MAX;
}

static bool take_head(struct head *head, struct document *out)
{
	char scope[SCOPE_TEXT_MAX], kind[16];
	uint64_t made_us, text_len;
	const size_t magic = strlen(MAGIC);
	if (head->len < magic || memcmp(head->at, MAGIC, magic) != 0)
		return false;
	head->at += magic;
	head->len -= magic;
	bool good = take_line(head, "scope", scope, sizeof(scope)) &&
		    document_scope_parse(scope, &out->scope) &&
		    take_line(head, "kind", kind, sizeof(kind)) &&
		    take_number(head, "version", &out->version) &&
		    take_number(head, "made", &made_us) &&
		    take_line(head, "by", out->by, sizeof(out->by)) &&
		    take_number(head, "returns", &out->returns) &&
		    take_number(head, "text", &text_len);
	if (!good || out->version == 0 || !is_plain(out->by) ||
	    text_len > DOCUMENT_TEXT_MAX)
		return false;
	int of = document_kind_of(kind);
	out->kind = of != DOCUMENT_KIND_NONE ? (enum document_kind)of : DOCUMENT_KINDS;
	out->made_us = (int64_t)made_us;
	out->len = (size_t)text_len;
	return true;
}

size_t document_open(const void *bytes, size_t len, const struct nkey *key,
		     struct document *out, char why[static DOCUMENT_WHY_MAX])
{
	struct head head = { bytes, len };
	struct document read = { .by = "" };
	why[0] = '\0';
	if (len == 0 || !take_head(&head, &read)) {
		snprintf(why, DOCUMENT_WHY_MAX, "what came is no document");
		return 0;
	}
	if (head.len < SIGNATURE_LEN || head.len - SIGNATURE_LEN < read.len) {
		snprintf(why, DOCUMENT_WHY_MAX, "a document that is cut off");
		return 0;
	}
	const size_t is_signed = len - head.len + read.len;
	const uint8_t *signature = (const uint8_t *)bytes + is_signed;
	if (!nkey_verify(key, bytes, is_signed, signature)) {
		snprintf(why, DOCUMENT_WHY_MAX,
			 "a document that the fleet's key has not signed");
		return 0;
	}
	read.text = head.at;
	*out = read;
	return is_signed + SIGNATURE_LEN;
}

void document_say(struct buf *out, const struct document *document)
{
	char scope[SCOPE_TEXT_MAX];
	document_scope_text(&document->scope, scope);
	buf_printf(out, "%s for %s, version %" PRIu64,
		   document_kind_name(document->kind), scope, document->version);
}
