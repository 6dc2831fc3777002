/*
 * sip.c: Session Initiation Protocol, RFC 3261, over UDP and TCP.
 *
 * Either side asks and answers.  A response is matched to its request by Call-ID and
 * CSeq (17.1.3, as far as one who listens can), since many calls share two ports.
 */
#include <netinet/in.h>

#include "protocol/header.h"
#include "protocol/protocol.h"
#include "protocol/sip_ask.h"
#include "protocol/sip_head.h"
#include "protocol/text.h"

enum { METHOD_MAX = 24, TRANSACTIONS_MAX = 8, SIP_USER_MAX = 32 };

/* A request that waits for its final response. */
struct transaction {
	int64_t asked_us; /* 0: free */
	int64_t begun_us; /* the first provisional response; 0: none yet */
	uint32_t key;
	uint8_t by;
	bool has_proof;
	uint8_t scheme;
	char user[SIP_USER_MAX];
};

struct sip_state {
	struct transaction open[TRANSACTIONS_MAX];
	char in[SIP_USER_MAX]; /* whose success was told last */
};
_Static_assert(sizeof(struct sip_state) <= TALK_STATE_MAX, "fits a talk");

static const struct talk_notice basic_in_clear = {
	.kind = "cleartext_login",
	.technique = "sip_basic",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "who can listen reads the password; SIP forbids Basic (RFC 3261 22)",
};

/* ---- addresses ---- */

/* One of these, or NUL. */
static bool is_end(uint8_t c, const char *ends)
{
	for (; *ends != '\0'; ends++)
		if (c == (uint8_t)*ends)
			return true;
	return c == '\0';
}

static struct bytes until(struct bytes text, const char *ends)
{
	size_t len = 0;
	while (len < text.len && !is_end(text.at[len], ends))
		len++;
	return bytes_of(text.at, len);
}

/* Parts of "sip:user:password@host:port;parameters"; all may be empty. */
struct uri {
	struct bytes scheme, user, host;
};

static struct uri uri_of(struct bytes text)
{
	struct uri uri = { .scheme = until(text, ":"), .user = bytes_of("", 0) };
	bytes_take(&text, uri.scheme.len + (uri.scheme.len < text.len));
	const uint8_t *at = text.len > 0 ? memchr(text.at, '@', text.len) : NULL;
	if (at != NULL) {
		uri.user = until(bytes_take(&text, (size_t)(at - text.at)), ":;");
		bytes_take(&text, 1);
	}
	uri.host = until(text, ";?>");
	return uri;
}

static void put_uri(char *field, size_t size, struct bytes text)
{
	struct uri uri = uri_of(text);
	uint8_t plain[256];
	size_t len = 0;
	struct bytes parts[] = { uri.scheme, bytes_of(":", 1), uri.user,
				 bytes_of("@", uri.user.len > 0), uri.host };
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t room = sizeof(plain) - len;
		size_t fits = parts[i].len < room ? parts[i].len : room;
		memcpy(plain + len, parts[i].at, fits);
		len += fits;
	}
	facts_text(field, size, bytes_of(plain, len));
}

/* The host of a URI without its port. */
static void put_host(char *field, size_t size, struct bytes text)
{
	struct bytes host = uri_of(text).host, name = until(host, ":");
	/* "[2001:db8::1]:5060" */
	if (host.len > 0 && host.at[0] == '[')
		name.len = until(host, "]").len < host.len ? until(host, "]").len + 1
							   : host.len;
	facts_text(field, size, name);
}

/* The user of "Bob" <sip:bob@example.com>;tag=1. */
static struct bytes user_of(struct bytes address)
{
	const uint8_t *open =
		address.len > 0 ? memchr(address.at, '<', address.len) : NULL;
	if (open != NULL)
		bytes_take(&address, (size_t)(open - address.at) + 1);
	return uri_of(until(address, ">")).user;
}

/* ---- requests and responses ---- */

static uint32_t key_of(const struct sip_head *head)
{
	return head->call * 31 + head->cseq;
}

static struct transaction *find(struct sip_state *state, uint32_t key, unsigned by)
{
	for (unsigned i = 0; i < TRANSACTIONS_MAX; i++) {
		struct transaction *open = &state->open[i];
		if (open->asked_us != 0 && open->key == key && open->by == by)
			return open;
	}
	return NULL;
}

