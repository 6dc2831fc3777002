/*
 * blocklist.c: peers that a list of the user's says are known for attacks.
 *
 * Who comes from there and is not let in is a notice: anybody can write such a source
 * into a packet.  Who of ours connects to such an address is worth a look, as programs
 * in other hands do that (command and control, T1071).
 *
 * Lists are wrong at times: what is ours, and who is known as a friend, is never raised
 * (the daemon says so when it reads the list), nor are private networks for an entry
 * that only says that such addresses have no business on the Internet.
 */
#include <stdio.h>
#include <string.h>

#include "detect/detector.h"
#include "detect/unproven.h"

enum {
	/* Wider entries with private addresses are lists of what is not routed. */
	PRIVATE_LEN_MIN = 120, /* an IPv4 /24 */
};

#define HOLD_US (600 * SECOND_US)

struct blocklist_state {
	struct unproven unproven;
};

/* What a record says of two, one of whom may be listed. */
struct meeting {
	const struct addr *client, *server;
	const char *transport, *proof;
	uint32_t port;
	int64_t at_us;
	bool is_new;
};

/* ---- is it listed ---- */

static bool is_nobody(const struct detect *detect, const struct addr *peer)
{
	return addr_is_unset(peer) || addr_is_group(peer) || addr_is_loopback(peer) ||
	       addr_is_unspecified(peer) || detect_is_ours(detect, peer) ||
	       home_holds(&detect->friends, peer);
}

static bool is_listed(const struct detect *detect, const struct addr *peer,
		      struct blocklist_hit *hit)
{
	if (detect->blocklist_count == 0 || is_nobody(detect, peer))
		return false;
	for (size_t i = 0; i < detect->blocklist_count; i++)
		if (blocklist_find(detect->blocklists[i], peer, hit) &&
		    (!addr_is_private(peer) || hit->entry.len >= PRIVATE_LEN_MIN))
			return true;
	return false;
}

bool detect_is_listed(const struct detect *detect, const struct addr *peer)
{
	struct blocklist_hit hit;
	return is_listed(detect, peer, &hit);
}

/* ---- what is said of it ---- */

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

static void put_entry(struct buf *out, const struct blocklist_hit *hit)
{
	char text[ADDR_TEXT_MAX];
	bool is_v4 = addr_is_v4(&hit->entry.addr);
	addr_text(&hit->entry.addr, text);
	buf_printf(out, "%s/%u", text, hit->entry.len - (is_v4 ? 96U : 0U));
	if (hit->note[0] == '\0')
		return;
	buf_text(out, " (");
	buf_json_text(out, hit->note);
	buf_char(out, ')');
}

static void put_text(char *field, size_t size, struct buf *text)
{
	const char *whole = buf_cstr(text);
	if (whole != NULL)
		record_text(field, size, whole);
	buf_clear(text);
}

/* Which lists have it, and where. */
static void put_evidence(const struct detect *detect, const struct addr *peer,
			 struct buf *out)
{
	struct blocklist_hit hit;
	for (size_t i = 0; i < detect->blocklist_count; i++) {
		if (!blocklist_find(detect->blocklists[i], peer, &hit))
			continue;
		buf_text(out, out->len > 0 ? "; " : "");
		buf_json_text(out, hit.list);
		buf_printf(out, ":%u: ", hit.line);
		put_entry(out, &hit);
	}
}

/* "198.51.100.7 connected to 22/tcp; it is on drop.txt: 198.51.100.0/24 (SBL1)." */
static void put_summary(const struct meeting *meeting, bool is_outgoing,
			const struct blocklist_hit *hit, struct buf *out)
{
	char client[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX];
	bool got_through = strcmp(meeting->proof, "unsolicited") != 0;
	addr_text(meeting->client, client);
	addr_text(meeting->server, server);
	buf_printf(out, "%s %s%s%s", client,
		   got_through ? "connected to" : "tried to reach",
		   is_outgoing ? " " : "", is_outgoing ? server : "");
	if (meeting->port != UNKNOWN_U32)
		buf_printf(out, "%s%u/%s", is_outgoing ? " port " : " ", meeting->port,
			   meeting->transport);
	else
		buf_text(out, is_outgoing ? "" : " us");
	buf_text(out, is_outgoing ? ", which is on " : "; it is on ");
	buf_json_text(out, file_name(hit->list));
	buf_text(out, ": ");
	put_entry(out, hit);
	buf_char(out, '.');
}

static void describe(struct detect *detect, const struct meeting *meeting,
		     bool is_outgoing, const struct blocklist_hit *hit,
		     struct finding_record *evidence)
{
	struct buf *text = &detect->reason;
	buf_clear(text);
	put_summary(meeting, is_outgoing, hit, text);
	put_text(evidence->summary, sizeof(evidence->summary), text);
	put_evidence(detect, is_outgoing ? meeting->server : meeting->client, text);
	put_text(evidence->evidence, sizeof(evidence->evidence), text);
	record_text(evidence->advice, sizeof(evidence->advice),
		    is_outgoing
			    ? "Find the program that connects there; if the list is "
			      "right, that host may be in other hands."
			    : "Let it in only if you know it; it is what the list "
			      "says, not what was seen.");
}

