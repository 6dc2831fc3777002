/*
 * bundle_write.c: a report and all that it rests on as one file; see bundle.h.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "report/bundle.h"
#include "report/digest.h"
#include "report/list.h"
#include "report/model.h"
#include "report/tar.h"
#include "store/seal.h"

enum { LINKS_MAX = 1000000, CHAIN_MS = 60000, LINES_A_LOOK = 256 };

struct making {
	const struct report *report;
	struct store_reader *reader;
	struct tar tar;
	struct seal *seal; /* NULL: nothing can be signed */
	struct buf *lines; /* of the records being read, the newest first */
	size_t line_count, line_room;
	uint64_t first_seq; /* of the audit records that are put in, ... */
	int64_t first_us;   /* ... none of which is older */
	size_t chain_bytes; /* in memory */
	uint64_t read;      /* records of it, also those that are not put in */
	bool failed;
	const char *why; /* NULL: there was not enough memory */
};

/* ---- files ---- */

__attribute__((format(printf, 2, 3))) static struct buf *add(struct making *making,
							     const char *format, ...)
{
	char path[TAR_PATH_MAX];
	va_list list;
	va_start(list, format);
	vsnprintf(path, sizeof(path), format, list);
	va_end(list);
	struct tar_file *file = tar_add(&making->tar, path);
	making->failed |= file == NULL;
	return file != NULL ? &file->text : NULL;
}

static void add_text(struct making *making, struct buf *to, const char *text)
{
	if (to == NULL)
		return;
	buf_text(to, text);
	making->failed |= !buf_ok(to);
}

static void add_documents(struct making *making)
{
	static const struct {
		const char *path;
		void (*write)(const struct report *report, struct buf *out);
		bool is_of_controls;
	} documents[] = {
		{ "report.html", report_html, false },
		{ "report.json", report_json, false },
		{ "oscal.json", report_oscal, true },
		{ "hdf.json", report_hdf, true },
	};
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		if (documents[i].is_of_controls && report_is_document(making->report))
			continue;
		struct buf *to = add(making, "%s", documents[i].path);
		if (to == NULL)
			return;
		documents[i].write(making->report, to);
		making->failed |= !buf_ok(to);
	}
}

static void add_evidence(struct making *making)
{
	const struct report *report = making->report;
	for (size_t i = 0; i < report->collected_count; i++) {
		const struct collected *collected = &report->collected[i];
		const struct evidence *evidence = collected->evidence;
		struct buf *rows = add(making, "evidence/%s.csv", evidence->id);
		if (rows != NULL)
			exhibit_csv(&collected->rows, rows);
		add_text(making, add(making, "queries/%s.yaml", evidence->id),
			 evidence->text);
		add_text(making, add(making, "queries/%s.sql", evidence->id),
			 evidence->sql);
	}
	bool is_document = framework_is_document(report->framework);
	add_text(making,
		 add(making, is_document ? "documents/%s.yaml" : "frameworks/%s.yaml",
		     report->framework->name),
		 report->framework->text);
}

/* ---- the audit chain ---- */

/* As many bytes as its rows may take, and as long. */
static bool may_go_on(struct making *making)
{
	const struct report_ask *ask = &making->report->ask;
	if (ask->bytes_max > 0 && making->chain_bytes > ask->bytes_max) {
		report_note_failure(ask, REPORT_TOO_LARGE);
		making->why =
			"its audit chain takes more than it may: ask for less time, "
			"or use `breakwater report`, which has no limit";
	} else if (making->read++ % LINES_A_LOOK == 0 && ask->goes_on != NULL &&
		   !ask->goes_on(ask->self))
		making->why = "ended before it was whole";
	making->failed |= making->why != NULL;
	return making->why == NULL;
}

static bool keep_line(struct making *making, enum record_kind kind, const void *record)
{
	if (making->line_count == making->line_room) {
		size_t room = making->line_room == 0 ? 256 : 2 * making->line_room;
		struct buf *lines = reallocarray(making->lines, room, sizeof(*lines));
		making->failed |= lines == NULL || room > 2 * LINKS_MAX;
		if (lines != NULL)
			making->lines = lines;
		if (making->failed)
			return false;
		making->line_room = room;
	}
	struct buf *line = &making->lines[making->line_count++];
	*line = (struct buf){ 0 };
	record_json(line, kind, record);
	buf_char(line, '\n');
	making->chain_bytes += line->size + sizeof(*line);
	making->failed |= !buf_ok(line);
	return !making->failed;
}

