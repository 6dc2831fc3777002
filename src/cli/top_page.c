/*
 * top_page.c: a text in place of the list: help, details of a row, what a change said.
 *
 * Details are what the program's own commands say.  They run in a child, one after the
 * other, so that the screen goes on while the daemon reads its store.
 */
#include <errno.h>
#include <fcntl.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/top.h"
#include "record/record.h"

enum {
	READ_SIZE = 8192,
	TEXT_MAX = 4 * 1024 * 1024,
	WIDE = 100,
	NAME_WIDTH = 24,
	VALUE_WIDTH = 28,
};

void page_open(struct page *page, const char *title, json_t *row)
{
	page_close(page);
	text_clean(page->title, sizeof(page->title), title);
	page->row = json_incref(row);
	page->fd = -1;
}

/* Whatever it still does: nobody looks at it. */
void page_close(struct page *page)
{
	if (page->child > 0) {
		kill(page->child, SIGTERM);
		waitpid(page->child, NULL, 0);
		close(page->fd);
	}
	json_decref(page->row);
	buf_free(&page->text);
	*page = (struct page){ .fd = -1 };
}

/* ---- help ---- */

static void add_columns(struct buf *text, const struct view *view)
{
	for (size_t i = 0; i < view->count; i++)
		buf_printf(text, "  %-12s %s\n", view->columns[i].head,
			   view->columns[i].doc);
}

static void add_views(struct buf *text)
{
	for (size_t i = 0; i < TOP_VIEWS; i++)
		buf_printf(text, "  %zu  %-10s %s\n", i + 1, top_views[i]->tab,
			   top_views[i]->doc);
}

static void add_actions(struct buf *text, const struct top_view *view)
{
	for (size_t i = 0; i < ACTIONS_MAX && view->actions[i].what != NULL; i++)
		buf_printf(text,
			   "  %c               %s what is selected, or all that is "
			   "tagged; "
			   "asks first\n",
			   view->actions[i].key, view->actions[i].what);
}

static const char keys[] =
	"  Up Down PgUp PgDn Home End, wheel, j k   choose a row\n"
	"  Enter           everything about the row; there a view's key shows the\n"
	"                  same in that view\n"
	"  1-9, Tab, Shift-Tab, click   another view\n"
	"  < >, Left Right, click a heading   sort by another column; F6 or o: choose\n"
	"  r, I            turn the order round\n"
	"  /, F3           search a text, n the next\n"
	"  \\, F4           filter: text that is seen, and words as in port=443\n"
	"  Esc             clear the filter, then the tags\n"
	"  Space           tag a row, U none any more\n"
	"  p               pause and go on\n"
	"  h, ?, F1        this help            q, F10  quit\n";

/* Its daemon is a hub. */
static bool is_of_fleet(const struct top *top)
{
	return member_text(json_array_get(top->rows, 0), "sensor") != NULL;
}

void page_help(struct top *top)
{
	const struct top_view *view = top_view(top);
	page_open(&top->page, "Help", NULL);
	struct buf *text = &top->page.text;
	buf_printf(text, "\fThis view: %s\n  %s\n", view->tab, view->doc);
	if (strlen(view->words) > 1)
		buf_printf(text, "  Words of its filter:%s%s\n", view->words,
			   is_of_fleet(top) ? "sensor site tag" : "");
	add_actions(text, view);
	buf_printf(text, "\fKeys\n%s\fViews\n", keys);
	add_views(text);
	buf_text(text, "\fColumns of this view\n  A value over its limit has a "
		       "\"!\".\n");
	add_columns(text, view->view);
	top->mode = MODE_PAGE;
}

/* ---- details ---- */

/* Beside a value what it means, if there is room. */
static void add_value(struct buf *text, const char *name, const char *value,
		      const char *doc)
{
	bool has_room = COLS >= WIDE && doc != NULL;
	buf_printf(text, "  %-*s %-*s", NAME_WIDTH, name, has_room ? VALUE_WIDTH : 0,
		   value);
	if (has_room)
		buf_printf(text, " %.*s", COLS - NAME_WIDTH - VALUE_WIDTH - 4, doc);
	buf_char(text, '\n');
}

