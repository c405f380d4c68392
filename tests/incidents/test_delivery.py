"""Each notice once to each channel, whatever fails in between."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from mesh_orchestration.incidents.channels import DeliveryError
from mesh_orchestration.incidents.delivery import Ledger, deliver
from mesh_orchestration.incidents.notice import About, Notice
from mesh_orchestration.incidents.signals import Incident, Message


@dataclass
class Inbox:
    """A channel in memory that can be switched off."""

    name: str
    down: bool = False
    got: list[str] = field(default_factory=list)
    asked: int = 0

    @property
    def service(self) -> str:
        return self.name

    def send(self, notice: Notice) -> None:
        self.asked += 1
        if self.down:
            raise DeliveryError(f"{self.name} is off", down=True)
        self.got.append(notice.message.incident.subject)


def notice(subject: str) -> Notice:
    return Notice(Message(Incident(subject, "run", "error", 1, 0.0), "opened", 0.0), About())


class Sending:
    """Delivers two notices to two channels, with the ledger kept between the attempts."""

    def __init__(self) -> None:
        self.good, self.bad = Inbox("good"), Inbox("bad", down=True)
        self.ledger: Ledger = {}

    def attempt(self, *, attempts: int = 10) -> tuple[str, ...]:
        pairs = [(notice(subject), channel) for subject in ("a", "b") for channel in (self.bad, self.good)]
        return deliver(pairs, self.ledger, save=self._save, attempts=attempts)

    def _save(self, ledger: Ledger) -> None:
        self.ledger = dict(ledger)


def test_a_channel_that_is_down_holds_nobody_up_and_gets_everything_later() -> None:
    sending = Sending()

    assert len(sending.attempt()) == 2
    sending.bad.down = False
    assert sending.attempt() == ()

    assert (sending.good.got, sending.bad.got) == (["a", "b"], ["a", "b"])


def test_a_service_that_is_down_is_asked_once_an_attempt() -> None:
    sending = Sending()

    sending.attempt()

    assert sending.bad.asked == 1


def test_a_delivery_is_given_up_in_the_end_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending()
    with caplog.at_level(logging.ERROR, "mesh.alerts"):
        sending.attempt(attempts=2)
        assert sending.attempt(attempts=2) == ()
        assert sending.attempt(attempts=2) == ()

    assert [record.getMessage().splitlines()[0] for record in caplog.records] == [
        "gave up after 2 attempts: bad is off",
        "gave up after 2 attempts: bad is off",
    ]
