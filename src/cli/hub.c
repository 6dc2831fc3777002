/*
 * hub.c: breakwater hub: starts and stops it; see hub.h.
 */
#include "cli/hub.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/hub_reporting.h"
#include "cli/loop.h"
#include "cli/readable.h"
#include "cli/report_schedule.h"
#include "cli/settings.h"

enum { AT_ONCE = 4096 };
/* What hubs follow from when they begin: the streams have at least that. */
#define SINCE_US (600 * INT64_C(1000000))

/*
 * How long the end waits for a depot that is there, or is not: by then all that this
 * hub keeps itself is kept, and what is under way comes again, as after a crash.
 */
enum { LEAVE_S = 20, LEAVE_EMPTY_MS = 300 };

/* ---- the loop ---- */

static void take_heard(void *self, const struct hub_heard *heard)
{
	hub_take(self, heard);
}

static void take_found(void *self, const struct finding_record *finding)
{
	hub_found(self, finding);
}

/* As in run.c. */
static bool has_lost_terminal(const struct hub *hub)
{
	return hub->on_terminal && !isatty(STDOUT_FILENO);
}

static void take_signals(struct hub *hub)
{
	struct signalfd_siginfo info;
	while (read(hub->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP && !has_lost_terminal(hub))
			hub_reload(hub);
		else
			hub->ended = true;
	}
}

/* A machine that joined, a key that was revoked; who did it, is in the note. */
static void take_note(void *self, const struct note *note)
{
	const char *action = note_action(note);
	hub_audit(self, action != NULL ? action : "fleet", note->actor, note->subject,
		  note->before, note->after);
}

/* On a thread of the library. */
static void note_missed(void *self, int64_t since_us)
{
	const struct hub *hub = self;
	hub_recall_again(hub->recall, since_us);
}

/* What was before is on the board first: what the streams tell is newer. */
static void follow_streams(struct hub *hub)
{
	if (hub->follow != NULL || !hub_recall_has_begun(hub->recall))
		return;
	const struct hub_follow_options options = {
		.link = hub->link,
		.board = hub->board,
		.own_epoch = hub_say_epoch(hub->say),
		.since_us = clock_us(CLOCK_REALTIME) - SINCE_US,
		.missed = note_missed,
		.self = hub,
	};
	hub->follow = hub_follow_start(&options);
	hub->followed_us = clock_us(CLOCK_MONOTONIC);
	if (hub->follow != NULL)
		return;
	fputs("breakwater: not enough memory to follow what sensors tell\n", stderr);
	hub->ended = hub->failed = true;
}

/* While the book is read, it waits: see hub_lead.c.  True: there is more. */
static bool hear(struct hub *hub)
{
	return hub->follow != NULL && hub->book == NULL &&
	       hub_follow_take(hub->follow, AT_ONCE, take_heard, hub);
}

static void take_tick(struct hub *hub)
{
	uint64_t expired;
	if (read(hub->timer, &expired, sizeof(expired)) != sizeof(expired))
		return;
	hub_take_recalled(hub);
	follow_streams(hub);
	hub_look_at_lease(hub);
	hub_take_asked(hub);
	hub_take_passed(hub);
	hub_join_take(hub->join, take_note, hub);
	if (++hub->ticks % HUB_TICKS_PER_SECOND != 0)
		return;
	hub_second(hub);
	hub_watch_sensors(hub);
	hub_refused_tell(hub->refused, clock_us(CLOCK_REALTIME), take_found, hub);
	hub_lead_second(hub);
	hub_keep_heard(hub);
	hub_steer_second(hub);
	hub_say_trouble(hub);
}

