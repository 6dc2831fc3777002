/*
 * hub_reload.c: a hub's configuration, read again while it runs (SIGHUP); see hub.h.
 */
#include <stdio.h>

#include "base/clock.h"
#include "cli/hub.h"
#include "cli/hub_reporting.h"
#include "cli/report_schedule.h"
#include "cli/settings.h"

struct store_limits hub_store_limits(const struct config *config)
{
	struct store_limits limits = store_no_limits;
	limits.events_s = config->retention_events;
	limits.size_bytes = config->retention_size;
	return limits;
}

struct depot_limits hub_depot_limits(const struct config *config)
{
	return (struct depot_limits){ .flows_s = config->retention_flows,
				      .ports_s = config->retention_ports_1m,
				      .probes_s = config->retention_probes,
				      .events_s = config->retention_events };
}

/* What connections, threads and other processes have had since the start. */
static void say_late(const struct hub *hub, const struct config *fresh)
{
	static const char *const late[] = {
		"hub.store",       "hub.name",       "hub.replicas",
		"hub.stream_size", "listen",         "fleet.servers",
		"notify.spool",    "notify.program", "report.compliance",
		"state",           "web.dashboards", "user",
	};
	struct buf names = { 0 };
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		if (!config_is_same(&hub->begun, fresh, late[i]))
			buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", late[i]);
	if (names.len > 0 && buf_cstr(&names) != NULL)
		fprintf(stderr, "breakwater: at the next start only: %s\n", names.at);
	buf_free(&names);
}

static void take_web(struct hub *hub, const struct config *fresh)
{
	char error[WEB_ERROR_MAX];
	settings_take_web(&hub->config, fresh);
	if (!web_reload(hub->web, error))
		fprintf(stderr, "breakwater: %s; what was in use before stays\n",
			error);
}

static void take_retention(struct hub *hub, const struct config *fresh)
{
	settings_take_retention(&hub->config, fresh);
	const struct store_limits own = hub_store_limits(&hub->config);
	const struct depot_limits fleets = hub_depot_limits(&hub->config);
	store_limit(hub->store, &own);
	hub_tidy_limit(hub->tidy, &fleets);
}

static void take_rules(struct hub *hub, struct alert_rules *rules)
{
	struct buf said = { 0 };
	alerting_take_rules(&hub->alerting, rules, clock_us(CLOCK_REALTIME), &said);
	if (buf_ok(&said) && said.len > 0)
		fwrite(said.at, 1, said.len, stderr);
	buf_free(&said);
}

void hub_reload(struct hub *hub)
{
	static struct config fresh;
	struct alert_rules rules;
	struct buf errors = { 0 };
	config_init(&fresh);
	bool is_good = config_load(&fresh, hub->config_path, &errors) == 0;
	fresh.limits_usual = false; /* as at the start */
	if (!is_good ||
	    !report_schedule_check_alone(&fresh, SCHEDULE_OF_FLEET, &errors) ||
	    !alert_rules_load(&rules, &fresh, &hub->home, &errors)) {
		const char *text = buf_cstr(&errors);
		fprintf(stderr, "%sbreakwater: configuration not changed\n",
			text != NULL ? text : "");
		buf_free(&errors);
		return;
	}
	buf_free(&errors);
	hub->config.home = fresh.home;
	settings_home(&hub->config, &hub->home);
	settings_take_alerts(&hub->config, &fresh);
	settings_take_detect(&hub->config, &fresh);
	take_web(hub, &fresh);
	take_retention(hub, &fresh);
	take_rules(hub, &rules);
	hub_detect_settings(hub);
	hub_reload_reporting(hub, &fresh);
	fputs("breakwater: home, detect.friends, thresholds of detect, limits, notify "
	      "(but notify.spool and notify.program), report.schedule, report.keep, "
	      "retention and web (but "
	      "web.dashboards) read again; other settings of a hub "
	      "take effect at the next start\n",
	      stderr);
	say_late(hub, &fresh);
}
