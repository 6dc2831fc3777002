/*
 * monitor_alerting.c: what limits are given of a running monitor, and where what they
 * and the book of incidents say goes; see alerting.h.
 */
#include <stdio.h>

#include "base/clock.h"
#include "cli/monitor.h"
#include "cli/monitor_fleet.h"

/* Of a port the last minute is judged, of a listener its backlog: every few seconds. */
enum { LOOK_S = 5 };

static void keep(void *self, enum record_kind kind, const void *record)
{
	/* The store has the hours that it is made of; only a hub hears of it. */
	if (kind == RECORD_capacity)
		monitor_tell_capacity(self, record);
	else
		monitor_keep_quietly(self, kind, record);
}

bool monitor_prepare_alerting(struct monitor *m)
{
	const struct alerting_setup setup = { .self = m,
					      .keep = keep,
					      .config = &m->config,
					      .config_path = m->config_path,
					      .sensor = m->fleet.identity.name,
					      .own = &m->own,
					      .home = &m->home,
					      .programs = &m->programs };
	struct buf errors = { 0 };
	bool is_right = alerting_prepare(&m->alerting, &setup, &errors);
	if (!is_right)
		fwrite(errors.at, 1, errors.len, stderr);
	buf_free(&errors);
	return is_right;
}

static void say(struct buf *said)
{
	if (said->len > 0) {
		run_clear_progress();
		fwrite(said->at, 1, said->len, stderr);
	}
	buf_free(said);
}

void monitor_begin_alerting(struct monitor *m)
{
	struct buf said = { 0 };
	alerting_begin(&m->alerting, m->web != NULL ? web_address(m->web) : "",
		       clock_us(CLOCK_REALTIME), &said);
	say(&said);
}

bool monitor_take_sent(struct monitor *m)
{
	struct buf said = { 0 };
	bool is_there = alerting_take_sent(&m->alerting, &said);
	say(&said);
	return is_there;
}

/* ---- what limits see ---- */

struct looking {
	struct monitor *monitor;
	int64_t now_us;
	bool is_minute; /* one is over since the last look */
};

static void see_port(void *to, const struct port_record *port,
		     const struct port_detail *detail)
{
	const struct looking *looking = to;
	struct monitor *m = looking->monitor;
	struct port_record known = *port;
	(void)detail;
	if (proving_holds(&m->proving, &port->server_ip))
		return;
	monitor_describe_port(m, &known);
	alerting_see(&m->alerting, RECORD_port, &known, looking->now_us);
	if (looking->is_minute)
		alerting_minute_port(&m->alerting, &known, looking->now_us);
}

static void see_listener(void *to, const struct listener_record *listener)
{
	const struct looking *looking = to;
	struct monitor *m = looking->monitor;
	/* A trap is no service, and fills when it is scanned. */
	if (!proving_is_pid(&m->proving, listener->pid) &&
	    !decoys_is_pid(&m->decoys, listener->pid))
		alerting_see(&m->alerting, RECORD_listener, listener, looking->now_us);
}

static void look(struct monitor *m, int64_t now_us)
{
	struct looking looking = { m, now_us,
				   alerting_is_minute(&m->alerting, now_us) };
	if (m->pipeline != NULL)
		ports_each(pipeline_ports(m->pipeline), see_port, &looking);
	if (looking.is_minute)
		alerting_minute_end(&m->alerting, now_us);
	host_each(m->host, see_listener, &looking);
}

void monitor_watch_limits(struct monitor *m, int64_t now_us)
{
	struct buf said = { 0 };
	if (m->ticks / TICKS_PER_SECOND % LOOK_S == 0)
		look(m, now_us);
	alerting_second(&m->alerting, now_us, &said);
	say(&said);
}

/* ---- other rules ---- */

void monitor_take_alert_rules(struct monitor *m, struct alert_rules *rules)
{
	struct buf said = { 0 };
	alerting_take_rules(&m->alerting, rules, clock_us(CLOCK_REALTIME), &said);
	say(&said);
}
