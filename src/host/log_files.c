/*
 * log_files.c: see log_files.h.
 */
#include "host/log_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PATTERNS_MAX = 128,
	BEHIND_MAX = 16 << 20, /* bytes; more is not worth reading */
	GONE_S = 60, /* a daemon may write to a file that was renamed until it is told
			to open a new one */
};

struct pattern {
	const char *text;
	const struct log_format *format;
};

struct followed {
	int fd; /* -1: free */
	dev_t device;
	ino_t inode;
	off_t at; /* begin of the first line that is not read */
	char path[LOG_WORD_MAX * 2];
	const struct log_format *format;
	bool is_midline; /* at is inside of a line that is not to be read */
	bool is_there;   /* seen by this look */
	int64_t gone_us; /* when it lost its name; INT64_MAX: it has it */
};

struct log_files {
	log_line take;
	void *to;
	struct pattern patterns[PATTERNS_MAX];
	size_t pattern_count;
	struct followed at[LOG_FILES_MAX];
	int64_t began_us; /* the first look; 0: none yet */
	struct log_files_status status;
	size_t denied_count;
	uint8_t line[LOG_LINE_MAX];
};

struct log_files *log_files_new(log_line take, void *to)
{
	struct log_files *files = calloc(1, sizeof(*files));
	if (files == NULL)
		return NULL;
	files->take = take;
	files->to = to;
	for (size_t i = 0; i < LOG_FILES_MAX; i++)
		files->at[i].fd = -1;
	return files;
}

void log_files_free(struct log_files *files)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < LOG_FILES_MAX; i++)
		if (files->at[i].fd >= 0)
			close(files->at[i].fd);
	free(files);
}

bool log_files_add(struct log_files *files, const char *pattern,
		   const struct log_format *format)
{
	if (files->pattern_count == PATTERNS_MAX)
		return false;
	files->patterns[files->pattern_count++] = (struct pattern){ pattern, format };
	return true;
}

void log_files_status(const struct log_files *files, struct log_files_status *out)
{
	*out = files->status;
	for (size_t i = 0; i < LOG_FILES_MAX; i++)
		out->open += files->at[i].fd >= 0;
}

/* ---- which files there are ---- */

static void note_denied(struct log_files *files, const char *path)
{
	enum { SHOWN = 3 };
	char *text = files->status.denied;
	size_t size = sizeof(files->status.denied), len = strlen(text);
	size_t n = files->denied_count++;
	if (n < SHOWN)
		snprintf(text + len, size - len, "%s%.120s", n > 0 ? ", " : "", path);
	else if (n == SHOWN)
		snprintf(text + len, size - len, " and others");
}

static struct followed *find(struct log_files *files, const struct stat *st)
{
	for (size_t i = 0; i < LOG_FILES_MAX; i++) {
		struct followed *file = &files->at[i];
		if (file->fd >= 0 && file->device == st->st_dev &&
		    file->inode == st->st_ino)
			return file;
	}
	return NULL;
}

/* True if the file was made after the first look: then all of it is news. */
static bool is_new(const struct log_files *files, int fd)
{
	struct statx born;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &born) != 0 ||
	    (born.stx_mask & STATX_BTIME) == 0)
		return true; /* not known here; seldom is an old one moved in */
	return born.stx_btime.tv_sec + 1 >= files->began_us / 1000000;
}

/* What is there of an unfinished line is not enough to understand its rest. */
static bool is_inside_line(int fd, off_t at)
{
	char last = '\n';
	return at > 0 && pread(fd, &last, 1, at - 1) == 1 && last != '\n';
}

static void begin(struct log_files *files, struct followed *file, int fd,
		  const struct stat *st, bool is_first)
{
	bool from_begin = !is_first && is_new(files, fd);
	file->fd = fd;
	file->device = st->st_dev;
	file->inode = st->st_ino;
	file->at = from_begin ? 0 : st->st_size;
	file->is_there = true;
	file->gone_us = INT64_MAX;
	file->is_midline = is_inside_line(fd, file->at);
}

