"""huggingface_hub's API bound to one repository, so that tests need not repeat its name."""

from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi

CARD = (
    b"---\nlicense: mit\nsdk: gradio\npipeline_tag: token-classification\n"
    b"library_name: transformers\n---\nText\n"
)


class Repo:
    """The API bound to one repository."""

    def __init__(self, endpoint: str, kind: str):
        self.api, self.id, self.kind = (
            HfApi(endpoint=endpoint, token="any-token"),
            "lab/notes",
            kind,
        )
        sdk = "gradio" if kind == "space" else None
        self.url = self.api.create_repo(self.id, repo_type=kind, space_sdk=sdk)

    def __getattr__(self, name: str):
        return lambda *args, **kwargs: getattr(self.api, name)(
            self.id, *args, repo_type=self.kind, **kwargs
        )

    def commit(self, files: dict[str, bytes | Path], message: str = "Change", **kwargs):
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        return self.create_commit(operations, commit_message=message, **kwargs)

    def read(self, path: str, cache: Path, revision: str = "main") -> bytes:
        return Path(self.hf_hub_download(path, revision=revision, cache_dir=cache)).read_bytes()
