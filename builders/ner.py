"""The dataset builder of entity corpora."""

import datasets

from builders.dataset import PROVENANCE, RowsBuilder

SPAN = {
    "start": datasets.Value("int32"),
    "end": datasets.Value("int32"),
    "label": datasets.Value("string"),
    "text": datasets.Value("string"),
    "concept_id": datasets.Value("string"),
}


class NerBuilder(RowsBuilder):
    """Sentences with words, BIO tags, and mentions as character offsets into the text, end exclusive."""

    def features(self) -> datasets.Features:
        return datasets.Features(
            {
                "id": datasets.Value("string"),
                "text": datasets.Value("string"),
                "tokens": datasets.List(datasets.Value("string")),
                "ner_tags": datasets.List(datasets.ClassLabel(names=list(self.config.class_names))),
                "entities": datasets.List(SPAN),
                **PROVENANCE,
                "seed": datasets.Value("int64"),
            }
        )
