/*
 * monitor.c: what a running monitor does every second, and when it is told something
 * new.
 */
#include "cli/monitor.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/answers_settings.h"
#include "cli/asking.h"
#include "cli/block_past.h"
#include "cli/conversing.h"
#include "cli/monitor_fleet.h"
#include "cli/monitor_reporting.h"
#include "cli/privacy_by_hand.h"
#include "cli/report_schedule.h"
#include "cli/settings.h"

enum { HOME_S = 10 }; /* how often the machine's own addresses are read again */

void monitor_read_addresses(struct monitor *m)
{
	settings_home(&m->config, &m->home);
	m->own.count = 0;
	home_add_addresses(&m->own);
	detect_set_own(m->detect, &m->own);
	detect_set_self(m->detect, (uint32_t)getpid());
	detect_set_home(m->detect, &m->home);
	privacy_keep(m);
}

/* What is wrong with lists, and with what they say of us. */
static void tell_blocklists(struct monitor *m, struct buf *news)
{
	blocklists_tell(&m->blocklists, m->detect);
	blocklists_mistakes(&m->blocklists, &m->own, "which is this machine's", news);
	blocklists_mistakes(&m->blocklists, &m->friends, "which is in detect.friends",
			    news);
	const char *text = buf_cstr(news);
	if (news->len == 0 || text == NULL)
		return;
	run_clear_progress();
	fputs(text, stderr);
}

void monitor_read_blocklists(struct monitor *m)
{
	struct buf news = { 0 };
	blocklists_open(&m->blocklists, &m->config.blocklists, &news);
	tell_blocklists(m, &news);
	buf_free(&news);
}

static void look_at_blocklists(struct monitor *m)
{
	struct buf news = { 0 };
	if (!blocklists_look(&m->blocklists, clock_us(CLOCK_MONOTONIC), &news))
		return;
	tell_blocklists(m, &news);
	blocklists_forget(&m->blocklists);
	buf_free(&news);
}

void monitor_second(struct monitor *m)
{
	/* Addresses come and go with interfaces. */
	if (m->ticks % (HOME_S * TICKS_PER_SECOND) == 0)
		monitor_read_addresses(m);
	look_at_blocklists(m);
	struct pipeline_totals totals;
	pipeline_totals(m->pipeline, &totals);
	totals.flow.services = ports_count(pipeline_ports(m->pipeline));
	run_second(&m->state, &totals, clock_us(CLOCK_REALTIME));
	monitor_take_second(m);
	conversing_second(m);
	if (!m->common.json && !m->quiet)
		run_progress(&m->state, totals.flow.services);
	/* Who read our records has left, or the disk is full. */
	if (m->common.json && (fflush(stdout) != 0 || ferror(stdout)))
		m->ended = true;
	const char *error = pipeline_error(m->pipeline);
	if (*error != '\0' && !m->ended) {
		run_clear_progress();
		fprintf(stderr, "breakwater: %s\n", error);
		m->ended = true;
	}
}

record_bits monitor_wants(const struct monitor *m)
{
	record_bits wants = RECORDS_ALWAYS_READ | settings_evidence(&m->config) |
			    (RECORDS_SAID & alert_rules_kinds(&m->alerting.rules));
	return m->common.json ? RECORDS_SAID | wants : wants;
}

void monitor_read_rules(struct monitor *m)
{
	settings_friends(&m->config, &m->friends);
	settings_detect(&m->config, m->detect);
}

/* Who asks takes them if its files are still right, too; it says so if not. */
static void take_probe_settings(struct monitor *m, const struct config *fresh)
{
	m->config.probe_targets = fresh->probe_targets;
	m->config.probe_maintenance = fresh->probe_maintenance;
	m->config.probe_interval = fresh->probe_interval;
	m->config.probe_retry = fresh->probe_retry;
	m->config.probe_passive = fresh->probe_passive;
	m->config.probe_fails = fresh->probe_fails;
	m->config.probe_of = fresh->probe_of;
	m->config.probe_recovers = fresh->probe_recovers;
	m->config.probe_slow = fresh->probe_slow;
	m->config.probe_certificate_days = fresh->probe_certificate_days;
	probing_reload(&m->probing, &m->config);
	if (m->own_services != NULL)
		own_tell_again(m->own_services); /* they are asked so, too */
}

void monitor_tell_observed(const struct monitor *m)
{
	struct buf line = { 0 };
	if (strcmp(m->config.block_mode, "on") != 0)
		return;
	block_past_say(m->config.state, clock_us(CLOCK_REALTIME), &line);
	run_clear_progress();
	if (buf_ok(&line) && line.len > 0)
		fwrite(line.at, 1, line.len, stderr);
	buf_free(&line);
}

