/*
 * blackbox_grpc.c: see blackbox_grpc.h.
 */
#include "probe/blackbox_grpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/blackbox_metric.h"
#include "probe/http.h"

enum {
	URL_MAX = 2 * TARGET_TEXT_MAX,
	FRAME = 5, /* whether compressed, and the length */
	/* Of protobuf's wire format: field 1 as text or bytes, as a number. */
	FIELD_1_BYTES = 0x0a,
	FIELD_1_VARINT = 0x08,
};

/* Of grpc/status: those that are not told by the server itself. */
enum {
	CODE_OK = 0,
	CODE_UNKNOWN = 2,
	CODE_DEADLINE_EXCEEDED = 4,
	CODE_PERMISSION_DENIED = 7,
	CODE_UNIMPLEMENTED = 12,
	CODE_INTERNAL = 13,
	CODE_UNAVAILABLE = 14,
	CODE_UNAUTHENTICATED = 16,
	CODE_LAST = 16,
};

static const char *const serving[] = { "UNKNOWN", "SERVING", "NOT_SERVING",
				       "SERVICE_UNKNOWN" };
enum { SERVING = 1, SERVING_COUNT = sizeof(serving) / sizeof(serving[0]) };

/* ---- the question ---- */

static void add_varint(struct buf *out, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		buf_char(out, (char)(0x80 | (value & 0x7f)));
	buf_char(out, (char)value);
}

/* A HealthCheckRequest in its frame. */
static void write_question(const char *service, struct buf *out)
{
	struct buf message = { 0 };
	size_t len = service != NULL ? strlen(service) : 0;
	if (len > 0) {
		buf_char(&message, FIELD_1_BYTES);
		add_varint(&message, len);
		buf_add(&message, service, len);
	}
	const char head[FRAME] = { 0, (char)(message.len >> 24),
				   (char)(message.len >> 16), (char)(message.len >> 8),
				   (char)message.len };
	buf_add(out, head, sizeof(head));
	if (message.len > 0)
		buf_add(out, message.at, message.len);
	buf_free(&message);
}

bool blackbox_grpc_target(const struct blackbox_module *module, const char *text,
			  struct target *target, struct buf *body)
{
	char url[URL_MAX], why[TARGET_WHY_MAX];
	const char *scheme = strstr(text, "://"),
		   *host = scheme != NULL ? scheme + 3 : text;
	int written =
		snprintf(url, sizeof(url), "%s://%.*s/grpc.health.v1.Health/Check",
			 module->way[BLACKBOX_GRPC].tls ? "https" : "http",
			 (int)strcspn(host, "/?#"), host);
	if (written < 0 || (size_t)written >= sizeof(url) ||
	    !target_parse(target, url, why))
		return false;
	struct http_wanted *w = target->http;
	write_question(module->grpc_service, body);
	w->method = "POST";
	w->body = body->at;
	w->body_len = body->len;
	w->follows = false;
	w->keeps_body = true;
	w->version = CURL_HTTP_VERSION_2_0;
	w->fields = curl_slist_append(w->fields, "Content-Type: application/grpc");
	w->fields = curl_slist_append(w->fields, "TE: trailers");
	const char *name = module->way[BLACKBOX_GRPC].tls_config.server_name;
	bool is_named = name == NULL || name[0] == '\0' || !w->is_tls ||
			http_wanted_named(target, name, true);
	return is_named && !body->failed;
}

/* ---- the answer ---- */

/* Of an answer without one of its own: "HTTP to gRPC Status Code Mapping". */
static unsigned code_of_status(long status)
{
	switch (status) {
	case 400:
		return CODE_INTERNAL;
	case 401:
		return CODE_UNAUTHENTICATED;
	case 403:
		return CODE_PERMISSION_DENIED;
	case 404:
		return CODE_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return CODE_UNAVAILABLE;
	default:
		return CODE_UNKNOWN;
	}
}

static unsigned code_of(const struct http_answer *answer)
{
	char text[8] = "", *end;
	struct bytes code = http_header(answer->head, "grpc-status", 11);
	if (answer->code == CURLE_OPERATION_TIMEDOUT)
		return CODE_DEADLINE_EXCEEDED;
	if (answer->code != CURLE_OK)
		return CODE_UNAVAILABLE;
	if (answer->status != 200)
		return code_of_status(answer->status);
	if (code.len == 0 || code.len >= sizeof(text))
		return CODE_UNKNOWN;
	memcpy(text, code.at, code.len);
	unsigned long value = strtoul(text, &end, 10);
	return *end == '\0' && value <= CODE_LAST ? (unsigned)value : CODE_UNKNOWN;
}

/* The status of a HealthCheckResponse; false: it is none.  Left out it is 0. */
static bool read_answer(struct bytes body, uint64_t *status)
{
	unsigned is_compressed = bytes_u8(&body);
	uint32_t len = bytes_be32(&body);
	*status = 0;
	if (!bytes_ok(&body) || is_compressed != 0 || len != body.len)
		return false;
	if (len == 0)
		return true;
	if (bytes_u8(&body) != FIELD_1_VARINT)
		return false;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		unsigned byte = bytes_u8(&body);
		*status |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return bytes_ok(&body);
	}
	return false;
}

static uint64_t time_at(CURL *easy, CURLINFO what)
{
	curl_off_t us = 0;
	curl_easy_getinfo(easy, what, &us);
	return us > 0 ? (uint64_t)us : 0;
}

void blackbox_grpc_see(struct blackbox_seen_grpc *seen,
		       const struct blackbox_module *module, void *easy,
		       const struct http_answer *answer)
{
	*seen = (struct blackbox_seen_grpc){ .is_done = true, .code = code_of(answer) };
	seen->check_us = time_at(easy, CURLINFO_TOTAL_TIME_T);
	if (seen->code != CODE_OK)
		return;
	if (read_answer(answer->body, &seen->serving))
		seen->is_tls = module->way[BLACKBOX_GRPC].tls;
	else
		seen->code = CODE_INTERNAL;
}

bool blackbox_grpc_is_well(const struct blackbox_seen_grpc *seen)
{
	return seen->is_done && seen->code == CODE_OK && seen->serving == SERVING;
}

/* ---- what is told ---- */

void blackbox_grpc_tell(const struct blackbox_seen_grpc *seen, double resolve,
			struct buf *out)
{
	const struct blackbox_phase phases[] = {
		{ "resolve", resolve }, { "check", (double)seen->check_us / 1e6 }
	};
	blackbox_phases(out, BLACKBOX_grpc_duration_seconds, phases,
			seen->is_done ? 2 : 1);
	if (seen->is_done)
		blackbox_head(out, BLACKBOX_grpc_healthcheck_response);
	for (unsigned i = 0; seen->is_done && i < SERVING_COUNT; i++) {
		const struct blackbox_label label = { "serving_status", serving[i] };
		blackbox_sample(out, BLACKBOX_grpc_healthcheck_response, &label, 1,
				seen->code == CODE_OK && seen->serving == i);
	}
	blackbox_tell(out, BLACKBOX_grpc_ssl, seen->is_tls);
	blackbox_tell(out, BLACKBOX_grpc_status_code, seen->code);
}
