/*
 * test_smb.c: what is read from conversations with file servers.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_smb;

enum { POOL = 48, LINE_MAX_LEN = 1200 };
static char pool[POOL][LINE_MAX_LEN];
static unsigned next_line;

/* A message of the session service; good until 48 more are made. */
static struct line frame(unsigned by, const char *header, size_t header_len,
			 const char *body, size_t body_len)
{
	char *at = pool[next_line++ % POOL];
	size_t len = header_len + body_len;
	assert_true(len + 4 <= LINE_MAX_LEN);
	memcpy(at, (const char[]){ 0, 0, (char)(len >> 8), (char)len }, 4);
	memcpy(at + 4, header, header_len);
	memcpy(at + 4 + header_len, body, body_len);
	return (struct line){ by, at, len + 4 };
}

static void put_le32(char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(value >> 8 * i);
}

static struct line smb2(unsigned by, uint8_t command, uint32_t status, uint8_t id,
			const char *body, size_t body_len)
{
	char header[64] = "\xfeSMB\x40";
	put_le32(header + 8, status);
	header[12] = (char)command;
	header[16] = by == SERVER;
	header[24] = (char)id;
	return frame(by, header, sizeof(header), body, body_len);
}
#define SMB2(by, command, status, id, body)                                            \
	smb2(by, command, status, id, body, sizeof(body) - 1)

static struct line smb1(unsigned by, uint8_t command, uint32_t status, uint16_t flags2,
			const char *body, size_t body_len)
{
	char header[32] = "\xffSMB";
	header[4] = (char)command;
	put_le32(header + 5, status);
	header[10] = (char)flags2;
	header[11] = (char)(flags2 >> 8);
	return frame(by, header, sizeof(header), body, body_len);
}
#define SMB1(by, command, status, flags2, body)                                        \
	smb1(by, command, status, flags2, body, sizeof(body) - 1)

#define DENIED     0xc000006d
#define MORE_STEPS 0xc0000016
#define NO_SERVERS 0xc000005e
#define UNICODE    0x8000

/* MS-SMB2 2.2.4: signing enabled, or required; dialect. */
#define AGREED(mode, dialect)                                                          \
	"\x41\0" mode "\0" dialect "\0\0"                                              \
	"0123456789abcdef"                                                             \
	"\0\0\0\0"                                                                     \
	"\0\0\x80\0"                                                                   \
	"\0\0\x80\0"                                                                   \
	"\0\0\x80\0"                                                                   \
	"01234567"                                                                     \
	"\0\0\0\0\0\0\0\0"                                                             \
	"\x80\0\0\0"                                                                   \
	"\0\0\0\0"
/* MS-SMB2 2.2.5: the token is at 88. */
#define SETUP(len) "\x19\0\0\x01\x01\0\0\0\0\0\0\0\x58\0" len "\0\0\0\0\0\0\0\0\0"
/* MS-SMB2 2.2.6: at 72. */
#define ADMITS(flags, len)                                                             \
	"\x09\0" flags "\0"                                                            \
	"\x48\0" len "\0"

#define NTLM_1 "NTLMSSP\0\x01\0\0\0\x15\x82\x08\x62"
/* From Windows 10.0 build 17763, and from Samba. */
#define NTLM_2(version)                                                                \
	"NTLMSSP\0\x02\0\0\0"                                                          \
	"\0\0\0\0\x38\0\0\0"                                                           \
	"\x15\x82\x8a\x62"                                                             \
	"01234567"                                                                     \
	"\0\0\0\0\0\0\0\0"                                                             \
	"\0\0\0\0\x38\0\0\0" version "\0\0\0\x0f"
#define WINDOWS "\x0a\0\x63\x45"
#define SAMBA   "\x06\x01\0\0"
#define NTLM_3                                                                         \
	"NTLMSSP\0\x03\0\0\0"                                                          \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\x08\0\x08\0\x40\0\0\0"                                                       \
	"\x06\0\x06\0\x48\0\0\0"                                                       \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\x01\0\0\0"                                                                   \
	"H\0O\0M\0E\0"                                                                 \
	"e\0v\0e\0"
#define NTLM_NOBODY                                                                    \
	"NTLMSSP\0\x03\0\0\0"                                                          \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\0\0\0\0\x40\0\0\0"                                                           \
	"\x01\0\0\0"
#define KERBEROS                                                                       \
	"\x60\x20\x06\x06\x2b\x06\x01\x05\x05\x02\x06\x09\x2a\x86\x48\x86\xf7\x12\x01" \
	"\x02\x02"

