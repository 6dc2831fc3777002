/*
 * test_ssh_login.c: what the sizes of sealed packets tell about logins.
 *
 * The sizes are those that OpenSSH's server and client, old and new, Apache's server
 * and Paramiko sent in dialogues whose outcome the server's log told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "protocol/protocol.h"
#include "protocol/ssh_login.h"

#define CHACHA "chacha20-poly1305@openssh.com", ""
#define GCM    "aes256-gcm@openssh.com", ""
#define ETM    "aes128-ctr", "hmac-sha2-256-etm@openssh.com"
#define CTR    "aes128-ctr", "hmac-sha2-256"
#define OLD    "3des-cbc", "hmac-sha1"

static struct bytes text(const char *word)
{
	return bytes_of(word, strlen(word));
}

static struct ssh_login login_of(const char *cipher, const char *mac)
{
	struct ssh_login login = { 0 };
	for (unsigned by = 0; by < 2; by++)
		assert_true(
			ssh_sealing_of(text(cipher), text(mac), &login.sealing[by]));
	return login;
}

/* "F-" is a failure of unknown method; P publickey, W password, N none; A accepted. */
static void tell(char *told, size_t size, enum ssh_login_news news, const char *method)
{
	static const struct {
		const char *method;
		char letter;
	} letters[] = { { "publickey", 'P' }, { "password", 'W' }, { "none", 'N' } };
	size_t len = strlen(told);
	char letter = '-';
	if (news != SSH_LOGIN_FAILED && news != SSH_LOGIN_SUCCEEDED)
		return;
	for (unsigned i = 0; i < 3 && method != NULL; i++)
		if (strcmp(method, letters[i].method) == 0)
			letter = letters[i].letter;
	snprintf(told + len, size - len, "%s%c%c", len > 0 ? " " : "",
		 news == SSH_LOGIN_FAILED ? 'F' : 'A', letter);
}

/* Plays "C44 S44 ...", up to a success; "X": the connection closes. */
static void check_played(struct ssh_login login, const char *sizes, const char *wanted)
{
	char told[256] = "";
	const char *method = NULL;
	for (const char *at = sizes; *at != '\0'; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		enum ssh_login_news news =
			*at == 'X' ? ssh_login_closed(&login, &method)
				   : ssh_login_said(&login, *at == 'S',
						    (uint32_t)strtoul(at + 1, NULL, 10),
						    &method);
		tell(told, sizeof(told), news, method);
		if (news == SSH_LOGIN_LOST || news == SSH_LOGIN_SUCCEEDED)
			break;
	}
	if (strcmp(told, wanted) != 0)
		fail_msg("%s: got \"%s\", expected \"%s\"", sizes, told, wanted);
}

struct played {
	const char *cipher, *mac, *sizes, *told;
};

static void check_all(const struct played *played, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_played(login_of(played[i].cipher, played[i].mac), played[i].sizes,
			     played[i].told);
}
#define CHECK_ALL(played) check_all(played, sizeof(played) / sizeof((played)[0]))

/* ---- sizes ---- */

static void cipher_and_mac_tell_how_long_a_message_becomes(void **state)
{
	(void)state;
	static const struct {
		const char *cipher, *mac;
		uint32_t message, sealed;
		bool is_clear;
	} known[] = {
		{ CHACHA, 1, 28, false },
		{ CHACHA, 17, 44, false },
		{ GCM, 1, 36, true },
		{ GCM, 17, 52, true },
		{ ETM, 1, 52, true },
		{ ETM, 17, 68, true },
		{ CTR, 1, 48, false },
		{ CTR, 17, 64, false },
		{ OLD, 1, 36, false },
		{ OLD, 17, 52, false },
		{ "aes256-ctr", "umac-64-etm@openssh.com", 17, 44, true },
		{ "aes256-ctr", "umac-128@openssh.com", 17, 48, false },
		{ "aes128-cbc", "hmac-md5-96", 1, 28, false },
		{ "arcfour", "hmac-sha1-96", 1, 28, false },
		{ "AEAD_AES_128_GCM", "AEAD_AES_128_GCM", 17, 52, true },
		{ "rijndael-cbc@lysator.liu.se", "hmac-ripemd160", 1, 36, false },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct ssh_login login = login_of(known[i].cipher, known[i].mac);
		assert_int_equal(ssh_sealed(&login.sealing[0], known[i].message),
				 known[i].sealed);
		assert_int_equal(login.sealing[0].is_clear, known[i].is_clear);
	}
}

