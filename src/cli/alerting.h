/*
 * alerting.h: joins limits (limit/limits.h), the book of incidents (alert/incidents.h)
 * and who is told of them (alert/teller.h, cli/sending.h) with the running monitor:
 * what they are given, where their records go, and what people say.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "alert/incidents.h"
#include "alert/teller.h"
#include "base/buf.h"
#include "base/home.h"
#include "cli/alert_board.h"
#include "cli/alert_rules.h"
#include "cli/foretelling.h"
#include "cli/programs.h"
#include "cli/readable.h"
#include "cli/reporting.h"
#include "cli/sending.h"
#include "cli/sinks_told.h"
#include "config/config.h"
#include "limit/anomalies.h"
#include "limit/forecast_alerts.h"
#include "limit/limits.h"
#include "record/record.h"

/* What workers always read, whether or not a limit watches it. */
#define RECORDS_ALWAYS_READ                                                            \
	(RECORD_BIT(RECORD_finding) | RECORD_BIT(RECORD_login) | RECORD_BIT(RECORD_tls))

struct alerting_setup {
	void *self;
	/* Alerts, incidents, timelines and whatever else is said here: for the store,
	 * and whoever looks on. */
	void (*keep)(void *self, enum record_kind kind, const void *record);
	/* Whether an alert that no limit is of still fires; NULL: none does. */
	bool (*goes_on)(void *self, const struct alert_record *alert);
	/* One that was kept, to be made as it was when it was said; NULL: it is. */
	void (*recalled)(void *self, struct alert_record *alert);
	const struct config *config; /* in force; borrowed for good, as what follows */
	const char *config_path;     /* NULL: the usual one */
	const char *sensor;          /* this machine's name in a fleet; NULL: of none */
	const struct home *own;      /* this machine's addresses */
	const struct home *home;     /* our networks */
	struct programs *programs;
};

struct alerting {
	struct alerting_setup setup;
	struct alert_rules rules;
	record_bits read;       /* kinds that workers were told to read, at the start */
	uint64_t stamp_seen;    /* of their files, at the last look */
	bool files_are_refused; /* as one has an error: older rules are in force */
	struct incident_book *book; /* NULL: before alerting_take_up() */
	struct limits *limits;
	struct anomalies *anomalies;
	struct foretelling foretelling;
	struct forecast_alerts *forecasts;
	struct teller *teller;
	struct sending *sending; /* NULL: no sink was configured at the start */
	struct sending_setup sender;
	struct readable readable; /* by the sender */
	char spool[CONFIG_TEXT_MAX + 8], reports[CONFIG_TEXT_MAX + 16];
	char reports_in[CONFIG_TEXT_MAX + 17];      /* the same, with "/" */
	char host[256], link[CONFIG_TEXT_MAX + 64]; /* as notice has them */
	struct alert_board board;
	struct sinks_told told; /* what came of messages, and of tests */
	uint32_t asked;         /* of the history, in this second */
	uint32_t untaken;       /* sinks whose messages can't be passed on just now */
	bool is_taking;         /* a limit says something just now */
	int64_t second_us;      /* of the last second */
	int64_t minute;         /* of the last look at what ports did */
	uint32_t minutes_on;    /* that followed one another until then */
};

/* ---- its life, in this order ---- */

/* Reads the rules.  False: some are wrong, and errors says which. */
bool alerting_prepare(struct alerting *a, const struct alerting_setup *setup,
		      struct buf *errors);
/* Makes the process that tells people, if there is anybody to tell; before any thread.
 */
void alerting_fork(struct alerting *a);
/*
 * What a store knows of what fired, and of what was over: before it is written, on any
 * thread.  cancels: set, it is read no further.  NULL without memory.
 */
struct alerting_kept;
struct alerting_kept *alerting_read(const char *state, const atomic_bool *cancels);
void alerting_kept_free(struct alerting_kept *kept);
/* Takes that up, which stays the caller's.  False without memory. */
bool alerting_take_up(struct alerting *a, struct alerting_kept *kept);
/* Both, from its own store: who has nobody to answer meanwhile. */
bool alerting_open(struct alerting *a);
/* From now on it watches; page: address of the page. */
void alerting_begin(struct alerting *a, const char *page, int64_t now_us,
		    struct buf *said);
/*
 * Watches no more, and tells nobody, until alerting_take_up(): another hub leads.  What
 * it has not said yet stays unsaid.
 */
void alerting_stand_down(struct alerting *a);
void alerting_close(struct alerting *a);

/* ---- what happens; nothing before alerting_take_up() ---- */

