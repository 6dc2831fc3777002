/*
 * bundle_verify.c: whether a bundle is what was made; see bundle.h.
 *
 * Every byte is accounted for: those of files by the manifest's hashes, those of the
 * manifest by its signature, and all between them, as the archive that the same files
 * make is compared byte by byte.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/when.h"
#include "report/bundle_check.h"
#include "report/digest.h"
#include "report/model.h"

enum { MAGIC_AT = 257, SHOWN_MAX = 160 };

void bundle_judge(struct checking *c, bool holds, const char *format, ...)
{
	char text[512];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	c->faults += !holds;
	c->check->sink.judged(c->check->sink.self, holds, text);
}

const char *bundle_word(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

bool bundle_is(const void *at, size_t len)
{
	return len > MAGIC_AT + 5 &&
	       memcmp((const char *)at + MAGIC_AT, "ustar", 5) == 0;
}

/* ---- files ---- */

static bool is_seal(const char *path)
{
	return strcmp(path, "manifest.json") == 0 || strcmp(path, "manifest.sig") == 0;
}

static void check_file(struct checking *c, const json_t *listed)
{
	char sha256[65];
	const char *path = bundle_word(listed, "path");
	const struct tar_file *file = tar_find(&c->tar, path);
	if (file == NULL) {
		bundle_judge(c, false, "%.100s: missing", path);
		return;
	}
	digest_of(file->text.at != NULL ? file->text.at : "", file->text.len, sha256);
	if (strcmp(sha256, bundle_word(listed, "sha256")) != 0)
		bundle_judge(c, false, "%.100s: changed: its SHA-256 is %s, not %.64s",
			     path, sha256, bundle_word(listed, "sha256"));
}

static bool is_listed(const json_t *files, const char *path)
{
	size_t i;
	json_t *listed;
	json_array_foreach(files, i, listed)
	{
		if (strcmp(bundle_word(listed, "path"), path) == 0)
			return true;
	}
	return false;
}

static void check_files(struct checking *c)
{
	size_t i;
	json_t *listed;
	const json_t *files = json_object_get(c->manifest, "files");
	int before = c->faults;
	json_array_foreach(files, i, listed)
	{
		check_file(c, listed);
	}
	for (i = 0; i < c->tar.count; i++)
		if (!is_seal(c->tar.files[i].path) &&
		    !is_listed(files, c->tar.files[i].path))
			bundle_judge(c, false,
				     "%s: added: the manifest doesn't list it",
				     c->tar.files[i].path);
	if (c->faults == before)
		bundle_judge(c, true, "%zu files have the SHA-256 of the manifest",
			     json_array_size(files));
}

/* ---- the seal ---- */

static void take_own_key(struct checking *c)
{
	const struct tar_file *file = tar_find(&c->tar, "audit.pub");
	if (file != NULL && file->text.len > 0 && c->key_count == 0 &&
	    seal_parse_keys(&file->text, c->keys, 1) == 1)
		c->key_count = 1;
}

const struct seal_key *bundle_key(const struct checking *c, const char *id)
{
	for (size_t i = 0; i < c->key_count; i++)
		if (strcmp(c->keys[i].id, id) == 0)
			return &c->keys[i];
	return NULL;
}

static void check_seal(struct checking *c)
{
	const struct tar_file *manifest = tar_find(&c->tar, "manifest.json");
	const struct tar_file *file = tar_find(&c->tar, "manifest.sig");
	struct buf signature = { 0 };
	if (file == NULL) {
		bundle_judge(
			c, false,
			"manifest.sig: missing: nobody signed this, so everybody may "
			"have made it");
		return;
	}
	buf_add(&signature, file->text.at, file->text.len);
	const char *id = bundle_word(c->manifest, "key");
	const struct seal_key *key = bundle_key(c, id);
	if (key == NULL)
		bundle_judge(
			c, false,
			"manifest.json: changed, or signed by a key that is not known: "
			"%.64s",
			id);
	else if (buf_cstr(&signature) == NULL ||
		 !seal_holds_text(key, &manifest->text, buf_cstr(&signature)))
		bundle_judge(
			c, false,
			"manifest.json: changed, or manifest.sig: the signature does "
			"not hold");
	else
		bundle_judge(c, true, "the manifest was signed by key %s", key->id);
	buf_free(&signature);
}

/* The file whose bytes, or those before them, hold that place. */
static const char *file_at(const struct tar *tar, size_t place)
{
	size_t end = 0;
	for (size_t i = 0; i < tar->count; i++) {
		end += 512 + (tar->files[i].text.len + 511) / 512 * 512;
		if (place < end)
			return tar->files[i].path;
	}
	return "the end";
}

