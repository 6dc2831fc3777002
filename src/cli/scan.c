/*
 * scan.c: breakwater scan: which ports of which hosts are open.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "cli/cli.h"
#include "cli/patience.h"
#include "cli/scan_keep.h"
#include "cli/scan_recognise.h"
#include "cli/scan_register.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "scan/way.h"

enum {
	RATE_USUAL = 1000,
	RATE_MAX = 10000000,
	LISTED_ANYWAY = 64, /* of so few, also what is not open is of interest */
	LISTED_MAX = 1 << 18,
	RECOGNISED_ANYWAY = 1024, /* of more, it takes long, and is asked for */
	QUIET_US = 500000,        /* before a bar is drawn */
	BAR_WIDTH = 24,
};

#define ANNOUNCE_US (1800 * 1000000LL) /* the daemon forgets after an hour */

static const char examples[] =
	"  breakwater scan 192.168.1.0/24            who is there, and with what\n"
	"  breakwater scan 10.0.0.5 -p-              all 65,535 ports of one host\n"
	"  breakwater scan 10.0.0.1-99 -p 22,80,8000-8100\n"
	"  breakwater scan fd00::5 --udp -p 53,123   datagrams with a fitting "
	"question\n"
	"  breakwater scan 127.0.0.1 -p- --rate 0    as fast as this machine can\n"
	"  breakwater scan 10.0.0.0/24 --format nmap > scan.xml\n";

struct scan_options {
	const char *ports, *config, *format, *state, *policy;
	uint64_t rate;
	bool udp, connect, yes, all, recognise, no_recognise;
	struct common_options common;
};

struct scan {
	struct scan_options options;
	struct targets targets;
	struct ports ports;
	struct catalog *catalog;
	struct home home;
	struct sweep_plan plan;
	struct scan_report report;
	struct scan_recogniser recogniser;
	struct scan_register reg;
	char **targets_given;       /* as they were given; NULL ends */
	int64_t announced_us;       /* to the daemon, last */
	int64_t recognised_from_us; /* when its second part began */
	bool has_bar;
};

static int complain(int status, const char *text)
{
	fprintf(stderr, "breakwater scan: %s\n", text);
	return status;
}

/* ---- while it runs ---- */

/* The bar and what is left; its line is to be ended. */
static void begin_bar(struct scan *scan, int64_t took_us, int64_t remaining_us)
{
	char bar[BAR_WIDTH + 1], left[32];
	double done = (double)took_us / (double)(took_us + remaining_us);
	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < done * BAR_WIDTH ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	text_span(left, sizeof(left), (double)remaining_us / 1e6);
	fprintf(stderr, "\r\033[K[%s] about %s left, ", bar, left);
	scan->has_bar = true;
}

static void draw_bar(struct scan *scan, int64_t took_us, const struct sweep_progress *p)
{
	char sent[32];
	begin_bar(scan, took_us, p->remaining_us);
	text_count(sent, sizeof(sent), (double)p->sent);
	fprintf(stderr, "%s sent, %llu open%s", sent, (unsigned long long)p->open,
		p->pass > 1 ? ", asking the silent again" : "");
	fflush(stderr);
}

/* What is left takes as long for each as those before; of none yet, that is unknown. */
static void draw_known(struct scan *scan, int64_t took_us, uint64_t known, uint64_t of)
{
	if (known > 0)
		begin_bar(scan, took_us,
			  took_us * (int64_t)(of - known) / (int64_t)known);
	else
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%llu of %llu open ports have said what they are",
		(unsigned long long)known, (unsigned long long)of);
	fflush(stderr);
	scan->has_bar = true;
}

static bool recognition_goes_on(void *self, uint64_t known, uint64_t of)
{
	struct scan *scan = self;
	int64_t took_us = clock_us(CLOCK_REALTIME) - scan->recognised_from_us;
	if (took_us > QUIET_US && isatty(STDERR_FILENO))
		draw_known(scan, took_us, known, of);
	return !patience_has_ended();
}

/* Else the daemon would take us for an attacker. */
static void announce(struct scan *scan)
{
	scan->announced_us = clock_us(CLOCK_REALTIME);
	scan_announce(&scan->report, &scan->targets);
}

static bool goes_on(void *self, const struct sweep_progress *progress)
{
	struct scan *scan = self;
	int64_t took_us = clock_us(CLOCK_REALTIME) - scan->report.begin_us;
	if (took_us > QUIET_US && isatty(STDERR_FILENO))
		draw_bar(scan, took_us, progress);
	if (clock_us(CLOCK_REALTIME) - scan->announced_us > ANNOUNCE_US)
		announce(scan);
	return !patience_has_ended();
}

