/*
 * probe_metrics.c: see probe_metrics.h.
 */
#include "web/probe_metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Upper bounds in microseconds; Prometheus' usual ones, and below them for a LAN. */
static const uint64_t bounds_us[PROBE_BUCKETS - 1] = {
	100,   250,   500,    1000,   2500,   5000,    10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 5000000,
};

static const char *const phase_words[PHASES] = { "resolve", "connect", "tls",
						 "first_byte" };

static void histogram_take(struct probe_histogram *histogram, uint64_t us)
{
	unsigned bucket = 0;
	if (us == UNKNOWN_U64)
		return;
	while (bucket < PROBE_BUCKETS - 1 && us > bounds_us[bucket])
		bucket++;
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->sum_us += us;
}

/* How long a job took that says that it lives is no time of a probe. */
static void add_times(struct probe_counts *counts, const struct probe_record *probe)
{
	enum probe_state state = probe_state_of(probe->state);
	if (probe->by != NULL && strcmp(probe->by, "push") == 0)
		return;
	histogram_take(&counts->late, probe->late_us);
	histogram_take(&counts->phases[PHASE_RESOLVE], probe->resolve_us);
	histogram_take(&counts->phases[PHASE_CONNECT], probe->connect_us);
	histogram_take(&counts->phases[PHASE_TLS], probe->tls_us);
	histogram_take(&counts->phases[PHASE_FIRST_BYTE], probe->first_byte_us);
	if (state == PROBE_up || state == PROBE_degraded)
		histogram_take(&counts->duration, probe->total_us);
}

void probe_metrics_add(struct probe_counts *counts, const struct probe_record *probe)
{
	if (probe->by != NULL && strcmp(probe->by, "traffic") == 0) {
		counts->by_traffic++;
		return;
	}
	counts->by_state[probe_state_of(probe->state)]++;
	if (probe->missed != UNKNOWN_U32)
		counts->missed += probe->missed;
	if (probe->late_us != UNKNOWN_U64 && probe->late_us > counts->late_us)
		counts->late_us = probe->late_us;
	add_times(counts, probe);
}

/* ---- of all ---- */

static void write_histogram(const struct probe_histogram *histogram, const char *labels,
			    struct family *family)
{
	uint64_t up_to[PROBE_BUCKETS];
	struct family_histogram whole = { .bounds_us = bounds_us,
					  .up_to = up_to,
					  .bounds = PROBE_BUCKETS - 1,
					  .count = histogram->count,
					  .sum_us = histogram->sum_us };
	for (unsigned i = 0; i < PROBE_BUCKETS; i++)
		up_to[i] = histogram->buckets[i] + (i > 0 ? up_to[i - 1] : 0);
	family_histogram(family, labels, &whole);
}

static void write_histograms(const struct probe_counts *counts, struct family *family)
{
	family_named(family, "probe_duration_seconds", "seconds", "histogram",
		     "How long probes took whose target answered well.");
	write_histogram(&counts->duration, "", family);
	family_named(family, "probe_phase_seconds", "seconds", "histogram",
		     "How long each phase of probes took, where there was one.");
	for (unsigned i = 0; i < PHASES; i++) {
		char label[32];
		snprintf(label, sizeof(label), "phase=\"%s\"", phase_words[i]);
		write_histogram(&counts->phases[i], label, family);
	}
	family_named(family, "probe_late_seconds", "seconds", "histogram",
		     "How much later than due probes began.");
	write_histogram(&counts->late, "", family);
}

