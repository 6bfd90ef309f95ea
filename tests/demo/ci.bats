# The recipes of docs/ci: their shell is taken out and run. Installed is for real, by the first of them, in a mount
# namespace in which /usr/local and the folders of the leases are this test's own.

setup_file() {
	export SOURCE_DIR=${SOURCE_DIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export why=
	python3 -c 'import yaml' 2>/dev/null || why="python3-yaml is not installed"
	git -C "$SOURCE_DIR" rev-parse HEAD >/dev/null 2>&1 || why="not a git checkout"
	[ "$(id -u)" = 0 ] && unshare -mnpf true 2>/dev/null || why="takes root and namespaces"
	[ -z "$why" ] || return 0
	export work="$BATS_FILE_TMPDIR"
	cat >"$work/all" <<'END'
set -eu
mkdir -p /run/ordeal
mount -t tmpfs none "$work/layers"
mkdir "$work/layers/upper" "$work/layers/work"
mount -t overlay none -o "lowerdir=/usr/local,upperdir=$work/layers/upper,workdir=$work/layers/work" /usr/local
mount -t tmpfs -o mode=700 none /run/ordeal
PATH=/usr/local/bin:$PATH
command -v sudo >/dev/null || {
	printf '#!/bin/sh\nexec "$@"\n' >/usr/local/bin/sudo
	chmod +x /usr/local/bin/sudo
}
cd "$work"
ip link set lo up
"$recipe" "$SOURCE_DIR/docs/ci/github-actions.yml" install
# Quick enough for a test; the shell of the recipes stays as it is.
sed -i 's/for: 8s/for: 3s/; s/repetitions: 2/repetitions: 1/; s/over 3s/over 1s/' ordeal/experiments/hung-store.yaml
for r in github-actions.yml gitlab-ci.yml Jenkinsfile; do
	mkdir "$r"
	cp -al ordeal "$r/ordeal"
	(
		cd "$r"
		rc=0
		GITHUB_STEP_SUMMARY=$PWD/summary timeout 60 unshare -n sh -c 'ip link set lo up && exec "$@"' - \
			"$recipe" "$SOURCE_DIR/docs/ci/$r" run >out 2>&1 || rc=$?
		echo $rc >rc
	) &
done
# The same once more with an objective that cannot be met.
mkdir missed
cp -al ordeal missed/ordeal
cd missed
sed 's/within 2s/within 1ms/' ../ordeal/experiments/hung-store.yaml >hung-store.yaml
mv hung-store.yaml ordeal/experiments/
rc=0
GITHUB_STEP_SUMMARY=$PWD/summary timeout 60 unshare -n sh -c 'ip link set lo up && exec "$@"' - \
	"$recipe" "$SOURCE_DIR/docs/ci/github-actions.yml" run >out 2>&1 || rc=$?
echo $rc >rc
wait
END
	mkdir "$work/layers"
	export recipe="$SOURCE_DIR/tests/demo/recipe.py" ORDEAL_GIT="$SOURCE_DIR" ORDEAL_NO_INSTALL=1
	# The same files were compiled by the test before this one, at another place.
	if command -v ccache >/dev/null; then
		export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR="$work/ordeal" CCACHE_NOHASHDIR=1
	fi
	# A process namespace as well: what a recipe leaves running ends with it.
	timeout 170 unshare --mount --net --pid --fork --kill-child --mount-proc sh "$work/all" >"$work/out" 2>&1 3>&- ||
		echo "exit $?" >>"$work/out"
}

setup() {
	[ -z "$why" ] || skip "$why"
}

# went RECIPE EXIT
went() {
	tail -n 40 "$work/out" "$work/$1/out"
	[ "$(cat "$work/$1/rc")" = "$2" ]
	# Always run, after a failure as well.
	grep -q 'ordeal rescue' "$work/$1/out"
	python3 - "$work/$1"/ordeal-runs/2*/junit.xml <<'PY'
import sys, xml.etree.ElementTree as x
suites = x.parse(sys.argv[1]).getroot()
assert len(list(suites.iter('testcase'))) >= 2
PY
}

@test "GitHub Actions" {
	went github-actions.yml 0
	grep -q '^### hung-store' "$work/github-actions.yml/summary"
}

@test "GitLab CI" {
	went gitlab-ci.yml 0
	grep -q '^# hung-store' "$work/gitlab-ci.yml/out"
}

@test "Jenkins" {
	went Jenkinsfile 0
	grep -q '^# hung-store' "$work/Jenkinsfile/out"
}

@test "a missed objective fails the job, and it is reported all the same" {
	went missed 1
	grep -q 'missed\|failed' "$work/missed/summary"
	grep -q '<failure' "$work"/missed/ordeal-runs/2*/junit.xml
}

@test "all recipes install alike" {
	for part in 'git clone -q --depth 1 "$ORDEAL_GIT" ordeal' 'ordeal/dev build release demonstration docs' \
		'cmake --install ordeal/build/release'; do
		[ "$(grep -lF -- "$part" "$SOURCE_DIR"/docs/ci/* | wc -l)" = 7 ]
	done
}
