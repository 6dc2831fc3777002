/*
 * top_draw.c: the full screen, drawn anew each time; ncurses sends only what changed.
 *
 * Whatever the size of the terminal, nothing is written beyond it.
 */
#include <ncurses.h>
#include <string.h>
#include <time.h>

#include "cli/top.h"

enum { PAIR_OVER = 1, PAIR_GOOD, LINE_MAX_LEN = 1024 };

void top_draw_start(struct top *top)
{
	if (!top->colored || !has_colors())
		return;
	start_color();
	use_default_colors();
	/* Orange and blue: told apart by every kind of colour blindness. */
	init_pair(PAIR_OVER, COLORS >= 256 ? 208 : COLOR_YELLOW, -1);
	init_pair(PAIR_GOOD, COLORS >= 256 ? 39 : COLOR_CYAN, -1);
}

static attr_t tone_attribute(const struct top *top, enum tone tone)
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

/* Clipped to the screen; returns the column behind the text. */
static int put(int y, int x, attr_t attributes, const char *text)
{
	int room = COLS - x;
	if (y < 0 || y >= LINES || x < 0 || room <= 0)
		return x;
	attrset(attributes);
	mvaddnstr(y, x, text, room);
	attrset(A_NORMAL);
	return x + (int)strnlen(text, (size_t)room);
}

static void fill_line(int y, attr_t attributes)
{
	if (y < 0 || y >= LINES)
		return;
	attrset(attributes);
	mvhline(y, 0, ' ', COLS);
	attrset(A_NORMAL);
}

static void health_text(const struct top *top, char *out, size_t size, bool *fine)
{
	const char *health = member_text(top->health, "status");
	json_t *reasons = json_object_get(top->health, "reasons");
	const char *reason = json_string_value(json_array_get(reasons, 0));
	char clean[160];
	*fine = top->problem[0] == '\0' && health != NULL && strcmp(health, "ok") == 0;
	text_clean(clean, sizeof(clean),
		   top->problem[0] != '\0' ? top->problem
		   : reason != NULL        ? reason
					   : "");
	if (*fine)
		snprintf(out, size, "Fine");
	else
		snprintf(out, size, "! Not fine: %s", clean);
}

static void draw_health(const struct top *top, int y)
{
	char text[LINE_MAX_LEN], hour[16];
	bool fine;
	time_t now = time(NULL);
	struct tm local;
	localtime_r(&now, &local);
	strftime(hour, sizeof(hour), "%H:%M:%S", &local);
	int x = put(y, 0, A_BOLD, "Breakwater  ");
	health_text(top, text, sizeof(text), &fine);
	x = put(y, x, tone_attribute(top, fine ? TONE_GOOD : TONE_OVER), text);
	if (top->paused)
		x = put(y, x + 2, A_REVERSE, " PAUSED ");
	if (x + 2 + (int)strlen(hour) <= COLS)
		put(y, COLS - (int)strlen(hour), A_DIM, hour);
}

static void draw_rates(const struct top *top, int y)
{
	char line[LINE_MAX_LEN], packets[CELL_MAX], bytes[CELL_MAX], flows[CELL_MAX];
	char lost[CELL_MAX], cpu[CELL_MAX], rss[CELL_MAX];
	double dropped = member_number(top->status, "kernel_dropped") +
			 member_number(top->status, "ring_dropped");
	text_count(packets, sizeof(packets),
		   member_number(top->status, "packets_per_s"));
	text_bytes(bytes, sizeof(bytes), member_number(top->status, "bytes_per_s"));
	text_count(flows, sizeof(flows), member_number(top->status, "flows"));
	text_count(lost, sizeof(lost), dropped);
	text_percent(cpu, sizeof(cpu), member_number(top->status, "cpu_ratio"));
	text_bytes(rss, sizeof(rss), member_number(top->status, "rss_bytes"));
	snprintf(line, sizeof(line), "%s packets/s  %s/s  %s open  ", packets, bytes,
		 flows);
	int x = put(y, 0, A_NORMAL, line);
	snprintf(line, sizeof(line), "%s%s lost", dropped > 0 ? "!" : "", lost);
	x = put(y, x, tone_attribute(top, dropped > 0 ? TONE_OVER : TONE_NORMAL), line);
	snprintf(line, sizeof(line), "  cpu %s  mem %s", cpu, rss);
	put(y, x, A_DIM, line);
}

