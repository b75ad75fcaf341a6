import re
from pathlib import Path

from corpusmith.corpus.augment.entities import derived_entities, with_names
from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.example import Entities, Span
from corpusmith.lexicon.load import load_lexicon
from corpusmith.lexicon.matcher import is_acronym
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe
from tests.corpus.augment.augmented import augmented

JOINT = re.compile(r"\w (and|or|and/or) \w|\w/\w")


def test_replacement_has_same_type_and_fits_its_context(ner_recipe: Path) -> None:
    recipe = augmented(ner_recipe, replacements=6)
    text = "In ovarian cancer, and in ovarian cancer alone, it was lost."
    example = Entities(
        text,
        (
            Span(3, 17, "Disease", "ovarian cancer", "D:2"),
            Span(26, 40, "Disease", "ovarian cancer", "D:2"),
        ),
    )
    copies = list(derived_entities(example, "row-1", recipe, Vocabulary(Plan(recipe))))
    assert copies
    for how, copy in copies:
        assert how == "replaced"
        assert all(copy.text[span.start : span.end] == span.text for span in copy.spans)
        assert len({span.concept_id for span in copy.spans}) == 1
        # The other concepts of MeSH branch C04.
        assert copy.spans[0].concept_id in {
            "D:1",
            "D:3",
            "D:7",
        }
    assert copies == list(derived_entities(example, "row-1", recipe, Vocabulary(Plan(recipe))))


def test_sentence_without_mention_is_not_copied(ner_recipe: Path) -> None:
    recipe = augmented(ner_recipe, replacements=3)
    assert (
        list(
            derived_entities(
                Entities("Nothing was found.", ()), "row-1", recipe, Vocabulary(Plan(recipe))
            )
        )
        == []
    )


def test_contrast_names_another_concept_without_label(ner_recipe: Path) -> None:
    recipe = augmented(ner_recipe, contrasts=3)
    example = Entities(
        "In gout it was lost, as in gout.",
        (Span(3, 7, "Disease", "gout", "D:6"), Span(27, 31, "Disease", "gout", "D:6")),
    )
    copies = list(derived_entities(example, "row-1", recipe, Vocabulary(Plan(recipe))))
    assert len(copies) == 3
    for how, copy in copies:
        assert how == "contrasted" and copy.spans == () and "gout" not in copy.text
        assert copy.text.startswith("In ") and copy.text.endswith(".")


def test_contrast_uses_lexicons_and_frames_of_recipe(
    ner_recipe: Path,
) -> None:
    recipe = augmented(
        ner_recipe,
        contrasts=12,
        forms={"framed": 1.0},
        frames=("marked {}",),
        contrasted_lexicons={"background": 1},
    )
    known = {name for concept in load_lexicon("background").concepts for name in concept.names}
    example = Entities("It was gout.", (Span(7, 11, "Disease", "gout", "D:6"),))
    copies = [
        copy.text
        for _, copy in derived_entities(example, "row-1", recipe, Vocabulary(Plan(recipe)))
    ]
    assert len(copies) == 12
    for text in copies:
        assert (
            text.startswith("It was marked ")
            and text.removeprefix("It was marked ").removesuffix(".") in known
        )


def test_mixed_list_labels_only_names_of_the_type(ner_recipe: Path) -> None:
    recipe = augmented(
        ner_recipe,
        replacements=30,
        across_types=1.0,
        forms={"mixed": 1.0},
        contrasted_lexicons={"background": 1},
    )
    known = {
        name for concept in Plan(recipe).lexicons["disease"].concepts for name in concept.names
    }
    example = Entities("It was gout.", (Span(7, 11, "Disease", "gout", "D:6"),))
    labelled, unlabelled = 0, 0
    for _, copy in derived_entities(example, "row-1", recipe, Vocabulary(Plan(recipe))):
        mentions = {copy.text[span.start : span.end] for span in copy.spans}
        assert mentions <= known and mentions
        listed = re.split(
            ", and |, or |, | and ", copy.text.removeprefix("It was ").removesuffix(".")
        )
        labelled, unlabelled = (
            labelled + len(copy.spans),
            unlabelled + len(listed) - len(copy.spans),
        )
    assert labelled > 60 and unlabelled > 20


def with_forms(ner_recipe: Path, **forms: float) -> Recipe:
    return augmented(
        ner_recipe, replacements=12, forms=forms, qualifiers=("familial",), deficiency_of="gene"
    )


def test_replacement_uses_forms_of_running_text(ner_recipe: Path) -> None:
    text = "Men with ovarian cancer were seen; ovarian cancer was common."
    spans = (
        Span(9, 23, "Disease", "ovarian cancer", "D:2"),
        Span(35, 49, "Disease", "ovarian cancer", "D:2"),
    )

    def copies(**forms: float) -> list[Entities]:
        recipe = with_forms(ner_recipe, **forms)
        return [
            copy
            for _, copy in derived_entities(
                Entities(text, spans), "row-1", recipe, Vocabulary(Plan(recipe))
            )
        ]

    assert any([span.text for span in copy.spans] == ["WT", "WT"] for copy in copies(acronym=1.0))
    bracketed = [
        copy for copy in copies(bracketed=1.0) if "Wilms tumor (WT) were seen; WT was" in copy.text
    ]
    assert [span.text for span in bracketed[0].spans] == ["Wilms tumor", "WT", "WT"]
    assert any(copy.spans[0].text.startswith("familial ") for copy in copies(qualified=1.0))
    lacking = {copy.spans[0].text for copy in copies(deficiency=1.0)}
    assert lacking & {"BRCA1 deficiency", "CFTR deficiency", "WT1 deficiency", "ATM deficiency"}
    for form in ("acronym", "bracketed", "qualified", "deficiency"):
        for copy in copies(**{form: 1.0}):
            assert all(copy.text[span.start : span.end] == span.text for span in copy.spans)


