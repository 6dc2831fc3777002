/*
 * ssh_login.c: see ssh_login.h.
 *
 * Zeek's rule is the begin of it: the first answer to the client is SERVICE_ACCEPT, the
 * next one refuses the method "none" and shows how long a failure is.  That answer may
 * have a banner (RFC 4252 5.4) or, from OpenSSH 9.6 on, an EXT_INFO before it in the
 * same segment; the failure is then what later answers are shorter by.
 */
#include "protocol/ssh_login.h"

#include "protocol/line.h"
#include "protocol/protocol.h"

enum {
	/* Lengths of messages, RFC 4252 and 4253. */
	SUCCESS = 1,
	EMPTY_PROMPT = 17,   /* INFO_REQUEST (RFC 4256) that asks nothing */
	SERVICE_ACCEPT = 17, /* of "ssh-userauth"; SERVICE_REQUEST, too */
	PROMPT = 32,         /* INFO_REQUEST that asks for "Password: " */
	KEYBOARD = 24, /* a request for "keyboard-interactive" beyond one for "none" */
	DISCONNECT = 45, /* "Too many authentication failures" and less is rare */
	PADDED = 64,     /* OpenSSH pads what holds a password to a multiple of it */
	KEY_MIN = 64,    /* neither name and key nor a signature are shorter */
	/* No answer to a login is longer, but the first; few are strange. */
	REPLY_MAX = 2048,
	STRANGE_MAX = 16,
};

enum phase {
	PHASE_KEYS,    /* the client has sealed nothing yet */
	PHASE_SERVICE, /* it asks for the service */
	PHASE_FIRST,   /* its first request is open */
	PHASE_LOGIN,
	PHASE_OVER,
};

struct sized_name {
	const char *name;
	uint8_t size;
};

/* The tag of each; "-etm@openssh.com" behind it changes where it is computed. */
static const struct sized_name macs[] = {
	{ "hmac-sha2-256-96", 12 }, { "hmac-sha2-512-96", 12 }, { "hmac-sha2-256", 32 },
	{ "hmac-sha2-512", 64 },    { "hmac-sha1-96", 12 },     { "hmac-sha1", 20 },
	{ "hmac-md5-96", 12 },      { "hmac-md5", 16 },         { "umac-64", 8 },
	{ "umac-128", 16 },         { "hmac-ripemd160", 20 },
};

/* Block sizes; stream ciphers are padded to 8 (RFC 4253 6). */
static const struct sized_name ciphers[] = {
	{ "aes", 16 },     { "rijndael", 16 }, { "camellia", 16 }, { "twofish", 16 },
	{ "serpent", 16 }, { "seed", 16 },     { "3des", 8 },      { "blowfish", 8 },
	{ "cast128-", 8 }, { "idea", 8 },      { "des-", 8 },      { "arcfour", 8 },
};

static uint8_t size_of(const struct sized_name *names, size_t count, struct bytes text)
{
	for (size_t i = 0; i < count; i++)
		if (line_starts(text, names[i].name))
			return names[i].size;
	return 0;
}

static bool contains(struct bytes text, const char *part)
{
	return text.len > 0 && memmem(text.at, text.len, part, strlen(part)) != NULL;
}

static bool is_chacha(struct bytes cipher)
{
	return line_starts(cipher, "chacha20-poly1305");
}

static bool is_gcm(struct bytes cipher)
{
	return contains(cipher, "-gcm") || line_starts(cipher, "AEAD_AES_");
}

bool ssh_is_aead(struct bytes cipher)
{
	return is_chacha(cipher) || is_gcm(cipher);
}

