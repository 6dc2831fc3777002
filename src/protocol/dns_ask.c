/*
 * dns_ask.c: is a server of names well (RFC 1035, 6891, 7766, 7858)?
 *
 * Without a name it is asked for the servers of the root: who recurses knows them
 * without asking anybody, and who does not refuses (RFC 9499 3), which is as
 * good a sign of life.  Of a name that was given a refusal is none.
 */
#include "protocol/dns_ask.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>

#include "protocol/dns_message.h"
#include "protocol/text.h"

enum {
	UDP_SIZE = 1232,  /* no path cuts it to fragments (RFC 9715 A) */
	META_FIRST = 128, /* types that are no data's (RFC 6895 3.1) */
	META_LAST = 255,
	RCODES = 24,
	NOERROR = 0,
	FORMERR = 1,
	NXDOMAIN = 3,
	NOTIMP = 4,
	REFUSED = 5,
	EDNS_ERROR = 15, /* RFC 8914 */
	SHOWN = 64,
};

struct dns_asking {
	bool has_asked;
	bool without_edns; /* the server does not know it (RFC 6891 7) */
};

/* ---- what is wanted ---- */

struct wanted {
	struct dns_name name;
	uint16_t type;
	bool has_name; /* somebody wants to know just that */
	long answers;  /* at least so many */
};

static const char *read_type(const struct question *q, struct wanted *wanted)
{
	const char *type = question_option(q, "type");
	wanted->type = wanted->has_name ? DNS_A : DNS_NS;
	if (type == NULL)
		return NULL;
	wanted->type = dns_type_number(type);
	if (wanted->type == 0 || wanted->type == DNS_OPT ||
	    (wanted->type >= META_FIRST && wanted->type <= META_LAST))
		return "type is that of a record, such as A, AAAA, MX or TXT";
	return NULL;
}

static const char *read_answers(const struct question *q, struct wanted *wanted)
{
	const char *least = question_option(q, "min_answers");
	char *end = NULL;
	/* A name that exists, without what was asked for, is no answer (RFC 2308 2.2).
	 */
	wanted->answers = wanted->has_name ? 1 : 0;
	if (least == NULL)
		return NULL;
	wanted->answers = strtol(least, &end, 10);
	if (end == least || *end != '\0' || wanted->answers < 0 ||
	    wanted->answers > DNS_RECORDS_MAX)
		return "min_answers is a number up to 64";
	return NULL;
}

/* Is that word in a list with commas? */
static bool lists(const char *list, const char *word)
{
	for (size_t len; *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len == strlen(word) && strncasecmp(list, word, len) == 0)
			return true;
	}
	return false;
}

/* How many of the list are response codes. */
static const char *check_rcodes(const struct question *q)
{
	const char *list = question_option(q, "rcode");
	size_t words = 1, known = 0;
	if (list == NULL)
		return NULL;
	for (const char *c = list; *c != '\0'; c++)
		words += *c == ',';
	for (unsigned rcode = 0; rcode < RCODES; rcode++) {
		const char *name = dns_rcode_name(rcode);
		known += strcmp(name, "OTHER") != 0 && lists(list, name);
	}
	return known == words ? NULL
			      : "rcode is a list such as NXDOMAIN,REFUSED, each once";
}

/* NULL, or what is wrong with the question. */
static const char *read_wanted(const struct question *q, struct wanted *wanted)
{
	const char *recursion = question_option(q, "rd");
	*wanted = (struct wanted){ .has_name = q->path[0] != '\0' };
	if (!dns_name_parse(q->path, &wanted->name))
		return "the path is the name to ask for, such as /www.example.com";
	if (recursion != NULL && strcmp(recursion, "no") != 0 &&
	    strcmp(recursion, "yes") != 0)
		return "rd is yes or no";
	const char *wrong = read_type(q, wanted);
	if (wrong == NULL)
		wrong = read_answers(q, wanted);
	return wrong != NULL ? wrong : check_rcodes(q);
}

