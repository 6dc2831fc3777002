/*
 * status_json.c: see status_json.h.
 */
#include "cli/status_json.h"

#include <string.h>

#include "record/record.h"

static void put_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":\"", name);
	buf_json_text(out, text);
	buf_char(out, '"');
}

static void put_time(struct buf *out, const char *name, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	if (at_us == UNKNOWN_TIME)
		return;
	record_time_text(at_us, text);
	buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void put_number(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_u64(out, value);
}

static void put_flag(struct buf *out, const char *name, bool value)
{
	buf_printf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

void status_json_store(struct buf *out, const struct store_status *store)
{
	buf_text(out, "\"store\":{");
	put_text(out, "state", store_state_name(store->state));
	buf_char(out, ',');
	put_text(out, "message", store->message);
	put_number(out, "bytes", store->bytes);
	put_time(out, "oldest", store->oldest_us);
	put_time(out, "written_at", store->written_us);
	put_number(out, "written", store->written);
	put_number(out, "waiting", store->waiting);
	put_number(out, "lost", store->lost);
	buf_char(out, '}');
}

void status_json_sockets(struct buf *out, uint64_t listening, uint64_t outside,
			 bool watched, const struct host_means *means)
{
	buf_text(out, "\"sockets\":{");
	put_text(out, "reason", means->reason);
	put_number(out, "listening", listening);
	put_number(out, "outside", outside);
	put_flag(out, "watched", watched);
	put_flag(out, "by_bpf_events", means->by_bpf_events != 0);
	put_flag(out, "by_bpf_owners", means->by_bpf_owners != 0);
	put_flag(out, "sees_processes", means->sees_processes != 0);
	put_flag(out, "sees_namespaces", means->sees_namespaces != 0);
	put_number(out, "namespaces", means->namespaces);
	buf_char(out, '}');
}

static void put_worst(struct buf *out, const struct finding_record *worst)
{
	buf_text(out, ",\"worst\":{");
	put_text(out, "id", worst->id);
	buf_char(out, ',');
	put_text(out, "kind", worst->kind);
	buf_char(out, ',');
	put_text(out, "severity", worst->severity);
	buf_char(out, ',');
	put_text(out, "summary", worst->summary);
	buf_char(out, '}');
}

void status_json_findings(struct buf *out, const struct status_findings *f)
{
	buf_text(out, "\"findings\":{\"open\":");
	buf_u64(out, f->open);
	put_number(out, "high", f->high);
	put_number(out, "attacks", f->attacks);
	put_number(out, "sources", cardinality_estimate(&f->sources));
	if (f->latency != NULL && f->latency->total > 0) {
		put_number(out, "latency_p50_us", histogram_quantile(f->latency, 0.5));
		put_number(out, "latency_max_us", histogram_quantile(f->latency, 1));
	}
	if (f->worst.kind != NULL)
		put_worst(out, &f->worst);
	buf_char(out, '}');
}

void status_json_prober(struct buf *out, bool holds, const char *detail,
			const struct status_probes *probes)
{
	buf_text(out, "\"prober\":{");
	put_text(out, "detail", detail);
	put_flag(out, "holds", holds);
	put_number(out, "targets", probes->targets);
	for (enum probe_state s = PROBE_unknown; s <= PROBE_down; s++)
		put_number(out, probe_state_word(s), probes->by_state[s]);
	put_number(out, "own", probes->own);
	put_number(out, "own_left_out", probes->own_left_out);
	put_number(out, "ends", probes->ends);
	if (probes->unrecorded[0] != '\0') {
		buf_char(out, ',');
		put_text(out, "unrecorded", probes->unrecorded);
	}
	buf_char(out, '}');
}

/* Of TCP and, marked U:, of UDP, as findings list them; nothing if there are none. */
static void put_ports(struct buf *out, const char *name, const struct port_set *set)
{
	char text[256];
	port_set_text(set, text, sizeof(text));
	if (text[0] == '\0')
		return;
	buf_char(out, ',');
	put_text(out, name, text);
}

void status_json_traps(struct buf *out, const struct status_traps *traps)
{
	buf_printf(out, "\"traps\":{\"answers\":%s", traps->answers ? "true" : "false");
	put_number(out, "ports", traps->ports);
	put_ports(out, "served", traps->served);
	if (traps->answers) {
		buf_char(out, ',');
		put_text(out, "detail", traps->detail);
		put_flag(out, "holds", traps->holds);
		put_ports(out, "not_answered", traps->taken);
		put_number(out, "answered", traps->stats.ports);
		put_number(out, "clients", traps->stats.clients);
		put_number(out, "accepted", traps->stats.accepted);
		put_number(out, "refused", traps->stats.refused);
		put_number(out, "rests", traps->stats.rests);
		put_number(out, "rests_s", traps->stats.rests_s);
	}
	buf_char(out, '}');
}

static void put_answers(struct buf *out, const struct respond_state *answers)
{
	put_number(out, "in_force", answers->in_force);
	put_number(out, "observed", answers->observed);
	put_number(out, "watched", answers->watched);
	put_number(out, "served", answers->served);
	put_number(out, "served_left_out", answers->served_left_out);
	put_number(out, "vetoes_left_out", answers->vetoes_left_out);
	put_number(out, "refused", answers->refused);
	if (answers->frozen_by != NULL) {
		buf_char(out, ',');
		put_text(out, "frozen_by", answers->frozen_by);
	}
	if (answers->keep_error != 0) {
		buf_char(out, ',');
		put_text(out, "keep_error", strerror(answers->keep_error));
	}
}

void status_json_firewall(struct buf *out, const struct status_firewall *f)
{
	buf_text(out, "\"firewall\":{");
	put_text(out, "mode", f->mode);
	buf_char(out, ',');
	put_text(out, "detail", f->detail);
	put_flag(out, "holds", f->holds);
	put_answers(out, &f->answers);
	put_number(out, "waiting", f->waiting);
	put_number(out, "held", f->wall.held);
	put_number(out, "in_kernel", f->wall.in_kernel);
	put_number(out, "repairs", f->wall.repairs);
	put_number(out, "never", f->wall.never);
	put_number(out, "never_left_out", f->wall.never_left_out);
	put_flag(out, "owned", f->wall.is_owned != 0);
	put_number(out, "xdp", f->wall.xdp);
	put_number(out, "xdp_generic", f->wall.xdp_generic);
	if (f->wall.error != 0) {
		buf_char(out, ',');
		put_text(out, "error", strerror(-f->wall.error));
	}
	if (f->wall.xdp_error != 0) {
		buf_char(out, ',');
		put_text(out, "xdp_error", strerror(-f->wall.xdp_error));
	}
	buf_char(out, '}');
}

void status_json_blocklists(struct buf *out, const struct blocklists_counts *counts)
{
	buf_text(out, "\"blocklists\":{\"lists\":");
	buf_u64(out, counts->lists);
	put_number(out, "entries", counts->entries);
	put_number(out, "left_out", counts->left_out);
	put_number(out, "wrong", counts->wrong);
	buf_char(out, '}');
}

void status_json_policy(struct buf *out, const char *path, uint64_t entries,
			uint64_t expired)
{
	buf_text(out, "\"policy\":{\"entries\":");
	buf_u64(out, entries);
	put_number(out, "expired", expired);
	if (path != NULL) {
		buf_char(out, ',');
		put_text(out, "path", path);
	}
	buf_char(out, '}');
}
