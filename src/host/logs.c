/*
 * logs.c: the thread that follows the logs; see logs.h.
 *
 * Four times a second it reads what is new, for as much CPU time as it may take then.
 * What waits longer than the files' own bound is left out, and counted: late news are
 * worth less than the machine's time.
 */
#include "host/logs.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ring.h"
#include "host/log_files.h"
#include "host/log_format.h"
#include "host/log_journal.h"
#include "host/log_line.h"

enum {
	RING_BYTES = 1 << 20,
	/* On their way to the main thread; what one piece of a file adds to them still
	 * finds room in the ring.  What does not waits in its log. */
	UNDERWAY_MAX = 1000,
	POLL_MS = 250,
	LOOK_MS = 1000,
	/* Of CPU time per poll: at most a tenth of a core, whatever is written. */
	READ_US = 25000,
	CLOCK_EVERY = 64, /* lines: asking the clock costs as much as a line */
};

static const char *const usual_files[] = { "/var/log/auth.log", "/var/log/secure",
					   "/var/log/mail.log", "/var/log/maillog",
					   "/var/log/syslog",   "/var/log/messages" };
enum { USUAL_FILES = sizeof(usual_files) / sizeof(usual_files[0]) };

struct logs {
	struct logs_options options;
	struct log_files *files;
	struct log_journal *journal;
	char journal_why[LOG_JOURNAL_WHY_MAX];
	struct ring *ring;
	pthread_t thread;
	int end; /* eventfd: the thread is to end */
	int64_t now_us, read_until_us;
	unsigned until_clock;
	uint64_t lines, logins, lost, skips;
	atomic_ullong put, taken; /* logins, into and out of the ring */
	pthread_mutex_t mutex;    /* of what follows */
	struct logs_status status;
};

/* ---- from lines to logins ---- */

static void take_message(void *to, const struct log_message *message)
{
	struct logs *logs = to;
	struct log_login login;
	logs->lines++;
	if (!log_formats_read(logs->options.formats, message, &login))
		return;
	logs->logins++;
	if (ring_put(logs->ring, 0, &login, sizeof(login)))
		logs->put++;
	else
		logs->lost++;
}

static void take_line(void *to, const struct log_format *format, const char *path,
		      struct bytes line)
{
	struct logs *logs = to;
	struct log_message message = {
		.format = format, .medium = path, .text = line, .at_us = logs->now_us
	};
	if (format == NULL &&
	    (!log_line_split(line, &message.identifier, &message.text) ||
	     !log_formats_know(logs->options.formats, message.identifier)))
		return;
	take_message(logs, &message);
}

/* ---- the thread ---- */

static bool may_read_piece(void *of)
{
	struct logs *logs = of;
	return logs->put - logs->taken < UNDERWAY_MAX &&
	       clock_us(CLOCK_THREAD_CPUTIME_ID) < logs->read_until_us;
}

static bool may_read_entry(void *of)
{
	struct logs *logs = of;
	if (logs->until_clock > 0) {
		logs->until_clock--;
		return true;
	}
	logs->until_clock = CLOCK_EVERY;
	return may_read_piece(logs);
}

static void read_all(struct logs *logs)
{
	logs->now_us = clock_us(CLOCK_REALTIME);
	logs->read_until_us = clock_us(CLOCK_THREAD_CPUTIME_ID) + READ_US;
	log_files_read(logs->files, may_read_piece, logs);
	if (logs->journal != NULL &&
	    !log_journal_read(logs->journal, may_read_entry, logs, take_message, logs))
		logs->skips++;
}

static void say_denied(const struct logs *logs, const struct log_files_status *files,
		       char *out, size_t size)
{
	bool journal = logs->journal_why[0] != '\0';
	int len = 0;
	out[0] = '\0';
	if (journal)
		len = snprintf(out, size, "the journal (%s)", logs->journal_why);
	if (files->denied[0] != '\0' && len >= 0 && (size_t)len < size)
		snprintf(out + len, size - (size_t)len, "%s%.360s (Permission denied)",
			 journal ? ", " : "", files->denied);
}

static void publish(struct logs *logs)
{
	struct log_files_status files;
	log_files_status(logs->files, &files);
	pthread_mutex_lock(&logs->mutex);
	struct logs_status *status = &logs->status;
	status->looked = true;
	status->journal = logs->journal != NULL;
	status->files = files.open;
	status->lines = logs->lines;
	status->logins = logs->logins;
	status->lost = logs->lost;
	status->skips = files.skips + logs->skips;
	status->odd = files.odd + logs->options.formats->gave_up;
	say_denied(logs, &files, status->denied, sizeof(status->denied));
	pthread_mutex_unlock(&logs->mutex);
}

static bool has_ended(const struct logs *logs)
{
	struct pollfd waited = { .fd = logs->end, .events = POLLIN };
	return poll(&waited, 1, POLL_MS) > 0;
}

