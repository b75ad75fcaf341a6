import csv
import json
import subprocess
import sys
import time

import pytest

import corpusmith as cs
from corpusmith.errors import UserError
from corpusmith.extraction import extract
from corpusmith.extraction.extract import Extractor
from corpusmith.extraction.readers.read import DETECTED, Reading
from corpusmith.extraction.run import Inputs, Output, begin_partial, extract_files, run_key
from corpusmith.lexicon.matcher import Matcher
from tests.training.models import SENTENCES, TAGS, write_model, write_quiet_model


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_encoder):
    folder = tmp_path_factory.mktemp("model")
    return write_model(folder, tiny_encoder, TAGS, {"task": "ner", "max_length": 64})


@pytest.fixture(scope="module")
def extractor(model):
    return Extractor.from_pretrained(model)


@pytest.fixture
def notes(tmp_path):
    """A folder of texts, tables and files that are not documents."""
    folder = tmp_path / "notes"
    (folder / "more").mkdir(parents=True)
    (folder / "a.txt").write_text(SENTENCES[0])
    (folder / "a.ann").write_text("T1\tD 0 4\tused by BRAT\n")
    (folder / ".hidden").write_text("x")
    (folder / "more" / "a.txt").write_text(SENTENCES[1])
    (folder / "b.csv").write_text(f'id,text\n7,"{SENTENCES[2]}"\n,"{SENTENCES[3]}"\n')
    (folder / "c.jsonl").write_text(json.dumps({"text": SENTENCES[4]}) + "\n")
    (folder / "d.pubtator").write_text(f"9|t|{SENTENCES[5]}\n9|a|More.\n")
    return folder


def run(extractor, patterns, out, to=None, reading=DETECTED, skip_bad=False):
    inputs = Inputs(list(map(str, patterns)), reading, skip_bad)
    return extract_files(extractor, inputs, Output.of(out, to))


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_folder_of_mixed_files_gives_each_document_once(extractor, notes, tmp_path):
    done = run(extractor, [notes], tmp_path / "o.jsonl")
    found = rows(tmp_path / "o.jsonl")
    assert [row["id"] for row in found] == ["a", "7", "b-2", "c-1", "9", "more/a"]
    texts = [SENTENCES[0], *SENTENCES[2:5], f"{SENTENCES[5]} More.", SENTENCES[1]]
    assert [row["text"] for row in found] == texts
    assert (done.documents, done.skipped) == (6, [])
    assert done.mentions == sum(len(row["entities"]) for row in found) > 0
    assert not (tmp_path / "o.jsonl.partial").exists()


def test_csv_has_one_row_per_mention(extractor, notes, tmp_path):
    done = run(extractor, [notes / "*.txt"], tmp_path / "o.csv")
    with (tmp_path / "o.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert table[0]["document"] == SENTENCES[0]
    assert [SENTENCES[0][int(r["start"]) : int(r["end"])] for r in table if r["start"]] == [
        row["text"] for row in table if row["start"]
    ]
    assert done.documents == 1


def test_windows_1252_is_read_if_requested(extractor, tmp_path):
    (tmp_path / "w.txt").write_bytes(f"Caf\u00e9. {SENTENCES[0]}".encode("cp1252"))
    (tmp_path / "u.txt").write_text(f"Caf\u00e9. {SENTENCES[0]}", encoding="utf-8")
    with pytest.raises(UserError, match=r"w\.txt, line 1: not UTF-8.*--encoding cp1252"):
        run(extractor, [tmp_path / "*.txt"], tmp_path / "o.jsonl")
    run(extractor, [tmp_path / "*.txt"], tmp_path / "o.jsonl", reading=Reading(encoding="cp1252"))
    one, other = rows(tmp_path / "o.jsonl")
    assert one["text"] == other["text"] and one["entities"] == other["entities"]


def test_bad_documents_are_listed_and_skipped_only_if_asked(extractor, notes, tmp_path):
    (notes / "bad.jsonl").write_text('{"text": "first"}\n{"text": \n{"text": "third"}\n')
    (notes / "bad.csv").write_text("id,text\n1\n2,whole\n")
    (notes / "word.docx").write_bytes(b"PK\0")
    with pytest.raises(UserError, match=r"bad\.csv, row 2: 1 cells for 2 columns"):
        run(extractor, [notes], tmp_path / "o.jsonl")
    assert not (tmp_path / "o.jsonl").exists()
    done = run(extractor, [notes], tmp_path / "o.jsonl", skip_bad=True)
    texts = {row["text"] for row in rows(tmp_path / "o.jsonl")}
    assert {"first", "third", "whole"} < texts and done.documents == 9
    assert len(done.skipped) == 3
    assert [
        name in " ".join(done.skipped) for name in ("bad.csv", "bad.jsonl, line 2", "word.docx")
    ]


@pytest.mark.parametrize(
    ("name", "remedy"), [("a.docx", "text"), ("a.pdf", "text"), ("a.xls", r"\.xlsx")]
)
def test_office_files_are_refused_with_what_to_save_them_as(extractor, tmp_path, name, remedy):
    (tmp_path / name).write_bytes(b"PK\x03\x04\0")
    with pytest.raises(UserError, match=f"{name}: .* files are not read; save it as.*{remedy}"):
        run(extractor, [tmp_path / name], tmp_path / "o.jsonl")


def test_existing_output_and_other_run_are_refused(extractor, notes, tmp_path):
    out = tmp_path / "o.jsonl"
    run(extractor, [notes], out)
    with pytest.raises(UserError, match="exists: remove it"):
        run(extractor, [notes], out)
    with pytest.raises(UserError, match="exists: remove it"):  # before any input is read
        run(extractor, [tmp_path / "missing.txt"], out)
    out.rename(tmp_path / "o.jsonl.partial")
    with pytest.raises(UserError, match="is from another run"):
        run(extractor, [notes], out)


def test_interrupted_run_continues_after_its_last_whole_batch(extractor, tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "CHARACTERS", 150)
    texts = tmp_path / "texts.jsonl"
    texts.write_text(
        "".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in enumerate(SENTENCES))
    )
    run(extractor, [texts], tmp_path / "whole.jsonl")
    whole = (tmp_path / "whole.jsonl").read_text()

    class Stopped(Exception):
        pass

    asked = []

    def stop(document):
        asked.append(document.id)
        if len(asked) == 7:
            raise Stopped
        return document

    halting = Extractor(extractor.entities, annotate=[stop])
    with pytest.raises(Stopped):
        run(halting, [texts], tmp_path / "o.jsonl")
    partial = tmp_path / "o.jsonl.partial"
    with partial.open("a") as file:
        file.write('{"id": "6", "te')  # killed within a line
    run(halting, [texts], tmp_path / "o.jsonl")
    assert (tmp_path / "o.jsonl").read_text() == whole
    assert asked.count("2") == 1  # not extracted again