static void nothing_is_believed_of_unknown_algorithms(void **state)
{
	(void)state;
	struct ssh_sealing sealing;
	assert_false(ssh_sealing_of(text("rot13"), text("hmac-sha1"), &sealing));
	assert_false(ssh_sealing_of(text("aes128-ctr"), text("crc32"), &sealing));
	assert_false(ssh_sealing_of(text("aes128-ctr"), text(""), &sealing));
	assert_false(ssh_sealing_of(text(""), text("hmac-sha1"), &sealing));
	assert_false(ssh_sealing_of(text("none"), text("none"), &sealing));
}

/* ---- dialogues ---- */

/* As Ncrack 0.7 does, which is OpenSSH 7.1 by its own word. */
static void who_never_asks_for_the_methods_is_counted_from_the_first(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ CHACHA, "C44 S44 C148 S76 C148 S76 C148 S76 X", "F- F- F-" },
		{ CHACHA, "C44 S44 C84 S76 C84 S76 C84 S28", "F- F- A-" },
		{ CHACHA, "C44 S44 C148 S76 X", "F-" },
		{ GCM, "C52 S52 C148 S84 C148 S84 X", "F- F-" },
		/* A name of twenty letters, who asks and leaves. */
		{ CHACHA, "C44 S44 C84 S76 X", "" },
	};
	CHECK_ALL(played);
}

static void passwords_are_counted_one_by_one(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ CHACHA, "S316 C44 S44 C68 S76 C84 S76 C84 S76 C148 S28", "FW FW A-" },
		{ GCM, "S324 C52 S52 C68 S84 C148 S84 C148 S84 C148 S36", "F- F- A-" },
		{ ETM, "S340 C68 S68 C84 S100 C164 S100 C164 S100 C164 S52",
		  "F- F- A-" },
		{ CTR, "S336 C64 S64 C80 S96 C160 S96 C160 S96 C160 S48", "F- F- A-" },
		{ OLD, "C52 S52 C76 S84 C84 S84 C148 S84 C84 S36", "FW F- AW" },
	};
	CHECK_ALL(played);
}

static void keys_are_told_from_passwords_where_sizes_can(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ CHACHA, "S316 C44 S44 C68 S76 C140 S100 C308 S28", "AP" },
		{ CHACHA, "S316 C44 S44 C68 S76 C140 S76 C500 S76 C204 S164 C388 S28",
		  "FP FP AP" },
		{ CHACHA, "S316 C44 S44 C68 S76 C140 S76 C84 S76 C148 S28",
		  "FP FW A-" },
		{ GCM, "C52 S52 C68 S84 C148 S84 C500 S84 C212 S164 C388 S36",
		  "F- FP AP" },
		{ CTR, "C64 S64 C80 S96 C160 S96 C512 S96 C224 S176 C416 S48",
		  "F- FP AP" },
	};
	CHECK_ALL(played);
}

static void a_banner_does_not_hide_how_long_a_failure_is(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ CHACHA, "S316 C44 S44 C68 S136 C84 S76 C84 S76 C148 S28",
		  "FW FW A-" },
		{ CHACHA, "C44 S44 C68 S60 S76 C84 S76 C148 S28", "FW A-" },
		{ CHACHA, "C44 S44 C68 S1448 S696 C140 S76 C140 S100 C308 S28",
		  "FP AP" },
		{ GCM, "C52 S52 C68 S68 S84 C148 S84 C148 S84 C148 S36", "F- F- A-" },
		{ CTR, "C64 S64 C80 S2192 C160 S96 C160 S112 C336 S48", "F- AP" },
	};
	CHECK_ALL(played);
}

