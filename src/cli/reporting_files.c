/*
 * reporting_files.c: see reporting_files.h.
 */
#include "cli/reporting_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "report/digest.h"
#include "report/formats.h"

enum { FOLDER_MODE = 0750, NAME_SIZE = 192, PATH_SIZE = CONFIG_TEXT_MAX + 256 };
#define FRESH ".fresh"

/* ---- writing ---- */

static bool fail(struct reporting_files *files, const char *name, int error)
{
	snprintf(files->error, sizeof(files->error), "reports/%.100s: %.100s", name,
		 strerror(-error));
	return false;
}

bool reporting_files_begin(struct reporting_files *files, const char *state,
			   const char *stem)
{
	*files = (struct reporting_files){ .stem = stem };
	reporting_folder(state, files->folder);
	if (mkdir(files->folder, FOLDER_MODE) == 0 || errno == EEXIST)
		return true;
	return fail(files, "", -errno);
}

bool reporting_files_add(struct reporting_files *files, const char *suffix,
			 const struct buf *text)
{
	char path[PATH_SIZE], name[NAME_SIZE], digest[REPORTING_SHA256_MAX];
	snprintf(name, sizeof(name), "%s%s", files->stem, suffix);
	snprintf(path, sizeof(path), "%s/%s" FRESH, files->folder, name);
	if (!buf_ok(text))
		return fail(files, name, -ENOMEM);
	int error = file_replace(path, text->at, text->len);
	if (error != 0)
		return fail(files, name, error);
	digest_of(text->at, text->len, digest);
	buf_printf(&files->digests, "%s  %s\n", digest, name);
	buf_printf(&files->names, "%s%s", files->names.len > 0 ? " " : "", name);
	files->bytes += text->len;
	if (buf_ok(&files->digests) && buf_ok(&files->names))
		return true;
	return fail(files, name, -ENOMEM);
}

/* Each name in turn; the text is that of names. */
static bool next_name(const char **at, char name[static NAME_SIZE])
{
	size_t len = strcspn(*at, " ");
	if (len == 0 || len >= NAME_SIZE)
		return false;
	memcpy(name, *at, len);
	name[len] = '\0';
	*at += len;
	*at += strspn(*at, " ");
	return true;
}

static bool put_in_place(struct reporting_files *files)
{
	char name[NAME_SIZE], fresh[PATH_SIZE], path[PATH_SIZE];
	const char *at = buf_cstr(&files->names);
	while (at != NULL && next_name(&at, name)) {
		snprintf(fresh, sizeof(fresh), "%s/%s" FRESH, files->folder, name);
		snprintf(path, sizeof(path), "%s/%s", files->folder, name);
		if (rename(fresh, path) != 0)
			return fail(files, name, -errno);
	}
	return true;
}

static bool is_named(const struct reporting_files *files, const char *suffix)
{
	char name[NAME_SIZE], wanted[NAME_SIZE];
	const char *at = files->names.at;
	snprintf(wanted, sizeof(wanted), "%s%s", files->stem, suffix);
	while (next_name(&at, name))
		if (strcmp(name, wanted) == 0)
			return true;
	return false;
}

static void remove_suffix(const struct reporting_files *files, const char *suffix)
{
	char path[PATH_SIZE];
	snprintf(path, sizeof(path), "%s/%s%s", files->folder, files->stem, suffix);
	if (!is_named(files, suffix))
		unlink(path);
}

/* Of formats that it was made in before, and now was not. */
static void remove_others(const struct reporting_files *files)
{
	for (size_t i = 0; report_format_at(i) != NULL; i++)
		remove_suffix(files, report_format_at(i)->suffix);
	remove_suffix(files, REPORTING_BUNDLE);
}

/*
 * All is written before anything is in its place; while it is put there, there is no
 * list: files beside one are always those that it names.
 */
bool reporting_files_end(struct reporting_files *files,
			 char sha256[static REPORTING_SHA256_MAX])
{
	char name[NAME_SIZE], path[PATH_SIZE], fresh[PATH_SIZE];
	snprintf(name, sizeof(name), "%s" REPORTING_DIGESTS, files->stem);
	snprintf(path, sizeof(path), "%s/%s", files->folder, name);
	snprintf(fresh, sizeof(fresh), "%s/%s" FRESH, files->folder, name);
	int error = file_replace(fresh, files->digests.at, files->digests.len);
	if (error != 0)
		return fail(files, name, error);
	unlink(path);
	if (!put_in_place(files)) {
		unlink(fresh);
		return false;
	}
	remove_others(files);
	error = file_rename(fresh, path);
	if (error != 0)
		return fail(files, name, error);
	digest_of(files->digests.at, files->digests.len, sha256);
	return true;
}

