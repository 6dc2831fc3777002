/*
 * dashboard_shelf.c: see dashboard_shelf.h.
 */
#include "cli/dashboard_shelf.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"

static const char extension[] = ".yaml";

enum { FOLDER_MODE = 0750, FILE_PATH_MAX = SHELF_PATH_MAX + 256 };

static void path_of(const struct shelf_folder *folder, const char *file,
		    char out[static FILE_PATH_MAX])
{
	snprintf(out, FILE_PATH_MAX, "%s/%s", folder->path, file);
}

static void file_of(const char *name, char out[static 256])
{
	snprintf(out, 256, "%s%s", name, extension);
}

/* ---- reading ---- */

/* A pipe would have us wait for whoever writes into it. */
static int read_file(const char *path, struct buf *text)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return file_read(path, DASHBOARD_BYTES_MAX, text);
}

static void say_unreadable(const char *file, int error, struct buf *errors)
{
	buf_printf(errors, "%s: %s\n", file,
		   error == -EFBIG    ? "longer than a dashboard may be; allowed are "
					"256 KiB"
		   : error == -EINVAL ? "not a file"
				      : strerror(-error));
}

/* NULL, and why in *errors. */
static struct dashboard *read_dashboard(const char *path, const char *file,
					struct buf *text, struct buf *errors)
{
	int error = read_file(path, text);
	if (error == 0)
		return dashboard_parse(text->at == NULL ? "" : text->at, text->len,
				       file, errors);
	say_unreadable(file, error, errors);
	return NULL;
}

/* "web-server.yaml" as "web-server". */
static void name_of(const char *file, char out[static 256])
{
	snprintf(out, 256, "%.*s", (int)(strlen(file) - strlen(extension)), file);
}

static void look(const struct shelf_folder *folder, struct shelved *shelved)
{
	char path[FILE_PATH_MAX], name[256];
	struct buf text = { 0 }, errors = { 0 };
	path_of(folder, shelved->file, path);
	name_of(shelved->file, name);
	struct dashboard *dashboard = NULL;
	if (dashboard_is_name(name))
		dashboard = read_dashboard(path, shelved->file, &text, &errors);
	else
		buf_text(&errors,
			 "not the name of a dashboard; allowed "
			 "is " DASHBOARD_NAME_ALLOWED ", and .yaml behind it\n");
	if (dashboard != NULL) {
		memcpy(shelved->title, dashboard->title, sizeof(shelved->title));
		shelved->panels = dashboard->count;
	} else {
		errors.len -= errors.len > 0 && errors.at[errors.len - 1] == '\n';
		const char *why = buf_cstr(&errors);
		shelved->error = strdup(why != NULL ? why : "out of memory");
	}
	dashboard_free(dashboard);
	buf_free(&text);
	buf_free(&errors);
}

static struct shelved *shelved_in(const struct shelf_folder *folder, const char *file)
{
	for (size_t i = 0; i < folder->count; i++)
		if (strcmp(folder->at[i].file, file) == 0)
			return &folder->at[i];
	return NULL;
}

/* What is known of it already, or what a look says. */
static void take_file(const struct shelf_folder *old, const char *file,
		      struct shelved *out)
{
	char path[FILE_PATH_MAX];
	path_of(old, file, path);
	struct shelved *known = shelved_in(old, file);
	uint64_t stamp = file_stamp(path);
	*out = (struct shelved){ .stamp = stamp };
	snprintf(out->file, sizeof(out->file), "%s", file);
	if (known == NULL || known->stamp != stamp) {
		look(old, out);
		return;
	}
	*out = *known;
	known->error = NULL; /* taken over */
}

static void forget(struct shelf_folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		free(folder->at[i].error);
	free(folder->at);
	folder->at = NULL;
	folder->count = folder->left_out = 0;
}

/* A folder that is not there has no dashboards. */
static void look_again(struct shelf_folder *folder)
{
	struct dirent **names = NULL;
	struct shelf_folder fresh = { .at = calloc(SHELF_DASHBOARDS_MAX,
						   sizeof(*fresh.at)) };
	int count = fresh.at != NULL ? file_scan_yaml(folder->path, &names) : -1;
	memcpy(fresh.path, folder->path, sizeof(fresh.path));
	for (int i = 0; i < count; i++) {
		if (fresh.count < SHELF_DASHBOARDS_MAX)
			take_file(folder, names[i]->d_name, &fresh.at[fresh.count++]);
		else
			fresh.left_out++;
		free(names[i]);
	}
	free(names);
	forget(folder);
	*folder = fresh;
}

