/*
 * scan_report.h: what a scan found, kept until it ends, and printed in one of three
 * forms.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"
#include "record/record.h"
#include "scan/sweep.h"

enum scan_form { SCAN_TABLE, SCAN_JSON, SCAN_NMAP };

struct scan_report {
	const struct sweep_plan *plan;
	const struct common_options *common;
	const char *technique; /* nmap's word: "syn", "connect", "udp" */
	enum scan_form form;
	bool lists_all; /* also what is not open */
	int argc;
	char **argv; /* for nmap's XML */
	int64_t begin_us, end_us;
	bool is_ended;          /* before it was complete */
	uint64_t recognised_us; /* of it for what is spoken; 0: nobody was asked */
	/* Also of interest where it is closed; NULL: nothing is. */
	bool (*expects)(void *self, const struct scan_answer *answer);
	void *expects_self;
	/* Sorted by scan_report_end(). */
	struct scan_record *records; /* owned */
	size_t count, room;
	uint64_t left_out; /* for want of memory */
	uint32_t *closed;  /* owned; by host, of those that are not listed */
};

/* False if memory is out. The rest of report is filled in before. */
bool scan_report_begin(struct scan_report *report);
void scan_report_free(struct scan_report *report);

/* Of each answer, and of silence: keeps what is to be listed, or gives NULL. */
struct scan_record *scan_report_take(struct scan_report *report,
				     const struct scan_answer *answer);

/* No more will come: sorts by address and port. */
void scan_report_end(struct scan_report *report);
void scan_report_print(const struct scan_report *report,
		       const struct sweep_counts *counts);

/* scan_nmap.c */
void scan_nmap_print(const struct scan_report *report);
