/*
 * test_ssh.c: what is read from conversations over SSH.
 */
#include "dialogue_check.h"

extern const struct protocol protocol_ssh;

enum { KEXINIT = 20, NEWKEYS = 21, ECDH_INIT = 30, ECDH_REPLY = 31, LISTS = 8 };
#define COUNT(of) (sizeof(of) / sizeof((of)[0]))

#define DEBIAN  "OpenSSH_9.2p1 Debian-2+deb12u10"
#define KEX     "curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256"
#define CIPHERS "chacha20-poly1305@openssh.com,aes128-ctr,aes256-gcm@openssh.com"
#define MACS    "umac-64-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-256"

/* One side's KEXINIT: kex, host keys, ciphers, MACs and compression, both ways alike.
 */
struct offer {
	const char *kex, *host_key, *cipher, *mac, *compression;
};
static const struct offer client_offers = { KEX
					    ",ext-info-c,kex-strict-c-v00@openssh.com",
					    "ssh-ed25519,rsa-sha2-512", CIPHERS, MACS,
					    "none,zlib@openssh.com,zlib" };
static const struct offer server_offers = { KEX ",kex-strict-s-v00@openssh.com",
					    "rsa-sha2-512,ssh-ed25519", CIPHERS, MACS,
					    "none,zlib@openssh.com" };

/* Room for a packet; good until 32 more are made. */
static char *pool_take(size_t len)
{
	enum { POOL = 32 };
	static char pool[POOL][DIALOGUE_MAX];
	static unsigned next;
	assert_true(len <= sizeof(pool[0]));
	return pool[next++ % POOL];
}

static void put_be32(char *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(value >> (24 - 8 * i));
}

/* RFC 4253 6: length, length of padding, message, padding. */
static struct line packet(unsigned by, uint8_t number, const char *message, size_t len)
{
	enum { HEADER = 6, PADDING = 8 };
	char *at = pool_take(HEADER + len + PADDING);
	put_be32(at, 2 + len + PADDING);
	at[4] = PADDING;
	at[5] = (char)number;
	if (len > 0)
		memcpy(at + HEADER, message, len);
	memset(at + HEADER + len, 0, PADDING);
	return (struct line){ by, at, HEADER + len + PADDING };
}

static struct line kexinit_of_lists(unsigned by, const char *const lists[LISTS])
{
	char message[DIALOGUE_MAX] = "cookiecookiecook";
	size_t len = 16;
	for (unsigned i = 0; i < LISTS; i++) {
		size_t list = strlen(lists[i]);
		put_be32(message + len, list);
		memcpy(message + len + 4, lists[i], list);
		len += 4 + list;
	}
	/* no languages, no guess */
	memset(message + len, 0, 13);
	return packet(by, KEXINIT, message, len + 13);
}

static struct line kexinit(unsigned by, struct offer offer)
{
	const char *const lists[LISTS] = { offer.kex,         offer.host_key,
					   offer.cipher,      offer.cipher,
					   offer.mac,         offer.mac,
					   offer.compression, offer.compression };
	return kexinit_of_lists(by, lists);
}

static struct line key(unsigned by, uint8_t number)
{
	char message[96] = "key";
	return packet(by, number, message, sizeof(message));
}

/* Sealed octets; where the length can be read, tag of them are behind what it counts.
 */
static struct line sealed(unsigned by, size_t len, size_t tag)
{
	char *at = pool_take(len);
	memset(at, 0xa5, len);
	if (tag > 0)
		put_be32(at, len - 4 - tag);
	return (struct line){ by, at, len };
}

/* Banners and keys: the first eight lines of a conversation. */
enum { OPENING_LINES = 8 };
static void open_with(struct line lines[OPENING_LINES], struct offer client,
		      struct offer server, unsigned first)
{
	static const struct line banners[2] = {
		SAYS(CLIENT, "SSH-2.0-OpenSSH_9.6\r\n"),
		SAYS(SERVER, "SSH-2.0-" DEBIAN "\r\n"),
	};
	struct line offers[2] = { kexinit(CLIENT, client), kexinit(SERVER, server) };
	lines[0] = banners[first];
	lines[1] = banners[1 - first];
	lines[2] = offers[first];
	lines[3] = offers[1 - first];
	lines[4] = key(CLIENT, ECDH_INIT);
	lines[5] = key(SERVER, ECDH_REPLY);
	lines[6] = packet(SERVER, NEWKEYS, NULL, 0);
	lines[7] = packet(CLIENT, NEWKEYS, NULL, 0);
}

