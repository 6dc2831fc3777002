/*
 * detect.c: the parts of a detector that are no detector's own; see detect.h.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detector.h"
#include "detect/login_attempts_file.h"
#include "detect/sources_file.h"

/*
 * Ports: nmap -T1 tries 40 in ten minutes.  Hosts: as bro-simple-scan has it.  Guesses:
 * fail2ban's maxretry, and its findtime.  SYNs: no port suffers from less (a backlog of
 * 4096 bears 800/s for five seconds), and what waits at the end of a second is seldom
 * more.
 */
const struct detect_limits detect_usual_limits = {
	.scan_ports = 15,
	.sweep_hosts = 20,
	.guesses = 5,
	.flood_connections = 200,
	.flood_syns = 200,
};

void detect_set_limits(struct detect *detect, const struct detect_limits *limits)
{
	detect->limits = *limits;
	detect->login_attempts.guesses = limits->guesses;
}

struct detect *detect_new(const struct detect_sink *sink)
{
	struct detect *detect = calloc(1, sizeof(*detect));
	if (detect == NULL)
		return NULL;
	detect->sink = *sink;
	detect->self = UNKNOWN_U32;
	detect->now_us = INT64_MIN;
	detect->witness_us = detect->datagrams_us = INT64_MIN;
	detect->expiry_us = INT64_MAX;
	places_init(&detect->places);
	if (findings_init(&detect->findings, &detect->sink) &&
	    sources_open(&detect->sources, sink->clock_us != NULL) &&
	    login_attempts_open(&detect->login_attempts) && detectors_open(detect)) {
		detect_set_limits(detect, &detect_usual_limits);
		return detect;
	}
	detect_free(detect);
	return NULL;
}

void detect_free(struct detect *detect)
{
	if (detect == NULL)
		return;
	detectors_close(detect);
	sources_file_close(&detect->sources_file, &detect->sources, detect->now_us);
	login_attempts_file_close(&detect->login_attempts_file, &detect->login_attempts,
				  detect->now_us);
	findings_clear(&detect->findings);
	sources_close(&detect->sources);
	login_attempts_close(&detect->login_attempts);
	places_clear(&detect->places);
	buf_free(&detect->reason);
	free(detect);
}

bool detect_keep(struct detect *detect, const char *folder, int64_t now_us,
		 struct buf *why)
{
	detectors_keep(detect, folder);
	sources_file_open(&detect->sources_file, folder, now_us);
	if (detect->now_us < now_us)
		detect->now_us = now_us;
	bool knows_sources =
		sources_file_read(&detect->sources_file, &detect->sources, now_us, why);
	login_attempts_file_open(&detect->login_attempts_file, folder, now_us);
	return login_attempts_file_read(&detect->login_attempts_file,
					&detect->login_attempts, now_us, why) &&
	       knows_sources;
}

void detect_set_own(struct detect *detect, const struct home *own)
{
	detect->own = *own;
}

void detect_set_home(struct detect *detect, const struct home *home)
{
	detect->home = *home;
}

void detect_set_ways(struct detect *detect, detect_ask_way ask, void *self)
{
	detect->ask_way = ask;
	detect->asks_way = self;
}

void detect_set_witness(struct detect *detect, const struct detect_witness *witness,
			int64_t at_us)
{
	if (witness->datagrams_dropped > 0)
		detect->datagrams_us = at_us;
	if (witness->cookies + witness->requests_dropped + witness->overflows == 0)
		return;
	detect->witness = *witness;
	detect->witness_us = at_us;
}

/* Ends what only the old register, or the lack of one, made a finding. */
static void end_judgements(struct detect *detect, int64_t now_us)
{
	for (uint32_t i = 0; i < FINDINGS_MAX; i++) {
		struct finding *finding = &detect->findings.at[i];
		const char *technique = finding->record.technique;
		if (!finding->is_open)
			continue;
		bool of_old =
			technique != NULL && (strcmp(technique, "connection") == 0 ||
					      strcmp(technique, "scan") == 0);
		if (of_old || strcmp(finding->record.kind, "unexpected_protocol") == 0)
			findings_close(&detect->findings, finding, now_us);
	}
	memset(detect->crowds, 0, sizeof(detect->crowds));
}

void detect_set_policy(struct detect *detect, const struct policy *policy,
		       int64_t now_us)
{
	detect->policy = policy;
	if (now_us > detect->now_us)
		detect->now_us = now_us;
	end_judgements(detect, now_us);
	detect_judge_places(detect);
}

void detect_tick(struct detect *detect, int64_t now_us)
{
	if (now_us > detect->now_us)
		detect->now_us = now_us;
	if (now_us >= detect->expiry_us)
		detect_judge_places(detect);
	detect_users_tick(detect, detect->now_us);
	detectors_tick(detect, detect->now_us);
	sources_file_tick(&detect->sources_file, &detect->sources, now_us);
	login_attempts_file_tick(&detect->login_attempts_file, &detect->login_attempts,
				 now_us);
	findings_tick(&detect->findings, now_us);
}

