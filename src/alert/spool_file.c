/*
 * spool_file.c: the files of a spool; see spool.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/spool_inside.h"
#include "base/file.h"
#include "base/hash.h"

static const char magic[8] = "BWSPOOL";
enum {
	VERSION = 1,
	FOLDER_MODE = 0700, /* what is told may be confidential */
	NAME_LEN = 16,
	PATH_MAX_LEN = SINK_PATH_MAX + 64,
	HEX = 16,
};

/* What a file begins with; behind the bytes is the sum of all that. */
struct head {
	char magic[sizeof(magic)];
	uint32_t version, len;
	struct spool_message message;
	uint64_t order;
	uint32_t is_repeat, zero;
};

static void path_of(const struct spool_files *files, uint64_t order,
		    char out[static PATH_MAX_LEN])
{
	snprintf(out, PATH_MAX_LEN, "%s/%016" PRIx64 ".notice", files->folder, order);
}

/* ---- a message ---- */

int spool_files_write(const struct spool_files *files, const struct spool_entry *entry,
		      const char *bytes)
{
	char path[PATH_MAX_LEN];
	struct buf whole = { 0 };
	struct head head;
	memset(&head, 0, sizeof(head));
	memcpy(head.magic, magic, sizeof(magic));
	head.version = VERSION;
	head.len = entry->len;
	head.message = entry->message;
	head.order = entry->order;
	head.is_repeat = entry->is_repeat ? 1 : 0;
	buf_add(&whole, &head, sizeof(head));
	buf_add(&whole, bytes, entry->len);
	uint64_t sum = hash_sum(whole.at, whole.len);
	buf_add(&whole, &sum, sizeof(sum));
	path_of(files, entry->order, path);
	int error = buf_ok(&whole) ? file_replace(path, whole.at, whole.len) : -ENOMEM;
	buf_free(&whole);
	return error;
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool parse(const struct buf *whole, uint64_t order, struct head *head)
{
	uint64_t sum;
	if (whole->len < sizeof(*head) + sizeof(sum))
		return false;
	memcpy(head, whole->at, sizeof(*head));
	memcpy(&sum, whole->at + whole->len - sizeof(sum), sizeof(sum));
	const struct spool_message *message = &head->message;
	return memcmp(head->magic, magic, sizeof(magic)) == 0 &&
	       head->version == VERSION && head->order == order &&
	       head->len <= SPOOL_BYTES_MAX &&
	       whole->len == sizeof(*head) + head->len + sizeof(sum) &&
	       sum == hash_sum(whole->at, whole->len - sizeof(sum)) &&
	       ends(message->sink, sizeof(message->sink)) &&
	       ends(message->key, sizeof(message->key)) &&
	       ends(message->reason, sizeof(message->reason)) &&
	       ends(message->incident, sizeof(message->incident));
}

static int read_whole(const struct spool_files *files, uint64_t order,
		      struct buf *whole, struct head *head)
{
	char path[PATH_MAX_LEN];
	path_of(files, order, path);
	int error = file_read(path, SPOOL_BYTES_MAX + sizeof(*head) + sizeof(uint64_t),
			      whole);
	if (error != 0 && error != -EFBIG)
		return error;
	return error == 0 && parse(whole, order, head) ? 0 : -EBADMSG;
}

int spool_files_read(const struct spool_files *files, const struct spool_entry *entry,
		     struct buf *bytes)
{
	struct buf whole = { 0 };
	struct head head;
	int error = read_whole(files, entry->order, &whole, &head);
	if (error == 0)
		buf_add(bytes, whole.at + sizeof(head), head.len);
	buf_free(&whole);
	return error;
}

void spool_files_remove(const struct spool_files *files,
			const struct spool_entry *entry)
{
	char path[PATH_MAX_LEN];
	path_of(files, entry->order, path);
	unlink(path);
}

/* ---- those that are done ---- */

static void done_path(const struct spool_files *files, char out[static PATH_MAX_LEN])
{
	snprintf(out, PATH_MAX_LEN, "%s/done", files->folder);
}

bool spool_files_is_done(const struct spool_files *files, uint64_t id)
{
	uint64_t count =
		files->done_count < SPOOL_DONE_MAX ? files->done_count : SPOOL_DONE_MAX;
	for (uint64_t i = 0; i < count; i++)
		if (files->done[i] == id)
			return true;
	return false;
}

static void note_done(struct spool_files *files, uint64_t id)
{
	files->done[files->done_count++ % SPOOL_DONE_MAX] = id;
}

void spool_files_done(struct spool_files *files, const struct spool_entry *entry)
{
	note_done(files, entry->message.id);
	/* On a full disk it is known until the process ends, which is more than
	 * nothing. */
	if (files->done_fd >= 0 &&
	    file_write(files->done_fd, (const char *)&entry->message.id,
		       sizeof(entry->message.id)) == 0)
		fdatasync(files->done_fd);
	spool_files_remove(files, entry);
}

/* Those that were written last; what was cut in the middle is none. */
static void read_done(struct spool_files *files, const char *path)
{
	struct buf text = { 0 };
	uint64_t id;
	if (file_read(path, SIZE_MAX / 2, &text) == 0)
		for (size_t at = 0; at + sizeof(id) <= text.len; at += sizeof(id)) {
			memcpy(&id, text.at + at, sizeof(id));
			note_done(files, id);
		}
	buf_free(&text);
}

/* Written anew at each start, so that it does not grow for ever. */
static void open_done(struct spool_files *files)
{
	char path[PATH_MAX_LEN];
	struct buf text = { 0 };
	done_path(files, path);
	read_done(files, path);
	uint64_t from = files->done_count < SPOOL_DONE_MAX
				? 0
				: files->done_count - SPOOL_DONE_MAX;
	for (uint64_t i = from; i < files->done_count; i++)
		buf_add(&text, &files->done[i % SPOOL_DONE_MAX], sizeof(uint64_t));
	if (buf_ok(&text))
		file_replace(path, text.at, text.len);
	files->done_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	buf_free(&text);
}

/* ---- the folder ---- */

int spool_files_open(struct spool_files *files, const char *folder)
{
	int len = snprintf(files->folder, sizeof(files->folder), "%s", folder);
	if (len >= (int)sizeof(files->folder))
		return -ENAMETOOLONG;
	if (mkdir(folder, FOLDER_MODE) != 0 && errno != EEXIST)
		return -errno;
	open_done(files);
	return 0;
}

void spool_files_close(struct spool_files *files)
{
	if (files->done_fd >= 0)
		close(files->done_fd);
	files->done_fd = -1;
}

static int is_notice(const struct dirent *entry)
{
	return strlen(entry->d_name) == NAME_LEN + sizeof(".notice") - 1 &&
	       strspn(entry->d_name, "0123456789abcdef") == NAME_LEN &&
	       strcmp(entry->d_name + NAME_LEN, ".notice") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* 0, -EALREADY: it is done; or what is wrong with it. */
static int take_file(struct spool_files *files, uint64_t order,
		     void (*take)(void *self, const struct spool_entry *entry),
		     void *self)
{
	struct buf whole = { 0 };
	struct head head;
	int error = read_whole(files, order, &whole, &head);
	buf_free(&whole);
	if (error != 0)
		return error;
	if (spool_files_is_done(files, head.message.id))
		return -EALREADY;
	const struct spool_entry entry = { .message = head.message,
					   .order = order,
					   .len = head.len,
					   .is_repeat = head.is_repeat != 0 };
	take(self, &entry);
	return 0;
}

int spool_files_each(struct spool_files *files,
		     void (*take)(void *self, const struct spool_entry *entry),
		     void *self)
{
	struct dirent **names;
	int damaged = 0, count = scandir(files->folder, &names, is_notice, by_name);
	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		const struct spool_entry one = { .order = strtoull(names[i]->d_name,
								   NULL, HEX) };
		int error = take_file(files, one.order, take, self);
		if (error == -EBADMSG || error == -EALREADY)
			spool_files_remove(files, &one);
		damaged += error != 0 && error != -EALREADY ? 1 : 0;
		free(names[i]);
	}
	free(names);
	return damaged;
}
