/*
 * audit.h: the parts of breakwater audit.
 */
#pragma once

#include "cli/listing.h"
#include "cli/options.h"
#include "cli/past_reader.h"
#include "config/config.h"
#include "store/audit.h"
#include "store/seal.h"

struct audit_options {
	struct listing listing; /* its common options are everybody's */
	const char *state, *config_path;
	struct option_list keys, checkpoints; /* files */
};

int audit_complain(const char *why, int status);

/* The folder of the store, or an exit status. */
int audit_folder(const struct audit_options *options, config_text folder);

/* The depot of the hub in that folder, for one sensor; or an exit status. */
int audit_depot(const struct audit_options *options, struct past_place *place);

/*
 * The public keys of those files, into at most `most`.  How many, or -1: all has been
 * said.
 */
int audit_read_keys(const char *command, const struct option_list *files,
		    struct seal_key *keys, size_t most);

/* Exit status. */
int audit_verify(const struct audit_options *options);
/* The same of what a sensor told to the hub in that folder. */
int audit_verify_sensor(const struct audit_options *options);

/* At a hub: of how many sensors there is a chain, too. */
void audit_tell_sensors(const struct audit_options *options);

/* How faults and the verdict are told. */
struct audit_telling {
	bool json;
	uint64_t told; /* faults and notices */
};
void audit_tell_fault(void *telling, const struct audit_fault *fault);
bool audit_tell_progress(void *telling, uint64_t records);
void audit_tell_verdict(const struct audit_telling *telling,
			const struct audit_verdict *verdict);
/* is_whole: all that was asked for could be read. */
int audit_status(const struct audit_verdict *verdict, bool is_whole);
