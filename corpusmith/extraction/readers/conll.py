"""CoNLL: a word a line, its tag in a column, an empty line after each sentence."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, tagged_document
from corpusmith.extraction.schemes import TAG, to_bio
from corpusmith.inference import bio
from corpusmith.text_files import TextFile

WORD_NAMES = {"word", "words", "token", "tokens", "form", "text"}
TAG_NAMES = {"tag", "tags", "ner", "ner_tag", "ner_tags", "ne", "label", "entity"}
DOCUMENT = "-DOCSTART-"
CHUNKS = {"NP", "VP", "PP", "ADVP", "SBAR", "ADJP", "PRT", "CONJP", "INTJ", "LST", "UCP"}
NUMBER = re.compile(r"\d+(?:[-.]\d+)?")
HOW = "choose them with --columns word=1,tag=2 (columns count from 1)"

Line = tuple[int, list[str]]
"""Line number and cells."""


def read_conll(file: TextFile, columns: Mapping[str, str] | None = None) -> Iterator[Document]:
    """The sentences of a file, tags converted to BIO.

    Cells are divided by tabs, or by spaces in a file without tabs. `columns` names those of `word`
    and `tag`. Without it, an index column, a column of chunks, a header and comments are
    recognised. If two columns could be the tags, the error asks for `columns`.
    In CoNLL-U, ranges of words (`2-3`) and empty nodes (`8.1`) are no words, and are left out.

    Raises:
        UserError: when lines differ in their number of columns, or the columns can't be told apart.
    """
    sentences = split_sentences(list(file.lines()), file.name)
    rows = [line for sentence in sentences for line in sentence]
    if not rows:
        return
    if header := header_columns(rows[0][1], columns):
        sentences[0] = sentences[0][1:]
        rows = rows[1:]
        columns = header
    if (columns or {}).get("word") != "1":
        sentences = without_ranges(sentences)
        rows = [line for sentence in sentences for line in sentence]
    word, tag = chosen_columns(columns, rows, sentences, file.name)
    sentences = [sentence for sentence in sentences if sentence]
    places = [f"{file.name}, line {sentence[0][0]}" for sentence in sentences]
    words = [[checked_word(n, cells[word], file.name) for n, cells in s] for s in sentences]
    # Each line is checked by itself, so that an error names it.
    to_bio([(f"{file.name}, line {n}", [cells[tag]]) for s in sentences for n, cells in s])
    for place, tokens, s in zip(places, words, sentences, strict=True):
        yield tagged_document(None, tokens, bio([cells[tag] for _, cells in s]), place)


def split_sentences(lines: Sequence[str], name: str) -> list[list[Line]]:
    """Sentences of lines with equally many cells; comments and document marks are left out."""
    tabs = any("\t" in line for line in lines if not line.startswith(("#", DOCUMENT)))
    cells = [split_cells(line, tabs) for line in lines]
    counts = [len(of) for line, of in zip(lines, cells, strict=True) if counted(line)]
    width = max(set(counts), key=counts.count) if counts else 0
    sentences: list[list[Line]] = [[]]
    for number, (line, of) in enumerate(zip(lines, cells, strict=True), 1):
        if not line.strip() or line.startswith(DOCUMENT):
            sentences += [[]] if sentences[-1] else []
        elif line.startswith("#") and (len(of) != width or not any(map(TAG.fullmatch, of[1:]))):
            continue
        elif len(of) != width:
            raise UserError(
                f"{name}, line {number}: {len(of)} columns, but {width} in most lines; write a "
                "word, a tab and its "
                "tag in each line"
            )
        else:
            sentences[-1].append((number, of))
    return [sentence for sentence in sentences if sentence]


def without_ranges(sentences: list[list[Line]]) -> list[list[Line]]:
    """Without the lines whose number in the first column is a range or a decimal, if that column
    numbers the words.
    """
    first = [cells[0] for sentence in sentences for _, cells in sentence if len(cells) > 2]
    if not all(map(NUMBER.fullmatch, first)) or all(map(str.isdecimal, first)):
        return sentences
    words = [[line for line in sentence if line[1][0].isdecimal()] for sentence in sentences]
    words = [sentence for sentence in words if sentence]
    return words if words and is_index(words, 0) else sentences


def counted(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(("#", DOCUMENT))


def split_cells(line: str, tabs: bool) -> list[str]:
    """The cells of a line, without empty ones at its end. No-break and thin spaces belong to a
    word.
    """
    if not tabs:
        return [cell for cell in line.split(" ") if cell]
    cells = [cell.strip(" ") for cell in line.split("\t")]
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    return cells


def header_columns(first: list[str], columns: Mapping[str, str] | None) -> dict[str, str] | None:
    """Columns by the names in the first line, when it holds a name for words and one for tags."""
    names = [cell.lower() for cell in first]
    if columns and all(name in first for name in columns.values()):
        return {ours: str(first.index(theirs) + 1) for ours, theirs in columns.items()}
    words = [n for n, name in enumerate(names, 1) if name in WORD_NAMES]
    tags = [n for n, name in enumerate(names, 1) if name in TAG_NAMES]
    if len(words) == len(tags) == 1 and not columns:
        return {"word": str(words[0]), "tag": str(tags[0])}
    return None


def chosen_columns(
    columns: Mapping[str, str] | None, rows: list[Line], sentences: list[list[Line]], name: str
) -> tuple[int, int]:
    """The positions of words and tags."""
    width = len(rows[0][1])
    if columns:
        chosen = [columns.get("word", ""), columns.get("tag", "")]
        if not all(re.fullmatch("[1-9][0-9]*", c) and int(c) <= width for c in chosen):
            raise UserError(f"{name} has {width} columns without names: {HOW}")
        return int(chosen[0]) - 1, int(chosen[1]) - 1
    if width < 2:
        raise UserError(
            f"{name}, line {rows[0][0]}: one column; write a word, a tab and its tag in each line"
        )
    tags = [n for n in range(width) if is_tag_column([cells[n] for _, cells in rows])]
    if width == 2 and tags == [0, 1]:
        tags = [1]
    if len(tags) > 1:
        tags = [n for n in tags if not is_chunk_column([cells[n] for _, cells in rows])] or tags
    if not tags:
        number, cells = next(row for row in rows if not TAG.fullmatch(row[1][-1]))
        raise UserError(
            f"{name}, line {number} ends in no BIO tag ({cells[-1][:40]!r}): write a word, a tab "
            "and its tag, such as "
            "B-Disease or O, in each line"
        )
    if len(tags) > 1:
        numbers = " and ".join(str(n + 1) for n in tags)
        raise UserError(f"{name}: columns {numbers} both hold tags; {HOW}")
    if tags[0] != width - 1:
        raise UserError(
            f"{name}: column {tags[0] + 1} of {width} holds tags, and the last does not; {HOW}"
        )
    others = [n for n in range(width) if n != tags[0]]
    if is_index(sentences, others[0]) and len(others) > 1:
        others = others[1:]
    elif len(others) > 1 and all(re.fullmatch(r"[\d.-]*\d[\d.-]*", c[others[0]]) for _, c in rows):
        raise UserError(f"{name}: column {others[0] + 1} holds numbers alone, no words; {HOW}")
    elif len(others) > 1 and is_constant(sentences, others[0]):
        raise UserError(
            f"{name}: column {others[0] + 1} repeats itself, so it holds no words; {HOW}"
        )
    return others[0], tags[0]


def is_tag_column(cells: Sequence[str]) -> bool:
    return all(TAG.fullmatch(cell) for cell in cells)


def is_chunk_column(cells: Sequence[str]) -> bool:
    """Whether its types are those of syntactic chunks, as in CoNLL-2000 and CoNLL-2003."""
    types = {cell[2:] for cell in cells if cell != "O"}
    return bool(types) and types <= CHUNKS


def is_index(sentences: list[list[Line]], column: int) -> bool:
    """Whether a column numbers the words, from 0 or 1, in each sentence or through the file.

    Numbers may be missing, but must rise.
    """
    cells = [cells[column] for sentence in sentences for _, cells in sentence]
    if not all(re.fullmatch("[0-9]+", cell) for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return numbers[0] in (0, 1) and all(b > a or b in (0, 1) for a, b in pairwise(numbers))


def is_constant(sentences: list[list[Line]], column: int) -> bool:
    """Whether a column names documents or sentences: the same through each of them."""
    long = [sentence for sentence in sentences if len(sentence) > 2]
    return bool(long) and all(
        len({cells[column] for _, cells in sentence}) == 1 for sentence in long
    )


def checked_word(number: int, word: str, name: str) -> str:
    if not word:
        raise UserError(f"{name}, line {number}: no word before its tag; remove the line")
    return word
