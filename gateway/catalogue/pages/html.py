"""Pages from templates: everything that comes from a file is escaped, and no name goes missing."""

from jinja2 import Environment, PackageLoader, StrictUndefined

_ENVIRONMENT = Environment(
    loader=PackageLoader("gateway.catalogue", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> str:
    """Return one self-contained HTML page; nothing in it is fetched from elsewhere.

    Trust:   values may hold any text; they are escaped where they stand in the template.
    """
    return _ENVIRONMENT.get_template(template).render(values)
