"""Which input a release refuses, and which files it keeps or leaves out."""

import json
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from corpusmith.errors import UserError
from corpusmith.hub.publish import About, HubTarget, publish, repin, rollback
from corpusmith.hub.release import folder_files
from corpusmith.hub.repo import Repo
from tests.training.models import TAGS
from tests.training.models import write_model as write_real_model

CORPUS, MODEL, SPACE = "local/corpusmith-ner", "local/corpusmith-demo", "local/corpusmith"


def text(repo: Repo, path: str) -> str:
    return repo.read(repo.standing().files[path]).decode()


def commit(hub: str, files: dict[str, bytes], repo_id: str = CORPUS, kind: str = "dataset") -> None:
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    HfApi(endpoint=hub, token="any-token").create_commit(
        repo_id, operations, commit_message="By hand", repo_type=kind
    )


def test_files_of_others_are_kept_over_several_releases(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    target = HubTarget(hub)
    publish("dataset", write_corpus(tmp_path / "a"), CORPUS, target=target)
    commit(hub, {"NOTES.md": b"mine", "extra/a.txt": b"mine"})
    for number in (1, 2):
        folder = write_corpus(tmp_path / f"b{number}", rows=20 + 10 * number)
        assert publish("dataset", folder, CORPUS, target=target).version == f"v0.{number + 1}.0"
        assert {"NOTES.md", "extra/a.txt"} <= Repo(
            "dataset", CORPUS, target
        ).standing().files.keys()
    rollback("dataset", CORPUS, "v0.1.0", target=target)
    assert text(Repo("dataset", CORPUS, target), "NOTES.md") == "mine"


def test_readme_edited_by_hand_is_not_replaced_unless_asked(
    hub: str, tmp_path: Path, write
) -> None:
    write_corpus, _ = write
    target = HubTarget(hub)
    publish("dataset", write_corpus(tmp_path / "a"), CORPUS, target=target)
    repo = Repo("dataset", CORPUS, target)
    edited = text(repo, "README.md") + "\nA line by hand.\n"
    commit(hub, {"README.md": edited.encode()})
    more = write_corpus(tmp_path / "b", rows=30)
    with pytest.raises(UserError, match=r"README\.md .* was edited by hand .* --overwrite"):
        publish("dataset", more, CORPUS, target=target)
    assert text(repo, "README.md") == edited
    done = publish("dataset", more, CORPUS, target=HubTarget(hub, overwrite=True))
    assert done.version == "v0.2.0" and "by hand" not in text(repo, "README.md")


def test_text_written_into_the_changelog_is_kept(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    target = HubTarget(hub)
    publish("dataset", write_corpus(tmp_path / "a"), CORPUS, target=target)
    repo = Repo("dataset", CORPUS, target)
    first = text(repo, "CHANGELOG.md")
    edited = (
        first.replace("# Changelog\n", "# Changes\n\nAsk Ada about these.\n") + "\n- By hand.\n"
    )
    edited = edited.replace("\n\n## v0.1.0", "\r\n\n## v0.1.0")
    commit(hub, {"CHANGELOG.md": edited.encode()})
    assert publish("dataset", tmp_path / "a", CORPUS, target=target).state == "unchanged"
    more = write_corpus(tmp_path / "b", rows=30)
    assert publish("dataset", more, CORPUS, target=target).version == "v0.2.0"
    head, _, rest = text(repo, "CHANGELOG.md").partition("## v0.2.0 (")
    old_head, mark, old_rest = edited.partition("## v0.1.0 (")
    assert head == old_head and rest.endswith(f"\n\n{mark}{old_rest}")
    assert rest.count("## v") == 1


def test_changelog_of_somebody_else_is_not_replaced_unless_asked(
    hub: str, model_folder: Path
) -> None:
    HfApi(endpoint=hub, token="any-token").create_repo(MODEL)
    commit(hub, {"CHANGELOG.md": b"# Theirs\n\n- One change.\n"}, MODEL, "model")
    with pytest.raises(UserError, match=r"CHANGELOG\.md .* was edited by hand .* --overwrite"):
        publish("model", model_folder, MODEL, target=HubTarget(hub))
    publish("model", model_folder, MODEL, target=HubTarget(hub, overwrite=True))
    assert "Theirs" not in text(Repo("model", MODEL, HubTarget(hub)), "CHANGELOG.md")


def test_files_in_a_repo_made_by_somebody_else_are_kept(hub: str, model_folder: Path) -> None:
    api = HfApi(endpoint=hub, token="any-token")
    api.create_repo(MODEL)
    commit(hub, {"theirs.txt": b"theirs", "README.md": b"# Theirs"}, MODEL, "model")
    with pytest.raises(UserError, match=r"README\.md .* was edited by hand"):
        publish("model", model_folder, MODEL, target=HubTarget(hub))
    publish("model", model_folder, MODEL, target=HubTarget(hub, overwrite=True))
    assert "theirs.txt" in Repo("model", MODEL, HubTarget(hub)).standing().files


@pytest.mark.parametrize(
    "about",
    [
        About(ner=["local/absent@v0.1.0"]),
        About(ner=[f"{MODEL}@v9.0.0"]),
        About(relations=[f"{MODEL}@v9.0.0"]),
        About(ner=[f"{MODEL}@v0.1.0"], datasets=["local/absent@v0.1.0"]),
        About(dataset=f"{CORPUS}@v0.1.0"),
    ],
)
def test_pins_of_missing_repos_or_versions_are_refused(
    hub: str, model_folder: Path, tmp_path: Path, about: About
) -> None:
    publish("model", model_folder, MODEL, target=HubTarget(hub))
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "README.md").write_text("---\ntitle: T\nsdk: gradio\n---\n")
    kind, folder = ("model", model_folder) if about.dataset else ("space", tmp_path / "space")
    with pytest.raises(UserError, match="there is no such"):
        publish(kind, folder, SPACE, about=about, target=HubTarget(hub, dry_run=True))


def test_repin_to_missing_version_is_refused(hub: str, model_folder: Path, tmp_path: Path) -> None:
    publish("model", model_folder, MODEL, target=HubTarget(hub))
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "README.md").write_text("---\ntitle: T\nsdk: gradio\n---\n")
    about = About(ner=[f"{MODEL}@v0.1.0"])
    publish("space", tmp_path / "space", SPACE, about=about, target=HubTarget(hub))
    with pytest.raises(UserError, match="there is no such model"):
        repin(SPACE, [f"{MODEL}@v0.9.0"], target=HubTarget(hub))


