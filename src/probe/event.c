/*
 * event.c: see event.h.
 */
#include "probe/event.h"

#include <string.h>

static uint8_t number_of_state(const char *word)
{
	return word != NULL ? (uint8_t)probe_state_of(word) : UINT8_MAX;
}

/* Words that a record may hold, by number; 0: none. */
static const char *const by_words[] = { NULL, "probe", "traffic", "push" };
static const char *const transport_words[] = { NULL, "tcp", "udp", "icmp" };
enum {
	BY_WORDS = sizeof(by_words) / sizeof(by_words[0]),
	TRANSPORT_WORDS = sizeof(transport_words) / sizeof(transport_words[0])
};

static uint8_t number_of_word(const char *const *words, uint8_t count, const char *word)
{
	for (uint8_t i = 1; word != NULL && i < count; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return 0;
}

void probe_event_make(const struct probe_record *record, struct probe_event *out)
{
	memset(out, 0, sizeof(*out)); /* padding, too: it leaves the process */
	out->kind = PROBE_EVENT_ANSWER;
	out->record = *record;
	out->state = number_of_state(record->state);
	out->hard_state = number_of_state(record->hard_state);
	out->reason = (uint8_t)reason_named(record->reason);
	out->by = number_of_word(by_words, BY_WORDS, record->by);
	out->transport =
		number_of_word(transport_words, TRANSPORT_WORDS, record->transport);
	out->record.state = out->record.hard_state = out->record.reason = NULL;
	out->record.by = out->record.transport = NULL;
}

/* Every text ends. */
static bool texts_end(struct probe_record *r)
{
	const struct {
		char *at;
		size_t size;
	} texts[] = {
		{ r->target, sizeof(r->target) },
		{ r->protocol, sizeof(r->protocol) },
		{ r->detail, sizeof(r->detail) },
		{ r->software, sizeof(r->software) },
		{ r->version, sizeof(r->version) },
		{ r->tls_version, sizeof(r->tls_version) },
		{ r->cipher, sizeof(r->cipher) },
		{ r->cert_subject, sizeof(r->cert_subject) },
		{ r->cert_issuer, sizeof(r->cert_issuer) },
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!event_text_ends(texts[i].at, texts[i].size))
			return false;
	return true;
}

bool probe_event_read(const void *bytes, size_t len, struct probe_record *out)
{
	struct probe_event event;
	if (len != sizeof(event))
		return false;
	memcpy(&event, bytes, sizeof(event));
	if (event.kind != PROBE_EVENT_ANSWER)
		return false;
	bool has_hard = event.hard_state != UINT8_MAX,
	     has_state = event.state != UINT8_MAX;
	if ((has_state && event.state > PROBE_down) ||
	    (has_hard && event.hard_state > PROBE_down) || event.reason >= REASONS ||
	    event.by >= BY_WORDS || event.transport >= TRANSPORT_WORDS ||
	    !texts_end(&event.record))
		return false;
	*out = event.record;
	out->state = has_state ? probe_state_word((enum probe_state)event.state) : NULL;
	out->hard_state =
		has_hard ? probe_state_word((enum probe_state)event.hard_state) : NULL;
	out->reason = reason_word((enum reason)event.reason);
	out->by = by_words[event.by];
	out->transport = transport_words[event.transport];
	return true;
}

bool probe_ends_read(const void *bytes, size_t len, struct probe_ends *out)
{
	struct probe_ends_event event;
	if (len != sizeof(event))
		return false;
	memcpy(&event, bytes, sizeof(event));
	*out = event.ends;
	return event.kind == PROBE_EVENT_ENDS;
}

bool probe_own_read(const void *bytes, size_t len, struct probe_own *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->kind == PROBE_TOLD_OWN &&
	       event_text_ends(out->text, sizeof(out->text)) &&
	       event_text_ends(out->asked, sizeof(out->asked));
}

bool probe_proof_read(const void *bytes, size_t len, struct probe_proof *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->kind == PROBE_TOLD_PROOF &&
	       event_text_ends(out->target, sizeof(out->target));
}

bool probe_alive_read(const void *bytes, size_t len, enum probe_event_kind kind)
{
	struct probe_alive alive;
	if (len != sizeof(alive))
		return false;
	memcpy(&alive, bytes, sizeof(alive));
	return alive.kind == kind;
}

bool probe_maintained_read(const void *bytes, size_t len, struct probe_maintained *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->kind == PROBE_TOLD_MAINTENANCE &&
	       event_text_ends(out->target, sizeof(out->target));
}

bool probe_push_read(const void *bytes, size_t len, struct probe_push *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	const struct heartbeat_push *push = &out->push;
	return out->kind == PROBE_TOLD_PUSH &&
	       event_text_ends(push->name, sizeof(push->name)) &&
	       event_text_ends(push->token, sizeof(push->token)) &&
	       event_text_ends(push->message, sizeof(push->message));
}

bool probe_request_read(const void *bytes, size_t len, struct probe_request *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return event_text_ends(out->target, sizeof(out->target)) &&
	       event_text_ends(out->module, sizeof(out->module)) &&
	       event_text_ends(out->hostname, sizeof(out->hostname)) &&
	       event_text_ends(out->timeout, sizeof(out->timeout));
}

bool probe_page_read(const void *bytes, size_t len, struct probe_page *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->kind == PROBE_EVENT_PAGE && out->len <= PROBE_PAGE_PIECE &&
	       out->status >= 100 && out->status <= 599;
}

bool probe_recorder_read(const void *bytes, size_t len,
			 struct probe_recorder_event *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->kind == PROBE_EVENT_RECORDER &&
	       event_text_ends(out->why_not, sizeof(out->why_not));
}
