/*
 * door_http.c: see door_http.h.
 *
 * On TCP the Host header must be an address or a name of this machine: a page of a
 * stranger whose name was rebound to 127.0.0.1 still sends the stranger's name.
 */
#include "web/door_http.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web/answer.h"
#include "web/forwarded.h"
#include "web/heartbeat.h"
#include "web/page.h"

static const char *header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* ---- whose name is it ---- */

static bool is_address(const char *host)
{
	uint8_t bytes[16];
	return inet_pton(AF_INET, host, bytes) == 1 ||
	       inet_pton(AF_INET6, host, bytes) == 1;
}

static bool is_configured(const struct config *config, const char *host)
{
	size_t len = strlen(host);
	for (size_t i = 0; i < config->web_names.count; i++) {
		const char *name = config->web_names.at[i];
		if (strcspn(name, ":") == len && strncasecmp(name, host, len) == 0)
			return true;
	}
	return false;
}

/* Rebinding needs a name that a stranger controls; an address is none. */
bool door_knows_host(const struct web *web, const char *header_value)
{
	char host[256], own[256] = "";
	bool bracket = header_value[0] == '[';
	size_t len = strcspn(header_value + bracket, bracket ? "]" : ":");
	if (len >= sizeof(host))
		return false;
	memcpy(host, header_value + bracket, len);
	host[len] = '\0';
	gethostname(own, sizeof(own) - 1);
	return is_address(host) || strcasecmp(host, "localhost") == 0 ||
	       (own[0] != '\0' && strcasecmp(host, own) == 0) ||
	       is_configured(web->access->door.config, host);
}

/* ---- what is asked ---- */

/* The user at the other end of a Unix socket. */
static bool peer_uid(const struct request *request, uid_t *uid)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (info == NULL ||
	    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*uid = peer.uid;
	return true;
}

/* The page itself says nothing of this machine; heartbeats have tokens of their own. */
static enum role needed(const struct request *request)
{
	struct page page;
	if ((!request->post && page_at(request->path, &page)) ||
	    heartbeat_takes(request->path,
			    request->post ? MHD_HTTP_METHOD_POST : MHD_HTTP_METHOD_GET))
		return ROLE_NONE;
	return role_needed(request->path, request->post);
}

static bool is_forwarded(const struct request *request)
{
	static const char *const added[] = { "Forwarded", "X-Forwarded-For",
					     "X-Forwarded-Host", "X-Real-IP", "Via" };
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++)
		if (header(request, added[i]) != NULL)
			return true;
	return false;
}

struct counted {
	const char *name, *value;
	unsigned count;
};

static enum MHD_Result count_header(void *to, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct counted *counted = to;
	(void)kind;
	if (strcasecmp(name, counted->name) != 0)
		return MHD_YES;
	counted->value = value;
	counted->count++;
	return MHD_YES;
}

/*
 * What a proxy says.  A second one may be the client's own, which the proxy let pass:
 * which of them is true can't be told.
 */
static const char *proxy_header(const struct request *request, const char *name,
				bool *is_doubtful)
{
	struct counted counted = { .name = name };
	if (name[0] == '\0')
		return NULL;
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_header,
				  &counted);
	*is_doubtful |= counted.count > 1;
	return counted.value;
}

struct added_lines {
	const char *name;
	struct forwarded forwarded;
};

static enum MHD_Result take_line(void *to, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	struct added_lines *lines = to;
	(void)kind;
	if (strcasecmp(name, lines->name) == 0)
		forwarded_line(&lines->forwarded, value != NULL ? value : "");
	return MHD_YES;
}

/* From where it comes, as a proxy of ours says; of others it is who asks. */
static struct addr client_of(const struct request *request, const struct addr *peer)
{
	const struct config *config = request->web->access->door.config;
	struct added_lines lines = { .name = config->web_proxy_client_header };
	if (lines.name[0] == '\0' || !forwarded_is_ours(&config->web_proxy, peer))
		return *peer;
	forwarded_init(&lines.forwarded, lines.name, &config->web_proxy);
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, take_line,
				  &lines);
	return addr_is_unset(&lines.forwarded.client) ? *peer : lines.forwarded.client;
}

