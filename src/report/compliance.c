/*
 * compliance.c: see compliance.h.
 */
#include "report/compliance.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/builtin.h"
#include "report/digest.h"
#include "report/report.h"

enum { FILE_BYTES_MAX = 1 << 20, PATH_BYTES_MAX = 512 };

const char *observer_name(enum observer observer)
{
	static const char *const names[] = { "sockets", "packets", "probes",
					     "monitor" };
	return names[observer];
}

const char *kept_name(enum kept kept)
{
	static const char *const names[] = { "flows", "ports_1d", "ports_1h", "events",
					     "probes" };
	return names[kept];
}

const char *strength_name(enum strength strength)
{
	static const char *const names[] = { "direct", "partial", "supporting" };
	return names[strength];
}

const char *subject_name(enum subject subject)
{
	static const char *const names[] = { "all", "host-or-user", "incident" };
	return names[subject];
}

bool framework_is_document(const struct framework *framework)
{
	return framework->section_count > 0;
}

static bool is_among(const size_t *references, size_t count, size_t evidence)
{
	for (size_t i = 0; i < count; i++)
		if (references[i] == evidence)
			return true;
	return false;
}

bool document_has_before(const struct framework *document, size_t section,
			 size_t evidence)
{
	for (size_t i = 0; i < section; i++)
		if (is_among(document->sections[i].evidence,
			     document->sections[i].evidence_count, evidence))
			return true;
	return false;
}

bool framework_asks_for(const struct framework *framework, size_t evidence)
{
	for (size_t i = 0; i < framework->control_count; i++)
		if (is_among(framework->controls[i].evidence,
			     framework->controls[i].evidence_count, evidence))
			return true;
	return document_has_before(framework, framework->section_count, evidence);
}

void evidence_free(struct evidence *evidence)
{
	free(evidence->id);
	free(evidence->title);
	free(evidence->question);
	free(evidence->shows);
	free(evidence->limits);
	free(evidence->text);
	free(evidence->sql);
	*evidence = (struct evidence){ 0 };
}

static void free_controls(struct framework *framework)
{
	for (size_t i = 0; i < framework->control_count; i++) {
		free(framework->controls[i].id);
		free(framework->controls[i].title);
		free(framework->controls[i].shows);
		free(framework->controls[i].missing);
	}
	for (size_t i = 0; i < framework->beyond_count; i++) {
		free(framework->beyond[i].id);
		free(framework->beyond[i].title);
		free(framework->beyond[i].why);
	}
	free(framework->controls);
	free(framework->beyond);
}

static void free_sections(struct framework *framework)
{
	for (size_t i = 0; i < framework->section_count; i++) {
		struct section *section = &framework->sections[i];
		for (size_t j = 0; j < section->blank_count; j++)
			free(section->blanks[j]);
		free(section->blanks);
		free(section->title);
		free(section->text);
	}
	free(framework->sections);
}

void framework_free(struct framework *framework)
{
	free_controls(framework);
	free_sections(framework);
	free(framework->purpose);
	free(framework->name);
	free(framework->title);
	free(framework->edition);
	free(framework->published);
	free(framework->reviewed);
	free(framework->source);
	free(framework->note);
	free(framework->text);
	*framework = (struct framework){ 0 };
}

void compliance_free(struct compliance *compliance)
{
	if (compliance == NULL)
		return;
	for (size_t i = 0; i < compliance->evidence_count; i++)
		evidence_free(&compliance->evidence[i]);
	for (size_t i = 0; i < compliance->framework_count; i++)
		framework_free(&compliance->frameworks[i]);
	free(compliance);
}

const struct framework *compliance_framework(const struct compliance *compliance,
					     const char *name)
{
	for (size_t i = 0; i < compliance->framework_count; i++)
		if (strcmp(compliance->frameworks[i].name, name) == 0)
			return &compliance->frameworks[i];
	return NULL;
}

const struct evidence *compliance_evidence(const struct compliance *compliance,
					   const char *id)
{
	for (size_t i = 0; i < compliance->evidence_count; i++)
		if (strcmp(compliance->evidence[i].id, id) == 0)
			return &compliance->evidence[i];
	return NULL;
}

static void say(struct buf *errors, const char *path, const char *what)
{
	buf_json_text(errors, path); /* a name may hold a newline */
	buf_printf(errors, ": %s\n", what);
}

