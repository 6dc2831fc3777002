/*
 * top_keys.c: what keys and the mouse do: htop's, where htop has one.
 */
#include <ncurses.h>
#include <string.h>

#include "cli/top.h"

enum { KEY_ESCAPE = 27, KEY_CTRL_L = 12, WHEEL_ROWS = 3 };

/* ---- order ---- */

static size_t sort_position(struct top *top)
{
	const struct place *place = top_place(top);
	for (size_t i = 0; i < place->layout.count; i++)
		if (view_column_at(top_view(top)->view, place->layout.column[i]) ==
		    place->sort)
			return i;
	return SIZE_MAX;
}

/* NULL: the usual order. What the daemon leaves out depends on it: ask anew. */
static void sort_by(struct top *top, const struct column *column)
{
	struct place *place = top_place(top);
	place->reversed = column != NULL && column == place->sort && !place->reversed;
	place->sort = column;
	top_refresh(top);
}

static void sort_by_position(struct top *top, size_t position)
{
	const struct layout *layout = &top_place(top)->layout;
	if (position < layout->count)
		sort_by(top,
			view_column_at(top_view(top)->view, layout->column[position]));
}

/* The neighbour among the columns in sight; from the usual order, the first or last. */
static void sort_by_neighbour(struct top *top, bool right)
{
	size_t at = sort_position(top), count = top_place(top)->layout.count;
	if (count == 0)
		return;
	if (at == SIZE_MAX)
		at = right ? count - 1 : 0;
	sort_by_position(top, right ? (at + 1) % count : (at + count - 1) % count);
}

static void reverse(struct top *top)
{
	top_place(top)->reversed = !top_place(top)->reversed;
	top_refresh(top);
}

/* The first row of the menu is the usual order. */
static void take_sort_key(struct top *top, int key)
{
	size_t rows = top_view(top)->view->count + 1;
	if (key == KEY_DOWN || key == 'j')
		top->sort_row = (top->sort_row + 1) % rows;
	else if (key == KEY_UP || key == 'k')
		top->sort_row = (top->sort_row + rows - 1) % rows;
	else
		top->mode = MODE_LIST;
	if (key == '\n' || key == '\r' || key == KEY_ENTER)
		sort_by(top,
			top->sort_row == 0
				? NULL
				: &top_view(top)->view->columns[top->sort_row - 1]);
}

/* ---- views ---- */

static void forget_widths(struct top *top)
{
	memset(&top_place(top)->layout, 0, sizeof(struct layout));
}

static void show_view(struct top *top, size_t at)
{
	top->at = at % TOP_VIEWS;
	json_decref(top->records);
	top->records = NULL;
	json_object_clear(top->tagged);
	forget_widths(top);
	page_close(&top->page);
	top->mode = MODE_LIST;
	top_arrange(top); /* empty, should the daemon not answer */
	top_refresh(top);
}

/* Of what the page is about, if it is about a row. */
static void show_view_about(struct top *top, size_t at)
{
	struct about about = { 0 };
	void (*fill)(const json_t *row, struct about *out) = top_view(top)->about;
	if (top->page.row != NULL && fill != NULL) {
		fill(top->page.row, &about);
		about_text(top->page.row, "sensor", about.sensor, sizeof(about.sensor));
		filter_about(&about, top_views[at], top->places[at].filter);
		top->places[at].selected = top->places[at].first = 0;
		top->places[at].selected_key[0] = '\0';
	}
	show_view(top, at);
}

/* True if the key is one of the views'. */
static bool take_view_key(struct top *top, int key)
{
	if (key >= '1' && key < '1' + TOP_VIEWS)
		show_view_about(top, (size_t)(key - '1'));
	else if (key == '\t')
		show_view(top, top->at + 1);
	else if (key == KEY_BTAB)
		show_view(top, top->at + TOP_VIEWS - 1);
	else
		return false;
	return true;
}

/* ---- mouse ---- */

static bool click_tab(struct top *top, int x)
{
	int begin = 0;
	for (size_t i = 0; i < TOP_VIEWS; i++) {
		int behind = begin + 1 + (int)strlen(top_views[i]->tab) + 1;
		if (x >= begin && x < behind) {
			show_view(top, i);
			return true;
		}
		begin = behind;
	}
	return false;
}

