/*
 * steering.h: what a sensor's fleet wants of it, put in force: documents
 * (fleet/steered.h) that are checked as the machine's own files are, and become files
 * beside them in STATE/fleet, or what the register, silences and shared sources are.
 *
 * The machine's own files are read first, and what a fleet may say at all is bounded
 * (config_may_steer()): it turns on no block, runs nothing, and reads no file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "fleet/shared.h"
#include "fleet/steered.h"

struct monitor;
struct probing;

struct steering {
	struct steered
		*kept; /* NULL: this is no sensor, or it can't be told anything */
	struct document_reader me;
	struct monitor *monitor; /* NULL: before it runs */
	const char *config_path;
	const char *state;
	const char *user;
	struct shared_list shared; /* in force */
	uint64_t *
		targets; /* hashes of those that the fleet has asked from here; owned */
	size_t target_count;
	int64_t ask_us; /* when to ask next; monotonic */
	bool is_asking;
	bool has_files;    /* that are others than those in force */
	bool has_register; /* one was taken out */
	unsigned seconds;
};

/*
 * At the start: takes up what is kept, and puts what it says over the configuration as
 * the machine's own files and options have it.  What is wrong is said on standard
 * error.
 */
void steering_over(struct monitor *m);
void steering_close(struct steering *s);
/* Once everything is open: silences and shared sources. */
void steering_begin(struct steering *s, struct monitor *m);
/* The machine's own settings are others. */
void steering_retry(struct steering *s);

/* ---- with the hubs (by way of the courier, fleet_member.h) ---- */

/* Appends what is to be asked now; false: nothing is. */
bool steering_question(struct steering *s, struct buf *out);
/* The answer; NULL: there was none. */
void steering_answer(struct steering *s, const void *bytes, size_t len);
/* There is news, or the connection is new. */
void steering_news(struct steering *s);
/* Asks, and notes for the heartbeat what came of it. */
void steering_second(struct steering *s);

/*
 * Whether nothing of what the fleet has asked from here answers, and the servers don't
 * either: then this machine is the cause.
 */
bool steering_is_cut_off(const struct steering *s, const struct probing *probing,
			 bool reaches_servers);
