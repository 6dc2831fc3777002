/*
 * hub_setup.c: what a hub is told to be, and whether it can be that; see hub.h.
 */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/hub.h"
#include "fleet/keyring.h"

static void name_file(const struct hub *hub, const char *name,
		      char path[static HUB_PATH_MAX])
{
	snprintf(path, HUB_PATH_MAX, "%s/" FLEET_FOLDER "/%s", hub->config.state, name);
}

static void find_files(struct hub *hub)
{
	name_file(hub, FLEET_FILE_CA, hub->ca);
	name_file(hub, FLEET_FILE_HUB, hub->credentials);
	if (access(hub->credentials, F_OK) != 0)
		hub->credentials[0] = '\0'; /* so the servers ask for none */
}

/* What is configured, else what the fleet was made with, else the machine's name. */
static void take_name(struct hub *hub, const struct keyring *keys)
{
	char host[256] = "";
	gethostname(host, sizeof(host) - 1);
	record_text(hub->host, sizeof(hub->host), host);
	record_text(hub->name, sizeof(hub->name),
		    hub->config.hub_name[0] != '\0' ? hub->config.hub_name
		    : keys->hub[0] != '\0'          ? keys->hub
						    : host);
}

static bool take_servers(struct hub *hub, const struct keyring *keys)
{
	const config_texts *servers = &hub->config.fleet_servers;
	size_t len = 0;
	for (size_t i = 0; i < servers->count; i++)
		len += (size_t)snprintf(hub->servers + len, sizeof(hub->servers) - len,
					"%s%s", i > 0 ? "," : "", servers->at[i]);
	if (servers->count == 0)
		snprintf(hub->servers, sizeof(hub->servers), "%s", keys->servers);
	if (hub->servers[0] == '\0')
		fputs("breakwater hub: fleet.servers: none is configured, and none is "
		      "known of a fleet that was made here (breakwater fleet init); "
		      "allowed are addresses of NATS servers (docs/fleet.md)\n",
		      stderr);
	return hub->servers[0] != '\0';
}

/* ---- where it may write ---- */

/* folder: of a file; a state folder that is not there yet has none in it. */
static bool is_inside(const char *folder, const char *state)
{
	char inner[PATH_MAX], outer[PATH_MAX];
	if (strcmp(folder, state) == 0)
		return true;
	if (realpath(folder, inner) == NULL || realpath(state, outer) == NULL)
		return false;
	size_t len = strlen(outer);
	return strncmp(inner, outer, len) == 0 &&
	       (inner[len] == '\0' || inner[len] == '/');
}

/* SQLite makes files beside the one that is named. */
static bool depot_is_inside(const struct hub *hub)
{
	static const char scheme[] = "sqlite:";
	char folder[PAST_DEPOT_MAX] = ".";
	if (strncmp(hub->depot, scheme, sizeof(scheme) - 1) != 0)
		return true;
	const char *path = hub->depot + sizeof(scheme) - 1, *slash = strrchr(path, '/');
	if (slash != NULL)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (is_inside(folder, hub->config.state))
		return true;
	fprintf(stderr,
		"breakwater hub: hub.store: %s is not in the state folder %s, and a "
		"hub "
		"writes nowhere else; allowed is sqlite:%s/fleet.db, or another state "
		"folder (--state)\n",
		hub->depot, hub->config.state, hub->config.state);
	return false;
}

bool hub_may_write(const struct hub *hub)
{
	const char *state = hub->config.state;
	struct stat st;
	if (access(state, R_OK | W_OK | X_OK) == 0)
		return true;
	int failed = errno;
	const struct passwd *own = getpwuid(geteuid());
	const struct passwd *owner = stat(state, &st) == 0 ? getpwuid(st.st_uid) : NULL;
	if (owner == NULL)
		fprintf(stderr, "breakwater hub: state folder %s: %s\n", state,
			strerror(failed));
	else
		fprintf(stderr,
			"breakwater hub: state folder %s: it is %s's, and this hub "
			"runs "
			"as %s, without root's privileges; allowed are \"user: %s\" in "
			"the "
			"configuration, or a folder of %s's\n",
			state, owner->pw_name, own != NULL ? own->pw_name : "nobody",
			owner->pw_name, own != NULL ? own->pw_name : "that user");
	return false;
}

bool hub_setup(struct hub *hub)
{
	static struct keyring keys;
	char error[KEYRING_ERROR_MAX];
	if (keyring_read(hub->config.state, &keys, error) != 0)
		keys = (struct keyring){ .made_s = 0 };
	take_name(hub, &keys);
	find_files(hub);
	past_depot_of(&hub->config, hub->depot);
	bool is_good = take_servers(hub, &keys) && depot_is_inside(hub);
	keyring_forget(&keys);
	return is_good;
}
