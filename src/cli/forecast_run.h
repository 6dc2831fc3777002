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
};

struct forecast_run {
	const struct forecast_asked *asked;
	struct foresee foresee;
	struct port_record *services; /* owned; those with traffic, the busiest first */
	size_t service_count;
};

/* Opens it and learns limits and services.  Exit status; all has been said. */
int forecast_run_open(struct forecast_run *run, const struct forecast_asked *asked);
void forecast_run_close(struct forecast_run *run);

int forecast_complain(int status, const char *why);
