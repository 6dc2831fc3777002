/*
 * door.c: see door.h.
 */
#include "web/door.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/hex.h"
#include "web/forwarded.h"

static const char *const by_names[] = {
	[BY_NOBODY] = "nobody",   [BY_SOCKET] = "socket", [BY_LOOPBACK] = "loopback",
	[BY_SESSION] = "session", [BY_TOKEN] = "token",   [BY_PROXY] = "proxy",
};

const char *door_by_name(enum door_by by)
{
	return by_names[by];
}

bool door_open(struct door *door, const struct config *config)
{
	door->config = config;
	return secret_new(door->proxy_key);
}

/* ---- who is it ---- */

/* Root needs no look into files that the daemon may not read any more. */
static void name_uid(uid_t uid, char out[static VISITOR_NAME_MAX])
{
	enum { ENTRY_MAX = 4096 };
	char entry[ENTRY_MAX];
	struct passwd user, *found = NULL;
	if (uid == 0)
		snprintf(out, VISITOR_NAME_MAX, "root");
	else if (getpwuid_r(uid, &user, entry, sizeof(entry), &found) == 0 &&
		 found != NULL)
		snprintf(out, VISITOR_NAME_MAX, "%s", user.pw_name);
	else
		snprintf(out, VISITOR_NAME_MAX, "uid %u", (unsigned)uid);
}

/* Whom the kernel says to be at the other end, which no request can forge. */
static void take_peer(const struct door_asked *asked, struct visitor *visitor)
{
	bool is_ours = asked->has_uid && (asked->uid == 0 || asked->uid == geteuid());
	visitor->by = BY_SOCKET;
	visitor->role = is_ours ? ROLE_ADMINISTRATOR : ROLE_VIEWER;
	if (asked->has_uid)
		name_uid(asked->uid, visitor->name);
}

static void take_token(struct door *door, const struct door_asked *asked,
		       struct visitor *visitor)
{
	const struct token *token =
		people_token_of(&door->people, asked->credential.token, asked->now_us);
	if (token == NULL)
		return;
	visitor->by = BY_TOKEN;
	visitor->role = token->role;
	visitor->token = token->digest;
	snprintf(visitor->name, sizeof(visitor->name), "%s", token->name);
}

static void take_session(struct door *door, const struct door_asked *asked,
			 struct visitor *visitor)
{
	struct session *session =
		session_find(&door->sessions, asked->credential.session, asked->now_ms);
	if (session == NULL)
		return;
	bool is_console = session->user[0] == '\0';
	const struct user *user = people_user(&door->people, session->user);
	if (!is_console && user == NULL)
		return;
	visitor->by = BY_SESSION;
	visitor->role = is_console ? ROLE_ADMINISTRATOR : user->role;
	visitor->session = session->id;
	snprintf(visitor->name, sizeof(visitor->name), "%s",
		 is_console ? NAME_CONSOLE : user->name);
	memcpy(visitor->csrf, session->csrf, sizeof(visitor->csrf));
}

static bool is_proxy(const struct door *door, const struct addr *client)
{
	return forwarded_is_ours(&door->config->web_proxy, client);
}

/* The same for each request of a user while we run, and nobody else's. */
static void make_csrf(const struct door *door, const char *name,
		      char out[static SECRET_TEXT_MAX])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	out[0] = '\0';
	if (HMAC(EVP_sha256(), door->proxy_key, (int)strlen(door->proxy_key),
		 (const uint8_t *)name, strlen(name), digest, &len) != NULL &&
	    len >= SECRET_BYTES)
		hex_text(out, digest, SECRET_BYTES);
}

/* Whom the proxy says it is: of a name and a role that could be ours, too. */
static void take_proxied(const struct door *door, const struct door_asked *asked,
			 struct visitor *visitor)
{
	enum role role = role_parse(door->config->web_proxy_role);
	if (asked->proxy_user == NULL || !person_name_is_good(asked->proxy_user))
		return;
	if (door->config->web_proxy_role_header[0] != '\0' && asked->proxy_role != NULL)
		role = role_parse(asked->proxy_role);
	make_csrf(door, asked->proxy_user, visitor->csrf);
	if (role == ROLE_NONE || visitor->csrf[0] == '\0')
		return;
	visitor->by = BY_PROXY;
	visitor->role = role;
	snprintf(visitor->name, sizeof(visitor->name), "%s", asked->proxy_user);
}

