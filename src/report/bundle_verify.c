/*
 * bundle_verify.c: whether a bundle is what was made; see bundle.h.
 *
 * Every byte is accounted for: those of files by the manifest's hashes, those of the
 * manifest by its signature, and all between them, as the archive that the same files
 * make is compared byte by byte.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/when.h"
#include "record/digest.h"
#include "record/from_json.h"
#include "report/bundle.h"
#include "report/digest.h"
#include "report/model.h"
#include "report/tar.h"
#include "store/seal.h"

enum { KEYS_MAX = 16, MAGIC_AT = 257 };

struct checking {
	const struct bundle_check *check;
	struct tar tar;
	json_t *manifest;
	struct seal_key keys[KEYS_MAX];
	size_t key_count;
	int faults;
};

__attribute__((format(printf, 3, 4))) static void judge(struct checking *c, bool holds,
							const char *format, ...)
{
	char text[512];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	c->faults += !holds;
	c->check->sink.judged(c->check->sink.self, holds, text);
}

static const char *word(const json_t *object, const char *name)
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
	const char *path = word(listed, "path");
	const struct tar_file *file = tar_find(&c->tar, path);
	if (file == NULL) {
		judge(c, false, "%.100s: missing", path);
		return;
	}
	digest_of(file->text.at != NULL ? file->text.at : "", file->text.len, sha256);
	if (strcmp(sha256, word(listed, "sha256")) != 0)
		judge(c, false, "%.100s: changed: its SHA-256 is %s, not %.64s", path,
		      sha256, word(listed, "sha256"));
}

static bool is_listed(const json_t *files, const char *path)
{
	size_t i;
	json_t *listed;
	json_array_foreach(files, i, listed)
	{
		if (strcmp(word(listed, "path"), path) == 0)
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
			judge(c, false, "%s: added: the manifest doesn't list it",
			      c->tar.files[i].path);
	if (c->faults == before)
		judge(c, true, "%zu files have the SHA-256 of the manifest",
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

static const struct seal_key *key_named(const struct checking *c, const char *id)
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
		judge(c, false,
		      "manifest.sig: missing: nobody signed this, so everybody may "
		      "have made it");
		return;
	}
	buf_add(&signature, file->text.at, file->text.len);
	const char *id = word(c->manifest, "key");
	const struct seal_key *key = key_named(c, id);
	if (key == NULL)
		judge(c, false,
		      "manifest.json: changed, or signed by a key that is not known: "
		      "%.64s",
		      id);
	else if (buf_cstr(&signature) == NULL ||
		 !seal_holds_text(key, &manifest->text, buf_cstr(&signature)))
		judge(c, false,
		      "manifest.json: changed, or manifest.sig: the signature does "
		      "not hold");
	else
		judge(c, true, "the manifest was signed by key %s", key->id);
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
		judge(c, false, "not enough memory to make the archive again");
	else if (place < len || place < again.len)
		judge(c, false,
		      "%s: the archive around it was changed, at byte %zu of the "
		      "bundle",
		      file_at(&c->tar, place), place);
	else
		judge(c, true, "the archive is as it was written");
	buf_free(&again);
}

/* ---- the audit chain ---- */

struct chain {
	struct checking *c;
	field_text64 hash;    /* of the record before */
	field_text64 *hashes; /* owned: of the records from the first on */
	uint64_t seq, first, records, checkpoints, held;
	bool is_broken;
};

/* take() of each line of a file; a line that is no object is given as NULL. */
static void each_line(const struct checking *c, const char *path, struct chain *chain,
		      void (*take)(struct chain *chain, const char *line,
				   json_t *object))
{
	const struct tar_file *file = tar_find(&c->tar, path);
	struct buf text = { 0 };
	if (file == NULL)
		return;
	buf_add(&text, file->text.at, file->text.len);
	char *rest = text.len > 0 && buf_cstr(&text) != NULL ? text.at : NULL;
	for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		if (line[0] == '\0')
			continue;
		json_t *object = json_loads(line, 0, NULL);
		take(chain, line, object);
		json_decref(object);
	}
	buf_free(&text);
}

static bool keep_hash(struct chain *chain, const char *hash)
{
	/* Twice as much each time that it is a power of two. */
	if ((chain->records & (chain->records - 1)) == 0) {
		size_t room = chain->records == 0 ? 1 : 2 * (size_t)chain->records;
		field_text64 *grown = reallocarray(chain->hashes, room, sizeof(*grown));
		if (grown == NULL)
			return false;
		chain->hashes = grown;
	}
	memcpy(chain->hashes[chain->records++], hash, sizeof(*chain->hashes));
	return true;
}

static void take_record(struct chain *chain, const char *line, json_t *object)
{
	static struct audit_record audit;
	field_text64 hash;
	bool is_first = chain->records == 0;
	if (chain->is_broken)
		return;
	if (object == NULL || !record_from_json(RECORD_audit, object, &audit)) {
		chain->is_broken = true;
		judge(chain->c, false, "audit/records.ndjson: no record after %" PRIu64,
		      chain->seq);
		return;
	}
	/* The first hangs on what came before the time, unless it is the first of all.
	 */
	bool may_check = !is_first || audit.seq == 1;
	if (may_check &&
	    (!digest_line(chain->hash, line, hash) || strcmp(hash, audit.hash) != 0 ||
	     (!is_first && audit.seq != chain->seq + 1))) {
		chain->is_broken = true;
		judge(chain->c, false,
		      "audit/records.ndjson: record %" PRIu64
		      " does not follow %" PRIu64 ": changed, missing or added",
		      audit.seq, chain->seq);
		return;
	}
	if (is_first)
		chain->first = audit.seq;
	chain->seq = audit.seq;
	memcpy(chain->hash, audit.hash, sizeof(chain->hash));
	if (!keep_hash(chain, audit.hash)) {
		chain->is_broken = true;
		judge(chain->c, false, "not enough memory for the audit chain");
	}
}

