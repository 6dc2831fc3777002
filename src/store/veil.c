/*
 * veil.c: see veil.h.
 */
#include "store/veil.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "store/address_text.h"
#include "store/month_keys.h"

bool veil_is_over(const struct home *ours, const struct addr *addr)
{
	return !addr_is_unset(addr) && !addr_is_unspecified(addr) &&
	       !addr_is_loopback(addr) && !addr_is_group(addr) &&
	       !home_holds(ours, addr);
}

static struct pseudonyms *derive(const struct veil *veil, uint32_t month)
{
	uint8_t key[EVP_MAX_MD_SIZE];
	unsigned len = sizeof(key);
	struct pseudonyms *pseudonyms = NULL;
	_Static_assert(sizeof(key) >= PSEUDONYM_KEY_LEN, "a hash makes a key");
	if (HMAC(EVP_sha256(), veil->otherwise, PSEUDONYM_KEY_LEN,
		 (const uint8_t *)&month, sizeof(month), key, &len) != NULL)
		pseudonyms = pseudonyms_open(key);
	OPENSSL_cleanse(key, sizeof(key));
	return pseudonyms;
}

static struct pseudonyms *key_of(struct veil *veil, uint32_t month)
{
	if (veil->otherwise == NULL)
		return month_key_make(veil->folder, month, &veil->error);
	struct pseudonyms *key = month_key_open(veil->folder, month, &veil->error);
	return key == NULL && veil->error == -ENOENT ? derive(veil, month) : key;
}

static bool take_month(struct veil *veil, uint32_t month)
{
	if (veil->key != NULL && veil->month == month)
		return true;
	pseudonyms_close(veil->key);
	veil->month = month;
	veil->key = key_of(veil, month);
	return veil->key != NULL;
}

static bool swap(void *self, const struct addr *addr, struct addr *to)
{
	struct veil *veil = self;
	if (veil->wanted != NULL && addr_equal(addr, veil->wanted)) {
		*to = veil->instead;
		return true;
	}
	return veil->is_clear && veil_is_over(veil->ours, addr) &&
	       pseudonym_of(veil->key, addr, to);
}

static void give(sqlite3_context *context, struct veil *veil, const char *text)
{
	struct buf out = { 0 };
	address_text(text, swap, veil, &out);
	const char *swapped = buf_cstr(&out);
	if (swapped != NULL)
		sqlite3_result_text(context, swapped, -1, SQLITE_TRANSIENT);
	else
		sqlite3_result_error_nomem(context);
	buf_free(&out);
}

static void veiled(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	struct veil *veil = sqlite3_user_data(context);
	const char *text = (const char *)sqlite3_value_text(values[0]);
	veil->is_clear = sqlite3_value_type(values[1]) == SQLITE_NULL;
	if (text == NULL)
		return;
	if (veil->is_clear &&
	    !take_month(veil, month_of(sqlite3_value_int64(values[2])))) {
		sqlite3_result_error(context, "no key", -1);
		return;
	}
	veil->wanted =
		veil->erased != NULL ? month_name_of(veil->erased, values[1]) : NULL;
	give(context, veil, text);
}

static void month(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	sqlite3_result_int64(context, month_of(sqlite3_value_int64(values[0])));
}

int veil_lend(sqlite3 *db, struct veil *veil)
{
	int code = sqlite3_create_function(db, "veiled", 3, SQLITE_UTF8, veil, veiled,
					   NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_create_function(db, "pseudonym_month", 1,
					       SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
					       month, NULL, NULL);
	return code == SQLITE_OK && veil->erased != NULL
		       ? month_names_lend(db, veil->erased)
		       : code;
}

void veil_end(sqlite3 *db, struct veil *veil)
{
	static const struct {
		const char *name;
		int arguments;
	} lent[] = { { "veiled", 3 }, { "names", 2 }, { "carries", 1 } };
	for (size_t i = 0; i < sizeof(lent) / sizeof(lent[0]); i++)
		sqlite3_create_function(db, lent[i].name, lent[i].arguments,
					SQLITE_UTF8, NULL, NULL, NULL, NULL);
	pseudonyms_close(veil->key);
	veil->key = NULL;
}