/* OpenSSH from 9.6 on sends EXT_INFO along with the first answer. */
static void nor_does_what_the_server_can_sign_with(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ CHACHA, "C68 C44 S44 C68 S288 C84 S76 C84 S76 C148 S28", "FW FW A-" },
		{ CHACHA, "C68 C44 S44 C68 S288 C84 S76 X", "FW" },
		{ CHACHA, "C68 C44 S44 C68 S288 C140 S100 C308 S28", "AP" },
		{ CTR, "C96 C64 S64 C80 S336 C160 S96 C160 S48", "F- A-" },
	};
	CHECK_ALL(played);
}

static void prompts_are_no_failures(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ CHACHA,
		  "C44 S44 C68 S76 C92 S60 C84 S76 C92 S60 C84 S76 C92 S60 C84 S44 "
		  "C84 S28",
		  "FW FW AW" },
		{ CHACHA,
		  "C68 C44 S44 C68 S280 C92 S60 C84 S68 C92 S60 C84 S44 C84 S28",
		  "FW AW" },
		/* where a prompt is as long as a failure */
		{ GCM,
		  "C52 S52 C68 S68 C100 S68 C84 S68 C100 S68 C84 S68 C100 S68 C84 S52 "
		  "C84 S36",
		  "FW FW AW" },
		{ ETM, "C68 S68 C84 S84 C116 S84 C100 S84 C116 S84 C100 S68 C100 S52",
		  "FW AW" },
		{ CTR, "C64 S64 C80 S80 C112 S80 C96 S80 C112 S80 C96 S64 C96 S48",
		  "FW AW" },
	};
	CHECK_ALL(played);
}

static void the_last_of_too_many_is_a_failure_too(void **state)
{
	(void)state;
	static const struct played played[] = {
		/* DISCONNECT as long as a failure, and longer */
		{ CHACHA, "C44 S44 C68 S76 C84 S76 C148 S76 X", "FW F-" },
		{ CHACHA, "C44 S44 C68 S52 C84 S52 C84 S52 C84 S76 X", "FW FW FW" },
		/* whom the server has not refused yet closed for other reasons */
		{ CHACHA, "C44 S44 C68 S52 C84 S76 X", "" },
		/* a prompt that nobody answered */
		{ CHACHA, "C44 S44 C68 S76 C92 S60 C84 S76 C92 S60 X", "FW" },
		/* a key whose passphrase nobody gave */
		{ CHACHA, "C44 S44 C68 S76 C140 S76 C140 S100 X", "FP" },
	};
	CHECK_ALL(played);
}

static void a_key_that_is_not_enough_has_not_failed(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ CHACHA, "C44 S44 C68 S44 C140 S100 C308 S44 C84 S28", "AW" },
		{ CHACHA, "C44 S44 C68 S44 C140 S100 C308 S52 C84 S52 C84 S28", "AW" },
	};
	CHECK_ALL(played);
}

static void who_needs_no_password_succeeds_with_none(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ CHACHA, "C44 S44 C68 S28", "AN" },
		{ GCM, "C52 S52 C68 S36", "AN" },
	};
	CHECK_ALL(played);
}

static void a_client_may_ask_before_it_is_answered(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ CHACHA, "C112 S44 S76 C84 S76 C84 S28", "FW AW" },
		{ CHACHA, "C112 S120 C84 S76 C84 S28", "FW AW" },
		{ GCM, "C52 C68 S52 S84 C148 S84 C148 S36", "F- A-" },
		/* the server tells its extensions late */
		{ CHACHA, "C44 S316 S44 C68 S76 C84 S76 C84 S28", "FW AW" },
		{ GCM, "C52 S324 S52 C68 S84 C148 S84 C148 S36", "F- A-" },
	};
	CHECK_ALL(played);
}

