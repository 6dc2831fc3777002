/*
 * probe.c: breakwater probe: asks now, and says where the time went or why it failed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/asker.h"
#include "cli/cli.h"
#include "cli/failure.h"
#include "cli/last_failure.h"
#include "cli/options.h"
#include "cli/packet_file.h"
#include "cli/probe_module.h"
#include "cli/table.h"
#include "probe/probe.h"

static const char examples[] =
	"  breakwater probe tcp://192.0.2.1:22           does somebody listen\n"
	"  breakwater probe ssh://192.0.2.1              and is it SSH that is well\n"
	"  breakwater probe tls://example.net:443        chain, name and end of the "
	"certificate\n"
	"  breakwater probe 'https://example.net/#body=Welcome&http=2'\n"
	"  breakwater probe smtp+starttls://mx.example.net\n"
	"  breakwater probe 'tcp://[2001:db8::1]:80' --count 10\n"
	"  breakwater probe --last-failure               why was it down at night\n"
	"  breakwater probe ssh://192.0.2.1 && echo well for scripts: 1 if it is not "
	"up\n";

struct asking_run {
	struct common_options common;
	struct look look;
	struct target target;
	const struct failure *failure; /* of the answer that is told; NULL: none */
	bool verbose;
	const char *pcap;
	FILE *packets; /* NULL: not wanted */
	uint64_t count;
	uint64_t answered, up;
};

/* ---- for people ---- */

static enum tone tone_of(const char *state)
{
	return strcmp(state, "up") == 0        ? TONE_GOOD
	       : strcmp(state, "unknown") == 0 ? TONE_QUIET
					       : TONE_OVER;
}

static void print_time(const char *name, uint64_t us, const char **between)
{
	char text[32];
	if (us == UNKNOWN_U64)
		return;
	text_duration(text, sizeof(text), (double)us);
	printf("%s%s %s", *between, name, text);
	*between = ", ";
}

static void print_times(const struct probe_record *r)
{
	const char *between = "  time         ";
	print_time("resolve", r->resolve_us, &between);
	print_time("connect", r->connect_us, &between);
	print_time("TLS", r->tls_us, &between);
	print_time("first byte", r->first_byte_us, &between);
	print_time("in all", r->total_us, &between);
	if (r->rtt_us != UNKNOWN_U64)
		print_time("of it a round trip", r->rtt_us, &between);
	puts("");
}

/* Of a burst, or of datagrams that were sent again. */
static void print_packets(const struct probe_record *r)
{
	const char *between = ", ";
	if (r->sent == UNKNOWN_U32 || r->sent < 2)
		return;
	printf("  %-12s %u sent, %u lost", "packets", r->sent, r->lost);
	print_time("jitter", r->jitter_us, &between);
	puts("");
}

static void print_fact(const char *name, const char *text)
{
	char clean[256];
	text_clean(clean, sizeof(clean), text);
	if (clean[0] != '\0')
		printf("  %-12s %s\n", name, clean);
}

static void print_certificate(const struct probe_record *r)
{
	char when[64];
	time_t end = r->cert_not_after / 1000000;
	struct tm tm;
	print_fact("certificate", r->cert_subject);
	print_fact("issued by", r->cert_issuer);
	if (r->cert_not_after == UNKNOWN_TIME || gmtime_r(&end, &tm) == NULL)
		return;
	size_t len = strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	double days = difftime(end, time(NULL)) / 86400;
	snprintf(when + len, sizeof(when) - len,
		 days < 0 ? ", %.0f days ago" : ", in %.0f days",
		 days < 0 ? -days : days);
	print_fact("ends", when);
}

static void print_answer(const struct asking_run *run, const struct probe_record *r)
{
	char text[256], ip[ADDR_TEXT_MAX] = "";
	text_clean(text, sizeof(text), r->target);
	printf("%s  ", text);
	tone_print(&run->look, tone_of(r->state), r->state);
	if (r->reason != NULL)
		printf(" (%s)", r->reason);
	puts("");
	print_fact("because",
		   run->failure != NULL && run->failure->record.summary[0] != '\0'
			   ? run->failure->record.summary
			   : r->detail);
	if (!addr_is_unset(&r->ip))
		addr_text(&r->ip, ip);
	print_fact("address", ip);
	print_times(r);
	print_packets(r);
	print_fact("software", r->software);
	print_fact("version", r->version);
	snprintf(text, sizeof(text), "%s%s%s", r->tls_version,
		 r->tls_version[0] != '\0' ? ", " : "", r->cipher);
	print_fact("encryption", text);
	print_certificate(r);
}

/* ---- asking ---- */

static void answered(void *self, const struct probe_record *r)
{
	struct asking_run *run = self;
	run->answered++;
	run->up += strcmp(r->state, "up") == 0;
	if (run->common.json)
		asker_print_json(r);
	else
		print_answer(run, r);
	if (run->verbose && run->failure != NULL && run->common.json)
		failure_print_json(run->failure);
	else if (run->verbose && run->failure != NULL)
		failure_print(&run->look, run->failure);
	run->failure = NULL;
}

