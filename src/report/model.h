/*
 * model.h: a report before it is written in some format.  Private to the room.
 */
#pragma once

#include "report/compliance.h"
#include "report/coverage.h"
#include "report/exhibit.h"
#include "report/report.h"
#include "report/review.h"
#include "store/audit.h"

/* What the rows come to. */
enum outcome {
	OUTCOME_CLEAR,      /* nothing deviates, of the time that was observed */
	OUTCOME_REVIEW,     /* rows for a person to look at: nothing here judges them */
	OUTCOME_UNKNOWN,    /* nothing was observed, or it could not be read */
	OUTCOME_DEVIATIONS, /* the gravest last */
};

/* Whether a person looked at the rows. */
enum reviewed {
	REVIEWED_NOT,
	REVIEWED_OTHER,   /* other rows of the same evidence */
	REVIEWED_EXPIRED, /* these rows, and it has to be done again */
	REVIEWED_THESE,
};

/* A piece of evidence, collected. */
struct collected {
	const struct evidence *evidence; /* borrowed */
	struct exhibit rows;
	uint64_t deviations;
	bool judges; /* it has a column `deviation` */
	enum outcome outcome;
	struct coverage coverage;
	char sha256[65];               /* of the rows as CSV */
	int64_t expires_us;            /* after that it has to be collected again */
	char problem[STORE_ERROR_MAX]; /* why there are none, or not all */
	enum reviewed reviewed;
	struct review review;      /* the newest of these rows, or else of others */
	int64_t review_expires_us; /* of these rows: until when it counts */
};

struct report_fault {
	char *text; /* owned */
	bool is_notice;
};

/* What a check of the audit chain gave. */
struct report_chain {
	bool is_checked;
	struct audit_verdict verdict;
	struct report_fault *faults; /* owned */
	size_t fault_count;
	char problem[STORE_ERROR_MAX];
};

struct report {
	const struct compliance *compliance;
	const struct framework *framework;
	struct report_ask ask;
	field_text32 incident;        /* the whole id of ask.subject.incident */
	char about[REVIEW_ABOUT_MAX]; /* as reviews name the subject */
	bool is_about_said;           /* it fits in one */
	struct observed observed;     /* of a fleet: while all of its sensors did */
	struct collected *collected; /* owned; of the evidence the framework asks for */
	size_t collected_count;
	struct report_chain chain;
	char reviews_problem[STORE_ERROR_MAX]; /* why it is not known who reviewed */
	size_t bytes;                          /* that rows take so far */
	bool is_too_large;                     /* they take more than was allowed */
};

const char *outcome_name(enum outcome outcome);     /* "clear" */
const char *outcome_sentence(enum outcome outcome); /* for a reader who sees no other */

/* NULL: the framework doesn't ask for it. */
const struct collected *report_collected(const struct report *report,
					 const struct evidence *evidence);

/* Tells whoever asked why it fails. */
void report_note_failure(const struct report_ask *ask, enum report_failure failure);

/*
 * What queries may ask for by name; what the report is not told is left out, and NULL
 * in them.  Text is the report's.
 */
enum { REPORT_PARAMETERS_MAX = 12 };
size_t report_parameters(const struct report *report,
			 struct store_parameter out[static REPORT_PARAMETERS_MAX]);

/* The gravest of its evidence. */
enum outcome report_outcome(const struct report *report, const struct control *control);

/*
 * Whether the ask says what its document is about, and others are not told of such; the
 * incident's id and, if none was asked for, its time into the report.  False and one
 * line in error.
 */
bool report_find_subject(struct report *report, struct store_reader *reader,
			 char error[static STORE_ERROR_MAX]);

const char *reviewed_name(enum reviewed reviewed); /* "these_rows" */

/* Who reviewed what was collected, as the store has it. */
void report_find_reviews(struct report *report, struct store_reader *reader);

/*
 * Adds the rows of one store; sensor: whose it is, NULL: this machine's.  False, and
 * one line in problem: not all of them.
 */
bool report_ask_store(struct report *report, struct collected *collected,
		      struct store_reader *reader, const char *sensor,
		      char problem[static STORE_ERROR_MAX]);

/* What the rows from that one on come to, of a time so observed. */
enum outcome report_judge(const struct collected *collected,
			  const struct coverage *coverage, size_t from);

/* Of the time that the report observed. */
void report_cover(const struct report *report, const struct evidence *evidence,
		  const struct observed *observed, struct coverage *out);

/* When all rows are there: what they come to, but for the outcome. */
void report_conclude(struct report *report, struct collected *collected);

/* All that the framework asks for, of the fleet of the ask. False and one line in
 * error. */
bool report_collect_fleet(struct report *report, char error[static STORE_ERROR_MAX]);

/* What of sensors can't be told where the fleet's records are; for people. */
extern const char report_fleet_limits[];

/* The rows of collected->evidence in the ask's time, and what they come to. */
void report_collect(struct report *report, struct collected *collected,
		    struct store_reader *reader);

/* The chain of the ask's folder. False: it was ended. */
bool report_check_chain(struct report *report);
