/*
 * port_scan.c: one source tries many ports.
 *
 * What a source tried is in its entry of sources.h; here is decided when that is a
 * scan, and a scan that is known is counted as long as it lasts.  All counts are of
 * distinct ports of one host that are not known to be open, or that answered and were
 * not used: a service that fails, or a client that comes again and again, is one port.
 *
 * Several sources that try the same ports at the same time are one scan with decoys
 * (scan_group.h).
 */
#include <stdio.h>
#include <string.h>

#include "base/port_list.h"
#include "detect/attempt.h"
#include "detect/detector.h"
#include "detect/roster.h"
#include "detect/scan_group.h"

enum {
	SCANS_MAX = 512,
	/*
	 * Of 2,850 captures of other projects, "five failed ports of one host" told two
	 * scans from all else, among them much peer-to-peer traffic.  By itself it is
	 * worth knowing; what the sequential test adds is that little else goes well.
	 */
	PORTS_NOTICE = 5,
	PORTS_FAST = 15, /* in ten minutes: nmap -T1 tries 40 */
	PORTS_HOUR = 12, /* slower, and by the sequential test */
	PORTS_DAY = 15,  /* nmap -T0 tries 288 */
	PORTS_LARGE = 100,
	FAST_S = 600,
	HOUR_S = 3600,
	DAY_S = 24 * 3600,
	/* Who tries the same port in round after round watches it. */
	WATCHES = 3,
	/*
	 * A scan over hosts and ports touches each host and each port several times;
	 * who looks for peers does not.
	 */
	PAIRS_WIDE = 32,
	WIDE_TIMES = 4,
	WIDE_LEAST = 5,
	/* A scan is over when nothing came for so long, or for four times as long as it
	 * took from one port to the next. */
	HOLD_S = 900,
	HOLD_GAPS = 4,
	HOLD_MOST_S = 6 * 3600,
	/*
	 * Decoys come with each packet of the scanner; whoever shares a scan out starts
	 * his machines at about the same time.
	 */
	DECOYS_S = 60,
	SHARED_S = 600,
	SHARERS = 4,
	ALIKE_PERCENT = 60, /* answers and losses differ from source to source */
};

enum told { TOLD_NOTHING, TOLD_NOTICE, TOLD_SCAN };

struct port_scan {
	struct roster_entry head;
	int64_t first_us, last_us;
	uint64_t pairs;      /* (host, port) */
	uint64_t unsaid;     /* of them, not yet in the finding */
	uint64_t failed;     /* refused or silent */
	uint64_t unused;     /* answered and not used */
	uint64_t stray;      /* segments of no connection */
	uint64_t usual_syns; /* as operating systems make them */
	uint64_t techniques[ATTEMPT_TECHNIQUES];
	uint64_t ports[1024]; /* bits */
	uint32_t port_count;
	struct cardinality hosts;
	uint64_t host_count, estimate_at; /* when to estimate anew */
	struct addr client, server;       /* the host it is about, ... */
	bool is_wide;                     /* ... or it is about many */
	bool is_proven;                   /* the source completed a handshake in it */
	bool resets, is_fragmented, is_dirty;
	uint8_t ttl;
	enum told told;
	field_text32 tool;
	struct scan_group *group; /* NULL: it is alone */
	uint64_t group_turn;
	struct scan_key key; /* of its finding */
};

struct port_scans {
	struct roster scans;
	struct scan_groups groups;
};

static bool open_scans(struct detect *detect, void *state)
{
	struct port_scans *all = state;
	(void)detect;
	return roster_open(&all->scans, sizeof(struct port_scan), SCANS_MAX);
}

static void close_scans(void *state)
{
	roster_close(&((struct port_scans *)state)->scans);
}

static struct roster_key key_of(const struct addr *client, unsigned transport)
{
	return (struct roster_key){ .first = addr_source(client), .rest = transport };
}

