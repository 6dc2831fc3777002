/*
 * spool_files.c: see spool_inside.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "fleet/spool_inside.h"

#define SUFFIX ".batch"
#define NUMBER "%016" PRIx64
#define NAME   NUMBER "-" NUMBER SUFFIX
#define FRESH  ".new"
#define EPOCH  "epoch"
#define LEFT   "left" /* which file EPOCH is */
enum {
	DIGITS = 16,
	NAME_LEN = DIGITS + 1 + DIGITS + sizeof(SUFFIX) - 1,
	EPOCH_TEXT_MAX = 512,
};

int spool_name_compare(const struct spool_name *a, const struct spool_name *b)
{
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

int spool_lane_path(const char *folder, enum fleet_lane lane, const char *name,
		    char path[static SPOOL_PATH_MAX])
{
	int len = snprintf(path, SPOOL_PATH_MAX, "%s/%s/%s", folder,
			   fleet_lane_name(lane), name);
	return len < SPOOL_PATH_MAX ? 0 : -ENAMETOOLONG;
}

int spool_batch_path(const char *folder, enum fleet_lane lane,
		     const struct spool_name *name, char path[static SPOOL_PATH_MAX])
{
	char text[NAME_LEN + 1];
	snprintf(text, sizeof(text), NAME, name->epoch, name->sequence);
	return spool_lane_path(folder, lane, text, path);
}

/* Sixteen digits, as we write them: "1" and "01" would be two names of one file. */
static bool parse_number(const char *text, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";
	*out = 0;
	for (int i = 0; i < DIGITS; i++) {
		const char *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
		if (digit == NULL)
			return false;
		*out = *out << 4 | (uint64_t)(digit - digits);
	}
	return true;
}

static bool parse_name(const char *text, struct spool_name *name)
{
	return strlen(text) == NAME_LEN && parse_number(text, &name->epoch) &&
	       text[DIGITS] == '-' &&
	       parse_number(text + DIGITS + 1, &name->sequence) &&
	       strcmp(text + 2 * DIGITS + 1, SUFFIX) == 0;
}

static bool is_unfinished(const char *text)
{
	size_t len = strlen(text);
	return len > strlen(FRESH) && strcmp(text + len - strlen(FRESH), FRESH) == 0;
}

static DIR *open_lane(const char *folder, enum fleet_lane lane)
{
	char path[SPOOL_PATH_MAX];
	int error = spool_lane_path(folder, lane, "", path);
	errno = -error;
	return error == 0 ? opendir(path) : NULL;
}

int spool_scan(const char *folder, enum fleet_lane lane, spool_each each, void *to)
{
	char path[SPOOL_PATH_MAX];
	struct spool_name name;
	const struct dirent *entry;
	DIR *files = open_lane(folder, lane);
	if (files == NULL)
		return -errno;
	bool goes_on = true;
	while (goes_on && (entry = readdir(files)) != NULL)
		if (parse_name(entry->d_name, &name) &&
		    spool_lane_path(folder, lane, entry->d_name, path) == 0)
			goes_on = each(to, &name, path);
	closedir(files);
	return 0;
}

int spool_sweep(const char *folder, enum fleet_lane lane)
{
	const struct dirent *entry;
	DIR *files = open_lane(folder, lane);
	if (files == NULL)
		return -errno;
	while ((entry = readdir(files)) != NULL)
		if (is_unfinished(entry->d_name))
			unlinkat(dirfd(files), entry->d_name, 0);
	closedir(files);
	return 0;
}

int spool_read(const char *folder, enum fleet_lane lane, const struct spool_name *name,
	       struct buf *bytes, struct batch_head *head)
{
	char path[SPOOL_PATH_MAX], why[BATCH_ERROR_MAX];
	int error = spool_batch_path(folder, lane, name, path);
	if (error == 0)
		error = file_read(path, BATCH_BYTES_MAX, bytes);
	if (error != 0)
		return error == -EFBIG ? -EBADMSG : error;
	bool is_it = batch_read_head(bytes->at, bytes->len, head, why) &&
		     head->id.lane == lane && head->id.epoch == name->epoch &&
		     head->id.sequence == name->sequence;
	return is_it ? 0 : -EBADMSG;
}

int spool_read_told(const char *folder, enum fleet_lane lane, struct spool_name *name)
{
	char path[SPOOL_PATH_MAX];
	struct buf text = { 0 };
	int error = spool_lane_path(folder, lane, SPOOL_TOLD, path);
	if (error == 0)
		error = file_read(path, NAME_LEN, &text);
	if (error == 0)
		error = text.len == 0 ? -ENOENT : buf_cstr(&text) == NULL ? -ENOMEM : 0;
	if (error == 0 && !parse_name(text.at, name))
		error = -EBADMSG;
	buf_free(&text);
	return error == -EFBIG ? -EBADMSG : error;
}

int spool_write_told(const char *folder, enum fleet_lane lane,
		     const struct spool_name *name)
{
	char path[SPOOL_PATH_MAX], text[NAME_LEN + 1];
	int error = spool_lane_path(folder, lane, SPOOL_TOLD, path);
	if (error != 0)
		return error;
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), NAME, name->epoch, name->sequence);
	error = file_write(fd, text, NAME_LEN);
	if (close(fd) != 0 && error == 0)
		error = -errno;
	return error;
}

static int write_fresh(const char *fresh, const struct buf *bytes, bool is_synced)
{
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	if (fd < 0)
		return -errno;
	int error = file_write(fd, bytes->at, bytes->len);
	if (error == 0 && is_synced && fsync(fd) != 0)
		error = -errno;
	/* Some file systems tell only now that there was no room. */
	if (close(fd) != 0 && error == 0)
		error = -errno;
	return error;
}

