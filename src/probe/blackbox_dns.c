/*
 * blackbox_dns.c: see blackbox_dns.h.
 */
#include "probe/blackbox_dns.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/blackbox_metric.h"
#include "probe/blackbox_rr.h"
#include "protocol/dns_message.h"

enum { SOA_SERIAL_BACK = 20 };

/* ---- the question ---- */

void blackbox_dns_question(const struct blackbox_module *module,
			   struct blackbox_dns_texts *texts, struct question *question)
{
	const struct blackbox_dns *dns = &module->dns;
	snprintf(texts->type, sizeof(texts->type), "%u", dns->query_type);
	snprintf(texts->class, sizeof(texts->class), "%u", dns->query_class);
	question->path = dns->query_name != NULL ? dns->query_name : "";
	question->options[0] = (struct question_option){ "type", texts->type };
	question->options[1] = (struct question_option){ "class", texts->class };
	question->options[2] =
		(struct question_option){ "rd", dns->recursion_desired ? "yes" : "no" };
	question->option_count = 3;
}

static void put_16(struct ask *ask, unsigned value)
{
	uint8_t octets[] = { (uint8_t)(value >> 8), (uint8_t)value };
	ask_send(ask, octets, sizeof(octets));
}

static unsigned number_of(const struct ask *ask, const char *option)
{
	return (unsigned)strtoul(question_option(ask->question, option), NULL, 10);
}

static void put_question(struct ask *ask, const struct dns_name *name)
{
	const struct question *q = ask->question;
	bool recurses = strcmp(question_option(q, "rd"), "yes") == 0;
	if (q->transport == IPPROTO_TCP)
		put_16(ask, DNS_HEADER + name->len + 4u);
	ask_send(ask, q->nonce, 2); /* its id */
	put_16(ask, recurses ? DNS_RD : 0);
	put_16(ask, 1); /* questions */
	put_16(ask, 0);
	put_16(ask, 0);
	put_16(ask, 0);
	ask_send(ask, name->at, name->len);
	put_16(ask, number_of(ask, "type"));
	put_16(ask, number_of(ask, "class"));
}

/* A whole message, of TCP without its length (RFC 1035 4.2.2). */
static bool take_message(const struct ask *ask, struct bytes *said,
			 struct bytes *message)
{
	struct bytes rest = *said;
	size_t len =
		ask->question->transport == IPPROTO_TCP ? bytes_be16(&rest) : rest.len;
	*message = bytes_take(&rest, len);
	if (!bytes_ok(message))
		return false;
	*said = rest;
	return true;
}

/* Any answer to the question; what it is worth is seen by who asked. */
static void dns_step(struct ask *ask, struct bytes *said)
{
	struct dns_name name;
	struct bytes message;
	bool *has_asked = ASK_STATE(ask, bool);
	if (!*has_asked) {
		*has_asked = true;
		if (dns_name_parse(ask->question->path, &name))
			put_question(ask, &name);
		else
			ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
				   "query_name is no name");
		return;
	}
	if (said->len == 0 || !take_message(ask, said, &message))
		return;
	if (message.len >= DNS_HEADER &&
	    memcmp(message.at, ask->question->nonce, 2) == 0 &&
	    (message.at[2] & DNS_QR >> 8) != 0)
		ask_well(ask, ASK_CLOSE);
}

const struct asking blackbox_dns_asking = {
	.transport = IPPROTO_UDP,
	.port = BLACKBOX_DNS_PORT,
	.step = dns_step,
};

/* ---- the answer ---- */

static bool any_matches(const struct blackbox_texts *regexps, struct bytes subject)
{
	for (size_t i = 0; i < regexps->count; i++)
		if (blackbox_fits(regexps->at[i], subject))
			return true;
	return false;
}

static bool all_match(const struct blackbox_texts *regexps, struct bytes subject)
{
	for (size_t i = 0; i < regexps->count; i++)
		if (!blackbox_fits(regexps->at[i], subject))
			return false;
	return true;
}

/* One section of an answer while its records are judged. */
struct verdict_on {
	const struct blackbox_rrs *wanted;
	size_t count;
	bool any_matches, all_match, has_failed;
};