static void draw_list_line(const struct top *top, int y)
{
	char text[LINE_MAX_LEN];
	size_t shown = json_array_size(top->rows);
	snprintf(text, sizeof(text), "%zu %s", shown, top->view->title);
	int x = put(y, 0, A_BOLD, text);
	if (top->total > shown) {
		snprintf(text, sizeof(text), " of %llu",
			 (unsigned long long)top->total);
		x = put(y, x, A_NORMAL, text);
	}
	if (top->sort == NULL)
		snprintf(text, sizeof(text), ", %s", top->view->order);
	else
		snprintf(text, sizeof(text), ", by %s", top->sort->head);
	x = put(y, x, A_NORMAL, text);
	x = put(y, x, A_NORMAL, top->reversed ? ", reversed" : "");
	size_t over = view_count_over(top->view, top->rows, &top->limits);
	if (over > 0) {
		snprintf(text, sizeof(text), ", !%zu over a limit", over);
		x = put(y, x, tone_attribute(top, TONE_OVER), text);
	}
	if (top->mode == MODE_FILTER || top->filter[0] != '\0') {
		snprintf(text, sizeof(text), "  filter: %s", top->filter);
		x = put(y, x, tone_attribute(top, TONE_GOOD), text);
		if (top->mode == MODE_FILTER)
			put(y, x, A_REVERSE, " ");
	}
}

static void draw_cell(const struct top *top, int y, int x, int width, bool left,
		      bool selected, const struct cell *cell)
{
	char text[CELL_MAX];
	text_fit(text, cell->text, width);
	size_t len = strlen(text);
	attr_t attributes = tone_attribute(top, cell->tone);
	if (selected)
		attributes = (attributes & ~A_DIM) | A_REVERSE;
	put(y, left ? x : x + width - (int)len, attributes, text);
}

static void draw_heads(const struct top *top, int y)
{
	int x = 0;
	fill_line(y, A_UNDERLINE);
	for (size_t i = 0; i < top->layout.count; i++) {
		const struct column *column =
			&top->view->columns[top->layout.column[i]];
		struct cell cell = { .tone = TONE_STRONG };
		bool sorted = top->sort != NULL && column == top->sort;
		snprintf(cell.text, sizeof(cell.text), "%s", column->head);
		int width = top->layout.width[i];
		put(y, column->left ? x : x + width - (int)strlen(cell.text),
		    A_BOLD | A_UNDERLINE | (sorted ? A_REVERSE : 0), cell.text);
		x += width + LAYOUT_GAP;
	}
}

static void draw_row(const struct top *top, int y, size_t row)
{
	const json_t *record = json_array_get(top->rows, row);
	bool selected = row == top->selected;
	int x = 0;
	if (selected)
		fill_line(y, A_REVERSE);
	for (size_t i = 0; i < top->layout.count; i++) {
		const struct column *column =
			&top->view->columns[top->layout.column[i]];
		struct cell cell = { .tone = TONE_NORMAL };
		column->show(record, &top->limits, &cell);
		draw_cell(top, y, x, top->layout.width[i], column->left, selected,
			  &cell);
		x += top->layout.width[i] + LAYOUT_GAP;
	}
}

static void keep_selected_in_sight(struct top *top)
{
	size_t shown = top->rows_shown > 0 ? (size_t)top->rows_shown : 1;
	size_t count = json_array_size(top->rows);
	if (top->selected < top->first)
		top->first = top->selected;
	if (top->selected >= top->first + shown)
		top->first = top->selected - shown + 1;
	if (top->first + shown > count)
		top->first = count > shown ? count - shown : 0;
}

static void draw_list(struct top *top)
{
	layout_fit(&top->layout, top->view, top->rows, &top->limits, COLS);
	draw_heads(top, top->head_line);
	keep_selected_in_sight(top);
	size_t count = json_array_size(top->rows);
	for (int i = 0; i < top->rows_shown && top->first + (size_t)i < count; i++)
		draw_row(top, top->rows_line + i, top->first + (size_t)i);
	if (count == 0)
		put(top->rows_line, 0, A_DIM,
		    top->filter[0] != '\0'
			    ? "Nothing matches the filter; Esc clears it."
			    : top->view->nothing);
}

