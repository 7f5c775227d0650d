"""The statements that no call ran."""

from __future__ import annotations

import ast

from simulator.exploring.probes import Ran
from simulator.exploring.trees import Tree
from simulator.exploring.unrun import unrun

SOURCE = """
TABLE = {"1": sales, "2": support}

def handler(session):
    menu = Menu(session)
    menu.runs(TABLE)

class Menu:
    def __init__(self, session):
        self.session = session

    def runs(self, table):
        table["1"](self.session)

    def never_named(self):
        return 1

def sales(session):
    if session:
        return
    else:
        session.hangup("CALL_REJECTED")

def support(session):
    session.hangup("CALL_REJECTED")
"""
RAN = {(5, 4), (6, 4), (10, 8), (13, 8), (19, 4), (20, 8)}


def test_what_the_code_that_ran_names_should_have_run() -> None:
    ran = Ran()
    ran.add(RAN)
    left_out = unrun(Tree(ast.parse(SOURCE)), SOURCE, "handler", ran)
    assert [(each.function, each.first, each.behind) for each in left_out] == [
        ("sales", 22, "else of if session"),
        ("support", 25, ""),
    ]
