/*
 * top_draw.c: the full screen, drawn anew each time; ncurses sends only what changed.
 */
#include <langinfo.h>
#include <string.h>

#include "cli/top_screen.h"

enum { PAIR_OVER = 1, PAIR_GOOD, LINE_SIZE = 1024, LOW_LINES = 8 };

void top_draw_start(struct top *top)
{
	top->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!top->colored || !has_colors())
		return;
	start_color();
	use_default_colors();
	/* Orange and blue: told apart by every kind of colour blindness. */
	init_pair(PAIR_OVER, COLORS >= 256 ? 208 : COLOR_YELLOW, -1);
	init_pair(PAIR_GOOD, COLORS >= 256 ? 39 : COLOR_CYAN, -1);
}

attr_t screen_attribute(const struct top *top, enum tone tone)
{
	bool colors = top->colored && has_colors();
	switch (tone) {
	case TONE_QUIET:
		return A_DIM;
	case TONE_STRONG:
		return A_BOLD;
	case TONE_OVER:
		return A_BOLD | (colors ? (attr_t)COLOR_PAIR(PAIR_OVER) : 0);
	case TONE_GOOD:
		return A_BOLD | (colors ? (attr_t)COLOR_PAIR(PAIR_GOOD) : 0);
	case TONE_NORMAL:
		break;
	}
	return A_NORMAL;
}

int screen_put(int y, int x, attr_t attributes, const char *text)
{
	int room = COLS - x;
	if (y < 0 || y >= LINES || x < 0 || room <= 0)
		return x;
	attrset(attributes);
	mvaddnstr(y, x, text, room);
	attrset(A_NORMAL);
	return x + (int)strnlen(text, (size_t)room);
}

void screen_fill(int y, attr_t attributes)
{
	if (y < 0 || y >= LINES)
		return;
	attrset(attributes);
	mvhline(y, 0, ' ', COLS);
	attrset(A_NORMAL);
}

/* ---- what the list is ---- */

static int put_filter(struct top *top, int y, int x)
{
	char text[LINE_SIZE];
	const struct place *place = top_place(top);
	bool types = top->mode == MODE_FILTER;
	if (types || place->filter[0] != '\0') {
		snprintf(text, sizeof(text), "  filter: %s", place->filter);
		x = screen_put(y, x, screen_attribute(top, TONE_GOOD), text);
	}
	if (top->mode == MODE_SEARCH) {
		snprintf(text, sizeof(text), "  search: %s", top->search);
		x = screen_put(y, x, screen_attribute(top, TONE_GOOD), text);
	}
	if (types || top->mode == MODE_SEARCH)
		x = screen_put(y, x, A_REVERSE, " ");
	return x;
}

static void draw_list_line(struct top *top, int y)
{
	char text[LINE_SIZE];
	const struct place *place = top_place(top);
	const struct view *view = top_view(top)->view;
	size_t shown = json_array_size(top->rows);
	size_t plural = strlen(view->title) - (shown == 1); /* all end in s */
	snprintf(text, sizeof(text), "%zu %.*s", shown, (int)plural, view->title);
	int x = screen_put(y, 0, A_BOLD, text);
	if (top->total > shown) {
		char total[CELL_MAX];
		text_count(total, sizeof(total), (double)top->total);
		snprintf(text, sizeof(text), " of %s", total);
		x = screen_put(y, x, A_NORMAL, text);
	}
	if (place->sort == NULL)
		snprintf(text, sizeof(text), ", %s", view->order);
	else
		snprintf(text, sizeof(text), ", by %s", place->sort->head);
	x = screen_put(y, x, A_NORMAL, text);
	x = screen_put(y, x, A_NORMAL, place->reversed ? ", reversed" : "");
	size_t over = view_count_over(view, top->rows, &top->limits);
	if (over > 0) {
		snprintf(text, sizeof(text), ", !%zu marked", over);
		x = screen_put(y, x, screen_attribute(top, TONE_OVER), text);
	}
	if (json_object_size(top->tagged) > 0) {
		snprintf(text, sizeof(text), ", %zu tagged",
			 json_object_size(top->tagged));
		x = screen_put(y, x, A_BOLD, text);
	}
	put_filter(top, y, x);
}

/* ---- the list ---- */

static void draw_cell(const struct top *top, int y, int x, int width, bool left,
		      attr_t row, const struct cell *cell)
{
	char text[CELL_MAX];
	text_fit(text, cell->text, width);
	size_t len = strlen(text);
	attr_t attributes = screen_attribute(top, cell->tone);
	if (row != A_NORMAL)
		attributes = (attributes & ~A_DIM) | row;
	screen_put(y, left ? x : x + width - (int)len, attributes, text);
}

static void draw_heads(struct top *top, int y)
{
	int x = 0;
	const struct layout *layout = &top_place(top)->layout;
	screen_fill(y, A_UNDERLINE);
	for (size_t i = 0; i < layout->count; i++) {
		const struct column *column =
			view_column_at(top_view(top)->view, layout->column[i]);
		int width = layout->width[i];
		screen_put(y, column->left ? x : x + width - (int)strlen(column->head),
			   A_BOLD | A_UNDERLINE |
				   (column == top_place(top)->sort ? A_REVERSE : 0),
			   column->head);
		x += width + LAYOUT_GAP;
	}
}

