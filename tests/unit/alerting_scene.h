/*
 * alerting_scene.h: a monitor's alerting with a store in a folder of its own; what it
 * keeps is looked at.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/alerting.h"
#include "store/store.h"

enum { KEPT_MAX = 64 };

static struct alerting alerting;
static struct config config;
static struct home own;
static struct store *store;
static char folder[64];

static struct {
	struct incident_record incident; /* the last */
	struct deployment_record deployment;
	struct alert_record alert; /* the last */
	struct notification_record notification;
	struct audit_record audits[KEPT_MAX];
	size_t incidents, alerts, anomalies, audit_count;
} kept;

static void keep(void *self, enum record_kind kind, const void *record)
{
	(void)self;
	store_put(store, kind, record);
	if (kind == RECORD_incident) {
		kept.incident = *(const struct incident_record *)record;
		kept.incidents++;
	} else if (kind == RECORD_alert) {
		kept.alert = *(const struct alert_record *)record;
		kept.alerts++;
	} else if (kind == RECORD_anomaly) {
		kept.anomalies++;
	} else if (kind == RECORD_notification) {
		kept.notification = *(const struct notification_record *)record;
	} else if (kind == RECORD_deployment) {
		kept.deployment = *(const struct deployment_record *)record;
	} else if (kind == RECORD_audit) {
		assert_true(kept.audit_count < KEPT_MAX);
		kept.audits[kept.audit_count++] = *(const struct audit_record *)record;
	}
}

static void start(void)
{
	const struct alerting_setup setup = {
		.keep = keep, .config = &config, .own = &own, .home = &own
	};
	struct buf said = { 0 };
	assert_true(alerting_prepare(&alerting, &setup, &said));
	assert_true(alerting_open(&alerting));
	store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	alerting_begin(&alerting, "127.0.0.1:7070", clock_us(CLOCK_REALTIME), &said);
	assert_int_equal(said.len, 0);
}

static void stop(void)
{
	alerting_close(&alerting);
	store_close(store);
}

static int begin(void **state)
{
	(void)state;
	memset(&kept, 0, sizeof(kept));
	snprintf(folder, sizeof(folder), "/tmp/test_alerting.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	config_init(&config);
	snprintf(config.state, sizeof(config.state), "%s", folder);
	start();
	return 0;
}

static int end(void **state)
{
	char command[96];
	(void)state;
	stop();
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c): of this test's own folder */
}

static void count_firing(void *to, const struct incident_record *incident)
{
	size_t *count = to;
	*count += strcmp(incident->state, "firing") == 0;
}

static size_t firing(void)
{
	size_t count = 0;
	alerting_each(&alerting, count_firing, &count);
	return count;
}

static inline void see_probe(const char *state_word)
{
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	probe.at = clock_us(CLOCK_REALTIME);
	record_text(probe.target, sizeof(probe.target), "tcp://192.0.2.1:25");
	probe.state = probe.hard_state = state_word;
	probe.maintenance = 0;
	alerting_see(&alerting, RECORD_probe, &probe, probe.at);
}

static inline void count_alert(void *to, const struct alert_record *alert)
{
	size_t *count = to;
	assert_string_equal(alert->incident, kept.incident.id);
	(*count)++;
}

static inline size_t alerts(void)
{
	size_t count = 0;
	alerting_each_alert(&alerting, count_alert, &count);
	return count;
}
