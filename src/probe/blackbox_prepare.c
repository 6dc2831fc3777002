/*
 * blackbox_prepare.c: files that modules name: those of TLS are read at the start, and
 * those of secrets each time, as they are changed while we run; for who can't read them
 * later, they count as they were.
 */
#include <openssl/ssl.h>

#include "probe/blackbox_module.h"
#include "probe/blackbox_tls.h"

enum { SECRETS = 4 };

static void secrets_of(struct blackbox_http *http, struct blackbox_secret *all[SECRETS])
{
	all[0] = &http->oauth2.client_secret;
	all[1] = &http->password;
	all[2] = &http->credentials;
	all[3] = &http->bearer_token;
}

static void prepare_module(struct blackbox_module *module)
{
	struct blackbox_secret *secrets[SECRETS];
	struct blackbox_way *ways[] = { &module->way[module->prober],
					&module->http.oauth2.way };
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (blackbox_tls_has_files(ways[i]))
			blackbox_tls_prepare(ways[i]);
	secrets_of(&module->http, secrets);
	for (size_t i = 0; i < SECRETS; i++)
		blackbox_secret_prepare(secrets[i]);
}

void blackbox_prepare(struct blackbox *all)
{
	for (size_t i = 0; i < all->count; i++)
		prepare_module(all->modules[i]);
}

void blackbox_each_secret_file(const struct blackbox *all,
			       void (*take)(void *to, const char *path), void *to)
{
	struct blackbox_secret *secrets[SECRETS];
	for (size_t i = 0; i < all->count; i++) {
		secrets_of(&all->modules[i]->http, secrets);
		for (size_t j = 0; j < SECRETS; j++)
			if (secrets[j]->file != NULL && secrets[j]->file[0] != '\0')
				take(to, secrets[j]->file);
	}
}

void blackbox_unprepare(struct blackbox_module *module)
{
	struct blackbox_secret *secrets[SECRETS];
	for (unsigned i = 0; i < BLACKBOX_PROBERS; i++)
		SSL_CTX_free(module->way[i].context);
	SSL_CTX_free(module->http.oauth2.way.context);
	secrets_of(&module->http, secrets);
	for (size_t i = 0; i < SECRETS; i++)
		blackbox_secret_free(secrets[i]);
}
