/*
 * run_report.c: see run_report.h.
 */
#include "cli/run_report.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/link_speed.h"
#include "cli/settings.h"
#include "cli/view.h"
#include "web/web.h"

enum { QUIET_PROGRESS_S = 60 };

static double cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* statm's second number, in pages (proc(5)); unknown where /proc is not readable. */
static uint64_t rss_bytes(const struct run_state *s)
{
	char line[128], *second, *end;
	ssize_t len = pread(s->memory, line, sizeof(line) - 1, 0);
	if (len <= 0)
		return UNKNOWN_U64;
	line[len] = '\0';
	(void)strtoull(line, &second, 10);
	uint64_t pages = strtoull(second, &end, 10);
	return end != second ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : UNKNOWN_U64;
}

void run_begin(struct run_state *s, int64_t now_us)
{
	memset(s, 0, sizeof(*s));
	s->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	s->started_us = s->second_us = now_us;
	s->cpu_s = cpu_seconds();
	s->link_bytes = link_speed_bytes();
	/* Known from the first moment: nothing was taken in, nothing was lost. */
	record_init(RECORD_self, &s->self);
	settings_self(&s->totals, &s->self);
	s->self.at = now_us;
	s->self.rss_bytes = rss_bytes(s);
}

void run_end(struct run_state *s)
{
	if (s->memory > 0)
		close(s->memory);
	s->memory = -1;
}

void run_second(struct run_state *s, const struct pipeline_totals *totals,
		int64_t now_us)
{
	double elapsed = (double)(now_us - s->second_us) / 1e6;
	/* The clock was set back to before the start. */
	if (now_us < s->started_us)
		s->started_us = now_us;
	double cpu = cpu_seconds();
	if (elapsed > 0) {
		uint64_t packets = totals->flow.packets - s->totals.flow.packets;
		uint64_t bytes = totals->flow.bytes - s->totals.flow.bytes;
		s->packets_per_s = (uint64_t)((double)packets / elapsed);
		s->bytes_per_s = (uint64_t)((double)bytes / elapsed);
	}
	s->totals = *totals;
	record_init(RECORD_self, &s->self);
	settings_self(totals, &s->self);
	s->self.at = now_us;
	s->self.rss_bytes = rss_bytes(s);
	if (elapsed > 0)
		s->self.cpu_ratio = (cpu - s->cpu_s) / elapsed;
	if (totals->newest_us != INT64_MIN && now_us >= totals->newest_us)
		s->self.lag_us = (uint64_t)(now_us - totals->newest_us);
	s->cpu_s = cpu;
	s->second_us = now_us;
}

/* ---- status ---- */

static void put_name(struct buf *out, const char *name)
{
	buf_printf(out, "\"%s\":", name);
}

static void put_number(struct buf *out, const char *name, uint64_t value)
{
	put_name(out, name);
	buf_u64(out, value);
	buf_char(out, ',');
}

static void put_string(struct buf *out, const char *text)
{
	buf_char(out, '"');
	buf_json_text(out, text);
	buf_char(out, '"');
}

static bool is_watched(const struct config *config, const struct ifaddrs *entry)
{
	if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != AF_PACKET)
		return false;
	if (config->interfaces.count == 0)
		return entry->ifa_flags & IFF_UP;
	for (size_t i = 0; i < config->interfaces.count; i++)
		if (strcmp(config->interfaces.at[i], entry->ifa_name) == 0)
			return true;
	return false;
}

/* Interfaces that are up, or those asked for that exist; config NULL: none. */
static void put_interfaces(struct buf *out, const struct config *config)
{
	struct ifaddrs *all = NULL;
	bool first = true;
	put_name(out, "interfaces");
	buf_char(out, '[');
	if (config != NULL)
		getifaddrs(&all);
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		if (!is_watched(config, i))
			continue;
		if (!first)
			buf_char(out, ',');
		first = false;
		put_string(out, i->ifa_name);
	}
	buf_text(out, "],");
	if (all != NULL)
		freeifaddrs(all);
}

