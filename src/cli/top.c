/*
 * top.c: breakwater top: the full screen, asked anew each second.
 */
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/listing.h"
#include "cli/remote.h"
#include "cli/top.h"

enum { REFRESH_MS = 1000, ESCAPE_MS = 50 };

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int64_t now_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

/* A key, something of a page's child, or the time. */
static void wait_until(const struct top *top, int64_t due_ms)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = top->page.fd, .events = POLLIN } };
	int64_t left_ms = due_ms - now_ms();
	poll(fds, top->page.child > 0 ? 2 : 1, left_ms > 0 ? (int)left_ms : 0);
}

/* All keys that have come; false to quit. */
static bool take_keys(struct top *top)
{
	int key;
	timeout(0);
	while ((key = getch()) != ERR)
		if (!top_take_key(top, key))
			return false;
	return isatty(STDIN_FILENO) != 0; /* else the terminal is gone */
}

static void loop(struct top *top)
{
	int64_t due_ms = now_ms() + REFRESH_MS;
	while (!ended) {
		top_draw(top);
		wait_until(top, due_ms);
		if (!take_keys(top))
			return;
		if (page_read(&top->page) && top->page.row == NULL)
			top_refresh(top); /* something was changed */
		if (now_ms() < due_ms)
			continue;
		due_ms = now_ms() + REFRESH_MS;
		if (!top->paused)
			top_refresh_due(top);
	}
}

/* Before initscr(), which leaves alone what has a handler: the screen is always
 * restored. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = end };
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

static bool start_screen(struct top *top)
{
	catch_signals();
	const char *type = getenv("TERM");
	SCREEN *screen = newterm(type == NULL ? "dumb" : type, stdout, stdin);
	if (screen == NULL) {
		fprintf(stderr,
			"breakwater top: this terminal (TERM=%s) can't be driven; try "
			"--plain\n",
			type == NULL ? "" : type);
		return false;
	}
	set_term(screen);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	mouseinterval(0);
	mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED,
		  NULL);
	top_draw_start(top);
	return true;
}

static int run_screen(struct top *top)
{
	int status = top_refresh(top);
	if (status != STATUS_OK) {
		fprintf(stderr, "breakwater top: %s\n", top->problem);
		return status;
	}
	if (!start_screen(top))
		return STATUS_USAGE;
	loop(top);
	endwin();
	return STATUS_OK;
}

static int run_once(const struct common_options *common,
		    const struct sensor_options *sensors)
{
	const struct listing listing = { .view = &view_ports,
					 .command = "top",
					 .common = *common,
					 .sensors = *sensors,
					 .port = UINT64_MAX };
	return listing_run(&listing);
}

/* Each view is filtered by it at first, for all to see, and to be changed there. */
static void begin_filters(struct top *top, const struct sensor_options *sensors)
{
	const char *const words[][2] = { { "sensor", sensors->sensor },
					 { "site", sensors->site },
					 { "tag", sensors->tag } };
	for (size_t i = 0; i < TOP_VIEWS; i++)
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
			if (words[w][1] != NULL && filter_takes_sensors(top_views[i]))
				filter_add(words[w][0], words[w][1],
					   top->places[i].filter);
}

static int run_full(const struct common_options *common,
		    const struct sensor_options *sensors, bool readonly)
{
	struct top top = { .client = client_open(common),
			   .socket = common->socket,
			   .colored = color_wanted(common, STDOUT_FILENO),
			   .readonly = readonly,
			   .remote = is_over_network(),
			   .seconds = json_array(),
			   .tagged = json_object(),
			   .page = { .fd = -1 } };
	int status = STATUS_UNREACHABLE;
	begin_filters(&top, sensors);
	if (top.client != NULL)
		status = run_screen(&top);
	top_forget(&top);
	client_close(top.client);
	return status;
}

int command_top(int argc, char **argv)
{
	bool readonly = false;
	struct sensor_options sensors = { 0 };
	const struct option_spec specs[] = {
		{ 0, OPTION_FLAG, "readonly", NULL,
		  "let no key change anything: no block, unblock, ack", &readonly, 0,
		  0 },
		OPTION_SENSORS(&sensors),
	};
	const struct command_help help = {
		.name = "top",
		.doc = "Live view of ports, connections, sources, attacks, blocks, "
		       "incidents, alerts,\nprobes and of the monitor itself, full "
		       "screen; h there tells the keys.",
		.examples = "  breakwater top\n"
			    "  breakwater top --readonly\n"
			    "  breakwater top --plain    the ports as one table, then "
			    "ends; also into a pipe\n",
		OPTION_SPECS(specs),
	};
	struct common_options common;
	int first, status;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	bool is_terminal = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
	if (common.plain || common.json || !is_terminal)
		return run_once(&common, &sensors);
	return run_full(&common, &sensors, readonly);
}
