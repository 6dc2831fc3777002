/*
 * fleet_write.c: what is written for servers and hubs; see fleet_command.h.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/fleet_command.h"
#include "fleet/authority.h"
#include "fleet/jwt.h"
#include "fleet/server_conf.h"

enum { SECRET_FOLDER_MODE = 0700 };

static void wipe(struct buf *text)
{
	if (text->at != NULL)
		OPENSSL_cleanse(text->at, text->size);
	buf_free(text);
}

static int write_text(const char *folder, const char *file, const char *text)
{
	struct buf whole = { 0 };
	buf_text(&whole, text);
	int error = keyring_write_file(folder, file, &whole);
	wipe(&whole);
	return error;
}

/* ---- servers ---- */

static int write_certificate(const char *folder, const struct fleet_server *server,
			     const char *ca, const char *ca_key)
{
	struct buf certificate = { 0 }, key = { 0 };
	int error = authority_sign(ca, ca_key, server->host, &certificate, &key)
			    ? 0
			    : -EINVAL;
	if (error == 0)
		error = keyring_write_file(folder, SERVER_FILE_KEY, &key);
	if (error == 0)
		error = keyring_write_file(folder, SERVER_FILE_CERTIFICATE,
					   &certificate);
	wipe(&key);
	buf_free(&certificate);
	return error;
}

static int write_server(const struct keyring *keys, const struct fleet_server *server,
			const char *ca, const char *ca_key, const char *out)
{
	char folder[KEYRING_PATH_MAX];
	struct buf conf = { 0 };
	int len = snprintf(folder, sizeof(folder), "%s/%s", out, server->name);
	if (len < 0 || len >= KEYRING_PATH_MAX)
		return -ENAMETOOLONG;
	if (mkdir(folder, SECRET_FOLDER_MODE) != 0)
		return -errno;
	int error = write_certificate(folder, server, ca, ca_key);
	if (error == 0)
		error = write_text(folder, FLEET_FILE_CA, ca);
	if (error == 0)
		error = fleet_server_conf(keys, server, &conf)
				? keyring_write_file(folder, SERVER_FILE_CONF, &conf)
				: -ENOMEM;
	buf_free(&conf);
	return error;
}

int fleet_write_servers(const struct keyring *keys, const char *servers, const char *ca,
			const char *ca_key, const char *out, int *made)
{
	struct fleet_server server;
	int error = 0;
	*made = 0;
	if (mkdir(out, SECRET_FOLDER_MODE) != 0 && errno != EEXIST)
		return -errno;
	while (error == 0 && *servers != '\0') {
		if (!fleet_server_next(&servers, &server))
			return -EINVAL;
		error = write_server(keys, &server, ca, ca_key, out);
		*made += error == 0;
	}
	return error;
}

/* ---- hubs ---- */

static int write_user(const char *folder, const char *file, const struct buf *jwt,
		      const struct nkey *user)
{
	struct buf credentials = { 0 };
	int error = jwt_credentials(jwt, user, &credentials)
			    ? keyring_write_file(folder, file, &credentials)
			    : -ENOMEM;
	wipe(&credentials);
	return error;
}

/* Its user in the fleet's account, and the one in the system account. */
static int write_users(const struct keyring *keys)
{
	struct nkey hub, steward;
	struct buf hub_jwt = { 0 }, steward_jwt = { 0 };
	int64_t now_s = fleet_now_s();
	int error = nkey_make(NKEY_USER, &hub) && nkey_make(NKEY_USER, &steward)
			    ? 0
			    : -EAGAIN;
	if (error == 0 &&
	    (!claims_hub(keys->hub, &hub, &keys->account, now_s, &hub_jwt) ||
	     !claims_steward(keys->hub, &steward, &keys->system, now_s, &steward_jwt)))
		error = -ENOMEM;
	if (error == 0)
		error = write_user(keys->folder, FLEET_FILE_HUB, &hub_jwt, &hub);
	if (error == 0)
		error = write_user(keys->folder, FLEET_FILE_SYSTEM, &steward_jwt,
				   &steward);
	nkey_forget(&hub);
	nkey_forget(&steward);
	buf_free(&hub_jwt);
	buf_free(&steward_jwt);
	return error;
}

int fleet_write_hub(const struct keyring *keys, const char *ca)
{
	char key[NKEY_TEXT_MAX], text[NKEY_TEXT_MAX + 1];
	nkey_public_text(&keys->fleet_key, key);
	snprintf(text, sizeof(text), "%s\n", key);
	int error = write_text(keys->folder, FLEET_FILE_CA, ca);
	if (error == 0)
		error = write_text(keys->folder, FLEET_FILE_PUBLIC, text);
	if (error == 0)
		error = write_users(keys);
	/* Last: with it, there is a fleet. */
	return error != 0 ? error : keyring_write(keys);
}