static struct talk_check *heard(const struct line *lines, size_t count)
{
	return dialogue_heard(&protocol_ssh, IPPROTO_TCP, lines, count, 0);
}

static struct talk_check *heard_offers(struct offer client, struct offer server)
{
	struct line lines[OPENING_LINES];
	open_with(lines, client, server, SERVER);
	return heard(lines, OPENING_LINES);
}

/* ---- recognising ---- */

static const struct line greeted[] = {
	SAYS(SERVER, "Authorized use only.\r\nYes, really.\r\n"),
	SAYS(SERVER, "SSH-2.0-dropbear_2022.83\r\n"),
	SAYS(CLIENT, "SSH-2.0-libssh_0.10.4\r\n"),
};

static void it_is_known_from_either_side_on_any_port(void **state)
{
	(void)state;
	static const struct line lines[] = {
		SAYS(CLIENT, "SSH-2.0-OpenSSH_9.6\r\n"),
		SAYS(SERVER, "SSH-2.0-" DEBIAN "\r\n"),
	};
	static const struct line old[] = { SAYS(SERVER, "SSH-1.99-Cisco-1.25\n") };
	for (unsigned sides = CLIENT_SIDE; sides <= BOTH_SIDES; sides++) {
		assert_string_equal(dialogue_is(IPPROTO_TCP, 443, lines, 2, sides),
				    "ssh");
		assert_string_equal(dialogue_is(IPPROTO_TCP, 22, greeted, 3, sides),
				    "ssh");
	}
	assert_string_equal(dialogue_is(IPPROTO_TCP, 22, old, 1, SERVER_SIDE), "ssh");
}

static void every_shorter_prefix_asks_for_more(void **state)
{
	(void)state;
	struct line lines[OPENING_LINES];
	open_with(lines, client_offers, server_offers, SERVER);
	dialogue_grows(&protocol_ssh, IPPROTO_TCP, lines, OPENING_LINES);
	dialogue_grows(&protocol_ssh, IPPROTO_TCP, greeted, COUNT(greeted));
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	static const char *const others[] = { "SSH-3.0-x\r\n", "SSH 2.0\r\n",
					      "ssh-2.0-x\r\n", "SSH\r\n" };
	dialogue_claims_no_other(&protocol_ssh);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(verdict_of(&protocol_ssh, IPPROTO_TCP,
					    bytes_of(others[i], strlen(others[i])),
					    (struct bytes){ 0 }),
				 VERDICT_NO);
}

/* ---- what is said in the clear ---- */

static void banners_name_software_and_version(void **state)
{
	(void)state;
	struct talk_check *c = heard_offers(client_offers, server_offers);
	assert_string_equal(c->talk.facts.software, DEBIAN);
	assert_string_equal(c->talk.facts.client_software, "OpenSSH_9.6");
	assert_string_equal(c->talk.facts.version, "2.0");
	talk_check_free(c);
	c = heard(greeted, COUNT(greeted));
	assert_string_equal(c->talk.facts.software, "dropbear_2022.83");
	assert_int_equal(c->talk.facts.cleartext, UNKNOWN_FLAG);
	talk_check_free(c);
}

static void what_both_offer_is_agreed_on_as_the_client_prefers(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 2; first++) {
		struct line lines[OPENING_LINES];
		open_with(lines, client_offers, server_offers, first);
		struct talk_check *c = heard(lines, OPENING_LINES);
		const struct ssh_record *record = &c->record[0].ssh;
		assert_int_equal(c->records, 1);
		assert_string_equal(record->kex, "curve25519-sha256");
		assert_string_equal(record->host_key, "ssh-ed25519");
		assert_string_equal(record->cipher, "chacha20-poly1305@openssh.com");
		assert_string_equal(record->mac, "<implicit>");
		assert_string_equal(record->client_version, "2.0");
		assert_string_equal(record->client_software, "OpenSSH_9.6");
		assert_string_equal(record->server_software, DEBIAN);
		assert_string_equal(c->talk.facts.cipher,
				    "chacha20-poly1305@openssh.com");
		assert_int_equal(c->talk.facts.cleartext, 0);
		assert_int_equal(c->notices, 0);
		talk_check_free(c);
	}
}

