/*
 * notifier.h: the shape of a way to tell somebody; each is one file, notify_X.c, which
 * the build finds by its "const struct notifier notifier_X = {".
 *
 * Notifiers live in a process of their own (sender.h), which has the network, the spool
 * and the files that its sinks name, and nothing else: no packets, no store.  A
 * notifier turns a notice into the words of its wire and says what came of it; when to
 * try again, de-duplication and the rate are the sender's.
 *
 * Each sink has a thread of its own, as send() waits: a slow one holds nobody up.  A
 * notifier keeps no state but in its sink.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

enum {
	NOTICE_INCIDENTS_MAX = 16,
	NOTIFY_TIMEOUT_S = 20, /* that a send() may take in all */
	SECRET_MAX = 4096,
	SINK_FILE_MODE = 0640, /* of one that is written */
	SINK_PATH_MAX = 1024,
};

/* A report that is mailed: no incident. */
struct notice_report {
	const char *title, *text;
	const char *folder;       /* where its files are, here; set by the sender */
	const char *const *files; /* plain names */
	size_t file_count;
};
enum { NOTICE_FILES_MAX = 10 };

/* What a notifier is given: incidents, why, and where a reader finds more. */
struct notice {
	uint64_t id;        /* of the message; the same when it is tried again */
	const char *reason; /* new, changed ...; alert/teller.h */
	const char *key;  /* de-duplication key: the same for all about one incident */
	const char *host; /* this machine's name */
	const char *link; /* to the page; "" if it can't be reached from elsewhere */
	int64_t at_us;    /* when it was due */
	const struct incident_record *incidents;
	size_t count;                       /* at least 1, but of a report 0 */
	const struct notice_report *report; /* NULL: it is of incidents */
};

/* ---- sinks ---- */

enum sink_option_kind {
	SINK_TEXT,
	SINK_FLAG,   /* yes or no */
	SINK_SECRET, /* a file with a secret, read each time: see sink_secret() */
	SINK_READ,   /* another file that is read: authorities, a template */
	SINK_WRITTEN /* a file that is written; its folder has to be there */
};

/* What may stand behind the "?" of a sink's URL, or beside it in a file of sinks. */
struct notifier_option {
	const char *name; /* NULL: the last */
	enum sink_option_kind kind;
	bool is_needed;
	const char *doc;
};

struct http_request;

/* A place to tell, as configured. */
struct sink {
	const char *name;
	const struct notifier *notifier;
	const char *url; /* "smtp://mail.example.org:587": no query, no password */
	const char *const *options; /* name, value, name, value ... NULL */
	void *state;    /* its notifier's, NULL at first: a connection that is kept */
	int64_t wait_s; /* that the other side asks for, with its last NOTIFY_LATER */
};

enum notify_outcome {
	NOTIFY_SENT,
	NOTIFY_LATER, /* the other side is not there, or has no time: try again */
	NOTIFY_NEVER, /* it will never be taken: say so */
};

struct notifier {
	const char *name;    /* as in docs: "slack" */
	const char *schemes; /* of URLs, separated by blanks: "smtp smtps" */
	const char *doc;
	/* The other side has an entry for each key: an incident is a message of its
	 * own. */
	bool is_by_key;
	bool takes_reports;                    /* and sends their files */
	const struct notifier_option *options; /* NULL: none */
	bool writes_path; /* its URL, "eve:/FILE", names a file that it writes */
	/*
	 * What sink_new() can't know: false, and message says what is wrong, and what
	 * is allowed.  May be NULL.
	 */
	bool (*check)(const struct sink *sink, struct buf *message);
	/*
	 * One of the two.  request: fills what is sent over HTTP (http.h); false:
	 * error, one line, without secrets, as of send(), which waits for
	 * NOTIFY_TIMEOUT_S at most.
	 */
	bool (*request)(const struct sink *sink, const struct notice *notice,
			struct http_request *request, struct buf *error);
	enum notify_outcome (*send)(struct sink *sink, const struct notice *notice,
				    struct buf *error);
	void (*close)(struct sink *sink); /* frees sink->state; may be NULL */
};

/* By whichever of the two. */
enum notify_outcome notifier_send(struct sink *sink, const struct notice *notice,
				  struct buf *error);

/* All of them, for docs. */
const struct notifier *const *notifiers(size_t *count);
/* The one that has that scheme; NULL. */
const struct notifier *notifier_of(const char *scheme, size_t len);

/*
 * Of a URL, and what a file says beside it (name, value ... NULL; or NULL): the scheme
 * chooses the notifier, the query becomes options.  NULL, and message says what is
 * wrong and what is allowed: an option that it does not have, one that is missing, a
 * password in the URL.  Nothing of the files is read here.
 */
struct sink *sink_new(const char *name, const char *url, const char *const *options,
		      struct buf *message);
void sink_free(struct sink *sink);

/* What stands behind the scheme: "/FILE" of "eve:/FILE" and of "eve:///FILE". */
const char *sink_url_path(const struct sink *sink);
/* NULL: not given. */
const char *sink_option(const struct sink *sink, const char *name);
bool sink_flag(const struct sink *sink, const char *name, bool if_not_given);

/* Where the file is that this option names; false: not given, or nowhere. */
bool sink_path(const struct sink *sink, const char *option,
	       char out[static SINK_PATH_MAX]);

/*
 * Appends what is in the file that this option names, without white space around it: a
 * path, or "credential:NAME", which systemd puts into $CREDENTIALS_DIRECTORY.  Read
 * each time, so that a new password needs no reload.  False, and error says why,
 * without what it holds.  Of an option that is not given: true, and nothing is
 * appended.  Who takes it wipes it: secret_free().
 */
bool sink_secret(const struct sink *sink, const char *option, struct buf *secret,
		 struct buf *error);
void secret_free(struct buf *secret);
/* Reads its secrets, for who may not later: sink_secret() takes these then. */
void sink_prepare(const struct sink *sink);

/* Each file that it needs: what the process may reach.  path: absolute. */
typedef void sink_take_file(void *self, enum sink_option_kind kind, const char *path);
void sink_each_file(const struct sink *sink, sink_take_file *take, void *self);
/* Opens it as its notifier will, which makes one that is written: 0 or -errno. */
int sink_file_try(enum sink_option_kind kind, const char *path);
