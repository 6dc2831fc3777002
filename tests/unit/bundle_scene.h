/*
 * bundle_scene.h: a store with listeners and an audit chain, a framework that asks for
 * the listeners, and bundles of its report.
 */
#pragma once

#include "store_check.h"

#include <sys/stat.h>

#include "record/record.h"
#include "report/bundle.h"
#include "report/tar.h"
#include "store/seal.h"

enum { AUDITS = 40, LISTENERS = 12 };

static struct compliance *compliance;

static const char evidence_yaml[] = "id: T1\n"
				    "version: 1\n"
				    "title: Listening ports\n"
				    "question: Which were open?\n"
				    "shows: All of them.\n"
				    "limits: None.\n"
				    "observer: sockets\n"
				    "kept: events\n"
				    "valid: 30d\n";
static const char evidence_sql[] =
	"SELECT ip, port, time_text(at) AS at FROM listener\n"
	"WHERE at >= :since AND at <= :until ORDER BY at, port\n";
static const char framework_yaml[] = "name: test\n"
				     "title: Test\n"
				     "edition: 1\n"
				     "published: 2026-01\n"
				     "reviewed: 2026-01-31\n"
				     "source: nobody\n"
				     "controls:\n"
				     "  - id: 1.1\n"
				     "    title: Ports\n"
				     "    strength: direct\n"
				     "    evidence: [T1]\n"
				     "    shows: Ports.\n"
				     "    missing: The rest.\n"
				     "beyond: []\n";

/* ---- a store, and a report of it ---- */

static inline void put_listener(struct store *store, unsigned number)
{
	static const uint8_t address[4] = { 192, 0, 2, 1 };
	struct listener_record listener;
	record_init(RECORD_listener, &listener);
	listener.at = START_US + number * SECOND;
	listener.transport = "tcp";
	listener.ip = addr_v4(address);
	listener.port = 1000 + number;
	listener.change = "opened";
	assert_true(store_put(store, RECORD_listener, &listener));
}

static inline void put_audit(struct store *store, unsigned number)
{
	struct audit_record audit;
	record_init(RECORD_audit, &audit);
	audit.at = START_US + number * SECOND;
	audit.action = "policy_apply";
	snprintf(audit.actor, sizeof(audit.actor), "user%u", number);
	assert_true(store_put(store, RECORD_audit, &audit));
}

static inline void fill_store(void)
{
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	for (unsigned i = 0; i < LISTENERS; i++)
		put_listener(store, i);
	for (unsigned i = 0; i < AUDITS; i++)
		put_audit(store, i);
	wait_written(store);
	store_close(store);
}

static inline void put_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static inline void open_compliance(void)
{
	struct buf errors = { 0 };
	mkdir(in_folder("own"), 0700);
	mkdir(in_folder("own/evidence"), 0700);
	mkdir(in_folder("own/frameworks"), 0700);
	put_file("own/evidence/T1.yaml", evidence_yaml);
	put_file("own/evidence/T1.sql", evidence_sql);
	put_file("own/frameworks/test.yaml", framework_yaml);
	compliance = compliance_open(in_folder("own"), &errors);
	if (compliance == NULL)
		fail_msg("%s", buf_cstr(&errors));
	buf_free(&errors);
}

/* Whoever has the store's file can write what he likes into it. */
static inline void edit_store(const char *sql)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static inline void make_bundle_since(int64_t since_us, struct buf *out)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	const struct report_ask ask = { .framework = "test",
					.since_us = since_us,
					.until_us = START_US + DAY,
					.now_us = START_US + DAY,
					.host = "host",
					.folder = folder };
	assert_non_null(reader);
	struct report *report = report_make(reader, compliance, &ask, error);
	if (report == NULL || !bundle_write(report, reader, out, error))
		fail_msg("%s", error);
	report_free(report);
	store_reader_close(reader);
}

static inline void make_bundle(struct buf *out)
{
	make_bundle_since(START_US, out);
}

/* ---- what is said of it ---- */

struct said {
	struct buf faults, fine;
};

static inline void hear(void *self, bool holds, const char *text)
{
	struct said *said = self;
	buf_printf(holds ? &said->fine : &said->faults, "%s\n", text);
}

static inline int verify(const struct buf *text, const char *state, struct said *said)
{
	char error[STORE_ERROR_MAX] = "";
	const struct bundle_check check = { .folder = state, .sink = { said, hear } };
	int faults = bundle_verify(text->at, text->len, &check, error);
	if (faults < 0)
		buf_printf(&said->faults, "%s\n", error);
	return faults;
}

static inline void let_go(struct said *said)
{
	buf_free(&said->faults);
	buf_free(&said->fine);
}

static inline void expect_fault(const struct buf *text, const char *state,
				const char *wanted)
{
	struct said said = { 0 };
	assert_int_not_equal(verify(text, state, &said), 0);
	if (strstr(buf_cstr(&said.faults), wanted) == NULL)
		fail_msg("not said: %s\nbut: %s", wanted, buf_cstr(&said.faults));
	let_go(&said);
}

/* A bundle of the files, one of them left out or given another text. */
static inline void make_again(const struct buf *bundle, const char *path,
			      const char *text, struct buf *out)
{
	struct tar tar = { 0 }, other = { 0 };
	struct buf error = { 0 };
	assert_true(tar_read(bundle->at, bundle->len, &tar, &error));
	for (size_t i = 0; i < tar.count; i++) {
		bool is_it = strcmp(tar.files[i].path, path) == 0;
		if (is_it && text == NULL)
			continue;
		struct tar_file *file = tar_add(&other, tar.files[i].path);
		assert_non_null(file);
		buf_add(&file->text, is_it ? text : tar.files[i].text.at,
			is_it ? strlen(text) : tar.files[i].text.len);
	}
	if (tar_find(&tar, path) == NULL)
		buf_text(&tar_add(&other, path)->text, text);
	assert_true(tar_write(&other, out));
	tar_free(&tar);
	tar_free(&other);
	buf_free(&error);
}
