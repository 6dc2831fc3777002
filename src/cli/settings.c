/*
 * settings.c: see settings.h.
 */
#include "cli/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/port_set.h"
#include "cli/cli.h"
#include "decoy/decoy.h"
#include "detect/detect.h"

void settings_home(const struct config *config, struct home *home)
{
	home->count = 0;
	for (size_t i = 0; i < config->home.count; i++)
		home_add(home, &config->home.at[i]);
	if (home->count == 0)
		home_add_own(home);
}

record_bits settings_evidence(const struct config *config)
{
	return config->detect_attacks ? RECORDS_EVIDENCE : 0;
}

void settings_friends(const struct config *config, struct home *friends)
{
	friends->count = 0;
	for (size_t i = 0; i < config->detect_friends.count; i++)
		home_add(friends, &config->detect_friends.at[i]);
}

void settings_traps(const struct config *config, struct port_set *traps)
{
	struct port_range range;
	*traps = (struct port_set){ 0 };
	for (size_t i = 0; i < config->traps_ports.count; i++)
		if (port_range_parse(config->traps_ports.at[i], &range))
			port_set_add(traps, &range);
}

struct detect_limits settings_detect_limits(const struct config *config)
{
	return (struct detect_limits){
		.scan_ports = config->detect_scan_ports,
		.sweep_hosts = config->detect_sweep_hosts,
		.guesses = config->detect_guesses,
		.flood_connections = config->detect_flood_connections,
		.flood_syns = config->detect_flood_syns,
	};
}

void settings_detect(const struct config *config, struct detect *detect)
{
	struct home friends;
	struct port_set traps;
	const struct detect_limits limits = settings_detect_limits(config);
	settings_friends(config, &friends);
	settings_traps(config, &traps);
	detect_set_friends(detect, &friends);
	detect_set_traps(detect, &traps);
	detect_set_limits(detect, &limits);
}

/* Where our own API listens; 0: it does not, or picks one. */
static uint16_t port_of_api(const struct config *config)
{
	const char *colon = strrchr(config->listen, ':');
	return colon != NULL ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

static uint32_t count_tcp(const struct port_set *set)
{
	struct port_set tcp = *set;
	memset(tcp.udp, 0, sizeof(tcp.udp));
	return port_set_count(&tcp);
}

bool settings_check_traps(const struct config *config, struct buf *errors)
{
	struct port_set traps;
	uint16_t api = port_of_api(config);
	settings_traps(config, &traps);
	bool is_api = api != 0 && port_set_holds(&traps, false, api);
	bool too_many = config->traps_answer && count_tcp(&traps) > DECOY_PORTS_MAX;
	if (is_api)
		buf_printf(errors,
			   "breakwater: traps.ports: on %u/tcp our own API listens "
			   "(listen); allowed are others\n",
			   api);
	if (too_many)
		buf_printf(errors,
			   "breakwater: traps.answer: %u TCP ports; allowed are %d\n",
			   count_tcp(&traps), DECOY_PORTS_MAX);
	return !is_api && !too_many;
}

static bool take_home(struct config *config, const struct option_list *home)
{
	if (home->count > 0)
		config->home.count = 0;
	for (size_t i = 0; i < home->count; i++) {
		struct prefix prefix;
		if (config->home.count == CONFIG_LIST_MAX ||
		    !prefix_parse(home->at[i], &prefix)) {
			fprintf(stderr,
				"breakwater: --home %s: not a network; write "
				"10.0.0.0/8 or 2001:db8::/32\n",
				home->at[i]);
			return false;
		}
		config->home.at[config->home.count++] = prefix;
	}
	return true;
}

int settings_load(struct config *config, const char *path,
		  const struct option_list *home, struct home *out)
{
	struct buf errors = { 0 };
	config_init(config);
	int loaded = config_load(config, path, &errors);
	if (loaded != 0) {
		const char *text = buf_cstr(&errors);
		fputs(text != NULL ? text : "breakwater: not enough memory\n", stderr);
	}
	buf_free(&errors);
	if (loaded != 0)
		return loaded == -EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE;
	if (!take_home(config, home))
		return STATUS_USAGE;
	settings_home(config, out);
	return STATUS_OK;
}

void settings_self(const struct pipeline_totals *t, struct self_record *self)
{
	self->packets = t->flow.packets;
	self->bytes = t->flow.bytes;
	self->dropped = t->capture.kernel_dropped;
	self->undecoded = totals_undecoded(t);
	self->flows = t->flow.flows_open;
	self->flows_evicted = t->flow.flows_evicted;
	self->contacts_left_out = t->flow.contacts_left_out;
	self->flows_refused = t->flow.flows_refused;
	self->records_dropped = t->records_dropped;
}
