/*
 * origin.c: see origin.h; and the settings in force with where each is from.
 */
#include "config/origin.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "config/key.h"

void origin_note(struct config_origins *origins, size_t key, const char *file,
		 size_t line)
{
	assert(key < CONFIG_KEYS_MAX);
	snprintf(origins->at[key], sizeof(origins->at[key]), "%s:%zu", file, line);
}

/* ---- secrets ---- */

static const char masked[] = "***";

/* Length of a name in a URL's query whose value is a secret; 0: it is none. */
static size_t secret_name_len(const char *text)
{
	static const char *const names[] = { "password=", "passwd=", "token=",
					     "secret=",   "apikey=", "api_key=" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(text, names[i], strlen(names[i])) == 0)
			return strlen(names[i]);
	return 0;
}

/* "user:PASSWORD@" behind "://": where the password begins, and its length. */
static size_t password_at(const char *authority, size_t *len)
{
	size_t all = strcspn(authority, "/?#\" "),
	       colon = strcspn(authority, ":/?#\" ");
	const char *at = memrchr(authority, '@', all);
	*len = 0;
	if (at == NULL || authority[colon] != ':' || authority + colon > at)
		return 0;
	*len = (size_t)(at - authority) - colon - 1;
	return colon + 1;
}

/* Of where people are told, what stands behind the host may be the secret itself. */
static bool hides_paths(const struct key *key)
{
	return strcmp(key->path, "notify.to") == 0;
}

/* A value as JSON, in which what a URL must not show is masked. */
static void put_masked(struct buf *out, const char *json, bool hides)
{
	for (const char *s = json; *s != '\0';) {
		size_t len, name = secret_name_len(s);
		if (strncmp(s, "://", 3) == 0) {
			size_t before = password_at(s + 3, &len);
			buf_add(out, s, 3 + before);
			buf_text(out, len > 0 ? masked : "");
			s += 3 + before + len;
			size_t host = strcspn(s, "/?#\"");
			buf_add(out, s, host);
			s += host;
			if (hides && *s != '"' && *s != '\0') {
				buf_printf(out, "/%s", masked);
				s += strcspn(s, "\"");
			}
		} else if (name > 0) {
			buf_add(out, s, name);
			buf_text(out, masked);
			s += name + strcspn(s + name, "&#\" ");
		} else {
			buf_char(out, *s++);
		}
	}
}

/* ---- what is in force ---- */

static void put_value(struct buf *out, const struct key *key,
		      const struct config *config)
{
	struct buf value = { 0 };
	key_write(&value, key, config);
	put_masked(out, buf_cstr(&value) != NULL ? value.at : "null", hides_paths(key));
	buf_free(&value);
}

static bool is_same(const struct key *key, const struct config *a,
		    const struct config *b)
{
	struct buf x = { 0 }, y = { 0 };
	key_write(&x, key, a);
	key_write(&y, key, b);
	bool same = x.len == y.len && buf_ok(&x) && buf_ok(&y) &&
		    memcmp(x.at, y.at, x.len) == 0;
	buf_free(&x);
	buf_free(&y);
	return same;
}

/* A command's option stands above the files, and some keys are taken at a start only.
 */
static const char *from(size_t key, const struct config *in_force,
			const struct config *read, const struct config_origins *origins)
{
	if (!is_same(&keys[key], in_force, read))
		return "the start of the daemon: an option, or the file as it was then";
	return origins->at[key][0] != '\0' ? origins->at[key] : "default";
}

void config_json_traced(struct buf *out, const struct config *in_force,
			const struct config *read, const struct config_origins *origins)
{
	static struct config presets;
	config_init(&presets);
	buf_text(out, "{\"keys\":[");
	for (size_t i = 0; i < key_count; i++) {
		buf_printf(out, "%s{\"key\":\"%s\",\"value\":", i > 0 ? "," : "",
			   keys[i].path);
		put_value(out, &keys[i], in_force);
		buf_text(out, ",\"default\":");
		put_value(out, &keys[i], &presets);
		buf_text(out, ",\"from\":\"");
		buf_json_text(out, from(i, in_force, read, origins));
		buf_text(out, "\",\"doc\":\"");
		buf_json_text(out, keys[i].doc);
		buf_text(out, "\"}");
	}
	buf_text(out, "]}");
}
