/*
 * audit.h: the parts of breakwater audit.
 */
#pragma once

#include "cli/listing.h"
#include "cli/options.h"
#include "config/config.h"
#include "store/seal.h"

struct audit_options {
	struct listing listing; /* its common options are everybody's */
	const char *state, *config_path;
	struct option_list keys, checkpoints; /* files */
};

int audit_complain(const char *why, int status);

/* The folder of the store, or an exit status. */
int audit_folder(const struct audit_options *options, config_text folder);

/*
 * The public keys of those files, into at most `most`.  How many, or -1: all has been
 * said.
 */
int audit_read_keys(const char *command, const struct option_list *files,
		    struct seal_key *keys, size_t most);

/* Exit status. */
int audit_verify(const struct audit_options *options);
