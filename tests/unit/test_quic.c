/*
 * test_quic.c: QUIC's first packets, as the RFCs show them and as clients spread them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/quic_packet.h"
#include "talk_check.h"
#include "tls_words.h"

extern const struct protocol protocol_quic;

static struct words from_hex(const char *text)
{
	struct words w = { .len = 0 };
	for (; text[0] != '\0' && text[1] != '\0'; text += 2) {
		char octet[] = { text[0], text[1], '\0' };
		put_number(&w, 1, strtoul(octet, NULL, 16));
	}
	return w;
}

/* RFC 9001 A.2, sent by a client that made up the id 8394c8f03e515708. */
static const char client_initial[] =
	"c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123"
	"dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f63300099f3991c260ec4c60d17b3"
	"1f8429157bb35a1282a643a8d2262cad67500cadb8e7378c8eb7539ec4d4905fed1bee1f"
	"c8aafba17c750e2c7ace01e6005f80fcb7df621230c83711b39343fa028cea7f7fb5ff89"
	"eac2308249a02252155e2347b63d58c5457afd84d05dfffdb20392844ae812154682e9cf"
	"012f9021a6f0be17ddd0c2084dce25ff9b06cde535d0f920a2db1bf362c23e596d11a4f5"
	"a6cf3948838a3aec4e15daf8500a6ef69ec4e3feb6b1d98e610ac8b7ec3faf6ad760b7ba"
	"d1db4ba3485e8a94dc250ae3fdb41ed15fb6a8e5eba0fc3dd60bc8e30c5c4287e53805db"
	"059ae0648db2f64264ed5e39be2e20d82df566da8dd5998ccabdae053060ae6c7b4378e8"
	"46d29f37ed7b4ea9ec5d82e7961b7f25a9323851f681d582363aa5f89937f5a67258bf63"
	"ad6f1a0b1d96dbd4faddfcefc5266ba6611722395c906556be52afe3f565636ad1b17d50"
	"8b73d8743eeb524be22b3dcbc2c7468d54119c7468449a13d8e3b95811a198f3491de3e7"
	"fe942b330407abf82a4ed7c1b311663ac69890f4157015853d91e923037c227a33cdd5ec"
	"281ca3f79c44546b9d90ca00f064c99e3dd97911d39fe9c5d0b23a229a234cb36186c481"
	"9e8b9c5927726632291d6a418211cc2962e20fe47feb3edf330f2c603a9d48c0fcb5699d"
	"bfe5896425c5bac4aee82e57a85aaf4e2513e4f05796b07ba2ee47d80506f8d2c25e50fd"
	"14de71e6c418559302f939b0e1abd576f279c4b2e0feb85c1f28ff18f58891ffef132eef"
	"2fa09346aee33c28eb130ff28f5b766953334113211996d20011a198e3fc433f9f254101"
	"0ae17c1bf202580f6047472fb36857fe843b19f5984009ddc324044e847a4f4a0ab34f71"
	"9595de37252d6235365e9b84392b061085349d73203a4a13e96f5432ec0fd4a1ee65accd"
	"d5e3904df54c1da510b0ff20dcc0c77fcb2c0e0eb605cb0504db87632cf3d8b4dae6e705"
	"769d1de354270123cb11450efc60ac47683d7b8d0f811365565fd98c4c8eb936bcab8d06"
	"9fc33bd801b03adea2e1fbc5aa463d08ca19896d2bf59a071b851e6c239052172f296bfb"
	"5e72404790a2181014f3b94a4e97d117b438130368cc39dbb2d198065ae3986547926cd2"
	"162f40a29f0c3c8745c0f50fba3852e566d44575c29d39a03f0cda721984b6f440591f35"
	"5e12d439ff150aab7613499dbd49adabc8676eef023b15b65bfc5ca06948109f23f350db"
	"82123535eb8a7433bdabcb909271a6ecbcb58b936a88cd4e8f2e6ff5800175f113253d8f"
	"a9ca8885c2f552e657dc603f252e1a8e308f76f0be79e2fb8f5d5fbbe2e30ecadd220723"
	"c8c0aea8078cdfcb3868263ff8f0940054da48781893a7e49ad5aff4af300cd804a6b627"
	"9ab3ff3afb64491c85194aab760d58a606654f9f4400e8b38591356fbf6425aca26dc852"
	"44259ff2b19c41b9f96f3ca9ec1dde434da7d2d392b905ddf3d1f9af93d1af5950bd493f"
	"5aa731b4056df31bd267b6b90a079831aaf579be0a39013137aac6d404f518cfd4684064"
	"7e78bfe706ca4cf5e9c5453e9f7cfd2b8b4c8d169a44e55c88d4a9a7f9474241e221af44"
	"860018ab0856972e194cd934";
