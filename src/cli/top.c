/*
 * top.c: breakwater top: the full screen, asked anew each second.
 */
#include <ncurses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/listing.h"
#include "cli/top.h"

enum { REFRESH_MS = 1000, KEY_ESCAPE = 27, ESCAPE_MS = 50, WHEEL_ROWS = 3 };

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t sort_position(const struct top *top)
{
	for (size_t i = 0; i < top->layout.count; i++)
		if (&top->view->columns[top->layout.column[i]] == top->sort)
			return i;
	return SIZE_MAX;
}

static void sort_by(struct top *top, size_t position)
{
	if (position >= top->layout.count)
		return;
	const struct column *column = &top->view->columns[top->layout.column[position]];
	top->reversed = column == top->sort && !top->reversed;
	top->sort = column;
	top_arrange(top);
}

/* The neighbour among the columns in sight; from the usual order, the first or last. */
static void sort_by_neighbour(struct top *top, bool right)
{
	size_t at = sort_position(top), count = top->layout.count;
	if (count == 0)
		return;
	if (at == SIZE_MAX)
		at = right ? count - 1 : 0;
	sort_by(top, right ? (at + 1) % count : (at + count - 1) % count);
}

static void sort_as_usual(struct top *top)
{
	top->sort = NULL;
	top->reversed = false;
	top_arrange(top);
}

static void switch_view(struct top *top)
{
	top->view = top->view == &view_ports ? &view_flows : &view_ports;
	top->sort = NULL;
	top->reversed = false;
	top->selected_key[0] = '\0';
	top->selected = top->first = 0;
	json_decref(top->records);
	top->records = NULL;
	memset(&top->layout, 0, sizeof(top->layout));
	top_refresh(top);
}

static void clear_filter(struct top *top)
{
	top->filter[0] = '\0';
	memset(&top->layout, 0, sizeof(top->layout));
	top_arrange(top);
}

static void click(struct top *top, int x, int y)
{
	int begin = 0;
	if (y >= top->rows_line && y < top->rows_line + top->rows_shown) {
		size_t row = top->first + (size_t)(y - top->rows_line);
		if (row < json_array_size(top->rows))
			top_select(top, (long)row);
	}
	for (size_t i = 0; y == top->head_line && i < top->layout.count; i++) {
		int behind = begin + top->layout.width[i] + LAYOUT_GAP;
		if (x >= begin && x < behind)
			sort_by(top, i);
		begin = behind;
	}
}

static void take_mouse(struct top *top)
{
	MEVENT event;
	if (getmouse(&event) != OK || top->mode != MODE_LIST)
		return;
	if (event.bstate & BUTTON4_PRESSED)
		top_select(top, (long)top->selected - WHEEL_ROWS);
	else if (event.bstate & BUTTON5_PRESSED)
		top_select(top, (long)top->selected + WHEEL_ROWS);
	else if (event.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED))
		click(top, event.x, event.y);
}

/* True if the key moved the selection. */
static bool select_by_key(struct top *top, int key)
{
	long at = (long)top->selected,
	     page = top->rows_shown > 1 ? top->rows_shown - 1 : 1;
	switch (key) {
	case KEY_UP:
	case 'k':
		top_select(top, at - 1);
		return true;
	case KEY_DOWN:
	case 'j':
		top_select(top, at + 1);
		return true;
	case KEY_PPAGE:
		top_select(top, at - page);
		return true;
	case KEY_NPAGE:
		top_select(top, at + page);
		return true;
	case KEY_HOME:
		top_select(top, 0);
		return true;
	case KEY_END:
		top_select(top, (long)json_array_size(top->rows));
		return true;
	default:
		return false;
	}
}

/* True if the key changed the order. */
static bool reorder(struct top *top, int key)
{
	switch (key) {
	case '<':
	case KEY_LEFT:
		sort_by_neighbour(top, false);
		return true;
	case '>':
	case KEY_RIGHT:
		sort_by_neighbour(top, true);
		return true;
	case 'r':
		top->reversed = !top->reversed;
		top_arrange(top);
		return true;
	case 'b':
		sort_as_usual(top);
		return true;
	default:
		return false;
	}
}