static const char *doc_of(const json_t *row, const char *name)
{
	const char *record = member_text(row, "record");
	const struct schema *schema = record == NULL ? NULL : schema_by_name(record);
	for (size_t i = 0; schema != NULL && i < schema->field_count; i++)
		if (strcmp(schema->fields[i].name, name) == 0)
			return schema->fields[i].doc;
	return NULL;
}

static void add_field(struct buf *text, const json_t *row, const char *name,
		      const json_t *value)
{
	char clean[320];
	bool is_port = strstr(name, "port") != NULL; /* a name, not a quantity */
	if (json_is_string(value))
		text_clean(clean, sizeof(clean), json_string_value(value));
	else if (json_is_boolean(value))
		snprintf(clean, sizeof(clean), json_is_true(value) ? "yes" : "no");
	else if (json_is_real(value))
		snprintf(clean, sizeof(clean), "%.6g", json_real_value(value));
	else if (is_port)
		snprintf(clean, sizeof(clean), "%.0f", json_number_value(value));
	else
		text_count(clean, sizeof(clean), json_number_value(value));
	add_value(text, name, clean, doc_of(row, name));
}

/* Of a record all fields; of what the daemon added up all columns. */
static void add_fields(struct top *top, const json_t *row)
{
	const char *name;
	json_t *value;
	const struct view *view = top_view(top)->view;
	bool is_record = member_text(row, "record") != NULL;
	json_object_foreach((json_t *)row, name, value)
	{
		if (is_record && !json_is_array(value) && !json_is_object(value))
			add_field(&top->page.text, row, name, value);
	}
	for (size_t i = 0; i < view->count && !is_record; i++) {
		struct cell cell = { .tone = TONE_NORMAL };
		view->columns[i].show(row, &top->limits, &cell);
		add_value(&top->page.text, view->columns[i].head, cell.text,
			  view->columns[i].doc);
	}
}

void page_details(struct top *top)
{
	char key[ROW_KEY_MAX], title[ROW_KEY_MAX + 32];
	const struct top_view *view = top_view(top);
	struct steps steps = { .count = 0 };
	json_t *row = top->mode == MODE_PAGE ? top->page.row : top_selected(top);
	if (row == NULL)
		return;
	json_incref(row);
	top_row_key(top, row, key);
	snprintf(title, sizeof(title), "%s: %s", view->tab, key);
	page_open(&top->page, title, row);
	if (view->tells_fields)
		add_fields(top, row);
	if (view->tell != NULL)
		view->tell(row, &steps);
	page_run(&top->page, &steps, top->socket);
	steps_free(&steps);
	json_decref(row);
	top->mode = MODE_PAGE;
}

/* ---- commands ---- */

void page_run(struct page *page, const struct steps *steps, const char *socket)
{
	int ends[2];
	if (steps->count == 0)
		return;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		buf_printf(&page->text, "! %s\n", strerror(errno));
		return;
	}
	pid_t child = steps_start(steps, socket, ends[1], COLS);
	close(ends[1]);
	if (child < 0) {
		buf_printf(&page->text, "! %s\n", strerror(errno));
		close(ends[0]);
		return;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	page->child = child;
	page->fd = ends[0];
}

bool page_read(struct page *page)
{
	char part[READ_SIZE];
	ssize_t len;
	if (page->child <= 0)
		return false;
	while ((len = read(page->fd, part, sizeof(part))) > 0)
		if (page->text.len + (size_t)len < TEXT_MAX)
			buf_add(&page->text, part, (size_t)len);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	close(page->fd);
	waitpid(page->child, NULL, 0);
	page->fd = -1;
	page->child = 0;
	return true;
}
