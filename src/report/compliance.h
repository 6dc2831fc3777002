/*
 * compliance.h: what reports are made of, as data: evidence, and the frameworks that
 * ask for it.  Private to the room.
 *
 * A file of compliance/evidence says what a query shows and what it can't, the query is
 * the .sql beside it; a file of compliance/frameworks says which evidence speaks for
 * which control, how strongly, and what is missing, one of compliance/documents which
 * makes up a report for other readers.  All are dated data: nothing in C knows a
 * control.  docs/compliance.md describes them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	COMPLIANCE_EVIDENCE_MAX = 64,
	COMPLIANCE_FRAMEWORKS_MAX = 32,
	COMPLIANCE_CONTROLS_MAX = 256, /* of a framework */
	COMPLIANCE_REFERENCES_MAX = 16 /* evidence of a control */
};

/* Who has to have watched for the rows to be all there is. */
enum observer { OBSERVER_SOCKETS, OBSERVER_PACKETS, OBSERVER_PROBES, OBSERVER_MONITOR };
#define OBSERVERS_ALLOWED "sockets, packets, probes or monitor"

/* How long the records it reads are kept: a key of retention. */
enum kept { KEPT_FLOWS, KEPT_PORTS_1D, KEPT_PORTS_1H, KEPT_EVENTS, KEPT_PROBES };
#define KEPT_ALLOWED "flows, ports_1d, ports_1h, events or probes"

struct evidence {
	char *id, *title, *question, *shows, *limits; /* owned, as sql */
	uint32_t version;
	uint32_t replaced; /* version of what it took the place of; 0: none */
	enum observer observer;
	enum kept kept;
	bool needs_rows;  /* no rows at all: nothing was recorded, so it is not known */
	uint32_t valid_s; /* how long after it was collected it counts */
	char *text, *sql; /* its file, and the query; owned */
	char query_sha256[65]; /* of the query's text */
};

/* How much the evidence says about a control. */
enum strength { STRENGTH_DIRECT, STRENGTH_PARTIAL, STRENGTH_SUPPORTING };
#define STRENGTHS_ALLOWED "direct, partial or supporting"

struct control {
	char *id, *title, *shows, *missing; /* owned */
	enum strength strength;
	size_t evidence[COMPLIANCE_REFERENCES_MAX]; /* places in compliance.evidence */
	size_t evidence_count;
};

/* What no port monitor can show. */
struct control_beyond {
	char *id, *title, *why; /* owned */
};

/* A part of a document: what stands for it, and what a person has to write there. */
struct section {
	char *title, *text;                         /* owned; text NULL: none */
	size_t evidence[COMPLIANCE_REFERENCES_MAX]; /* places in compliance.evidence */
	size_t evidence_count;
	char **blanks; /* owned: labels of empty lines */
	size_t blank_count;
};

/* Whom a document is about; its queries ask for that by parameters. */
enum subject { SUBJECT_ALL, SUBJECT_HOST_OR_USER, SUBJECT_INCIDENT };
#define SUBJECTS_ALLOWED "host-or-user or incident"

/*
 * Controls that evidence speaks for, or a document: sections, and then no controls, no
 * edition and no dates.
 */
struct framework {
	char *name, *title, *edition, *published, *reviewed, *source, *note;
	char *purpose; /* owned; of a document: what it is for */
	enum subject subject;
	struct section *sections; /* owned */
	size_t section_count;
	struct control *controls; /* owned */
	size_t control_count;
	struct control_beyond *beyond; /* owned */
	size_t beyond_count;
	char *text;      /* its file, owned */
	char sha256[65]; /* of it */
};

struct compliance {
	struct evidence evidence[COMPLIANCE_EVIDENCE_MAX];
	size_t evidence_count;
	struct framework frameworks[COMPLIANCE_FRAMEWORKS_MAX];
	size_t framework_count;
};

const char *observer_name(enum observer observer);
const char *kept_name(enum kept kept);
const char *strength_name(enum strength strength);

const char *subject_name(enum subject subject);
bool framework_is_document(const struct framework *framework);
/* Whether a control or a section rests on that place in compliance.evidence. */
bool framework_asks_for(const struct framework *framework, size_t evidence);
/* Whether a section before that one does. */
bool document_has_before(const struct framework *document, size_t section,
			 size_t evidence);

/* NULL: there is none of that name. */
const struct framework *compliance_framework(const struct compliance *compliance,
					     const char *name);
const struct evidence *compliance_evidence(const struct compliance *compliance,
					   const char *id);

/*
 * One file each; name stands for it in messages.  False with messages in *errors; then
 * nothing was added.  Evidence comes first: frameworks refer to it.
 */
bool compliance_take_evidence(struct compliance *compliance, const char *name,
			      const char *text, size_t len, const char *sql,
			      struct buf *errors);
bool compliance_take_framework(struct compliance *compliance, const char *name,
			       const char *text, size_t len, struct buf *errors);
bool compliance_take_document(struct compliance *compliance, const char *name,
			      const char *text, size_t len, struct buf *errors);

/* With its file's text; takes over what it holds, also when there is no place for it.
 */
bool compliance_add_framework(struct compliance *compliance,
			      struct framework *framework, const char *name,
			      const char *text, size_t len, struct buf *errors);
/* False, and says that there is no place. */
bool compliance_refuse(struct buf *errors, const char *name, const char *what,
		       int most);

void evidence_free(struct evidence *evidence);
void framework_free(struct framework *framework);