/* Who comes through a proxy is not from here, wherever the proxy runs. */
static void take_loopback(const struct door *door, const struct door_asked *asked,
			  struct visitor *visitor)
{
	if (!door->config->web_loopback_read || !addr_is_loopback(&asked->client) ||
	    asked->is_forwarded || is_proxy(door, &asked->client))
		return;
	visitor->by = BY_LOOPBACK;
	visitor->role = ROLE_VIEWER;
}

/* What is said more plainly goes first.  A token that is none is never passed over: its
 * program shall know. */
static void identify(struct door *door, const struct door_asked *asked,
		     struct visitor *visitor)
{
	memset(visitor, 0, sizeof(*visitor));
	if (asked->is_local) {
		take_peer(asked, visitor);
		return;
	}
	if (asked->credential.is_bearer) {
		take_token(door, asked, visitor);
		return;
	}
	take_session(door, asked, visitor);
	if (visitor->by == BY_NOBODY && is_proxy(door, &asked->client))
		take_proxied(door, asked, visitor);
	if (visitor->by == BY_NOBODY)
		take_loopback(door, asked, visitor);
}

/* ---- is he still ---- */

static bool has_session(struct door *door, const struct secret_digest *id,
			int64_t now_ms)
{
	const struct session *session = session_of(&door->sessions, id, now_ms);
	return session != NULL && (session->user[0] == '\0' ||
				   people_user(&door->people, session->user) != NULL);
}

static bool has_token(const struct people *people, const struct secret_digest *digest,
		      int64_t now_us)
{
	for (size_t i = 0; i < people->token_count; i++)
		if (secret_same(&people->tokens[i].digest, digest))
			return people->tokens[i].until_us > now_us;
	return false;
}

bool door_still_admits(struct door *door, const struct visitor *visitor, int64_t now_us,
		       int64_t now_ms)
{
	switch (visitor->by) {
	case BY_SESSION:
		return has_session(door, &visitor->session, now_ms);
	case BY_TOKEN:
		return has_token(&door->people, &visitor->token, now_us);
	case BY_LOOPBACK:
		return door->config->web_loopback_read;
	case BY_PROXY:
		return door->config->web_proxy.count > 0;
	default:
		return visitor->by == BY_SOCKET;
	}
}

/* ---- may he ---- */

static bool is_our_name(const struct door *door, const char *origin)
{
	for (size_t i = 0; i < door->config->web_names.count; i++)
		if (origin_is_host(origin, door->config->web_names.at[i]))
			return true;
	return false;
}

/*
 * A browser says which page asks, and no page can make it lie.  Behind a proxy the
 * browser knows another name of ours than we see in Host: then it is in web.names.
 */
static bool is_other_page(const struct door *door, const struct door_asked *asked)
{
	const char *site = asked->fetch_site, *origin = asked->origin;
	bool is_same = site != NULL &&
		       (strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0);
	if (site != NULL && !is_same)
		return true;
	/* What a page that gives no referrer has for an origin. */
	if (origin == NULL || (is_same && strcmp(origin, "null") == 0))
		return false;
	return (asked->host == NULL || !origin_is_host(origin, asked->host)) &&
	       !is_our_name(door, origin);
}

/* Programs with a token, and the socket, carry nothing that a browser sends by itself.
 */
static bool needs_csrf(const struct visitor *visitor)
{
	return visitor->by == BY_SESSION || visitor->by == BY_PROXY;
}

enum door_verdict door_decide(struct door *door, const struct door_asked *asked,
			      struct visitor *visitor)
{
	bool is_proxied = asked->proxy_user != NULL || asked->proxy_role != NULL;
	identify(door, asked, visitor);
	if (!asked->is_local && is_proxied &&
	    (asked->is_doubtful || !is_proxy(door, &asked->client)))
		return DOOR_NO_PROXY;
	if (visitor->role < asked->needed)
		return visitor->by == BY_NOBODY || visitor->by == BY_LOOPBACK
			       ? DOOR_SIGN_IN
			       : DOOR_NOT_HIS;
	if (asked->is_local || (!asked->is_change && !asked->is_costly))
		return DOOR_OPEN;
	if (visitor->by != BY_TOKEN && is_other_page(door, asked))
		return DOOR_OTHER_PAGE;
	if (asked->is_change && asked->needed != ROLE_NONE && needs_csrf(visitor) &&
	    !secret_same_text(asked->credential.csrf, visitor->csrf))
		return DOOR_NO_CSRF;
	return DOOR_OPEN;
}