bool ssh_sealing_of(struct bytes cipher, struct bytes mac, struct ssh_sealing *sealing)
{
	if (is_chacha(cipher)) {
		*sealing = (struct ssh_sealing){ .block = 8, .tag = 16, .outside = 4 };
		return true;
	}
	if (is_gcm(cipher)) {
		/* RFC 5647 7.3: the length is authenticated but not sealed. */
		*sealing = (struct ssh_sealing){ 16, 16, 4, true };
		return true;
	}
	bool is_etm = contains(mac, "-etm@");
	*sealing = (struct ssh_sealing){
		.block = size_of(ciphers, sizeof(ciphers) / sizeof(ciphers[0]), cipher),
		.tag = size_of(macs, sizeof(macs) / sizeof(macs[0]), mac),
		.outside = is_etm ? 4 : 0,
		.is_clear = is_etm,
	};
	return sealing->block != 0 && sealing->tag != 0;
}

/* What is sealed of a message: its length unless outside, the length of the padding,
 * itself, and four octets of padding at least. */
static uint32_t body(const struct ssh_sealing *sealing, uint32_t message)
{
	uint32_t len = 4 - sealing->outside + 1 + message + 4, block = sealing->block;
	return (len + block - 1) / block * block;
}

uint32_t ssh_sealed(const struct ssh_sealing *sealing, uint32_t message)
{
	return sealing->outside + body(sealing, message) + sealing->tag;
}

static uint32_t server_message(const struct ssh_login *login, uint32_t message)
{
	return ssh_sealed(&login->sealing[SERVER], message) + login->padding;
}

static bool is_server_message(const struct ssh_login *login, uint32_t len,
			      uint32_t message)
{
	return len == server_message(login, message);
}

/* ---- what the client asks ---- */

static bool is_padded(const struct ssh_login *login, uint32_t request)
{
	const struct ssh_sealing *sealing = &login->sealing[CLIENT];
	uint32_t around = sealing->outside + sealing->tag;
	return request > around && (request - around) % PADDED == 0;
}

/*
 * Is this request longer than the one for "none" by that many octets, as far as blocks
 * let see?
 */
static bool is_longer_by(const struct ssh_login *login, uint32_t request, uint32_t more)
{
	uint32_t block = login->sealing[CLIENT].block;
	uint32_t from = login->none + more - (block - 1);
	return login->none != 0 && request >= from && request <= from + 2 * (block - 1);
}