static void asking_for_methods_again_is_no_attempt(void **state)
{
	(void)state;
	static const struct played played[] = {
		/* Medusa */
		{ CTR, "C64 S64 C80 S96 C112 S96 C80 S96 C112 S96 C80 S96 C64 X",
		  "F- F-" },
	};
	CHECK_ALL(played);
}

/* The Java server of Gerrit, Jenkins and others pads by a block at least. */
static void more_padding_than_needed_is_seen_at_the_service(void **state)
{
	(void)state;
	static const struct played played[] = {
		{ ETM, "C68 S84 C84 S84 S100 C388 S356 C660 S68", "AP" },
	};
	CHECK_ALL(played);
}

static void paramiko_logs_in_with_its_first_request(void **state)
{
	(void)state;
	struct ssh_login login = login_of(CTR);
	login.begins_with_credentials = true;
	check_played(login, "C64 S64 C96 S96 X", "F-");
	check_played(login, "C64 S64 C96 S96 C96 S96 C96 S96 X", "F- F- F-");
	check_played(login, "C64 S64 C96 S48", "A-");
}

static void what_is_no_login_is_given_up(void **state)
{
	(void)state;
	struct ssh_login login = login_of(CHACHA);
	const char *method;
	check_played(login, "C44 S36", "");
	ssh_login_said(&login, CLIENT, 44, &method);
	ssh_login_said(&login, SERVER, 44, &method);
	ssh_login_said(&login, CLIENT, 68, &method);
	ssh_login_said(&login, SERVER, 76, &method);
	enum ssh_login_news news = SSH_LOGIN_NOTHING;
	for (int i = 0; i < 40 && news == SSH_LOGIN_NOTHING; i++)
		news = ssh_login_said(&login, (unsigned)i % 2, 52, &method);
	assert_int_equal(news, SSH_LOGIN_LOST);
	assert_int_equal(ssh_login_closed(&login, &method), SSH_LOGIN_NOTHING);
}

static void any_sizes_do_no_harm(void **state)
{
	(void)state;
	print_message("seed 1\n");
	srandom(1);
	for (int try = 0; try < 2000; try++) {
		struct ssh_login login = try % 2 ? login_of(CHACHA) : login_of(GCM);
		const char *method;
		for (int i = 0; i < 40; i++) {
			uint32_t len = (uint32_t)random() % 20 * 4 + 28;
			if (random() % 16 == 0)
				len = (uint32_t)random() << 1;
			ssh_login_said(&login, (unsigned)random() % 2, len, &method);
		}
		ssh_login_closed(&login, &method);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cipher_and_mac_tell_how_long_a_message_becomes),
		cmocka_unit_test(nothing_is_believed_of_unknown_algorithms),
		cmocka_unit_test(
			who_never_asks_for_the_methods_is_counted_from_the_first),
		cmocka_unit_test(passwords_are_counted_one_by_one),
		cmocka_unit_test(keys_are_told_from_passwords_where_sizes_can),
		cmocka_unit_test(a_banner_does_not_hide_how_long_a_failure_is),
		cmocka_unit_test(nor_does_what_the_server_can_sign_with),
		cmocka_unit_test(prompts_are_no_failures),
		cmocka_unit_test(the_last_of_too_many_is_a_failure_too),
		cmocka_unit_test(a_key_that_is_not_enough_has_not_failed),
		cmocka_unit_test(who_needs_no_password_succeeds_with_none),
		cmocka_unit_test(a_client_may_ask_before_it_is_answered),
		cmocka_unit_test(asking_for_methods_again_is_no_attempt),
		cmocka_unit_test(more_padding_than_needed_is_seen_at_the_service),
		cmocka_unit_test(paramiko_logs_in_with_its_first_request),
		cmocka_unit_test(what_is_no_login_is_given_up),
		cmocka_unit_test(any_sizes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
