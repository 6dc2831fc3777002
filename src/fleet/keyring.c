/*
 * keyring.c: see keyring.h.
 */
#include "fleet/keyring.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* Names of the keys in the file. */
#define KEYS(X)                                                                        \
	X(operator_key, "operator", NKEY_OPERATOR)                                     \
	X(system, "system", NKEY_ACCOUNT)                                              \
	X(account, "account", NKEY_ACCOUNT)                                            \
	X(sensors, "sensors", NKEY_ACCOUNT)                                            \
	X(fleet_key, "fleet", NKEY_ACCOUNT)

bool keyring_path(const char *state, const char *file,
		  char out[static KEYRING_PATH_MAX])
{
	int len = snprintf(out, KEYRING_PATH_MAX, "%s/" FLEET_FOLDER "%s%s", state,
			   file != NULL ? "/" : "", file != NULL ? file : "");
	return len > 0 && len < KEYRING_PATH_MAX;
}

bool keyring_make(struct keyring *keys)
{
#define MAKE(member, name, kind)                                                       \
	if (!nkey_make(kind, &keys->member))                                           \
		return false;
	KEYS(MAKE)
#undef MAKE
	return true;
}

void keyring_forget(struct keyring *keys)
{
#define FORGET(member, name, kind) nkey_forget(&keys->member);
	KEYS(FORGET)
#undef FORGET
}

/* ---- files ---- */

int keyring_read_file(const char *state, const char *file, struct buf *out,
		      char error[static KEYRING_ERROR_MAX])
{
	char path[KEYRING_PATH_MAX];
	int result = keyring_path(state, file, path)
			     ? file_read(path, KEYRING_FILE_MAX, out)
			     : -ENAMETOOLONG;
	error[0] = '\0';
	if (result != 0)
		snprintf(error, KEYRING_ERROR_MAX, "%.200s: %s", path,
			 strerror(-result));
	else if (buf_cstr(out) == NULL)
		result = -ENOMEM;
	return result;
}

int keyring_write_file(const char *folder, const char *file, const struct buf *text)
{
	char path[KEYRING_PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (len < 0 || len >= KEYRING_PATH_MAX)
		return -ENAMETOOLONG;
	return buf_ok(text) ? file_replace_private(path, text->at, text->len) : -ENOMEM;
}

static void wipe(struct buf *text)
{
	if (text->at != NULL)
		OPENSSL_cleanse(text->at, text->size);
	buf_free(text);
}

/* A file of JSON; NULL with *result and error. */
static json_t *read_object(const char *state, const char *file, int *result,
			   char error[static KEYRING_ERROR_MAX])
{
	struct buf text = { 0 };
	json_t *object = NULL;
	*result = keyring_read_file(state, file, &text, error);
	if (*result == 0) {
		object = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
		if (!json_is_object(object)) {
			*result = -EBADMSG;
			snprintf(error, KEYRING_ERROR_MAX,
				 "%.200s/" FLEET_FOLDER "/%s: it is damaged: take it "
				 "from a copy, or from another hub",
				 state, file);
			json_decref(object);
			object = NULL;
		}
	}
	wipe(&text);
	return object;
}

static int write_object(const char *folder, const char *file, json_t *object)
{
	struct buf text = { 0 };
	char *dumped = object != NULL ? json_dumps(object, JSON_INDENT(2)) : NULL;
	int result = -ENOMEM;
	if (dumped != NULL) {
		buf_printf(&text, "%s\n", dumped);
		result = keyring_write_file(folder, file, &text);
		OPENSSL_cleanse(dumped, strlen(dumped));
	}
	free(dumped);
	wipe(&text);
	json_decref(object);
	return result;
}

/* ---- what is in them ---- */

static bool take_key(const json_t *object, const char *name, enum nkey_kind kind,
		     struct nkey *out)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && nkey_parse(text, out) && out->has_seed &&
	       out->kind == kind;
}

static bool take_keys(const json_t *object, struct keyring *out)
{
#define TAKE(member, name, kind)                                                       \
	if (!take_key(object, name, kind, &out->member))                               \
		return false;
	KEYS(TAKE)
#undef TAKE
	return true;
}

static bool take_text(const json_t *object, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (text == NULL || strlen(text) >= size)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool take_about(const json_t *object, struct keyring *out)
{
	char error[TOKEN_ERROR_MAX];
	out->made_s = json_integer_value(json_object_get(object, "made"));
	return take_text(object, "fleet", out->fleet, sizeof(out->fleet)) &&
	       take_text(object, "hub", out->hub, sizeof(out->hub)) &&
	       take_text(object, "servers", out->servers, sizeof(out->servers)) &&
	       take_text(object, "made_by", out->made_by, sizeof(out->made_by)) &&
	       take_text(object, "disk", out->disk, sizeof(out->disk)) &&
	       token_servers_are_good(out->servers, error);
}

int keyring_read(const char *state, struct keyring *out,
		 char error[static KEYRING_ERROR_MAX])
{
	int result;
	*out = (struct keyring){ 0 };
	json_t *about = read_object(state, FLEET_FILE_ABOUT, &result, error);
	json_t *keys = result == 0 ? read_object(state, FLEET_FILE_KEYS, &result, error)
				   : NULL;
	if (result == 0 && (!take_about(about, out) || !take_keys(keys, out) ||
			    !keyring_path(state, NULL, out->folder))) {
		result = -EBADMSG;
		snprintf(error, KEYRING_ERROR_MAX,
			 "%.200s/" FLEET_FOLDER ": " FLEET_FILE_ABOUT
			 " or " FLEET_FILE_KEYS " is damaged: take it from a copy, or "
			 "from another hub",
			 state);
	}
	json_decref(about);
	json_decref(keys);
	if (result != 0)
		keyring_forget(out);
	return result;
}

static json_t *keys_object(const struct keyring *keys)
{
	json_t *object = json_object();
#define ADD(member, name, kind)                                                        \
	{                                                                              \
		char text[NKEY_TEXT_MAX];                                              \
		nkey_seed_text(&keys->member, text);                                   \
		json_object_set_new(object, name, json_string(text));                  \
		OPENSSL_cleanse(text, sizeof(text));                                   \
	}
	KEYS(ADD)
#undef ADD
	return object;
}

int keyring_write(const struct keyring *keys)
{
	json_t *about =
		json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "fleet", keys->fleet, "hub",
			  keys->hub, "servers", keys->servers, "made_by", keys->made_by,
			  "made", (json_int_t)keys->made_s, "disk", keys->disk);
	int result = write_object(keys->folder, FLEET_FILE_KEYS, keys_object(keys));
	if (result != 0) {
		json_decref(about);
		return result;
	}
	return write_object(keys->folder, FLEET_FILE_ABOUT, about);
}

int keyring_read_public(const char *state, struct nkey *out,
			char error[static KEYRING_ERROR_MAX])
{
	struct buf text = { 0 };
	int result = keyring_read_file(state, FLEET_FILE_PUBLIC, &text, error);
	if (result == 0) {
		text.at[strcspn(text.at, "\r\n")] = '\0';
		if (!nkey_parse(text.at, out) || out->has_seed) {
			result = -EBADMSG;
			snprintf(error, KEYRING_ERROR_MAX,
				 "%.200s/" FLEET_FOLDER "/" FLEET_FILE_PUBLIC
				 ": it is no public key",
				 state);
		}
	}
	buf_free(&text);
	return result;
}
