/*
 * run.c: the daemon: live capture, HTTP API, and a word to whoever looks on.
 *
 * One loop decides: it empties the workers' rings, lets the web room answer, and once
 * a second writes a `self` record.  Everything shown comes from records.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/pipeline.h"
#include "cli/run_report.h"
#include "cli/settings.h"
#include "web/web.h"

enum {
	WORKERS_MAX = 64,
	RECENT_FLOWS = 4096,
	TICK_MS = 100,
	TICKS_PER_SECOND = 1000 / TICK_MS,
	LIST_WAIT_MS = 300,
	WINDOW_S = 60,
	HOME_S = 10, /* how often the machine's own addresses are read again */
};

/* Flows that ended lately, for `flows`; the oldest goes first. */
struct recent {
	struct flow_record at[RECENT_FLOWS];
	uint64_t count; /* ever kept */
};

struct monitor {
	const char *config_path;
	struct config config;
	struct home home;
	struct catalog *catalog;
	struct web *web;
	struct pipeline *pipeline;
	struct recent recent;
	struct run_state state;
	struct common_options common;
	bool quiet;
	bool on_terminal; /* at the start */
	bool ended;
	int epoll, signals, timer;
	unsigned ticks;
};

static int64_t now_us(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- records ---- */

static void print_json(enum record_kind kind, const void *record)
{
	struct buf line = { 0 };
	record_json(&line, kind, record);
	buf_char(&line, '\n');
	if (buf_ok(&line))
		fwrite(line.at, 1, line.len, stdout);
	buf_free(&line);
}

static void take_flow(void *self, const struct flow_record *flow)
{
	struct monitor *m = self;
	struct flow_record known = *flow;
	summary_flow(&m->state.summary, flow);
	if (strcmp(flow->end_reason, "aggregate") != 0)
		record_community_id(&known, 0);
	/* A long flow's report is followed by another; only the last is history. */
	if (strcmp(flow->end_reason, "active") != 0)
		m->recent.at[m->recent.count++ % RECENT_FLOWS] = known;
	web_live(m->web, RECORD_flow, &known);
	if (m->common.json)
		print_json(RECORD_flow, &known);
}

static void take_port(void *self, const struct port_record *port,
		      const struct port_detail *detail)
{
	(void)detail;
	struct monitor *m = self;
	web_live(m->web, RECORD_port, port);
	if (m->common.json)
		print_json(RECORD_port, port);
}

/* ---- what the web room asks ---- */

struct emitting {
	web_emit emit;
	void *to;
};

static void emit_port(void *to, const struct port_record *port,
		      const struct port_detail *detail)
{
	(void)detail;
	const struct emitting *e = to;
	e->emit(e->to, port);
}

static void give_ports(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { emit, to };
	ports_each(pipeline_ports(m->pipeline), emit_port, &e);
}

static void emit_flow(void *to, const struct flow_record *flow)
{
	const struct emitting *e = to;
	struct flow_record known = *flow;
	record_community_id(&known, 0);
	e->emit(e->to, &known);
}

static void give_flows(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { emit, to };
	pipeline_list(m->pipeline, LIST_WAIT_MS, emit_flow, &e);
	uint64_t end = m->recent.count;
	uint64_t begin = end > RECENT_FLOWS ? end - RECENT_FLOWS : 0;
	for (uint64_t i = end; i > begin; i--)
		emit(to, &m->recent.at[(i - 1) % RECENT_FLOWS]);
}

static void give_self(void *self, struct self_record *out)
{
	*out = ((struct monitor *)self)->state.self;
}

static void give_status(void *self, struct buf *json)
{
	struct monitor *m = self;
	run_status_json(&m->state, &m->config, &m->home, web_address(m->web), json);
}

/* ---- every second ---- */

static void take_second(struct monitor *m)
{
	/* Addresses come and go with interfaces. */
	if (m->ticks % (HOME_S * TICKS_PER_SECOND) == 0)
		settings_home(&m->config, &m->home);
	struct pipeline_totals totals;
	pipeline_totals(m->pipeline, &totals);
	totals.flow.services = ports_count(pipeline_ports(m->pipeline));
	run_second(&m->state, &totals, now_us(CLOCK_REALTIME));
	web_live(m->web, RECORD_self, &m->state.self);
	if (m->common.json)
		print_json(RECORD_self, &m->state.self);
	else if (!m->quiet)
		run_progress(&m->state, totals.flow.services);
	/* Who read our records has left, or the disk is full. */
	if (m->common.json && ferror(stdout))
		m->ended = true;
	const char *error = pipeline_error(m->pipeline);
	if (*error != '\0' && !m->ended) {
		run_clear_progress();
		fprintf(stderr, "breakwater: %s\n", error);
		m->ended = true;
	}
}

/* A bad file changes nothing; a good one changes what can change while running. */
static void reload(struct monitor *m)
{
	static struct config fresh;
	struct buf errors = { 0 };
	config_init(&fresh);
	if (config_load(&fresh, m->config_path, &errors) != 0) {
		const char *text = buf_cstr(&errors);
		run_clear_progress();
		fprintf(stderr, "%sbreakwater: configuration not changed\n",
			text != NULL ? text : "");
		buf_free(&errors);
		return;
	}
	buf_free(&errors);
	m->config.home = fresh.home;
	m->config.limit_response_ms = fresh.limit_response_ms;
	m->config.limit_loss = fresh.limit_loss;
	m->config.limit_errors = fresh.limit_errors;
	settings_home(&m->config, &m->home);
	run_clear_progress();
	fprintf(stderr, "breakwater: home and limits read again; "
			"other settings take effect at the next start\n");
}

/* A window that was closed sends SIGHUP too, and is no terminal any more. */
static bool has_lost_terminal(const struct monitor *m)
{
	return m->on_terminal && !isatty(STDOUT_FILENO);
}

static void take_signals(struct monitor *m)
{
	struct signalfd_siginfo info;
	while (read(m->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP && !has_lost_terminal(m))
			reload(m);
		else
			m->ended = true;
	}
}

static void take_tick(struct monitor *m)
{
	uint64_t expired;
	if (read(m->timer, &expired, sizeof(expired)) != sizeof(expired))
		return;
	pipeline_pump(m->pipeline);
	if (++m->ticks % TICKS_PER_SECOND == 0)
		take_second(m);
}

static void loop(struct monitor *m)
{
	while (!m->ended) {
		struct epoll_event events[4];
		int timeout = web_timeout_ms(m->web);
		int count = epoll_wait(m->epoll, events, 4, timeout);
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == m->signals)
				take_signals(m);
			else if (events[i].data.fd == m->timer)
				take_tick(m);
		}
		web_run(m->web);
	}
}

