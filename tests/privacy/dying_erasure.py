"""An erasure in a process of its own that kills itself when it is about to save its journal for the nth time."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from mesh_orchestration.governance.access import Reader
from mesh_orchestration.privacy.erase import Erasure, Order
from mesh_orchestration.privacy.journal import Journal, Journals
from tests.builders import settings_at
from tests.privacy.people import KEY, SECRET, asked


class Dying(Journals):
    """Journals whose owner dies in place of the nth time it saves."""

    lives = 0

    def save(self, journal: Journal) -> None:
        self.lives -= 1
        if not self.lives:
            os.kill(os.getpid(), signal.SIGKILL)
        super().save(journal)


if __name__ == "__main__":
    settings = settings_at(Path(sys.argv[1]), **{KEY: SECRET})
    journals = Dying(settings)
    journals.lives = int(sys.argv[3])
    with journals.exclusive():
        proof = Erasure(Order(asked(settings, sys.argv[2]), Reader("dana", "data-protection")), journals).run()
    sys.exit(0 if proof.verified else 1)