void dashboard_shelf_open(struct dashboard_shelf *shelf, const char *state,
			  const char *shared)
{
	*shelf = (struct dashboard_shelf){ 0 };
	snprintf(shelf->kept.path, sizeof(shelf->kept.path), "%s/dashboards", state);
	snprintf(shelf->shared.path, sizeof(shelf->shared.path), "%s", shared);
	look_again(&shelf->kept);
	look_again(&shelf->shared);
}

void dashboard_shelf_close(struct dashboard_shelf *shelf)
{
	forget(&shelf->kept);
	forget(&shelf->shared);
}

/* ---- the list ---- */

static void put_member(struct buf *json, const char *key, const char *text)
{
	buf_printf(json, ",\"%s\":\"", key);
	buf_json_text(json, text);
	buf_char(json, '"');
}

static void put_shelved(struct buf *json, const struct shelved *shelved, bool read_only,
			const char *hidden_by)
{
	char name[256];
	name_of(shelved->file, name);
	buf_text(json,
		 json->at[json->len - 1] == '[' ? "{\"name\":\"" : ",{\"name\":\"");
	buf_json_text(json, name);
	buf_char(json, '"');
	put_member(json, "title", shelved->error != NULL ? name : shelved->title);
	buf_printf(json, ",\"read_only\":%s,\"panels\":%zu",
		   read_only ? "true" : "false", shelved->panels);
	if (hidden_by != NULL) {
		struct buf why = { 0 };
		buf_printf(&why, "hidden by %s/%s, which is only read; rename one",
			   hidden_by, shelved->file);
		put_member(json, "error", buf_cstr(&why) != NULL ? why.at : "");
		buf_free(&why);
	} else if (shelved->error != NULL) {
		put_member(json, "error", shelved->error);
	}
	buf_char(json, '}');
}

static void put_left_out(struct buf *json, const struct shelf_folder *folder,
			 bool read_only)
{
	if (folder->left_out == 0)
		return;
	buf_text(json, json->at[json->len - 1] == '[' ? "{" : ",{");
	buf_printf(json,
		   "\"name\":\"\",\"title\":\"%zu more\",\"read_only\":%s,\"panels\":0,"
		   "\"error\":\"not read; allowed are %d dashboards in a folder\"}",
		   folder->left_out, read_only ? "true" : "false",
		   SHELF_DASHBOARDS_MAX);
}

void dashboard_shelf_list(struct dashboard_shelf *shelf, struct buf *json)
{
	look_again(&shelf->kept);
	look_again(&shelf->shared);
	buf_char(json, '[');
	for (size_t i = 0; i < shelf->shared.count; i++)
		put_shelved(json, &shelf->shared.at[i], true, NULL);
	put_left_out(json, &shelf->shared, true);
	for (size_t i = 0; i < shelf->kept.count; i++) {
		const struct shelved *kept = &shelf->kept.at[i];
		bool is_hidden = shelved_in(&shelf->shared, kept->file) != NULL;
		put_shelved(json, kept, false, is_hidden ? shelf->shared.path : NULL);
	}
	put_left_out(json, &shelf->kept, false);
	buf_char(json, ']');
}

/* ---- one ---- */

static bool is_there(const struct shelf_folder *folder, const char *file)
{
	char path[FILE_PATH_MAX];
	path_of(folder, file, path);
	return access(path, F_OK) == 0;
}

int dashboard_shelf_get(const struct dashboard_shelf *shelf, const char *name,
			bool as_file, struct buf *out)
{
	char file[256], path[FILE_PATH_MAX];
	struct buf text = { 0 };
	if (!dashboard_is_name(name))
		return -ENOENT;
	file_of(name, file);
	bool is_shared = is_there(&shelf->shared, file);
	if (!is_shared && !is_there(&shelf->kept, file))
		return -ENOENT;
	path_of(is_shared ? &shelf->shared : &shelf->kept, file, path);
	struct dashboard *dashboard = read_dashboard(path, file, &text, out);
	if (dashboard != NULL && as_file) {
		buf_add(out, text.at, text.len);
	} else if (dashboard != NULL) {
		dashboard_json(out, dashboard);
		buf_char(out, '\n');
	}
	int error = dashboard != NULL ? 0 : -EINVAL;
	dashboard_free(dashboard);
	buf_free(&text);
	return error;
}

