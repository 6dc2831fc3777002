/*
 * dashboards.c: breakwater dashboards: which there are, what is in one, is a file
 * right, and putting one in force or away.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/view.h"
#include "web/dashboard.h"

static const char all_path[] = "/api/v1/dashboards";
static const char examples[] =
	"  breakwater dashboards                        which there are\n"
	"  breakwater dashboards show web > web.yaml    one as a file\n"
	"  breakwater dashboards check web.yaml         is it right? needs no daemon\n"
	"  breakwater dashboards import web.yaml        keep it, under the file's "
	"name\n"
	"  breakwater dashboards remove web\n";

enum { LINE_MAX_LEN = 4096 };

struct asked {
	struct common_options common;
	const char *name; /* --name */
};

static int complain(const char *why, int status)
{
	fprintf(stderr, "breakwater dashboards: %s\n", why);
	return status;
}

static int write_out(const struct buf *text)
{
	if (text->len > 0 && (fwrite(text->at, 1, text->len, stdout) != text->len ||
			      fflush(stdout) != 0))
		return complain(strerror(errno), STATUS_INCOMPLETE);
	return STATUS_OK;
}

/* What the daemon says of what was wrong has a line for each mistake. */
static int complain_lines(const char *why, int status)
{
	for (const char *line = why; *line != '\0';) {
		char clean[LINE_MAX_LEN];
		size_t len = strcspn(line, "\n");
		struct buf one = { 0 };
		buf_add(&one, line, len);
		text_clean(clean, sizeof(clean),
			   buf_cstr(&one) != NULL ? one.at : "out of memory");
		fprintf(stderr, "%s\n", clean);
		buf_free(&one);
		line += len + (line[len] != '\0');
	}
	return status;
}

/* ---- from the daemon ---- */

static int get(const struct asked *a, const char *path, struct buf *body)
{
	char error[CLIENT_ERROR_MAX] = "out of memory";
	struct client *client = client_open(&a->common);
	int status = client == NULL ? STATUS_INCOMPLETE
				    : client_get(client, path, body, NULL, NULL, error);
	client_close(client);
	return status == STATUS_OK ? status : complain(error, status);
}

static void print_row(const json_t *row)
{
	char name[DASHBOARD_NAME_MAX], title[DASHBOARD_TITLE_MAX], error[512];
	const char *text = member_text(row, "error");
	text_clean(name, sizeof(name), member_text(row, "name"));
	text_clean(title, sizeof(title), member_text(row, "title"));
	text_clean(error, sizeof(error), text != NULL ? text : "");
	printf("%-24s %2.0f panels  %s%s%s%s\n", name, member_number(row, "panels"),
	       title,
	       json_is_true(json_object_get(row, "read_only")) ? " (only read)" : "",
	       error[0] != '\0' ? "; can't be used: " : "", error);
}

static int list(const struct asked *a)
{
	struct buf body = { 0 };
	int status = get(a, all_path, &body);
	if (status == STATUS_OK && a->common.json) {
		status = write_out(&body);
	} else if (status == STATUS_OK) {
		json_t *rows = json_loadb(body.at, body.len, 0, NULL), *row;
		size_t i;
		json_array_foreach(rows, i, row)
		{
			print_row(row);
		}
		if (json_array_size(rows) == 0)
			puts("There is no dashboard. `breakwater dashboards import "
			     "FILE` keeps one.");
		json_decref(rows);
	}
	buf_free(&body);
	return status;
}

static int path_to(const char *name, const char *behind, struct buf *path)
{
	if (!dashboard_is_name(name))
		return complain("not the name of a dashboard; allowed "
				"is " DASHBOARD_NAME_ALLOWED,
				STATUS_USAGE);
	buf_printf(path, "%s/%s%s", all_path, name, behind);
	return buf_cstr(path) != NULL ? STATUS_OK
				      : complain("out of memory", STATUS_INCOMPLETE);
}

static int show(const struct asked *a, const char *name)
{
	struct buf path = { 0 }, body = { 0 };
	int status = path_to(name, a->common.json ? "" : "?format=yaml", &path);
	if (status == STATUS_OK)
		status = get(a, path.at, &body);
	if (status == STATUS_OK)
		status = write_out(&body);
	buf_free(&path);
	buf_free(&body);
	return status;
}

