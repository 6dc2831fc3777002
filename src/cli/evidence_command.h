/*
 * evidence_command.h: breakwater evidence: what its words share.
 */
#pragma once

#include "cli/options.h"

struct evidence_options {
	struct option_list keys;
	const char *state, *config_path, *compliance;
	/* Of a review. */
	const char *since, *until, *rows, *outcome, *comment;
	const char *host, *user, *incident; /* whom its rows are about */
	struct common_options common;
};

/* Each returns the exit status. */
int evidence_verify(const struct evidence_options *o, const char *path);
int evidence_review(const struct evidence_options *o, const char *id);
int evidence_reviews(const struct evidence_options *o, const char *id); /* NULL: all */
