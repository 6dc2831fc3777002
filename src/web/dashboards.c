/*
 * dashboards.c: dashboards over HTTP: the list of them, one as JSON or as its file, and
 * changes.
 *
 * /api/v1/dashboards, /api/v1/dashboards/NAME, and /api/v1/dashboards/NAME/delete.
 */
#include <errno.h>
#include <string.h>

#include "web/answer.h"
#include "web/dashboard.h"
#include "web/inside.h"

static const char all_path[] = "/api/v1/dashboards";
static const char delete_word[] = "/delete";

/* What a path says; name "": all of them. */
struct asked {
	char name[DASHBOARD_NAME_MAX];
	bool deletes;
};

/* Of a path of ours.  False: what it names can't be a dashboard. */
static bool read_path(const char *path, struct asked *asked)
{
	const char *name = path + sizeof(all_path) - 1;
	*asked = (struct asked){ 0 };
	if (*name == '\0')
		return true;
	size_t len = strcspn(++name, "/");
	asked->deletes = strcmp(name + len, delete_word) == 0;
	if (len >= sizeof(asked->name) || (name[len] != '\0' && !asked->deletes))
		return false;
	memcpy(asked->name, name, len);
	asked->name[len] = '\0';
	return dashboard_is_name(asked->name);
}

bool dashboards_are_at(const char *path)
{
	size_t begin = sizeof(all_path) - 1;
	return strncmp(path, all_path, begin) == 0 &&
	       (path[begin] == '\0' || path[begin] == '/');
}

bool dashboards_take_changes(const char *path)
{
	return dashboards_are_at(path) && path[sizeof(all_path) - 1] == '/';
}

bool dashboard_is_removed_at(const char *path)
{
	struct asked asked;
	return dashboards_are_at(path) && read_path(path, &asked) && asked.deletes;
}

/* ---- changes ---- */

struct changing {
	const struct web_source *source;
	const char *name;
};

static int put(void *self, const char *text, size_t len, const char *actor,
	       struct buf *message)
{
	const struct changing *c = self;
	return c->source->dashboard_put(c->source->self, c->name, text, len, actor,
					message);
}

static int delete (void *self, const char *text, size_t len, const char *actor,
		   struct buf *message)
{
	const struct changing *c = self;
	(void)text;
	(void)len;
	return c->source->dashboard_remove(c->source->self, c->name, actor, message);
}

static enum MHD_Result take(const struct request *request, const struct asked *asked)
{
	struct changing changing = { request->web->source, asked->name };
	if (changing.source->dashboard_put == NULL)
		return answer_change(request, &changing, NULL);
	return answer_change(request, &changing, asked->deletes ? delete : put);
}

/* ---- answers ---- */

static enum MHD_Result answer_all(const struct request *request)
{
	const struct web_source *source = request->web->source;
	struct buf text = { 0 };
	if (source->dashboards != NULL)
		source->dashboards(source->self, &text);
	else
		buf_text(&text, "[]");
	buf_char(&text, '\n');
	return answer_text(request->connection, MHD_HTTP_OK, "application/json", &text);
}

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *message)
{
	return answer_error(request->connection, status, request->path, message);
}

static enum MHD_Result answer_one(const struct request *request, const char *name)
{
	const struct web_source *source = request->web->source;
	const char *format = MHD_lookup_connection_value(
		request->connection, MHD_GET_ARGUMENT_KIND, "format");
	bool as_file = format != NULL && strcmp(format, "yaml") == 0;
	struct buf text = { 0 };
	if (format != NULL && !as_file && strcmp(format, "json") != 0)
		return refuse(request, MHD_HTTP_BAD_REQUEST,
			      "format: not json or yaml");
	int error = source->dashboard == NULL
			    ? -ENOENT
			    : source->dashboard(source->self, name, as_file, &text);
	if (error == 0)
		return answer_text(request->connection, MHD_HTTP_OK,
				   as_file ? "application/yaml" : "application/json",
				   &text);
	const char *why = buf_cstr(&text);
	enum MHD_Result refused =
		error == -ENOENT
			? refuse(request, MHD_HTTP_NOT_FOUND,
				 "no dashboard of that name; /api/v1/dashboards has "
				 "all of them")
			: refuse(request, MHD_HTTP_INTERNAL_SERVER_ERROR,
				 why != NULL ? why : "out of memory");
	buf_free(&text);
	return refused;
}

enum MHD_Result answer_dashboards(const struct request *request)
{
	struct asked asked;
	if (!read_path(request->path, &asked))
		return refuse(request, MHD_HTTP_NOT_FOUND,
			      "no dashboard has such a name; allowed "
			      "is " DASHBOARD_NAME_ALLOWED);
	if (request->post)
		return take(request, &asked);
	return asked.name[0] == '\0' ? answer_all(request)
				     : answer_one(request, asked.name);
}
