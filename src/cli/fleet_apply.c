/*
 * fleet_apply.c: breakwater fleet apply and back: a document for sensors, rolled out in
 * steps, and the way back (docs/fleet.md).
 *
 * What is wrong with it in itself is said here, before any sensor is told.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "cli/steering_check.h"
#include "fleet/bucket.h"

enum { WAIT_USUAL_S = 60, WAIT_MAX_S = 7 * 86400 };
#define SECOND_US   1000000LL
#define STEPS_USUAL "5%,25%,100%"
#define STEPS_BACK  "100%"

static int refuse_kind(const char *verb, const char *kind)
{
	struct buf allowed = { 0 };
	document_say_kinds(&allowed);
	int status = fleet_complain(verb, STATUS_USAGE,
				    "\"%s\" is no kind of document; allowed is %s",
				    kind, buf_cstr(&allowed) != NULL ? allowed.at : "");
	buf_free(&allowed);
	return status;
}

static int read_wish(const char *verb, const struct fleet_options *o, const char *kind,
		     const char *steps, struct plan_wish *wish)
{
	const char *scope = o->scope != NULL ? o->scope : "all";
	int64_t wait_us = WAIT_USUAL_S * SECOND_US;
	int of = document_kind_of(kind);
	*wish = (struct plan_wish){ .by = "" };
	if (of == DOCUMENT_KIND_NONE)
		return refuse_kind(verb, kind);
	if (of == DOCUMENT_SHARED)
		return fleet_complain(
			verb, STATUS_USAGE,
			"sources are shared by \"breakwater fleet share\"");
	if (!document_scope_parse(scope, &wish->scope))
		return fleet_complain(verb, STATUS_USAGE,
				      "--scope %s: allowed is " SCOPE_ALLOWED, scope);
	if (!plan_steps_parse(o->step != NULL ? o->step : steps, wish))
		return fleet_complain(verb, STATUS_USAGE, "--step %s: allowed are %s",
				      o->step, PLAN_STEPS_ALLOWED);
	if (o->wait != NULL &&
	    (!duration_parse(o->wait, &wait_us) || wait_us < SECOND_US ||
	     wait_us > WAIT_MAX_S * SECOND_US))
		return fleet_complain(verb, STATUS_USAGE,
				      "--wait %s: allowed is a duration from 1s to 7d",
				      o->wait);
	wish->kind = (enum document_kind)of;
	wish->wait_s = (uint32_t)(wait_us / SECOND_US);
	return STATUS_OK;
}

/* "-" is standard input. */
static int read_document(const char *path, struct buf *text)
{
	int error = strcmp(path, "-") == 0
			    ? file_read_fd(STDIN_FILENO, DOCUMENT_TEXT_MAX, text)
			    : file_read(path, DOCUMENT_TEXT_MAX, text);
	if (error == -EFBIG)
		return fleet_complain("apply", STATUS_USAGE,
				      "%s is longer than 256 KiB, which no document is",
				      path);
	return error == 0 ? STATUS_OK
			  : fleet_complain("apply", STATUS_USAGE, "%s: %s", path,
					   strerror(-error));
}

static int check(const struct plan_wish *wish, const struct buf *text)
{
	struct buf why = { 0 };
	const struct document document = { .kind = wish->kind,
					   .scope = wish->scope,
					   .text = text->at != NULL ? text->at : "",
					   .len = text->len };
	bool is_good = steering_check(&document, &why);
	if (!is_good && buf_cstr(&why) != NULL)
		fputs(why.at, stderr);
	buf_free(&why);
	return is_good ? STATUS_OK : STATUS_USAGE;
}

static int status_of(int result)
{
	return result == 0         ? STATUS_OK
	       : result == -EAGAIN ? STATUS_UNREACHABLE
	       : result == -EBUSY  ? STATUS_BAD_NEWS
				   : STATUS_USAGE;
}

static void print_begun(const struct plan_wish *wish, uint64_t version)
{
	char scope[SCOPE_TEXT_MAX];
	document_scope_text(&wish->scope, scope);
	printf("%s for %s is version %" PRIu64 ", and goes to the first %u %% of the "
	       "sensors; a hub does the rest:\n  breakwater fleet rollout\n",
	       document_kind_name(wish->kind), scope, version, wish->steps[0]);
}

static struct bucket_change change_of(const struct fleet_reach *reach,
				      const char *actor)
{
	return (struct bucket_change){ reach->link, &reach->keys.fleet_key, actor,
				       clock_us(CLOCK_REALTIME) };
}

static int apply(const struct fleet_options *o, const struct plan_wish *wish,
		 const struct buf *text)
{
	struct fleet_reach reach;
	char actor[CLAIMS_WHO_MAX], error[BUCKET_ERROR_MAX];
	uint64_t version = 0;
	int status = fleet_reach_open("apply", o, &reach);
	if (status == STATUS_OK) {
		fleet_actor(actor);
		struct plan_wish known = *wish;
		known.by = actor;
		const struct bucket_change change = change_of(&reach, actor);
		int result =
			bucket_apply(&change, &known, text->at != NULL ? text->at : "",
				     text->len, &version, error);
		status = result == 0 ? STATUS_OK
				     : fleet_complain("apply", status_of(result), "%s",
						      error);
	}
	fleet_reach_close(&reach);
	if (status == STATUS_OK)
		print_begun(wish, version);
	return status;
}

int fleet_apply(const struct fleet_options *o, const char *kind)
{
	struct plan_wish wish;
	struct buf text = { 0 };
	int status = read_wish("apply", o, kind, STEPS_USUAL, &wish);
	if (status == STATUS_OK)
		status = read_document(o->second, &text);
	if (status == STATUS_OK)
		status = check(&wish, &text);
	if (status == STATUS_OK)
		status = apply(o, &wish, &text);
	buf_free(&text);
	return status;
}

int fleet_back(const struct fleet_options *o, const char *kind)
{
	struct fleet_reach reach;
	struct plan_wish wish;
	char actor[CLAIMS_WHO_MAX], error[BUCKET_ERROR_MAX], scope[SCOPE_TEXT_MAX];
	uint64_t version = 0;
	int status = read_wish("back", o, kind, STEPS_BACK, &wish);
	if (status != STATUS_OK)
		return status;
	status = fleet_reach_open("back", o, &reach);
	if (status == STATUS_OK) {
		fleet_actor(actor);
		wish.by = actor;
		const struct bucket_change change = change_of(&reach, actor);
		int result = bucket_back(&change, &wish, o->to, &version, error);
		status = result == 0 ? STATUS_OK
				     : fleet_complain("back", status_of(result), "%s",
						      error);
	}
	fleet_reach_close(&reach);
	document_scope_text(&wish.scope, scope);
	if (status == STATUS_OK)
		printf("%s for %s is what it was before, as version %" PRIu64 "\n",
		       kind, scope, version);
	return status;
}
