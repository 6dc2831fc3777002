/*
 * certificate.c: a service of ours shows another certificate than before.
 *
 * A name may have several certificates at once (RSA beside EC, servers behind one
 * address that are renewed one by one), so a few that were seen before are no news.
 * Only handshakes that show it in the clear tell: up to TLS 1.2.
 */
#include <stdio.h>
#include <string.h>

#include "detect/inside.h"

#define DAY_US (86400 * SECOND_US)

static uint64_t text_hash(const char *text)
{
	static const struct hash_key fixed;
	uint64_t words[33] = { 0 };
	size_t len = strnlen(text, sizeof(words) - 8);
	words[0] = len;
	memcpy(words + 1, text, len);
	return hash_words(&fixed, words, 2 + len / 8);
}

/* Where the certificates of that service and name are, made if need be. */
static struct shown *shown_of(struct detect *detect, const struct tls_record *tls,
			      bool *is_new)
{
	uint64_t name = text_hash(tls->sni);
	struct shown *oldest = &detect->shown[0];
	*is_new = false;
	for (size_t i = 0; i < SHOWN_MAX; i++) {
		struct shown *shown = &detect->shown[i];
		if (shown->last_us != 0 && shown->name == name &&
		    shown->port == tls->server_port &&
		    addr_equal(&shown->ip, &tls->server_ip))
			return shown;
		if (shown->last_us < oldest->last_us)
			oldest = shown;
	}
	*is_new = true;
	*oldest = (struct shown){ .ip = tls->server_ip,
				  .port = tls->server_port,
				  .name = name };
	return oldest;
}

/* True if that certificate was among the last few; it is now. */
static bool is_known(struct shown *shown, uint64_t certificate)
{
	for (size_t i = 0; i < SHOWN_CERTIFICATES; i++)
		if (shown->certificate[i] == certificate)
			return true;
	shown->certificate[shown->next++ % SHOWN_CERTIFICATES] = certificate;
	return false;
}

static void raise_change(struct detect *detect, const struct tls_record *tls)
{
	struct finding_record evidence;
	struct place place = { .ip = tls->server_ip,
			       .netns = UNKNOWN_U64,
			       .transport = tls->transport,
			       .port = tls->server_port,
			       .pid = UNKNOWN_U32 };
	detect_begin(&evidence, "service_change", "certificate", &place, tls->at);
	evidence.detector = "certificate";
	evidence.confidence = 1;
	evidence.proof = "dialogue";
	struct buf *out = &detect->reason;
	buf_clear(out);
	buf_printf(out, "%u/%s shows another certificate", tls->server_port,
		   tls->transport);
	if (tls->sni[0] != '\0')
		buf_printf(out, " for %s", tls->sni);
	buf_printf(out, ": of %s, signed by %s, SHA-256 %.16s...", tls->subject,
		   tls->issuer, tls->sha256);
	detect_summary(&evidence, out);
	findings_take(&detect->findings, &evidence, SEVERITY_LOW, DAY_US);
}

void detect_tls(struct detect *detect, const struct tls_record *tls)
{
	bool is_new;
	if (tls->at > detect->now_us)
		detect->now_us = tls->at;
	if (tls->sha256[0] == '\0' || !home_holds(&detect->own, &tls->server_ip))
		return;
	struct shown *shown = shown_of(detect, tls, &is_new);
	shown->last_us = tls->at;
	if (!is_known(shown, text_hash(tls->sha256)) && !is_new)
		raise_change(detect, tls);
}