static const char *dns_check(const struct question *q)
{
	struct wanted wanted;
	return read_wanted(q, &wanted);
}

/* ---- asking ---- */

static uint16_t id_of(const struct ask *ask)
{
	/* One of its own for each try: answers to the other are not taken for it. */
	const uint8_t *nonce = ask->question->nonce;
	if (ASK_STATE(ask, struct dns_asking)->without_edns)
		nonce += 2;
	return (uint16_t)(nonce[0] << 8 | nonce[1]);
}

static void put_16(struct ask *ask, unsigned value)
{
	uint8_t octets[] = { (uint8_t)(value >> 8), (uint8_t)value };
	ask_send(ask, octets, sizeof(octets));
}

static void put_question(struct ask *ask, const struct wanted *wanted)
{
	static const uint8_t edns[] = {
		0, 0, DNS_OPT, UDP_SIZE >> 8, UDP_SIZE & 0xff, 0, 0, 0, 0, 0, 0
	};
	const struct question *q = ask->question;
	const char *recursion = question_option(q, "rd");
	bool has_edns = !ASK_STATE(ask, struct dns_asking)->without_edns;
	size_t edns_len = has_edns ? sizeof(edns) : 0;
	bool recurses = recursion == NULL || strcmp(recursion, "no") != 0;
	if (q->transport == IPPROTO_TCP)
		put_16(ask, (unsigned)(DNS_HEADER + wanted->name.len + 4u + edns_len));
	put_16(ask, id_of(ask));
	put_16(ask, recurses ? DNS_RD : 0);
	put_16(ask, 1); /* questions */
	put_16(ask, 0);
	put_16(ask, 0);
	put_16(ask, has_edns);
	ask_send(ask, wanted->name.at, wanted->name.len);
	put_16(ask, wanted->type);
	put_16(ask, DNS_CLASS_IN);
	ask_send(ask, edns, edns_len);
}

/* ---- what is answered ---- */

struct answer {
	unsigned rcode;
	long count;     /* records of the type */
	bool has_hoped; /* one of them is what option `answer` says */
	bool knows_edns;
	char other[SHOWN + 1]; /* the first that is not */
	char error[SHOWN + 1]; /* why, in the server's words */
};

/* Its strings one behind the other, which a long text is cut into (RFC 7208 3.3). */
static struct bytes join_strings(struct bytes data, uint8_t *out, size_t size)
{
	size_t joined = 0;
	while (data.len > 0) {
		size_t len = bytes_u8(&data);
		struct bytes string = bytes_take(&data, len);
		if (!bytes_ok(&string) || joined + string.len > size)
			break;
		memcpy(out + joined, string.at, string.len);
		joined += string.len;
	}
	return bytes_of(out, joined);
}

/* Does an address or a name's text mean the same as what was hoped for? */
static bool is_same(const struct dns_rr *rr, const char *text, const char *hoped)
{
	char own[DNS_NAME_MAX + 1];
	struct dns_name name;
	struct addr addr;
	if (rr->type != DNS_A && rr->type != DNS_AAAA) {
		if (!dns_name_parse(hoped, &name))
			return false;
		dns_name_text(&name, own, sizeof(own));
	} else if (addr_parse(hoped, &addr)) {
		addr_text(&addr, own);
	} else {
		return false;
	}
	return strcmp(own, text) == 0;
}

/* Is the record what was hoped for?  shown: what it is. */
static bool is_hoped(const struct dns_message *message, const struct dns_rr *rr,
		     const char *hoped, char shown[SHOWN + 1])
{
	uint8_t joined[4096];
	char text[DNS_NAME_MAX + 1];
	enum dns_flaw flaw;
	struct bytes data = bytes_of(message->bytes.at + rr->data_at, rr->data_len);
	size_t len = dns_rr_text(message, rr, text, sizeof(text), &flaw);
	bool is_text = rr->type == DNS_TXT;
	/* Of what has neither address nor name the type is told. */
	bool is_data = is_text || strcmp(text, dns_type_name(rr->type)) == 0;
	if (is_text)
		data = join_strings(data, joined, sizeof(joined));
	ask_quote(shown, SHOWN + 1, is_data ? data : bytes_of(text, len));
	return is_data ? text_contains(data, hoped) : is_same(rr, text, hoped);
}