/* Each answer, as it comes; and silence, at the end. */
static void found(void *self, const struct scan_answer *answer)
{
	struct scan *scan = self;
	struct scan_record *record = scan_report_take(&scan->report, answer);
	if (record != NULL && answer->said.len > 0 && scan->recogniser.catalog != NULL)
		scan_recogniser_hear(&scan->recogniser, &answer->addr, answer->port,
				     answer->said);
}

/* ---- what is asked ---- */

static int choose_targets(struct scan *scan, int words, char **word)
{
	char error[TARGET_ERROR_MAX];
	for (int i = 0; i < words; i++)
		if (!targets_add(&scan->targets, word[i], error))
			return complain(STATUS_USAGE, error);
	if (!targets_finish(&scan->targets, error))
		return complain(STATUS_USAGE, error);
	return STATUS_OK;
}

static int choose_ports(struct scan *scan)
{
	char error[TARGET_ERROR_MAX];
	if (scan->options.ports == NULL)
		ports_usual(&scan->ports, scan->catalog, scan->plan.transport);
	else if (!ports_parse(&scan->ports, scan->options.ports, error))
		return complain(STATUS_USAGE, error);
	uint64_t probes = (uint64_t)scan->targets.hosts * scan->ports.count;
	if (probes > SWEEP_PROBES_MAX)
		return complain(STATUS_USAGE,
				"more than 2^30 ports in all; scan them in parts");
	scan->report.lists_all = scan->options.all || probes <= LISTED_ANYWAY;
	if (scan->report.lists_all && probes > LISTED_MAX)
		return complain(STATUS_USAGE,
				"--all lists at most 262144 ports; choose fewer");
	return STATUS_OK;
}

/* What belongs to others needs a word; nobody scans them by a slip of the finger. */
static int check_outside(const struct scan *scan)
{
	char text[ADDR_TEXT_MAX];
	const struct target_range *range = targets_outside(&scan->targets, &scan->home);
	if (range == NULL)
		return STATUS_OK;
	addr_text(&range->first, text);
	if (!scan->options.yes) {
		fprintf(stderr,
			"breakwater scan: %s is in no network of yours (private, this "
			"machine's, or \"home\" of the configuration); with --yes it "
			"is scanned all the same\n",
			text);
		return STATUS_USAGE;
	}
	if (scan->options.rate > 0)
		return STATUS_OK;
	fprintf(stderr,
		"breakwater scan: %s is in no network of yours: --rate 0, without a "
		"limit, is for those alone\n",
		text);
	return STATUS_USAGE;
}

/* A configuration that this user may not read does not keep him from his machine. */
static int load_home(struct scan *scan)
{
	static struct config config;
	static const struct option_list none = { .count = 0 };
	if (scan->options.config != NULL || access(CONFIG_DEFAULT_PATH, R_OK) == 0)
		return settings_load(&config, scan->options.config, &none, &scan->home);
	home_add_own(&scan->home);
	return STATUS_OK;
}

static int choose_form(struct scan *scan)
{
	scan->report.form = scan->options.common.json ? SCAN_JSON : SCAN_TABLE;
	if (scan->options.format == NULL)
		return STATUS_OK;
	if (strcmp(scan->options.format, "nmap") != 0 || scan->options.common.json)
		return complain(STATUS_USAGE,
				"--format: allowed is nmap, without --json");
	scan->report.form = SCAN_NMAP;
	return STATUS_OK;
}

/* Of one's own networks what is open is asked what it is, unless that takes long. */
static int choose_recognition(struct scan *scan)
{
	const struct scan_options *o = &scan->options;
	if (o->recognise && o->no_recognise)
		return complain(STATUS_USAGE,
				"--recognise and --no-recognise: only one of them");
	bool is_usual =
		o->rate > 0 && targets_outside(&scan->targets, &scan->home) == NULL;
	if (o->no_recognise || (!o->recognise && !is_usual))
		return STATUS_OK;
	scan->recogniser.catalog = scan->catalog;
	home_add_addresses(&scan->recogniser.own);
	scan->recogniser.self = scan;
	scan->recogniser.goes_on = recognition_goes_on;
	return STATUS_OK;
}

/* ---- the sweep ---- */

static struct way *connect_instead(struct scan *scan, char *error, int *number)
{
	scan->report.technique = "connect";
	if (!scan->options.connect)
		fputs("Not permitted to send packets: making whole connections "
		      "instead, as --connect does.\n",
		      stderr);
	return way_connect(&scan->plan, error, number);
}

static struct way *choose_way(struct scan *scan, char *error, int *number)
{
	if (scan->options.udp) {
		scan->report.technique = "udp";
		return way_udp(&scan->plan, error, number);
	}
	if (scan->options.connect)
		return connect_instead(scan, error, number);
	scan->report.technique = "syn";
	struct way *way = way_syn(&scan->plan, error, number);
	if (way == NULL && (*number == EPERM || *number == EACCES))
		way = connect_instead(scan, error, number);
	return way;
}