void detect_begin(struct finding_record *evidence, const char *kind,
		  const char *technique, const struct place *place, int64_t at_us)
{
	record_init(RECORD_finding, evidence);
	evidence->kind = kind;
	evidence->technique = technique;
	evidence->last = at_us;
	evidence->transport = place->transport;
	evidence->server_ip = place->ip;
	evidence->port = place->port;
	evidence->netns = place->netns;
	evidence->pid = place->pid;
	evidence->attempts = 1;
	memcpy(evidence->process, place->process, sizeof(evidence->process));
	memcpy(evidence->exe, place->exe, sizeof(evidence->exe));
}

void detect_attack(struct finding_record *evidence, const char *kind,
		   const char *technique, int64_t at_us)
{
	record_init(RECORD_finding, evidence);
	evidence->kind = kind;
	evidence->technique = technique;
	evidence->last = at_us;
	evidence->attempts = 1;
}

void detect_attacker(struct finding_record *evidence, const struct addr *client)
{
	evidence->client_ip = addr_source(client);
	evidence->client_prefix = addr_is_v4(client) ? 32 : 64;
}

bool detect_is_ours(const struct detect *detect, const struct addr *addr)
{
	return home_holds(&detect->own, addr) || home_holds(&detect->home, addr);
}

void detect_end_now(struct detect *detect, const struct place *place, const char *kind,
		    const char *technique)
{
	struct finding_record key;
	detect_begin(&key, kind, technique, place, detect->now_us);
	struct finding *finding = findings_find(&detect->findings, &key);
	if (finding != NULL)
		findings_close(&detect->findings, finding, detect->now_us);
}

void detect_summary(struct finding_record *evidence, struct buf *sentence)
{
	buf_char(sentence, '.');
	const char *text = buf_cstr(sentence);
	if (text == NULL)
		return;
	record_text(evidence->summary, sizeof(evidence->summary), text);
	evidence->summary[0] = (char)toupper((unsigned char)evidence->summary[0]);
}

void detect_kept(struct detect *detect, const char *id, uint64_t packets)
{
	findings_kept(&detect->findings, id, packets);
}

void detect_rename_incident(struct detect *detect, const char *id, const char *incident)
{
	findings_rename_incident(&detect->findings, id, incident);
}

void detect_flush(struct detect *detect, int64_t now_us)
{
	findings_flush(&detect->findings, now_us);
}

bool detect_knows_service(struct detect *detect, const char *transport,
			  const struct addr *ip, uint32_t port)
{
	return places_serving(&detect->places, transport, ip, port) != NULL;
}

void detect_each(const struct detect *detect,
		 void (*emit)(void *to, const struct finding_record *f), void *to)
{
	for (uint32_t i = 0; i < FINDINGS_MAX; i++)
		if (detect->findings.at[i].is_open)
			emit(to, &detect->findings.at[i].record);
}

/* True if the finding is about what answers at that address. */
static bool is_about(const struct detect *detect, const struct finding_record *r,
		     const struct addr *ip)
{
	bool is_own = addr_is_unspecified(ip) || addr_is_group(ip) ||
		      home_holds(&detect->own, ip);
	if (!is_own) /* a container, or a machine on which our clients use the port */
		return addr_equal(&r->server_ip, ip);
	return r->netns == UNKNOWN_U64 &&
	       (addr_equal(&r->server_ip, ip) || addr_is_unspecified(&r->server_ip) ||
		addr_is_unspecified(ip));
}

uint64_t detect_count(const struct detect *detect, const char *transport,
		      const struct addr *ip, uint32_t port)
{
	uint64_t count = 0;
	uint32_t at = findings_port(&detect->findings, port);
	const struct finding *finding;
	while ((finding = findings_next_of_port(&detect->findings, &at, port)) !=
	       NULL) {
		const struct finding_record *r = &finding->record;
		count += finding->severity > SEVERITY_NOTICE &&
			 is_about(detect, r, ip) && r->transport != NULL &&
			 transport != NULL && strcmp(r->transport, transport) == 0;
	}
	return count;
}

void detect_stats(const struct detect *detect, struct detect_stats *stats)
{
	*stats = (struct detect_stats){
		.open = detect->findings.open,
		.evicted = detect->findings.evicted,
		.refused = detect->findings.refused,
		.listeners = detect->places.count,
		.listeners_forgotten = detect->places.forgotten,
		.listeners_refused = detect->places.refused,
		.of_friends = detect->of_friends,
	};
}

const struct histogram *detect_latency(const struct detect *detect)
{
	return &detect->findings.latency;
}
