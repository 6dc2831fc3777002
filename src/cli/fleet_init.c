/*
 * fleet_init.c: breakwater fleet init, server and hub-credentials: what a fleet is made
 * of, on the machine of its first hub.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "fleet/authority.h"
#include "fleet/server_conf.h"
#include "record/record.h"

enum { US_PER_S = 1000000, STREAM_MB_MIN = 16 /* config.def */ };

static void wipe(struct buf *text)
{
	if (text->at != NULL)
		OPENSSL_cleanse(text->at, text->size);
	buf_free(text);
}

static int complain_file(const char *verb, const char *path, int error)
{
	return fleet_complain(verb,
			      error == -EACCES || error == -EPERM ? STATUS_NOT_PERMITTED
								  : STATUS_USAGE,
			      "%s: %s", path, strerror(-error));
}

static void print_day(const char *words, int64_t at_s)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_s * US_PER_S, text);
	printf("%s%.10s\n", words, text);
}

/* ---- what there is ---- */

static int show(const char *state, const struct keyring *keys)
{
	char error[KEYRING_ERROR_MAX], path[KEYRING_PATH_MAX];
	struct buf ca = { 0 };
	printf("The fleet \"%s\", made by %s.  This machine is its hub \"%s\".\n"
	       "servers    %s\n"
	       "keys       %s\n",
	       keys->fleet, keys->made_by, keys->hub, keys->servers, keys->folder);
	print_day("made       ", keys->made_s);
	if (keyring_read_file(state, FLEET_FILE_CA, &ca, error) == 0)
		print_day("authority  good until ", authority_end_s(ca.at));
	buf_free(&ca);
	if (keyring_path(state, FLEET_FILE_CA_KEY, path) && access(path, F_OK) == 0)
		puts("           its key is here: \"breakwater fleet server\" makes "
		     "certificates");
	puts("Next: \"breakwater fleet token\" lets a machine join, \"breakwater fleet "
	     "list\" shows who did.");
	return STATUS_OK;
}

/* ---- a new one ---- */

/* "20GB", as nats-server counts it: in powers of 1024; 0: it is no such size. */
static uint64_t disk_mb(const char *text)
{
	static const char *const units[] = { "MB", "GB", "TB" };
	enum { DIGITS_MAX = 6, DECIMAL = 10, STEP = 1024 };
	char *unit = NULL;
	size_t digits = strspn(text, "0123456789");
	uint64_t mb = strtoull(text, &unit, DECIMAL);
	if (digits == 0 || digits > DIGITS_MAX || text[0] == '0')
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++, mb *= STEP)
		if (strcmp(unit, units[i]) == 0)
			return mb;
	return 0;
}

/* Servers set the room of a stream aside when it is made, or refuse it. */
static int check_disk(const struct fleet_options *o, const char *disk)
{
	enum { BUCKET_MB = 64, MIB = 1 << 20, MB = 1000000 };
	uint64_t mb = disk_mb(disk), bytes;
	if (mb == 0)
		return fleet_complain(
			"init", STATUS_USAGE,
			"--disk: allowed is a number with MB, GB or TB, as "
			"20GB");
	int status = fleet_stream_size("init", o, &bytes);
	uint64_t needed = (FLEET_LANES * bytes + MIB - 1) / MIB + BUCKET_MB;
	if (status != STATUS_OK || mb >= needed)
		return status;
	uint64_t fits = mb > BUCKET_MB ? (mb - BUCKET_MB) / FLEET_LANES : 0;
	if (fits < STREAM_MB_MIN)
		return fleet_complain("init", STATUS_USAGE,
				      "--disk: allowed are %d MB and more",
				      FLEET_LANES * STREAM_MB_MIN + BUCKET_MB);
	return fleet_complain(
		"init", STATUS_USAGE,
		"--disk %s: %d lanes of hub.stream_size (%llu MB) need %lluMB; give as "
		"much, or have \"hub: {stream_size: %llu MiB}\" or less in the "
		"configuration of each hub, and name it here, too (-c FILE)",
		disk, FLEET_LANES, (unsigned long long)(bytes / MB),
		(unsigned long long)needed, (unsigned long long)fits);
}

/* No two of them the same, and their other ports in bounds. */
static bool servers_differ(const char *servers)
{
	struct fleet_server one, other;
	while (*servers != '\0') {
		if (!fleet_server_next(&servers, &one))
			return false;
		const char *rest = servers;
		while (fleet_server_next(&rest, &other))
			if (strcmp(one.name, other.name) == 0)
				return false;
	}
	return true;
}

