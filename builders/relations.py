"""The dataset builder of relation corpora."""

import datasets

from builders.dataset import PROVENANCE, RowsBuilder
from builders.ner import SPAN


class RelationBuilder(RowsBuilder):
    """Sentences with one pair masked (`text`) and as written (`source_text`), its spans in the latter, and its label."""

    def features(self) -> datasets.Features:
        return datasets.Features(
            {
                "id": datasets.Value("string"),
                "text": datasets.Value("string"),
                "source_text": datasets.Value("string"),
                "head": SPAN,
                "tail": SPAN,
                "label": datasets.ClassLabel(names=list(self.config.class_names)),
                **PROVENANCE,
                "seed": datasets.Value("int64"),
            }
        )