/* RFC 9001 A.3 and RFC 9369 A.3: the answer to it. */
static const char server_initial[] =
	"cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b639"
	"4100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7"
	"684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06ed"
	"bb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee";
static const char server_initial_v2[] =
	"dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b"
	"91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17f9af6e16886c61bf"
	"c703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a688"
	"1eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140";
/* RFC 9001 A.4 and RFC 9369 A.4 */
static const char retry[] =
	"ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba";
static const char retry_v2[] =
	"cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6";

static const uint8_t made_up[] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };

/* ---- packets of our own ---- */

struct seal_keys {
	uint8_t key[16], iv[12], header[16];
};

static void hkdf_label(const uint8_t *from, const char *label, uint8_t *out, size_t len)
{
	struct words info = { .len = 0 };
	uint8_t block[32];
	size_t key_len = 32;
	put_number(&info, 2, len);
	put_number(&info, 1, 6 + strlen(label));
	put(&info, "tls13 ", 6);
	put(&info, label, strlen(label));
	put_number(&info, 2, 1);
	EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, from, 32, info.at, info.len,
		  block, sizeof(block), &key_len);
	memcpy(out, block, len);
}

static struct seal_keys keys_of(struct bytes cid, bool by_server)
{
	static const uint8_t salt[] = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34,
					0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8,
					0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a };
	struct seal_keys keys = { 0 };
	uint8_t initial[32], secret[32];
	size_t len;
	EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, salt, sizeof(salt), cid.at,
		  cid.len, initial, sizeof(initial), &len);
	hkdf_label(initial, by_server ? "server in" : "client in", secret, 32);
	hkdf_label(secret, "quic key", keys.key, 16);
	hkdf_label(secret, "quic iv", keys.iv, 12);
	hkdf_label(secret, "quic hp", keys.header, 16);
	return keys;
}

static void encrypt(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *nonce,
		    struct bytes header, struct bytes text, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int len;
	EVP_EncryptInit_ex2(context, cipher, key, nonce, NULL);
	if (header.len > 0)
		EVP_EncryptUpdate(context, NULL, &len, header.at, (int)header.len);
	EVP_EncryptUpdate(context, out, &len, text.at, (int)text.len);
	if (tag != NULL) {
		EVP_EncryptFinal_ex(context, out + len, &len);
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag);
	}
	EVP_CIPHER_CTX_free(context);
}

/* An Initial packet of version 1, padded to 1200 octets. */
static struct words seal(struct bytes cid, bool by_server, struct bytes to,
			 struct bytes frames)
{
	enum { LEN = 1200 };
	struct seal_keys keys = keys_of(cid, by_server);
	struct words w = { .len = 0 };
	uint8_t text[LEN] = { 0 }, mask[16];
	put_number(&w, 1, 0xc0);
	put_number(&w, 4, 1);
	put_number(&w, 1, to.len);
	put(&w, to.at, to.len);
	put_number(&w, 2, 0); /* no id of its own, no token */
	size_t number_at = w.len + 2;
	size_t text_len = LEN - number_at - 1 - 16;
	put_number(&w, 2, 0x4000 | (LEN - number_at));
	put_number(&w, 1, 0);
	memcpy(text, frames.at, frames.len);
	encrypt(EVP_aes_128_gcm(), keys.key, keys.iv, said_in(&w),
		bytes_of(text, text_len), w.at + w.len, w.at + w.len + text_len);
	encrypt(EVP_aes_128_ecb(), keys.header, NULL, bytes_of(NULL, 0),
		bytes_of(w.at + number_at + 4, 16), mask, NULL);
	w.at[0] ^= mask[0] & 0x0f;
	w.at[number_at] ^= mask[1];
	w.len = LEN;
	return w;
}

