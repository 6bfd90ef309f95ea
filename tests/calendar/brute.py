#!/usr/bin/env python3
"""Random schedules, and 'ordeal next' of them, beside a walk over every minute with Python's own time zones.

brute.py ORDEAL [SEED]: prints the seed; the same seed makes the same schedules."""
import calendar
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile
import zoneinfo

SCHEDULES = 100
UTC = datetime.timezone.utc
# Clocks change in the first five within these days: 8 and 29 March, 4 and 5 April.
FROM, DAYS = datetime.datetime(2026, 3, 6, tzinfo=UTC), 32
ZONES = ["America/New_York", "Europe/Berlin", "Europe/Dublin", "Australia/Lord_Howe", "Pacific/Auckland",
         "Asia/Kathmandu", "America/Phoenix", "UTC"]
NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

EXPERIMENT = """apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {{name: {name}}}
spec:
  hypothesis: nothing happens
  schedule: {schedule}
  probes: [{{name: here, tcp: {{host: 127.0.0.1, port: 9}}, every: 100ms, timeout: 1s}}]
  faults: [{{name: none, noop: {{}}, target: {{host: {{}}}}, for: 1s}}]
  limits: {{targets: 1, duration: 10s}}
"""


def some(rng, lo, hi, cyclic=False):
    """A field: its text, what it means, and whether it begins with a star."""
    kind = rng.random()
    if kind < .3:
        return "*", set(range(lo, hi + 1)), True
    if kind < .4:
        last = hi - 1 if cyclic else hi
        step = rng.randint(1, last - lo)
        return f"*/{step}", set(range(lo, last + 1, step)), True
    texts, values = [], set()
    for _ in range(rng.randint(1, 3)):
        a, b = rng.randint(lo, hi), rng.randint(lo, hi)
        if a > b and not cyclic:
            a, b = b, a
        end = b if b >= a else b + 7
        if rng.random() < .5 or end == a:
            texts.append(str(a))
            values.add(a)
            continue
        step = rng.randint(1, end - a)
        texts.append(f"{a}-{b}" + (f"/{step}" if step > 1 else ""))
        values |= set(range(a, end + 1, step))
    return ",".join(texts), values, False


class Schedule:
    """What is written, and the same as plain sets."""

    def __init__(self, rng):
        self.zone = zoneinfo.ZoneInfo(rng.choice(ZONES))
        minute, self.minutes, _ = some(rng, 0, 59)
        hour, self.hours, _ = some(rng, 0, 23)
        if rng.random() < .4:  # where clocks change
            hour, self.hours = "1-3", {1, 2, 3}
        day, self.days, self.any_day = some(rng, 1, 31)
        if rng.random() < .1:
            day, self.days, self.any_day = "L", {-1}, False
        weekday, values, self.any_weekday = some(rng, 0, 7, cyclic=True)
        self.weekdays = {v % 7 for v in values}
        self.nth = None
        if rng.random() < .1:
            self.nth = (rng.randint(0, 6), rng.randint(1, 4))
            weekday = f"{NAMES[self.nth[0]]}#{self.nth[1]}"
            self.weekdays, self.any_weekday = set(), False
        self.cron = f"{minute} {hour} {day} * {weekday}"
        self.window, self.pause = None, None
        if rng.random() < .3:
            self.window = (rng.randint(0, 23), rng.randint(0, 23))
        if rng.random() < .3:
            a = rng.randint(0, DAYS)
            self.pause = [(FROM + datetime.timedelta(days=a + n)).date() for n in (0, rng.randint(0, 9))]

    def text(self):
        parts = [f'cron: "{self.cron}"', f"timezone: {self.zone.key}"]
        if self.window:
            parts.append('windows: [{from: "%02d:00", to: "%02d:00"}]' % self.window)
        if self.pause:
            parts.append(f'except: ["{self.pause[0]}..{self.pause[1]}"]')
        return "{" + ", ".join(parts) + "}"

    def on(self, date):
        last = calendar.monthrange(date.year, date.month)[1]
        weekday = date.isoweekday() % 7
        by_date = date.day in self.days or (-1 in self.days and date.day == last)
        by_weekday = weekday in self.weekdays or (
            self.nth is not None and (weekday, (date.day - 1) // 7 + 1) == self.nth)
        both = self.any_day or self.any_weekday
        return (by_date and by_weekday) if both else (by_date or by_weekday)

    def open_at(self, shown):
        if self.pause and self.pause[0] <= shown.date() <= self.pause[1]:
            return False
        if not self.window:
            return True
        begin, end = self.window
        return begin <= shown.hour < end if begin < end else shown.hour >= begin or shown.hour < end

    def instant(self, shown):
        """The first instant at which clocks show this; where none does, the change over it."""
        early = shown.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        if early.astimezone(self.zone).replace(tzinfo=None) == shown:
            return early
        # fold=0 counts by the offset before the change; walk back to it.
        while early.astimezone(self.zone).utcoffset() == (early - datetime.timedelta(minutes=1)).astimezone(
                self.zone).utcoffset():
            early -= datetime.timedelta(minutes=1)
        return early

    def runs(self):
        found, end = set(), FROM + datetime.timedelta(days=DAYS)
        for n in range(-2, DAYS + 2):
            date = (FROM + datetime.timedelta(days=n)).date()
            if not self.on(date):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    at = self.instant(datetime.datetime(date.year, date.month, date.day, hour, minute))
                    if FROM <= at < end and self.open_at(at.astimezone(self.zone)):
                        found.add(at)
        return found


def main():
    ordeal = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    schedules = {}
    with tempfile.TemporaryDirectory() as folder:
        for i in range(SCHEDULES):
            schedules[f"s{i}"] = Schedule(rng)
            with open(os.path.join(folder, f"s{i}.yaml"), "w", encoding="utf-8") as f:
                f.write(EXPERIMENT.format(name=f"s{i}", schedule=schedules[f"s{i}"].text()))
        done = subprocess.run([ordeal, "next", folder, "--json", "--count", "1000000", "--from",
                               FROM.strftime("%Y-%m-%dT%H:%MZ"), "--for", f"{DAYS}d"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
    # Of what is refused, nothing may be missed: it has no runs to be found below.
    refused = [line for line in done.stderr.splitlines() if "warning:" not in line]
    for line in refused:
        if "so it never comes" not in line and "nothing within that time" not in line:
            sys.exit(line)
    said = {name: [] for name in schedules}
    for run in json.loads(done.stdout):
        said[run["name"]].append(datetime.datetime.fromisoformat(run["at"].replace("Z", "+00:00")))
    total = 0
    for name, schedule in schedules.items():
        want = sorted(schedule.runs())
        total += len(want)
        if said[name] != want:
            wrong = sorted(set(said[name]) ^ set(want))[:5]
            sys.exit(f"{schedule.text()}: differs at {[str(w) for w in wrong]}")
    print(SCHEDULES, "schedules,", total, "runs, all the same")
    if total < 1000:
        sys.exit("too few runs to tell anything")


if __name__ == "__main__":
    main()
