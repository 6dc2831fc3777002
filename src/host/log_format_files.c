/*
 * log_format_files.c: which formats there are: those of the program, then those of a
 * folder.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "host/log_builtin.h"
#include "host/log_format.h"

enum { FILE_BYTES_MAX = 1 << 20, PATH_BYTES_MAX = 512 };

static void say(struct buf *errors, const char *path, const char *what)
{
	buf_json_text(errors, path); /* a name may hold a newline */
	buf_printf(errors, ": %s\n", what);
}

static bool take(struct log_formats *formats, const char *text, size_t len,
		 const char *path, struct buf *errors)
{
	struct log_format *format = log_format_parse(text, len, path, errors);
	if (format == NULL)
		return false;
	if (log_formats_add(formats, format))
		return true;
	log_format_free(format);
	say(errors, path, "too many formats; allowed are 64");
	return false;
}

static bool take_builtins(struct log_formats *formats, struct buf *errors)
{
	size_t count;
	bool good = true;
	const struct log_builtin *builtins = log_builtins(&count);
	for (size_t i = 0; i < count; i++)
		good &= take(formats, builtins[i].at,
			     (size_t)(builtins[i].end - builtins[i].at),
			     builtins[i].name, errors);
	return good;
}

static bool take_file(struct log_formats *formats, const char *path, struct buf *errors)
{
	struct buf text = { 0 };
	int error = file_read(path, FILE_BYTES_MAX, &text);
	if (error == -EFBIG)
		say(errors, path, "larger than 1 MiB; a format is smaller");
	else if (error != 0)
		say(errors, path, strerror(-error));
	bool good = error == 0 && take(formats, text.at, text.len, path, errors);
	buf_free(&text);
	return good;
}

static bool take_folder(struct log_formats *formats, const char *folder,
			struct buf *errors)
{
	struct dirent **entries = NULL;
	char path[PATH_BYTES_MAX];
	bool good = true;
	int count = file_scan_yaml(folder, &entries);
	if (count < 0) {
		if (errno == ENOENT)
			return true;
		say(errors, folder, strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		good &= take_file(formats, path, errors);
		free(entries[i]);
	}
	free(entries);
	return good;
}

struct log_formats *log_formats_open(const char *folder, struct buf *errors)
{
	struct log_formats *formats = calloc(1, sizeof(*formats));
	if (formats == NULL) {
		buf_text(errors, "not enough memory\n");
		return NULL;
	}
	bool good = take_builtins(formats, errors);
	if (take_folder(formats, folder, errors) && good)
		return formats;
	log_formats_free(formats);
	return NULL;
}