static void put_crypto(struct words *frames, struct bytes message, size_t from,
		       size_t to)
{
	put_number(frames, 1, 6);
	put_number(frames, 2, 0x4000 | from);
	put_number(frames, 2, 0x4000 | (to - from));
	put(frames, message.at + from, to - from);
}

static struct words long_hello(void)
{
	struct hello_words h = { .version = 0x0303,
				 .ciphers = LIST(0x1301),
				 .extensions = LIST(0, 16, 43, 21),
				 .versions = LIST(0x0304),
				 .name = "www.example.org",
				 .alpn = { "h3" } };
	struct words body = { .len = 0 }, message = { .len = 0 };
	char alpn[250];
	memset(alpn, 'a', sizeof(alpn));
	alpn[249] = '\0';
	h.alpn[1] = alpn;
	put_client_hello(&body, &h, false);
	put_message(&message, 1, said_in(&body));
	return message;
}

/* ---- recognising ---- */

static const char *is(unsigned by, const struct words *w)
{
	const struct bytes none = { 0 };
	return opening_is(IPPROTO_UDP, 9999, by, by == CLIENT ? said_in(w) : none,
			  by == SERVER ? said_in(w) : none);
}

static void first_packets_of_either_side_are_recognised(void **state)
{
	(void)state;
	struct words client = from_hex(client_initial);
	struct words server = from_hex(server_initial), again = from_hex(retry);
	struct words v2 = from_hex(server_initial_v2);
	assert_string_equal(is(CLIENT, &client), "quic");
	assert_string_equal(is(SERVER, &server), "quic");
	assert_string_equal(is(SERVER, &v2), "quic");
	assert_string_equal(is(SERVER, &again), "quic");
	client.len = OPENING_MAX; /* as much as the packet path shows */
	assert_string_equal(is(CLIENT, &client), "quic");
}

static void version_negotiation_and_versions_of_old_are_recognised(void **state)
{
	(void)state;
	struct words offer = from_hex("8d00000000040102030400"
				      "00000001"
				      "6b3343cf");
	struct words unknown = from_hex("8d0000000004010203040012345678");
	struct words q043 = from_hex("0d00112233445566775130343301");
	struct words q046 = from_hex("c35130343650001122334455667700000001");
	assert_string_equal(is(SERVER, &offer), "quic");
	assert_null(is(CLIENT, &offer));
	assert_null(is(SERVER, &unknown));
	assert_string_equal(is(CLIENT, &q043), "quic");
	assert_string_equal(is(CLIENT, &q046), "quic");
}

static void what_is_short_or_does_not_fit_is_not_quic(void **state)
{
	(void)state;
	struct words client = from_hex(client_initial);
	struct words server = from_hex(server_initial), bad = client;
	/* A client's first datagram has at least 1200 octets. */
	client.len = OPENING_MAX - 1;
	assert_null(is(CLIENT, &client));
	bad.at[4] = 9; /* a version nobody has */
	assert_null(is(CLIENT, &bad));
	bad = from_hex(client_initial);
	bad.at[5] = 7; /* an id too short */
	assert_null(is(CLIENT, &bad));
	/* All there, and short. */
	bad = from_hex(
		"c000000001088394c8f03e51570800001e0102030405060708090a0b0c0d0e0f10"
		"1112131415161718191a1b1c1d1e");
	assert_null(is(CLIENT, &bad));
	assert_string_equal(is(SERVER, &bad), "quic");
	for (size_t n = 1; n < server.len; n++) {
		struct words cut = server;
		cut.len = n;
		assert_null(is(SERVER, &cut));
	}
}

/* ---- reading ---- */

static void say(struct talk_check *c, unsigned by, const struct words *w)
{
	talk_say(c, by, w->at, w->len);
}

