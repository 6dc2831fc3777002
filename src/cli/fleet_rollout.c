/*
 * fleet_rollout.c: breakwater fleet rollout and show: which version of what is in
 * force, who has it, and who refused it and why.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client_json.h"
#include "cli/fleet_command.h"
#include "cli/view.h"
#include "fleet/bucket.h"

/* ---- the plan ---- */

static int with_plan(const char *verb, const struct fleet_options *o,
		     int (*show)(const struct fleet_reach *reach,
				 const struct fleet_options *o, struct plan *plan))
{
	struct fleet_reach reach;
	char error[BUCKET_ERROR_MAX];
	uint64_t revision;
	struct plan *plan = calloc(1, sizeof(*plan));
	if (plan == NULL)
		return fleet_complain(verb, STATUS_UNREACHABLE, "not enough memory");
	int status = fleet_reach_open(verb, o, &reach);
	int result = status == STATUS_OK
			     ? bucket_read(reach.link, plan, &revision, error)
			     : 0;
	if (result != 0)
		status = fleet_complain(verb, STATUS_UNREACHABLE, "%s", error);
	if (status == STATUS_OK)
		status = show(&reach, o, plan);
	fleet_reach_close(&reach);
	free(plan);
	return status;
}

static void print_state(const struct plan_rollout *r)
{
	char scope[SCOPE_TEXT_MAX], clean[PLAN_WHY_MAX];
	document_scope_text(&r->scope, scope);
	text_clean(clean, sizeof(clean), r->why);
	printf("%s for %s, version %" PRIu64 ", by %s: ", document_kind_name(r->kind),
	       scope, r->coming, r->by);
	if (r->state == PLAN_ROLLING && r->step_us == 0)
		printf("step %u of %u waits for a hub that leads, and for sensors\n",
		       r->step + 1U, r->step_count);
	else if (r->state == PLAN_ROLLING)
		printf("step %u of %u, %u %% of the sensors\n", r->step + 1U,
		       r->step_count, r->steps[r->step]);
	else if (r->state == PLAN_DONE)
		puts("all of its sensors have it");
	else
		printf("ended by %s: %s; the version before is in force again\n",
		       r->ended_by, clean);
}

/* ---- sensors ---- */

static bool is_of(const struct plan_rollout *r, const json_t *sensor)
{
	struct document_reader reader;
	const char *name = member_text(sensor, "sensor"),
		   *site = member_text(sensor, "site"),
		   *tags = member_text(sensor, "tags");
	snprintf(reader.sensor, sizeof(reader.sensor), "%s", name != NULL ? name : "");
	snprintf(reader.site, sizeof(reader.site), "%s", site != NULL ? site : "");
	snprintf(reader.tags, sizeof(reader.tags), "%s", tags != NULL ? tags : "");
	return document_is_for(&r->scope, &reader);
}

static const char *how_it_is(const struct plan *plan, const json_t *sensor)
{
	const struct plan_rollout *r = &plan->rollout;
	const char *name = member_text(sensor, "sensor"),
		   *refused = member_text(sensor, "config_refused");
	json_int_t version =
		json_integer_value(json_object_get(sensor, "config_version"));
	if (refused != NULL && plan_refused_version(refused) == r->coming)
		return "refused";
	if (version >= (json_int_t)r->coming)
		return "has it";
	return name != NULL && plan_is_told(plan, name) ? "is told" : "not yet";
}

static void print_sensors(const struct plan *plan, const json_t *sensors)
{
	size_t i;
	json_t *sensor;
	json_array_foreach(sensors, i, sensor)
	{
		char name[FLEET_NAME_MAX], why[PLAN_WHY_MAX];
		const char *refused = member_text(sensor, "config_refused");
		if (!is_of(&plan->rollout, sensor))
			continue;
		const char *how = how_it_is(plan, sensor);
		const char *given = member_text(sensor, "sensor");
		text_clean(name, sizeof(name), given != NULL ? given : "");
		text_clean(why, sizeof(why), refused != NULL ? refused : "");
		printf("  %-24s %-8s %s\n", name, how,
		       strcmp(how, "refused") == 0 ? why : "");
	}
}