static void take_answer(struct answer *answer, const struct ask *ask,
			const struct dns_message *message, const struct dns_rr *rr)
{
	const char *hoped = question_option(ask->question, "answer");
	char shown[SHOWN + 1];
	if (rr->type != message->type)
		return; /* an alias on the way, or a signature */
	answer->count++;
	if (hoped == NULL)
		return;
	if (is_hoped(message, rr, hoped, shown))
		answer->has_hoped = true;
	else if (answer->other[0] == '\0')
		memcpy(answer->other, shown, sizeof(shown));
}

/* The upper bits of the code, and why (RFC 6891 6.1.3, RFC 8914 2). */
static void take_edns(struct answer *answer, const struct dns_message *message,
		      const struct dns_rr *rr)
{
	struct bytes data = bytes_of(message->bytes.at + rr->data_at, rr->data_len);
	answer->knows_edns = true;
	answer->rcode |= rr->ttl >> 24 << 4;
	while (data.len > 0) {
		unsigned code = bytes_be16(&data);
		size_t len = bytes_be16(&data);
		struct bytes option = bytes_take(&data, len);
		if (!bytes_ok(&option))
			return;
		if (code != EDNS_ERROR || len <= 2)
			continue;
		bytes_take(&option, 2);
		ask_quote(answer->error, sizeof(answer->error), option);
	}
}

static enum dns_flaw read_answer(struct answer *answer, const struct ask *ask,
				 const struct dns_message *message)
{
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	*answer = (struct answer){ .rcode = message->flags & DNS_RCODE };
	while (dns_rr_next(message, &walk, &rr)) {
		if (rr.section == DNS_ANSWERS)
			take_answer(answer, ask, message, &rr);
		else if (rr.type == DNS_OPT && rr.section == DNS_ADDITIONAL)
			take_edns(answer, message, &rr);
	}
	return walk.flaw;
}

/* ---- judging ---- */

static void judge_records(struct ask *ask, const struct wanted *wanted,
			  const struct answer *answer)
{
	const char *hoped = question_option(ask->question, "answer");
	if (answer->count < wanted->answers)
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "%ld records of type %s, at least %ld are wanted",
			   answer->count, dns_type_name(wanted->type), wanted->answers);
	else if (hoped != NULL && !answer->has_hoped)
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "the answer is %s%s, not %.48s",
			   answer->count > 0 ? answer->other : "empty",
			   answer->count > 1 ? " and others" : "", hoped);
	else
		ask_well(ask, ASK_CLOSE);
}

/* What a code means that was not expected. */
static enum reason reason_of(unsigned rcode)
{
	if (rcode == REFUSED)
		return REASON_denied;
	bool is_about_name = rcode == NXDOMAIN || rcode == NOERROR;
	return is_about_name ? REASON_wrong_answer : REASON_error;
}

static void judge(struct ask *ask, const struct wanted *wanted,
		  const struct answer *answer)
{
	const char *list = question_option(ask->question, "rcode");
	const char *name = dns_rcode_name(answer->rcode);
	bool is_life = answer->rcode == NOERROR ||
		       (answer->rcode == REFUSED && !wanted->has_name);
	bool is_expected = list != NULL ? lists(list, name) : is_life;
	if (is_expected && answer->rcode == NOERROR) {
		judge_records(ask, wanted, answer);
		return;
	}
	if (is_expected) {
		ask_well(ask, ASK_CLOSE);
		return;
	}
	bool says_why = answer->error[0] != '\0';
	ask_unwell(ask, reason_of(answer->rcode), ASK_CLOSE,
		   "the server says %s to type %s of %s%.64s%s%s%s", name,
		   dns_type_name(wanted->type), wanted->has_name ? "" : "the root",
		   ask->question->path, says_why ? ": \"" : "", answer->error,
		   says_why ? "\"" : "");
}

