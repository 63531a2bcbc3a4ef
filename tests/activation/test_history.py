"""Why was this person sent, or not sent?"""

from typing import Any

import pytest

from activation.apply import apply
from activation.errors import ActivationError
from activation.history import history
from activation.plan import plan
from activation.records import FAILED, Outcome
from identity.errors import PersonNotFound
from identity.state import create
from warehouse.connection import connect


def test_decisions_and_attempts_under_every_id_a_person_had(kit: Any) -> None:
    sync, memory = kit.make_sync(), kit.Memory()
    kit.write_model({"old": ("a@x.test", 1), "no": ("consent_withdrawn",)})
    plan(sync, "one", kit.as_of)
    memory.script = [Outcome(FAILED, error_class="rejected", response_code=422)]
    apply(sync, "one", destination=memory)
    kit.write_model({"new": ("a@x.test", 1), "no": ("consent_withdrawn",)})
    plan(sync, "two", kit.as_of)
    apply(sync, "two", destination=memory)
    with connect("test") as con:
        create(con)
        con.execute(
            "insert into state.aliases (alias_id, person_id) values"
            " ('p_old', 'p_mid'), ('p_mid', 'p_new')"
        )
        con.execute("create schema identity")
        con.execute(
            "create table identity.identifiers as"
            " select 'email' as id_type, 'a@x.test' as id_value, 'p_new' as person_id"
        )
    found = history("p_old")
    assert (found.person_id, found.earlier_ids) == ("p_new", ["p_mid", "p_old"])
    assert [(d.sync, d.action, d.reason, d.is_held) for d in found.decisions] == [
        ("people", "add", "allowed", True)
    ]
    assert [(a.action, a.status, a.error_class, a.response_code) for a in found.attempts] == [
        ("add", "failed", "rejected", 422),
        ("add", "sent", None, None),
    ]
    assert history(" A@x.test ").as_dict() == found.as_dict()
    assert history("email:a@x.test").as_dict() == found.as_dict()
    never = history("p_no")
    assert [(d.action, d.reason, d.is_held) for d in never.decisions] == [
        ("skip", "consent_withdrawn", False)
    ]
    assert not never.attempts


@pytest.mark.parametrize("person", ["p_nobody", "canary@x.test", "email:canary@x.test"])
def test_nobody_is_not_repeated_in_the_message(kit: Any, person: str) -> None:
    kit.write_model({})
    plan(kit.make_sync(), "one", kit.as_of)
    with pytest.raises((ActivationError, PersonNotFound), match=r"found (nobody|none)") as error:
        history(person)
    assert person not in str(error.value)
