/*
 * distributed_scan.c: many sources, each of which tries too little to be a scan of its
 * own (those are port_scan's, which also puts them together).
 *
 * Three shapes: neighbours in one /24 or /48; strangers who have the ports of one host
 * shared out among them; and one port for which far more new sources ask in vain than
 * usual at that hour, as when a worm goes round.
 */
#include <stdio.h>
#include <string.h>

#include "base/port_set.h"
#include "base/roster.h"
#include "detect/detector.h"
#include "detect/scan_attempt.h"
#include "detect/scan_group.h"

enum {
	/* Four of one network that fail twice are no chance (D4 of bro-simple-scan). */
	NEIGHBOURS = 4,
	NEIGHBOURS_PORTS = 15,
	/* On a public address strangers try some dozens of ports in ten minutes. */
	HOSTS_MAX = 256,
	HOST_WINDOW_S = 600,
	HOST_PORTS = 100,
	HOST_SOURCES = 10,
	/* Forged ones come once each. */
	PAIRS_A_SOURCE = 2,
	PORTS_MAX = 512,
	PORT_WINDOW_S = 3600,
	PORT_SOURCES = 50,
	PORT_SOURCES_UNUSUAL = 200, /* while nobody knows what is usual */
	TIMES_USUAL = 6,
	NEW_PERCENT = 80,
	/* As many within seconds are a flood under forged names, which is another's. */
	FLOOD_S = 10,
	HOURS = 24,
	HOLD_S = 900,
};

/* One host, in ten minutes. */
struct tried_host {
	struct roster_entry head;
	int64_t begin_us;
	uint64_t pairs, estimate_at, source_count;
	uint32_t ports, usual; /* usual: of the windows before, their average */
	uint64_t bits[PORT_WORDS];
	struct cardinality sources;
};

/* One port of whichever hosts, in an hour. */
struct tried_port {
	struct roster_entry head;
	int64_t begin_us, first_us;
	uint64_t sources_seen, newcomers, estimate_at, source_count;
	bool is_flood;
	struct addr server;    /* unset: of more than one */
	uint32_t usual[HOURS]; /* sources at that hour */
	bool is_known;         /* a whole hour has been seen */
	struct cardinality sources;
};

struct distributed {
	struct roster hosts, ports;
};

static bool open_distributed(struct detect *detect, void *state)
{
	struct distributed *all = state;
	(void)detect;
	return roster_open(&all->hosts, sizeof(struct tried_host), HOSTS_MAX) &&
	       roster_open(&all->ports, sizeof(struct tried_port), PORTS_MAX);
}

static void close_distributed(void *state)
{
	struct distributed *all = state;
	roster_close(&all->hosts);
	roster_close(&all->ports);
}

/* ---- what is said ---- */

static void tell(struct detect *detect, const struct contact_record *c,
		 struct finding_record *evidence, unsigned severity,
		 const char *summary, const char *grounds)
{
	evidence->transport = c->transport;
	evidence->detector = "distributed_scan";
	evidence->proof = "unsolicited";
	evidence->confidence = 0.8;
	record_text(evidence->mitre, sizeof(evidence->mitre), "T1595.001");
	record_text(evidence->summary, sizeof(evidence->summary), summary);
	record_text(evidence->evidence, sizeof(evidence->evidence), grounds);
	record_text(evidence->advice, sizeof(evidence->advice),
		    "Addresses can be forged: do not block on this alone. Check that "
		    "each open port is meant to be reached.");
	findings_take(&detect->findings, evidence, severity, HOLD_S * SECOND_US);
}

/* ---- neighbours ---- */

/* Distinct ports of that host that the prefix tried within an hour. */
static uint32_t count_ports(const struct sources *sources, const struct source *prefix,
			    const struct attempt *now)
{
	uint32_t ports = 0;
	size_t count;
	const struct attempt *at = sources_attempts(sources, prefix, &count);
	for (size_t i = 0; i < count; i++)
		ports += at[i].server == now->server &&
			 at[i].transport == now->transport &&
			 at[i].kind != ATTEMPT_DONE &&
			 hints_age_s(now->last_s, at[i].first_s) <= PORT_WINDOW_S;
	return ports;
}

