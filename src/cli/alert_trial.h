/*
 * alert_trial.h: breakwater alerts test: rules tried on the past, beside those in
 * force.
 */
#pragma once

#include <stddef.h>

#include "cli/options.h"

struct alert_trial_options {
	const struct common_options *common;
	const char *since, *until; /* NULL: 90 days ago; now */
	const char *config;        /* the settings in force; NULL: the system's */
	const char *state;         /* the store's folder; NULL: that of the settings */
	char **files;              /* in the place of limits.files */
	size_t file_count;
};

/* Exit status; all has been said. */
int alert_trial(const struct alert_trial_options *options);
