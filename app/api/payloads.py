"""Payloads: how a mutation answers, and how a refusal becomes data in it. No resolver needs a `try`."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import Any, Concatenate, ParamSpec, TypeVar

import strawberry

from app import audit
from app.api.context import Info
from app.api.described import described
from app.core.actor import Permission
from app.core.errors import Code, Forbidden, Refusal

strawberry.enum(Code, name="UserErrorCode")
P = ParamSpec("P")
R = TypeVar("R")


@described
@strawberry.type
class UserError:
    """An expected "no": nothing has changed."""

    code: Code
    """Stable; programs decide by it."""
    message: str
    """A sentence that tells the person what to do."""
    field: list[str] | None = None
    """Path of the input at fault, in the names of this schema."""
    rule: str | None = None
    """The giving rule or limit that refused."""
    available_again_at: datetime | None = None
    """When time heals it."""


def user_error(refusal: Refusal) -> UserError:
    """A refusal as data."""
    return UserError(
        code=refusal.code,
        message=refusal.message,
        field=list(refusal.field) or None,
        rule=refusal.rule,
        available_again_at=refusal.available_again_at,
    )


@described
@strawberry.interface
class Payload:
    """The answer of a mutation."""

    user_errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing has changed; empty when it has."""


Resolver = Callable[Concatenate[Info, P], Awaitable[R]]


def mutation(needs: Permission | None = None) -> Callable[[Resolver[P, R]], Any]:
    """A field of Mutation. Its role is asked for before anything else (and again under the lock); a refusal becomes the payload's
    `userErrors`, the payload's other fields their empty defaults."""

    def decorate(resolver: Resolver[P, R]) -> Any:
        payload: Any = resolver.__annotations__["return"]
        optional = _optional(resolver)

        @functools.wraps(resolver)
        async def answer(info: Info, *args: P.args, **kwargs: P.kwargs) -> R:
            permit(info, needs)
            try:
                return await resolver(info, *args, **{**optional, **kwargs})
            except Refusal as refusal:
                return payload(user_errors=[user_error(refusal)])  # type: ignore[no-any-return]

        return strawberry.mutation(resolver=answer, description=" ".join((resolver.__doc__ or "").split()))

    return decorate


def query(needs: Permission | None = None) -> Callable[[Resolver[P, R]], Any]:
    """A field of Query. Its role is asked for before anything else."""

    def decorate(resolver: Resolver[P, R]) -> Any:
        optional = _optional(resolver)

        @functools.wraps(resolver)
        async def answer(info: Info, *args: P.args, **kwargs: P.kwargs) -> R:
            permit(info, needs)
            return await resolver(info, *args, **{**optional, **kwargs})

        return strawberry.field(resolver=answer, description=" ".join((resolver.__doc__ or "").split()))

    return decorate


def _optional(resolver: Callable[..., Any]) -> Any:
    """Arguments that the schema shows without a default: None to a resolver when the client leaves them out."""
    return {name: None for name, one in inspect.signature(resolver).parameters.items() if one.default is strawberry.UNSET}


def permit(info: Info, needs: Permission | None) -> None:
    """Raises Forbidden unless the actor's role carries the right."""
    if needs is not None and not info.context.actor.may(needs):
        raise Forbidden(f"Your role does not carry the right {needs.value}. Ask an owner of your organization.")


def content_of(**values: Any) -> bytes:
    """The input as the client sent it, in one canonical form: what an idempotency key stands for."""
    return audit.canonical(_plain(values))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not strawberry.UNSET}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    if hasattr(value, "__strawberry_definition__"):
        return _plain({name: getattr(value, name) for name in value.__dataclass_fields__ if name != "idempotency_key"})
    return value
