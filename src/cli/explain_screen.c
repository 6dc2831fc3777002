/*
 * explain_screen.c: see explain_screen.h.
 *
 * The cause stands in the first lines, for who reads no further.
 */
#include "cli/explain_screen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain_forecast.h"
#include "cli/explain_odd.h"
#include "cli/firing.h"
#include "cli/forecast_text.h"
#include "cli/wrapped.h"
#include "record/reason.h"

enum { BAR = 22, CLIENTS_SHOWN = 5, LISTENERS_SHOWN = 4, LINE_MAX_LEN = 512 };

/* ---- parts of text ---- */

static void print_lines(const struct look *look, const char *name, struct buf *lines)
{
	char clean[LINE_MAX_LEN];
	const char *at = buf_cstr(lines);
	for (int line = 0; at != NULL && *at != '\0'; line++) {
		size_t len = strcspn(at, "\n");
		char copy[LINE_MAX_LEN];
		snprintf(copy, sizeof(copy), "%.*s", (int)len, at);
		text_clean(clean, sizeof(clean), copy);
		label_print(look, line == 0 ? name : "");
		puts(clean);
		at += len + (at[len] == '\n');
	}
}

/* ---- where the time goes ---- */

static void print_part(const struct look *look, const char *name, double us,
		       double whole_us, const char *how)
{
	char text[CELL_MAX], bar[BAR + 1];
	text_duration(text, sizeof(text), us);
	int length = whole_us > 0 && us > 0 ? (int)lround(us / whole_us * BAR) : 0;
	if (us > 0 && length == 0)
		length = 1;
	memset(bar, '#', (size_t)length);
	bar[length] = '\0';
	printf("  %-12s%9s  ", name, text);
	tone_print(look, TONE_STRONG, bar);
	printf("%*s %s\n", BAR - length, "", how);
}

static double known_or_zero(double value)
{
	return isnan(value) ? 0 : value;
}

static void print_time(const struct explain_figures *now, const struct look *look)
{
	double whole = known_or_zero(now->network_us) + known_or_zero(now->queue_us) +
		       known_or_zero(now->application_us);
	if (whole <= 0)
		return;
	puts("\nWhere the time goes");
	print_part(look, "network", now->network_us, whole, "TCP handshake, median");
	print_part(look, "queue", now->queue_us, whole, "waiting for accept()");
	print_part(look, "application", now->application_us, whole,
		   now->is_within_network ? EXPLAIN_WITHIN_NETWORK
					  : "question to first octet, median");
}

/* ---- figures beside the usual ---- */

static void print_figure(const struct look *look, const char *name, const char *now,
			 const char *usual, const char *limit, bool over)
{
	printf("  %-14s", name);
	printf("%*s", 10 - (int)strlen(now) - over, "");
	if (over)
		tone_print(look, TONE_OVER, "!");
	tone_print(look, over ? TONE_OVER : TONE_NORMAL, now);
	printf("  %10s  %8s\n", usual, limit);
}

static void print_duration(const struct look *look, const char *name, double now,
			   double usual, double limit)
{
	char one[CELL_MAX], two[CELL_MAX], three[CELL_MAX];
	text_duration(one, sizeof(one), now);
	text_duration(two, sizeof(two), usual);
	text_duration(three, sizeof(three), limit);
	print_figure(look, name, one, two, three, now > limit);
}

static void print_share(const struct look *look, const char *name, double now,
			double limit)
{
	char one[CELL_MAX], three[CELL_MAX];
	text_percent(one, sizeof(one), now);
	text_percent(three, sizeof(three), limit);
	print_figure(look, name, one, "", three, now > limit);
}

