/*
 * ssh.c: Secure Shell, RFC 4253.
 *
 * Both sides open with "SSH-2.0-software comments\r\n" in the clear; a server may send
 * other lines first (4.2).  Then each says which algorithms it can (KEXINIT), and from
 * NEWKEYS on all is sealed: how a login ends shows in sizes only (ssh_login.h).
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/said_line.h"
#include "protocol/ssh.h"
#include "protocol/ssh_kex.h"
#include "protocol/ssh_login.h"

extern const struct protocol protocol_ssh;

enum { TURN = 8192 };

enum stage {
	STAGE_BANNER,
	STAGE_PLAIN,
	STAGE_SEALED,
	STAGE_OPAQUE, /* SSH-1 */
};

struct ssh_state {
	uint8_t stage[2];
	uint8_t lines;
	bool has_offer, is_agreed, is_recorded;
	char version[2][8];
	uint32_t rest[2]; /* octets to come of the packet that is open */
	char hassh[2][HASSH_TEXT_MAX];
	union {
		struct ssh_offer offer; /* until both are known */
		struct ssh_login login; /* from then on */
	};
};
_Static_assert(sizeof(struct ssh_state) <= TALK_STATE_MAX, "fits a talk");

/* ---- what is wrong ---- */

static const struct talk_notice ssh1_used = {
	.kind = "weak_protocol",
	.technique = "ssh1",
	.severity = "medium",
	.about = ABOUT_SERVICE,
	.why = "SSH-1 checks integrity with a CRC, so that others can insert commands",
};
static const struct talk_notice ssh1_offered = {
	.kind = "weak_protocol",
	.technique = "ssh1_offered",
	.severity = "low",
	.about = ABOUT_SERVICE,
	.why = "version 1.99 means that SSH-1 is spoken, too (RFC 4253 5.1)",
};
static const struct talk_notice weak_cipher = {
	.kind = "weak_protocol",
	.technique = "ssh_weak_cipher",
	.severity = "medium",
	.about = ABOUT_SERVICE,
	.why = "RC4, DES and 3DES can be broken in practice (RFC 8758, RFC 8429)",
};
static const struct talk_notice no_encryption = {
	.kind = "weak_protocol",
	.technique = "ssh_no_encryption",
	.severity = "medium",
	.about = ABOUT_SERVICE,
	.why = "anyone on the path reads the session and its password (RFC 4253 6.3)",
};
static const struct talk_notice cbc_cipher = {
	.kind = "weak_protocol",
	.technique = "ssh_cbc_cipher",
	.severity = "low",
	.about = ABOUT_SERVICE,
	.why = "CBC in SSH lets who is on the path recover text (CVE-2008-5161)",
};
static const struct talk_notice weak_mac = {
	.kind = "weak_protocol",
	.technique = "ssh_weak_mac",
	.severity = "low",
	.about = ABOUT_SERVICE,
	.why = "MD5 and MACs cut to 96 bits protect less than is needed (RFC 6151)",
};
static const struct talk_notice weak_key_exchange = {
	.kind = "weak_protocol",
	.technique = "ssh_weak_key_exchange",
	.severity = "low",
	.about = ABOUT_SERVICE,
	.why = "its 1024-bit group can be broken at a price (RFC 9142)",
};
static const struct talk_notice long_banner = {
	.kind = "protocol_anomaly",
	.technique = "ssh_long_banner",
	.severity = "low",
	.about = ABOUT_CLIENT,
	.why = "no software needs more than 255 octets (RFC 4253 4.2)",
};

struct weakness {
	enum ssh_list list;
	const char *begins; /* of the algorithm */
	const char *ends;
	const struct talk_notice *notice;
};

static const struct weakness weaknesses[] = {
	{ SSH_CIPHER, "arcfour", "", &weak_cipher },
	{ SSH_CIPHER, "3des", "", &weak_cipher },
	{ SSH_CIPHER, "des", "", &weak_cipher },
	{ SSH_CIPHER, "none", "", &no_encryption },
	{ SSH_CIPHER, "", "-cbc", &cbc_cipher },
	{ SSH_CIPHER, "", "-cbc@lysator.liu.se", &cbc_cipher },
	{ SSH_MAC, "hmac-md5", "", &weak_mac },
	{ SSH_MAC, "hmac-sha1-96", "", &weak_mac },
	{ SSH_MAC, "none", "", &weak_mac },
	{ SSH_KEX, "diffie-hellman-group1-sha1", "", &weak_key_exchange },
};

static bool line_ends(struct bytes line, const char *text)
{
	size_t len = strlen(text);
	return line.len >= len &&
	       (len == 0 || memcmp(line.at + line.len - len, text, len) == 0);
}

