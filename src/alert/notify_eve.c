/*
 * notify_eve.c: incidents as alert events of Suricata's EVE, a line each, in a file
 * that Filebeat, Splunk or Wazuh follow.
 *
 * The file is opened for each notice, so that one that was moved away by logrotate is
 * followed by a new one without a signal.  An event is in it whole or not at all, and
 * counts as told when the disk has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/notifier.h"
#include "base/file.h"

static bool check(const struct sink *sink, struct buf *message)
{
	const char *path = sink_url_path(sink);
	size_t len = strlen(path);
	if (path[0] == '/' && path[1] != '/' && path[len - 1] != '/')
		return true;
	buf_printf(message, "%s: eve:/FILE with an absolute path is needed", sink->url);
	return false;
}

static void write_events(struct buf *out, const struct notice *notice)
{
	for (size_t i = 0; i < notice->count; i++) {
		record_eve_incident(out, &notice->incidents[i], notice->reason);
		buf_char(out, '\n');
	}
}

/* A line that somebody else, or a fall of the machine, has left without its end. */
static bool is_torn(int fd, off_t size)
{
	char last = '\n';
	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* 0 or -errno: then the file is as it was. */
static int append(int fd, const struct buf *events)
{
	struct stat before;
	if (fstat(fd, &before) != 0)
		return -errno;
	if (!S_ISREG(before.st_mode))
		return -EINVAL;
	int status = is_torn(fd, before.st_size) ? file_write(fd, "\n", 1) : 0;
	if (status == 0)
		status = file_write(fd, events->at, events->len);
	if (status == 0 && fdatasync(fd) != 0)
		status = -errno;
	if (status != 0 && ftruncate(fd, before.st_size) != 0)
		return status;
	return status;
}

static int open_and_append(const char *path, const struct buf *events)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK,
		      SINK_FILE_MODE);
	if (fd < 0)
		return -errno;
	int status = append(fd, events);
	close(fd);
	return status;
}

static enum notify_outcome send_notice(struct sink *sink, const struct notice *notice,
				       struct buf *error)
{
	struct buf events = { 0 };
	write_events(&events, notice);
	int status = buf_ok(&events) ? open_and_append(sink_url_path(sink), &events)
				     : -ENOMEM;
	buf_free(&events);
	if (status == 0)
		return NOTIFY_SENT;
	buf_printf(error, "%s: %s", sink_url_path(sink),
		   status == -EINVAL ? "no plain file" : strerror(-status));
	return NOTIFY_LATER;
}

const struct notifier notifier_eve = {
	.name = "eve",
	.schemes = "eve",
	.doc = "A file of Suricata's EVE alerts.",
	.writes_path = true,
	.check = check,
	.send = send_notice,
};
