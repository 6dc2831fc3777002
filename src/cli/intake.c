/*
 * intake.c: records in, and on to whoever wants them; see monitor.h.
 *
 * Every record comes by here, on the main thread: what is detected, kept, shown and
 * answered is the same.
 */
#include "cli/monitor.h"
#include "cli/monitor_fleet.h"
#include "cli/monitor_reporting.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/conversing.h"
#include "cli/json.h"
#include "cli/privacy_by_hand.h"
#include "cli/probe_intake.h"
#include "cli/settings.h"
#include "cli/way_back.h"
#include "record/audit.h"

enum { STORE_SAID_S = 3600 };
#define SECOND_US 1000000LL

/* To whoever looks on; at the end nobody does. */
void monitor_show(struct monitor *m, enum record_kind kind, const void *record)
{
	if (m->web != NULL)
		web_live(m->web, kind, record);
	if (m->common.json)
		record_print(kind, record);
}

void monitor_keep_quietly(struct monitor *m, enum record_kind kind, const void *record)
{
	store_put(m->store, kind, record);
	fleet_member_put(&m->fleet, kind, record);
	monitor_show(m, kind, record);
}

/* Limits watch it, too. */
static void watch(struct monitor *m, enum record_kind kind, const void *record)
{
	alerting_see(&m->alerting, kind, record, clock_us(CLOCK_REALTIME));
}

void monitor_keep(struct monitor *m, enum record_kind kind, const void *record)
{
	monitor_keep_quietly(m, kind, record);
	watch(m, kind, record);
}

void monitor_audit(struct monitor *m, const char *action, const char *actor,
		   const char *subject, const char *before, const char *after)
{
	struct audit_record record;
	record_audit(&record, clock_us(CLOCK_REALTIME), action, actor, subject, before,
		     after);
	monitor_keep(m, RECORD_audit, &record);
}

/* ---- flows and ports ---- */

/* A long flow's report is followed by another; only the last is history. */
static bool has_ended(const struct flow_record *flow)
{
	return strcmp(flow->end_reason, "active") != 0;
}

static void keep_recent(struct recent *recent, const struct flow_record *flow)
{
	struct flow_record *place = &recent->at[recent->count % RECENT_FLOWS];
	if (recent->count >= RECENT_FLOWS && place->end > recent->forgotten_us)
		recent->forgotten_us = place->end;
	*place = *flow;
	recent->count++;
}

static void take_flow(void *self, const struct flow_record *flow)
{
	struct monitor *m = self;
	struct flow_record known = *flow;
	if (proving_flow(&m->proving, flow))
		return;
	summary_flow(&m->state.summary, flow);
	monitor_name_flow(m, &known);
	probe_intake_flow(m, &known);
	if (strcmp(flow->end_reason, "aggregate") != 0)
		record_community_id(&known, 0);
	detect_flow(m->detect, &known);
	blocking_flow(&m->blocking, &known);
	evidence_flow(&m->evidence, &known);
	if (has_ended(&known)) {
		keep_recent(&m->recent, &known);
		store_put(m->store, RECORD_flow, &known);
		fleet_member_put(&m->fleet, RECORD_flow, &known);
		conversing_flow(m, &known);
	}
	monitor_show(m, RECORD_flow, &known);
	watch(m, RECORD_flow, &known);
}

/* An attempt, whoever saw it. */
static void take_login(void *self, const struct login_record *login)
{
	struct monitor *m = self;
	blocking_login(&m->blocking, login);
	monitor_keep(m, RECORD_login, login);
}

/* The same, soon. */
static void take_attempt(void *self, const struct login_record *login)
{
	struct monitor *m = self;
	blocking_attempt(&m->blocking, login);
	detect_login(m->detect, login);
	evidence_login(&m->evidence, login);
}

static void take_contact(struct monitor *m, const struct contact_record *contact)
{
	struct contact_record known = *contact;
	if (proving_contact(&m->proving, contact))
		return;
	if (probe_intake_made(m, contact))
		known.probe = 1;
	blocking_contact(&m->blocking, &known);
	detect_contact(m->detect, &known);
	evidence_contact(&m->evidence, &known);
	fleet_member_put(&m->fleet, RECORD_contact, &known);
}

static void take_unsolicited(struct monitor *m, const struct unsolicited_record *record)
{
	if (proving_unsolicited(&m->proving, record))
		return;
	detect_unsolicited(m->detect, record);
	fleet_member_put(&m->fleet, RECORD_unsolicited, record);
}