static void put_home(struct buf *out, const struct home *home)
{
	put_name(out, "home");
	buf_char(out, '[');
	for (size_t i = 0; i < home->count; i++) {
		char text[ADDR_TEXT_MAX];
		const struct prefix *p = &home->at[i];
		addr_text(&p->addr, text);
		bool is_v4 = addr_is_v4(&p->addr) && p->len >= 96;
		buf_printf(out, "%s\"%s/%u\"", i > 0 ? "," : "", text,
			   is_v4 ? p->len - 96u : p->len);
	}
	buf_text(out, "],");
}

static void put_undecoded(struct buf *out, const struct pipeline_totals *totals)
{
	bool first = true;
	put_name(out, "undecoded");
	buf_char(out, '{');
	for (unsigned i = 0; i < DECODE_REASON_COUNT; i++) {
		if (i == DECODE_OK || i == DECODE_NOT_IP || totals->decoded[i] == 0)
			continue;
		buf_printf(out, "%s\"%s\":", first ? "" : ",",
			   decode_reason_name((enum decode_reason)i));
		buf_u64(out, totals->decoded[i]);
		first = false;
	}
	buf_text(out, "},");
}

static void put_limits(struct buf *out, const struct config *config)
{
	put_name(out, "limits");
	buf_printf(out, "{\"response_ms\":%u,\"loss\":", config->limit_response_ms);
	buf_decimal(out, config->limit_loss);
	buf_text(out, ",\"errors\":");
	buf_decimal(out, config->limit_errors);
	buf_text(out, "},");
}

/* Until when browsers take it. */
static void put_certificate(struct buf *out)
{
	char until[TIME_TEXT_MAX];
	int64_t until_us = web_certificate_until_us();
	if (until_us == UNKNOWN_TIME)
		return;
	record_time_text(until_us, until);
	buf_printf(out, ",\"certificate_until\":\"%s\"", until);
}

void run_status_json(const struct run_state *s, const struct config *config,
		     const struct home *home, struct privileges *privileges,
		     const char *address, struct buf *out)
{
	const struct pipeline_totals *t = &s->totals;
	char started[TIME_TEXT_MAX];
	record_time_text(s->started_us, started);
	buf_printf(out, "{\"version\":\"%s\",\"pid\":%d,\"started\":\"%s\",",
		   BREAKWATER_VERSION, (int)getpid(), started);
	put_number(out, "uptime_s", (uint64_t)(s->second_us - s->started_us) / 1000000);
	put_number(out, "workers", s->workers);
	put_interfaces(out, s->workers > 0 ? config : NULL);
	privileges_json(privileges, out);
	put_home(out, home);
	put_name(out, "listen");
	put_string(out, address);
	put_certificate(out);
	buf_char(out, ',');
	put_number(out, "packets", t->flow.packets);
	put_number(out, "bytes", t->flow.bytes);
	put_number(out, "packets_per_s", s->packets_per_s);
	put_number(out, "bytes_per_s", s->bytes_per_s);
	put_number(out, "kernel_dropped", t->capture.kernel_dropped);
	put_number(out, "ring_dropped", t->records_dropped);
	put_undecoded(out, t);
	put_number(out, "not_ip", t->decoded[DECODE_NOT_IP]);
	put_number(out, "flows", t->flow.flows_open);
	put_number(out, "half_open", t->flow.half_open);
	put_number(out, "flows_evicted", t->flow.flows_evicted);
	put_number(out, "flows_refused", t->flow.flows_refused);
	put_number(out, "services", t->flow.services);
	put_number(out, "memory_bytes", t->flow.memory_bytes);
	if (s->self.rss_bytes != UNKNOWN_U64)
		put_number(out, "rss_bytes", s->self.rss_bytes);
	if (s->link_bytes > 0)
		put_number(out, "link_bytes", (uint64_t)s->link_bytes);
	put_limits(out, config);
	put_name(out, "cpu_ratio");
	buf_decimal(out, s->self.cpu_ratio >= 0 ? s->self.cpu_ratio : 0);
}

/* ---- the terminal ---- */

static void greet_watched(const struct config *config,
			  const struct privileges *privileges, bool asks)
{
	printf("Watching   ");
	if (privileges->no_packets != NULL) {
		printf("! no packets: %s\n", privileges->no_packets);
		return;
	}
	if (config->interfaces.count == 0)
		printf("every interface that is up, now or later");
	for (size_t i = 0; i < config->interfaces.count; i++)
		printf("%s%s", i > 0 ? ", " : "", config->interfaces.at[i]);
	puts(asks ? "; and asks what is to be asked: breakwater probes"
		  : "; it only listens and sends nothing");
}

