/*
 * blocklist_text.c: lists with one address, network or range per line, and CSV.
 *
 * Text is as Spamhaus (DROP), FireHOL (netsets) and most others write it: what follows
 * ';' or '#', or a space, is a comment.  CSV is as abuse.ch writes it: comments, a
 * header that may be one, quotes.
 */
#include <string.h>

#include "policy/blocklist_reader.h"

enum { COLUMNS_MAX = 64 };

#define ALLOWED                                                                        \
	"an address, a network such as 192.0.2.0/24, or a range such as "              \
	"192.0.2.1-192.0.2.9"

static void refuse(struct blocklist_reader *reader, struct word what)
{
	struct buf *out = list_error(reader);
	if (out == NULL)
		return;
	list_say_word(out, what);
	buf_text(out, " is no address; allowed is " ALLOWED ", and a comment behind "
		      "# or ;\n");
}

/* ---- text ---- */

/* True if a '-' is next, as in "192.0.2.1 - 192.0.2.9". */
static bool goes_on(struct word rest)
{
	rest = word_trim(rest);
	return rest.len > 0 && rest.at[0] == '-';
}

/* Takes the address off the front of a line; what is left is its comment. */
static struct word take_address(struct word *line)
{
	struct word whole = *line;
	struct word address = word_until(line, " \t;#,");
	if (!goes_on(*line))
		return address;
	word_until(line, "-");
	*line = word_trim(*line);
	struct word second = word_until(line, " \t;#,");
	address.len = (size_t)(second.at + second.len - whole.at);
	return address;
}

static struct word comment_of(struct word rest)
{
	rest = word_trim(rest);
	while (rest.len > 0 && (rest.at[0] == ';' || rest.at[0] == '#')) {
		rest.at++;
		rest.len--;
		rest = word_trim(rest);
	}
	return rest;
}

void list_text(struct blocklist_reader *reader, struct word text)
{
	while (text.len > 0) {
		struct word line = list_line(reader, &text);
		if (line.len == 0 || line.at[0] == '#' || line.at[0] == ';')
			continue;
		struct word address = take_address(&line);
		if (!list_take(reader, address, comment_of(line)))
			refuse(reader, address);
	}
}

/* ---- CSV ---- */

struct row {
	struct word at[COLUMNS_MAX];
	size_t count;
};

/* In quotes or not; a quote that is doubled stays so, as nothing here needs it. */
static struct word take_field(struct word *line)
{
	*line = word_trim(*line);
	if (line->len == 0 || line->at[0] != '"')
		return word_trim(word_until(line, ","));
	struct word field = { line->at + 1, 0 };
	size_t i = 1;
	while (i < line->len &&
	       (line->at[i] != '"' || (i + 1 < line->len && line->at[i + 1] == '"')))
		i += line->at[i] == '"' ? 2 : 1;
	field.len = (i < line->len ? i : line->len) - 1;
	line->at += field.len + 1;
	line->len -= field.len + 1;
	word_until(line, ",");
	return word_trim(field);
}

static void take_row(struct word line, struct row *row)
{
	row->count = 0;
	while (line.len > 0 && row->count < COLUMNS_MAX)
		row->at[row->count++] = take_field(&line);
}

/* Which columns have what; -1: none. */
struct columns {
	int address, note;
};

static void find_columns(const struct row *row, struct columns *columns)
{
	columns->address = columns->note = -1;
	for (size_t i = 0; i < row->count; i++) {
		if (columns->address < 0 && list_is_address_name(row->at[i]))
			columns->address = (int)i;
		else if (columns->note < 0 && list_is_note_name(row->at[i]))
			columns->note = (int)i;
	}
}

/* "192.0.2.1:443": of IPv4, what is before the port. */
static struct word without_port(struct word field)
{
	struct word rest = field;
	struct word host = word_until(&rest, ":");
	bool is_v4 = memchr(host.at, '.', host.len) != NULL &&
		     memchr(rest.at, ':', rest.len) == NULL;
	return is_v4 ? host : field;
}

/* Without a header: the first column that is an address has it. */
static bool take_any(struct blocklist_reader *reader, const struct row *row)
{
	const struct word none = { "", 0 };
	for (size_t i = 0; i < row->count; i++)
		if (list_take(reader, without_port(row->at[i]),
			      i + 1 < row->count ? row->at[i + 1] : none))
			return true;
	return false;
}

static bool take_columns(struct blocklist_reader *reader, const struct row *row,
			 const struct columns *columns)
{
	struct word note = { "", 0 };
	if (columns->address < 0)
		return take_any(reader, row);
	if ((size_t)columns->address >= row->count)
		return false;
	if (columns->note >= 0 && (size_t)columns->note < row->count)
		note = row->at[columns->note];
	return list_take(reader, without_port(row->at[columns->address]), note);
}

/* A comment may be the header, as abuse.ch has it. */
static bool is_header(struct word line, struct columns *columns)
{
	struct row row;
	take_row(comment_of(line), &row);
	find_columns(&row, columns);
	return row.count > 1 && columns->address >= 0;
}

static void refuse_all(struct blocklist_reader *reader)
{
	struct buf *out = list_error(reader);
	if (out != NULL)
		buf_text(out, "no line has an address; allowed is a column named ip, "
			      "address, cidr or indicator, with " ALLOWED "\n");
}

void list_csv(struct blocklist_reader *reader, struct word text)
{
	struct columns columns = { -1, -1 };
	bool has_any = false;
	while (text.len > 0) {
		struct row row;
		struct word line = list_line(reader, &text);
		bool is_comment =
			line.len == 0 || line.at[0] == '#' || line.at[0] == ';';
		if (columns.address < 0 && !has_any && is_header(line, &columns))
			continue;
		if (is_comment)
			continue;
		take_row(line, &row);
		if (take_columns(reader, &row, &columns))
			has_any = true;
		else
			list_leave_out(reader);
	}
	if (!has_any)
		refuse_all(reader);
}
