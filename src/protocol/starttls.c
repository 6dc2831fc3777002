/*
 * starttls.c: see starttls.h.
 */
#include "protocol/starttls.h"

#include "protocol/tls.h"

static const struct talk_notice injection = {
	.kind = "protocol_anomaly",
	.technique = "starttls_injection",
	.severity = "high",
	.mitre = "T1557",
	.about = ABOUT_CLIENT,
	.why = "a server that keeps them obeys them as if they had come over TLS "
	       "(CVE-2011-0411, RFC 3207 4.2)",
};

void starttls_begin(struct talk *talk)
{
	talk->facts.cleartext = 0;
	talk_become(talk, &protocol_tls);
}

void starttls_overtaken(struct talk *talk, struct bytes line, int64_t at_us)
{
	/* A hasty client's hello is no command. */
	if (line.len > 0 && line.at[0] > ' ')
		talk_notice(talk, &injection, at_us,
			    "commands behind the wish for TLS, not encrypted");
}