static void judge(struct talk *talk, enum ssh_list list, struct bytes name,
		  int64_t at_us)
{
	for (size_t i = 0; i < sizeof(weaknesses) / sizeof(weaknesses[0]); i++) {
		const struct weakness *weak = &weaknesses[i];
		if (weak->list != list || !line_starts(name, weak->begins) ||
		    !line_ends(name, weak->ends))
			continue;
		char text[64];
		facts_text(text, sizeof(text), name);
		talk_notice(talk, weak->notice, at_us, "SSH with %s", text);
		return;
	}
}

/* ---- banners ---- */

/* A server's lines before its banner: text. */
static enum verdict later_banner(struct bytes said)
{
	struct bytes line;
	while (line_take(&said, &line))
		if (line.len > SSH_LINE_MAX || !ssh_is_text(line))
			return VERDICT_NO;
		else if (line_starts(said, "SSH-"))
			return said.len < 6 ? VERDICT_MORE : VERDICT_YES;
	return ssh_is_text(said) ? VERDICT_MORE : VERDICT_NO;
}

/* "SSH-1." or "SSH-2." */
static enum verdict banner(struct bytes said)
{
	if (line_compare(said, "SSH-") != 2)
		return (enum verdict)line_compare(said, "SSH-");
	if (said.len < 6)
		return VERDICT_MORE;
	bool is_known = said.at[4] == '1' || said.at[4] == '2';
	return is_known && said.at[5] == '.' ? VERDICT_YES : VERDICT_NO;
}

static enum verdict ssh_recognise(const struct opening *opening)
{
	enum verdict client = banner(opening->said[CLIENT]);
	enum verdict server = banner(opening->said[SERVER]);
	if (client == VERDICT_YES || server == VERDICT_YES)
		return VERDICT_YES;
	if (client == VERDICT_NO)
		return VERDICT_NO; /* it has no other line to send first */
	return server == VERDICT_MORE ? VERDICT_MORE
				      : later_banner(opening->said[SERVER]);
}

static bool is_version1(const char *version)
{
	return version[0] == '1' && strcmp(version, "1.99") != 0;
}

static void judge_versions(struct talk *talk, int64_t at_us)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	const char *client = state->version[CLIENT], *server = state->version[SERVER];
	bool is_used = is_version1(server) ||
		       (strcmp(server, "1.99") == 0 && is_version1(client));
	facts_text(talk->facts.version, sizeof(talk->facts.version),
		   bytes_of(is_used ? "1.5" : "2.0", 3));
	if (is_used)
		talk_notice(talk, &ssh1_used, at_us, "SSH-%s is spoken by %s",
			    is_version1(client) ? client : server,
			    talk->facts.software);
	else if (strcmp(server, "1.99") == 0)
		talk_notice(talk, &ssh1_offered, at_us, "SSH-1.99 is offered by %s",
			    talk->facts.software);
}

static void start_record(struct talk *talk, struct ssh_record *record)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	record_init(RECORD_ssh, record);
	record_text(record->client_version, sizeof(record->client_version),
		    state->version[CLIENT]);
	record_text(record->server_version, sizeof(record->server_version),
		    state->version[SERVER]);
	record_text(record->client_software, sizeof(record->client_software),
		    talk->facts.client_software);
	record_text(record->server_software, sizeof(record->server_software),
		    talk->facts.software);
	record_text(record->hassh, sizeof(record->hassh), state->hassh[CLIENT]);
	record_text(record->hassh_server, sizeof(record->hassh_server),
		    state->hassh[SERVER]);
	state->is_recorded = true;
}

/* Nothing more can be understood; what is known is told. */
static void stop(struct talk *talk, int64_t at_us)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	struct ssh_record record;
	if (!state->is_recorded) {
		start_record(talk, &record);
		talk_record(talk, RECORD_ssh, &record, at_us);
	}
	talk_done(talk);
}

static void banner_read(struct talk *talk, struct said *said, struct bytes line)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	struct facts *facts = &talk->facts;
	bytes_take(&line, 4);
	const uint8_t *dash = line.len > 0 ? memchr(line.at, '-', line.len) : NULL;
	struct bytes version =
		bytes_take(&line, dash != NULL ? (size_t)(dash - line.at) : line.len);
	bytes_take(&line, dash != NULL);
	facts_text(state->version[said->by], sizeof(state->version[0]), version);
	if (said->by == SERVER)
		facts_text(facts->software, sizeof(facts->software), line);
	else
		facts_text(facts->client_software, sizeof(facts->client_software),
			   line);
	bool is_old = is_version1(state->version[said->by]);
	state->stage[said->by] = is_old ? STAGE_OPAQUE : STAGE_PLAIN;
	judge_versions(talk, said->at_us);
	/* One that only speaks SSH-1 leaves nothing to read. */
	if (state->version[1 - said->by][0] != '\0' &&
	    (is_old || is_version1(state->version[1 - said->by])))
		stop(talk, said->at_us);
}

