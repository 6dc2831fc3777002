/*
 * run.c: starts and stops the daemon: live capture, HTTP API, and a word to whoever
 * looks on.
 *
 * One loop decides: it empties the workers' rings, lets the web room answer, and once
 * a second writes a `self` record (monitor.c).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/answers_settings.h"
#include "cli/captures.h"
#include "cli/cli.h"
#include "cli/loop.h"
#include "cli/monitor.h"
#include "cli/monitor_fleet.h"
#include "cli/monitor_reporting.h"
#include "cli/report_schedule.h"
#include "cli/settings.h"

/* ---- the loop ---- */

/* A window that was closed sends SIGHUP too, and is no terminal any more. */
static bool has_lost_terminal(const struct monitor *m)
{
	return m->on_terminal && !isatty(STDOUT_FILENO);
}

static void take_signals(struct monitor *m)
{
	struct signalfd_siginfo info;
	while (read(m->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP && !has_lost_terminal(m)) {
			monitor_reload(m);
			steering_retry(&m->steering);
		} else {
			m->ended = true;
		}
	}
}

/* Answers to probes, and the end of who asks. */
static void take_probes(struct monitor *m)
{
	char text[GUARD_TEXT_MAX];
	int fd = probing_fd(&m->probing);
	monitor_take_probes(m);
	if (!probing_has_ended(&m->probing, text))
		return;
	if (m->probing.process == NULL)
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
	run_clear_progress();
	fprintf(stderr, "breakwater: the process that asks services %s\n", text);
}

/* How traps are answered, and the end of who does. */
static void take_decoys(struct monitor *m)
{
	struct buf text = { 0 };
	int fd = decoys_fd(&m->decoys);
	if (decoys_take(&m->decoys, &text)) {
		run_clear_progress();
		fputs(buf_cstr(&text), stderr);
	}
	if (m->decoys.process == NULL)
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
	buf_free(&text);
}

/* What the firewall holds, and the end of who keeps it. */
static void take_blocking(struct monitor *m)
{
	struct buf text = { 0 };
	if (blocking_take(&m->blocking, &text)) {
		run_clear_progress();
		fputs(buf_cstr(&text), stderr);
	}
	buf_free(&text);
}