static void loop(struct hub *hub)
{
	bool has_more = false;
	while (!hub->ended) {
		struct epoll_event events[8];
		int timeout = has_more ? 0 : web_timeout_ms(hub->web);
		int count = epoll_wait(hub->epoll, events, 8, timeout);
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == hub->signals)
				take_signals(hub);
			else if (events[i].data.fd == hub->timer)
				take_tick(hub);
			else if (events[i].data.fd == alerting_fd(&hub->alerting))
				hub_take_sent(hub);
			else if (events[i].data.fd == reporting_fd(&hub->reporting))
				hub_take_reporting(hub);
		}
		/* A leader that stood still may not be one any more. */
		hub_look_at_lease(hub);
		has_more = hear(hub);
		web_run(hub->web);
	}
}

/* ---- start ---- */

static bool watch(struct hub *hub, int fd)
{
	return loop_watch(hub->epoll, fd);
}

static bool open_loop(struct hub *hub)
{
	hub->epoll = epoll_create1(EPOLL_CLOEXEC);
	hub->signals = loop_signals();
	hub->timer = loop_timer(HUB_TICK_MS);
	return hub->epoll >= 0 && watch(hub, hub->signals) && watch(hub, hub->timer);
}

static int open_web(struct hub *hub, const char *socket_path)
{
	static struct web_source source;
	static struct web_past past;
	char access_path[CONFIG_TEXT_MAX + sizeof(WEB_ACCESS_FILE)];
	char error[WEB_ERROR_MAX];
	int status;
	hub->past = hub_past_new(hub->depot, hub->board);
	if (hub->past == NULL)
		return STATUS_NOT_PERMITTED;
	source = hub_source(hub);
	past = hub_web_past(hub->past);
	snprintf(access_path, sizeof(access_path), "%s" WEB_ACCESS_FILE,
		 hub->config.state);
	const struct web_options options = { .listen = hub->config.listen,
					     .socket_path = socket_path,
					     .version = BREAKWATER_VERSION,
					     .source = &source,
					     .past = &past,
					     .config = &hub->config,
					     .access_path = access_path };
	hub->web = web_open(&options, error, &status);
	if (hub->web == NULL) {
		fprintf(stderr, "breakwater: %s\n", error);
		return status;
	}
	return watch(hub, web_fd(hub->web)) ? STATUS_OK : STATUS_NOT_PERMITTED;
}

/* What names, certificates and databases take, and the configuration's own files. */
static void confine(struct hub *hub)
{
	static const char *const usual[] = { "/etc",
					     "/usr/lib/ssl",
					     "/usr/share/ca-certificates",
					     "/usr/local/share/ca-certificates",
					     "/run/systemd/resolve",
					     "/run/NetworkManager",
					     "/run/resolvconf",
					     "/run/connman" };
	static struct readable readable;
	const struct config *config = &hub->config;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		readable_add(&readable, usual[i]);
	readable_add_config(&readable, hub->config_path);
	readable_add_paths(&readable, &config->limits_files);
	readable_add_paths(&readable, &config->notify_files);
	readable_add(&readable, config->web_dashboards);
	if (config->report_compliance[0] != '\0')
		readable_add(&readable, config->report_compliance);
	if (config->web_certificate[0] != '\0') {
		readable_add_file(&readable, config->web_certificate);
		readable_add_file(&readable, config->web_key);
	}
	int error = sandbox_own_folder(config->state, config->user);
	if (error != 0 && geteuid() == 0)
		fprintf(stderr, "breakwater: state folder %s: %s\n", config->state,
			error == -ENOTEMPTY
				? "other things than plain files of ours are in it; "
				  "choose one of its own with --state DIR"
				: strerror(-error));
	sandbox_enter_hub(config->user, config->state, readable.at, &hub->sandbox);
}

static bool open_link(struct hub *hub)
{
	char error[LINK_ERROR_MAX];
	const struct link_options options = {
		.servers = hub->servers,
		.name = hub->name,
		.ca = hub->ca,
		.credentials = hub->credentials[0] != '\0' ? hub->credentials : NULL,
	};
	hub->link = link_open(&options, error);
	if (hub->link == NULL)
		fprintf(stderr, "breakwater: fleet.servers: %s\n", error);
	return hub->link != NULL;
}

