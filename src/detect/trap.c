/*
 * trap.c: who uses a port that nobody has a reason to touch.
 *
 * The user names such ports (traps.ports); one where a program of this machine listens
 * is none.  A touch alone can be forged: it is worth knowing, no more.  Who completes a
 * handshake, because the port is answered (src/decoy), received what we sent: detect.md
 * calls that proof of the second grade.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/port_list.h"
#include "base/roster.h"
#include "detect/detector.h"
#include "detect/unproven.h"

enum {
	SOURCES_MAX = 2048,
	PORTS_MAX = 16, /* of one source that are listed; the rest is counted */
	/*
	 * Whoever goes from trap to trap is searching, whatever he says; touches in his
	 * name may be another's.
	 */
	PORTS_PROVEN_MEDIUM = 3,
};

#define HOLD_US (600 * SECOND_US)

enum proof { PROOF_NONE, PROOF_HANDSHAKE, PROOF_DIALOGUE };

static const char *const proof_words[] = { "unsolicited", "handshake", "dialogue" };

struct toucher {
	struct roster_entry head;
	int64_t first_us, last_us;
	uint64_t touches;
	uint16_t ports[2][PORTS_MAX]; /* ascending; of TCP, of UDP */
	uint8_t count[2];
	uint8_t more; /* ports that are not listed, at least */
	uint8_t proof;
	uint8_t proven_count;
	uint16_t proven[PORTS_PROVEN_MEDIUM]; /* ports of handshakes */
};

struct traps {
	struct roster sources;
	struct unproven unproven;
};

/* What a record says of a touch. */
struct touch {
	const struct addr *client;
	int64_t at_us;
	uint16_t port;
	bool is_udp, is_new;
	enum proof proof;
};

static bool open_traps(struct detect *detect, void *state)
{
	struct traps *traps = state;
	(void)detect;
	return roster_open(&traps->sources, sizeof(struct toucher), SOURCES_MAX);
}

static void close_traps(void *state)
{
	roster_close(&((struct traps *)state)->sources);
}

static bool is_trap(struct detect *detect, const char *transport,
		    const struct addr *server, uint32_t port)
{
	bool is_udp = findings_same_word(transport, "udp");
	if (port > UINT16_MAX || (!is_udp && !findings_same_word(transport, "tcp")) ||
	    !port_set_holds(&detect->traps, is_udp, (uint16_t)port) ||
	    !detect_is_ours(detect, server))
		return false;
	const struct place *place =
		places_serving(&detect->places, transport, server, port);
	return place == NULL || place->open == 0;
}

/* ---- what is known of a source ---- */

/* Keeps them ascending; false if it was there. */
static bool add_port(struct toucher *toucher, bool is_udp, uint16_t port)
{
	uint16_t *ports = toucher->ports[is_udp];
	uint8_t *count = &toucher->count[is_udp];
	size_t at = 0;
	while (at < *count && ports[at] < port)
		at++;
	if (at < *count && ports[at] == port)
		return false;
	if (*count == PORTS_MAX) {
		if (toucher->more < UINT8_MAX)
			toucher->more++;
		return true;
	}
	memmove(ports + at + 1, ports + at, (*count - at) * sizeof(*ports));
	ports[at] = port;
	++*count;
	return true;
}

static void add_proven(struct toucher *toucher, uint16_t port)
{
	for (size_t i = 0; i < toucher->proven_count; i++)
		if (toucher->proven[i] == port)
			return;
	if (toucher->proven_count < PORTS_PROVEN_MEDIUM)
		toucher->proven[toucher->proven_count++] = port;
}

static struct toucher *note(struct traps *traps, const struct touch *touch)
{
	const struct roster_key key = { .first = addr_source(touch->client) };
	struct toucher *toucher = roster_take(&traps->sources, &key);
	bool is_old = touch->at_us - toucher->last_us > HOLD_US;
	if (toucher->touches == 0 || is_old) {
		const struct roster_entry head = toucher->head;
		*toucher = (struct toucher){ .head = head, .first_us = touch->at_us };
	}
	toucher->last_us = touch->at_us;
	toucher->touches += touch->is_new;
	add_port(toucher, touch->is_udp, touch->port);
	if (touch->proof > PROOF_NONE)
		add_proven(toucher, touch->port);
	if (touch->proof > toucher->proof)
		toucher->proof = (uint8_t)touch->proof;
	roster_rank(&traps->sources, toucher, toucher->proof > PROOF_NONE);
	return toucher;
}

/* ---- what is said of it ---- */

static unsigned port_count(const struct toucher *toucher)
{
	return (unsigned)toucher->count[0] + toucher->count[1] + toucher->more;
}

/* "23,2323" or "23 and udp 161". */
static void list_ports(const struct toucher *toucher, struct finding_record *evidence)
{
	char tcp[100], udp[100];
	port_list_text(toucher->ports[0], toucher->count[0], tcp, sizeof(tcp));
	port_list_text(toucher->ports[1], toucher->count[1], udp, sizeof(udp));
	snprintf(evidence->port_list, sizeof(evidence->port_list), "%s%s%s", tcp,
		 udp[0] == '\0'   ? ""
		 : tcp[0] == '\0' ? "U:"
				  : ",U:",
		 udp);
}

static unsigned severity_of(const struct toucher *toucher)
{
	if (toucher->proof == PROOF_NONE)
		return SEVERITY_NOTICE;
	bool searches = toucher->proven_count >= PORTS_PROVEN_MEDIUM;
	return toucher->proof == PROOF_DIALOGUE || searches ? SEVERITY_MEDIUM
							    : SEVERITY_LOW;
}