static void take_block_settings(struct monitor *m, const struct config *fresh)
{
	struct config *config = &m->config;
	struct buf late = { 0 };
	bool is_new = strcmp(config->block_mode, fresh->block_mode) != 0;
	memcpy(config->block_mode, fresh->block_mode, sizeof(config->block_mode));
	if (is_new)
		monitor_tell_observed(m);
	memcpy(config->block_severity, fresh->block_severity,
	       sizeof(config->block_severity));
	config->block_findings = fresh->block_findings;
	config->block_never = fresh->block_never;
	config->block_time = fresh->block_time;
	config->block_longest = fresh->block_longest;
	config->block_forget = fresh->block_forget;
	config->block_new = fresh->block_new;
	config->block_total = fresh->block_total;
	config->block_limit = fresh->block_limit;
	config->block_confirm = fresh->block_confirm;
	blocking_reload(&m->blocking, &late);
	if (late.len > 0)
		fprintf(stderr, "breakwater: at the next start only: %s\n",
			buf_cstr(&late));
	buf_free(&late);
}

static void take_web_settings(struct monitor *m, const struct config *fresh)
{
	char error[WEB_ERROR_MAX];
	settings_take_web(&m->config, fresh);
	if (web_reload(m->web, error))
		return;
	run_clear_progress();
	fprintf(stderr, "breakwater: %s; what was in use before stays\n", error);
}

static void take_countries(struct monitor *m, const struct config *fresh)
{
	char error[COUNTRIES_ERROR_MAX];
	if (countries_replace(&m->countries, fresh->geo_database, error)) {
		memcpy(m->config.geo_database, fresh->geo_database,
		       sizeof(fresh->geo_database));
		return;
	}
	run_clear_progress();
	fprintf(stderr, "breakwater: %s; what was in use before stays\n", error);
}

static void take_fleet_settings(struct monitor *m, const struct config *fresh)
{
	struct buf late = { 0 };
	monitor_reload_fleet(m, fresh, &late);
	if (late.len > 0)
		fprintf(stderr, "breakwater: at the next start only: %s\n",
			buf_cstr(&late));
	buf_free(&late);
}

/* What of the fleet's can't be read is said, and is left out. */
static bool steer(const struct monitor *m, struct config *fresh)
{
	struct buf errors = { 0 };
	config_steer(fresh, NULL, m->config.state, &errors);
	const char *text = buf_cstr(&errors);
	if (errors.len > 0 && text != NULL)
		fputs(text, stderr);
	buf_free(&errors);
	return true;
}

/* A bad file changes nothing; a good one changes what can change while running. */
void monitor_reload(struct monitor *m)
{
	static struct config fresh;
	struct alert_rules rules;
	struct buf errors = { 0 };
	config_init(&fresh);
	if (config_load(&fresh, m->config_path, &errors) != 0 || !steer(m, &fresh) ||
	    !asking_check(&fresh) || !settings_check_traps(&fresh, &errors) ||
	    !report_schedule_check_alone(&fresh, SCHEDULE_OF_MACHINE, &errors) ||
	    !alert_rules_load(&rules, &fresh, &m->home, &errors)) {
		const char *text = buf_cstr(&errors);
		run_clear_progress();
		fprintf(stderr, "%sbreakwater: configuration not changed\n",
			text != NULL ? text : "");
		buf_free(&errors);
		return;
	}
	buf_free(&errors);
	answers_note_config(m);
	if (!m->home_given)
		m->config.home = fresh.home;
	settings_take_detect(&m->config, &fresh);
	m->config.traps_ports = fresh.traps_ports;
	m->config.blocklists = fresh.blocklists;
	blocklists_reload(&m->blocklists, &m->config.blocklists);
	settings_take_alerts(&m->config, &fresh);
	settings_take_retention(&m->config, &fresh);
	m->config.policy_review = fresh.policy_review;
	take_probe_settings(m, &fresh);
	take_block_settings(m, &fresh);
	take_web_settings(m, &fresh);
	take_countries(m, &fresh);
	take_fleet_settings(m, &fresh);
	monitor_limit_store(m);
	settings_home(&m->config, &m->home);
	privacy_keep(m);
	monitor_take_alert_rules(m, &rules);
	monitor_reload_reporting(m, &fresh);
	monitor_read_rules(m);
	run_clear_progress();
	fprintf(stderr,
		"breakwater: home, detect.friends, thresholds of detect, traps.ports, "
		"blocklists, limits, notify (but "
		"notify.program), retention, policy.review, report (but "
		"report.compliance), probe.targets "
		"and how they are "
		"asked, web, geo.database, fleet (but fleet.servers), and blocks (but "
		"block.xdp, block.program "
		"and "
		"block.self_test) "
		"read again; other settings take effect at the next start\n");
}

int monitor_maintain(struct monitor *m, const char *form, const char *actor,
		     struct buf *message)
{
	struct maintenance_note note;
	char until[TIME_TEXT_MAX];
	const struct maintenance_asked asked = { .form = form,
						 .actor = actor,
						 .now_us = clock_us(CLOCK_REALTIME),
						 .probing = &m->probing };
	int error = maintaining_take(&m->maintaining, &asked, &note, message);
	if (error != 0)
		return error;
	bool begins = note.until_us != 0;
	record_time_text(note.until_us, until);
	monitor_audit(m, begins ? "maintenance_begin" : "maintenance_end", actor,
		      note.target, note.why, begins ? until : "");
	maintaining_tell(&m->maintaining, &m->probing);
	return 0;
}