def test_symbolic_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "inside").write_text("x")
    (folder / "again").symlink_to(folder / "inside")
    assert sorted(folder_files(folder)) == ["again", "inside"]
    (folder / "vocab.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match=r"vocab\.txt is a symbolic link"):
        folder_files(folder)


@pytest.mark.parametrize(
    "name", ["onc/my--ner", "onc/my..ner", "onc/-ner", "onc/ner.", "onc/" + "n" * 97]
)
def test_bad_repo_name_is_one_line_error(hub: str, model_folder: Path, name: str) -> None:
    with pytest.raises(UserError, match="is no name for a repo"):
        publish("model", model_folder, name, target=HubTarget(hub))


def test_recipe_named_rejected_is_refused(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    folder = write_corpus(tmp_path / "a", recipe="rejected")
    with pytest.raises(UserError, match="can't be called rejected"):
        publish("dataset", folder, CORPUS, target=HubTarget(hub))


def test_license_of_build_is_on_the_card(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    target, repo = HubTarget(hub), Repo("dataset", CORPUS, HubTarget(hub))
    publish("dataset", write_corpus(tmp_path / "a", license="cc-by-4.0"), CORPUS, target=target)
    assert "license: cc-by-4.0" in text(repo, "README.md")
    publish("dataset", write_corpus(tmp_path / "b", rows=30), CORPUS, target=target)
    assert "license: cc-by-4.0" in text(repo, "README.md"), "an omitted field keeps its value"


def test_configs_with_different_licenses_are_both_on_the_card(
    hub: str, tmp_path: Path, write
) -> None:
    write_corpus, _ = write
    target, repo = HubTarget(hub), Repo("dataset", CORPUS, HubTarget(hub))
    first = write_corpus(tmp_path / "a", license="cc-by-4.0")
    second = write_corpus(tmp_path / "b", recipe="species", license="other")
    for folder in (first, second):
        publish("dataset", folder, CORPUS, target=target)
    card = text(repo, "README.md")
    assert "license:\n- cc-by-4.0\n- other\n" in card
    assert "under `cc-by-4.0` and `other`" in card
    for folder in (first, second):
        assert publish("dataset", folder, CORPUS, target=target).state == "unchanged"
    given = About(license="mit")
    publish("dataset", first, CORPUS, about=given, target=target)
    assert publish("dataset", second, CORPUS, target=target).state == "unchanged", "it was given"
    assert "license: mit" in text(repo, "README.md")


def test_later_version_is_released_after_a_tag_clash(hub: str, tmp_path: Path, write) -> None:
    _, write_model = write
    target, api = HubTarget(hub), HfApi(endpoint=hub, token="any-token")
    first = publish("model", write_model(tmp_path / "a"), MODEL, target=target)
    api.create_tag(MODEL, tag="v0.2.0", revision=first.commit)
    better = write_model(tmp_path / "b", b"better")
    for _ in range(2):  # first at the clash itself, then at the check of a rerun
        with pytest.raises(UserError, match="later --version"):
            publish("model", better, MODEL, target=target)
    done = publish("model", better, MODEL, version="v0.3.0", target=target)
    assert (done.state, done.version) == ("released", "v0.3.0")
    standing = Repo("model", MODEL, target).standing()
    assert standing.tags["v0.3.0"] == standing.head and standing.tags["v0.2.0"] == first.commit
    again = publish("model", better, MODEL, version="v0.3.0", target=target)
    assert again.state == "unchanged"


def test_widget_shows_sentences_of_the_corpus_test_split(
    hub: str, tmp_path: Path, write, encoder: Path
) -> None:
    write_corpus, write_model = write
    target = HubTarget(hub)
    publish("dataset", write_corpus(tmp_path / "c"), CORPUS, target=target)
    dataset = {"id": CORPUS, "config": "demo-disease", "revision": "v0.1.0"}
    model = write_model(tmp_path / "m", dataset=dataset)
    real = write_real_model(model, encoder, TAGS, {"task": "ner", "max_length": 64})
    publish("model", real, MODEL, target=target)
    shown = [row["text"] for row in HfApi(endpoint=hub).model_info(MODEL).card_data["widget"]]
    assert shown == [f"Mutations in gene {n} cause cystic fibrosis." for n in (18, 19)]


SIGNED = "https://ada:pa55word@store.example/words.tsv?X-Amz-Signature=abcdef123&X-Amz-Credential=AKIA1#x"


def test_secrets_in_lexicon_url_are_not_published(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    folder = write_corpus(tmp_path / "a", lexicons=[{"name": SIGNED, "version": SIGNED}])
    recipe = folder / "recipes" / "demo-disease" / "recipe.yaml"
    recipe.write_text(f"name: demo-disease\nlexicons:\n  d: {{source: '{SIGNED}'}}\n")
    target = HubTarget(hub)
    publish("dataset", folder, CORPUS, target=target)
    repo = Repo("dataset", CORPUS, target)
    for path, file in repo.standing().files.items():
        if not file.lfs:
            content = repo.read(file).decode()
            for secret in ("abcdef123", "AKIA1", "pa55word", "ada:"):
                assert secret not in content, path
    assert "https://store.example/words.tsv" in text(repo, "recipes/demo-disease/recipe.yaml")
    build = json.loads(text(repo, "recipes/demo-disease/build.json"))
    assert build["lexicons"][0]["name"] == "https://store.example/words.tsv"


def test_token_echoed_by_hub_is_not_shown(loopback, model_folder: Path) -> None:
    from starlette.responses import JSONResponse

    def echo(app):
        async def answer(scope, receive, send):
            if scope["type"] != "http":
                return await app(scope, receive, send)
            sent = dict(scope["headers"]).get(b"authorization", b"").decode()
            headers = {"X-Error-Message": f"bad request with {sent}"}
            return await JSONResponse({"error": sent}, 400, headers)(scope, receive, send)

        return answer

    token = "plain-secret-of-ada"
    with pytest.raises(UserError) as caught:
        publish("model", model_folder, MODEL, target=HubTarget(loopback(echo).url, token))
    assert token not in str(caught.value) and "refuses the request (400)" in str(caught.value)
    assert token not in repr(HubTarget("http://x", token))


def test_broken_space_card_is_one_line_error(hub: str, tmp_path: Path) -> None:
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "README.md").write_text("---\ntitle: [\n---\nText\n")
    with pytest.raises(UserError, match="YAML at the head of README"):
        publish("space", tmp_path / "space", SPACE, target=HubTarget(hub))