static void begin_evidence(const struct meeting *meeting, bool is_outgoing,
			   struct finding_record *evidence)
{
	detect_attack(evidence, "blocklisted_peer",
		      is_outgoing ? "outgoing" : "incoming", meeting->at_us);
	detect_attacker(evidence, meeting->client);
	evidence->detector = "blocklist";
	evidence->confidence = 0.8; /* a list's word */
	evidence->proof = meeting->proof;
	evidence->attempts = meeting->is_new;
	record_text(evidence->mitre, sizeof(evidence->mitre),
		    is_outgoing ? "T1071" : "T1595");
	if (is_outgoing)
		evidence->server_ip = *meeting->server;
}

/* ---- severity ---- */

static unsigned severity_incoming(const char *proof)
{
	if (strcmp(proof, "unsolicited") == 0)
		return SEVERITY_NOTICE;
	return strcmp(proof, "handshake") == 0 ? SEVERITY_LOW : SEVERITY_MEDIUM;
}

/* That one of ours tries to is not for lack of will. */
static unsigned severity_outgoing(const char *proof)
{
	return strcmp(proof, "unsolicited") == 0 ? SEVERITY_LOW : SEVERITY_MEDIUM;
}

static void raise_one(struct detect *detect, struct blocklist_state *state,
		      const struct meeting *meeting, bool is_outgoing,
		      const struct blocklist_hit *hit)
{
	struct finding_record evidence;
	begin_evidence(meeting, is_outgoing, &evidence);
	describe(detect, meeting, is_outgoing, hit, &evidence);
	unproven_joins(&state->unproven, detect, &evidence,
		       "that are on blocklists come by");
	findings_take(&detect->findings, &evidence,
		      is_outgoing ? severity_outgoing(meeting->proof)
				  : severity_incoming(meeting->proof),
		      HOLD_US);
}

static void see(struct detect *detect, struct blocklist_state *state,
		const struct meeting *meeting)
{
	struct blocklist_hit hit;
	bool from_us = detect_is_ours(detect, meeting->client);
	bool to_us = detect_is_ours(detect, meeting->server);
	if (to_us && !from_us && is_listed(detect, meeting->client, &hit))
		raise_one(detect, state, meeting, false, &hit);
	else if (from_us && !to_us && is_listed(detect, meeting->server, &hit))
		raise_one(detect, state, meeting, true, &hit);
}

/* ---- records ---- */

static const char *proof_of_contact(const struct contact_record *contact, bool from_us)
{
	if (strcmp(contact->outcome, "handshake") == 0)
		return "handshake";
	/* What was answered to us, was: nobody forged our question. */
	return from_us && strcmp(contact->outcome, "answered") == 0 ? "dialogue"
								    : "unsolicited";
}

static void see_contact(struct detect *detect, void *state,
			const struct contact_record *contact)
{
	if (detect->blocklist_count == 0 || contact->outcome == NULL ||
	    strcmp(contact->outcome, "stray") == 0 || contact->transport == NULL)
		return;
	bool from_us = detect_is_ours(detect, &contact->client_ip);
	const struct meeting meeting = {
		.client = &contact->client_ip,
		.server = &contact->server_ip,
		.transport = contact->transport,
		.proof = proof_of_contact(contact, from_us),
		.port = contact->port,
		.at_us = contact->at,
		.is_new = true,
	};
	see(detect, state, &meeting);
}

static bool has_said(uint64_t payload_bytes)
{
	return payload_bytes != UNKNOWN_U64 && payload_bytes > 0;
}

/* Both have said something: the contact was before that. */
static void see_flow(struct detect *detect, void *state, const struct flow_record *flow)
{
	if (detect->blocklist_count == 0 || flow->probe == 1 ||
	    !findings_same_word(flow->transport, "tcp") ||
	    flow->handshake_us == UNKNOWN_U64 ||
	    !has_said(flow->client_payload_bytes) ||
	    !has_said(flow->server_payload_bytes) ||
	    home_holds(&detect->friends, &flow->client_ip))
		return;
	const struct meeting meeting = {
		.client = &flow->client_ip,
		.server = &flow->server_ip,
		.transport = flow->transport,
		.proof = "dialogue",
		.port = flow->server_port,
		.at_us = flow->end,
	};
	see(detect, state, &meeting);
}

const struct detector detector_blocklist = {
	.name = "blocklist",
	.state_size = sizeof(struct blocklist_state),
	.contact = see_contact,
	.flow = see_flow,
};

void detect_set_blocklists(struct detect *detect, const struct blocklist *const *lists,
			   size_t count)
{
	detect->blocklist_count = count < BLOCKLISTS_MAX ? count : BLOCKLISTS_MAX;
	for (size_t i = 0; i < detect->blocklist_count; i++)
		detect->blocklists[i] = lists[i];
}
