/*
 * answers.c: what the web room asks of a running daemon; see monitor.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/answers_settings.h"
#include "cli/explaining.h"
#include "cli/figures.h"
#include "cli/monitor.h"
#include "cli/monitor_reporting.h"
#include "cli/settings.h"
#include "cli/status_json.h"

enum { LIST_WAIT_MS = 300 };

struct emitting {
	struct monitor *monitor;
	web_emit emit;
	void *to;
};

static void emit_port(void *to, const struct port_record *port,
		      const struct port_detail *detail)
{
	const struct emitting *e = to;
	struct port_record known = *port;
	(void)detail;
	if (proving_holds(&e->monitor->proving, &port->server_ip))
		return;
	monitor_describe_port(e->monitor, &known);
	e->emit(e->to, &known);
}

static void give_ports(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	if (m->pipeline != NULL)
		ports_each(pipeline_ports(m->pipeline), emit_port, &e);
}

static bool is_home(void *self, const struct addr *addr)
{
	const struct monitor *m = self;
	return home_holds(&m->home, addr);
}

static void emit_flow(void *to, const struct flow_record *flow)
{
	const struct emitting *e = to;
	struct flow_record known = *flow;
	if (proving_holds_flow(&e->monitor->proving, flow))
		return;
	monitor_name_flow(e->monitor, &known);
	record_community_id(&known, 0);
	e->emit(e->to, &known);
}

static void give_flows(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	if (m->pipeline != NULL)
		pipeline_list(m->pipeline, LIST_WAIT_MS, emit_flow, &e);
	uint64_t end = m->recent.count;
	uint64_t begin = end > RECENT_FLOWS ? end - RECENT_FLOWS : 0;
	for (uint64_t i = end; i > begin; i--)
		emit(to, &m->recent.at[(i - 1) % RECENT_FLOWS]);
}

static void give_self(void *self, struct self_record *out)
{
	*out = ((struct monitor *)self)->state.self;
}

static void emit_listener(void *to, const struct listener_record *listener)
{
	const struct emitting *e = to;
	struct listener_record known = *listener;
	if (proving_is_pid(&e->monitor->proving, listener->pid))
		return;
	if (decoys_is_pid(&e->monitor->decoys, listener->pid)) {
		known.authorized = 1;
	} else if (e->monitor->policy.policy != NULL) {
		struct buf reason = { 0 };
		policy_mark(e->monitor->policy.policy, &known, clock_us(CLOCK_REALTIME),
			    &reason);
		buf_free(&reason);
	}
	e->emit(e->to, &known);
}

static void give_listeners(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	host_each(m->host, emit_listener, &e);
}

static void emit_socket(void *to, const struct socket_record *socket)
{
	const struct emitting *e = to;
	if (!proving_holds(&e->monitor->proving, &socket->ip))
		e->emit(e->to, socket);
}

static void give_sockets(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	host_each_socket(m->host, emit_socket, &e);
}

static void emit_finding(void *to, const struct finding_record *finding)
{
	const struct emitting *e = to;
	e->emit(e->to, finding);
}

static void give_findings(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	detect_each(m->detect, emit_finding, &e);
}

static void emit_block(void *to, const struct block_record *block)
{
	const struct emitting *e = to;
	e->emit(e->to, block);
}

static void give_blocks(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	if (m->blocking.respond != NULL)
		respond_each(m->blocking.respond, emit_block, &e);
}

static void emit_incident(void *to, const struct incident_record *incident)
{
	const struct emitting *e = to;
	e->emit(e->to, incident);
}

static void give_incidents(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	alerting_each(&m->alerting, emit_incident, &e);
}

static void emit_alert(void *to, const struct alert_record *alert)
{
	const struct emitting *e = to;
	e->emit(e->to, alert);
}

static void emit_level(void *to, const struct level_record *level)
{
	const struct emitting *e = to;
	e->emit(e->to, level);
}

static void give_levels(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	alerting_each_level(&m->alerting, emit_level, &e);
}

static void give_alerts(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	alerting_each_alert(&m->alerting, emit_alert, &e);
}

static void emit_silence(void *to, const struct silence_record *silence)
{
	const struct emitting *e = to;
	e->emit(e->to, silence);
}

static void give_silences(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { m, emit, to };
	alerting_each_silence(&m->alerting, emit_silence, &e);
}

static void note_reader(void *self, const struct addr *reader)
{
	struct monitor *m = self;
	blocking_reader(&m->blocking, reader);
}

static const struct histogram *give_latency(void *self)
{
	const struct monitor *m = self;
	return detect_latency(m->detect);
}

static void give_probes(void *self, web_emit emit, void *to)
{
	const struct monitor *m = self;
	for (size_t i = 0; i < m->probing.count; i++)
		emit(to, &m->probing.last[i]);
}

static bool ask_probe(void *self, const struct web_probe *probe,
		      web_probe_answer answer, void *to, const char **why)
{
	struct monitor *m = self;
	return probing_page(&m->probing, probe, answer, to, why);
}

static bool push(void *self, const struct web_push *push, web_probe_answer answer,
		 void *to, const char **why)
{
	struct monitor *m = self;
	return probing_push(&m->probing, push, answer, to, why);
}

/* ---- status ---- */

