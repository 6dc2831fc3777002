/*
 * fleet_identity.c: see fleet_identity.h.
 */
#include "cli/fleet_identity.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "fleet/keyring.h"

static bool take_text(const json_t *object, const char *member, char *out, size_t size)
{
	const json_t *value = json_object_get(object, member);
	const char *text = json_string_value(value);
	if (value == NULL)
		return true;
	if (text == NULL || strlen(text) >= size)
		return false;
	record_text(out, size, text);
	return true;
}

static bool take_tags(const json_t *object, field_text256 out)
{
	const json_t *list = json_object_get(object, "tags"), *tag;
	size_t i, len = 0;
	if (list == NULL)
		return true;
	if (!json_is_array(list))
		return false;
	json_array_foreach(list, i, tag)
	{
		const char *text = json_string_value(tag);
		if (text == NULL || len + 1 + strlen(text) >= sizeof(field_text256))
			return false;
		len += (size_t)snprintf(out + len, sizeof(field_text256) - len, "%s%s",
					i > 0 ? "," : "", text);
	}
	return true;
}

static const char *take(const json_t *object, struct fleet_identity *out)
{
	if (!json_is_object(object))
		return "it is no JSON object";
	if (!take_text(object, "name", out->name, sizeof(out->name)) ||
	    !fleet_name_is_good(out->name))
		return "\"name\" is no sensor's name: 1 to 63 of A-Z a-z 0-9 _ -";
	if (!take_text(object, "site", out->site, sizeof(out->site)))
		return "\"site\" is no text of at most 63 bytes";
	if (!take_tags(object, out->tags))
		return "\"tags\" is no list of texts of at most 255 bytes together";
	return NULL;
}

int fleet_identity_read(const char *state, struct fleet_identity *out,
			char error[static FLEET_IDENTITY_ERROR_MAX])
{
	struct buf text = { 0 };
	json_error_t at;
	memset(out, 0, sizeof(*out));
	int failed = keyring_read_file(state, FLEET_FILE_IDENTITY, &text, error);
	if (failed == 0) {
		json_t *object =
			json_loadb(text.len > 0 ? text.at : "", text.len, 0, &at);
		const char *wrong = object == NULL ? at.text : take(object, out);
		if (wrong != NULL) {
			snprintf(error, FLEET_IDENTITY_ERROR_MAX,
				 "%.120s/" FLEET_FOLDER "/" FLEET_FILE_IDENTITY
				 ": %.120s",
				 state, wrong);
			failed = -EBADMSG;
		}
		json_decref(object);
	}
	buf_free(&text);
	return failed;
}
