/*
 * bundle.h: a report with all that it rests on, in one file that anybody can check
 * later, elsewhere, without a daemon.
 *
 *   manifest.json           every other file with its SHA-256; when, of what, by which
 *                           version of the program
 *   manifest.sig            Ed25519 (RFC 8032) over it by the key of the audit chain,
 * in hexadecimal digits; missing: who made it may not read the key audit.pub that key,
 * PEM report.html, .json      the report; oscal.json, hdf.json the same for other
 * programs evidence/E1.csv         the rows of each query queries/E1.yaml, .sql   the
 * query, and what it shows frameworks/NAME.yaml    the mapping audit/records.ndjson the
 * chain of the time, as it was written audit/checkpoints.ndjson   its checkpoints
 */
#pragma once

#include "report/report.h"

struct bundle_sink {
	void *self;
	/* holds false: a fault. text borrowed, one sentence. */
	void (*judged)(void *self, bool holds, const char *text);
};

struct seal_key;

/* Appends a bundle of the report. False and one line in error. */
bool bundle_write(const struct report *report, struct store_reader *reader,
		  struct buf *out, char error[static STORE_ERROR_MAX]);

/* Whether it looks like one: tar. */
bool bundle_is(const void *at, size_t len);

struct bundle_check {
	const struct seal_key *keys; /* that the reader trusts; 0: the one in it */
	size_t key_count;
	const char *folder; /* of a store that is asked again; NULL: none */
	struct bundle_sink sink;
};

/* How many faults; -1: it is no bundle, one line in error. */
int bundle_verify(const void *at, size_t len, const struct bundle_check *check,
		  char error[static STORE_ERROR_MAX]);
