/*
 * config.c: defaults, and which files are read in which order.
 */
#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/key.h"
#include "config/origin.h"

enum { FILE_BYTES_MAX = 1 << 20, CONF_D_FILES_MAX = 256 };

void config_init(struct config *config)
{
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < key_count; i++)
		if (!keys[i].type->is_list)
			keys[i].type->take(&keys[i], key_field_of(&keys[i], config),
					   keys[i].preset, false);
}

static void say(struct buf *errors, const char *path, const char *what)
{
	buf_json_text(errors, path); /* a name may hold a newline */
	buf_printf(errors, ": %s\n", what);
}

static int read_traced(struct config *config, struct config_origins *origins,
		       const char *path, struct buf *errors)
{
	struct buf text = { 0 };
	int result = file_read(path, FILE_BYTES_MAX, &text);
	if (result == -EFBIG)
		say(errors, path, "larger than 1 MiB; a configuration is smaller");
	else if (result != 0)
		say(errors, path, strerror(-result));
	else
		result = config_parse_traced(
			config, origins,
			&(struct config_text_of){ text.at, text.len, path, false },
			errors);
	buf_free(&text);
	return result;
}

int config_read(struct config *config, const char *path, struct buf *errors)
{
	return read_traced(config, NULL, path, errors);
}

static int add_conf_d(const char *folder, struct buf *files, struct buf *errors)
{
	struct dirent **entries;
	int count = file_scan_yaml(folder, &entries);
	if (count < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (count < 0) {
		int result = -errno;
		say(errors, folder, strerror(-result));
		return result;
	}
	for (int i = 0; i < count; i++) {
		if (i < CONF_D_FILES_MAX) {
			buf_printf(files, "%s/%s", folder, entries[i]->d_name);
			buf_char(files, '\0');
		}
		free(entries[i]);
	}
	free(entries);
	if (count <= CONF_D_FILES_MAX)
		return 0;
	say(errors, folder, "more than 256 files");
	return -E2BIG;
}

int config_list_files(const char *path, struct buf *files, struct buf *errors)
{
	const char *file = path != NULL ? path : CONFIG_DEFAULT_PATH;
	if (path != NULL || access(file, F_OK) == 0 || errno != ENOENT)
		buf_add(files, file, strlen(file) + 1);

	const char *slash = strrchr(file, '/');
	int folder_len = slash != NULL ? (int)(slash - file + 1) : 0;
	struct buf folder = { 0 };
	buf_printf(&folder, "%.*sconf.d", folder_len, file);
	const char *name = buf_cstr(&folder);
	int result = name != NULL ? add_conf_d(name, files, errors) : -ENOMEM;
	buf_free(&folder);
	return result == 0 && !buf_ok(files) ? -ENOMEM : result;
}

static int load(struct config *config, struct config_origins *origins, const char *path,
		struct buf *errors)
{
	struct buf files = { 0 };
	struct config next = *config;
	int result = config_list_files(path, &files, errors);
	for (size_t at = 0; at < files.len; at += strlen(files.at + at) + 1) {
		int read = read_traced(&next, origins, files.at + at, errors);
		result = result != 0 ? result : read;
	}
	buf_free(&files);
	if (result == 0)
		*config = next;
	return result;
}

int config_load(struct config *config, const char *path, struct buf *errors)
{
	return load(config, NULL, path, errors);
}

int config_load_traced(struct config *config, struct config_origins *origins,
		       const char *path, struct buf *errors)
{
	static struct config next;
	static struct config_origins noted;
	config_init(&next);
	memset(&noted, 0, sizeof(noted));
	int result = load(&next, &noted, path, errors);
	if (result != 0)
		return result;
	*config = next;
	*origins = noted;
	return 0;
}