/* ---- what is built in ---- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
	size_t len = strlen(text), tail = strlen(with);
	return len >= tail && strcmp(text + len - tail, with) == 0;
}

/* evidence/E1.yaml -> the text of evidence/E1.sql; NULL: there is none. */
static const char *builtin_query(const struct report_file *files, size_t count,
				 const char *path)
{
	size_t stem = strlen(path) - strlen(".yaml");
	for (size_t i = 0; i < count; i++)
		if (strncmp(files[i].path, path, stem) == 0 &&
		    strcmp(files[i].path + stem, ".sql") == 0)
			return files[i].at;
	return NULL;
}

static bool take_builtin_evidence(struct compliance *compliance,
				  const struct report_file *files, size_t count,
				  const struct report_file *file, struct buf *errors)
{
	const char *sql = builtin_query(files, count, file->path);
	if (sql == NULL)
		say(errors, file->path, "its query, the .sql beside it, is missing");
	return sql != NULL &&
	       compliance_take_evidence(compliance, file->path, file->at,
					(size_t)(file->end - file->at), sql, errors);
}

static bool take_builtin(struct compliance *compliance, const struct report_file *file,
			 bool (*take)(struct compliance *, const char *, const char *,
				      size_t, struct buf *),
			 const char *part, struct buf *errors)
{
	return !begins(file->path, part) ||
	       take(compliance, file->path, file->at, (size_t)(file->end - file->at),
		    errors);
}

/* Evidence first: the others refer to it. */
static bool take_builtins(struct compliance *compliance, struct buf *errors)
{
	size_t count;
	bool good = true;
	const struct report_file *files = report_files(&count);
	for (size_t i = 0; i < count; i++)
		if (begins(files[i].path, "evidence/") && ends(files[i].path, ".yaml"))
			good &= take_builtin_evidence(compliance, files, count,
						      &files[i], errors);
	for (size_t i = 0; i < count; i++)
		good &= take_builtin(compliance, &files[i], compliance_take_framework,
				     "frameworks/", errors);
	for (size_t i = 0; i < count; i++)
		good &= take_builtin(compliance, &files[i], compliance_take_document,
				     "documents/", errors);
	return good;
}

/* ---- what a folder has beside it ---- */

static bool read_whole(const char *path, struct buf *text, struct buf *errors)
{
	int error = file_read(path, FILE_BYTES_MAX, text);
	if (error == -EFBIG)
		say(errors, path, "larger than 1 MiB; allowed is less");
	else if (error != 0)
		say(errors, path, strerror(-error));
	return error == 0;
}

static bool take_framework_file(struct compliance *compliance, const char *path,
				struct buf *errors)
{
	struct buf text = { 0 };
	bool good =
		read_whole(path, &text, errors) &&
		compliance_take_framework(compliance, path, text.at, text.len, errors);
	buf_free(&text);
	return good;
}

static bool take_document_file(struct compliance *compliance, const char *path,
			       struct buf *errors)
{
	struct buf text = { 0 };
	bool good =
		read_whole(path, &text, errors) &&
		compliance_take_document(compliance, path, text.at, text.len, errors);
	buf_free(&text);
	return good;
}

static bool read_query(const char *path, struct buf *sql, struct buf *errors)
{
	if (!read_whole(path, sql, errors))
		return false;
	const char *text = buf_cstr(sql);
	if (text != NULL && strlen(text) == sql->len)
		return true;
	say(errors, path, text == NULL ? "not enough memory" : "it holds a NUL");
	return false;
}

static bool take_evidence_file(struct compliance *compliance, const char *path,
			       struct buf *errors)
{
	char query[PATH_BYTES_MAX];
	struct buf text = { 0 }, sql = { 0 };
	size_t stem = strlen(path) - strlen(".yaml");
	snprintf(query, sizeof(query), "%.*s.sql", (int)stem, path);
	bool good = read_whole(path, &text, errors) &&
		    read_query(query, &sql, errors) &&
		    compliance_take_evidence(compliance, path, text.at, text.len,
					     buf_cstr(&sql), errors);
	buf_free(&text);
	buf_free(&sql);
	return good;
}

