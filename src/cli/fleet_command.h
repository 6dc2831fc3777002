/*
 * fleet_command.h: the parts of breakwater fleet, one file each.
 */
#pragma once

#include "base/buf.h"
#include "cli/options.h"
#include "config/config.h"
#include "fleet/keyring.h"
#include "fleet/link.h"
#include "fleet/member.h"

struct fleet_options {
	struct common_options common;
	const char *config_path, *state;
	const char *servers, *name, *hub, *out, *disk, *from, *sensor, *site, *duration,
		*why;
	struct option_list tags;
	uint64_t count;
	const char *scope, *step, *wait; /* of documents */
	const char *kind, *second;       /* operands */
	uint64_t to;                     /* a version; 0: none is given */
	const char *since;               /* of a story */
};

/* One line on standard error; returns the status. */
__attribute__((format(printf, 3, 4))) int fleet_complain(const char *verb, int status,
							 const char *format, ...);

/* Each returns the exit status. */
int fleet_init(const struct fleet_options *o, const char *operand);
int fleet_server(const struct fleet_options *o, const char *address);
int fleet_hub_credentials(const struct fleet_options *o, const char *hub);
int fleet_token(const struct fleet_options *o, const char *operand);
int fleet_join(const struct fleet_options *o, const char *given);
int fleet_revoke(const struct fleet_options *o, const char *name);
int fleet_list(const struct fleet_options *o, const char *operand);
int fleet_apply(const struct fleet_options *o, const char *kind);
int fleet_back(const struct fleet_options *o, const char *kind);
int fleet_rollout(const struct fleet_options *o, const char *operand);
int fleet_show(const struct fleet_options *o, const char *kind);
int fleet_story(const struct fleet_options *o, const char *address);
int fleet_share(const struct fleet_options *o, const char *what);
int fleet_unshare(const struct fleet_options *o, const char *what);

/* ---- what they share (fleet_reach.c) ---- */

/* Seconds since 1970. */
int64_t fleet_now_s(void);
/* Whoever is at the keyboard. */
void fleet_actor(char out[static CLAIMS_WHO_MAX]);

/* The state folder, and whose it is to be (NULL: not wanted); exit status. */
int fleet_state(const char *verb, const struct fleet_options *o, config_text folder,
		config_text user);
/* Of each lane, as the configuration has it; exit status. */
int fleet_stream_size(const char *verb, const struct fleet_options *o, uint64_t *bytes);
/* Makes STATE/fleet, and has it be that user's. Exit status. */
int fleet_make_folder(const char *verb, const char *state, const char *user);

/* A hub's way to the fleet: keys of its folder, and connections with them. */
struct fleet_reach {
	config_text state;
	struct keyring keys;
	struct link *link;
};
/* Reads the keys, and waits some seconds for a server. Exit status; close it always. */
int fleet_reach_open(const char *verb, const struct fleet_options *o,
		     struct fleet_reach *reach);
void fleet_reach_close(struct fleet_reach *reach);
/* A connection of that file's credentials that is up; NULL, and all has been said. */
struct link *fleet_connect(const char *verb, const struct fleet_reach *reach,
			   const char *credentials);
/*
 * Servers that lost one of them, or were just started, agree first who leads, which
 * takes seconds: what came out as -EAGAIN is tried again until then.
 */
int64_t fleet_patience_us(void);
bool fleet_try_again(int result, int64_t until_us);
/* A key that nobody else makes. False: it could not be kept. */
bool fleet_put_new(const struct fleet_reach *reach, const char *key,
		   const struct buf *value);
/* For the audit chain, by the next hub that runs. False: it could not be kept. */
bool fleet_note(const struct fleet_reach *reach, const char *action,
		const char *subject, const char *before, const char *after);

/* ---- what init, server and hub-credentials write (fleet_write.c) ---- */

/* The folder OUT/NAME of each server of that list. 0 or -errno; *made: how many. */
int fleet_write_servers(const struct keyring *keys, const char *servers, const char *ca,
			const char *ca_key, const char *out, int *made);
/* All of a hub's, but the authority's key: into keys->folder. 0 or -errno. */
int fleet_write_hub(const struct keyring *keys, const char *ca);