void reporting_files_close(struct reporting_files *files)
{
	char name[NAME_SIZE], fresh[PATH_SIZE];
	const char *at = buf_cstr(&files->names);
	while (at != NULL && next_name(&at, name)) {
		snprintf(fresh, sizeof(fresh), "%s/%s" FRESH, files->folder, name);
		unlink(fresh);
	}
	buf_free(&files->digests);
	buf_free(&files->names);
}

/* ---- removing ---- */

bool reporting_period_kind(const char *name, size_t len, enum period_kind *kind)
{
	/* 9: a digit. */
	static const struct {
		const char *form;
		enum period_kind kind;
	} forms[] = { { "9999-99-99", PERIOD_DAY },
		      { "9999-W99", PERIOD_WEEK },
		      { "9999-99", PERIOD_MONTH },
		      { "9999-Q9", PERIOD_QUARTER },
		      { "9999", PERIOD_YEAR } };
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		bool is_it = strlen(forms[i].form) == len;
		for (size_t j = 0; j < len && is_it; j++)
			is_it = forms[i].form[j] == '9'
					? isdigit((unsigned char)name[j])
					: forms[i].form[j] == name[j];
		*kind = forms[i].kind;
		if (is_it)
			return true;
	}
	return false;
}

/* What files of a report end in. */
static bool is_suffix(const char *text)
{
	static const char *const beside[] = { REPORTING_BUNDLE, REPORTING_TEXT,
					      REPORTING_DIGESTS };
	for (size_t i = 0; report_format_at(i) != NULL; i++)
		if (strcmp(report_format_at(i)->suffix, text) == 0)
			return true;
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		if (strcmp(beside[i], text) == 0)
			return true;
	return false;
}

/*
 * Of a name that is of this report and such a period, the length of its stem; else 0.
 * The whole name counts: a report of one's own may begin as this one's stem does.
 */
static size_t stem_len(const char *name, const char *report, enum period_kind kind)
{
	size_t len = strlen(report);
	enum period_kind known;
	if (strncmp(name, report, len) != 0 || name[len] != '_')
		return 0;
	size_t period = strcspn(name + len + 1, ".");
	if (!is_suffix(name + len + 1 + period) ||
	    !reporting_period_kind(name + len + 1, period, &known) || known != kind)
		return 0;
	return len + 1 + period;
}

static int plain_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void remove_file(const char *folder, const char *name)
{
	char path[CONFIG_TEXT_MAX + 16 + 2 + NAME_MAX];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static void free_names(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* By name they are by time: from the end, the first `keep` stems stay. */
void reporting_files_prune(const char *state, const char *report, enum period_kind kind,
			   uint32_t keep)
{
	char folder[CONFIG_TEXT_MAX + 16], last[NAME_MAX + 1] = "";
	struct dirent **names;
	uint32_t stems = 0;
	reporting_folder(state, folder);
	int count = scandir(folder, &names, plain_file, alphasort);
	for (int i = count - 1; i >= 0; i--) {
		const char *name = names[i]->d_name;
		size_t len = stem_len(name, report, kind);
		if (len == 0)
			continue;
		if (strncmp(last, name, len) != 0 || last[len] != '\0') {
			snprintf(last, sizeof(last), "%.*s", (int)len, name);
			stems++;
		}
		if (stems > keep)
			remove_file(folder, name);
	}
	if (count >= 0)
		free_names(names, count);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

void reporting_files_tidy(const char *state)
{
	char folder[CONFIG_TEXT_MAX + 16];
	struct dirent **names;
	reporting_folder(state, folder);
	int count = scandir(folder, &names, plain_file, alphasort);
	for (int i = 0; i < count; i++)
		if (ends_with(names[i]->d_name, FRESH) ||
		    ends_with(names[i]->d_name, ".new"))
			remove_file(folder, names[i]->d_name);
	if (count >= 0)
		free_names(names, count);
}