static void check_rfc(const char *answer, const char *name)
{
	struct talk_check *c = talk_check_new(&protocol_quic, IPPROTO_UDP, 443);
	struct words client = from_hex(client_initial), server = from_hex(answer);
	say(c, CLIENT, &client);
	assert_int_equal(c->records, 0);
	assert_string_equal(c->talk.facts.name, "example.com");
	assert_string_equal(c->talk.facts.version, "QUIC v1");
	assert_int_equal(c->talk.facts.cleartext, 0);
	say(c, SERVER, &server);
	assert_true(c->talk.done);
	assert_int_equal(c->records, 1);
	const struct tls_record *r = &c->record[0].tls;
	assert_string_equal(r->version, "TLS 1.3");
	assert_string_equal(r->sni, "example.com");
	assert_string_equal(r->alpn, "alpn");
	assert_string_equal(r->cipher, "TLS_AES_128_GCM_SHA256");
	assert_memory_equal(r->ja4, "q13d0211an_", 11);
	assert_int_equal(strlen(r->ja3), 32);
	assert_int_equal(strlen(r->ja3s), 32);
	assert_string_equal(c->talk.facts.version, name);
	assert_string_equal(c->talk.facts.cipher, "TLS_AES_128_GCM_SHA256");
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void the_packets_of_rfc_9001_are_opened(void **state)
{
	(void)state;
	check_rfc(server_initial, "QUIC v1");
}

/* RFC 9368: a server may go on with another version, and its keys. */
static void the_server_packet_of_rfc_9369_is_opened(void **state)
{
	(void)state;
	check_rfc(server_initial_v2, "QUIC v2");
}

static void a_packet_that_was_tampered_with_tells_nothing(void **state)
{
	(void)state;
	for (size_t at = 0; at < 1200; at += 7) {
		struct talk_check *c = talk_check_new(&protocol_quic, IPPROTO_UDP, 443);
		struct words w = from_hex(client_initial);
		w.at[at] ^= 0x10;
		say(c, CLIENT, &w);
		talk_finish(c);
		assert_int_equal(c->records, 0);
		talk_check_free(c);
	}
}

static void a_hello_is_put_together_from_frames_in_any_order(void **state)
{
	(void)state;
	struct words hello = long_hello(), one = { .len = 0 }, two = { .len = 0 };
	struct bytes message = said_in(&hello), cid = bytes_of(made_up, 8);
	size_t third = message.len / 3;
	put_number(&one, 2, 0x0100); /* PING, PADDING */
	put_crypto(&one, message, 2 * third, message.len);
	put_number(&two, 1, 1);
	put_crypto(&two, message, third - 5, 2 * third);
	put_crypto(&two, message, 0, third);
	struct words first = seal(cid, false, cid, said_in(&one));
	struct words second = seal(cid, false, cid, said_in(&two));
	struct talk_check *c = talk_check_new(&protocol_quic, IPPROTO_UDP, 443);
	say(c, CLIENT, &first);
	assert_string_equal(c->talk.facts.name, "");
	say(c, CLIENT, &second);
	assert_string_equal(c->talk.facts.name, "www.example.org");
	talk_finish(c);
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].tls.alpn, "h3");
	assert_null(c->record[0].tls.version);
	talk_check_free(c);
}

/* Later packets of a client are addressed to the id the server gave; not so the keys.
 */
static void the_clients_first_id_protects_its_later_packets_too(void **state)
{
	(void)state;
	struct words hello = long_hello(), one = { .len = 0 }, two = { .len = 0 };
	struct bytes message = said_in(&hello), cid = bytes_of(made_up, 8);
	put_crypto(&one, message, 0, 100);
	put_crypto(&two, message, 100, message.len);
	struct words first = seal(cid, false, cid, said_in(&one));
	struct words second = seal(cid, false, bytes_of("server", 6), said_in(&two));
	struct talk_check *c = talk_check_new(&protocol_quic, IPPROTO_UDP, 443);
	say(c, CLIENT, &first);
	say(c, CLIENT, &second);
	assert_string_equal(c->talk.facts.name, "www.example.org");
	talk_check_free(c);
}

static void after_a_retry_keys_come_from_the_new_id(void **state)
{
	(void)state;
	struct words hello = long_hello(), frames = { .len = 0 };
	struct bytes message = said_in(&hello), cid = bytes_of(made_up, 8);
	struct bytes given = bytes_of("\xf0\x67\xa5\x50\x2a\x42\x62\xb5", 8);
	struct words choice = { .len = 0 }, answer = { .len = 0 };
	put_choice(&choice, &(struct choice){ .version = 0x0303,
					      .cipher = 0x1302,
					      .selected = 0x0304 });
	put_crypto(&answer, said_in(&choice), 0, choice.len);
	put_crypto(&frames, message, 0, message.len);
	struct words first = seal(cid, false, cid, said_in(&frames));
	struct words second = seal(given, false, given, said_in(&frames));
	struct words server = seal(given, true, bytes_of(NULL, 0), said_in(&answer));
	struct words again = from_hex(retry);
	struct talk_check *c = talk_check_new(&protocol_quic, IPPROTO_UDP, 443);
	say(c, CLIENT, &first);
	say(c, SERVER, &again);
	say(c, CLIENT, &second);
	say(c, SERVER, &server);
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].tls.cipher, "TLS_AES_256_GCM_SHA384");
	talk_check_free(c);
}

