/* The Gregorian calendar in eras of 400 years, of 146097 days each, that begin on 1 March: a leap
 * day is then the last of its year. (Howard Hinnant, "chrono-compatible low-level date
 * algorithms".) */
#include "base/civil.h"

#include <stdbool.h>

#define ERA_DAYS 146097
#define TO_1970	 719468 /* days from 0000-03-01 */

int64_t ord_days_of(struct ord_date date)
{
	int64_t y = date.year - (date.month <= 2), m = date.month;
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - TO_1970;
}

struct ord_date ord_date_of(int64_t days)
{
	int64_t z = days + TO_1970, era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
	int64_t of_era = z - era * ERA_DAYS;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	return (struct ord_date){.year = (int32_t)(y + era * 400 + (m >= 10)),
				 .month = (uint8_t)(m < 10 ? m + 3 : m - 9),
				 .day = (uint8_t)(of_year - (153 * m + 2) / 5 + 1)};
}

unsigned ord_month_days(int32_t year, unsigned month)
{
	static const uint8_t of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return of[month - 1] + (leap && month == 2 ? 1u : 0u);
}
