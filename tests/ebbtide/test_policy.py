"""The policy file: the starter is whole, and every mistake is named with its place."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ebbtide.errors import SettingsError
from ebbtide.policy.file import load_policy, read_policy
from ebbtide.project import STARTER_POLICY

SMALL = """
version = "1"
owner = "me"
margin_rate = 0.5
value_horizon_days = 365
valid_days = 7
bands = { high = 0.6, medium = 0.3 }
[[actions]]
code = "call"
text = { en = "Call", zh = "致电" }
channel = "phone"
contact_cost = 1
acceptance_cost = 0
stayer_acceptance_rate = 0
answers = ["disengagement"]
is_discount = false
needs_contact_consent = true
save_rate = { mean = 0.2, sd = 0.1 }
"""


def test_the_starter_policy_names_the_actions_of_the_simulator():
    codes = {action.code for action in load_policy(STARTER_POLICY).actions}
    assert codes == {
        "apology_call",
        "priority_resolution",
        "goodwill_credit",
        "reactivation_email",
        "onboarding_help",
        "loyalty_points",
        "discount_voucher",
        "better_fit_review",
        "billing_contact",
    }


def test_the_version_changes_with_any_number():
    policy = read_policy(SMALL)
    assert re.fullmatch(r"1\+[0-9a-f]{8}", policy.version)
    assert replace(policy, margin_rate=0.4).version != policy.version
    assert read_policy(SMALL + "\n# a comment").version == policy.version


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("margin_rate", "margin_rat", "margin_rat: unknown key; did you mean 'margin_rate'?"),
        ("sd = 0.1", "std = 0.1", "actions.0.save_rate.std: unknown key; did you mean 'sd'?"),
        ("contact_cost", "contact_costs", "did you mean 'contact_cost'?"),
        ("medium = 0.3", "medium = 0.7", "bands: expected 0 < medium < high"),
        ("high = 0.6", "hihg = 0.6", "bands.hihg: unknown key; did you mean 'high'?"),
        ('"disengagement"]', '"boredom"]', "actions.0.answers.0: expected 'service_failure', "),
        ("mean = 0.2", "mean = 1.2", "actions.0.save_rate.mean: expected 1 or less, got a number"),
        ("contact_cost = 1", "contact_cost = nan", "actions.0.contact_cost"),
        ("contact_cost = 1", "contact_cost = -1", "actions.0.contact_cost"),
        ('zh = "致电"', 'zh = ""', "actions.0.text.zh"),
        ('version = "1"', "version = 1", "version: expected a text, got a whole number"),
        ('version = "1"', "version == 1", "cannot be read as TOML"),
        (
            "sd = 0.1 }",
            "sd = 0.1 }\neligibility = { features = { a = { mim = 1 } } }",
            "actions.0.eligibility.features.a.mim: unknown key; did you mean 'min'?",
        ),
        (
            "sd = 0.1 }",
            "sd = 0.1 }\neligibility = { features = { a = { min = 2, max = 1 } } }",
            "actions.0.eligibility.features.a: expected min <= max",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(old, new, message):
    with pytest.raises(SettingsError, match=re.escape(message)):
        read_policy(SMALL.replace(old, new, 1))


def test_all_mistakes_are_named_at_once():
    text = SMALL.replace("margin_rate", "margin_rat").replace("contact_cost = 1", "")
    with pytest.raises(SettingsError, match=r"3 problem\(s\)"):
        read_policy(text)


def test_a_code_comes_once():
    with pytest.raises(SettingsError, match="these come twice: call"):
        read_policy(SMALL + SMALL[SMALL.index("[[actions]]") :])


def test_a_discount_cannot_answer_payment_failure():
    text = SMALL.replace("disengagement", "payment_failure").replace(
        "is_discount = false", "is_discount = true"
    )
    with pytest.raises(SettingsError, match="contact billing instead"):
        read_policy(text)


def test_an_absent_file_says_where_to_begin(tmp_path):
    with pytest.raises(SettingsError, match=r"ebbtide policy --out"):
        load_policy(tmp_path / "policy.toml")


HOLDOUT = """[holdout]
share = 0.1
salt = "a salt of tests"
"""


def held_out(*, holdout: str = HOLDOUT, family: str = "", second: str = ""):
    """The small policy with a second action, and lines that are put into either."""
    begins = SMALL.index("[[actions]]")
    action = SMALL[begins:]
    other = action.replace('code = "call"', f'code = "letter"\n{second}')
    return SMALL[:begins] + holdout + action.replace('"call"\n', f'"call"\n{family}\n', 1) + other


def test_without_a_holdout_the_version_is_what_it_was_before_there_was_one():
    assert read_policy(SMALL).version == "1+0ad7b5f4"


def test_each_key_of_the_holdout_changes_the_version():
    texts = [
        SMALL,
        held_out(holdout=""),
        held_out(),
        held_out(holdout=HOLDOUT.replace("0.1", "0.2")),
        held_out(holdout=HOLDOUT.replace("a salt", "my salt")),
        held_out(second="holdout_share = 0.5"),
        held_out(second='family = "contact"'),
    ]
    assert len({read_policy(text).version for text in texts}) == len(texts)


def test_an_action_is_held_out_with_its_family_at_its_own_share_or_the_policys():
    policy = read_policy(held_out(second='family = "contact"\nholdout_share = 0.5'))
    shares = {each.held_out_with: policy.holdout_share(each) for each in policy.actions}
    assert shares == {"call": 0.1, "contact": 0.5}
    without = read_policy(SMALL)
    assert [without.holdout_share(each) for each in without.actions] == [0.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            held_out(holdout="[holdout]\nshare = 0.1\n"),
            "holdout.salt: expected, and not there; add it",
        ),
        (
            held_out(holdout=HOLDOUT.replace("a salt of tests", "short")),
            "holdout.salt: expected at least 8 character(s), got a text",
        ),
        (
            held_out(holdout=HOLDOUT.replace("0.1", "1.0")),
            "holdout.share: expected 0.9 or less, got a number",
        ),
        (held_out(holdout=HOLDOUT.replace("salt", "salz")), "did you mean 'salt'?"),
        (held_out(holdout="", second="holdout_share = 0.1"), "expected [holdout] with share and"),
        (
            held_out(second="holdout_share = -0.1"),
            "actions.1.holdout_share: expected 0 or more, got a number",
        ),
        (
            held_out(second='family = "A b"'),
            "actions.1.family: expected 2 to 40 small letters, digits and underscores",
        ),
        (held_out(second='family = "call"\nholdout_share = 0.2'), "these have several: call"),
    ],
)
def test_a_mistake_of_the_holdout_is_named(text, message):
    with pytest.raises(SettingsError, match=re.escape(message)):
        read_policy(text)
