/*
 * forecast_run.h: one run of `breakwater forecast`: what is asked, of whom, about which
 * services.
 */
#pragma once

#include "cli/foresee.h"
#include "cli/options.h"

struct forecast_asked {
	struct common_options common;
	const char *config_path, *state, *host, *transport, *since, *until, *ahead,
		*metric;
	uint64_t port; /* UINT64_MAX: any */
	bool all, capacity;
	struct addr ip; /* of host */
	/* NULL: they are learned, from the configuration and the daemon. */
	const struct foresee_limits *limits;
	const atomic_bool *cancel; /* as gather_cancel_by() */
};

/* What came of it. */
struct forecasts {
	struct forecast_record *rows; /* owned */
	size_t count, room;
	bool has_failed; /* no memory */
};

/* As foresee_emit; to is a struct forecasts. */
void forecasts_keep(void *to, const struct forecast_record *forecast);

/* How services are used. */
struct capacities {
	struct capacity_record *rows; /* owned */
	size_t count, room;
	bool has_failed; /* no memory */
};

struct config;
/* What a configuration says, and the machine; folder: of the store. */
void forecast_limits(const struct config *config, const char *folder,
		     struct foresee_limits *out);

struct forecast_run {
	const struct forecast_asked *asked;
	struct foresee foresee;
	struct port_record *services; /* owned; those with traffic, the busiest first */
	size_t service_count;
	struct capacities *uses; /* of each service, as it is read; NULL: not wanted */
};

/* Opens it and learns limits and services.  Exit status; all has been said. */
int forecast_run_open(struct forecast_run *run, const struct forecast_asked *asked);
/* Forecasts all of it, to foresee.emit.  Exit status; all has been said. */
int forecast_run_all(struct forecast_run *run);
void forecast_run_close(struct forecast_run *run);

int forecast_complain(int status, const char *why);
