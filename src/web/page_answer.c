/*
 * page_answer.c: sends a file of the page, only if the browser has it not, and
 * compressed if that can be read there (RFC 9110, 8.8.3, 12.5.3, 13.1.2; RFC 9111).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/answer.h"
#include "web/inside.h"
#include "web/page.h"

enum { TAG_MAX = 64 };

/* Whether a part of the header, such as "gzip;q=0.5", is that coding, and wanted. */
static bool part_accepts(const char *part, size_t len)
{
	size_t name = strcspn(part, ";, \t");
	if (!(name == 4 && strncasecmp(part, "gzip", 4) == 0) &&
	    !(name == 1 && part[0] == '*'))
		return false;
	const char *weight = memchr(part, '=', len);
	return weight == NULL || strtod(weight + 1, NULL) > 0;
}

static bool accepts_gzip(struct MHD_Connection *connection)
{
	const char *part = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_ACCEPT_ENCODING);
	while (part != NULL && *part != '\0') {
		part += strspn(part, ", \t");
		size_t len = strcspn(part, ",");
		if (part_accepts(part, len))
			return true;
		part += len;
	}
	return false;
}

/* Whether the browser has the file in either form. */
static bool is_known(struct MHD_Connection *connection, const struct page *page)
{
	const char *tags = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_IF_NONE_MATCH);
	return tags != NULL &&
	       (strcmp(tags, "*") == 0 || strstr(tags, page->hash) != NULL);
}

static struct MHD_Response *response_of(const struct page_bytes *bytes)
{
	return MHD_create_response_from_buffer(bytes->len, (void *)(uintptr_t)bytes->at,
					       MHD_RESPMEM_PERSISTENT);
}

enum MHD_Result answer_page(const struct request *request, const struct page *page)
{
	bool gzip = accepts_gzip(request->connection);
	bool known = is_known(request->connection, page);
	struct MHD_Response *response =
		response_of(known  ? &(struct page_bytes){ "", 0 }
			    : gzip ? &page->gzip
				   : &page->plain);
	if (response == NULL)
		return MHD_NO;
	char tag[TAG_MAX];
	snprintf(tag, sizeof(tag), "\"%s%s\"", page->hash, gzip ? "-gzip" : "");
	MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY,
				MHD_HTTP_HEADER_ACCEPT_ENCODING);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
				page->is_immutable
					? "public, max-age=31536000, immutable"
					: "no-cache");
	if (gzip && !known)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING,
					"gzip");
	return answer(request->connection, known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK,
		      page->type, response);
}
