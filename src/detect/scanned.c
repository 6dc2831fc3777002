/*
 * scanned.c: what a scan saw, beside the register.
 *
 * A scan sees ports, not programs: a port that is open and not in the register, or of
 * an entry that has expired, is a finding; so is one that an entry names by its number,
 * and where nobody listens.  A range is what may be, not what has to be there.  A later
 * scan that shows it right ends it; silence shows nothing.
 */
#include <stdio.h>
#include <string.h>

#include "detect/inside.h"

static const char unauthorized_port[] = "unauthorized_port",
		  missing_listener[] = "missing_listener",
		  unexpected_protocol[] = "unexpected_protocol", by_scan[] = "scan";

static void end_now(struct detect *detect, const struct place *place, const char *kind)
{
	detect_end_now(detect, place, kind, by_scan);
}

static void raise(struct detect *detect, const struct place *place, const char *kind,
		  unsigned severity)
{
	struct finding_record evidence;
	detect_begin(&evidence, kind, by_scan, place, detect->now_us);
	evidence.detector = "scanned";
	evidence.confidence = 1;
	evidence.proof = "handshake";
	detect_summary(&evidence, &detect->reason);
	findings_take(&detect->findings, &evidence, severity, HOLD_OPEN);
}

/* "speaks http (nginx/1.22.1)", as it says itself. */
static void say_what(struct buf *out, const struct scan_record *scan)
{
	if (scan->protocol[0] == '\0')
		return;
	buf_text(out, ", where a scan found ");
	buf_json_text(out, scan->protocol);
	if (scan->software[0] == '\0')
		return;
	buf_text(out, " of ");
	buf_json_text(out, scan->software);
}

/* "tls" is any protocol within it; "http" is also what is spoken within. */
static bool is_spoken(const char *registered, const struct scan_record *scan)
{
	size_t len = strlen(registered);
	bool is_tls = scan->tls_version[0] != '\0';
	return strcmp(registered, scan->protocol) == 0 ||
	       (is_tls && (strcmp(registered, "tls") == 0 ||
			   (strncmp(registered, scan->protocol, len) == 0 &&
			    strcmp(scan->protocol + len, "s") == 0)));
}

static void judge_protocol(struct detect *detect, const struct place *place,
			   const struct listener_record *l,
			   const struct scan_record *scan)
{
	const char *registered = policy_protocol(detect->policy, l);
	if (scan->protocol[0] == '\0')
		return;
	if (registered == NULL || is_spoken(registered, scan)) {
		end_now(detect, place, unexpected_protocol);
		return;
	}
	buf_clear(&detect->reason);
	buf_printf(&detect->reason, "the register has %s on %u/%s", registered, l->port,
		   l->transport);
	say_what(&detect->reason, scan);
	raise(detect, place, unexpected_protocol, SEVERITY_MEDIUM);
}

static void judge_open(struct detect *detect, const struct place *place,
		       const struct listener_record *l, const struct scan_record *scan)
{
	enum policy_verdict verdict = policy_judge_listener(
		detect->policy, l, detect->now_us, &detect->reason);
	end_now(detect, place, missing_listener);
	if (verdict != POLICY_UNKNOWN_PORT && verdict != POLICY_EXPIRED) {
		end_now(detect, place, unauthorized_port);
		judge_protocol(detect, place, l, scan);
		return;
	}
	say_what(&detect->reason, scan);
	raise(detect, place, unauthorized_port, SEVERITY_MEDIUM);
}

static void judge_closed(struct detect *detect, const struct place *place,
			 const struct listener_record *l)
{
	end_now(detect, place, unauthorized_port);
	end_now(detect, place, unexpected_protocol);
	if (!policy_expects(detect->policy, l, detect->now_us)) {
		end_now(detect, place, missing_listener);
		return;
	}
	char text[ADDR_TEXT_MAX];
	addr_text(&l->ip, text);
	buf_printf(&detect->reason,
		   "the register has %u/%s, and a scan found it closed at %s", l->port,
		   l->transport, text);
	raise(detect, place, missing_listener, SEVERITY_LOW);
}

void detect_scan(struct detect *detect, const struct scan_record *scan, uint8_t listens)
{
	struct place place = { .ip = scan->ip,
			       .netns = UNKNOWN_U64,
			       .transport = scan->transport,
			       .port = scan->port,
			       .pid = UNKNOWN_U32 };
	struct listener_record l;
	if (scan->at > detect->now_us)
		detect->now_us = scan->at;
	if (detect->policy == NULL || scan->transport == NULL)
		return;
	record_init(RECORD_listener, &l);
	l.ip = scan->ip;
	l.port = scan->port;
	l.transport = scan->transport;
	buf_clear(&detect->reason);
	if (listens == 1) {
		end_now(detect, &place, unauthorized_port);
		end_now(detect, &place, missing_listener);
		judge_protocol(detect, &place, &l, scan);
	} else if (findings_same_word(scan->state, "open")) {
		judge_open(detect, &place, &l, scan);
	} else if (findings_same_word(scan->state, "closed")) {
		judge_closed(detect, &place, &l);
	}
}
