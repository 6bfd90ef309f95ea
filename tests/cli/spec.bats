#!/usr/bin/env bats
# validate, plan, schema: nothing is changed, mistakes are all said at once.
load support
setup() { support_setup; cd "$T"; experiment good >good.yaml; sed 's/every:/evry:/; s/noop: {}/noop: {x: 1}/' good.yaml >bad.yaml; }
teardown() { support_teardown; }

@test "validate says ok, and every mistake with its place" {
	run "$ORDEAL" validate good.yaml
	[ "$status" -eq 0 ]
	[ "$output" = "good.yaml: ok" ]
	run "$ORDEAL" validate bad.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"ordeal: bad.yaml:9:7: "*"did you mean 'every'?"* ]]
	[[ $output == *"ordeal: bad.yaml:14:"* ]]
}

@test "validate says where what a no_regression objective is held against is not there" {
	sed 's|^  objectives: .*|  objectives:\n    - no_regression(ttr) margin 25% against base.json\n    - no_regression(ttd:there) margin 1 against main|; s/^    - name: there/&\n      role: signal/' good.yaml |
		sed 's/^  steadyState/    - {name: user, exec: {command: [\/bin\/true]}}\n&/' >held.yaml
	run "$ORDEAL" validate held.yaml
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"ordeal: held.yaml:20:45: no_regression(ttr) margin 25% against base.json: there is no file 'base.json'; \`ordeal baseline RUN >base.json\` makes it"* ]]
	# A tag that is not there yet is no mistake: the first run gets it.
	[[ $output == *"ordeal: held.yaml:21:49: no_regression(ttd:there) margin 1 against main: no run has the tag 'main' yet: "*"ordeal tag"* ]]
	run "$ORDEAL" run held.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"ordeal: held.yaml:20:45: "* ]]
	sed -i '/base.json/d' held.yaml
	run "$ORDEAL" validate held.yaml
	[ "$status" -eq 0 ]
	[[ $output == *"held.yaml:20:49: "*"held.yaml: ok" ]]
	echo '{"schema": 7}' >base.json
	run "$ORDEAL" validate held.yaml --set 'spec.objectives[0]=no_regression(ttr) margin 1 against base.json'
	[ "$status" -eq 2 ]
	[[ $output == *"ordeal: held.yaml: no_regression(ttr) margin 1 against base.json: "* ]]
}

@test "several files: each is looked at, the worst counts" {
	run "$ORDEAL" validate good.yaml bad.yaml good.yaml
	[ "$status" -eq 2 ]
	[ "$(grep -c ': ok$' <<<"$output")" -eq 2 ]
	run "$ORDEAL" validate good.yaml nowhere.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"nowhere.yaml"*"No such file"* ]]
	run "$ORDEAL" run good.yaml nowhere.yaml
	[ "$status" -eq 2 ]
	run "$ORDEAL" validate .
	[ "$status" -eq 2 ]
}

@test "standard input is -" {
	run bash -c '"$ORDEAL" validate - <good.yaml'
	[ "$status" -eq 0 ]
}

@test "--set overrides, and is checked" {
	run "$ORDEAL" plan good.yaml --set spec.repetitions=7 --json
	[ "$status" -eq 0 ]
	[ "$("$ORDEAL" plan good.yaml --set spec.repetitions=7 --json | jq .repetitions)" -eq 7 ]
	run "$ORDEAL" plan good.yaml --set spec.repetitons=7
	[ "$status" -eq 2 ]
	run "$ORDEAL" plan good.yaml --set spec.repetitions
	[ "$status" -eq 2 ]
	[[ $output == *"write PATH=VALUE"* ]]
}

@test "plan: same spec and seed, same hash; another seed, another" {
	a=$("$ORDEAL" plan good.yaml --seed 7 --json | jq -r .hash)
	b=$("$ORDEAL" plan good.yaml --seed 7 --json | jq -r .hash)
	c=$("$ORDEAL" plan good.yaml --seed 8 --json | jq -r .hash)
	[ "$a" = "$b" ]
	[ "$a" != "$c" ]
	run "$ORDEAL" plan good.yaml --seed 7
	[[ $output == *"$a"* ]]
	[[ $output == *kernel* ]]
}

@test "plan shows a target that is not there, and says so" {
	sed 's/host: true/process: {name: no-such-process}/' good.yaml >absent.yaml
	run "$ORDEAL" plan absent.yaml
	[ "$status" -eq 0 ]
	[[ $output == *no-such-process* ]]
	"$ORDEAL" plan absent.yaml --json | jq -e '.resolved[0].targets == 0 and (.resolved[0].why | length > 0)'
}

@test "schema is JSON Schema 2020-12, and good.yaml holds to it" {
	"$ORDEAL" schema >schema.json
	jq -e '."$schema" == "https://json-schema.org/draft/2020-12/schema"' schema.json
	python3 -c '
import json, yaml, jsonschema
s = json.load(open("schema.json"))
v = jsonschema.validators.validator_for(s)
v.check_schema(s)
v(s).validate(yaml.safe_load(open("good.yaml")))
try:
	v(s).validate(yaml.safe_load(open("bad.yaml")))
except jsonschema.ValidationError:
	raise SystemExit(0)
raise SystemExit("the schema takes what the parser refuses")'
}
