/*
 * steered.c: what a fleet may set on a sensor, and how that is read over the machine's
 * own files.
 *
 * Whoever has taken over a hub has the fleet's key: this list is all that he can do to
 * a sensor's settings.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config.h"
#include "config/key.h"
#include "config/origin.h"

enum { FILE_BYTES_MAX = 1 << 20 };

static const char *const steered[] = {
	"home",
	"limits.response_ms",
	"limits.loss",
	"limits.errors",
	"limits.usual",
	"notify.severity",
	"notify.group_wait",
	"notify.group_interval",
	"notify.repeat",
	"detect.friends",
	"detect.scan_ports",
	"detect.sweep_hosts",
	"detect.guesses",
	"detect.flood_connections",
	"detect.flood_syns",
	"traps.ports",
	"policy.review",
	"probe.interval",
	"probe.retry",
	"probe.passive",
	"probe.fails",
	"probe.of",
	"probe.recovers",
	"probe.slow",
	"probe.certificate_days",
	"probe.maintenance",
};
enum { STEERED_COUNT = sizeof(steered) / sizeof(steered[0]) };

bool config_may_steer(const char *path)
{
	for (size_t i = 0; i < STEERED_COUNT; i++)
		if (strcmp(path, steered[i]) == 0)
			return true;
	return false;
}

void config_say_steered(struct buf *out)
{
	for (size_t i = 0; i < STEERED_COUNT; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", steered[i]);
}

int config_parse_steered(struct config *config, const char *text, size_t len,
			 const char *name, struct buf *errors)
{
	const struct config_text_of whole = { text, len, name, true };
	return config_parse_traced(config, NULL, &whole, errors);
}

static void read_one(struct config *config, struct config_origins *origins,
		     const char *path, struct buf *errors)
{
	struct buf text = { 0 };
	int error = file_read(path, FILE_BYTES_MAX, &text);
	const struct config_text_of whole = { text.at, text.len, path, true };
	if (error != 0)
		buf_printf(errors, "%s: %s\n", path, strerror(-error));
	else
		config_parse_traced(config, origins, &whole, errors);
	buf_free(&text);
}

static void read_folder(struct config *config, struct config_origins *origins,
			const char *folder, struct buf *errors)
{
	struct dirent **entries;
	int count = file_scan_yaml(folder, &entries);
	if (count < 0)
		return; /* it is no sensor, or was told nothing */
	for (int i = 0; i < count; i++) {
		char path[CONFIG_TEXT_MAX * 2 + 32];
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		read_one(config, origins, path, errors);
		free(entries[i]);
	}
	free(entries);
}

/* Files that come later are found, too; the folder is there if anything may come. */
static void add_files(struct config_paths *paths, const char *folder,
		      const char *setting, struct buf *errors)
{
	char pattern[CONFIG_TEXT_MAX * 2];
	int len = snprintf(pattern, sizeof(pattern), "%s/*.yaml", folder);
	if (access(folder, F_OK) != 0)
		return;
	if (paths->count == CONFIG_PATHS_MAX || len >= CONFIG_TEXT_MAX) {
		buf_printf(errors,
			   "%s: has no room for the fleet's own, which are left out\n",
			   setting);
		return;
	}
	memcpy(paths->at[paths->count++], pattern, (size_t)len + 1);
}

void config_steer(struct config *config, struct config_origins *origins,
		  const char *state, struct buf *errors)
{
	char folder[CONFIG_TEXT_MAX + 32];
	if (config->fleet_servers.count == 0)
		return;
	snprintf(folder, sizeof(folder), "%s" CONFIG_STEERED, state);
	read_folder(config, origins, folder, errors);
	snprintf(folder, sizeof(folder), "%s" CONFIG_STEERED_LIMITS, state);
	add_files(&config->limits_files, folder, "limits.files", errors);
	snprintf(folder, sizeof(folder), "%s" CONFIG_STEERED_NOTIFY, state);
	add_files(&config->notify_files, folder, "notify.files", errors);
	snprintf(folder, sizeof(folder), "%s" CONFIG_STEERED_TARGETS, state);
	add_files(&config->probe_files, folder, "probe.files", errors);
}
