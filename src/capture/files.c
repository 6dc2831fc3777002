/*
 * files.c: capture files as one source, merged in order of time.
 *
 * A single file is passed on as it is.  Several go through a heap of readers, by the
 * time of each one's next frame, ties by the order of the command line.  A batch ends
 * where a reader runs dry: its bytes are borrowed and reading on would move them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/reader.h"

enum {
	BUFFER_MAX = 1 << 16,   /* of one file */
	BUFFER_MIN = 16 << 10,  /* of each of very many */
	BUFFERS_MAX = 64 << 20, /* of all together, while they can be small enough */
	ROUNDS_MAX = 1024,      /* batches without a frame for the filter, per call */
	SPARE_FDS = 64,         /* for all else that the process has open */
	NAME_SHOWN_MAX = 300,
	STATUS_WRONG_FILE = 2,
	STATUS_NOT_PERMITTED = 4,
};

struct files {
	struct capture capture;
	struct filter *filter; /* NULL: all */
	struct reader *readers;
	size_t count;
	struct reader **heap; /* the first has the earliest frame */
	size_t heap_count;
	struct reader **dry; /* to be filled before the merge can go on */
	size_t dry_count;
	int failure; /* what next returns at the end: 0, or -errno of a broken file */
	struct frame batch[CAPTURE_BATCH];
};

static void files_update_stats(struct capture *capture)
{
	const struct files *files = (const struct files *)capture;
	capture->stats.bytes_read = 0;
	capture->stats.kernel_dropped = 0;
	for (size_t i = 0; i < files->count; i++) {
		const struct reader *reader = &files->readers[i];
		uint64_t *dropped = &capture->stats.kernel_dropped;
		capture->stats.bytes_read += reader->input.bytes_read;
		if (__builtin_add_overflow(*dropped, reader->dropped, dropped))
			*dropped = UINT64_MAX;
	}
}

static void files_close(struct capture *capture)
{
	struct files *files = (struct files *)capture;
	for (size_t i = 0; i < files->count; i++) {
		input_free(&files->readers[i].input);
		free(files->readers[i].section);
	}
	filter_free(files->filter);
	free(files->readers);
	free(files->heap);
	free(files->dry);
	free(files);
}

void reader_break(struct reader *reader, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(reader->problem, sizeof(reader->problem), format, args);
	va_end(args);
}

static void keep_taken(struct reader *reader, struct filter *filter)
{
	size_t kept = 0;
	for (size_t i = 0; i < reader->count; i++) {
		if (filter_takes(filter, &reader->frames[i]))
			reader->frames[kept++] = reader->frames[i];
	}
	reader->count = kept;
}

/*
 * Fills reader->frames; returns how many.  0: nothing yet; -ENODATA: the end; other
 * negative errno: broken.
 */
static int reader_fill(struct reader *reader, struct filter *filter, int timeout_ms)
{
	reader->next = 0;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		if (reader->problem[0] != '\0')
			return -EBADMSG;
		reader->parse(reader);
		size_t found = reader->count;
		reader->packets += found;
		if (filter != NULL)
			keep_taken(reader, filter);
		if (reader->count > 0)
			return (int)reader->count;
		if (found > 0 || reader->problem[0] != '\0')
			continue;
		int got = input_need(&reader->input, reader->want, timeout_ms);
		if (got <= 0)
			return got;
	}
	return 0;
}

/* A file has no more to give; result is reader_fill()'s. */
static void reader_end(struct files *files, struct reader *reader, int result)
{
	struct capture *capture = &files->capture;
	unsigned long long packets = reader->packets;
	if (result != -ENODATA) {
		const char *reason = reader->problem[0] != '\0' ? reader->problem
								: strerror(-result);
		files->failure = result;
		capture_say(capture, "%.*s: broken after %llu packets: %s",
			    NAME_SHOWN_MAX, reader->name, packets, reason);
	} else if (input_left(&reader->input) > 0 || reader->skip > 0) {
		capture->stats.cut_short++;
		if (capture->error[0] == '\0')
			capture_say(capture, "%.*s: cut short after %llu packets",
				    NAME_SHOWN_MAX, reader->name, packets);
	}
	input_free(&reader->input);
}

static int files_end(struct files *files)
{
	struct capture *capture = &files->capture;
	if (files->filter != NULL && capture->error[0] == '\0')
		capture_say(capture, "%s", filter_problem(files->filter));
	capture->ended = true;
	return files->failure;
}

static int files_next_single(struct files *files, const struct frame **frames,
			     int timeout_ms)
{
	struct reader *reader = &files->readers[0];
	int count = reader_fill(reader, files->filter, timeout_ms);
	*frames = reader->frames;
	if (count >= 0)
		return count;
	reader_end(files, reader, count);
	return files_end(files);
}

