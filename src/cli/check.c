/*
 * check.c: breakwater check: a probe as a Nagios plugin.
 *
 * One line as monitoring-plugins 2.3 write it, "TCP OK - text|performance data", and
 * their exit status.  What a server said may stand in it, so nothing in it may end the
 * line or begin performance data.
 */
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/asker.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/range.h"
#include "cli/view.h"

/* Exit statuses of plugins. */
enum plugin_status {
	PLUGIN_OK,
	PLUGIN_WARNING,
	PLUGIN_CRITICAL,
	PLUGIN_UNKNOWN,
};

static const char *const status_words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

enum { PINGS = 5, DAYS_MAX = 36500, NOT_GIVEN = 101 /* per cent */ };
#define TIMEOUT "10s"

static const char examples[] =
	"  breakwater check tcp://192.0.2.1:22 -w 200 -c 1000\n"
	"  breakwater check smtp+starttls://mx.example.net -D 30,14\n"
	"  breakwater check icmp://192.0.2.1 -w 100 -c 500 --loss-warning 20 "
	"--loss-critical 60\n"
	"  breakwater check ssh://192.0.2.1 -w 5:500      quicker than 5 ms is odd, "
	"too\n";

struct checking {
	struct common_options common;
	struct target target;
	/* What was asked for. */
	struct range warning, critical; /* milliseconds */
	uint64_t loss_warning, loss_critical;
	bool wants_days;
	long days_warning, days_critical;
	uint64_t count; /* 0: as many as is usual */
	/* What was seen. */
	uint64_t sent, lost, timed;
	double time_ms; /* sum of `timed` */
	enum plugin_status status;
	struct probe_record worst;
	struct buf text;
};

/* The worse of two: what is known to be wrong outweighs what is not known. */
static enum plugin_status worse(enum plugin_status a, enum plugin_status b)
{
	static const int weight[] = { [PLUGIN_OK] = 0,
				      [PLUGIN_UNKNOWN] = 1,
				      [PLUGIN_WARNING] = 2,
				      [PLUGIN_CRITICAL] = 3 };
	return weight[a] >= weight[b] ? a : b;
}

static bool is_ping(const struct checking *c)
{
	return c->target.kind == TARGET_ICMP;
}

/* ---- what was seen ---- */

static enum plugin_status status_of(const struct probe_record *r)
{
	if (strcmp(r->state, "up") == 0)
		return PLUGIN_OK;
	if (strcmp(r->state, "degraded") == 0)
		return PLUGIN_WARNING;
	return strcmp(r->state, "down") == 0 ? PLUGIN_CRITICAL : PLUGIN_UNKNOWN;
}

static void count_packets(struct checking *c, const struct probe_record *r)
{
	bool is_silent = r->reason != NULL && strcmp(r->reason, "silent") == 0;
	bool is_burst = r->sent != UNKNOWN_U32 && r->lost != UNKNOWN_U32;
	c->sent += is_burst ? r->sent : 1;
	c->lost += is_burst ? r->lost : is_silent;
}

static void answered(void *self, const struct probe_record *r)
{
	struct checking *c = self;
	enum plugin_status status = status_of(r);
	if (c->common.json)
		asker_print_json(r);
	count_packets(c, r);
	if (r->answer_us != UNKNOWN_U64 &&
	    (status == PLUGIN_OK || status == PLUGIN_WARNING)) {
		c->timed++;
		c->time_ms += (double)r->answer_us / 1000;
	}
	if (c->worst.state == NULL || worse(c->status, status) != c->status) {
		c->worst = *r;
		c->status = status;
	}
}

/* ---- how it is judged ---- */

static double mean_ms(const struct checking *c)
{
	return c->timed > 0 ? c->time_ms / (double)c->timed : NAN;
}

static double loss_percent(const struct checking *c)
{
	return c->sent > 0 ? 100.0 * (double)c->lost / (double)c->sent : 0;
}

static void judge_time(struct checking *c)
{
	double ms = mean_ms(c);
	if (isnan(ms))
		return;
	if (range_alerts(&c->critical, ms))
		c->status = worse(c->status, PLUGIN_CRITICAL);
	else if (range_alerts(&c->warning, ms))
		c->status = worse(c->status, PLUGIN_WARNING);
}

/* Packets of a ping: some lost is no more than was said to matter. */
static void judge_loss(struct checking *c)
{
	double percent = loss_percent(c);
	bool has_limits = c->loss_warning != NOT_GIVEN || c->loss_critical != NOT_GIVEN;
	if (!is_ping(c) || c->lost == 0)
		return;
	if (c->timed > 0)
		c->status = has_limits ? PLUGIN_OK : PLUGIN_WARNING;
	if (percent >= (double)c->loss_critical)
		c->status = PLUGIN_CRITICAL;
	else if (percent >= (double)c->loss_warning)
		c->status = worse(c->status, PLUGIN_WARNING);
}

