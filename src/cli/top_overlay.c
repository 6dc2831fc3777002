/*
 * top_overlay.c: what stands in place of the list: a page, or the choice of an order.
 */
#include <string.h>

#include "cli/top_screen.h"

enum { LINE_SIZE = 1024, INDENT = 2 };

/* ---- pages ---- */

/* From a mark until two blanks, as columns are apart. */
static size_t marked_length(const char *text)
{
	const char *end = strstr(text, "  ");
	return end == NULL ? strlen(text) : (size_t)(end - text);
}

static const char *next_mark(const char *line, const char *from)
{
	for (; *from != '\0'; from++)
		if (*from == '!' && (from == line || from[-1] == ' '))
			return from;
	return NULL;
}

static void draw_line(const struct top *top, int y, const char *line)
{
	char part[LINE_SIZE];
	const char *at = line;
	int x = 0;
	for (const char *mark; (mark = next_mark(line, at)) != NULL;) {
		size_t len = marked_length(mark);
		snprintf(part, sizeof(part), "%.*s", (int)(mark - at), at);
		x = screen_put(y, x, A_NORMAL, part);
		snprintf(part, sizeof(part), "%.*s", (int)len, mark);
		x = screen_put(y, x, screen_attribute(top, TONE_OVER), part);
		at = mark + len;
	}
	screen_put(y, x, A_NORMAL, at);
}

/* What stands in one line of the screen. */
struct piece {
	const char *text;
	size_t len;
	bool is_heading; /* it began with a form feed, which no command prints */
	bool continues;  /* the line before */
};

size_t screen_fit(const char *text, size_t len, size_t room)
{
	if (len <= room)
		return len;
	for (size_t i = room; i > room / 2; i--)
		if (text[i] == ' ')
			return i;
	return room;
}

/* The next piece, after the one that is in *piece; false at the end. */
static bool next_piece(const char **at, struct piece *piece)
{
	if (**at == '\0')
		return false;
	size_t len = strcspn(*at, "\n");
	piece->is_heading = !piece->continues && **at == '\f';
	*at += piece->is_heading;
	len -= piece->is_heading;
	size_t room = (size_t)COLS > 2 * INDENT ? (size_t)COLS : 2 * INDENT;
	piece->text = *at;
	piece->len = screen_fit(*at, len, room - (piece->continues ? INDENT : 0));
	*at += piece->len;
	return true;
}

/* Behind it: the rest of a line, or the next. */
static void pass(const char **at, struct piece *piece)
{
	piece->continues = **at != '\0' && **at != '\n';
	*at += piece->continues ? strspn(*at, " ") : (size_t)(**at == '\n');
}

static void draw_piece(const struct top *top, int y, const struct piece *piece)
{
	char raw[LINE_SIZE], clean[LINE_SIZE];
	snprintf(raw, sizeof(raw), "%*s%.*s", piece->continues ? INDENT : 0, "",
		 (int)piece->len, piece->text);
	text_clean(clean, sizeof(clean), raw);
	if (piece->is_heading)
		screen_put(y, 0, A_BOLD | A_UNDERLINE, clean);
	else
		draw_line(top, y, clean);
}

/* Draws from there on; returns how many lines of the screen all of it is. */
static size_t draw_text(const struct top *top, const char *text, int y, size_t room)
{
	struct piece piece = { .continues = false };
	size_t lines = 0, first = top->page.first;
	while (next_piece(&text, &piece)) {
		if (lines >= first && lines - first < room)
			draw_piece(top, y + (int)(lines - first), &piece);
		lines++;
		pass(&text, &piece);
	}
	return lines;
}

void overlay_draw_page(struct top *top, int y)
{
	struct page *page = &top->page;
	const char *text = buf_cstr(&page->text);
	size_t room = LINES - 1 > y + 1 ? (size_t)(LINES - 1 - y - 1) : 0;
	text = text == NULL ? "! There is not enough memory for it" : text;
	size_t lines = draw_text(top, text, y + 1, 0);
	size_t most = lines > room ? lines - room : 0;
	if (page->first > most)
		page->first = most;
	draw_text(top, text, y + 1, room);
	screen_fill(y, A_UNDERLINE);
	screen_put(y, 0, A_BOLD | A_UNDERLINE, page->title);
	if (page->child > 0 && lines < room)
		screen_put(y + 1 + (int)lines, 0, A_DIM, "asking ...");
}

/* ---- order ---- */

void overlay_draw_sort(struct top *top, int y)
{
	const struct view *view = top_view(top)->view;
	int room = LINES - 1 - y - 1;
	size_t first = 0;
	screen_fill(y, A_UNDERLINE);
	screen_put(y, 0, A_BOLD | A_UNDERLINE, "Sort by");
	if (room > 0 && top->sort_row >= (size_t)room)
		first = top->sort_row - (size_t)room + 1;
	for (int i = 0; i < room && first + (size_t)i <= view->count; i++) {
		char text[LINE_SIZE];
		size_t row = first + (size_t)i;
		attr_t attributes = row == top->sort_row ? A_REVERSE : A_NORMAL;
		if (row == 0)
			snprintf(text, sizeof(text), "%-14s %s", "as usual",
				 view->order);
		else
			snprintf(text, sizeof(text), "%-14s %s",
				 view->columns[row - 1].head,
				 view->columns[row - 1].doc);
		screen_fill(y + 1 + i, attributes);
		screen_put(y + 1 + i, 0, attributes, text);
	}
}
