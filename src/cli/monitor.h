/*
 * monitor.h: a running monitor: what it knows, and what happens to it; run.c starts and
 * stops it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/home.h"
#include "catalog/catalog.h"
#include "cli/options.h"
#include "cli/pipeline.h"
#include "cli/privileges.h"
#include "cli/run_report.h"
#include "config/config.h"
#include "web/web.h"

enum { RECENT_FLOWS = 4096, TICK_MS = 100, TICKS_PER_SECOND = 1000 / TICK_MS };

/* Flows that ended lately, for `flows`; the oldest goes first. */
struct recent {
	struct flow_record at[RECENT_FLOWS];
	uint64_t count; /* ever kept */
};

struct monitor {
	const char *config_path;
	struct config config;
	struct home home;
	struct privileges privileges;
	struct catalog *catalog;
	struct web *web;
	struct pipeline *pipeline;
	struct recent recent;
	struct run_state state;
	struct common_options common;
	bool quiet;
	bool on_terminal; /* at the start */
	bool ended;
	int epoll, signals, timer;
	unsigned ticks;
};

int64_t monitor_now_us(void);

/* Where records go, and where answers come from. */
struct pipeline_sink monitor_sink(struct monitor *m);
struct web_source monitor_source(struct monitor *m);

/* Once a second. */
void monitor_second(struct monitor *m);

/* SIGHUP: a bad file changes nothing; a good one what can change while running. */
void monitor_reload(struct monitor *m);