static bool take_folder(struct compliance *compliance, const char *folder,
			const char *part,
			bool (*take)(struct compliance *, const char *, struct buf *),
			struct buf *errors)
{
	struct dirent **entries = NULL;
	char path[PATH_BYTES_MAX];
	bool good = true;
	snprintf(path, sizeof(path), "%s/%s", folder, part);
	int count = file_scan_yaml(path, &entries);
	if (count < 0 && errno == ENOENT)
		return true;
	if (count < 0) {
		say(errors, path, strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", folder, part,
			 entries[i]->d_name);
		good &= take(compliance, path, errors);
		free(entries[i]);
	}
	free(entries);
	return good;
}

/* A folder whose name was mistyped must not look like one that changes nothing. */
static bool is_folder(const char *path, struct buf *errors)
{
	DIR *dir = opendir(path);
	if (dir == NULL)
		say(errors, path, strerror(errno));
	else
		closedir(dir);
	return dir != NULL;
}

struct compliance *compliance_open(const char *folder, struct buf *errors)
{
	struct compliance *compliance = calloc(1, sizeof(*compliance));
	if (compliance == NULL) {
		buf_text(errors, "not enough memory\n");
		return NULL;
	}
	bool good = take_builtins(compliance, errors);
	if (folder != NULL && !is_folder(folder, errors)) {
		good = false;
	} else if (folder != NULL) {
		good &= take_folder(compliance, folder, "evidence", take_evidence_file,
				    errors);
		good &= take_folder(compliance, folder, "frameworks",
				    take_framework_file, errors);
		good &= take_folder(compliance, folder, "documents", take_document_file,
				    errors);
	}
	if (good)
		return compliance;
	compliance_free(compliance);
	return NULL;
}

void compliance_list(const struct compliance *compliance, struct buf *out)
{
	for (size_t i = 0; i < compliance->framework_count; i++) {
		const struct framework *framework = &compliance->frameworks[i];
		if (framework_is_document(framework))
			buf_printf(out, "%-14s %s\n", framework->name,
				   framework->title);
		else
			buf_printf(out, "%-14s %s %s, %zu controls, reviewed %s\n",
				   framework->name, framework->title,
				   framework->edition, framework->control_count,
				   framework->reviewed);
	}
}

bool compliance_refuse(struct buf *errors, const char *name, const char *what, int most)
{
	buf_json_text(errors, name);
	buf_printf(errors, ": too many %s; allowed are %d\n", what, most);
	return false;
}

/* Where it goes: in the place of one of its name, or behind all. */
static size_t place_of(const struct compliance *compliance,
		       const struct framework *framework)
{
	size_t at = 0;
	while (at < compliance->framework_count &&
	       strcmp(compliance->frameworks[at].name, framework->name) != 0)
		at++;
	return at;
}

/* What replaced a framework by a document would be asked for, and be another thing. */
static bool is_other_kind(const struct compliance *compliance, size_t at,
			  const struct framework *framework, const char *name,
			  struct buf *errors)
{
	bool is_document = framework_is_document(framework);
	if (at == compliance->framework_count ||
	    framework_is_document(&compliance->frameworks[at]) == is_document)
		return false;
	buf_json_text(errors, name);
	buf_printf(errors,
		   ": %s is the name of a %s already, and a %s can't take its place; "
		   "allowed is another name\n",
		   framework->name, is_document ? "framework" : "document",
		   is_document ? "document" : "framework");
	return true;
}

bool compliance_add_framework(struct compliance *compliance,
			      struct framework *framework, const char *name,
			      const char *text, size_t len, struct buf *errors)
{
	framework->text = strndup(text, len);
	if (framework->text == NULL) {
		framework_free(framework);
		return false;
	}
	digest_of(framework->text, strlen(framework->text), framework->sha256);
	size_t at = place_of(compliance, framework);
	if (is_other_kind(compliance, at, framework, name, errors)) {
		framework_free(framework);
		return false;
	}
	if (at == COMPLIANCE_FRAMEWORKS_MAX) {
		framework_free(framework);
		return compliance_refuse(errors, name, "frameworks and documents",
					 COMPLIANCE_FRAMEWORKS_MAX);
	}
	compliance->framework_count += at == compliance->framework_count;
	framework_free(&compliance->frameworks[at]);
	compliance->frameworks[at] = *framework;
	return true;
}
