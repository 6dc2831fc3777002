/*
 * fleet_token.c: breakwater fleet token: lines that let a machine join once.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/base32.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "fleet/authority.h"
#include "record/record.h"

enum { US_PER_S = 1000000, ID_OCTETS = 10, LONGEST_S = 30 * 24 * 3600, SHORTEST_S = 1 };

static bool join_tags(const struct option_list *tags, char out[static CLAIMS_TAGS_MAX])
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < tags->count; i++) {
		int made = snprintf(out + len, CLAIMS_TAGS_MAX - len, "%s%s",
				    i > 0 ? "," : "", tags->at[i]);
		if (made < 0 || (size_t)made >= CLAIMS_TAGS_MAX - len)
			return false;
		len += (size_t)made;
	}
	return claims_tags_are_good(out);
}

/* What all of them say. */
static int describe(const struct fleet_options *o, struct claims_token *out)
{
	int64_t duration_us = 3600LL * US_PER_S;
	*out = (struct claims_token){ .made_s = fleet_now_s() };
	if (o->name != NULL &&
	    (!fleet_name_is_good(o->name) || strcmp(o->name, FLEET_HUB) == 0))
		return fleet_complain(
			"token", STATUS_USAGE,
			"--name: allowed is 1 to 63 of A-Z a-z 0-9 _ -, and "
			"not \"" FLEET_HUB "\"");
	if (o->name != NULL && o->count > 1)
		return fleet_complain("token", STATUS_USAGE,
				      "--count: only one token can be for one --name");
	if (o->site != NULL && !claims_word_is_good(o->site))
		return fleet_complain("token", STATUS_USAGE,
				      "--site: allowed is " CLAIMS_WORD_ALLOWED);
	if (!join_tags(&o->tags, out->tags))
		return fleet_complain("token", STATUS_USAGE,
				      "--tag: allowed is " CLAIMS_WORD_ALLOWED
				      "; all together up to 255");
	if (o->duration != NULL && (!duration_parse(o->duration, &duration_us) ||
				    duration_us < (int64_t)SHORTEST_S * US_PER_S ||
				    duration_us > (int64_t)LONGEST_S * US_PER_S))
		return fleet_complain("token", STATUS_USAGE,
				      "--for: allowed is from 1s to 30d");
	snprintf(out->name, sizeof(out->name), "%s", o->name != NULL ? o->name : "");
	snprintf(out->site, sizeof(out->site), "%s", o->site != NULL ? o->site : "");
	fleet_actor(out->by);
	out->until_s = out->made_s + duration_us / US_PER_S;
	return STATUS_OK;
}

/* What is the same in each of them. */
static int prepare(const struct fleet_reach *reach, struct token *token)
{
	char error[KEYRING_ERROR_MAX];
	struct buf ca = { 0 };
	if (keyring_read_file(reach->state, FLEET_FILE_CA, &ca, error) != 0)
		return fleet_complain("token", STATUS_USAGE, "%s", error);
	token->ca_len = authority_der(ca.at, token->ca, sizeof(token->ca));
	buf_free(&ca);
	token->fleet = reach->keys.fleet_key;
	nkey_forget(&token->fleet);
	memcpy(token->servers, reach->keys.servers, sizeof(token->servers));
	return token->ca_len > 0 ? STATUS_OK
				 : fleet_complain("token", STATUS_USAGE,
						  "%s/" FLEET_FOLDER "/" FLEET_FILE_CA
						  ": it holds no certificate",
						  reach->state);
}

/* Only a token that is in the bucket is taken: it shows who was let in by whom. */
static bool keep(const struct fleet_reach *reach, const struct claims_token *said)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	struct ticket ticket = { .made_s = said->made_s, .until_s = said->until_s };
	memcpy(ticket.id, said->id, sizeof(ticket.id));
	memcpy(ticket.name, said->name, sizeof(ticket.name));
	memcpy(ticket.site, said->site, sizeof(ticket.site));
	memcpy(ticket.tags, said->tags, sizeof(ticket.tags));
	memcpy(ticket.by, said->by, sizeof(ticket.by));
	snprintf(key, sizeof(key), TICKET_KEY "%s", said->id);
	bool is_kept = ticket_write(&ticket, &text) && fleet_put_new(reach, key, &text);
	buf_free(&text);
	return is_kept;
}

static bool note(const struct fleet_reach *reach, const struct claims_token *said)
{
	char after[256], until[TIME_TEXT_MAX];
	record_time_text(said->until_s * US_PER_S, until);
	snprintf(after, sizeof(after), "until %.19sZ name %s site %s tags %.80s", until,
		 said->name[0] != '\0' ? said->name : "any",
		 said->site[0] != '\0' ? said->site : "-",
		 said->tags[0] != '\0' ? said->tags : "-");
	return fleet_note(reach, "fleet_token", said->id, "", after);
}

static bool make_id(char out[static CLAIMS_ID_MAX])
{
	uint8_t random[ID_OCTETS];
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	base32_encode(bytes_of(random, sizeof(random)), out);
	return true;
}

static int print(const struct fleet_options *o, const struct claims_token *said,
		 const char *line)
{
	char until[TIME_TEXT_MAX];
	record_time_text(said->until_s * US_PER_S, until);
	if (o->common.json)
		printf("{\"token\":\"%s\",\"id\":\"%s\",\"until\":\"%s\"}\n", line,
		       said->id, until);
	else
		puts(line);
	return fflush(stdout) == 0 ? STATUS_OK : STATUS_INCOMPLETE;
}

static int make_one(const struct fleet_options *o, const struct fleet_reach *reach,
		    struct token *token)
{
	struct buf line = { 0 };
	struct claims_token *said = &token->claims;
	int status = STATUS_INCOMPLETE;
	if (!make_id(said->id) || !nkey_make(NKEY_USER, &said->user) ||
	    !token_write(token, &reach->keys.sensors, &line) || buf_cstr(&line) == NULL)
		fleet_complain("token", 0, "no memory or randomness");
	else if (!keep(reach, said) || !note(reach, said))
		status = fleet_complain("token", STATUS_UNREACHABLE,
					"the fleet's bucket can't be written now");
	else
		status = print(o, said, line.at);
	if (line.at != NULL)
		OPENSSL_cleanse(line.at, line.size);
	buf_free(&line);
	nkey_forget(&said->user);
	return status;
}

static void say_next(const struct claims_token *said, uint64_t count)
{
	char until[TIME_TEXT_MAX];
	record_time_text(said->until_s * US_PER_S, until);
	fprintf(stderr,
		"Good for one machine%s, once, until %.19s UTC.  There, as root:\n"
		"  breakwater fleet join\n"
		"and paste %s.  Who has it can join instead: treat it as a password.\n",
		count > 1 ? " each" : "", until, count > 1 ? "one of them" : "it");
}

int fleet_token(const struct fleet_options *o, const char *operand)
{
	struct fleet_reach reach;
	struct token token = { .ca_len = 0 };
	(void)operand;
	int status = describe(o, &token.claims);
	if (status != STATUS_OK)
		return status;
	status = fleet_reach_open("token", o, &reach);
	if (status == STATUS_OK)
		status = prepare(&reach, &token);
	for (uint64_t i = 0; i < o->count && status == STATUS_OK; i++)
		status = make_one(o, &reach, &token);
	if (status == STATUS_OK && !o->common.json)
		say_next(&token.claims, o->count);
	token_free(&token);
	fleet_reach_close(&reach);
	return status;
}