static void print_figures(const struct explain_facts *facts,
			  const struct explain_answer *a, const struct look *look)
{
	char flows[CELL_MAX], usual[CELL_MAX] = "-", span[CELL_MAX];
	const struct explain_figures *now = &a->now;
	if (facts->now_count == 0)
		return;
	text_span(span, sizeof(span), a->history_s);
	snprintf(flows, sizeof(flows), "%.1f/s", now->flows / now->interval_s);
	if (!isnan(a->usual_flows_per_s))
		snprintf(usual, sizeof(usual), "%.1f/s", a->usual_flows_per_s);
	printf("\n  %-14s%10s  %10s  %8s\n", "", "NOW", "USUAL", "LIMIT");
	print_figure(look, "connections", flows, usual, "", false);
	print_duration(look, "response p95", now->response_p95_us, a->usual_response_us,
		       facts->limit_response_us);
	print_duration(look, "handshake", now->handshake_p50_us, a->usual_handshake_us,
		       facts->limit_response_us);
	print_share(look, "failed", now->failed, facts->limit_errors);
	if (!isnan(now->bad_answers))
		print_share(look, "error answers", now->bad_answers,
			    facts->limit_errors);
	print_share(look, "lost", now->loss, facts->limit_loss);
	print_share(look, "sent again", now->retransmits, facts->limit_loss);
	if (isnan(a->usual_flows_per_s))
		puts("  (no history older than an hour to compare with)");
	else
		printf("  (usual: median of %s within the last 7 days)\n", span);
}

/* ---- who ---- */

static void print_listener(const struct explain_facts *facts,
			   const struct listener_record *l, bool first,
			   const struct look *look)
{
	struct buf text = { 0 };
	char address[ADDR_TEXT_MAX], span[CELL_MAX];
	addr_text(&l->ip, address);
	buf_printf(&text, addr_is_v4(&l->ip) ? "%s:%u/%s  " : "[%s]:%u/%s  ", address,
		   l->port, l->transport == NULL ? "?" : l->transport);
	buf_text(&text, l->process[0] != '\0' ? l->process : "process not seen");
	if (l->pid != UNKNOWN_U32)
		buf_printf(&text, ", pid %u", l->pid);
	if (l->user[0] != '\0')
		buf_printf(&text, ", user %s", l->user);
	if (l->unit[0] != '\0')
		buf_printf(&text, ", %s", l->unit);
	if (l->package[0] != '\0')
		buf_printf(&text, ", package %s", l->package);
	if (l->since != UNKNOWN_TIME) {
		text_span(span, sizeof(span), (double)(facts->now_us - l->since) / 1e6);
		buf_printf(&text, ", for %s", span);
	}
	if (l->reach != NULL)
		buf_printf(&text, ", %s", l->reach);
	if (l->netns != UNKNOWN_U64)
		buf_printf(&text, " %llu", (unsigned long long)l->netns);
	if (l->backlog_max != UNKNOWN_U64 && l->backlog != UNKNOWN_U64)
		buf_printf(&text, ", queue %llu of %llu",
			   (unsigned long long)l->backlog,
			   (unsigned long long)l->backlog_max);
	label_print(look, first ? "Listens" : "");
	wrapped_print(look, TONE_NORMAL, LABEL_WIDTH, buf_cstr(&text));
	buf_free(&text);
}

static void print_listeners(const struct explain_facts *facts, const struct look *look)
{
	size_t count = facts->listener_count;
	putchar('\n');
	for (size_t i = 0; i < count && i < LISTENERS_SHOWN; i++)
		print_listener(facts, &facts->listeners[i], i == 0, look);
	if (count > LISTENERS_SHOWN)
		printf("%*s... and %zu more: breakwater ports --listening --port %u\n",
		       LABEL_WIDTH, "", count - LISTENERS_SHOWN, facts->port);
	if (count == 0) {
		label_print(look, "Listens");
		puts(facts->sockets_seen       ? "nobody"
		     : facts->sensor_count > 0 ? "not known: nothing was told of it"
					       : "not known: sockets can't be seen");
	}
}

/* The states that the kernel's connections are in, those there are. */
static void print_states(const struct explain_facts *facts, const struct look *look)
{
	static const struct {
		const char *name;
		size_t offset;
	} states[] = {
#define STATE(field) { #field, offsetof(struct socket_record, field) }
		STATE(established), STATE(syn_recv),  STATE(fin_wait1),
		STATE(fin_wait2),   STATE(time_wait), STATE(close_wait),
		STATE(last_ack),    STATE(closing),
#undef STATE
	};
	const char *between = "";
	if (facts->socket_count == 0)
		return;
	label_print(look, "TCP states");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		uint64_t sum = 0;
		for (size_t s = 0; s < facts->socket_count; s++) {
			uint64_t value;
			memcpy(&value,
			       (const char *)&facts->sockets[s] + states[i].offset,
			       sizeof(value));
			sum += value == UNKNOWN_U64 ? 0 : value;
		}
		if (sum == 0)
			continue;
		printf("%s%llu %s", between, (unsigned long long)sum, states[i].name);
		between = ", ";
	}
	puts(*between == '\0' ? "no connection" : "");
}

