"""Names of published repos, and their files."""

from corpusmith.hub.repo import HubTarget, Repo

CORPUS, MODEL, SPACE = "local/corpusmith-ner", "local/corpusmith-demo", "local/corpusmith"


def text(kind: str, repo_id: str, path: str, hub: str, revision: str = "main") -> str:
    repo = Repo(kind, repo_id, HubTarget(hub))
    return repo.read(repo.standing(revision).files[path]).decode()
