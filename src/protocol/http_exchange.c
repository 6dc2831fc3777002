/*
 * http_exchange.c: requests and responses together; see http_exchange.h.
 */
#include "protocol/http_exchange.h"
#include "protocol/line.h"

static const struct talk_notice basic_in_clear = {
	.kind = "cleartext_login",
	.technique = "http_basic",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "who can listen reads the password, and may log in with it (RFC 7617 4)",
};
static const struct talk_notice bearer_in_clear = {
	.kind = "cleartext_login",
	.technique = "http_bearer",
	.severity = "low",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "who can listen reads the token, and may use it (RFC 6750 5.3)",
};

static uint8_t next(uint8_t count)
{
	return count == UINT8_MAX ? 1 : (uint8_t)(count + 1);
}

/* Keeps a text that is another than before; which one it is now, 0 if there is none. */
static uint8_t keep(char *field, size_t size, const char *text, uint8_t *count)
{
	if (text[0] == '\0')
		return 0;
	if (*count == 0 || strncmp(field, text, size - 1) != 0) {
		*count = next(*count);
		record_text(field, size, text);
	}
	return *count;
}

static uint8_t keep_user(struct http_caller *caller, const struct credentials *proof)
{
	if (caller->users == 0 || caller->scheme != proof->scheme ||
	    strncmp(caller->user, proof->user, sizeof(caller->user) - 1) != 0) {
		caller->users = next(caller->users);
		caller->scheme = (uint8_t)proof->scheme;
		caller->is_in = false;
		record_text(caller->user, sizeof(caller->user), proof->user);
	}
	return caller->users;
}

/* Where one gives a name and a password by a form. */
static bool asks_to_log_in(const struct http_head *head)
{
	static const char *const words[] = { "login",   "logon", "signin", "sign-in",
					     "sign_in", "auth",  "session" };
	if (head->method != METHOD_POST)
		return false;
	for (const char *at = head->path; *at != '\0'; at++)
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (line_starts_nocase(bytes_of(at, strlen(at)), words[i]))
				return true;
	return false;
}

void http_asked(struct talk *talk, struct http_caller *caller,
		const struct http_head *head, struct http_request *request)
{
	struct facts *facts = &talk->facts;
	*request = (struct http_request){ .method = head->method,
					  .has_proof = head->has_proof,
					  .is_for_proxy = head->is_for_proxy };
	request->hosts =
		keep(facts->name, sizeof(facts->name), head->host, &caller->hosts);
	request->agents = keep(caller->agent, sizeof(caller->agent), head->agent,
			       &caller->agents);
	if (head->agent[0] != '\0')
		record_text(facts->client_software, sizeof(facts->client_software),
			    head->agent);
	if (head->has_proof)
		request->users = keep_user(caller, &head->proof);
	else
		request->is_login_form = asks_to_log_in(head);
	facts->cleartext = 1;
}

static uint64_t took_us(const struct http_answer *answer)
{
	const struct http_request *request = answer->request;
	if (answer->head == NULL || request == NULL || request->end_us == 0 ||
	    answer->begun_us < request->end_us)
		return UNKNOWN_U64;
	return (uint64_t)(answer->begun_us - request->end_us);
}

static void tell_record(struct talk *talk, const struct http_caller *caller,
			const struct http_answer *answer, int64_t at_us)
{
	struct http_record record;
	const struct http_request *request = answer->request;
	const struct http_head *head = answer->head;
	if (!talk_wants(talk, RECORD_http))
		return;
	record_init(RECORD_http, &record);
	record_text(record.version, sizeof(record.version), answer->version);
	if (request != NULL) {
		record.method = http_method_word(request->method);
		facts_text(record.path, sizeof(record.path), answer->path);
	}
	if (request != NULL && request->hosts != 0 && request->hosts == caller->hosts)
		record_text(record.host, sizeof(record.host), talk->facts.name);
	if (request != NULL && request->agents != 0 &&
	    request->agents == caller->agents)
		record_text(record.user_agent, sizeof(record.user_agent),
			    caller->agent);
	if (head != NULL) {
		record_text(record.server, sizeof(record.server), head->software);
		record_text(record.content_type, sizeof(record.content_type),
			    head->content_type);
		record.status = head->status;
		if (head->has_grpc_status)
			record.grpc_status = head->grpc_status;
		record.response_bytes = answer->length;
		record.took_us = took_us(answer);
	}
	talk_record(talk, RECORD_http, &record, at_us);
}

