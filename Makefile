# make run    sets everything up and runs the appliance: MQTT broker, simulated box, host, dashboard
# make test   sets everything up and runs all tests
# make check  formatting, lint, types
# make demo   the whole product in a temporary home, as a checked transcript
# make bench  every performance claim, measured, as JSON
# make fuzz   seeded inputs through parsers and policy: COUNT=10000000 SEED=x
.PHONY: run test check demo bench fuzz setup setup-dev lock clean
PY := .venv/bin/python

run: setup
	@exec .venv/bin/barnacle up

setup:
	@.ci/setup run

setup-dev:
	@.ci/setup dev

test: setup-dev
	@$(PY) -m pytest

check: setup-dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@$(PY) -m pyright
	@$(PY) -m pyright -p .ci/pyright-device.json # device/ again, against MicroPython's stubs

demo: setup
	@$(PY) -m bench.demo

bench: setup
	@$(PY) -m bench

fuzz: setup-dev
	@$(PY) -m bench.fuzz $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

lock:
	@build/tools/bin/uv pip compile -q --universal --generate-hashes --no-header --no-annotate -p 3.11 --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf build .venv
