/*
 * host_sweep.c: one source tries the same ports, or ICMP, of many hosts.
 *
 * Counted are hosts where it failed, or did not use what answered.  Who has business
 * with many hosts (a crawler, a resolver, a mail server, a monitor) reaches most of
 * them; who looks for peers does not, but tries another port with each.
 */
#include <stdio.h>
#include <string.h>

#include "base/port_list.h"
#include "base/port_set.h"
#include "base/roster.h"
#include "detect/detector.h"
#include "detect/scan_attempt.h"

enum {
	SWEEPS_MAX = 256,
	LANES_MAX = 8,      /* ports of one source that are counted */
	HOSTS_INSIDE = 250, /* our own machines have reasons that we don't know */
	HOSTS_WORM = 1000,
	ANSWERS_PER_MILLE = 4, /* even a worm that tries addresses at random has more */
	/* Addresses of ours where nobody lives have no services that one could mean. */
	HOSTS_DARK_NOTICE = 3,
	HOSTS_DARK = 5,
	/* A scanner fails four times of five (Jung et al.). */
	FAILS_TO_SUCCESSES = 4,
	PORTS_FEW = 4,
	SHARE_PERCENT = 50,
	KNOWN_MAX = 16384,
	HALF_S = 3600,
	HOLD_S = 900,
	IDLE_S = 6 * 3600, /* between two hosts of a slow one */
};

enum told { TOLD_NOTHING, TOLD_NOTICE, TOLD_SWEEP };

/* One port of one source. */
struct lane {
	bool is_used;
	uint16_t port;
	enum told told;
	struct cardinality hosts; /* where it failed, or did not use what answered */
	uint64_t tried, host_count, estimate_at;
	uint64_t successes, unused;
	uint64_t answered; /* in whichever way */
	uint64_t lit;      /* failures that were not in the dark */
};

struct host_sweep {
	struct roster_entry head;
	int64_t first_us, last_us;
	struct addr client;
	uint64_t unsaid;
	bool is_dirty;
	const char *technique, *tool;
	uint32_t port_told; /* of its finding; UNKNOWN_U32: of more than one, or ICMP */
	bool is_told;
	struct lane lanes[LANES_MAX];
};

/*
 * How many hosts answered one of ours at a port, of late: whoever served thousands and
 * suddenly nobody is cut off.  By hash; halved every hour, so that no past hides a
 * worm.
 */
struct known {
	uint32_t counts[KNOWN_MAX];
	int64_t halved_us;
};

struct host_sweeps {
	struct roster sweeps;
	struct known known;
};

static bool open_sweeps(struct detect *detect, void *state)
{
	(void)detect;
	return roster_open(&((struct host_sweeps *)state)->sweeps,
			   sizeof(struct host_sweep), SWEEPS_MAX);
}

static void close_sweeps(void *state)
{
	roster_close(&((struct host_sweeps *)state)->sweeps);
}

/* ---- counting ---- */

static struct lane *find_lane(struct host_sweep *sweep, uint16_t port)
{
	for (int i = 0; i < LANES_MAX; i++)
		if (sweep->lanes[i].is_used && sweep->lanes[i].port == port)
			return &sweep->lanes[i];
	return NULL;
}

/* The one with the fewest hosts makes room. */
static struct lane *lane_of(struct host_sweep *sweep, uint16_t port)
{
	struct lane *lane = find_lane(sweep, port);
	if (lane != NULL)
		return lane;
	lane = &sweep->lanes[0];
	for (int i = 0; i < LANES_MAX; i++)
		if (sweep->lanes[i].tried < lane->tried)
			lane = &sweep->lanes[i];
	*lane = (struct lane){ .is_used = true, .port = port };
	return lane;
}

static void count_host(struct lane *lane, const struct attempt *attempt)
{
	static const struct hash_key fixed;
	uint64_t word = attempt->server;
	lane->tried++;
	cardinality_add(&lane->hosts, hash_words(&fixed, &word, 1));
	/* An estimate costs much more than what it could change by one. */
	if (lane->tried < lane->estimate_at)
		return;
	lane->host_count = cardinality_estimate(&lane->hosts);
	lane->estimate_at = lane->tried + 1 + lane->tried / 16;
}

static void count_attempt(struct lane *lane, const struct attempt *attempt)
{
	lane->answered += !attempt->is_silent;
	if (attempt->kind == ATTEMPT_DONE) {
		lane->successes++;
		return;
	}
	lane->unused += attempt->kind == ATTEMPT_HALF_OPEN;
	count_host(lane, attempt);
}

static uint32_t *known_of(const struct detect *detect, struct known *known,
			  const struct attempt *attempt)
{
	const struct addr *who = &detect->sources.news.source->addr;
	uint64_t words[3];
	memcpy(words, who, sizeof(*who));
	words[2] = (uint64_t)attempt->transport << 16 | attempt->port;
	return &known->counts[hash_words(&detect->sources.key, words, 3) % KNOWN_MAX];
}