static void *follow(void *self)
{
	struct logs *logs = self;
	int64_t look_us = INT64_MIN;
	pthread_setname_np(pthread_self(), "breakwater-logs");
	do {
		int64_t now_us = clock_us(CLOCK_MONOTONIC);
		if (now_us >= look_us) {
			log_files_look(logs->files, clock_us(CLOCK_REALTIME));
			look_us = now_us + LOOK_MS * 1000LL;
		}
		read_all(logs);
		publish(logs);
	} while (!has_ended(logs));
	return NULL;
}

/* ---- opening ---- */

/* A daemon's messages are in the journal and, copied, in files: one is enough. */
static bool wants_usual_files(const struct logs_options *options,
			      const struct log_journal *journal)
{
	return options->file_count == 0 && options->journal && journal == NULL;
}

static void each_pattern(const struct logs_options *options, bool usual,
			 void (*take)(void *to, const char *pattern,
				      const struct log_format *format),
			 void *to)
{
	const struct log_formats *formats = options->formats;
	for (size_t i = 0; i < options->file_count; i++)
		take(to, options->files[i], NULL);
	for (size_t i = 0; i < USUAL_FILES && usual; i++)
		take(to, usual_files[i], NULL);
	for (size_t i = 0; i < formats->count && options->programs; i++)
		for (size_t j = 0; j < formats->at[i]->files.count; j++)
			take(to, formats->at[i]->files.at[j], formats->at[i]);
}

static void add_pattern(void *to, const char *pattern, const struct log_format *format)
{
	log_files_add(to, pattern, format);
}

/* Signals are the main thread's. */
static bool start(struct logs *logs)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(&logs->thread, NULL, follow, logs) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

struct logs *logs_open(const struct logs_options *options)
{
	struct logs *logs = calloc(1, sizeof(*logs));
	if (logs == NULL)
		return NULL;
	logs->options = *options;
	pthread_mutex_init(&logs->mutex, NULL);
	logs->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	logs->ring = ring_new(RING_BYTES);
	logs->files = log_files_new(take_line, logs);
	if (options->journal)
		logs->journal = log_journal_open(options->journal_folder,
						 options->formats, logs->journal_why);
	if (logs->files != NULL)
		each_pattern(options, wants_usual_files(options, logs->journal),
			     add_pattern, logs->files);
	if (logs->end >= 0 && logs->ring != NULL && logs->files != NULL && start(logs))
		return logs;
	close(logs->end);
	logs->end = -1;
	logs_close(logs);
	return NULL;
}

void logs_close(struct logs *logs)
{
	const uint64_t one = 1;
	if (logs == NULL)
		return;
	if (logs->end >= 0) {
		if (write(logs->end, &one, sizeof(one)) == sizeof(one))
			pthread_join(logs->thread, NULL);
		close(logs->end);
	}
	log_journal_close(logs->journal);
	log_files_free(logs->files);
	ring_free(logs->ring);
	pthread_mutex_destroy(&logs->mutex);
	free(logs);
}

/* ---- the main thread's side ---- */

void logs_take(struct logs *logs, logs_emit emit, void *to)
{
	const struct log_login *login;
	uint16_t kind;
	size_t len;
	while ((login = ring_peek(logs->ring, &kind, &len)) != NULL) {
		emit(to, login);
		ring_pop(logs->ring);
		logs->taken++;
	}
}

void logs_status(struct logs *logs, struct logs_status *out)
{
	pthread_mutex_lock(&logs->mutex);
	*out = logs->status;
	pthread_mutex_unlock(&logs->mutex);
}

/* ---- folders ---- */

struct emitting {
	void (*emit)(void *to, const char *folder);
	void *to;
};

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Cuts the last name off; false if nothing but the root is left. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');
	if (slash == NULL || slash == path)
		return false;
	*slash = '\0';
	return true;
}

/*
 * The folder that holds all a pattern can name.  If it is not there yet, the one above,
 * as long as that is none of the root's: /var/log, but not /var.
 */
static void emit_folder(void *to, const char *pattern, const struct log_format *format)
{
	const struct emitting *emitting = to;
	char folder[LOG_WORD_MAX * 2];
	(void)format;
	int len = snprintf(folder, sizeof(folder), "%.*s", (int)strcspn(pattern, "*?["),
			   pattern);
	if (len < 0 || (size_t)len >= sizeof(folder) || !go_up(folder))
		return;
	if (!is_folder(folder) && (!go_up(folder) || strrchr(folder, '/') == folder))
		return;
	if (is_folder(folder))
		emitting->emit(emitting->to, folder);
}

void logs_folders(const struct logs_options *options,
		  void (*emit)(void *to, const char *folder), void *to)
{
	static const char *const of_journal[] = { "/run/log/journal",
						  "/var/log/journal",
						  "/etc/machine-id" };
	struct emitting emitting = { emit, to };
	if (options->journal) {
		for (size_t i = 0; i < sizeof(of_journal) / sizeof(of_journal[0]); i++)
			emit(to, of_journal[i]);
	}
	each_pattern(options, options->file_count == 0 && options->journal, emit_folder,
		     &emitting);
}
