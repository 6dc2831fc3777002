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
};
enum { SIGNATURES = sizeof(signatures) / sizeof(signatures[0]) };

/* Suricata: 1 is the worst, 3 the least. */
static uint64_t severity_of(const struct finding_record *finding)
{
	int severity = record_severity(finding->severity);
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
static void write_metadata(struct buf *out, const struct finding_record *finding)
{
	static const char *const severities[SEVERITIES] = { "Informational", "Minor",
							    "Major", "Major",
							    "Critical" };
	int severity = record_severity(finding->severity);
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
	if (severity >= 0)
		put_word(out, "signature_severity", severities[severity]);
	object_close(out);
}

static void write_alert(struct buf *out, const struct finding_record *finding)
{
	size_t i = 0;
	while (i < SIGNATURES && (finding->kind == NULL ||
				  strcmp(signatures[i].kind, finding->kind) != 0))
		i++;
	object_open(out, "alert");
	object_text(out, "action", "allowed");
	object_u64(out, "gid", GENERATOR);
	object_u64(out, "signature_id", i < SIGNATURES ? signatures[i].number : 0);
	object_u64(out, "rev", REVISION);
	object_text(out, "signature", finding->summary);
	object_text(out, "category", i < SIGNATURES ? signatures[i].category : NULL);
	object_u64(out, "severity", severity_of(finding));
	write_metadata(out, finding);
	object_close(out);
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
	write_alert(out, finding);
	object_close(out);
}