def test_list_is_part_of_a_run(tiny_encoder, tmp_path):
    """Another list is another run; its concept ids are written."""
    model = write_quiet_model(tmp_path / "quiet", tiny_encoder)
    texts, out = tmp_path / "texts.txt", tmp_path / "o.csv"
    texts.write_text("Patients with cystic fibrosis or gout were seen.")
    keys = set()
    for names in ([("cystic fibrosis", "D:1"), ("gout", "D:2")], [("gout", "D:2")]):
        lexicon = {"Disease": Matcher(names)}
        listed = Extractor.from_pretrained(model, lexicon=lexicon)
        keys.add(run_key(listed, Inputs([])))
        run(listed, [texts], out)
        with out.open(newline="") as file:
            found = [(row["text"], row["concept_id"]) for row in csv.DictReader(file)]
        assert ("gout", "D:2") in found
        out.unlink()
    assert len(keys) == 2


def test_reads_stdin_and_writes_stdout(model):
    line = [sys.executable, "-m", "corpusmith", "extract", str(model), "-", "--from", "lines"]
    done = subprocess.run(line, input="\n".join(SENTENCES[:3]), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [json.loads(row) for row in done.stdout.splitlines()]
    assert [row["text"] for row in found] == SENTENCES[:3]


@pytest.mark.slow
def test_killed_process_resumes_to_same_bytes(model, tmp_path):
    texts = tmp_path / "texts.jsonl"
    with texts.open("w") as file:
        for n in range(5_000):
            file.write(json.dumps({"id": n, "text": SENTENCES[n % len(SENTENCES)]}) + "\n")
    line = [sys.executable, "-m", "corpusmith", "extract", str(model), str(texts), "--out"]
    subprocess.run([*line, str(tmp_path / "whole.jsonl")], check=True)
    partial = tmp_path / "o.jsonl.partial"
    process = subprocess.Popen([*line, str(tmp_path / "o.jsonl")])
    while not (partial.exists() and partial.stat().st_size > 20_000):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert not (tmp_path / "o.jsonl").exists()
    subprocess.run([*line, str(tmp_path / "o.jsonl")], check=True)
    assert (tmp_path / "o.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_urls_of_fsspec_are_read(extractor, tmp_path):
    import fsspec

    with fsspec.open("memory://notes/a.jsonl.gz", "wt", compression="infer") as file:
        file.write(json.dumps({"id": "7", "text": SENTENCES[0]}) + "\n")
    run(extractor, ["memory://notes/*.gz"], tmp_path / "o.jsonl", reading=Reading("json"))
    assert [row["id"] for row in rows(tmp_path / "o.jsonl")] == ["7"]


def test_function_takes_the_options_of_the_command(tmp_path, tiny_encoder):
    pytest.importorskip("negspacy", reason="pip install 'corpusmith[documents]'")
    model = write_quiet_model(tmp_path / "quiet", tiny_encoder)
    (tmp_path / "note.txt").write_text("There was no evidence of gout.")
    (tmp_path / "words.txt").write_text("gout\n")
    options = {"context": True, "assist": [f"Disease={tmp_path / 'words.txt'}"]}
    cs.extract(model, tmp_path / "note.txt", tmp_path / "o.jsonl", threshold=0.0, **options)
    (gout,) = [e for e in rows(tmp_path / "o.jsonl")[0]["entities"] if e["text"] == "gout"]
    assert gout["concept_id"] == "word:1" and gout["attributes"] == ["negated"]
    with pytest.raises(TypeError, match="colour"):
        cs.extract(model, tmp_path / "note.txt", tmp_path / "p.jsonl", colour="red")


def test_interrupted_run_of_changed_documents_is_not_continued(extractor, notes, tmp_path):
    partial = tmp_path / "o.jsonl.partial"  # as an interrupted run leaves it
    begin_partial(partial, run_key(extractor, Inputs([str(notes)])))
    (notes / "more" / "a.txt").write_text("Another note.")
    with pytest.raises(UserError, match=r"o\.jsonl\.partial is from another run: remove it"):
        run(extractor, [notes], tmp_path / "o.jsonl")


def test_remains_of_a_killed_run_are_not_delivered(extractor, notes, tmp_path):
    left = tmp_path / "o.writing"
    left.mkdir()
    (left / "patient.txt").write_text("of another folder")
    run(extractor, [notes], tmp_path / "o", to="brat")
    assert not list((tmp_path / "o").rglob("patient.txt")) and not left.exists()
