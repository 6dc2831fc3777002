/*
 * notifier.h: the shape of a way to tell somebody; each is one file.
 *
 * Notifiers live in a process of their own (sender.h), which has the network and the
 * spool and nothing else: no packets, no store.  A notifier turns a notice into the
 * words of its wire and says what came of it; when to try again, de-duplication and the
 * rate are the sender's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

enum { NOTICE_INCIDENTS_MAX = 16 };

/* What a notifier is given: incidents, why, and where a reader finds more. */
struct notice {
	const char *reason; /* new, changed ...; alert/teller.h */
	const char *key;    /* de-duplication key */
	const char *host;   /* this machine's name */
	const char *link;   /* to the page; "" if it can't be reached from elsewhere */
	int64_t at_us;
	const struct incident_record *incidents;
	size_t count; /* at least 1 */
};

/* A place to tell, as configured; secrets are read from files each time. */
struct sink {
	const char *name;
	const struct notifier *notifier;
	const char *url;            /* without secrets: may be shown */
	const char *words;          /* a webhook's template; NULL: the notifier's own */
	const char *const *options; /* name, value, name, value ... NULL */
};

enum notify_outcome {
	NOTIFY_SENT,
	NOTIFY_LATER, /* the other side is not there, or has no time: try again */
	NOTIFY_NEVER, /* it will never be taken: say so */
};

struct notifier {
	const char *name;    /* as in docs: "slack" */
	const char *schemes; /* of URLs: "slack slacks" */
	const char *doc;
	/* Checks options at the start; false: message says what is wrong, and what is
	 * allowed.
	 */
	bool (*check)(const struct sink *sink, struct buf *message);
	/* Blocks for seconds at most; error: one line, without secrets. */
	enum notify_outcome (*send)(const struct sink *sink,
				    const struct notice *notice, struct buf *error);
};

/* The one that has that scheme; NULL. */
const struct notifier *notifier_of(const char *scheme, size_t len);