/* Whether what was found is all that there is to find. */
static int judge(const struct sweep_counts *counts, int result)
{
	int status = result == 0 ? STATUS_OK : STATUS_INCOMPLETE;
	if (result != 0 && result != -EINTR)
		complain(status, strerror(-result));
	else if (result == -EINTR)
		complain(status, "ended early; this is what was known");
	if (counts->unsent == 0)
		return status;
	fprintf(stderr, "breakwater scan: %llu of %llu could not be sent: %s\n",
		(unsigned long long)counts->unsent, (unsigned long long)counts->sent,
		strerror(counts->unsent_error));
	return STATUS_INCOMPLETE;
}

/* ---- what becomes of it ---- */

static bool expects(void *self, const struct scan_answer *answer)
{
	const struct scan *scan = self;
	return scan_register_expects(&scan->reg, &answer->addr, answer->port,
				     scan->options.udp ? "udp" : "tcp");
}

static int choose_register(struct scan *scan)
{
	int status = scan_register_open(&scan->reg, scan->options.policy,
					&scan->options.common);
	scan->report.expects = scan->reg.policy != NULL ? expects : NULL;
	scan->report.expects_self = scan;
	return status;
}

static void say_targets(const struct scan *scan, field_text256 out)
{
	struct buf text = { 0 };
	for (char **word = scan->targets_given; *word != NULL; word++) {
		buf_text(&text, text.len > 0 ? " " : "");
		buf_text(&text, *word);
	}
	const char *all = buf_cstr(&text);
	record_text(out, sizeof(field_text256), all != NULL ? all : "");
	buf_free(&text);
}

static void keep(const struct scan *scan, const struct sweep_counts *counts)
{
	const struct scan_report *report = &scan->report;
	struct scan_run_record run;
	record_init(RECORD_scan_run, &run);
	run.start = report->begin_us;
	run.end = report->end_us;
	say_targets(scan, run.targets);
	if (scan->options.ports != NULL)
		record_text(run.port_list, sizeof(run.port_list), scan->options.ports);
	run.transport = scan->options.udp ? "udp" : "tcp";
	run.technique = report->technique;
	run.complete = !report->is_ended;
	run.hosts = scan->targets.hosts;
	run.ports = scan->ports.count;
	run.open = counts->states[SCAN_OPEN];
	run.closed = counts->states[SCAN_CLOSED];
	run.filtered =
		counts->states[SCAN_FILTERED] + counts->states[SCAN_OPEN_FILTERED];
	scan_keep(report, &run, scan->options.state);
}

/* ---- both parts ---- */

/* False if it was ended early. */
static bool recognise(struct scan *scan)
{
	size_t count = scan_recognise_count(&scan->recogniser, &scan->report);
	if (scan->recogniser.catalog == NULL || count == 0)
		return true;
	if (count > RECOGNISED_ANYWAY && !scan->options.recognise) {
		fprintf(stderr,
			"%zu ports are open: they are asked what they are with "
			"--recognise only.\n",
			count);
		return true;
	}
	scan->recognised_from_us = clock_us(CLOCK_REALTIME);
	bool is_whole = scan_recognise(&scan->recogniser, &scan->report);
	scan->report.end_us = clock_us(CLOCK_REALTIME);
	scan->report.recognised_us =
		(uint64_t)(scan->report.end_us - scan->recognised_from_us);
	return is_whole;
}

static int run(struct scan *scan, struct sweep *sweep)
{
	struct sweep_counts counts;
	patience_begin();
	announce(scan);
	int result = sweep_run(sweep);
	sweep_count(sweep, &counts);
	if (scan->report.lists_all)
		sweep_each_silent(sweep);
	scan_report_end(&scan->report);
	scan->report.is_ended = result != 0;
	if (result == 0 && !recognise(scan))
		result = -EINTR;
	patience_end();
	if (scan->has_bar)
		fputs("\r\033[K", stderr);
	scan_report_print(&scan->report, &counts);
	uint64_t findings = scan_register_judge(&scan->reg, &scan->report);
	scan_register_print(&scan->reg, &scan->report);
	keep(scan, &counts);
	int status = judge(&counts, result);
	if (status == STATUS_OK && scan->report.left_out > 0)
		return STATUS_INCOMPLETE;
	return status == STATUS_OK && findings > 0 ? STATUS_BAD_NEWS : status;
}

