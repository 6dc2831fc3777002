/*
 * page.c: the files of the page, as the assembler includes them; see page.h.
 *
 * gcc 12 has no #embed.  The files are found through the include path, like headers;
 * which there are is known when web/ is built.
 */
#include "web/page.h"

#include <string.h>

/* NOLINTBEGIN(bugprone-macro-parentheses): a declared name can't stand in brackets */
#define EMBED(name, file)                                                              \
	extern const char name[], name##_end[];                                        \
	__asm__(".section .rodata\n"                                                   \
		".global " #name "\n"                                                  \
		".global " #name "_end\n" #name ":\n"                                  \
		".incbin \"" file "\"\n" #name "_end:\n"                               \
		".byte 0\n"                                                            \
		".previous\n");
/* NOLINTEND(bugprone-macro-parentheses) */

#define ASSET(number, path, file, type, hash, immutable)                               \
	EMBED(page_plain_##number, file)                                               \
	EMBED(page_gzip_##number, file ".gz")
#include "page_assets.h"
#undef ASSET

static const struct asset {
	const char *path, *type, *hash;
	bool is_immutable;
	const char *plain, *plain_end, *gzip, *gzip_end;
} assets[] = {
#define ASSET(number, path, file, type, hash, immutable)                               \
	{ path,                                                                        \
	  type,                                                                        \
	  hash,                                                                        \
	  immutable,                                                                   \
	  page_plain_##number,                                                         \
	  page_plain_##number##_end,                                                   \
	  page_gzip_##number,                                                          \
	  page_gzip_##number##_end },
#include "page_assets.h"
#undef ASSET
};

static const char *const places[] = {
#define PLACE(path) path,
#include "page_assets.h"
#undef PLACE
};

static bool is_place(const char *path)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(path, places[i]) == 0)
			return true;
	return false;
}

bool page_at(const char *path, struct page *out)
{
	const char *wanted = is_place(path) ? "/" : path;
	for (size_t i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {
		const struct asset *asset = &assets[i];
		if (strcmp(wanted, asset->path) != 0)
			continue;
		*out = (struct page){
			asset->type,
			asset->hash,
			asset->is_immutable,
			{ asset->plain, (size_t)(asset->plain_end - asset->plain) },
			{ asset->gzip, (size_t)(asset->gzip_end - asset->gzip) },
		};
		return true;
	}
	return false;
}
