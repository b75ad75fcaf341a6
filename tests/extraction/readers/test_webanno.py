from corpusmith.extraction.readers.webanno import read_webanno
from corpusmith.text_files import TextFile


def test_escaped_bar_belongs_to_the_label(tmp_path):
    head = "#FORMAT=WebAnno TSV 3.3\n#T_SP=custom.Span|value\n\n\n#Text=Gout rose\n"
    (tmp_path / "a.tsv").write_text(head + "1-1\t0-4\tGout\tA\\|B\t\n1-2\t5-9\trose\tC|D\t\n")
    (document,) = read_webanno(TextFile.of(tmp_path / "a.tsv"))
    assert [(m.label, m.text) for m in document.mentions] == [
        ("A|B", "Gout"),
        ("C", "rose"),
        ("D", "rose"),
    ]
