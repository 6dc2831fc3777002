/*
 * tar.c: see tar.h.  The one place that knows libarchive.
 */
#include "report/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MODE = 0644, FILE_BYTES_MAX = 256 << 20, BLOCK = 512 };

static bool may_be(const char *path)
{
	size_t len = strlen(path);
	if (len == 0 || len >= TAR_PATH_MAX || path[0] == '/' || path[len - 1] == '/' ||
	    strstr(path, "..") != NULL)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)path[i]) && strchr("._-/", path[i]) == NULL)
			return false;
	return true;
}

struct tar_file *tar_add(struct tar *tar, const char *path)
{
	if (tar->count == TAR_FILES_MAX || !may_be(path))
		return NULL;
	struct tar_file *files =
		reallocarray(tar->files, tar->count + 1, sizeof(*files));
	if (files == NULL)
		return NULL;
	tar->files = files;
	struct tar_file *file = &files[tar->count++];
	*file = (struct tar_file){ 0 };
	memcpy(file->path, path, strlen(path) + 1);
	return file;
}

const struct tar_file *tar_find(const struct tar *tar, const char *path)
{
	for (size_t i = 0; i < tar->count; i++)
		if (strcmp(tar->files[i].path, path) == 0)
			return &tar->files[i];
	return NULL;
}

void tar_free(struct tar *tar)
{
	for (size_t i = 0; i < tar->count; i++)
		buf_free(&tar->files[i].text);
	free(tar->files);
	*tar = (struct tar){ 0 };
}

/* ---- writing ---- */

static la_ssize_t take_bytes(struct archive *archive, void *out, const void *at,
			     size_t len)
{
	(void)archive;
	buf_add(out, at, len);
	return (la_ssize_t)len;
}

/* Nothing of who made it, or when: the same files are the same bytes. */
static bool write_file(struct archive *archive, const struct tar_file *file)
{
	struct archive_entry *entry = archive_entry_new();
	if (entry == NULL)
		return false;
	archive_entry_set_pathname(entry, file->path);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, MODE);
	archive_entry_set_size(entry, (la_int64_t)file->text.len);
	archive_entry_set_mtime(entry, 0, 0);
	bool ok = archive_write_header(archive, entry) == ARCHIVE_OK &&
		  (file->text.len == 0 ||
		   archive_write_data(archive, file->text.at, file->text.len) ==
			   (la_ssize_t)file->text.len);
	archive_entry_free(entry);
	return ok;
}

bool tar_write(const struct tar *tar, struct buf *out)
{
	struct archive *archive = archive_write_new();
	bool ok =
		archive != NULL &&
		archive_write_set_format_ustar(archive) == ARCHIVE_OK &&
		archive_write_set_bytes_per_block(archive, BLOCK) == ARCHIVE_OK &&
		archive_write_open(archive, out, NULL, take_bytes, NULL) == ARCHIVE_OK;
	for (size_t i = 0; i < tar->count && ok; i++)
		ok = write_file(archive, &tar->files[i]);
	ok = ok && archive_write_close(archive) == ARCHIVE_OK;
	archive_write_free(archive);
	return ok && buf_ok(out);
}

/* ---- reading ---- */

static bool read_content(struct archive *archive, struct buf *text)
{
	char part[16384];
	la_ssize_t len;
	while ((len = archive_read_data(archive, part, sizeof(part))) > 0) {
		buf_add(text, part, (size_t)len);
		if (text->len > FILE_BYTES_MAX)
			return false;
	}
	return len == 0 && buf_ok(text);
}

static bool read_entry(struct archive *archive, struct archive_entry *entry,
		       struct tar *tar, struct buf *error)
{
	const char *path = archive_entry_pathname(entry);
	if (path == NULL || archive_entry_filetype(entry) != AE_IFREG ||
	    tar_find(tar, path) != NULL || !may_be(path)) {
		buf_text(error, "an entry that no bundle has: ");
		buf_json_text(error, path != NULL ? path : "one without a name");
		return false;
	}
	struct tar_file *file = tar_add(tar, path);
	if (file != NULL && read_content(archive, &file->text))
		return true;
	buf_printf(error, "%s: it ends too early, or is too large", path);
	return false;
}

bool tar_read(const void *at, size_t len, struct tar *tar, struct buf *error)
{
	struct archive_entry *entry;
	struct archive *archive = archive_read_new();
	int code = ARCHIVE_FATAL;
	if (archive != NULL && archive_read_support_format_tar(archive) == ARCHIVE_OK &&
	    archive_read_open_memory(archive, at, len) == ARCHIVE_OK) {
		while ((code = archive_read_next_header(archive, &entry)) == ARCHIVE_OK)
			if (!read_entry(archive, entry, tar, error))
				break;
	}
	if (code != ARCHIVE_OK && code != ARCHIVE_EOF)
		buf_printf(error, "not whole behind %s: %s",
			   tar->count > 0 ? tar->files[tar->count - 1].path
					  : "its begin",
			   archive != NULL && archive_error_string(archive) != NULL
				   ? archive_error_string(archive)
				   : "no tar archive");
	archive_read_free(archive);
	return code == ARCHIVE_EOF;
}
