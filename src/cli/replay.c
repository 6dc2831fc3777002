/*
 * replay.c: analyse capture files with the very code that runs live.
 *
 * Time comes from the packets, and tables are hashed without a secret, so the same
 * files give the same output to the last byte.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/port_set.h"
#include "cli/blocklists.h"
#include "cli/cli.h"
#include "cli/dry_run.h"
#include "cli/options.h"
#include "cli/packet_keeper.h"
#include "cli/pipeline.h"
#include "cli/replay_store.h"
#include "cli/replay_types.h"
#include "cli/settings.h"
#include "cli/summary.h"
#include "detect/detect.h"

enum { WORKERS_MAX = 64, OUT_BYTES = 1 << 16, LAST_WORDS_US = 60000000 };

struct replay {
	struct config config;
	struct home home;
	struct summary summary;
	struct buf out;
	enum replay_format format;
	struct detect *detect;
	struct blocklists blocklists;
	record_bits types; /* records asked for: bit per kind */
	bool prints;
	struct replay_store *keep; /* NULL: nothing is kept */
	struct pipeline *pipeline; /* while it runs */
	struct packet_keeper packets;
	struct dry_run *dry_run; /* NULL: nobody asks what would be blocked */
	bool progress;           /* a terminal is looking */
	int shown;               /* per mille last drawn; -1: none */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static bool asks(const struct replay *r, enum record_kind kind)
{
	return (r->types >> kind & 1) != 0;
}

static void flush(struct replay *r)
{
	if (r->out.len > 0)
		fwrite(r->out.at, 1, r->out.len, stdout);
	buf_clear(&r->out);
}

static void end_line(struct replay *r)
{
	buf_char(&r->out, '\n');
	if (r->out.len >= OUT_BYTES)
		flush(r);
}

/* Zeek and Suricata report a connection once, when it has ended. */
static void print_flow(struct replay *r, struct flow_record *flow)
{
	bool whole = strcmp(flow->end_reason, "active") != 0 &&
		     strcmp(flow->end_reason, "aggregate") != 0;
	if (!whole && r->format != FORMAT_NATIVE)
		return;
	if (strcmp(flow->end_reason, "aggregate") != 0)
		record_community_id(flow, 0);
	if (r->format == FORMAT_ZEEK)
		record_zeek_conn(&r->out, flow, &r->home);
	else if (r->format == FORMAT_EVE)
		record_eve_flow(&r->out, flow);
	else
		record_json(&r->out, RECORD_flow, flow);
	end_line(r);
}

static void keep_flow(struct replay *r, struct flow_record *flow)
{
	if (strcmp(flow->end_reason, "aggregate") != 0)
		record_community_id(flow, 0);
	replay_store_put(r->keep, RECORD_flow, flow);
}

/* What would be blocked for it. */
static void try_block(struct replay *r, enum record_kind kind, const void *record)
{
	if (r->dry_run != NULL)
		dry_run_take(r->dry_run, kind, record);
}

static void take_flow(void *self, const struct flow_record *flow)
{
	struct replay *r = self;
	summary_flow(&r->summary, flow);
	struct flow_record known = *flow;
	detect_flow(r->detect, flow);
	try_block(r, RECORD_flow, flow);
	if (r->keep != NULL && strcmp(flow->end_reason, "active") != 0)
		keep_flow(r, &known);
	if (r->prints && asks(r, RECORD_flow))
		print_flow(r, &known);
}

/* False, and nothing appended, if EVE has no event for it. */
static bool write_eve(struct replay *r, enum record_kind kind, const void *record)
{
	const struct finding_record *finding = record;
	if (kind != RECORD_finding)
		return record_eve_spoken(&r->out, kind, record);
	/* That nothing more is seen is no alert. */
	if (strcmp(finding->state, "open") != 0)
		return false;
	record_eve_alert(&r->out, finding);
	return true;
}

static void print_record(struct replay *r, enum record_kind kind, const void *record)
{
	if (!r->prints || !asks(r, kind) || r->format == FORMAT_ZEEK)
		return;
	if (r->format == FORMAT_NATIVE)
		record_json(&r->out, kind, record);
	else if (!write_eve(r, kind, record))
		return;
	end_line(r);
}

