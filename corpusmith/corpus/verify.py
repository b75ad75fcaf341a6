"""Turn an answer into an example or a reject. Labels are made only here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from corpusmith.corpus.checks import fault_of, first_sentence, tidy
from corpusmith.corpus.claims import Claims, claims_of
from corpusmith.corpus.example import Entities, PairSentence, Reject, Span
from corpusmith.corpus.mentions import (
    FoundSeed,
    Lookup,
    introduced_acronyms,
    locate_seed,
    longest,
    overlaps,
    span_of,
)
from corpusmith.lexicon.concept import Lexicon
from corpusmith.lexicon.words import Sentence
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Recipe

CUT_OFF = {
    "length": "cut off at the token limit",
    "content_filter": "withheld by a content filter",
}


class Verifier:
    """Verifies answers by the rules of a recipe.

    Args:
        recipe: its `verify` section says what is accepted.
        lexicons: by their names in the recipe, as `Plan(recipe).lexicons` loads them.
    """

    def __init__(self, recipe: Recipe, lexicons: Mapping[str, Lexicon]) -> None:
        self.recipe = recipe
        self.lexicons = lexicons

    @cached_property
    def lookup(self) -> Lookup:
        return Lookup(self.recipe, self.lexicons)

    @cached_property
    def claims(self) -> Claims | None:
        """The cue words of relation types; None for a recipe without types."""
        relation = self.recipe.relation
        return claims_of(relation) if relation and relation.types else None

    def verify(
        self, request: Request, answer: str, finish_reason: str = "stop"
    ) -> Entities | PairSentence | Reject:
        """Verify the answer to a request; return an example or a reject."""
        if finish_reason in CUT_OFF:
            return Reject(CUT_OFF[finish_reason])
        text = tidy(answer)
        if self.recipe.verify.first_sentence:
            text = first_sentence(text)
        if (fault := fault_of(text, request, self.recipe)) is not None:
            return Reject(fault)
        sentence = Sentence(text)
        if self.recipe.task == "ner":
            return self._entities(request, sentence)
        return self._pair(request, sentence)

    def _entities(self, request: Request, sentence: Sentence) -> Entities | Reject:
        """Every mention of the recipe's labels: the seeds and the names that lexicons find."""
        asked, missing = self.lookup.find_seeds(request.seeds, sentence)
        if missing and self.recipe.verify.missing_seed == "reject":
            return Reject("seed missing")
        remains = self.lookup.find_remains(missing, sentence)
        if remains and request.split != "train":
            return Reject("seed missing")
        mentions = [seed.span for seed in asked if seed.span.label]
        rule, ignored = self.recipe.verify.unasked, []
        unasked = [] if rule == "ignore" else self.lookup.find_unasked(sentence, asked)
        if rule == "mask":
            ignored = [span for span in unasked if not overlaps(span, mentions)]
            ignored += introduced_acronyms(ignored, sentence)
            unasked = [span for span in unasked if span not in ignored]  # they extend a seed
        if (ignored and request.split != "train") or (unasked and rule == "reject"):
            return Reject("mention that was not asked for")
        mentions = longest(mentions, unasked)
        mentions += introduced_acronyms(mentions, sentence)
        ignored = [span for span in (*ignored, *remains) if not overlaps(span, mentions)]
        context = self._context(request, asked, [*mentions, *ignored])
        found = (tuple(sorted(spans)) for spans in (mentions, context, ignored))
        return Entities(sentence.text, *found)

    def _context(
        self, request: Request, asked: Sequence[FoundSeed], mentions: Sequence[Span]
    ) -> list[Span]:
        """Seeds without a label, each named by its lexicon, unless they are part of a mention or a
        mention has their concept."""
        lexicons = {
            seed.concept_id: seed.lexicon
            for seed in request.seeds
            if seed.lexicon not in self.lookup.label_of
        }
        mentioned = {span.concept_id for span in mentions}
        return [
            seed.span._replace(label=lexicons[seed.span.concept_id])
            for seed in asked
            if not seed.span.label
            and seed.span.concept_id in lexicons
            and seed.span.concept_id not in mentioned
            and not overlaps(seed.span, mentions)
        ]

    def _pair(self, request: Request, sentence: Sentence) -> PairSentence | Reject:
        """The sentence with the request's head and tail, labelled as the request asked for."""
        relation, label = self.recipe.relation, request.kind.label
        assert relation is not None and label is not None
        spans: list[Span] = []
        for seed in request.seeds:
            found = locate_seed(seed, sentence, self.recipe.verify.repair)
            if not found:
                return Reject("seed missing")
            spans.append(span_of(sentence, *found[0], seed.lexicon, seed.concept_id))
        head = next(span for span in spans if span.label == relation.head)
        tail = next(span for span in spans if span.label == relation.tail and span is not head)
        if head.start < tail.end and tail.start < head.end:
            return Reject("head and tail overlap")
        if label == relation.labels[0] and relation.named_together:
            label = relation.named_together
        if self.claims is None:
            return PairSentence(sentence.text, head, tail, label)
        if any(overlaps(span, spans[:place]) for place, span in enumerate(spans)):
            return Reject("names overlap")
        pair = self._ordered(sentence.text, head, tail, label)
        others = tuple(
            self._ordered(sentence.text, spans[other.head], spans[other.tail], other.label)
            for other in request.kind.also
        )
        fault = self.claims.fault(pair.masked, request.kind)
        fault = fault or self.claims.misplaced(sentence.text, spans, request)
        return replace(pair, others=others) if fault is None else Reject(fault)

    def _ordered(self, text: str, head: Span, tail: Span, label: str) -> PairSentence:
        """The pair; from left to right if the relation has no direction."""
        relation = self.recipe.relation
        assert relation is not None
        if relation.symmetric and relation.one_lexicon and tail.start < head.start:
            head, tail = tail, head
        return PairSentence(text, head, tail, label)