static int describe(const struct fleet_options *o, const char *state,
		    struct keyring *keys)
{
	char error[TOKEN_ERROR_MAX];
	const char *name = o->name != NULL ? o->name : "fleet";
	const char *hub = o->hub != NULL ? o->hub : "hub-1";
	const char *disk = o->disk != NULL ? o->disk : "10GB";
	if (!token_servers_are_good(o->servers, error))
		return fleet_complain("init", STATUS_USAGE, "--servers: %s", error);
	if (!servers_differ(o->servers))
		return fleet_complain(
			"init", STATUS_USAGE,
			"--servers: one is there twice, or its port is "
			"over 61535 (servers also use the ports %d and %d "
			"above)",
			SERVER_CLUSTER_STEP, SERVER_MONITOR_STEP);
	if (!claims_word_is_good(name))
		return fleet_complain("init", STATUS_USAGE,
				      "--name: allowed is " CLAIMS_WORD_ALLOWED);
	if (!fleet_name_is_good(hub))
		return fleet_complain("init", STATUS_USAGE,
				      "--hub: allowed is 1 to 63 of A-Z a-z 0-9 _ -");
	int status = check_disk(o, disk);
	if (status != STATUS_OK)
		return status;
	snprintf(keys->servers, sizeof(keys->servers), "%s", o->servers);
	snprintf(keys->fleet, sizeof(keys->fleet), "%s", name);
	snprintf(keys->hub, sizeof(keys->hub), "%s", hub);
	snprintf(keys->disk, sizeof(keys->disk), "%s", disk);
	fleet_actor(keys->made_by);
	keys->made_s = fleet_now_s();
	return keyring_path(state, NULL, keys->folder)
		       ? STATUS_OK
		       : fleet_complain("init", STATUS_USAGE, "%s: it is too long",
					state);
}

static void say_next(const struct keyring *keys, const char *out, int servers)
{
	printf("The fleet \"%s\" is made: %d server%s, and this machine's hub "
	       "\"%s\".\n\n"
	       "1. Copy each folder below %s to the machine that it is named after "
	       "(it\n"
	       "   holds a private key: by scp or the like), give it to the user that\n"
	       "   nats-server runs as there, and start the server in it:\n"
	       "     cd FOLDER && nats-server -c " SERVER_FILE_CONF "\n"
	       "   Sensors and hubs must reach the port in its address; servers each\n"
	       "   other's port %d above it.  Then remove %s here.\n"
	       "2. Start the hub, with these addresses as fleet.servers in its\n"
	       "   configuration:\n"
	       "     breakwater hub\n"
	       "3. For each machine that is to be watched:\n"
	       "     breakwater fleet token --site SITE\n"
	       "   and there, with the line that it prints:\n"
	       "     breakwater fleet join\n\n"
	       "Who has %s says who is in the fleet: keep a copy of it where it is "
	       "safe.\n",
	       keys->fleet, servers, servers == 1 ? "" : "s", keys->hub, out,
	       SERVER_CLUSTER_STEP, out, keys->folder);
	if (servers == 2 || servers == 4)
		printf("\n%d servers stop when %s: 1, 3 or 5 are the numbers that make "
		       "sense.\n",
		       servers, servers == 2 ? "one does" : "two do");
}

/* out must be new: nothing is overwritten. */
static int write_all(const struct keyring *keys, const char *out)
{
	struct buf ca = { 0 }, ca_key = { 0 };
	int made = 0, error = -EAGAIN;
	if (authority_make(keys->fleet, &ca, &ca_key) && buf_cstr(&ca) != NULL &&
	    buf_cstr(&ca_key) != NULL)
		error = fleet_write_servers(keys, keys->servers, ca.at, ca_key.at, out,
					    &made);
	int status = error != 0 ? complain_file("init", out, error) : STATUS_OK;
	if (error == 0)
		error = keyring_write_file(keys->folder, FLEET_FILE_CA_KEY, &ca_key);
	if (error == 0)
		error = fleet_write_hub(keys, ca.at);
	if (error != 0 && status == STATUS_OK)
		status = complain_file("init", keys->folder, error);
	wipe(&ca_key);
	buf_free(&ca);
	if (status == STATUS_OK)
		say_next(keys, out, made);
	return status;
}