/* What a checkpoint signs is what stands there. */
static void compare_with_record(struct chain *chain,
				const struct checkpoint_record *checkpoint)
{
	if (chain->records == 0 || checkpoint->seq < chain->first || chain->is_broken)
		return; /* of before the time; or it was said already */
	if (checkpoint->seq > chain->seq)
		judge(chain->c, false,
		      "audit/records.ndjson: cut off: checkpoint %" PRIu64
		      " signs record %" PRIu64 ", the last is %" PRIu64,
		      checkpoint->number, checkpoint->seq, chain->seq);
	else if (strcmp(chain->hashes[checkpoint->seq - chain->first],
			checkpoint->hash) != 0)
		judge(chain->c, false,
		      "audit/records.ndjson: rewritten: checkpoint %" PRIu64
		      " signed another record %" PRIu64,
		      checkpoint->number, checkpoint->seq);
	else if (checkpoint->seq > chain->held)
		chain->held = checkpoint->seq;
}

static void take_checkpoint(struct chain *chain, const char *line, json_t *object)
{
	static struct checkpoint_record checkpoint;
	(void)line;
	if (object == NULL ||
	    !record_from_json(RECORD_checkpoint, object, &checkpoint)) {
		judge(chain->c, false, "audit/checkpoints.ndjson: no checkpoint");
		return;
	}
	const struct seal_key *key = key_named(chain->c, checkpoint.key);
	chain->checkpoints++;
	if (key == NULL)
		judge(chain->c, false, "checkpoint %" PRIu64 ": of another key, %s",
		      checkpoint.number, checkpoint.key);
	else if (!seal_holds(key, &checkpoint))
		judge(chain->c, false,
		      "checkpoint %" PRIu64 ": its signature does not hold",
		      checkpoint.number);
	else
		compare_with_record(chain, &checkpoint);
}

static void check_chain(struct checking *c)
{
	struct chain chain = { .c = c };
	int before = c->faults;
	each_line(c, "audit/records.ndjson", &chain, take_record);
	each_line(c, "audit/checkpoints.ndjson", &chain, take_checkpoint);
	if (c->faults == before && chain.records == 0)
		judge(c, true, "nothing was changed or decided in the time");
	else if (c->faults == before)
		judge(c, true,
		      "audit records %" PRIu64 " to %" PRIu64
		      " follow one another; signed up to %" PRIu64,
		      chain.first, chain.seq, chain.held);
	free(chain.hashes);
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

static void compare(struct checking *c, const struct report *report)
{
	for (size_t i = 0; i < report->collected_count; i++) {
		const struct collected *collected = &report->collected[i];
		char path[TAR_PATH_MAX], sha256[65];
		snprintf(path, sizeof(path), "evidence/%.80s.csv",
			 collected->evidence->id);
		const struct tar_file *file = tar_find(&c->tar, path);
		if (file == NULL)
			continue; /* said already */
		digest_of(file->text.at, file->text.len, sha256);
		if (strcmp(sha256, collected->sha256) == 0)
			judge(c, true, "%s: asked again, the same %zu rows", path,
			      collected->rows.row_count);
		else
			judge(c, false,
			      "%s: asked again, %zu rows that are not the same%s%s",
			      path, collected->rows.row_count,
			      collected->problem[0] != '\0' ? ": " : "",
			      collected->problem);
	}
}

/* NULL: the report is about no such. */
static const char *about(const json_t *manifest, const char *name)
{
	const char *text = word(manifest, name);
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
		.framework = word(manifest, "framework"),
		.host = word(manifest, "host"),
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
	return time_parse(word(manifest, "since"), &ask->since_us) &&
	       time_parse(word(manifest, "until"), &ask->until_us) &&
	       time_parse(word(manifest, "made"), &ask->now_us);
}

static void ask_again(struct checking *c)
{
	char error[STORE_ERROR_MAX];
	struct buf errors = { 0 };
	int status;
	struct report_ask ask;
	if (!ask_of(c->manifest, &ask)) {
		judge(c, false, "manifest.json: no times to ask again for");
		return;
	}
	struct compliance *compliance = compliance_of(c, &errors);
	struct store_reader *reader =
		compliance != NULL ? store_reader_open(c->check->folder, error, &status)
				   : NULL;
	struct report *report =
		reader != NULL ? report_make(reader, compliance, &ask, error) : NULL;
	if (compliance == NULL)
		judge(c, false, "its queries can't be read: %.300s",
		      errors.len > 0 && buf_ok(&errors) ? buf_cstr(&errors) : "");
	else if (report == NULL)
		judge(c, false, "the store can't be asked again: %.300s", error);
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
	if (strcmp(word(c->manifest, "record"), "bundle") == 0 &&
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
	for (; c.key_count < check->key_count && c.key_count < KEYS_MAX; c.key_count++)
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
		check_chain(&c);
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