static int post(const struct asked *a, const char *path, const struct buf *body)
{
	char error[CLIENT_ERROR_MAX] = "out of memory", clean[CLIENT_ERROR_MAX];
	struct buf answer = { 0 };
	struct client *client = client_open(&a->common);
	int status = client == NULL ? STATUS_INCOMPLETE
				    : client_post(client, path, body, &answer, error);
	client_close(client);
	json_t *object = status == STATUS_OK ? object_parse(&answer) : NULL;
	const char *message = member_text(object, "message");
	text_clean(clean, sizeof(clean), message != NULL ? message : "");
	if (status != STATUS_OK)
		complain(error, status);
	else if (a->common.json)
		status = write_out(&answer);
	else
		puts(clean);
	json_decref(object);
	buf_free(&answer);
	return status;
}

static int drop(const struct asked *a, const char *name)
{
	struct buf path = { 0 }, none = { 0 };
	int status = path_to(name, "/delete", &path);
	if (status == STATUS_OK)
		status = post(a, path.at, &none);
	buf_free(&path);
	return status;
}

/* ---- files ---- */

/* A file that is right, or an exit status and all said. */
static int read_right(const char *file, struct buf *text, size_t *panels)
{
	struct buf errors = { 0 };
	int error = file_read(file, DASHBOARD_BYTES_MAX, text);
	struct dashboard *dashboard = NULL;
	if (error != 0)
		buf_printf(&errors, "%s: %s", file,
			   error == -EFBIG ? "longer than a dashboard may be; allowed "
					     "are 256 KiB"
					   : strerror(-error));
	else
		dashboard = dashboard_parse(text->at == NULL ? "" : text->at, text->len,
					    file, &errors);
	int status = STATUS_OK;
	if (dashboard == NULL)
		status = complain_lines(
			buf_cstr(&errors) != NULL ? errors.at : "out of memory",
			error == -EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE);
	else
		*panels = dashboard->count;
	dashboard_free(dashboard);
	buf_free(&errors);
	return status;
}

static int check(const struct asked *a, const char *file)
{
	struct buf text = { 0 };
	size_t panels = 0;
	int status = read_right(file, &text, &panels);
	if (status == STATUS_OK && a->common.json)
		printf("{\"ok\":true,\"panels\":%zu}\n", panels);
	else if (status == STATUS_OK)
		printf("%s: ok, %zu panels\n", file, panels);
	buf_free(&text);
	return status;
}

/* "boards/web-server.yaml" is called web-server, unless --name says otherwise. */
static int import(const struct asked *a, const char *file)
{
	char stem[DASHBOARD_NAME_MAX];
	const char *slash = strrchr(file, '/');
	const char *begin = slash != NULL ? slash + 1 : file;
	struct buf text = { 0 }, path = { 0 };
	size_t panels = 0;
	int len = (int)strcspn(begin, ".");
	if (snprintf(stem, sizeof(stem), "%.*s", len, begin) >= (int)sizeof(stem))
		stem[0] = '\0';
	int status = path_to(a->name != NULL ? a->name : stem, "", &path);
	if (status == STATUS_OK)
		status = read_right(file, &text, &panels);
	if (status == STATUS_OK)
		status = post(a, path.at, &text);
	buf_free(&text);
	buf_free(&path);
	return status;
}

/* ---- the command ---- */

static const struct {
	const char *word;
	int (*run)(const struct asked *a, const char *operand);
} words[] = {
	{ "show", show },
	{ "check", check },
	{ "import", import },
	{ "remove", drop },
};

int command_dashboards(int argc, char **argv)
{
	struct asked a = { 0 };
	int first, status;
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "name", "NAME",
		  "of import: another name than the file's", &a.name, 0, 0 },
	};
	const struct command_help help = {
		.name = "dashboards",
		.operands = "[list|show NAME|check FILE|import FILE|remove NAME]",
		.doc = "Dashboards: pages of panels over records, in YAML files that "
		       "can be shared; docs/dashboards.md.",
		.examples = examples,
		OPTION_SPECS(specs),
	};
	if (!options_parse(&help, argc, argv, &a.common, &first, &status))
		return status;
	int left = argc - first;
	if (left == 0 || (left == 1 && strcmp(argv[first], "list") == 0))
		return list(&a);
	for (size_t i = 0; left == 2 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[first], words[i].word) == 0)
			return words[i].run(&a, argv[first + 1]);
	return complain("allowed is: list, show NAME, check FILE, import FILE or "
			"remove NAME",
			STATUS_USAGE);
}