static void write_counts(struct probe_counts *counts, struct family *family)
{
	family_named(family, "probes", "", "counter", "Probes, by what they say.");
	for (enum probe_state s = PROBE_unknown; s <= PROBE_down; s++) {
		family_sample(family);
		buf_printf(family->out, "{state=\"%s\"}", probe_state_word(s));
		family_value(family, (long double)counts->by_state[s]);
	}
	family_single(family, "probes_by_traffic", "", "counter",
		      "Probes that clients' connections stood for.",
		      (long double)counts->by_traffic);
	family_single(family, "probes_missed", "", "counter",
		      "Probes that were due and never asked.",
		      (long double)counts->missed);
	family_single(
		family, "probe_lag_seconds", "seconds", "gauge",
		"The most a probe began later than it was due, since the last scrape.",
		(long double)counts->late_us);
	counts->late_us = 0;
}

/* ---- of each target ---- */

struct writing {
	struct family *family;
	const struct field *field; /* NULL: whether it is up */
	unsigned count;
};

/* Without the brace that closes them. */
static void put_labels(struct buf *out, const struct probe_record *probe)
{
	buf_text(out, "{target=\"");
	family_label(out, probe->target);
	buf_text(out, "\",protocol=\"");
	family_label(out, probe->protocol);
	buf_char(out, '"');
	family_sensor(out, ",", probe->sensor);
}

/* web_emit */
static void write_one(void *to, const void *record)
{
	struct writing *writing = to;
	const struct probe_record *probe = record;
	enum probe_state hard = probe_state_of(probe->hard_state);
	long double value = writing->field != NULL
				    ? family_number(writing->field, record)
			    : hard != PROBE_unknown ? (long double)(hard == PROBE_up)
						    : (long double)NAN;
	if (isnan(value) || writing->count == PROBES_SHOWN)
		return;
	writing->count++;
	family_sample(writing->family);
	put_labels(writing->family->out, probe);
	buf_char(writing->family->out, '}');
	family_value(writing->family, value);
}

/* web_emit: what is not known, as of a target that is asked once, has none. */
static void write_state(void *to, const void *record)
{
	struct writing *writing = to;
	const struct probe_record *probe = record;
	if (probe->hard_state == NULL || writing->count == PROBES_SHOWN)
		return;
	writing->count++;
	family_sample(writing->family);
	put_labels(writing->family->out, probe);
	buf_printf(writing->family->out, ",state=\"%s\"} 1\n", probe->hard_state);
}

static void write_samples(const struct web_source *source, struct family *family,
			  const struct field *field)
{
	struct writing one = { .family = family, .field = field };
	source->probes(source->self, write_one, &one);
}

static void write_gauge(const struct web_source *source, struct family *family,
			const struct field *field)
{
	family_of(family, RECORD_probe, field);
	family_begin(family, "gauge", field->doc);
	write_samples(source, family, field);
}

static void write_states(const struct web_source *source, struct family *family)
{
	struct writing state = { .family = family };
	family_of(family, RECORD_probe, family_field(RECORD_probe, "hard_state"));
	family_begin(family, "gauge",
		     "1, with the state of the target after retries as a label.");
	source->probes(source->self, write_state, &state);
}

/* No values, but what rules ask for. */
static const char *const notes[] = { "maintenance", "flapping", "cert_not_after" };

static void write_targets(const struct web_source *source, struct family *family)
{
	const struct schema *schema = &schemas[RECORD_probe];
	struct writing up = { .family = family };
	family_named(
		family, "probe_up", "", "gauge",
		"1: the target is up, after retries; 0: it is not; absent: not known.");
	source->probes(source->self, write_one, &up);
	write_states(source, family);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		write_gauge(source, family, family_field(RECORD_probe, notes[i]));
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (field->role == ROLE_GAUGE)
			write_gauge(source, family, field);
	}
}

static void count_one(void *to, const void *record)
{
	unsigned *count = to;
	(void)record;
	++*count;
}

void probe_metrics_write(struct probe_counts *counts, const struct web_source *source,
			 struct family *family)
{
	unsigned count = 0;
	if (source->probes == NULL)
		return;
	source->probes(source->self, count_one, &count);
	if (count == 0)
		return;
	write_counts(counts, family);
	write_histograms(counts, family);
	write_targets(source, family);
}
