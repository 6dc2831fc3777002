/*
 * privileges.c: see privileges.h.
 */
#include "cli/privileges.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture/capture.h"
#include "cli/readable.h"
#include "config/config.h"
#include "host/host.h"

/* ---- the guard ---- */

/* In the guard. */
static int open_capture(void *self, int fds[2])
{
	(void)self;
	fds[0] = capture_socket();
	if (fds[0] < 0)
		return fds[0];
	int steering = capture_steering();
	fds[1] = steering >= 0 ? steering : -1;
	return 0;
}

static void send_event(void *to, const struct host_event *event)
{
	(void)to;
	guard_emit(event, host_event_size(event->kind));
}

static bool open_watch(void *self)
{
	struct host_watch **watch = self;
	*watch = host_watch_open(send_event, NULL);
	return *watch != NULL;
}

static int watch_fd(void *self)
{
	struct host_watch **watch = self;
	return host_watch_fd(*watch);
}

static int watch_timeout_ms(void *self)
{
	struct host_watch **watch = self;
	return host_watch_timeout_ms(*watch);
}

static void run_watch(void *self)
{
	struct host_watch **watch = self;
	host_watch_run(*watch);
}

static void close_watch(void *self)
{
	struct host_watch **watch = self;
	if (*watch != NULL)
		host_watch_close(*watch);
}

void privileges_fork(struct privileges *p, const char *socket_path)
{
	struct host_watch *watch = NULL; /* the guard's alone: it is a copy there */
	struct guard_task task = { .self = &watch,
				   .open = open_watch,
				   .open_capture = open_capture,
				   .fd = watch_fd,
				   .timeout_ms = watch_timeout_ms,
				   .run = run_watch,
				   .close = close_watch,
				   .socket_path = socket_path };
	p->guard = guard_fork(&task);
	p->guard_error = p->guard == NULL ? errno : 0;
}

bool privileges_guard(struct privileges *p, char text[static GUARD_TEXT_MAX])
{
	if (p->guard != NULL)
		return guard_describe(p->guard, text);
	snprintf(text, GUARD_TEXT_MAX, "could not start: %s", strerror(p->guard_error));
	return false;
}

void privileges_close(struct privileges *p)
{
	guard_close(p->guard);
	p->guard = NULL;
}

/* ---- giving up the rest ---- */

static void own_state(const struct config *config)
{
	int error = sandbox_own_folder(config->state, config->user);
	if (error == 0 || geteuid() != 0)
		return;
	fprintf(stderr, "breakwater: state folder %s: %s\n", config->state,
		error == -ENOTEMPTY ? "other things than plain files of ours are in "
				      "it; choose one of its own with --state DIR"
				    : strerror(-error));
}

void privileges_drop(struct privileges *p, const struct config *config,
		     const char *config_path, const struct logs_options *logs)
{
	/* Who reads what a machine's daemons log, on Debian and with systemd. */
	static const char *const of_logs[] = { "adm", "systemd-journal", NULL };
	static const char *const none[] = { NULL };
	static struct readable readable;
	bool reads_logs = logs->journal || logs->programs || logs->file_count > 0;
	readable_add_config(&readable, config_path);
	/* Names in a capture filter, which is compiled anew when interfaces change:
	 * "port http". */
	readable_add(&readable, "/etc/nsswitch.conf");
	readable_add(&readable, "/etc/services");
	readable_add(&readable, "/etc/protocols");
	logs_folders(logs, readable_add_folder, &readable);
	readable_add_paths(&readable, &config->blocklists);
	readable_add_paths(&readable, &config->limits_files);
	readable_add_paths(&readable, &config->notify_files);
	readable_add(&readable, config->web_dashboards);
	if (config->report_compliance[0] != '\0')
		readable_add(&readable, config->report_compliance);
	if (config->web_certificate[0] != '\0') {
		readable_add_file(&readable, config->web_certificate);
		readable_add_file(&readable, config->web_key);
	}
	if (config->geo_database[0] != '\0')
		readable_add_file(&readable, config->geo_database);
	own_state(config);
	sandbox_enter(config->user, config->state, readable.at,
		      reads_logs ? of_logs : none, &p->sandbox);
}

void privileges_no_packets(struct privileges *p)
{
	p->no_packets = "not permitted; run as root or with CAP_NET_RAW to see traffic";
	fprintf(stderr, "breakwater: packets: %s\n", p->no_packets);
}

/*
 * Under a flood many want the processor, the kernel first, and who looks for help then
 * is answered by this one thread: auditd's priority_boost is for the same.  It is for
 * no thread or process that this one starts.  Where it may not be, it is not.
 */
void privileges_answer_first(void)
{
	enum { NICE = -10 };
	const struct sched_param none = { .sched_priority = 0 };
	if (sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none) == 0)
		(void)setpriority(PRIO_PROCESS, 0, NICE);
}

/* ---- status ---- */

static void put_part(struct buf *out, const char *name, bool holds, const char *detail)
{
	buf_printf(out, "\"%s\":{\"holds\":%s,\"detail\":\"", name,
		   holds ? "true" : "false");
	buf_json_text(out, detail);
	buf_text(out, "\"}");
}

void privileges_json(struct privileges *p, struct buf *out)
{
	char text[GUARD_TEXT_MAX];
	put_part(out, "capture", p->no_packets == NULL,
		 p->no_packets != NULL ? p->no_packets : "packets are watched");
	buf_text(out, ",\"privileges\":{");
	for (unsigned i = 0; i < SANDBOX_PARTS; i++) {
		put_part(out, sandbox_part_name((enum sandbox_part)i),
			 p->sandbox.holds[i], p->sandbox.detail[i]);
		buf_char(out, ',');
	}
	put_part(out, "guard", privileges_guard(p, text), text);
	buf_text(out, "},");
}