#define ASK_2                                                                          \
	"\x24\0\x01\0\x01\0\0\0"                                                       \
	"0123456789abcdef"                                                             \
	"\0\0\0\0\0\0\0\0\0\0\0\0\x11\x03"

#define COUNT(lines) (sizeof(lines) / sizeof((lines)[0]))

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_smb, IPPROTO_TCP, lines, count, 0);
}

static void it_is_known_from_either_side_on_any_port(void **state)
{
	(void)state;
	const struct line dialogues[][2] = {
		{ SMB2(CLIENT, 0, 0, 0, ASK_2),
		  SMB2(SERVER, 0, 0, 0, AGREED("\x01", "\x11\x03")) },
		{ SMB1(CLIENT, 0x72, 0, 0, "\0\x0c\0\x02NT LM 0.12\0"),
		  SMB1(SERVER, 0x72, 0, 0, "\x01\xff\xff\0\0") },
	};
	for (size_t i = 0; i < COUNT(dialogues); i++)
		for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++)
			assert_string_equal(
				dialogue_is(IPPROTO_TCP, 80, dialogues[i], 2, sides),
				"smb");
}

#define REQUEST                                                                        \
	"\x81\0\0\x44\x20"                                                             \
	"CKFDENECFDEFFCFGEFFCCACACACACACA\0"                                           \
	"\x20"                                                                         \
	"FHEPFCELEHFCEPFFFACACACACACACAAA\0"

static void a_request_for_a_session_is_known_and_names_the_called(void **state)
{
	(void)state;
	static const struct line lines[] = { SAYS(CLIENT, REQUEST),
					     SAYS(SERVER, "\x82\0\0\0") };
	assert_string_equal(dialogue_is(IPPROTO_TCP, 1139, lines, 2, BOTH_SIDES),
			    "smb");
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_string_equal(c->talk.facts.name, "*SMBSERVER");
	talk_check_free(c);
	dialogue_cut(&protocol_smb, lines, COUNT(lines));
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	const struct line lines[] = { SMB2(CLIENT, 0, 0, 0, ASK_2),
				      SAYS(CLIENT, REQUEST) };
	dialogue_grows(&protocol_smb, IPPROTO_TCP, lines, 1);
	dialogue_grows(&protocol_smb, IPPROTO_TCP, lines + 1, 1);
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	dialogue_claims_no_other(&protocol_smb);
	static const struct line others[] = {
		SAYS(CLIENT, "\0\0\0\x54\xfeSMA\x40"),
		SAYS(CLIENT, "\0\0\0\x54\x0eSMB\x40"),
		SAYS(CLIENT, "\x81\0\0\x44\x20"
			     "this is not an encoded name, no\0"),
		SAYS(SERVER, "\x82\0\0\0"),
	};
	for (size_t i = 0; i < COUNT(others); i++)
		dialogue_is_not("smb", IPPROTO_TCP, 445, &others[i], 1);
}

static void the_dialect_agreed_on_is_the_version(void **state)
{
	(void)state;
	const struct {
		struct line says;
		const char *version;
	} cases[] = {
		{ SMB2(SERVER, 0, 0, 0, AGREED("\x03", "\x02\x02")), "SMB 2.0.2" },
		{ SMB2(SERVER, 0, 0, 0, AGREED("\x03", "\x10\x02")), "SMB 2.1" },
		{ SMB2(SERVER, 0, 0, 0, AGREED("\x03", "\x00\x03")), "SMB 3.0" },
		{ SMB2(SERVER, 0, 0, 0, AGREED("\x03", "\x02\x03")), "SMB 3.0.2" },
		{ SMB2(SERVER, 0, 0, 0, AGREED("\x03", "\x11\x03")), "SMB 3.1.1" },
		{ SMB2(SERVER, 0, 0, 0, AGREED("\x01", "\xff\x02")), "" },
		{ SMB2(SERVER, 0, 0xc00000bb, 0, AGREED("\x01", "\x11\x03")), "" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct line lines[] = { SMB2(CLIENT, 0, 0, 0, ASK_2),
					      cases[i].says };
		struct talk_check *c = heard(lines, COUNT(lines));
		assert_string_equal(c->talk.facts.version, cases[i].version);
		assert_int_equal(c->notices, 0);
		assert_int_equal(c->talk.facts.cleartext, 1);
		talk_check_free(c);
	}
}

static void signatures_that_are_not_required_are_no_more_than_a_notice(void **state)
{
	(void)state;
	const struct line lines[] = { SMB2(CLIENT, 0, 0, 0, ASK_2),
				      SMB2(SERVER, 0, 0, 0,
					   AGREED("\x01", "\x11\x03")) };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->technique, "smb_signing_not_required");
	assert_string_equal(c->notice[0]->severity, "notice");
	talk_check_free(c);
}