static bool comes_before(const struct reader *a, const struct reader *b)
{
	int64_t a_us = a->frames[a->next].at_us;
	int64_t b_us = b->frames[b->next].at_us;
	return a_us != b_us ? a_us < b_us : a < b;
}

static void heap_sink(struct files *files)
{
	struct reader **heap = files->heap;
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= files->heap_count)
			return;
		if (child + 1 < files->heap_count &&
		    comes_before(heap[child + 1], heap[child]))
			child++;
		if (!comes_before(heap[child], heap[at]))
			return;
		struct reader *reader = heap[at];
		heap[at] = heap[child];
		heap[child] = reader;
		at = child;
	}
}

static void heap_add(struct files *files, struct reader *reader)
{
	size_t at = files->heap_count++;
	struct reader **heap = files->heap;
	while (at > 0 && comes_before(reader, heap[(at - 1) / 2])) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = reader;
}

/* True once every file that has not ended has a frame in the heap. */
static bool fill_dry(struct files *files, int timeout_ms)
{
	while (files->dry_count > 0) {
		struct reader *reader = files->dry[files->dry_count - 1];
		int count = reader_fill(reader, files->filter, timeout_ms);
		if (count == 0)
			return false;
		files->dry_count--;
		if (count > 0)
			heap_add(files, reader);
		else
			reader_end(files, reader, count);
	}
	return true;
}

static int files_next_merged(struct files *files, const struct frame **frames,
			     int timeout_ms)
{
	if (!fill_dry(files, timeout_ms))
		return 0;
	if (files->heap_count == 0)
		return files_end(files);
	int count = 0;
	*frames = files->batch;
	while (count < CAPTURE_BATCH) {
		struct reader *first = files->heap[0];
		files->batch[count++] = first->frames[first->next++];
		if (first->next == first->count) {
			files->heap[0] = files->heap[--files->heap_count];
			files->dry[files->dry_count++] = first;
			heap_sink(files);
			break;
		}
		heap_sink(files);
	}
	return count;
}

static int files_next(struct capture *capture, const struct frame **frames,
		      int timeout_ms)
{
	struct files *files = (struct files *)capture;
	if (capture->ended)
		return files->failure;
	if (files->count == 1)
		return files_next_single(files, frames, timeout_ms);
	return files_next_merged(files, frames, timeout_ms);
}

static const struct capture_ops files_ops = {
	.is_live = false,
	.next = files_next,
	.update_stats = files_update_stats,
	.close = files_close,
};

/* Magic numbers of what captures are compressed with, and what undoes it. */
static const struct compression {
	uint8_t magic[MAGIC_LEN];
	uint8_t magic_len;
	const char *name, *tool;
} compressions[] = {
	{ { 0x1f, 0x8b }, 2, "gzip", "zcat" },
	{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, "zstd", "zstdcat" },
	{ { 0xfd, '7', 'z', 'X' }, 4, "xz", "xzcat" },
	{ { 'B', 'Z', 'h' }, 3, "bzip2", "bzcat" },
};

static void refuse_format(struct reader *reader, const uint8_t magic[static MAGIC_LEN])
{
	size_t count = sizeof(compressions) / sizeof(compressions[0]);
	for (size_t i = 0; i < count; i++) {
		const struct compression *known = &compressions[i];
		if (memcmp(magic, known->magic, known->magic_len) == 0) {
			reader_break(
				reader,
				"compressed with %s: %s FILE | breakwater replay -",
				known->name, known->tool);
			return;
		}
	}
	reader_break(reader, "not a pcap or pcapng file");
}

/* Waits for the first bytes of a file; false with problem set if there are fewer. */
static bool has_bytes(struct reader *reader, size_t want)
{
	int got = input_need(&reader->input, want, -1);
	if (got > 0)
		return true;
	size_t left = input_left(&reader->input);
	if (got == 0)
		reader_break(reader, "interrupted");
	else if (got != -ENODATA)
		reader_break(reader, "%s", strerror(-got));
	else if (left == 0)
		reader_break(reader, "empty");
	else if (left < MAGIC_LEN)
		reader_break(reader, "not a pcap or pcapng file");
	else
		reader_break(reader, "cut short in its header");
	return false;
}

/* Sets problem if the file is none that can be read. */
static void reader_start(struct reader *reader)
{
	if (!has_bytes(reader, MAGIC_LEN))
		return;
	uint8_t magic[MAGIC_LEN];
	memcpy(magic, reader->input.buffer + reader->input.begin, MAGIC_LEN);
	if (pcap_has_magic(magic)) {
		if (has_bytes(reader, PCAP_HEADER_LEN))
			pcap_start(reader);
	} else if (pcapng_has_magic(magic)) {
		if (has_bytes(reader, PCAPNG_HEADER_LEN))
			pcapng_start(reader);
	} else {
		refuse_format(reader, magic);
	}
}