/* What was said. */
static void take_record(void *self, enum record_kind kind, const void *record)
{
	struct monitor *m = self;
	switch (kind) {
	case RECORD_finding:
		if (!proving_evidence(&m->proving, record))
			detect_evidence(m->detect, record);
		return;
	case RECORD_login:
		login_intake_take(&m->logins, record);
		return;
	case RECORD_contact:
		take_contact(m, record);
		return;
	case RECORD_unsolicited:
		take_unsolicited(m, record);
		return;
	case RECORD_amplification:
		detect_amplification(m->detect, record);
		fleet_member_put(&m->fleet, kind, record);
		return;
	case RECORD_packet:
		packet_keeper_take(&m->packets, record);
		return;
	case RECORD_tls:
		detect_tls(m->detect, record);
		monitor_tell_certificate(m, record);
		break;
	default:
		break;
	}
	monitor_show(m, kind, record);
	watch(m, kind, record);
}

static uint8_t proto_of(const char *transport)
{
	if (transport == NULL)
		return 0;
	return strcmp(transport, "tcp") == 0   ? IPPROTO_TCP
	       : strcmp(transport, "udp") == 0 ? IPPROTO_UDP
					       : IPPROTO_SCTP;
}

/* 1: a socket of ours listens there; 0: none does; unknown: not ours, or not known. */
static uint8_t listens(const struct monitor *m, const struct port_record *port,
		       const struct host_listener **listener)
{
	uint8_t proto = proto_of(port->transport);
	bool ours = home_holds(&m->own, &port->server_ip);
	*listener = NULL;
	if (proto == 0 || port->port == UNKNOWN_U32)
		return UNKNOWN_FLAG;
	/* Who listens on every address of ours does not on another machine's. */
	if (!ours && !addr_is_group(&port->server_ip))
		return UNKNOWN_FLAG;
	*listener = host_listener_at(m->host, proto, &port->server_ip,
				     (uint16_t)port->port);
	if (*listener != NULL)
		return 1;
	return ours && host_is_synced(m->host) ? 0 : UNKNOWN_FLAG;
}

static const char *state_of(const struct port_record *port, uint8_t listening)
{
	if (listening == 1)
		return "open";
	uint64_t refused = port->rejected == UNKNOWN_U64 ? 0 : port->rejected;
	if (refused > 0 && refused >= port->flows)
		return "closed";
	return port->server_packets > 0 ? "open" : "silent";
}

uint8_t monitor_describe_port(const struct monitor *m, struct port_record *port)
{
	const struct host_listener *listener;
	uint8_t listening = listens(m, port, &listener);
	if (port->transport == NULL)
		return listening;
	port->state = state_of(port, listening);
	if (listening != UNKNOWN_FLAG)
		port->unused = listening == 0 &&
			       !detect_knows_service(m->detect, port->transport,
						     &port->server_ip, port->port);
	port->findings =
		detect_count(m->detect, port->transport, &port->server_ip, port->port);
	if (listener == NULL)
		return listening;
	port->pid = listener->pid;
	record_text(port->process, sizeof(port->process), listener->process);
	return listening;
}

static void take_port(void *self, const struct port_record *port,
		      const struct port_detail *detail)
{
	struct monitor *m = self;
	struct port_record known = *port;
	if (proving_port(&m->proving, port))
		return;
	uint8_t listening = monitor_describe_port(m, &known);
	evidence_second(&m->evidence, &known);
	detect_port(m->detect, &known, listening);
	alerting_count(&m->alerting, &known);
	store_put_port(m->store, &known, detail != NULL ? &detail->handshake : NULL,
		       detail != NULL ? &detail->response : NULL,
		       detail != NULL ? &detail->clients : NULL);
	monitor_show(m, RECORD_port, &known);
}

static void take_ruleset(void *self, const struct ruleset_record *ruleset)
{
	monitor_keep(self, RECORD_ruleset, ruleset);
}

static void take_finding(void *self, const struct finding_record *found)
{
	struct monitor *m = self;
	struct finding_record finding = *found;
	m->deciding = &finding;
	/* A block is an answer to an incident that is there. */
	if (!home_holds(&m->friends, &finding.client_ip)) {
		if (alerting_finding(&m->alerting, &finding))
			detect_rename_incident(m->detect, finding.id, finding.incident);
		blocking_finding(&m->blocking, &finding);
	}
	m->deciding = NULL;
	monitor_keep(m, RECORD_finding, &finding);
	packet_keeper_finding(&m->packets, &finding);
}

