"""Forms of names in copies: plain, abbreviated, in a list, in a frame, or as a contrast."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.example import Span
from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.forms import forms
from corpusmith.lexicon.matcher import is_acronym
from corpusmith.lexicon.surface_forms import abbreviation, surface
from corpusmith.recipe.schema import Recipe

Piece = tuple[str, str]  # text and its concept; "" for unlabelled text
Pieces = tuple[Piece, ...]


@dataclass(frozen=True)
class NameForms:
    """Draws replacements for a concept's mentions, for the copies of one row."""

    recipe: Recipe
    vocabulary: Vocabulary
    rng: random.Random

    def replacement(self, spans: Sequence[Span]) -> list[Pieces]:
        """A replacement for each of a concept's mentions, of the same semantic type. [] if there is
        none.

        An acronym is replaced by the new concept's acronym.
        """
        lexicon = self.recipe.labels[spans[0].label]
        for _ in range(forms()["entities"]["tries"]):
            if self.rng.random() < self.recipe.augment.across_types:
                concept: Concept | None = self.vocabulary.draw(lexicon, self.rng)
            else:
                concept = self.vocabulary.alike(spans[0].concept_id, lexicon, self.rng)
            if concept is None:
                return [((span.text, span.concept_id),) for span in spans]
            name = surface(concept, self.rng)
            short = abbreviation(concept, name)
            if any(is_acronym(span.text) for span in spans):
                if short is None or is_acronym(name):
                    continue
                return [((short if is_acronym(span.text) else name, concept.id),) for span in spans]
            return self.formed(spans, (name, concept.id), short)
        return []

    def formed(self, spans: Sequence[Span], piece: Piece, short: str | None) -> list[Pieces]:
        """A name as running text uses it: plain, or in one of `augment.forms`, each with its
        probability."""
        augment, rng = self.recipe.augment, self.rng
        shares = augment.forms
        plain = max(0.0, 1 - sum(shares.values()))
        form = rng.choices([*shares, "plain"], [*shares.values(), plain])[0]
        name, concept_id = piece
        lexicon = self.recipe.labels[spans[0].label]
        if form == "acronym" and short:
            name = short
        elif form == "bracketed" and short and not is_acronym(name):
            first: Pieces = (piece, (" (", ""), (short, concept_id), (")", ""))
            return [first, *[((short, concept_id),)] * (len(spans) - 1)]
        elif form == "coordinated":
            return [(self.vocabulary.coordinated(name, concept_id, lexicon, rng),)] * len(spans)
        elif form in ("listed", "mixed"):
            listed = [piece, *self.listed_beside(form, lexicon)]
            if form == "mixed":
                rng.shuffle(listed)
            return [tuple(self.joined(listed)), *[(piece,)] * (len(spans) - 1)]
        elif form == "framed" and augment.frames:
            return [self.framed(piece)] * len(spans)
        elif form == "qualified" and augment.qualifiers and not is_acronym(name):
            name = f"{rng.choice(augment.qualifiers)} {name}"
        elif form == "deficiency" and augment.deficiency_of:
            lacking = [self.drawn(augment.deficiency_of) for _ in range(2)]
            name = rng.choice(forms()["entities"]["deficiencies"]).format(*lacking)
        return [((name, concept_id),)] * len(spans)

    def drawn(self, lexicon: str) -> str:
        """A name of any concept of the lexicon."""
        return surface(self.vocabulary.draw(lexicon, self.rng), self.rng)

    def listed_beside(self, form: str, lexicon: str) -> Iterator[Piece]:
        """Further items of a list: mentions, or in a `mixed` list, about half mentions.

        In a mixed list context doesn't predict a mention, so a student must use the name.
        """
        words, rng = forms()["entities"], self.rng
        mixed = form == "mixed"
        for _ in range(rng.randint(*words["mixed"]) if mixed else rng.choice(words["listed"])):
            unlabelled = mixed and rng.random() < words["mixed_unlabelled"]
            other = self.unlabelled_lexicon() if unlabelled else None
            concept = self.vocabulary.draw(other or lexicon, rng)
            yield surface(concept, rng), "" if other else concept.id

    def framed(self, piece: Piece) -> Pieces:
        """The name in one of `augment.frames`, lexicons in braces filled: "{chemical}-induced
        {}"."""
        frame = self.rng.choice(self.recipe.augment.frames)
        for lexicon in self.recipe.lexicons:
            if f"{{{lexicon}}}" in frame:
                frame = frame.replace(f"{{{lexicon}}}", self.drawn(lexicon).replace("{}", ""))
        before, after = frame.split("{}")
        return (before, ""), piece, (after, "")

    def joined(self, names: Sequence[Piece]) -> Iterator[Piece]:
        """The names as a list in a sentence: 'A, B and C'."""
        last = self.rng.choice(
            forms()["entities"]["last_of_two" if len(names) == 2 else "last_of_more"]
        )
        for number, piece in enumerate(names):
            if number:
                yield (last if number == len(names) - 1 else ", ", "")
            yield piece

    def contrast(self, spans: Sequence[Span]) -> list[Pieces]:
        """An unlabelled name of another lexicon for each of a concept's mentions. [] if there is
        none.

        An acronym is replaced by an acronym, any other name mostly by a longer one: acronyms must
        be recognised by their context, and unlabelled acronyms in mention contexts would teach the
        opposite. For the same reason frames are as frequent here as around mentions.
        """
        augment, rng = self.recipe.augment, self.rng
        lexicon = self.unlabelled_lexicon()
        if lexicon is None:
            return []
        drawn = [self.drawn(lexicon) for _ in range(forms()["entities"]["tries"])]
        long = next((name for name in drawn if not is_acronym(name)), drawn[0])
        short = next((name for name in drawn if is_acronym(name)), None)
        if any(is_acronym(span.text) for span in spans):
            return (
                [((short if is_acronym(span.text) else long, ""),) for span in spans]
                if short and short != long
                else []
            )
        plain = drawn[0] if rng.random() < augment.contrasted_acronyms else long
        if augment.frames and rng.random() < augment.forms.get("framed", 0):
            return [self.framed((plain, ""))] * len(spans)
        return [((plain, ""),)] * len(spans)

    def unlabelled_lexicon(self) -> str | None:
        """One of the lexicons that belong to no label, by `augment.contrasted_lexicons`."""
        recipe = self.recipe
        shares = recipe.augment.contrasted_lexicons or dict.fromkeys(
            sorted(set(recipe.lexicons) - set(recipe.labels.values())), 1
        )
        return self.rng.choices([*shares], [*shares.values()])[0] if shares else None
