"""A due date goes into a notebook and comes out of it as it was; what is left is told in words."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cs231n_lib.course.assignment.due import due_of, told, with_due
from cs231n_lib.course.assignment.notebook import Damaged

DUE = datetime(2027, 3, 28, 23, 59, 59, tzinfo=timezone(timedelta(hours=2)))


def notebook(**settings):
    metadata = {"cs231n": settings} if settings else {}
    return json.dumps({"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": metadata})


def test_a_date_comes_back_and_leaves_other_settings_alone():
    before = notebook(solutions="2027-05-10").encode()
    said = with_due(before, DUE)
    assert due_of(said) == DUE
    assert json.loads(said)["metadata"]["cs231n"]["solutions"] == "2027-05-10"
    assert json.loads(with_due(said, None)) == json.loads(before)
    assert (
        "cs231n" not in json.loads(with_due(with_due(notebook().encode(), DUE), None))["metadata"]
    )


def test_a_master_that_says_a_date_of_its_own_does_not_count():
    assert due_of(with_due(notebook(due="2020-01-01").encode(), None)) is None


@pytest.mark.parametrize("due", [7, "in May", None, ["2027-01-01"]])
def test_what_is_no_date_is_none(due):
    assert due_of(notebook(due=due).encode()) is None


def test_what_is_no_notebook_says_nothing_and_is_told_nothing():
    assert due_of(b"{") is None
    with pytest.raises(Damaged):
        with_due(b"{", DUE)


def test_a_date_without_a_zone_is_one_of_utc():
    assert due_of(notebook(due="2027-05-01T10:00").encode()) == datetime(2027, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("delta", "left"),
    [
        (timedelta(days=2, hours=1, minutes=5), "2 days 1 hour left"),
        (timedelta(days=1, minutes=5), "1 day 5 minutes left"),
        (timedelta(minutes=59), "59 minutes left"),
        (timedelta(seconds=20), "less than a minute left"),
        (-timedelta(days=3), "3 days ago"),
    ],
)
def test_what_is_left_is_told_in_the_readers_zone(delta, left):
    zone = timezone(timedelta(hours=-5, minutes=-30))
    assert told(DUE, DUE - delta, zone) == f"2027-03-28 16:29 UTC-05:30, {left}"