static void draw_help(const struct top *top, int y)
{
	static const char *const keys[] = {
		"Up Down PgUp PgDn Home End, wheel  choose a row",
		"Enter      everything about the row",
		"< > or Left Right, click a heading  sort by another column",
		"r          turn the order round      b  back to the usual order",
		"/          filter: any text you see  Esc  clear it",
		"f or Tab   ports or connections",
		"p, Space   pause and go on",
		"h, ?       this help                 q  quit",
		"",
		"A value over its limit has a \"!\". The columns:",
	};
	size_t lines = sizeof(keys) / sizeof(keys[0]);
	for (size_t i = 0; i < lines; i++)
		put(y + (int)i, 0, A_NORMAL, keys[i]);
	y += (int)lines;
	/* Two columns of explanations, so that they fit on 24 lines. */
	size_t half = (top->view->count + 1) / 2;
	for (size_t i = 0; i < top->view->count; i++) {
		int line = y + (int)(i % half);
		int x = i < half ? 0 : COLS / 2;
		char text[128];
		put(line, x, A_BOLD, top->view->columns[i].head);
		int room = COLS / 2 - 11;
		snprintf(text, sizeof(text), "%.*s", room > 0 ? room : 0,
			 top->view->columns[i].doc);
		put(line, x + 10, A_NORMAL, text);
	}
}

static void draw_field(int y, const char *name, const json_t *value)
{
	char text[256];
	put(y, 2, A_DIM, name);
	bool is_port = strstr(name, "port") != NULL; /* a name, not a quantity */
	if (json_is_string(value))
		text_clean(text, sizeof(text), json_string_value(value));
	else if (json_is_real(value))
		snprintf(text, sizeof(text), "%.6g", json_real_value(value));
	else if (is_port)
		snprintf(text, sizeof(text), "%.0f", json_number_value(value));
	else
		text_count(text, sizeof(text), json_number_value(value));
	put(y, 28, A_NORMAL, text);
}

static void draw_details(struct top *top, int y)
{
	json_t *row = json_array_get(top->rows, top->selected);
	const char *name;
	json_t *value;
	size_t i = 0, count = json_object_size(row);
	int room = LINES - 1 - y;
	if (room > 0 && top->details_first + (size_t)room > count)
		top->details_first = count > (size_t)room ? count - (size_t)room : 0;
	json_object_foreach(row, name, value)
	{
		if (i >= top->details_first && (int)(i - top->details_first) < room)
			draw_field(y + (int)(i - top->details_first), name, value);
		i++;
	}
}

static void draw_foot(const struct top *top, int y)
{
	const char *text = top->view == &view_ports
				   ? "h help  / filter  < > sort  r reverse  f flows  "
				     "p pause  Enter details  q quit"
				   : "h help  / filter  < > sort  r reverse  f ports  "
				     "p pause  Enter details  q quit";
	if (top->mode == MODE_FILTER)
		text = "Type to filter; Enter keeps it, Esc clears it";
	else if (top->mode == MODE_HELP)
		text = "Any key goes back";
	else if (top->mode == MODE_DETAILS)
		text = "Up Down scroll  any other key goes back";
	fill_line(y, A_REVERSE);
	put(y, 0, A_REVERSE, text);
}

void top_draw(struct top *top)
{
	/* On a very low screen rows matter more than the head. */
	bool low = LINES < 8;
	int y = 0;
	erase();
	draw_health(top, y++);
	if (!low)
		draw_rates(top, y++);
	if (!low || top->mode == MODE_FILTER)
		draw_list_line(top, y++);
	top->head_line = y;
	top->rows_line = y + 1;
	top->rows_shown = LINES - 1 - top->rows_line;
	if (top->mode == MODE_HELP)
		draw_help(top, y);
	else if (top->mode == MODE_DETAILS)
		draw_details(top, y);
	else
		draw_list(top);
	draw_foot(top, LINES - 1);
	refresh();
}