struct client_count {
	struct addr addr;
	size_t flows;
};

static int by_flows(const void *left, const void *right)
{
	const struct client_count *a = left, *b = right;
	return a->flows < b->flows ? 1 : a->flows > b->flows ? -1 : 0;
}

static int by_client(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct addr));
}

/* Clients of the last flows with how many each, the most frequent first. */
static struct client_count *count_clients(const struct explain_facts *facts,
					  size_t *count)
{
	size_t n = 0;
	struct client_count *clients = calloc(facts->flow_count + 1, sizeof(*clients));
	*count = 0;
	if (clients == NULL)
		return NULL;
	for (size_t i = 0; i < facts->flow_count; i++)
		if (facts->flows[i].probe != 1)
			clients[n++] =
				(struct client_count){ facts->flows[i].client_ip, 1 };
	qsort(clients, n, sizeof(*clients), by_client);
	for (size_t i = 0; i < n; i++) {
		if (*count > 0 &&
		    addr_equal(&clients[*count - 1].addr, &clients[i].addr))
			clients[*count - 1].flows++;
		else
			clients[(*count)++] = clients[i];
	}
	qsort(clients, *count, sizeof(*clients), by_flows);
	return clients;
}

static void print_clients(const struct explain_facts *facts, const struct look *look)
{
	char text[ADDR_TEXT_MAX];
	size_t count;
	struct client_count *clients = count_clients(facts, &count);
	label_print(look, "Who comes");
	for (size_t i = 0; i < count && i < CLIENTS_SHOWN; i++) {
		addr_text(&clients[i].addr, text);
		printf("%s%s (%zu)", i > 0 ? ", " : "", text, clients[i].flows);
	}
	if (count > CLIENTS_SHOWN)
		printf(" and %zu more", count - CLIENTS_SHOWN);
	puts(count > 0                 ? ""
	     : facts->sensor_count > 0 ? "not known: nothing was told of connections "
					 "that ended in the last two minutes"
	     : facts->packets_seen     ? "nobody in the last two minutes"
				       : "not known: packets are not watched");
	free(clients);
}

static void print_findings(const struct explain_facts *facts, const struct look *look)
{
	for (size_t i = 0; i < facts->finding_count; i++) {
		const struct finding_record *finding = &facts->findings[i];
		bool notice = record_severity(finding->severity) == 0;
		label_print(look, i == 0 ? "Findings" : "");
		wrapped_print(look, notice ? TONE_NORMAL : TONE_OVER, LABEL_WIDTH,
			      finding->summary);
	}
}

/* "medium: 95th percentile of ...; breakwater incidents 8ba0684b" */
static void print_alerts(const struct explain_facts *facts, const struct look *look)
{
	for (size_t i = 0; i < facts->alert_count; i++) {
		const struct alert_record *alert = &facts->alerts[i];
		struct buf text = { 0 };
		buf_printf(&text, "%s: %s", alert->severity, alert->summary);
		if (alert->incident[0] != '\0')
			buf_printf(&text, "; breakwater incidents %.*s", ID_SHOWN,
				   alert->incident);
		label_print(look, i == 0 ? "Alerts" : "");
		wrapped_print(look, TONE_OVER, LABEL_WIDTH, buf_cstr(&text));
		buf_free(&text);
	}
}

/* "ssh://192.0.2.1:22 up, answered in 2.1 ms, 12 s ago"; or down, and why. */
static void print_probe(const struct explain_facts *facts, const struct probe_record *p,
			const struct look *look)
{
	struct buf text = { 0 };
	char took[CELL_MAX], ago[CELL_MAX];
	enum probe_state state =
		probe_state_of(p->hard_state != NULL ? p->hard_state : p->state);
	bool by_traffic = p->by != NULL && strcmp(p->by, "traffic") == 0;
	text_duration(took, sizeof(took), (double)p->total_us);
	text_span(ago, sizeof(ago), (double)(facts->now_us - p->at) / 1e6);
	buf_printf(&text, "%s %s, ", p->target, probe_state_word(state));
	if (by_traffic)
		buf_text(&text, "as its clients are served");
	else if (p->reason != NULL)
		buf_printf(&text, "%s: %s", p->reason, p->detail);
	else
		buf_printf(&text, "answered in %s", took);
	buf_printf(&text, ", %s ago", ago);
	wrapped_print(look, state == PROBE_down ? TONE_OVER : TONE_NORMAL, LABEL_WIDTH,
		      buf_cstr(&text));
	buf_free(&text);
}

