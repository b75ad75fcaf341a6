"""The Space: `python space/app.py` in a checkout, `python app.py` in the Space's own repository.

CORPUSMITH_NER_MODELS=path-or-id[@revision],... and CORPUSMITH_RELATION_MODEL=... replace the
models of README.md's front matter. HF_ENDPOINT is the Hub they come from, GRADIO_SERVER_NAME and
GRADIO_SERVER_PORT say where the page is served.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    # The package is beside this file in the Space's repository, one folder up in a checkout.
    sys.path.insert(0, str(HERE if (HERE / "corpusmith").is_dir() else HERE.parent))
    from corpusmith.extraction.assist.served import assisted_reader
    from corpusmith.space.page import build_page, launch_options
    from corpusmith.space.service import Service
    from corpusmith.space.settings import read_settings

    try:
        service = Service(read_settings(HERE), assisted_reader)
    except ValueError as error:
        sys.exit(str(error))
    page = build_page(service)
    page.launch(**launch_options(page, HERE))


if __name__ == "__main__":
    main()