static void take_finding(void *self, const struct finding_record *finding)
{
	struct replay *r = self;
	summary_finding(&r->summary, finding);
	if (r->keep != NULL)
		replay_store_put(r->keep, RECORD_finding, finding);
	print_record(r, RECORD_finding, finding);
	packet_keeper_finding(&r->packets, finding);
	try_block(r, RECORD_finding, finding);
}

static void take_block(void *self, const struct block_record *block)
{
	print_record(self, RECORD_block, block);
}

/* ---- packets of findings ---- */

static void begin(void *self, struct pipeline *pipeline)
{
	struct replay *r = self;
	r->pipeline = pipeline;
}

static void ask_for_packets(void *self, const struct packets_wanted *wanted)
{
	struct replay *r = self;
	pipeline_packets(r->pipeline, wanted);
}

static void keep_packet(void *self, const struct packet_record *packet)
{
	struct replay *r = self;
	replay_store_put(r->keep, RECORD_packet, packet);
}

/*
 * Several threads would see packets in another order each time, and what is kept would
 * be another each time.
 */
static bool keeps_packets(const struct replay *r)
{
	return r->keep != NULL && r->config.workers == 1;
}

static void open_packets(struct replay *r)
{
	r->packets = (struct packet_keeper){ .self = r,
					     .ask = ask_for_packets,
					     .keep = keep_packet,
					     .detect = r->detect,
					     .own = &r->home };
}

/* What is for the detectors. */
static void detect_record(struct detect *detect, enum record_kind kind,
			  const void *record)
{
	if (kind == RECORD_finding)
		detect_evidence(detect, record);
	else if (kind == RECORD_login)
		detect_login(detect, record);
	else if (kind == RECORD_contact)
		detect_contact(detect, record);
	else if (kind == RECORD_unsolicited)
		detect_unsolicited(detect, record);
	else if (kind == RECORD_amplification)
		detect_amplification(detect, record);
}

static void take_record(void *self, enum record_kind kind, const void *record)
{
	struct replay *r = self;
	if (kind == RECORD_packet) {
		packet_keeper_take(&r->packets, record);
		return;
	}
	detect_record(r->detect, kind, record);
	if (kind != RECORD_finding)
		try_block(r, kind, record);
	if (r->keep != NULL && kind == RECORD_login)
		replay_store_put(r->keep, kind, record);
	if (kind != RECORD_finding) /* those that are no findings yet */
		print_record(r, kind, record);
}

static void take_port(void *self, const struct port_record *port,
		      const struct port_detail *detail)
{
	struct replay *r = self;
	detect_port(r->detect, port, UNKNOWN_FLAG);
	if (r->keep != NULL)
		replay_store_put_port(r->keep, port, detail);
	if (!r->prints || !asks(r, RECORD_port) || r->format != FORMAT_NATIVE)
		return;
	record_json(&r->out, RECORD_port, port);
	end_line(r);
}

static void draw_progress(struct replay *r, const struct capture_stats *now)
{
	enum { WIDTH = 40 };
	if (!r->progress || now->bytes_total == 0)
		return;
	int per_mille = (int)(now->bytes_read * 1000 / now->bytes_total);
	if (per_mille == r->shown)
		return;
	r->shown = per_mille;
	char bar[WIDTH + 1];
	for (int i = 0; i < WIDTH; i++)
		bar[i] = i * 1000 < per_mille * WIDTH ? '#' : '.';
	bar[WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3d %%  %llu packets", bar, per_mille / 10,
		(unsigned long long)now->frames);
	fflush(stderr);
}

static bool take_progress(void *self, const struct capture_stats *now)
{
	draw_progress(self, now);
	return !interrupted;
}

static void clear_progress(const struct replay *r)
{
	if (r->shown >= 0)
		fprintf(stderr, "\r%*s\r", 75, "");
}

static void print_self(struct replay *r, const struct pipeline_totals *totals)
{
	struct self_record self;
	record_init(RECORD_self, &self);
	settings_self(totals, &self);
	self.at = totals->newest_us;
	if (r->keep != NULL && totals->newest_us != INT64_MIN)
		replay_store_put(r->keep, RECORD_self, &self);
	if (!r->prints || !asks(r, RECORD_self) || totals->newest_us == INT64_MIN)
		return;
	if (r->format == FORMAT_NATIVE)
		record_json(&r->out, RECORD_self, &self);
	else if (r->format == FORMAT_EVE)
		record_eve_stats(&r->out, &self, totals->first_us);
	else
		return;
	end_line(r);
}

