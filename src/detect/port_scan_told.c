/*
 * port_scan_told.c: what is said of a scan of ports.
 */
#include <stdio.h>
#include <string.h>

#include "base/port_list.h"
#include "detect/port_scan.h"
#include "detect/scan_attempt.h"

enum {
	PORTS_LARGE = 100,
	/* Of one source not many more attempts a second are told (flow/sieve.h). */
	TOLD_A_SECOND = 900,
	/*
	 * A scan is over when nothing came for so long, or for four times as long as it
	 * took from one port to the next.
	 */
	HOLD_S = 900,
	HOLD_GAPS = 4,
	HOLD_MOST_S = 6 * 3600,
};

int64_t port_scan_hold_us(const struct port_scan *scan)
{
	int64_t lasted_us = scan->last_us - scan->first_us;
	int64_t gaps_us = scan->pairs > 1
				  ? lasted_us / (int64_t)(scan->pairs - 1) * HOLD_GAPS
				  : 0;
	if (gaps_us > HOLD_MOST_S * SECOND_US)
		gaps_us = HOLD_MOST_S * SECOND_US;
	return gaps_us > HOLD_S * SECOND_US ? gaps_us : HOLD_S * SECOND_US;
}

/* ---- what it is ---- */

static const char *const technique_words[ATTEMPT_TECHNIQUES] = {
	[ATTEMPT_SYN] = "syn",      [ATTEMPT_FIN] = "fin", [ATTEMPT_NULL] = "null",
	[ATTEMPT_XMAS] = "xmas",    [ATTEMPT_ACK] = "ack", [ATTEMPT_OTHER] = "other",
	[ATTEMPT_DATAGRAM] = "udp",
};

/*
 * Whole connections look like half-open ones until a port answers: the system's own
 * SYNs, and no SYN-ACK that was reset at once, are what can be known before.
 */
bool port_scan_is_connect(const struct port_scan *scan)
{
	return !scan->resets && scan->usual_syns * 2 > scan->techniques[ATTEMPT_SYN];
}

static const char *technique_of(const struct port_scan *scan)
{
	unsigned main = 0;
	for (unsigned i = 1; i < ATTEMPT_TECHNIQUES; i++)
		if (scan->techniques[i] > scan->techniques[main])
			main = i;
	return main == ATTEMPT_SYN && port_scan_is_connect(scan)
		       ? "connect"
		       : technique_words[main];
}

static bool is_ours(const struct detect *detect, const struct port_scan *scan)
{
	return detect_is_ours(detect, &scan->client);
}

bool port_scan_is_large(const struct port_scan *scan)
{
	return scan->port_count >= PORTS_LARGE;
}

bool port_scan_is_grave(const struct port_scan *scan)
{
	return port_scan_is_large(scan) && port_scan_is_proven(scan);
}

static unsigned severity_of(const struct detect *detect, const struct port_scan *scan)
{
	if (scan->told == TOLD_NOTICE)
		return SEVERITY_NOTICE;
	bool is_one_of_ours = port_scan_is_large(scan) && scan->group == NULL &&
			      is_ours(detect, scan);
	return is_one_of_ours || port_scan_is_grave(scan) ? SEVERITY_MEDIUM
							  : SEVERITY_LOW;
}

/* ---- in words ---- */

static bool is_shared(const struct port_scan *scan)
{
	return scan->group != NULL && scan->group->is_shared;
}

/* Among decoys, and nothing tells them apart: nobody is accused. */
static bool is_hidden(const struct port_scan *scan)
{
	return scan->group != NULL && !scan->group->is_shared &&
	       scan_group_suspect(scan->group) == NULL;
}

static const uint64_t *ports_of(const struct port_scan *scan)
{
	return is_shared(scan) ? scan->group->ports : scan->ports;
}

static uint32_t count_bits(const uint64_t *words)
{
	uint32_t count = 0;
	for (int i = 0; i < 1024; i++)
		count += (uint32_t)__builtin_popcountll(words[i]);
	return count;
}

/* All of them; of those that share one out only what was told is known. */
static uint64_t ports_tried(const struct port_scan *scan)
{
	uint64_t told = count_bits(ports_of(scan));
	return !is_shared(scan) && scan->tried > told ? scan->tried : told;
}

