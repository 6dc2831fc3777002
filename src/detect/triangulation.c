/*
 * triangulation.c: the wire says that a port answers, the kernel that nobody listens.
 *
 * Either packets are answered below the sockets (a rootkit, a raw socket), or they are
 * redirected (NAT).  Connections outlive their listener, and a listener may live for
 * one connection only (nc -l): so only connections that begin count, and only if they
 * begin again seconds later with still nobody there.
 */
#include <string.h>

#include "detect/detector.h"

#define APART_US       (3 * SECOND_US)
#define FORGET_US      (60 * SECOND_US)
#define AFTER_CLOSE_US (5 * SECOND_US)
#define HOLD_US        (300 * SECOND_US)
/* Linux gives clients ports from there on (ip_local_port_range), IANA from 49152. */
enum { UDP_SECONDS_MIN = 3, FIRST_EPHEMERAL = 32768 };

static uint64_t known(uint64_t value)
{
	return value == UNKNOWN_U64 ? 0 : value;
}

/* True if a connection began in that second and was answered by more than a refusal. */
static bool is_answered(const struct port_record *port)
{
	if (known(port->flows) <= known(port->rejected) ||
	    known(port->server_packets) == 0)
		return false;
	if (strcmp(port->transport, "tcp") == 0)
		return port->handshake_p50_us != UNKNOWN_U64;
	/* A client's own port looks like a server's when the peer speaks first. */
	return port->port < FIRST_EPHEMERAL;
}

/* True if the listener is there after all, or was until just now. */
static bool is_explained(struct detect *detect, const struct port_record *port)
{
	const struct place *place = places_serving(&detect->places, port->transport,
						   &port->server_ip, port->port);
	if (place == NULL)
		return false;
	return place->open > 0 || (place->closed_us != UNKNOWN_TIME &&
				   port->start < place->closed_us + AFTER_CLOSE_US);
}

static struct answer *answer_of(struct detect *detect, const struct port_record *port)
{
	struct answer *oldest = &detect->answers[0];
	for (size_t i = 0; i < ANSWERS_MAX; i++) {
		struct answer *answer = &detect->answers[i];
		if (answer->transport != NULL && answer->port == port->port &&
		    addr_equal(&answer->ip, &port->server_ip) &&
		    strcmp(answer->transport, port->transport) == 0)
			return answer;
		if (answer->transport == NULL ||
		    (oldest->transport != NULL && answer->last_us < oldest->last_us))
			oldest = answer;
	}
	*oldest = (struct answer){ .ip = port->server_ip,
				   .port = port->port,
				   .transport = port->transport,
				   .first_us = port->start,
				   .last_us = port->start };
	return oldest;
}

static void forget(struct detect *detect, const struct port_record *port)
{
	struct answer *answer = answer_of(detect, port);
	answer->transport = NULL;
}

static bool is_lasting(const struct answer *answer)
{
	return answer->last_us - answer->first_us >= APART_US &&
	       (strcmp(answer->transport, "tcp") == 0 ||
		answer->seconds >= UDP_SECONDS_MIN);
}

static void raise_traffic(struct detect *detect, const struct answer *answer,
			  int64_t at_us)
{
	struct finding_record evidence;
	struct place nobody = { .ip = answer->ip,
				.netns = UNKNOWN_U64,
				.transport = answer->transport,
				.port = answer->port,
				.pid = UNKNOWN_U32 };
	detect_begin(&evidence, "hidden_listener", "traffic", &nobody, at_us);
	evidence.detector = "triangulation";
	char text[ADDR_TEXT_MAX];
	addr_text(&answer->ip, text);
	bool may_be_container = detect->places.foreign > 0;
	evidence.confidence = may_be_container ? 0.3 : 0.7;
	buf_clear(&detect->reason);
	buf_printf(&detect->reason,
		   "%u/%s of %s answers, though no socket listens there%s",
		   answer->port, answer->transport, text,
		   may_be_container ? "; a port redirected to a container looks so too"
				    : "; a redirected port looks so too");
	detect_summary(&evidence, &detect->reason);
	findings_take(&detect->findings, &evidence,
		      may_be_container ? SEVERITY_MEDIUM : SEVERITY_HIGH, HOLD_US);
}

/* The listener was found after all. */
static void end_traffic(struct detect *detect, const struct port_record *port)
{
	struct finding_record key;
	struct place nobody = { .ip = port->server_ip,
				.netns = UNKNOWN_U64,
				.transport = port->transport,
				.port = port->port };
	detect_begin(&key, "hidden_listener", "traffic", &nobody, port->start);
	struct finding *finding = findings_find(&detect->findings, &key);
	if (finding == NULL)
		return;
	findings_close(&detect->findings, finding, port->start);
	forget(detect, port);
}

void detect_port(struct detect *detect, const struct port_record *port, uint8_t listens)
{
	if (port->transport == NULL || port->start == UNKNOWN_TIME)
		return;
	if (port->start > detect->now_us)
		detect->now_us = port->start;
	detectors_port(detect, port);
	if (listens == 1)
		end_traffic(detect, port);
	if (listens != 0 || !is_answered(port) || is_explained(detect, port))
		return;
	struct answer *answer = answer_of(detect, port);
	if (port->start - answer->last_us > FORGET_US) {
		answer->first_us = port->start;
		answer->seconds = 0;
	}
	answer->last_us = port->start;
	answer->seconds++;
	if (is_lasting(answer))
		raise_traffic(detect, answer, port->start);
}
