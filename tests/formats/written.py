"""What the tests of the formats share: a run's reports, written by the program `hostile`."""
import glob
import subprocess
import sys
import tempfile


class Written:
    def __init__(self, arguments):
        self.program, folder = arguments[:2]
        self.runs = sorted(glob.glob(folder + "/*"))
        self.wrong = 0
        if not self.runs:
            self.fail("no stored runs in " + folder)

    def report(self, run, name, seed=0):
        command = [self.program, str(seed), name, run]
        done = subprocess.run(command, capture_output=True)
        if done.returncode:
            self.fail(f"{' '.join(command)}: {done.returncode}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def fail(self, text):
        self.wrong += 1
        print(text)

    def expect(self, found, what):
        for line in found[:5]:
            self.fail(f"{what}: {line}")

    def end(self):
        sys.exit(f"{self.wrong} wrong" if self.wrong else 0)


def folder():
    return tempfile.TemporaryDirectory(prefix="ordeal-formats.")
