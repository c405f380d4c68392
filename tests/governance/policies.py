"""Small policies for the tests, written into a mesh of their own."""

from __future__ import annotations

from pathlib import Path

from mesh_orchestration.governance.bundle import Bundle, load_bundle

HEAD = """# METADATA
# title: A title
# description: A reason.
# custom:
#   code: {code}
#   fix: Mend it.
#   owner: team:council
{extra}package mesh.{package}

"""
BODY = """deny contains finding if {
	input.product.metadata.version == "0.0.0"
	finding := {"path": "metadata.version", "message": "is no version"}
}
"""


def write_rule(
    root: Path, place: str = "rules/versions", *, code: str = "VER-001", body: str = BODY, extra: str = ""
) -> Path:
    """Write the rule ``policies/<place>.rego`` with a test beside it that reaches nothing."""
    path = root / "policies" / f"{place}.rego"
    path.parent.mkdir(parents=True, exist_ok=True)
    package = place.replace("/", ".")
    path.write_text(HEAD.format(code=code, package=package, extra=extra) + body)
    path.with_name(f"{path.stem}_test.rego").write_text(f"package mesh.{package}_test\n\ntest_nothing if true\n")
    return path


def bundle_of(root: Path, body: str, place: str = "rules/versions") -> Bundle:
    """The bundle with one rule of this body."""
    write_rule(root, place, body=body)
    return load_bundle(root)
