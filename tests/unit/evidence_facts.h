/*
 * evidence_facts.h: what happened in the ten days of the scene, of which each query of
 * evidence has its part.
 */
#pragma once

#include "evidence_scene.h"

static union scene_record record;

/* ---- what there is ---- */

static inline void put_finding(struct store *store, const char *id, const char *kind,
			       const char *severity, const char *client, int64_t at,
			       uint64_t latency_us)
{
	PUT(finding, TEXT(id, id); r->kind = kind; r->severity = severity;
	    r->client_ip = scene_addr(client); r->server_ip = scene_addr("10.0.0.1");
	    r->port = 23; r->transport = "tcp"; r->at = r->last = at + MINUTE;
	    r->first = at; r->state = "closed"; r->latency_us = latency_us;
	    r->attempts = 7; TEXT(summary, "seen"); TEXT(incident, id));
}

static inline void put_findings(struct store *store)
{
	put_finding(store, "f1", "cleartext_login", "high", "10.0.1.5", START_US + HOUR,
		    2000);
	put_finding(store, "f2", "cleartext_login", "high", "10.0.1.6",
		    START_US + 2 * HOUR, 4000);
	put_finding(store, "f3", "weak_protocol", "low", "10.0.1.7",
		    START_US + 3 * HOUR, 1000);
	put_finding(store, "f4", "brute_force", "high", "192.0.2.1", START_US + DAY,
		    9000);
	put_finding(store, "f5", "brute_force", "high", "192.0.2.2", UNTIL + DAY, 1);
	PUT(block, TEXT(id, "b1"); r->at = r->start = START_US + DAY;
	    r->address = scene_addr("192.0.2.1"); r->action = "drop";
	    r->state = "expired"; TEXT(finding, "f4"); r->latency_us = 12000);
	PUT(block, TEXT(id, "b2"); r->at = r->start = START_US + 2 * HOUR;
	    r->address = scene_addr("10.0.1.6"); r->action = "drop";
	    r->state = "vetoed"; TEXT(finding, "f2"); r->latency_us = 1);
	PUT(timeline, TEXT(incident, "f1"); r->at = START_US + DAY; r->kind = "comment";
	    TEXT(actor, "ada"); TEXT(summary, "only within the rack"));
}

static inline void put_incident(struct store *store, const char *id,
				const char *severity, int64_t at, int64_t acknowledged)
{
	PUT(incident, TEXT(id, id); r->severity = severity; r->at = at; r->first = at;
	    r->detected = at + SECOND; r->state = "firing";
	    TEXT(rule, "cleartext_login"); TEXT(summary, "seen");
	    r->acknowledged = acknowledged;
	    if (acknowledged != UNKNOWN_TIME) TEXT(acknowledged_by, "bob"));
}

static inline void put_incidents(struct store *store)
{
	put_incident(store, "f1", "high", START_US + HOUR,
		     START_US + HOUR + 31 * SECOND);
	put_incident(store, "f2", "high", START_US + 2 * HOUR, UNKNOWN_TIME);
	put_incident(store, "f3", "low", START_US + 3 * HOUR, UNKNOWN_TIME);
	put_incident(store, "i4", "critical", START_US + 4 * HOUR, UNKNOWN_TIME);
	put_incident(store, "i5", "critical", START_US + 5 * HOUR, UNTIL + HOUR);
	/* Told with another one, in one message, after a try that failed. */
	PUT(notification, r->at = START_US + HOUR + 3 * SECOND; TEXT(sink, "mail");
	    TEXT(incident, "f1"); r->state = "failed");
	PUT(notification, r->at = START_US + HOUR + 6 * SECOND; TEXT(sink, "mail");
	    TEXT(incident, "f1"); r->state = "sent");
	PUT(notification, r->at = START_US + 5 * HOUR + 2 * SECOND; TEXT(sink, "chat");
	    TEXT(incident, "other"); TEXT(others, "i5,f2"); r->state = "sent");
	PUT(notification, r->at = START_US + 4 * HOUR + 9 * SECOND; TEXT(sink, "mail");
	    TEXT(incident, "i4"); r->state = "dropped");
}

static inline void put_conversation(struct store *store, int64_t day,
				    const char *client, uint64_t flows,
				    uint64_t disallowed)
{
	PUT(conversation, r->start = START_US + day * DAY; r->client_zone = "home";
	    TEXT(client_network, client); r->server_zone = "own";
	    TEXT(server_network, "10.0.0.1"); r->port = 23; r->transport = "tcp";
	    r->flows = flows; r->disallowed = disallowed; r->cleartext = flows;
	    r->client_bytes = 100; r->server_bytes = 200; r->first = r->start + HOUR;
	    r->last = r->start + 2 * HOUR);
}