static void halve(struct known *known, int64_t now_us)
{
	if (now_us - known->halved_us < HALF_S * SECOND_US)
		return;
	known->halved_us = now_us;
	for (int i = 0; i < KNOWN_MAX; i++)
		known->counts[i] /= 2;
}

/* What the source tried before of that port. */
static void count_past(const struct sources *sources, const struct source *source,
		       const struct attempt *now, struct lane *lane)
{
	size_t count;
	const struct attempt *at = sources_attempts(sources, source, &count);
	for (size_t i = 0; i < count; i++) {
		if (at[i].port != now->port || at[i].transport != now->transport ||
		    at[i].server == now->server)
			continue;
		count_attempt(lane, &at[i]);
		lane->lit += at[i].kind != ATTEMPT_FAILED || !at[i].is_dark;
	}
}

/* ---- is it one ---- */

/* Failed hosts of that port, and how much of all failures of the source they are. */
struct share {
	uint32_t hosts, failures, ports;
};

static struct share share_of(const struct sources *sources, const struct source *source,
			     const struct attempt *now)
{
	struct share share = { 0 };
	uint64_t ports[PORT_WORDS] = { 0 };
	size_t count;
	const struct attempt *at = sources_attempts(sources, source, &count);
	for (size_t i = 0; i < count; i++) {
		if (at[i].kind == ATTEMPT_DONE)
			continue;
		share.ports += port_bits_add(ports, at[i].port);
		share.failures++;
		share.hosts +=
			at[i].port == now->port && at[i].transport == now->transport;
	}
	return share;
}

/* Who looks for peers tries another port with each. */
static bool is_narrow(const struct share *share)
{
	return share->ports <= PORTS_FEW ||
	       share->hosts * 100 >= share->failures * SHARE_PERCENT;
}

static bool is_still_narrow(const struct detect *detect, const struct attempt *now)
{
	struct share share =
		share_of(&detect->sources, detect->sources.news.source, now);
	return is_narrow(&share);
}

/* It comes from inside: what our machines do outside is known to them alone. */
static bool is_inside(const struct detect *detect, const struct contact_record *c)
{
	return detect_is_ours(detect, &c->client_ip) ||
	       (addr_is_private(&c->client_ip) && !addr_is_private(&c->server_ip));
}

/* Strangers' successes must not fill the place of one of ours. */
static void note_success(const struct detect *detect, struct known *known,
			 const struct contact_record *c)
{
	const struct attempt *attempt = detect->sources.news.attempt;
	if (attempt->kind == ATTEMPT_DONE && is_inside(detect, c))
		(*known_of(detect, known, attempt))++;
}

/*
 * Nobody finds hosts of IPv6 by trying (RFC 7707 2), who goes to many has their names:
 * a machine whose IPv6 leads nowhere fails at all of them, or gives up for the sake of
 * IPv4 (RFC 8305).
 */
static bool may_be_broken(const struct detect *detect, const struct contact_record *c)
{
	return is_inside(detect, c) && !addr_is_v4(&c->server_ip) &&
	       !detect_is_ours(detect, &c->server_ip);
}

/*
 * Nobody answers, or hardly anybody: no way leads there, as when a cable is out.  A
 * worm finds somebody.
 */
static bool is_cut_off(const struct lane *lane)
{
	return lane->answered * 1000 < lane->tried * ANSWERS_PER_MILLE;
}

static enum told judge(const struct detect *detect, const struct lane *lane,
		       const struct contact_record *c, uint32_t known)
{
	const struct sources *sources = &detect->sources;
	const struct addr *who = &sources->news.source->addr;
	bool inside = is_inside(detect, c);
	uint32_t most = inside ? HOSTS_INSIDE : detect->limits.sweep_hosts;
	uint64_t successes = lane->successes + (inside ? known : 0);
	if (lane->tried < successes * FAILS_TO_SUCCESSES)
		return TOLD_NOTHING;
	if (lane->host_count >= sources_jitter(sources, who, most))
		return !inside                    ? TOLD_SWEEP
		       : may_be_broken(detect, c) ? TOLD_NOTICE
		       : is_cut_off(lane)         ? TOLD_NOTHING
						  : TOLD_SWEEP;
	if (inside || lane->lit > 0 || lane->successes > 0 || lane->unused > 0)
		return TOLD_NOTHING;
	if (lane->host_count >= HOSTS_DARK && sources_scans(sources->news.source))
		return TOLD_SWEEP;
	return lane->host_count >= HOSTS_DARK_NOTICE ? TOLD_NOTICE : TOLD_NOTHING;
}

/* ---- what is said ---- */

