/*
 * notify_snmp.c: SNMP informs and traps of version 2c and 3 to a manager of networks.
 *
 * An inform is answered, so that one that nobody has taken is tried again; a trap is
 * not, and goes only if asked for.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "alert/peer.h"
#include "alert/snmp_trap.h"

enum { TRAP_PORT = 162 };

static const struct notifier_option options[] = {
	{ "version", SINK_TEXT, false, "2c (if not given) or 3." },
	{ "inform", SINK_FLAG, false,
	  "Whether an answer is waited for; no: traps, which can be lost. yes if not "
	  "given." },
	{ "community_file", SINK_SECRET, false,
	  "Of 2c: a file with the community; \"public\" if not given." },
	{ "user", SINK_TEXT, false, "Of 3: the user." },
	{ "auth", SINK_TEXT, false, "Of 3: sha (if not given), sha256 or sha512." },
	{ "auth_file", SINK_SECRET, false,
	  "Of 3: a file with the pass phrase of authentication." },
	{ "priv_file", SINK_SECRET, false,
	  "Of 3: a file with that of encryption (AES); without it nothing is "
	  "encrypted." },
	{ "engine", SINK_TEXT, false,
	  "Of 3 without inform: our engine, 5 to 32 bytes in hexadecimal digits; made "
	  "of "
	  "the machine's name if not given." },
	{ NULL, SINK_TEXT, false, NULL },
};

static const char *option_or(const struct sink *sink, const char *name,
			     const char *otherwise)
{
	const char *value = sink_option(sink, name);
	return value != NULL ? value : otherwise;
}

static bool is_v3(const struct sink *sink)
{
	return strcmp(option_or(sink, "version", "2c"), "3") == 0;
}

/* ---- checks ---- */

static bool check_v2(const struct sink *sink, struct buf *message)
{
	static const char *const of_v3[] = { "user", "auth", "auth_file", "priv_file",
					     "engine" };
	for (size_t i = 0; i < sizeof(of_v3) / sizeof(of_v3[0]); i++)
		if (sink_option(sink, of_v3[i]) != NULL) {
			buf_printf(message, "%s goes with version=3 only", of_v3[i]);
			return false;
		}
	return true;
}

static bool check_v3(const struct sink *sink, struct buf *message)
{
	struct snmp_engine engine;
	if (sink_option(sink, "community_file") != NULL)
		buf_text(message, "community_file goes with version=2c only");
	else if (sink_option(sink, "user") == NULL ||
		 sink_option(sink, "auth_file") == NULL)
		buf_text(message, "version=3 needs user and auth_file");
	else if (!snmp_hash_is_known(option_or(sink, "auth", "sha")))
		buf_text(message, "auth: sha, sha256 or sha512 is allowed");
	else if (sink_option(sink, "engine") != NULL &&
		 !snmp_engine_parse(sink_option(sink, "engine"), &engine))
		buf_text(message,
			 "engine: 5 to 32 bytes in hexadecimal digits are needed");
	else
		return true;
	return false;
}

static bool check(const struct sink *sink, struct buf *message)
{
	const char *version = option_or(sink, "version", "2c");
	struct peer peer;
	if (strcmp(version, "2c") != 0 && strcmp(version, "3") != 0) {
		buf_printf(message, "version: %s: 2c or 3 is allowed", version);
		return false;
	}
	return peer_of_url(sink->url, TRAP_PORT, &peer, message) &&
	       (is_v3(sink) ? check_v3(sink, message) : check_v2(sink, message));
}

/* ---- sending ---- */

struct secrets {
	struct buf community, key, private_key;
};

static void forget(struct secrets *secrets)
{
	secret_free(&secrets->community);
	secret_free(&secrets->key);
	secret_free(&secrets->private_key);
}

static bool is_long_enough(const struct buf *secret, const char *option,
			   struct buf *error)
{
	if (secret->len == 0 || secret->len >= SNMP_KEY_LEAST)
		return true;
	buf_printf(error, "%s: at least %d characters are needed", option,
		   SNMP_KEY_LEAST);
	return false;
}

static bool read_secrets(const struct sink *sink, struct secrets *out,
			 struct buf *error)
{
	return sink_secret(sink, "community_file", &out->community, error) &&
	       sink_secret(sink, "auth_file", &out->key, error) &&
	       sink_secret(sink, "priv_file", &out->private_key, error) &&
	       is_long_enough(&out->key, "auth_file", error) &&
	       is_long_enough(&out->private_key, "priv_file", error);
}

enum { PEER_TEXT_MAX = ADDR_TEXT_MAX + sizeof("udp6:[]:65535") };

/* As the library names transports. */
static bool find_peer(const struct sink *sink, char out[static PEER_TEXT_MAX],
		      struct buf *error)
{
	union endpoint ends[PEER_ADDRESSES_MAX];
	char text[INET6_ADDRSTRLEN];
	struct peer peer;
	if (!peer_of_url(sink->url, TRAP_PORT, &peer, error) ||
	    peer_addresses(&peer, ends, error) == 0)
		return false;
	bool is_v4 = ends[0].any.sa_family == AF_INET;
	inet_ntop(ends[0].any.sa_family,
		  is_v4 ? (const void *)&ends[0].v4.sin_addr
			: (const void *)&ends[0].v6.sin6_addr,
		  text, sizeof(text));
	snprintf(out, PEER_TEXT_MAX, is_v4 ? "udp:%s:%u" : "udp6:[%s]:%u", text,
		 peer.port);
	return true;
}

static void set_engine(const struct sink *sink, const struct notice *notice,
		       struct snmp_engine *out)
{
	const char *engine = sink_option(sink, "engine");
	if (engine == NULL || !snmp_engine_parse(engine, out))
		*out = snmp_engine_of(notice->host);
}

static bool send_with(const struct sink *sink, struct secrets *secrets,
		      const struct notice *notice, struct buf *error)
{
	char peer[PEER_TEXT_MAX];
	struct snmp_way way = {
		.peer = peer,
		.is_v3 = is_v3(sink),
		.is_inform = sink_flag(sink, "inform", true),
		.community = secrets->community.len > 0 ? buf_cstr(&secrets->community)
							: "public",
		.user = sink_option(sink, "user"),
		.hash = option_or(sink, "auth", "sha"),
		.key = buf_cstr(&secrets->key),
		.private_key = buf_cstr(&secrets->private_key),
	};
	set_engine(sink, notice, &way.engine);
	return find_peer(sink, peer, error) && snmp_send_notice(&way, notice, error);
}

static enum notify_outcome send_notice(struct sink *sink, const struct notice *notice,
				       struct buf *error)
{
	struct secrets secrets = { 0 };
	bool is_sent = read_secrets(sink, &secrets, error) &&
		       send_with(sink, &secrets, notice, error);
	forget(&secrets);
	return is_sent ? NOTIFY_SENT : NOTIFY_LATER;
}

const struct notifier notifier_snmp = {
	.name = "snmp",
	.schemes = "snmp",
	.doc = "SNMP informs and traps (2c, 3) of BREAKWATER-MIB.",
	.options = options,
	.check = check,
	.send = send_notice,
};
