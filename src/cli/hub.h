/*
 * hub.h: a hub of a fleet: breakwater hub.  What sensors tell goes into the depot
 * (fleet/take.h), what is known now onto a board (fleet/board.h), and from both to
 * whoever looks on; one of the hubs leads, judges what all of them tell, and tells
 * people (docs/fleet.md).
 *
 * One loop does all but waiting for others: who pulls, follows, publishes, holds the
 * lease, and tidies up has a thread of its own, and hands over records or answers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/home.h"
#include "cli/alerting.h"
#include "cli/dashboard_shelf.h"
#include "cli/hub_ask.h"
#include "cli/hub_book.h"
#include "cli/hub_follow.h"
#include "cli/hub_join.h"
#include "cli/hub_lease.h"
#include "cli/hub_name.h"
#include "cli/hub_passing.h"
#include "cli/hub_past.h"
#include "cli/hub_recall.h"
#include "cli/hub_refused.h"
#include "cli/hub_said.h"
#include "cli/hub_say.h"
#include "cli/hub_steer.h"
#include "cli/hub_tidy.h"
#include "cli/options.h"
#include "cli/past_reader.h"
#include "cli/programs.h"
#include "cli/reporting.h"
#include "cli/run_report.h"
#include "config/config.h"
#include "detect/fleet.h"
#include "fleet/attackers.h"
#include "fleet/board.h"
#include "fleet/chain_watch.h"
#include "fleet/link.h"
#include "fleet/take.h"
#include "fleet/vantages.h"
#include "guard/guard.h"
#include "store/store.h"
#include "web/web.h"

enum {
	HUB_TICK_MS = 100,
	HUB_TICKS_PER_SECOND = 1000 / HUB_TICK_MS,
	HUB_PATH_MAX = CONFIG_TEXT_MAX + 32,
};

struct hub {
	const char *config_path;
	struct config config;
	struct config begun; /* as its files said at the start */
	struct home home, own;
	struct common_options common;
	bool quiet, ended, failed, on_terminal; /* failed: it ended by that */
	field_text64 name, host;                /* this hub's own, and its machine's */
	char servers[16 * (CONFIG_TEXT_MAX + 1)];         /* with commas between */
	char ca[HUB_PATH_MAX], credentials[HUB_PATH_MAX]; /* files; "": none */
	char depot[PAST_DEPOT_MAX];                       /* as depot_open() */
	struct link *link;
	struct board *board;
	struct take *takes[FLEET_LANES];
	struct hub_follow *follow; /* NULL: not yet (hub_recall_has_begun()) */
	struct hub_say *say;
	struct hub_lease *lease;
	struct hub_tidy *tidy;
	struct hub_join *join;
	struct hub_name *namesakes;
	struct hub_steer *steer; /* NULL: the fleet's keys are not here */
	struct vantages *vantages;
	bool knows_places;   /* which targets are asked from several places */
	struct hub_ask *ask; /* what other hubs pass on; NULL: this one does not lead */
	struct hub_ask *ask_ending; /* the one before, which is not waited for */
	struct hub_passing *passing;
	struct hub_past *past;
	struct hub_recall *recall;
	struct chain_watch *chains;
	struct hub_said *said;
	struct hub_book *book; /* of who is to lead; NULL: none is being read */
	/* What the leader does; the book is there only while it leads. */
	struct alerting alerting;
	struct attackers *attackers;
	struct hub_refused *refused;
	struct detect_fleet *detect; /* NULL: it does not lead */
	bool leads;                  /* it judges, and tells people */
	struct reporting reporting;
	bool knows_made; /* which reports were: the depot was read once */
	struct programs programs;
	struct store *store; /* this hub's own: its audit chain, what hubs have said */
	struct web *web;
	struct dashboard_shelf dashboards;
	struct run_state state;
	struct sandbox_report sandbox;
	field_text256 trouble; /* as last said on standard error */
	uint64_t told_stamp;   /* of the file of who was told what, as last given on */
	bool told_is_cut;      /* not all of it had room there */
	int64_t second_us;
	/* This hub's monotonic clock: */
	int64_t began_us;
	int64_t followed_us; /* when the streams were first asked */
	int64_t lease_us;    /* since when it has the lease; 0: it has not */
	int64_t heard_us;    /* the first record of the streams; 0: none came */
	int epoll, signals, timer;
	unsigned ticks;
};

/* ---- hub_setup.c ---- */

/* Names, servers, files and the depot, of the configuration; false: all is said. */
bool hub_setup(struct hub *hub);
/* Whether it may write in its state folder, as who it is now; false: all is said. */
bool hub_may_write(const struct hub *hub);