/* A hub's daemon knows what sensors say; without one, the plan is all there is. */
static void show_sensors(const struct fleet_options *o, const struct plan *plan)
{
	char error[CLIENT_ERROR_MAX];
	json_t *sensors = NULL;
	struct client *client = client_open(&o->common);
	if (client != NULL &&
	    client_records(client, "/api/v1/sensors", &sensors, NULL, error) == 0)
		print_sensors(plan, sensors);
	else
		puts("  which sensors have it, a hub that runs here would know");
	json_decref(sensors);
	if (client != NULL)
		client_close(client);
}

static int show_rollout(const struct fleet_reach *reach, const struct fleet_options *o,
			struct plan *plan)
{
	const struct plan_rollout *r = &plan->rollout;
	(void)reach;
	if (r->state == PLAN_IDLE) {
		puts("nothing was ever rolled out; breakwater fleet apply KIND FILE");
		return STATUS_OK;
	}
	print_state(r);
	show_sensors(o, plan);
	return r->state == PLAN_HALTED ? STATUS_BAD_NEWS : STATUS_OK;
}

int fleet_rollout(const struct fleet_options *o, const char *operand)
{
	(void)operand;
	return with_plan("rollout", o, show_rollout);
}

/* ---- documents ---- */

static int print_text(const struct fleet_reach *reach, const struct plan_entry *entry,
		      uint64_t version)
{
	struct buf bytes = { 0 };
	struct document document;
	char why[DOCUMENT_WHY_MAX] = "the servers do not answer";
	int result = bucket_document(reach->link, &entry->scope, entry->kind, version,
				     &bytes);
	bool is_good = result == 0 &&
		       document_open(bytes.at, bytes.len, &reach->keys.fleet_key,
				     &document, why) > 0;
	if (result == -ENOENT)
		snprintf(why, sizeof(why), "version %" PRIu64 " of it is not kept",
			 version);
	int status =
		is_good ? STATUS_OK : fleet_complain("show", STATUS_USAGE, "%s", why);
	if (is_good)
		fwrite(document.text, 1, document.len, stdout);
	buf_free(&bytes);
	return status;
}

static void print_entry(const struct fleet_reach *reach, const struct plan_entry *entry)
{
	uint64_t versions[BUCKET_VERSIONS_MAX];
	char scope[SCOPE_TEXT_MAX];
	int count = bucket_versions(reach->link, &entry->scope, entry->kind, versions);
	document_scope_text(&entry->scope, scope);
	printf("%-10s %-24s version %" PRIu64, document_kind_name(entry->kind), scope,
	       entry->version);
	for (int i = 0; i < count; i++)
		if (versions[i] != entry->version)
			printf("%s%" PRIu64, i == 0 ? "; kept: " : " ", versions[i]);
	putchar('\n');
}

static int show_one(const struct fleet_reach *reach, const struct fleet_options *o,
		    struct plan *plan)
{
	const char *text = o->scope != NULL ? o->scope : "all";
	struct document_scope scope;
	int kind = document_kind_of(o->kind);
	if (kind == DOCUMENT_KIND_NONE || !document_scope_parse(text, &scope))
		return fleet_complain("show", STATUS_USAGE,
				      "%s for %s: there is no such document", o->kind,
				      text);
	const struct plan_entry *entry =
		plan_find(plan, &scope, (enum document_kind)kind);
	uint64_t version = o->to != 0 ? o->to : entry != NULL ? entry->version : 0;
	if (entry == NULL || version == 0)
		return fleet_complain("show", STATUS_USAGE,
				      "%s for %s: there is none in force", o->kind,
				      text);
	return print_text(reach, entry, version);
}

static int show_documents(const struct fleet_reach *reach,
			  const struct fleet_options *o, struct plan *plan)
{
	if (o->kind != NULL)
		return show_one(reach, o, plan);
	if (plan->count == 0)
		puts("sensors are told nothing; breakwater fleet apply KIND FILE");
	for (size_t i = 0; i < plan->count; i++)
		print_entry(reach, &plan->entries[i]);
	return STATUS_OK;
}

int fleet_show(const struct fleet_options *o, const char *kind)
{
	struct fleet_options with = *o;
	with.kind = kind;
	return with_plan("show", &with, show_documents);
}