/* False to quit. */
static bool take_list_key(struct top *top, int key)
{
	if (select_by_key(top, key) || reorder(top, key))
		return true;
	switch (key) {
	case 'q':
	case 'Q':
	case KEY_F(10):
		return false;
	case 'p':
	case ' ':
		top->paused = !top->paused;
		break;
	case 'h':
	case '?':
	case KEY_F(1):
		top->mode = MODE_HELP;
		break;
	case '/':
	case KEY_F(4):
		top->mode = MODE_FILTER;
		break;
	case 'f':
	case '\t':
		switch_view(top);
		break;
	case KEY_ESCAPE:
		clear_filter(top);
		break;
	case '\n':
	case '\r':
	case KEY_ENTER:
		top->details_first = 0;
		if (json_array_size(top->rows) > 0)
			top->mode = MODE_DETAILS;
		break;
	default:
		break;
	}
	return true;
}

static void take_filter_key(struct top *top, int key)
{
	size_t len = strlen(top->filter);
	if (key == '\n' || key == '\r' || key == KEY_ENTER || key == KEY_ESCAPE)
		top->mode = MODE_LIST;
	if (key == KEY_ESCAPE)
		top->filter[0] = '\0';
	else if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && len > 0)
		top->filter[len - 1] = '\0';
	else if (key >= 0x20 && key < 0x7f && len + 1 < sizeof(top->filter)) {
		top->filter[len] = (char)key;
		top->filter[len + 1] = '\0';
	}
	memset(&top->layout, 0, sizeof(top->layout));
	top_arrange(top);
}

static void take_details_key(struct top *top, int key)
{
	if (key == KEY_DOWN || key == 'j')
		top->details_first++;
	else if ((key == KEY_UP || key == 'k') && top->details_first > 0)
		top->details_first--;
	else if (key != KEY_UP && key != 'k')
		top->mode = MODE_LIST;
}

/* False to quit. */
static bool take_key(struct top *top, int key)
{
	if (key == KEY_RESIZE)
		return true; /* the loop draws anew */
	if (key == KEY_MOUSE) {
		take_mouse(top);
		return true;
	}
	switch (top->mode) {
	case MODE_FILTER:
		take_filter_key(top, key);
		return true;
	case MODE_HELP:
		top->mode = MODE_LIST;
		return true;
	case MODE_DETAILS:
		take_details_key(top, key);
		return true;
	case MODE_LIST:
		break;
	}
	return take_list_key(top, key);
}

static void loop(struct top *top)
{
	int64_t due_ms = now_ms() + REFRESH_MS;
	bool go_on = true;
	while (go_on && !ended) {
		top_draw(top);
		int64_t left_ms = due_ms - now_ms();
		timeout(left_ms > 0 ? (int)left_ms : 0);
		int key = getch();
		if (key != ERR)
			go_on = take_key(top, key);
		else if (!isatty(STDIN_FILENO))
			return; /* the terminal is gone */
		if (now_ms() < due_ms)
			continue;
		due_ms = now_ms() + REFRESH_MS;
		if (!top->paused)
			top_refresh(top);
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

static int run_once(const struct common_options *common)
{
	const struct listing listing = { .view = &view_ports,
					 .command = "top",
					 .common = *common,
					 .port = UINT64_MAX };
	return listing_run(&listing);
}

int command_top(int argc, char **argv)
{
	const struct command_help help = {
		.name = "top",
		.doc = "Live view of ports and connections, full screen; h there tells "
		       "the keys.",
		.examples = "  breakwater top\n"
			    "  breakwater top --plain    one table, then ends; also "
			    "into a pipe\n",
	};
	struct common_options common;
	int first, status;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	if (common.plain || common.json || !isatty(STDOUT_FILENO) ||
	    !isatty(STDIN_FILENO))
		return run_once(&common);
	struct top top = { .view = &view_ports,
			   .client = client_open(&common),
			   .colored = color_wanted(&common, STDOUT_FILENO) };
	if (top.client == NULL)
		return STATUS_UNREACHABLE;
	status = run_screen(&top);
	top_forget(&top);
	client_close(top.client);
	return status;
}
