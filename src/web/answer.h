/*
 * answer.h: what every HTTP answer has in common: the security headers, errors in one
 * line.
 */
#pragma once

#include <microhttpd.h>

#include "base/buf.h"

/* Sends text, which is taken over.  Without memory: 500. */
enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
			    const char *type, struct buf *text);

/* Sends a response, with the headers that it has not its own of, and lets go of it. */
enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
		       const char *type, struct MHD_Response *response);

/* 405: which methods are allowed there, in one line and in Allow. */
enum MHD_Result answer_only(struct MHD_Connection *connection, const char *path,
			    const char *methods);

/* One line: {"error":"..."} below /api/, else text. */
enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status,
			     const char *path, const char *message);
