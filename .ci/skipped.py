"""Fail if pytest's report (JUnit's XML) has a test that was skipped for another reason than those that are named."""

import sys
from pathlib import Path
from xml.etree import ElementTree

report, *allowed = sys.argv[1:]
cases = list(ElementTree.fromstring(Path(report).read_text(encoding="utf-8")).iter("testcase"))
skipped = [(case, case.find("skipped")) for case in cases]
wrong = [
    f"{case.get('classname')}::{case.get('name')}: {reason.get('message')}"
    for case, reason in skipped
    if reason is not None and reason.get("message") not in allowed
]
print(f"{len(cases)} tests, {len(wrong)} skipped without need")
sys.exit("\n".join(wrong) if wrong or not cases else 0)
