/*
 * http_fields.c: what the fields of a head mean, whatever the version; see http_head.h.
 */
#include "protocol/header.h"
#include "protocol/http_head.h"

/* IANA's registry, WebDAV's forerunners, UPnP's events, RPC over HTTP, streams. */
static const char *const methods[] = {
	[METHOD_OTHER] = "other",
	[METHOD_GET] = "GET",
	[METHOD_POST] = "POST",
	[METHOD_HEAD] = "HEAD",
	[METHOD_CONNECT] = "CONNECT",
	"PUT",
	"DELETE",
	"OPTIONS",
	"PATCH",
	"TRACE",
	"PROPFIND",
	"PROPPATCH",
	"MKCOL",
	"COPY",
	"MOVE",
	"LOCK",
	"UNLOCK",
	"REPORT",
	"SEARCH",
	"QUERY",
	"NOTIFY",
	"SUBSCRIBE",
	"UNSUBSCRIBE",
	"ACL",
	"BASELINE-CONTROL",
	"BIND",
	"CHECKIN",
	"CHECKOUT",
	"LABEL",
	"LINK",
	"MERGE",
	"MKACTIVITY",
	"MKCALENDAR",
	"MKREDIRECTREF",
	"MKWORKSPACE",
	"ORDERPATCH",
	"REBIND",
	"UNBIND",
	"UNCHECKOUT",
	"UNLINK",
	"UPDATE",
	"UPDATEREDIRECTREF",
	"VERSION-CONTROL",
	"RPC_IN_DATA",
	"RPC_OUT_DATA",
	"BCOPY",
	"BMOVE",
	"BPROPFIND",
	"POLL",
	"PURGE",
	"SOURCE",
	"DEBUG",
	"TRACK",
};
enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

uint8_t http_method(struct bytes token)
{
	for (size_t i = METHOD_OTHER + 1; i < METHODS; i++)
		if (strlen(methods[i]) == token.len && line_starts(token, methods[i]))
			return (uint8_t)i;
	return METHOD_OTHER;
}

const char *http_method_word(uint8_t method)
{
	return methods[method];
}

bool http_number(struct bytes text, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || *value > UINT64_MAX / 100)
			return false;
		*value = *value * 10 + (text.at[i] - '0');
	}
	return text.len > 0;
}

static struct bytes until_any(struct bytes text, const char *ends)
{
	size_t len = 0;
	while (len < text.len && strchr(ends, text.at[len]) == NULL)
		len++;
	return bytes_of(text.at, len);
}

/* host of "user:password@host:port"; of "[2001:db8::1]:80", too. */
static struct bytes host_of(struct bytes authority)
{
	size_t from = authority.len, colon;
	while (from > 0 && authority.at[from - 1] != '@')
		from--;
	bytes_take(&authority, from);
	for (colon = authority.len; colon > 0; colon--)
		if (authority.at[colon - 1] == ':' || authority.at[colon - 1] == ']')
			break;
	if (colon > 0 && authority.at[colon - 1] == ':')
		authority.len = colon - 1;
	return authority;
}

static void set_host(struct http_head *head, struct bytes authority)
{
	facts_text(head->host, sizeof(head->host), host_of(authority));
}

/* "scheme://": RFC 3986 3.1; what follows it, or the text as it is. */
static bool skip_scheme(struct bytes *target)
{
	struct bytes scheme = until_any(*target, ":/?#");
	struct bytes rest = bytes_of(target->at + scheme.len, target->len - scheme.len);
	if (scheme.len == 0 || !line_starts(rest, "://"))
		return false;
	bytes_take(target, scheme.len + 3);
	return true;
}

void http_target(struct http_head *head, struct bytes target)
{
	if (skip_scheme(&target)) {
		struct bytes authority = until_any(target, "/?#");
		set_host(head, authority);
		bytes_take(&target, authority.len);
	} else if (head->method == METHOD_CONNECT) {
		set_host(head, target);
		return;
	}
	/* Parameters hold sessions (";jsessionid="), queries anything. */
	facts_text(head->path, sizeof(head->path), until_any(target, "?#;"));
}

static void take_proof(struct http_head *head, struct bytes value, bool is_for_proxy)
{
	if (head->has_proof && is_for_proxy)
		return; /* that for the server counts */
	head->has_proof = credentials_read(value, &head->proof);
	head->is_for_proxy = is_for_proxy;
}

static void take_upgrade(struct http_head *head, struct bytes value)
{
	if (line_starts_nocase(value, "h2c"))
		head->upgrade = UPGRADE_H2C;
	else if (line_starts_nocase(value, "tls/"))
		head->upgrade = UPGRADE_TLS;
	else
		head->upgrade = UPGRADE_OTHER;
}

static void take_challenge(struct http_head *head, struct bytes value)
{
	struct challenge challenge;
	challenge_read(value, &challenge);
	head->offers |= 1u << challenge.scheme;
	head->goes_on = head->goes_on || challenge.goes_on;
}

static void take_grpc_status(struct http_head *head, struct bytes value)
{
	uint64_t status;
	head->has_grpc_status = http_number(value, &status) && status <= 16;
	head->grpc_status = head->has_grpc_status ? (unsigned)status : 0;
}

void http_field(struct http_head *head, struct bytes name, struct bytes value)
{
	if (line_is_nocase(name, "host") && head->host[0] == '\0')
		set_host(head, value);
	else if (line_is_nocase(name, "user-agent"))
		facts_text(head->agent, sizeof(head->agent), value);
	else if (line_is_nocase(name, "server"))
		facts_text(head->software, sizeof(head->software), value);
	else if (line_is_nocase(name, "content-type"))
		facts_text(head->content_type, sizeof(head->content_type),
			   line_trim(until_any(value, ";")));
	else if (line_is_nocase(name, "authorization"))
		take_proof(head, value, false);
	else if (line_is_nocase(name, "proxy-authorization"))
		take_proof(head, value, true);
	else if (line_is_nocase(name, "www-authenticate") ||
		 line_is_nocase(name, "proxy-authenticate"))
		take_challenge(head, value);
	else if (line_is_nocase(name, "upgrade"))
		take_upgrade(head, value);
	else if (line_is_nocase(name, "expect"))
		head->waits = line_is_nocase(value, "100-continue");
	else if (line_is_nocase(name, "grpc-status"))
		take_grpc_status(head, value);
}