static void click_head(struct top *top, int x)
{
	int begin = 0;
	const struct layout *layout = &top_place(top)->layout;
	for (size_t i = 0; i < layout->count; i++) {
		int behind = begin + layout->width[i] + LAYOUT_GAP;
		if (x >= begin && x < behind) {
			sort_by_position(top, i);
			return;
		}
		begin = behind;
	}
}

/* A click on the row that is selected already opens it. */
static void click_row(struct top *top, int y)
{
	size_t row = top_place(top)->first + (size_t)(y - top->rows_line);
	if (row >= json_array_size(top->rows))
		return;
	if (row == top_place(top)->selected)
		page_details(top);
	else
		top_select(top, (long)row);
}

static void click(struct top *top, int x, int y)
{
	if (y == top->tab_line)
		click_tab(top, x);
	else if (top->mode == MODE_LIST && y == top->head_line)
		click_head(top, x);
	else if (top->mode == MODE_LIST && y >= top->rows_line &&
		 y < top->rows_line + top->rows_shown)
		click_row(top, y);
}

static void scroll_page(struct page *page, long rows)
{
	long first = (long)page->first + rows;
	page->first = first < 0 ? 0 : (size_t)first; /* drawing keeps it in */
}

static void move_by(struct top *top, long rows)
{
	if (top->mode == MODE_PAGE)
		scroll_page(&top->page, rows);
	else
		top_select(top, (long)top_place(top)->selected + rows);
}

static void take_mouse(struct top *top)
{
	MEVENT event;
	bool listens = top->mode == MODE_LIST || top->mode == MODE_PAGE;
	if (getmouse(&event) != OK || !listens)
		return;
	if (event.bstate & BUTTON4_PRESSED)
		move_by(top, -WHEEL_ROWS);
	else if (event.bstate & BUTTON5_PRESSED)
		move_by(top, WHEEL_ROWS);
	else if (event.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED))
		click(top, event.x, event.y);
}

/* ---- lists and pages ---- */

/* How far a key goes; 0 if it is no such key. */
static long rows_of(const struct top *top, int key)
{
	enum { ALL = 1 << 30 };
	long page = top->rows_shown > 1 ? top->rows_shown - 1 : 1;
	switch (key) {
	case KEY_UP:
	case 'k':
		return -1;
	case KEY_DOWN:
	case 'j':
		return 1;
	case KEY_PPAGE:
		return -page;
	case KEY_NPAGE:
		return page;
	case KEY_HOME:
		return -ALL;
	case KEY_END:
		return ALL;
	default:
		return 0;
	}
}

static bool take_action_key(struct top *top, int key)
{
	const struct action *actions = top_view(top)->actions;
	for (size_t i = 0; i < ACTIONS_MAX && actions[i].what != NULL; i++) {
		if (actions[i].key != key)
			continue;
		top_ask_change(top, &actions[i]);
		return true;
	}
	return false;
}

static bool is_enter(int key)
{
	return key == '\n' || key == '\r' || key == KEY_ENTER;
}

static bool is_quit(int key)
{
	return key == 'q' || key == 'Q' || key == KEY_F(10);
}

static void clear_filter(struct top *top)
{
	struct place *place = top_place(top);
	if (place->filter[0] == '\0')
		json_object_clear(top->tagged);
	place->filter[0] = '\0';
	forget_widths(top);
	top_refresh(top);
}

static bool take_order_key(struct top *top, int key)
{
	if (key == '<' || key == KEY_LEFT)
		sort_by_neighbour(top, false);
	else if (key == '>' || key == KEY_RIGHT)
		sort_by_neighbour(top, true);
	else if (key == 'r' || key == 'I')
		reverse(top);
	else if (key == 'o' || key == KEY_F(6))
		top->mode = MODE_SORT;
	else
		return false;
	return true;
}

static void search_on(struct top *top)
{
	if (!top_search(top, true))
		snprintf(top->notice, sizeof(top->notice), "Nothing more is like that");
}