static void tell_refused(void *self, const char *sensor, enum fleet_lane lane,
			 enum take_refusal why, const char *says)
{
	struct hub *hub = self;
	hub_refused_put(hub->refused, sensor, lane, why, says);
}

static bool start_takes(struct hub *hub)
{
	for (int i = 0; i < FLEET_LANES; i++) {
		const struct take_options options = { .link = hub->link,
						      .lane = (enum fleet_lane)i,
						      .depot = hub->depot,
						      .self = hub,
						      .refused = tell_refused };
		hub->takes[i] = take_start(&options);
		if (hub->takes[i] == NULL)
			return false;
	}
	return true;
}

static struct link_streams streams_of(const struct config *config)
{
	struct link_streams streams = { .replicas = (int)config->hub_replicas };
	for (int i = 0; i < FLEET_LANES; i++) {
		streams.bytes_max[i] = config->hub_stream_size;
	}
	return streams;
}

static bool start_tidy(struct hub *hub)
{
	const struct config *config = &hub->config;
	const struct hub_tidy_options options = {
		.link = hub->link,
		.lease = hub->lease,
		.depot = hub->depot,
		.limits = hub_depot_limits(config),
		.streams = streams_of(config),
	};
	hub->tidy = hub_tidy_start(&options);
	return hub->tidy != NULL;
}

/* Without the fleet's keys, another hub may steer. */
static void start_steering(struct hub *hub)
{
	char error[HUB_STEER_ERROR_MAX];
	hub->vantages = vantages_new();
	if (hub->vantages != NULL)
		hub->steer = hub_steer_start(hub->link, hub->board, hub->config.state,
					     hub->servers, error);
	if (hub->steer == NULL && hub->vantages != NULL)
		fprintf(stderr, "breakwater: sensors are not steered from here: %s\n",
			error);
}

/* What was before comes from the depot; what is now, from the streams. */
static bool start_threads(struct hub *hub)
{
	if (!open_link(hub))
		return false;
	const struct hub_recall_options past = { .depot = hub->depot,
						 .state = hub->config.state,
						 .board = hub->board,
						 .said = hub->said };
	hub->recall = hub_recall_start(&past);
	if (hub->recall == NULL)
		return false;
	hub->say = hub_say_start(hub->link);
	hub->lease = hub_lease_start(hub->link, hub->name);
	if (hub->say == NULL || hub->lease == NULL || !start_tidy(hub) ||
	    !start_takes(hub))
		return false;
	start_steering(hub);
	hub->passing = hub_passing_new(hub->link);
	if (hub->passing == NULL)
		return false;
	const struct hub_join_options join = { hub->link, hub->board,
					       hub->config.state };
	hub->join = hub_join_start(&join);
	hub->chains = chain_watch_start(hub->depot, hub->board);
	hub->namesakes = hub_name_start(hub->link, hub->name, hub->host);
	return hub->join != NULL && hub->namesakes != NULL && hub->chains != NULL;
}

/* Without it, commands take the folder for a machine's, whose store has little. */
static void mark(const struct hub *hub)
{
	int error = past_mark_hub(hub->config.state, hub->depot);
	if (error != 0)
		fprintf(stderr,
			"breakwater: state folder %s: %s; commands that read without a "
			"daemon don't find the depot by it\n",
			hub->config.state, strerror(-error));
}

