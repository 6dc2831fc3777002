/*
 * answer.c: send answers; see answer.h.
 */
#include "web/answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const headers[][2] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src "
				     "'self'; img-src 'self' data:; "
				     "connect-src 'self'; frame-ancestors 'none'; "
				     "base-uri 'none'; form-action 'self'; "
				     "require-trusted-types-for 'script'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
};

static bool is_secure(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info != NULL && info->tls_session != NULL;
}

enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
		       const char *type, struct MHD_Response *response)
{
	if (response == NULL)
		return MHD_NO; /* no memory: the connection is closed */
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (MHD_get_response_header(response, headers[i][0]) == NULL)
			MHD_add_response_header(response, headers[i][0], headers[i][1]);
	if (is_secure(connection))
		MHD_add_response_header(response, "Strict-Transport-Security",
					"max-age=31536000");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* NULL: there is no memory. */
static struct MHD_Response *response_of(struct buf *text)
{
	struct MHD_Response *response = NULL;
	if (buf_ok(text))
		response = MHD_create_response_from_buffer(text->len, text->at,
							   MHD_RESPMEM_MUST_FREE);
	if (response != NULL)
		*text = (struct buf){ 0 };
	buf_free(text);
	return response;
}

enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
			    const char *type, struct buf *text)
{
	static char sorry[] = "out of memory\n";
	bool is_whole = buf_ok(text);
	struct MHD_Response *response = response_of(text);
	if (!is_whole) {
		status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		type = "text/plain; charset=utf-8";
		response = MHD_create_response_from_buffer(strlen(sorry), sorry,
							   MHD_RESPMEM_PERSISTENT);
	}
	return answer(connection, status, type, response);
}

/* What type of answer it is. */
static const char *put_error(struct buf *text, const char *path, const char *message)
{
	if (strncmp(path, "/api/", strlen("/api/")) == 0) {
		buf_text(text, "{\"error\":\"");
		buf_json_text(text, message);
		buf_text(text, "\"}\n");
		return "application/json";
	}
	buf_text(text, message);
	buf_char(text, '\n');
	return "text/plain; charset=utf-8";
}

enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status,
			     const char *path, const char *message)
{
	struct buf text = { 0 };
	const char *type = put_error(&text, path, message);
	return answer_text(connection, status, type, &text);
}

enum MHD_Result answer_only(struct MHD_Connection *connection, const char *path,
			    const char *methods)
{
	char message[64];
	struct buf text = { 0 };
	snprintf(message, sizeof(message), "only %s", methods);
	const char *type = put_error(&text, path, message);
	struct MHD_Response *response = response_of(&text);
	if (response != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, methods);
	return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, type, response);
}
