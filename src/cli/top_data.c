/*
 * top_data.c: what the full screen shows: fetched, filtered, sorted.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/top.h"

static int ask(struct top *top, const char *path, bool lines, json_t **out)
{
	struct buf body = { 0 };
	struct client_told told;
	int status = client_get(top->client, path, &body, NULL, &told, top->problem);
	if (status == STATUS_OK) {
		if (lines)
			top->total = told.total;
		json_t *answer = lines ? lines_parse(&body) : object_parse(&body);
		if (answer != NULL) {
			json_decref(*out);
			*out = answer;
		} else {
			status = STATUS_UNREACHABLE;
			snprintf(top->problem, sizeof(top->problem),
				 "the daemon's answer to %s can't be read", path);
		}
	}
	buf_free(&body);
	return status;
}

/* The daemon chooses the rows when there are more than TOP_ROWS, so it must know the
 * order. */
static void records_path(const struct top *top, struct buf *path)
{
	char limit[16], sort[64];
	bool up = top->sort != NULL && top->sort->ascending != top->reversed;
	snprintf(limit, sizeof(limit), "%d", TOP_ROWS);
	snprintf(sort, sizeof(sort), "%s:%s",
		 top->sort == NULL ? top->view->sort : top->sort->sort,
		 up || (top->sort == NULL && top->reversed) ? "asc" : "desc");
	buf_text(path, top->view->path);
	client_parameter(path, "limit", limit);
	client_parameter(path, "sort", sort);
}

int top_refresh(struct top *top)
{
	struct buf path = { 0 };
	records_path(top, &path);
	int status = ask(top, "/api/v1/status", false, &top->status);
	if (status == STATUS_OK)
		status = ask(top, "/health", false, &top->health);
	if (status == STATUS_OK)
		status = ask(top, buf_cstr(&path), true, &top->records);
	buf_free(&path);
	if (status != STATUS_OK)
		return status;
	top->problem[0] = '\0';
	top->limits = limits_of(top->status);
	top_arrange(top);
	return STATUS_OK;
}

void top_forget(struct top *top)
{
	json_decref(top->status);
	json_decref(top->health);
	json_decref(top->records);
	json_decref(top->rows);
	top->status = top->health = top->records = top->rows = NULL;
}

/* What tells a row from all others, also after a refresh. */
static void row_key(const json_t *row, char out[static ROW_KEY_MAX])
{
	static const char *const texts[] = { "start", "transport", "client_ip",
					     "server_ip" };
	static const char *const numbers[] = { "port", "client_port", "server_port" };
	bool flow = json_object_get(row, "client_port") != NULL;
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = flow ? 0 : 1; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = member_text(row, texts[i]);
		if (len < ROW_KEY_MAX)
			len += (size_t)snprintf(out + len, ROW_KEY_MAX - len, "%.60s ",
						text == NULL ? "" : text);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (len < ROW_KEY_MAX)
			len += (size_t)snprintf(out + len, ROW_KEY_MAX - len, "%.0f ",
						member_number(row, numbers[i]));
}

/* A substring of any cell, whatever its case: what is seen can be found. */
static bool matches(const struct top *top, const json_t *row)
{
	if (top->filter[0] == '\0')
		return true;
	for (size_t i = 0; i < top->view->count; i++) {
		struct cell cell = { .tone = TONE_NORMAL };
		top->view->columns[i].show(row, &top->limits, &cell);
		if (strcasestr(cell.text, top->filter) != NULL)
			return true;
	}
	return false;
}

static double bytes_of(const json_t *row)
{
	return member_number(row, "client_bytes") + member_number(row, "server_bytes");
}

static int compare_numbers(double x, double y)
{
	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return x < y ? 1 : x > y ? -1 : 0;
}

/* By the view's own order: bytes, or the time of the end (RFC 3339 sorts as text). */
static int compare_by_default(const struct top *top, const json_t *a, const json_t *b)
{
	if (strcmp(top->view->sort, "bytes") == 0)
		return compare_numbers(bytes_of(a), bytes_of(b));
	const char *x = member_text(a, top->view->sort);
	const char *y = member_text(b, top->view->sort);
	return x == NULL || y == NULL ? 0 : strcmp(y, x);
}

/* Natural order of a column: unknown values last, whatever the direction. */
static int compare_by_column(const struct top *top, const json_t *a, const json_t *b)
{
	const char *x = member_text(a, top->sort->sort);
	const char *y = member_text(b, top->sort->sort);
	double m = member_number(a, top->sort->sort);
	double n = member_number(b, top->sort->sort);
	int order = x != NULL && y != NULL ? strcmp(y, x) : compare_numbers(m, n);
	bool unknown = (x == NULL && isnan(m)) || (y == NULL && isnan(n));
	if (unknown)
		return (x == NULL && isnan(m)) - (y == NULL && isnan(n));
	return top->sort->ascending != top->reversed ? -order : order;
}

static int compare(const void *a, const void *b, void *of)
{
	const struct top *top = of;
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	char one[ROW_KEY_MAX], other[ROW_KEY_MAX];
	int order;
	if (top->sort != NULL)
		order = compare_by_column(top, x, y);
	else
		order = compare_by_default(top, x, y) * (top->reversed ? -1 : 1);
	if (order != 0)
		return order;
	/* Equal rows must not swap places each second. */
	row_key(x, one);
	row_key(y, other);
	return strcmp(one, other);
}

static json_t *sorted(struct top *top)
{
	size_t count = 0, i, all = json_array_size(top->records);
	/* NOLINTBEGIN(bugprone-sizeof-expression): it is the pointers we sort */
	json_t **rows = calloc(all + 1, sizeof(*rows));
	json_t *row, *out = json_array();
	if (rows != NULL) {
		json_array_foreach(top->records, i, row) if (matches(top, row))
			rows[count++] = row;
		qsort_r(rows, count, sizeof(*rows), compare, top);
		/* NOLINTEND(bugprone-sizeof-expression) */
		for (i = 0; i < count; i++)
			json_array_append(out, rows[i]);
	}
	free(rows);
	return out;
}

void top_select(struct top *top, long row)
{
	size_t count = json_array_size(top->rows);
	if (count == 0) {
		top->selected = 0;
		top->selected_key[0] = '\0';
		return;
	}
	top->selected = row < 0 ? 0 : (size_t)row >= count ? count - 1 : (size_t)row;
	row_key(json_array_get(top->rows, top->selected), top->selected_key);
}

void top_arrange(struct top *top)
{
	char key[ROW_KEY_MAX];
	size_t i;
	json_t *row;
	json_t *rows = sorted(top);
	json_decref(top->rows);
	top->rows = rows;
	if (top->selected_key[0] == '\0') {
		top_select(top, 0);
		return;
	}
	json_array_foreach(top->rows, i, row)
	{
		row_key(row, key);
		if (strcmp(key, top->selected_key) == 0) {
			top->selected = i;
			return;
		}
	}
	top_select(top, (long)top->selected);
}
