/*
 * settings_fresh.c: what a running process takes of a configuration that was read
 * again; see settings.h.
 */
#include <string.h>

#include "cli/settings.h"

void settings_take_alerts(struct config *config, const struct config *fresh)
{
	config->limit_response_ms = fresh->limit_response_ms;
	config->limit_loss = fresh->limit_loss;
	config->limit_errors = fresh->limit_errors;
	config->limits_usual = fresh->limits_usual;
	config->limits_files = fresh->limits_files;
	config->notify_to = fresh->notify_to;
	config->notify_files = fresh->notify_files;
	memcpy(config->notify_severity, fresh->notify_severity,
	       sizeof(fresh->notify_severity));
	config->notify_wait = fresh->notify_wait;
	config->notify_interval = fresh->notify_interval;
	config->notify_repeat = fresh->notify_repeat;
}

void settings_take_retention(struct config *config, const struct config *fresh)
{
	config->retention_flows = fresh->retention_flows;
	config->retention_ports_10s = fresh->retention_ports_10s;
	config->retention_ports_1m = fresh->retention_ports_1m;
	config->retention_ports_1h = fresh->retention_ports_1h;
	config->retention_ports_1d = fresh->retention_ports_1d;
	config->retention_events = fresh->retention_events;
	config->retention_probes = fresh->retention_probes;
	config->retention_failures = fresh->retention_failures;
	config->retention_packets = fresh->retention_packets;
	config->retention_evidence = fresh->retention_evidence;
	config->retention_evidence_size = fresh->retention_evidence_size;
	config->retention_size = fresh->retention_size;
	config->privacy_pseudonyms_after = fresh->privacy_pseudonyms_after;
	config->privacy_keys_kept = fresh->privacy_keys_kept;
}

void settings_take_web(struct config *config, const struct config *fresh)
{
	config->web_loopback_read = fresh->web_loopback_read;
	config->web_names = fresh->web_names;
	config->web_proxy = fresh->web_proxy;
	memcpy(config->web_proxy_client_header, fresh->web_proxy_client_header,
	       sizeof(fresh->web_proxy_client_header));
	memcpy(config->web_proxy_user_header, fresh->web_proxy_user_header,
	       sizeof(fresh->web_proxy_user_header));
	memcpy(config->web_proxy_role_header, fresh->web_proxy_role_header,
	       sizeof(fresh->web_proxy_role_header));
	memcpy(config->web_proxy_role, fresh->web_proxy_role,
	       sizeof(fresh->web_proxy_role));
	memcpy(config->web_certificate, fresh->web_certificate,
	       sizeof(fresh->web_certificate));
	memcpy(config->web_key, fresh->web_key, sizeof(fresh->web_key));
}

void settings_take_detect(struct config *config, const struct config *fresh)
{
	config->detect_friends = fresh->detect_friends;
	config->detect_scan_ports = fresh->detect_scan_ports;
	config->detect_sweep_hosts = fresh->detect_sweep_hosts;
	config->detect_guesses = fresh->detect_guesses;
	config->detect_flood_connections = fresh->detect_flood_connections;
	config->detect_flood_syns = fresh->detect_flood_syns;
}