static void take_network(const struct request *request, struct door_asked *asked)
{
	const struct access *access = request->web->access;
	const struct config *config = access->door.config;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct credential_headers headers = {
		.cookie = header(request, MHD_HTTP_HEADER_COOKIE),
		.authorization = header(request, MHD_HTTP_HEADER_AUTHORIZATION),
		.csrf = header(request, CSRF_HEADER),
	};
	struct exchange *exchange = request->exchange;
	asked->client = addr_unset();
	if (info != NULL)
		addr_of_socket(info->client_addr, &asked->client);
	exchange->peer = asked->client;
	exchange->client = client_of(request, &exchange->peer);
	asked->host = header(request, MHD_HTTP_HEADER_HOST);
	asked->origin = header(request, MHD_HTTP_HEADER_ORIGIN);
	asked->fetch_site = header(request, "Sec-Fetch-Site");
	asked->is_forwarded = is_forwarded(request);
	asked->proxy_user = proxy_header(request, config->web_proxy_user_header,
					 &asked->is_doubtful);
	asked->proxy_role = proxy_header(request, config->web_proxy_role_header,
					 &asked->is_doubtful);
	credential_read(&headers, access->cookie, &asked->credential);
}

/* ---- what is said to who may not ---- */

static enum MHD_Result ask_to_sign_in(const struct request *request)
{
	static char json[] = "{\"error\":\"sign in\"}\n", text[] = "sign in\n";
	bool is_api = strncmp(request->path, "/api/", strlen("/api/")) == 0;
	char *body = is_api ? json : text;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(body), body, MHD_RESPMEM_PERSISTENT);
	if (response != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					"Bearer realm=\"breakwater\"");
	return answer(request->connection, MHD_HTTP_UNAUTHORIZED,
		      is_api ? "application/json" : "text/plain; charset=utf-8",
		      response);
}

static enum MHD_Result turn_away(const struct request *request,
				 enum door_verdict verdict)
{
	static const struct {
		unsigned status;
		const char *why;
	} words[] = {
		[DOOR_NOT_HIS] = { MHD_HTTP_FORBIDDEN,
				   "not permitted: another role is needed "
				   "(docs/web.md); "
				   "on the Unix socket only root and the daemon's own "
				   "user may change something" },
		[DOOR_NO_CSRF] = { MHD_HTTP_FORBIDDEN,
				   "not permitted: a change by a session has the "
				   "header " CSRF_HEADER
				   " with the word that /api/v1/me gives" },
		[DOOR_OTHER_PAGE] = { MHD_HTTP_FORBIDDEN,
				      "not permitted: another page asks for this; "
				      "names "
				      "of this one are set by web.names" },
		[DOOR_NO_PROXY] = { MHD_HTTP_BAD_REQUEST, "only a proxy of web.proxy "
							  "says who somebody is, and "
							  "once" },
	};
	if (verdict == DOOR_SIGN_IN)
		return ask_to_sign_in(request);
	return answer_error(request->connection, words[verdict].status, request->path,
			    words[verdict].why);
}

bool door_admits(struct request *request, enum MHD_Result *answered)
{
	struct exchange *exchange = request->exchange;
	struct door_asked asked = { .is_local = exchange->is_local,
				    .needed = needed(request),
				    .is_change = request->post,
				    .is_costly = report_is_at(request->path),
				    .now_us = web_now_us(),
				    .now_ms = web_now_ms() };
	exchange->client = exchange->peer = addr_unset();
	if (exchange->is_local)
		asked.has_uid = peer_uid(request, &asked.uid);
	else
		take_network(request, &asked);
	enum door_verdict verdict =
		door_decide(&request->web->access->door, &asked, &exchange->visitor);
	secret_forget(&asked.credential, sizeof(asked.credential));
	if (verdict == DOOR_OPEN)
		return true;
	*answered = turn_away(request, verdict);
	return false;
}
