#include "args.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

int duration_parse(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}};
	char *end;
	double value = strtod(text, &end);

	if (end == text || !(value >= 0) || value > 1e6)
		return -1;
	for (size_t i = 0; i < COUNT(units); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*ret_ns = (uint64_t)llround(value * units[i].ns);
			return 0;
		}
	}
	return -1;
}

static int set_count(uint32_t *value, const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (end == text || *end || errno || text[0] == '-' || n == 0 || n > UINT32_MAX)
		return -1;
	*value = (uint32_t)n;
	return 0;
}

static int set_percent(double *value, const char *text)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%") != 0) || !(n >= 0 && n <= 100))
		return -1;
	*value = n;
	return 0;
}

static int set_address(const struct arg *arg, const char *text, const char **why)
{
	struct addresses *list = arg->value;

	if (arg->type == ARG_ADDRESS)
		return address_parse(text, arg->value, why);
	*why = "too many";
	if (list->n == ADDRESSES_MAX || address_parse(text, &list->v[list->n], why))
		return -1;
	list->n++;
	return 0;
}

static int set(const struct arg *arg, const char *text)
{
	const char *why = "";
	int rc = 0;

	switch (arg->type) {
	case ARG_FLAG:
	case ARG_UNFLAG:
		*(bool *)arg->value = arg->type == ARG_FLAG;
		break;
	case ARG_COUNT:
		why = "expected a number from 1";
		rc = set_count(arg->value, text);
		break;
	case ARG_DURATION:
		why = "expected a duration, as 200ms or 1.5s";
		rc = duration_parse(text, arg->value);
		break;
	case ARG_PERCENT:
		why = "expected a percentage, as 0.1 or 0.1%";
		rc = set_percent(arg->value, text);
		break;
	case ARG_ADDRESS:
	case ARG_ADDRESSES:
		rc = set_address(arg, text, &why);
		break;
	}
	if (rc)
		(void)fprintf(stderr, "%s '%s': %s\n", arg->name, text, why);
	return rc;
}

static bool takes_value(const struct arg *arg)
{
	return arg->type != ARG_FLAG && arg->type != ARG_UNFLAG;
}

static void help(const char *summary, const struct arg *args, size_t n)
{
	static const char *const values[] = {
		[ARG_FLAG] = "",
		[ARG_UNFLAG] = "",
		[ARG_COUNT] = " N",
		[ARG_DURATION] = " TIME",
		[ARG_PERCENT] = " PERCENT",
		[ARG_ADDRESS] = " HOST:PORT",
		[ARG_ADDRESSES] = " HOST:PORT",
	};

	(void)printf("%s\n\n", summary);
	for (size_t i = 0; i < n; i++) {
		char left[48];

		(void)snprintf(left, sizeof left, "%s%s", args[i].name, values[args[i].type]);
		(void)printf("  %-24s %s", left, args[i].help);
		if (args[i].def && takes_value(&args[i]))
			(void)printf(" [%s]", args[i].def);
		(void)printf("\n");
	}
	(void)printf("  %-24s print this and exit\n", "--help");
}

static const struct arg *find(const struct arg *args, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(args[i].name, name) == 0)
			return &args[i];
	return NULL;
}

/* A default of a list holds only until the first value is given. */
static int apply(const struct arg *args, size_t n, char *const *argv, bool *given)
{
	for (size_t i = 1; argv[i]; i++) {
		const struct arg *arg = find(args, n, argv[i]);
		bool value;

		if (!arg) {
			(void)fprintf(stderr, "unknown option '%s'; see --help\n", argv[i]);
			return 3;
		}
		value = takes_value(arg);
		if (value && !argv[i + 1]) {
			(void)fprintf(stderr, "%s needs a value\n", arg->name);
			return 3;
		}
		if (arg->type == ARG_ADDRESSES && !given[arg - args])
			((struct addresses *)arg->value)->n = 0;
		given[arg - args] = true;
		if (set(arg, value ? argv[i + 1] : ""))
			return 3;
		i += value;
	}
	return 0;
}

int args_parse(const char *summary, const struct arg *args, size_t n, char *const *argv)
{
	bool given[32] = {0};

	for (size_t i = 1; argv[i]; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			help(summary, args, n);
			return 1;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (args[i].def && takes_value(&args[i]) && set(&args[i], args[i].def))
			return 3;
	return apply(args, n, argv, given);
}
