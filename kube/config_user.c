/* As whom: certificates, tokens, passwords, and the files that these are re-read from. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "kube/config_private.h"

#define LOOK_NS ORD_S /* how often a token file is looked at */

int cfg_path(const struct cfg_file *f, const char *text, char **ret, struct ord_err *err)
{
	if (!text || *text == '/')
		return cfg_copy(text, ret, err);
	if (asprintf(ret, "%s/%s", f->dir, text) >= 0)
		return 0;
	*ret = NULL;
	return ord_fail_nomem(err);
}

/* --- base64 (RFC 4648), line ends allowed, as Go's decoder does ----------------------------- */

static int value_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Room is there. -1 with the offset of what is wrong. */
static int decode(const char *text, struct kube_secret *ret, size_t *ret_bad)
{
	unsigned bits = 0, have = 0, padding = 0, digits = 0;

	for (size_t i = 0; text[i]; i++) {
		int v = value_of(text[i]);

		*ret_bad = i;
		if (text[i] == '\n' || text[i] == '\r')
			continue;
		if (text[i] == '=' && digits % 4 >= 2 && padding < 4 - digits % 4) {
			padding++;
			continue;
		}
		if (v < 0 || padding)
			return -1;
		digits++;
		bits = bits << 6 | (unsigned)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			ret->text[ret->size++] = (char)(bits >> have);
		}
	}
	return (digits + padding) % 4 ? -1 : 0;
}

int cfg_base64(const char *text, struct kube_secret *ret, size_t *ret_bad)
{
	*ret_bad = 0;
	if (kube_secret_room(ret, strlen(text) / 4 * 3 + 3, NULL))
		return -1;
	if (!decode(text, ret, ret_bad)) {
		ret->text[ret->size] = '\0';
		return 0;
	}
	kube_secret_done(ret);
	return -1;
}

/* --- files that may change ------------------------------------------------------------------ */

