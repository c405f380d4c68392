"""Each channel against a real receiver, and which of them an owner gets."""

from __future__ import annotations

import hashlib
import hmac
import logging
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.incidents.about import About
from mesh_orchestration.incidents.channels import (
    AppriseChannel,
    DeliveryError,
    EmailChannel,
    LogChannel,
    Routes,
    WebhookChannel,
)
from mesh_orchestration.incidents.events import Finding
from mesh_orchestration.incidents.model import Incident, Message, Transition
from mesh_orchestration.incidents.notice import Letter, Notice
from tests.builders import settings_at
from tests.incidents.sinks import mail_sink, webhook_sink


def notice(*owners: str, transition: Transition = "opened") -> Letter:
    incident = Incident("1", "orders.orders.v1", "contract", "error", 1_700_000_000.0, failing=("c",))
    message = Message(incident, transition, 1_700_000_000.0, f"1:{transition}", findings=(Finding("c"),))
    return Notice(message, About(owners)).letter


def test_a_recovery_is_logged_where_its_alert_was(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "mesh.alerts"):
        for letter in (notice("team:orders"), notice("team:orders", transition="recovered")):
            LogChannel().send(letter)

    assert [record.getMessage().splitlines()[0] for record in caplog.records] == [
        "[ERROR] orders.orders.v1: not published, the contract is broken",
        "[RESOLVED] orders.orders.v1: published again",
    ]


def names(root: Path, said: Letter, **environ: str) -> list[str]:
    return [channel.name for channel in Routes.load(settings_at(root, **environ)).channels(said.to)]


def test_the_webhook_gets_json_with_idempotency_key_and_signature() -> None:
    said = notice("team:orders")

    with webhook_sink() as sink:
        WebhookChannel(sink.url, "secret").send(said)

    digest = hmac.new(b"secret", sink.bodies[0], hashlib.sha256).hexdigest()
    assert sink.received == [said.payload]
    assert sink.headers[0]["Idempotency-Key"] == said.key
    assert sink.headers[0]["X-Mesh-Signature"] == f"sha256={digest}"


def test_a_webhook_that_refuses_is_named_without_its_path() -> None:
    with webhook_sink() as sink:
        sink.status = 500
        with pytest.raises(DeliveryError) as caught:
            WebhookChannel(sink.url + "/token").send(notice())

    assert str(caught.value) == "webhook 127.0.0.1 answered 500 Internal Server Error"


def test_a_webhook_that_is_gone_is_down() -> None:
    with webhook_sink() as sink:
        pass

    with pytest.raises(DeliveryError) as caught:
        WebhookChannel(sink.url).send(notice())
    assert caught.value.down


def test_mail_goes_to_the_owner() -> None:
    said = notice("team-orders@company.io")

    with mail_sink() as (sink, url):
        EmailChannel(url, "mesh@company.io", ("team-orders@company.io",)).send(said)

    (mail,) = sink.mails
    assert (mail["To"], mail["Subject"]) == ("team-orders@company.io", said.title)
    assert mail.get_content().splitlines() == said.text.splitlines()


def test_a_refused_recipient_does_not_mean_that_the_server_is_down() -> None:
    with mail_sink() as (sink, url):
        sink.unknown.add("gone@company.io")
        with pytest.raises(DeliveryError) as caught:
            EmailChannel(url, "mesh@company.io", ("gone@company.io",)).send(notice())

    assert not caught.value.down


def test_apprise_delivers_to_its_urls() -> None:
    with webhook_sink() as sink:
        AppriseChannel(sink.url.replace("http://", "json://")).send(notice("team:orders"))

    assert sink.received[0]["message"] == notice("team:orders").text


def test_a_url_apprise_does_not_know_is_an_error_without_the_secret() -> None:
    with pytest.raises(DeliveryError, match="Apprise knows no such URL") as caught:
        AppriseChannel("nonsense://token").send(notice())
    assert "token" not in str(caught.value)


ALL: dict[str, Any] = {
    "MESH_ALERT_WEBHOOK": "http://hooks.company.io/x",
    "MESH_ALERT_URLS": "json://general.company.io",
    "MESH_ALERT_URLS_ORDERS": "json://orders.company.io",
    "MESH_SMTP_URL": "smtp://mail.company.io",
}


def test_an_owner_with_an_address_gets_mail_and_no_chat(tmp_path: Path) -> None:
    assert names(tmp_path, notice("a@company.io"), **ALL) == [
        "log",
        "webhook hooks.company.io",
        "e-mail a@company.io",
    ]


def test_a_team_gets_its_own_channel_else_the_general_one(tmp_path: Path) -> None:
    general = Routes.load(settings_at(tmp_path, **ALL)).general[0].name
    own = Routes.load(settings_at(tmp_path, **ALL)).teams["orders"][0].name

    assert names(tmp_path, notice("team:orders"), **ALL)[2:] == [own]
    assert names(tmp_path, notice("team:billing"), **ALL)[2:] == [general]


def test_without_a_mail_server_the_general_channel_stands_in(tmp_path: Path) -> None:
    environ = {"MESH_ALERT_URLS": "json://general.company.io"}

    assert len(names(tmp_path, notice("a@company.io"), **environ)) == 2


def test_only_the_log_is_on_by_default(tmp_path: Path) -> None:
    assert names(tmp_path, notice("a@company.io")) == ["log"]


def test_a_wrong_webhook_url_is_an_error_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MESH_ALERT_WEBHOOK is not a URL such as http://"):
        names(tmp_path, notice(), MESH_ALERT_WEBHOOK="file:///etc/passwd")
