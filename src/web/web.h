/*
 * web.h: the HTTP API, on a Unix socket and on TCP, inside the caller's loop.
 *
 * The caller waits for web_fd() to be readable, or for web_timeout_ms(), and calls
 * web_run().  Only the past is read in a thread of its own, which starts with the first
 * question: reading a store takes time that the loop has not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "record/record.h"
#include "web/asked.h"
#include "web/kept.h"

struct histogram;
struct sensor_set;
typedef void (*web_emit)(void *to, const void *record);
/* What is posted, and who posts it; as web_source.policy_apply. */
typedef int (*change_take)(void *self, const char *text, size_t len, const char *actor,
			   struct buf *message);

/*
 * Where answers come from; called inside web_run().  What is NULL is not known: its
 * records are none.
 */
struct web_source {
	void *self;
	void (*ports)(void *self, web_emit emit, void *to); /* struct port_record */
	/*
	 * Of a hub: all sensors of the fleet as they are now, those that are revoked
	 * too: struct sensor_record, by which sensor=, site= and tag= are answered.
	 * NULL: this is one machine.  That one has changed is to be told to web_live().
	 */
	void (*sensors)(void *self, web_emit emit, void *to);
	/*
	 * Of a hub: what services carry and could carry over those sensors (NULL: all):
	 * struct fleet_capacity_record.  False without memory.
	 */
	bool (*capacity)(void *self, const struct sensor_set *sensors, web_emit emit,
			 void *to);
	/* Whether it is in our networks. */
	bool (*is_home)(void *self, const struct addr *addr);
	/* struct flow_record: the open ones, then the newest that ended. */
	void (*flows)(void *self, web_emit emit, void *to);
	void (*self_record)(void *self, struct self_record *out);
	void (*status)(void *self, struct buf *json); /* one JSON object */
	/* What is there now: struct listener_record, struct socket_record. */
	void (*listeners)(void *self, web_emit emit, void *to);
	void (*sockets)(void *self, web_emit emit, void *to);
	void (*findings)(void *self, web_emit emit, void *to); /* the open ones */
	/* Those in force, the newest first, and some that are over. */
	void (*blocks)(void *self, web_emit emit, void *to);
	/* A form (docs/answer.md); as policy_apply, and -EPERM: it may not be. */
	int (*block_change)(void *self, const char *text, size_t len, const char *actor,
			    struct buf *message);
	/* Those that fire, the newest first, and some that are over. */
	void (*incidents)(void *self, web_emit emit, void *to);
	/* Forms (docs/alerts.md); as policy_apply, and -ENOENT: there is none, -EEXIST:
	 * several may be meant. */
	int (*incident_change)(void *self, const char *text, size_t len,
			       const char *actor, struct buf *message);
	int (*deployed)(void *self, const char *text, size_t len, const char *actor,
			struct buf *message);
	/* Those that fire, and some that are over. */
	void (*alerts)(void *self, web_emit emit, void *to);
	/* How each service level stands now. */
	void (*levels)(void *self, web_emit emit, void *to);
	/* Those that hold or will, and some that are over; forms that begin and end
	 * one. */
	void (*silences)(void *self, web_emit emit, void *to);
	int (*silence)(void *self, const char *text, size_t len, const char *actor,
		       struct buf *message);
	int (*unsilence)(void *self, const char *text, size_t len, const char *actor,
			 struct buf *message);
	/* Of the change just made, which gave -EINPROGRESS: answered later, once. */
	void (*change_wait)(void *self, web_change_answer answer, void *to);
	/* Somebody reads over TCP; NULL: nobody wants to know. */
	void (*reader)(void *self, const struct addr *reader);
	/* How long it took until they were said; NULL: not known. */
	const struct histogram *(*latency)(void *self);
	void (*probes)(void *self, web_emit emit,
		       void *to); /* the last of each target */
	/*
	 * GET /probe: asks, and gives the answer later, once, also if the client has
	 * left; *text is taken over.  False, with why (static), if it can't ask now.
	 * NULL: nobody is asked.
	 */
	bool (*probe_ask)(void *self, const struct web_probe *probe,
			  web_probe_answer answer, void *to, const char **why);
	/* What is in maintenance by command, as NDJSON; a change as policy_apply. */
	void (*maintenance)(void *self, struct buf *json);
	int (*maintain)(void *self, const char *text, size_t len, const char *actor,
			struct buf *message);
	/* The same with a heartbeat: 200, or 404 if it is nobody's. */
	bool (*push)(void *self, const struct web_push *push, web_probe_answer answer,
		     void *to, const char **why);
	/*
	 * Of ports and flows: from when on nothing is missing in memory.  Questions
	 * about earlier times go to the store.  NULL: memory is all there is;
	 * INT64_MAX: nothing is.
	 */
	int64_t (*memory_since_us)(void *self, enum record_kind kind);
	/*
	 * Dashboards: all of them as a JSON array; one, as JSON or as its file is: 0,
	 * or -ENOENT, or -errno and why; and changes of one, as policy_apply, and
	 * -EROFS: it may only be read, -ENOENT: there is none.
	 */
	void (*dashboards)(void *self, struct buf *json);
	int (*dashboard)(void *self, const char *name, bool as_file, struct buf *out);
	int (*dashboard_put)(void *self, const char *name, const char *text, size_t len,
			     const char *actor, struct buf *message);
	int (*dashboard_remove)(void *self, const char *name, const char *actor,
				struct buf *message);
	/*
	 * GET /api/v1/explain: what else there is to know, kept until the end, which is
	 * in another thread: it appends the answer to json (NULL: it is not wanted any
	 * more), and lets go.  Begin is NULL without memory.
	 */
	void *(*explain_begin)(void *self);
	void (*explain_end)(void *begun, const struct web_port_facts *facts,
			    struct buf *json);
	/* GET /api/v1/figures, in another thread: emits figures since then
	 * (UNKNOWN_TIME: as usual) of what read() gives.  0, or -errno. */
	int (*figures)(int64_t since_us, web_reader read, void *from, web_emit emit,
		       void *to);
	struct web_reporter report;
	/* What is watched, who is told, what is configured; which reports are made by
	 * themselves. */
	web_json rules, sinks, config, report_schedule;
	/* Sends a message to try a sink; the rest as probe_ask. */
	bool (*sink_test)(void *self, const struct web_sink_test *test,
			  web_probe_answer answer, void *to, const char **why);
	/* Forms (docs/policy.md) about entries of the register; as policy_apply. */
	change_take policy_approve, policy_reviewed, policy_withdraw;
	/* The same, of docs/privacy.md, compliance.md and reports.md. */
	change_take privacy, evidence_reviewed, report_run;
	/* Of the public status page, in the order of the configuration; NULL: there is
	 * none. */
	void (*public_targets)(void *self, web_public_take take, void *to);
	const char *public_title;
	/* Whether a database of countries is given, and when it was built
	 * (UNKNOWN_TIME); and where an address is by it, false: it does not know. */
	bool (*countries)(void *self, int64_t *built_us);
	bool (*country)(void *self, const struct addr *addr, struct web_country *out);
	/* Appends the register in force as YAML; false if there is none. */
	bool (*policy)(void *self, struct buf *yaml);
	/* Puts a register in force.  0 and what changed, in words for a person, or
	 * -EINVAL and what is wrong with it, or -errno and why it could not be kept, in
	 * *message.  actor: the user who asks. */
	change_take policy_apply;
	/* Tests whether attackers are really stopped; the rest as above. */
	int (*self_test)(void *self, const char *text, size_t len, const char *actor,
			 struct buf *message);
	/* Somebody who may, or did, of which the audit chain shall know. */
	void (*audit)(void *self, const char *action, const char *actor,
		      const char *subject, const char *before, const char *after);
	/* What is wrong, in a line for whoever runs the daemon. */
	void (*trouble)(void *self, const char *text);
	/* Takes a scan: NDJSON of scan_run and scan; the rest as above. */
	int (*scan_take)(void *self, const char *text, size_t len, const char *actor,
			 struct buf *message);
};