/* Tagged rows are underlined: the mark needs no column, nor colour. */
static attr_t row_attribute(struct top *top, size_t row, const json_t *record)
{
	char key[ROW_KEY_MAX];
	attr_t attribute = row == top_place(top)->selected ? A_REVERSE : A_NORMAL;
	top_row_key(top, record, key);
	if (json_object_get(top->tagged, key) != NULL)
		attribute |= A_UNDERLINE | A_BOLD;
	return attribute;
}

static void draw_row(struct top *top, int y, size_t row)
{
	const json_t *record = json_array_get(top->rows, row);
	const struct layout *layout = &top_place(top)->layout;
	attr_t attribute = row_attribute(top, row, record);
	int x = 0;
	if (attribute != A_NORMAL)
		screen_fill(y, attribute);
	for (size_t i = 0; i < layout->count; i++) {
		const struct column *column =
			view_column_at(top_view(top)->view, layout->column[i]);
		struct cell cell = { .tone = TONE_NORMAL };
		column->show(record, &top->limits, &cell);
		draw_cell(top, y, x, layout->width[i], column->left, attribute, &cell);
		x += layout->width[i] + LAYOUT_GAP;
	}
}

static void keep_selected_in_sight(struct top *top)
{
	struct place *place = top_place(top);
	size_t shown = top->rows_shown > 0 ? (size_t)top->rows_shown : 1;
	size_t count = json_array_size(top->rows);
	if (place->selected < place->first)
		place->first = place->selected;
	if (place->selected >= place->first + shown)
		place->first = place->selected - shown + 1;
	if (place->first + shown > count)
		place->first = count > shown ? count - shown : 0;
}

/* Columns are as wide as what is in sight needs: it may be a window into thousands. */
static void fit_columns(struct top *top)
{
	json_t *seen = json_array();
	struct place *place = top_place(top);
	for (int i = 0; i < top->rows_shown; i++)
		json_array_append(seen,
				  json_array_get(top->rows, place->first + (size_t)i));
	layout_fit(&place->layout, top_view(top)->view, seen, &top->limits, COLS);
	json_decref(seen);
}

static const char *why_empty(struct top *top)
{
	if (top->refused[0] != '\0')
		return top->refused;
	return top_place(top)->filter[0] != '\0'
		       ? "Nothing matches the filter; Esc clears it."
		       : top_view(top)->view->nothing;
}

/* In place of rows: as many lines as it takes. */
static void draw_empty(struct top *top)
{
	char line[LINE_SIZE];
	const char *text = why_empty(top);
	attr_t attributes =
		top->refused[0] != '\0' ? screen_attribute(top, TONE_OVER) : A_DIM;
	for (int i = 0; i < top->rows_shown && *text != '\0'; i++) {
		size_t len = screen_fit(text, strlen(text), (size_t)COLS);
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		screen_put(top->rows_line + i, 0, attributes, line);
		text += len + strspn(text + len, " ");
	}
}

static void draw_list(struct top *top)
{
	keep_selected_in_sight(top);
	fit_columns(top);
	draw_heads(top, top->head_line);
	size_t first = top_place(top)->first, count = json_array_size(top->rows);
	for (int i = 0; i < top->rows_shown && first + (size_t)i < count; i++)
		draw_row(top, top->rows_line + i, first + (size_t)i);
	if (count == 0)
		draw_empty(top);
}

/* ---- the last line ---- */

static const char *foot_text(struct top *top, char *out, size_t size)
{
	const struct action *action = &top_view(top)->actions[0];
	switch (top->mode) {
	case MODE_FILTER:
		return "Text that is seen, or words as port=443; Enter keeps it, Esc "
		       "clears it";
	case MODE_SEARCH:
		return "Type what to look for; F3 the next; Enter ends it";
	case MODE_SORT:
		return "Up Down choose, Enter sorts, any other key goes back";
	case MODE_CONFIRM:
		snprintf(out, size, "%s  y yes, any other key no", top->question);
		return out;
	case MODE_PAGE:
		return top->page.row != NULL
			       ? "Up Down scroll  1-9 the same in that view  r again  "
				 "any other key goes back"
			       : "Up Down scroll  any other key goes back";
	case MODE_LIST:
		break;
	}
	snprintf(out, size, "%s%c %s  q quit",
		 "h help  / find  \\ filter  < > sort  Enter more  Space tag  ",
		 action->what != NULL ? action->key : 'p',
		 action->what != NULL ? action->what : "pause");
	return out;
}

static void draw_foot(struct top *top, int y)
{
	char text[LINE_SIZE];
	const char *said = top->notice[0] != '\0' ? top->notice
						  : foot_text(top, text, sizeof(text));
	screen_fill(y, A_REVERSE);
	screen_put(y, 0, A_REVERSE | (top->mode == MODE_CONFIRM ? A_BOLD : 0), said);
}

void top_draw(struct top *top)
{
	/* On a very low screen rows matter more than the head. */
	bool low = LINES < LOW_LINES;
	bool types = top->mode == MODE_FILTER || top->mode == MODE_SEARCH;
	int y = 0;
	erase();
	head_draw_posture(top, y++);
	if (!low)
		head_draw_rates(top, y++);
	top->tab_line = low ? -1 : y;
	if (!low)
		head_draw_tabs(top, y++);
	if (!low || types)
		draw_list_line(top, y++);
	top->head_line = y;
	top->rows_line = y + 1;
	top->rows_shown = LINES - 1 - top->rows_line;
	if (top->mode == MODE_PAGE)
		overlay_draw_page(top, y);
	else if (top->mode == MODE_SORT)
		overlay_draw_sort(top, y);
	else
		draw_list(top);
	draw_foot(top, LINES - 1);
	refresh();
}
