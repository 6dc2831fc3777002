/*
 * join_decide.h: who may join, from what the bucket holds; join.c's.
 */
#pragma once

#include "fleet/join_message.h"
#include "fleet/keyring.h"
#include "fleet/link.h"
#include "fleet/member.h"

struct join_decision {
	struct join_answer answer;
	struct claims_token token;    /* id "": it could not be read */
	char key[NKEY_TEXT_MAX];      /* of who asked */
	char replaced[NKEY_TEXT_MAX]; /* the name's key until now; "": none */
	bool is_again; /* the name was its own already, and it asks again */
	bool is_later; /* not decided: the bucket can't be read now */
};

/* Decides, and keeps it in the bucket: answer.refused is "" of who is let in. */
void join_decide(struct link *link, const struct keyring *keys,
		 const struct join_request *request, int64_t now_s,
		 struct join_decision *out);