static void recorded(void *self, const struct failure *failure)
{
	struct asking_run *run = self;
	run->failure = failure;
	for (size_t i = 0; i < failure->packet_count && run->packets != NULL; i++)
		packet_file_add(run->packets, &failure->packets[i]);
	if (run->packets != NULL && failure->packet_count == 0)
		fprintf(stderr, "breakwater probe: %s\n",
			failure->record.packets_missing);
}

/* Exit status; a complaint was made. */
static int open_packets(struct asking_run *run)
{
	run->packets = run->pcap != NULL ? packet_file_open(run->pcap) : NULL;
	if (run->pcap == NULL || run->packets != NULL)
		return STATUS_OK;
	fprintf(stderr, "breakwater probe: --pcap %s: %s\n", run->pcap,
		strerror(errno));
	return STATUS_USAGE;
}

static int close_packets(struct asking_run *run, int status)
{
	int error = run->packets != NULL ? packet_file_close(run->packets) : 0;
	if (error == 0)
		return status;
	fprintf(stderr, "breakwater probe: --pcap %s: %s\n", run->pcap,
		strerror(error));
	return STATUS_INCOMPLETE;
}

static int run_target(struct asking_run *run, const char *text, const char *timeout)
{
	char why[TARGET_WHY_MAX];
	if (!asker_target(&run->target, text, timeout, why)) {
		fprintf(stderr, "breakwater probe: %s\n", why);
		return STATUS_USAGE;
	}
	int status = open_packets(run);
	if (status != STATUS_OK) {
		target_free(&run->target);
		return status;
	}
	const struct asker asker = { .target = &run->target,
				     .count = run->count,
				     .done = answered,
				     .to = run,
				     .recorded = recorded };
	if (!asker_ask(&asker))
		perror("breakwater probe: no prober");
	target_free(&run->target);
	if (run->answered == 0)
		status = STATUS_INCOMPLETE;
	else
		status = run->up >= run->count && run->up == run->answered
				 ? STATUS_OK
				 : STATUS_BAD_NEWS;
	return close_packets(run, status);
}

static int ask_by_module(const char *modules, const struct blackbox_request *request)
{
	if (modules == NULL) {
		fputs("breakwater probe: --module needs --modules FILE\n", stderr);
		return STATUS_USAGE;
	}
	return probe_by_module(modules, request);
}

/* ---- the command ---- */

struct wanted {
	struct asking_run run;
	const char *timeout, *modules;
	struct blackbox_request request;
	struct last_failure last;
};

/* Whatever is wanted, of these operands. */
static int do_what_is_wanted(struct wanted *w, int count, char **operands)
{
	if (w->last.is_wanted && count <= 1) {
		w->last.target = count == 1 ? operands[0] : NULL;
		w->last.pcap = w->run.pcap;
		return last_failure_show(&w->last);
	}
	if (count != 1) {
		fprintf(stderr,
			"breakwater probe: one target, such as ssh://192.0.2.1\n");
		return STATUS_USAGE;
	}
	w->request.target = operands[0];
	w->request.timeout = w->timeout;
	if (w->modules != NULL || w->request.module != NULL)
		return ask_by_module(w->modules, &w->request);
	w->run.look = look_of(&w->run.common);
	return run_target(&w->run, operands[0], w->timeout);
}

int command_probe(int argc, char **argv)
{
	struct wanted w = { .run.count = 1, .last.common = &w.run.common };
	int first, status;
	const struct option_spec specs[] = {
		{ 't', OPTION_TEXT, "timeout", "T", "give up after so long (5s)",
		  &w.timeout, 0, 0 },
		{ 'c', OPTION_NUMBER, "count", "N", "ask so often, once a second (1)",
		  &w.run.count, 1, 1000000 },
		{ 'v', OPTION_FLAG, "verbose", NULL,
		  "also what was said, what the kernel knew, and the packets",
		  &w.run.verbose, 0, 0 },
		{ 0, OPTION_TEXT, "pcap", "FILE",
		  "write the packets there; - is standard output", &w.run.pcap, 0, 0 },
		{ 0, OPTION_FLAG, "last-failure", NULL,
		  "show what the flight recorder kept of the last that failed, of "
		  "TARGET or of any",
		  &w.last.is_wanted, 0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "with --last-failure: read that store, without a daemon",
		  &w.last.state, 0, 0 },
		{ 0, OPTION_TEXT, "modules", "FILE",
		  "modules of Prometheus' blackbox_exporter", &w.modules, 0, 0 },
		{ 0, OPTION_TEXT, "module", "NAME",
		  "ask as that module says (TARGET as there) and print its metrics",
		  &w.request.module, 0, 0 },
		{ 0, OPTION_TEXT, "hostname", "NAME",
		  "by module: greet a web site by that name", &w.request.hostname, 0,
		  0 },
		{ 0, OPTION_FLAG, "debug", NULL,
		  "by module: show what happened and the module, too", &w.request.debug,
		  0, 0 },
	};
	const struct command_help help = {
		.name = "probe",
		.operands = "TARGET",
		.doc = "Asks a service whether it is well: "
		       "proto://[user:password@]host[:port][/path][?option=value].",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	if (!options_parse(&help, argc, argv, &w.run.common, &first, &status))
		return status;
	return do_what_is_wanted(&w, argc - first, argv + first);
}