static bool take_audit(void *to, const void *record)
{
	struct making *making = to;
	const struct audit_record *audit = record;
	return may_go_on(making) && (audit->seq < making->first_seq ||
				     keep_line(making, RECORD_audit, record));
}

static bool take_checkpoint(void *to, const void *record)
{
	return may_go_on(to) && keep_line(to, RECORD_checkpoint, record);
}

/* Into a file, the oldest first; the lines are gone then. */
static void put_lines(struct making *making, struct buf *to)
{
	for (size_t i = making->line_count; i > 0; i--) {
		struct buf *line = &making->lines[i - 1];
		if (to != NULL && buf_ok(line))
			buf_add(to, line->at, line->len);
		buf_free(line);
	}
	making->line_count = 0;
	making->failed |= to == NULL || !buf_ok(to);
}

/* Of the time, and of the reviews that the report tells of. */
static int64_t chain_since_us(const struct report *report)
{
	int64_t since_us = report->ask.since_us;
	for (size_t i = 0; i < report->collected_count; i++) {
		const struct collected *collected = &report->collected[i];
		if (collected->reviewed != REVIEWED_NOT &&
		    collected->review.at_us < since_us)
			since_us = collected->review.at_us;
	}
	return since_us;
}

static bool take_begin(void *to, const struct store_value *values, size_t count)
{
	struct making *making = to;
	if (count == 2 && values[0].type == STORE_INTEGER) {
		making->first_seq = (uint64_t)values[0].integer;
		making->first_us = values[1].integer;
	}
	return false;
}

/*
 * The record before the first of the time begins it: without its hash nothing would
 * prove the first.  The clock may have been set back: what counts is the number.
 */
static bool find_begin(struct making *making, char error[static STORE_ERROR_MAX])
{
	static const char sql[] =
		"WITH b(first) AS (SELECT max(1, min(seq) - 1) FROM audit"
		" WHERE at >= :since) "
		"SELECT first, (SELECT min(at) FROM audit WHERE seq >= first) FROM b";
	const struct store_parameter since = { ":since", NULL,
					       chain_since_us(making->report) };
	const struct store_sql to = { .self = making,
				      .row = take_begin,
				      .parameters = &since,
				      .parameter_count = 1 };
	making->first_us = since.number;
	return store_sql(making->reader, sql, CHAIN_MS, &to, error) == 0;
}

/*
 * From the begin of the time on, to the last: what came after it is held by a
 * checkpoint that holds the time's last, too.
 */
static bool add_chain(struct making *making, char error[static STORE_ERROR_MAX])
{
	struct store_filter filter;
	if (!find_begin(making, error))
		return false;
	store_filter_init(&filter);
	filter.since_us = making->first_us;
	/* Checkpoints first: none of them signs a record that came after the reading.
	 */
	int result = store_read(making->reader, RECORD_checkpoint, &filter,
				take_checkpoint, making, error);
	put_lines(making, add(making, "audit/checkpoints.ndjson"));
	if (result == 0)
		result = store_read(making->reader, RECORD_audit, &filter, take_audit,
				    making, error);
	put_lines(making, add(making, "audit/records.ndjson"));
	return result == 0;
}

/* ---- the seal ---- */

static bool add_key(struct making *making, char error[static STORE_ERROR_MAX])
{
	char path[PATH_MAX];
	struct buf why = { 0 };
	const char *folder = making->report->ask.folder;
	snprintf(path, sizeof(path), "%s/audit.pub", folder != NULL ? folder : "");
	struct buf *to = folder != NULL && access(path, R_OK) == 0
				 ? add(making, "audit.pub")
				 : NULL;
	if (to != NULL)
		making->failed |= file_read(path, SEAL_FILE_MAX, to) != 0;
	/* Who only reads makes no key. */
	snprintf(path, sizeof(path), "%s/audit.key", folder != NULL ? folder : "");
	if (folder == NULL || access(path, R_OK) != 0)
		return true;
	making->seal = seal_open(folder, &why);
	if (making->seal == NULL)
		snprintf(error, STORE_ERROR_MAX, "%.400s",
			 buf_ok(&why) && why.len > 0 ? buf_cstr(&why)
						     : "not enough memory");
	buf_free(&why);
	return making->seal != NULL;
}