static uint64_t most_hosts(const struct host_sweep *sweep)
{
	uint64_t most = 0;
	for (int i = 0; i < LANES_MAX; i++)
		if (sweep->lanes[i].is_used && sweep->lanes[i].host_count > most)
			most = sweep->lanes[i].host_count;
	return most;
}

/* The ports that it sweeps, ascending. */
static size_t ports_of(const struct host_sweep *sweep, uint16_t *out)
{
	size_t count = 0;
	for (int i = 0; i < LANES_MAX; i++) {
		const struct lane *lane = &sweep->lanes[i];
		if (!lane->is_used || lane->told == TOLD_NOTHING)
			continue;
		size_t at = count++;
		for (; at > 0 && out[at - 1] > lane->port; at--)
			out[at] = out[at - 1];
		out[at] = lane->port;
	}
	return count;
}

static enum told told_of(const struct host_sweep *sweep)
{
	enum told most = TOLD_NOTHING;
	for (int i = 0; i < LANES_MAX; i++)
		if (sweep->lanes[i].is_used && sweep->lanes[i].told > most)
			most = sweep->lanes[i].told;
	return most;
}

static bool is_icmp(const struct host_sweep *sweep)
{
	return sweep->head.key.rest == ATTEMPT_ICMP;
}

static unsigned severity_of(const struct detect *detect, const struct host_sweep *sweep)
{
	if (told_of(sweep) == TOLD_NOTICE)
		return SEVERITY_NOTICE;
	if (!detect_is_ours(detect, &sweep->client))
		return SEVERITY_LOW;
	return most_hosts(sweep) >= HOSTS_WORM ? SEVERITY_HIGH : SEVERITY_MEDIUM;
}

static void say_summary(const struct host_sweep *sweep, const char *ports,
			struct buf *out)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&sweep->client, text);
	buf_clear(out);
	buf_printf(out, "%s tried %llu hosts", text,
		   (unsigned long long)most_hosts(sweep));
	if (is_icmp(sweep))
		buf_text(out, " by ICMP");
	else
		buf_printf(out, " at port %s/%s", ports,
			   scan_attempt_transport_word(sweep->head.key.rest));
}

static void say_evidence(const struct host_sweep *sweep, struct buf *out)
{
	uint64_t failed = 0, successes = 0, unused = 0;
	for (int i = 0; i < LANES_MAX; i++) {
		const struct lane *lane = &sweep->lanes[i];
		if (!lane->is_used || lane->told == TOLD_NOTHING)
			continue;
		failed += lane->tried - lane->unused;
		successes += lane->successes;
		unused += lane->unused;
	}
	buf_clear(out);
	buf_printf(out,
		   "refused or silent: %llu, answered and not used: %llu, used: %llu; "
		   "in %lld s",
		   (unsigned long long)failed, (unsigned long long)unused,
		   (unsigned long long)successes,
		   (long long)((sweep->last_us - sweep->first_us) / SECOND_US));
}

static void key_finding(const struct host_sweep *sweep, uint32_t port,
			struct finding_record *record)
{
	detect_attack(record, "host_sweep", sweep->technique, sweep->last_us);
	detect_attacker(record, &sweep->client);
	record->port = port;
	record->transport = scan_attempt_transport_word(sweep->head.key.rest);
}

static void fill(struct detect *detect, struct host_sweep *sweep,
		 struct finding_record *evidence)
{
	bool is_ours = detect_is_ours(detect, &sweep->client);
	uint16_t ports[LANES_MAX];
	size_t count = is_icmp(sweep) ? 0 : ports_of(sweep, ports);
	key_finding(sweep, count == 1 ? ports[0] : UNKNOWN_U32, evidence);
	evidence->first = sweep->first_us;
	evidence->attempts = sweep->unsaid;
	evidence->hosts = most_hosts(sweep);
	if (count > 0)
		evidence->ports = count;
	port_list_text(ports, count, evidence->port_list, sizeof(evidence->port_list));
	evidence->detector = "host_sweep";
	evidence->proof = "unsolicited";
	evidence->confidence = 0.9;
	record_text(evidence->mitre, sizeof(evidence->mitre),
		    is_ours ? "T1046" : "T1595.001");
	if (sweep->tool != NULL)
		record_text(evidence->tool, sizeof(evidence->tool), sweep->tool);
	say_summary(sweep, evidence->port_list, &detect->reason);
	detect_summary(evidence, &detect->reason);
	say_evidence(sweep, &detect->reason);
	const char *words = buf_cstr(&detect->reason);
	record_text(evidence->evidence, sizeof(evidence->evidence),
		    words != NULL ? words : "");
	record_text(
		evidence->advice, sizeof(evidence->advice),
		is_ours ? "Find out what on that machine does this: worms do. If it "
			  "is meant to, name it in detect.friends."
			: "An address can be forged: do not block on this alone.");
}