/* What came of programs, and the end of who runs them. */
static void take_programs(struct monitor *m)
{
	int fd = programs_fd(&m->programs);
	monitor_take_programs(m);
	if (m->programs.process == NULL)
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* What came of messages, and the end of who sends. */
static void take_sent(struct monitor *m)
{
	int fd = alerting_fd(&m->alerting);
	if (!monitor_take_sent(m))
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* What came of reports, and the end of who makes them. */
static void take_reporting(struct monitor *m)
{
	int fd = reporting_fd(&m->reporting);
	monitor_take_reporting(m);
	if (m->reporting.process == NULL)
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* How the fleet is told, and the end of who tells it. */
static void take_fleet(struct monitor *m)
{
	int fd = fleet_member_fd(&m->fleet);
	monitor_take_fleet(m);
	if (fleet_member_fd(&m->fleet) < 0)
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* What the self-test tells, and the end of who makes it. */
static void take_proving(struct monitor *m)
{
	char text[GUARD_TEXT_MAX];
	int fd = proving_fd(&m->proving);
	if (!proving_take(&m->proving, text))
		return;
	if (m->proving.process == NULL)
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
	run_clear_progress();
	fprintf(stderr, "breakwater: the process of the self-test %s\n", text);
}

static void take_tick(struct monitor *m)
{
	uint64_t expired;
	if (read(m->timer, &expired, sizeof(expired)) != sizeof(expired))
		return;
	blocking_tick(&m->blocking);
	m->has_more = pipeline_pump(m->pipeline);
	take_probes(m); /* of many that are told as unknown, those that are left */
	login_intake_tick(&m->logins, clock_us(CLOCK_REALTIME));
	monitor_tick_fleet(m);
	if (++m->ticks % TICKS_PER_SECOND == 0)
		monitor_second(m);
}

static void lose_sight(struct monitor *m)
{
	char text[GUARD_TEXT_MAX], why[GUARD_TEXT_MAX + 16];
	privileges_guard(&m->privileges, text);
	snprintf(why, sizeof(why), "the guard %s", text);
	host_lose_sight(m->host, why);
}

static void note_end_of_guard(struct monitor *m)
{
	char text[GUARD_TEXT_MAX];
	epoll_ctl(m->epoll, EPOLL_CTL_DEL, guard_fd(m->privileges.guard), NULL);
	privileges_guard(&m->privileges, text);
	lose_sight(m);
	run_clear_progress();
	fprintf(stderr, "breakwater: the guard, which keeps the privileges, %s\n",
		text);
}

/* Records come: the next look at the rings is soon. */
static void make_haste(const struct monitor *m)
{
	const struct itimerspec soon = { .it_value.tv_nsec = HASTE_MS * 1000000 };
	timerfd_settime(m->haste, 0, &soon, NULL);
}

static void take_records(struct monitor *m, int fd)
{
	uint64_t count;
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return;
	m->has_more = pipeline_pump(m->pipeline);
	if (fd != m->haste || !pipeline_rests(m->pipeline)) {
		make_haste(m);
		return;
	}
	/* One that came in between has woken nobody. */
	m->has_more |= pipeline_pump(m->pipeline);
}

/* What it sees of the sockets, and its end. */
static void take_guard(struct monitor *m)
{
	enum { AT_ONCE = 1024 }; /* the loop has other things to do, too */
	struct guard *guard = m->privileges.guard;
	struct host_event event = { 0 };
	int len = 0;
	for (int i = 0; i < AT_ONCE; i++) {
		len = guard_next(guard, &event, sizeof(event));
		if (len <= 0)
			break;
		monitor_take_event(m, &event);
	}
	if (len == -EPIPE)
		note_end_of_guard(m);
}

static void loop(struct monitor *m)
{
	while (!m->ended) {
		struct epoll_event events[8];
		int timeout = m->has_more ? 0 : web_timeout_ms(m->web);
		int count = epoll_wait(m->epoll, events, 8, timeout);
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == m->signals)
				take_signals(m);
			else if (events[i].data.fd == m->timer)
				take_tick(m);
			else if (events[i].data.fd == m->haste ||
				 events[i].data.fd == pipeline_fd(m->pipeline))
				take_records(m, events[i].data.fd);
			else if (events[i].data.fd == probing_fd(&m->probing))
				take_probes(m);
			else if (events[i].data.fd == decoys_fd(&m->decoys))
				take_decoys(m);
			else if (events[i].data.fd == blocking_fd(&m->blocking))
				take_blocking(m);
			else if (events[i].data.fd == programs_fd(&m->programs))
				take_programs(m);
			else if (events[i].data.fd == proving_fd(&m->proving))
				take_proving(m);
			else if (events[i].data.fd == reporting_fd(&m->reporting))
				take_reporting(m);
			else if (events[i].data.fd == alerting_fd(&m->alerting))
				take_sent(m);
			else if (events[i].data.fd == fleet_member_fd(&m->fleet))
				take_fleet(m);
			else if (m->privileges.guard != NULL &&
				 events[i].data.fd == guard_fd(m->privileges.guard))
				take_guard(m);
		}
		if (m->has_more)
			m->has_more = pipeline_pump(m->pipeline);
		web_run(m->web);
	}
}

/* ---- start and stop ---- */

static bool watch(struct monitor *m, int fd)
{
	return loop_watch(m->epoll, fd);
}

static bool open_loop(struct monitor *m)
{
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	m->signals = loop_signals();
	m->timer = loop_timer(TICK_MS);
	m->haste = loop_timer(0);
	return m->epoll >= 0 && watch(m, m->signals) && watch(m, m->timer) &&
	       watch(m, m->haste);
}

static int open_web(struct monitor *m, const char *socket_path)
{
	static struct web_source source;
	source = monitor_source(m);
	static struct web_past past;
	char access_path[CONFIG_TEXT_MAX + sizeof(WEB_ACCESS_FILE)];
	snprintf(access_path, sizeof(access_path), "%s" WEB_ACCESS_FILE,
		 m->config.state);
	past = (struct web_past){ .folder = m->config.state,
				  .open = store_reader_open,
				  .read = store_read,
				  .close = store_reader_close,
				  .settled = store_settled,
				  .listeners_at = store_listeners_at };
	struct web_options options = { .listen = m->config.listen,
				       .socket_path = socket_path,
				       .version = BREAKWATER_VERSION,
				       .source = &source,
				       .past = &past,
				       .config = &m->config,
				       .access_path = access_path };
	char error[WEB_ERROR_MAX];
	int status;
	m->web = web_open(&options, error, &status);
	if (m->web == NULL) {
		fprintf(stderr, "breakwater: %s\n", error);
		return status;
	}
	if (m->privileges.guard != NULL) {
		guard_note_socket(m->privileges.guard);
		watch(m, guard_fd(m->privileges.guard));
	}
	if (m->probing.process != NULL)
		watch(m, probing_fd(&m->probing));
	if (m->decoys.process != NULL)
		watch(m, decoys_fd(&m->decoys));
	blocking_watch(&m->blocking, m->epoll);
	if (m->programs.process != NULL)
		watch(m, programs_fd(&m->programs));
	if (m->proving.process != NULL)
		watch(m, proving_fd(&m->proving));
	if (m->reporting.process != NULL)
		watch(m, reporting_fd(&m->reporting));
	if (alerting_fd(&m->alerting) >= 0)
		watch(m, alerting_fd(&m->alerting));
	if (fleet_member_fd(&m->fleet) >= 0)
		watch(m, fleet_member_fd(&m->fleet));
	return watch(m, web_fd(m->web)) ? STATUS_OK : STATUS_NOT_PERMITTED;
}

/* Where packets may not be seen, everything else still works, and says so. */
static int open_captures(struct monitor *m, struct capture **captures)
{
	char error[CAPTURE_ERROR_MAX];
	int status =
		captures_open(&m->config, m->privileges.guard, m->web, captures, error);
	m->state.workers = status == STATUS_OK ? m->config.workers : 0;
	if (status == STATUS_OK)
		return STATUS_OK;
	if (status != STATUS_NOT_PERMITTED) {
		fprintf(stderr, "breakwater: %s\n", error);
		return status;
	}
	privileges_no_packets(&m->privileges);
	return STATUS_OK;
}

static int open_pipeline(struct monitor *m, struct capture **captures)
{
	struct pipeline_options options = {
		.workers = m->state.workers,
		.flows_max = m->config.flows_max,
		.half_open_max = m->config.half_open_max,
		.source_share = m->config.source_share,
		.window_s = PORTS_WINDOW_S,
		.trail_max = TRAIL_PACKETS,
		.keyed = true,
		.reads = m->config.read_content,
		.wants = monitor_wants(m),
		.catalog = m->catalog,
	};
	struct pipeline_sink sink = monitor_sink(m);
	m->pipeline = pipeline_start(captures, &options, &sink);
	if (m->pipeline == NULL)
		fprintf(stderr,
			"breakwater: not enough memory for %u flows; "
			"see flows.max in the configuration\n",
			m->config.flows_max);
	else
		watch(m, pipeline_fd(m->pipeline));
	return m->pipeline != NULL ? STATUS_OK : STATUS_NOT_PERMITTED;
}

static bool open_countries(struct monitor *m)
{
	char error[COUNTRIES_ERROR_MAX];
	bool good = countries_replace(&m->countries, m->config.geo_database, error);
	if (!good)
		fprintf(stderr, "breakwater: %s\n", error);
	return good;
}

/*
 * The web goes first: a request that comes with the end is still answered from all the
 * rest.  The guard goes last: it removes what we may not.
 */
static void close_monitor(struct monitor *m)
{
	if (m->web != NULL)
		web_close(m->web);
	m->web = NULL;
	pipeline_free(m->pipeline);
	m->pipeline = NULL;
	monitor_close(m);
	dashboard_shelf_close(&m->dashboards);
	countries_close(m->countries);
	if (m->catalog != NULL)
		catalog_close(m->catalog);
	probing_close(&m->probing);
	decoys_close(&m->decoys);
	programs_close(&m->programs);
	proving_close(&m->proving);
	reporting_close(&m->reporting);
	steering_close(&m->steering);
	privileges_close(&m->privileges);
	witness_close(m->witness);
	run_end(&m->state);
	free(m);
}

/*
 * The order is what matters here.  First the guard, while there is no thread; then
 * everything that takes root; then no more root; and only then what reads strangers'
 * bytes.
 */
static int open_all(struct monitor *m, const char *socket_path)
{
	struct capture *captures[CAPTURES_MAX];
	ssize_t len = readlink("/proc/self/exe", m->exe, sizeof(m->exe) - 1);
	m->exe[len > 0 ? len : 0] = '\0';
	int status = probing_fork(&m->probing, &m->config);
	if (status != STATUS_OK)
		return status;
	status = fleet_member_fork(&m->fleet, &m->config);
	if (status != STATUS_OK)
		return status;
	decoys_fork(&m->decoys, &m->config);
	blocking_fork(&m->blocking, &m->config);
	programs_fork(&m->programs, &m->config);
	reporting_fork(&m->reporting, &m->config, "");
	alerting_fork(&m->alerting);
	proving_fork(&m->proving, &m->config);
	privileges_fork(&m->privileges, socket_path);
	m->catalog = catalog_open(NULL, NULL);
	if (m->catalog == NULL || !open_loop(m)) {
		fprintf(stderr, "breakwater: can't start: %s\n", strerror(errno));
		return STATUS_NOT_PERMITTED;
	}
	status = open_web(m, socket_path);
	run_begin(&m->state, clock_us(CLOCK_REALTIME));
	if (status == STATUS_OK)
		status = open_captures(m, captures);
	if (status != STATUS_OK)
		return status;
	if (!login_intake_prepare(&m->logins, &m->config) || !open_countries(m))
		return STATUS_USAGE;
	m->witness = witness_open();
	privileges_answer_first();
	privileges_drop(&m->privileges, &m->config, m->config_path, &m->logins.options);
	if (!monitor_open(m))
		return STATUS_USAGE;
	dashboard_shelf_open(&m->dashboards, m->config.state, m->config.web_dashboards);
	if (m->privileges.guard == NULL)
		lose_sight(m);
	steering_begin(&m->steering, m);
	return open_pipeline(m, captures);
}

/*
 * A service's output is a log that others than root may read: there is no link in it.
 */
static void greet(struct monitor *m, const char *socket_path)
{
	char link[WEB_LINK_MAX] = "";
	if (getenv("JOURNAL_STREAM") == NULL && web_link(m->web, "", link) != 0)
		link[0] = '\0';
	run_greet(&m->config, &m->privileges, probing_is_wanted(&m->probing),
		  web_address(m->web), link, socket_path);
}

static int monitor(struct monitor *m, const char *socket_path)
{
	int status = open_all(m, socket_path);
	if (status != STATUS_OK)
		return status;
	m->on_terminal = isatty(STDOUT_FILENO);
	if (!m->common.json && !m->quiet)
		greet(m, socket_path);
	loop(m);
	pipeline_stop(m->pipeline);
	monitor_second(m);
	if (!m->common.json && !m->quiet)
		run_farewell(&m->state, pipeline_ports(m->pipeline), &m->config,
			     &m->common);
	return *pipeline_error(m->pipeline) != '\0' ? STATUS_INCOMPLETE
						    : run_status(&m->state);
}

/* Options over configuration. */
static bool take_interfaces(struct monitor *m, const struct option_list *interfaces)
{
	struct config_names *names = &m->config.interfaces;
	if (interfaces->count > 0)
		names->count = 0;
	for (size_t i = 0; i < interfaces->count; i++) {
		const char *name = interfaces->at[i];
		if (strlen(name) >= sizeof(names->at[0]) ||
		    names->count == CONFIG_LIST_MAX) {
			fprintf(stderr, "breakwater: -i %s: not an interface's name\n",
				name);
			return false;
		}
		snprintf(names->at[names->count++], sizeof(names->at[0]), "%s", name);
	}
	return true;
}

static void take_text(config_text into, const char *option)
{
	if (option != NULL)
		snprintf(into, CONFIG_TEXT_MAX, "%s", option);
}

static bool traps_are_good(const struct config *config)
{
	struct buf errors = { 0 };
	bool good = settings_check_traps(config, &errors);
	if (!good)
		fputs(buf_cstr(&errors), stderr);
	buf_free(&errors);
	return good;
}

static bool schedule_is_good(const struct monitor *m)
{
	struct buf errors = { 0 };
	bool good = report_schedule_check(&m->config, m->alerting.rules.tell,
					  SCHEDULE_OF_MACHINE, &errors);
	if (!good)
		fputs(buf_cstr(&errors), stderr);
	buf_free(&errors);
	return good;
}

struct run_options {
	struct option_list interfaces, home;
	const char *listen, *state, *filter;
	uint64_t workers;
};

static int start(struct monitor *m, const struct run_options *o)
{
	int status = settings_load(&m->config, m->config_path, &o->home, &m->home);
	if (status != STATUS_OK)
		return status;
	m->home_given = o->home.count > 0;
	if (!take_interfaces(m, &o->interfaces))
		return STATUS_USAGE;
	take_text(m->config.listen, o->listen);
	take_text(m->config.state, o->state);
	take_text(m->config.filter, o->filter);
	if (o->workers != 0)
		m->config.workers = (uint32_t)o->workers;
	steering_over(m);
	answers_note_config(m);
	if (!traps_are_good(&m->config) || !monitor_prepare_alerting(m) ||
	    !schedule_is_good(m))
		return STATUS_USAGE;
	char path[SOCKET_PATH_SIZE];
	socket_path_default(path);
	return monitor(m, m->common.socket != NULL ? m->common.socket : path);
}

int command_run_monitor(int argc, char **argv)
{
	struct monitor *m = calloc(1, sizeof(*m));
	struct run_options o = { 0 };
	if (m == NULL)
		return STATUS_NOT_PERMITTED;
	const struct option_spec specs[] = {
		OPTION_CONFIG(&m->config_path),
		{ 'i', OPTION_LIST, "interface", "IFACE",
		  "interface to watch; default every one that is up, now or later",
		  &o.interfaces, 0, 0 },
		{ 0, OPTION_TEXT, "listen", "ADDR:PORT",
		  "where the HTTP API listens; port 0 picks a free one, \"off\" none",
		  &o.listen, 0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR", "folder for what survives a restart",
		  &o.state, 0, 0 },
		{ 0, OPTION_LIST, "home", "CIDR",
		  "a network that counts as ours; default the machine's own", &o.home,
		  0, 0 },
		{ 0, OPTION_NUMBER, "workers", "N",
		  "capture workers, one core each; default 1", &o.workers, 1,
		  CAPTURES_MAX },
		{ 'f', OPTION_TEXT, "filter", "EXPR",
		  "look only at packets that match (pcap-filter)", &o.filter, 0, 0 },
		{ 'q', OPTION_FLAG, "quiet", NULL, "say nothing but errors", &m->quiet,
		  0, 0 },
	};
	const struct command_help help = {
		.name = "run",
		.doc = "Watch this machine's ports until stopped.",
		.examples = "  breakwater run                 watch every interface\n"
			    "  breakwater run -i eth0         watch one\n",
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int first, status = STATUS_USAGE;
	if (options_parse(&help, argc, argv, &m->common, &first, &status))
		status = start(m, &o);
	close_monitor(m);
	return status;
}