/* Offers a key: "publickey", a flag, and name and key of an algorithm (RFC 4252 7). */
static bool is_key(const struct ssh_login *login, uint32_t request)
{
	static const uint16_t keys[] = {
		11 + 51,  /* ssh-ed25519 */
		19 + 104, /* ecdsa-sha2-nistp256, 384, 521 */
		19 + 136, 19 + 172,
		12 + 279, /* rsa-sha2-256 or -512: of 2048, 3072 and 4096 bits */
		12 + 407, 12 + 535,
		7 + 279, /* the same as ssh-rsa */
		7 + 407,  7 + 535,
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (is_longer_by(login, request, 14u + keys[i]))
			return true;
	return false;
}

/*
 * Unknown where a key and a padded password come to the same, and of who does not ask
 * for the methods first.
 */
static const char *method_of(const struct ssh_login *login, uint32_t request)
{
	bool is_password = is_padded(login, request);
	if (login->begins_with_credentials)
		return NULL;
	if (is_key(login, request))
		return is_password ? NULL : "publickey";
	return is_password ? "password" : NULL;
}

/* Some ask for the methods before each attempt. */
static bool asks_again(const struct ssh_login *login)
{
	return !login->begins_with_credentials && login->request == login->none;
}

/* ---- what the server answers ---- */

/*
 * PK_OK repeats name and key (RFC 4252 7): the offer is longer than a request for
 * "none" by these and 14, the answer than nothing by these and 9.
 */
static bool would_take_key(const struct ssh_login *login)
{
	const struct ssh_sealing *sealing = &login->sealing[SERVER];
	uint32_t around = sealing->outside + sealing->tag, block = sealing->block;
	if (login->none == 0 || login->request <= login->none || login->reply <= around)
		return false;
	uint32_t more = login->request - login->none, answer = login->reply - around;
	return more >= KEY_MIN && answer >= more && answer <= more + block;
}

static bool is_prompt_size(const struct ssh_login *login, uint32_t reply)
{
	return is_server_message(login, reply, PROMPT);
}

/* What the client says to a prompt (RFC 4256 3.4) holds nothing but a password. */
static bool is_answer_to_prompt(const struct ssh_login *login, uint32_t next)
{
	if (next < login->none)
		return true;
	return is_padded(login, next) &&
	       (login->is_prompted ? !is_longer_by(login, next, KEYBOARD)
				   : !is_padded(login, login->request));
}

/*
 * Some failures are as long as the usual prompt.  It is one if it comes after a request
 * for "keyboard-interactive", or after another, and is answered as one.
 */
static bool is_prompt(const struct ssh_login *login, uint32_t next)
{
	bool is_usual = is_prompt_size(login, login->reply);
	if (login->reply == login->failure && !is_usual)
		return false;
	if (!login->is_prompted &&
	    !(is_usual && is_longer_by(login, login->request, KEYBOARD)))
		return false;
	if (next == 0)
		return is_usual || is_server_message(login, login->reply, EMPTY_PROMPT);
	return is_answer_to_prompt(login, next);
}

/* A failure that came alone, after a first one that came behind something else. */
static bool is_shorter_failure(const struct ssh_login *login)
{
	uint32_t accept = server_message(login, SERVICE_ACCEPT);
	return !login->has_failure_size && login->failure >= login->reply + accept;
}

static enum ssh_login_news failed(struct ssh_login *login, const char **method)
{
	*method = method_of(login, login->request);
	login->strange = 0;
	login->failures++;
	return SSH_LOGIN_FAILED;
}

static enum ssh_login_news lost(struct ssh_login *login)
{
	login->phase = PHASE_OVER;
	return SSH_LOGIN_LOST;
}

static enum ssh_login_news stranger(struct ssh_login *login)
{
	return ++login->strange > STRANGE_MAX ? lost(login) : SSH_LOGIN_NOTHING;
}

/*
 * Ncrack calls itself OpenSSH and never asks for the methods.  Nobody asks for them
 * twice in a row; and a request of that length that is the only one would be of a very
 * long name.
 */
static bool shows_credentials(const struct ssh_login *login, uint32_t next)
{
	const struct ssh_sealing *sealing = &login->sealing[CLIENT];
	uint32_t around = sealing->outside + sealing->tag;
	return is_padded(login, login->request) &&
	       (next == login->request ||
		(next == 0 && login->request >= around + 2 * PADDED));
}

static enum ssh_login_news judge_first(struct ssh_login *login, uint32_t next,
				       const char **method)
{
	enum ssh_login_news news = SSH_LOGIN_NOTHING;
	login->phase = PHASE_LOGIN;
	login->begins_with_credentials |= shows_credentials(login, next);
	if (login->begins_with_credentials && !is_prompt_size(login, login->reply))
		news = failed(login, method);
	login->none = login->request;
	login->failure = login->reply;
	return news;
}

/* The answer is complete: the client says the next thing; 0: nothing any more. */
static enum ssh_login_news judge(struct ssh_login *login, uint32_t next,
				 const char **method)
{
	bool has_signed = login->signs;
	login->signs = false;
	if (login->phase == PHASE_FIRST)
		return judge_first(login, next, method);
	/* What a good key does not open needs more (RFC 4252 5.1: partial success). */
	if (has_signed)
		return SSH_LOGIN_NOTHING;
	login->is_prompted = is_prompt(login, next);
	if (login->is_prompted)
		return stranger(login);
	if (login->reply == login->failure) {
		login->has_failure_size = true;
		return asks_again(login) ? SSH_LOGIN_NOTHING : failed(login, method);
	}
	if (would_take_key(login)) {
		login->signs = next >= login->request + KEY_MIN;
		return SSH_LOGIN_NOTHING;
	}
	if (is_shorter_failure(login)) {
		login->failure = login->reply;
		login->has_failure_size = true;
		return failed(login, method);
	}
	/* After too many failures the last answer is DISCONNECT. */
	if (next == 0 && login->failures > 0 &&
	    login->reply >= server_message(login, DISCONNECT))
		return failed(login, method);
	return stranger(login);
}

static enum ssh_login_news client_said(struct ssh_login *login, uint32_t len,
				       const char **method)
{
	enum ssh_login_news news = SSH_LOGIN_NOTHING;
	if (login->phase == PHASE_KEYS) {
		login->phase = PHASE_SERVICE;
		login->last_by = CLIENT;
	}
	if (login->last_by == SERVER && login->reply != 0)
		news = judge(login, len, method);
	/* Where lengths are hidden, the segments of a turn are one request. */
	bool goes_on = login->last_by == CLIENT && !login->sealing[CLIENT].is_clear;
	login->request = len + (goes_on ? login->request : 0);
	login->reply = 0;
	return news;
}

/* The client may have sent its first request along (RFC 4253 10). */
static enum ssh_login_news accepted(struct ssh_login *login, uint32_t len)
{
	uint32_t accept = server_message(login, SERVICE_ACCEPT);
	uint32_t asked = ssh_sealed(&login->sealing[CLIENT], SERVICE_ACCEPT);
	/* Apache MINA's padding is a block at least. */
	if (len == accept + login->sealing[SERVER].block) {
		login->padding = login->sealing[SERVER].block;
		accept = len;
	}
	if (len < accept)
		return lost(login);
	if (len > accept && login->sealing[SERVER].is_clear)
		return SSH_LOGIN_NOTHING; /* EXT_INFO (RFC 8308) */
	login->phase = PHASE_FIRST;
	login->reply = len - accept; /* its answer, too; or EXT_INFO came first */
	if (login->request > asked && !login->sealing[CLIENT].is_clear)
		login->request -= asked;
	return SSH_LOGIN_NOTHING;
}

static enum ssh_login_news succeeded(struct ssh_login *login, const char **method)
{
	bool is_first = login->phase == PHASE_FIRST && !login->begins_with_credentials;
	*method = is_first       ? "none"
		  : login->signs ? "publickey"
				 : method_of(login, login->request);
	login->phase = PHASE_OVER;
	return SSH_LOGIN_SUCCEEDED;
}

static enum ssh_login_news server_said(struct ssh_login *login, uint32_t len,
				       const char **method)
{
	/* EXT_INFO may follow the keys (RFC 8308 2.4). */
	if (login->phase == PHASE_KEYS)
		return SSH_LOGIN_NOTHING;
	if (login->phase == PHASE_SERVICE)
		return accepted(login, len);
	if (is_server_message(login, len, SUCCESS))
		return succeeded(login, method);
	if (login->phase == PHASE_FIRST && login->last_by == SERVER &&
	    is_server_message(login, len, SERVICE_ACCEPT)) {
		login->reply = 0;
		return SSH_LOGIN_NOTHING;
	}
	login->reply = len + (login->sealing[SERVER].is_clear ? 0 : login->reply);
	if (login->phase == PHASE_LOGIN && login->reply > REPLY_MAX)
		return lost(login);
	if (login->phase != PHASE_LOGIN || login->reply != login->failure ||
	    is_prompt_size(login, login->reply))
		return SSH_LOGIN_NOTHING;
	enum ssh_login_news news = judge(login, UINT32_MAX, method);
	login->reply = 0;
	return news;
}

enum ssh_login_news ssh_login_said(struct ssh_login *login, unsigned by, uint32_t len,
				   const char **method)
{
	*method = NULL;
	if (login->phase == PHASE_OVER)
		return SSH_LOGIN_LOST;
	enum ssh_login_news news = by == CLIENT ? client_said(login, len, method)
						: server_said(login, len, method);
	login->last_by = (uint8_t)by;
	return news;
}

enum ssh_login_news ssh_login_closed(struct ssh_login *login, const char **method)
{
	*method = NULL;
	if (login->phase == PHASE_OVER || login->reply == 0)
		return SSH_LOGIN_NOTHING;
	enum ssh_login_news news = judge(login, 0, method);
	login->phase = PHASE_OVER;
	return news;
}
