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

#include "config/key.h"

#define CONFIG_DEFAULT_PATH "/etc/breakwater/breakwater.yaml"

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

/* Reads the whole file into *text. 0 or -errno. */
static int read_whole(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	char part[8192];
	size_t len;
	while (text->len <= FILE_BYTES_MAX &&
	       (len = fread(part, 1, sizeof(part), file)) > 0)
		buf_add(text, part, len);
	int result = ferror(file) ? -errno : !buf_ok(text) ? -ENOMEM : 0;
	fclose(file);
	return result == 0 && text->len > FILE_BYTES_MAX ? -EFBIG : result;
}

int config_read(struct config *config, const char *path, struct buf *errors)
{
	struct buf text = { 0 };
	int result = read_whole(path, &text);
	if (result == -EFBIG)
		say(errors, path, "larger than 1 MiB; a configuration is smaller");
	else if (result != 0)
		say(errors, path, strerror(-result));
	else
		result = config_parse(config, text.at, text.len, path, errors);
	buf_free(&text);
	return result;
}

static int is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".yaml") == 0;
}

/* By bytes, so that the order does not depend on who starts us. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_conf_d(const char *folder, struct buf *files, struct buf *errors)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_yaml, by_name);
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

int config_files(const char *path, struct buf *files, struct buf *errors)
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

int config_load(struct config *config, const char *path, struct buf *errors)
{
	struct buf files = { 0 };
	struct config next = *config;
	int result = config_files(path, &files, errors);
	for (size_t at = 0; at < files.len; at += strlen(files.at + at) + 1) {
		int read = config_read(&next, files.at + at, errors);
		result = result != 0 ? result : read;
	}
	buf_free(&files);
	if (result == 0)
		*config = next;
	return result;
}
