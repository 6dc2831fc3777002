/*
 * table.c: print views; see table.h.
 */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_MIN = 20 };

static int shown_width; /* 0: standard output goes where it seems to */

void look_set_width(int width)
{
	shown_width = width < WIDTH_MIN ? WIDTH_MIN : width;
}

static int terminal_width(void)
{
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
	return 80;
}

struct look look_of(const struct common_options *common)
{
	bool screen = !common->plain && isatty(STDOUT_FILENO);
	return (struct look){
		.color = color_wanted(common, STDOUT_FILENO),
		.width = screen ? terminal_width() : shown_width,
	};
}

/* Orange against blue: told apart by every kind of colour blindness. */
static const char *tone_code(enum tone tone)
{
	switch (tone) {
	case TONE_QUIET:
		return "\033[2m";
	case TONE_STRONG:
		return "\033[1m";
	case TONE_OVER:
		return "\033[1;38;5;208m";
	case TONE_GOOD:
		return "\033[1;38;5;39m";
	case TONE_NORMAL:
		break;
	}
	return "";
}

void tone_print(const struct look *look, enum tone tone, const char *text)
{
	if (!look->color || tone == TONE_NORMAL) {
		fputs(text, stdout);
		return;
	}
	printf("%s%s\033[0m", tone_code(tone), text);
}

/* No blanks behind the last cell: lines can be copied and compared. */
static void print_cell(const struct look *look, const struct layout *layout, size_t i,
		       const struct column *column, const struct cell *cell)
{
	int width = layout->width[i];
	char text[CELL_MAX];
	text_fit(text, cell->text, width);
	int pad = width - (int)strlen(text);
	if (i > 0)
		printf("%*s", LAYOUT_GAP, "");
	if (!column->left)
		printf("%*s", pad, "");
	tone_print(look, cell->tone, text);
	if (column->left && i + 1 < layout->count)
		printf("%*s", pad, "");
}

static void print_head(const struct view *view, const struct look *look,
		       const struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct column *column = view_column_at(view, layout->column[i]);
		struct cell cell = { .tone = TONE_STRONG };
		snprintf(cell.text, sizeof(cell.text), "%s", column->head);
		print_cell(look, layout, i, column, &cell);
	}
	putchar('\n');
}

void table_print(const struct view *view, const json_t *rows,
		 const struct limits *limits, const struct look *look)
{
	struct layout layout = { 0 };
	size_t r;
	json_t *row;
	layout_fit(&layout, view, rows, limits, look->width);
	print_head(view, look, &layout);
	json_array_foreach(rows, r, row)
	{
		for (size_t i = 0; i < layout.count; i++) {
			const struct column *column =
				view_column_at(view, layout.column[i]);
			struct cell cell = { .tone = TONE_NORMAL };
			column->show(row, limits, &cell);
			print_cell(look, &layout, i, column, &cell);
		}
		putchar('\n');
	}
}