/* ---- start and stop ---- */

static bool watch(struct monitor *m, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	return fd >= 0 && epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Before any thread, so that all of them leave the signals to the loop. */
static bool open_loop(struct monitor *m)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	struct itimerspec every = {
		.it_interval.tv_nsec = TICK_MS * 1000000,
		.it_value.tv_nsec = TICK_MS * 1000000,
	};
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	m->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	m->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return m->epoll >= 0 && m->timer >= 0 &&
	       timerfd_settime(m->timer, 0, &every, NULL) == 0 &&
	       watch(m, m->signals) && watch(m, m->timer);
}

static int open_web(struct monitor *m, const char *socket_path)
{
	static struct web_source source;
	source = (struct web_source){ .self = m,
				      .ports = give_ports,
				      .flows = give_flows,
				      .self_record = give_self,
				      .status = give_status };
	struct web_options options = { .listen = m->config.listen,
				       .socket_path = socket_path,
				       .version = BREAKWATER_VERSION,
				       .source = &source };
	char error[WEB_ERROR_MAX];
	int status;
	m->web = web_open(&options, error, &status);
	if (m->web == NULL) {
		fprintf(stderr, "breakwater: %s\n", error);
		return status;
	}
	return watch(m, web_fd(m->web)) ? STATUS_OK : STATUS_NOT_PERMITTED;
}