static void open_file(struct log_files *files, const char *path,
		      const struct log_format *format, bool is_first)
{
	struct followed *file = files->at;
	struct stat st;
	while (file < files->at + LOG_FILES_MAX && file->fd >= 0)
		file++;
	if (file == files->at + LOG_FILES_MAX || strlen(path) >= sizeof(file->path)) {
		note_denied(files, path);
		return;
	}
	/* Whatever else has that name, opening it must not block. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == EACCES || errno == EPERM)
			note_denied(files, path);
		return;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return;
	}
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->format = format;
	begin(files, file, fd, &st, is_first);
}

static void look_at(struct log_files *files, const char *path,
		    const struct log_format *format, bool is_first)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		if (errno == EACCES)
			note_denied(files, path);
		return;
	}
	if (!S_ISREG(st.st_mode))
		return;
	struct followed *file = find(files, &st);
	if (file == NULL)
		open_file(files, path, format, is_first);
	else
		file->is_there = true;
}

/* glob(3) has no argument for its callback; looks are made by one thread. */
static _Thread_local struct log_files *looking;

static int note_folder(const char *path, int error)
{
	if (error == EACCES)
		note_denied(looking, path);
	return 0;
}

static void look_for(struct log_files *files, const struct pattern *pattern,
		     bool is_first)
{
	glob_t found = { 0 };
	/* glob(3) would not say that a name without wildcards is out of reach. */
	if (strpbrk(pattern->text, "*?[") == NULL) {
		look_at(files, pattern->text, pattern->format, is_first);
		return;
	}
	glob(pattern->text, GLOB_NOSORT, note_folder, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		look_at(files, found.gl_pathv[i], pattern->format, is_first);
	globfree(&found);
}

static void let_go(struct log_files *files, struct followed *file, int64_t now_us)
{
	struct stat st;
	if (file->is_there) {
		file->gone_us = INT64_MAX;
		return;
	}
	if (file->gone_us == INT64_MAX)
		file->gone_us = now_us;
	if (now_us - file->gone_us < GONE_S * 1000000LL || fstat(file->fd, &st) != 0)
		return;
	files->status.odd += st.st_size > file->at;
	close(file->fd);
	file->fd = -1;
}

void log_files_look(struct log_files *files, int64_t now_us)
{
	bool is_first = files->began_us == 0;
	if (is_first)
		files->began_us = now_us;
	files->status.denied[0] = '\0';
	files->denied_count = 0;
	looking = files;
	for (size_t i = 0; i < LOG_FILES_MAX; i++)
		files->at[i].is_there = false;
	for (size_t i = 0; i < files->pattern_count; i++)
		look_for(files, &files->patterns[i], is_first);
	for (size_t i = 0; i < LOG_FILES_MAX; i++)
		if (files->at[i].fd >= 0)
			let_go(files, &files->at[i], now_us);
}

/* ---- their lines ---- */

static void take_line(struct log_files *files, const struct followed *file,
		      const uint8_t *at, size_t len)
{
	if (len > 0 && at[len - 1] == '\r')
		len--;
	if (len > 0)
		files->take(files->to, file->format, file->path, bytes_of(at, len));
}

/* Lines of a piece of the file; how many bytes are done with. */
static size_t take_lines(struct log_files *files, struct followed *file, size_t len)
{
	size_t done = 0;
	const uint8_t *end;
	while ((end = memchr(files->line + done, '\n', len - done)) != NULL) {
		size_t next = (size_t)(end - files->line) + 1;
		if (!file->is_midline)
			take_line(files, file, files->line + done, next - 1 - done);
		file->is_midline = false;
		done = next;
	}
	return done;
}

/* True if there may be more to read. */
static bool read_piece(struct log_files *files, struct followed *file)
{
	ssize_t len = pread(file->fd, files->line, sizeof(files->line), file->at);
	if (len <= 0)
		return false;
	size_t done = take_lines(files, file, (size_t)len);
	bool is_full = (size_t)len == sizeof(files->line);
	if (done == 0 && is_full) {
		files->status.odd += !file->is_midline;
		file->is_midline = true;
		done = (size_t)len;
	}
	file->at += (off_t)done;
	return is_full;
}

/* Truncated (copytruncate), or so much that most of it is left out. */
static void find_place(struct log_files *files, struct followed *file)
{
	struct stat st;
	if (fstat(file->fd, &st) != 0)
		return;
	if (st.st_size < file->at) {
		file->at = 0;
		file->is_midline = false;
	}
	if (st.st_size - file->at <= BEHIND_MAX)
		return;
	files->status.skips++;
	file->at = st.st_size;
	file->is_midline = is_inside_line(file->fd, file->at);
}

bool log_files_read(struct log_files *files, bool (*may_go_on)(void *of), void *of)
{
	bool more[LOG_FILES_MAX], any = true;
	for (size_t i = 0; i < LOG_FILES_MAX; i++) {
		more[i] = files->at[i].fd >= 0;
		if (more[i])
			find_place(files, &files->at[i]);
	}
	while (any) {
		any = false;
		for (size_t i = 0; i < LOG_FILES_MAX; i++) {
			if (!more[i])
				continue;
			if (!may_go_on(of))
				return false;
			more[i] = read_piece(files, &files->at[i]);
			any = any || more[i];
		}
	}
	return true;
}