int spool_write(const char *path, const struct buf *bytes, bool is_synced)
{
	char fresh[SPOOL_PATH_MAX + sizeof(FRESH)];
	snprintf(fresh, sizeof(fresh), "%s" FRESH, path);
	int error = write_fresh(fresh, bytes, is_synced);
	if (error == 0 && rename(fresh, path) != 0)
		error = -errno;
	if (error != 0)
		unlink(fresh);
	else if (is_synced) /* it may be on its way: nobody takes it back */
		file_sync_name(path);
	return error;
}

/* ---- FOLDER/epoch ---- */

static bool path_of(const char *folder, const char *name,
		    char path[static SPOOL_PATH_MAX])
{
	return snprintf(path, SPOOL_PATH_MAX, "%s/%s", folder, name) < SPOOL_PATH_MAX;
}

/*
 * Which file it is, and when it was put there (ctime, which nobody can set): a copy has
 * another one, whatever is in it.
 */
static bool mark_of(const char *folder, struct buf *mark)
{
	char path[SPOOL_PATH_MAX];
	struct stat st;
	if (!path_of(folder, EPOCH, path) || stat(path, &st) != 0)
		return false;
	buf_printf(mark, NUMBER " " NUMBER " " NUMBER " " NUMBER "\n",
		   (uint64_t)st.st_dev, (uint64_t)st.st_ino,
		   (uint64_t)st.st_ctim.tv_sec, (uint64_t)st.st_ctim.tv_nsec);
	return buf_cstr(mark) != NULL;
}

/* Not synced: it means something within one boot of the machine only. */
static void leave_mark(const char *folder)
{
	char path[SPOOL_PATH_MAX];
	struct buf mark = { 0 };
	if (path_of(folder, LEFT, path) && mark_of(folder, &mark))
		spool_write(path, &mark, false);
	buf_free(&mark);
}

static bool is_as_left(const char *folder)
{
	char path[SPOOL_PATH_MAX];
	struct buf mark = { 0 }, left = { 0 };
	bool is = path_of(folder, LEFT, path) && mark_of(folder, &mark) &&
		  file_read(path, EPOCH_TEXT_MAX, &left) == 0 &&
		  buf_cstr(&left) != NULL && strcmp(left.at, mark.at) == 0;
	buf_free(&mark);
	buf_free(&left);
	return is;
}

static bool next_number(char **rest, uint64_t *out)
{
	const char *word = strsep(rest, " \n");
	return word != NULL && strlen(word) == DIGITS && parse_number(word, out);
}

static bool next_word(char **rest, char *out, size_t size)
{
	const char *word = strsep(rest, " \n");
	return word != NULL && snprintf(out, size, "%s", word) < (int)size;
}

/*
 * The epoch, whose it is, the boot, "open" or "closed", each lane's sequence, what it
 * lost, and since when.
 */
bool spool_epoch_read(const char *folder, struct spool_epoch *out)
{
	char path[SPOOL_PATH_MAX], end[8] = "";
	struct buf text = { 0 };
	memset(out, 0, sizeof(*out));
	bool read = path_of(folder, EPOCH, path) &&
		    file_read(path, EPOCH_TEXT_MAX, &text) == 0 &&
		    buf_cstr(&text) != NULL;
	char *rest = text.at;
	read = read && next_number(&rest, &out->epoch) &&
	       next_word(&rest, out->sensor, sizeof(out->sensor)) &&
	       next_word(&rest, out->boot, sizeof(out->boot)) &&
	       next_word(&rest, end, sizeof(end));
	for (int lane = 0; read && lane < FLEET_LANES; lane++)
		read = next_number(&rest, &out->sequences[lane]);
	for (int lane = 0; read && lane < FLEET_LANES; lane++) {
		uint64_t at_us = 0;
		read = next_number(&rest, &out->lost[lane]) &&
		       next_number(&rest, &at_us);
		out->lost_us[lane] = (int64_t)at_us;
	}
	out->was_closed = read && strcmp(end, "closed") == 0;
	out->is_as_left = read && is_as_left(folder);
	buf_free(&text);
	return read;
}

int spool_epoch_write(const char *folder, const struct spool_epoch *epoch)
{
	char path[SPOOL_PATH_MAX];
	struct buf text = { 0 };
	if (!path_of(folder, EPOCH, path))
		return -ENAMETOOLONG;
	buf_printf(&text, NUMBER " %s %s %s", epoch->epoch, epoch->sensor,
		   epoch->boot[0] != '\0' ? epoch->boot : "-",
		   epoch->was_closed ? "closed" : "open");
	for (int lane = 0; lane < FLEET_LANES; lane++)
		buf_printf(&text, " " NUMBER, epoch->sequences[lane]);
	for (int lane = 0; lane < FLEET_LANES; lane++)
		buf_printf(&text, " " NUMBER " " NUMBER, epoch->lost[lane],
			   (uint64_t)epoch->lost_us[lane]);
	buf_char(&text, '\n');
	int error =
		buf_ok(&text) ? file_replace_private(path, text.at, text.len) : -ENOMEM;
	buf_free(&text);
	if (error == 0)
		leave_mark(folder);
	return error;
}

void fleet_spool_boot(char boot[static SPOOL_BOOT_MAX])
{
	struct buf text = { 0 };
	boot[0] = '\0';
	if (file_read("/proc/sys/kernel/random/boot_id", EPOCH_TEXT_MAX, &text) == 0 &&
	    buf_cstr(&text) != NULL)
		sscanf(text.at, "%39s", boot);
	buf_free(&text);
}