/* True if a line was taken. */
static bool read_banner(struct talk *talk, struct said *said)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	struct bytes line;
	bool is_whole = said_line(said, &line);
	bool is_banner = line_starts(is_whole ? line : said->data, "SSH-");
	size_t len = is_whole ? line.len : said->data.len;
	if (is_banner && len > SSH_BANNER_MAX)
		talk_notice(talk, &long_banner, said->at_us,
			    "SSH banner of %zu octets or more from the %s", len,
			    said->by == CLIENT ? "client" : "server");
	if (!is_whole) {
		if (len > SSH_LINE_MAX)
			stop(talk, said->at_us);
		return false;
	}
	if (is_banner)
		banner_read(talk, said, line);
	else if (said->by == CLIENT || ++state->lines > SSH_LINES_MAX)
		stop(talk, said->at_us);
	return true;
}

/* ---- packets in the clear ---- */

static void agree(struct talk *talk, const struct ssh_kexinit *kexinit, int64_t at_us)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	struct bytes agreed[SSH_LISTS];
	struct ssh_record record;
	for (unsigned i = 0; i < SSH_LISTS; i++)
		agreed[i] = ssh_agreed(&state->offer, kexinit, i);
	/* The way back is usually the same, and told once. */
	bool is_aead = ssh_is_aead(agreed[SSH_CIPHER]);
	for (unsigned i = 0; i < SSH_COMPRESSION; i++)
		if (i != SSH_MAC || !is_aead)
			judge(talk, i, agreed[i], at_us);
	start_record(talk, &record);
	facts_text(record.kex, sizeof(record.kex), agreed[SSH_KEX]);
	facts_text(record.host_key, sizeof(record.host_key), agreed[SSH_HOST_KEY]);
	facts_text(record.cipher, sizeof(record.cipher), agreed[SSH_CIPHER]);
	facts_text(record.mac, sizeof(record.mac),
		   is_aead ? bytes_of("<implicit>", 10) : agreed[SSH_MAC]);
	talk_record(talk, RECORD_ssh, &record, at_us);
	facts_text(talk->facts.cipher, sizeof(talk->facts.cipher), agreed[SSH_CIPHER]);
	talk->facts.cleartext = line_compare(agreed[SSH_CIPHER], "none") == 2;
	/* "zlib" packs from the first sealed packet on, zlib@openssh.com after login.
	 */
	memset(&state->login, 0, sizeof(state->login));
	struct ssh_sealing *sealing = state->login.sealing;
	state->is_agreed =
		ssh_sealing_of(agreed[SSH_CIPHER], agreed[SSH_MAC], &sealing[CLIENT]) &&
		ssh_sealing_of(agreed[SSH_CIPHER_BACK], agreed[SSH_MAC_BACK],
			       &sealing[SERVER]) &&
		!line_is_nocase(agreed[SSH_COMPRESSION], "zlib") &&
		!line_is_nocase(agreed[SSH_COMPRESSION_BACK], "zlib");
	/* Paramiko logs in without asking for the methods first. */
	state->login.begins_with_credentials =
		strncmp(talk->facts.client_software, "paramiko_", 9) == 0;
}

static void kexinit_said(struct talk *talk, const struct said *said,
			 struct bytes message)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	struct ssh_kexinit kexinit;
	if (!ssh_kexinit_read(message, &kexinit)) {
		stop(talk, said->at_us);
		return;
	}
	if (talk_wants(talk, RECORD_ssh))
		ssh_hassh(talk_shared(talk, &protocol_ssh), &kexinit, said->by,
			  state->hassh[said->by]);
	if (state->has_offer && state->offer.by != said->by && !state->is_recorded)
		agree(talk, &kexinit, said->at_us);
	else if (!state->has_offer)
		ssh_offer_keep(&state->offer, &kexinit, said->by);
	state->has_offer = true;
}

/* Passes over what is left of a packet.  False if it goes on. */
static bool pass(struct talk *talk, struct said *said)
{
	uint32_t *rest = &STATE(talk, struct ssh_state)->rest[said->by];
	size_t given = *rest < said->data.len ? *rest : said->data.len;
	bytes_take(&said->data, given);
	*rest -= (uint32_t)given;
	size_t beyond = *rest < said->beyond ? *rest : said->beyond;
	said->beyond -= beyond;
	*rest -= (uint32_t)beyond;
	return *rest == 0;
}