static void see_neighbours(struct detect *detect, const struct contact_record *c)
{
	const struct sources *sources = &detect->sources;
	const struct contact_news *news = &sources->news;
	unsigned neighbours = sources_neighbours(sources, news->prefix);
	struct finding_record evidence;
	char text[ADDR_TEXT_MAX], target[ADDR_TEXT_MAX], summary[256], grounds[128];
	/* One of them does it alone. */
	if (neighbours < NEIGHBOURS || !sources_scans(news->prefix) ||
	    news->source->failures * 2 > news->prefix->failures)
		return;
	uint32_t ports = count_ports(sources, news->prefix, news->attempt);
	if (ports < NEIGHBOURS_PORTS)
		return;
	detect_attack(&evidence, "distributed_scan", c->technique, c->at);
	evidence.client_ip = news->prefix->addr;
	evidence.client_prefix = addr_is_v4(&evidence.client_ip) ? 24 : 48;
	evidence.server_ip = c->server_ip;
	evidence.ports = ports;
	addr_text(&evidence.client_ip, text);
	addr_text(&c->server_ip, target);
	snprintf(summary, sizeof(summary),
		 "%u sources of %s/%u together tried %u ports of %s.", neighbours, text,
		 (unsigned)evidence.client_prefix, ports, target);
	snprintf(grounds, sizeof(grounds),
		 "ports that failed: %u within an hour; sources with two or more: %u",
		 ports, neighbours);
	tell(detect, c, &evidence, SEVERITY_LOW, summary, grounds);
}

/* ---- one host ---- */

static struct tried_host *host_of(struct distributed *all,
				  const struct contact_record *c, unsigned transport)
{
	struct roster_key key = { .first = c->server_ip, .rest = transport };
	struct tried_host *host = roster_take(&all->hosts, &key);
	if (host->begin_us != 0 && c->at - host->begin_us < HOST_WINDOW_S * SECOND_US)
		return host;
	if (host->begin_us != 0)
		host->usual = host->usual == 0 ? host->ports
					       : (host->usual * 7 + host->ports) / 8;
	host->begin_us = c->at;
	host->pairs = host->estimate_at = host->source_count = 0;
	host->ports = 0;
	memset(host->bits, 0, sizeof(host->bits));
	cardinality_reset(&host->sources);
	return host;
}

static uint64_t source_hash(const struct source *source)
{
	static const struct hash_key fixed;
	uint64_t words[2];
	memcpy(words, &source->addr, sizeof(words));
	return hash_words(&fixed, words, 2);
}

static void count_host(struct tried_host *host, const struct source *source,
		       uint16_t port)
{
	host->ports += port_bits_add(host->bits, port);
	cardinality_add(&host->sources, source_hash(source));
	/* An estimate costs much more than what it could change by one. */
	if (++host->pairs < host->estimate_at)
		return;
	host->source_count = cardinality_estimate(&host->sources);
	host->estimate_at = host->pairs + 1 + host->pairs / 16;
}

static bool is_shared_out(const struct tried_host *host)
{
	return host->ports >= HOST_PORTS && host->ports >= host->usual * TIMES_USUAL &&
	       host->source_count >= HOST_SOURCES &&
	       host->pairs >= host->source_count * PAIRS_A_SOURCE;
}

static void see_host(struct detect *detect, struct distributed *all,
		     const struct contact_record *c)
{
	const struct contact_news *news = &detect->sources.news;
	struct tried_host *host = host_of(all, c, news->attempt->transport);
	struct finding_record evidence;
	char target[ADDR_TEXT_MAX], summary[256], grounds[128];
	count_host(host, news->source, news->attempt->port);
	if (!is_shared_out(host))
		return;
	detect_attack(&evidence, "distributed_scan", c->technique, c->at);
	evidence.server_ip = c->server_ip;
	evidence.ports = host->ports;
	addr_text(&c->server_ip, target);
	snprintf(summary, sizeof(summary),
		 "%llu sources together tried %u ports of %s, each a few.",
		 (unsigned long long)host->source_count, host->ports, target);
	snprintf(grounds, sizeof(grounds),
		 "ports that failed within ten minutes: %u, usual are %u; attempts: "
		 "%llu",
		 host->ports, host->usual, (unsigned long long)host->pairs);
	tell(detect, c, &evidence, SEVERITY_LOW, summary, grounds);
}

/* ---- one port ---- */

static unsigned hour_of(int64_t at_us)
{
	return (unsigned)(at_us / (PORT_WINDOW_S * SECOND_US) % HOURS);
}

static void begin_hour(struct tried_port *port, int64_t now_us)
{
	bool goes_on = port->begin_us != 0 &&
		       now_us - port->begin_us < 2 * PORT_WINDOW_S * SECOND_US;
	if (port->begin_us != 0) {
		uint32_t *usual = &port->usual[hour_of(port->begin_us)];
		*usual = (*usual + (uint32_t)port->source_count + 1) / 2;
		port->is_known |= goes_on;
	}
	port->begin_us = now_us;
	port->sources_seen = port->newcomers = 0;
	port->estimate_at = port->source_count = 0;
	port->is_flood = false;
	cardinality_reset(&port->sources);
}

