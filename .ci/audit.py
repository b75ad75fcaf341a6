"""Ask the advisory database of the package index for holes in the pinned versions (pip-audit).

    python .ci/audit.py PIP_AUDIT

Exits with 1 if a pinned version has a known hole. Where the index serves no advisories, one package
is asked for, and the dated list in .ci/advisories.yaml, which the tests check, is all there is.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

REPO = Path(__file__).parents[1]
PROBE = "starlette"


def audited(pip_audit: str, pins: list[str]) -> list[dict]:
    """What pip-audit says of each pin."""
    with TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text("\n".join(pins) + "\n", encoding="utf-8")
        line = [pip_audit, "--requirement", str(requirements), "--no-deps", "--disable-pip"]
        done = subprocess.run(
            [*line, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True
        )
    if not done.stdout.strip():  # 1 is also the exit status when there are holes
        sys.exit(f"pip-audit failed:\n{done.stderr}")
    return json.loads(done.stdout)["dependencies"]


def main(pip_audit: str) -> None:
    lines = (REPO / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    (probe,) = audited(pip_audit, [pin for pin in pins if pin.startswith(f"{PROBE}==")])
    if "skip_reason" in probe:
        print(f"The index serves no advisories ({probe['skip_reason']}).")
        print("Only the dated list in .ci/advisories.yaml was checked, by the tests.")
        return
    found = audited(pip_audit, pins)
    for one in found:
        for hole in one.get("vulns", ()):
            fixed = ", ".join(hole["fix_versions"]) or "no release"
            print(f"{one['name']} {one['version']}: {hole['id']}, fixed in {fixed}")
        if "skip_reason" in one:
            print(f"not checked: {one['skip_reason']}")
    if any(one.get("vulns") for one in found):
        sys.exit("Raise the floor in pyproject.toml and the pin; add the hole to advisories.yaml.")
    print(f"{len(found)} pinned packages, no known hole.")


if __name__ == "__main__":
    main(sys.argv[1])
