"""deploy/compose.yaml and deploy/kubernetes: they fit the schemas, and what they name is there."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from bot.settings import PREFIX, Settings
from retrieval.postgres.database import MOST_CONNECTIONS
from tests.conftest import ROOT
from tests.documents import COMMANDS

Object = dict[str, Any]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
COMPOSE_FILE = DEPLOY / "compose.yaml"
COMPOSE: Object = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
FILES = [COMPOSE_FILE, DEPLOY / "citus.sql", DEPLOY / "fundstelle.service", *sorted(KUBERNETES.rglob("*.yaml"))]
#: The oldest version of Kubernetes that is still maintained, and the newest.
VERSIONS = ("1.34", "1.37")
#: Those of the collection, those of inbox and people, and the one that holds the lead.
CONNECTIONS = 2 * MOST_CONNECTIONS + 1


def read(path: Path) -> list[Object]:
    return [item for item in yaml.safe_load_all(path.read_text(encoding="utf-8")) if item]


def merged(value: Any, patch: Any) -> Any:
    """``value`` as kustomize patches it: lists of named things by their names, other lists as a whole."""
    if isinstance(value, dict) and isinstance(patch, dict):
        return value | {key: merged(value[key], patch[key]) if key in value else patch[key] for key in patch}
    if isinstance(patch, list) and all(isinstance(item, dict) and "name" in item for item in patch):
        named = {item["name"]: item for item in value}
        return list((named | {item["name"]: merged(named.get(item["name"], {}), item) for item in patch}).values())
    return patch


@cache
def cluster(webhook: bool = False) -> dict[tuple[str, str], Object]:
    """What kustomize makes of the files, but for namespace and images: the objects by kind and name."""
    (top,) = read(KUBERNETES / "kustomization.yaml")
    objects = [item for name in top["resources"] for item in read(KUBERNETES / name)]
    for patch in top["patches"]:
        (change,) = read(KUBERNETES / patch["path"])
        change["metadata"] = {}
        objects = [merged(item, change) if item["kind"] == patch["target"]["kind"] else item for item in objects]
    if webhook:
        folder = KUBERNETES / "webhook"
        (component,) = read(folder / "kustomization.yaml")
        objects += [item for name in component["resources"] for item in read(folder / name)]
        for patch in component["patches"]:
            (change,) = read(folder / patch["path"])
            objects = [merged(item, change) if identity(item) == identity(change) else item for item in objects]
    return {identity(item): item for item in objects}


def identity(item: Object) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def of_kind(kind: str, webhook: bool = True) -> list[Object]:
    return [item for (found, _), item in cluster(webhook).items() if found == kind]


def container(deployment: Object) -> Object:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(only)


# Schemas


@pytest.mark.parametrize("changed", [{}, {"services": {"bot": {"comand": ["telegram"]}}}], ids=["ours", "misspelt"])
def test_the_compose_file_fits_the_specification(changed: Object, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(merged(COMPOSE, changed)), encoding="utf-8")
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run([*check, str(tmp_path / "compose.yaml")], capture_output=True, text=True)
    assert (result.returncode == 0) is not bool(changed), result.stdout + result.stderr


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
def test_the_manifests_fit_the_schemas_of_kubernetes(version: str, webhook: bool) -> None:
    import kubernetes_validate

    objects = [item for (kind, _), item in cluster(webhook).items() if kind != "Cluster"]
    assert {item["kind"] for item in objects} >= {"Namespace", "ConfigMap", "Deployment", "PodDisruptionBudget"}
    for item in [*objects, *read(KUBERNETES / "secret.example.yaml")]:
        assert kubernetes_validate.validate(item, version, strict=True) == version
    deployment = merged(of_kind("Deployment")[0], {"spec": {"template": {"spec": {"replica": 1}}}})
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(deployment, version, strict=True)


def test_every_manifest_is_put_in() -> None:
    named = set()
    for folder in (KUBERNETES, KUBERNETES / "webhook"):
        (kustomization,) = read(folder / "kustomization.yaml")
        named |= {folder / name for name in kustomization["resources"]}
        named |= {folder / patch["path"] for patch in kustomization["patches"]}
    assert {path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml"} - named == {
        KUBERNETES / "secret.example.yaml"
    }


# What they name


def test_settings_and_commands_exist() -> None:
    for path in FILES:
        named = set(re.findall(rf"\b{PREFIX}([A-Z_]+)\b", path.read_text(encoding="utf-8")))
        assert named <= {name.upper() for name in Settings.model_fields}, path
    (config,) = of_kind("ConfigMap")
    given = {name: value for name, value in config["data"].items() if name.startswith(PREFIX)}
    given |= {
        item["name"]: item["value"] for item in container(cluster(True)["Deployment", "fundstelle-bot"])["env"][1:]
    }
    assert len(given) == 5
    Settings(_env_file=None, **{name.removeprefix(PREFIX).lower(): value for name, value in given.items()})  # type: ignore[call-arg]
    commands = [container(item)["args"] for item in of_kind("Deployment")]
    commands += [COMPOSE["services"][name]["command"] for name in ("bot", "worker")]
    assert commands == [["telegram"], ["worker"]] * 2
    for name, *arguments in commands:
        COMMANDS[name].make_context(name, arguments)


def test_secrets_are_named_and_not_written() -> None:
    (template,) = read(KUBERNETES / "secret.example.yaml")
    assert set(template["stringData"].values()) == {""} and "data" not in template
    (database,) = of_kind("Cluster")
    assert "secret" not in database["spec"]["bootstrap"]["initdb"]  # the operator makes one, called as below
    for deployment in of_kind("Deployment"):
        own = container(deployment)
        assert own["envFrom"][0]["configMapRef"]["name"] == of_kind("ConfigMap")[0]["metadata"]["name"]
        assert own["envFrom"][1]["secretRef"]["name"] == template["metadata"]["name"]
        url = own["env"][0]
        assert url["name"] == "FUNDSTELLE_DATABASE_URL" and "value" not in url
        assert url["valueFrom"]["secretKeyRef"] == {"name": f"{database['metadata']['name']}-app", "key": "uri"}
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    passwords = re.findall(r"(?i)(?:\w*password\w*: *|://\w+:)(\S+)", text)
    assert len(passwords) == 2 and all(value.startswith("${POSTGRES_PASSWORD:?") for value in passwords)
    # Without it, compose says so and starts nothing.
    assert ":?set it in .env, see docs/deployment.md}" in text


def test_selectors_find_the_pods() -> None:
    pods = {item["metadata"]["name"]: item["spec"]["template"]["metadata"]["labels"] for item in of_kind("Deployment")}
    for name, labels in pods.items():
        assert cluster()["Deployment", name]["spec"]["selector"]["matchLabels"] == labels
        assert cluster()["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"] == labels
    assert len({str(labels) for labels in pods.values()}) == len(pods) == 2
    assert cluster(True)["Service", "fundstelle-webhook"]["spec"]["selector"] == pods["fundstelle-bot"]


def test_probes_ask_what_the_bot_shows() -> None:
    (config,) = of_kind("ConfigMap")
    for deployment in of_kind("Deployment"):
        own = container(deployment)
        ports = {port["name"]: port["containerPort"] for port in own["ports"]}
        assert config["data"]["FUNDSTELLE_METRICS_LISTEN"] == f"0.0.0.0:{ports['metrics']}"
        for probe in ("startupProbe", "livenessProbe"):
            assert own[probe]["httpGet"] == {"path": "/healthz", "port": "metrics"}
    bot = container(cluster(True)["Deployment", "fundstelle-bot"])
    # Whoever is taken out of the service for what /healthz says of Telegram would never be reached again.
    assert bot["readinessProbe"]["tcpSocket"] == {"port": "webhook"}
    listens = {item["name"]: item.get("value", "") for item in bot["env"]}["FUNDSTELLE_TELEGRAM_WEBHOOK_LISTEN"]
    assert listens == f"0.0.0.0:{bot['ports'][1]['containerPort']}"


def test_the_webhook_s_address_leads_to_the_bots() -> None:
    bot = container(cluster(True)["Deployment", "fundstelle-bot"])
    url = urlsplit({item["name"]: item.get("value", "") for item in bot["env"]}["FUNDSTELLE_TELEGRAM_WEBHOOK_URL"])
    spec = cluster(True)["Ingress", "fundstelle-webhook"]["spec"]
    (rule,), (tls,) = spec["rules"], spec["tls"]
    (path,) = rule["http"]["paths"]
    assert (url.hostname, url.path) == (rule["host"], path["path"])
    assert tls["hosts"] == [rule["host"]]
    service = cluster(True)["Service", path["backend"]["service"]["name"]]
    (port,) = service["spec"]["ports"]
    assert path["backend"]["service"]["port"] == {"name": port["name"]}
    assert port["targetPort"] in {own["name"] for own in bot["ports"]}


# Rights and limits


def test_nobody_has_more_rights_than_needed() -> None:
    (user,) = re.findall(r"useradd .*--uid (\d+)", DOCKERFILE)
    (home,) = re.findall(r"FUNDSTELLE_HOME=(\S+)", DOCKERFILE)
    for deployment in of_kind("Deployment"):
        pod, own = deployment["spec"]["template"]["spec"], container(deployment)
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == int(user)
        assert own["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        mounts = {mount["mountPath"]: mount["name"] for mount in own["volumeMounts"]}
        assert set(mounts) == {home, "/tmp"}
        assert set(mounts.values()) == {volume["name"] for volume in pod["volumes"]}
        assert set(own["resources"]["limits"]) == {"cpu", "memory"}
    for name in ("bot", "worker"):
        service = COMPOSE["services"][name]
        assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], "/tmp")
        assert service["environment"]["FUNDSTELLE_HOME"] == home and f"data:{home}" in service["volumes"]
        assert "ports" not in service
    assert COMPOSE["services"]["primary"]["networks"] == ["inside"] and "ports" not in COMPOSE["services"]["primary"]
    assert COMPOSE["networks"]["inside"]["internal"]


def test_threads_are_as_many_as_processors() -> None:
    (config,) = of_kind("ConfigMap")
    for deployment in of_kind("Deployment"):
        assert container(deployment)["resources"]["limits"]["cpu"] == config["data"]["OMP_NUM_THREADS"]
    for name in ("bot", "worker"):
        service = COMPOSE["services"][name]
        assert service["deploy"]["resources"]["limits"]["cpus"] == service["environment"]["OMP_NUM_THREADS"]


def test_the_database_takes_all_connections_and_outlives_a_machine() -> None:
    (database,) = of_kind("Cluster")
    assert database["apiVersion"] == "postgresql.cnpg.io/v1"
    spec = database["spec"]
    # With one standby that confirms, another one may be lost without anybody waiting.
    assert spec["instances"] >= spec["postgresql"]["synchronous"]["number"] + 2
    assert spec["bootstrap"]["initdb"]["postInitApplicationSQL"] == ["CREATE EXTENSION vector"]
    bots = sum(item["spec"]["replicas"] for item in of_kind("Deployment"))
    # While new pods take the old ones' places, there may be one more of each.
    assert int(spec["postgresql"]["parameters"]["max_connections"]) > (bots + 2) * CONNECTIONS
    (most,) = re.findall(r"max_connections=(\d+)", " ".join(COMPOSE["services"]["primary"]["command"]))
    assert int(most) > sum(COMPOSE["services"][name]["deploy"]["replicas"] for name in ("bot", "worker")) * CONNECTIONS