/* ---- what the source tried ---- */

/* Distinct ports of one host, by how long ago they were first tried. */
struct tally {
	uint32_t failed, fast, hour, day;
	int64_t first_s;
};

static struct tally tally_host(const struct sources *sources,
			       const struct source *source, uint32_t server,
			       unsigned transport, uint32_t now_s)
{
	struct tally tally = { .first_s = now_s };
	size_t count;
	const struct attempt *at = sources_attempts(sources, source, &count);
	for (size_t i = 0; i < count; i++) {
		uint32_t age_s = hints_age_s(now_s, at[i].first_s);
		bool counts = at[i].server == server && at[i].transport == transport &&
			      at[i].kind != ATTEMPT_DONE && age_s <= DAY_S;
		if (!counts)
			continue;
		tally.failed += at[i].kind != ATTEMPT_HALF_OPEN;
		tally.fast += age_s <= FAST_S;
		tally.hour += age_s <= HOUR_S && at[i].again < WATCHES;
		tally.day += at[i].again < WATCHES;
	}
	return tally;
}

static enum told judge_tally(const struct sources *sources, const struct source *source,
			     const struct tally *tally)
{
	const struct addr *who = &source->addr;
	if (tally->fast >= sources_jitter(sources, who, PORTS_FAST))
		return TOLD_SCAN;
	if (!sources_scans(source))
		return TOLD_NOTHING;
	if (tally->hour >= sources_jitter(sources, who, PORTS_HOUR) ||
	    tally->day >= sources_jitter(sources, who, PORTS_DAY))
		return TOLD_SCAN;
	return tally->failed >= sources_jitter(sources, who, PORTS_NOTICE)
		       ? TOLD_NOTICE
		       : TOLD_NOTHING;
}

/* ---- counting ---- */

static void count_host(struct port_scan *scan, uint32_t server)
{
	static const struct hash_key fixed;
	uint64_t word = server;
	cardinality_add(&scan->hosts, hash_words(&fixed, &word, 1));
	/* An estimate costs much more than what it could change by one. */
	if (scan->pairs < scan->estimate_at)
		return;
	scan->host_count = cardinality_estimate(&scan->hosts);
	scan->estimate_at = scan->pairs + 1 + scan->pairs / 16;
}

static void count_attempt(struct port_scan *scan, const struct attempt *attempt)
{
	uint64_t *word = &scan->ports[attempt->port / 64];
	uint64_t bit = 1ULL << attempt->port % 64;
	int64_t at_us = (int64_t)attempt->first_s * SECOND_US;
	scan->port_count += (*word & bit) == 0;
	*word |= bit;
	scan->pairs++;
	scan->unsaid++;
	scan->failed += attempt->kind == ATTEMPT_FAILED;
	scan->unused += attempt->kind == ATTEMPT_HALF_OPEN;
	scan->stray += attempt->kind == ATTEMPT_STRAY;
	scan->usual_syns += attempt->is_usual;
	scan->techniques[attempt->technique]++;
	scan->is_fragmented |= attempt->is_fragment;
	scan->resets |= attempt->resets;
	if (attempt->kind != ATTEMPT_HALF_OPEN && attempt->ttl != 0)
		scan->ttl = attempt->ttl;
	if (at_us < scan->first_us)
		scan->first_us = at_us;
	count_host(scan, attempt->server);
}

/* Of what the source tried before, all that may belong to it. */
static void count_past(const struct sources *sources, struct port_scan *scan,
		       const struct source *source, unsigned transport, int64_t now_us)
{
	size_t count;
	const struct attempt *at = sources_attempts(sources, source, &count);
	for (size_t i = 0; i < count; i++)
		if (at[i].transport == transport && at[i].kind != ATTEMPT_DONE &&
		    hints_age_s(attempt_second(now_us), at[i].first_s) <= DAY_S)
			count_attempt(scan, &at[i]);
}

