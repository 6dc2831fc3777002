/*
 * evidence.c: what readers tell of a flow, as records: with the flow's endpoints, and
 * what is wrong as evidence for src/detect, which decides whether it is news.
 */
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>

#include "catalog/catalog.h"
#include "flow/evidence.h"
#include "flow/state.h"

static struct body *current(struct flows *f)
{
	return &f->table.bodies[f->talks.current];
}

static void take_record(void *self, struct talk *talk, enum record_kind kind,
			struct spoken *record)
{
	struct flows *f = self;
	const struct body *b = current(f);
	const struct link *link = &f->links.at[b->link];
	(void)talk;
	export_iface(f, b->link, record->iface);
	if (b->link != 0 && link->vlan != 0)
		record->vlan = link->vlan;
	f->sink.record(f->sink.self, kind, record);
}

static void take_answer(void *self, struct talk *talk, bool is_error, uint64_t took_us)
{
	struct flows *f = self;
	struct body *b = current(f);
	struct conversation *c = conversation_of(&f->talks, b);
	(void)talk;
	c->answers += c->answers < UINT32_MAX;
	c->errors += is_error && c->errors < UINT32_MAX;
	if (b->service == SERVICE_NONE)
		return;
	struct port_sample *now = &services_at(f->services, b->service)->now;
	now->answers++;
	now->answer_errors += is_error;
	if (took_us != UNKNOWN_U64)
		body_note_answer(f, b,
				 took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX);
}

static const char *proof_of(const struct body *b)
{
	bool both = b->proto == IPPROTO_TCP ? (b->datas & 3) == 3 : body_is_answered(b);
	if (both)
		return "dialogue";
	return b->handshaken ? "handshake" : "unsolicited";
}

void evidence_begin(struct finding_record *out, uint8_t proto, int64_t at_us)
{
	record_init(RECORD_finding, out);
	out->at = out->first = out->last = at_us;
	out->transport = transport_name(proto);
	out->attempts = 1;
	out->confidence = 0.9;
}

static void begin(const struct body *b, struct finding_record *out, int64_t at_us)
{
	evidence_begin(out, (uint8_t)b->proto, at_us);
	out->server_ip = b->key.addr[SERVER];
	if (b->proto != IPPROTO_ICMP && b->proto != IPPROTO_ICMPV6)
		out->port = b->key.port[SERVER];
	out->proof = proof_of(b);
}

void evidence_client(struct finding_record *out, const struct addr *client)
{
	out->client_ip = addr_source(client);
	out->client_prefix = addr_is_v4(client) ? 32 : 64;
}

void evidence_sentence(struct finding_record *out, const char *what, const char *why)
{
	snprintf(out->summary, sizeof(out->summary), "%s: %s.", what, why);
	out->summary[0] = (char)toupper((unsigned char)out->summary[0]);
}

static void take_notice(void *self, struct talk *talk, const struct talk_notice *notice,
			const char *detail, int64_t at_us)
{
	struct flows *f = self;
	const struct body *b = current(f);
	struct finding_record evidence;
	if (!flows_wants(f, RECORD_finding))
		return;
	begin(b, &evidence, at_us);
	evidence.kind = notice->kind;
	evidence.technique = notice->technique;
	evidence.severity = notice->severity;
	evidence.detector = talk->protocol != NULL ? talk->protocol->name : NULL;
	if (notice->about == ABOUT_CLIENT)
		evidence_client(&evidence, &b->key.addr[CLIENT]);
	if (notice->mitre != NULL)
		record_text(evidence.mitre, sizeof(evidence.mitre), notice->mitre);
	evidence_sentence(&evidence, detail, notice->why);
	f->sink.record(f->sink.self, RECORD_finding, &evidence);
}

struct talk_sink evidence_sink(struct flows *f)
{
	return (struct talk_sink){ .self = f,
				   .record = take_record,
				   .notice = take_notice,
				   .answer = take_answer,
				   .wants = f->sink.record != NULL ? f->options.wants
								   : 0 };
}

/* ---- not what the port says ---- */

/* The protocols of such ports within TLS: "imaps" is told as "tls". */
static const char *const within_tls[] = { "https",     "smtps",      "ldaps", "ftps",
					  "ftps-data", "telnets",    "imaps", "pop3s",
					  "docker-s",  "ircs",       "sips",  "amqps",
					  "mqtts",     "syslog-tls", "dot",   "stuns",
					  NULL };
static const char *const over_http[] = { "http-proxy", "elasticsearch", "ipp",  "etcd",
					 "docker",     "opcua",         "http", NULL };
/* Ways in that somebody may hide behind another's port. */
static const char *const ways_in[] = { "ssh", "rdp", "telnet", "vnc", "smb", NULL };

static bool is_among(const char *const *names, const char *name)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* What we can't recognise may go by another name; a way in has but one. */
static bool is_of(const char *usual, const char *spoken)
{
	if (strcmp(usual, spoken) == 0)
		return true;
	if (is_among(within_tls, usual))
		return strcmp(spoken, "tls") == 0;
	if (is_among(over_http, usual))
		return strcmp(spoken, "http") == 0 || strcmp(spoken, "http2") == 0;
	if (protocol_by_name(usual) == NULL)
		return !is_among(ways_in, spoken);
	/* Some speak TLS where they could begin without. */
	return strcmp(spoken, "dtls") == 0;
}

static const char *severity_of(uint16_t port, const char *spoken)
{
	if (is_among(ways_in, spoken))
		return port < 1024 ? "medium" : "low";
	return port < 1024 && strcmp(spoken, "tls") != 0 ? "low" : "notice";
}

void evidence_recognised(struct flows *f, uint32_t number, const char *protocol,
			 int64_t at_us)
{
	const struct body *b = &f->table.bodies[number];
	uint16_t port = b->key.port[SERVER];
	struct finding_record evidence;
	if (!flows_wants(f, RECORD_finding) || b->service == SERVICE_NONE)
		return;
	const char *usual =
		catalog_protocol(f->options.catalog, (uint8_t)b->proto, port);
	if (usual == NULL || is_of(usual, protocol))
		return;
	begin(b, &evidence, at_us);
	evidence.kind = "unexpected_protocol";
	evidence.technique = record_word(protocol);
	evidence.severity = severity_of(port, protocol);
	evidence.detector = "recognition";
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1571");
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "%u/%s speaks %s, where %s is usual: what passes for one service may "
		 "be another.",
		 port, evidence.transport, protocol, usual);
	f->sink.record(f->sink.self, RECORD_finding, &evidence);
}
