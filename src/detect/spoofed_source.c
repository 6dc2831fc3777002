/*
 * spoofed_source.c: source addresses that can't be true.
 *
 * bogon: of networks that nobody on the Internet has.  own_address: ours, from outside
 * (land.c, 1997).  ttl: packets in the names of clients that have come from another
 * distance when they proved to be there (Jin, Wang and Shin, "Hop-count filtering",
 * CCS 2003).  reverse_path: what answers them would leave by another interface than
 * they came over, or by none (RFC 3704); unless somebody has completed a handshake that
 * way, as then it is just not the way back.  Nobody is accused: who sent them is just
 * what can't be known, so there is one finding for each target.
 */
#include <stdio.h>

#include "detect/flood.h"

enum {
	TARGETS_MAX = 512,
	CONTACTS_MIN = 5, /* fewer are a misconfigured router somewhere */
	HOPS_OFF_MIN = 5, /* paths of one host differ by less */
	FORGED_CLIENTS_MIN =
		3,          /* one that changed its system, or its path, is no forger */
	QUESTIONS_MAX = 32, /* about ways, in a second: the kernel is asked for each */
	DETOURS_MAX = 16,
	WAITING_MAX = 16,
	LAST_MAX = 2 * ADDR_TEXT_MAX + 96, /* of text about the last one */
};
/* If they turn out to be a flood, that is told, and this in its evidence. */
#define WAIT_US (3 * SECOND_US)

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

enum spoof { SPOOF_NONE, SPOOF_BOGON, SPOOF_OWN, SPOOF_TTL, SPOOF_PATH };
static const char *const techniques[] = { NULL, "bogon", "own_address", "ttl",
					  "reverse_path" };

struct forged {
	struct roster_entry entry;
	int64_t at_us;
	uint64_t contacts, untold;
	struct cardinality sources;
};

/* Over one interface in, by the other one out. */
struct detour {
	char in[DETECT_IFACE_MAX],
		out[DETECT_IFACE_MAX]; /* out is "" if there is none */
};