static void ask(struct sip_state *state, const struct sip_head *head, unsigned by,
		int64_t at_us)
{
	struct transaction *slot = &state->open[0];
	/* An ACK has no response, and what is sent again asks nothing new. */
	if (head->method == SIP_ACK || find(state, key_of(head), by) != NULL)
		return;
	for (unsigned i = 0; i < TRANSACTIONS_MAX; i++)
		if (state->open[i].asked_us < slot->asked_us)
			slot = &state->open[i];
	*slot = (struct transaction){ .asked_us = at_us,
				      .key = key_of(head),
				      .by = (uint8_t)by,
				      .has_proof = head->has_proof,
				      .scheme = (uint8_t)head->proof.scheme };
	if (head->proof.user[0] != '\0')
		record_text(slot->user, sizeof(slot->user), head->proof.user);
	else
		facts_text(slot->user, sizeof(slot->user), user_of(head->from));
}

static void tell_login(struct talk *talk, const struct transaction *asked,
		       const struct sip_head *head, int64_t at_us)
{
	struct sip_state *state = STATE(talk, struct sip_state);
	bool is_success = head->code < 300;
	bool is_failure =
		(head->code == 401 || head->code == 403 || head->code == 407) &&
		!head->goes_on;
	bool is_in = strcmp(state->in, asked->user) == 0;
	if (!asked->has_proof || !(is_failure || (is_success && !is_in)))
		return;
	if (is_success)
		record_text(state->in, sizeof(state->in), asked->user);
	else if (is_in)
		state->in[0] = '\0';
	struct login_seen login = {
		.user = bytes_of(asked->user, strlen(asked->user)),
		.outcome = is_success ? OUTCOME_SUCCESS : OUTCOME_FAILURE,
		.method = scheme_word((enum scheme)asked->scheme),
		.seen_by = "packets",
	};
	talk_login(talk, &login, at_us);
	if (asked->scheme == SCHEME_BASIC &&
	    (is_success || (head->offers >> SCHEME_BASIC & 1) != 0))
		talk_notice(talk, &basic_in_clear, at_us,
			    "SIP login with Basic without encryption");
}

static void answer(struct talk *talk, const struct sip_head *head, unsigned by,
		   int64_t at_us)
{
	struct sip_state *state = STATE(talk, struct sip_state);
	struct transaction *asked = find(state, key_of(head), 1 - by);
	if (asked == NULL)
		return;
	/* Who is called takes time to pick up: an INVITE is answered by "Trying". */
	if (head->code < 200) {
		if (head->method == SIP_INVITE && asked->begun_us == 0)
			asked->begun_us = at_us;
		return;
	}
	int64_t begun_us = asked->begun_us != 0 ? asked->begun_us : at_us;
	tell_login(talk, asked, head, at_us);
	/* 6xx is what people decide (21.6): busy, declined. */
	talk_answered(talk, head->code >= 500 && head->code < 600,
		      begun_us >= asked->asked_us
			      ? (uint64_t)(begun_us - asked->asked_us)
			      : UNKNOWN_U64);
	asked->asked_us = 0;
}

static void tell_facts(struct talk *talk, const struct sip_head *head, unsigned by)
{
	struct facts *facts = &talk->facts;
	facts->cleartext = 1;
	record_text(facts->version, sizeof(facts->version), "2.0");
	if (head->software.len > 0 && by == CLIENT)
		facts_text(facts->client_software, sizeof(facts->client_software),
			   head->software);
	else if (head->software.len > 0)
		facts_text(facts->software, sizeof(facts->software), head->software);
	if (by == CLIENT && head->code == 0 && facts->name[0] == '\0')
		put_host(facts->name, sizeof(facts->name), head->uri);
}

static void tell_record(struct talk *talk, const struct sip_head *head, int64_t at_us)
{
	struct sip_record record;
	if (!talk_wants(talk, RECORD_sip))
		return;
	record_init(RECORD_sip, &record);
	record.method = sip_methods[head->method];
	if (head->code == 0) {
		put_uri(record.uri, sizeof(record.uri), head->uri);
	} else {
		record.code = head->code;
		facts_text(record.reason, sizeof(record.reason), head->reason);
	}
	facts_text(record.user_agent, sizeof(record.user_agent), head->software);
	talk_record(talk, RECORD_sip, &record, at_us);
}

/* ---- finding messages ---- */

/* A URI as a request has it: one of these schemes. */
static enum verdict is_uri(struct bytes said)
{
	static const char *const schemes[] = { "sip:", "sips:", "tel:", "urn:" };
	enum verdict best = VERDICT_NO;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		enum verdict verdict = (enum verdict)line_compare(said, schemes[i]);
		best = verdict > best ? verdict : best;
	}
	return best;
}

