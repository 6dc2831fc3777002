/*
 * spoofed_source.c: source addresses that can't be true.
 *
 * bogon: of networks that nobody on the Internet has.  own_address: ours, from outside
 * (land.c, 1997).  ttl: packets in the names of clients that have come from another
 * distance when they proved to be there (Jin, Wang and Shin, "Hop-count filtering",
 * CCS 2003).  Nobody is accused: who sent them is just what can't be known, so there is
 * one finding for each target.
 */
#include <stdio.h>

#include "detect/flood.h"

enum {
	TARGETS_MAX = 512,
	CONTACTS_MIN = 5, /* fewer are a misconfigured router somewhere */
	HOPS_OFF_MIN = 5, /* paths of one host differ by less */
	FORGED_CLIENTS_MIN =
		3, /* one that changed its system, or its path, is no forger */
};

/* Networks that no packet on the Internet may come from, and who says so. */
struct bogon {
	const char *prefix, *reference;
	bool is_example; /* laboratories use it in earnest */
};
static const struct bogon bogons[] = {
	{ "0.0.0.0/8", "RFC 1122 3.2.1.3", false },
	{ "127.0.0.0/8", "RFC 1122 3.2.1.3", false },
	{ "192.0.2.0/24", "RFC 5737", true },
	{ "198.18.0.0/15", "RFC 2544", true },
	{ "198.51.100.0/24", "RFC 5737", true },
	{ "203.0.113.0/24", "RFC 5737", true },
	{ "224.0.0.0/4", "RFC 1122 3.2.1.3", false },
	{ "240.0.0.0/4", "RFC 1112 4", false },
	{ "::1/128", "RFC 4291 2.5.3", false },
	{ "100::/64", "RFC 6666", false },
	{ "2001:db8::/32", "RFC 3849", true },
	{ "fec0::/10", "RFC 3879", false },
	{ "ff00::/8", "RFC 4291 2.7", false },
};
enum { BOGONS = sizeof(bogons) / sizeof(bogons[0]) };

enum spoof { SPOOF_NONE, SPOOF_BOGON, SPOOF_OWN, SPOOF_TTL };
static const char *const techniques[] = { NULL, "bogon", "own_address", "ttl" };

struct forged {
	struct roster_entry entry;
	int64_t at_us;
	uint64_t contacts, untold;
	struct cardinality sources;
};

struct spoofed_source {
	struct prefix bogons[BOGONS];
	struct roster targets;
};

static bool open_state(struct detect *detect, void *state)
{
	struct spoofed_source *s = state;
	(void)detect;
	bool opened = roster_open(&s->targets, sizeof(struct forged), TARGETS_MAX);
	for (unsigned i = 0; i < BOGONS; i++)
		opened = prefix_parse(bogons[i].prefix, &s->bogons[i]) && opened;
	return opened;
}

static void close_state(void *state)
{
	struct spoofed_source *s = state;
	roster_close(&s->targets);
}

/* ---- what can't be ---- */

/* Systems begin with 64, 128 or 255 (RFC 1700; RFC 3443 has the rest). */
static uint8_t hops_of(uint16_t ttl)
{
	return (uint8_t)((ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255) - ttl);
}

/* It got our answer, or said something that was worth one. */
static bool is_proven(const struct contact_record *contact)
{
	return findings_same_word(contact->outcome, "handshake") ||
	       findings_same_word(contact->outcome, "slow") ||
	       findings_same_word(contact->outcome, "answered");
}

static const struct bogon *bogon_of(const struct spoofed_source *s,
				    const struct contact_record *contact)
{
	for (unsigned i = 0; i < BOGONS; i++) {
		if (!prefix_holds(&s->bogons[i], &contact->client_ip))
			continue;
		/* Whose address is of such a network lives in a laboratory. */
		bool is_lab = bogons[i].is_example && addr_is_v4(&contact->server_ip);
		for (unsigned k = 0; is_lab && k < BOGONS; k++)
			if (bogons[k].is_example &&
			    prefix_holds(&s->bogons[k], &contact->server_ip))
				return NULL;
		bool is_home = prefix_holds(&s->bogons[i], &contact->server_ip) &&
			       !addr_is_group(&contact->client_ip);
		return is_home ? NULL : &bogons[i];
	}
	return NULL;
}

static bool is_loopback(const struct contact_record *contact)
{
	return strcmp(contact->iface, "lo") == 0 ||
	       (addr_is_loopback(&contact->client_ip) &&
		addr_is_loopback(&contact->server_ip));
}

/* Ours, where packets of ours to ourselves never come by. */
static bool is_own_address(const struct detect *detect,
			   const struct contact_record *contact)
{
	bool is_land = addr_equal(&contact->client_ip, &contact->server_ip);
	return contact->iface[0] != '\0' &&
	       (is_land || home_holds(&detect->own, &contact->client_ip)) &&
	       home_holds(&detect->own, &contact->server_ip);
}

static bool is_off(struct detect *detect, const struct contact_record *contact)
{
	const struct source *source =
		sources_find(&detect->sources, &contact->client_ip);
	uint8_t proven = source != NULL ? sources_ttl(source) : 0;
	/* Some scanners choose the TTL by lot. */
	if (proven == 0 || contact->ttl == UNKNOWN_U16 || contact->tool != NULL)
		return false;
	int off = hops_of(contact->ttl) - hops_of(proven);
	return off >= HOPS_OFF_MIN || off <= -HOPS_OFF_MIN;
}