static int make(const struct fleet_options *o, const char *state, const char *user)
{
	struct keyring keys = { .made_s = 0 };
	char usual[KEYRING_PATH_MAX];
	int status = describe(o, state, &keys);
	if (status != STATUS_OK)
		return status;
	snprintf(usual, sizeof(usual), "%s-servers", keys.fleet);
	const char *out = o->out != NULL ? o->out : usual;
	if (access(out, F_OK) == 0)
		return fleet_complain(
			"init", STATUS_USAGE,
			"%s is there already: --out names a folder that is "
			"made",
			out);
	status = fleet_make_folder("init", state, user);
	if (status != STATUS_OK)
		return status;
	if (keyring_make(&keys))
		status = write_all(&keys, out);
	else
		status = fleet_complain("init", STATUS_INCOMPLETE, "no randomness");
	keyring_forget(&keys);
	return status;
}

/* ---- another hub's, from a bundle ---- */

static int take_bundle(const struct fleet_options *o, const char *state,
		       const char *user)
{
	static const char *const files[] = { FLEET_FILE_CA, FLEET_FILE_PUBLIC,
					     FLEET_FILE_HUB, FLEET_FILE_SYSTEM };
	struct keyring keys;
	char error[KEYRING_ERROR_MAX];
	int result = keyring_read(o->from, &keys, error);
	if (result != 0)
		return fleet_complain("init", STATUS_USAGE, "--from: %s", error);
	int status = fleet_make_folder("init", state, user);
	if (status == STATUS_OK && !keyring_path(state, NULL, keys.folder))
		status = STATUS_USAGE;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && status == STATUS_OK;
	     i++) {
		struct buf text = { 0 };
		if (keyring_read_file(o->from, files[i], &text, error) != 0)
			status = fleet_complain("init", STATUS_USAGE, "--from: %s",
						error);
		else if ((result = keyring_write_file(keys.folder, files[i], &text)) !=
			 0)
			status = complain_file("init", keys.folder, result);
		wipe(&text);
	}
	if (status == STATUS_OK && (result = keyring_write(&keys)) != 0)
		status = complain_file("init", keys.folder, result);
	if (status == STATUS_OK)
		printf("This machine is the hub \"%s\" of the fleet \"%s\".  Remove "
		       "%s, "
		       "and start \"breakwater hub\".\n",
		       keys.hub, keys.fleet, o->from);
	keyring_forget(&keys);
	return status;
}

int fleet_init(const struct fleet_options *o, const char *operand)
{
	config_text state, user;
	struct keyring keys;
	char error[KEYRING_ERROR_MAX];
	(void)operand;
	int status = fleet_state("init", o, state, user);
	if (status != STATUS_OK)
		return status;
	int result = keyring_read(state, &keys, error);
	if (result == 0) {
		status = show(state, &keys);
		keyring_forget(&keys);
		if (o->servers == NULL && o->from == NULL)
			return status;
		return fleet_complain("init", STATUS_USAGE,
				      "there is a fleet here already: nothing was "
				      "changed");
	}
	if (result != -ENOENT)
		return fleet_complain(
			"init", result == -EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE,
			"%s", error);
	if (o->from != NULL)
		return take_bundle(o, state, user);
	if (o->servers == NULL)
		return fleet_complain("init", STATUS_USAGE,
				      "there is no fleet in %s: --servers "
				      "tls://HOST:PORT,... makes one",
				      state);
	return make(o, state, user);
}

/* ---- one more server, or a new certificate ---- */

static bool is_among(const char *servers, const char *address)
{
	struct fleet_server wanted, one;
	if (!fleet_server_next(&address, &wanted))
		return false;
	while (fleet_server_next(&servers, &one))
		if (strcmp(one.name, wanted.name) == 0)
			return true;
	return false;
}

static int add_server(const struct fleet_options *o, struct keyring *keys,
		      const char *address)
{
	char error[TOKEN_ERROR_MAX];
	struct fleet_server server;
	const char *at = address;
	size_t len = strlen(keys->servers);
	if (strchr(address, ',') != NULL || !fleet_server_next(&at, &server))
		return fleet_complain("server", STATUS_USAGE,
				      "\"%s\": allowed is tls://HOST:PORT, with a port "
				      "up to 61535",
				      address);
	if (o->out == NULL)
		return fleet_complain("server", STATUS_USAGE,
				      "--out FOLDER: where its folder is to be made");
	if (is_among(keys->servers, address))
		return STATUS_OK;
	snprintf(keys->servers + len, sizeof(keys->servers) - len, ",%s", address);
	if (token_servers_are_good(keys->servers, error))
		return STATUS_OK;
	return fleet_complain("server", STATUS_USAGE, "%s", error);
}