static bool is_too_fast_to_tell(const struct port_scan *scan)
{
	int64_t lasted_s = (scan->last_us - scan->first_us) / SECOND_US + 1;
	if (scan->tried > 0)
		return scan->tried > scan->port_count;
	return scan->pairs >= (uint64_t)lasted_s * TOLD_A_SECOND;
}

static void list_ports(const struct port_scan *scan, field_text256 out)
{
	const uint64_t *words = ports_of(scan);
	enum { LISTED = UINT16_MAX + 1 };
	uint16_t ports[LISTED];
	size_t count = 0;
	for (uint32_t word = 0; word < 1024 && count < LISTED; word++)
		for (uint64_t bits = words[word]; bits != 0 && count < LISTED;
		     bits &= bits - 1)
			ports[count++] =
				(uint16_t)(word * 64 + (unsigned)__builtin_ctzll(bits));
	port_list_text(ports, count, out, sizeof(field_text256));
}

static void say_target(const struct port_scan *scan, struct buf *out)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&scan->server, text);
	if (scan->is_wide)
		buf_printf(out, "%llu hosts", (unsigned long long)scan->host_count);
	else
		buf_text(out, text);
}

static void say_summary(const struct port_scan *scan,
			const struct finding_record *evidence, struct buf *out)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&scan->client, text);
	buf_clear(out);
	if (is_shared(scan))
		buf_printf(out, "%u sources together", scan->group->count);
	else if (is_hidden(scan))
		buf_printf(out, "One of %u sources, behind the others as decoys,",
			   scan->group->count);
	else
		buf_text(out, text);
	if (scan->group != NULL && scan_group_suspect(scan->group) != NULL)
		buf_printf(out, ", behind %u decoys,", scan->group->count - 1);
	buf_printf(out, " %s %s%u ports of ",
		   scan->told == TOLD_NOTICE ? "tried" : "scanned",
		   is_too_fast_to_tell(scan) ? "at least " : "",
		   (unsigned)evidence->ports);
	say_target(scan, out);
	buf_printf(out, " (%s)", evidence->technique);
}

static void say_counts(const struct port_scan *scan, struct buf *out)
{
	buf_printf(out,
		   "refused or silent: %llu, answered and not used: %llu, segments of "
		   "no connection: %llu; in %lld s",
		   (unsigned long long)scan->failed, (unsigned long long)scan->unused,
		   (unsigned long long)scan->stray,
		   (long long)((scan->last_us - scan->first_us) / SECOND_US));
}

static void say_evidence(const struct port_scan *scan, const struct source *source,
			 struct buf *out)
{
	buf_clear(out);
	if (scan->group != NULL) {
		scan_group_evidence(scan->group, out);
		return;
	}
	say_counts(scan, out);
	if (source != NULL)
		buf_printf(out, "; sequential test %.1f, alarm 4.6",
			   (double)source->score);
	if (scan->is_fragmented)
		buf_text(out, "; in fragments");
	if (is_too_fast_to_tell(scan))
		buf_printf(out, "; so fast that %u ports are told one by one",
			   scan->port_count);
}

static const char *advice_of(const struct detect *detect, const struct port_scan *scan)
{
	if (is_shared(scan))
		return "Block none of them on this alone, as an address can be forged. "
		       "Check that each open port is meant to be reached.";
	if (scan->group != NULL)
		return "All but one of these addresses are probably forged: block none "
		       "of them on this alone.";
	if (is_ours(detect, scan))
		return "Find out what on that machine scans. If it is meant to, name "
		       "it "
		       "in detect.friends; else the machine may be taken over.";
	if (port_scan_is_proven(scan))
		return "The address is real. Block it if it has no business here.";
	return "An address can be forged: do not block on this alone. Check that each "
	       "open port is meant to be reached.";
}

static void take_text(char *out, size_t size, struct buf *text)
{
	const char *words = buf_cstr(text);
	record_text(out, size, words != NULL ? words : "");
}

/* ---- findings ---- */

/*
 * Whom it is about: the source, or the network of those who share it out; of many that
 * may be decoys, nobody.
 */
static void name_client(const struct port_scan *scan, struct finding_record *evidence)
{
	struct scan_network network;
	if (!is_shared(scan) && !is_hidden(scan))
		detect_attacker(evidence, &scan->client);
	else if (is_shared(scan) && scan_group_network(scan->group, &network)) {
		evidence->client_ip = network.addr;
		evidence->client_prefix = network.len;
	}
}