static void print_probes(const struct explain_facts *facts, const struct look *look)
{
	for (size_t i = 0; i < facts->probe_count; i++) {
		label_print(look, i == 0 ? "Probes" : "");
		print_probe(facts, &facts->probes[i], look);
	}
}

static void print_speech(struct explain_answer *answer, const struct look *look)
{
	if (answer->speaks.len == 0)
		return;
	label_print(look, "Speaks");
	wrapped_print(look, TONE_NORMAL, LABEL_WIDTH, buf_cstr(&answer->speaks));
}

/* "response_p95_us will cross 100 ms in 9 d (5 d..16 d), probability 0.70" */
static void print_forecasts(const struct explain_facts *facts, const struct look *look)
{
	for (size_t i = 0; i < facts->forecast_count; i++) {
		char text[LINE_MAX_LEN];
		bool bad = forecast_is_bad(&facts->forecasts[i]);
		text_forecast(&facts->forecasts[i], text, sizeof(text));
		label_print(look, i == 0 ? "Forecast" : "");
		wrapped_print(look, bad ? TONE_OVER : TONE_NORMAL, LABEL_WIDTH, text);
	}
}

static void print_odd(const struct explain_facts *facts, const struct look *look)
{
	struct buf text = { 0 };
	explain_odd_say(facts, &text);
	if (text.len > 0) {
		label_print(look, "Unusual");
		wrapped_print(look, TONE_NORMAL, LABEL_WIDTH, buf_cstr(&text));
	}
	buf_free(&text);
}

static void print_worse(struct explain_answer *a, const struct look *look)
{
	char text[TIME_TEXT_MAX];
	if (a->worse_us == UNKNOWN_TIME)
		return;
	record_time_text(a->worse_us, text);
	label_print(look, "Worse since");
	printf("%.10s %.8s UTC\n", text, text + 11);
	print_lines(look, "Then changed", &a->change);
}

/* "! Port 443 of web-1: slow network" */
static void print_head(const struct explain_facts *facts, enum explain_cause cause,
		       const struct look *look)
{
	char head[LINE_MAX_LEN], sensor[sizeof(field_text64) * 4] = "";
	bool bad = cause < EXPLAIN_SLOWER_THAN_USUAL;
	if (facts->sensor_count > 0)
		text_clean(sensor, sizeof(sensor), facts->sensor->sensor);
	snprintf(head, sizeof(head), "%sPort %u%s%s: %s", bad ? "! " : "", facts->port,
		 sensor[0] != '\0' ? " of " : "", sensor, explain_cause_name(cause));
	tone_print(look, bad ? TONE_OVER : TONE_GOOD, head);
	putchar('\n');
}

void explain_screen(const struct explain_facts *facts, struct explain_answer *answer,
		    const struct common_options *common)
{
	struct look look = look_of(common);
	print_head(facts, answer->cause, &look);
	wrapped_print(&look, TONE_NORMAL, 0, buf_cstr(&answer->why));
	print_time(&answer->now, &look);
	print_figures(facts, answer, &look);
	print_listeners(facts, &look);
	print_speech(answer, &look);
	print_probes(facts, &look);
	print_clients(facts, &look);
	print_states(facts, &look);
	print_findings(facts, &look);
	print_alerts(facts, &look);
	print_odd(facts, &look);
	print_forecasts(facts, &look);
	print_worse(answer, &look);
	putchar('\n');
	print_lines(&look, facts->sensor_count > 0 ? "Next, there" : "Next",
		    &answer->next);
	if (answer->ask.len > 0) {
		label_print(&look, "");
		wrapped_print(&look, TONE_NORMAL, LABEL_WIDTH, buf_cstr(&answer->ask));
	}
}
