/*
 * report.h: reports of what was observed: evidence by stored queries, with how much of
 * the time was really observed, and which controls of which framework it speaks for.
 *
 * Made of a store, with or without a daemon.  The same store, time and files give the
 * same evidence to the last byte.  What is said is what was seen; whether a requirement
 * is met is for an assessor to say.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"

struct compliance;
struct evidence;
struct report;

/* How long records are kept, in seconds; 0: for ever. */
struct report_retention {
	uint32_t flows_s, ports_1m_s, ports_1h_s, ports_1d_s, events_s, probes_s,
		failures_s, evidence_s;
	uint32_t pseudonyms_after_s, keys_kept_s; /* the former 0: never */
};

/* Whom a document is about; NULL: not told. */
struct report_subject {
	const char *host, *user; /* an address or a network; a name */
	const char *incident;    /* its id, or how it begins */
};

/* Why there is none. */
enum report_failure {
	REPORT_ASKED_WRONGLY, /* no such report, or nobody whom it could be about */
	REPORT_TOO_LARGE,     /* for bytes_max */
	REPORT_NOT_NOW, /* no memory, the store can't be read, or ended by goes_on */
};

/*
 * A fleet: each sensor's records are a store of their own, as what stands in one of
 * them (a listener, an audit trail) is of one machine.  They are asked one after
 * another, and rows say of which sensor they are.
 */
struct report_sensor {
	const char *name, *site, *tags; /* the latter two "": not told */
	int64_t first_us, last_us;      /* of what it told of itself, of all time */
};
struct report_fleet {
	const char *chosen; /* in words, which sensors: "site:berlin" */
	const struct report_sensor *sensors;
	size_t count;
	record_bits lacks; /* kinds that stay on the sensors */
	/*
	 * The store of that sensor; *cut: kinds of which only the newest records are in
	 * it.  NULL and one line in error.
	 */
	struct store_reader *(*open)(void *self, size_t sensor, record_bits *cut,
				     char error[static STORE_ERROR_MAX]);
	void (*close)(void *self, struct store_reader *reader);
	void *self;
};

struct report_ask {
	const struct report_fleet *fleet; /* NULL: of one machine */
	const char *framework;            /* its name, or a document's */
	int64_t since_us, until_us, now_us;
	bool has_own_time; /* nobody asked for a time: of an incident it is its own */
	struct report_subject subject;
	const char *host; /* what it was observed on */
	struct report_retention retention;
	const char
		*folder; /* of the store: its audit chain is checked; NULL: it isn't */
	/* What the rows may take in memory, all together: a report of more is none.
	 * 0: what memory there is. */
	size_t bytes_max;
	enum report_failure *failure; /* told if it fails; NULL: nobody asks */
	/* So many rows of each evidence in JSON, what deviates first; 0: all. */
	size_t json_rows_max;
	/* Now and then; false: end.  NULL: not wanted. */
	bool (*goes_on)(void *self);
	void *self;
};

/*
 * What is built in, and the files of a folder (NULL: none); NULL with messages
 * "name:line:column: what, and what is allowed", one a line, in *errors.
 */
struct compliance *compliance_open(const char *folder, struct buf *errors);
void compliance_free(struct compliance *compliance);

/*
 * What reading the files does not refuse, a line each in *said: "fault:
 * evidence/E1.sql:
 * ..." of a query that would not run, "warning: " of what a reader of reports would be
 * misled by, "note: " of what is only so.
 */
struct report_check {
	size_t frameworks, evidence; /* how many were looked at */
	size_t faults, warnings;
};
struct report_check compliance_check(const struct compliance *compliance,
				     int64_t now_us, struct buf *said);

/* Which frameworks there are, a line each, by their files' names. */
void compliance_list(const struct compliance *compliance, struct buf *out);

/*
 * reader: NULL of a fleet.
 * Borrows the compliance and what the ask points to until report_free().  NULL with one
 * line in error: there is no such framework, no memory, more rows than the ask allows,
 * or it was ended.  A query that
 * fails is evidence that is not known, and why.
 */
struct report *report_make(struct store_reader *reader,
			   const struct compliance *compliance,
			   const struct report_ask *ask,
			   char error[static STORE_ERROR_MAX]);
void report_free(struct report *report);

/* One piece of evidence alone, for whoever reviews it. */
struct report_piece {
	const struct evidence *evidence; /* borrowed of the compliance */
	uint32_t version;
	size_t rows;
	char sha256[65]; /* of the rows as CSV */
};
/* Without its rows. False and one line in error: there is none of that id. */
bool report_find_piece(const struct compliance *compliance, const char *id,
		       struct report_piece *piece, char error[static STORE_ERROR_MAX]);
/*
 * Its rows, in the ask's time; the framework and subject of the ask do not matter.
 * False and one line in error: not all of them could be had.
 */
bool report_read_piece(struct store_reader *reader, const struct compliance *compliance,
		       const struct report_ask *ask, struct report_piece *piece,
		       char error[static STORE_ERROR_MAX]);

/* Whether it is a document, not of controls. */
bool report_is_document(const struct report *report);

/* Whether anything deviates, and whether something asked for is not known. */
bool report_deviates(const struct report *report);
bool report_is_incomplete(const struct report *report);

/* Each appends one whole document. */
void report_html(const struct report *report, struct buf *out);
void report_json(const struct report *report, struct buf *out);
void report_csv(const struct report *report, struct buf *out);
void report_oscal(const struct report *report, struct buf *out);
void report_hdf(const struct report *report, struct buf *out);
void report_pdf(const struct report *report, struct buf *out);