/* ---- hub_intake.c ---- */

/* A record that a sensor told, or another hub. */
void hub_take(struct hub *hub, const struct hub_heard *heard);
/*
 * What this hub says itself, as the leader or of what it has refused: kept here, shown,
 * and told to all as FLEET_HUB.
 */
void hub_keep(struct hub *hub, enum record_kind kind, const void *record);
void hub_audit(struct hub *hub, const char *action, const char *actor,
	       const char *subject, const char *before, const char *after);
/* Of sensors whose state has changed; each second. */
void hub_watch_sensors(struct hub *hub);
/* What the depot has told of before: often. */
void hub_take_recalled(struct hub *hub);

/* ---- hub_places.c: what is asked from several places ---- */

/* As it may be followed: an answer of a sensor's. */
void hub_place_probe(struct hub *hub, const struct probe_record *probe);
/*
 * What one sensor says of a target that several places decide of: not reached from
 * there, which is no outage, as long as they can tell.  True if it is that.  site:
 * where it is.
 */
bool hub_place_alert(const struct hub *hub, const char *site,
		     struct alert_record *alert);
/* The same, as it is shown: may be asked while the board is gone through. */
void hub_place_show(const struct hub *hub, struct alert_record *alert);
/* Whether the alert is of what places come to, which is for them to end. */
bool hub_place_goes_on(const struct alert_record *alert);
/* Each second: what steering did, and what places come to. */
void hub_steer_second(struct hub *hub);

/* ---- hub_lead.c ---- */

bool hub_prepare_alerting(struct hub *hub, struct buf *errors);
/* Begins to lead, or stops, as the lease says, and takes what was read; often. */
void hub_look_at_lease(struct hub *hub);
/* It leads, if need be with a book that is being read again. */
bool hub_has_lead(const struct hub *hub);
/* As the leader: the book of incidents is read again, as more of it is known. */
void hub_lead_anew(struct hub *hub);
/* Each second. */
void hub_lead_second(struct hub *hub);
/* What the process that tells people has to say. */
void hub_take_sent(struct hub *hub);
/* As the leader: what a record means for incidents. */
void hub_judge(struct hub *hub, enum record_kind kind, const void *record);
/* Of a finding, whose incident it sets; true: to another one than its detector says. */
bool hub_judge_finding(struct hub *hub, struct finding_record *finding);
void hub_judge_sensor(struct hub *hub, const struct sensor_record *sensor);

/* ---- hub_detect.c ---- */

/*
 * What only a fleet sees (detect/fleet.h), in the leader only.  Begun once more, who
 * listens is to be told anew; the evidence of attacks, of up to a day, is in memory
 * only and stays.
 */
bool hub_detect_begin(struct hub *hub);
/* Thresholds, friends and home, as they are configured now. */
void hub_detect_settings(struct hub *hub);
/* A finding of the hubs' that was open when another one led. */
void hub_detect_restore(struct hub *hub, const struct finding_record *finding);
/* Each record that a sensor tells, but ports and flows; what is found is hub_found().
 */
void hub_detect(struct hub *hub, enum record_kind kind, const void *record);
void hub_detect_second(struct hub *hub);
/* still_leads: what waits to be said may be. */
void hub_detect_end(struct hub *hub, bool still_leads);
/* A finding of the hubs' own. */
void hub_found(struct hub *hub, const struct finding_record *finding);

/* ---- hub_reload.c ---- */

/* The configuration is read again: a bad file changes nothing. */
void hub_reload(struct hub *hub);
/* How long records are kept, here and in the depot. */
struct store_limits hub_store_limits(const struct config *config);
struct depot_limits hub_depot_limits(const struct config *config);

/* ---- hub_answers.c, hub_status.c, hub_change.c ---- */

struct web_source hub_source(struct hub *hub);
void hub_status(void *self, struct buf *json);
/* The fleet's, of the leader's book or as it told them: see alerting_incidents. */
void hub_each_incident(const void *of,
		       void (*take)(void *to, const struct incident_record *incident),
		       void *to);
void hub_self(void *self, struct self_record *out);
/* Its own record of this second. */
void hub_second(struct hub *hub);
/* What is wrong with servers or depot, on standard error, when that changes. */
void hub_say_trouble(struct hub *hub);
/* Parts of web_source: forms, here or at the hub that leads. */
void hub_fill_changes(struct web_source *source);
/* What the hub that leads said to what was passed on to it; often. */
void hub_take_passed(struct hub *hub);
/* What another hub passed on. */
void hub_take_asked(struct hub *hub);