/* A server that does not know EDNS says so without it (RFC 6891 7). */
static bool asks_again(struct ask *ask, const struct wanted *wanted,
		       const struct answer *answer)
{
	struct dns_asking *state = ASK_STATE(ask, struct dns_asking);
	if (state->without_edns || answer->knows_edns ||
	    (answer->rcode != FORMERR && answer->rcode != NOTIMP))
		return false;
	state->without_edns = true;
	put_question(ask, wanted);
	return true;
}

/* Whoever does not repeat our question does not answer it (RFC 5452 3). */
static bool repeats(const struct dns_message *message, const struct wanted *wanted)
{
	/* It may not have understood it. */
	if (message->count[DNS_QUESTIONS] == 0)
		return (message->flags & DNS_RCODE) != NOERROR;
	return message->count[DNS_QUESTIONS] == 1 && message->type == wanted->type &&
	       message->class == DNS_CLASS_IN &&
	       message->name.len == wanted->name.len &&
	       memcmp(message->name.at, wanted->name.at, wanted->name.len) == 0;
}

/* False if it is nobody's answer to us. */
static bool take_message(struct ask *ask, struct bytes bytes)
{
	struct wanted wanted;
	struct dns_message message;
	struct answer answer;
	bool is_datagram = ask->question->transport == IPPROTO_UDP;
	enum dns_flaw flaw = dns_message_read(bytes, bytes.len, &message);
	if (bytes.len < DNS_HEADER || message.id != id_of(ask) ||
	    !dns_is_response(&message))
		return false;
	read_wanted(ask->question, &wanted);
	if (flaw == DNS_SOUND && !repeats(&message, &wanted))
		return false;
	if (is_datagram && flaw == DNS_SOUND && (message.flags & DNS_TC) != 0) {
		ask->next = ASK_OVER_TCP;
		return true;
	}
	if (flaw == DNS_SOUND)
		flaw = read_answer(&answer, ask, &message);
	if (flaw != DNS_SOUND)
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "the answer is broken: %s", dns_flaw_text(flaw));
	else if (!asks_again(ask, &wanted, &answer))
		judge(ask, &wanted, &answer);
	return true;
}

/* A message behind its length (RFC 1035 4.2.2); another's begin ends the wait for it.
 */
static void take_stream(struct ask *ask, struct bytes *said)
{
	struct bytes ahead = *said;
	size_t len = bytes_be16(&ahead);
	uint16_t id = bytes_be16(&ahead), flags = bytes_be16(&ahead);
	if (!bytes_ok(&ahead))
		return;
	bool is_other = len < DNS_HEADER || id != id_of(ask) || !(flags & DNS_QR);
	if (!is_other && said->len < 2 + len)
		return;
	struct bytes message = bytes_of(said->at + 2, is_other ? 0 : len);
	if (!take_message(ask, message))
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "what it says is no answer to the question");
	bytes_take(said, 2 + message.len);
}

static void dns_step(struct ask *ask, struct bytes *said)
{
	struct dns_asking *state = ASK_STATE(ask, struct dns_asking);
	struct wanted wanted;
	if (!state->has_asked) {
		state->has_asked = true;
		read_wanted(ask->question, &wanted);
		put_question(ask, &wanted);
	} else if (ask->question->transport == IPPROTO_TCP) {
		take_stream(ask, said);
	} else {
		take_message(ask, *said);
	}
}

static const char *const dns_options[] = { "type",   "rd",          "rcode",
					   "answer", "min_answers", NULL };

const struct asking dns_asking = {
	.transport = IPPROTO_UDP,
	.port = 53,
	.secure_scheme = "dot",
	.secure_port = 853,
	.is_harmless = true,
	.options = dns_options,
	.check = dns_check,
	.step = dns_step,
};
