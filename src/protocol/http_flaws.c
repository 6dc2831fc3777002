/*
 * http_flaws.c: what is wrong with requests, told; see http_flaws.h.
 */
#include "protocol/http_flaws.h"

static const struct talk_notice smuggling = {
	.kind = "protocol_anomaly",
	.technique = "request_smuggling",
	.severity = "high",
	.mitre = "T1190",
	.about = ABOUT_CLIENT,
	.why = "a proxy and the server behind it may see different requests in it "
	       "(RFC 9112 11.2)",
};
static const struct talk_notice ambiguous = {
	.kind = "protocol_anomaly",
	.technique = "ambiguous_length",
	.severity = "notice",
	.about = ABOUT_CLIENT,
	.why = "where it ends is for the server to guess (RFC 9112 6.3)",
};
static const struct talk_notice bad_chunk = {
	.kind = "protocol_anomaly",
	.technique = "bad_chunk",
	.severity = "medium",
	.mitre = "T1190",
	.about = ABOUT_CLIENT,
	.why = "a lenient reader takes the body's end elsewhere (RFC 9112 7.1)",
};
static const struct talk_notice header_flood = {
	.kind = "protocol_anomaly",
	.technique = "header_flood",
	.severity = "medium",
	.mitre = "T1499",
	.about = ABOUT_CLIENT,
	.why = "the server has to keep every line of it (RFC 9110 5.4)",
};
static const struct talk_notice oversized_head = {
	.kind = "protocol_anomaly",
	.technique = "oversized_head",
	.severity = "notice",
	.about = ABOUT_CLIENT,
	.why = "many servers refuse it (RFC 6585 5)",
};
static const struct talk_notice control_characters = {
	.kind = "protocol_anomaly",
	.technique = "control_characters",
	.severity = "low",
	.about = ABOUT_CLIENT,
	.why = "servers read a header with them differently (RFC 9110 5.5)",
};
static const struct talk_notice long_target = {
	.kind = "protocol_anomaly",
	.technique = "long_target",
	.severity = "notice",
	.about = ABOUT_CLIENT,
	.why = "no server has to support that (RFC 9112 3)",
};

void http_tell_flaws(struct talk *talk, unsigned flaws, int64_t at_us)
{
	static const struct {
		enum http_flaw flaw;
		const struct talk_notice *notice;
		const char *seen;
	} meanings[] = {
		{ FLAW_LENGTHS, &smuggling,
		  "Content-Length with two values in one request (RFC 9112 6.3)" },
		{ FLAW_LENGTH, &smuggling,
		  "Content-Length that is no number (RFC 9112 6.3)" },
		{ FLAW_CODING, &smuggling,
		  "Transfer-Encoding that only looks like chunked (RFC 9112 6.1)" },
		{ FLAW_ORDER, &smuggling,
		  "Transfer-Encoding with chunked not last (RFC 9112 6.1)" },
		{ FLAW_HIDDEN, &smuggling,
		  "disguised Content-Length or Transfer-Encoding (RFC 9112 2.2, 5.1)" },
		{ FLAW_BOTH, &ambiguous,
		  "Content-Length and Transfer-Encoding in one request" },
		{ FLAW_UNCHUNKED, &ambiguous,
		  "Transfer-Encoding of a request that is not simply chunked" },
		{ FLAW_LINES, &header_flood,
		  "request with more than 200 header lines" },
		{ FLAW_CONTROL, &control_characters,
		  "control characters in the head of a request" },
		{ FLAW_TARGET, &long_target,
		  "request for a target of more than 8000 bytes" },
	};
	for (size_t i = 0; flaws != 0 && i < sizeof(meanings) / sizeof(meanings[0]);
	     i++)
		if (flaws & meanings[i].flaw)
			talk_notice(talk, meanings[i].notice, at_us, "%s",
				    meanings[i].seen);
}

void http_tell_oversized(struct talk *talk, int64_t at_us)
{
	talk_notice(talk, &oversized_head, at_us,
		    "request with a head of more than %d bytes", TURN_MAX);
}

void http_tell_chunk(struct talk *talk, const char *seen, int64_t at_us)
{
	talk_notice(talk, &bad_chunk, at_us, "%s", seen);
}

void http_tell_lengths(struct talk *talk, int64_t surplus, int64_t at_us)
{
	talk_notice(talk, &smuggling, at_us,
		    "request whose chunks are %s than its Content-Length",
		    surplus > 0 ? "shorter" : "longer");
}