static void fill(struct detect *detect, const struct port_scan *scan,
		 struct finding_record *evidence)
{
	const struct source *source = sources_find(&detect->sources, &scan->client);
	detect_attack(evidence, is_shared(scan) ? "distributed_scan" : "port_scan",
		      technique_of(scan), scan->last_us);
	name_client(scan, evidence);
	if (!scan->is_wide)
		evidence->server_ip = scan->server;
	evidence->transport = scan_attempt_transport_word(scan->head.key.rest);
	evidence->first = scan->first_us;
	evidence->attempts = scan->unsaid;
	evidence->ports = ports_tried(scan);
	evidence->hosts = scan->is_wide ? scan->host_count : 1;
	evidence->detector = "port_scan";
	evidence->proof = port_scan_is_proven(scan) ? "handshake" : "unsolicited";
	evidence->confidence = scan->told == TOLD_NOTICE ? 0.7 : 0.95;
	list_ports(scan, evidence->port_list);
	record_text(evidence->mitre, sizeof(evidence->mitre),
		    is_ours(detect, scan) ? "T1046" : "T1595.001");
	if (scan->tool != NULL)
		record_text(evidence->tool, sizeof(evidence->tool), scan->tool);
	say_summary(scan, evidence, &detect->reason);
	detect_summary(evidence, &detect->reason);
	say_evidence(scan, source, &detect->reason);
	take_text(evidence->evidence, sizeof(evidence->evidence), &detect->reason);
	record_text(evidence->advice, sizeof(evidence->advice),
		    advice_of(detect, scan));
}

static struct scan_key *key_of_finding(struct port_scan *scan)
{
	return scan->group != NULL ? &scan->group->key : &scan->key;
}

struct finding *port_scan_finding(struct detect *detect, const struct port_scan *scan,
				  const struct scan_key *key)
{
	struct finding_record record;
	if (key->kind == NULL)
		return NULL;
	detect_attack(&record, key->kind, key->technique, scan->last_us);
	record.client_ip = key->client;
	record.server_ip = key->server;
	record.transport = scan_attempt_transport_word(scan->head.key.rest);
	return findings_find(&detect->findings, &record);
}

static void keep_key(struct scan_key *key, const struct finding_record *evidence)
{
	*key = (struct scan_key){ .kind = evidence->kind,
				  .technique = evidence->technique,
				  .client = evidence->client_ip,
				  .server = evidence->server_ip };
}

/* Of those that try the same ports one tells it for all. */
static bool is_told_by_another(const struct port_scan *scan)
{
	return scan->group != NULL && !scan->group->is_shared &&
	       !addr_equal(scan_group_speaker(scan->group), &scan->client);
}

/* What was said under another name is about the same from now on. */
static void rename_finding(struct detect *detect, struct finding *finding,
			   const struct finding_record *evidence)
{
	struct finding *whole = findings_find(&detect->findings, evidence);
	if (whole == NULL)
		findings_move(&detect->findings, finding, evidence);
	else if (whole != finding)
		findings_fold(&detect->findings, finding, whole, detect->now_us);
}

void port_scan_tell(struct detect *detect, struct port_scan *scan)
{
	struct finding_record evidence;
	struct scan_key *key = key_of_finding(scan);
	scan->is_dirty = false;
	scan->was_proven = port_scan_is_proven(scan);
	scan->was_grave = port_scan_is_grave(scan);
	if (is_told_by_another(scan))
		return;
	struct finding *finding = port_scan_finding(detect, scan, key);
	fill(detect, scan, &evidence);
	if (finding != NULL)
		rename_finding(detect, finding, &evidence);
	findings_take(&detect->findings, &evidence, severity_of(detect, scan),
		      port_scan_hold_us(scan));
	keep_key(key, &evidence);
	scan->unsaid = 0;
}

void port_scan_withdraw(struct detect *detect, struct port_scan *scan)
{
	struct finding *finding = port_scan_finding(detect, scan, key_of_finding(scan));
	scan->told = TOLD_NOTHING;
	scan->is_dirty = false;
	if (finding != NULL)
		findings_withdraw(&detect->findings, finding,
				  "a monitor rather: it asks for these ports again and "
				  "again, and for no others",
				  detect->now_us);
}
