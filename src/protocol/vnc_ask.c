/*
 * vnc_ask.c: asking a VNC server: versions, and what security it offers.
 *
 * With a password we log in, and go before the screen is asked for, which leaves other
 * clients alone.  Without one it can't be done well with TigerVNC and RealVNC: they
 * hold every connection that does not log in against its address, and turn away who has
 * gathered five.  They say so, which is an answer, too.
 */
#include <netinet/in.h>
#include <openssl/evp.h>
#include <string.h>

#include "protocol/text.h"
#include "protocol/vnc.h"

enum stage { STAGE_VERSION, STAGE_OFFER, STAGE_CHALLENGE, STAGE_RESULT };

struct vnc_asking_state {
	uint8_t stage;
	uint8_t minor; /* 3, 7 or 8 */
};

enum { PASSWORD_MAX = 8, REASON_MAX = 4096 };

/* 7.2.2: DES, whose key is the password with the bits of each octet reversed. */
static bool encrypt(const char *password, const uint8_t *challenge, uint8_t *answer)
{
	uint8_t key[2 * PASSWORD_MAX] = { 0 };
	int len = 0;
	for (size_t i = 0; i < PASSWORD_MAX && password[i] != '\0'; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			if ((unsigned)password[i] >> bit & 1)
				key[i] |= (uint8_t)(0x80 >> bit);
	/* With two keys alike, what encrypts thrice encrypts once. */
	memcpy(key + PASSWORD_MAX, key, PASSWORD_MAX);
	EVP_CIPHER_CTX *des = EVP_CIPHER_CTX_new();
	bool is_done =
		des != NULL &&
		EVP_EncryptInit_ex(des, EVP_des_ede_ecb(), NULL, key, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(des, 0) == 1 &&
		EVP_EncryptUpdate(des, answer, &len, challenge, VNC_CHALLENGE_LEN) ==
			1 &&
		len == VNC_CHALLENGE_LEN;
	EVP_CIPHER_CTX_free(des);
	OPENSSL_cleanse(key, sizeof(key));
	return is_done;
}

/* ---- what is heard ---- */

static void not_vnc(struct ask *ask)
{
	ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
		   "what it says first is no version of RFB");
}

/* True if it was taken. */
static bool hear_version(struct ask *ask, struct bytes *said)
{
	struct vnc_asking_state *state = ASK_STATE(ask, struct vnc_asking_state);
	enum verdict verdict = vnc_version(*said);
	if (verdict == VERDICT_NO)
		not_vnc(ask);
	if (verdict != VERDICT_YES)
		return false;
	/* 7.1.1: versions that nobody defined are 3.3, or at least 3.8. */
	unsigned minor = vnc_minor(bytes_take(said, VNC_VERSION_LEN));
	state->minor = minor < 7 ? 3 : minor == 7 ? 7 : 8;
	state->stage = STAGE_OFFER;
	ask_say(ask, "RFB 003.00%u\n", state->minor);
	return true;
}

static enum reason reason_of(struct bytes words)
{
	if (text_contains(words, "failures"))
		return REASON_denied; /* we, or our neighbours */
	if (text_contains(words, "oo many") || text_contains(words, "in use"))
		return REASON_overloaded;
	return REASON_error;
}

/* A length and a text (7.1.2); from 3.8 on a refused login has one, too (7.1.3). */
static void hear_refusal(struct ask *ask, struct bytes data)
{
	char text[96];
	uint32_t len = bytes_be32(&data);
	struct bytes words = bytes_take(&data, len);
	bool is_login = ASK_STATE(ask, struct vnc_asking_state)->stage == STAGE_RESULT;
	if (!bytes_ok(&data) && len <= REASON_MAX && !ask->ended)
		return;
	ask_unwell(ask, is_login ? REASON_login_failed : reason_of(words), ASK_LEAVE,
		   "the server says \"%s\"", ask_quote(text, sizeof(text), words));
}

/* The server can do what is in the list; true if something was sent for it. */
static bool choose(struct ask *ask, const uint8_t *offered, size_t count)
{
	struct vnc_asking_state *state = ASK_STATE(ask, struct vnc_asking_state);
	bool has_password = memchr(offered, VNC_SECURITY_PASSWORD, count) != NULL;
	bool is_open = memchr(offered, VNC_SECURITY_NONE, count) != NULL;
	if (ask->question->password[0] == '\0' || (!has_password && is_open)) {
		ask_well(ask, ASK_CLOSE);
	} else if (!has_password) {
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "the server takes no VNC password");
	} else {
		state->stage = STAGE_CHALLENGE;
		if (state->minor > 3)
			ask_send(ask, "\x02", 1);
		return true;
	}
	return false;
}

/* 3.3: one type, as the server likes; later: a list (7.1.2). */
static bool hear_offer(struct ask *ask, struct bytes *said)
{
	struct bytes data = *said;
	bool is_old = ASK_STATE(ask, struct vnc_asking_state)->minor == 3;
	uint32_t type = is_old ? bytes_be32(&data) : 0;
	size_t count = is_old ? 1 : bytes_u8(&data);
	const uint8_t one = (uint8_t)type;
	if (bytes_ok(&data) && (is_old ? type == VNC_SECURITY_FAILED : count == 0)) {
		hear_refusal(ask, data);
		return false;
	}
	struct bytes list = is_old ? bytes_of(&one, 1) : bytes_take(&data, count);
	if (!bytes_ok(&data))
		return false;
	*said = data;
	return choose(ask, list.at, list.len);
}

static bool hear_challenge(struct ask *ask, struct bytes *said)
{
	uint8_t answer[VNC_CHALLENGE_LEN];
	if (said->len < VNC_CHALLENGE_LEN)
		return false;
	struct bytes challenge = bytes_take(said, VNC_CHALLENGE_LEN);
	if (!encrypt(ask->question->password, challenge.at, answer)) {
		ask_unwell(ask, REASON_not_permitted, ASK_CLOSE,
			   "this machine refuses DES, which VNC's passwords need");
		return false;
	}
	ask_send(ask, answer, sizeof(answer));
	ASK_STATE(ask, struct vnc_asking_state)->stage = STAGE_RESULT;
	return true;
}

/* 7.1.3 */
static bool hear_result(struct ask *ask, struct bytes *said)
{
	struct bytes data = *said;
	uint32_t result = bytes_be32(&data);
	if (!bytes_ok(&data))
		return false;
	if (result == 0)
		ask_well(ask, ASK_CLOSE);
	else if (ASK_STATE(ask, struct vnc_asking_state)->minor == 8)
		hear_refusal(ask, data);
	else
		ask_unwell(ask, REASON_login_failed, ASK_LEAVE,
			   "the server refuses the password");
	return false;
}

static void vnc_step(struct ask *ask, struct bytes *said)
{
	static bool (*const hear[])(struct ask *, struct bytes *) = {
		[STAGE_VERSION] = hear_version,
		[STAGE_OFFER] = hear_offer,
		[STAGE_CHALLENGE] = hear_challenge,
		[STAGE_RESULT] = hear_result,
	};
	while (hear[ASK_STATE(ask, struct vnc_asking_state)->stage](ask, said))
		;
}

const struct asking vnc_asking = {
	.transport = IPPROTO_TCP,
	.port = 5900,
	.has_login = true,
	.step = vnc_step,
};
