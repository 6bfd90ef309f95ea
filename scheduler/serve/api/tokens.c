/* Tokens, and the sessions that are had for them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/units.h"
#include "scheduler/serve/api/hmac.h"
#include "scheduler/serve/api/who.h"

#define FILE_MAX 65536
#define BLANK	 " \t"

/* The next word of a line, cut out of it; "" at its end. */
static char *word(char **p)
{
	char *begin = *p + strspn(*p, BLANK), *end = begin + strcspn(begin, BLANK);

	*p = *end ? end + 1 : end;
	*end = '\0';
	return begin;
}

static bool is_token(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p < 0x21 || *p > 0x7e)
			return false;
	return true;
}

static int read_line(struct api_tokens *t, char *line, unsigned number, struct ord_err *err)
{
	char *role = word(&line), *text = word(&line), *name = word(&line);
	size_t n = strlen(text);
	struct api_token *k;

	if (!*role || *role == '#')
		return 0;
	if (t->n == API_TOKENS_MAX)
		return ord_fail(err, ORD_USAGE, "line %u: more than %d tokens", number,
				API_TOKENS_MAX);
	k = &t->v[t->n];
	if (!api_role_parse(role, &k->role))
		return ord_fail(err, ORD_USAGE,
				"line %u: it begins with no role; write 'viewer TOKEN', 'responder "
				"TOKEN' or 'operator TOKEN', and a name behind it",
				number);
	if (n < API_TOKEN_MIN || n > API_TOKEN_MAX || !is_token(text))
		return ord_fail(err, ORD_USAGE,
				"line %u: a token has %d to %d printable characters and no blank; "
				"'openssl rand -hex 32' makes one",
				number, API_TOKEN_MIN, API_TOKEN_MAX);
	if (*word(&line) || strlen(name) >= sizeof k->name || !is_token(name))
		return ord_fail(err, ORD_USAGE,
				"line %u: behind the token stands one name of at most %zu "
				"characters, or nothing",
				number, sizeof k->name - 1);
	if (api_token_find(t, text))
		return ord_fail(err, ORD_USAGE, "line %u: the same token once more", number);
	memcpy(k->text, text, n + 1);
	if (*name)
		memcpy(k->name, name, strlen(name) + 1);
	else
		(void)snprintf(k->name, sizeof k->name, "of line %u", number);
	t->n++;
	return 0;
}

int api_tokens_parse(const char *text, size_t size, struct api_tokens *ret, struct ord_err *err)
{
	ord_autofree char *copy = calloc(1, size + 1);
	unsigned number = 1;
	int r = 0;

	if (!copy)
		return ord_fail_nomem(err);
	memcpy(copy, text, size);
	*ret = (struct api_tokens){0};
	if (strlen(copy) != size)
		r = ord_fail(err, ORD_USAGE, "it holds a zero byte");
	for (char *line = copy; !r && *line; number++) {
		size_t n = strcspn(line, "\n");
		char *next = line + n + (line[n] == '\n');

		line[n] = '\0';
		if (n && line[n - 1] == '\r')
			line[n - 1] = '\0';
		r = read_line(ret, line, number, err);
		line = next;
	}
	explicit_bzero(copy, size);
	if (!r && !ret->n)
		r = ord_fail(err, ORD_USAGE, "it holds no token");
	if (r)
		api_tokens_done(ret);
	return r;
}

/* A Secret that is mounted in a pod is root's, and our group's to read: fsGroup. */
static bool others_read(const struct stat *st)
{
	mode_t ours = st->st_uid == 0 && geteuid() != 0 && st->st_gid == getegid() ? 040 : 0;

	return st->st_mode & 077 & ~ours;
}

int api_tokens_read(const char *path, struct api_tokens *ret, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	struct stat st;
	size_t size;
	int r;

	if (stat(path, &st))
		return ord_fail_sys(err, "%s", path);
	if (others_read(&st))
		return ord_fail(err, ORD_GUARD,
				"%s: others can read it (mode %04o); 'chmod 600' makes it yours",
				path, (unsigned)(st.st_mode & 07777));
	if (ord_file_read(path, FILE_MAX, &text, &size, err))
		return -1;
	r = api_tokens_parse(text, size, ret, err);
	explicit_bzero(text, size);
	return r ? ord_wrap(err, "%s", path) : 0;
}

void api_tokens_done(struct api_tokens *t)
{
	explicit_bzero(t, sizeof *t);
}

const struct api_token *api_token_find(const struct api_tokens *t, const char *given)
{
	const struct api_token *found = NULL;

	for (size_t i = 0; i < t->n; i++)
		if (api_same(given, t->v[i].text))
			found = &t->v[i];
	return found;
}

static void sign(const struct api_token *token, const char *until, char out[static API_HMAC_HEX])
{
	const struct api_bytes pieces[] = {{"ordeal session\n", 15}, {until, strlen(until)}};

	(void)api_hmac((struct api_bytes){token->text, strlen(token->text)}, pieces,
		       ORD_COUNT(pieces), out);
}

void api_cookie_make(const struct api_token *token, int64_t now_s, char out[static API_COOKIE_MAX])
{
	char until[24], signature[API_HMAC_HEX];

	(void)snprintf(until, sizeof until, "%" PRId64, now_s + API_SESSION_S);
	sign(token, until, signature);
	(void)snprintf(out, API_COOKIE_MAX, "%s.%s", until, signature);
}

const struct api_token *api_cookie_find(const struct api_tokens *t, const char *value,
					int64_t now_s, int64_t *ret_until_s)
{
	const char *dot = strchr(value, '.');
	const struct api_token *found = NULL;
	struct ord_err err;
	char until[24], signature[API_HMAC_HEX];
	int64_t until_s;

	if (!dot || (size_t)(dot - value) >= sizeof until)
		return NULL;
	memcpy(until, value, (size_t)(dot - value));
	until[dot - value] = '\0';
	if (ord_parse_int(until, 0, INT64_MAX, &until_s, &err) || until_s <= now_s ||
	    until_s - now_s > API_SESSION_S)
		return NULL;
	for (size_t i = 0; i < t->n; i++) {
		sign(&t->v[i], until, signature);
		if (api_same(dot + 1, signature))
			found = &t->v[i];
	}
	if (found)
		*ret_until_s = until_s;
	return found;
}