static int status_of(const struct pipeline_totals *t, const char *error)
{
	bool incomplete = t->capture.kernel_dropped > 0 || t->capture.cut_short > 0 ||
			  t->records_dropped > 0 || totals_undecoded(t) > 0 ||
			  *error != '\0' || interrupted;
	return incomplete ? STATUS_INCOMPLETE : STATUS_OK;
}

static bool shows_summary(const struct replay *r)
{
	return !r->prints && r->summary.wanted;
}

static int replay(struct replay *r, struct capture *capture, struct catalog *catalog,
		  const struct common_options *common)
{
	struct pipeline_options options = {
		.workers = r->config.workers,
		.window_s = shows_summary(r) ? 0 : PORTS_NO_WINDOW,
		.flows_max = r->config.flows_max,
		.half_open_max = r->config.half_open_max,
		.source_share = r->config.source_share,
		.trail_max = keeps_packets(r) ? TRAIL_PACKETS : 0,
		.reads = r->config.read_content,
		.wants = (r->types & RECORDS_SAID) | settings_evidence(&r->config) |
			 RECORD_BIT(RECORD_finding) | RECORD_BIT(RECORD_login),
		.catalog = catalog,
	};
	struct pipeline_sink sink = {
		.self = r,
		.begin = begin,
		.flow = r->prints || shows_summary(r) || r->keep != NULL ? take_flow
									 : NULL,
		.record = r->prints || shows_summary(r) || r->keep != NULL ? take_record
									   : NULL,
		.port = r->prints || r->keep != NULL ? take_port : NULL,
	};
	if (keeps_packets(r))
		open_packets(r);
	struct pipeline *p =
		pipeline_replay(capture, &options, &sink, take_progress, r);
	clear_progress(r);
	if (p == NULL) {
		fprintf(stderr,
			"breakwater: not enough memory for %u flows; "
			"see flows.max in the configuration\n",
			r->config.flows_max);
		return STATUS_INCOMPLETE;
	}
	struct pipeline_totals totals;
	pipeline_totals(p, &totals);
	/* What is waiting to be said, is; also how many packets that made us keep. */
	if (totals.newest_us != INT64_MIN) {
		detect_tick(r->detect, totals.newest_us + LAST_WORDS_US);
		detect_flush(r->detect, totals.newest_us + LAST_WORDS_US);
	}
	if (r->dry_run != NULL && totals.newest_us != INT64_MIN)
		dry_run_tick(r->dry_run, totals.newest_us);
	print_self(r, &totals);
	flush(r);
	if (*pipeline_error(p) != '\0')
		fprintf(stderr, "breakwater: %s\n", pipeline_error(p));
	if (shows_summary(r))
		summary_print(&r->summary, &totals, pipeline_ports(p), &r->config,
			      common);
	int status = status_of(&totals, pipeline_error(p));
	pipeline_free(p);
	return status;
}

/* Who names types wants records, not the table. */
static bool choose_format(struct replay *r, const char *format, bool records)
{
	static const char *const names[] = { "native", "zeek", "eve" };
	r->prints = format != NULL || records;
	r->format = FORMAT_NATIVE;
	for (unsigned i = 0; format != NULL && i < 3; i++) {
		if (strcmp(format, names[i]) != 0)
			continue;
		r->format = (enum replay_format)i;
		return true;
	}
	if (format != NULL)
		fprintf(stderr,
			"breakwater: --format %s: allowed are native, zeek and "
			"eve\n",
			format);
	return format == NULL;
}

struct replay_options {
	const char *config_path, *format, *types, *filter, *state;
	struct option_list home;
	uint64_t workers;
	bool quiet;
	struct common_options common;
};

/* What the configuration says of ours and of others. */
static void tell_detect(struct replay *r)
{
	detect_set_home(r->detect, &r->home);
	settings_detect(&r->config, r->detect);
	struct buf errors = { 0 };
	blocklists_open(&r->blocklists, &r->config.blocklists, &errors);
	blocklists_tell(&r->blocklists, r->detect);
	fputs(errors.len > 0 ? buf_cstr(&errors) : "", stderr);
	buf_free(&errors);
}

/* False without memory. */
static bool open_judges(struct replay *r)
{
	const struct detect_sink found = { .self = r, .finding = take_finding };
	r->detect = detect_new(&found);
	if (r->detect == NULL)
		return false;
	tell_detect(r);
	if (!asks(r, RECORD_block))
		return true;
	r->dry_run = dry_run_new(&r->config, &r->home, r, take_block);
	return r->dry_run != NULL;
}