static void hassh_is_the_md5_of_what_a_side_offers(void **state)
{
	(void)state;
	struct talk_check *c = heard_offers(client_offers, server_offers);
	assert_string_equal(c->record[0].ssh.hassh, "2f3995a21b56915379b86ac47f84b94c");
	assert_string_equal(c->record[0].ssh.hassh_server,
			    "afc452a8dc9a5832cfc746586d405e43");
	talk_check_free(c);
}

static void each_way_has_its_own_lists(void **state)
{
	(void)state;
	const char *const client[LISTS] = { "a",          "b",         "aes128-ctr",
					    "aes256-ctr", "hmac-sha1", "hmac-sha2-256",
					    "none",       "none" };
	const char *const server[LISTS] = { "a",
					    "b",
					    "aes256-ctr,aes128-ctr",
					    "aes256-ctr,aes128-ctr",
					    "hmac-sha2-256,hmac-sha1",
					    "hmac-sha2-256",
					    "none",
					    "none" };
	struct line lines[OPENING_LINES + 4];
	open_with(lines, client_offers, server_offers, SERVER);
	lines[2] = kexinit_of_lists(SERVER, server);
	lines[3] = kexinit_of_lists(CLIENT, client);
	/* hmac-sha1 there, hmac-sha2-256 back */
	lines[8] = sealed(CLIENT, 52, 0);
	lines[9] = sealed(SERVER, 64, 0);
	lines[10] = sealed(CLIENT, 68, 0);
	lines[11] = sealed(SERVER, 48, 0);
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_string_equal(c->record[0].ssh.cipher, "aes128-ctr");
	assert_string_equal(c->record[0].ssh.mac, "hmac-sha1");
	assert_string_equal(c->record[0].ssh.hassh, "5249bb686705316e50a00e0ed54f2533");
	assert_string_equal(c->record[0].ssh.hassh_server,
			    "0466479c7106c339ed199820d57556f0");
	assert_int_equal(c->logins, 1);
	talk_check_free(c);
}

static void more_names_than_are_kept_are_not_guessed_at(void **state)
{
	(void)state;
	char many[600] = "";
	for (int i = 0; i < 60; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "kex-%d,",
			 i);
	snprintf(many + strlen(many), sizeof(many) - strlen(many), "last");
	struct offer client = client_offers, server = server_offers;
	client.kex = "last";
	server.kex = many;
	struct talk_check *c = heard_offers(client, server);
	assert_string_equal(c->record[0].ssh.kex, "");
	talk_check_free(c);
	client.kex = "last,kex-3"; /* the first may be among those not kept */
	c = heard_offers(client, server);
	assert_string_equal(c->record[0].ssh.kex, "");
	talk_check_free(c);
	client.kex = "kex-3,last";
	c = heard_offers(client, server);
	assert_string_equal(c->record[0].ssh.kex, "kex-3");
	assert_string_equal(c->record[0].ssh.cipher, "chacha20-poly1305@openssh.com");
	talk_check_free(c);
}

static void a_connection_without_keys_is_recorded_at_its_end(void **state)
{
	(void)state;
	struct talk_check *c = heard(greeted, COUNT(greeted));
	assert_int_equal(c->records, 1);
	assert_string_equal(c->record[0].ssh.server_software, "dropbear_2022.83");
	assert_string_equal(c->record[0].ssh.kex, "");
	assert_int_equal(c->logins, 0);
	talk_check_free(c);
}

/* ---- logins ---- */

static void each_attempt_is_told_as_inferred_from_sizes(void **state)
{
	(void)state;
	struct line lines[OPENING_LINES + 10];
	open_with(lines, client_offers, server_offers, SERVER);
	static const struct {
		unsigned by;
		size_t len;
	} said[] = { { SERVER, 316 }, { CLIENT, 44 }, { SERVER, 44 }, { CLIENT, 68 },
		     { SERVER, 76 },  { CLIENT, 84 }, { SERVER, 76 }, { CLIENT, 148 },
		     { SERVER, 28 },  { CLIENT, 112 } };
	for (size_t i = 0; i < COUNT(said); i++)
		lines[OPENING_LINES + i] = sealed(said[i].by, said[i].len, 0);
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[0].method, "password");
	assert_string_equal(c->login[0].seen_by, "size");
	assert_string_equal(c->login[0].protocol, "ssh");
	assert_string_equal(c->login[1].outcome, "success");
	assert_null(c->login[1].method);
	assert_true(c->talk.done);
	talk_check_free(c);
}