/* ---- changes ---- */

static void digest(const struct buf *text, char out[static SHELF_DIGEST_MAX])
{
	unsigned char sum[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)(text->at == NULL ? "" : text->at), text->len,
	       sum);
	hex_text(out, sum, sizeof(sum));
}

static void digest_file(const char *path, char out[static SHELF_DIGEST_MAX])
{
	struct buf text = { 0 };
	out[0] = '\0';
	if (read_file(path, &text) == 0)
		digest(&text, out);
	buf_free(&text);
}

/* 0, or why this name can't be changed. */
static int check_name(const struct dashboard_shelf *shelf, const char *name,
		      char file[static 256], struct buf *message)
{
	if (!dashboard_is_name(name)) {
		buf_text(message, "not the name of a dashboard; allowed "
				  "is " DASHBOARD_NAME_ALLOWED);
		return -EINVAL;
	}
	file_of(name, file);
	if (!is_there(&shelf->shared, file))
		return 0;
	buf_printf(message,
		   "%s is only read, from %s; change the file there, or take another "
		   "name",
		   name, shelf->shared.path);
	return -EROFS;
}

static int refuse(struct buf *message, const char *path, int error)
{
	buf_printf(message, "%s: %s", path, strerror(-error));
	return error;
}

static int write_file(struct shelf_folder *folder, const char *file,
		      const struct buf *text, struct shelf_change *change,
		      struct buf *message)
{
	char path[FILE_PATH_MAX];
	look_again(folder);
	if (shelved_in(folder, file) == NULL && folder->count == SHELF_DASHBOARDS_MAX) {
		buf_printf(message, "too many dashboards; allowed are %d",
			   SHELF_DASHBOARDS_MAX);
		return -EINVAL;
	}
	if (mkdir(folder->path, FOLDER_MODE) != 0 && errno != EEXIST)
		return refuse(message, folder->path, -errno);
	path_of(folder, file, path);
	digest_file(path, change->before);
	int error = file_replace(path, text->at == NULL ? "" : text->at, text->len);
	if (error != 0)
		return refuse(message, path, error);
	digest(text, change->after);
	return 0;
}

int dashboard_shelf_put(struct dashboard_shelf *shelf, const char *name,
			const struct buf *text, struct shelf_change *change,
			struct buf *message)
{
	char file[256];
	struct buf yaml = { 0 };
	*change = (struct shelf_change){ 0 };
	int error = check_name(shelf, name, file, message);
	if (error != 0)
		return error;
	bool is_json = dashboard_is_json(text->at, text->len);
	struct dashboard *dashboard = dashboard_parse(text->at == NULL ? "" : text->at,
						      text->len, name, message);
	if (dashboard == NULL)
		return -EINVAL;
	if (is_json)
		dashboard_yaml(&yaml, dashboard);
	error = buf_ok(&yaml) ? write_file(&shelf->kept, file, is_json ? &yaml : text,
					   change, message)
			      : -ENOMEM;
	if (error == 0)
		buf_printf(message, "%s: \"%s\", %zu panels, kept", name,
			   dashboard->title, dashboard->count);
	dashboard_free(dashboard);
	buf_free(&yaml);
	return error;
}

int dashboard_shelf_remove(struct dashboard_shelf *shelf, const char *name,
			   struct shelf_change *change, struct buf *message)
{
	char file[256], path[FILE_PATH_MAX];
	*change = (struct shelf_change){ 0 };
	int error = check_name(shelf, name, file, message);
	if (error != 0)
		return error;
	path_of(&shelf->kept, file, path);
	digest_file(path, change->before);
	if (unlink(path) == 0) {
		buf_printf(message, "%s: removed", name);
		return 0;
	}
	if (errno != ENOENT)
		return refuse(message, path, -errno);
	buf_printf(message, "no dashboard is called %s", name);
	return -ENOENT;
}
