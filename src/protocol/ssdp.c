/*
 * ssdp.c: Simple Service Discovery Protocol, UPnP Device Architecture 1.1 (1.).
 *
 * HTTP heads in datagrams: devices notify a group, who looks for one searches there or
 * asks a device directly, and is answered by "HTTP/1.1 200 OK".
 */
#include <netinet/in.h>

#include "protocol/header.h"
#include "protocol/http_head.h"

struct ssdp_state {
	bool is_asked; /* and not yet answered */
};

static const struct talk_notice amplifier = {
	.kind = "weak_protocol",
	.technique = "ssdp_amplifier",
	.severity = "low",
	.mitre = "T1498.002",
	.about = ABOUT_SERVICE,
	.why = "whose address somebody forges is flooded with answers many times the "
	       "size of the question; discovery belongs to the local network "
	       "(UPnP Device Architecture 1.1, 1.3)",
};

enum kind { KIND_SEARCH, KIND_NOTIFY, KIND_RESPONSE, KIND_NONE };

/* What a message begins with. */
static enum verdict kind_of(struct bytes said, enum kind *kind)
{
	static const char *const begins[] = { "M-SEARCH * HTTP/1.", "NOTIFY * HTTP/1.",
					      "HTTP/1.1 200 ", "HTTP/1.0 200 " };
	enum verdict best = VERDICT_NO;
	*kind = KIND_NONE;
	for (unsigned i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		enum verdict verdict = (enum verdict)line_compare(said, begins[i]);
		best = verdict > best ? verdict : best;
		if (verdict == VERDICT_YES)
			*kind = i < KIND_RESPONSE ? (enum kind)i : KIND_RESPONSE;
	}
	return best;
}

struct ssdp_head {
	struct bytes target; /* what is looked for or offered */
	struct bytes software;
	bool has_name; /* USN */
};

static void read_head(struct bytes text, struct ssdp_head *head)
{
	struct bytes line;
	struct header header;
	*head = (struct ssdp_head){ .target = bytes_of("", 0),
				    .software = bytes_of("", 0) };
	if (!line_take(&text, &line))
		return;
	while (header_take(&text, &header)) {
		if (line_is_nocase(header.name, "st") ||
		    line_is_nocase(header.name, "nt"))
			head->target = header.value;
		else if (line_is_nocase(header.name, "server") ||
			 line_is_nocase(header.name, "user-agent"))
			head->software = header.value;
		else if (line_is_nocase(header.name, "usn"))
			head->has_name = true;
	}
}

/* Of a response only its fields tell that it is one of SSDP. */
static enum verdict says(struct bytes said)
{
	enum kind kind;
	struct ssdp_head head;
	enum verdict verdict = kind_of(said, &kind);
	if (kind != KIND_RESPONSE)
		return verdict;
	read_head(said, &head);
	return head.has_name && head.target.len > 0 ? VERDICT_YES : VERDICT_NO;
}

static enum verdict ssdp_recognise(const struct opening *opening)
{
	unsigned first = opening->first <= SERVER ? opening->first : CLIENT;
	enum verdict said = says(opening->said[first]);
	return said == VERDICT_MORE ? says(opening->said[1 - first]) : said;
}

static void tell_facts(struct talk *talk, const struct ssdp_head *head, unsigned by)
{
	struct facts *facts = &talk->facts;
	facts->cleartext = 1;
	if (head->software.len > 0 && by == CLIENT)
		facts_text(facts->client_software, sizeof(facts->client_software),
			   head->software);
	else if (head->software.len > 0)
		facts_text(facts->software, sizeof(facts->software), head->software);
	if (head->target.len > 0 && facts->name[0] == '\0')
		facts_text(facts->name, sizeof(facts->name), head->target);
}

static void answered(struct talk *talk, int64_t at_us)
{
	struct ssdp_state *state = STATE(talk, struct ssdp_state);
	const struct addr *client = &talk->addr[CLIENT];
	if (!state->is_asked)
		return;
	state->is_asked = false; /* a response for each service follows */
	talk_answered(talk, false, UNKNOWN_U64);
	if (!addr_is_private(client) && !addr_is_loopback(client))
		talk_notice(talk, &amplifier, at_us,
			    "SSDP search from outside the local network answered");
}

static void ssdp_read(struct talk *talk, struct said *said)
{
	enum kind kind;
	struct ssdp_head head;
	kind_of(said->data, &kind);
	if (kind != KIND_NONE) {
		read_head(said->data, &head);
		tell_facts(talk, &head, said->by);
	}
	if (kind == KIND_SEARCH && said->by == CLIENT)
		STATE(talk, struct ssdp_state)->is_asked = true;
	else if (kind == KIND_RESPONSE && said->by == SERVER)
		answered(talk, said->at_us);
	bytes_take(&said->data, said->data.len);
}

const struct protocol protocol_ssdp = {
	.name = "ssdp",
	.doc = "Simple Service Discovery Protocol (UPnP Device Architecture 1.1)",
	.transports = { IPPROTO_UDP },
	.ports = { 1900 },
	.state_size = sizeof(struct ssdp_state),
	.recognise = ssdp_recognise,
	.read = ssdp_read,
};