static void tell(struct detect *detect, struct host_sweep *sweep)
{
	struct finding_record evidence, told;
	fill(detect, sweep, &evidence);
	key_finding(sweep, sweep->port_told, &told);
	struct finding *finding =
		sweep->is_told ? findings_find(&detect->findings, &told) : NULL;
	if (finding != NULL && evidence.port != sweep->port_told)
		findings_move(&detect->findings, finding, &evidence);
	findings_take(&detect->findings, &evidence, severity_of(detect, sweep),
		      HOLD_S * SECOND_US);
	sweep->is_told = true;
	sweep->port_told = evidence.port;
	sweep->unsaid = 0;
	sweep->is_dirty = false;
}

/* ---- contacts ---- */

static struct host_sweep *find_sweep(struct host_sweeps *all,
				     const struct contact_record *c, unsigned transport)
{
	struct roster_key key = { .first = addr_source(&c->client_ip),
				  .rest = transport };
	struct host_sweep *sweep = roster_find(&all->sweeps, &key);
	return sweep != NULL && c->at - sweep->last_us <= IDLE_S * SECOND_US ? sweep
									     : NULL;
}

static struct host_sweep *
begin_sweep(struct host_sweeps *all, const struct contact_record *c, unsigned transport)
{
	struct roster_key key = { .first = addr_source(&c->client_ip),
				  .rest = transport };
	struct host_sweep *sweep = roster_take(&all->sweeps, &key);
	struct roster_entry head = sweep->head;
	memset(sweep, 0, sizeof(*sweep));
	sweep->head = head;
	sweep->client = c->client_ip;
	sweep->technique = c->technique;
	sweep->first_us = sweep->last_us = c->at;
	return sweep;
}

/* NULL if there is none, and nothing looks like one. */
static struct lane *take_lane(struct detect *detect, struct host_sweeps *all,
			      const struct contact_record *c, struct host_sweep **sweep)
{
	const struct sources *sources = &detect->sources;
	const struct attempt *now = sources->news.attempt;
	*sweep = find_sweep(all, c, now->transport);
	struct lane *lane = *sweep != NULL ? find_lane(*sweep, now->port) : NULL;
	if (lane != NULL)
		return lane;
	struct share share = share_of(sources, sources->news.source, now);
	if (share.hosts < HOSTS_DARK_NOTICE || !is_narrow(&share))
		return NULL;
	if (*sweep == NULL)
		*sweep = begin_sweep(all, c, now->transport);
	lane = lane_of(*sweep, now->port);
	count_past(sources, sources->news.source, now, lane);
	return lane;
}

/* Part of a scan over hosts and ports, which port_scan tells of. */
static bool is_of_grid(const struct source *source, int64_t now_us)
{
	return source->grid_us != 0 && now_us - source->grid_us < HOLD_S * SECOND_US;
}

static void take_contact(struct detect *detect, void *state,
			 const struct contact_record *c)
{
	struct contact_news *news = &detect->sources.news;
	struct host_sweep *sweep;
	if (news->attempt == NULL || !news->is_new || news->is_back ||
	    is_of_grid(news->source, c->at))
		return;
	struct host_sweeps *all = state;
	note_success(detect, &all->known, c);
	struct lane *lane = take_lane(detect, all, c, &sweep);
	if (lane == NULL)
		return;
	count_attempt(lane, news->attempt);
	lane->lit += news->attempt->kind != ATTEMPT_FAILED || !news->attempt->is_dark;
	sweep->last_us = c->at;
	sweep->unsaid++;
	if (c->tool != NULL)
		sweep->tool = c->tool;
	uint32_t known = *known_of(detect, &all->known, news->attempt);
	enum told told = judge(detect, lane, c, known), before = told_of(sweep);
	bool is_news = told > lane->told && is_still_narrow(detect, news->attempt);
	if (is_news)
		lane->told = told;
	sweep->is_dirty = told_of(sweep) != TOLD_NOTHING;
	if (is_news || told_of(sweep) != before)
		tell(detect, sweep);
}

static void take_second(struct detect *detect, void *state, int64_t now_us)
{
	struct host_sweeps *all = state;
	halve(&all->known, now_us);
	for (uint32_t i = 0; i < all->sweeps.used; i++) {
		struct host_sweep *sweep =
			(struct host_sweep *)(void *)(all->sweeps.at +
						      i * all->sweeps.entry_size);
		if (sweep->is_dirty)
			tell(detect, sweep);
	}
}

const struct detector detector_host_sweep = {
	.name = "host_sweep",
	.state_size = sizeof(struct host_sweeps),
	.open = open_sweeps,
	.close = close_sweeps,
	.contact = take_contact,
	.tick = take_second,
};
