"""Raw text to entities and relations, from a folder or Hub repo that `corpusmith train` wrote.

    extractor = EntityExtractor.from_pretrained("models/disease")
    extractor.extract(["Mutations in CFTR cause cystic fibrosis."])
    # [[Entity(start=23, end=39, label='Disease', text='cystic fibrosis', score=0.98)]]

Evaluation and the Space use this package too. It does not import the rest of corpusmith. It needs
numpy and tokenizers, sentencex for relations, and either onnxruntime or torch with transformers.
The ONNX backend imports neither torch nor transformers.
"""

from corpusmith.inference.encoder import (
    BATCH_TOKENS,
    LONE_SURROGATE,
    Encoder,
    local_folder,
    onnx_forward,
    softmax,
    torch_forward,
)
from corpusmith.inference.entities import WORDS, EntityExtractor
from corpusmith.inference.relations import RelationClassifier
from corpusmith.inference.sentences import (
    MASK,
    around_pair,
    by_sentence,
    mask,
    sentences,
)
from corpusmith.inference.spans import SCHEMES, TAG, Entity, Relation, bio, spans

__all__ = [
    "BATCH_TOKENS",
    "LONE_SURROGATE",
    "MASK",
    "SCHEMES",
    "TAG",
    "WORDS",
    "Encoder",
    "Entity",
    "EntityExtractor",
    "Relation",
    "RelationClassifier",
    "around_pair",
    "bio",
    "by_sentence",
    "local_folder",
    "mask",
    "onnx_forward",
    "sentences",
    "softmax",
    "spans",
    "torch_forward",
]
