#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/units.h"
#include "ordeal/fault.h"

#define OPTIONS_MAX (ORD_PARAMS_MAX + 96) /* a fault's, and the command's own */

/* The tables in getopt's form; .val is the place in `of`, above all letters. */
struct known {
	size_t n;
	const struct cli_option *of[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX + 1];
	char letters[3 * OPTIONS_MAX + 2];
};

enum { LONG_BASE = 256 };

static void known_add(struct known *k, const struct cli_option *o)
{
	size_t used = strlen(k->letters);
	int takes = !o->value		 ? no_argument
		    : o->value[0] == '[' ? optional_argument
					 : required_argument;

	if (k->n == OPTIONS_MAX)
		abort(); /* an option that is listed and then unknown would be worse */
	k->of[k->n] = o;
	k->longs[k->n] = (struct option){o->name, takes, NULL, LONG_BASE + (int)k->n};
	k->n++;
	if (o->letter)
		(void)snprintf(k->letters + used, sizeof k->letters - used, "%c%s", o->letter,
			       takes == required_argument ? ":" : "");
}

static const struct cli_option *known_find(const struct known *k, int c)
{
	if (c >= LONG_BASE)
		return k->of[c - LONG_BASE];
	for (size_t i = 0; i < k->n; i++)
		if (c && k->of[i]->letter == c)
			return k->of[i];
	return NULL;
}

/* The word of a long option without its dashes and value. */
static const char *word_of(const char *arg, size_t size, char *out)
{
	arg += strspn(arg, "-");
	(void)snprintf(out, size, "%.*s", (int)strcspn(arg, "="), arg);
	return out;
}

static int unknown(const struct known *k, const char *arg, struct ord_err *err)
{
	const char *names[OPTIONS_MAX];
	const char *near;
	char word[64];

	if (arg[0] != '-' || arg[1] != '-')
		return ord_fail(err, ORD_USAGE, "unknown option '%.40s'; --help lists them", arg);
	for (size_t i = 0; i < k->n; i++)
		names[i] = k->of[i]->name;
	near = ord_nearest(word_of(arg, sizeof word, word), names, k->n);
	if (near)
		return ord_fail(err, ORD_USAGE, "unknown option '--%s', did you mean '--%s'?", word,
				near);
	return ord_fail(err, ORD_USAGE, "unknown option '--%s'; --help lists them", word);
}

/* Why getopt_long() returned '?' or ':' for this argument. */
static int refused(const struct known *k, const char *arg, int c, struct ord_err *err)
{
	const struct cli_option *o = known_find(k, optopt);

	if (c == ':' && o)
		return ord_fail(err, ORD_USAGE, "option '--%s' needs a value: --%s %s", o->name,
				o->name, o->value);
	if (o)
		return ord_fail(err, ORD_USAGE, "option '--%s' takes no value", o->name);
	return unknown(k, arg, err);
}

static int take(struct cli_args *args, const struct known *k, int c, char **argv,
		struct ord_err *err)
{
	const struct cli_option *o = known_find(k, c);
	char word[64];

	/* The word stands in the argument itself, or in the one before its value. */
	if (c >= LONG_BASE) {
		bool apart = optarg && optarg == argv[optind - 1] && o->value && o->value[0] != '[';
		const char *arg = argv[optind - (apart ? 2 : 1)];

		if (strcmp(word_of(arg, sizeof word, word), o->name))
			return ord_fail(err, ORD_USAGE,
					"unknown option '--%s', did you mean '--%s'?", word,
					o->name);
	}
	if (args->n_given == CLI_GIVEN_MAX)
		return ord_fail(err, ORD_USAGE, "more than %d options", CLI_GIVEN_MAX);
	args->given[args->n_given++] = (struct cli_given){o, optarg};
	return 0;
}

int cli_parse(int argc, char **argv, const struct cli_option *const *tables, size_t n,
	      struct cli_args *ret, struct ord_err *err)
{
	struct known k = {.letters = ":"};
	int c;

	*ret = (struct cli_args){0};
	for (size_t t = 0; t < n; t++)
		for (const struct cli_option *o = tables[t]; o && o->name; o++)
			known_add(&k, o);
	optind = 0; /* GNU: start anew, so that a table can be read after another */
	opterr = 0;
	for (;;) {
		int at = optind ? optind : 1;

		c = getopt_long(argc, argv, k.letters, k.longs, NULL);
		if (c == -1)
			break;
		if (c == '?' || c == ':')
			return refused(&k, argv[optind > at ? optind - 1 : at], c, err);
		if (take(ret, &k, c, argv, err))
			return -1;
	}
	ret->operands = argv + optind;
	ret->n_operands = (size_t)(argc - optind);
	return 0;
}

int cli_read_operand(const char *path, size_t max, char **ret, size_t *ret_size,
		     struct ord_err *err)
{
	if (!ord_file_read(!strcmp(path, "-") ? "/dev/stdin" : path, max, ret, ret_size, err))
		return 0;
	if (err->sys_errno == ENOENT || err->sys_errno == ENOTDIR || err->sys_errno == EISDIR ||
	    err->sys_errno == ENAMETOOLONG)
		err->code = ORD_USAGE;
	return -1;
}

const char *cli_value(const struct cli_args *args, const char *name)
{
	for (size_t i = args->n_given; i-- > 0;)
		if (!strcmp(args->given[i].option->name, name))
			return args->given[i].value ? args->given[i].value : "";
	return NULL;
}

bool cli_flag(const struct cli_args *args, const char *name)
{
	return cli_value(args, name) != NULL;
}

int cli_number(const struct cli_args *args, const char *name, uint64_t def, uint64_t *ret,
	       struct ord_err *err)
{
	const char *text = cli_value(args, name);
	int64_t v;

	if (!text) {
		*ret = def;
		return 0;
	}
	if (ord_parse_int(text, 0, INT64_MAX, &v, err))
		return ord_wrap(err, "--%s", name);
	*ret = (uint64_t)v;
	return 0;
}
