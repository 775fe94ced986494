"""One account of due dates, extensions and late days, whatever was handed in and when."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.gradebook.lateness import (
    DAY,
    Terms,
    account,
    days_late,
    later,
)
from cs231n_lib.course.errors import UserError

DUE = datetime(2026, 3, 1, 17)
NAMES = ("a1", "a2", "a3")
HOURS = st.integers(-200, 200).map(lambda n: timedelta(hours=n))


@pytest.mark.parametrize(
    ("seconds", "days"), [(-5, 0), (0, 0), (1, 1), (86_400, 1), (86_400.001, 2), (172_801, 3)]
)
def test_every_day_that_has_begun_counts(seconds, days):
    assert days_late(seconds) == days


def test_a_day_is_begun_by_its_first_moment():
    at, after = (account({"a1": DUE}, {}, {"a1": DUE + timedelta(seconds=n)}, 1) for n in (0, 1))
    assert (at["a1"].days_spent, at["a1"].seconds) == (0, 0)
    assert (after["a1"].days_spent, after["a1"].seconds) == (1, 0)


@given(
    st.fixed_dictionaries(dict.fromkeys(NAMES, HOURS)),
    st.fixed_dictionaries(dict.fromkeys(NAMES, HOURS)),
    st.fixed_dictionaries(dict.fromkeys(NAMES, st.integers(0, 5).map(lambda n: n * DAY))),
    st.integers(0, 8),
)
def test_days_are_spent_once_in_order_and_cover_a_delay_whole_or_not(dues, delays, longer, days):
    due = {name: DUE + dues[name] for name in NAMES}
    came = {name: due[name] + delays[name] for name in NAMES}
    found = account(due, longer, came, days)
    assert list(found) == sorted(NAMES, key=lambda name: (due[name], name))
    left = days
    for name, late in found.items():
        delay = max(0.0, (delays[name] - longer[name]).total_seconds())
        needed = days_late(delay)
        covered = 0 < needed <= left
        assert (late.days_spent, late.seconds) == ((needed, 0) if covered else (0, delay))
        left -= late.days_spent
        assert late.days_left == left >= 0


@given(
    st.sampled_from(["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.integers(1, 9),
    st.booleans(),
)
@example("Europe/Zurich", datetime(2026, 10, 24, 15), 1, True)
@example("Europe/Zurich", datetime(2027, 3, 27, 16), 1, False)
def test_days_end_at_the_same_time_on_the_clock(zone, due, days, extended):
    def clock(time):
        return time.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    end = later(due, days * DAY, ZoneInfo(zone))
    assume(clock(end) - clock(due) == days * DAY)  # there is no such time on that day
    longer, budget = ({"a1": days * DAY}, 0) if extended else ({}, days)
    for seconds, spent in ((0, 0 if extended else days), (1, 0)):
        came = {"a1": end + timedelta(seconds=seconds)}
        late = account({"a1": due}, longer, came, budget, ZoneInfo(zone))["a1"]
        assert late.days_spent == spent
        assert bool(late.seconds) == bool(seconds)
    assert account({"a1": due}, {}, {"a1": due + timedelta(minutes=40)}, 1)["a1"].days_spent == 1


def test_what_has_no_date_or_no_time_is_not_late():
    due, came = {"a1": DUE, "a2": None}, {"a1": None, "a2": DUE}
    found = account(due, {}, came, 2)
    assert list(found) == ["a1", "a2"]
    assert {(late.seconds, late.days_spent, late.days_left) for late in found.values()} == {
        (0, 0, 2)
    }


def test_the_longer_of_two_extensions_counts():
    terms = Terms(extensions={"a1": {"anne": 2 * 86400}, "a2": {"anne": 0}})
    theirs = {"a1": DAY, "a2": DAY}
    assert terms.extensions_of("anne", theirs) == {"a1": 2 * DAY, "a2": DAY}
    assert terms.extensions_of("bob", {}) == {}


def test_terms_that_are_damaged_are_named_and_not_forgotten(tmp_path):
    path = tmp_path / ".nbgrader" / "terms.json"
    path.parent.mkdir()
    path.write_bytes(b'{"late_days": ')
    with pytest.raises(UserError, match=r"terms\.json is damaged: put a copy"):
        Terms.read(Course(tmp_path))