static int start(struct scan *scan)
{
	char error[SWEEP_ERROR_MAX];
	int number = 0;
	if (!scan_report_begin(&scan->report))
		return complain(STATUS_INCOMPLETE, "out of memory");
	struct way *way = choose_way(scan, error, &number);
	if (way == NULL)
		return complain(number == EPERM || number == EACCES
					? STATUS_NOT_PERMITTED
					: STATUS_INCOMPLETE,
				error);
	struct sweep *sweep = sweep_new(&scan->plan, way);
	if (sweep == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	int status = run(scan, sweep);
	sweep_free(sweep);
	return status;
}

static int scan_words(struct scan *scan, int words, char **word)
{
	scan->plan = (struct sweep_plan){
		.targets = &scan->targets,
		.ports = &scan->ports,
		.catalog = scan->catalog,
		.transport = scan->options.udp ? IPPROTO_UDP : IPPROTO_TCP,
		.rate = scan->options.rate,
		.key = hash_key_random(),
		.self = scan,
		.found = found,
		.goes_on = goes_on,
	};
	scan->report.plan = &scan->plan;
	scan->report.common = &scan->options.common;
	int status = choose_form(scan);
	if (status == STATUS_OK)
		status = load_home(scan);
	if (status == STATUS_OK)
		status = choose_targets(scan, words, word);
	if (status == STATUS_OK)
		status = choose_ports(scan);
	if (status == STATUS_OK)
		status = check_outside(scan);
	if (status == STATUS_OK)
		status = choose_recognition(scan);
	if (status == STATUS_OK)
		status = choose_register(scan);
	return status == STATUS_OK ? start(scan) : status;
}

static void print_more(void)
{
	puts("\nA half-open scan: a SYN per port; what answers is reset by the kernel. "
	     "Ordinary\nusers make whole connections. Without an answer a port is "
	     "asked again, as long as\nthat brings news. Then what is open is asked "
	     "what it is, nobody is logged in to.\nThe daemon keeps what was found. "
	     "Exit status 1: findings by the register; 5: it was\nended early, and "
	     "what is known is printed.");
	view_print_columns(&view_scan);
}

static bool parse(struct scan_options *o, int argc, char **argv, int *first,
		  int *status)
{
	const struct option_spec specs[] = {
		{ 'p', OPTION_TEXT, "ports", "PORTS",
		  "22,80,1000-2000, or - for all (1-1023 and what has a name)",
		  &o->ports, 0, 0 },
		{ 0, OPTION_NUMBER, "rate", "PPS",
		  "packets a second (1000); 0: as fast as possible, at home", &o->rate,
		  0, RATE_MAX },
		{ 'u', OPTION_FLAG, "udp", NULL, "UDP ports instead of TCP's", &o->udp,
		  0, 0 },
		{ 0, OPTION_FLAG, "connect", NULL,
		  "whole connections: needs no privileges", &o->connect, 0, 0 },
		{ 'y', OPTION_FLAG, "yes", NULL, "also what is not in my own networks",
		  &o->yes, 0, 0 },
		{ 'a', OPTION_FLAG, "all", NULL, "list also what is not open", &o->all,
		  0, 0 },
		{ 'V', OPTION_FLAG, "recognise", NULL,
		  "ask what is open what it is, always", &o->recognise, 0, 0 },
		{ 0, OPTION_FLAG, "no-recognise", NULL, "never; else: at home",
		  &o->no_recognise, 0, 0 },
		{ 0, OPTION_TEXT, "format", "nmap", "nmap's XML", &o->format, 0, 0 },
		{ 0, OPTION_TEXT, "register", "FILE",
		  "judge by this register of authorised ports (the daemon's)",
		  &o->policy, 0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "keep it in the store in this folder (the daemon's)", &o->state, 0,
		  0 },
		{ 'c', OPTION_TEXT, "config", "FILE",
		  "where \"home\" is (" CONFIG_DEFAULT_PATH ")", &o->config, 0, 0 },
	};
	const struct command_help help = {
		.name = "scan",
		.operands = "TARGET...",
		.doc = "Finds open ports. Targets are addresses, ranges, networks, "
		       "names.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
		.more = print_more,
	};
	return options_parse(&help, argc, argv, &o->common, first, status);
}

int command_scan(int argc, char **argv)
{
	int first, status;
	struct scan *scan = calloc(1, sizeof(*scan));
	if (scan == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	scan->options.rate = RATE_USUAL;
	scan->catalog = catalog_open(NULL, NULL);
	if (scan->catalog == NULL)
		status = complain(STATUS_INCOMPLETE, "out of memory");
	else if (parse(&scan->options, argc, argv, &first, &status)) {
		scan->report.argc = argc;
		scan->report.argv = argv;
		scan->targets_given = argv + first;
		status = scan_words(scan, argc - first, argv + first);
	}
	scan_register_close(&scan->reg);
	scan_recogniser_free(&scan->recogniser);
	scan_report_free(&scan->report);
	targets_free(&scan->targets);
	catalog_close(scan->catalog);
	free(scan);
	return status;
}
