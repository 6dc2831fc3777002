/*
 * scan_body.c: see scan_body.h.
 */
#include "cli/scan_body.h"

#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "record/from_json.h"
#include "scan/sweep.h"

enum { LATEST_US = 1000000 };

static bool refuse(struct buf *why, size_t line, const char *what)
{
	buf_clear(why);
	buf_printf(why, "line %zu: %s", line, what);
	return false;
}

static bool is_among(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; word != NULL && i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool is_transport(const json_t *object)
{
	static const char *const transports[] = { "tcp", "udp" };
	return is_among(member_text(object, "transport"), transports, 2);
}

static bool read_run(struct scan_body *body, const json_t *object, int64_t now_us,
		     struct buf *why)
{
	static const char *const techniques[] = { "syn", "connect", "udp" };
	struct scan_run_record *run = &body->run;
	if (!is_transport(object) ||
	    !is_among(member_text(object, "technique"), techniques, 3))
		return refuse(why, 1,
			      "transport is tcp or udp, technique syn, connect "
			      "or udp");
	if (!record_from_json(RECORD_scan_run, object, run))
		return refuse(why, 1, "the first record is the scan_run");
	bool has_begun = run->start != UNKNOWN_TIME && run->start <= now_us + LATEST_US;
	bool has_ended = run->end != UNKNOWN_TIME && run->end >= run->start &&
			 run->end <= now_us + LATEST_US;
	if (!has_begun || (!has_ended && run->end != UNKNOWN_TIME))
		return refuse(why, 1,
			      "a scan has a begin and, later, an end that has "
			      "passed, or none yet");
	return true;
}

static bool read_port(struct scan_body *body, const json_t *object, size_t line,
		      struct buf *why)
{
	struct scan_record *port = &body->ports[body->count];
	if (body->run.end == UNKNOWN_TIME)
		return refuse(why, line, "a scan that goes on has no ports yet");
	if (!is_transport(object) ||
	    !is_among(member_text(object, "state"), scan_state_names, SCAN_STATES))
		return refuse(why, line,
			      "transport is tcp or udp, state open, closed, "
			      "filtered or open|filtered");
	if (!record_from_json(RECORD_scan, object, port))
		return refuse(why, line, "all records but the first are of kind scan");
	if (addr_is_unset(&port->ip) || port->port == 0 || port->port > UINT16_MAX)
		return refuse(why, line, "ip is an address, port from 1 to 65535");
	/* The kernel stamps answers, and clocks are set; not one is lost by that. */
	if (port->at == UNKNOWN_TIME || port->at < body->run.start)
		port->at = body->run.start;
	if (port->at > body->run.end)
		port->at = body->run.end;
	port->scan_start = body->run.start;
	body->count++;
	return true;
}

static bool read_line(struct scan_body *body, const char *text, size_t len, size_t line,
		      int64_t now_us, struct buf *why)
{
	json_error_t error;
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	bool is_good = json_is_object(object)
			       ? line == 1 ? read_run(body, object, now_us, why)
					   : read_port(body, object, line, why)
			       : refuse(why, line, "no JSON object");
	json_decref(object);
	return is_good;
}

bool scan_body_read(struct scan_body *body, const char *text, size_t len,
		    int64_t now_us, struct buf *why)
{
	size_t lines = 0;
	*body = (struct scan_body){ 0 };
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	if (lines == 0 || text[len - 1] != '\n')
		return refuse(why, 1, "lines of JSON, each with its end");
	if (lines > SCAN_BODY_PORTS + 1)
		return refuse(why, lines, "at most 8192 ports at once");
	body->ports = calloc(lines, sizeof(*body->ports));
	if (body->ports == NULL)
		return refuse(why, 1, "out of memory");
	for (size_t line = 1; line <= lines; line++) {
		size_t end = (size_t)((const char *)memchr(text, '\n', len) - text);
		if (!read_line(body, text, end, line, now_us, why)) {
			scan_body_free(body);
			return false;
		}
		text += end + 1;
		len -= end + 1;
	}
	return true;
}

void scan_body_free(struct scan_body *body)
{
	free(body->ports);
	*body = (struct scan_body){ 0 };
}
