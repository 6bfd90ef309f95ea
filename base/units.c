#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"

__extension__ typedef __int128 wide; /* a product of two int64_t */

struct unit {
	const char *suffix;
	int64_t factor;
};

/* Largest first: the printers take the first that divides. */
static const struct unit durations[] = {
	{"d", 86400 * (int64_t)ORD_S},
	{"h", 3600 * (int64_t)ORD_S},
	{"m", 60 * (int64_t)ORD_S},
	{"s", (int64_t)ORD_S},
	{"ms", (int64_t)ORD_MS},
	{"us", (int64_t)ORD_US},
	{"ns", 1},
};
/* Bytes a second. */
static const struct unit bits[] = {
	{"kbit/s", 125},
	{"Mbit/s", 125000},
	{"Gbit/s", 125000000},
};

static const struct unit sizes[] = {
	{"TiB", 1ll << 40},
	{"GiB", 1ll << 30},
	{"MiB", 1ll << 20},
	{"KiB", 1ll << 10},
	{"T", 1ll << 40},
	{"G", 1ll << 30},
	{"M", 1ll << 20},
	{"K", 1ll << 10},
	{"TB", 1000000000000ll},
	{"GB", 1000000000ll},
	{"MB", 1000000ll},
	{"kB", 1000ll},
	{"B", 1},
	{"", 1},
};

/*
 * Reads digits[.digits] without floating point: mantissa and the power of ten it is divided by.
 * Returns the rest of the text, or NULL where no number stands there or it is too long.
 */
static const char *read_decimal(const char *text, int64_t *ret_mantissa, int64_t *ret_scale)
{
	int64_t mantissa = 0, scale = 1;
	unsigned digits = 0;
	bool point = false;

	for (; isdigit((unsigned char)*text) || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (mantissa > (INT64_MAX - 9) / 10 || (point && scale >= 1000000000))
			return NULL;
		mantissa = mantissa * 10 + (*text - '0');
		scale *= point ? 10 : 1;
		digits++;
	}
	if (!digits)
		return NULL;
	*ret_mantissa = mantissa;
	*ret_scale = scale;
	return text;
}

/* mantissa / scale * factor, where that is a whole number that fits. */
static bool scaled(int64_t mantissa, int64_t scale, int64_t factor, int64_t *ret)
{
	wide v = (wide)mantissa * factor;

	if (v % scale || v / scale > INT64_MAX)
		return false;
	*ret = (int64_t)(v / scale);
	return true;
}

static bool parse_unit(const char *text, const struct unit *units, size_t n, int64_t *ret)
{
	int64_t mantissa, scale;
	const char *rest = read_decimal(text, &mantissa, &scale);

	if (!rest)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rest, units[i].suffix))
			return scaled(mantissa, scale, units[i].factor, ret);
	return false;
}

int ord_parse_duration(const char *text, int64_t *ret_ns, struct ord_err *err)
{
	if (!strcmp(text, "0")) {
		*ret_ns = 0;
		return 0;
	}
	if (parse_unit(text, durations, ORD_COUNT(durations), ret_ns))
		return 0;
	return ord_fail(err, ORD_USAGE,
			"'%.40s' is not a duration; write a number and ns, us, ms, s, m, h or d, "
			"as in '200ms'",
			text);
}

int ord_parse_size(const char *text, int64_t *ret_bytes, struct ord_err *err)
{
	if (parse_unit(text, sizes, ORD_COUNT(sizes), ret_bytes))
		return 0;
	return ord_fail(err, ORD_USAGE,
			"'%.40s' is not a size; write a number and KiB, MiB, GiB (or kB, MB, GB), "
			"as in '512MiB'",
			text);
}

int ord_parse_rate(const char *text, int64_t *ret_bytes, struct ord_err *err)
{
	const size_t n = strlen(text);
	char size[48];

	if (parse_unit(text, bits, ORD_COUNT(bits), ret_bytes))
		return 0;
	if (n > 2 && n - 2 < sizeof size && !strcmp(text + n - 2, "/s")) {
		memcpy(size, text, n - 2);
		size[n - 2] = '\0';
		if (parse_unit(size, sizes, ORD_COUNT(sizes), ret_bytes))
			return 0;
	}
	return ord_fail(err, ORD_USAGE,
			"'%.40s' is not a rate; write a size a second, as in '100MiB/s', or bits, "
			"as in '20Mbit/s'",
			text);
}

