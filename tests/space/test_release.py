"""The Space from its release to its first answer, with only the files on the Hub."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MODELS = {"disease": "local/disease-tiny", "gene": "local/gene-tiny", "relation": "local/gad-tiny"}


def test_released_space_starts_from_hub_alone(
    models: dict[str, Path], start_app, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    from huggingface_hub import HfApi, snapshot_download

    from corpusmith.hub.folders.space import stage_space
    from corpusmith.hub.loopback import hub_at
    from corpusmith.hub.publish import About, publish
    from corpusmith.hub.repo import HubTarget
    from corpusmith.recipe.load import load_recipe

    with hub_at("local", tmp_path / "hub") as endpoint:
        api = HfApi(endpoint=endpoint, token=False)
        for name, repo in MODELS.items():
            api.create_repo(repo)
            api.upload_folder(repo_id=repo, folder_path=models[name])
            api.create_tag(repo, tag="v1.0.0")
            # Break the main branch: the Space must use the pinned revision.
            api.upload_file(repo_id=repo, path_or_fileobj=b"{}", path_in_repo="config.json")
        pinned = {name: f"{repo}@v1.0.0" for name, repo in MODELS.items()}
        about = About(ner=(pinned["disease"], pinned["gene"]), relations=(pinned["relation"],))
        staged = stage_space(tmp_path / "staged", [load_recipe("ncbi-disease")])
        release = publish(
            "space",
            staged,
            "local/corpusmith",
            about=about,
            target=HubTarget(endpoint, private=False),
        )
        assert release.version

        cloned = Path(
            snapshot_download(
                "local/corpusmith",
                repo_type="space",
                endpoint=endpoint,
                local_dir=tmp_path / "clone",
            )
        )
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
        python = tmp_path / "venv/bin/python"
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "-r", cloned / "requirements.txt"], check=True
        )

        bare = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "home"), "PYTHONPATH": ""}
        app = start_app(cloned / "app.py", str(python), bare, tmp_path / "log.txt")
        asked = "client.predict('BRCA1 causes asthma.', api_name='/{}')"
        script = (
            f"from gradio_client import Client; client = Client({app.url!r}, verbose=False); "
            f"found, related = {asked.format('extract')}, {asked.format('relations')}; "
            "print([m['text'] for m in found], related[0]['label'])"
        )
        answered = subprocess.run(
            [python, "-c", script], capture_output=True, text=True, env=os.environ | bare
        )
        assert answered.stdout.strip() == "['BRCA1', 'asthma'] related", answered.stderr
