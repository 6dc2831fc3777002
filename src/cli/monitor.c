/*
 * monitor.c: what a running monitor does with records, and what it answers.
 */
#include "cli/monitor.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/settings.h"

enum {
	LIST_WAIT_MS = 300,
	HOME_S = 10, /* how often the machine's own addresses are read again */
};

int64_t monitor_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- records ---- */

static void print_json(enum record_kind kind, const void *record)
{
	struct buf line = { 0 };
	record_json(&line, kind, record);
	buf_char(&line, '\n');
	if (buf_ok(&line))
		fwrite(line.at, 1, line.len, stdout);
	buf_free(&line);
}

static void take_flow(void *self, const struct flow_record *flow)
{
	struct monitor *m = self;
	struct flow_record known = *flow;
	summary_flow(&m->state.summary, flow);
	if (strcmp(flow->end_reason, "aggregate") != 0)
		record_community_id(&known, 0);
	/* A long flow's report is followed by another; only the last is history. */
	if (strcmp(flow->end_reason, "active") != 0)
		m->recent.at[m->recent.count++ % RECENT_FLOWS] = known;
	web_live(m->web, RECORD_flow, &known);
	if (m->common.json)
		print_json(RECORD_flow, &known);
}

static void take_port(void *self, const struct port_record *port,
		      const struct port_detail *detail)
{
	struct monitor *m = self;
	(void)detail;
	web_live(m->web, RECORD_port, port);
	if (m->common.json)
		print_json(RECORD_port, port);
}

/* ---- what the web room asks ---- */

struct emitting {
	web_emit emit;
	void *to;
};

static void emit_port(void *to, const struct port_record *port,
		      const struct port_detail *detail)
{
	const struct emitting *e = to;
	(void)detail;
	e->emit(e->to, port);
}

static void give_ports(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { emit, to };
	ports_each(pipeline_ports(m->pipeline), emit_port, &e);
}

static void emit_flow(void *to, const struct flow_record *flow)
{
	const struct emitting *e = to;
	struct flow_record known = *flow;
	record_community_id(&known, 0);
	e->emit(e->to, &known);
}

static void give_flows(void *self, web_emit emit, void *to)
{
	struct monitor *m = self;
	struct emitting e = { emit, to };
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

static void give_status(void *self, struct buf *json)
{
	struct monitor *m = self;
	run_status_json(&m->state, &m->config, &m->home, &m->privileges,
			web_address(m->web), json);
}

/* ---- every second ---- */

void monitor_second(struct monitor *m)
{
	/* Addresses come and go with interfaces. */
	if (m->ticks % (HOME_S * TICKS_PER_SECOND) == 0)
		settings_home(&m->config, &m->home);
	struct pipeline_totals totals;
	pipeline_totals(m->pipeline, &totals);
	totals.flow.services = ports_count(pipeline_ports(m->pipeline));
	run_second(&m->state, &totals, monitor_now_us());
	web_live(m->web, RECORD_self, &m->state.self);
	if (m->common.json)
		print_json(RECORD_self, &m->state.self);
	else if (!m->quiet)
		run_progress(&m->state, totals.flow.services);
	/* Who read our records has left, or the disk is full. */
	if (m->common.json && ferror(stdout))
		m->ended = true;
	const char *error = pipeline_error(m->pipeline);
	if (*error != '\0' && !m->ended) {
		run_clear_progress();
		fprintf(stderr, "breakwater: %s\n", error);
		m->ended = true;
	}
}

/* A bad file changes nothing; a good one changes what can change while running. */
void monitor_reload(struct monitor *m)
{
	static struct config fresh;
	struct buf errors = { 0 };
	config_init(&fresh);
	if (config_load(&fresh, m->config_path, &errors) != 0) {
		const char *text = buf_cstr(&errors);
		run_clear_progress();
		fprintf(stderr, "%sbreakwater: configuration not changed\n",
			text != NULL ? text : "");
		buf_free(&errors);
		return;
	}
	buf_free(&errors);
	m->config.home = fresh.home;
	m->config.limit_response_ms = fresh.limit_response_ms;
	m->config.limit_loss = fresh.limit_loss;
	m->config.limit_errors = fresh.limit_errors;
	settings_home(&m->config, &m->home);
	run_clear_progress();
	fprintf(stderr, "breakwater: home and limits read again; "
			"other settings take effect at the next start\n");
}

struct web_source monitor_source(struct monitor *m)
{
	return (struct web_source){ .self = m,
				    .ports = give_ports,
				    .flows = give_flows,
				    .self_record = give_self,
				    .status = give_status };
}

struct pipeline_sink monitor_sink(struct monitor *m)
{
	return (struct pipeline_sink){ .self = m,
				       .flow = take_flow,
				       .port = take_port };
}