static void check_form(struct checking *c, const char *at, size_t len)
{
	struct buf again = { 0 };
	size_t place = 0;
	bool ok = tar_write(&c->tar, &again);
	while (ok && place < len && place < again.len && at[place] == again.at[place])
		place++;
	if (!ok)
		bundle_judge(c, false, "not enough memory to make the archive again");
	else if (place < len || place < again.len)
		bundle_judge(
			c, false,
			"%s: the archive around it was changed, at byte %zu of the "
			"bundle",
			file_at(&c->tar, place), place);
	else
		bundle_judge(c, true, "the archive is as it was written");
	buf_free(&again);
}

/* ---- the store, asked again ---- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
	size_t len = strlen(text), tail = strlen(with);
	return len >= tail && strcmp(text + len - tail, with) == 0;
}

static bool take_query(const struct checking *c, struct compliance *compliance,
		       const struct tar_file *file, struct buf *errors)
{
	char path[TAR_PATH_MAX];
	struct buf sql = { 0 };
	snprintf(path, sizeof(path), "%.*s.sql",
		 (int)(strlen(file->path) - strlen(".yaml")), file->path);
	const struct tar_file *query = tar_find(&c->tar, path);
	if (query != NULL && query->text.len > 0)
		buf_add(&sql, query->text.at, query->text.len);
	bool ok = sql.len > 0 && buf_cstr(&sql) != NULL &&
		  compliance_take_evidence(compliance, file->path, file->text.at,
					   file->text.len, buf_cstr(&sql), errors);
	buf_free(&sql);
	return ok;
}

static bool take_mapping(struct compliance *compliance, const struct tar_file *file,
			 struct buf *errors)
{
	bool is_document = begins(file->path, "documents/");
	return (is_document ? compliance_take_document : compliance_take_framework)(
		compliance, file->path, file->text.at, file->text.len, errors);
}

/* The mapping, or the document, and the queries as they are in the bundle. */
static struct compliance *compliance_of(struct checking *c, struct buf *errors)
{
	struct compliance *compliance = calloc(1, sizeof(*compliance));
	bool ok = compliance != NULL;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < c->tar.count && ok; i++) {
			const struct tar_file *file = &c->tar.files[i];
			bool is_query = begins(file->path, "queries/");
			if (!ends(file->path, ".yaml") || is_query != (pass == 0))
				continue;
			ok = is_query ? take_query(c, compliance, file, errors)
				      : take_mapping(compliance, file, errors);
		}
	if (ok)
		return compliance;
	compliance_free(compliance);
	return NULL;
}

/* The line in which that byte is, as much of it as is shown; empty behind the last. */
static struct bytes line_of(const struct buf *text, size_t at)
{
	size_t begin = at < text->len ? at : text->len, end = begin;
	if (text->len == 0)
		return bytes_of("", 0);
	while (begin > 0 && text->at[begin - 1] != '\n')
		begin--;
	while (end < text->len && text->at[end] != '\r' && text->at[end] != '\n')
		end++;
	size_t len = end - begin;
	return bytes_of(text->at + begin, len < SHOWN_MAX ? len : SHOWN_MAX);
}

/* The first line that is another one: a person is to look at that, not at thousands. */
static void name_difference(struct checking *c, const struct tar_file *file,
			    const struct collected *collected)
{
	struct buf csv = { 0 };
	size_t at = 0, line = 1;
	exhibit_csv(&collected->rows, &csv);
	while (at < csv.len && at < file->text.len && csv.at[at] == file->text.at[at])
		line += csv.at[at++] == '\n';
	struct bytes was = line_of(&file->text, at), is = line_of(&csv, at);
	bundle_judge(c, false,
		     "%s: asked again, %zu rows that are not the same: line %zu was "
		     "\"%.*s\", and is \"%.*s\"",
		     file->path, collected->rows.row_count, line, (int)was.len,
		     (const char *)was.at, (int)is.len, (const char *)is.at);
	buf_free(&csv);
}

static void compare_rows(struct checking *c, const struct tar_file *file,
			 const struct collected *collected)
{
	char sha256[65];
	digest_of(file->text.at, file->text.len, sha256);
	if (strcmp(sha256, collected->sha256) == 0)
		bundle_judge(c, true, "%s: asked again, the same %zu rows", file->path,
			     collected->rows.row_count);
	else if (collected->problem[0] != '\0')
		bundle_judge(c, false, "%s: asked again, and it could not be: %s",
			     file->path, collected->problem);
	else
		name_difference(c, file, collected);
}