static int open_all(struct hub *hub, const char *socket_path)
{
	const struct store_limits limits = hub_store_limits(&hub->config);
	programs_fork(&hub->programs, &hub->config);
	alerting_fork(&hub->alerting);
	reporting_fork(&hub->reporting, &hub->config, hub->depot);
	if (!open_loop(hub)) {
		fprintf(stderr, "breakwater: can't start: %s\n", strerror(errno));
		return STATUS_NOT_PERMITTED;
	}
	int status = open_web(hub, socket_path);
	if (status != STATUS_OK)
		return status;
	run_begin(&hub->state, clock_us(CLOCK_REALTIME));
	hub->second_us = hub->state.started_us;
	hub->began_us = clock_us(CLOCK_MONOTONIC);
	if (alerting_fd(&hub->alerting) >= 0)
		watch(hub, alerting_fd(&hub->alerting));
	if (reporting_fd(&hub->reporting) >= 0)
		watch(hub, reporting_fd(&hub->reporting));
	confine(hub);
	if (!hub_may_write(hub))
		return STATUS_NOT_PERMITTED;
	dashboard_shelf_open(&hub->dashboards, hub->config.state,
			     hub->config.web_dashboards);
	mark(hub);
	hub_open_reporting(hub);
	hub->store = store_open(hub->config.state, &limits);
	hub->board = board_new();
	hub->attackers = attackers_new();
	hub->refused = hub_refused_new();
	hub->said = hub_said_new();
	if (hub->store == NULL || hub->board == NULL || hub->attackers == NULL ||
	    hub->refused == NULL || hub->said == NULL || !start_threads(hub)) {
		fprintf(stderr, "breakwater: the hub can't start\n");
		return STATUS_NOT_PERMITTED;
	}
	return STATUS_OK;
}

struct leaving {
	struct timespec in;
	int status;
};

static void *leave(void *self)
{
	const struct leaving *leaving = self;
	nanosleep(&leaving->in, NULL);
	_exit(leaving->status);
}

/* Who waits for a server that does not answer can't always be woken. */
static void leave_soon(const struct hub *hub, int status)
{
	static struct leaving leaving;
	pthread_t thread;
	bool has_depot = true;
	for (int i = 0; i < FLEET_LANES && hub->takes[i] != NULL; i++) {
		struct take_status lane;
		take_status(hub->takes[i], &lane);
		has_depot &= lane.has_depot;
	}
	leaving.status = status;
	leaving.in.tv_sec = has_depot ? LEAVE_S : 0;
	leaving.in.tv_nsec = has_depot ? 0 : LEAVE_EMPTY_MS * 1000000L;
	if (pthread_create(&thread, NULL, leave, &leaving) == 0)
		pthread_detach(thread);
}

/* They end while the rest does. */
static void cancel_threads(const struct hub *hub)
{
	hub_name_cancel(hub->namesakes);
	hub_recall_cancel(hub->recall);
	hub_tidy_cancel(hub->tidy);
	for (int i = 0; i < FLEET_LANES; i++)
		take_cancel(hub->takes[i]);
}

/* What this hub keeps itself; what is said while the leader ends is told before the
 * lease is given up. */
static void close_own(struct hub *hub)
{
	bool leads = hub->leads && hub_lease_leads(hub->lease);
	hub_book_close(hub->book);
	hub_detect_end(hub, leads);
	if (hub->leads && !leads)
		alerting_stand_down(&hub->alerting);
	alerting_close(&hub->alerting);
	hub_say_stop(hub->say);
	hub_lease_give_up(hub->lease);
	if (hub->store != NULL)
		store_close(hub->store);
	hub_keep_heard(hub);
	reporting_close(&hub->reporting);
	programs_close(&hub->programs);
	dashboard_shelf_close(&hub->dashboards);
}

/*
 * The web goes first, who keeps what comes after it, and last who waits for servers.
 */
static void close_hub(struct hub *hub, int status)
{
	cancel_threads(hub);
	if (hub->web != NULL)
		web_close(hub->web);
	hub->web = NULL;
	hub_join_stop(hub->join);
	hub_follow_stop(hub->follow);
	hub_steer_stop(hub->steer);
	vantages_free(hub->vantages);
	hub_ask_close(hub->ask);
	hub_ask_close(hub->ask_ending);
	close_own(hub);
	leave_soon(hub, status);
	hub_passing_close(hub->passing);
	hub_name_stop(hub->namesakes);
	hub_recall_stop(hub->recall);
	chain_watch_stop(hub->chains);
	for (int i = 0; i < FLEET_LANES; i++)
		take_stop(hub->takes[i]);
	hub_tidy_stop(hub->tidy);
	hub_lease_stop(hub->lease);
	link_close(hub->link);
	hub_past_free(hub->past);
	board_free(hub->board);
	attackers_free(hub->attackers);
	hub_refused_free(hub->refused);
	hub_said_free(hub->said);
	run_end(&hub->state);
	free(hub);
}