/* True if finding->incident is another one now; see incident_book_finding(). */
bool alerting_finding(struct alerting *a, struct finding_record *finding);
void alerting_listener(struct alerting *a, const struct listener_record *listener);
void alerting_block(struct alerting *a, const struct block_record *block);
/* What a target is reached through, and that nobody asks it any more; before its answer
 * is seen. */
void alerting_target(struct alerting *a, const struct probe_record *probe);
/* Nothing more will be known of that target. */
void alerting_gone(struct alerting *a, const char *target, int64_t now_us);
/* What limits watch: any record; of ports those of a minute, now and then. */
void alerting_see(struct alerting *a, enum record_kind kind, const void *record,
		  int64_t now_us);
/*
 * True once a minute, if that was watched as a whole: not of the first one, nor of that
 * in which the machine slept or the clock was set.
 */
bool alerting_is_minute(struct alerting *a, int64_t now_us);
/*
 * What is usual is learned by such a minute: what each service did in it, then its end.
 */
void alerting_minute_port(struct alerting *a, const struct port_record *port,
			  int64_t now_us);
void alerting_minute_end(struct alerting *a, int64_t now_us);
/*
 * Once a second, after alerting_second(): once a day it forecasts what has a history;
 * history_us: since when there is any.
 */
void alerting_foretell(struct alerting *a, int64_t history_us, int64_t now_us);
/* The same of each second of a service, for service levels. */
void alerting_count(struct alerting *a, const struct port_record *port);
/* An alert that is not of a limit: of a forecast, or of what is odd. */
void alerting_alert(struct alerting *a, const struct alert_record *alert);
/* said: what somebody should know. */
void alerting_second(struct alerting *a, int64_t now_us, struct buf *said);

/* Other rules, which become its own; the configuration is the new one already. */
void alerting_take_rules(struct alerting *a, struct alert_rules *rules, int64_t now_us,
			 struct buf *said);

/* To wait for; -1: there is nothing. */
int alerting_fd(const struct alerting *a);
/* What the process that tells people has to say; false: it is there no more. */
bool alerting_take_sent(struct alerting *a, struct buf *said);

/* ---- what people say ---- */

/*
 * Forms (docs/alerts.md): of an incident, of a deployment, of a silence and of its end.
 * 0 and a sentence, or the id that it is about; or -ENOENT, -EEXIST or -EINVAL and what
 * is wrong, in message.
 */
int alerting_change(struct alerting *a, const char *form, const char *actor,
		    struct buf *message);
int alerting_deployed(struct alerting *a, const char *form, const char *actor,
		      struct buf *message);
int alerting_silence(struct alerting *a, const char *form, const char *actor,
		     struct buf *message);
int alerting_unsilence(struct alerting *a, const char *form, const char *actor,
		       struct buf *message);

/* ---- what is known ---- */

/* Incidents that are over, as the store has them now.  False: it can't be read. */
bool alerting_reread(struct alerting *a);
/* Newest first: those that fire, then those that were over lately. */
void alerting_each(const struct alerting *a,
		   void (*take)(void *to, const struct incident_record *incident),
		   void *to);
/* Those that fire, the newest first. */
void alerting_each_alert(const struct alerting *a,
			 void (*take)(void *to, const struct alert_record *alert),
			 void *to);
void alerting_each_silence(const struct alerting *a,
			   void (*take)(void *to, const struct silence_record *silence),
			   void *to);
/* Appends those who are told, a JSON object each, in an array. */
void alerting_sinks_json(const struct alerting *a, struct buf *json);
/*
 * A message to a sink to see whether it is taken: answer() is called with what came of
 * it, within SINK_TEST_MAX_S.  False, and why (static), if it can't be sent.
 */
bool alerting_test_sink(struct alerting *a, const char *sink, web_probe_answer answer,
			void *to, const char **why);
/* A report to a sink that is mail; NEVER: why (static) says why. */
enum reporting_mailed alerting_mail_report(struct alerting *a,
					   const struct reporting_mail *mail,
					   const char **why);
/* How each service level stands. */
void alerting_each_level(const struct alerting *a,
			 void (*take)(void *to, const struct level_record *level),
			 void *to);
/* Gives each incident that there is, as alerting_each() does. */
typedef void alerting_incidents(const void *of,
				void (*take)(void *to,
					     const struct incident_record *incident),
				void *to);
/*
 * Appends "incidents":{...},"alerts":{...} and, if there is one, "sender":{...} of
 * /api/v1/status, without a comma at the end.  Who follows has no incidents of its own:
 * `each` gives, of `of`, those that are known; NULL: a's own.
 */
void alerting_json(const struct alerting *a, alerting_incidents *each, const void *of,
		   struct buf *json);