static void judge_rr(struct verdict_on *on, const struct dns_message *message,
		     const struct dns_rr *rr)
{
	struct buf text = { 0 };
	const struct blackbox_rrs *wanted = on->wanted;
	if (wanted == NULL)
		return; /* of questions nothing is */
	blackbox_rr(message, rr, &text);
	struct bytes subject = bytes_of(text.at, text.len);
	on->count++;
	on->has_failed |= any_matches(&wanted->fail_if_matches_regexp, subject) ||
			  !all_match(&wanted->fail_if_not_matches_regexp, subject);
	on->any_matches |= any_matches(&wanted->fail_if_none_matches_regexp, subject);
	on->all_match &= all_match(&wanted->fail_if_all_match_regexp, subject);
	buf_free(&text);
}

/* What must match needs a record that could. */
static bool is_fine(const struct verdict_on *on)
{
	const struct blackbox_rrs *wanted = on->wanted;
	if (on->count == 0 && wanted->fail_if_not_matches_regexp.count > 0)
		return false;
	if (wanted->fail_if_none_matches_regexp.count > 0 && !on->any_matches)
		return false;
	/* That program fails if not all match, whatever the key's name says. */
	if (wanted->fail_if_all_match_regexp.count > 0 && !on->all_match)
		return false;
	return !on->has_failed;
}

static bool is_valid_rcode(const struct blackbox_dns *dns, unsigned rcode)
{
	const char *name = dns_rcode_name(rcode);
	for (size_t i = 0; i < dns->valid_rcodes.count; i++)
		if (strcmp(dns->valid_rcodes.at[i], name) == 0)
			return true;
	return dns->valid_rcodes.count == 0 && rcode == 0;
}

static bool judge(const struct blackbox_dns *dns, const struct dns_message *message)
{
	static const struct blackbox_rrs nothing;
	struct verdict_on on[DNS_SECTIONS] = {
		[DNS_QUESTIONS] = { .wanted = &nothing },
		[DNS_ANSWERS] = { .wanted = &dns->validate_answer_rrs,
				  .all_match = true },
		[DNS_AUTHORITY] = { .wanted = &dns->validate_authority_rrs,
				    .all_match = true },
		[DNS_ADDITIONAL] = { .wanted = &dns->validate_additional_rrs,
				     .all_match = true },
	};
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	while (dns_rr_next(message, &walk, &rr))
		judge_rr(&on[rr.section], message, &rr);
	return is_valid_rcode(dns, message->flags & DNS_RCODE) &&
	       is_fine(&on[DNS_ANSWERS]) && is_fine(&on[DNS_AUTHORITY]) &&
	       is_fine(&on[DNS_ADDITIONAL]);
}

/* The first of five numbers at the end of its data (RFC 1035 3.3.13). */
static double serial_of(const struct dns_message *message)
{
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	while (dns_rr_next(message, &walk, &rr)) {
		if (rr.section != DNS_ANSWERS || rr.type != DNS_SOA ||
		    rr.data_len < SOA_SERIAL_BACK)
			continue;
		struct bytes numbers = bytes_of(message->bytes.at + rr.data_at +
							rr.data_len - SOA_SERIAL_BACK,
						SOA_SERIAL_BACK);
		return bytes_be32(&numbers);
	}
	return 0;
}

bool blackbox_dns_tell(const struct blackbox_module *module, struct bytes heard,
		       struct buf *out)
{
	struct dns_message message = { .bytes = { 0 } };
	bool is_heard = heard.len > 0 &&
			dns_message_read(heard, heard.len, &message) == DNS_SOUND;
	if (!is_heard)
		message = (struct dns_message){ .bytes = { 0 } };
	blackbox_tell(out, BLACKBOX_dns_answer_rrs, message.count[DNS_ANSWERS]);
	blackbox_tell(out, BLACKBOX_dns_authority_rrs, message.count[DNS_AUTHORITY]);
	blackbox_tell(out, BLACKBOX_dns_additional_rrs, message.count[DNS_ADDITIONAL]);
	blackbox_tell(out, BLACKBOX_dns_query_succeeded, is_heard);
	if (is_heard && module->dns.query_type == DNS_SOA)
		blackbox_tell(out, BLACKBOX_dns_serial, serial_of(&message));
	return is_heard && judge(&module->dns, &message);
}
