/*
 * link_publish.c: telling a stream, and knowing that it was kept.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fleet/link_inside.h"

/* The server tells a refusal apart from the answer, which then never comes. */
static bool is_refused(struct link *link, struct link_session *session,
		       const char *subject, char error[static LINK_ERROR_MAX])
{
	pthread_mutex_lock(&link->lock);
	/* Where no answer may be heard, nothing can be acknowledged. */
	bool is = strstr(session->refused, subject) != NULL ||
		  strstr(session->refused, "Subscription") != NULL;
	if (is)
		snprintf(error, LINK_ERROR_MAX, "%s", session->refused);
	pthread_mutex_unlock(&link->lock);
	return is;
}

/*
 * A limit of the stream, of the account or of the server's disk.  The first two come
 * with the code of any failure to store.
 */
static bool is_full(jsErrCode code, const char *text)
{
	switch (code) {
	case JSStreamStoreFailedErr:
		return strstr(text, "maximum") != NULL ||
		       strstr(text, "no space left") != NULL;
	case JSAccountResourcesExceededErr:
	case JSInsufficientResourcesErr:
	case JSStorageResourcesExceededErr:
	case JSMemoryResourcesExceededErr:
		return true;
	default:
		return false;
	}
}

static int failure(struct link *link, struct link_session *session, const char *subject,
		   natsStatus status, jsErrCode code, char error[static LINK_ERROR_MAX])
{
	link_say(status, error);
	if (is_full(code, error))
		return -ENOSPC;
	if (status == NATS_NOT_PERMITTED || is_refused(link, session, subject, error))
		return -EPERM;
	if (status == NATS_NO_RESPONDERS)
		snprintf(error, LINK_ERROR_MAX,
			 "no stream takes %s: servers elect its leader, or no hub has "
			 "been started yet",
			 subject);
	return -EAGAIN;
}

int link_publish(struct link *link, const char *subject, const char *msgid,
		 const void *bytes, size_t len, int timeout_ms,
		 char error[static LINK_ERROR_MAX])
{
	struct link_session *session = link_session_take(link, 0);
	if (session == NULL) {
		link_say_absent(link, error);
		return -EAGAIN;
	}
	jsPubOptions options;
	jsPubOptions_Init(&options);
	options.MaxWait = timeout_ms;
	options.MsgId = msgid;
	jsPubAck *stored = NULL;
	jsErrCode code = 0;
	natsStatus status = js_Publish(&stored, session->js, subject, bytes, (int)len,
				       &options, &code);
	jsPubAck_Destroy(stored);
	int result = 0;
	if (status != NATS_OK)
		result = failure(link, session, subject, status, code, error);
	link_session_give(link, session);
	return result;
}
