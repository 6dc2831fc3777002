/*
 * intake_sockets.c: what the machine's listening sockets tell, and what is news of it:
 * what was there when the daemon last ran is none, unless it is told otherwise now.
 */
#include <string.h>

#include "base/clock.h"
#include "cli/monitor.h"

/* A listener of the start that was there when the daemon last ran is no news. */
static bool is_old_news(struct monitor *m, const struct listener_record *listener)
{
	return m->baseline != NULL && strcmp(listener->change, "closed") != 0 &&
	       (baseline_takes(m->baseline, listener) ||
		baseline_is_first(m->baseline));
}

static bool is_same_word(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* It was there, but not as it is now: the register, or a firewall, is another. */
static bool is_told_anew(const struct monitor *m,
			 const struct listener_record *listener)
{
	const struct listener_record *was = baseline_find(m->baseline, listener);
	return was != NULL && (was->authorized != listener->authorized ||
			       strcmp(was->approval, listener->approval) != 0 ||
			       strcmp(was->user, listener->user) != 0 ||
			       !is_same_word(was->reach, listener->reach));
}

/* A trap that is answered is no service: nobody asks it, nor is it new or refused. */
static bool is_decoy(struct monitor *m, const struct listener_record *listener)
{
	if (!decoys_is_pid(&m->decoys, listener->pid))
		return false;
	struct listener_record known = *listener;
	known.authorized = 1;
	fleet_member_put(&m->fleet, RECORD_listener, &known);
	monitor_show(m, RECORD_listener, &known);
	return true;
}

void monitor_take_listener(void *self, const struct listener_record *listener)
{
	struct monitor *m = self;
	struct listener_record known = *listener;
	if (is_decoy(m, listener) || proving_is_pid(&m->proving, listener->pid))
		return;
	if (m->own_services != NULL)
		own_take_listener(m->own_services, listener, clock_us(CLOCK_MONOTONIC));
	bool first = m->baseline != NULL && baseline_is_first(m->baseline);
	bool old = is_old_news(m, listener);
	if (old)
		detect_known_listener(m->detect, &known);
	detect_listener(m->detect, &known);
	bool differs = old && !first && is_told_anew(m, &known);
	if (differs)
		known.change = "changed";
	if (!old || first || differs)
		store_put(m->store, RECORD_listener, &known);
	if (!old && !first)
		alerting_listener(&m->alerting, &known);
	fleet_member_put(&m->fleet, RECORD_listener, &known);
	monitor_show(m, RECORD_listener, &known);
	alerting_see(&m->alerting, RECORD_listener, &known, clock_us(CLOCK_REALTIME));
}

void monitor_take_socket(void *self, const struct socket_record *socket)
{
	struct monitor *m = self;
	if (!proving_holds(&m->proving, &socket->ip))
		monitor_keep(m, RECORD_socket, socket);
}

/* It listened when the daemon ended, and does not any more. */
static void take_gone(void *self, const struct listener_record *listener)
{
	struct monitor *m = self;
	struct listener_record gone = *listener;
	gone.at = clock_us(CLOCK_REALTIME);
	gone.change = "closed";
	gone.sockets = 0;
	alerting_listener(&m->alerting, &gone);
	monitor_keep(m, RECORD_listener, &gone);
}

void monitor_end_baseline(struct monitor *m)
{
	if (m->baseline == NULL)
		return;
	baseline_each_gone(m->baseline, take_gone, m);
	detect_settle(m->detect, clock_us(CLOCK_REALTIME));
	baseline_free(m->baseline);
	m->baseline = NULL;
}
