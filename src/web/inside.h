/*
 * inside.h: what the files of this room share.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "web/access.h"
#include "web/guests.h"
#include "web/live.h"
#include "web/metrics.h"
#include "web/past.h"
#include "web/probe.h"
#include "web/public.h"
#include "web/query.h"
#include "web/sensor_set.h"
#include "web/socket.h"
#include "web/web.h"

enum { WEB_VERSION_MAX = 32, WEB_PATH_MAX = 108 };

/* Reports that are made or sent; of one visitor. */
enum { REPORTS_MAX = 4, REPORTS_EACH = 2 };

struct web {
	const struct web_source *source; /* borrowed */
	char version[WEB_VERSION_MAX];
	struct MHD_Daemon *tcp, *local; /* NULL: not listened on */
	int fd; /* epoll: readable when a daemon has something to do */
	uint16_t port;
	char address[SOCKET_ADDRESS_MAX];
	char socket_path[WEB_PATH_MAX]; /* "" until the file is ours to remove */
	struct live *live;
	struct metrics *metrics;
	struct past *past;       /* NULL: nothing is kept */
	struct settled *settled; /* of the past; NULL: all of it is read each time */
	struct probes_waiting probes;
	struct public_view public_view; /* what strangers see */
	struct access *access;
	struct guests guests;                       /* of TCP */
	const struct visitor *reports[REPORTS_MAX]; /* whose each is; NULL: none */
};

/* One request from its first byte to its last. */
struct exchange {
	struct buf body; /* of a POST */
	bool too_large;
	struct question *question;   /* about the past; NULL: none */
	struct probe_waiting *probe; /* GET /probe, or a heartbeat; NULL: none */
	struct hashing_job *job;     /* of a password; NULL: none */
	struct sensor_set *sensors;  /* that it is about; NULL: all there is */
	struct visitor visitor;      /* who it is, as of its headers */
	bool is_local;               /* on the Unix socket */
	struct addr client;          /* from where, as far as is known; or unset */
	struct addr peer;            /* whose connection it is: a proxy's, or his */
	bool is_admitted;            /* he may */
	bool is_answering;           /* all of it has come */
};

struct request {
	struct web *web;
	struct MHD_Connection *connection;
	const char *path;
	bool head, post;
	struct exchange *exchange;
};

int64_t web_now_ms(void); /* monotonic */
int64_t web_now_us(void); /* Unix time */

/* MHD_AccessHandlerCallback of both daemons; self is the struct web. */
enum MHD_Result route_tcp(void *self, struct MHD_Connection *connection,
			  const char *path, const char *method, const char *version,
			  const char *body, size_t *body_size, void **state);
enum MHD_Result route_local(void *self, struct MHD_Connection *connection,
			    const char *path, const char *method, const char *version,
			    const char *body, size_t *body_size, void **state);

/* MHD_RequestCompletedCallback of both. */
void route_done(void *self, struct MHD_Connection *connection, void **state,
		enum MHD_RequestTerminationCode code);

/*
 * Records of memory, of those kinds that it knows; true of kinds that the store may
 * have too, where memory comes first and the store must repeat nothing.
 */
void records_give(const struct web_source *source, enum record_kind kind, web_emit emit,
		  void *to);
bool records_are_in_both(enum record_kind kind);
/* True if memory can't know, or not all of it. */
bool records_are_past(const struct web_source *source, const struct query *query);

/* Fills in exchange->sensors; false, and error, of what there is not. */
bool choose_sensors(const struct request *request,
		    char error[static SENSOR_SET_ERROR_MAX]);

/* The form that the client takes, if it asks for none; and its media type. */
enum query_format records_form(const struct request *request);
const char *records_type(const struct query *query);

/* GET of groups of records. */
enum MHD_Result answer_aggregate(const struct request *request);

/* GET of what each week of incidents was like. */
enum MHD_Result answer_figures(const struct request *request);

/* GET of which reports there are, of one of them; and whether that is such a path. */
bool report_is_at(const char *path);
enum MHD_Result answer_report(const struct request *request);

/* GET of all that is known of one port, and in words how it is. */
enum MHD_Result answer_explain(const struct request *request);

/* Asks; the answer comes when the request is routed again.  Takes the question over. */
enum MHD_Result ask_past(const struct request *request, struct question *question);
/* True, with the result, if the question could not be answered at all. */
bool is_unanswered(const struct request *request, enum MHD_Result *result);

/* How far a request on TCP is. */
void route_enters(struct MHD_Connection *connection, enum guest_stage stage);

/* GET of one kind of record, from memory or, if it is about the past, the store. */
enum MHD_Result answer_records(const struct request *request, enum record_kind kind);

/* GET and POST of the register of authorised ports. */
enum { CHANGE_BODY_MAX = 1 << 20 };
enum MHD_Result answer_policy(const struct request *request);
enum MHD_Result answer_maintenance(const struct request *request);
/*
 * A POST whose body goes to take(self, ...), if it may be; 0 is answered by its
 * message, -errno by that as an error.
 */
enum MHD_Result answer_change(const struct request *request, void *self,
			      change_take take);
/* GET and POST of records that may be changed, and whether that is such a path. */
bool change_is_at(const char *path);
bool change_has_no_records(const char *path);
enum MHD_Result answer_changeable(const struct request *request);

/*
 * What came of a change: {"message":...}, or {"error":...} with the status that its
 * -errno stands for.  The text is taken over.
 */
enum MHD_Result answer_message(const struct request *request, int result,
			       struct buf *message);

/* A file of the page. */
struct page;
enum MHD_Result answer_page(const struct request *request, const struct page *page);

/* True if there is a path that gives records of that kind. */
bool route_has_records(enum record_kind kind);
bool change_has_records(enum record_kind kind);

/* GET of the countries in which addresses are. */
enum MHD_Result answer_countries(const struct request *request);

/* Settings: what is watched, who is told, the configuration; and a message to try. */
enum MHD_Result answer_rules(const struct request *request);
enum MHD_Result answer_sinks(const struct request *request);
enum MHD_Result answer_report_schedule(const struct request *request);
enum MHD_Result answer_config(const struct request *request);
enum MHD_Result answer_sink_test(const struct request *request);

/* For everybody, if an administrator wants it; badge_is_at(): whether it is such a
 * path.
 */
enum MHD_Result answer_status_page(const struct request *request);
bool badge_is_at(const char *path);
enum MHD_Result answer_badge(const struct request *request);

/* Dashboards: all of them, one, and changes; and whether that is such a path. */
bool dashboards_are_at(const char *path);
bool dashboards_take_changes(const char *path);
bool dashboard_is_removed_at(const char *path);
enum MHD_Result answer_dashboards(const struct request *request);

/* GET /probe. */
enum MHD_Result answer_probe(const struct request *request);

/* Appends {"status":...} of /health; returns the HTTP status. */
unsigned health_write(const struct web *web, int64_t now_us, struct buf *out);
