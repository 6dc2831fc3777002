/*
 * failure_words.c: a failure in one sentence that somebody understands at 3 a.m.: how
 * far it came, what happened then, and what that means.
 */
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "probe/failure.h"
#include "probe/flight.h"
#include "record/reason.h"

/* ---- pieces ---- */

void failure_duration(char out[DURATION_TEXT_MAX], int64_t us)
{
	if (us < 1000)
		snprintf(out, DURATION_TEXT_MAX, "%lld us", (long long)us);
	else if (us < 10000)
		snprintf(out, DURATION_TEXT_MAX, "%.1f ms", (double)us / 1000);
	else if (us < 1000000)
		snprintf(out, DURATION_TEXT_MAX, "%lld ms", (long long)us / 1000);
	else if (us < 10000000)
		snprintf(out, DURATION_TEXT_MAX, "%lld,%03lld ms",
			 (long long)us / 1000000, (long long)us / 1000 % 1000);
	else
		snprintf(out, DURATION_TEXT_MAX, "%lld s", (long long)us / 1000000);
}

void failure_moment(char out[MOMENT_TEXT_MAX], int64_t at_us, int64_t beside_us,
		    bool with_seconds)
{
	time_t at = at_us / 1000000, beside = beside_us / 1000000;
	struct tm tm, other;
	out[0] = '\0';
	if (gmtime_r(&at, &tm) == NULL || gmtime_r(&beside, &other) == NULL)
		return;
	bool same_day = tm.tm_year == other.tm_year && tm.tm_yday == other.tm_yday;
	const char *format = same_day       ? with_seconds ? "%H:%M:%S" : "%H:%M"
			     : with_seconds ? "%Y-%m-%d %H:%M:%S"
					    : "%Y-%m-%d %H:%M";
	strftime(out, MOMENT_TEXT_MAX, format, &tm);
}

struct sentence {
	char *out;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct sentence *s,
						      const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int n = vsnprintf(s->out + s->len, SUMMARY_MAX - s->len, format, list);
	va_end(list);
	s->len += n < 0 ? 0 : (size_t)n;
	if (s->len >= SUMMARY_MAX)
		s->len = SUMMARY_MAX - 1;
}

static void say_time(struct sentence *s, const char *format, int64_t us)
{
	char text[DURATION_TEXT_MAX];
	failure_duration(text, us);
	/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): of this file */
	say(s, format, text);
}

static const char *plural(unsigned count)
{
	return count == 1 ? "" : "s";
}

/* ---- how far it came ---- */

static void say_connected(struct sentence *s, const struct failure_facts *f)
{
	const struct probe_record *r = f->record;
	if (f->transport != IPPROTO_TCP || r->connect_us == UNKNOWN_U64)
		return;
	say_time(s, "SYN answered in %s", (int64_t)r->connect_us);
	if (f->has_packets && f->syns > 1)
		say(s, " (sent %u times)", f->syns);
	say(s, ", ");
}

static void say_tls(struct sentence *s, const struct failure_facts *f)
{
	if (f->record->tls_us != UNKNOWN_U64)
		say_time(s, "TLS in %s, ", (int64_t)f->record->tls_us);
}

static void say_said(struct sentence *s, const struct failure_facts *f)
{
	if (f->said[0] != '\0')
		say(s, "it said \"%s\", ", f->said);
	else if (f->has_packets && f->received_bytes > 0)
		say(s, "%zu octets received, ", f->received_bytes);
	else if (f->has_packets && f->sent_bytes > 0)
		say(s, "%zu octets sent, ", f->sent_bytes);
}

/* ---- what happened ---- */

/* RFC 792, RFC 4443 */
static const char *icmp_words(const struct failure_icmp *icmp)
{
	static const char *const v4[] = { "network unreachable", "host unreachable",
					  "protocol unreachable", "port unreachable",
					  "fragmentation needed" };
	static const char *const v6[] = { "no route", "administratively prohibited",
					  "beyond scope", "address unreachable",
					  "port unreachable" };
	if (icmp->is_v4 && icmp->type == 3 && icmp->code <= 4)
		return v4[icmp->code];
	if (icmp->is_v4 && icmp->type == 3)
		return icmp->code == 9 || icmp->code == 10 || icmp->code == 13
			       ? "administratively prohibited"
			       : "unreachable";
	if (!icmp->is_v4 && icmp->type == 1 && icmp->code <= 4)
		return v6[icmp->code];
	if (icmp->type == (icmp->is_v4 ? 11 : 3))
		return "too many hops: a loop of routes?";
	return "unreachable";
}

static void say_icmp(struct sentence *s, const struct failure_facts *f)
{
	char text[ADDR_TEXT_MAX];
	bool is_target = addr_equal(&f->icmp.offender, &f->record->ip);
	addr_text(&f->icmp.offender, text);
	say(s, "%s %s answered: ICMP %s (type %u, code %u)",
	    is_target ? "the host" : "router", text, icmp_words(&f->icmp), f->icmp.type,
	    f->icmp.code);
}

