/*
 * policy_trial.c: breakwater policy test: a register tried on the past.
 *
 * The detectors that judge live records judge those of the store here, in the same
 * order; time comes with the records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/home.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/policy.h"
#include "cli/policy_rules.h"
#include "cli/table.h"
#include "detect/detect.h"

/* Listeners in order of time, for a trial that merges them with flows. */
struct listeners {
	struct listener_record *at; /* owned */
	size_t count, room;
	bool failed;
};

static void add(void *to, const void *record)
{
	struct listeners *list = to;
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 256 : 2 * list->room;
		struct listener_record *larger =
			reallocarray(list->at, room, sizeof(*larger));
		list->failed = list->failed || larger == NULL;
		if (larger == NULL)
			return;
		list->at = larger;
		list->room = room;
	}
	list->at[list->count++] = *(const struct listener_record *)record;
}

/* ---- listeners of the past ---- */

static bool is_same(const struct listener_record *a, const struct listener_record *b)
{
	return a->port == b->port && a->netns == b->netns &&
	       addr_equal(&a->ip, &b->ip) && a->transport != NULL &&
	       b->transport != NULL && strcmp(a->transport, b->transport) == 0;
}

static bool is_closed(const struct listener_record *listener)
{
	return listener->change != NULL && strcmp(listener->change, "closed") == 0;
}

/* Replaces what was known of that socket, or forgets it when it closes. */
static void apply_change(struct listeners *there, const struct listener_record *change)
{
	size_t i = 0;
	while (i < there->count && !is_same(&there->at[i], change))
		i++;
	if (i == there->count && !is_closed(change))
		add(there, change);
	else if (i < there->count && is_closed(change))
		there->at[i] = there->at[--there->count];
	else if (i < there->count)
		there->at[i] = *change;
}

/* What is there when the time begins is told as of then. */
static void give_in_order(const struct listeners *changes, int64_t since_us,
			  recall_emit emit, void *to)
{
	struct listeners there = { 0 };
	size_t i = 0;
	for (; i < changes->count && changes->at[i].at < since_us; i++)
		apply_change(&there, &changes->at[i]);
	for (size_t j = 0; j < there.count; j++) {
		there.at[j].at = since_us;
		emit(to, &there.at[j]);
	}
	free(there.at);
	for (; i < changes->count; i++)
		emit(to, &changes->at[i]);
}

int policy_listeners(struct recall *recall, int64_t since_us, int64_t now_us,
		     recall_emit emit, void *to)
{
	struct listeners changes = { 0 }, now = { 0 };
	int past = recall_past(recall, RECORD_listener, 0, now_us, add, &changes);
	int present = recall_now(recall, RECORD_listener, past != STATUS_OK, add, &now);
	give_in_order(&changes, since_us, emit, to);
	for (size_t i = 0; i < now.count; i++) {
		now.at[i].at = now_us;
		emit(to, &now.at[i]);
	}
	bool failed = changes.failed || now.failed;
	free(changes.at);
	free(now.at);
	if (failed)
		return STATUS_INCOMPLETE;
	return past == STATUS_OK || present == STATUS_OK ? STATUS_OK : past;
}

/* ---- the trial ---- */

struct trial {
	struct detect_trial *detect;
	struct listeners listeners;
	size_t told; /* of them */
	json_t *rows;
	bool json;
};

static void tell_listeners(struct trial *trial, int64_t until_us)
{
	struct listeners *list = &trial->listeners;
	for (; trial->told < list->count && list->at[trial->told].at <= until_us;
	     trial->told++)
		detect_trial_listener(trial->detect, &list->at[trial->told]);
}

static void try_flow(void *to, const void *record)
{
	struct trial *trial = to;
	const struct flow_record *flow = record;
	tell_listeners(trial, flow->end);
	detect_trial_flow(trial->detect, flow);
}

static void take_finding(void *to, const struct finding_record *finding)
{
	struct trial *trial = to;
	struct buf line = { 0 };
	record_json(&line, RECORD_finding, finding);
	if (trial->json && buf_ok(&line))
		printf("%s\n", buf_cstr(&line));
	else
		json_array_append_new(trial->rows, object_parse(&line));
	buf_free(&line);
}

static void print_sum(const struct trial *trial, const struct detect_trial_sum *sum,
		      const struct policy_options *o)
{
	uint64_t findings = sum->findings + sum->left_out;
	fprintf(stderr,
		"Would have raised %llu finding%s: %llu listeners and %llu connections "
		"refused, of %llu changes of listeners and %llu connections since "
		"%s\n",
		(unsigned long long)findings, findings == 1 ? "" : "s",
		(unsigned long long)sum->refused_listeners,
		(unsigned long long)sum->refused_connections,
		(unsigned long long)sum->listeners, (unsigned long long)sum->flows,
		o->since != NULL ? o->since : "7d");
	if (sum->left_out > 0)
		fprintf(stderr, "! %llu of them are not listed\n",
			(unsigned long long)sum->left_out);
	if (trial->json || json_array_size(trial->rows) == 0)
		return;
	struct look look = look_of(&o->common);
	struct limits limits = limits_of(NULL);
	table_print(&view_findings, trial->rows, &limits, &look);
}

/* Bad news before half of the news: what was found is found. */
static int try_past(struct trial *trial, const struct policy_options *o)
{
	struct detect_trial_sum sum;
	int64_t now_us = policy_until_us(o), since_us = policy_since_us(o, "7d");
	struct recall *recall = recall_open(&o->common, "policy", o->state);
	if (recall == NULL)
		return STATUS_INCOMPLETE;
	int status = policy_listeners(recall, since_us, now_us, add, &trial->listeners);
	if (status == STATUS_OK)
		status = recall_past(recall, RECORD_flow, since_us, now_us, try_flow,
				     trial);
	recall_close(recall);
	if (status != STATUS_OK && status != STATUS_INCOMPLETE)
		return status;
	tell_listeners(trial, INT64_MAX);
	detect_trial_finish(trial->detect, &sum, take_finding, trial);
	print_sum(trial, &sum, o);
	return sum.findings + sum.left_out > 0 ? STATUS_BAD_NEWS : status;
}

static int test_register(const struct policy_options *options, const char *path)
{
	struct home own = { 0 };
	struct trial trial = { .json = options->common.json, .rows = json_array() };
	int status;
	struct policy *policy = policy_from_file(path, &status);
	if (policy == NULL) {
		json_decref(trial.rows);
		return status;
	}
	home_add_addresses(&own);
	trial.detect = detect_trial_new(policy, &own);
	if (trial.detect != NULL && trial.rows != NULL) {
		status = try_past(&trial, options);
	} else {
		fputs("breakwater policy: out of memory\n", stderr);
		status = STATUS_INCOMPLETE;
	}
	detect_trial_free(trial.detect);
	policy_free(policy);
	json_decref(trial.rows);
	free(trial.listeners.at);
	return status;
}

int policy_test(const struct policy_options *options, const char *path)
{
	switch (policy_file_kind(path)) {
	case POLICY_FILE_REGISTER:
		return test_register(options, path);
	case POLICY_FILE_RULES:
		return policy_test_rules(options, path);
	default:
		return STATUS_USAGE;
	}
}