static struct cfg_stamp stamp_of(const struct stat *st)
{
	return (struct cfg_stamp){.dev = st->st_dev,
				  .ino = st->st_ino,
				  .size = st->st_size,
				  .mtime = st->st_mtim,
				  .ctime = st->st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_stamp(const struct cfg_stamp *a, const struct cfg_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       same_time(a->mtime, b->mtime) && same_time(a->ctime, b->ctime);
}

/* Straight into the secret's pages. */
static int slurp(int fd, const char *path, size_t size, struct kube_secret *ret,
		 struct ord_err *err)
{
	if (size > CFG_SECRET_MAX)
		return ord_fail(err, ORD_USAGE, "'%.200s' is larger than 1 MiB", path);
	if (kube_secret_room(ret, size + 1, err))
		return -1;
	while (ret->size <= size) {
		ssize_t n = read(fd, ret->text + ret->size, size + 1 - ret->size);

		if (n < 0)
			return ord_fail_sys(err, "read '%.200s'", path);
		if (!n)
			return 0;
		ret->size += (size_t)n;
	}
	return ord_fail(err, ORD_SYS, "'%.200s' grows while it is read", path);
}

/* Reads path into *ret unless the stamp is that of what was read before (ret stays as it is). */
static int read_changed(const char *path, struct cfg_stamp *stamp, struct kube_secret *ret,
			bool *ret_read, struct ord_err *err)
{
	ord_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct cfg_stamp now;
	struct stat st;

	*ret_read = false;
	if (fd < 0 || fstat(fd, &st) < 0)
		return ord_fail_sys(err, "'%.200s'", path);
	if (!S_ISREG(st.st_mode))
		return ord_fail(err, ORD_USAGE, "'%.200s' is not a file", path);
	now = stamp_of(&st);
	if (same_stamp(&now, stamp))
		return 0;
	if (slurp(fd, path, st.st_size > 0 ? (size_t)st.st_size : 0, ret, err))
		return -1;
	*stamp = now;
	*ret_read = true;
	return 0;
}

bool cfg_same(const struct kube_secret *a, const struct kube_secret *b)
{
	return a->size == b->size && (!a->size || !memcmp(a->text, b->text, a->size));
}

/* What was read takes the place of what there was. True: it is another. */
static bool take(struct kube_secret *to, struct kube_secret *read)
{
	struct kube_secret old = *to;

	if (cfg_same(to, read))
		return false;
	*to = *read;
	*read = old;
	return true;
}

int cfg_pem_fresh(struct cfg_pem *p, bool *ret_changed, struct ord_err *err)
{
	struct cfg_stamp stamp = p->stamp;
	struct kube_secret read = {0};
	bool is_read;
	int rc;

	*ret_changed = false;
	if (!p->path)
		return 0;
	rc = read_changed(p->path, &stamp, &read, &is_read, err);
	if (!rc && is_read && !strstr(read.text, "-----BEGIN "))
		rc = ord_fail(err, ORD_USAGE, "'%.200s' holds no PEM", p->path);
	else if (!rc && is_read)
		*ret_changed = take(&p->data, &read);
	kube_secret_done(&read);
	if (!rc)
		p->stamp = stamp;
	return rc;
}

void cfg_files_fresh(struct kube_config *c)
{
	bool ca, cert, key;

	(void)cfg_pem_fresh(&c->ca, &ca, NULL);
	(void)cfg_pem_fresh(&c->cert, &cert, NULL);
	(void)cfg_pem_fresh(&c->key, &key, NULL);
	c->generation += cert || key;
	if (c->token_file)
		(void)cfg_token_fresh(c, NULL);
}

void cfg_pem_done(struct cfg_pem *p)
{
	kube_secret_done(&p->data);
	free(p->path);
	*p = (struct cfg_pem){0};
}

/* A file that cannot be read is the mistake of who named it. */
static int blame(const struct cfg_file *f, const yaml_node_t *node, const char *key,
		 struct ord_err *err)
{
	if (err && err->code == ORD_SYS)
		err->code = ORD_USAGE;
	return ord_wrap(err, "%.150s:%zu:%zu: %s", f->path, node->start_mark.line + 1,
			node->start_mark.column + 1, key);
}

int cfg_pem_take(const struct cfg_file *f, const yaml_node_t *map, const char *key,
		 const char *data_key, struct cfg_pem *ret, struct ord_err *err)
{
	const yaml_node_t *node = cfg_get(f, map, key);
	const yaml_node_t *data = cfg_get(f, map, data_key);
	bool changed;
	size_t bad;

	if (cfg_text(f, map, key) && cfg_text(f, map, data_key))
		return cfg_mistake(err, f, data, "%s and %s exclude each other; remove one of them",
				   key, data_key);
	if (cfg_text(f, map, key)) {
		if (cfg_path(f, cfg_text(f, map, key), &ret->path, err))
			return -1;
		if (cfg_pem_fresh(ret, &changed, err) == 0)
			return 0;
		return blame(f, node, key, err);
	}
	if (!cfg_text(f, map, data_key))
		return 0;
	if (cfg_base64(cfg_text(f, map, data_key), &ret->data, &bad))
		return cfg_mistake(err, f, data, "%s is not base64 (character %zu)", data_key,
				   bad + 1);
	if (!strstr(ret->data.text, "-----BEGIN "))
		return cfg_mistake(err, f, data, "%s holds no PEM, once decoded", data_key);
	return 0;
}

/* --- tokens --------------------------------------------------------------------------------- */

/* What stands in a header may hold no control character and nothing beyond ASCII. */
static bool token_fine(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return size > 0;
}

static void trim(struct kube_secret *s)
{
	size_t start = 0;

	while (s->size && strchr(" \t\r\n", s->text[s->size - 1]))
		s->text[--s->size] = '\0';
	while (start < s->size && strchr(" \t\r\n", s->text[start]))
		start++;
	memmove(s->text, s->text + start, s->size - start + 1);
	s->size -= start;
}

int cfg_token_fresh(struct kube_config *c, struct ord_err *err)
{
	uint64_t now = ord_now_ns();
	struct cfg_stamp stamp = c->token_stamp;
	struct kube_secret read = {0};
	bool is_read;
	int rc;

	if (c->token_looked_ns && now - c->token_looked_ns < LOOK_NS)
		return 0;
	c->token_looked_ns = now ? now : 1;
	rc = read_changed(c->token_file, &stamp, &read, &is_read, err);
	if (!rc && is_read) {
		trim(&read);
		if (!token_fine(read.text, read.size))
			rc = ord_fail(err, ORD_USAGE, "'%.200s' holds no token", c->token_file);
		else
			c->generation += take(&c->token, &read);
	}
	kube_secret_done(&read);
	if (!rc)
		c->token_stamp = stamp;
	/* Between two versions of a file there may be none: what was good is tried once more. */
	return rc && c->token.size ? 0 : rc;
}

static int read_token(const struct cfg_file *f, const yaml_node_t *user, struct kube_config *c,
		      struct ord_err *err)
{
	const char *token = cfg_text(f, user, "token");

	if (token && !token_fine(token, strlen(token)))
		return cfg_mistake(err, f, cfg_get(f, user, "token"),
				   "token holds a character that no header may hold");
	if (token && kube_secret_set(&c->token, token, strlen(token), err))
		return -1;
	if (!cfg_text(f, user, "tokenFile"))
		return 0;
	if (cfg_path(f, cfg_text(f, user, "tokenFile"), &c->token_file, err))
		return -1;
	if (cfg_token_fresh(c, err) == 0)
		return 0;
	return blame(f, cfg_get(f, user, "tokenFile"), "tokenFile", err);
}

/* --- user name and password ----------------------------------------------------------------- */

static int encode_basic(struct kube_secret *ret, const struct kube_secret *plain,
			struct ord_err *err)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char scheme[] = "Basic ";
	char *to;

	if (kube_secret_room(ret, sizeof scheme + (plain->size + 2) / 3 * 4, err))
		return -1;
	memcpy(ret->text, scheme, sizeof scheme);
	to = ret->text + sizeof scheme - 1;
	for (size_t i = 0; i < plain->size; i += 3) {
		unsigned v = 0;
		size_t n = plain->size - i < 3 ? plain->size - i : 3;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < n ? (unsigned char)plain->text[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			*to++ = k <= n ? digits[v >> (18 - 6 * k) & 63] : '=';
	}
	*to = '\0';
	ret->size = (size_t)(to - ret->text);
	return 0;
}

static int read_basic(const struct cfg_file *f, const yaml_node_t *user, struct kube_config *c,
		      struct ord_err *err)
{
	const char *name = cfg_text(f, user, "username"), *word = cfg_text(f, user, "password");
	struct kube_secret plain = {0};
	size_t plain_size;
	int rc;

	if (!name && !word)
		return 0;
	if (c->token.size)
		return cfg_mistake(
			err, f, cfg_get(f, user, name ? "username" : "password"),
			"a token and a user name exclude each other; remove one of them");
	name = name ? name : "";
	word = word ? word : "";
	plain_size = strlen(name) + strlen(word) + 1;
	if (kube_secret_room(&plain, plain_size, err))
		return -1;
	plain.size = plain_size;
	(void)snprintf(plain.text, plain_size + 1, "%s:%s", name, word);
	rc = encode_basic(&c->authorization, &plain, err);
	kube_secret_done(&plain);
	return rc;
}

/* --- all of it ------------------------------------------------------------------------------ */

/* What we do not do is refused: to leave it out would be to act as somebody else. */
static int refuse_others(const struct cfg_file *f, const yaml_node_t *user, const char *name,
			 struct ord_err *err)
{
	static const char *const as[] = {"as", "as-uid", "as-groups", "as-user-extra"};
	const yaml_node_t *node = cfg_get(f, user, "auth-provider");

	if (node)
		return cfg_mistake(err, f, node,
				   "the user '%.80s' has an auth-provider, which kubectl has given "
				   "up too; use an exec plugin or a token",
				   name);
	for (size_t i = 0; i < ORD_COUNT(as); i++) {
		node = cfg_get(f, user, as[i]);
		if (node)
			return cfg_mistake(err, f, node,
					   "the user '%.80s' acts as another (%s), which is not "
					   "supported; use credentials of its own",
					   name, as[i]);
	}
	return 0;
}

/* A key alone says nothing, and kubectl passes over it. */
static int check_pair(const struct cfg_file *f, const yaml_node_t *user, const char *name,
		      struct kube_config *c, struct ord_err *err)
{
	if (!c->cert.data.size)
		cfg_pem_done(&c->key);
	if (!c->cert.data.size || c->key.data.size)
		return 0;
	return cfg_mistake(err, f, user,
			   "the user '%.100s' has a client certificate without its client-key",
			   name);
}

int cfg_user(const struct cfg_file *f, const yaml_node_t *user, const char *name,
	     struct kube_config *c, struct ord_err *err)
{
	if (refuse_others(f, user, name, err) ||
	    cfg_pem_take(f, user, "client-certificate", "client-certificate-data", &c->cert, err) ||
	    cfg_pem_take(f, user, "client-key", "client-key-data", &c->key, err) ||
	    check_pair(f, user, name, c, err) || read_token(f, user, c, err) ||
	    read_basic(f, user, c, err))
		return -1;
	/* As kubectl does: a plugin is not asked where there is something else. */
	if (c->token.size || c->authorization.size || c->cert.data.size)
		return 0;
	return cfg_plugin_read(f, user, name, c, err);
}