/* Text that may come from a stranger: no control bytes, no '|'. */
static void put(struct checking *c, const char *text)
{
	char clean[512];
	text_clean(clean, sizeof(clean), text);
	for (char *s = clean; *s != '\0'; s++)
		if (*s == '|')
			*s = '/';
	buf_text(&c->text, clean);
}

static void put_certificate(struct checking *c, double days)
{
	char when[32] = "";
	time_t end = c->worst.cert_not_after / 1000000;
	struct tm tm;
	if (gmtime_r(&end, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	buf_text(&c->text, "certificate ");
	put(c, c->worst.cert_subject);
	buf_printf(&c->text,
		   days < 0 ? " ended %.0f days ago (%s)" : " ends in %.0f days (%s)",
		   fabs(days), when);
}

static void judge_certificate(struct checking *c)
{
	if (!c->wants_days ||
	    (c->status != PLUGIN_OK && c->worst.cert_not_after == UNKNOWN_TIME))
		return;
	if (c->worst.cert_not_after == UNKNOWN_TIME) {
		c->status = PLUGIN_UNKNOWN;
		buf_text(&c->text,
			 "no certificate was seen: -D is for targets with TLS");
		return;
	}
	int64_t end_us = c->worst.cert_not_after, now_us = clock_us(CLOCK_REALTIME);
	enum plugin_status status =
		certificate_ends_within(end_us, now_us, (double)c->days_critical)
			? PLUGIN_CRITICAL
		: certificate_ends_within(end_us, now_us, (double)c->days_warning)
			? PLUGIN_WARNING
			: PLUGIN_OK;
	if (status == PLUGIN_OK || worse(c->status, status) != status)
		return;
	c->status = status;
	put_certificate(c, certificate_days_left(end_us, now_us));
}

/* ---- the line ---- */

static void print_service(const struct checking *c)
{
	char name[sizeof(c->worst.protocol)];
	snprintf(name, sizeof(name), "%s", is_ping(c) ? "ping" : c->worst.protocol);
	for (char *s = name; *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
	printf("%s %s - ", name, status_words[c->status]);
}

/* If nothing worse was found to say. */
static void put_time(struct checking *c)
{
	const struct target *t = &c->target;
	double ms = mean_ms(c);
	if (is_ping(c)) {
		buf_printf(&c->text, "Packet loss = %.0f%%", loss_percent(c));
		if (!isnan(ms))
			buf_printf(&c->text, ", RTA = %.2f ms", ms);
		return;
	}
	buf_printf(&c->text, "%.3f second response time on ", ms / 1000);
	put(c, t->question.host);
	buf_printf(&c->text, " port %u", t->port);
	if (c->worst.software[0] != '\0') {
		buf_text(&c->text, " [");
		put(c, c->worst.software);
		buf_char(&c->text, ']');
	}
}

static void put_cause(struct checking *c)
{
	put(c, c->target.question.host);
	buf_text(&c->text, ": ");
	put(c, c->worst.detail[0] != '\0' ? c->worst.detail : c->worst.reason);
}

static void write_times(const struct checking *c, double factor, struct buf *out)
{
	buf_char(out, ';');
	range_write(&c->warning, factor, out);
	buf_char(out, ';');
	range_write(&c->critical, factor, out);
	buf_text(out, ";0.000000");
}

static void write_loss(uint64_t percent, struct buf *out)
{
	buf_char(out, ';');
	if (percent != NOT_GIVEN)
		buf_u64(out, percent);
}

/* Keys, units and order of check_ping's and check_tcp's. */
static void write_data(const struct checking *c, struct buf *out)
{
	double ms = mean_ms(c);
	if (is_ping(c) && c->sent > 0) {
		if (isnan(ms))
			buf_text(out, "|rta=U");
		else
			buf_printf(out, "|rta=%fms", ms);
		write_times(c, 1, out);
		buf_printf(out, " pl=%.0f%%", loss_percent(c));
		write_loss(c->loss_warning, out);
		write_loss(c->loss_critical, out);
		buf_text(out, ";0;");
	} else if (!is_ping(c) && !isnan(ms)) {
		buf_printf(out, "|time=%fs", ms / 1000);
		write_times(c, 0.001, out);
		buf_printf(out, ";%f", c->target.timeout_ms / 1000.0);
	}
}

static void print_line(struct checking *c)
{
	struct buf data = { 0 };
	bool is_timed = c->timed > 0 || (is_ping(c) && c->lost > 0);
	bool is_cause = status_of(&c->worst) == c->status && c->worst.reason != NULL;
	if (c->text.len == 0 && (is_cause || !is_timed) && !(is_ping(c) && is_timed))
		put_cause(c);
	else if (c->text.len == 0)
		put_time(c);
	if (is_timed)
		write_data(c, &data);
	print_service(c);
	printf("%s%s\n", buf_cstr(&c->text), buf_cstr(&data));
	buf_free(&data);
}

/* Pings go out as one burst, that half of the time is left for the last one. */
static void plan_burst(struct checking *c)
{
	struct burst *burst = &c->target.burst;
	if (c->count > 0 || burst->count == 1)
		burst->count = (uint32_t)(c->count > 0 ? c->count : PINGS);
	if (burst->count > BURST_MAX)
		burst->count = BURST_MAX;
	if (burst->count * burst->interval_ms > c->target.timeout_ms / 2)
		burst->interval_ms = c->target.timeout_ms / 2 / burst->count;
}

static int run_check(struct checking *c)
{
	if (is_ping(c))
		plan_burst(c);
	const struct asker asker = { .target = &c->target,
				     .count =
					     is_ping(c) || c->count == 0 ? 1 : c->count,
				     .done = answered,
				     .to = c };
	if (!asker_ask(&asker) || c->worst.state == NULL) {
		puts("CHECK UNKNOWN - nothing could be asked: no memory, or no "
		     "descriptors");
		return PLUGIN_UNKNOWN;
	}
	judge_loss(c);
	judge_time(c);
	judge_certificate(c);
	if (!c->common.json)
		print_line(c);
	buf_free(&c->text);
	return (int)c->status;
}

/* ---- the command line ---- */

static bool read_range(const char *name, const char *text, struct range *range)
{
	if (text == NULL || range_parse(text, range))
		return true;
	printf("CHECK UNKNOWN - --%s %s: allowed is %s, in milliseconds\n", name, text,
	       RANGE_ALLOWED);
	return false;
}

static bool read_days(struct checking *c, const char *text)
{
	char *end;
	c->wants_days = text != NULL;
	c->days_critical = -1;
	if (text == NULL)
		return true;
	c->days_warning = strtol(text, &end, 10);
	bool ok = end != text;
	if (ok && *end == ',') {
		const char *second = end + 1;
		c->days_critical = strtol(second, &end, 10);
		ok = end != second;
	}
	ok = ok && *end == '\0' && c->days_warning >= 0 &&
	     c->days_warning <= DAYS_MAX && c->days_critical <= c->days_warning;
	if (!ok)
		printf("CHECK UNKNOWN - --days %s: allowed are days such as 30 or "
		       "30,14, the first for a warning\n",
		       text);
	return ok;
}

static int check_target(struct checking *c, const char *text, const char *timeout)
{
	char why[TARGET_WHY_MAX];
	if (!asker_target(&c->target, text, timeout, why)) {
		printf("CHECK UNKNOWN - %s\n", why);
		return PLUGIN_UNKNOWN;
	}
	int status = run_check(c);
	target_free(&c->target);
	return status;
}

int command_check(int argc, char **argv)
{
	struct checking c = { .loss_warning = NOT_GIVEN, .loss_critical = NOT_GIVEN };
	const char *warning = NULL, *critical = NULL, *days = NULL, *timeout = TIMEOUT;
	int first, status;
	const struct option_spec specs[] = {
		{ 'w', OPTION_TEXT, "warning", "MS",
		  "milliseconds that are fine: N or a range", &warning, 0, 0 },
		{ 'c', OPTION_TEXT, "critical", "MS", "outside of these: critical",
		  &critical, 0, 0 },
		{ 0, OPTION_NUMBER, "loss-warning", "PCT", "of a ping's packets",
		  &c.loss_warning, 0, 100 },
		{ 0, OPTION_NUMBER, "loss-critical", "PCT", "of a ping's packets",
		  &c.loss_critical, 0, 100 },
		{ 'D', OPTION_TEXT, "days", "W[,C]",
		  "a certificate that ends within W days warns, within C is critical",
		  &days, 0, 0 },
		{ 't', OPTION_TEXT, "timeout", "T", "give up after so long (10s)",
		  &timeout, 0, 0 },
		{ 'n', OPTION_NUMBER, "count", "N", "ask so often (pings: 5, else 1)",
		  &c.count, 1, 1000 },
	};
	const struct command_help help = {
		.name = "check",
		.operands = "TARGET",
		.doc = "Asks a service as a Nagios plugin: one line, and 0 for OK, 1 "
		       "WARNING, 2 CRITICAL, 3 UNKNOWN.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	if (!options_parse(&help, argc, argv, &c.common, &first, &status))
		return status == STATUS_USAGE ? PLUGIN_UNKNOWN : status;
	if (argc - first != 1) {
		puts("CHECK UNKNOWN - one target is needed, such as ssh://192.0.2.1");
		return PLUGIN_UNKNOWN;
	}
	if (!read_range("warning", warning, &c.warning) ||
	    !read_range("critical", critical, &c.critical) || !read_days(&c, days))
		return PLUGIN_UNKNOWN;
	return check_target(&c, argv[first], timeout);
}
