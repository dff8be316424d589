"""What is concluded counts only what could move, and says of what nothing was proved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ebbtide.errors import ContractError
from features.audit.audit import Audit, Movements, require_clean
from features.audit.conclusion import conclusions
from features.audit.document import audit_json
from features.audit.movement import Moved, Movement
from features.audit.own_table import OwnAudit
from features.audit.page import audit_page
from features.audit.perturbations import PERTURBATIONS
from features.audit.terminal import print_audit
from features.audit.trials import Trial
from features.audit.verdicts import ColumnVerdict

JUNE = datetime(2011, 6, 1, tzinfo=UTC)
CONTROL, LATER = (
    next(one for one in PERTURBATIONS if one.name == name) for name in ("control", "add-later")
)


def trial(perturbation, *columns, appeared=0):
    moved = tuple(Moved(column=name, customers=1, largest_change=1.0) for name in columns)
    return Trial(
        perturbation=perturbation,
        as_of=JUNE,
        touched={"transactions": 9},
        moved=Movement(columns=moved, appeared=appeared),
        by_table={},
    )


def movements(*, control="ab", later="", unstable="", appeared=0):
    return Movements(
        columns=("a", "b", "c"),
        customers={JUNE: 40},
        trials=(trial(CONTROL, *control), trial(LATER, *later, appeared=appeared)),
        unstable=frozenset(["customer_id"] if unstable == "customer_id" else unstable),
    )


def audit(catalogue=None, **others):
    return Audit(
        project="shop",
        as_of=(JUNE,),
        seed=0,
        columns={"transactions": frozenset({"known_at"})},
        catalogue=catalogue or movements(control="abc"),
        **others,
    )


def said(found):
    return [(one.level, one.sentence) for one in conclusions(found)]


def test_only_columns_that_the_control_moved_are_counted_and_the_others_named():
    [(level, moved), (care, rest)] = said(audit(movements(control="ab")))
    assert (level, care) == ("good", "careful")
    assert moved.startswith("None of the 2 features that respond to these tables moved")
    assert "1 never respond" in moved
    assert rest.startswith("Nothing proved: the control did not move c.")


def test_a_column_that_cannot_be_repeated_is_not_clean_and_not_counted():
    unstable = audit(movements(control="abc", later="b", unstable="b"))
    assert not unstable.is_clean
    levels = said(unstable)
    assert levels[0][1].startswith("None of the 2 features")
    assert levels[1][0] == "bad"
    assert levels[1][1].startswith(
        "Two runs of the features on the same tables differ in b: what cannot"
    )


def test_an_unstable_feature_of_the_catalogue_is_always_an_error():
    with pytest.raises(ContractError, match=r"the catalogue differ between two runs.*: b"):
        require_clean(audit(movements(control="abc", unstable="b")))


def test_a_crowd_that_cannot_be_repeated_is_no_leak_but_an_error():
    query = movements(control="abc", appeared=3, unstable="customer_id")
    assert not query.crowd_leaks
    with pytest.raises(ContractError, match=r"the query differ between two runs.*customer_id"):
        require_clean(audit(query=query))


def test_a_leak_is_named_even_where_the_control_did_not_move_it():
    [(level, leak)] = said(audit(movements(control="ab", later="c")))
    assert level == "bad"
    assert leak.startswith("1 of 3 features moved by what nobody could have known at 2011-06-01: c")


def test_a_crowd_that_leaks_is_said():
    [(level, leak)] = said(audit(movements(control="abc", appeared=3)))
    assert level == "bad"
    assert leak.startswith("Who is in the rows moved by what nobody could have known")


def verdict(column, judgement):
    return ColumnVerdict(column=column, judgement=judgement, reasons=("why",), as_of=JUNE)


@pytest.fixture
def of_table():
    """An audit of a feature table of which one column could not be judged, named with brackets."""
    verdicts = (verdict("spend[/eur]", "not judged"), verdict("x", "clean as far as seen"))
    return audit(own=OwnAudit(verdicts=verdicts, customers={JUNE: 400}, without_row={}))


def test_what_was_not_judged_is_not_called_clean(of_table):
    _, (_, counts), (level, unjudged) = said(of_table)
    assert counts == (
        "Of 2 columns of the feature table 1 could be judged: 0 leak, 0 suspicious, "
        "1 clean as far as seen."
    )
    assert level == "careful"
    assert unjudged == "Not judged, so nothing is said of it: spend[/eur]."


def test_it_is_shown_everywhere_whatever_brackets_a_name_has(of_table, capsys):
    print_audit(of_table)
    for shown in (capsys.readouterr().out, audit_page(of_table), audit_json(of_table)):
        assert "not judged" in shown
        assert "spend[/eur]" in shown
        assert "Not judged, so nothing is said of it" in shown