static void a_refusal_is_told_with_its_reason(void **state)
{
	(void)state;
	struct words hello = long_hello(), frames = { .len = 0 }, close = { .len = 0 };
	struct bytes message = said_in(&hello), cid = bytes_of(made_up, 8);
	put_crypto(&frames, message, 0, message.len);
	put_number(&close, 1, 0x1c);
	put_number(&close, 2, 0x4178); /* 0x100 and no_application_protocol */
	put_number(&close, 2, 0);
	struct words first = seal(cid, false, cid, said_in(&frames));
	struct words server = seal(cid, true, bytes_of(NULL, 0), said_in(&close));
	struct talk_check *c = talk_check_new(&protocol_quic, IPPROTO_UDP, 443);
	say(c, CLIENT, &first);
	say(c, SERVER, &server);
	assert_true(c->talk.done);
	assert_string_equal(c->record[0].tls.alert, "no_application_protocol");
	assert_string_equal(c->record[0].tls.alert_by, "server");
	talk_check_free(c);
}

static void versions_of_old_are_named(void **state)
{
	(void)state;
	struct words q043 = from_hex("0d00112233445566775130343301");
	struct talk_check *c = talk_check_new(&protocol_quic, IPPROTO_UDP, 443);
	say(c, CLIENT, &q043);
	assert_string_equal(c->talk.facts.version, "gQUIC Q043");
	assert_true(c->talk.done);
	talk_check_free(c);
}

static void a_conversation_without_a_handshake_is_left(void **state)
{
	(void)state;
	struct words again = from_hex(retry_v2);
	struct talk_check *c = talk_check_new(&protocol_quic, IPPROTO_UDP, 443);
	for (int i = 0; i < 12; i++)
		say(c, SERVER, &again);
	assert_true(c->talk.done);
	assert_int_equal(c->records, 0);
	talk_check_free(c);
}

/* Sealed as they should be, so that only the frames are wrong. */
static void wrong_frames_are_survived(void **state)
{
	(void)state;
	struct words hello = long_hello(), frames = { .len = 0 };
	struct bytes message = said_in(&hello), cid = bytes_of(made_up, 8);
	put_number(&frames, 1, 2);
	put_number(&frames, 4, 0);
	put_crypto(&frames, message, 0, 200);
	put_crypto(&frames, message, 200, message.len);
	srand(1); /* the seed */
	for (int i = 0; i < 1500; i++) {
		struct words bad = frames;
		for (int k = 0; k < 3; k++)
			bad.at[(size_t)rand() % (k == 0 ? 14 : bad.len)] =
				(uint8_t)rand();
		struct words w = seal(cid, false, cid, said_in(&bad));
		struct talk_check *c = talk_check_new(&protocol_quic, IPPROTO_UDP, 443);
		say(c, CLIENT, &w);
		talk_finish(c);
		talk_check_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_packets_of_either_side_are_recognised),
		cmocka_unit_test(
			version_negotiation_and_versions_of_old_are_recognised),
		cmocka_unit_test(what_is_short_or_does_not_fit_is_not_quic),
		cmocka_unit_test(the_packets_of_rfc_9001_are_opened),
		cmocka_unit_test(the_server_packet_of_rfc_9369_is_opened),
		cmocka_unit_test(a_packet_that_was_tampered_with_tells_nothing),
		cmocka_unit_test(a_hello_is_put_together_from_frames_in_any_order),
		cmocka_unit_test(the_clients_first_id_protects_its_later_packets_too),
		cmocka_unit_test(after_a_retry_keys_come_from_the_new_id),
		cmocka_unit_test(a_refusal_is_told_with_its_reason),
		cmocka_unit_test(versions_of_old_are_named),
		cmocka_unit_test(a_conversation_without_a_handshake_is_left),
		cmocka_unit_test(wrong_frames_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