/* Who has no address yet asks for one (RFC 2131 4.1). */
static bool is_bootp(const struct contact_record *contact)
{
	return addr_is_unspecified(&contact->client_ip) &&
	       findings_same_word(contact->transport, "udp");
}

static enum spoof judge(struct detect *detect, const struct spoofed_source *s,
			const struct contact_record *contact,
			const struct bogon **bogon)
{
	*bogon = is_bootp(contact) ? NULL : bogon_of(s, contact);
	if (*bogon != NULL)
		return SPOOF_BOGON;
	if (is_own_address(detect, contact))
		return SPOOF_OWN;
	return is_off(detect, contact) ? SPOOF_TTL : SPOOF_NONE;
}

/* ---- what is said of it ---- */

static const char *what_of(enum spoof spoof)
{
	return spoof == SPOOF_BOGON ? "addresses that nobody can have"
	       : spoof == SPOOF_OWN ? "addresses of this machine"
				    : "addresses of real clients, but from elsewhere";
}

static void say_evidence(const struct forged *target, const struct bogon *bogon,
			 const struct contact_record *contact,
			 struct finding_record *evidence)
{
	char source[ADDR_TEXT_MAX], detail[80] = "";
	addr_text(&contact->client_ip, source);
	if (bogon != NULL)
		FLOOD_SAY(detail, ", of %s (%s)", bogon->prefix, bogon->reference);
	else if (contact->ttl != UNKNOWN_U16)
		FLOOD_SAY(detail, ", with TTL %u", contact->ttl);
	FLOOD_SAY(evidence->evidence,
		  "%llu attempts in the name of %llu addresses, the last %s%s",
		  (unsigned long long)target->contacts,
		  (unsigned long long)evidence->hosts, source, detail);
}

static void raise_finding(struct detect *detect, const struct forged *target,
			  enum spoof spoof, const struct bogon *bogon,
			  const struct contact_record *contact)
{
	struct finding_record evidence;
	char address[ADDR_TEXT_MAX];
	flood_begin(&evidence, "spoofed_source", techniques[spoof], contact->at,
		    target->untold);
	evidence.mitre[0] = '\0';
	evidence.server_ip = contact->server_ip;
	evidence.hosts = cardinality_estimate(&target->sources);
	evidence.confidence = spoof == SPOOF_TTL ? 0.6 : 0.95;
	addr_text(&contact->server_ip, address);
	FLOOD_SAY(evidence.summary, "%s gets packets with forged sources: %s.", address,
		  what_of(spoof));
	say_evidence(target, bogon, contact, &evidence);
	FLOOD_SAY(evidence.advice,
		  "Let the kernel drop what can't come from there (sysctl "
		  "net.ipv4.conf.all.rp_filter), and ask the provider for ingress "
		  "filtering (BCP 38, RFC 2827).");
	/* What they do is told by itself. */
	findings_take(&detect->findings, &evidence, SEVERITY_NOTICE, FLOOD_HOLD_US);
}

static bool is_enough(const struct forged *target, enum spoof spoof)
{
	if (target->contacts < CONTACTS_MIN)
		return spoof == SPOOF_OWN;
	return spoof != SPOOF_TTL ||
	       cardinality_estimate(&target->sources) >= FORGED_CLIENTS_MIN;
}

static struct forged *add(struct spoofed_source *s, enum spoof spoof,
			  const struct contact_record *contact)
{
	struct roster_key key = flood_key(&contact->server_ip, spoof);
	struct forged *target = roster_take(&s->targets, &key);
	if (contact->at - target->at_us > FLOOD_HOLD_US)
		*target = (struct forged){ .entry = target->entry };
	target->at_us = contact->at;
	target->contacts++;
	target->untold++;
	flood_count_source(&target->sources, &contact->client_ip);
	return target;
}

static void take_contact(struct detect *detect, void *state,
			 const struct contact_record *contact)
{
	struct spoofed_source *s = state;
	const struct bogon *bogon;
	if (is_proven(contact) || is_loopback(contact) ||
	    !flood_is_ours(detect, &contact->server_ip))
		return;
	enum spoof spoof = judge(detect, s, contact, &bogon);
	if (spoof == SPOOF_NONE)
		return;
	struct forged *target = add(s, spoof, contact);
	if (!is_enough(target, spoof))
		return;
	raise_finding(detect, target, spoof, bogon, contact);
	target->untold = 0;
}

/* ICMP makes no contacts; that nobody can have sent it shows all the same. */
static void take_unsolicited(struct detect *detect, void *state,
			     const struct unsolicited_record *u)
{
	struct spoofed_source *s = state;
	struct contact_record contact;
	record_init(RECORD_contact, &contact);
	contact.at = u->at;
	contact.transport = u->transport;
	contact.client_ip = u->client_ip;
	contact.server_ip = u->ip;
	const struct bogon *bogon =
		addr_is_unset(&u->client_ip) ? NULL : bogon_of(s, &contact);
	if (bogon == NULL)
		return;
	struct forged *target = add(s, SPOOF_BOGON, &contact);
	if (u->sources == 1) /* else only one of them is known */
		target->contacts += u->packets - 1;
	if (!is_enough(target, SPOOF_BOGON))
		return;
	raise_finding(detect, target, SPOOF_BOGON, bogon, &contact);
	target->untold = 0;
}

const struct detector detector_spoofed_source = {
	.name = "spoofed_source",
	.state_size = sizeof(struct spoofed_source),
	.open = open_state,
	.close = close_state,
	.contact = take_contact,
	.unsolicited = take_unsolicited,
};