/* Both steps of NTLM, ended by that response. */
#define LOGIN(challenge, end)                                                          \
	{                                                                              \
		SMB2(CLIENT, 0, 0, 0, ASK_2),                                          \
			SMB2(SERVER, 0, 0, 0, AGREED("\x03", "\x11\x03")),             \
			SMB2(CLIENT, 1, 0, 1, SETUP("\x10") NTLM_1),                   \
			SMB2(SERVER, 1, MORE_STEPS, 1,                                 \
			     ADMITS("\0", "\x38") NTLM_2(challenge)),                  \
			SMB2(CLIENT, 1, 0, 2, SETUP("\x4e") NTLM_3), end               \
	}

static void assert_login(struct line end, const char *outcome, uint64_t errors)
{
	const struct line lines[] = LOGIN(SAMBA, end);
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].user, "HOME\\eve");
	assert_string_equal(c->login[0].method, "NTLM");
	assert_string_equal(c->login[0].outcome, outcome);
	assert_int_equal(c->answers, 3);
	assert_int_equal(c->errors, errors);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	dialogue_cut(&protocol_smb, lines, COUNT(lines));
}

static void a_login_ends_as_its_status_says(void **state)
{
	(void)state;
	assert_login(SMB2(SERVER, 1, 0, 2, ADMITS("\0", "\0")), "success", 0);
	assert_login(SMB2(SERVER, 1, DENIED, 2, "\x09\0\0\0\0\0\0\0\0"), "failure", 0);
	assert_login(SMB2(SERVER, 1, NO_SERVERS, 2, "\x09\0\0\0\0\0\0\0\0"), "unknown",
		     1);
	/* Let in as a guest: whatever the password. */
	assert_login(SMB2(SERVER, 1, 0, 2, ADMITS("\x01", "\0")), "unknown", 0);
}

static void windows_tells_its_version_in_its_challenge(void **state)
{
	(void)state;
	const struct line windows[] =
		LOGIN(WINDOWS, SMB2(SERVER, 1, 0, 2, ADMITS("\0", "\0")));
	const struct line samba[] =
		LOGIN(SAMBA, SMB2(SERVER, 1, 0, 2, ADMITS("\0", "\0")));
	struct talk_check *c = heard(windows, COUNT(windows));
	assert_string_equal(c->talk.facts.software, "Windows 10.0.17763");
	talk_check_free(c);
	c = heard(samba, COUNT(samba));
	assert_string_equal(c->talk.facts.software, "");
	talk_check_free(c);
}

static void who_has_no_name_does_not_log_in(void **state)
{
	(void)state;
	const struct line lines[] = { SMB2(CLIENT, 1, 0, 2, SETUP("\x40") NTLM_NOBODY),
				      SMB2(SERVER, 1, 0, 2, ADMITS("\x02", "\0")) };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
}

static void a_ticket_has_no_name_but_an_outcome(void **state)
{
	(void)state;
	const struct line lines[] = { SMB2(CLIENT, 1, 0, 1, SETUP("\x15") KERBEROS),
				      SMB2(SERVER, 1, 0, 1, ADMITS("\0", "\0")) };
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].method, "Kerberos");
	assert_string_equal(c->login[0].user, "");
	assert_string_equal(c->login[0].outcome, "success");
	talk_check_free(c);
}

static void what_is_encrypted_is_not_read_on(void **state)
{
	(void)state;
	const struct line transformed[] = {
		SMB2(CLIENT, 0, 0, 0, ASK_2),
		frame(CLIENT, "\xfdSMB0123456789", 14, "", 0),
	};
	const struct line agreed[] =
		LOGIN(SAMBA, SMB2(SERVER, 1, 0, 2, ADMITS("\x04", "\0")));
	struct talk_check *c = heard(transformed, COUNT(transformed));
	assert_true(c->talk.done);
	assert_int_equal(c->talk.facts.cleartext, 0);
	talk_check_free(c);
	c = heard(agreed, COUNT(agreed));
	assert_true(c->talk.done);
	assert_int_equal(c->talk.facts.cleartext, 0);
	assert_string_equal(c->login[0].outcome, "success");
	talk_check_free(c);
}