/* Keys and the first sealed packet often come in one segment. */
static void what_follows_the_keys_in_their_segment_is_sealed(void **state)
{
	(void)state;
	struct line lines[OPENING_LINES + 6];
	open_with(lines, client_offers, server_offers, SERVER);
	struct line extensions = sealed(CLIENT, 68, 0);
	char *both = pool_take(lines[7].len + extensions.len);
	memcpy(both, lines[7].text, lines[7].len);
	memcpy(both + lines[7].len, extensions.text, extensions.len);
	lines[7] = (struct line){ CLIENT, both, lines[7].len + extensions.len };
	lines[8] = sealed(CLIENT, 44, 0);
	lines[9] = sealed(SERVER, 44, 0);
	lines[10] = sealed(CLIENT, 68, 0);
	lines[11] = sealed(SERVER, 76, 0);
	lines[12] = sealed(CLIENT, 148, 0);
	lines[13] = sealed(SERVER, 28, 0);
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, "success");
	talk_check_free(c);
}

static size_t gcm_dialogue(struct line *lines)
{
	struct offer client = client_offers;
	client.cipher = "aes256-gcm@openssh.com";
	open_with(lines, client, server_offers, CLIENT);
	static const struct {
		unsigned by;
		size_t len;
	} said[] = { { SERVER, 324 }, { CLIENT, 52 }, { SERVER, 52 },  { CLIENT, 68 },
		     { SERVER, 68 },  { SERVER, 84 }, { CLIENT, 148 }, { SERVER, 84 },
		     { CLIENT, 148 }, { SERVER, 36 }, { CLIENT, 52 } };
	for (size_t i = 0; i < COUNT(said); i++)
		lines[OPENING_LINES + i] = sealed(said[i].by, said[i].len, 16);
	return OPENING_LINES + COUNT(said);
}

static void where_lengths_can_be_read_cuts_change_nothing(void **state)
{
	(void)state;
	struct line lines[OPENING_LINES + 11];
	size_t count = gcm_dialogue(lines);
	dialogue_cut(&protocol_ssh, lines, count);
	struct talk_check *c = heard(lines, count);
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[0].outcome, "failure");
	assert_string_equal(c->login[1].outcome, "success");
	talk_check_free(c);
}

static void the_last_attempt_is_told_when_the_server_closes(void **state)
{
	(void)state;
	struct line lines[OPENING_LINES + 8];
	open_with(lines, client_offers, server_offers, SERVER);
	static const size_t said[] = { 44, 44, 68, 52, 84, 52, 84, 76 };
	for (unsigned i = 0; i < COUNT(said); i++)
		lines[OPENING_LINES + i] = sealed(i % 2, said[i], 0);
	struct talk_check *c = heard(lines, COUNT(lines));
	assert_int_equal(c->logins, 2);
	assert_string_equal(c->login[1].outcome, "failure");
	talk_check_free(c);
}

static void nothing_is_inferred_from_packed_or_unknown_packets(void **state)
{
	(void)state;
	static const struct offer offers[] = {
		{ KEX, "ssh-rsa", "aes128-ctr", "hmac-sha1", "zlib" },
		{ KEX, "ssh-rsa", "rot13", "hmac-sha1", "none" },
		{ KEX, "ssh-rsa", "aes128-ctr", "crc32", "none" },
	};
	static const size_t said[] = { 52, 52, 68, 84, 148, 36 };
	for (size_t i = 0; i < COUNT(offers); i++) {
		struct line lines[OPENING_LINES + COUNT(said)];
		open_with(lines, offers[i], offers[i], SERVER);
		for (unsigned k = 0; k < COUNT(said); k++)
			lines[OPENING_LINES + k] = sealed(k % 2, said[k], 0);
		struct talk_check *c = heard(lines, COUNT(lines));
		assert_int_equal(c->logins, 0);
		assert_true(c->talk.done);
		talk_check_free(c);
	}
}

