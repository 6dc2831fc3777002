/*
 * scan_intake.c: scans that somebody made and gave to the monitor: kept, shown, and,
 * where they are about this machine, judged by its register.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "cli/monitor.h"
#include "cli/scan_body.h"

static void take_port(struct monitor *m, const struct scan_record *port)
{
	monitor_keep(m, RECORD_scan, port);
	if (!home_holds(&m->own, &port->ip))
		return;
	uint8_t proto = strcmp(port->transport, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	bool listens = host_listener_at(m->host, proto, &port->ip,
					(uint16_t)port->port) != NULL;
	detect_scan(m->detect, port, listens ? 1 : UNKNOWN_FLAG);
}

/* It has just begun: what is sent to its targets is ours. */
static int take_begin(struct monitor *m, const struct scan_run_record *run,
		      struct buf *message)
{
	if (!scan_known_begin(&m->scans, run, clock_us(CLOCK_REALTIME))) {
		buf_text(message,
			 "targets of a scan that begins are FIRST-LAST,FIRST-LAST");
		return -EINVAL;
	}
	buf_text(message, "what leaves for these targets is no attack");
	return 0;
}

int monitor_take_scan(struct monitor *m, const char *text, size_t len,
		      const char *actor, struct buf *message)
{
	struct scan_body body;
	if (!scan_body_read(&body, text, len, clock_us(CLOCK_REALTIME), message))
		return -EINVAL;
	if (body.run.end == UNKNOWN_TIME) {
		int error = take_begin(m, &body.run, message);
		scan_body_free(&body);
		return error;
	}
	scan_known_end(&m->scans, body.run.start, clock_us(CLOCK_REALTIME));
	record_text(body.run.user, sizeof(body.run.user), actor);
	monitor_keep(m, RECORD_scan_run, &body.run);
	for (size_t i = 0; i < body.count; i++)
		take_port(m, &body.ports[i]);
	buf_printf(message, "%zu ports are kept", body.count);
	scan_body_free(&body);
	return 0;
}
