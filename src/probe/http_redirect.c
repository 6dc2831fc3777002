/*
 * http_redirect.c: redirects to hosts whose address is not known.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probe/http.h"

long http_redirects(CURL *easy, const struct http_next *next)
{
	long since = 0;
	curl_easy_getinfo(easy, CURLINFO_REDIRECT_COUNT, &since);
	return next->redirects + since;
}

/* As libcurl would: relative to where we are, and the host in ASCII (RFC 3492). */
static bool read_next(CURLU *url, const char *from, const char *location,
		      struct http_next *next)
{
	char *host = NULL, *scheme = NULL;
	if (curl_url_set(url, CURLUPART_URL, from, 0) != CURLUE_OK ||
	    curl_url_set(url, CURLUPART_URL, location, CURLU_URLENCODE) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE) != CURLUE_OK)
		return false;
	int len = snprintf(next->host, sizeof(next->host), "%s", host);
	curl_free(host);
	bool is_web = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		      strncmp(scheme, "http", 4) == 0;
	curl_free(scheme);
	char *whole = NULL;
	free(next->url);
	next->url = curl_url_get(url, CURLUPART_URL, &whole, 0) == CURLUE_OK
			    ? strdup(whole)
			    : NULL;
	curl_free(whole);
	return is_web && next->url != NULL && len < (int)sizeof(next->host);
}

bool http_leads_to(CURL *easy, struct bytes head, struct http_next *next)
{
	struct bytes value = http_header(head, "Location", 8);
	struct addr addr;
	char *from = NULL;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &next->status);
	if (value.len == 0 || next->status < 300 || next->status >= 400)
		return false;
	curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &from);
	char *location = strndup((const char *)value.at, value.len);
	CURLU *url = curl_url();
	bool leads = location != NULL && url != NULL && from != NULL &&
		     read_next(url, from, location, next);
	curl_url_cleanup(url);
	free(location);
	/* Of IPv6 in brackets. */
	return leads && next->host[0] != '[' && !addr_parse(next->host, &addr);
}

/* What is for the first host alone: secrets, and its name. */
static bool is_of_first(const char *header)
{
	return strncasecmp(header, "Authorization:", 14) == 0 ||
	       strncasecmp(header, "Cookie:", 7) == 0 ||
	       strncasecmp(header, "Host:", 5) == 0;
}

static struct curl_slist *for_others(struct curl_slist *headers)
{
	struct curl_slist *kept = NULL;
	for (const struct curl_slist *one = headers; one != NULL; one = one->next)
		if (!is_of_first(one->data))
			kept = curl_slist_append(kept, one->data);
	curl_slist_free_all(headers);
	return kept;
}

struct curl_slist *http_go_on(CURL *easy, struct http_next *next,
			      struct curl_slist *headers, bool has_body)
{
	next->redirects = http_redirects(easy, next) + 1;
	headers = for_others(headers);
	curl_easy_setopt(easy, CURLOPT_URL, next->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_USERNAME, NULL);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, NULL);
	curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, NULL);
	/* These two want it to be sent again (RFC 9110 15.4). */
	if (has_body && next->status != 307 && next->status != 308)
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	return headers;
}

bool http_has_pin(const struct curl_slist *pins, const char *host)
{
	size_t len = strlen(host);
	for (; pins != NULL; pins = pins->next)
		if (strncasecmp(pins->data, host, len) == 0 && pins->data[len] == ':')
			return true;
	return false;
}

struct curl_slist *http_pin(struct curl_slist *pins, const char *host,
			    const struct addr *addr)
{
	char text[HTTP_HOST_MAX + ADDR_TEXT_MAX + 8], to[ADDR_TEXT_MAX];
	addr_text(addr, to);
	snprintf(text, sizeof(text), addr_is_v4(addr) ? "%s::%s:" : "%s::[%s]:", host,
		 to);
	struct curl_slist *grown = curl_slist_append(pins, text);
	return grown != NULL ? grown : pins;
}