static void put_file(struct buf *out, const struct tar_file *file)
{
	char sha256[65];
	digest_of(file->text.at != NULL ? file->text.at : "", file->text.len, sha256);
	object_open(out, NULL);
	object_text(out, "path", file->path);
	object_u64(out, "bytes", file->text.len);
	object_text(out, "sha256", sha256);
	object_end(out);
}

/* Queries ask for them: who asks again has to give the same. */
static void put_retention(struct buf *out, const struct report_retention *kept)
{
	object_open(out, "kept");
	object_u64(out, "flows_s", kept->flows_s);
	object_u64(out, "ports_1m_s", kept->ports_1m_s);
	object_u64(out, "ports_1h_s", kept->ports_1h_s);
	object_u64(out, "ports_1d_s", kept->ports_1d_s);
	object_u64(out, "events_s", kept->events_s);
	object_u64(out, "probes_s", kept->probes_s);
	object_u64(out, "failures_s", kept->failures_s);
	object_u64(out, "evidence_s", kept->evidence_s);
	object_u64(out, "pseudonyms_after_s", kept->pseudonyms_after_s);
	object_u64(out, "keys_kept_s", kept->keys_kept_s);
	object_end(out);
}

static void put_manifest(const struct making *making, struct buf *out)
{
	const struct report *report = making->report;
	object_open(out, NULL);
	object_text(out, "record", "bundle");
	object_u64(out, "version", 1);
	object_text(out, "software", "Breakwater " BREAKWATER_VERSION);
	object_text(out, "framework", report->framework->name);
	object_text(out, "about_host", report->ask.subject.host);
	object_text(out, "about_user", report->ask.subject.user);
	object_text(out, "about_incident", report->incident);
	object_text(out, "host", report->ask.host);
	object_time(out, "since", report->ask.since_us, "Z");
	object_time(out, "until", report->ask.until_us, "Z");
	object_time(out, "made", report->ask.now_us, "Z");
	put_retention(out, &report->ask.retention);
	if (making->seal != NULL)
		object_text(out, "key", seal_key_of(making->seal)->id);
	list_open(out, "files");
	for (size_t i = 0; i < making->tar.count; i++)
		put_file(out, &making->tar.files[i]);
	list_close(out);
	object_close(out);
	buf_char(out, '\n');
}

/* Last: it is of all the others. */
static void add_manifest(struct making *making)
{
	char signature[SEAL_SIGNATURE_MAX] = "";
	struct buf text = { 0 };
	put_manifest(making, &text);
	bool is_signed = making->seal != NULL && buf_ok(&text) &&
			 seal_sign_text(making->seal, &text, signature);
	making->failed |= !buf_ok(&text) || (making->seal != NULL && !is_signed);
	add_text(making, add(making, "manifest.json"),
		 buf_ok(&text) ? buf_cstr(&text) : "");
	if (is_signed)
		add_text(making, add(making, "manifest.sig"), signature);
	buf_free(&text);
}

bool bundle_write(const struct report *report, struct store_reader *reader,
		  struct buf *out, char error[static STORE_ERROR_MAX])
{
	struct making making = { .report = report, .reader = reader };
	report_note_failure(&report->ask, REPORT_NOT_NOW);
	bool ok = add_key(&making, error);
	if (ok) {
		add_documents(&making);
		add_evidence(&making);
		ok = add_chain(&making, error);
	}
	if (ok) {
		add_manifest(&making);
		ok = !making.failed && tar_write(&making.tar, out);
		if (!ok)
			snprintf(error, STORE_ERROR_MAX, "%s",
				 making.why != NULL
					 ? making.why
					 : "not enough memory for the bundle");
	}
	tar_free(&making.tar);
	free(making.lines);
	seal_close(making.seal);
	return ok;
}