static void only_responses_are_answers(void **state)
{
	(void)state;
	const struct line lines[] = {
		SMB2(CLIENT, 9, 0, 5, "data"),
		SMB2(SERVER, 9, 0x103, 5, "soon"),      /* STATUS_PENDING */
		SMB2(SERVER, 9, 0xc000007f, 5, "full"), /* STATUS_DISK_FULL */
		SMB2(CLIENT, 5, 0, 6, "name"),
		SMB2(SERVER, 5, 0xc0000034, 6, "no"), /* no such file */
		SAYS(SERVER, "\x85\0\0\0"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->answers, 2);
	assert_int_equal(c->errors, 1);
	talk_check_free(c);
	dialogue_cut(&protocol_smb, lines, COUNT(lines));
}

static void long_messages_are_passed_over(void **state)
{
	(void)state;
	enum { LEN = 1 << 20, PIECE = 65536 };
	static char piece[PIECE];
	memset(piece, 'x', sizeof(piece));
	struct line read = SMB2(SERVER, 8, 0, 7, ""),
		    full = SMB2(SERVER, 9, 0xc000007f, 8, "");
	memcpy(pool[next_line % POOL], read.text, read.len);
	char *head = pool[next_line++ % POOL];
	head[1] = 0x10;
	head[3] = 64;
	struct talk_check *c = talk_check_new(&protocol_smb, IPPROTO_TCP, 445);
	talk_say(c, SERVER, head, read.len);
	for (size_t left = LEN; left > 0; left -= PIECE)
		talk_say(c, SERVER, piece, PIECE);
	talk_say(c, SERVER, full.text, full.len);
	assert_int_equal(c->answers, 2);
	assert_int_equal(c->errors, 1);
	/* What is no message costs a turn. */
	talk_say_text(c, CLIENT, "what");
	talk_say_text(c, SERVER, "what is this?");
	talk_say_text(c, CLIENT, "?");
	talk_say(c, SERVER, full.text, full.len);
	assert_int_equal(c->answers, 3);
	talk_check_free(c);
}

/* ---- SMB 1 ---- */

/* MS-CIFS 2.2.4.52.2: 17 words, of which the first two matter. */
#define AGREED_1(mode)                                                                 \
	"\x11\0\0" mode "0123456789012345678901234567890"                              \
	"\0\0"
/* MS-CIFS 2.2.4.53.1: proofs of two and two octets; a pad, then UTF-16. */
#define SETUP_NT(oem, unicode)                                                         \
	"\x0d\xff\0\0\0\0\x40\x02\0\x01\0\0\0\0\0" oem "\0" unicode                    \
	"\0\0\0\0\0\x40\0\0\0"                                                         \
	"\x3c\0"                                                                       \
	"pwdx"                                                                         \
	"\0"                                                                           \
	"b\0o\0b\0\0\0"                                                                \
	"D\0O\0M\0\0\0"                                                                \
	"U\0n\0i\0x\0\0\0"                                                             \
	"S\0a\0m\0b\0a\0\0\0"
#define ADMITS_1                                                                       \
	"\x03\xff\0\0\0\0\0\x28\0"                                                     \
	"\0"                                                                           \
	"W\0i\0n\0\0\0"                                                                \
	"S\0a\0m\0b\0a\0 \0"                                                           \
	"4\0\0\0"
#define ADMITS_WINDOWS                                                                 \
	"\x03\xff\0\0\0\0\0\x28\0"                                                     \
	"\0"                                                                           \
	"W\0i\0n\0 \0"                                                                 \
	"5\0\0\0"                                                                      \
	"L\0M\0\0\0"

static void smb_1_is_weak_when_the_server_agrees(void **state)
{
	(void)state;
	const struct line agreed[] = { SMB1(CLIENT, 0x72, 0, 0,
					    "\0\x0c\0\x02NT LM 0.12\0"),
				       SMB1(SERVER, 0x72, 0, 0, AGREED_1("\x0f")) };
	const struct line refused[] = { SMB1(CLIENT, 0x72, 0, 0,
					     "\0\x0c\0\x02NT LM 0.12\0"),
					SMB1(SERVER, 0x72, 0, 0, "\x01\xff\xff\0\0") };
	const struct line newer[] = {
		SMB1(CLIENT, 0x72, 0, 0, "\0\x0c\0\x02SMB 2.???\0"),
		SMB2(SERVER, 0, 0, 0, AGREED("\x03", "\xff\x02"))
	};
	struct talk_check *c = heard(agreed, 2);
	assert_string_equal(c->talk.facts.version, "SMB 1");
	assert_int_equal(c->notices, 1);
	assert_string_equal(c->notice[0]->kind, "weak_protocol");
	assert_string_equal(c->notice[0]->severity, "medium");
	talk_check_free(c);
	c = heard(refused, 2);
	assert_int_equal(c->notices, 0);
	assert_string_equal(c->talk.facts.version, "");
	talk_check_free(c);
	c = heard(newer, 2);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static void smb_1_tells_user_and_software(void **state)
{
	(void)state;
	const struct line lines[] = {
		SMB1(CLIENT, 0x73, 0, UNICODE, SETUP_NT("\x02", "\x02")),
		SMB1(SERVER, 0x73, 0, UNICODE, ADMITS_1),
		SMB1(CLIENT, 0x73, 0, UNICODE, SETUP_NT("\x02", "\x02")),
		SMB1(SERVER, 0x73, DENIED, UNICODE, "\0\0\0"),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].user, "DOM\\bob");
	assert_string_equal(c->login[0].outcome, "success");
	assert_string_equal(c->login[0].method, "NTLM");
	assert_string_equal(c->login[1].outcome, "failure");
	assert_string_equal(c->talk.facts.software, "Samba 4");
	assert_string_equal(c->talk.facts.client_software, "Samba");
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
	dialogue_cut(&protocol_smb, lines, COUNT(lines));
	const struct line windows[] = { lines[0], SMB1(SERVER, 0x73, 0, UNICODE,
						       ADMITS_WINDOWS) };
	c = heard(windows, COUNT(windows));
	assert_string_equal(c->talk.facts.software, "Win 5");
	talk_check_free(c);
}

static void a_server_that_wants_passwords_gets_them_in_clear(void **state)
{
	(void)state;
	const struct line lines[] = {
		SMB1(CLIENT, 0x72, 0, 0, "\0\x0c\0\x02NT LM 0.12\0"),
		SMB1(SERVER, 0x72, 0, 0, AGREED_1("\x0d")),
		SMB1(CLIENT, 0x73, 0, UNICODE, SETUP_NT("\x02", "\x02")),
		SMB1(SERVER, 0x73, 0, UNICODE, ADMITS_1),
	};
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_true(talk_check_noticed(c, "smb_password"));
	assert_string_equal(c->login[0].method, "password");
	assert_null(memmem(&c->talk, sizeof(c->talk), "pwdx", 4));
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	const struct line new[] =
		LOGIN(WINDOWS, SMB2(SERVER, 1, 0, 2, ADMITS("\0", "\0")));
	const struct line old[] = {
		SAYS(CLIENT, REQUEST),
		SAYS(SERVER, "\x82\0\0\0"),
		SMB1(CLIENT, 0x72, 0, 0, "\0\x0c\0\x02NT LM 0.12\0"),
		SMB1(SERVER, 0x72, 0, 0, AGREED_1("\x0d")),
		SMB1(CLIENT, 0x73, 0, UNICODE, SETUP_NT("\x02", "\x02")),
		SMB1(SERVER, 0x73, 0, UNICODE, ADMITS_1),
	};
	dialogue_noise(&protocol_smb, IPPROTO_TCP);
	dialogue_spoilt(&protocol_smb, IPPROTO_TCP, new, COUNT(new), 6);
	dialogue_spoilt(&protocol_smb, IPPROTO_TCP, old, COUNT(old), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_from_either_side_on_any_port),
		cmocka_unit_test(a_request_for_a_session_is_known_and_names_the_called),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(the_dialect_agreed_on_is_the_version),
		cmocka_unit_test(
			signatures_that_are_not_required_are_no_more_than_a_notice),
		cmocka_unit_test(a_login_ends_as_its_status_says),
		cmocka_unit_test(windows_tells_its_version_in_its_challenge),
		cmocka_unit_test(who_has_no_name_does_not_log_in),
		cmocka_unit_test(a_ticket_has_no_name_but_an_outcome),
		cmocka_unit_test(what_is_encrypted_is_not_read_on),
		cmocka_unit_test(only_responses_are_answers),
		cmocka_unit_test(long_messages_are_passed_over),
		cmocka_unit_test(smb_1_is_weak_when_the_server_agrees),
		cmocka_unit_test(smb_1_tells_user_and_software),
		cmocka_unit_test(a_server_that_wants_passwords_gets_them_in_clear),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
