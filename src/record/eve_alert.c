/*
 * eve_alert.c: a finding as an alert of Suricata's EVE.
 *
 * A rule engine has a number for each signature.  Ours have a generator of their own,
 * so that they can't be taken for rules: gid 7070, and a signature_id for each kind of
 * finding, which never changes its meaning.  Numbers are listed in docs/protocols.md.
 */
#include <string.h>

#include "record/eve.h"
#include "record/mitre.h"
#include "record/object.h"

enum { GENERATOR = 7070, REVISION = 1 };

/* The categories are Suricata's own (classification.config). */
#define NETWORK_SCAN  "Detection of a Network Scan"
#define LOGIN_ATTACK  "Attempted User Privilege Gain"
#define DENIAL        "Attempted Denial of Service"
#define NON_STANDARD  "Detection of a non-standard protocol or event"
#define BAD_TRAFFIC   "Potentially Bad Traffic"
#define POLICY        "Potential Corporate Privacy Violation"
#define MISC_ATTACK   "Misc Attack"
#define MISC_ACTIVITY "Misc activity"
#define COMMAND       "Malware Command and Control Activity Detected"

static const struct {
	const char *kind;
	unsigned number;
	const char *category;
} signatures[] = {
	{ "port_scan", 1, NETWORK_SCAN },
	{ "host_sweep", 2, NETWORK_SCAN },
	{ "distributed_scan", 3, NETWORK_SCAN },
	{ "trap_hit", 4, NETWORK_SCAN },
	{ "brute_force", 10, LOGIN_ATTACK },
	{ "password_spray", 11, LOGIN_ATTACK },
	{ "login_after_failures", 12, "Successful User Privilege Gain" },
	{ "syn_flood", 20, DENIAL },
	{ "udp_flood", 21, DENIAL },
	{ "icmp_flood", 22, DENIAL },
	{ "connection_flood", 23, DENIAL },
	{ "reflection_victim", 24, DENIAL },
	{ "reflector", 25, DENIAL },
	{ "spoofed_source", 26, BAD_TRAFFIC },
	{ "unexpected_protocol", 30, NON_STANDARD },
	{ "protocol_anomaly", 31, "Generic Protocol Command Decode" },
	{ "weak_protocol", 32, BAD_TRAFFIC },
	{ "cleartext_login", 33, POLICY },
	{ "tunnel", 34, NON_STANDARD },
	{ "beacon", 40, COMMAND },
	{ "blocklisted_peer", 41, MISC_ATTACK },
	{ "new_listener", 50, MISC_ACTIVITY },
	{ "unauthorized_port", 51, POLICY },
	{ "service_change", 52, MISC_ACTIVITY },
	{ "hidden_listener", 53, MISC_ATTACK },
	{ "missing_listener", 55, MISC_ACTIVITY },
	{ "users_failing", 56, MISC_ACTIVITY },
	/* Of no kind of finding: a limit that is crossed. */
	{ "limit", 100, MISC_ACTIVITY },
};
enum { SIGNATURES = sizeof(signatures) / sizeof(signatures[0]) };

/* Suricata: 1 is the worst, 3 the least. */
static uint64_t severity_of(int severity)
{
	if (severity >= SEVERITY_HIGH)
		return 1;
	return severity == SEVERITY_MEDIUM ? 2 : 3;
}

/* Words of rules' metadata have no blanks. */
static void put_word(struct buf *out, const char *name, const char *text)
{
	char word[64];
	size_t len = 0;
	for (; text[len] != '\0' && len + 1 < sizeof(word); len++)
		word[len] = text[len] == ' ' ? '_' : text[len];
	word[len] = '\0';
	object_texts(out, name, word, '\0');
}

/* As rules of Emerging Threats have it. */
static void put_severity(struct buf *out, int severity)
{
	static const char *const severities[SEVERITIES] = { "Informational", "Minor",
							    "Major", "Major",
							    "Critical" };
	if (severity >= 0)
		put_word(out, "signature_severity", severities[severity]);
}

static void write_metadata(struct buf *out, const struct finding_record *finding)
{
	const struct mitre *mitre = record_mitre(finding->mitre);
	if (finding->mitre[0] == '\0')
		return;
	object_open(out, "metadata");
	put_word(out, "mitre_technique_id", finding->mitre);
	if (mitre != NULL) {
		put_word(out, "mitre_technique_name", mitre->name);
		put_word(out, "mitre_tactic_id", mitre->tactic_id);
		put_word(out, "mitre_tactic_name", mitre->tactic);
	}
	put_severity(out, record_severity(finding->severity));
	object_close(out);
}

/* SIGNATURES: it is none of them. */
static size_t signature_of(const char *kind)
{
	size_t i = 0;
	while (i < SIGNATURES &&
	       (kind == NULL || strcmp(signatures[i].kind, kind) != 0))
		i++;
	return i;
}

static void open_alert(struct buf *out, size_t i, const char *summary, int severity)
{
	object_open(out, "alert");
	object_text(out, "action", "allowed");
	object_u64(out, "gid", GENERATOR);
	object_u64(out, "signature_id", i < SIGNATURES ? signatures[i].number : 0);
	object_u64(out, "rev", REVISION);
	object_text(out, "signature", summary);
	object_text(out, "category", i < SIGNATURES ? signatures[i].category : NULL);
	object_u64(out, "severity", severity_of(severity));
}

void record_eve_alert(struct buf *out, const struct finding_record *finding)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.transport = finding->transport;
	flow.client_ip = finding->client_ip;
	flow.server_ip = finding->server_ip;
	flow.server_port = finding->port;
	eve_begin(out, &flow, finding->last, "alert");
	open_alert(out, signature_of(finding->kind), finding->summary,
		   record_severity(finding->severity));
	write_metadata(out, finding);
	object_close(out);
	object_close(out);
}

/* ---- incidents ---- */

/* One of the texts of "tag"; nothing with a comma, which would make it two. */
static void add_tag(struct buf *tags, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_printf(tags, "%s%s:", tags->len > 0 ? "," : "", name);
	for (; *value != '\0'; value++)
		buf_char(tags, *value == ',' || *value == ' ' ? '_' : *value);
}

/* EVE has no fields for what an incident is: its rules' tags say it. */
static void write_tags(struct buf *out, const struct incident_record *incident,
		       const char *reason)
{
	struct buf tags = { 0 };
	add_tag(&tags, "incident", incident->id);
	add_tag(&tags, "reason", reason);
	add_tag(&tags, "state", incident->state);
	add_tag(&tags, "rule", incident->rule);
	add_tag(&tags, "target", incident->target);
	if (buf_cstr(&tags) != NULL)
		object_texts(out, "tag", buf_cstr(&tags), ',');
	out->failed |= tags.failed;
	buf_free(&tags);
}

void record_eve_incident(struct buf *out, const struct incident_record *incident,
			 const char *reason)
{
	int severity = record_severity(incident->severity);
	size_t signature = signature_of(incident->rule);
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.transport = incident->transport;
	flow.client_ip = incident->client_ip;
	flow.server_ip = incident->server_ip;
	flow.server_port = incident->port;
	eve_begin(out, &flow, incident->at, "alert");
	open_alert(out, signature < SIGNATURES ? signature : signature_of("limit"),
		   incident->summary, severity);
	object_open(out, "metadata");
	write_tags(out, incident, reason);
	put_severity(out, severity);
	object_close(out);
	object_close(out);
	object_close(out);
}