static struct tried_port *port_of(struct distributed *all,
				  const struct contact_record *c,
				  const struct attempt *attempt)
{
	struct roster_key key = { .rest = (uint64_t)attempt->transport << 16 |
					  attempt->port };
	struct tried_port *port = roster_take(&all->ports, &key);
	if (port->begin_us == 0)
		port->server = c->server_ip;
	if (port->begin_us == 0 || c->at - port->begin_us >= PORT_WINDOW_S * SECOND_US)
		begin_hour(port, c->at);
	if (!addr_equal(&port->server, &c->server_ip))
		port->server = addr_unset();
	return port;
}

static void count_port(struct tried_port *port, const struct source *source,
		       int64_t now_us)
{
	cardinality_add(&port->sources, source_hash(source));
	port->newcomers += sources_is_newcomer(source, now_us);
	if (++port->sources_seen < port->estimate_at)
		return;
	port->source_count = cardinality_estimate(&port->sources);
	port->estimate_at = port->sources_seen + 1 + port->sources_seen / 16;
	if (port->source_count >= PORT_SOURCES &&
	    now_us - port->begin_us < FLOOD_S * SECOND_US)
		port->is_flood = true;
}

static bool is_unusual(const struct tried_port *port, int64_t now_us)
{
	uint32_t least = port->is_known ? PORT_SOURCES : PORT_SOURCES_UNUSUAL;
	uint32_t usual = port->usual[hour_of(now_us)] * TIMES_USUAL;
	return !port->is_flood &&
	       port->source_count >= (usual > least ? usual : least) &&
	       port->newcomers * 100 >= port->sources_seen * NEW_PERCENT;
}

/*
 * A port that is served elsewhere is meant: whose IPv6 address has no server, say, is
 * asked for it by everybody.
 */
static void see_port(struct detect *detect, struct distributed *all,
		     const struct contact_record *c)
{
	const struct contact_news *news = &detect->sources.news;
	if (sources_is_served(&detect->sources, news->attempt->transport,
			      news->attempt->port, c->at))
		return;
	struct tried_port *port = port_of(all, c, news->attempt);
	struct finding_record evidence;
	char summary[256], grounds[128];
	count_port(port, news->source, c->at);
	if (!is_unusual(port, c->at))
		return;
	detect_attack(&evidence, "distributed_scan", c->technique, c->at);
	evidence.server_ip = port->server;
	evidence.port = news->attempt->port;
	evidence.ports = 1;
	snprintf(summary, sizeof(summary),
		 "%llu sources that are new here tried port %u/%s, where nothing "
		 "is.",
		 (unsigned long long)port->source_count, (unsigned)news->attempt->port,
		 c->transport);
	snprintf(grounds, sizeof(grounds),
		 "sources within the hour: %llu, usual are %u; new among them: %llu %%",
		 (unsigned long long)port->source_count, port->usual[hour_of(c->at)],
		 (unsigned long long)(port->newcomers * 100 / port->sources_seen));
	/* A name that leads to the wrong host, or to an address that is not served,
	   brings as many; a worm tries others, too. */
	unsigned severity =
		addr_is_unset(&port->server) ? SEVERITY_LOW : SEVERITY_NOTICE;
	tell(detect, c, &evidence, severity, summary, grounds);
}

/* ---- contacts ---- */

/* It has a finding of its own, or shares one. */
static bool is_told(const struct source *source, int64_t now_us)
{
	return source->scan_us != 0 && now_us - source->scan_us < HOLD_S * SECOND_US;
}

/* Those with more attempts each are together already: who comes now is one of them. */
static bool is_shared(const struct detect *detect, const struct contact_record *c)
{
	return detect->groups != NULL &&
	       scan_groups_shared(detect->groups, &c->server_ip,
				  detect->sources.news.attempt->transport,
				  c->at) != NULL;
}

static void take_contact(struct detect *detect, void *state,
			 const struct contact_record *c)
{
	const struct contact_news *news = &detect->sources.news;
	if (news->attempt == NULL || !news->is_new || news->is_back ||
	    news->prefix == NULL || news->attempt->kind == ATTEMPT_DONE ||
	    news->attempt->transport == ATTEMPT_ICMP || is_told(news->source, c->at) ||
	    detect_is_ours(detect, &c->client_ip))
		return;
	if (!is_shared(detect, c)) {
		see_neighbours(detect, c);
		see_host(detect, state, c);
	}
	see_port(detect, state, c);
}

const struct detector detector_distributed_scan = {
	.name = "distributed_scan",
	.state_size = sizeof(struct distributed),
	.open = open_distributed,
	.close = close_distributed,
	.contact = take_contact,
};