static int write_one(const struct fleet_options *o, const char *state,
		     const struct keyring *keys, const char *address)
{
	char error[KEYRING_ERROR_MAX];
	struct buf ca = { 0 }, ca_key = { 0 };
	int made, result, status = STATUS_OK;
	if (keyring_read_file(state, FLEET_FILE_CA, &ca, error) != 0 ||
	    keyring_read_file(state, FLEET_FILE_CA_KEY, &ca_key, error) != 0)
		status = fleet_complain("server", STATUS_USAGE,
					"%s: certificates are made on the hub where "
					"\"fleet init\" was",
					error);
	else if ((result = fleet_write_servers(keys, address, ca.at, ca_key.at, o->out,
					       &made)) != 0)
		status = complain_file("server", o->out, result);
	else if ((result = keyring_write(keys)) != 0)
		status = complain_file("server", keys->folder, result);
	wipe(&ca_key);
	buf_free(&ca);
	return status;
}

/*
 * A server may be the last one, with a certificate that is over: then nobody can be
 * told, and it is made all the same.
 */
static void note_server(const struct fleet_options *o, const char *address)
{
	struct fleet_reach reach;
	if (fleet_reach_open("server", o, &reach) != STATUS_OK ||
	    !fleet_note(&reach, "fleet_server", address, "", "a certificate"))
		fleet_complain("server", 0,
			       "it could not be noted for the audit chain of the hubs");
	fleet_reach_close(&reach);
}

int fleet_server(const struct fleet_options *o, const char *address)
{
	config_text state;
	struct keyring keys;
	char error[KEYRING_ERROR_MAX];
	int status = fleet_state("server", o, state, NULL);
	if (status != STATUS_OK)
		return status;
	if (keyring_read(state, &keys, error) != 0)
		return fleet_complain("server", STATUS_USAGE, "%s", error);
	bool is_known = is_among(keys.servers, address);
	status = add_server(o, &keys, address);
	if (status == STATUS_OK)
		status = write_one(o, state, &keys, address);
	keyring_forget(&keys);
	if (status != STATUS_OK)
		return status;
	note_server(o, address);
	printf("%s has a folder below %s, with a certificate for %d days.\n", address,
	       o->out, AUTHORITY_SERVER_DAYS);
	puts(is_known ? "Put it in place of the old one, but keep its folders accounts "
			"and jetstream, and restart that server."
		      : "Start the server there; the others hear of it by themselves.  "
			"Add the address to fleet.servers of sensors and hubs when you "
			"next can.");
	return STATUS_OK;
}

/* ---- for another hub ---- */

static int write_bundle(const struct fleet_options *o, const char *hub,
			struct fleet_reach *reach)
{
	char error[KEYRING_ERROR_MAX];
	struct buf ca = { 0 };
	struct keyring *keys = &reach->keys;
	int result = 0;
	if (keyring_read_file(reach->state, FLEET_FILE_CA, &ca, error) != 0)
		return fleet_complain("hub-credentials", STATUS_USAGE, "%s", error);
	snprintf(keys->hub, sizeof(keys->hub), "%s", hub);
	if (!keyring_path(o->out, NULL, keys->folder) || mkdir(o->out, S_IRWXU) != 0 ||
	    mkdir(keys->folder, S_IRWXU) != 0)
		result = -errno;
	if (result == 0)
		result = fleet_write_hub(keys, ca.at);
	buf_free(&ca);
	return result == 0 ? STATUS_OK
			   : complain_file("hub-credentials", o->out, result);
}

int fleet_hub_credentials(const struct fleet_options *o, const char *hub)
{
	struct fleet_reach reach;
	if (o->out == NULL || !fleet_name_is_good(hub))
		return fleet_complain("hub-credentials", STATUS_USAGE,
				      "the name of the other hub is needed (1 to 63 of "
				      "A-Z a-z 0-9 _ -), and --out FOLDER");
	int status = fleet_reach_open("hub-credentials", o, &reach);
	/* All keys of the fleet leave: not without a note of it. */
	if (status == STATUS_OK && !fleet_note(&reach, "fleet_hub", hub, "", o->out))
		status = fleet_complain("hub-credentials", STATUS_UNREACHABLE,
					"the fleet's bucket can't be written now");
	if (status == STATUS_OK)
		status = write_bundle(o, hub, &reach);
	fleet_reach_close(&reach);
	if (status == STATUS_OK)
		printf("%s holds all keys of the fleet, for the hub \"%s\".  Copy it "
		       "to "
		       "its machine (by scp or the\nlike), and there:\n"
		       "  breakwater fleet init --from %s\n"
		       "Then remove it here and there.\n",
		       o->out, hub, o->out);
	return status;
}