static void count_outside(void *to, const struct listener_record *listener)
{
	uint64_t *outside = to;
	*outside += listener->reach != NULL && strcmp(listener->reach, "outside") == 0;
}

static uint64_t source_hash(const struct addr *client)
{
	static const struct hash_key
		fixed; /* whoever aims at it makes an estimate worse */
	uint64_t words[2];
	memcpy(words, client, sizeof(words));
	return hash_words(&fixed, words, 2);
}

static void count_attack(struct status_findings *counts,
			 const struct finding_record *finding)
{
	const struct finding_record *worst = &counts->worst;
	int severity = record_severity(finding->severity);
	int than = worst->kind != NULL ? record_severity(worst->severity) : -1;
	counts->attacks++;
	if (!addr_is_unset(&finding->client_ip))
		cardinality_add(&counts->sources, source_hash(&finding->client_ip));
	if (severity > than || (severity == than && finding->last > worst->last))
		counts->worst = *finding;
}

static void count_finding(void *to, const struct finding_record *finding)
{
	struct status_findings *counts = to;
	int severity = record_severity(finding->severity);
	if (severity <= SEVERITY_NOTICE)
		return;
	counts->open++;
	counts->high += severity >= SEVERITY_HIGH;
	if (finding->incident[0] != '\0')
		count_attack(counts, finding);
}

static void put_policy(const struct monitor *m, struct buf *json)
{
	const struct policy *policy = m->policy.policy;
	if (policy == NULL)
		status_json_policy(json, NULL, 0, 0);
	else
		status_json_policy(
			json, m->policy.path, policy_count(policy),
			policy_count_expired(policy, clock_us(CLOCK_REALTIME)));
}

static void put_prober(struct monitor *m, struct buf *json)
{
	char detail[GUARD_TEXT_MAX];
	bool holds = probing_describe(&m->probing, detail);
	struct own_counts own = { 0 };
	if (m->own_services != NULL)
		own_counts(m->own_services, &own);
	struct status_probes probes = { .targets = m->probing.count,
					.own = own.targets,
					.own_left_out = own.left_out,
					.ends = probing_ends(&m->probing),
					.unrecorded = m->probing.unrecorded };
	probing_count(&m->probing, probes.by_state);
	status_json_prober(json, holds, detail, &probes);
	buf_char(json, ',');
}

static void put_traps(struct monitor *m, struct buf *json)
{
	struct port_set ports, served;
	char detail[GUARD_TEXT_MAX] = "";
	if (m->config.traps_ports.count == 0)
		return;
	settings_traps(&m->config, &ports);
	detect_served_traps(m->detect, &served);
	bool answers = decoys_are_wanted(&m->decoys);
	const struct status_traps traps = {
		.ports = port_set_count(&ports),
		.served = &served,
		.taken = &m->decoys.taken,
		.answers = answers,
		.holds = !answers || decoys_describe(&m->decoys, detail),
		.detail = detail,
		.stats = m->decoys.stats,
	};
	status_json_traps(json, &traps);
	buf_char(json, ',');
}

static void put_firewall(struct monitor *m, struct buf *json)
{
	struct blocking *b = &m->blocking;
	char detail[GUARD_TEXT_MAX];
	if (b->respond == NULL)
		return;
	const struct status_firewall firewall = {
		.mode = m->config.block_mode,
		.holds = blocking_describe(b, detail),
		.detail = detail,
		.answers = respond_state(b->respond),
		.wall = b->wall,
		.waiting = b->queue.count,
	};
	status_json_firewall(json, &firewall);
	buf_char(json, ',');
}

static void put_program(struct monitor *m, struct buf *json)
{
	if (!programs_are_wanted(&m->programs))
		return;
	programs_json(&m->programs, json);
	buf_char(json, ',');
}

static void put_blocklists(const struct monitor *m, struct buf *json)
{
	struct blocklists_counts counts;
	blocklists_count(&m->blocklists, &counts);
	if (counts.lists == 0)
		return;
	status_json_blocklists(json, &counts);
	buf_char(json, ',');
}

static void give_status(void *self, struct buf *json)
{
	struct monitor *m = self;
	struct store_status store;
	uint64_t outside = 0;
	struct status_findings findings = { .latency = detect_latency(m->detect) };
	run_status_json(&m->state, &m->config, &m->home, &m->privileges,
			web_address(m->web), json);
	buf_char(json, ',');
	store_status(m->store, &store);
	status_json_store(json, &store);
	buf_char(json, ',');
	host_each(m->host, count_outside, &outside);
	status_json_sockets(json, host_count(m->host), outside, host_is_synced(m->host),
			    host_means(m->host));
	buf_char(json, ',');
	login_intake_json(&m->logins, json);
	buf_char(json, ',');
	detect_each(m->detect, count_finding, &findings);
	status_json_findings(json, &findings);
	buf_char(json, ',');
	alerting_json(&m->alerting, NULL, NULL, json);
	buf_char(json, ',');
	if (probing_is_wanted(&m->probing))
		put_prober(m, json);
	put_traps(m, json);
	put_firewall(m, json);
	put_program(m, json);
	put_blocklists(m, json);
	proving_json(&m->proving, json);
	fleet_member_json(&m->fleet, clock_us(CLOCK_REALTIME), json);
	put_policy(m, json);
	buf_char(json, '}');
}