/* "127.0.0.1" of "127.0.0.1:7070", "::1" of "[::1]:7070". */
static void listen_host(const struct monitor *m, char *out, size_t size)
{
	const char *from = web_address(m->web);
	const char *colon = strrchr(from, ':');
	size_t len = colon != NULL ? (size_t)(colon - from) : 0;
	if (len >= 2 && from[0] == '[') {
		from++;
		len -= 2;
	}
	snprintf(out, size, "%.*s", (int)len, from);
}

static int open_captures(struct monitor *m, struct capture **captures)
{
	char host[64];
	listen_host(m, host, sizeof(host));
	const char *names[CONFIG_LIST_MAX];
	for (size_t i = 0; i < m->config.interfaces.count; i++)
		names[i] = m->config.interfaces.at[i];
	struct capture_live_options options = {
		.interfaces = m->config.interfaces.count > 0 ? names : NULL,
		.interface_count = m->config.interfaces.count,
		.filter = m->config.filter[0] != '\0' ? m->config.filter : NULL,
		.fanout_group = m->config.workers > 1
					? (uint16_t)(getpid() % UINT16_MAX + 1)
					: 0,
		.ring_bytes = m->config.ring_mib << 20,
		.exclude_port = web_port(m->web),
		.exclude_addr = host[0] != '\0' ? host : NULL,
	};
	for (unsigned i = 0; i < m->config.workers; i++) {
		char error[CAPTURE_ERROR_MAX];
		int status;
		captures[i] = capture_live(&options, error, &status);
		if (captures[i] != NULL)
			continue;
		fprintf(stderr, "breakwater: %s\n", error);
		while (i > 0)
			capture_close(captures[--i]);
		return status;
	}
	return STATUS_OK;
}

static int open_pipeline(struct monitor *m)
{
	struct capture *captures[WORKERS_MAX];
	int status = open_captures(m, captures);
	if (status != STATUS_OK)
		return status;
	struct pipeline_options options = {
		.workers = m->config.workers,
		.flows_max = m->config.flows_max,
		.half_open_max = m->config.half_open_max,
		.source_share = m->config.source_share,
		.window_s = WINDOW_S,
		.keyed = true,
		.catalog = m->catalog,
	};
	struct pipeline_sink sink = { .self = m, .flow = take_flow, .port = take_port };
	m->pipeline = pipeline_start(captures, &options, &sink);
	if (m->pipeline == NULL)
		fprintf(stderr,
			"breakwater: not enough memory for %u flows; "
			"see flows.max in the configuration\n",
			m->config.flows_max);
	return m->pipeline != NULL ? STATUS_OK : STATUS_NOT_PERMITTED;
}

static void close_monitor(struct monitor *m)
{
	pipeline_free(m->pipeline);
	if (m->web != NULL)
		web_close(m->web);
	if (m->catalog != NULL)
		catalog_close(m->catalog);
	free(m);
}

static int monitor(struct monitor *m, const char *socket_path)
{
	m->catalog = catalog_open(NULL, NULL);
	if (m->catalog == NULL || !open_loop(m)) {
		fprintf(stderr, "breakwater: can't start: %s\n", strerror(errno));
		return STATUS_NOT_PERMITTED;
	}
	int status = open_web(m, socket_path);
	if (status == STATUS_OK)
		status = open_pipeline(m);
	if (status != STATUS_OK)
		return status;
	m->on_terminal = isatty(STDOUT_FILENO);
	run_begin(&m->state, now_us(CLOCK_REALTIME));
	if (!m->common.json && !m->quiet)
		run_greet(&m->config, web_address(m->web), socket_path);
	loop(m);
	pipeline_stop(m->pipeline);
	take_second(m);
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
	if (!take_interfaces(m, &o->interfaces))
		return STATUS_USAGE;
	take_text(m->config.listen, o->listen);
	take_text(m->config.state, o->state);
	take_text(m->config.filter, o->filter);
	if (o->workers != 0)
		m->config.workers = (uint32_t)o->workers;
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
		{ 'c', OPTION_TEXT, "config", "FILE",
		  "configuration; default /etc/breakwater/breakwater.yaml, if there is "
		  "one",
		  &m->config_path, 0, 0 },
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
		  WORKERS_MAX },
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