static size_t buffer_size(size_t files)
{
	size_t size = BUFFERS_MAX / files;
	if (size < BUFFER_MIN)
		return BUFFER_MIN;
	return size < BUFFER_MAX ? size : BUFFER_MAX;
}

/* Opens a path that is to be read; 0 or -errno, a directory is one of them. */
static int path_open(const char *path, struct stat *info)
{
	int fd = STDIN_FILENO;
	if (strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	int error = 0;
	if (fstat(fd, info) != 0)
		error = errno;
	else if (S_ISDIR(info->st_mode))
		error = EISDIR;
	if (error == 0)
		return fd;
	if (fd != STDIN_FILENO)
		close(fd);
	return -error;
}

/* False with problem and *status set. */
static bool reader_open(struct files *files, struct reader *reader, const char *path,
			int *status)
{
	struct stat info = { 0 };
	reader->ifaces = &files->capture.ifaces;
	reader->name = strcmp(path, "-") == 0 ? "standard input" : path;
	int fd = path_open(path, &info);
	if (fd < 0) {
		*status = fd == -EACCES || fd == -EPERM ? STATUS_NOT_PERMITTED
							: STATUS_WRONG_FILE;
		reader_break(reader, "%s", strerror(-fd));
		return false;
	}
	bool is_regular = S_ISREG(info.st_mode);
	*status = STATUS_WRONG_FILE;
	if (!input_init(&reader->input, fd, is_regular, buffer_size(files->count)))
		reader_break(reader, "out of memory");
	else if (isatty(fd))
		reader_break(reader, "a terminal, not a capture file");
	else
		reader_start(reader);
	if (is_regular)
		files->capture.stats.bytes_total += (uint64_t)info.st_size;
	return reader->problem[0] == '\0';
}

/* Lets the process open as many files as it was asked to, if it may. */
static void raise_file_limit(size_t count)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur >= count + SPARE_FDS)
		return;
	limit.rlim_cur = count + SPARE_FDS;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static struct files *files_new(size_t count, const char *filter,
			       char error[static CAPTURE_ERROR_MAX])
{
	struct files *files = calloc(1, sizeof(*files));
	snprintf(error, CAPTURE_ERROR_MAX, "out of memory");
	if (files == NULL)
		return NULL;
	files->capture.ops = &files_ops;
	files->readers = calloc(count, sizeof(*files->readers));
	files->heap = calloc(count, sizeof(struct reader *));
	files->dry = calloc(count, sizeof(struct reader *));
	if (files->readers == NULL || files->heap == NULL || files->dry == NULL)
		goto fail;
	if (filter != NULL && (files->filter = filter_new(filter, error)) == NULL)
		goto fail;
	files->count = count;
	for (size_t i = 0; i < count; i++) {
		files->readers[i].input.fd = -1;
		files->dry[i] = &files->readers[i];
	}
	files->dry_count = count;
	error[0] = '\0';
	return files;
fail:
	capture_close(&files->capture);
	return NULL;
}

static struct capture *files_refuse(struct files *files, const struct reader *reader,
				    char error[static CAPTURE_ERROR_MAX])
{
	snprintf(error, CAPTURE_ERROR_MAX, "%.*s: %s", NAME_SHOWN_MAX, reader->name,
		 reader->problem);
	capture_close(&files->capture);
	return NULL;
}

struct capture *capture_files(const char *const *paths, size_t count,
			      const char *filter, char error[static CAPTURE_ERROR_MAX],
			      int *status)
{
	*status = STATUS_WRONG_FILE;
	if (count == 0) {
		snprintf(error, CAPTURE_ERROR_MAX, "no capture file");
		return NULL;
	}
	struct files *files = files_new(count, filter, error);
	if (files == NULL)
		return NULL;
	raise_file_limit(count);
	bool all_regular = true;
	for (size_t i = 0; i < count; i++) {
		struct reader *reader = &files->readers[i];
		if (!reader_open(files, reader, paths[i], status))
			return files_refuse(files, reader, error);
		all_regular = all_regular && reader->input.is_regular;
	}
	if (!all_regular)
		files->capture.stats.bytes_total = 0;
	*status = 0;
	return &files->capture;
}

struct capture *capture_memory(const uint8_t *at, size_t len, const char *filter,
			       char error[static CAPTURE_ERROR_MAX])
{
	struct files *files = files_new(1, filter, error);
	if (files == NULL)
		return NULL;
	struct reader *reader = &files->readers[0];
	reader->name = "memory";
	reader->ifaces = &files->capture.ifaces;
	if (!input_init_memory(&reader->input, at, len))
		reader_break(reader, "out of memory");
	else
		reader_start(reader);
	if (reader->problem[0] != '\0')
		return files_refuse(files, reader, error);
	files->capture.stats.bytes_total = len;
	return &files->capture;
}
