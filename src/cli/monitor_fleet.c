/*
 * monitor_fleet.c: what of a running monitor hubs are told that is no record as it
 * comes; see monitor_fleet.h.
 */
#include "cli/monitor_fleet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "config/nats_server.h"

enum {
	SAY_S = 10,
	PORTS_AT_ONCE = 512,
	CERTIFICATE_S = 3600,
	CERTIFICATES_PER_S = 20, /* that are new: clients choose names to ask for */
};
#define SECOND_US 1000000LL

static void say(struct buf *said)
{
	if (said->len > 0) {
		run_clear_progress();
		fwrite(said->at, 1, said->len, stderr);
	}
	buf_free(said);
}

/* ---- how it is ---- */

static int64_t proven_us(const struct proving *proving, int64_t now_us)
{
	if (proving->passed_us == 0)
		return UNKNOWN_TIME;
	return now_us - (clock_us(CLOCK_MONOTONIC) - proving->passed_us);
}

__attribute__((format(printf, 3, 4))) static void add_words(char *text, size_t size,
							    const char *format, ...)
{
	size_t len = strlen(text);
	va_list arguments;
	if (len > 0 && len + 2 < size)
		len += (size_t)snprintf(text + len, size - len, "; ");
	va_start(arguments, format);
	vsnprintf(text + len, size - len, format, arguments);
	va_end(arguments);
}

static void put_blind(struct monitor *m, field_text256 blind)
{
	const struct host_means *means = host_means(m->host);
	char guard[GUARD_TEXT_MAX];
	if (m->privileges.no_packets != NULL)
		add_words(blind, sizeof(field_text256), "packets: %s",
			  m->privileges.no_packets);
	if (!privileges_guard(&m->privileges, guard))
		add_words(blind, sizeof(field_text256), "the guard %s", guard);
	if (means != NULL && means->reason[0] != '\0')
		add_words(blind, sizeof(field_text256), "sockets: %s", means->reason);
	if (!m->config.read_content)
		add_words(blind, sizeof(field_text256), "what is said (read.content)");
}

static void say_how_it_is(struct monitor *m, const char *state, int64_t now_us)
{
	struct sensor_record sensor;
	record_init(RECORD_sensor, &sensor);
	sensor.at = now_us;
	sensor.state = state;
	record_text(sensor.version, sizeof(sensor.version), BREAKWATER_VERSION);
	sensor.since = m->state.started_us;
	sensor.packets_dropped = m->state.totals.capture.kernel_dropped;
	sensor.proven = proven_us(&m->proving, now_us);
	put_blind(m, sensor.blind);
	fleet_member_describe(&m->fleet, now_us, &sensor);
	fleet_member_put(&m->fleet, RECORD_sensor, &sensor);
}

/* What a rollout waits for: told at once, a fleet has it sooner. */
static bool is_steered_anew(struct fleet_member *member)
{
	const struct fleet_steered *now = &member->steered;
	struct fleet_steered *told = &member->told;
	if (now->config_version == told->config_version &&
	    now->cut_off == told->cut_off &&
	    strcmp(now->config_refused, told->config_refused) == 0)
		return false;
	*told = *now;
	return true;
}

void monitor_watch_fleet(struct monitor *m, int64_t now_us)
{
	if (!m->fleet.is_member)
		return;
	fleet_member_second(&m->fleet);
	steering_second(&m->steering);
	/* Soon after the start for the first time. */
	bool is_due = m->ticks / TICKS_PER_SECOND % SAY_S == 1;
	if (is_steered_anew(&m->fleet) || is_due)
		say_how_it_is(m, "up", now_us);
}

/* ---- ports ---- */

static void tell_port(void *to, const struct port_record *port,
		      const struct port_detail *detail)
{
	struct monitor *m = to;
	struct port_record known = *port;
	(void)detail;
	if (proving_holds(&m->proving, &port->server_ip))
		return;
	monitor_describe_port(m, &known);
	fleet_member_put(&m->fleet, RECORD_port, &known);
}