/* What would say the same without gRPC, as far as it matters here. */
static unsigned http_of_grpc(unsigned status)
{
	switch (status) {
	case 0:
		return 200;
	case 7: /* PERMISSION_DENIED */
		return 403;
	case 16: /* UNAUTHENTICATED */
		return 401;
	case 2:  /* UNKNOWN: an exception nobody caught */
	case 13: /* INTERNAL */
	case 14: /* UNAVAILABLE */
	case 15: /* DATA_LOSS */
		return 500;
	default:
		return 400;
	}
}

static unsigned status_of(const struct http_head *head)
{
	return head->has_grpc_status ? http_of_grpc(head->grpc_status) : head->status;
}

/* What a response means for the request's attempt to log in, if it was one. */
static enum outcome outcome_of(const struct http_request *request,
			       const struct http_head *head)
{
	unsigned status = status_of(head);
	if (request->is_login_form)
		return status == 401 || status == 403 ? OUTCOME_FAILURE
						      : OUTCOME_UNKNOWN;
	if (!request->has_proof)
		return OUTCOME_UNKNOWN;
	if (status == 101 || (status >= 200 && status < 400))
		return OUTCOME_SUCCESS;
	/* Behind a proxy that let it pass, the server speaks for itself. */
	bool refused =
		request->is_for_proxy ? status == 407 : status == 401 || status == 403;
	return refused && !head->goes_on ? OUTCOME_FAILURE : OUTCOME_UNKNOWN;
}

static void tell_exposure(struct talk *talk, enum scheme scheme, enum outcome outcome,
			  const struct http_head *head, int64_t at_us)
{
	const char *name = talk->facts.name, *of = name[0] != '\0' ? " at " : "";
	/* Who offers credentials that nobody asked for says nothing of the server. */
	if (outcome == OUTCOME_FAILURE && (head->offers >> scheme & 1) == 0)
		return;
	if (scheme == SCHEME_BASIC)
		talk_notice(talk, &basic_in_clear, at_us,
			    "login with HTTP Basic%s%s without encryption", of, name);
	else if (scheme == SCHEME_BEARER)
		talk_notice(talk, &bearer_in_clear, at_us,
			    "bearer token%s%s without encryption", of, name);
}

static void tell_login(struct talk *talk, struct http_caller *caller,
		       const struct http_answer *answer, int64_t at_us)
{
	const struct http_request *request = answer->request;
	enum outcome outcome = outcome_of(request, answer->head);
	bool is_latest = request->has_proof && request->users == caller->users;
	struct login_seen login = { .outcome = outcome, .seen_by = "packets" };
	/* A browser proves itself with every request: one success is enough. */
	if (outcome == OUTCOME_UNKNOWN ||
	    (outcome == OUTCOME_SUCCESS && (!is_latest || caller->is_in)))
		return;
	if (request->is_login_form)
		login.method = "form";
	if (is_latest) {
		login.user = bytes_of(caller->user, strlen(caller->user));
		login.method = scheme_word((enum scheme)caller->scheme);
		caller->is_in = outcome == OUTCOME_SUCCESS;
		tell_exposure(talk, (enum scheme)caller->scheme, outcome, answer->head,
			      at_us);
	}
	talk_login(talk, &login, at_us);
}

void http_answered(struct talk *talk, struct http_caller *caller,
		   const struct http_answer *answer, int64_t at_us)
{
	const struct http_head *head = answer->head;
	struct facts *facts = &talk->facts;
	tell_record(talk, caller, answer, at_us);
	if (head == NULL)
		return;
	facts->cleartext = 1;
	if (head->software[0] != '\0')
		record_text(facts->software, sizeof(facts->software), head->software);
	if (answer->request != NULL)
		tell_login(talk, caller, answer, at_us);
	talk_answered(talk, status_of(head) >= 500, took_us(answer));
}
