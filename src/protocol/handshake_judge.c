/*
 * handshake_judge.c: what is wrong with what a server chose and showed.
 *
 * What clients offer is not judged: only the server decides what is used.  Each is
 * about the service, so that a port with an old certificate is one finding, not one per
 * visitor.
 */
#include <stdio.h>
#include <string.h>

#include "protocol/cipher_suites.h"
#include "protocol/handshake.h"

static const struct talk_notice old_ssl = {
	.kind = "weak_protocol",
	.technique = "old_ssl",
	.severity = "medium",
	.why = "SSL is broken and must not be negotiated (RFC 6176, RFC 7568)",
};
static const struct talk_notice old_tls = {
	.kind = "weak_protocol",
	.technique = "old_tls",
	.severity = "low",
	.why = "TLS before 1.2 is deprecated (RFC 8996)",
};
static const struct talk_notice weak_cipher = {
	.kind = "weak_protocol",
	.technique = "weak_cipher",
	.severity = "medium",
	.why = "it no longer protects what is said (RFC 9325 4.1)",
};
static const struct talk_notice small_key = {
	.kind = "weak_protocol",
	.technique = "small_key",
	.severity = "medium",
	.why = "keys of that size can be broken (RFC 9325 4.5)",
};
static const struct talk_notice expired = {
	.kind = "weak_protocol",
	.technique = "certificate_expired",
	.severity = "medium",
	.why = "clients refuse it or learn to ignore warnings (RFC 5280 6.1.3)",
};
static const struct talk_notice not_yet_valid = {
	.kind = "weak_protocol",
	.technique = "certificate_not_yet_valid",
	.severity = "low",
	.why = "clients refuse it; one of the clocks may be wrong (RFC 5280 6.1.3)",
};
static const struct talk_notice expires_soon = {
	.kind = "weak_protocol",
	.technique = "certificate_expires_soon",
	.severity = "low",
	.why = "clients will refuse it unless it is renewed (RFC 5280 6.1.3)",
};
static const struct talk_notice forgeable_signature = {
	.kind = "weak_protocol",
	.technique = "forgeable_signature",
	.severity = "low",
	.why = "a certificate of the same signature can be forged (RFC 9155, RFC 6151)",
};
static const struct talk_notice self_signed = {
	.kind = "weak_protocol",
	.technique = "self_signed",
	.severity = "notice",
	.why = "clients can't tell it from an impostor's unless they were given it",
};

enum { DAY_S = 86400, SOON_DAYS = 21 };

/* "www.example.org", or the whole subject. */
static const char *whose(const struct certificate *certificate)
{
	const char *name = strstr(certificate->subject, "CN=");
	if (name != NULL)
		return name + strlen("CN=");
	return certificate->subject[0] != '\0' ? certificate->subject
					       : certificate->alt_names;
}

static void judge_version(struct talk *talk, uint16_t version, int64_t at_us)
{
	const char *name = tls_version_name(version);
	if (version == SSL_2 || version == SSL_3)
		talk_notice(talk, &old_ssl, at_us, "%s in use", name);
	else if (version == TLS_1_0 || version == TLS_1_1 || version == DTLS_1_0)
		talk_notice(talk, &old_tls, at_us, "%s in use", name);
}

static uint32_t enough_bits(const char *key_type)
{
	if (key_type == NULL)
		return 0;
	if (strcmp(key_type, "EC") == 0)
		return 224;
	return strncmp(key_type, "RSA", 3) == 0 || strcmp(key_type, "DSA") == 0 ? 2048
										: 0;
}

static void judge_key(struct talk *talk, const struct certificate *certificate,
		      int64_t at_us)
{
	uint32_t bits = certificate->key_bits;
	if (bits > 0 && bits < enough_bits(certificate->key_type))
		talk_notice(talk, &small_key, at_us, "%s key of %u bits (%.80s)",
			    certificate->key_type, bits, whose(certificate));
}

static void date_text(char out[TIME_TEXT_MAX], int64_t at_us)
{
	record_time_text(at_us, out);
	out[strlen("2026-01-31")] = '\0';
}

/*
 * Certificates of a few days are renewed a few days before the end: soon is at most a
 * quarter of what they last.
 */
static int64_t soon_us(const struct certificate *certificate)
{
	int64_t quarter = (certificate->not_after_us - certificate->not_before_us) / 4;
	int64_t soon = (int64_t)SOON_DAYS * DAY_S * 1000000;
	return quarter < soon ? quarter : soon;
}

static void judge_validity(struct talk *talk, const struct certificate *certificate,
			   int64_t at_us)
{
	int64_t from = certificate->not_before_us, to = certificate->not_after_us;
	char date[TIME_TEXT_MAX];
	const char *name = whose(certificate);
	if (from == UNKNOWN_TIME || to == UNKNOWN_TIME)
		return;
	date_text(date, at_us < from ? from : to);
	if (at_us < from)
		talk_notice(talk, &not_yet_valid, at_us,
			    "certificate valid from %s on (%.80s)", date, name);
	else if (at_us > to)
		talk_notice(talk, &expired, at_us, "certificate expired on %s (%.80s)",
			    date, name);
	else if (to - at_us < soon_us(certificate))
		talk_notice(talk, &expires_soon, at_us,
			    "certificate expires on %s (%.80s)", date, name);
}

static void judge_certificate(struct talk *talk, const struct certificate *certificate,
			      int64_t at_us)
{
	judge_key(talk, certificate, at_us);
	judge_validity(talk, certificate, at_us);
	if (certificate->broken_digest != NULL)
		talk_notice(talk, &forgeable_signature, at_us,
			    "certificate signed with %s (%.80s)",
			    certificate->broken_digest, whose(certificate));
	if (certificate->is_self_signed)
		talk_notice(talk, &self_signed, at_us,
			    "certificate signed by itself (%.80s)", whose(certificate));
}

void handshake_judge(struct talk *talk, const struct handshake *handshake,
		     const struct certificate *certificate, int64_t at_us)
{
	const char *weakness = cipher_suite_weakness(handshake->cipher);
	judge_version(talk, handshake->version, at_us);
	/* SSL 2.0 has ciphers of its own. */
	if (weakness != NULL && handshake->version != SSL_2)
		talk_notice(talk, &weak_cipher, at_us, "%s (%s)",
			    cipher_suite_name(handshake->cipher), weakness);
	if (certificate != NULL)
		judge_certificate(talk, certificate, at_us);
}