static void say_refused(struct sentence *s, const struct failure_facts *f)
{
	unsigned port = f->record->port == UNKNOWN_U32 ? 0 : f->record->port;
	if (f->icmp.is_known) {
		say_icmp(s, f);
	} else if (f->transport == IPPROTO_TCP) {
		say(s, "SYN answered with RST");
		if (f->has_packets && f->rst_us >= 0)
			say_time(s, " in %s", f->rst_us);
	} else {
		say(s, "answered: ICMP port unreachable");
	}
	say(s, ", nothing listens on port %u", port);
}

static void say_neighbour(struct sentence *s, const struct failure_facts *f)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&f->record->ip, text);
	say(s,
	    "asked %u time%s who has %s on this network, nobody answered: it is off, "
	    "or not here",
	    f->asked_neighbour, plural(f->asked_neighbour), text);
}

static void say_no_handshake(struct sentence *s, const struct failure_facts *f)
{
	if (f->icmp.is_known) {
		say_icmp(s, f);
	} else if (f->has_packets && f->syns == 0 && f->asked_neighbour > 0) {
		say_neighbour(s, f);
	} else if (f->has_packets && f->syns > 0) {
		say(s, "%u SYN%s sent", f->syns, plural(f->syns));
		say_time(s,
			 " in %s, none answered: a firewall drops them, or the host "
			 "is off",
			 f->timeout_ms * INT64_C(1000));
	} else {
		say(s, "%s", f->record->detail);
	}
}

static void say_unreachable(struct sentence *s, const struct failure_facts *f)
{
	if (f->icmp.is_known)
		say_icmp(s, f);
	else if (f->has_packets && f->sent == 0 && f->asked_neighbour > 0)
		say_neighbour(s, f);
	else
		say(s, "%s", f->record->detail);
}

static void say_reset(struct sentence *s, const struct failure_facts *f)
{
	say_connected(s, f);
	say_tls(s, f);
	say_said(s, f);
	say(s, "then RST");
	if (f->has_packets && f->rst_us >= 0)
		say_time(s, " after %s", f->rst_us);
}

static void say_silent(struct sentence *s, const struct failure_facts *f)
{
	say_connected(s, f);
	say_tls(s, f);
	if (f->transport != IPPROTO_TCP && f->has_packets && f->received == 0) {
		say(s, "%u packet%s sent", f->sent, plural(f->sent));
		say_time(s, " in %s, none answered", f->timeout_ms * INT64_C(1000));
		return;
	}
	say_said(s, f);
	if (f->has_packets && f->silence_us >= 0)
		say_time(s, "then silent for %s", f->silence_us);
	else
		say(s, "%s", f->record->detail);
}

static void say_tls_failed(struct sentence *s, const struct failure_facts *f)
{
	say_connected(s, f);
	if (f->has_alert)
		say(s, "TLS alert %u (%s) from %s", f->alert,
		    flight_alert_word(f->alert),
		    f->alert_is_ours ? "us" : "the server");
	else
		say(s, "%s", f->record->detail);
}

/* The alerts are what clients that take it seriously end with. */
static void say_certificate(struct sentence *s, const struct failure_facts *f)
{
	const struct probe_record *r = f->record;
	char when[MOMENT_TEXT_MAX];
	say_connected(s, f);
	say_tls(s, f);
	if (strcmp(f->reason, "certificate_expired") != 0 ||
	    r->cert_not_after == UNKNOWN_TIME) {
		say(s, "%s", r->detail);
		return;
	}
	failure_moment(when, r->cert_not_after, r->at, false);
	say(s, "certificate expired %s: clients end with TLS alert 45", when);
}

static void say_not_sent(struct sentence *s, const struct failure_facts *f)
{
	say(s, "nothing left this machine: %s",
	    f->has_packets && f->sent == 0 && f->received == 0
		    ? "a firewall here drops it, or its way leads nowhere"
		    : f->record->detail);
}

static void say_rest(struct sentence *s, const struct failure_facts *f)
{
	say_connected(s, f);
	say_tls(s, f);
	say(s, "%s", f->record->detail[0] != '\0' ? f->record->detail : f->reason);
}

static void say_closed(struct sentence *s, const struct failure_facts *f)
{
	say_connected(s, f);
	say_tls(s, f);
	if (f->said[0] != '\0')
		say(s, "it said \"%s\", then closed", f->said);
	else
		say(s, "%s", f->record->detail);
}

void failure_summarize(const struct failure_facts *facts, char out[SUMMARY_MAX])
{
	static const struct {
		enum reason reason;
		void (*say)(struct sentence *s, const struct failure_facts *f);
	} sayings[] = {
		{ REASON_refused, say_refused },
		{ REASON_no_handshake, say_no_handshake },
		{ REASON_unreachable, say_unreachable },
		{ REASON_reset, say_reset },
		{ REASON_closed, say_closed },
		{ REASON_silent, say_silent },
		{ REASON_open_filtered, say_silent },
		{ REASON_tls_failed, say_tls_failed },
		{ REASON_certificate_expired, say_certificate },
		{ REASON_certificate_early, say_certificate },
		{ REASON_certificate_name, say_certificate },
		{ REASON_certificate_untrusted, say_certificate },
		{ REASON_not_sent, say_not_sent },
	};
	struct sentence s = { .out = out };
	out[0] = '\0';
	if (facts->reason == NULL)
		return;
	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++)
		if (strcmp(reason_word(sayings[i].reason), facts->reason) == 0) {
			sayings[i].say(&s, facts);
			return;
		}
	say_rest(&s, facts);
}
