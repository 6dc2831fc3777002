/*
 * reporting_files.h: the folder of reports that the daemon made: written so that what
 * is there is whole, and the oldest removed; private to the files reporting*.c.
 *
 * Of each report there are STEM.html, STEM.pdf ..., STEM.txt (in some sentences), and
 * STEM.sha256, the list of their digests: it comes last, so a report without it is not
 * whole.
 */
#pragma once

#include "base/buf.h"
#include "cli/reporting_wire.h"

#define REPORTING_BUNDLE  ".bundle"
#define REPORTING_TEXT    ".txt"
#define REPORTING_DIGESTS ".sha256"

/* Files of one report, on their way. */
struct reporting_files {
	char folder[CONFIG_TEXT_MAX + 16];
	const char *stem;   /* borrowed */
	struct buf digests; /* as sha256sum writes them */
	struct buf names;   /* separated by blanks */
	uint64_t bytes;
	char error[REPORTING_ERROR_MAX];
};

/* Makes the folder. False: it can't, and error says why. */
bool reporting_files_begin(struct reporting_files *files, const char *state,
			   const char *stem);
/* Beside what is there; false: error says why. */
bool reporting_files_add(struct reporting_files *files, const char *suffix,
			 const struct buf *text);
/*
 * In the place of what was there, also in other formats, and the list of digests; its
 * SHA-256 in sha256.
 */
bool reporting_files_end(struct reporting_files *files,
			 char sha256[static REPORTING_SHA256_MAX]);
/* Nothing of it stays that was not there before.  After either end. */
void reporting_files_close(struct reporting_files *files);

/* Of those with that stem but for its period, as many as the newest `keep` stay. */
void reporting_files_prune(const char *state, const char *report, enum period_kind kind,
			   uint32_t keep);
/* What a crash has left half. */
void reporting_files_tidy(const char *state);

/* Which kind of period the name of one is of; false: it is none. */
bool reporting_period_kind(const char *name, size_t len, enum period_kind *kind);