/* Does a message begin here?  YES needs no whole line. */
static enum verdict begins(struct bytes said)
{
	size_t len = 0;
	header_skip_empty(&said);
	enum verdict response = (enum verdict)line_compare(said, "SIP/2.0 ");
	if (said.len == 0 || response != VERDICT_NO)
		return response;
	while (len < said.len && len <= METHOD_MAX && header_is_token(said.at[len]))
		len++;
	if (len == said.len && len <= METHOD_MAX)
		return VERDICT_MORE;
	if (len == 0 || len > METHOD_MAX || said.at[len] != ' ')
		return VERDICT_NO;
	return is_uri(bytes_of(said.at + len + 1, said.len - len - 1));
}

/* The length of its body, as it says. */
static uint64_t read_message(struct talk *talk, const struct said *said,
			     struct bytes text)
{
	struct sip_head head;
	if (!sip_head_read(text, &head))
		return 0;
	tell_facts(talk, &head, said->by);
	tell_record(talk, &head, said->at_us);
	if (head.code == 0)
		ask(STATE(talk, struct sip_state), &head, said->by, said->at_us);
	else
		answer(talk, &head, said->by, said->at_us);
	return head.length;
}

static void read_datagram(struct talk *talk, struct said *said)
{
	header_skip_empty(&said->data);
	if (begins(said->data) == VERDICT_YES)
		read_message(talk, said, said->data);
	bytes_take(&said->data, said->data.len);
}

/* False if more bytes are needed, or none are of use in this turn. */
static bool read_stream(struct talk *talk, struct said *said)
{
	header_skip_empty(&said->data);
	if (said->data.len == 0)
		return false;
	size_t len = header_length(said->data, said->fresh);
	bool is_cut = len == 0 && (said->ends || said->data.len >= TURN_MAX);
	if (is_cut || begins(said->data) == VERDICT_NO) {
		bytes_take(&said->data, said->data.len);
		talk_skip_turn(talk, said->by);
		return false;
	}
	if (len == 0)
		return false;
	/* Over a stream it must tell where its body ends (18.3). */
	talk_pass(talk, said, read_message(talk, said, bytes_take(&said->data, len)));
	return true;
}

static void sip_read(struct talk *talk, struct said *said)
{
	if (talk->transport != IPPROTO_TCP) {
		read_datagram(talk, said);
		return;
	}
	while (read_stream(talk, said))
		;
}

static bool ends_in_version(struct bytes line)
{
	static const char version[] = " SIP/2.0";
	size_t len = sizeof(version) - 1;
	return line.len > len && memcmp(line.at + line.len - len, version, len) == 0;
}

/* Some keep their path open with empty lines or NULs before they speak; a few. */
static bool skip_few_empty(struct bytes *said)
{
	enum { FEW = 16 };
	struct bytes few = bytes_of(said->at, said->len < FEW ? said->len : FEW);
	header_skip_empty(&few);
	bytes_take(said, (said->len < FEW ? said->len : FEW) - few.len);
	return few.len > 0 || said->len == 0;
}

/* A request must name the version, a response the code. */
static enum verdict says(struct bytes said)
{
	struct bytes line, rest = said;
	if (!skip_few_empty(&rest))
		return VERDICT_NO;
	enum verdict verdict = begins(rest);
	bool is_whole = line_take(&rest, &line);
	if (verdict != VERDICT_YES || !is_whole)
		return verdict == VERDICT_YES && rest.len < OPENING_MAX ? VERDICT_MORE
									: verdict;
	struct sip_head head = { .code = 0 };
	bool is_good = line_starts(line, "SIP/2.0 ") ? sip_head_status(&head, line)
						     : ends_in_version(line);
	return is_good ? VERDICT_YES : VERDICT_NO;
}

static enum verdict sip_recognise(const struct opening *opening)
{
	unsigned first = opening->first <= SERVER ? opening->first : CLIENT;
	enum verdict said = says(opening->said[first]);
	return said == VERDICT_MORE ? says(opening->said[1 - first]) : said;
}

const struct protocol protocol_sip = {
	.name = "sip",
	.doc = "Session Initiation Protocol (RFC 3261)",
	.transports = { IPPROTO_UDP, IPPROTO_TCP },
	.ports = { 5060, 5080 },
	.turn_max = TURN_MAX,
	.state_size = sizeof(struct sip_state),
	.times_answers = true,
	.recognise = sip_recognise,
	.read = sip_read,
	.asking = &sip_asking,
};