void run_greet(const struct config *config, const struct privileges *privileges,
	       bool asks, const char *address, const char *link,
	       const char *socket_path)
{
	char own[SOCKET_PATH_SIZE], option[SOCKET_PATH_SIZE + 16] = "";
	socket_path_default(own);
	if (strcmp(own, socket_path) != 0)
		snprintf(option, sizeof(option), " --socket %s", socket_path);
	printf("Breakwater " BREAKWATER_VERSION
	       " watches the ports of this machine.\n\n");
	greet_watched(config, privileges, asks);
	if (*address != '\0')
		printf("Dashboard  %s://%s/\n",
		       config->web_certificate[0] != '\0' ? "https" : "http", address);
	if (*link != '\0')
		printf("Sign in    %s (once, within ten minutes)\n", link);
	printf("History    %s\n", config->state);
	const char *self = program_invocation_name;
	printf("\nIn another terminal, type\n"
	       "  %s%s top                 a live view\n"
	       "  %s%s ports               which ports carry traffic, and how well\n"
	       "  %s%s ports --listening   who listens\n"
	       "  %s%s explain PORT        why a port is unwell\n"
	       "  %s%s status              is all well, was anything missed\n"
	       "Ctrl-C here ends it with a summary.\n\n",
	       self, option, self, option, self, option, self, option, self, option);
	fflush(stdout);
}

static void now_text(const struct run_state *s, size_t ports, char *out, size_t size)
{
	char span[CELL_MAX], packets[CELL_MAX], rate[CELL_MAX], flows[CELL_MAX];
	char dropped[CELL_MAX] = "";
	text_span(span, sizeof(span), (double)(s->second_us - s->started_us) / 1e6);
	text_count(packets, sizeof(packets), (double)s->totals.flow.packets);
	text_bytes(rate, sizeof(rate), (double)s->bytes_per_s);
	text_count(flows, sizeof(flows), (double)s->totals.flow.flows_open);
	uint64_t lost = s->totals.capture.kernel_dropped + s->totals.records_dropped;
	if (lost > 0)
		snprintf(dropped, sizeof(dropped), "! %llu dropped, ",
			 (unsigned long long)lost);
	snprintf(out, size,
		 "after %s: %s%s packets, %s/s, %s connections open, %zu port%s with "
		 "traffic",
		 span, dropped, packets, rate, flows, ports, ports == 1 ? "" : "s");
}

/* A longer line would wrap, and \r only goes back to where the last part begins. */
static int columns_less_one(void)
{
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
		return 79;
	return size.ws_col - 1;
}

void run_clear_progress(void)
{
	if (!isatty(STDOUT_FILENO))
		return;
	printf("\r\033[K");
	fflush(stdout);
}

/* A terminal has one line that changes; a log gets one in a while. */
void run_progress(struct run_state *s, size_t ports)
{
	char line[CELL_MAX * 6];
	int64_t seconds = (s->second_us - s->started_us) / 1000000;
	now_text(s, ports, line, sizeof(line));
	if (isatty(STDOUT_FILENO)) {
		printf("\r\033[K%.*s", columns_less_one(), line);
	} else if (seconds / QUIET_PROGRESS_S >= s->lines + (seconds < 10)) {
		printf("%s\n", line);
		s->lines = (int)(seconds / QUIET_PROGRESS_S) + 1;
	}
	fflush(stdout);
}

void run_farewell(const struct run_state *s, struct ports *ports,
		  const struct config *config, const struct common_options *common)
{
	run_clear_progress();
	char span[CELL_MAX];
	text_span(span, sizeof(span), (double)(s->second_us - s->started_us) / 1e6);
	printf("Stopped after %s.\n", span);
	summary_print(&s->summary, &s->totals, ports, config, common);
}

int run_status(const struct run_state *s)
{
	const struct pipeline_totals *t = &s->totals;
	uint64_t missed =
		t->capture.kernel_dropped + t->records_dropped + totals_undecoded(t);
	return missed > 0 ? STATUS_INCOMPLETE : STATUS_OK;
}