static void greet(const struct hub *hub)
{
	char link[WEB_LINK_MAX] = "";
	if (getenv("JOURNAL_STREAM") == NULL && web_link(hub->web, "", link) != 0)
		link[0] = '\0';
	printf("Breakwater " BREAKWATER_VERSION
	       ": the hub %s keeps what sensors tell in %.*s.\n\n",
	       hub->name, (int)strcspn(hub->depot, ":"), hub->depot);
	if (web_address(hub->web)[0] != '\0')
		printf("Dashboard  %s://%s/\n",
		       hub->config.web_certificate[0] != '\0' ? "https" : "http",
		       web_address(hub->web));
	if (link[0] != '\0')
		printf("Sign in    %s (once, within ten minutes)\n", link);
	printf("Servers    %s\nCtrl-C ends it: another hub goes on.\n\n", hub->servers);
	fflush(stdout);
}

static int run(struct hub *hub, const char *socket_path)
{
	int status = open_all(hub, socket_path);
	if (status != STATUS_OK)
		return status;
	if (!hub->quiet)
		greet(hub);
	loop(hub);
	return hub->failed ? STATUS_NOT_PERMITTED : STATUS_OK;
}

/* ---- configuration ---- */

struct hub_options {
	struct option_list home;
	const char *listen, *state;
};

static int start(struct hub *hub, const struct hub_options *o)
{
	char path[SOCKET_PATH_SIZE];
	struct buf errors = { 0 };
	int status =
		settings_load(&hub->config, hub->config_path, &o->home, &hub->home);
	if (status != STATUS_OK)
		return status;
	hub->begun = hub->config;
	hub->on_terminal = isatty(STDOUT_FILENO) == 1;
	if (o->listen != NULL)
		snprintf(hub->config.listen, sizeof(hub->config.listen), "%s",
			 o->listen);
	if (o->state != NULL)
		snprintf(hub->config.state, sizeof(hub->config.state), "%s", o->state);
	/* Each sensor judges its own ports by these, and tells what comes of it. */
	hub->config.limits_usual = false;
	if (!hub_setup(hub))
		return STATUS_USAGE;
	if (!hub_prepare_alerting(hub, &errors) ||
	    !report_schedule_check(&hub->config, hub->alerting.rules.tell,
				   SCHEDULE_OF_FLEET, &errors)) {
		fwrite(errors.at, 1, errors.len, stderr);
		buf_free(&errors);
		return STATUS_USAGE;
	}
	socket_path_default(path);
	return run(hub, hub->common.socket != NULL ? hub->common.socket : path);
}

int command_hub(int argc, char **argv)
{
	struct hub *hub = calloc(1, sizeof(*hub));
	struct hub_options o = { 0 };
	if (hub == NULL)
		return STATUS_NOT_PERMITTED;
	hub->epoll = hub->signals = hub->timer = -1;
	const struct option_spec specs[] = {
		OPTION_CONFIG(&hub->config_path),
		{ 0, OPTION_TEXT, "listen", "ADDR:PORT",
		  "where the HTTP API listens; port 0 picks a free one, \"off\" none",
		  &o.listen, 0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR", "folder for what survives a restart",
		  &o.state, 0, 0 },
		{ 'q', OPTION_FLAG, "quiet", NULL, "say nothing but errors",
		  &hub->quiet, 0, 0 },
	};
	const struct command_help help = {
		.name = "hub",
		.doc = "Keep what the sensors of a fleet tell, and show it as one.",
		.examples = "  breakwater hub -c hub.yaml --state "
			    "/var/lib/breakwater-hub\n",
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int first, status = STATUS_USAGE;
	if (options_parse(&help, argc, argv, &hub->common, &first, &status))
		status = start(hub, &o);
	close_hub(hub, status);
	return status;
}