int ord_parse_percent(const char *text, int64_t *ret_ppm, struct ord_err *err)
{
	int64_t mantissa, scale;
	const char *rest = read_decimal(text, &mantissa, &scale);

	if (rest && (!*rest || !strcmp(rest, "%")) && scaled(mantissa, scale, 10000, ret_ppm))
		return 0;
	return ord_fail(err, ORD_USAGE,
			"'%.40s' is not a percentage; write a number with at most four decimals, "
			"as in '25%%'",
			text);
}

int ord_parse_ratio(const char *text, int64_t *ret_ppm, struct ord_err *err)
{
	int64_t mantissa, scale;
	const char *rest = read_decimal(text, &mantissa, &scale);

	if (rest && !strcmp(rest, "%") && scaled(mantissa, scale, 10000, ret_ppm))
		return 0;
	if (rest && !*rest && scaled(mantissa, scale, ORD_PPM, ret_ppm))
		return 0;
	return ord_fail(err, ORD_USAGE, "'%.40s' is not a ratio; write it as '0.99' or '99%%'",
			text);
}

int ord_parse_decimal(const char *text, int64_t *ret_millionths, struct ord_err *err)
{
	int64_t mantissa, scale, v;
	const char *rest = read_decimal(text + (*text == '-'), &mantissa, &scale);

	if (!rest || *rest || !scaled(mantissa, scale, 1000000, &v))
		return ord_fail(err, ORD_USAGE,
				"'%.40s' is not a number; write it as '0.99' or '-3', with at most "
				"six decimals",
				text);
	*ret_millionths = *text == '-' ? -v : v;
	return 0;
}

int ord_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret, struct ord_err *err)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || *end || errno || isspace((unsigned char)*text))
		return ord_fail(err, ORD_USAGE, "'%.40s' is not a whole number", text);
	if (v < min || v > max)
		return ord_fail(err, ORD_USAGE, "%lld is not within %" PRId64 " to %" PRId64, v,
				min, max);
	*ret = v;
	return 0;
}

char *ord_format_duration(int64_t ns, char out[static 32])
{
	for (size_t i = 0; ns && i < ORD_COUNT(durations); i++)
		if (ns % durations[i].factor == 0) {
			(void)snprintf(out, 32, "%" PRId64 "%s", ns / durations[i].factor,
				       durations[i].suffix);
			return out;
		}
	(void)snprintf(out, 32, "0s");
	return out;
}

char *ord_format_decimal(int64_t millionths, char out[static 32])
{
	uint64_t v = millionths < 0 ? 0 - (uint64_t)millionths : (uint64_t)millionths;
	int n = snprintf(out, 32, "%s%" PRIu64 ".%06" PRIu64, millionths < 0 ? "-" : "",
			 v / 1000000, v % 1000000);

	while (out[n - 1] == '0')
		n--;
	out[n - (out[n - 1] == '.')] = '\0';
	return out;
}

char *ord_format_size(int64_t bytes, char out[static 32])
{
	for (size_t i = 0; bytes && i < 4; i++)
		if (bytes % sizes[i].factor == 0) {
			(void)snprintf(out, 32, "%" PRId64 "%s", bytes / sizes[i].factor,
				       sizes[i].suffix);
			return out;
		}
	(void)snprintf(out, 32, "%" PRId64 "B", bytes);
	return out;
}

char *ord_format_percent(int64_t ppm, char out[static 32])
{
	int n = snprintf(out, 32, "%" PRId64 ".%04" PRId64, ppm / 10000, ppm % 10000);

	while (n > 1 && (out[n - 1] == '0' || out[n - 1] == '.'))
		if (out[--n] == '.')
			break;
	(void)snprintf(out + n, (size_t)(32 - n), "%%");
	return out;
}

char *ord_human_duration(int64_t ns, char out[static 32])
{
	static const struct unit steps[] = {
		{"s", (int64_t)ORD_S}, {"ms", (int64_t)ORD_MS}, {"us", (int64_t)ORD_US}, {"ns", 1}};
	double mag = ns < 0 ? -(double)ns : (double)ns;
	const struct unit *u = steps;

	while (u < steps + ORD_COUNT(steps) - 1 && mag < (double)u->factor)
		u++;
	mag = (double)ns / (double)u->factor;
	(void)snprintf(out, 32, "%.*f %s",
		       mag >= 99.95 || u->factor == 1 ? 0
		       : mag >= 9.995		      ? 1
						      : 2,
		       mag, u->suffix);
	return out;
}
