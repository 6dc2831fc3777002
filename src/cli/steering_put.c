/*
 * steering_put.c: documents that are files: settings, limits, notify, targets.
 *
 * A file is written, and all that is then in force is read as at a start; if that is
 * wrong anywhere, the file is what it was before.  So one that is good by itself, and
 * contradicts the machine's own, is refused as well.
 */
#include "cli/steering_put.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/alert_rules.h"
#include "cli/notify_rules.h"
#include "cli/report_schedule.h"
#include "cli/settings.h"
#include "cli/steering_check.h"
#include "fleet/keyring.h"
#include "guard/guard.h"

enum { PATH_SIZE = 512, OLD_MAX = 1 << 20 };

static const char *const folders[] = {
	[DOCUMENT_CONFIG] = CONFIG_STEERED,
	[DOCUMENT_LIMITS] = CONFIG_STEERED_LIMITS,
	[DOCUMENT_NOTIFY] = CONFIG_STEERED_NOTIFY,
	[DOCUMENT_TARGETS] = CONFIG_STEERED_TARGETS,
	[DOCUMENT_KINDS] = NULL,
};

/* Without root they are whoever's the state folder is. */
static int own(const char *above, const char *name, const char *user,
	       struct buf *errors)
{
	int error = sandbox_own_inside(above, name, user);
	if (error != 0 && geteuid() == 0)
		buf_printf(errors, "breakwater: %s/%s: %s\n", above, name,
			   strerror(-error));
	return geteuid() == 0 ? error : 0;
}

bool steering_put_folders(const char *state, const char *user, struct buf *errors)
{
	const char *const before = "/" FLEET_FOLDER "/";
	char fleet[PATH_SIZE];
	bool good = own(state, FLEET_FOLDER, user, errors) == 0;
	snprintf(fleet, sizeof(fleet), "%s/" FLEET_FOLDER, state);
	for (int i = 0; i < DOCUMENT_KINDS; i++)
		if (folders[i] != NULL)
			good &= own(fleet, folders[i] + strlen(before), user, errors) ==
				0;
	return good;
}

static void clear_folder(const char *folder)
{
	struct dirent **entries;
	int count = file_scan_yaml(folder, &entries);
	if (count < 0)
		return;
	for (int i = 0; i < count; i++) {
		char path[2 * PATH_SIZE];
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		unlink(path);
		free(entries[i]);
	}
	free(entries);
}

void steering_put_clear(const char *state)
{
	for (int i = 0; i < DOCUMENT_KINDS; i++) {
		char folder[PATH_SIZE];
		snprintf(folder, sizeof(folder), "%s%s", state,
			 folders[i] != NULL ? folders[i] : "");
		if (folders[i] != NULL)
			clear_folder(folder);
	}
}

/* "STATE/fleet/conf.d/2-tag-web.yaml": names are read in the order of scopes. */
static bool path_of(const struct steering *s, const struct document *document,
		    char out[static PATH_SIZE])
{
	static const char *const names[SCOPES] = { "all", "site", "tag", "sensor" };
	const struct document_scope *scope = &document->scope;
	int len = snprintf(out, PATH_SIZE, "%s%s/%d-%s%s%s.yaml", s->state,
			   folders[document->kind], (int)scope->of, names[scope->of],
			   scope->of == SCOPE_ALL ? "" : "-", scope->name);
	return len < PATH_SIZE;
}

/* ---- what is then in force ---- */

/* Sinks are where a machine's words go: its own business. */
static bool names_sinks(const struct config *own, const struct tell_rules *tell)
{
	struct buf errors = { 0 };
	struct tell_rules *rules = notify_rules_load(own, &errors);
	bool has_more = rules != NULL && tell->sink_count > rules->sink_count;
	tell_rules_free(rules);
	buf_free(&errors);
	return has_more;
}

static bool rules_are_good(const struct config *own, const struct config *fresh,
			   struct buf *why)
{
	static struct home none; /* which networks are home is no part of it */
	struct alert_rules rules;
	if (!alert_rules_load(&rules, fresh, &none, why))
		return false;
	bool has_sinks = names_sinks(own, rules.tell);
	if (has_sinks)
		buf_text(why, "a fleet names no sinks: where this machine tells people "
			      "is its own; routes may name those that it has");
	alert_rules_free(&rules);
	return !has_sinks;
}

static bool all_is_good(const struct steering *s, struct buf *why)
{
	static struct config own, fresh;
	config_init(&own);
	if (config_load(&own, s->config_path, why) != 0)
		return false;
	fresh = own;
	config_steer(&fresh, NULL, s->state, why);
	if (why->len > 0 || !settings_check_traps(&fresh, why) ||
	    !report_schedule_check_alone(&fresh, SCHEDULE_OF_MACHINE, why))
		return false;
	if (fresh.probe_fails > fresh.probe_of) {
		buf_printf(why,
			   "probe.fails is %u, probe.of is %u: nothing would ever "
			   "be down",
			   (unsigned)fresh.probe_fails, (unsigned)fresh.probe_of);
		return false;
	}
	return rules_are_good(&own, &fresh, why);
}

/* ---- files ---- */

/* Whether all is good with it; else it is what it was. */
static bool write_file(const struct steering *s, const char *path,
		       const struct document *document, struct buf *why)
{
	struct buf before = { 0 };
	bool was_there = file_read(path, OLD_MAX, &before) == 0;
	int error = document->len > 0
			    ? file_replace_private(path, document->text, document->len)
		    : unlink(path) != 0 && errno != ENOENT ? -errno
							   : 0;
	if (error != 0)
		buf_printf(why, "%s: %s", path, strerror(-error));
	bool good = error == 0 && all_is_good(s, why);
	if (!good && was_there)
		file_replace_private(path, before.at != NULL ? before.at : "",
				     before.len);
	else if (!good)
		unlink(path);
	buf_free(&before);
	return good;
}

static bool put_file(struct steering *s, const struct document *document,
		     struct buf *why)
{
	char path[PATH_SIZE];
	if (!path_of(s, document, path)) {
		buf_text(why, "the state folder's path is too long");
		return false;
	}
	if (!write_file(s, path, document, why))
		return false;
	s->has_files = true;
	return true;
}

bool steering_put(void *self, const struct document *document, struct buf *why)
{
	struct steering *s = self;
	if (!steering_check(document, why))
		return false;
	switch (document->kind) {
	case DOCUMENT_REGISTER:
		return steering_put_register(s, document, why);
	case DOCUMENT_SILENCES:
		return steering_put_silences(s, document, why);
	case DOCUMENT_SHARED:
		return steering_put_shared(s, document, why);
	default:
		return put_file(s, document, why);
	}
}