struct spoofed_source {
	struct prefix bogons[BOGONS];
	struct roster targets;
	int64_t second_us; /* in which so many questions were asked */
	unsigned questions;
	struct detour detours[DETOURS_MAX]; /* that real clients come by */
	unsigned next_detour;
	struct finding_record waiting[WAITING_MAX]; /* kind NULL: unused */
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
	       findings_same_word(contact->outcome, "stalled") ||
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

/* ---- the way back ---- */

/* Every link has these (RFC 3927, RFC 4291 2.5.6). */
static bool is_of_link(const struct addr *a)
{
	const uint8_t *ip6 = a->ip6;
	return addr_is_v4(a) ? ip6[12] == 169 && ip6[13] == 254
			     : ip6[0] == 0xfe && (ip6[1] & 0xc0) == 0x80;
}

/* True if it is a detour, which is then filled in. */
static bool ask(struct detect *detect, struct spoofed_source *s,
		const struct contact_record *contact, struct detour *detour)
{
	if (detect->ask_way == NULL || contact->iface[0] == '\0' ||
	    addr_is_unspecified(&contact->client_ip) || is_of_link(&contact->client_ip))
		return false;
	if (contact->at - s->second_us >= SECOND_US || contact->at < s->second_us) {
		s->second_us = contact->at;
		s->questions = 0;
	}
	if (s->questions == QUESTIONS_MAX)
		return false;
	s->questions++;
	*detour = (struct detour){ .in = "" };
	FLOOD_SAY(detour->in, "%s", contact->iface);
	enum detect_way way = detect->ask_way(detect->asks_way, contact, detour->out);
	if (way == DETECT_WAY_NONE)
		detour->out[0] = '\0';
	return way == DETECT_WAY_OTHER || way == DETECT_WAY_NONE;
}

static bool is_taken(const struct spoofed_source *s, const struct detour *detour)
{
	for (unsigned i = 0; i < DETOURS_MAX; i++)
		if (strcmp(s->detours[i].in, detour->in) == 0 &&
		    strcmp(s->detours[i].out, detour->out) == 0)
			return true;
	return false;
}

/* Who comes by a detour and gets our answers shows that others may, too. */
static void learn_detour(struct detect *detect, struct spoofed_source *s,
			 const struct contact_record *contact)
{
	struct detour detour;
	if (!ask(detect, s, contact, &detour) || is_taken(s, &detour))
		return;
	s->detours[s->next_detour] = detour;
	s->next_detour = (s->next_detour + 1) % DETOURS_MAX;
}

static bool is_detour(struct detect *detect, struct spoofed_source *s,
		      const struct contact_record *contact, struct detour *detour)
{
	const struct source *source =
		sources_find(&detect->sources, &contact->client_ip);
	bool is_real = source != NULL && sources_ttl(source) != 0;
	return !is_real && ask(detect, s, contact, detour) && !is_taken(s, detour);
}

/* Who has no address yet asks for one (RFC 2131 4.1). */
static bool is_bootp(const struct contact_record *contact)
{
	return addr_is_unspecified(&contact->client_ip) &&
	       findings_same_word(contact->transport, "udp");
}

/* What is wrong with a source. */
struct verdict {
	enum spoof spoof;
	const struct bogon *bogon; /* SPOOF_BOGON */
	struct detour detour;      /* SPOOF_PATH */
};

static enum spoof judge(struct detect *detect, struct spoofed_source *s,
			const struct contact_record *contact, struct verdict *verdict)
{
	verdict->bogon = is_bootp(contact) ? NULL : bogon_of(s, contact);
	if (verdict->bogon != NULL)
		return SPOOF_BOGON;
	if (is_own_address(detect, contact))
		return SPOOF_OWN;
	if (is_off(detect, contact))
		return SPOOF_TTL;
	return is_detour(detect, s, contact, &verdict->detour) ? SPOOF_PATH
							       : SPOOF_NONE;
}

/* ---- what is said of it ---- */

static const char *what_of(enum spoof spoof)
{
	return spoof == SPOOF_BOGON  ? "addresses that nobody can have"
	       : spoof == SPOOF_OWN  ? "addresses of this machine"
	       : spoof == SPOOF_PATH ? "addresses that are not where they came from"
				     : "addresses of real clients, but from elsewhere";
}

/* "241.2.3.4, of 240.0.0.0/4 (RFC 1112 4)" */
static void say_last(const struct verdict *verdict,
		     const struct contact_record *contact, char text[static LAST_MAX])
{
	const struct bogon *bogon = verdict->bogon;
	const struct detour *detour = &verdict->detour;
	char source[ADDR_TEXT_MAX], detail[LAST_MAX - ADDR_TEXT_MAX];
	detail[0] = '\0';
	addr_text(&contact->client_ip, source);
	if (verdict->spoof == SPOOF_BOGON)
		FLOOD_SAY(detail, ", of %s (%s)", bogon->prefix, bogon->reference);
	else if (verdict->spoof == SPOOF_PATH && detour->out[0] == '\0')
		FLOOD_SAY(detail, ", over %s; there is no way back to it", detour->in);
	else if (verdict->spoof == SPOOF_PATH)
		FLOOD_SAY(detail, ", over %s; the way back is by %s", detour->in,
			  detour->out);
	else if (contact->ttl != UNKNOWN_U16)
		FLOOD_SAY(detail, ", with TTL %u", contact->ttl);
	snprintf(text, LAST_MAX, "%s%s", source, detail);
}

/* The one of the same key, or a free place; NULL: there is none. */
static struct finding_record *waiting_of(struct spoofed_source *s,
					 const struct finding_record *evidence)
{
	struct finding_record *unused = NULL;
	for (unsigned i = 0; i < WAITING_MAX; i++) {
		struct finding_record *waits = &s->waiting[i];
		if (waits->kind == NULL)
			unused = waits;
		else if (waits->technique == evidence->technique &&
			 addr_equal(&waits->server_ip, &evidence->server_ip))
			return waits;
	}
	return unused;
}

/* What they do is told by itself. */
static void tell(struct detect *detect, const struct finding_record *evidence)
{
	findings_take(&detect->findings, evidence, SEVERITY_NOTICE, FLOOD_HOLD_US);
}

/* A flood tells of them, or will. */
static void tell_or_wait(struct detect *detect, struct spoofed_source *s,
			 struct finding_record *evidence)
{
	if (findings_find(&detect->findings, evidence) != NULL) {
		tell(detect, evidence);
		return;
	}
	if (flood_is_on(detect, &evidence->server_ip, evidence->last))
		return;
	struct finding_record *waits = waiting_of(s, evidence);
	if (waits == NULL) {
		tell(detect, evidence);
		return;
	}
	evidence->first = evidence->last;
	if (waits->kind != NULL) {
		evidence->attempts += waits->attempts;
		evidence->first = waits->first;
	}
	*waits = *evidence;
}

static void tick(struct detect *detect, void *state, int64_t now_us)
{
	struct spoofed_source *s = state;
	for (unsigned i = 0; i < WAITING_MAX; i++) {
		struct finding_record *waits = &s->waiting[i];
		if (waits->kind == NULL || now_us - waits->first < WAIT_US)
			continue;
		if (!flood_is_on(detect, &waits->server_ip, now_us))
			tell(detect, waits);
		waits->kind = NULL;
	}
}

static void raise_finding(struct detect *detect, struct spoofed_source *s,
			  const struct forged *target, const struct verdict *verdict,
			  const struct contact_record *contact)
{
	enum spoof spoof = verdict->spoof;
	struct finding_record evidence;
	char address[ADDR_TEXT_MAX], last[LAST_MAX], words[FLOOD_FORGED_MAX];
	flood_begin(&evidence, "spoofed_source", techniques[spoof], contact->at,
		    target->untold);
	evidence.mitre[0] = '\0';
	evidence.server_ip = contact->server_ip;
	evidence.hosts = cardinality_estimate(&target->sources);
	evidence.confidence = spoof == SPOOF_TTL || spoof == SPOOF_PATH ? 0.6 : 0.95;
	addr_text(&contact->server_ip, address);
	FLOOD_SAY(evidence.summary, "%s gets packets with forged sources: %s.", address,
		  what_of(spoof));
	say_last(verdict, contact, last);
	FLOOD_SAY(words, "%s, the last %s", what_of(spoof), last);
	flood_note_forged(detect, &contact->server_ip, contact->at, words);
	FLOOD_SAY(evidence.evidence,
		  "%llu attempts in the name of %llu addresses, the last %s",
		  (unsigned long long)target->contacts,
		  (unsigned long long)evidence.hosts, last);
	FLOOD_SAY(evidence.advice,
		  "Let the kernel drop what can't come from there (sysctl "
		  "net.ipv4.conf.all.rp_filter), and ask the provider for ingress "
		  "filtering (BCP 38, RFC 2827).");
	tell_or_wait(detect, s, &evidence);
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
	if (is_loopback(contact) || !flood_is_ours(detect, &contact->server_ip))
		return;
	if (is_proven(contact)) {
		learn_detour(detect, s, contact);
		return;
	}
	struct verdict verdict;
	verdict.spoof = judge(detect, s, contact, &verdict);
	if (verdict.spoof == SPOOF_NONE)
		return;
	struct forged *target = add(s, verdict.spoof, contact);
	if (!is_enough(target, verdict.spoof))
		return;
	raise_finding(detect, s, target, &verdict, contact);
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
	struct verdict verdict = { .spoof = SPOOF_BOGON };
	if (!addr_is_unset(&u->client_ip))
		verdict.bogon = bogon_of(s, &contact);
	if (verdict.bogon == NULL)
		return;
	struct forged *target = add(s, SPOOF_BOGON, &contact);
	if (u->sources == 1) /* else only one of them is known */
		target->contacts += u->packets - 1;
	if (!is_enough(target, SPOOF_BOGON))
		return;
	raise_finding(detect, s, target, &verdict, &contact);
	target->untold = 0;
}

const struct detector detector_spoofed_source = {
	.name = "spoofed_source",
	.state_size = sizeof(struct spoofed_source),
	.open = open_state,
	.close = close_state,
	.contact = take_contact,
	.unsolicited = take_unsolicited,
	.tick = tick,
};