static void compare(struct checking *c, const struct report *report)
{
	for (size_t i = 0; i < report->collected_count; i++) {
		char path[TAR_PATH_MAX];
		snprintf(path, sizeof(path), "evidence/%.80s.csv",
			 report->collected[i].evidence->id);
		const struct tar_file *file = tar_find(&c->tar, path);
		if (file != NULL) /* else it is said already */
			compare_rows(c, file, &report->collected[i]);
	}
}

/* NULL: the report is about no such. */
static const char *about(const json_t *manifest, const char *name)
{
	const char *text = bundle_word(manifest, name);
	return text[0] != '\0' ? text : NULL;
}

static uint32_t seconds(const json_t *kept, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(kept, name));
	return value < 0 || value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* What was asked then. False: it does not say when. */
static bool ask_of(const json_t *manifest, struct report_ask *ask)
{
	const json_t *kept = json_object_get(manifest, "kept");
	*ask = (struct report_ask){
		.framework = bundle_word(manifest, "framework"),
		.host = bundle_word(manifest, "host"),
		.subject = { .host = about(manifest, "about_host"),
			     .user = about(manifest, "about_user"),
			     .incident = about(manifest, "about_incident") },
		.retention = { .flows_s = seconds(kept, "flows_s"),
			       .ports_1m_s = seconds(kept, "ports_1m_s"),
			       .ports_1h_s = seconds(kept, "ports_1h_s"),
			       .ports_1d_s = seconds(kept, "ports_1d_s"),
			       .events_s = seconds(kept, "events_s"),
			       .probes_s = seconds(kept, "probes_s"),
			       .failures_s = seconds(kept, "failures_s"),
			       .evidence_s = seconds(kept, "evidence_s"),
			       .pseudonyms_after_s =
				       seconds(kept, "pseudonyms_after_s"),
			       .keys_kept_s = seconds(kept, "keys_kept_s") },
	};
	return time_parse(bundle_word(manifest, "since"), &ask->since_us) &&
	       time_parse(bundle_word(manifest, "until"), &ask->until_us) &&
	       time_parse(bundle_word(manifest, "made"), &ask->now_us);
}

static void ask_again(struct checking *c)
{
	char error[STORE_ERROR_MAX];
	struct buf errors = { 0 };
	int status;
	struct report_ask ask;
	if (!ask_of(c->manifest, &ask)) {
		bundle_judge(c, false, "manifest.json: no times to ask again for");
		return;
	}
	struct compliance *compliance = compliance_of(c, &errors);
	struct store_reader *reader =
		compliance != NULL ? store_reader_open(c->check->folder, error, &status)
				   : NULL;
	struct report *report =
		reader != NULL ? report_make(reader, compliance, &ask, error) : NULL;
	if (compliance == NULL)
		bundle_judge(c, false, "its queries can't be read: %.300s",
			     errors.len > 0 && buf_ok(&errors) ? buf_cstr(&errors)
							       : "");
	else if (report == NULL)
		bundle_judge(c, false, "the store can't be asked again: %.300s", error);
	else
		compare(c, report);
	report_free(report);
	store_reader_close(reader);
	compliance_free(compliance);
	buf_free(&errors);
}

/* ---- all of it ---- */

static bool open_manifest(struct checking *c, char error[static STORE_ERROR_MAX])
{
	const struct tar_file *file = tar_find(&c->tar, "manifest.json");
	if (file != NULL && file->text.len > 0)
		c->manifest = json_loadb(file->text.at, file->text.len, 0, NULL);
	if (strcmp(bundle_word(c->manifest, "record"), "bundle") == 0 &&
	    json_is_array(json_object_get(c->manifest, "files")))
		return true;
	snprintf(error, STORE_ERROR_MAX,
		 "manifest.json: missing, or no manifest of a bundle");
	return false;
}

int bundle_verify(const void *at, size_t len, const struct bundle_check *check,
		  char error[static STORE_ERROR_MAX])
{
	struct checking c = { .check = check };
	struct buf why = { 0 };
	for (; c.key_count < check->key_count && c.key_count < BUNDLE_KEYS_MAX;
	     c.key_count++)
		c.keys[c.key_count] = check->keys[c.key_count];
	bool is_read = tar_read(at, len, &c.tar, &why);
	if (!is_read)
		snprintf(error, STORE_ERROR_MAX, "%.400s",
			 buf_ok(&why) && why.len > 0 ? buf_cstr(&why) : "no memory");
	if (is_read && open_manifest(&c, error)) {
		take_own_key(&c);
		check_files(&c);
		check_seal(&c);
		check_form(&c, at, len);
		bundle_check_chain(&c);
		/* Queries of strangers are not run. */
		if (check->folder != NULL && c.faults == 0)
			ask_again(&c);
	} else {
		c.faults = -1;
	}
	json_decref(c.manifest);
	tar_free(&c.tar);
	buf_free(&why);
	return c.faults;
}
