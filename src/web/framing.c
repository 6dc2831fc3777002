/*
 * framing.c: see framing.h.
 */
#include "web/framing.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct seen {
	unsigned lengths, encodings, hosts;
	bool is_chunked, is_bad_name;
};

/* RFC 9110 5.6.2; a blank before the colon makes another name of it (RFC 9112 5.1). */
static bool is_token(const char *name)
{
	for (; *name != '\0'; name++)
		if (*name <= ' ' || *name > '~' ||
		    strchr("\"(),/:;<=>?@[\\]{}", *name) != NULL)
			return false;
	return true;
}

static enum MHD_Result look(void *to, enum MHD_ValueKind kind, const char *name,
			    const char *value)
{
	struct seen *seen = to;
	(void)kind;
	seen->is_bad_name |= !is_token(name);
	seen->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
	seen->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
	if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		seen->encodings++;
		seen->is_chunked = value != NULL && strcasecmp(value, "chunked") == 0;
	}
	return MHD_YES;
}

const char *framing_doubt(struct MHD_Connection *connection)
{
	struct seen seen = { 0 };
	MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &seen);
	if (seen.is_bad_name)
		return "a header's name is no token (RFC 9110 5.6.2)";
	if (seen.lengths > 1 || seen.encodings > 1 ||
	    (seen.lengths > 0 && seen.encodings > 0))
		return "one Content-Length or one Transfer-Encoding is allowed";
	if (seen.encodings == 1 && !seen.is_chunked)
		return "the only Transfer-Encoding allowed is chunked";
	return seen.hosts > 1 ? "one Host is allowed" : NULL;
}
