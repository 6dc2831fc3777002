/*
 * handshake.c: hellos and certificate become facts and one record; see handshake.h.
 *
 * Hashes stay as octets in the state and become text in the record.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "protocol/cipher_suites.h"
#include "protocol/handshake.h"

extern const struct protocol protocol_tls;

void *tls_shared_new(const struct hash_key *key)
{
	(void)key;
	struct tls_shared *shared = calloc(1, sizeof(*shared));
	if (shared == NULL)
		return NULL;
	shared->digests = digests_new();
	shared->certificates = certificates_new();
	shared->pieces = pieces_new();
	if (shared->digests == NULL || shared->certificates == NULL ||
	    shared->pieces == NULL) {
		tls_shared_free(shared);
		return NULL;
	}
	return shared;
}

void tls_shared_free(void *self)
{
	struct tls_shared *shared = self;
	digests_free(shared->digests);
	certificates_free(shared->certificates);
	pieces_free(shared->pieces);
	free(shared);
}

struct tls_shared *tls_shared(struct talk *talk)
{
	return talk_shared(talk, &protocol_tls);
}

static uint64_t session_hash(struct bytes session)
{
	static const struct hash_key key = { 0 };
	uint64_t words[4] = { 0 };
	if (session.len == 0 || session.len > sizeof(words))
		return 0;
	memcpy(words, session.at, session.len);
	return hash_words(&key, words, 4);
}

bool handshake_client_hello(struct talk *talk, struct handshake *handshake,
			    struct bytes body, enum carrier carrier)
{
	struct client_hello hello;
	char ja4[JA4_LEN + 1];
	struct tls_shared *shared = tls_shared(talk);
	/* After a HelloRetryRequest the client says the same again. */
	if (handshake->has_client)
		return true;
	if (!client_hello_parse(body, carrier == CARRIER_DTLS, &hello))
		return false;
	handshake->has_client = true;
	handshake->carrier = (uint8_t)carrier;
	handshake->session = session_hash(hello.session);
	facts_text(handshake->name, sizeof(handshake->name), hello.name);
	facts_text(handshake->alpn, sizeof(handshake->alpn), hello.alpn);
	if (hello.name.len > 0)
		facts_text(talk->facts.name, sizeof(talk->facts.name), hello.name);
	if (shared == NULL || !talk_wants(talk, RECORD_tls))
		return true;
	handshake->has_ja3 = ja3_client(shared->digests, &hello, handshake->ja3);
	if (ja4_client(shared->digests, &hello, carrier, ja4))
		memcpy(handshake->ja4, ja4, sizeof(ja4));
	return true;
}

void handshake_chosen(struct talk *talk, struct handshake *handshake, uint16_t version,
		      uint16_t cipher)
{
	const char *name = cipher_suite_name(cipher);
	handshake->has_server = true;
	handshake->version = version;
	handshake->cipher = cipher;
	if (handshake->carrier != CARRIER_QUIC && tls_version_name(version) != NULL)
		record_text(talk->facts.version, sizeof(talk->facts.version),
			    tls_version_name(version));
	if (name != NULL)
		record_text(talk->facts.cipher, sizeof(talk->facts.cipher), name);
	talk->facts.cleartext = cipher_suite_is_cleartext(cipher);
}

bool handshake_server_hello(struct talk *talk, struct handshake *handshake,
			    struct bytes body, bool *is_last)
{
	struct server_hello hello;
	struct tls_shared *shared = tls_shared(talk);
	*is_last = false;
	if (!server_hello_parse(body, &hello))
		return false;
	handshake_chosen(talk, handshake, hello.selected_version, hello.cipher);
	bool is_1_3 =
		hello.selected_version == TLS_1_3 || hello.selected_version == DTLS_1_3;
	uint64_t session = session_hash(hello.session);
	handshake->is_resumed = is_1_3 ? hello.takes_psk
				       : session != 0 && session == handshake->session;
	if (hello.alpn.len > 0)
		facts_text(handshake->alpn, sizeof(handshake->alpn), hello.alpn);
	if (shared != NULL && !handshake->has_ja3s && talk_wants(talk, RECORD_tls))
		handshake->has_ja3s =
			ja3_server(shared->digests, &hello, handshake->ja3s);
	*is_last = is_1_3 && !hello.is_retry;
	return true;
}

void handshake_certificate(struct talk *talk, struct handshake *handshake,
			   struct bytes der, int64_t at_us)
{
	struct tls_shared *shared = tls_shared(talk);
	uint64_t key;
	if (shared != NULL && certificate_read(shared->certificates, shared->digests,
					       der, at_us, &key) != NULL)
		handshake->certificate = key;
}

void handshake_alert(struct handshake *handshake, unsigned by, uint8_t alert)
{
	handshake->alert = alert;
	handshake->alert_by_server = by == SERVER;
}