/* Below the state folder: users and tokens, people_file.h. */
#define WEB_ACCESS_FILE "/web.access"

struct web_options {
	const char *listen;      /* "127.0.0.1:7070", "[::1]:0", "off" */
	const char *socket_path; /* Unix socket; NULL: none */
	const char *version;
	const struct web_source *source;
	const struct web_past *past; /* NULL: nothing is kept */
	const struct config *config; /* of web.*, borrowed; NULL: as usual */
	const char *access_path;     /* file of users and tokens; NULL: none is kept */
};

enum { WEB_ERROR_MAX = 512, WEB_LINK_MAX = 192 };

struct web;
/* NULL and one line in error; *status is the exit status (2 usage, 4 permission). */
struct web *web_open(const struct web_options *options,
		     char error[static WEB_ERROR_MAX], int *status);
int web_fd(const struct web *web);
int web_timeout_ms(const struct web *web);
void web_run(struct web *web);
/* TCP port in use, 0 if off. */
uint16_t web_port(const struct web *web);
/* "127.0.0.1:7070" with the real port; "" if off. */
const char *web_address(const struct web *web);

/*
 * The configuration it borrows has changed: the certificate is read again.  False, and
 * error, if it can't be used; then the old one stays.
 */
bool web_reload(struct web *web, char error[static WEB_ERROR_MAX]);

/* When the certificate ends; UNKNOWN_TIME: there is none. */
int64_t web_certificate_until_us(void);

/*
 * A link that lets a user in once, within ten minutes; user "": an administrator, whom
 * whoever started us trusts.  0; -ENOENT: there is no such user; -ENOTCONN: TCP is off.
 */
int web_link(struct web *web, const char *user, char link[static WEB_LINK_MAX]);

/*
 * Sends a record to all readers of /api/v1/live.  Port, login, finding and probe
 * records also count for /metrics, readers or not: every one once, or counters would
 * count twice.
 */
void web_live(struct web *web, enum record_kind kind, const void *record);
/* An address was erased: what is kept in memory of the past is read anew. */
void web_forget(struct web *web);
void web_close(struct web *web);
