"""The jinja environment of all templates: undefined names and None are errors, never blanks."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from glmc.resources import resource


class _Resources(BaseLoader):
    """Loads templates/ from the wheel or the checkout."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Any]:
        path = resource("templates")
        for part in template.split("/"):
            path = path / part
        if not path.is_file():
            raise TemplateNotFound(template)
        return path.read_text(encoding="utf-8"), None, None


def _reject_none(value: object) -> object:
    if value is None:
        raise TypeError("a template printed None")
    return value


def _is_page(template: str | None) -> bool:
    """Whether what is filled in must be escaped."""
    return template is not None and template.endswith(".html.jinja")


@cache
def environment() -> Environment:
    """Shared by the backends. Blocks stand on lines of their own and leave none behind."""
    return Environment(
        loader=_Resources(),
        undefined=StrictUndefined,
        finalize=_reject_none,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=_is_page,
    )


def render(template: str, **context: object) -> str:
    """The text of ``templates/<template>`` with ``context`` filled in."""
    return environment().get_template(template).render(context)