static void ask_for_packets(void *self, const struct packets_wanted *wanted)
{
	struct monitor *m = self;
	if (m->pipeline != NULL)
		pipeline_packets(m->pipeline, wanted);
}

static void keep_packet(void *self, const struct packet_record *packet)
{
	struct monitor *m = self;
	store_put(m->store, RECORD_packet, packet);
}

static int64_t tell_time(void *self)
{
	(void)self;
	return clock_us(CLOCK_REALTIME);
}

void monitor_take_event(struct monitor *m, const struct host_event *event)
{
	host_take(m->host, event);
	if (event->kind == HOST_SYNCED)
		monitor_end_baseline(m);
}

/* ---- probes ---- */

void monitor_take_probes(struct monitor *m)
{
	enum { AT_ONCE = 1024 }; /* the loop has other things to do, too */
	struct probe_record probe;
	for (int i = 0; i < AT_ONCE && probing_next(&m->probing, &probe); i++) {
		probe_intake_answer(m, &probe);
		alerting_target(&m->alerting, &probe);
		if (probe.state != NULL)
			monitor_keep(m, RECORD_probe, &probe);
	}
}

/* Evidence is for who looks for it, the failure for everybody. */
static void take_failure(void *self, enum record_kind kind, const void *record)
{
	struct monitor *m = self;
	if (kind == RECORD_failure)
		monitor_keep(m, kind, record);
	else
		store_put(m->store, kind, record);
}

/* ---- every second ---- */

/* Said once, again after an hour, and when it is over. */
static void note_store(struct monitor *m, const struct store_status *store,
		       int64_t at_us)
{
	bool changed = store->state != m->store_state;
	bool long_ago = at_us - m->store_said_us > STORE_SAID_S * SECOND_US;
	if (!changed && (store->state == STORE_OK || !long_ago))
		return;
	m->store_state = store->state;
	m->store_said_us = at_us;
	run_clear_progress();
	if (store->state != STORE_OK)
		fprintf(stderr, "breakwater: store: %s\n", store->message);
	else if (changed)
		fprintf(stderr, "breakwater: store: writing again\n");
}

/* As rules know it (limit/usual.h); a lock is not our fault, and ends. */
static const char *store_word(enum store_state state)
{
	if (state == STORE_OK || state == STORE_LOCKED)
		return state == STORE_OK ? "ok" : NULL;
	return state == STORE_FULL ? "full" : "failed";
}

void monitor_take_second(struct monitor *m)
{
	struct store_status store;
	int64_t at_us = m->state.second_us;
	store_status(m->store, &store);
	note_store(m, &store, at_us);
	privacy_forget(m);
	m->state.self.store_bytes = store.bytes;
	m->state.self.store_state = store_word(store.state);
	if (probing_is_wanted(&m->probing))
		m->state.self.prober_ends = probing_ends(&m->probing);
	monitor_put_room(m, &m->state.self);
	monitor_put_clock(&m->state.self);
	monitor_tell_witness(m, at_us);
	detect_tick(m->detect, at_us);
	blocking_second(&m->blocking);
	monitor_watch_register(m, at_us);
	monitor_watch_reporting(m, at_us);
	monitor_watch_fleet(m, at_us);
	monitor_watch_limits(m, at_us);
	alerting_foretell(&m->alerting, store.oldest_us, at_us);
	probe_intake_second(m);
	proving_second(&m->proving);
	monitor_keep(m, RECORD_self, &m->state.self);
}

/* ---- opening and closing ---- */

static const char *service_of(void *self, uint8_t proto, uint16_t port)
{
	const struct monitor *m = self;
	return catalog_service(m->catalog, proto, port);
}

static const char *class_of(void *self, uint8_t proto, uint16_t port)
{
	const struct monitor *m = self;
	return catalog_class(m->catalog, proto, port);
}

static void know(void *self, const struct listener_record *listener)
{
	struct monitor *m = self;
	detect_known_listener(m->detect, listener);
}

static void take_up(void *self, const struct finding_record *finding)
{
	struct monitor *m = self;
	detect_restore(m->detect, finding);
}

static bool open_policy(struct monitor *m)
{
	struct buf errors = { 0 };
	bool opened = policy_file_open(&m->policy, m->config.state, &errors);
	if (!opened) {
		const char *text = buf_cstr(&errors);
		fprintf(stderr,
			"%sbreakwater: the register of authorised ports can't be used; "
			"mend it, or remove it to go on without\n",
			text != NULL ? text : "");
	}
	buf_free(&errors);
	return opened;
}