static void fill_certificate(struct tls_record *record,
			     const struct certificate *certificate)
{
	record_text(record->subject, sizeof(record->subject), certificate->subject);
	record_text(record->issuer, sizeof(record->issuer), certificate->issuer);
	record_text(record->alt_names, sizeof(record->alt_names),
		    certificate->alt_names);
	record_text(record->serial, sizeof(record->serial), certificate->serial);
	record_text(record->sha1, sizeof(record->sha1), certificate->sha1);
	record_text(record->sha256, sizeof(record->sha256), certificate->sha256);
	record->not_before = certificate->not_before_us;
	record->not_after = certificate->not_after_us;
	record->key_type = certificate->key_type;
	if (certificate->key_bits != 0)
		record->key_bits = certificate->key_bits;
	record->self_signed = certificate->is_self_signed;
}

static void fill_server(struct tls_record *record, const struct handshake *handshake)
{
	const char *cipher = cipher_suite_name(handshake->cipher);
	record->version = tls_version_name(handshake->version);
	if (cipher != NULL)
		record_text(record->cipher, sizeof(record->cipher), cipher);
	else if (handshake->cipher != 0)
		snprintf(record->cipher, sizeof(record->cipher), "0x%04x",
			 handshake->cipher);
	if (handshake->has_ja3s)
		hex_text(record->ja3s, handshake->ja3s, MD5_LEN);
	record->resumed = handshake->is_resumed;
	/* Later versions say the rest encrypted. */
	if (handshake->certificate != 0)
		record->asks_certificate = handshake->asks_certificate;
}

static void tell_record(struct talk *talk, const struct handshake *handshake,
			const struct certificate *certificate, int64_t at_us)
{
	struct tls_record record;
	record_init(RECORD_tls, &record);
	record_text(record.sni, sizeof(record.sni), handshake->name);
	record_text(record.alpn, sizeof(record.alpn), handshake->alpn);
	record_text(record.ja4, sizeof(record.ja4), handshake->ja4);
	if (handshake->has_ja3)
		hex_text(record.ja3, handshake->ja3, MD5_LEN);
	if (handshake->has_server)
		fill_server(&record, handshake);
	if (certificate != NULL)
		fill_certificate(&record, certificate);
	if (handshake->alert != 0) {
		record.alert = alert_name(handshake->alert);
		record.alert_by = handshake->alert_by_server ? "server" : "client";
	}
	talk_record(talk, RECORD_tls, &record, at_us);
}

/* What is shown to be refused, old versions or an unknown name, is no failure. */
static bool is_servers_failure(const struct handshake *handshake)
{
	enum { INTERNAL_ERROR = 80 };
	return handshake->alert_by_server && handshake->alert == INTERNAL_ERROR;
}

void handshake_tell(struct talk *talk, struct handshake *handshake, int64_t at_us)
{
	const struct certificate *certificate = NULL;
	struct tls_shared *shared;
	if (handshake->is_told || (!handshake->has_client && !handshake->has_server))
		return;
	handshake->is_told = true;
	if (handshake->certificate != 0 && (shared = tls_shared(talk)) != NULL)
		certificate =
			certificate_again(shared->certificates, handshake->certificate);
	if (handshake->has_server || handshake->alert_by_server)
		talk_answered(talk, is_servers_failure(handshake), UNKNOWN_U64);
	if (handshake->has_server)
		handshake_judge(talk, handshake, certificate, at_us);
	if (talk_wants(talk, RECORD_tls))
		tell_record(talk, handshake, certificate, at_us);
}

static const char *const alert_names[] = {
	[0] = "close_notify",
	[10] = "unexpected_message",
	[20] = "bad_record_mac",
	[21] = "decryption_failed",
	[22] = "record_overflow",
	[30] = "decompression_failure",
	[40] = "handshake_failure",
	[41] = "no_certificate",
	[42] = "bad_certificate",
	[43] = "unsupported_certificate",
	[44] = "certificate_revoked",
	[45] = "certificate_expired",
	[46] = "certificate_unknown",
	[47] = "illegal_parameter",
	[48] = "unknown_ca",
	[49] = "access_denied",
	[50] = "decode_error",
	[51] = "decrypt_error",
	[60] = "export_restriction",
	[70] = "protocol_version",
	[71] = "insufficient_security",
	[80] = "internal_error",
	[86] = "inappropriate_fallback",
	[90] = "user_canceled",
	[100] = "no_renegotiation",
	[109] = "missing_extension",
	[110] = "unsupported_extension",
	[111] = "certificate_unobtainable",
	[112] = "unrecognized_name",
	[113] = "bad_certificate_status_response",
	[114] = "bad_certificate_hash_value",
	[115] = "unknown_psk_identity",
	[116] = "certificate_required",
	[120] = "no_application_protocol",
	[121] = "ech_required",
};

const char *alert_name(uint8_t alert)
{
	return alert < sizeof(alert_names) / sizeof(alert_names[0]) ? alert_names[alert]
								    : NULL;
}