def test_acronym_is_replaced_by_acronym(ner_recipe: Path) -> None:
    recipe = augmented(ner_recipe, replacements=12, contrasts=6)
    text = "Men with ovarian cancer (OC) were seen."
    spans = (Span(9, 23, "Disease", "ovarian cancer", "D:2"), Span(25, 27, "Disease", "OC", "D:2"))
    copies = list(
        derived_entities(Entities(text, spans), "row-1", recipe, Vocabulary(Plan(recipe)))
    )
    assert {how for how, _ in copies} == {"replaced", "contrasted"}
    for how, copy in copies:
        long, short = copy.text.removeprefix("Men with ").removesuffix(") were seen.").split(" (")
        assert long != short and is_acronym(short)
        assert [span.text for span in copy.spans] == ([long, short] if how == "replaced" else [])


def test_names_that_share_their_last_word_are_coordinated(
    ner_recipe: Path, lexicons: dict[str, str]
) -> None:
    with Path(lexicons["disease"]).open("a", encoding="utf-8") as lines:
        for number, organ in enumerate(("lung", "bladder", "skin", "liver", "bone", "gastric"), 20):
            lines.write(f"D:{number}\t{organ} cancer\t\tC04.588\t9\n")
    recipe = with_forms(ner_recipe, coordinated=1.0)
    text = "Men with ovarian cancer were seen."
    example = Entities(text, (Span(9, 23, "Disease", "ovarian cancer", "D:2"),))
    spans = [
        copy.spans[0]
        for _, copy in derived_entities(example, "row-1", recipe, Vocabulary(Plan(recipe)))
    ]
    together = [span for span in spans if "|" in span.concept_id]
    assert together and all(
        span.text.endswith(" cancer") and span.text.count("cancer") == 1 for span in together
    )
    assert all(JOINT.search(span.text) for span in together)


def test_vary_context_replaces_names_around_mentions(ner_recipe: Path) -> None:
    recipe = augmented(ner_recipe, replacements=12, vary_context=True)
    gene = Span(0, 5, "gene", "BRCA1", "G:1")
    example = Entities(
        "BRCA1 is lost in ovarian cancer.",
        (Span(17, 31, "Disease", "ovarian cancer", "D:2"),),
        (gene,),
    )
    copies = [
        copy for _, copy in derived_entities(example, "row-1", recipe, Vocabulary(Plan(recipe)))
    ]
    assert {copy.text.split(" is lost in ")[0] for copy in copies} & {"WT1", "CFTR", "ATM"}
    assert all(
        len(copy.spans) == 1 and copy.text[copy.spans[0].start :] == copy.spans[0].text + "."
        for copy in copies
    )
    alone = list(
        derived_entities(
            Entities("BRCA1 is lost.", (), (gene,)), "row-1", recipe, Vocabulary(Plan(recipe))
        )
    )
    assert alone and all(how == "replaced" and copy.spans == () for how, copy in alone)


def test_list_labels_each_name_and_frame_labels_only_the_name(ner_recipe: Path) -> None:
    text = "It causes gout."
    example = Entities(text, (Span(10, 14, "Disease", "gout", "D:6"),))

    def copies(**augment: object) -> list[Entities]:
        recipe = augmented(ner_recipe, replacements=20, across_types=1.0, **augment)
        return [
            copy for _, copy in derived_entities(example, "row-1", recipe, Vocabulary(Plan(recipe)))
        ]

    listed = copies(forms={"listed": 1.0})
    assert listed and all(len(copy.spans) >= 2 for copy in listed)
    for copy in listed:
        assert all(copy.text[span.start : span.end] == span.text for span in copy.spans)
        between = copy.text[copy.spans[0].end : copy.spans[-1].start]
        assert " and " in between or " or " in between or ", " in between

    framed = copies(forms={"framed": 1.0}, frames=("{gene}-linked {}",))
    assert framed and all(re.match(r"It causes .+-linked ", copy.text) for copy in framed)
    assert all(
        copy.spans[0].end == len(copy.text) - 1 and "-linked" not in copy.spans[0].text
        for copy in framed
    )


def test_aside_shifts_spans_and_is_outside_them(ner_recipe: Path) -> None:
    recipe = augmented(ner_recipe, replacements=30, asides=("(P < 0.05)",))
    text = "In patients with ovarian cancer the gene was often lost."
    example = Entities(text, (Span(17, 31, "Disease", "ovarian cancer", "D:2"),))
    copies = [
        copy for _, copy in derived_entities(example, "row-1", recipe, Vocabulary(Plan(recipe)))
    ]
    with_one = [copy for copy in copies if "(P < 0.05)" in copy.text]
    assert 0 < len(with_one) < len(copies)
    for copy in copies:
        (span,) = copy.spans
        assert copy.text[span.start : span.end] == span.text and "(" not in span.text
        assert not copy.text[span.end :].startswith(" (")  # brackets here hold an abbreviation


def test_equal_ids_of_two_lists_are_two_concepts() -> None:
    """The ids of a word list are the numbers of its lines."""
    text = "The stent was removed after aspirin was given."
    spans = (Span(4, 9, "Device", "stent", "word:2"), Span(28, 35, "Drug", "aspirin", "word:2"))
    names = {
        ("Device", "word:2"): [(("catheter", "word:3"),)],
        ("Drug", "word:2"): [(("heparin", "word:1"),)],
    }
    copy = with_names(Entities(text, spans), names)
    assert copy.text == "The catheter was removed after heparin was given."
    assert [(span.text, span.label) for span in copy.spans] == [
        ("catheter", "Device"),
        ("heparin", "Drug"),
    ]
