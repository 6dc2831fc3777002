/*
 * run_report.h: what a running monitor says of itself: to its terminal and as status.
 */
#pragma once

#include <stdint.h>

#include "cli/options.h"
#include "cli/pipeline.h"
#include "cli/privileges.h"
#include "cli/summary.h"
#include "config/config.h"

struct run_state {
	int64_t started_us, second_us; /* Unix time; second: of the last self record */
	struct self_record self;
	struct pipeline_totals totals;
	uint64_t packets_per_s, bytes_per_s;
	double cpu_s;      /* CPU time used until the last second */
	double link_bytes; /* as link_speed.h, read while that was allowed */
	struct summary summary;
	int lines;        /* progress lines printed */
	unsigned workers; /* 0: packets are not watched */
	int memory;       /* /proc/self/statm, opened while that was allowed; -1 */
};

void run_begin(struct run_state *state, int64_t now_us);

void run_end(struct run_state *state);

/* Takes the totals of this second and makes its self record. */
void run_second(struct run_state *state, const struct pipeline_totals *totals,
		int64_t now_us);

/* The object of GET /api/v1/status, left open: what else there is follows. */
void run_status_json(const struct run_state *state, const struct config *config,
		     const struct home *home, struct privileges *privileges,
		     const char *address, struct buf *out);

/* On standard output: what is watched and what to type; a word now and then. */
void run_greet(const struct config *config, const struct privileges *privileges,
	       bool asks, const char *address, const char *link,
	       const char *socket_path);
void run_progress(struct run_state *state, size_t ports);
void run_clear_progress(void); /* before a message, which would go on its line */
void run_farewell(const struct run_state *state, struct ports *ports,
		  const struct config *config, const struct common_options *common);

/* Exit status of a run that was asked to end. */
int run_status(const struct run_state *state);
