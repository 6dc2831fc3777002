/*
 * sip_head.c: see sip_head.h.
 */
#include "protocol/sip_head.h"

#include "protocol/header.h"
#include "protocol/text.h"

const char *const sip_methods[] = {
	"other",   "INVITE",   "ACK",       "BYE",    "CANCEL",
	"OPTIONS", "REGISTER", "SUBSCRIBE", "NOTIFY", "PRACK",
	"MESSAGE", "INFO",     "REFER",     "UPDATE", "PUBLISH",
};
enum { METHODS = sizeof(sip_methods) / sizeof(sip_methods[0]) };

static unsigned method_of(struct bytes token)
{
	for (unsigned i = SIP_OTHER + 1; i < METHODS; i++)
		if (strlen(sip_methods[i]) == token.len &&
		    line_starts(token, sip_methods[i]))
			return i;
	return SIP_OTHER;
}

static bool is_name(struct bytes name, const char *full, const char *compact)
{
	return line_is_nocase(name, full) || line_is_nocase(name, compact);
}

/* "68 REGISTER": of a response it is the only trace of the method. */
static void take_cseq(struct sip_head *head, struct bytes value)
{
	struct bytes number = line_word(&value), method = line_word(&value);
	head->cseq = (uint32_t)text_hash(text_hash(0, number), method);
	if (head->code != 0)
		head->method = method_of(method);
}

/* Of the digits in front. */
static uint64_t number_of(struct bytes value)
{
	uint64_t number = 0;
	for (size_t i = 0; i < value.len && i < 9; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			break;
		number = number * 10 + (value.at[i] - (unsigned)'0');
	}
	return number;
}

static void take_challenge(struct sip_head *head, struct bytes value)
{
	struct challenge challenge;
	challenge_read(value, &challenge);
	head->offers |= 1u << challenge.scheme;
	head->goes_on = head->goes_on || challenge.goes_on;
}

static void take_field(struct sip_head *head, struct bytes name, struct bytes value)
{
	if (is_name(name, "call-id", "i")) {
		head->call = (uint32_t)text_hash(0, value);
	} else if (line_is_nocase(name, "cseq")) {
		take_cseq(head, value);
	} else if (is_name(name, "from", "f")) {
		head->from = value;
	} else if (is_name(name, "content-length", "l")) {
		head->length = number_of(value);
	} else if (line_is_nocase(name, "user-agent") ||
		   line_is_nocase(name, "server")) {
		head->software = value;
	} else if (line_is_nocase(name, "authorization") ||
		   line_is_nocase(name, "proxy-authorization")) {
		head->has_proof = credentials_read(value, &head->proof);
	} else if (line_is_nocase(name, "www-authenticate") ||
		   line_is_nocase(name, "proxy-authenticate")) {
		take_challenge(head, value);
	}
}

static bool has_nonce(struct bytes reason)
{
	for (; reason.len > 0; bytes_take(&reason, 1))
		if (line_starts_nocase(reason, "nonce"))
			return true;
	return false;
}

bool sip_head_status(struct sip_head *head, struct bytes line)
{
	line_word(&line);
	struct bytes digits = line_word(&line);
	head->code = (unsigned)number_of(digits);
	head->reason = line_trim(line);
	/* Some say only so that the nonce was old: "401 nonce has changed". */
	head->goes_on = has_nonce(head->reason);
	return digits.len == 3 && head->code >= 100;
}

/* "INVITE sip:bob@example.com SIP/2.0"; false if it is none. */
static bool take_request(struct sip_head *head, struct bytes line)
{
	head->method = method_of(line_word(&line));
	head->uri = line_word(&line);
	return line_starts(line_trim(line), "SIP/2.0");
}

bool sip_head_read(struct bytes text, struct sip_head *head)
{
	struct bytes line;
	struct header header;
	memset(head, 0, sizeof(*head));
	head->uri = head->reason = head->from = head->software = bytes_of("", 0);
	if (!line_take(&text, &line))
		return false;
	bool is_good = line_starts(line, "SIP/2.0 ") ? sip_head_status(head, line)
						     : take_request(head, line);
	while (is_good && header_take(&text, &header))
		take_field(head, header.name, header.value);
	return is_good;
}
