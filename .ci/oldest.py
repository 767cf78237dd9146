"""Print the oldest versions that a pyproject.toml promises to run with, as constraints for pip: `lark==1.2`."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["project"]
optional = project["optional-dependencies"]
for requirement in (*project["dependencies"], *optional["explain"], *optional["png"]):
    found = re.match(r"([\w.-]+)>=([\d.]+)", requirement)
    if found is not None:
        print(f"{found[1]}=={found[2]}")