static struct store_limits limits_of_store(const struct config *config)
{
	return (struct store_limits){
		.flows_s = config->retention_flows,
		.ports_10s_s = config->retention_ports_10s,
		.ports_1m_s = config->retention_ports_1m,
		.ports_1h_s = config->retention_ports_1h,
		.ports_1d_s = config->retention_ports_1d,
		.events_s = config->retention_events,
		.probes_s = config->retention_probes,
		.failures_s = config->retention_failures,
		.packets_s = config->retention_failures,
		.packets_bytes = config->retention_packets,
		.evidence_s = config->retention_evidence,
		.evidence_bytes = config->retention_evidence_size,
		.size_bytes = config->retention_size,
	};
}

void monitor_limit_store(struct monitor *m)
{
	struct store_limits limits = limits_of_store(&m->config);
	store_limit(m->store, &limits);
}

static void keep_sources(struct monitor *m)
{
	struct buf why = { 0 };
	if (!detect_keep(m->detect, m->config.state, clock_us(CLOCK_REALTIME), &why)) {
		const char *text = buf_cstr(&why);
		fprintf(stderr, "breakwater: %s\n", text != NULL ? text : "");
	}
	buf_free(&why);
}

bool monitor_open(struct monitor *m)
{
	struct host_options host = { .self = m,
				     .service = service_of,
				     .class_of = class_of,
				     .listener = monitor_take_listener,
				     .socket = monitor_take_socket,
				     .ruleset = take_ruleset };
	struct detect_sink found = { .self = m,
				     .finding = take_finding,
				     .clock_us = tell_time };
	struct logins_sink logins = { .self = m,
				      .login = take_login,
				      .attempt = take_attempt };
	struct store_limits limits = limits_of_store(&m->config);
	if (!open_policy(m))
		return false;
	maintaining_open(&m->maintaining, m->config.state, clock_us(CLOCK_REALTIME));
	m->host = host_new(&host);
	m->detect = detect_new(&found);
	m->packets = (struct packet_keeper){ .self = m,
					     .ask = ask_for_packets,
					     .keep = keep_packet,
					     .detect = m->detect,
					     .own = &m->own };
	m->baseline = baseline_read(m->config.state);
	/* Before the store is written: it is read. */
	bool has_incidents = alerting_open(&m->alerting);
	bool has_approvals = monitor_read_register(m);
	m->store = store_open(m->config.state, &limits);
	m->probing.take_failure = take_failure;
	if (m->host == NULL || m->detect == NULL || m->baseline == NULL ||
	    m->store == NULL || !has_incidents || !has_approvals ||
	    !probe_intake_open(m) || !login_intake_open(&m->logins, &logins)) {
		fprintf(stderr, "breakwater: not enough memory\n");
		return false;
	}
	if (m->config.detect_attacks)
		m->evidence = (struct evidence){ .store = m->store,
						 .own = &m->own,
						 .home = &m->home };
	monitor_open_fleet(m);
	detect_set_ways(m->detect, way_back, NULL);
	m->recent.forgotten_us = INT64_MIN;
	monitor_read_addresses(m);
	monitor_read_rules(m);
	monitor_read_blocklists(m);
	keep_sources(m);
	baseline_each(m->baseline, know, m);
	detect_set_policy(m->detect, m->policy.policy, clock_us(CLOCK_REALTIME));
	baseline_each_finding(m->baseline, take_up, m);
	monitor_tell_observed(m);
	monitor_audit(m, "start", "breakwater", "breakwater", "", m->policy.digest);
	monitor_begin_alerting(m);
	monitor_begin_register(m);
	monitor_open_proving(m);
	monitor_open_reporting(m);
	return monitor_open_blocking(m);
}

/* What is said at the end blocks nobody any more. */
void monitor_close(struct monitor *m)
{
	blocking_close(&m->blocking);
	login_intake_close(&m->logins);
	if (m->detect != NULL)
		detect_flush(m->detect, clock_us(CLOCK_REALTIME));
	alerting_close(&m->alerting);
	conversing_close(m);
	if (m->store != NULL)
		monitor_audit(m, "stop", "breakwater", "breakwater", "", "");
	monitor_close_fleet(m);
	detect_free(m->detect);
	blocklists_close(&m->blocklists);
	host_free(m->host);
	baseline_free(m->baseline);
	own_free(m->own_services);
	policy_file_close(&m->policy);
	approvals_close(&m->approvals);
}

struct pipeline_sink monitor_sink(struct monitor *m)
{
	return (struct pipeline_sink){
		.self = m, .flow = take_flow, .record = take_record, .port = take_port
	};
}
