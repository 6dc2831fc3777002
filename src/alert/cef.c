/*
 * cef.c: an incident in ArcSight's Common Event Format, whose keys are a closed list;
 * what it has no key for goes into its custom ones, each with a label.
 */
#include <string.h>

#include "alert/syslog.h"

enum { THOUSAND = 1000 };

/* Before these, and before line ends, of which there are none: see escape_line(). */
#define HEADER_SPECIAL    "\\|"
#define EXTENSION_SPECIAL "\\="

/* 0 to 3 low, to 6 medium, to 8 high, 9 and 10 very high. */
static int severity_of(const struct incident_record *incident)
{
	static const int severities[SEVERITIES] = {
		[SEVERITY_NOTICE] = 1, [SEVERITY_LOW] = 3,       [SEVERITY_MEDIUM] = 5,
		[SEVERITY_HIGH] = 8,   [SEVERITY_CRITICAL] = 10,
	};
	int severity = record_severity(incident->severity);
	return severities[severity >= 0 ? severity : SEVERITY_MEDIUM];
}

static const char *text_or(const char *text, const char *otherwise)
{
	return text != NULL && text[0] != '\0' ? text : otherwise;
}

struct extension {
	struct buf *out;
	size_t end; /* of out */
	bool has_some;
};

/* All of it, or nothing if there is no room. */
static void put(struct extension *e, const char *label, const char *key,
		const char *value)
{
	struct buf pair = { 0 };
	if (value == NULL || value[0] == '\0')
		return;
	if (label != NULL)
		buf_printf(&pair, "%s%sLabel=%s ", e->has_some ? " " : "", key, label);
	else if (e->has_some)
		buf_char(&pair, ' ');
	buf_printf(&pair, "%s=", key);
	syslog_escape(&pair, value, EXTENSION_SPECIAL);
	if (e->out->len + pair.len <= e->end) {
		buf_add(e->out, pair.at, pair.len);
		e->has_some = true;
	}
	e->out->failed |= pair.failed;
	buf_free(&pair);
}

static void put_number(struct extension *e, const char *label, const char *key,
		       uint64_t value, uint64_t unknown)
{
	struct buf text = { 0 };
	if (value == unknown)
		return;
	buf_u64(&text, value);
	put(e, label, key, buf_cstr(&text));
	buf_free(&text);
}

/* Milliseconds since 1970. */
static void put_time(struct extension *e, const char *key, int64_t at_us)
{
	if (at_us != UNKNOWN_TIME && at_us >= 0)
		put_number(e, NULL, key, (uint64_t)at_us / THOUSAND, UNKNOWN_U64);
}

static void put_decimal(struct extension *e, const char *label, const char *key,
			double value)
{
	struct buf text = { 0 };
	buf_decimal(&text, value);
	if (buf_ok(&text))
		put(e, label, key, buf_cstr(&text));
	buf_free(&text);
}

/* Its keys for addresses take those of IPv4 only. */
static void put_addr(struct extension *e, const char *label6, const char *key,
		     const char *key6, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];
	if (addr_is_unset(addr))
		return;
	addr_text(addr, text);
	if (addr_is_v4(addr))
		put(e, NULL, key, text);
	else
		put(e, label6, key6, text);
}

static void put_header(struct buf *out, const struct incident_record *incident)
{
	buf_text(out, "CEF:0|Breakwater|Breakwater|" BREAKWATER_VERSION "|");
	syslog_escape(out, text_or(incident->rule, "incident"), HEADER_SPECIAL);
	buf_char(out, '|');
	syslog_escape(out, text_or(incident->summary, "incident"), HEADER_SPECIAL);
	buf_printf(out, "|%d|", severity_of(incident));
}

void cef_record(struct buf *out, const struct notice *notice,
		const struct incident_record *incident, size_t most)
{
	struct extension e = { out, out->len + most, false };
	put_header(out, incident);
	put(&e, NULL, "externalId", incident->id);
	put_time(&e, "rt", notice->at_us);
	put(&e, NULL, "act", notice->reason);
	put(&e, NULL, "outcome", incident->state);
	put(&e, NULL, "dvchost", notice->host);
	put_addr(&e, "Source IPv6 Address", "src", "c6a2", &incident->client_ip);
	put_addr(&e, "Destination IPv6 Address", "dst", "c6a3", &incident->server_ip);
	put_number(&e, NULL, "dpt", incident->port, UNKNOWN_U32);
	put(&e, NULL, "proto", incident->transport);
	put(&e, NULL, "app", incident->service);
	put_time(&e, "start", incident->first);
	put_time(&e, "end", incident->end);
	put(&e, "target", "cs1", incident->target);
	put(&e, "cause", "cs2", incident->cause);
	put(&e, "key", "cs3", notice->key);
	put(&e, "link", "cs4", notice->link);
	put_decimal(&e, "value", "cfp1", incident->value);
	put_decimal(&e, "limit", "cfp2", incident->limit);
	put_number(&e, "alerts", "cn1", incident->alerts, UNKNOWN_U32);
	put_number(&e, "findings", "cn2", incident->findings, UNKNOWN_U32);
	put_number(&e, "targets", "cn3", incident->targets, UNKNOWN_U32);
}
