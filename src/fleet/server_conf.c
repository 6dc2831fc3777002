/*
 * server_conf.c: see server_conf.h.
 *
 * Paths in it are relative: NATS takes them from where the server is started.  Accounts
 * bear the time at which the fleet was made, so that a server that is set up again
 * never holds its copy for newer than what hubs have said since, of who is revoked.
 */
#include "fleet/server_conf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "config/nats_server.h"

enum { PORT_MAX = 65535 };

static bool is_address(const char *host)
{
	struct in6_addr octets;
	return inet_pton(AF_INET, host, &octets) == 1 ||
	       inet_pton(AF_INET6, host, &octets) == 1;
}

/* A folder's name, and NATS' name of the server: without colons. */
static void name_server(struct fleet_server *server)
{
	snprintf(server->name, sizeof(server->name), "%.260s-%u", server->host,
		 server->port);
	for (char *at = server->name; *at != '\0'; at++)
		if (*at == ':')
			*at = '-';
}

bool fleet_server_next(const char **servers, struct fleet_server *out)
{
	struct nats_server server;
	size_t len = strcspn(*servers, ",");
	*out = (struct fleet_server){ 0 };
	if (!nats_server_read(*servers, len, &server) || !server.is_tls ||
	    server.port == 0 || server.port + SERVER_MONITOR_STEP > PORT_MAX)
		return false;
	out->port = server.port;
	out->is_address = is_address(server.host);
	memcpy(out->host, server.host, sizeof(server.host));
	name_server(out);
	*servers += len + ((*servers)[len] == ',');
	return true;
}

/* ---- what is in it ---- */

/* Where it listens: at its address, or at all of them if a name was given. */
static void add_listen(const struct fleet_server *server, unsigned port,
		       struct buf *out)
{
	const char *host = server->is_address ? server->host : "0.0.0.0";
	bool is_v6 = strchr(host, ':') != NULL;
	buf_printf(out, "listen: \"%s%s%s:%u\"\n", is_v6 ? "[" : "", host,
		   is_v6 ? "]" : "", port);
}

static void add_routes(const struct keyring *keys, const struct fleet_server *server,
		       struct buf *out)
{
	const char *at = keys->servers;
	struct fleet_server other;
	while (fleet_server_next(&at, &other)) {
		bool is_v6 = strchr(other.host, ':') != NULL;
		if (strcmp(other.name, server->name) != 0)
			buf_printf(out, "    \"tls://%s%s%s:%d\"\n", is_v6 ? "[" : "",
				   other.host, is_v6 ? "]" : "",
				   other.port + SERVER_CLUSTER_STEP);
	}
}

static void add_cluster(const struct keyring *keys, const struct fleet_server *server,
			struct buf *out)
{
	buf_printf(out,
		   "# Servers among themselves: each shows the other a certificate of\n"
		   "# the fleet's authority.\n"
		   "cluster {\n  name: \"%s\"\n  ",
		   keys->fleet);
	add_listen(server, server->port + SERVER_CLUSTER_STEP, out);
	buf_text(out, "  # Clients go where they were told to.\n"
		      "  no_advertise: true\n"
		      "  tls {\n"
		      "    cert_file: \"" SERVER_FILE_CERTIFICATE "\"\n"
		      "    key_file: \"" SERVER_FILE_KEY "\"\n"
		      "    ca_file: \"" FLEET_FILE_CA "\"\n"
		      "    verify: true\n"
		      "    timeout: 5\n"
		      "  }\n"
		      "  routes: [\n");
	add_routes(keys, server, out);
	buf_text(out, "  ]\n}\n\n");
}

static bool add_trust(const struct keyring *keys, struct buf *out)
{
	struct buf operator_jwt = { 0 }, system = { 0 }, account = { 0 },
		   sensors = { 0 };
	char system_key[NKEY_TEXT_MAX], account_key[NKEY_TEXT_MAX],
		sensors_key[NKEY_TEXT_MAX];
	nkey_public_text(&keys->system, system_key);
	nkey_public_text(&keys->account, account_key);
	nkey_public_text(&keys->sensors, sensors_key);
	bool is_made =
		claims_operator(keys->fleet, &keys->operator_key, &keys->system,
				keys->made_s, &operator_jwt) &&
		claims_system(&keys->system, &keys->operator_key, keys->made_s,
			      &system) &&
		claims_account(&keys->account, &keys->operator_key, keys->made_s,
			       &account) &&
		claims_sensors(&keys->sensors, &keys->account, &keys->operator_key,
			       keys->made_s, NULL, &sensors);
	if (is_made)
		buf_printf(
			out,
			"# Who is believed, and what accounts there are. Hubs tell\n"
			"# servers here who is revoked; servers tell each other.\n"
			"operator: %s\n"
			"system_account: %s\n"
			"resolver {\n  type: full\n  dir: \"accounts\"\n"
			"  allow_delete: false\n  interval: \"10s\"\n  limit: 16\n}\n"
			"resolver_preload {\n  %s: %s\n  %s: %s\n  %s: %s\n}\n",
			buf_cstr(&operator_jwt), system_key, system_key,
			buf_cstr(&system), account_key, buf_cstr(&account), sensors_key,
			buf_cstr(&sensors));
	buf_free(&operator_jwt);
	buf_free(&system);
	buf_free(&account);
	buf_free(&sensors);
	return is_made && buf_ok(out);
}

bool fleet_server_conf(const struct keyring *keys, const struct fleet_server *server,
		       struct buf *out)
{
	buf_printf(out,
		   "# A NATS server of the fleet \"%s\", written by breakwater.\n"
		   "# Start it in this folder, as files are named from there:\n"
		   "#   nats-server -c " SERVER_FILE_CONF "\n"
		   "server_name: \"%s\"\n\n# Sensors and hubs.\n",
		   keys->fleet, server->name);
	add_listen(server, server->port, out);
	buf_printf(out,
		   "tls {\n"
		   "  cert_file: \"" SERVER_FILE_CERTIFICATE "\"\n"
		   "  key_file: \"" SERVER_FILE_KEY "\"\n"
		   "  timeout: 5\n"
		   "}\n"
		   "ping_interval: \"30s\"\n\n"
		   "# What it says of itself, to this machine alone.\n"
		   "http: \"127.0.0.1:%d\"\n\n"
		   "jetstream {\n"
		   "  store_dir: \"jetstream\"\n"
		   "  max_memory_store: 64MB\n"
		   "  max_file_store: %s\n"
		   "}\n\n",
		   server->port + SERVER_MONITOR_STEP, keys->disk);
	if (strchr(keys->servers, ',') != NULL)
		add_cluster(keys, server, out);
	return add_trust(keys, out);
}