static inline void put_conversations(struct store *store)
{
	put_conversation(store, 0, "10.0.1.0/24", 3, 0);
	/* More of the same day is added to it. */
	put_conversation(store, 0, "10.0.1.0/24", 2, 1);
	put_conversation(store, 1, "10.0.1.0/24", 4, 0);
	put_conversation(store, 1, "10.0.2.0/24", 1, 0);
	put_conversation(store, 20, "10.0.3.0/24", 9, 9);
	PUT(conversation, r->start = START_US; r->client_zone = "own";
	    TEXT(client_network, "10.0.0.1"); r->server_zone = "outside";
	    TEXT(server_network, "0.0.0.0/0"); r->port = 443; r->transport = "tcp";
	    r->flows = 8; r->cleartext = 0; r->first = r->start; r->last = r->start);
}

static inline void put_ruleset(struct store *store, int64_t at, const char *change,
			       const char *sha256, uint32_t rules)
{
	PUT(ruleset, r->at = at; r->change = change; TEXT(sha256, sha256);
	    r->tables = 1; r->chains = 2; r->rules = rules;
	    r->drops_unnamed = rules > 1);
}

static inline void put_rulesets(struct store *store)
{
	put_ruleset(store, START_US - DAY, "seen", "aa", 3);
	put_ruleset(store, START_US + DAY, "unchanged", "aa", 3);
	/* While nothing ran. */
	put_ruleset(store, START_US + 2 * DAY, "seen", "bb", 4);
	put_ruleset(store, START_US + 3 * DAY, "unchanged", "bb", 4);
	put_ruleset(store, START_US + 4 * DAY, "changed", "cc", 1);
	PUT(deployment, r->at = START_US + 2 * DAY - MINUTE; TEXT(name, "firewall");
	    TEXT(actor, "ada"); TEXT(summary, "mail is let in"));
	PUT(deployment, r->at = START_US - DAY; TEXT(name, "firewall-review");
	    TEXT(actor, "eve"); TEXT(summary, "all needed"));
	PUT(deployment, r->at = START_US + HOUR; TEXT(name, "restore-test");
	    TEXT(actor, "eve"));
}

static inline void put_self(struct store *store, int64_t at, uint64_t packets,
			    uint64_t dropped, uint8_t synchronised)
{
	PUT(self, r->at = at; r->packets = packets; r->dropped = dropped;
	    r->records_dropped = 0; r->cpu_ratio = 0.25; r->lag_us = 1500;
	    r->clock_synchronised = synchronised; r->clock_error_us = 2000;
	    r->client_ports = 95; r->client_ports_max = 100);
}

/* Of the first second of a run nothing is known to compare with. */
static inline void put_health(struct store *store)
{
	for (int i = 1; i <= 60; i++)
		put_self(store, START_US + i * SECOND, 1000 + (uint64_t)i * 100, 0, 1);
	/* A run that began anew: its counters did, too. */
	for (int i = 1; i <= 30; i++)
		put_self(store, START_US + DAY + i * SECOND, (uint64_t)i * 100,
			 (uint64_t)i * 2, 0);
	PUT(audit, r->at = START_US + 5 * SECOND; TEXT(actor, "breakwater");
	    r->action = "start");
	PUT(gap, r->start = START_US + MINUTE; r->end = START_US + DAY;
	    r->reason = "stopped");
	PUT(gap, r->start = START_US + DAY; r->end = START_US + DAY + 30 * SECOND;
	    r->reason = "dropped"; r->count = 60);
}

static inline void put_odd(struct store *store)
{
	PUT(anomaly, r->at = START_US + HOUR; TEXT(target, "10.0.0.1:443/tcp");
	    TEXT(metric, "port.flows"); r->value = 9; r->low = 1; r->high = 3;
	    r->score = 0.75);
	PUT(anomaly, r->at = START_US + 2 * HOUR; TEXT(target, "10.0.0.1:443/tcp");
	    TEXT(metric, "port.flows"); r->value = 12; r->low = 1; r->high = 4;
	    r->score = 0.875);
	PUT(listener, r->at = START_US + HOUR; r->transport = "tcp";
	    r->ip = scene_addr("0.0.0.0"); r->port = 443; r->backlog = 100;
	    r->backlog_max = 128; r->overflow_at = START_US + HOUR;
	    r->change = "changed");
}

static inline void put_seen(struct store *store)
{
	PUT(forecast, r->at = START_US + DAY; TEXT(subject, "store");
	    r->metric = "store_bytes"; r->limit = 100; r->now = 50; r->predicted = 90;
	    r->probability = 0.25);
	PUT(forecast, r->at = START_US + 2 * DAY; TEXT(subject, "store");
	    r->metric = "store_bytes"; r->limit = 100; r->now = 60; r->predicted = 101;
	    r->crosses_at = UNTIL + DAY; r->probability = 0.75);
	PUT(scan, r->at = START_US + DAY; r->ip = scene_addr("10.0.2.9"); r->port = 22;
	    r->transport = "tcp"; r->state = "open"; TEXT(service, "ssh");
	    TEXT(software, "OpenSSH 9.2"));
	PUT(scan, r->at = START_US + DAY; r->ip = scene_addr("10.0.2.9"); r->port = 23;
	    r->transport = "tcp"; r->state = "closed");
}
