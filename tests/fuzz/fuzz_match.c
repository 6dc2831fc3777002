/*
 * fuzz_match.c: any text as conditions on incidents: no crash, and a place and a
 * sentence for every refusal; and any incident for what is taken.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/match.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes of the text are those of its fields as well. */
static void ask(const struct match *match, const uint8_t *data, size_t size)
{
	struct incident_record incident;
	record_init(RECORD_incident, &incident);
	match_holds(match, &incident, "web-1");
	incident.severity = severity_names[size % SEVERITIES];
	incident.transport = "tcp";
	memcpy(incident.tags, data, size < 63 ? size : 63);
	memcpy(incident.target, data, size < 255 ? size : 255);
	memcpy(&incident.server_ip, data, size < 16 ? size : 16);
	memcpy(&incident.port, data, size < 4 ? size : 4);
	memcpy(&incident.value, data, size < 8 ? size : 8);
	match_holds(match, &incident, "web-1");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct match match;
	struct buf why = { 0 };
	size_t column;
	char *text = strndup((const char *)data, size);
	if (text == NULL)
		return 0;
	bool is_good = match_parse(text, &match, &column, &why);
	if (is_good != (why.len == 0) || column < 1 || column > strlen(text) + 1)
		abort();
	for (size_t i = 0; i < why.len; i++)
		if (why.at[i] == '\0' || why.at[i] == '\x1b')
			abort();
	if (is_good)
		ask(&match, data, size);
	buf_free(&why);
	free(text);
	return 0;
}