static int64_t hold_us(const struct port_scan *scan)
{
	int64_t lasted_us = scan->last_us - scan->first_us;
	int64_t gaps_us = scan->pairs > 1
				  ? lasted_us / (int64_t)(scan->pairs - 1) * HOLD_GAPS
				  : 0;
	if (gaps_us > HOLD_MOST_S * SECOND_US)
		gaps_us = HOLD_MOST_S * SECOND_US;
	return gaps_us > HOLD_S * SECOND_US ? gaps_us : HOLD_S * SECOND_US;
}

/* NULL if there is none that goes on. */
static struct port_scan *find_scan(struct port_scans *all, const struct addr *client,
				   unsigned transport, int64_t now_us)
{
	struct roster_key key = key_of(client, transport);
	struct port_scan *scan = roster_find(&all->scans, &key);
	if (scan == NULL || scan->pairs == 0)
		return NULL;
	return now_us - scan->last_us <= hold_us(scan) ? scan : NULL;
}

static struct port_scan *begin_scan(struct port_scans *all, const struct addr *client,
				    unsigned transport, int64_t now_us)
{
	struct roster_key key = key_of(client, transport);
	struct port_scan *scan = roster_take(&all->scans, &key);
	struct roster_entry head = scan->head;
	memset(scan, 0, sizeof(*scan));
	scan->head = head;
	roster_rank(&all->scans, scan, 0);
	scan->client = *client;
	scan->first_us = scan->last_us = now_us;
	scan->server = addr_unset();
	return scan;
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
static bool is_connect(const struct port_scan *scan)
{
	return !scan->resets && scan->usual_syns * 2 > scan->techniques[ATTEMPT_SYN];
}

static const char *technique_of(const struct port_scan *scan)
{
	unsigned main = 0;
	for (unsigned i = 1; i < ATTEMPT_TECHNIQUES; i++)
		if (scan->techniques[i] > scan->techniques[main])
			main = i;
	return main == ATTEMPT_SYN && is_connect(scan) ? "connect"
						       : technique_words[main];
}

static bool is_ours(const struct detect *detect, const struct port_scan *scan)
{
	return detect_is_ours(detect, &scan->client);
}

static unsigned severity_of(const struct detect *detect, const struct port_scan *scan)
{
	if (scan->told == TOLD_NOTICE)
		return SEVERITY_NOTICE;
	bool is_known = scan->is_proven || is_ours(detect, scan);
	return scan->port_count >= PORTS_LARGE && is_known && scan->group == NULL
		       ? SEVERITY_MEDIUM
		       : SEVERITY_LOW;
}

/* ---- in words ---- */

static const uint64_t *ports_of(const struct port_scan *scan)
{
	return scan->group != NULL ? scan->group->ports : scan->ports;
}

static uint32_t count_bits(const uint64_t *words)
{
	uint32_t count = 0;
	for (int i = 0; i < 1024; i++)
		count += (uint32_t)__builtin_popcountll(words[i]);
	return count;
}

static void list_ports(const struct port_scan *scan, field_text256 out)
{
	const uint64_t *words = ports_of(scan);
	enum { LISTED = 256 }; /* no more fit */
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
	if (scan->group != NULL)
		scan_group_name(scan->group, out);
	else
		buf_text(out, text);
	buf_printf(out,
		   scan->told == TOLD_NOTICE ? " tried %u ports of "
					     : " scanned %u ports of ",
		   (unsigned)evidence->ports);
	say_target(scan, out);
	buf_printf(out, " (%s)", evidence->technique);
}

static void say_evidence(const struct port_scan *scan, const struct source *source,
			 struct buf *out)
{
	buf_clear(out);
	buf_printf(out,
		   "refused or silent: %llu, answered and not used: %llu, segments of "
		   "no connection: %llu; in %lld s",
		   (unsigned long long)scan->failed, (unsigned long long)scan->unused,
		   (unsigned long long)scan->stray,
		   (long long)((scan->last_us - scan->first_us) / SECOND_US));
	if (source != NULL)
		buf_printf(out, "; sequential test %.1f, alarm 4.6",
			   (double)source->score);
	if (scan->is_fragmented)
		buf_text(out, "; in fragments");
	if (scan->group != NULL)
		scan_group_evidence(scan->group, out);
}

static const char *advice_of(const struct detect *detect, const struct port_scan *scan)
{
	if (scan->group != NULL && scan->group->is_shared)
		return "Block none of them on this alone, as an address can be forged. "
		       "Check that each open port is meant to be reached.";
	if (scan->group != NULL)
		return "All but one of these addresses are probably forged: block none "
		       "of them on this alone.";
	if (is_ours(detect, scan))
		return "Find out what on that machine scans. If it is meant to, name "
		       "it "
		       "in detect.friends; else the machine may be taken over.";
	if (scan->is_proven)
		return "The address is real. Block it if it has no business here.";
	return "An address can be forged: do not block on this alone. Check that each "
	       "open port is meant to be reached.";
}

static const char *transport_word(const struct port_scan *scan)
{
	return scan->head.key.rest == ATTEMPT_UDP ? "udp" : "tcp";
}

static void take_text(char *out, size_t size, struct buf *text)
{
	const char *words = buf_cstr(text);
	record_text(out, size, words != NULL ? words : "");
}

/* ---- findings ---- */

/* Whom it is about: the source; of a group the one that stands out, or nobody. */
static void name_client(const struct port_scan *scan, struct finding_record *evidence)
{
	if (scan->group == NULL)
		detect_attacker(evidence, &scan->client);
	else if (scan_group_suspect(scan->group) != NULL)
		detect_attacker(evidence, scan_group_suspect(scan->group));
}

static void fill(struct detect *detect, const struct port_scan *scan,
		 struct finding_record *evidence)
{
	const struct source *source = sources_find(&detect->sources, &scan->client);
	bool is_shared = scan->group != NULL && scan->group->is_shared;
	detect_attack(evidence, is_shared ? "distributed_scan" : "port_scan",
		      technique_of(scan), scan->last_us);
	name_client(scan, evidence);
	if (!scan->is_wide)
		evidence->server_ip = scan->server;
	evidence->transport = transport_word(scan);
	evidence->first = scan->first_us;
	evidence->attempts = scan->unsaid;
	evidence->ports = count_bits(ports_of(scan));
	evidence->hosts = scan->is_wide ? scan->host_count : 1;
	evidence->detector = "port_scan";
	evidence->proof =
		scan->is_proven && scan->group == NULL ? "handshake" : "unsolicited";
	evidence->confidence = scan->told == TOLD_NOTICE ? 0.7 : 0.95;
	list_ports(scan, evidence->port_list);
	record_text(evidence->mitre, sizeof(evidence->mitre),
		    is_ours(detect, scan) ? "T1046" : "T1595.001");
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

/* The finding that it has already, if that is still open. */
static struct finding *finding_of(struct detect *detect, const struct port_scan *scan,
				  const struct scan_key *key)
{
	struct finding_record record;
	if (key->kind == NULL)
		return NULL;
	detect_attack(&record, key->kind, key->technique, scan->last_us);
	record.client_ip = key->client;
	record.server_ip = key->server;
	record.transport = transport_word(scan);
	return findings_find(&detect->findings, &record);
}

static void keep_key(struct scan_key *key, const struct finding_record *evidence)
{
	*key = (struct scan_key){ .kind = evidence->kind,
				  .technique = evidence->technique,
				  .client = evidence->client_ip,
				  .server = evidence->server_ip };
}

static void tell(struct detect *detect, struct port_scan *scan)
{
	struct finding_record evidence;
	struct scan_key *key = key_of_finding(scan);
	struct finding *finding = finding_of(detect, scan, key);
	fill(detect, scan, &evidence);
	if (finding != NULL)
		findings_move(&detect->findings, finding, &evidence);
	findings_take(&detect->findings, &evidence, severity_of(detect, scan),
		      hold_us(scan));
	keep_key(key, &evidence);
	scan->unsaid = 0;
	scan->is_dirty = false;
}

/* ---- who does it with whom ---- */

static uint32_t count_common(const uint64_t *a, const uint64_t *b)
{
	uint32_t common = 0;
	for (int i = 0; i < 1024; i++)
		common += (uint32_t)__builtin_popcountll(a[i] & b[i]);
	return common;
}

static bool is_within(int64_t a_us, int64_t b_us, int64_t most_s)
{
	int64_t apart_us = a_us > b_us ? a_us - b_us : b_us - a_us;
	return apart_us <= most_s * SECOND_US;
}

static bool is_alike(const struct port_scan *scan, const uint64_t *ports)
{
	return count_common(scan->ports, ports) * 100 >=
	       scan->port_count * ALIKE_PERCENT;
}

static void join(struct port_scan *scan, struct scan_group *group)
{
	scan->group = group;
	scan->group_turn = group->turn;
	scan_group_join(group, &scan->client);
}

/* What the group knows of it. */
static void note_group(struct port_scan *scan, const struct attempt *attempt)
{
	struct scan_group *group = scan->group;
	group->last_us = scan->last_us;
	group->ports[attempt->port / 64] |= 1ULL << attempt->port % 64;
	scan_group_note(group, &scan->client, scan->port_count, scan->resets);
}

/* A group that scans the same host, and that this one belongs to. */
static struct scan_group *group_for(struct port_scans *all,
				    const struct port_scan *scan)
{
	for (int i = 0; i < GROUPS_MAX; i++) {
		struct scan_group *group = &all->groups.at[i];
		if (group->turn == 0 || group->transport != scan->head.key.rest ||
		    !addr_equal(&group->server, &scan->server))
			continue;
		if (group->is_shared
			    ? is_within(scan->last_us, group->last_us, SHARED_S)
			    : is_within(scan->first_us, group->first_us, DECOYS_S) &&
				      is_alike(scan, group->ports))
			return group;
	}
	return NULL;
}

static struct scan_group *begin_group(struct port_scans *all,
				      const struct port_scan *scan, bool is_shared)
{
	struct scan_group *group = scan_groups_begin(&all->groups);
	group->is_shared = is_shared;
	group->server = scan->server;
	group->transport = scan->head.key.rest;
	group->first_us = scan->first_us;
	group->last_us = scan->last_us;
	return group;
}

/* Brings in one that has a finding: the first one's becomes the group's. */
static void bring_in(struct detect *detect, struct port_scan *scan,
		     struct scan_group *group)
{
	struct finding *finding = finding_of(detect, scan, &scan->key);
	if (group->key.kind == NULL)
		group->key = scan->key;
	else if (finding != NULL)
		findings_close(&detect->findings, finding, detect->now_us);
	scan->key = (struct scan_key){ .kind = NULL };
	join(scan, group);
	for (int i = 0; i < 1024; i++)
		group->ports[i] |= scan->ports[i];
	scan_group_note(group, &scan->client, scan->port_count, scan->resets);
}

static struct port_scan *scan_at(const struct port_scans *all, uint32_t number)
{
	return (struct port_scan *)(void *)(all->scans.at +
					    number * all->scans.entry_size);
}

static bool is_beside(const struct port_scan *scan, const struct port_scan *other)
{
	return other != scan && other->told != TOLD_NOTHING && !other->is_wide &&
	       other->group == NULL && other->head.key.rest == scan->head.key.rest &&
	       addr_equal(&other->server, &scan->server) &&
	       is_within(scan->first_us, other->last_us, SHARED_S);
}

/* Another one that has just begun with the same ports. */
static struct port_scan *twin_of(const struct port_scans *all,
				 const struct port_scan *scan)
{
	for (uint32_t i = 0; i < all->scans.used; i++) {
		struct port_scan *other = scan_at(all, i);
		if (is_beside(scan, other) &&
		    is_within(scan->first_us, other->first_us, DECOYS_S) &&
		    is_alike(scan, other->ports))
			return other;
	}
	return NULL;
}

static uint32_t count_sharers(const struct port_scans *all,
			      const struct port_scan *scan)
{
	uint32_t count = 1;
	for (uint32_t i = 0; i < all->scans.used; i++) {
		const struct port_scan *other = scan_at(all, i);
		count += is_beside(scan, other) && !is_alike(scan, other->ports);
	}
	return count;
}

static void share(struct detect *detect, struct port_scans *all, struct port_scan *scan)
{
	struct scan_group *group = begin_group(all, scan, true);
	for (uint32_t i = 0; i < all->scans.used; i++) {
		struct port_scan *other = scan_at(all, i);
		if (is_beside(scan, other))
			bring_in(detect, other, group);
	}
	bring_in(detect, scan, group);
}

/* It is about to be told for the first time: is it a scan of its own? */
static void find_company(struct detect *detect, struct port_scans *all,
			 struct port_scan *scan)
{
	struct scan_group *group = group_for(all, scan);
	struct port_scan *twin = group == NULL ? twin_of(all, scan) : NULL;
	if (twin != NULL) {
		group = begin_group(all, twin, false);
		bring_in(detect, twin, group);
	}
	if (group != NULL)
		bring_in(detect, scan, group);
	else if (count_sharers(all, scan) >= SHARERS)
		share(detect, all, scan);
}

/* ---- contacts ---- */

/* True if it touches hosts and ports each several times, as who looks for peers never
 * does. */
static bool is_grid(const struct port_scan *scan)
{
	return scan->pairs >= PAIRS_WIDE && scan->host_count >= WIDE_LEAST &&
	       scan->port_count >= WIDE_LEAST &&
	       scan->pairs >= scan->host_count * WIDE_TIMES &&
	       scan->pairs >= (uint64_t)scan->port_count * WIDE_TIMES;
}

static void grow(struct port_scan *scan, enum told told)
{
	if (told > scan->told)
		scan->told = told;
}

/* What this attempt makes of the scan. */
static void judge(struct detect *detect, struct port_scan *scan,
		  const struct contact_record *c, const struct attempt *attempt)
{
	const struct sources *sources = &detect->sources;
	const struct source *source = sources->news.source;
	bool is_known_host = addr_equal(&scan->server, &c->server_ip);
	if (scan->told >= TOLD_SCAN && (scan->is_wide || is_known_host))
		return;
	struct tally tally = tally_host(sources, source, attempt->server,
					attempt->transport, attempt->last_s);
	enum told told = judge_tally(sources, source, &tally);
	if (told == TOLD_NOTHING && is_grid(scan) && sources_scans(source)) {
		scan->is_wide = true;
		told = TOLD_SCAN;
	}
	if (told == TOLD_NOTHING)
		return;
	if (addr_is_unset(&scan->server))
		scan->server = c->server_ip;
	else if (!is_known_host && scan->group == NULL)
		scan->is_wide = true;
	grow(scan, told);
}

static bool is_worth_a_scan(const struct detect *detect, const struct attempt *attempt)
{
	const struct sources *sources = &detect->sources;
	const struct source *source = sources->news.source;
	if (source->count < PORTS_NOTICE - 1)
		return false;
	struct tally tally = tally_host(sources, source, attempt->server,
					attempt->transport, attempt->last_s);
	return judge_tally(sources, source, &tally) != TOLD_NOTHING ||
	       (source->count >= PAIRS_WIDE && sources_scans(source));
}

/* The scan that the attempt belongs to, with it counted; NULL: it is of none. */
static struct port_scan *scan_of(struct detect *detect, struct port_scans *all,
				 const struct contact_record *c,
				 const struct attempt *attempt)
{
	const struct sources *sources = &detect->sources;
	struct port_scan *scan =
		find_scan(all, &c->client_ip, attempt->transport, c->at);
	if (scan != NULL) {
		count_attempt(scan, attempt);
	} else if (is_worth_a_scan(detect, attempt)) {
		scan = begin_scan(all, &c->client_ip, attempt->transport, c->at);
		count_past(sources, scan, sources->news.source, attempt->transport,
			   c->at);
	}
	if (scan != NULL && scan->group != NULL &&
	    scan->group->turn != scan->group_turn)
		scan->group = NULL;
	return scan;
}

static void take_contact(struct detect *detect, void *state,
			 const struct contact_record *c)
{
	struct port_scans *all = state;
	const struct contact_news *news = &detect->sources.news;
	if (news->attempt == NULL || !news->is_new ||
	    news->attempt->kind == ATTEMPT_DONE ||
	    news->attempt->transport == ATTEMPT_ICMP)
		return;
	struct port_scan *scan = scan_of(detect, all, c, news->attempt);
	if (scan == NULL)
		return;
	enum told before = scan->told;
	bool was_wide = scan->is_wide;
	scan->last_us = c->at;
	if (scan->tool[0] == '\0')
		memcpy(scan->tool, c->tool, sizeof(scan->tool));
	judge(detect, scan, c, news->attempt);
	if (before == TOLD_NOTHING && scan->told != TOLD_NOTHING && !scan->is_wide)
		find_company(detect, all, scan);
	if (scan->group != NULL)
		note_group(scan, news->attempt);
	scan->is_dirty = scan->told != TOLD_NOTHING;
	if (scan->told != before || scan->is_wide != was_wide)
		tell(detect, scan);
}

/* ---- connections ---- */

/* True if most of what failed came over as many routers as that. */
static bool is_same_way(const struct port_scan *scan, const struct attempt *attempt)
{
	return attempt->ttl != 0 && attempt->ttl == scan->ttl;
}

/*
 * Who scans with whole connections leaves open ports without a word.  Such a handshake,
 * on a port that the source had never used, from as far away as the rest, is the
 * scan's.
 */
static void take_flow(struct detect *detect, void *state,
		      const struct flow_record *flow)
{
	struct port_scans *all = state;
	if (flow->probe == 1 || flow->handshake_us == UNKNOWN_U64 ||
	    flow->client_payload_bytes != 0 || addr_is_unset(&flow->client_ip) ||
	    home_holds(&detect->friends, &flow->client_ip))
		return;
	const struct attempt *unused = sources_unused(&detect->sources, flow);
	struct port_scan *scan = unused != NULL ? find_scan(all, &flow->client_ip,
							    ATTEMPT_TCP, flow->end)
						: NULL;
	if (scan == NULL)
		return;
	count_attempt(scan, unused);
	scan->is_proven |=
		scan->group == NULL && is_same_way(scan, unused) &&
		(int64_t)unused->first_s * SECOND_US >= scan->first_us - SECOND_US;
	scan->is_dirty = scan->told != TOLD_NOTHING;
}

static void take_second(struct detect *detect, void *state, int64_t now_us)
{
	struct port_scans *all = state;
	(void)now_us;
	for (uint32_t i = 0; i < all->scans.used; i++) {
		struct port_scan *scan = scan_at(all, i);
		if (scan->is_dirty)
			tell(detect, scan);
	}
}

const struct detector detector_port_scan = {
	.name = "port_scan",
	.state_size = sizeof(struct port_scans),
	.open = open_scans,
	.close = close_scans,
	.contact = take_contact,
	.flow = take_flow,
	.tick = take_second,
};