static void after_a_loss_nothing_is_inferred(void **state)
{
	(void)state;
	struct line lines[OPENING_LINES + 11];
	size_t count = gcm_dialogue(lines);
	struct talk_check *c = talk_check_new(&protocol_ssh, IPPROTO_TCP, 22);
	dialogue_say(c, lines, OPENING_LINES + 2, 0);
	talk_lose(c, SERVER);
	dialogue_say(c, lines + OPENING_LINES + 3, count - OPENING_LINES - 3, 0);
	talk_finish(c);
	assert_int_equal(c->logins, 0);
	assert_true(c->talk.done);
	talk_check_free(c);
}

/* ---- what is wrong ---- */

static void weak_algorithms_are_noticed_when_agreed_on(void **state)
{
	(void)state;
	static const struct {
		const char *kex, *cipher, *mac, *technique, *severity;
	} weak[] = {
		{ KEX, "arcfour256", MACS, "ssh_weak_cipher", "medium" },
		{ KEX, "3des-cbc", MACS, "ssh_weak_cipher", "medium" },
		{ KEX, "des-cbc@ssh.com", MACS, "ssh_weak_cipher", "medium" },
		{ KEX, "none", MACS, "ssh_no_encryption", "medium" },
		{ KEX, "aes256-cbc", MACS, "ssh_cbc_cipher", "low" },
		{ KEX, "rijndael-cbc@lysator.liu.se", MACS, "ssh_cbc_cipher", "low" },
		{ KEX, "aes128-ctr", "hmac-md5-etm@openssh.com", "ssh_weak_mac",
		  "low" },
		{ KEX, "aes128-ctr", "hmac-sha1-96", "ssh_weak_mac", "low" },
		{ "diffie-hellman-group1-sha1", "aes128-ctr", MACS,
		  "ssh_weak_key_exchange", "low" },
	};
	for (size_t i = 0; i < COUNT(weak); i++) {
		struct offer server = server_offers, client;
		server.kex = weak[i].kex;
		server.cipher = weak[i].cipher;
		server.mac = weak[i].mac;
		client = server;
		struct talk_check *c = heard_offers(client, server);
		assert_int_equal(c->notices, 1);
		assert_string_equal(c->notice[0]->technique, weak[i].technique);
		assert_string_equal(c->notice[0]->severity, weak[i].severity);
		assert_int_equal(c->talk.facts.cleartext,
				 strcmp(weak[i].cipher, "none") == 0);
		talk_check_free(c);
	}
}

static void offering_weak_ones_without_use_is_no_matter(void **state)
{
	(void)state;
	struct offer client = client_offers, server = server_offers;
	client.cipher = CIPHERS ",3des-cbc,arcfour";
	server.cipher = "arcfour,3des-cbc," CIPHERS;
	client.kex = KEX ",diffie-hellman-group1-sha1";
	server.kex = "diffie-hellman-group1-sha1," KEX;
	/* authenticated encryption has no MAC beside it */
	client.mac = server.mac = "hmac-md5";
	struct talk_check *c = heard_offers(client, server);
	assert_int_equal(c->notices, 0);
	talk_check_free(c);
}

static struct talk_check *heard_banners(const char *client, const char *server)
{
	const struct line lines[] = { { SERVER, server, strlen(server) },
				      { CLIENT, client, strlen(client) } };
	return heard(lines, 2);
}