static void take_other_list_key(struct top *top, int key)
{
	if (is_enter(key))
		page_details(top);
	else if (key == 'h' || key == '?' || key == KEY_F(1))
		page_help(top);
	else if (key == '\\' || key == KEY_F(4))
		top->mode = MODE_FILTER;
	else if (key == '/' || key == KEY_F(3)) {
		top->mode = MODE_SEARCH;
		top->search[0] = '\0';
	} else if (key == 'n')
		search_on(top);
	else if (key == ' ')
		top_tag(top);
	else if (key == 'U')
		json_object_clear(top->tagged);
	else if (key == 'p')
		top->paused = !top->paused;
	else if (key == KEY_ESCAPE)
		clear_filter(top);
	else if (key == KEY_CTRL_L)
		clearok(curscr, TRUE);
}

/* False to quit. */
static bool take_list_key(struct top *top, int key)
{
	long rows = rows_of(top, key);
	if (is_quit(key))
		return false;
	if (rows != 0)
		move_by(top, rows);
	else if (!take_view_key(top, key) && !take_order_key(top, key) &&
		 !take_action_key(top, key))
		take_other_list_key(top, key);
	return true;
}

static void take_page_key(struct top *top, int key)
{
	long rows = rows_of(top, key);
	bool is_about_row = top->page.row != NULL;
	if (rows != 0) {
		move_by(top, rows);
	} else if (is_about_row && key == 'r') {
		page_details(top);
	} else if (key == ' ') {
		move_by(top, top->rows_shown);
	} else if (take_view_key(top, key) ||
		   (is_about_row && take_action_key(top, key))) {
		return;
	} else {
		page_close(&top->page);
		top->mode = MODE_LIST;
	}
}

static void take_confirm_key(struct top *top, int key)
{
	if (key == 'y' || key == 'Y') {
		top_make_change(top);
		return;
	}
	top_forget_change(top);
	top->mode = top->page.row != NULL ? MODE_PAGE : MODE_LIST;
	snprintf(top->notice, sizeof(top->notice), "Nothing was changed");
}

/* ---- lines that are typed ---- */

/* Printable ASCII, as all that is seen. */
static void edit(char text[static FILTER_MAX], int key)
{
	enum { KEY_CTRL_U = 21 };
	size_t len = strlen(text);
	bool erases = key == KEY_BACKSPACE || key == 127 || key == '\b';
	if (erases && len > 0) {
		text[len - 1] = '\0';
	} else if (key == KEY_ESCAPE || key == KEY_CTRL_U) {
		text[0] = '\0';
	} else if (key >= 0x20 && key < 0x7f && len + 1 < FILTER_MAX) {
		text[len] = (char)key;
		text[len + 1] = '\0';
	}
}

/* Text filters while it is typed; words are for the daemon, and go when they are whole.
 */
static void take_filter_key(struct top *top, int key)
{
	edit(top_place(top)->filter, key);
	forget_widths(top);
	if (!is_enter(key) && key != KEY_ESCAPE) {
		top_arrange(top);
		return;
	}
	top->mode = MODE_LIST;
	top_refresh(top);
}

static void take_search_key(struct top *top, int key)
{
	edit(top->search, key);
	if (is_enter(key) || key == KEY_ESCAPE)
		top->mode = MODE_LIST;
	else if (key == KEY_F(3) || key == KEY_DOWN)
		search_on(top);
	else if (!top_search(top, false) && top->search[0] != '\0')
		snprintf(top->notice, sizeof(top->notice), "Nothing is like that");
}

bool top_take_key(struct top *top, int key)
{
	if (key == KEY_RESIZE)
		return true; /* the loop draws anew */
	top->notice[0] = '\0';
	if (key == KEY_MOUSE) {
		take_mouse(top);
		return true;
	}
	switch (top->mode) {
	case MODE_FILTER:
		take_filter_key(top, key);
		return true;
	case MODE_SEARCH:
		take_search_key(top, key);
		return true;
	case MODE_SORT:
		take_sort_key(top, key);
		return true;
	case MODE_CONFIRM:
		take_confirm_key(top, key);
		return true;
	case MODE_PAGE:
		take_page_key(top, key);
		return true;
	case MODE_LIST:
		break;
	}
	return take_list_key(top, key);
}
