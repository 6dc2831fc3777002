/*
 * probe_intake.c: see probe_intake.h.
 */
#include "cli/probe_intake.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- flows ---- */

/*
 * By its socket, which who asks has told; of scans by hand, by who they say they are:
 * somebody who may do anything here, or ourselves.
 */
static bool is_our_probe(const struct monitor *m, const struct flow_record *flow)
{
	const struct host_connection *client = host_client_of(m->host, flow);
	if (client == NULL || client->accepted)
		return false;
	/* A scan has a process for what strangers say. */
	bool is_ours = strncmp(client->process, "breakwater", 10) == 0;
	return client->pid == probing_pid(&m->probing) ||
	       (is_ours && (client->uid == 0 || client->uid == getuid()));
}

/* Of a scan that was told when it began: its packets may have no socket. */
static bool is_our_scan(const struct monitor *m, const struct addr *client,
			const struct addr *server, int64_t at_us)
{
	return home_holds(&m->own, client) &&
	       scan_known_holds(&m->scans, server, at_us);
}

void monitor_name_flow(const struct monitor *m, struct flow_record *flow)
{
	host_name_flow(m->host, flow);
	if (is_our_probe(m, flow) ||
	    is_our_scan(m, &flow->client_ip, &flow->server_ip, flow->start))
		flow->probe = 1;
}

bool probe_intake_made(const struct monitor *m, const struct contact_record *contact)
{
	struct flow_record flow;
	if (!home_holds(&m->own, &contact->client_ip))
		return false;
	record_init(RECORD_flow, &flow);
	flow.ip_proto =
		strcmp(contact->transport, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	flow.client_ip = contact->client_ip;
	flow.client_port = contact->client_port;
	flow.server_ip = contact->server_ip;
	flow.server_port = contact->port;
	return is_our_probe(m, &flow) ||
	       is_our_scan(m, &contact->client_ip, &contact->server_ip, contact->at);
}

/* What a client and a service of ours were heard to speak. */
void probe_intake_flow(struct monitor *m, const struct flow_record *flow)
{
	bool is_heard = flow->protocol_by != NULL &&
			strcmp(flow->protocol_by, "content") == 0 &&
			flow->server_payload_bytes != UNKNOWN_U64 &&
			flow->server_payload_bytes > 0;
	if (m->own_services == NULL || flow->probe == 1 || !is_heard ||
	    !home_holds(&m->own, &flow->server_ip))
		return;
	const struct host_listener *listener =
		host_listener_at(m->host, (uint8_t)flow->ip_proto, &flow->server_ip,
				 (uint16_t)flow->server_port);
	if (listener != NULL)
		own_note_protocol(m->own_services, flow->transport, &listener->addr,
				  listener->port, flow->protocol);
}

/* ---- listeners and answers ---- */

void probe_intake_listener(struct monitor *m, const struct listener_record *listener)
{
	if (m->own_services != NULL)
		own_take_listener(m->own_services, listener, clock_us(CLOCK_MONOTONIC));
}

void probe_intake_answer(struct monitor *m, struct probe_record *answer)
{
	if (m->own_services != NULL)
		own_take_answer(m->own_services, answer,
				home_holds(&m->own, &answer->ip));
	detect_probe(m->detect, answer);
	probing_keep(&m->probing, answer);
}

/* A socket of a probe: the flow that it makes is known by it. */
static void take_ends(void *self, const struct probe_ends *ends)
{
	struct monitor *m = self;
	struct host_event event = { .kind = HOST_CONNECTION,
				    .at_us = clock_us(CLOCK_REALTIME) };
	event.connection = (struct host_connection){
		.local = ends->local,
		.remote = ends->remote,
		.local_port = ends->local_port,
		.remote_port = ends->remote_port,
		.proto = ends->proto,
		.uid = getuid(),
		.pid = probing_pid(&m->probing),
		.process = "breakwater",
	};
	record_text(event.connection.user, sizeof(event.connection.user),
		    m->config.user);
	host_take(m->host, &event);
}

static bool tell_proof(void *to, const struct detect_proof *proof)
{
	const struct monitor *m = to;
	struct probe_proof told;
	memset(&told, 0, sizeof(told));
	told.kind = PROBE_TOLD_PROOF;
	told.proof.connect_us = proof->connect_us;
	told.proof.first_byte_us = proof->first_byte_us;
	told.proof.is_well = proof->is_well;
	told.proof.fails = proof->fails;
	record_text(told.target, sizeof(told.target), proof->target);
	return probing_tell_proof(&m->probing, &told);
}

/* Who asks is another, and knows nothing of what was told. */
static void tell_again(struct monitor *m)
{
	m->probing_ends = probing_ends(&m->probing);
	m->maintaining.is_told = false;
	if (m->own_services != NULL)
		own_tell_again(m->own_services);
}

void probe_intake_second(struct monitor *m)
{
	if (m->probing.process == NULL)
		return;
	probing_second(&m->probing);
	if (m->probing_ends != probing_ends(&m->probing))
		tell_again(m);
	maintaining_tell(&m->maintaining, &m->probing);
	if (m->own_services != NULL)
		own_second(m->own_services, clock_us(CLOCK_MONOTONIC));
	detect_each_proof(m->detect, tell_proof, m);
}

/* What is not asked any more is forgotten here, too: who asked may be another by now.
 */
static bool tell_own(void *self, const struct probe_own *own)
{
	struct monitor *m = self;
	struct probe_record gone;
	if (!probing_tell_own(&m->probing, own))
		return false;
	if (!own->is_gone)
		return true;
	record_init(RECORD_probe, &gone);
	record_text(gone.target, sizeof(gone.target), own->text);
	gone.at = clock_us(CLOCK_REALTIME);
	detect_probe(m->detect, &gone);
	probing_keep(&m->probing, &gone);
	return true;
}

/* ---- opening ---- */

bool probe_intake_open(struct monitor *m)
{
	struct own_options own = { .catalog = m->catalog,
				   .interval_s = m->config.probe_own_interval,
				   .exe = m->exe[0] != '\0' ? m->exe : NULL,
				   .self = m,
				   .tell = tell_own };
	m->probing.take_ends = take_ends;
	m->probing.take_ends_to = m;
	if (m->config.probe_own)
		m->own_services = own_new(&own);
	return !m->config.probe_own || m->own_services != NULL;
}