/* ---- from when on memory is whole ---- */

static int64_t memory_since_us(void *self, enum record_kind kind)
{
	const struct monitor *m = self;
	if (kind == RECORD_port)
		return m->state.second_us - (int64_t)PORTS_WINDOW_S * 1000000;
	if (m->recent.forgotten_us < m->state.started_us)
		return m->state.started_us;
	return m->recent.forgotten_us + 1;
}

static bool give_policy(void *self, struct buf *yaml)
{
	const struct monitor *m = self;
	if (m->policy.policy == NULL)
		return false;
	buf_add(yaml, m->policy.text.at, m->policy.text.len);
	return true;
}

static int apply_policy(void *self, const char *text, size_t len, const char *actor,
			struct buf *message)
{
	const struct policy_change change = { "policy_apply", "breakwater", text, len,
					      NULL };
	return monitor_apply_policy(self, &change, actor, message);
}

static int take_scan(void *self, const char *text, size_t len, const char *actor,
		     struct buf *message)
{
	return monitor_take_scan(self, text, len, actor, message);
}

static int test_self(void *self, const char *text, size_t len, const char *actor,
		     struct buf *message)
{
	struct monitor *m = self;
	(void)text;
	(void)len;
	return proving_begin(&m->proving, actor, message);
}

static int maintain(void *self, const char *text, size_t len, const char *actor,
		    struct buf *message)
{
	return answers_take_form(self, text, len, actor, message, monitor_maintain);
}

/* What is posted to the monitor's part `of` goes to a function of it. */
#define TAKES_FORM(name, of, function)                                                 \
	static int name##_form(struct monitor *m, const char *form, const char *actor, \
			       struct buf *message)                                    \
	{                                                                              \
		return function(&m->of, form, actor, message);                         \
	}                                                                              \
	static int name(void *self, const char *text, size_t len, const char *actor,   \
			struct buf *message)                                           \
	{                                                                              \
		return answers_take_form(self, text, len, actor, message,              \
					 name##_form);                                 \
	}

TAKES_FORM(take_block_change, blocking, blocking_change)
TAKES_FORM(take_incident_change, alerting, alerting_change)
TAKES_FORM(take_deployment, alerting, alerting_deployed)
TAKES_FORM(take_silence, alerting, alerting_silence)
TAKES_FORM(take_silence_end, alerting, alerting_unsilence)

static void give_maintenance(void *self, struct buf *json)
{
	const struct monitor *m = self;
	maintaining_write(&m->maintaining, clock_us(CLOCK_REALTIME), json);
}

static bool give_countries(void *self, int64_t *built_us)
{
	const struct monitor *m = self;
	if (m->countries == NULL)
		return false;
	*built_us = countries_built_us(m->countries);
	return true;
}

static bool give_country(void *self, const struct addr *addr, struct web_country *out)
{
	const struct monitor *m = self;
	return m->countries != NULL && countries_find(m->countries, addr, out);
}

static void audit(void *self, const char *action, const char *actor,
		  const char *subject, const char *before, const char *after)
{
	monitor_audit(self, action, actor, subject, before, after);
}

static void tell_trouble(void *self, const char *text)
{
	(void)self;
	run_clear_progress();
	fprintf(stderr, "breakwater: %s\n", text);
}

struct web_source monitor_source(struct monitor *m)
{
	struct web_source source = { .self = m,
				     .ports = give_ports,
				     .is_home = is_home,
				     .flows = give_flows,
				     .self_record = give_self,
				     .status = give_status,
				     .listeners = give_listeners,
				     .sockets = give_sockets,
				     .findings = give_findings,
				     .blocks = give_blocks,
				     .block_change = take_block_change,
				     .incidents = give_incidents,
				     .incident_change = take_incident_change,
				     .deployed = take_deployment,
				     .alerts = give_alerts,
				     .levels = give_levels,
				     .silences = give_silences,
				     .silence = take_silence,
				     .unsilence = take_silence_end,
				     .reader = note_reader,
				     .audit = audit,
				     .trouble = tell_trouble,
				     .latency = give_latency,
				     .probes = give_probes,
				     .probe_ask = m->config.probe_blackbox[0] != '\0'
							  ? ask_probe
							  : NULL,
				     .push = push,
				     .maintenance = give_maintenance,
				     .maintain = maintain,
				     .memory_since_us = memory_since_us,
				     .explain_begin = explaining_begin,
				     .explain_end = explaining_end,
				     .figures = figures_answer,
				     .countries = give_countries,
				     .country = give_country,
				     .policy = give_policy,
				     .policy_apply = apply_policy,
				     .self_test = test_self,
				     .scan_take = take_scan };
	answers_settings(&source);
	monitor_answer_reporting(&source);
	return source;
}