static void ssh1_is_noticed_where_the_server_speaks_it(void **state)
{
	(void)state;
	static const struct {
		const char *client, *server, *technique, *version;
	} cases[] = {
		{ "SSH-1.5-PuTTY\n", "SSH-1.5-1.2.27\n", "ssh1", "1.5" },
		{ "SSH-1.5-PuTTY\n", "SSH-1.99-Cisco-1.25\n", "ssh1", "1.5" },
		{ "SSH-2.0-PuTTY\r\n", "SSH-1.99-Cisco-1.25\n", "ssh1_offered", "2.0" },
		/* a client may try */
		{ "SSH-1.5-Nmap\r\n", "SSH-2.0-x\r\n", NULL, "2.0" },
		{ "SSH-1.99-x\r\n", "SSH-2.0-x\r\n", NULL, "2.0" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk_check *c = heard_banners(cases[i].client, cases[i].server);
		assert_string_equal(c->talk.facts.version, cases[i].version);
		assert_int_equal(c->records, 1);
		if (cases[i].technique == NULL)
			assert_int_equal(c->notices, 0);
		else
			assert_true(talk_check_noticed(c, cases[i].technique));
		talk_check_free(c);
	}
}

static void a_banner_too_long_is_noticed_and_not_searched_twice(void **state)
{
	(void)state;
	static char banner[16384] = "SSH-2.0-";
	memset(banner + 8, 'x', sizeof(banner) - 8);
	const struct line line = { CLIENT, banner, sizeof(banner) };
	struct talk_check *c = dialogue_heard(&protocol_ssh, IPPROTO_TCP, &line, 1, 1);
	assert_true(talk_check_noticed(c, "ssh_long_banner"));
	assert_true(c->talk.done);
	talk_check_free(c);
}

static void a_server_may_not_go_on_greeting(void **state)
{
	(void)state;
	struct talk_check *c = talk_check_new(&protocol_ssh, IPPROTO_TCP, 22);
	for (int i = 0; i < 30; i++)
		talk_say_text(c, SERVER, "Wait.\r\n");
	assert_true(c->talk.done);
	talk_check_free(c);
}

static void what_is_no_ssh_behind_banners_is_left_alone(void **state)
{
	(void)state;
	static const struct line cases[][3] = {
		{ SAYS(SERVER, "SSH-2.0-x\r\n"), SAYS(CLIENT, "GET / HTTP/1.1\r\n"),
		  SAYS(SERVER, "Invalid SSH identification string.\r\n") },
		{ SAYS(SERVER, "SSH-2.0-x\r\n"), SAYS(CLIENT, "SSH-2.0-y\r\n"),
		  SAYS(SERVER, "Protocol mismatch.\n") },
		{ SAYS(SERVER, "SSH-2.0-x\r\n"), SAYS(CLIENT, "SSH-2.0-y\r\n"),
		  SAYS(SERVER, "\xff\xff\xff\xff\x04\x14") },
		{ SAYS(SERVER, "SSH-2.0-x\r\n"), SAYS(CLIENT, "SSH-2.0-y\r\n"),
		  SAYS(SERVER, "\x00\x00\x00\x20\x04\x14"
			       "0123456789abcdef"
			       "\xff\xff\xff\xff"
			       "0123456789") },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk_check *c = heard(cases[i], 3);
		assert_true(c->talk.done);
		assert_int_equal(c->records, 1);
		assert_string_equal(c->talk.facts.software, "x");
		talk_check_free(c);
	}
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	struct line lines[OPENING_LINES + 11];
	size_t count = gcm_dialogue(lines);
	dialogue_noise(&protocol_ssh, IPPROTO_TCP);
	dialogue_spoilt(&protocol_ssh, IPPROTO_TCP, lines, count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_known_from_either_side_on_any_port),
		cmocka_unit_test(every_shorter_prefix_asks_for_more),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(banners_name_software_and_version),
		cmocka_unit_test(what_both_offer_is_agreed_on_as_the_client_prefers),
		cmocka_unit_test(hassh_is_the_md5_of_what_a_side_offers),
		cmocka_unit_test(each_way_has_its_own_lists),
		cmocka_unit_test(more_names_than_are_kept_are_not_guessed_at),
		cmocka_unit_test(a_connection_without_keys_is_recorded_at_its_end),
		cmocka_unit_test(each_attempt_is_told_as_inferred_from_sizes),
		cmocka_unit_test(what_follows_the_keys_in_their_segment_is_sealed),
		cmocka_unit_test(where_lengths_can_be_read_cuts_change_nothing),
		cmocka_unit_test(the_last_attempt_is_told_when_the_server_closes),
		cmocka_unit_test(nothing_is_inferred_from_packed_or_unknown_packets),
		cmocka_unit_test(after_a_loss_nothing_is_inferred),
		cmocka_unit_test(weak_algorithms_are_noticed_when_agreed_on),
		cmocka_unit_test(offering_weak_ones_without_use_is_no_matter),
		cmocka_unit_test(ssh1_is_noticed_where_the_server_speaks_it),
		cmocka_unit_test(a_banner_too_long_is_noticed_and_not_searched_twice),
		cmocka_unit_test(a_server_may_not_go_on_greeting),
		cmocka_unit_test(what_is_no_ssh_behind_banners_is_left_alone),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
