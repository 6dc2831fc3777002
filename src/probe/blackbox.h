/*
 * blackbox.h: answers as Prometheus' blackbox_exporter 0.23 does.
 *
 * Its file of modules is read as it is, and what a probe finds is told in the same
 * metrics: the same names, labels, HELP and TYPE.  Where that program is known to tell
 * less than it could (nothing of a certificate that is not good), more is told.
 */
#pragma once

#include "base/addr.h"
#include "probe/probe.h"

struct blackbox;

/*
 * NULL if it is no such file: *errors has lines "name:line:column: ...".  Keys that are
 * not known are errors; a module of a prober that is not asked here is none.
 */
struct blackbox *blackbox_parse(const char *text, size_t len, const char *name,
				struct buf *errors);
/* Of what has no answer yet the prober must be gone. */
void blackbox_free(struct blackbox *all);

/* Reads the files of tls_config now: for who can't later.  What can't be read fails
 * those probes that need it. */
void blackbox_prepare(struct blackbox *all);
/* The files of secrets, which are read each time. */
void blackbox_each_secret_file(const struct blackbox *all,
			       void (*take)(void *to, const char *path), void *to);

/* Of GET /probe.  NULL: not given. */
struct blackbox_request {
	const char *target, *module, *hostname;
	const char *timeout; /* X-Prometheus-Scrape-Timeout-Seconds */
	bool debug;          /* what happened, and the module, too */
};

struct blackbox_answer {
	unsigned status; /* of HTTP */
	bool success;
	const char *type;
	struct buf text; /* whoever is given the answer may take it over */
};

typedef void (*blackbox_done)(void *to, struct blackbox_answer *answer);

/*
 * Asks, and calls done once: from prober_turn(), or at once if there is nothing to ask.
 * Only addresses that allow holds are asked (allow NULL: all), whatever names stand for
 * them; it and the modules must outlive the answer.
 */
void blackbox_answer(struct blackbox *all, struct prober *prober,
		     const struct blackbox_request *request, const struct prefix *allow,
		     size_t allow_count, blackbox_done done, void *to);
