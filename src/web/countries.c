/*
 * countries.c: GET of the countries in which addresses are, if a database is given.
 */
#include <string.h>

#include "web/answer.h"
#include "web/inside.h"

enum { ADDRESSES_MAX = 1000 };

static void write_country(const struct web_source *source, const struct addr *addr,
			  struct buf *json)
{
	struct web_country country;
	char text[ADDR_TEXT_MAX];
	if (!source->country(source->self, addr, &country))
		return;
	addr_text(addr, text);
	buf_printf(json, "%s\"%s\":{\"code\":\"",
		   json->at[json->len - 1] == '{' ? "" : ",", text);
	buf_json_text(json, country.code);
	if (country.name[0] != '\0') {
		buf_text(json, "\",\"name\":\"");
		buf_json_text(json, country.name);
	}
	buf_text(json, "\"}");
}

/* "192.0.2.1,2001:db8::1"; NULL, or what is wrong. */
static const char *write_countries(const struct web_source *source, const char *list,
				   struct buf *json)
{
	size_t count = 0;
	while (*list != '\0') {
		char text[ADDR_TEXT_MAX];
		struct addr addr;
		size_t len = strcspn(list, ",");
		if (++count > ADDRESSES_MAX)
			return "ip: at most 1,000 addresses at a time";
		if (len >= sizeof(text))
			return "ip: a word is too long for an address";
		memcpy(text, list, len);
		text[len] = '\0';
		if (!addr_parse(text, &addr))
			return "ip: addresses with commas between them, such as "
			       "192.0.2.1,2001:db8::1";
		write_country(source, &addr, json);
		list += len + (list[len] == ',');
	}
	return NULL;
}

enum MHD_Result answer_countries(const struct request *request)
{
	const struct web_source *source = request->web->source;
	const char *list = MHD_lookup_connection_value(request->connection,
						       MHD_GET_ARGUMENT_KIND, "ip");
	struct buf json = { 0 };
	int64_t built_us;
	if (source->countries == NULL || !source->countries(source->self, &built_us)) {
		buf_text(&json, "{\"known\":false}\n");
		return answer_text(request->connection, MHD_HTTP_OK, "application/json",
				   &json);
	}
	buf_text(&json, "{\"known\":true");
	if (built_us != UNKNOWN_TIME) {
		char built[TIME_TEXT_MAX];
		record_time_text(built_us, built);
		buf_printf(&json, ",\"built\":\"%s\"", built);
	}
	buf_text(&json, ",\"countries\":{");
	const char *wrong = write_countries(source, list != NULL ? list : "", &json);
	if (wrong != NULL) {
		buf_free(&json);
		return answer_error(request->connection, MHD_HTTP_BAD_REQUEST,
				    request->path, wrong);
	}
	buf_text(&json, "}}\n");
	return answer_text(request->connection, MHD_HTTP_OK, "application/json", &json);
}