static int open_and_replay(struct replay *r, const struct replay_options *o,
			   const char *const *paths, size_t count)
{
	int status = settings_load(&r->config, o->config_path, &o->home, &r->home);
	if (status != STATUS_OK)
		return status;
	r->config.workers = o->workers != 0 ? (uint32_t)o->workers : 1;
	struct catalog *catalog = catalog_open(NULL, NULL);
	const char *filter = o->filter != NULL           ? o->filter
			     : *r->config.filter != '\0' ? r->config.filter
							 : NULL;
	char error[CAPTURE_ERROR_MAX];
	struct capture *capture = capture_files(paths, count, filter, error, &status);
	if (capture == NULL || catalog == NULL || !open_judges(r)) {
		fprintf(stderr, "breakwater: %s\n",
			capture == NULL ? error : "not enough memory");
	} else if (o->state == NULL ||
		   (r->keep = replay_store_open("replay", o->state, &status)) != NULL) {
		struct sigaction action = { .sa_handler = interrupt };
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		status = replay(r, capture, catalog, &o->common);
	}
	if (r->keep != NULL && !replay_store_close(r->keep) && status == STATUS_OK)
		status = STATUS_INCOMPLETE;
	if (capture != NULL)
		capture_close(capture);
	if (catalog != NULL)
		catalog_close(catalog);
	dry_run_free(r->dry_run);
	detect_free(r->detect);
	blocklists_close(&r->blocklists);
	return status;
}

int command_replay(int argc, char **argv)
{
	struct replay_options o = { 0 };
	const struct option_spec specs[] = {
		{ 'c', OPTION_TEXT, "config", "FILE", "configuration", &o.config_path,
		  0, 0 },
		{ 0, OPTION_LIST, "home", "CIDR", "a network that counts as ours",
		  &o.home, 0, 0 },
		{ 0, OPTION_TEXT, "format", "native|zeek|eve",
		  "print records: as --json, as Zeek's conn.log, as Suricata's EVE",
		  &o.format, 0, 0 },
		{ 0, OPTION_TEXT, "type", "T,...",
		  "print these records, of the types below", &o.types, 0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "keep the records in a store there, for query", &o.state, 0, 0 },
		{ 'f', OPTION_TEXT, "filter", "EXPR",
		  "look only at packets that match (pcap-filter)", &o.filter, 0, 0 },
		{ 0, OPTION_NUMBER, "workers", "N", "threads; default 1", &o.workers, 1,
		  WORKERS_MAX },
		{ 'q', OPTION_FLAG, "quiet", NULL, "analyse, say nothing but errors",
		  &o.quiet, 0, 0 },
	};
	const struct command_help help = {
		.name = "replay",
		.operands = "FILE...",
		.doc = "Analyse capture files (pcap, pcapng; - is standard input).",
		.examples = "  breakwater replay trace.pcap\n"
			    "  breakwater replay --json trace.pcap | jq 'select(.record"
			    "==\"flow\")'\n"
			    "  breakwater replay --type login,tls trace.pcap\n"
			    "  breakwater replay --state kept trace.pcap\n"
			    "  zcat trace.pcap.gz | breakwater replay -\n",
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
		.more = replay_types_print,
	};
	int first, status = STATUS_USAGE;
	if (!options_parse(&help, argc, argv, &o.common, &first, &status))
		return status;
	if (first == argc) {
		fprintf(stderr, "breakwater replay: which FILE? (- is standard input; "
				"--help says more)\n");
		return STATUS_USAGE;
	}
	struct replay *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return STATUS_INCOMPLETE;
	status = STATUS_USAGE;
	if (choose_format(r, o.format, o.common.json || o.types != NULL) &&
	    replay_types_choose(r->format, o.types, &r->types)) {
		r->shown = -1;
		r->summary.wanted = !o.quiet;
		/* Not between records on the same terminal. */
		r->progress = !o.quiet && isatty(STDERR_FILENO) &&
			      !(r->prints && isatty(STDOUT_FILENO));
		status = open_and_replay(r, &o, (const char *const *)argv + first,
					 (size_t)(argc - first));
	}
	buf_free(&r->out);
	free(r);
	return status;
}