/* Whose process listens there makes it this machine's own. */
void monitor_tell_capacity(struct monitor *m, const struct capacity_record *capacity)
{
	struct capacity_record known = *capacity;
	struct port_record port;
	record_init(RECORD_port, &port);
	port.server_ip = capacity->server_ip;
	port.port = capacity->port;
	port.transport = capacity->transport;
	monitor_describe_port(m, &port);
	record_text(known.process, sizeof(known.process), port.process);
	fleet_member_put(&m->fleet, RECORD_capacity, &known);
}

void monitor_tick_fleet(struct monitor *m)
{
	if (m->pipeline != NULL && fleet_member_wants(&m->fleet, RECORD_port))
		ports_each_whole(pipeline_ports(m->pipeline), &m->fleet.ports,
				 PORTS_AT_ONCE, tell_port, m);
}

/* ---- certificates ---- */

static uint64_t place_of(const struct tls_record *tls)
{
	struct buf place = { 0 };
	buf_add(&place, &tls->server_ip, sizeof(tls->server_ip));
	buf_add(&place, &tls->server_port, sizeof(tls->server_port));
	buf_text(&place, tls->sni);
	buf_char(&place, '\0');
	buf_text(&place, tls->sha256);
	uint64_t what = buf_ok(&place) ? hash_sum(place.at, place.len) : 0;
	buf_free(&place);
	return what;
}

void monitor_tell_certificate(struct monitor *m, const struct tls_record *tls)
{
	struct fleet_certificates *told = &m->fleet.certificates;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (tls->sha256[0] == '\0' || !fleet_member_wants(&m->fleet, RECORD_tls))
		return;
	if (now_us / SECOND_US != told->second) {
		told->second = now_us / SECOND_US;
		told->in_second = 0;
	}
	uint64_t what = place_of(tls), slot = what % FLEET_CERTIFICATES;
	bool is_old = told->at[slot].what == what &&
		      now_us - told->at[slot].told_us < CERTIFICATE_S * SECOND_US;
	if (is_old || told->in_second == CERTIFICATES_PER_S)
		return;
	told->in_second++;
	told->at[slot].what = what;
	told->at[slot].told_us = now_us;
	fleet_member_put(&m->fleet, RECORD_tls, tls);
}

/* ---- its life ---- */

void monitor_open_fleet(struct monitor *m)
{
	m->fleet.ports = PORTS_STEP_NONE;
	fleet_member_open(&m->fleet);
	fleet_member_tell_chain(&m->fleet, m->store);
}

/* The end of the audit chain is signed when the store is closed, and told yet. */
void monitor_close_fleet(struct monitor *m)
{
	if (m->fleet.feed != NULL)
		say_how_it_is(m, "gone", clock_us(CLOCK_REALTIME));
	store_close(m->store);
	m->store = NULL;
	fleet_member_close(&m->fleet);
}

void monitor_take_fleet(struct monitor *m)
{
	struct buf said = { 0 };
	fleet_member_take(&m->fleet, &said);
	say(&said);
}

/* What is to be talked to from the next start on; what was, goes on to be spared. */
static void spare_servers(struct monitor *m, const struct config_texts *servers)
{
	struct addr addr;
	for (size_t i = 0; i < servers->count; i++)
		if (nats_server_addr(servers->at[i], &addr))
			blocking_spare_server(&m->blocking, &addr,
					      WALL_SECONDS_MAX * SECOND_US);
}

void monitor_reload_fleet(struct monitor *m, const struct config *fresh,
			  struct buf *late)
{
	fleet_member_reload(&m->fleet, fresh, late);
	m->config.fleet_spool = fresh->fleet_spool;
	m->config.fleet_flows = fresh->fleet_flows;
	m->config.fleet_shared = fresh->fleet_shared;
	spare_servers(m, &fresh->fleet_servers);
}
