"""What is told of the directory: recording 34d."""

from __future__ import annotations

from tests.support.cases import for_each
from tests.support.model_call import ModelCall


@for_each(
    ("command", "answer"),
    [
        ("user_exists id 1000 here", "true"),
        ("user_exists id 1001 there", "true"),
        ("user_exists id 1001 here", "false"),
        ("user_exists id 1000", "false"),
        ("user_data 1000@here attr id", "1000"),
        ("user_data 1000@here var x", "-ERR no reply\n"),
        ("domain_exists there", "true"),
        ("domain_exists elsewhere", "false"),
        ("group_call sales@here", "error/NO_ROUTE_DESTINATION"),
        ("in_group 1000@here,sales", "false"),
    ],
)
def test_the_users_that_can_be_called_are_in_it(command: str, answer: str) -> None:
    call = ModelCall().answered()
    call.endpoint("user/1000")
    call.endpoint("user/1001@there")
    assert call.send(f"api {command}") == answer