/* True if a packet was taken, or its begin (RFC 4253 6). */
static bool read_plain(struct talk *talk, struct said *said)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	struct bytes data = said->data;
	uint32_t len = bytes_be32(&data);
	uint8_t padding = bytes_u8(&data), message = bytes_u8(&data);
	if (!bytes_ok(&data))
		return false;
	if (len < 2u + padding || len > SSH_PACKET_MAX || message > SSH_KEX_LAST) {
		stop(talk, said->at_us);
		return true;
	}
	bool matters = message == SSH_KEXINIT || message == SSH_NEWKEYS;
	if (matters && said->data.len < 4u + len)
		return false;
	if (message == SSH_KEXINIT)
		kexinit_said(talk, said, bytes_take(&data, len - 2u - padding));
	if (message == SSH_NEWKEYS)
		state->stage[said->by] = STAGE_SEALED;
	state->rest[said->by] = 4 + len;
	return true;
}

/* ---- sealed packets ---- */

static void tell(struct talk *talk, enum ssh_login_news news, const char *method,
		 int64_t at_us)
{
	bool has_failed = news == SSH_LOGIN_FAILED;
	struct login_seen login = {
		.outcome = has_failed ? OUTCOME_FAILURE : OUTCOME_SUCCESS,
		.method = method,
		.seen_by = "size",
	};
	if (has_failed || news == SSH_LOGIN_SUCCEEDED)
		talk_login(talk, &login, at_us);
	if (news == SSH_LOGIN_SUCCEEDED || news == SSH_LOGIN_LOST)
		talk_done(talk);
}

/* True if a packet was taken, or its begin. */
static bool read_sealed(struct talk *talk, struct said *said)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	const struct ssh_sealing *sealing = &state->login.sealing[said->by];
	struct bytes data = said->data;
	uint32_t len = (uint32_t)(said->data.len + said->beyond);
	const char *method;
	if (!state->is_agreed) {
		stop(talk, said->at_us);
		return true;
	}
	if (sealing->is_clear) {
		len = bytes_be32(&data);
		if (!bytes_ok(&data))
			return false;
		if (len < sealing->block || len > SSH_PACKET_MAX) {
			stop(talk, said->at_us);
			return true;
		}
		len += 4u + sealing->tag;
	}
	state->rest[said->by] = len;
	enum ssh_login_news news =
		ssh_login_said(&state->login, said->by, len, &method);
	tell(talk, news, method, said->at_us);
	return true;
}

static bool read_step(struct talk *talk, struct said *said)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	switch (state->stage[said->by]) {
	case STAGE_BANNER:
		return read_banner(talk, said);
	case STAGE_PLAIN:
		return read_plain(talk, said);
	case STAGE_SEALED:
		return read_sealed(talk, said);
	default:
		bytes_take(&said->data, said->data.len);
		return false;
	}
}

static void ssh_read(struct talk *talk, struct said *said)
{
	bool goes_on = pass(talk, said);
	if (said->after_gap) {
		stop(talk, said->at_us);
		return;
	}
	while (goes_on && !talk->done && said->data.len > 0)
		goes_on = read_step(talk, said) && pass(talk, said);
	/* What is not given would be missed. */
	bool is_opaque = STATE(talk, struct ssh_state)->stage[said->by] == STAGE_OPAQUE;
	if (!is_opaque && (said->beyond > 0 || (said->ends && said->data.len > 0)))
		stop(talk, said->at_us);
}

static void ssh_end(struct talk *talk, int64_t at_us)
{
	struct ssh_state *state = STATE(talk, struct ssh_state);
	const char *method;
	if (!talk->done && state->is_agreed) {
		enum ssh_login_news news = ssh_login_closed(&state->login, &method);
		tell(talk, news, method, at_us);
	}
	stop(talk, at_us);
}

static void *ssh_shared_new(const struct hash_key *key)
{
	(void)key;
	return digests_new();
}

static void ssh_shared_free(void *shared)
{
	digests_free(shared);
}

const struct protocol protocol_ssh = {
	.name = "ssh",
	.doc = "Secure Shell (RFC 4253)",
	.transports = { IPPROTO_TCP },
	.ports = { 22, 2222 },
	.turn_max = TURN,
	.state_size = sizeof(struct ssh_state),
	.recognise = ssh_recognise,
	.read = ssh_read,
	.end = ssh_end,
	.shared_new = ssh_shared_new,
	.shared_free = ssh_shared_free,
	.asking = &ssh_asking,
};