static void describe(const struct toucher *toucher, struct finding_record *evidence)
{
	static const char *const did[] = { "touched", "connected to",
					   "connected, and talked, to" };
	static const char *const advice[] = {
		"Nothing: such a packet comes from anywhere, and its source may be "
		"forged.",
		"Look what else this source did here. If it is yours, it may be in "
		"other hands; a scanner of yours belongs into detect.friends.",
	};
	char who[ADDR_TEXT_MAX], what[64];
	unsigned ports = port_count(toucher);
	addr_text(&evidence->client_ip, who);
	if (ports == 1)
		snprintf(what, sizeof(what), "trap port %.32s", evidence->port_list);
	else
		snprintf(what, sizeof(what), "%u trap ports", ports);
	snprintf(evidence->summary, sizeof(evidence->summary),
		 "%s%s %s %s, where nobody has a reason to.", who,
		 evidence->client_prefix == 64 ? "/64" : "", did[toucher->proof], what);
	snprintf(evidence->evidence, sizeof(evidence->evidence),
		 "%llu contact%s with %u trap port%s in %lld s",
		 (unsigned long long)toucher->touches, toucher->touches == 1 ? "" : "s",
		 ports, ports == 1 ? "" : "s",
		 (long long)((toucher->last_us - toucher->first_us) / SECOND_US));
	record_text(evidence->advice, sizeof(evidence->advice),
		    advice[toucher->proof > PROOF_NONE]);
}

static void take_touch(struct detect *detect, struct traps *traps,
		       const struct touch *touch)
{
	struct finding_record evidence;
	struct toucher *toucher = note(traps, touch);
	detect_attack(&evidence, "trap_hit", NULL, touch->at_us);
	detect_attacker(&evidence, touch->client);
	evidence.detector = "trap";
	evidence.confidence = 1;
	evidence.attempts = touch->is_new;
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1046");
	evidence.ports = port_count(toucher);
	evidence.proof = proof_words[toucher->proof];
	list_ports(toucher, &evidence);
	describe(toucher, &evidence);
	unproven_joins(&traps->unproven, detect, &evidence, "touch trap ports");
	findings_take(&detect->findings, &evidence, severity_of(toucher), HOLD_US);
}

/* ---- records ---- */

/*
 * Who was asked in our name answers us (backscatter): a segment that only a server
 * sends is no touch.
 */
static bool is_answer(const struct contact_record *contact)
{
	enum { SYN = 2, RST = 4, ACK = 16 };
	uint16_t flags = contact->tcp_flags == UNKNOWN_U16 ? 0 : contact->tcp_flags;
	return (flags & RST) != 0 || (flags & (SYN | ACK)) == (SYN | ACK);
}

static enum proof proof_of(const struct contact_record *contact)
{
	bool is_tcp = findings_same_word(contact->transport, "tcp");
	if (!is_tcp || (!findings_same_word(contact->outcome, "handshake") &&
			!findings_same_word(contact->outcome, "slow") &&
			!findings_same_word(contact->outcome, "stalled")))
		return PROOF_NONE;
	bool said = contact->payload_bytes != UNKNOWN_U64 && contact->payload_bytes > 0;
	return said ? PROOF_DIALOGUE : PROOF_HANDSHAKE;
}

static void see_contact(struct detect *detect, void *state,
			const struct contact_record *contact)
{
	if (!is_trap(detect, contact->transport, &contact->server_ip, contact->port) ||
	    is_answer(contact))
		return;
	const struct touch touch = {
		.client = &contact->client_ip,
		.at_us = contact->at,
		.port = (uint16_t)contact->port,
		.is_udp = findings_same_word(contact->transport, "udp"),
		.is_new = true,
		.proof = proof_of(contact),
	};
	take_touch(detect, state, &touch);
}

/* What came of a connection: the contact was before the first word. */
static void see_flow(struct detect *detect, void *state, const struct flow_record *flow)
{
	bool spoke = flow->handshake_us != UNKNOWN_U64 &&
		     flow->client_payload_bytes != UNKNOWN_U64 &&
		     flow->client_payload_bytes > 0;
	if (!spoke || flow->probe == 1 ||
	    home_holds(&detect->friends, &flow->client_ip) ||
	    !findings_same_word(flow->transport, "tcp") ||
	    !is_trap(detect, flow->transport, &flow->server_ip, flow->server_port))
		return;
	const struct touch touch = {
		.client = &flow->client_ip,
		.at_us = flow->end,
		.port = (uint16_t)flow->server_port,
		.proof = PROOF_DIALOGUE,
	};
	take_touch(detect, state, &touch);
}

const struct detector detector_trap = {
	.name = "trap",
	.state_size = sizeof(struct traps),
	.open = open_traps,
	.close = close_traps,
	.contact = see_contact,
	.flow = see_flow,
};

/* ---- traps that are none ---- */

void detect_set_traps(struct detect *detect, const struct port_set *traps)
{
	detect->traps = *traps;
}

void detect_served_traps(const struct detect *detect, struct port_set *served)
{
	*served = (struct port_set){ 0 };
	for (uint32_t i = 0; i < detect->places.count; i++) {
		const struct place *place = &detect->places.at[i];
		bool is_udp = findings_same_word(place->transport, "udp");
		if (place->open == 0 || place->netns != UNKNOWN_U64 ||
		    place->port > UINT16_MAX ||
		    (!is_udp && !findings_same_word(place->transport, "tcp")) ||
		    !port_set_holds(&detect->traps, is_udp, (uint16_t)place->port))
			continue;
		const struct port_range one = { (uint16_t)place->port,
						(uint16_t)place->port, is_udp };
		port_set_add(served, &one);
	}
}
